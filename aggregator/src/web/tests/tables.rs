//! Tables over HTTP: who gets which rows, that they are whole, and that nothing is in them that nobody has passed.

use sha2::{Digest as _, Sha256};
use wardvoice_protocol::id::Hash;

use super::*;
use crate::accounts::Proof;
use crate::audit::Deed;
use crate::comments::{Reach, Tone, Wish};
use crate::web::tables::Downloads;

impl Bench {
    async fn account(&self, role: &str) -> String {
        let name = role.replace(':', "-").to_lowercase();
        self.desk.accounts.add(&name.parse().unwrap(), Proof::Chosen(PASSWORD), &[role.parse().unwrap()]).unwrap();
        self.sign_in_as(&name).await
    }

    /// A table's bytes; it must be there.
    async fn table(&self, path: &str, cookie: &str) -> Vec<u8> {
        let answer = self.get(&format!("/api/v1/tables/{path}")).header("cookie", cookie).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.bytes().await.unwrap().to_vec()
    }

    pub(super) fn decides(&self, comment: &str, wish: &Wish) {
        let id = comment.parse().unwrap();
        let (_, history) = self.desk.comments.one(&id).unwrap();
        self.desk.comments.decide(&id, history.last(), &"office".parse().unwrap(), wish, noon()).unwrap();
    }
}

/// The rows of CSV, and whether its last line tells the truth.
fn rows(bytes: &[u8]) -> Vec<std::collections::BTreeMap<String, String>> {
    let text = std::str::from_utf8(bytes).unwrap();
    let last = text.trim_end().rfind('\n').unwrap() + 1;
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(bytes);
    let names = reader.headers().unwrap().clone();
    let rows: Vec<_> = reader
        .records()
        .map(|row| names.iter().map(str::to_owned).zip(row.unwrap().iter().map(str::to_owned)).collect())
        .collect();
    let hash = Hash::from_bytes(Sha256::digest(&text.as_bytes()[..last]).into());
    assert_eq!(text[last..].trim_end(), format!("#rows={};sha256={hash}", rows.len()));
    rows
}

#[tokio::test]
async fn the_office_gets_every_response_and_nobody_in_charge_of_it() {
    let bench = Bench::lively(false).await;
    bench.patients_of("C1", Date::constant(2026, 11, 12), [9, 2, 1]);
    let cookie = bench.sign_in().await;
    let table = bench.table("responses?format=csv", &cookie).await;
    let rows = rows(&table);
    assert_eq!(rows.len(), 7 * 40 + 31 + 12 + 12);
    let text = String::from_utf8(table.clone()).unwrap();
    assert!(!text.contains("C1"), "a named consultant is in the table");
    assert!(rows.iter().all(|row| row["day"].as_str() >= "2026-08-03" && row["ward"].starts_with('W')));
    assert_eq!(rows.iter().filter(|row| row["attributed_by"] == "roster").count(), 12);
    assert!(rows.iter().all(|row| row["questionnaire"] == "inpatient@1" && !row["q_kindness"].is_empty()));
    assert_eq!(bench.table("responses?format=csv", &cookie).await, table, "the same twice");
    let noted = bench.desk.audit.recent(5);
    let seen = noted.iter().filter(|entry| entry.did == Deed::SawRecords.as_str());
    assert_eq!(seen.filter(|entry| entry.about.as_deref() == Some("table:responses")).count(), 2, "{noted:?}");
    let some = bench.table("responses?format=csv&from=2026-10-27&to=2026-10-27", &cookie).await;
    assert!(!self::rows(&some).is_empty() && self::rows(&some).len() < rows.len());
}

#[tokio::test]
async fn everybody_is_given_the_units_they_may_read() {
    let bench = Bench::lively(false).await;
    let units = async |role: &str| {
        let cookie = bench.account(role).await;
        let rows = rows(&bench.table("scores?by=half-year", &cookie).await);
        let contacts = self::rows(&bench.table("contacts?by=month", &cookie).await);
        let mut units: Vec<String> = rows.iter().map(|row| row["unit"].clone()).collect();
        units.dedup();
        let mut wards: Vec<String> = contacts.iter().map(|row| row["ward"].clone()).collect();
        wards.sort();
        wards.dedup();
        (units, wards)
    };
    assert_eq!(units("ward:W1").await, (vec!["ward:W1".to_owned()], vec!["W1".to_owned()]));
    let (units, wards) = units("board").await;
    assert!(units.contains(&"trust:T1".to_owned()) && !units.iter().any(|unit| unit.starts_with("consultant")));
    assert_eq!(wards, ["W1", "W2", "W3"]);
}

#[tokio::test]
async fn a_score_in_a_table_is_the_one_on_the_page() {
    let bench = Bench::lively(false).await;
    let cookie = bench.sign_in().await;
    let rows = rows(&bench.table("scores?from=2026-11-09&by=fortnight", &cookie).await);
    let found = rows.iter().find(|row| row["unit"] == "ward:W1" && row["measure"] == "overall").unwrap();
    let sheet = bench.get("/api/v1/scores?unit=ward:W1").header("cookie", &cookie).send().await.unwrap();
    let sheet: Value = sheet.json().await.unwrap();
    assert_eq!(found["n"], sheet["overall"]["n"].to_string());
    let value = |number: f64| format!("{number:.12}");
    assert_eq!(value(found["value"].parse().unwrap()), value(sheet["overall"]["value"].as_f64().unwrap()));
    assert_eq!(found["period"], "2026-F23");
    assert_eq!(found["standing"], "provisional");
    assert_eq!(found["definition_sha256"], sheet["definition"]["hash"].as_str().unwrap());
}

#[tokio::test]
async fn what_nobody_has_passed_is_in_no_table() {
    let mut bench = Bench::lively(false).await;
    bench.writes("W1", "2026-11-10T10:00:00Z", Some(("better", "PLANTED and never passed")));
    let staff = bench.writes("W1", "2026-11-10T11:00:00Z", Some(("good", "=Kind, \"always\"")));
    bench.decides(&staff, &Wish::Release(Tone::Praise, Reach::Staff));
    let office = bench.sign_in().await;
    let ward = bench.account("ward:W1").await;
    let other = bench.account("ward:W2").await;
    for cookie in [&office, &ward, &other] {
        for table in ["responses", "scores", "contacts", "comments", "actions"] {
            let answer = bench.get(&format!("/api/v1/tables/{table}?format=json")).header("cookie", cookie);
            let text = answer.send().await.unwrap().text().await.unwrap();
            assert!(!text.contains("PLANTED"), "{table}");
        }
    }
    let passed = rows(&bench.table("comments", &ward).await);
    assert_eq!(passed.len(), 1);
    assert_eq!(passed[0]["text"], "'=Kind, \"always\"", "a spreadsheet takes it for words");
    assert!(rows(&bench.table("comments", &other).await).is_empty());
}

#[tokio::test]
async fn a_question_that_makes_no_sense_is_answered_in_words() {
    let bench = Bench::lively(false).await;
    let cookie = bench.sign_in().await;
    let check = async |path: &str, status: u16, says: &str| {
        let answer = bench.get(&format!("/api/v1/tables/{path}")).header("cookie", &cookie).send().await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
        let detail = answer.json::<Value>().await.unwrap()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(says), "{path}: {detail}");
    };
    check("responses?from=2026-11-10&to=2026-11-09", 400, "its first day 2026-11-10 is after its last").await;
    check("responses?from=yesterday", 400, "from:").await;
    check("responses?format=pdf", 400, "\"pdf\" is no format").await;
    check("responses?questionnaire=other", 400, "there are inpatient").await;
    check("scores?by=week", 400, "by:").await;
    check("scores?from=1950-01-01", 400, "more than 300 periods").await;
    check("everything", 404, "is no table").await;
}

#[tokio::test]
async fn every_form_is_sent_with_its_name() {
    let bench = Bench::lively(false).await;
    let cookie = bench.sign_in().await;
    for (format, ending, begins) in [
        ("csv", "csv", &b"day,"[..]),
        ("xlsx", "xlsx", b"PK"),
        ("json", "ndjson", b"{\"day\""),
        ("parquet", "parquet", b"PAR1"),
    ] {
        let answer = bench.get(&format!("/api/v1/tables/responses?format={format}")).header("cookie", &cookie);
        let answer = answer.send().await.unwrap();
        let named = answer.headers()["content-disposition"].to_str().unwrap().to_owned();
        assert_eq!(named, format!("attachment; filename=\"wardvoice-responses-2026-11-20.{ending}\""));
        assert!(answer.bytes().await.unwrap().starts_with(begins), "{format}");
    }
    let page = bench.get("/tables").header("cookie", &cookie).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("Responses") && page.contains("action=\"/api/v1/tables/scores\""));
}

#[test]
fn only_a_few_downloads_run_at_a_time() {
    let downloads = Downloads::default();
    let running = [downloads.begin().unwrap(), downloads.begin().unwrap()];
    assert!(downloads.begin().is_err());
    drop(running);
    assert!(downloads.begin().is_ok());
}
