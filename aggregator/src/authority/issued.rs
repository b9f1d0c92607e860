//! What kiosks were given and what was taken back: `certificates.json`, replaced as a whole and flushed before a change counts.
//!
//! Bounded: what has ended is forgotten a month after its end, a kiosk asks for a new pass every two months, and none is given more of them in
//! a day than one that has trouble asks for. So whoever has stolen one pass cannot fill the list and lock the others out; nor its own kiosk, once that
//! was taken off.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError, RwLock};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use wardvoice_protocol::id::KioskId;

use super::Bearer;
use crate::durable_file::{self, Readers};
use crate::keys;

const BYTES: usize = 16;
/// What has ended is forgotten this long afterwards.
const FORGET_AFTER: SignedDuration = SignedDuration::from_hours(31 * 24);
/// The most passes that are remembered at once.
const MOST: usize = 100_000;
/// The most passes that one kiosk is given within a day: as often as one tries that cannot keep what it gets.
const MOST_A_DAY: usize = 24;
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// The number of a certificate: 16 random bytes, written as hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Serial([u8; BYTES]);

/// A pass that was given out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    /// Who has it.
    pub kiosk: KioskId,
    /// Since when.
    pub issued: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// When it was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Timestamp>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct IssuedFile {
    version: u32,
    certificates: BTreeMap<String, Given>,
}

/// What was given out. Shared by reference.
#[derive(Debug)]
pub struct Issued {
    path: PathBuf,
    given: Mutex<BTreeMap<Serial, Given>>,
    /// Worked out anew with every change, because it is asked for every message.
    taken_off: RwLock<BTreeMap<KioskId, Timestamp>>,
    changed: watch::Sender<u64>,
}

/// Why what was given out cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum IssuedError {
    /// The file cannot be read or written.
    #[error("read or write {path}: {source}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is something else.
    #[error("read {path}: {reason}; restore it from a backup", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// There are too many.
    #[error("remember another certificate: {0} are remembered already")]
    Full(usize),
    /// One kiosk asks for too many.
    #[error(
        "give {0} another certificate: it was given {most} within a day; if nobody knows why, take it off and make it a new code",
        most = MOST_A_DAY
    )]
    TooMany(KioskId),
    /// The one that it asks with was taken back.
    #[error("give {0} another certificate: the one that it shows was taken back")]
    TakenBack(KioskId),
}

impl Serial {
    /// A new one.
    pub fn draw() -> Result<Self, keys::KeysError> {
        let mut serial = [0; BYTES];
        for (byte, random) in serial.iter_mut().zip(keys::random()?) {
            *byte = random;
        }
        // A certificate's number is positive and has no leading zeros.
        if let Some(first) = serial.first_mut() {
            *first = (*first & 0x7f) | 0x40;
        }
        Ok(Self(serial))
    }

    /// The number as it stands in a certificate; none where it cannot be one of ours.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The number as it stands in a certificate.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl TryFrom<String> for Serial {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no number of a certificate");
        let number = u128::from_str_radix(&text, 16).map_err(|_| wrong())?;
        if text.len() == 2 * BYTES { Ok(Self(number.to_be_bytes())) } else { Err(wrong()) }
    }
}

impl From<Serial> for String {
    fn from(serial: Serial) -> Self {
        serial.to_string()
    }
}

impl Issued {
    /// Opens the list of a file; a file that is not there holds nothing.
    pub(super) fn open(path: PathBuf) -> Result<Self, IssuedError> {
        let unreadable = |reason: String| IssuedError::Unreadable { path: path.clone(), reason };
        let given = match fs::read(&path) {
            Ok(bytes) => {
                let file: IssuedFile =
                    serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))?;
                if file.version != 1 {
                    return Err(unreadable(format!("version {} is not known here", file.version)));
                }
                let entries = file.certificates.into_iter();
                let read = entries.map(|(serial, given)| Ok((Serial::try_from(serial)?, given)));
                read.collect::<Result<_, String>>().map_err(unreadable)?
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(source) => return Err(IssuedError::File { path, source }),
        };
        let taken_off = RwLock::new(all_taken_back(&given));
        Ok(Self { path, given: Mutex::new(given), taken_off, changed: watch::Sender::new(0) })
    }

    /// Whether a pass counts. One that is not known counts as long as nothing of its kiosk was taken back.
    pub fn counts(&self, serial: Option<&Serial>, kiosk: &KioskId) -> bool {
        counts(&self.given.lock().unwrap_or_else(PoisonError::into_inner), serial, kiosk)
    }

    /// Whether a kiosk may be given another pass at a moment.
    pub fn has_room(&self, kiosk: &KioskId, now: Timestamp) -> Result<(), IssuedError> {
        has_room(&self.given.lock().unwrap_or_else(PoisonError::into_inner), kiosk, now)
    }

    /// Whether everything that a kiosk was given was taken back. One that was never given anything was not taken off.
    pub fn is_taken_off(&self, kiosk: &KioskId) -> bool {
        self.taken_off.read().unwrap_or_else(PoisonError::into_inner).contains_key(kiosk)
    }

    /// The kiosks that have nothing left of what they were given, and when the last of it was taken back.
    pub fn taken_off(&self) -> BTreeMap<KioskId, Timestamp> {
        self.taken_off.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Until when each kiosk has something that was not taken back, whether that is over or not. What was forgotten is not there.
    pub fn ends(&self) -> BTreeMap<KioskId, Timestamp> {
        let given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let mut ends: BTreeMap<KioskId, Timestamp> = BTreeMap::new();
        for known in given.values().filter(|known| known.revoked.is_none()) {
            let end = ends.entry(known.kiosk.clone()).or_insert(known.until);
            *end = known.until.max(*end);
        }
        ends
    }

    /// Wakes whenever something was taken back.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// What a kiosk has that counts at a moment, the newest first.
    pub fn of(&self, kiosk: &KioskId, now: Timestamp) -> Vec<(Serial, Given)> {
        let given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = |given: &Given| given.kiosk == *kiosk && given.revoked.is_none() && given.until > now;
        let mut found: Vec<(Serial, Given)> = given
            .iter()
            .filter(|(_, given)| counts(given))
            .map(|(serial, given)| (serial.clone(), given.clone()))
            .collect();
        found.sort_by_key(|(_, given)| std::cmp::Reverse(given.issued));
        found
    }

    /// What was taken back and has not long ended.
    pub(super) fn revoked_since(&self, now: Timestamp) -> Vec<(Serial, Timestamp)> {
        let given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let current = given.iter().filter(|(_, given)| given.until + FORGET_AFTER > now);
        current.filter_map(|(serial, given)| Some((serial.clone(), given.revoked?))).collect()
    }

    /// Writes a pass down before anybody has it. One that is asked for with another has to find that other good at this very moment,
    /// because it may have been taken back since it was shown.
    pub(super) fn note(&self, serial: Serial, pass: Given, shown: Option<&Bearer>) -> Result<(), IssuedError> {
        self.change(pass.issued, |given| {
            if given.len() >= MOST {
                return Err(IssuedError::Full(given.len()));
            }
            if shown.is_some_and(|bearer| !counts(given, bearer.serial.as_ref(), &bearer.kiosk)) {
                return Err(IssuedError::TakenBack(pass.kiosk));
            }
            has_room(given, &pass.kiosk, pass.issued)?;
            given.insert(serial, pass);
            Ok(())
        })
    }

    pub(super) fn revoke(&self, kiosk: &KioskId, now: Timestamp) -> Result<usize, IssuedError> {
        let taken = self.change(now, |given| {
            let mut taken = 0;
            for known in given.values_mut().filter(|known| known.kiosk == *kiosk && known.revoked.is_none()) {
                known.revoked = Some(now);
                taken += 1;
            }
            Ok(taken)
        })?;
        self.changed.send_modify(|times| *times += 1);
        Ok(taken)
    }

    fn change<T>(
        &self,
        now: Timestamp,
        make: impl FnOnce(&mut BTreeMap<Serial, Given>) -> Result<T, IssuedError>,
    ) -> Result<T, IssuedError> {
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let mut changed = given.clone();
        changed.retain(|_, given| given.until + FORGET_AFTER > now);
        let answer = make(&mut changed)?;
        let certificates = changed.iter().map(|(serial, given)| (serial.to_string(), given.clone())).collect();
        let file = IssuedFile { version: 1, certificates };
        let failed = |source| IssuedError::File { path: self.path.clone(), source };
        let mut bytes = serde_json::to_vec_pretty(&file).map_err(|error| failed(error.into()))?;
        bytes.push(b'\n');
        durable_file::replace(&self.path, &bytes, Readers::Owner).map_err(failed)?;
        *self.taken_off.write().unwrap_or_else(PoisonError::into_inner) = all_taken_back(&changed);
        *given = changed;
        Ok(answer)
    }
}

fn counts(given: &BTreeMap<Serial, Given>, serial: Option<&Serial>, kiosk: &KioskId) -> bool {
    match serial.and_then(|serial| given.get(serial)) {
        Some(known) => known.kiosk == *kiosk && known.revoked.is_none(),
        None => !given.values().any(|known| known.kiosk == *kiosk && known.revoked.is_some()),
    }
}

fn has_room(given: &BTreeMap<Serial, Given>, kiosk: &KioskId, now: Timestamp) -> Result<(), IssuedError> {
    let own = given.values().filter(|known| known.kiosk == *kiosk);
    // Whoever was taken off comes back with a new code, and not a day later because a thief has asked for as many as there are.
    let is_taken_off = own.clone().all(|known| known.revoked.is_some());
    // A clock that went back must not make anybody wait for longer than a day either.
    let of_this_day = own.filter(|known| now.duration_since(known.issued).abs() < DAY);
    if is_taken_off || of_this_day.count() < MOST_A_DAY {
        return Ok(());
    }
    Err(IssuedError::TooMany(kiosk.clone()))
}

/// The kiosks of which nothing counts, and when the last of it was taken back.
fn all_taken_back(given: &BTreeMap<Serial, Given>) -> BTreeMap<KioskId, Timestamp> {
    let mut last: BTreeMap<KioskId, Option<Timestamp>> = BTreeMap::new();
    for known in given.values() {
        let taken = last.entry(known.kiosk.clone()).or_insert(known.revoked);
        // One that was not taken back outweighs all that were.
        *taken = taken.zip(known.revoked).map(|(one, other)| one.max(other));
    }
    last.into_iter().filter_map(|(kiosk, taken)| Some((kiosk, taken?))).collect()
}
