//! Wrong tries to sign in, counted by address and by account, over restarts.
//!
//! After [`FREE`] wrong tries from one address, or [`FREE_ACCOUNT`] for one account from wherever, each further one waits twice as long
//! as the one before, up to a minute. A right one forgives those of its account, and of its address as many as were made for that account: whoever has
//! one password may not buy guesses at the others' with it. They stand in `tries.json`, so that a restart forgives nobody; names
//! stand there as hashes, because people type passwords where names belong.

use std::collections::BTreeMap;
use std::fs;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use wardvoice_protocol::id::Hash;

use crate::durable_file::{self, Readers};
use crate::network::neighbourhood;

/// So many wrong tries in a row from one address cost nothing.
pub const FREE: u32 = 5;
/// So many wrong tries in a row for one account cost nothing.
pub const FREE_ACCOUNT: u32 = 10;
/// The longest wait after a wrong try, in seconds.
const LONGEST_WAIT_S: i64 = 60;
/// Wrong tries are forgotten after this long.
const FORGET_AFTER: SignedDuration = SignedDuration::from_mins(15);
/// The most addresses, and the most accounts, whose wrong tries are remembered.
const MOST: usize = 4_096;

/// Counts wrong tries.
#[derive(Debug)]
pub struct Tries {
    path: PathBuf,
    counted: Mutex<Counted>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Counted {
    version: u32,
    addresses: BTreeMap<String, Wrong>,
    accounts: BTreeMap<String, Wrong>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Wrong {
    wrong: u32,
    last: Timestamp,
}

impl Wrong {
    /// How many seconds are still to be waited.
    fn wait(self, free: u32, now: Timestamp) -> i64 {
        let Some(over) = self.wrong.checked_sub(free) else { return 0 };
        // A clock that went back must not lock anybody out for longer than the longest wait.
        let passed = now.duration_since(self.last).as_secs().max(0);
        // The 63rd power has no place among these numbers and would be the shortest wait of all.
        let doubled = 1_i64.checked_shl(over).filter(|seconds| *seconds > 0).unwrap_or(LONGEST_WAIT_S);
        doubled.min(LONGEST_WAIT_S) - passed
    }
}

impl Tries {
    /// The tries of a file. One that is not there or not readable has none: it only slows down, and must not keep anybody from starting.
    pub fn open(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let read = fs::read(&path).ok().map(|bytes| serde_json::from_slice::<Counted>(&bytes));
        let counted = match read {
            Some(Ok(counted)) if counted.version == 1 => counted,
            Some(_) => {
                tracing::warn!(path = %path.display(), "the wrong tries to sign in could not be read and are forgotten");
                Counted::default()
            }
            None => Counted::default(),
        };
        Self { path, counted: Mutex::new(counted) }
    }

    /// How many seconds an address has to wait with an account; `None` when it need not.
    pub fn wait(&self, address: Option<IpAddr>, account: &str, now: Timestamp) -> Option<i64> {
        let counted = self.locked();
        let by_address = counted.addresses.get(&key_of(address)).map_or(0, |wrong| wrong.wait(FREE, now));
        let by_account = counted.accounts.get(&name_of(account)).map_or(0, |wrong| wrong.wait(FREE_ACCOUNT, now));
        Some(by_address.max(by_account)).filter(|left| *left > 0)
    }

    /// Notes how a try went, durably. Blocks for as long as the disk takes.
    pub fn note(&self, address: Option<IpAddr>, account: &str, right: bool, now: Timestamp) {
        let mut counted = self.locked();
        let (address, account) = (key_of(address), name_of(account));
        if right {
            let Some(own) = counted.accounts.remove(&account) else { return };
            take_off(&mut counted.addresses, &address, own.wrong);
        } else {
            add(&mut counted.addresses, address, now);
            add(&mut counted.accounts, account, now);
        }
        counted.version = 1;
        let written = serde_json::to_vec(&*counted).map_err(std::io::Error::from);
        if let Err(error) = written.and_then(|bytes| durable_file::replace(&self.path, &bytes, Readers::Owner)) {
            tracing::warn!("failed to write {}: {error}; a restart would forget wrong tries", self.path.display());
        }
    }

    fn locked(&self) -> MutexGuard<'_, Counted> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn add(counts: &mut BTreeMap<String, Wrong>, key: String, now: Timestamp) {
    counts.retain(|_, wrong| now.duration_since(wrong.last) <= FORGET_AFTER);
    if counts.len() >= MOST
        && let Some(oldest) = counts.iter().min_by_key(|(_, wrong)| wrong.last).map(|(key, _)| key.clone())
    {
        counts.remove(&oldest);
    }
    let entry = counts.entry(key).or_insert(Wrong { wrong: 0, last: now });
    *entry = Wrong { wrong: entry.wrong.saturating_add(1), last: now };
}

/// Takes tries off a count; what is left waits on from its last one.
fn take_off(counts: &mut BTreeMap<String, Wrong>, key: &str, many: u32) {
    if let Some(entry) = counts.get_mut(key) {
        entry.wrong = entry.wrong.saturating_sub(many);
        if entry.wrong == 0 {
            counts.remove(key);
        }
    }
}

fn key_of(address: Option<IpAddr>) -> String {
    address.map_or_else(|| "unknown".to_owned(), |address| neighbourhood(address).to_string())
}

fn name_of(account: &str) -> String {
    Hash::of(account.as_bytes()).to_string()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;

    fn start() -> Timestamp {
        "2026-11-23T08:00:00Z".parse().unwrap()
    }

    #[expect(clippy::unnecessary_wraps, reason = "as the doorkeeper has it")]
    fn address(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([10, 0, 0, last]))
    }

    #[test]
    fn wrong_tries_from_an_address_wait_longer_over_restarts_and_a_right_one_forgives_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tries.json");
        let mut now = start();
        for place in 0..FREE {
            let tries = Tries::open(&path);
            assert_eq!(tries.wait(address(1), "office", now), None);
            // Another name each time: the address alone is counted.
            tries.note(address(1), &format!("name-{place}"), false, now);
        }
        for expected in [1, 2, 4, 8, 16, 32, 60, 60] {
            let tries = Tries::open(&path);
            assert_eq!(tries.wait(address(1), "office", now), Some(expected));
            now += SignedDuration::from_secs(expected);
            assert_eq!(tries.wait(address(1), "office", now), None);
            tries.note(address(1), "somebody", false, now);
        }
        let tries = Tries::open(&path);
        assert_eq!(tries.wait(address(2), "office", now), None, "others do not wait");
        tries.note(address(1), "office", true, now);
        assert_eq!(Tries::open(&path).wait(address(1), "office", now), Some(60), "the guesses were at others");
        let later = now + FORGET_AFTER + SignedDuration::from_secs(1);
        for _ in 0..=FREE {
            tries.note(address(3), "sister", false, later);
        }
        assert!(tries.wait(address(3), "sister", later).is_some());
        tries.note(address(3), "sister", true, later);
        assert_eq!(Tries::open(&path).wait(address(3), "sister", later), None, "somebody who has mistyped");
    }

    #[test]
    fn one_password_buys_no_guesses_at_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let tries = Tries::open(folder.path().join("tries.json"));
        let mut now = start();
        let mut guesses = 0;
        while now < start() + SignedDuration::from_hours(1) {
            if tries.wait(address(1), "another", now).is_none() {
                tries.note(address(1), &format!("another-{guesses}"), false, now);
                guesses += 1;
            }
            // In between the own password, which is right.
            if tries.wait(address(1), "own", now).is_none() {
                tries.note(address(1), "own", true, now);
            }
            now += SignedDuration::from_secs(1);
        }
        assert!(guesses <= 72, "{guesses} guesses in an hour");
    }

    #[test]
    fn no_number_of_wrong_tries_waits_less_than_a_smaller_one() {
        for wrong in (FREE + 6..FREE + 130).chain([u32::MAX]) {
            assert_eq!(Wrong { wrong, last: start() }.wait(FREE, start()), LONGEST_WAIT_S, "{wrong}");
        }
    }

    #[test]
    fn wrong_tries_for_an_account_wait_from_wherever_they_come() {
        let folder = tempfile::tempdir().unwrap();
        let tries = Tries::open(folder.path().join("tries.json"));
        for place in 0..u8::try_from(FREE_ACCOUNT).unwrap() {
            assert_eq!(tries.wait(address(place), "office", start()), None);
            tries.note(address(place), "office", false, start());
        }
        assert_eq!(tries.wait(address(200), "office", start()), Some(1));
        assert_eq!(tries.wait(address(200), "board", start()), None);
        let back = start() - SignedDuration::from_hours(5);
        assert_eq!(tries.wait(address(200), "office", back), Some(1), "a clock that goes back adds nothing");
        let text = fs::read_to_string(folder.path().join("tries.json")).unwrap();
        assert!(!text.contains("office"));
    }

    #[test]
    fn whoever_has_a_network_of_addresses_counts_as_one() {
        let folder = tempfile::tempdir().unwrap();
        let tries = Tries::open(folder.path().join("tries.json"));
        let of = |text: &str| Some(text.parse::<IpAddr>().unwrap());
        for last in 0..FREE {
            tries.note(of(&format!("2001:db8:0:7::{last:x}")), &format!("name-{last}"), false, start());
        }
        assert_eq!(tries.wait(of("2001:db8:0:7:ffff::1"), "office", start()), Some(1));
        assert_eq!(tries.wait(of("2001:db8:0:8::1"), "office", start()), None);
        for last in 0..FREE {
            tries.note(of(&format!("::ffff:10.0.0.{last}")), &format!("other-{last}"), false, start());
        }
        assert_eq!(tries.wait(of("10.0.0.1"), "office", start()), None, "IPv4 addresses count each alone");
    }

    #[test]
    fn a_file_that_cannot_be_read_keeps_nobody_out_and_nothing_grows_without_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tries.json");
        fs::write(&path, "half of").unwrap();
        let tries = Tries::open(&path);
        assert_eq!(tries.wait(None, "office", start()), None);
        let mut counts = BTreeMap::new();
        for number in 0..=MOST {
            add(
                &mut counts,
                number.to_string(),
                start() + SignedDuration::from_millis(i64::try_from(number).unwrap()),
            );
        }
        assert_eq!(counts.len(), MOST);
        assert!(!counts.contains_key("0"));
    }
}
