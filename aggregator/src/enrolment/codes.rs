//! The join codes that are open: `join-codes.json`, by the hash of their secret, readable by its owner only.
//!
//! A code that was used or has run out is remembered for a day longer, so that whoever types it is told which of the two.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use wardvoice_protocol::enrolment::{JoinCode, Refusal, secret_hash};
use wardvoice_protocol::id::{Hash, KioskId, WardId};
use wardvoice_protocol::keys::VerifyingKey;
use wardvoice_protocol::questionnaire::QuestionnaireRef;

use crate::durable_file::{self, Readers};
use crate::keys;

/// The most codes that are remembered.
const MOST: usize = 5_000;
/// How long a code is remembered that works no more.
const REMEMBER: SignedDuration = SignedDuration::from_hours(24);

/// Which kiosk a code is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invited {
    /// The kiosk.
    pub kiosk: KioskId,
    /// The ward it is to stand on, where it is not registered yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ward: Option<WardId>,
    /// What it is to ask, where it is not registered yet; the inpatient questionnaire when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub questionnaire: Option<QuestionnaireRef>,
    /// Until when the code works.
    pub until: Timestamp,
    /// The signing key of the kiosk that has used it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_by: Option<VerifyingKey>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CodesFile {
    version: u32,
    codes: BTreeMap<String, Invited>,
}

/// The codes. Shared by reference.
#[derive(Debug)]
pub struct JoinCodes {
    path: PathBuf,
    codes: Mutex<BTreeMap<String, Invited>>,
}

/// Why codes cannot be read or made.
#[derive(Debug, thiserror::Error)]
pub enum JoinCodesError {
    /// The file cannot be read or written.
    #[error("read or write {path}: {source}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file holds something else.
    #[error("read {path}: {reason}; remove it, and make new codes with `kiosk enrol`", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// There are too many.
    #[error("make a join code: {0} are remembered already; wait until some have run out")]
    Full(usize),
    /// The system gave no randomness.
    #[error(transparent)]
    Keys(#[from] keys::KeysError),
}

impl JoinCodes {
    /// Opens the codes of a file; a file that is not there holds none.
    pub fn open(path: PathBuf) -> Result<Self, JoinCodesError> {
        let unreadable = |reason: String| JoinCodesError::Unreadable { path: path.clone(), reason };
        let codes = match fs::read(&path) {
            Ok(bytes) => {
                let file: CodesFile =
                    serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))?;
                if file.version != 1 {
                    return Err(unreadable(format!("version {} is not known here", file.version)));
                }
                file.codes
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(source) => return Err(JoinCodesError::File { path, source }),
        };
        Ok(Self { path, codes: Mutex::new(codes) })
    }

    /// A code for a kiosk; an earlier one for the same kiosk works no more.
    pub fn make(&self, authority: &[u8], invited: Invited, now: Timestamp) -> Result<JoinCode, JoinCodesError> {
        let random = keys::random()?;
        let code = JoinCode::new(authority, random.first_chunk().copied().unwrap_or_default());
        self.change(now, |codes| {
            codes.retain(|_, open| open.kiosk != invited.kiosk || open.used_by.is_some() || open.until <= now);
            if codes.len() >= MOST {
                return Err(JoinCodesError::Full(codes.len()));
            }
            codes.insert(secret_hash(code.secret()).to_string(), invited);
            Ok(())
        })?;
        Ok(code)
    }

    /// Uses a code up for a signing key; durable when this returns.
    pub fn redeem(&self, secret: Hash, by: VerifyingKey, now: Timestamp) -> Result<Invited, Refusal> {
        let found = {
            let codes = self.codes.lock().unwrap_or_else(PoisonError::into_inner);
            codes.get(&secret.to_string()).cloned().ok_or(Refusal::WrongCode)?
        };
        if found.used_by.is_some_and(|user| user != by) {
            return Err(Refusal::UsedCode);
        }
        if found.until <= now {
            return Err(Refusal::ExpiredCode);
        }
        let used = self.change(now, |codes| {
            match codes.get_mut(&secret.to_string()) {
                // Somebody else may have been quicker.
                Some(open) if open.used_by.is_none_or(|user| user == by) => open.used_by = Some(by),
                _ => return Ok(false),
            }
            Ok(true)
        });
        match used {
            Ok(true) => Ok(found),
            Ok(false) => Err(Refusal::UsedCode),
            Err(error) => Err(Refusal::NotNow { reason: error.to_string() }),
        }
    }

    /// Whether a code is what it was when it was redeemed. It may have been withdrawn meanwhile.
    pub fn stands(&self, secret: Hash, redeemed: &Invited) -> bool {
        let codes = self.codes.lock().unwrap_or_else(PoisonError::into_inner);
        codes.get(&secret.to_string()).is_some_and(|open| open.until == redeemed.until)
    }

    /// Codes for a kiosk that nobody has used work no more.
    pub fn withdraw(&self, kiosk: &KioskId, now: Timestamp) -> Result<(), JoinCodesError> {
        self.change(now, |codes| {
            codes.retain(|_, open| open.kiosk != *kiosk || open.used_by.is_some());
            // One that was used must not be used again, not even by whoever has used it.
            for open in codes.values_mut().filter(|open| open.kiosk == *kiosk) {
                open.until = open.until.min(now);
            }
            Ok(())
        })
    }

    fn change<T>(
        &self,
        now: Timestamp,
        make: impl FnOnce(&mut BTreeMap<String, Invited>) -> Result<T, JoinCodesError>,
    ) -> Result<T, JoinCodesError> {
        let mut codes = self.codes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut changed = codes.clone();
        changed.retain(|_, open| open.until + REMEMBER > now);
        let answer = make(&mut changed)?;
        let failed = |source| JoinCodesError::File { path: self.path.clone(), source };
        let file = CodesFile { version: 1, codes: changed };
        let mut bytes = serde_json::to_vec_pretty(&file).map_err(|error| failed(error.into()))?;
        bytes.push(b'\n');
        durable_file::replace(&self.path, &bytes, Readers::Owner).map_err(failed)?;
        *codes = file.codes;
        Ok(answer)
    }
}
