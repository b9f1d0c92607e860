//! What pages keep of what they computed is what a server shows that has just started, whatever has changed.

use wardvoice_protocol::fortnight::Period;

use super::desk::serve;
use super::*;
use crate::rebases::NewRebase;

const PAGES: [&str; 4] =
    ["/trust", "/board", "/department/medicine", "/signal?unit=department:medicine&measure=domain:kindness"];

/// Every page of a server that has shown them all before is that of one over the same desk that has kept nothing.
async fn check(bench: &Bench, after: &str) {
    let fresh = serve(&bench.desk).await;
    for page in PAGES {
        let anew = reqwest::get(format!("http://{fresh}{page}")).await.unwrap().text().await.unwrap();
        assert!(bench.text(page).await == anew, "{page} after {after}");
    }
}

#[tokio::test]
async fn what_is_kept_is_what_is_made_anew() {
    let bench = Bench::lively(true).await;
    check(&bench, "the first view").await;
    bench.answers("W1", Date::constant(2026, 11, 20), 90);
    check(&bench, "an answer").await;
    bench.answers("W3", Date::constant(2026, 9, 2), 10);
    check(&bench, "a late answer of a ward that had none").await;
    let Ok(Period::Fortnight(from)) = bench.desk.scoring.calendar().period("2026-F20") else {
        panic!("a fortnight")
    };
    for unit in ["trust:T1", "department:medicine"] {
        let rebase = NewRebase {
            unit: unit.parse().unwrap(),
            measure: None,
            from: from.to_string(),
            first_day: from.start(),
            reason: "the wards moved".to_owned(),
        };
        bench.desk.rebases.add(rebase).unwrap();
    }
    check(&bench, "a re-basing").await;
    bench.desk.rebases.remove(1, Some("wrong")).unwrap();
    let days = [Date::constant(2026, 9, 1), Date::constant(2026, 9, 27)];
    bench.acted("ward:W1", ["Staff rush.", "We say hello."], Some("domain:kindness"), days);
    check(&bench, "a re-basing that was taken back and an action").await;
    *bench.now.lock().unwrap() = noon() + SignedDuration::from_hours(24 * 4);
    check(&bench, "the end of the fortnight").await;
}
