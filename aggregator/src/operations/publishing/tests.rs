//! A month and its releases in the house of a demonstration, by the requests that commands send.
#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use std::sync::Arc;

use jiff::ToSpan as _;
use serde_json::Value;

use super::*;
use crate::config::{Config, ConfigFile};
use crate::demo;
use crate::fleet::Fleet;
use crate::operations::heard::Heard;
use crate::operations::{Request, perform};

/// A house with ten fortnights behind it.
struct Place {
    house: House,
    _folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let config = Config::try_from(ConfigFile::default().for_demonstration()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let past = demo::Past { seed: 5, fortnights: demo::FORTNIGHTS, times: 1 };
        demo::prepare(folder.path(), &config, past, &mut Heard::default()).unwrap();
        // A demonstration releases; here somebody else will.
        std::fs::remove_file(folder.path().join("releases.ndjson")).unwrap();
        let premises = Premises::open(folder.path(), config).unwrap();
        let house = House::open(premises, Box::new(|_, _, _| ()), Arc::new(Fleet::new()), Arc::default()).unwrap();
        Self { house, _folder: folder }
    }

    fn ask(&self, request: Request) -> Result<(bool, Vec<Value>)> {
        let mut heard = Heard::default();
        let is_well = perform(&self.house, request, &mut heard)?;
        Ok((is_well, heard.0))
    }

    /// The last month that is over, and settled.
    fn month(&self) -> String {
        let day = self.house.premises.today().saturating_sub(8.days()).first_of_month().yesterday().unwrap();
        self.house
            .premises
            .config
            .calendar
            .period(&format!("{:04}-{:02}", day.year(), day.month()))
            .unwrap()
            .to_string()
    }

    fn made(&self, check: bool) -> (bool, Value) {
        let request = ReturnRequest::Make { month: self.month(), as_of: None, check };
        let (is_well, mut answers) = self.ask(Request::Return(request)).unwrap();
        (is_well, answers.pop().unwrap())
    }

    fn note_eligible(&self, count: u64) {
        let wards = self.house.premises.directory.wards().iter();
        let counts = wards.map(|ward| (ward.id.clone(), count)).collect();
        let request = ReturnRequest::NoteEligible { month: self.month(), counts };
        let (_, lines) = self.ask(Request::Return(request)).unwrap();
        assert_eq!(lines.len(), 26);
    }
}

fn checks(made: &Value) -> std::collections::BTreeSet<&str> {
    let findings = made.get("findings").and_then(Value::as_array).unwrap();
    findings.iter().map(|finding| finding.get("check").and_then(Value::as_str).unwrap()).collect()
}

#[test]
fn a_month_is_made_checked_exported_and_compared_with_its_export() {
    let place = Place::new();
    let (is_well, made) = place.made(true);
    assert!(!is_well, "there is something to look at");
    let found = checks(&made);
    assert!(found.contains("eligible_missing") && found.contains("code_missing"), "{found:?}");
    for wrong in ["reconcile", "gap", "month_not_over", "provisional", "ward_twice"] {
        assert!(!found.contains(wrong), "{wrong}");
    }
    let number = |made: &Value, pointer: &str| made.pointer(pointer).and_then(Value::as_u64);
    let all: u64 = ["very_good", "good", "neither", "poor", "very_poor", "dont_know"]
        .iter()
        .map(|answer| number(&made, &format!("/return/trust/answers/answers/{answer}")).unwrap())
        .sum();
    assert!(all > 300, "{all} answers");
    assert_eq!(made.get("files").and_then(Value::as_object).map(serde_json::Map::len), Some(4));

    place.note_eligible(500);
    let (_, made) = place.made(false);
    assert!(!checks(&made).contains("eligible_missing"));
    assert_eq!(number(&made, "/return/trust/eligible"), Some(13_000));
    let exported = |digest: Hash| ReturnRequest::Exported {
        month: place.month(),
        as_of: place.house.premises.today().yesterday().unwrap(),
        digest,
    };
    let refused = place.ask(Request::Return(exported(Hash::ZERO))).unwrap_err().to_string();
    assert!(refused.contains("export again"), "{refused}");
    let digest: Hash = serde_json::from_value(made.get("digest").unwrap().clone()).unwrap();
    place.ask(Request::Return(exported(digest))).unwrap();
    assert!(!checks(&place.made(false).1).contains("differs_from_export"));
    place.note_eligible(501);
    assert!(checks(&place.made(false).1).contains("differs_from_export"));
}

#[test]
fn the_public_sees_what_was_planned_once_it_is_released() {
    let place = Place::new();
    let plan = || {
        let request = ReleaseRequest::Plan { until: None, fortnights: false };
        place.ask(Request::Release(request)).unwrap().1.pop().unwrap()
    };
    let releases = |plan: &Value| plan.get("releases").and_then(Value::as_array).map_or(0, Vec::len);
    let listed = || place.ask(Request::Release(ReleaseRequest::List)).unwrap().1.len();
    let planned = plan();
    assert!(releases(&planned) > 200, "{}", releases(&planned));
    assert_eq!(listed(), 0, "a plan releases nothing");
    let request = ReleaseRequest::Make { until: None, fortnights: false };
    let made = place.ask(Request::Release(request)).unwrap().1.pop().unwrap();
    assert_eq!(made, planned);
    assert_eq!(listed(), releases(&planned));
    let again = plan();
    assert_eq!(releases(&again), 0);
    assert_eq!(again.get("standing").and_then(Value::as_u64), Some(releases(&planned) as u64));
}

#[test]
fn what_cannot_be_asked_is_said() {
    let place = Place::new();
    let today = place.house.premises.today();
    let make =
        |month: &str, as_of| Request::Return(ReturnRequest::Make { month: month.to_owned(), as_of, check: false });
    let later = today.saturating_add(40.days());
    let later = format!("{:04}-{:02}", later.year(), later.month());
    let eligible = |ward: &str| {
        let counts = BTreeMap::from([(ward.parse().unwrap(), 1)]);
        Request::Return(ReturnRequest::NoteEligible { month: place.month(), counts })
    };
    let check = |request: Request, says: &str| {
        let said = place.ask(request).unwrap_err().to_string();
        assert!(said.contains(says), "{said}");
    };
    check(make("2026-F23", None), "write a year and a month");
    check(make("October", None), "write a year and a month");
    check(make(&place.month(), Some(today)), "that day is not over");
    check(make(&later, None), "it had not begun");
    check(eligible("W99"), "no such ward");
    check(Request::Release(ReleaseRequest::Plan { until: Some(today), fortnights: true }), "that day is not over");
}
