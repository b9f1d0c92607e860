//! What the kiosk is told to be, together with the questionnaire it is told to ask.
//!
//! Purpose: nobody is asked half of an update. An assignment counts for the screen only once the questionnaire that it names is
//! here, checked and on the disk; until then the kiosk goes on with what it was, over restarts too, and says what it waits for.
//!
//! Vocabulary: the *asked* assignment is the newest that came; a *commission* is an assignment with its questionnaire; the *lack*
//! is what keeps the asked assignment from becoming one.
//!
//! A [posting](wardvoice_protocol::posting) takes the place of plain assignments for good: it says when it was issued, so nothing
//! older turns it back. The way back to plain assignments is to install the kiosk's settings anew.
//!
//! [Approvals](wardvoice_protocol::approvals) of translations belong to the questionnaire whose hash they name. They make a new commission of
//! the same questionnaire, so the window takes them up between two patients as well.
//!
//! [Thanks](wardvoice_protocol::thanks) say whether patients are shown withdrawal codes. A change makes a new commission too.
//!
//! On disk: `posting.json`, the newest posting; `approvals.json`, the newest approvals; `thanks.json`, the newest thanks;
//! `questionnaires/{hash}.json`, each file whose SHA-256 is its name; `commission.json`, the last that was whole. All but the questionnaires hold for the settings whose hash they name. A file that
//! does not read, or is not what its name says, is as good as none: the aggregator says it again.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use wardvoice_protocol::approvals::{Approvals, ApprovedLanguage};
use wardvoice_protocol::assignment::Assignment;
use wardvoice_protocol::id::{Hash, KioskId, Language};
use wardvoice_protocol::keys::{SealKey, VerifyingKey};
use wardvoice_protocol::posting::Posting;
use wardvoice_protocol::questionnaire::{Questionnaire, QuestionnaireError, QuestionnaireFile, QuestionnaireRef};
use wardvoice_protocol::signed::{self, SignedError};
use wardvoice_protocol::thanks::Thanks;
use wardvoice_protocol::topic::Topic;

use crate::briefing::is_earlier;
use crate::files;

const POSTING_FILE: &str = "posting.json";
const APPROVALS_FILE: &str = "approvals.json";
const THANKS_FILE: &str = "thanks.json";
const COMMISSION_FILE: &str = "commission.json";

/// An assignment with the questionnaire it names.
#[derive(Debug, Clone)]
pub struct Commission {
    /// What the kiosk is told to be.
    pub assignment: Assignment,
    /// What it asks.
    pub questionnaire: Arc<Questionnaire>,
    /// The translations of it that people have approved since.
    pub approved: Approved,
    /// Whether whoever has answered is shown a code with which the answer can be deleted.
    pub withdrawal_codes: bool,
}

/// Languages that are approved besides those that the questionnaire's file approves.
pub type Approved = BTreeMap<Language, ApprovedLanguage>;

/// The newest assignment and the last commission, kept on the disk.
#[derive(Debug)]
pub(crate) struct CommissionShelf {
    data: PathBuf,
    kiosk: KioskId,
    /// The hash of the settings that everything here follows.
    settings: Hash,
    shipped: Vec<Arc<Questionnaire>>,
    asked: Asked,
    approvals: Option<Approvals>,
    thanks: Option<Thanks>,
    whole: Option<Arc<Commission>>,
    lack: Option<Lack>,
}

#[derive(Debug)]
enum Asked {
    Nothing,
    Plainly(Assignment),
    ByPosting(Posting),
}

/// Why the newest assignment is not followed yet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Lack {
    /// The questionnaire has not come. Without a hash it cannot be asked for.
    #[error("questionnaire {asked} has not come yet")]
    NotHere {
        /// What the assignment names.
        asked: QuestionnaireRef,
        /// The hash whose topic it comes on.
        hash: Option<Hash>,
    },
    /// The hash is another questionnaire's.
    #[error("the assignment asks for {asked} and its hash is that of {found}")]
    OtherQuestionnaire {
        /// What the assignment names.
        asked: QuestionnaireRef,
        /// What the hash is of.
        found: QuestionnaireRef,
    },
    /// A staff questionnaire near patients, or the other way round.
    #[error("questionnaire {0} is not for those who answer on this kiosk")]
    OtherAudience(QuestionnaireRef),
}

/// What a message has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Changed {
    /// The asked assignment.
    pub(crate) asked: bool,
    /// The commission.
    pub(crate) whole: bool,
}

/// Why a questionnaire that came is not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum QuestionnaireRefused {
    #[error(transparent)]
    Signed(#[from] SignedError),
    #[error(transparent)]
    Questionnaire(#[from] QuestionnaireError),
    #[error("the questionnaire has hash {0}, which is not its topic's")]
    OtherHash(Hash),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedPosting {
    version: u32,
    settings: Hash,
    posting: Posting,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedApprovals {
    version: u32,
    settings: Hash,
    approvals: Approvals,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedThanks {
    version: u32,
    settings: Hash,
    thanks: Thanks,
}

/// A program from before there were approvals or withdrawal codes passes one over that has any; the posting and the questionnaire are
/// beside it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedCommission {
    version: u32,
    settings: Hash,
    assignment: Assignment,
    questionnaire: Hash,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    approved: Approved,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    withdrawal_codes: bool,
}

/// The key that the newest posting has records sealed to; none where none has come that follows these settings.
pub(crate) fn posted_seal_key(data: &Path, settings: Hash) -> Option<SealKey> {
    let saved = read::<SavedPosting>(&data.join(POSTING_FILE))?;
    (saved.version == 1 && saved.settings == settings).then_some(saved.posting.assignment.seal_key)
}

impl CommissionShelf {
    /// Reads what an earlier run kept. `known` is the newest plain assignment.
    pub(crate) fn open(data: &Path, kiosk: &KioskId, settings: Hash, known: Option<Assignment>) -> Self {
        let shipped = Questionnaire::shipped().unwrap_or_else(|error| {
            tracing::error!(%error, "the questionnaires of this program do not read");
            Vec::new()
        });
        let posted = read::<SavedPosting>(&data.join(POSTING_FILE))
            .filter(|saved| saved.version == 1 && saved.settings == settings)
            .map(|saved| saved.posting)
            .filter(|posting| posting.assignment.kiosk == *kiosk);
        let asked = posted.map_or_else(|| known.map_or(Asked::Nothing, Asked::Plainly), Asked::ByPosting);
        let approvals = read::<SavedApprovals>(&data.join(APPROVALS_FILE))
            .filter(|saved| saved.version == 1 && saved.settings == settings)
            .map(|saved| saved.approvals)
            .filter(|approvals| approvals.kiosk == *kiosk);
        let thanks = read::<SavedThanks>(&data.join(THANKS_FILE))
            .filter(|saved| saved.version == 1 && saved.settings == settings)
            .map(|saved| saved.thanks)
            .filter(|thanks| thanks.kiosk == *kiosk);
        let mut shelf = Self {
            data: data.to_owned(),
            kiosk: kiosk.clone(),
            settings,
            shipped: shipped.into_iter().map(Arc::new).collect(),
            asked,
            approvals,
            thanks,
            whole: None,
            lack: None,
        };
        shelf.whole = shelf.last_whole();
        shelf.settle();
        shelf
    }

    /// The newest assignment, whether or not its questionnaire is here.
    pub(crate) fn asked(&self) -> Option<&Assignment> {
        match &self.asked {
            Asked::Nothing => None,
            Asked::Plainly(assignment) => Some(assignment),
            Asked::ByPosting(posting) => Some(&posting.assignment),
        }
    }

    /// Whether a posting has come, so that the aggregator is of its age.
    pub(crate) fn is_posted(&self) -> bool {
        matches!(self.asked, Asked::ByPosting(_))
    }

    /// What the screen follows.
    pub(crate) fn whole(&self) -> Option<&Arc<Commission>> {
        self.whole.as_ref()
    }

    /// What keeps the newest assignment from the screen.
    #[cfg(test)]
    pub(crate) fn lack(&self) -> Option<&Lack> {
        self.lack.as_ref()
    }

    /// The same in words for staff.
    pub(crate) fn waits_for(&self) -> Option<String> {
        let lack = self.lack.as_ref()?;
        Some(match &self.whole {
            Some(whole) => format!("{lack}; going on with {}", whole.questionnaire.reference()),
            None => lack.to_string(),
        })
    }

    /// The topic of the questionnaire that is missing.
    pub(crate) fn missing(&self) -> Option<Topic> {
        match &self.lack {
            Some(Lack::NotHere { hash: Some(hash), .. }) => Some(Topic::Questionnaire(*hash)),
            _ => None,
        }
    }

    /// Takes a plain assignment whose signature has been checked. After a posting it says nothing.
    pub(crate) fn take_assignment(&mut self, assignment: Assignment) -> Changed {
        let known = match &self.asked {
            Asked::ByPosting(_) => return Changed::default(),
            Asked::Plainly(known) => Some(known),
            Asked::Nothing => None,
        };
        if assignment.kiosk != self.kiosk || known == Some(&assignment) {
            return Changed::default();
        }
        self.asked = Asked::Plainly(assignment);
        Changed { asked: true, whole: self.settle() }
    }

    /// Takes a posting whose signature has been checked.
    pub(crate) fn take_posting(&mut self, posting: Posting, now: Timestamp) -> Changed {
        let known = match &self.asked {
            Asked::ByPosting(known) => Some(known),
            Asked::Plainly(_) | Asked::Nothing => None,
        };
        let earlier = known.is_some_and(|known| is_earlier(posting.issued, known.issued, now));
        if posting.assignment.kiosk != self.kiosk || earlier {
            return Changed::default();
        }
        let asked = self.asked() != Some(&posting.assignment);
        if known.is_none_or(|known| Posting { issued: known.issued, ..posting.clone() } != *known) {
            let saved = SavedPosting { version: 1, settings: self.settings, posting: posting.clone() };
            keep(&self.data.join(POSTING_FILE), &saved);
        }
        self.asked = Asked::ByPosting(posting);
        Changed { asked, whole: self.settle() }
    }

    /// Takes approvals whose signature has been checked.
    pub(crate) fn take_approvals(&mut self, approvals: Approvals, now: Timestamp) -> Changed {
        let known = self.approvals.as_ref();
        let earlier = known.is_some_and(|known| is_earlier(approvals.issued, known.issued, now));
        if approvals.kiosk != self.kiosk || earlier {
            return Changed::default();
        }
        if known.is_none_or(|known| Approvals { issued: known.issued, ..approvals.clone() } != *known) {
            let saved = SavedApprovals { version: 1, settings: self.settings, approvals: approvals.clone() };
            keep(&self.data.join(APPROVALS_FILE), &saved);
        }
        self.approvals = Some(approvals);
        Changed { asked: false, whole: self.settle() }
    }

    /// Takes thanks whose signature has been checked.
    pub(crate) fn take_thanks(&mut self, thanks: Thanks, now: Timestamp) -> Changed {
        let known = self.thanks.as_ref();
        let earlier = known.is_some_and(|known| is_earlier(thanks.issued, known.issued, now));
        if thanks.kiosk != self.kiosk || earlier {
            return Changed::default();
        }
        if known.is_none_or(|known| known.withdrawal_codes != thanks.withdrawal_codes) {
            let saved = SavedThanks { version: 1, settings: self.settings, thanks: thanks.clone() };
            keep(&self.data.join(THANKS_FILE), &saved);
        }
        self.thanks = Some(thanks);
        Changed { asked: false, whole: self.settle() }
    }

    /// Takes a questionnaire that came on the topic of a hash: verified, checked, kept, and only then believed.
    pub(crate) fn take_questionnaire(
        &mut self,
        hash: Hash,
        payload: &[u8],
        key: &VerifyingKey,
    ) -> Result<Changed, QuestionnaireRefused> {
        let expected = Topic::Questionnaire(hash);
        if self.missing().as_ref() != Some(&expected) {
            return Ok(Changed::default());
        }
        let file: QuestionnaireFile = signed::verify(payload, &expected, key)?;
        let questionnaire = Questionnaire::try_from(file)?;
        if questionnaire.hash() != hash {
            return Err(QuestionnaireRefused::OtherHash(questionnaire.hash()));
        }
        let kept = serde_json::to_vec(questionnaire.file()).map_err(Into::into).and_then(|bytes| {
            let path = self.path_of(hash);
            fs::create_dir_all(path.parent().unwrap_or(&self.data))?;
            files::replace(&path, &bytes, 0o600)?;
            files::sync_directory(&self.data)
        });
        if let Err(error) = kept {
            // It is not asked before it would be there after a restart; the next connection brings it again.
            tracing::error!(%error, %hash, "a questionnaire is not kept");
            return Ok(Changed::default());
        }
        Ok(Changed { asked: false, whole: self.settle() })
    }

    /// Makes a commission of the asked assignment if its questionnaire is here; whether that is a new one.
    fn settle(&mut self) -> bool {
        let Some(assignment) = self.asked().cloned() else { return false };
        let questionnaire = match self.find(&assignment) {
            Ok(questionnaire) => questionnaire,
            Err(lack) => {
                tracing::warn!("the assignment is not followed: {lack}");
                self.lack = Some(lack);
                return false;
            }
        };
        self.lack = None;
        let approved = self.approved(questionnaire.hash());
        let withdrawal_codes = self.thanks.as_ref().is_some_and(|thanks| thanks.withdrawal_codes);
        let same = |whole: &Arc<Commission>| {
            whole.assignment == assignment
                && whole.questionnaire.hash() == questionnaire.hash()
                && whole.approved == approved
                && whole.withdrawal_codes == withdrawal_codes
        };
        if self.whole.as_ref().is_some_and(same) {
            return false;
        }
        let saved = SavedCommission {
            version: 1,
            settings: self.settings,
            assignment: assignment.clone(),
            questionnaire: questionnaire.hash(),
            approved: approved.clone(),
            withdrawal_codes,
        };
        keep(&self.data.join(COMMISSION_FILE), &saved);
        self.whole = Some(Arc::new(Commission { assignment, questionnaire, approved, withdrawal_codes }));
        true
    }

    /// What is approved of a questionnaire, as far as the newest approvals speak of it.
    fn approved(&self, questionnaire: Hash) -> Approved {
        let about = self.approvals.as_ref().filter(|approvals| approvals.questionnaire == questionnaire);
        about.map(|approvals| approvals.languages.clone()).unwrap_or_default()
    }

    fn find(&self, assignment: &Assignment) -> Result<Arc<Questionnaire>, Lack> {
        let asked = &assignment.questionnaire;
        let hash = match &self.asked {
            Asked::ByPosting(posting) => Some(posting.questionnaire),
            Asked::Plainly(_) | Asked::Nothing => None,
        };
        let mut here = self.whole.iter().map(|whole| &whole.questionnaire).chain(&self.shipped);
        let found = match hash {
            Some(hash) => self.by_hash(hash),
            None => here.find(|questionnaire| questionnaire.reference() == *asked).cloned(),
        };
        let found = found.ok_or_else(|| Lack::NotHere { asked: asked.clone(), hash })?;
        if found.reference() != *asked {
            return Err(Lack::OtherQuestionnaire { asked: asked.clone(), found: found.reference() });
        }
        if found.file().audience != assignment.audience {
            return Err(Lack::OtherAudience(found.reference()));
        }
        Ok(found)
    }

    fn by_hash(&self, hash: Hash) -> Option<Arc<Questionnaire>> {
        let mut here = self.whole.iter().map(|whole| &whole.questionnaire).chain(&self.shipped);
        let here = here.find(|questionnaire| questionnaire.hash() == hash).cloned();
        here.or_else(|| {
            let path = self.path_of(hash);
            let questionnaire = Questionnaire::from_json(&fs::read(&path).ok()?)
                .inspect_err(|error| tracing::warn!(path = %path.display(), %error, "passed over"))
                .ok()?;
            (questionnaire.hash() == hash).then(|| Arc::new(questionnaire))
        })
    }

    fn last_whole(&self) -> Option<Arc<Commission>> {
        let saved: SavedCommission = read(&self.data.join(COMMISSION_FILE))?;
        let holds = saved.version == 1 && saved.settings == self.settings && saved.assignment.kiosk == self.kiosk;
        let questionnaire = holds.then(|| self.by_hash(saved.questionnaire)).flatten()?;
        let SavedCommission { assignment, approved, withdrawal_codes, .. } = saved;
        Some(Arc::new(Commission { assignment, questionnaire, approved, withdrawal_codes }))
    }

    fn path_of(&self, hash: Hash) -> PathBuf {
        self.data.join("questionnaires").join(format!("{hash}.json"))
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> Option<T> {
    let bytes = fs::read(path).ok()?;
    serde_json::from_slice(&bytes)
        .inspect_err(|error| tracing::warn!(path = %path.display(), %error, "passed over"))
        .ok()
}

/// What cannot be kept holds for this run; the aggregator says it again after a restart.
fn keep(path: &Path, value: &impl Serialize) {
    let kept =
        serde_json::to_vec_pretty(value).map_err(Into::into).and_then(|bytes| files::replace(path, &bytes, 0o600));
    if let Err(error) = kept {
        tracing::warn!(path = %path.display(), %error, "not kept");
    }
}

#[cfg(test)]
mod tests;
