//! The ways out of the desk that a server has and a test stands in for: each does what it says in memory, or in the folder of the test.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use jiff::civil::Date;
use wardvoice_protocol::id::Hash;
use wardvoice_protocol::questionnaire::Questionnaire;
use wardvoice_protocol::receipt::{Decision, Verdict};

use super::noon;
use crate::disputes::Disputes;
use crate::help::HelpDesk;
use crate::log::Seen;
use crate::planning::Planning;
use crate::previews::{self, Previews};
use crate::publish::{By, Destination, Edition};
use crate::translations::Translations;
use crate::web::{Acknowledge, BrokerConnected, FreeBytes, Replay, Rule, SetPlan, Translate};

/// Previews of the first questionnaire, drawn by a script that stands for the kiosk's program.
pub(super) fn drawn_by_a_script(folder: &Path, questionnaires: &[Questionnaire]) -> Previews {
    let draws = previews::tests::draws(questionnaires.first().unwrap());
    Previews::new(folder.join("previews"), Some(previews::tests::program(folder, &draws)))
}

/// Where everybody's edition goes; the trust's own people have none.
pub(super) fn published_in(folder: &Path) -> Destination {
    Destination { edition: Edition::Public, out: folder.join("www"), put: None, by: By::Whatever }
}

/// Decides about translations and tells nobody.
pub(super) fn translate(translations: Arc<Translations>) -> Translate {
    Arc::new(move |questionnaire, language, ruling, reason, by| {
        let decided = translations.decide(questionnaire, language, ruling, reason, by);
        decided.map_err(|error| error.to_string())
    })
}

/// Keeps what somebody has seen in memory alone.
pub(super) fn acknowledge(help: Arc<HelpDesk>) -> Acknowledge {
    Arc::new(move |record, by| {
        let Some(request) = help.all(noon()).into_iter().find(|request| request.record == record) else {
            return Ok(None);
        };
        help.seen(request.kiosk, record, noon());
        Ok(Some(Seen { at: noon(), by: by.to_string() }))
    })
}

/// Notes what is to be judged again, and says that it is accepted.
pub(super) fn replay(replayed: &Arc<Mutex<Vec<u64>>>) -> Replay {
    let list = Arc::clone(replayed);
    Arc::new(move |numbers| {
        list.lock().unwrap().extend_from_slice(numbers);
        let verdict = Verdict { envelope: Hash::ZERO, record: None, sequence: None, decision: Decision::Accepted };
        Ok(numbers.iter().map(|number| (*number, verdict.clone())).collect())
    })
}

pub(super) fn plan(planning: Arc<Planning>) -> SetPlan {
    Arc::new(move |wish, by| {
        planning.decide(wish, by, Date::constant(2026, 11, 20)).map_err(|error| error.to_string())
    })
}

pub(super) fn rule(disputes: Arc<Disputes>) -> Rule {
    Arc::new(move |number, ruling, note| {
        let today = Date::constant(2026, 11, 20);
        disputes.rule(number, ruling, note, today, noon()).map_err(|error| error.to_string())
    })
}

/// A disk that has as much room as a test says.
pub(super) fn free_bytes(left: &Arc<AtomicU64>) -> FreeBytes {
    let left = Arc::clone(left);
    Arc::new(move || Some(left.load(Ordering::Relaxed)))
}

/// A broker that is there as long as a test says so.
pub(super) fn connected(broker: &Arc<AtomicBool>) -> BrokerConnected {
    let broker = Arc::clone(broker);
    Arc::new(move || broker.load(Ordering::Relaxed))
}
