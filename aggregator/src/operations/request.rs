//! What can be asked of whoever has the log, and what of it is noted before it is done.

use anyhow::Result;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::id::{KioskId, RecordId, WardId};
use wardvoice_protocol::keys::VerifyingKey;
use wardvoice_protocol::questionnaire::QuestionnaireName;

use super::{
    AlertsAsk, BackupAsk, CommentsAsk, DeliveryAsk, IdentityAsk, MonitorAsk, PeopleRequest, PlanAsk, PublishAsk,
    PublishEnded, ReleaseRequest, RetentionAsk, ReturnRequest, TablesRequest, TranslationAsk, WithdrawAsk, people,
};
use crate::actions::NewAction;
use crate::audit::{COMMAND, Deed};
use crate::help::StaffRole;
use crate::pins::Role;
use crate::policy::Audience;
use crate::premises::{Premises, failed};
use crate::scoring::{Cut, DefinitionRef, Measure};
use crate::web::reports::ReportAsk;

/// What a command asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Registers a kiosk and answers with its settings.
    KioskAdd {
        /// The kiosk.
        id: KioskId,
        /// Its ward.
        ward: WardId,
        /// Its public key.
        signing_key: VerifyingKey,
        /// What it asks; the inpatient questionnaire when absent.
        #[serde(default)]
        questionnaire: Option<QuestionnaireName>,
    },
    /// Lets a kiosk ask another questionnaire and answers with the kiosk.
    KioskAssign {
        /// The kiosk.
        id: KioskId,
        /// What it asks from now on.
        questionnaire: QuestionnaireName,
    },
    /// Answers with every kiosk.
    KioskList,
    /// Certificates: the authority, join codes, and taking back.
    Identity(IdentityAsk),
    /// Gives a kiosk a new key and answers with its settings.
    KioskReplaceKey {
        /// The kiosk.
        id: KioskId,
        /// Its new public key.
        signing_key: VerifyingKey,
    },
    /// Something about people: accounts, the audit, disputes, appraisals.
    People(PeopleRequest),
    /// Sets the PIN that a role comes in with at every kiosk.
    PinSet {
        /// Whose.
        role: Role,
        /// The PIN.
        pin: String,
    },
    /// Answers with the fortnight's plan, or changes it.
    Plan(PlanAsk),
    /// Answers with how translations stand, or decides about one.
    Translation(TranslationAsk),
    /// Takes an action on and answers with it.
    ActionAdd(NewAction),
    /// Says that an action is done, and answers with it.
    ActionDone {
        /// Its number.
        number: u32,
        /// The local day; today when absent.
        on: Option<Date>,
    },
    /// Says that an action is not done after all, and answers with it.
    ActionReopen {
        /// Its number.
        number: u32,
    },
    /// Answers with every action, the newest first.
    ActionList {
        /// Of one unit; of all when absent.
        unit: Option<Unit>,
    },
    /// Proves that everything is there and adds up.
    Verify {
        /// Whether to open and judge every envelope again.
        deep: bool,
    },
    /// Writes a backup, tries it, and answers with what is in it.
    Backup(BackupAsk),
    /// Deletes what a patient answered, and answers with what stays.
    Withdraw(WithdrawAsk),
    /// Deletes what has been kept for long enough, and answers with how much it was.
    Retention(RetentionAsk),
    /// Makes the facts again from the log.
    Rebuild,
    /// Answers with a score sheet.
    Scores {
        /// The period's name.
        period: String,
        /// The unit.
        unit: Unit,
        /// The part of the unit's people.
        cut: Cut,
        /// The definition; the one in force when absent.
        definition: Option<DefinitionRef>,
        /// The local day to look on it from; today when absent.
        as_of: Option<Date>,
        /// Whether to say how it came to be.
        explain: bool,
        /// As what it is looked at; everything is given when absent.
        #[serde(default)]
        audience: Option<Audience>,
    },
    /// Something about the national return.
    Return(ReturnRequest),
    /// Something about releases to the public.
    Release(ReleaseRequest),
    /// Answers with the files of a published site, and then with what it is.
    Publish(PublishAsk),
    /// Notes how a publishing by a command went.
    PublishEnded(PublishEnded),
    /// Something about tables for people's own programs.
    Tables(TablesRequest),
    /// Answers with what a unit's fortnights say, a line a measure.
    Signal {
        /// The unit.
        unit: Unit,
        /// The measures; all when empty.
        measures: Vec<Measure>,
        /// The last fortnight, by its name or a day of it; the present one when absent.
        until: Option<String>,
    },
    /// Starts a unit's limits afresh and answers with the re-basing.
    RebaseAdd {
        /// The unit.
        unit: Unit,
        /// The measure; every measure when absent.
        measure: Option<Measure>,
        /// The first fortnight, by its name or a day of it.
        from: String,
        /// Why.
        reason: String,
    },
    /// Takes a re-basing back and answers with it.
    RebaseRemove {
        /// Its number.
        number: u32,
        /// Why.
        reason: Option<String>,
    },
    /// Answers with every re-basing, removed ones too, the newest first.
    RebaseList,
    /// Answers with every record, a line each.
    Export,
    /// Reads an export and takes what is new.
    Import,
    /// Answers with every request for help that is open.
    HelpList,
    /// Notes that somebody has seen a request for help, and answers with what stands.
    HelpSeen {
        /// The request's record id.
        record: RecordId,
        /// The role of whoever has seen it.
        by: StaffRole,
    },
    /// Answers with what became of the requests for help of the last days, and how long it took.
    HelpTimes,
    /// Answers with every alert that is open, or with one that somebody has seen.
    Alerts(AlertsAsk),
    /// Sends a contact a test, and answers with what became of it.
    Delivery(DeliveryAsk),
    /// Answers with what the monitor has found in a period, or with one finding that is marked.
    Monitor(MonitorAsk),
    /// Answers with comments, or decides about one.
    Comments(CommentsAsk),
    /// Answers with a report or a poster, as the paper that is set.
    Report(ReportAsk),
    /// Answers with every entry of the quarantine.
    QuarantineList,
    /// Answers with one entry and its payload.
    QuarantineShow {
        /// Its number.
        number: u64,
    },
    /// Judges entries of the quarantine anew.
    QuarantineReplay {
        /// One entry; all when absent.
        number: Option<u64>,
    },
}

impl Request {
    /// Whether lines follow the request.
    pub fn reads(&self) -> bool {
        matches!(self, Self::Import)
    }

    /// Whether messages have to leave while it is done.
    pub fn reaches_people(&self) -> bool {
        matches!(self, Self::Delivery(_))
    }

    /// Whether it can be done without the log.
    pub fn needs_only_premises(&self) -> bool {
        match self {
            Self::Return(request) => return request.needs_only_premises(),
            Self::Release(request) => return request.needs_only_premises(),
            // What an action is about is looked up among the measures, which needs the definitions.
            Self::ActionAdd(action) => return action.about.is_none(),
            Self::People(request) => return request.needs_only_premises(),
            Self::Identity(_) => return true,
            _ => {}
        }
        matches!(
            self,
            Self::KioskAdd { .. }
                | Self::KioskAssign { .. }
                | Self::KioskList
                | Self::KioskReplaceKey { .. }
                | Self::PinSet { .. }
                | Self::Translation(_)
                | Self::ActionDone { .. }
                | Self::ActionReopen { .. }
                | Self::RebaseRemove { .. }
                | Self::RebaseList
                | Self::PublishEnded(_)
        )
    }
}

/// Notes in the audit what is about to be done, where it is a change or shows records. What cannot be noted is not done, but for one: nobody
/// waits for help because a disk is full.
pub fn note(premises: &Premises, request: &Request) -> Result<()> {
    let kiosk = |id: &KioskId| format!("kiosk:{id}");
    let (deed, about, detail) = match request {
        Request::KioskAdd { id, .. } | Request::KioskAssign { id, .. } | Request::KioskReplaceKey { id, .. } => {
            (Deed::ChangedKiosk, kiosk(id), None)
        }
        Request::Identity(asked) => match asked.noted() {
            Some((about, detail)) => (Deed::ChangedCertificate, about, Some(detail)),
            None => return Ok(()),
        },
        Request::PinSet { role, .. } => (Deed::ChangedPin, format!("pin:{role}"), None),
        Request::Plan(PlanAsk::Set { wish, .. }) => {
            let about = wish.ward.as_ref().map_or_else(|| "plan:trust".to_owned(), |ward| format!("plan:{ward}"));
            (Deed::ChangedPlan, about, Some(wish.reason.clone()))
        }
        Request::Translation(asked) => match asked.noted() {
            Some((about, detail)) => (Deed::ChangedApproval, about, Some(detail)),
            None => return Ok(()),
        },
        Request::ActionAdd(action) => (Deed::ChangedAction, action.unit.to_string(), None),
        Request::ActionDone { number, .. } | Request::ActionReopen { number } => {
            (Deed::ChangedAction, format!("action:{number}"), None)
        }
        Request::HelpSeen { record, .. } => (Deed::SawHelp, format!("request:{record}"), None),
        Request::Alerts(AlertsAsk { seen: Some((key, _)) }) => (Deed::SawAlert, format!("alert:{key}"), None),
        Request::Delivery(DeliveryAsk::Test { contact }) => {
            (Deed::TestedContact, format!("contact:{contact}"), None)
        }
        Request::QuarantineReplay { number } => {
            let about = number.map_or_else(|| "quarantine".to_owned(), |number| format!("quarantine:{number}"));
            (Deed::Replayed, about, None)
        }
        Request::QuarantineShow { number } => (Deed::SawRecords, format!("quarantine:{number}"), None),
        Request::Export => (Deed::SawRecords, "export".to_owned(), None),
        Request::Import => (Deed::Imported, "import".to_owned(), None),
        Request::Rebuild => (Deed::Rebuilt, "facts".to_owned(), None),
        Request::Retention(RetentionAsk { dry_run: false }) => (Deed::Swept, "retention".to_owned(), None),
        Request::Withdraw(WithdrawAsk::Record(record)) => (Deed::Withdrew, format!("record:{record}"), None),
        Request::Backup(asked) => (Deed::BackedUp, "backup".to_owned(), Some(asked.to.display().to_string())),
        Request::RebaseAdd { unit, .. } => (Deed::ChangedRebase, unit.to_string(), None),
        Request::RebaseRemove { number, .. } => (Deed::ChangedRebase, format!("rebase:{number}"), None),
        Request::Return(request) => match request.noted() {
            Some((deed, month)) => (deed, format!("month:{month}"), None),
            None => return Ok(()),
        },
        Request::Release(ReleaseRequest::Make { .. }) => (Deed::Released, "release".to_owned(), None),
        Request::Publish(asked) => (Deed::Published, format!("edition:{}", asked.edition), None),
        Request::Tables(TablesRequest::Write { ask, form }) => {
            (Deed::SawRecords, format!("table:{}", ask.table), Some(form.to_string()))
        }
        Request::Comments(asked) => match asked.noted() {
            Some(noted) => noted,
            None => return Ok(()),
        },
        Request::Monitor(MonitorAsk { period, mark: Some(_) }) => {
            (Deed::MarkedFinding, format!("period:{period}"), None)
        }
        Request::People(request) => match request.noted() {
            Some(noted) => noted,
            None => return Ok(()),
        },
        Request::Scores { unit: Unit::Consultant(consultant), period, audience, .. } => {
            return people::note_scores(premises, consultant, &people::scores_detail(period, *audience));
        }
        // What is seen of a consultant is noted when it is looked at, a publishing when its site is asked for, and a withdrawal once it is
        // found whose record the code is of.
        Request::Withdraw(WithdrawAsk::Code(_) | WithdrawAsk::List)
        | Request::Report(_)
        | Request::PublishEnded(_)
        | Request::Retention(_)
        | Request::Monitor(_)
        | Request::Plan(_)
        | Request::Tables(TablesRequest::List)
        | Request::KioskList
        | Request::ActionList { .. }
        | Request::Verify { .. }
        | Request::Scores { .. }
        | Request::Signal { .. }
        | Request::RebaseList
        | Request::Release(_)
        | Request::HelpList
        | Request::HelpTimes
        | Request::Alerts(_)
        | Request::QuarantineList => return Ok(()),
    };
    let noted = premises.audit.note(Timestamp::now(), COMMAND, deed, Some(&about), detail.as_deref());
    match noted {
        Err(error) if matches!(request, Request::HelpSeen { .. }) => {
            tracing::error!("failed to {error}");
            Ok(())
        }
        noted => noted.map_err(failed),
    }
}
