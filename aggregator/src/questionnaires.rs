//! The questionnaires that the trust can ask: those that are shipped, and those of its own in a folder.
//!
//! Purpose: what a kiosk is told to ask is known here by its hash, and a version that was ever asked never changes. A file of the
//! folder is read at the start, once; after a change the aggregator is started again.
//!
//! Vocabulary: a version is *in use* once a kiosk has been told to ask it. Then its file is copied to
//! `questionnaires-in-use/` in the data folder, and from there it is known even when the folder has lost it or says something
//! else under the same number.
//!
//! Failure modes: every file must read, be a questionnaire, fit into a message and be the only one of its id and version; any
//! other is an error that names the file, and nothing starts.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use wardvoice_protocol::assignment::KioskAudience;
use wardvoice_protocol::keys::SigningKey;
use wardvoice_protocol::limits::MAX_MESSAGE_BYTES;
use wardvoice_protocol::questionnaire::{Questionnaire, QuestionnaireError, QuestionnaireName, QuestionnaireRef};
use wardvoice_protocol::signed;
use wardvoice_protocol::topic::Topic;

use crate::ingest::mqtt::Message;
use crate::versions::{self, Missing, Versions};

/// The folder of the data folder that is looked at when the settings name none.
pub const FOLDER: &str = "questionnaires";
const IN_USE: &str = "questionnaires-in-use";
/// What a signed message is larger than the JSON in it, besides the quotation marks: version, signature, names.
const ENVELOPE_BYTES: usize = 200;

/// Every questionnaire that can be asked.
#[derive(Debug)]
pub struct Questionnaires {
    /// The shipped ones first, then the others by id and version.
    all: Vec<Arc<Questionnaire>>,
    in_use: PathBuf,
}

/// Why questionnaires cannot be loaded or used.
#[derive(Debug, thiserror::Error)]
pub enum QuestionnairesError {
    /// A file or folder cannot be read or written.
    #[error("read or write {path}: {source}", path = path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is not a questionnaire.
    #[error("use {path}: {source}", path = path.display())]
    NotQuestionnaire {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: QuestionnaireError,
    },
    /// A questionnaire is larger than a message.
    #[error("use {path}: as a message it has {bytes} bytes, more than {MAX_MESSAGE_BYTES}", path = path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// How many it has.
        bytes: usize,
    },
    /// Two files are one version and differ.
    #[error(
        "use {path}: {reference} is already {other} and says something else; a version never changes once it is used, \
         so give this one another version",
        path = path.display()
    )]
    Changed {
        /// The file.
        path: PathBuf,
        /// The version.
        reference: QuestionnaireRef,
        /// Where the other one is.
        other: String,
    },
    /// There is none of that name.
    #[error(
        "find questionnaire {asked}: there are {known}; put the file of another into the folder of questionnaires \
         (see `config print`) and start the aggregator again"
    )]
    Unknown {
        /// What was asked for.
        asked: QuestionnaireName,
        /// What there is.
        known: String,
    },
    /// It is for staff.
    #[error("ask {0} on a kiosk of a ward: it is for staff, and kiosks of wards stand among patients")]
    ForStaff(QuestionnaireRef),
    /// The shipped ones do not read.
    #[error("read the questionnaires of this program: {0}")]
    Shipped(QuestionnaireError),
}

impl Questionnaires {
    /// Loads every questionnaire of a data folder. `named` is the folder that the settings name; it must be there.
    pub fn open(data: &Path, named: Option<&Path>) -> Result<Self, QuestionnairesError> {
        let shipped = Questionnaire::shipped().map_err(QuestionnairesError::Shipped)?;
        let mut known = Versions::default();
        for questionnaire in &shipped {
            known.ship(questionnaire.reference(), questionnaire.hash());
        }
        let in_use = data.join(IN_USE);
        let folder = named.map_or_else(|| data.join(FOLDER), |named| data.join(named));
        let files = |folder: &Path, missing| {
            versions::files(folder, missing)
                .map_err(|source| QuestionnairesError::File { path: folder.to_owned(), source })
        };
        let mut others = Vec::new();
        let kept = files(&in_use, Missing::Nothing)?;
        let own = files(&folder, if named.is_some() { Missing::Fails } else { Missing::Nothing })?;
        for path in kept.into_iter().chain(own) {
            let questionnaire = read(&path)?;
            let reference = questionnaire.reference();
            match known.admit(reference.clone(), questionnaire.hash(), &path) {
                Ok(false) => {}
                Ok(true) => others.push(questionnaire),
                Err(other) => return Err(QuestionnairesError::Changed { path, reference, other }),
            }
        }
        others.sort_by_key(Questionnaire::reference);
        Ok(Self { all: shipped.into_iter().chain(others).map(Arc::new).collect(), in_use })
    }

    /// The shipped ones alone, kept nowhere; for tests and benches.
    pub fn shipped() -> Result<Self, QuestionnairesError> {
        let all = Questionnaire::shipped().map_err(QuestionnairesError::Shipped)?;
        Ok(Self { all: all.into_iter().map(Arc::new).collect(), in_use: PathBuf::new() })
    }

    /// Every one.
    pub fn all(&self) -> &[Arc<Questionnaire>] {
        &self.all
    }

    /// One version.
    pub fn get(&self, reference: &QuestionnaireRef) -> Option<&Arc<Questionnaire>> {
        self.all.iter().find(|questionnaire| questionnaire.reference() == *reference)
    }

    /// What a person names.
    pub fn find(&self, asked: &QuestionnaireName) -> Result<&Arc<Questionnaire>, QuestionnairesError> {
        let found = match asked {
            QuestionnaireName::Version(reference) => self.get(reference),
            QuestionnaireName::Newest(id) => {
                let versions = self.all.iter().filter(|questionnaire| questionnaire.file().id == *id);
                versions.max_by_key(|questionnaire| questionnaire.file().version)
            }
        };
        found.ok_or_else(|| {
            let known: Vec<_> = self.all.iter().map(|one| one.reference().to_string()).collect();
            QuestionnairesError::Unknown { asked: asked.clone(), known: known.join(", ") }
        })
    }

    /// What a person names, if patients may be asked it; from now on it is in use.
    pub fn for_patients(&self, asked: &QuestionnaireName) -> Result<QuestionnaireRef, QuestionnairesError> {
        let found = self.find(asked)?;
        let reference = found.reference();
        if found.file().audience != KioskAudience::Patients {
            return Err(QuestionnairesError::ForStaff(reference));
        }
        let path = self.in_use.join(format!("{reference}.json"));
        versions::keep(&path, found.file()).map_err(|source| QuestionnairesError::File { path, source })?;
        Ok(reference)
    }
}

/// A questionnaire as a message that any kiosk may read.
pub fn message(questionnaire: &Questionnaire, key: &SigningKey) -> Option<Message> {
    let topic = Topic::Questionnaire(questionnaire.hash());
    let payload = signed::sign(questionnaire.file(), &topic, key).ok()?;
    Some(Message { topic, payload, retain: true })
}

fn read(path: &Path) -> Result<Questionnaire, QuestionnairesError> {
    let bytes = fs::read(path).map_err(|source| QuestionnairesError::File { path: path.to_owned(), source })?;
    let questionnaire = Questionnaire::from_json(&bytes)
        .map_err(|source| QuestionnairesError::NotQuestionnaire { path: path.to_owned(), source })?;
    // In a signed message the JSON is a string, so every quotation mark and backslash takes two bytes.
    let message = serde_json::to_string(questionnaire.file()).and_then(|json| serde_json::to_string(&json));
    let bytes = message.map_or(usize::MAX, |json| json.len().saturating_add(ENVELOPE_BYTES));
    if bytes > MAX_MESSAGE_BYTES {
        return Err(QuestionnairesError::TooLarge { path: path.to_owned(), bytes });
    }
    Ok(questionnaire)
}

#[cfg(test)]
mod tests;
