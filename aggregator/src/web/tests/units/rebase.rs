//! Where limits start afresh, decided by the office on the page of a chart.

use super::*;

const CHART: &str = "/signal?unit=ward:W1&measure=overall";

#[tokio::test]
async fn the_office_starts_limits_afresh_and_takes_it_back_on_the_chart() {
    let bench = Bench::lively(false).await;
    let page = bench.office(CHART).await;
    assert!(
        page.contains("Nowhere: the limits are made of all fortnights.") && page.contains("Every chart of Ward 1")
    );
    let form = "unit=ward:W1&shown=overall&measure=&from=2026-F20&reason=It+moved";
    let (status, location) = bench.office_sends("/signal/rebase", form).await;
    assert_eq!((status, location.as_str()), (303, "/signal?unit=ward:W1&measure=overall#rebases"));
    let page = bench.office(CHART).await;
    assert!(
        page.contains("Limits start afresh: It moved") && page.contains("From 2026-F20: It moved (every chart)")
    );
    let (status, _) =
        bench.office_sends("/signal/rebase/remove", "unit=ward:W1&shown=overall&number=1&reason=Wrong+ward").await;
    assert_eq!(status, 303);
    assert!(bench.office(CHART).await.contains("(taken back: Wrong ward)"));
    let noted = |about: &str| {
        bench.desk.audit.recent(5).iter().any(|entry| {
            entry.did == "changed_rebase" && entry.about.as_deref() == Some(about) && entry.who == "office"
        })
    };
    assert!(noted("ward:W1") && noted("rebase:1"));
}

#[tokio::test]
async fn what_cannot_be_started_afresh_is_said_and_nothing_changes() {
    let bench = Bench::lively(false).await;
    for (path, form, status, says) in [
        ("/signal/rebase", "unit=ward:W9&shown=overall&from=2026-F20&reason=x", 404, "no unit “ward:W9”"),
        ("/signal/rebase", "unit=ward:W1&shown=overall&from=2026-10&reason=x", 400, "must be a fortnight"),
        ("/signal/rebase", "unit=ward:W1&shown=overall&from=2026-F26&reason=x", 400, "has begun"),
        ("/signal/rebase", "unit=ward:W1&shown=overall&from=2026-F20&reason=", 400, "1 to 200 characters"),
        ("/signal/rebase", "unit=ward:W1&shown=nothing&from=2026-F20&reason=x", 400, "no measure “nothing”"),
        ("/signal/rebase", "unit=consultant:C1&shown=overall&from=2026-F20&reason=x", 403, "consultant"),
        ("/signal/rebase/remove", "unit=ward:W1&shown=overall&number=1&reason=x", 404, "no re-basing “1”"),
    ] {
        let (found, text) = bench.office_sends(path, form).await;
        assert!(found == status && text.contains(says), "{form}: {found} {text}");
    }
    assert!(bench.desk.rebases.list().is_empty());
    let cookie = {
        let name = "ward-one".parse().unwrap();
        bench
            .desk
            .accounts
            .add(&name, crate::accounts::Proof::Chosen(PASSWORD), &["ward:W1".parse().unwrap()])
            .unwrap();
        bench.sign_in_as("ward-one").await
    };
    let page = bench.get(CHART).header("cookie", cookie).send().await.unwrap().text().await.unwrap();
    assert!(!page.contains("/signal/rebase"), "a ward sees no form");
}
