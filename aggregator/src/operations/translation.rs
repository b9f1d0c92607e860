//! What commands say and decide about translations of questionnaires.

use anyhow::Result;
use serde::{Deserialize, Serialize};
use wardvoice_protocol::id::{Hash, Language};
use wardvoice_protocol::questionnaire::{Questionnaire, QuestionnaireName};

use super::{Talk, say};
use crate::help::StaffRole;
use crate::premises::{Premises, failed};
use crate::questionnaires::Questionnaires;
use crate::translations::{Ruling, Standing};

/// What is asked about translations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TranslationAsk {
    /// Answers with how every language stands.
    List {
        /// Of one questionnaire; of all when absent.
        questionnaire: Option<QuestionnaireName>,
    },
    /// Decides about one and answers with the decision.
    Decide {
        /// The questionnaire.
        questionnaire: QuestionnaireName,
        /// The language.
        language: Language,
        /// What is decided.
        ruling: Ruling,
        /// Why, or who has checked it.
        reason: String,
        /// Whoever decides: a role.
        by: StaffRole,
    },
}

/// How a language of a questionnaire stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TranslationLine {
    /// The questionnaire at its version.
    pub questionnaire: String,
    /// Its hash.
    pub hash: Hash,
    /// The language.
    pub language: Language,
    /// `original`, `written`, `machine`, `approved` or `withdrawn`.
    pub standing: String,
    /// Whether a real kiosk may offer it.
    pub approved: bool,
    /// Who decided last, and why.
    pub decided: Option<String>,
}

impl TranslationAsk {
    /// The hash of the questionnaire that it decides about.
    pub fn decides(&self, questionnaires: &Questionnaires) -> Option<Hash> {
        match self {
            Self::List { .. } => None,
            Self::Decide { questionnaire, .. } => {
                questionnaires.find(questionnaire).ok().map(|found| found.hash())
            }
        }
    }

    /// What is noted of it before it is done: about what, and why.
    pub fn noted(&self) -> Option<(String, String)> {
        match self {
            Self::List { .. } => None,
            Self::Decide { questionnaire, language, ruling, reason, .. } => {
                Some((format!("translation:{questionnaire}/{language}"), format!("{}: {reason}", word(*ruling))))
            }
        }
    }
}

/// `approve` or `withdraw`.
pub(crate) fn word(ruling: Ruling) -> &'static str {
    match ruling {
        Ruling::Approve { .. } => "approve",
        Ruling::Withdraw => "withdraw",
    }
}

/// Does what is asked about translations.
pub(super) fn translation(premises: &Premises, asked: TranslationAsk, talk: &mut dyn Talk) -> Result<bool> {
    match asked {
        TranslationAsk::List { questionnaire: None } => {
            premises.questionnaires.all().iter().try_for_each(|one| list(premises, one, talk))?;
        }
        TranslationAsk::List { questionnaire: Some(name) } => {
            list(premises, premises.questionnaires.find(&name).map_err(failed)?, talk)?;
        }
        TranslationAsk::Decide { questionnaire, language, ruling, reason, by } => {
            let found = premises.questionnaires.find(&questionnaire).map_err(failed)?;
            say(talk, &premises.translations.decide(found, &language, ruling, &reason, &by).map_err(failed)?)?;
        }
    }
    Ok(true)
}

fn list(premises: &Premises, questionnaire: &Questionnaire, talk: &mut dyn Talk) -> Result<()> {
    for (language, standing) in premises.translations.standings(questionnaire) {
        let (word, decided) = match &standing {
            Standing::Original => ("original", None),
            Standing::Written => ("written", None),
            Standing::Machine => ("machine", None),
            Standing::Approved(decision) => ("approved", Some(decision)),
            Standing::Withdrawn(decision) => ("withdrawn", Some(decision)),
        };
        let line = TranslationLine {
            questionnaire: questionnaire.reference().to_string(),
            hash: questionnaire.hash(),
            language,
            standing: word.to_owned(),
            approved: standing.is_approved(),
            decided: decided.map(|decision| format!("{}: {}", decision.by, decision.reason)),
        };
        say(talk, &line)?;
    }
    Ok(())
}
