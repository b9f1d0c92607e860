//! The kiosks that are known: which ward each stands on and which key it signs with.
//!
//! The registry is one file, `kiosks.json`, replaced as a whole and flushed before a change counts. It is small (a
//! trust has tens of kiosks; a load test has thousands) and is read on every record, so it lives in memory behind a
//! lock that is never held over a write to disk by readers.
//!
//! Vocabulary: a *retired* key is one a kiosk signed with before `kiosk replace-key`; what it signed before stays
//! valid, what arrives signed with it now is refused as stale. A *simulated* kiosk has an id that starts with `sim-`
//! and introduced itself; real kiosks are added by hand.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use serde::{Deserialize, Serialize};
use wardvoice_protocol::directory::Directory;
use wardvoice_protocol::id::{KioskId, WardId};
use wardvoice_protocol::keys::VerifyingKey;
use wardvoice_protocol::questionnaire::QuestionnaireRef;
use wardvoice_protocol::status::Introduction;

use crate::durable_file::{self, Readers};

const SIMULATED: &str = "sim-";

/// A kiosk that is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kiosk {
    /// The ward it stands on.
    pub ward: WardId,
    /// The key it signs with.
    pub signing_key: VerifyingKey,
    /// The keys it signed with before, oldest first.
    #[serde(default)]
    pub retired_keys: Vec<VerifyingKey>,
    /// Whether it introduced itself in a demonstration or a test.
    #[serde(default)]
    pub simulated: bool,
    /// What it asks; the inpatient questionnaire when absent. From version 2 of the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub questionnaire: Option<QuestionnaireRef>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RegistryFile {
    version: u32,
    kiosks: BTreeMap<KioskId, Kiosk>,
}

/// Every kiosk that is known. Shared by reference; all methods take `&self`.
#[derive(Debug)]
pub struct Registry {
    path: Option<PathBuf>,
    kiosks: RwLock<Arc<BTreeMap<KioskId, Kiosk>>>,
    /// Changes one at a time, so that what is on disk is what is in memory.
    changing: Mutex<()>,
}

/// What an introduction came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Introduced {
    /// The kiosk was not known and is now.
    New,
    /// It was known with this key already.
    Known,
}

/// Why the registry cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The file cannot be read or written.
    #[error("read or write {path}: {source}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not a registry.
    #[error("read {path}: {reason}; restore it from a backup, it is written by `kiosk add`", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The kiosk is there already.
    #[error("add kiosk {0}: it is registered already; `kiosk replace-key` gives it a new key")]
    AlreadyThere(KioskId),
    /// The kiosk is not there.
    #[error("find kiosk {0}: it is not registered; `kiosk add` registers it, `kiosk list` shows those that are")]
    NotThere(KioskId),
    /// The key belongs to another kiosk, or belonged to this one before.
    #[error("use the key for kiosk {kiosk}: it is or was the key of kiosk {other}")]
    KeyTaken {
        /// Who was to get it.
        kiosk: KioskId,
        /// Who has it.
        other: KioskId,
    },
    /// An id that starts with `sim-` was to be added by hand, or another id introduced itself.
    #[error(
        "take kiosk id {0}: ids that start with sim- are for simulated kiosks, and only those introduce themselves"
    )]
    WrongKindOfId(KioskId),
    /// A simulated kiosk introduced itself with another key than before.
    #[error("introduce kiosk {0}: it is known with another key")]
    OtherKey(KioskId),
    /// The registry could not be written.
    #[error("{0}")]
    NotKept(String),
    /// The ward is not in the directory.
    #[error("put kiosk {kiosk} on ward {ward}: the directory has no such ward")]
    UnknownWard {
        /// The kiosk.
        kiosk: KioskId,
        /// The ward.
        ward: WardId,
    },
}

impl Registry {
    /// Opens the registry in a file; a file that is not there is an empty registry.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, RegistryError> {
        let path = path.into();
        let kiosks = match fs::read(&path) {
            Ok(bytes) => parse(&path, &bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(source) => return Err(RegistryError::File { path, source }),
        };
        Ok(Self { path: Some(path), kiosks: RwLock::new(Arc::new(kiosks)), changing: Mutex::new(()) })
    }

    /// A registry that is kept nowhere, for tests and benches.
    pub fn in_memory() -> Self {
        Self { path: None, kiosks: RwLock::default(), changing: Mutex::new(()) }
    }

    /// One kiosk.
    pub fn get(&self, id: &KioskId) -> Option<Kiosk> {
        self.all().get(id).cloned()
    }

    /// Every kiosk at this moment. Cheap: a shared snapshot.
    pub fn all(&self) -> Arc<BTreeMap<KioskId, Kiosk>> {
        Arc::clone(&self.kiosks.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Registers a kiosk by hand. The ward must be in the directory. The same again changes nothing.
    pub fn add(
        &self,
        id: &KioskId,
        ward: &WardId,
        signing_key: VerifyingKey,
        directory: &Directory,
    ) -> Result<(), RegistryError> {
        self.add_asking(id, ward, signing_key, None, directory)
    }

    /// The same for one that asks something else than the inpatient questionnaire.
    pub fn add_asking(
        &self,
        id: &KioskId,
        ward: &WardId,
        signing_key: VerifyingKey,
        questionnaire: Option<QuestionnaireRef>,
        directory: &Directory,
    ) -> Result<(), RegistryError> {
        if is_simulated(id) {
            return Err(RegistryError::WrongKindOfId(id.clone()));
        }
        let kiosk = Kiosk { questionnaire, ..Kiosk::new(ward.clone(), signing_key, false) };
        if self.get(id).as_ref() == Some(&kiosk) {
            return Ok(());
        }
        self.change(|kiosks| insert_new(kiosks, id, kiosk, directory).map(|()| true))
    }

    /// Registers many simulated kiosks with one write; those that are there with the same key stay as they are.
    pub fn add_simulated(
        &self,
        new: impl IntoIterator<Item = (KioskId, WardId, VerifyingKey)>,
        directory: &Directory,
    ) -> Result<(), RegistryError> {
        self.change(|kiosks| {
            let mut changed = false;
            for (id, ward, key) in new {
                changed |= introduce(kiosks, &id, ward, key, directory)? == Introduced::New;
            }
            Ok(changed)
        })
    }

    /// Gives a kiosk a new key. What the old key signs from now on is refused as stale.
    pub fn replace_key(&self, id: &KioskId, signing_key: VerifyingKey) -> Result<(), RegistryError> {
        self.change(|kiosks| {
            if !kiosks.contains_key(id) {
                return Err(RegistryError::NotThere(id.clone()));
            }
            free_key(kiosks, id, &signing_key)?;
            if let Some(kiosk) = kiosks.get_mut(id) {
                let old = std::mem::replace(&mut kiosk.signing_key, signing_key);
                kiosk.retired_keys.push(old);
            }
            Ok(true)
        })
    }

    /// Lets a kiosk ask another questionnaire.
    pub fn assign(&self, id: &KioskId, questionnaire: QuestionnaireRef) -> Result<(), RegistryError> {
        self.change(|kiosks| {
            let kiosk = kiosks.get_mut(id).ok_or_else(|| RegistryError::NotThere(id.clone()))?;
            let before = kiosk.questionnaire.replace(questionnaire);
            Ok(before != kiosk.questionnaire)
        })
    }

    /// Registers simulated kiosks that introduced themselves, with one write for all; an answer for each. The caller
    /// has asked whether that is allowed at all. A kiosk that names no ward, or one that does not exist, gets one by its
    /// id, spread evenly over the directory.
    pub fn introduce_all(
        &self,
        introductions: &[Introduction],
        directory: &Directory,
    ) -> Vec<Result<Introduced, RegistryError>> {
        let mut answers = Vec::with_capacity(introductions.len());
        let written = self.change(|kiosks| {
            for introduction in introductions {
                let id = &introduction.kiosk;
                let wanted = introduction.ward.clone().filter(|ward| directory.ward(ward).is_some());
                let ward = wanted.or_else(|| some_ward(id, directory));
                let ward = ward.ok_or_else(|| RegistryError::NotThere(id.clone()));
                answers
                    .push(ward.and_then(|ward| introduce(kiosks, id, ward, introduction.signing_key, directory)));
            }
            Ok(answers.iter().any(|answer| matches!(answer, Ok(Introduced::New))))
        });
        if let Err(error) = written {
            // Nobody is known who is not on the disk: those that seemed new are told the reason.
            let reason = error.to_string();
            for answer in &mut answers {
                if matches!(answer, Ok(Introduced::New)) {
                    *answer = Err(RegistryError::NotKept(reason.clone()));
                }
            }
        }
        answers
    }

    fn change(
        &self,
        make: impl FnOnce(&mut BTreeMap<KioskId, Kiosk>) -> Result<bool, RegistryError>,
    ) -> Result<(), RegistryError> {
        let _one_at_a_time = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut kiosks = BTreeMap::clone(&self.all());
        if !make(&mut kiosks)? {
            return Ok(());
        }
        if let Some(path) = &self.path {
            write(path, &kiosks)?;
        }
        *self.kiosks.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(kiosks);
        Ok(())
    }
}

impl Kiosk {
    fn new(ward: WardId, signing_key: VerifyingKey, simulated: bool) -> Self {
        Self { ward, signing_key, retired_keys: Vec::new(), simulated, questionnaire: None }
    }
}

/// Whether an id is one of a simulated kiosk.
pub fn is_simulated(id: &KioskId) -> bool {
    id.as_str().starts_with(SIMULATED)
}

fn introduce(
    kiosks: &mut BTreeMap<KioskId, Kiosk>,
    id: &KioskId,
    ward: WardId,
    signing_key: VerifyingKey,
    directory: &Directory,
) -> Result<Introduced, RegistryError> {
    if !is_simulated(id) {
        return Err(RegistryError::WrongKindOfId(id.clone()));
    }
    match kiosks.get(id) {
        Some(known) if known.signing_key == signing_key => Ok(Introduced::Known),
        Some(_) => Err(RegistryError::OtherKey(id.clone())),
        None => insert_new(kiosks, id, Kiosk::new(ward, signing_key, true), directory).map(|()| Introduced::New),
    }
}

fn insert_new(
    kiosks: &mut BTreeMap<KioskId, Kiosk>,
    id: &KioskId,
    kiosk: Kiosk,
    directory: &Directory,
) -> Result<(), RegistryError> {
    if directory.ward(&kiosk.ward).is_none() {
        return Err(RegistryError::UnknownWard { kiosk: id.clone(), ward: kiosk.ward });
    }
    if kiosks.contains_key(id) {
        return Err(RegistryError::AlreadyThere(id.clone()));
    }
    free_key(kiosks, id, &kiosk.signing_key)?;
    kiosks.insert(id.clone(), kiosk);
    Ok(())
}

fn free_key(kiosks: &BTreeMap<KioskId, Kiosk>, kiosk: &KioskId, key: &VerifyingKey) -> Result<(), RegistryError> {
    let has = |known: &Kiosk| known.signing_key == *key || known.retired_keys.contains(key);
    match kiosks.iter().find(|(_, known)| has(known)) {
        Some((other, _)) => Err(RegistryError::KeyTaken { kiosk: kiosk.clone(), other: other.clone() }),
        None => Ok(()),
    }
}

fn some_ward(id: &KioskId, directory: &Directory) -> Option<WardId> {
    // A number at the end spreads kiosks evenly; any other id falls somewhere by its bytes.
    let text = id.as_str();
    let digits: String = text.chars().rev().take_while(char::is_ascii_digit).take(9).collect();
    let digits: String = digits.chars().rev().collect();
    let number = digits.parse().unwrap_or_else(|_| text.bytes().map(usize::from).sum::<usize>());
    let wards = directory.wards();
    wards.get(number.checked_rem(wards.len())?).map(|ward| ward.id.clone())
}

fn parse(path: &Path, bytes: &[u8]) -> Result<BTreeMap<KioskId, Kiosk>, RegistryError> {
    let unreadable = |reason: String| RegistryError::Unreadable { path: path.to_owned(), reason };
    let file: RegistryFile = serde_json::from_slice(bytes).map_err(|error| unreadable(error.to_string()))?;
    if matches!(file.version, 1 | 2) {
        Ok(file.kiosks)
    } else {
        Err(unreadable(format!("version {} is not known", file.version)))
    }
}

fn write(path: &Path, kiosks: &BTreeMap<KioskId, Kiosk>) -> Result<(), RegistryError> {
    // An aggregator from before version 2 still reads a file in which every kiosk asks what all did then.
    let version = if kiosks.values().any(|kiosk| kiosk.questionnaire.is_some()) { 2 } else { 1 };
    let file = RegistryFile { version, kiosks: kiosks.clone() };
    let mut bytes = serde_json::to_vec_pretty(&file)
        .map_err(|error| RegistryError::File { path: path.to_owned(), source: error.into() })?;
    bytes.push(b'\n');
    durable_file::replace(path, &bytes, Readers::Anyone)
        .map_err(|source| RegistryError::File { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use wardvoice_protocol::keys::SigningKey;

    use super::*;
    use crate::directory;

    fn key(seed: u8) -> VerifyingKey {
        SigningKey::from_bytes(&[seed; 32]).verifying_key()
    }

    fn kiosk(text: &str) -> KioskId {
        KioskId::new(text).unwrap()
    }

    fn ward(text: &str) -> WardId {
        WardId::new(text).unwrap()
    }

    fn introduction(id: &str, seed: u8, wanted: Option<&str>) -> Introduction {
        Introduction { version: 1, kiosk: kiosk(id), signing_key: key(seed), ward: wanted.map(ward) }
    }

    fn introduce(registry: &Registry, introduction: Introduction) -> Result<Introduced, RegistryError> {
        registry.introduce_all(&[introduction], &directory::example()).remove(0)
    }

    #[test]
    fn what_is_added_is_there_after_opening_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kiosks.json");
        let directory = directory::example();
        let registry = Registry::open(&path).unwrap();
        registry.add(&kiosk("k-1"), &ward("W1"), key(1), &directory).unwrap();
        registry.add(&kiosk("k-2"), &ward("W2"), key(2), &directory).unwrap();
        registry.add(&kiosk("k-2"), &ward("W2"), key(2), &directory).unwrap();
        registry.replace_key(&kiosk("k-1"), key(3)).unwrap();

        assert!(
            fs::read_to_string(&path).unwrap().contains("\"version\": 1"),
            "as it was before there was a choice"
        );
        let asks: QuestionnaireRef = "friends-and-family@1".parse().unwrap();
        registry.assign(&kiosk("k-2"), asks.clone()).unwrap();
        assert!(matches!(registry.assign(&kiosk("k-9"), asks.clone()), Err(RegistryError::NotThere(_))));
        assert!(fs::read_to_string(&path).unwrap().contains("\"version\": 2"));

        let again = Registry::open(&path).unwrap();
        assert_eq!(again.all(), registry.all());
        assert_eq!(again.get(&kiosk("k-2")).unwrap().questionnaire, Some(asks));
        let first = again.get(&kiosk("k-1")).unwrap();
        assert_eq!((first.signing_key, first.retired_keys), (key(3), vec![key(1)]));
    }

    #[test]
    fn a_refused_change_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let directory = directory::example();
        let registry = Registry::open(folder.path().join("kiosks.json")).unwrap();
        registry.add(&kiosk("k-1"), &ward("W1"), key(1), &directory).unwrap();
        let before = registry.all();
        let check = |result: Result<(), RegistryError>, says: &str| {
            let said = result.unwrap_err().to_string();
            assert!(said.contains(says), "{said}");
            assert_eq!(registry.all(), before);
        };
        check(registry.add(&kiosk("k-1"), &ward("W1"), key(2), &directory), "registered already");
        check(registry.add(&kiosk("k-2"), &ward("W1"), key(1), &directory), "key of kiosk k-1");
        check(registry.add(&kiosk("k-2"), &ward("nowhere"), key(2), &directory), "no such ward");
        check(registry.add(&kiosk("sim-2"), &ward("W1"), key(2), &directory), "simulated");
        check(registry.replace_key(&kiosk("k-9"), key(2)), "not registered");
        check(registry.replace_key(&kiosk("k-1"), key(1)), "key of kiosk k-1");
        check(introduce(&registry, introduction("k-3", 3, None)).map(|_| ()), "simulated");
    }

    #[test]
    fn a_simulated_kiosk_introduces_itself_once() {
        let registry = Registry::in_memory();
        let check = |id: &str, seed, wanted, expected: &str| {
            let said = match introduce(&registry, introduction(id, seed, wanted)) {
                Ok(introduced) => format!("{introduced:?} on {}", registry.get(&kiosk(id)).unwrap().ward),
                Err(error) => error.to_string(),
            };
            assert!(said.contains(expected), "{said}");
        };
        check("sim-1", 1, Some("W2"), "New on W2");
        check("sim-1", 1, Some("W1"), "Known on W2");
        check("sim-1", 9, None, "another key");
        check("sim-0002", 2, Some("no-such-ward"), "New on W");
    }

    #[test]
    fn a_broken_file_is_an_error_and_never_an_empty_registry() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kiosks.json");
        for broken in
            [&b""[..], b"{}", b"{\"version\": 3, \"kiosks\": {}}", b"{\"version\": 1, \"kiosks\": {\"a b\": 1}}"]
        {
            fs::write(&path, broken).unwrap();
            assert!(matches!(Registry::open(&path), Err(RegistryError::Unreadable { .. })), "{broken:?}");
        }
    }
}
