//! The office's pages: fleet, quarantine, plan.

use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::Value;
use wardvoice_protocol::id::{Hash, KioskId};
use wardvoice_protocol::receipt::Reason;

use super::desk::{AMPLE, alert};
use super::*;
use crate::alerts::Kind;
use crate::authority::{Authority, CertificateRequest, testing};
use crate::web::words;

mod contacts;
mod month;
mod plan;
mod publish;
mod questionnaires;
mod release;
mod themes;
mod withdrawal;

impl Bench {
    /// A page as the office sees it; it must be there.
    pub(super) async fn office(&self, path: &str) -> String {
        let cookie = self.sign_in().await;
        let response = self.get(path).header("cookie", cookie).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        response.text().await.unwrap()
    }

    /// What comes of a form of the office: the status, and where it leads or what it says.
    pub(super) async fn office_sends(&self, path: &str, form: &str) -> (u16, String) {
        let cookie = self.sign_in().await;
        let response = self.post(path, form).header("cookie", cookie).send().await.unwrap();
        let status = response.status().as_u16();
        match response.headers().get("location") {
            Some(location) => (status, location.to_str().unwrap().to_owned()),
            None => (status, response.text().await.unwrap()),
        }
    }
}

#[tokio::test]
async fn the_office_sees_what_each_kiosk_is_told_to_ask_and_whether_it_does() {
    let bench = Bench::lively(false).await;
    let cookie = bench.sign_in().await;
    let inpatient = bench.desk.world.questionnaires[0].hash();
    let shown = async || {
        let page = bench.get("/fleet").header("cookie", &cookie).send().await.unwrap().text().await.unwrap();
        let fleet = bench.get("/api/v1/fleet").header("cookie", &cookie).send().await.unwrap();
        let fleet: Vec<Value> = fleet.json().await.unwrap();
        let row = fleet.into_iter().find(|row| row["kiosk"] == "k-1").unwrap();
        assert_eq!(
            (&row["questionnaire"], &row["questionnaire_asked"]),
            (&"inpatient@1".into(), &inpatient.to_string().into())
        );
        (page, row["questionnaire_applied"].clone())
    };
    let (page, applied) = shown().await;
    assert!(page.contains("it has not said so") && applied.is_null());
    bench.asks("k-1", Hash::ZERO);
    let (page, applied) = shown().await;
    assert!(page.contains("not yet: it goes on with what it had") && applied == Hash::ZERO.to_string());
    bench.asks("k-1", inpatient);
    assert!(!shown().await.0.contains("not yet"));
}

#[tokio::test]
async fn the_fleet_shows_silent_kiosks_first_and_says_in_words_what_to_look_at() {
    let mut bench = Bench::lively(false).await;
    bench.refuse("k-2", Reason::Clock);
    let page = bench.office("/fleet").await;
    let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text} is not there"));
    assert!(place("k-3") < place("k-2") && place("k-2") < place("k-1"), "never heard, long silent, just heard");
    assert!(page.contains("Silent: 2 kiosks") && page.contains("Heard from: 1 kiosk"));
    assert!(page.contains("3 seconds ahead") && page.contains("no word since the last restart"));
    assert!(!page.contains("NaN") && !page.contains("style="));
    insta::assert_snapshot!("fleet", main_of(&page).replace('>', ">\n"));
}

/// A disk was copied: the office reads it before anything else, and what comes after somebody has looked is news.
#[tokio::test]
async fn two_tablets_with_one_name_come_first_until_somebody_has_seen_it_and_another_record_comes() {
    const TITLE: &str = "Two tablets with one name: 1 kiosk";
    let mut bench = Bench::lively(false).await;
    let first = async |bench: &Bench| {
        let sheets: Value = serde_json::from_str(&bench.office("/api/v1/fleet").await).unwrap();
        sheets[0].clone()
    };
    assert_eq!((&first(&bench).await["kiosk"], &first(&bench).await["fork"]), (&"k-3".into(), &Value::Null));
    assert!(!bench.office("/fleet").await.contains(TITLE));

    bench.forks(1);
    let page = bench.office("/fleet").await;
    let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text} is not there"));
    assert!(place(TITLE) < place("Silent: 1 kiosk"));
    assert!(place("id=\"kiosk-k-2\"") < place("id=\"kiosk-k-3\""), "before whoever was never heard from");
    assert!(page.contains("wo tablets send in its name, 1 record is not counted: take it off and enrol it again"));
    assert!(bench.office("/office").await.contains("2 of 3 kiosks silent, 1 with two tablets in one name"));
    let sheet = first(&bench).await;
    assert_eq!((&sheet["kiosk"], &sheet["fork"]["records"]), (&"k-2".into(), &1.into()));
    assert_eq!(sheet["fork"]["last"], "2026-11-20T11:55:00Z");

    bench.finds(vec![alert(Kind::ForkedChain, "forked_chain:k-2", "it", "/fleet")], AMPLE);
    bench.finds(vec![alert(Kind::ForkedChain, "forked_chain:k-9", "it", "/fleet")], AMPLE);
    assert_eq!(bench.office_sends("/alerts/seen", "key=forked_chain:k-9").await.0, 303);
    assert!(bench.office("/fleet").await.contains(TITLE), "it was another kiosk's");
    assert_eq!(bench.office_sends("/alerts/seen", "key=forked_chain:k-2").await.0, 303);
    assert!(!bench.office("/fleet").await.contains(TITLE));
    assert_eq!(first(&bench).await["fork"], Value::Null);

    bench.forks(2);
    assert!(bench.office("/fleet").await.contains("2 records are not counted"));
}

/// A backup from before was restored, and the kiosk has nothing left to send.
#[tokio::test]
async fn the_fleet_says_what_kiosks_have_receipts_for_and_the_log_does_not_have() {
    let mut bench = Bench::lively(false).await;
    assert!(!bench.office("/fleet").await.contains("has had receipts"), "what waits on a kiosk is not lost");
    bench.has_receipts_for("k-1", 10);
    let page = bench.office("/fleet").await;
    let says = "10 records are not here although it has had receipts for them";
    assert!(page.contains(says) && page.contains("10 sealed and not here yet"), "{page}");
    bench.refuse("k-1", Reason::WrongSignature);
    let page = bench.office("/fleet").await;
    assert!(page.contains("9 records are not here although"), "what is in the quarantine is here: {page}");
    bench.has_receipts_for("k-1", 1);
    assert!(!bench.office("/fleet").await.contains("has had receipts"));
}

#[tokio::test]
async fn the_fleet_says_until_when_the_brokers_certificate_is_valid() {
    let bench = Bench::lively(false).await;
    assert!(!bench.office("/fleet").await.contains("certificate"), "there is none without TLS");
    for (until, says) in [
        ("2027-03-03T12:00:00Z", "certificate is valid until <strong>3 March 2027"),
        ("2026-01-05T12:00:00Z", "certificate ran out on <strong>5 January 2026"),
    ] {
        bench.desk.fleet.broker_certificate(until.parse().unwrap());
        let page = bench.office("/fleet").await;
        assert!(page.contains(says), "{page}");
    }
}

#[tokio::test]
async fn the_fleet_says_until_when_each_kiosks_certificate_is_valid_and_who_was_taken_off() {
    let bench = Bench::lively(false).await;
    let folder = tempfile::tempdir().unwrap();
    let authority = Arc::new(Authority::open(&folder.path().join("authority")).unwrap());
    bench.desk.fleet.know_passes(&authority);
    let admit = |id: &str, days_ago: i64| {
        let request = CertificateRequest::read(&testing::request()).unwrap();
        let at = (bench.desk.now)() - SignedDuration::from_hours(24 * days_ago);
        authority.admit(&KioskId::new(id).unwrap(), &request, at).unwrap().until
    };
    let until = admit("k-1", 0);
    admit("k-2", 80);
    admit("k-3", 1);
    authority.revoke(&KioskId::new("k-3").unwrap(), (bench.desk.now)()).unwrap();
    let page = bench.office("/fleet").await;
    let day = words::day(bench.desk.scoring.calendar().day_of(until));
    assert!(page.contains(&format!("until {day}")), "{page}");
    assert!(page.contains("ts certificate ends soon and was not renewed"), "{page}");
    assert!(page.contains("taken back") && page.contains("t was taken off, and is not let in"), "{page}");

    let sheets: Value = serde_json::from_str(&bench.office("/api/v1/fleet").await).unwrap();
    let of = |id: &str| sheets.as_array().unwrap().iter().find(|sheet| sheet["kiosk"] == id).unwrap().clone();
    assert_eq!(of("k-1")["certificate_until"], serde_json::json!(until));
    assert_eq!(
        (&of("k-3")["certificate_until"], &of("k-3")["taken_off"]),
        (&Value::Null, &serde_json::json!(true))
    );
    let all: Value = serde_json::from_str(&bench.office("/api/v1/certificates").await).unwrap();
    let names: Vec<_> = all.as_array().unwrap().iter().map(|sheet| sheet["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["k-2", "k-1"], "what ends first is first, and what was taken back is not there");
}

#[tokio::test]
async fn a_fleet_that_nobody_has_heard_from_is_silent() {
    let bench = Bench::empty(false).await;
    let page = bench.office("/fleet").await;
    assert!(page.contains("Heard from: 0 kiosks") && page.contains("None."));
}

#[tokio::test]
async fn the_quarantine_says_why_and_can_be_tried_again_page_by_page() {
    let mut bench = Bench::lively(false).await;
    assert!(bench.office("/office/quarantine").await.contains("Nothing is in quarantine."));
    bench.refuse("k-2", Reason::Clock);
    bench.refuse("k-9", Reason::UnknownKiosk);
    let cookie = bench.sign_in().await;
    let page = bench.office("/office/quarantine").await;
    for said in ["The tablet's clock is too far out", "The kiosk is not registered", "the clock is 400 days ahead"]
    {
        assert!(page.contains(said), "{said}");
    }
    let replay = async |form: &str| {
        let response =
            bench.post("/office/quarantine/replay", form).header("cookie", &cookie).send().await.unwrap();
        response.headers()["location"].to_str().unwrap().to_owned()
    };
    assert_eq!(replay("number=1&from=0").await, "/office/quarantine?from=0&tried=1&taken=1");
    assert_eq!(replay("").await, "/office/quarantine?from=0&tried=2&taken=2");
    assert_eq!(replay("from=99999").await, "/office/quarantine?from=99999&tried=0&taken=0");
    assert_eq!(bench.replayed.lock().unwrap().len(), 3);
    let told = bench.office("/office/quarantine?tried=2&taken=1").await;
    assert!(told.contains("Tried 2 again: 1 could be counted now."));
    let beyond = bench.office("/office/quarantine?from=10000").await;
    assert!(beyond.contains("Nothing has so high a number.") && beyond.contains("from=9800"));
    let list = bench.get("/api/v1/quarantine?limit=1").header("cookie", &cookie).send().await.unwrap();
    let list: Value = list.json().await.unwrap();
    assert_eq!(list["total"], 2);
    assert_eq!(list["entries"].as_array().unwrap().len(), 1);
    assert!(list["next"].is_u64());
    assert!(list["entries"][0].get("payload").is_none());
}

#[tokio::test]
async fn the_ten_thousandth_refusal_is_on_a_page_of_its_own() {
    let mut bench = Bench::empty(false).await;
    bench.refuse_many(10_050);
    let page = bench.office("/office/quarantine?from=9999").await;
    assert!(page.contains("Numbers 9,999 to 10,0") && page.contains("<td>10,000</td>"), "{}", &page[..2_000]);
    let first = bench.office("/office/quarantine").await;
    assert_eq!(first.matches("<tr>").count(), 201, "a page is bounded");
    assert!(first.contains("Later"));
}
