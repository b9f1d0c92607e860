//! A consultant's page, over a real listener: who sees what at which n.

use jiff::civil::Date;
use serde_json::Value;

use super::desk::{Bench, PASSWORD, noon};
use super::main_of;
use crate::accounts::Proof;
use crate::comments::{Reach, Tone, Wish};

/// The theme of what is about doctors.
const DOCTORS: &str = "doctors";

/// In a fortnight that is final.
const DAY: Date = Date::constant(2026, 11, 3);

/// A server on which everybody who has to do with consultant C1 can sign in.
async fn bench(answers: [usize; 3]) -> Bench {
    let bench = Bench::empty(false).await;
    for (name, role) in
        [("c1", "consultant:C1"), ("appraiser", "appraiser:C1"), ("board", "board"), ("sister", "ward:W1")]
    {
        let role = role.parse().unwrap();
        bench.desk.accounts.add(&name.parse().unwrap(), Proof::Chosen(PASSWORD), &[role]).unwrap();
    }
    bench.patients_of("C1", DAY, answers);
    bench
}

async fn page(bench: &Bench, who: &str, path: &str) -> (u16, String) {
    let cookie = bench.sign_in_as(who).await;
    let response = bench.get(path).header("cookie", &cookie).send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

async fn appraisal(bench: &Bench, who: &str) -> Value {
    let request = bench.get("/api/v1/consultants/C1/appraisal").basic_auth(who, Some(PASSWORD));
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200, "{who}");
    response.json().await.unwrap()
}

#[tokio::test]
async fn the_consultant_sees_as_much_as_the_number_of_patients_can_carry() {
    for (answers, says, never) in [
        (
            [2, 1, 0],
            vec!["3 patients so far", "3 patients: too few to show what they said; shown from 5"],
            vec!["Mean ", "Reliability", "8.3"],
        ),
        (
            [15, 5, 3],
            vec![
                "Not reliable yet",
                "23 patients: too few for a reliable score yet; shown from 27",
                "So far 7.6 (n 23",
                "Mean 7.6",
            ],
            vec!["<b>7.6", "of 1, from"],
        ),
        (
            [20, 7, 3],
            vec!["<b>7.8", "from 30 people", "95% interval", "of 1, from 30 patients", "Published: "],
            vec!["Who they were"],
        ),
        (
            [40, 7, 3],
            vec!["<b>8.7", "Who they were", "50 patients: enough to show everything"],
            vec!["What is not shown here"],
        ),
    ] {
        let bench = bench(answers).await;
        let (status, text) = page(&bench, "c1", "/consultant/C1").await;
        assert_eq!(status, 200);
        for part in says {
            assert!(text.contains(part), "{answers:?} does not say {part}: {}", main_of(&text));
        }
        for part in never {
            assert!(!main_of(&text).contains(part), "{answers:?} says {part}");
        }
    }
}

#[tokio::test]
async fn nobody_else_learns_a_number_and_the_ward_nothing_at_all() {
    let bench = bench([15, 5, 3]).await;
    *bench.now.lock().unwrap() = "2026-12-20T12:00:00Z".parse().unwrap();
    let (status, text) = page(&bench, "board", "/consultant/C1").await;
    assert_eq!(status, 200);
    assert!(text.contains("Nothing is shown of one consultant to anybody else below 27 patients."));
    assert!(!main_of(&text).contains("23"), "{}", main_of(&text));
    let seen = appraisal(&bench, "board").await;
    for field in
        ["patients", "score", "reliability", "domains", "attribution", "disputes", "coverage", "specialty_figures"]
    {
        assert!(seen[field].is_null(), "{field}: {seen}");
    }
    assert_eq!(page(&bench, "sister", "/consultant/C1").await.0, 403);
    bench.patients_of("C1", DAY, [7, 0, 0]);
    let seen = appraisal(&bench, "board").await;
    assert!(seen["score"].is_null() && seen["specialty_figures"]["responses"].is_u64(), "{seen}");
    assert_eq!(seen["show"], "specialty_only");
}

#[tokio::test]
async fn the_appraiser_sees_a_window_once_the_consultant_has() {
    let bench = bench([20, 7, 3]).await;
    let running = "/consultant/C1?window=6m-2026-11-22";
    for who in ["c1", "appraiser"] {
        assert_eq!(page(&bench, who, running).await.0, 400, "{who}: it is not final");
    }
    let window = "/consultant/C1?window=6m-2026-11-08";
    let (status, text) = page(&bench, "appraiser", window).await;
    assert!(status == 403 && text.contains("from 22 November 2026"), "{text}");
    assert_eq!(page(&bench, "c1", window).await.0, 200);
    let (status, text) = page(&bench, "appraiser", window).await;
    assert!(status == 200 && text.contains("<b>7.8"), "{status}");
    assert!(!text.contains("Dispute one of"), "only the consultant disputes");
    assert_eq!(
        page(&bench, "c1", "/consultant/C1?window=6m-2026-11-07").await.0,
        400,
        "no window but a fortnight's"
    );
}

/// Whoever opens every window and subtracts gets what five patients said, or nobody.
#[tokio::test]
async fn a_window_that_would_tell_what_a_few_patients_said_shows_the_one_before() {
    let bench = bench([20, 7, 3]).await;
    let next = Date::constant(2026, 11, 17);
    bench.patients_of("C1", next, [0, 0, 1]);
    *bench.now.lock().unwrap() = "2026-12-10T12:00:00Z".parse().unwrap();
    let window = "/consultant/C1?window=6m-2026-11-22";
    let (status, text) = page(&bench, "c1", window).await;
    assert!(status == 200 && text.contains("from 30 people") && !text.contains("from 31 people"), "{text}");
    assert!(text.contains("You asked for the six months to 22 November 2026. Beside the six months shown here"));
    assert!(!text.contains("<option value=\"6m-2026-11-22\""), "it cannot be chosen");
    let entry = bench.desk.audit.recent(1).pop().unwrap();
    assert_eq!(entry.detail.as_deref(), Some("6m-2026-11-08 as consultant"), "what was seen is noted");
    let path = "/api/v1/consultants/C1/appraisal?window=6m-2026-11-22";
    let seen: Value = bench.get(path).basic_auth("c1", Some(PASSWORD)).send().await.unwrap().json().await.unwrap();
    assert_eq!((&seen["window"], &seen["patients"]), (&"6m-2026-11-08".into(), &30.into()));
    assert_eq!(seen["instead_of"]["window"], "6m-2026-11-22");
    // To the board nothing of the consultant is shown at this number, and nothing is told of a few.
    let (_, text) = page(&bench, "board", window).await;
    assert!(!text.contains("a few patients") && text.contains("22 November 2026"), "{text}");

    bench.patients_of("C1", next, [4, 0, 0]);
    let (_, text) = page(&bench, "c1", window).await;
    assert!(text.contains("from 35 people") && !text.contains("You asked for"), "five came together");
}

#[tokio::test]
async fn every_look_is_noted_and_without_a_note_there_is_no_look() {
    let bench = bench([20, 7, 3]).await;
    page(&bench, "c1", "/consultant/C1").await;
    let entry = bench.desk.audit.recent(1).pop().unwrap();
    assert_eq!((entry.who.as_str(), entry.did.as_str(), entry.at), ("c1", "saw_consultant", noon()));
    assert_eq!(entry.about.as_deref(), Some("consultant:C1"));
    assert_eq!(entry.detail.as_deref(), Some("6m-2026-11-08 as consultant"));
    let cookie = bench.sign_in_as("c1").await;
    bench.desk.audit.break_for_a_test();
    for path in ["/consultant/C1", "/api/v1/consultants/C1/appraisal"] {
        let response = bench.get(path).header("cookie", &cookie).send().await.unwrap();
        assert_eq!(response.status(), 503, "{path}");
        let text = response.text().await.unwrap();
        assert!(!text.contains("7.8") && text.contains("written down"), "{text}");
    }
    let form = format!("name=board&password={}", PASSWORD.replace(' ', "+"));
    let response = bench.post("/sign-in", &form).send().await.unwrap();
    assert_eq!(response.status(), 503, "a sign-in that cannot be noted begins no session");
    assert!(response.headers().get("set-cookie").is_none());
}

#[tokio::test]
async fn an_appraisal_is_the_same_bytes_twice() {
    let bench = bench([20, 7, 3]).await;
    let mut texts = Vec::new();
    for _ in 0..2 {
        let request = bench.get("/api/v1/consultants/C1/appraisal").basic_auth("c1", Some(PASSWORD));
        texts.push(request.send().await.unwrap().text().await.unwrap());
    }
    assert_eq!(texts.first(), texts.last());
    let value: Value = serde_json::from_str(texts.first().unwrap()).unwrap();
    insta::assert_json_snapshot!("appraisal", value);
}

#[tokio::test]
async fn what_is_no_contact_of_the_consultant_cannot_be_disputed() {
    let bench = bench([20, 7, 3]).await;
    let cookie = bench.sign_in_as("c1").await;
    for contact in ["", "0123", &"a".repeat(32)] {
        let form = format!("window=6m-2026-11-08&contact={contact}&reason=away");
        let response = bench.post("/consultant/C1/dispute", &form).header("cookie", &cookie).send().await.unwrap();
        assert_eq!(response.status(), 400, "{contact}");
        assert!(response.text().await.unwrap().contains("choose one from the page"));
    }
    assert!(bench.desk.disputes.list().is_empty());
}

/// Below five patients a dispute tells where and when nobody was, neither by what can be chosen nor by what was.
#[tokio::test]
async fn few_patients_are_disputed_all_together_and_not_told_apart() {
    let mut bench = bench([0, 0, 0]).await;
    for at in ["2026-10-06T10:15:00Z", "2026-10-20T10:15:00Z", "2026-11-03T10:15:00Z"] {
        bench.writes_of(Some("C1"), "W1", at, None);
    }
    let window = "/consultant/C1?window=6m-2026-11-08";
    let tells_nothing = |text: &str| {
        let main = main_of(text);
        assert!(
            main.contains("3 patients so far") && !main.contains("2026-F") && !main.contains("said by"),
            "{main}"
        );
    };
    let (_, text) = page(&bench, "c1", window).await;
    assert!(text.contains("Dispute these patients") && text.contains("All on ward W1"), "{text}");
    tells_nothing(&text);
    let cookie = bench.sign_in_as("c1").await;
    let disputes = async |form: &str| {
        let response = bench.post("/consultant/C1/dispute", form).header("cookie", &cookie).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    let form = |rest: &str| format!("window=6m-2026-11-08&reason=on+leave{rest}");
    let handle = format!("&contact={}", "a".repeat(32));
    for rest in [handle.as_str(), "&ward=W9", "&ward=nowhere+at+all"] {
        assert_eq!(disputes(&form(rest)).await.0, 400, "{rest}");
    }
    assert_eq!(disputes(&form("&contact=&ward=")).await.0, 303);
    let found = bench.desk.disputes.list().pop().unwrap();
    assert_eq!((found.contacts, found.window.as_deref(), found.fortnight), (3, Some("6m-2026-11-08"), None));
    let (status, text) = disputes(&form("&ward=")).await;
    assert!(status == 400 && text.contains("disputed before, as number 1"), "{text}");
    let (_, text) = page(&bench, "c1", window).await;
    assert!(text.contains("All of 6m-2026-11-08") && text.contains("on leave"), "{text}");
    tells_nothing(&text);
    let (_, text) = page(&bench, "office", "/office/disputes").await;
    assert!(text.contains("All of 6m-2026-11-08") && text.contains("3 patients"), "{text}");
}

#[tokio::test]
async fn comments_about_doctors_are_for_the_consultant_once_they_are_passed_and_five_have_answered() {
    let mut bench = bench([20, 7, 3]).await;
    *bench.now.lock().unwrap() = "2026-12-20T12:00:00Z".parse().unwrap();
    let at = "2026-11-04T10:15:00Z";
    let ours = bench.writes_of(Some("C1"), "W1", at, Some(("good", "The doctor EXPLAINED it twice.")));
    bench.writes_of(Some("C1"), "W1", at, Some(("better", "PLANTED and never passed")));
    let theirs = bench.writes_of(Some("C2"), "W1", at, Some(("good", "ANOTHER doctor was kind.")));
    for comment in [&ours, &theirs] {
        bench.decides(comment, &Wish::Code([DOCTORS.parse().unwrap()].into()));
        bench.decides(comment, &Wish::Release(Tone::Praise, Reach::Staff));
    }
    let window = "/consultant/C1?window=6m-2026-11-08";
    for who in ["c1", "appraiser"] {
        let (status, text) = page(&bench, who, window).await;
        assert!(status == 200 && text.contains("EXPLAINED"), "{who}: {status}");
        assert!(!text.contains("PLANTED") && !text.contains("ANOTHER"), "{who}");
    }
    assert!(!page(&bench, "board", window).await.1.contains("EXPLAINED"));

    let mut few = self::bench([2, 1, 0]).await;
    let comment = few.writes_of(Some("C1"), "W1", at, Some(("good", "The doctor EXPLAINED it twice.")));
    few.decides(&comment, &Wish::Code([DOCTORS.parse().unwrap()].into()));
    few.decides(&comment, &Wish::Release(Tone::Praise, Reach::Staff));
    assert!(!page(&few, "c1", window).await.1.contains("EXPLAINED"), "four patients are too few");
}

#[tokio::test]
async fn a_comment_of_a_patient_who_was_not_the_consultants_goes_with_the_dispute() {
    let mut bench = bench([20, 7, 3]).await;
    let comment =
        bench.writes_of(Some("C1"), "W1", "2026-11-04T10:15:00Z", Some(("good", "The doctor EXPLAINED it.")));
    bench.decides(&comment, &Wish::Code([DOCTORS.parse().unwrap()].into()));
    bench.decides(&comment, &Wish::Release(Tone::Praise, Reach::Staff));
    let window = "/consultant/C1?window=6m-2026-11-08";
    assert!(page(&bench, "c1", window).await.1.contains("EXPLAINED"));
    let (consultant, scoring) = ("C1".parse().unwrap(), &bench.desk.scoring);
    let (last, six_months) = (Date::constant(2026, 11, 20), scoring.calendar().period("6m-2026-11-08").unwrap());
    let contacts = bench.desk.attributed.of(&consultant, &six_months, scoring, last).unwrap();
    let contact = contacts.first().unwrap();
    let dispute = bench.desk.disputes.dispute(contact, "on leave", last, noon()).unwrap();
    assert!(page(&bench, "c1", window).await.1.contains("EXPLAINED"), "it is open");
    bench.desk.disputes.rule(dispute.number, crate::disputes::Ruling::Upheld, "so it was", last, noon()).unwrap();
    assert!(!page(&bench, "c1", window).await.1.contains("EXPLAINED"));
}
