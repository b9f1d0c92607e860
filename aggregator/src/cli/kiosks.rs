//! What `kiosk` can be asked.

use clap::Subcommand;
use wardvoice_protocol::id::{KioskId, WardId};
use wardvoice_protocol::keys::VerifyingKey;
use wardvoice_protocol::questionnaire::QuestionnaireName;

use super::{identity, say};
use crate::operations::Request;

#[derive(Debug, Clone, Subcommand)]
pub(super) enum KioskCommand {
    /// Print a join code, with which a kiosk gets its certificate and everything it has to know.
    Enrol(identity::Enrol),
    /// Take back what a kiosk was given: it is let in no more, and a connection it has ends at once.
    Revoke(identity::Revoke),
    /// Register a kiosk and print the settings to put on it.
    Add {
        /// Its id, for example k-0017.
        #[arg(long)]
        id: KioskId,
        /// The ward it stands on.
        #[arg(long)]
        ward: WardId,
        /// What `wardvoice-kiosk key` printed on it.
        #[arg(long, allow_hyphen_values = true)]
        signing_key: VerifyingKey,
        /// What it asks: an id for the newest version, or inpatient@1; inpatient when absent.
        #[arg(long, value_name = "ID[@VERSION]")]
        questionnaire: Option<QuestionnaireName>,
    },
    /// Let a kiosk ask another questionnaire; it takes effect between two patients.
    Assign {
        /// Its id.
        #[arg(long)]
        id: KioskId,
        /// What it asks from now on: an id for the newest version, or inpatient@1.
        #[arg(long, value_name = "ID[@VERSION]")]
        questionnaire: QuestionnaireName,
        /// Print the kiosk as JSON.
        #[arg(long)]
        json: bool,
    },
    /// List the kiosks that are known, with what each is told to ask and whether it does.
    List {
        /// Print them as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Give a kiosk a new key; what it signs with the old one from now on is refused.
    ReplaceKey {
        /// Its id.
        #[arg(long)]
        id: KioskId,
        /// What `wardvoice-kiosk key` printed on it.
        #[arg(long, allow_hyphen_values = true)]
        signing_key: VerifyingKey,
    },
}

impl KioskCommand {
    pub(super) fn asked(&self) -> (Request, say::Style) {
        match self.clone() {
            Self::Enrol(asked) => asked.asked(),
            Self::Revoke(asked) => asked.asked(),
            Self::Add { id, ward, signing_key, questionnaire } => {
                (Request::KioskAdd { id, ward, signing_key, questionnaire }, say::Style::Json)
            }
            Self::Assign { id, questionnaire, json } => {
                (Request::KioskAssign { id, questionnaire }, say::Style::one(json, say::kiosk))
            }
            Self::List { json } => (Request::KioskList, say::Style::list(json, say::kiosk)),
            Self::ReplaceKey { id, signing_key } => {
                (Request::KioskReplaceKey { id, signing_key }, say::Style::Json)
            }
        }
    }
}
