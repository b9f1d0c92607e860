//! Which translations of questionnaires people have approved or withdrawn since the questionnaire's file was written.
//!
//! Purpose: a real kiosk offers only what somebody has checked. A version of a questionnaire never changes once it is used, so what is decided
//! about its translations is not written into it: it stands in a file of decisions beside it, by the questionnaire's hash. No hash changes, and no
//! score that names one.
//!
//! Vocabulary: a language is *written* approved or not by the questionnaire's file; a *decision* approves or withdraws it; how it *stands* follows
//! from the last decision, and from the file where there is none. *Words* are the kiosk's own, its buttons and explanations: whoever has seen
//! them in a preview approves exactly those.
//!
//! Invariants:
//! - English is what everything is translated from; it is neither approved nor withdrawn.
//! - A decision is about one hash. Another version of the same questionnaire starts from what its own file says.
//! - The file `approvals.ndjson` [only grows](crate::line_file). Whoever decides is a role; the account is in the audit.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use wardvoice_protocol::approvals::ApprovedLanguage;
use wardvoice_protocol::id::{Hash, Language};
use wardvoice_protocol::one_line;
use wardvoice_protocol::questionnaire::{Approval, Questionnaire, QuestionnaireRef};

use crate::help::StaffRole;
use crate::line_file::{LineFile, LineFileError};

/// The longest reason, in characters.
pub const MAX_REASON_CHARACTERS: usize = 200;
/// The most decisions that are kept.
pub const MOST_DECISIONS: usize = 100_000;

/// What is decided about a language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ruling {
    /// People have checked it: kiosks may offer it.
    Approve {
        /// The hash of the kiosk's own words that were seen with it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        words: Option<Hash>,
    },
    /// It is not to be offered any more, not even in a demonstration.
    Withdraw,
}

/// A decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TranslationDecision {
    /// Its number, from 1.
    pub number: u32,
    /// When.
    pub at: Timestamp,
    /// The questionnaire, as people name it.
    pub questionnaire: QuestionnaireRef,
    /// Its hash.
    pub hash: Hash,
    /// The language.
    pub language: Language,
    /// What was decided.
    pub ruling: Ruling,
    /// Whoever decided: a role.
    pub by: StaffRole,
    /// Why, or who has checked it: a role and no name.
    pub reason: String,
}

/// How a language of a questionnaire stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It is what all others are translated from.
    Original,
    /// The questionnaire's file approves it, and nobody has decided about it since.
    Written,
    /// A machine has translated it, and nobody has decided about it.
    Machine,
    /// It was approved.
    Approved(TranslationDecision),
    /// It was withdrawn.
    Withdrawn(TranslationDecision),
}

impl Standing {
    /// Whether a real kiosk may offer it.
    pub fn is_approved(&self) -> bool {
        matches!(self, Self::Original | Self::Written | Self::Approved(_))
    }
}

/// A decision as the file says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Event {
    questionnaire: QuestionnaireRef,
    hash: Hash,
    language: Language,
    ruling: Ruling,
    by: StaffRole,
    reason: String,
}

/// Why a decision cannot be read or taken.
#[derive(Debug, thiserror::Error)]
pub enum TranslationsError {
    /// The file cannot be used.
    #[error(transparent)]
    File(#[from] LineFileError),
    /// A reason is empty, too long, or has control characters.
    #[error(
        "decide about a translation: the reason must have 1 to {MAX_REASON_CHARACTERS} characters and no line breaks"
    )]
    Reason,
    /// English is no translation.
    #[error("decide about {0}: it is what the others are translated from")]
    Original(Language),
    /// The questionnaire has no such language.
    #[error("decide about {language}: questionnaire {questionnaire} has no text in it")]
    NoLanguage {
        /// The questionnaire.
        questionnaire: QuestionnaireRef,
        /// What was asked for.
        language: Language,
    },
    /// It is approved already, with the same words.
    #[error("approve {0}: it is approved already")]
    Approved(Language),
    /// It is withdrawn already, or was never approved.
    #[error("withdraw {0}: it is not approved")]
    NotApproved(Language),
    /// There are as many as there may be.
    #[error("decide about a translation: there are {MOST_DECISIONS} decisions already")]
    TooMany,
}

/// Every decision about translations.
#[derive(Debug)]
pub struct Translations {
    ledger: Mutex<Ledger>,
}

#[derive(Debug)]
struct Ledger {
    file: LineFile<Event>,
    decisions: Vec<TranslationDecision>,
}

impl Translations {
    /// Opens the decisions of a file; one that is not there is made and has none.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, TranslationsError> {
        let mut decisions = Vec::new();
        let file = LineFile::open(path, |at, event| {
            decisions.push(decision(decisions.len(), at, event));
            Ok(())
        })?;
        Ok(Self { ledger: Mutex::new(Ledger { file, decisions }) })
    }

    /// How every language of a questionnaire stands, English first.
    pub fn standings(&self, questionnaire: &Questionnaire) -> Vec<(Language, Standing)> {
        let ledger = self.locked();
        let languages = questionnaire.file().languages.keys();
        let mut found: Vec<(Language, Standing)> =
            languages.map(|language| (language.clone(), ledger.standing(questionnaire, language))).collect();
        found.sort_by_key(|(language, _)| *language != Language::english());
        found
    }

    /// How a language of a questionnaire stands; none when the questionnaire has no text in it.
    pub fn standing(&self, questionnaire: &Questionnaire, language: &Language) -> Option<Standing> {
        let there = questionnaire.file().languages.contains_key(language);
        there.then(|| self.locked().standing(questionnaire, language))
    }

    /// Every decision about a questionnaire, the newest first.
    pub fn decisions(&self, hash: Hash) -> Vec<TranslationDecision> {
        let ledger = self.locked();
        ledger.decisions.iter().rev().filter(|decision| decision.hash == hash).cloned().collect()
    }

    /// What kiosks may offer of a questionnaire besides what its file approves; none when nobody ever decided about it.
    pub fn approved(&self, hash: Hash) -> Option<BTreeMap<Language, ApprovedLanguage>> {
        let ledger = self.locked();
        let last = ledger.last(hash);
        let approved = last.iter().filter_map(|(language, decision)| match decision.ruling {
            Ruling::Approve { words } => Some(((*language).clone(), ApprovedLanguage { words })),
            Ruling::Withdraw => None,
        });
        (!last.is_empty()).then(|| approved.collect())
    }

    /// What kiosks may not offer of a questionnaire any more.
    pub fn withdrawn(&self, hash: Hash) -> BTreeSet<Language> {
        let ledger = self.locked();
        let last = ledger.last(hash);
        let withdrawn = last.iter().filter(|(_, decision)| decision.ruling == Ruling::Withdraw);
        withdrawn.map(|(language, _)| (*language).clone()).collect()
    }

    /// Decides, durably.
    pub fn decide(
        &self,
        questionnaire: &Questionnaire,
        language: &Language,
        ruling: Ruling,
        reason: &str,
        by: &StaffRole,
    ) -> Result<TranslationDecision, TranslationsError> {
        let reason = one_line::trimmed(reason, MAX_REASON_CHARACTERS).ok_or(TranslationsError::Reason)?;
        if !questionnaire.file().languages.contains_key(language) {
            let questionnaire = questionnaire.reference();
            return Err(TranslationsError::NoLanguage { questionnaire, language: language.clone() });
        }
        let mut ledger = self.locked();
        let standing = ledger.standing(questionnaire, language);
        match (&standing, ruling) {
            (Standing::Original, _) => return Err(TranslationsError::Original(language.clone())),
            // Whoever has not looked at the kiosk's own words takes nothing back from whoever has.
            (Standing::Approved(before), Ruling::Approve { words })
                if words.is_none() || before.ruling == ruling =>
            {
                return Err(TranslationsError::Approved(language.clone()));
            }
            (Standing::Written, Ruling::Approve { words: None }) => {
                return Err(TranslationsError::Approved(language.clone()));
            }
            (Standing::Machine | Standing::Withdrawn(_), Ruling::Withdraw) => {
                return Err(TranslationsError::NotApproved(language.clone()));
            }
            _ => {}
        }
        if ledger.decisions.len() >= MOST_DECISIONS {
            return Err(TranslationsError::TooMany);
        }
        let event = Event {
            questionnaire: questionnaire.reference(),
            hash: questionnaire.hash(),
            language: language.clone(),
            ruling,
            by: by.clone(),
            reason: reason.to_owned(),
        };
        let at = Timestamp::now();
        ledger.file.append(at, std::slice::from_ref(&event))?;
        let decided = decision(ledger.decisions.len(), at, event);
        ledger.decisions.push(decided.clone());
        Ok(decided)
    }

    fn locked(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger {
    /// The last decision about each language of a questionnaire.
    fn last(&self, hash: Hash) -> BTreeMap<&Language, &TranslationDecision> {
        let about = self.decisions.iter().filter(|decision| decision.hash == hash);
        about.map(|decision| (&decision.language, decision)).collect()
    }

    fn standing(&self, questionnaire: &Questionnaire, language: &Language) -> Standing {
        if *language == Language::english() {
            return Standing::Original;
        }
        match self.last(questionnaire.hash()).get(language) {
            Some(decision) if decision.ruling == Ruling::Withdraw => Standing::Withdrawn((*decision).clone()),
            Some(decision) => Standing::Approved((*decision).clone()),
            None if questionnaire.file().languages.get(language) == Some(&Approval::Approved) => Standing::Written,
            None => Standing::Machine,
        }
    }
}

fn decision(before: usize, at: Timestamp, event: Event) -> TranslationDecision {
    let Event { questionnaire, hash, language, ruling, by, reason } = event;
    let number = u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1);
    TranslationDecision { number, at, questionnaire, hash, language, ruling, by, reason }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;

    fn language(tag: &str) -> Language {
        tag.parse().unwrap()
    }

    fn office() -> StaffRole {
        "office".parse().unwrap()
    }

    #[test]
    fn a_translation_is_approved_and_withdrawn_and_the_hash_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("approvals.ndjson");
        let questionnaire = Questionnaire::inpatient().unwrap();
        let (hash, polish) = (questionnaire.hash(), language("pl"));
        let first = Translations::open(&path).unwrap();
        assert_eq!(first.standing(&questionnaire, &polish), Some(Standing::Machine));
        assert_eq!(first.standing(&questionnaire, &language("xx")), None);
        assert_eq!((first.approved(hash), first.withdrawn(hash)), (None, BTreeSet::new()));
        let seen = Ruling::Approve { words: Some(Hash::ZERO) };
        let decided =
            first.decide(&questionnaire, &polish, seen, " Checked by the interpreters. ", &office()).unwrap();
        assert_eq!((decided.number, decided.reason.as_str()), (1, "Checked by the interpreters."));
        for translations in [&first, &Translations::open(&path).unwrap()] {
            assert!(translations.standing(&questionnaire, &polish).unwrap().is_approved());
            let approved = translations.approved(hash).unwrap();
            assert_eq!(approved.get(&polish).unwrap().words, Some(Hash::ZERO));
            assert_eq!(translations.approved(Hash::ZERO), None, "a decision is about one version");
        }
        first.decide(&questionnaire, &polish, Ruling::Withdraw, "Question 4 is wrong.", &office()).unwrap();
        let again = Translations::open(&path).unwrap();
        assert_eq!(again.withdrawn(hash), BTreeSet::from([polish.clone()]));
        assert_eq!(again.approved(hash), Some(BTreeMap::new()), "kiosks have to be told that nothing is");
        assert!(matches!(again.standing(&questionnaire, &polish), Some(Standing::Withdrawn(_))));
        assert_eq!(again.decisions(hash).len(), 2);
        assert_eq!(Questionnaire::inpatient().unwrap().hash(), hash);
    }

    #[test]
    fn what_cannot_be_decided_is_refused_with_why() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("approvals.ndjson");
        let translations = Translations::open(&path).unwrap();
        let questionnaire = Questionnaire::inpatient().unwrap();
        let approve = Ruling::Approve { words: None };
        let check = |tag: &str, ruling, reason: &str, says: &str| {
            let error =
                translations.decide(&questionnaire, &language(tag), ruling, reason, &office()).unwrap_err();
            assert!(error.to_string().contains(says), "{error}");
        };
        check("en", Ruling::Withdraw, "x", "translated from");
        check("xx", approve, "x", "no text in it");
        check("pl", Ruling::Withdraw, "x", "not approved");
        check("pl", approve, "  ", "the reason");
        translations.decide(&questionnaire, &language("pl"), approve, "x", &office()).unwrap();
        check("pl", approve, "x", "approved already");
        let seen = Ruling::Approve { words: Some(Hash::ZERO) };
        translations.decide(&questionnaire, &language("pl"), seen, "The buttons too.", &office()).unwrap();
        let standings = translations.standings(&questionnaire);
        assert_eq!(standings.first().unwrap().1, Standing::Original);
    }
}
