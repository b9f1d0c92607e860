//! What `translation` can be asked.

use wardvoice_protocol::id::Language;
use wardvoice_protocol::questionnaire::QuestionnaireName;

use super::say;
use crate::help::StaffRole;
use crate::operations::{Request, TranslationAsk};
use crate::translations::Ruling;

#[derive(Debug, Clone, clap::Subcommand)]
pub(super) enum TranslationCommand {
    /// List every language of every questionnaire, and whether kiosks may offer it.
    List {
        /// Of one questionnaire: an id for the newest version, or inpatient@1.
        #[arg(long, value_name = "ID[@VERSION]")]
        questionnaire: Option<QuestionnaireName>,
        /// Print the languages as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Approve a language's text; the kiosk's own words are approved on the office's page, where they are seen.
    Approve(Decision),
    /// Withdraw a language: kiosks stop offering it between two patients.
    Withdraw(Decision),
}

#[derive(Debug, Clone, clap::Args)]
pub(super) struct Decision {
    /// The questionnaire: an id for the newest version, or inpatient@1.
    #[arg(long, value_name = "ID[@VERSION]")]
    questionnaire: QuestionnaireName,
    /// The language, for example pl.
    #[arg(long)]
    language: Language,
    /// Why, or who has checked it: a role and no name.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The role of whoever decides; never a name.
    #[arg(long, value_name = "ROLE", default_value = "office")]
    by: StaffRole,
    /// Print the decision as JSON.
    #[arg(long)]
    json: bool,
}

impl TranslationCommand {
    pub(super) fn asked(&self) -> (Request, say::Style) {
        match self.clone() {
            Self::List { questionnaire, json } => (
                Request::Translation(TranslationAsk::List { questionnaire }),
                say::Style::list(json, say::translation_line),
            ),
            Self::Approve(decision) => decision.asked(Ruling::Approve { words: None }),
            Self::Withdraw(decision) => decision.asked(Ruling::Withdraw),
        }
    }
}

impl Decision {
    fn asked(self, ruling: Ruling) -> (Request, say::Style) {
        let Self { questionnaire, language, reason, by, json } = self;
        let asked = TranslationAsk::Decide { questionnaire, language, ruling, reason, by };
        (Request::Translation(asked), say::Style::one(json, say::translation_decision))
    }
}
