//! What the monitor found, on the office's page.

use super::desk::Bench;

/// Nine whole responses of one quarter of an hour, in the fortnight before.
async fn burst() -> Bench {
    let mut bench = Bench::lively(true).await;
    for _ in 0..9 {
        bench.writes("W1", "2026-11-03T14:15:00Z", None);
    }
    bench
}

async fn office(bench: &Bench, cookie: &str, path: &str) -> String {
    let response = bench.get(path).header("cookie", cookie).send().await.unwrap();
    assert_eq!(response.status(), 200, "{path}");
    response.text().await.unwrap()
}

const FINDING: &str = "bursts:k-1:2026-11-03";

#[tokio::test]
async fn the_office_sees_what_to_look_at_and_notes_that_it_has() {
    let bench = burst().await;
    let cookie = bench.sign_in().await;
    // The fortnight that ended last, where nothing else is asked for.
    let page = office(&bench, &cookie, "/office").await;
    assert!(page.contains("How answers were gathered") && page.contains("Fortnight 22 of 2026"));
    assert!(page.contains("9 whole responses of one quarter of an hour, from 14:15 on 3 November 2026"), "{page}");
    assert!(page.contains("Nothing here is left out of any score"));
    let mark = async |form: String| {
        let response = bench.post("/office/monitor", &form).header("cookie", &cookie).send().await.unwrap();
        response.status().as_u16()
    };
    let finding = FINDING.replace(':', "%3A");
    assert_eq!(mark(format!("period=2026-F22&finding={finding}&note=")).await, 400);
    assert_eq!(mark("period=2026-F22&finding=nothing&note=x".to_owned()).await, 404);
    assert_eq!(mark(format!("period=2026-F22&finding={finding}&note=a+training+session")).await, 303);
    let page = office(&bench, &cookie, "/office?monitor=2026-F22").await;
    assert!(page.contains("Nothing new to look at") && page.contains("a training session"));
    assert!(page.find("Looked at").unwrap() < page.find("9 whole responses").unwrap(), "it is listed apart");
    assert_eq!(mark(format!("period=2026-F22&finding={finding}")).await, 303, "a mistake is taken back");
    assert!(!office(&bench, &cookie, "/office").await.contains("a training session"));
}

#[tokio::test]
async fn nothing_of_the_monitor_is_for_anybody_else_and_nothing_changes_a_score() {
    let bench = burst().await;
    let before = bench.text("/api/v1/scores?unit=ward:W1&period=2026-F22").await;
    let response = bench.post("/office/monitor", "period=2026-F22&finding=x&note=y").send().await.unwrap();
    assert!(response.headers()["location"].to_str().unwrap().starts_with("/sign-in"));
    assert!(!bench.text("/ward/W1?period=2026-F22").await.contains("whole responses"));
    let cookie = bench.sign_in().await;
    office(&bench, &cookie, "/office?monitor=2026-F22").await;
    assert_eq!(bench.text("/api/v1/scores?unit=ward:W1&period=2026-F22").await, before);
}

#[tokio::test]
async fn a_fortnight_without_answers_says_so() {
    let bench = Bench::empty(true).await;
    let cookie = bench.sign_in().await;
    assert!(office(&bench, &cookie, "/office").await.contains("there is nothing to look at"));
    let response = bench.get("/office?monitor=soon").header("cookie", &cookie).send().await.unwrap();
    assert_eq!(response.status(), 400);
}
