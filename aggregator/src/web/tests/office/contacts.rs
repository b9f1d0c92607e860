//! The contact log.

use super::*;

#[tokio::test]
async fn the_contact_log_counts_every_approach_once_with_n_and_interval() {
    let mut bench = Bench::lively(false).await;
    bench.writes("W1", "2026-11-17T10:00:00Z", None);
    let page = bench.office("/office/contacts").await;
    for said in [
        "Fortnight 23 of 2026",
        "<strong>44</strong> approached",
        "<strong>32</strong> answered",
        "response rate <strong>73%</strong>, 95% interval",
        "(n 44)",
        "Said no",
        "Not able to agree",
        "no ranks",
        "patient alone",
        "Fortnight 22 of 2026",
        "k-1",
        "Rounds and volunteers are in no record",
    ] {
        assert!(page.contains(said), "{said}");
    }
    assert!(!page.contains("NaN") && !page.contains("style="));
    insta::assert_snapshot!("contacts", main_of(&page).replace('>', ">\n"));
}

#[tokio::test]
async fn one_ward_and_another_time_and_nobody_at_all() {
    let bench = Bench::lively(false).await;
    let silent = bench.office("/office/contacts?ward=W3").await;
    assert!(silent.contains("nobody has been approached (n 0)") && silent.contains("Ward 3"));
    let half = bench.office("/office/contacts?period=2026-H2&ward=W1").await;
    assert!(half.contains("For a month or less"));
    let cookie = bench.sign_in().await;
    for (path, status) in [
        ("/office/contacts?ward=W9", 404),
        ("/office/contacts?period=soon", 400),
        ("/office/contacts?period=2027-F03", 404),
    ] {
        assert_eq!(bench.get(path).header("cookie", &cookie).send().await.unwrap().status(), status, "{path}");
    }
    let empty = Bench::empty(false).await.office("/office/contacts").await;
    assert!(empty.contains("Nothing has come from any kiosk in these days (n 0)."));
}
