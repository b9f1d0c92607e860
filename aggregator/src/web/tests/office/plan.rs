//! Plan and quotas.

use super::*;

#[tokio::test]
async fn the_plan_says_how_far_each_ward_is_and_how_it_was_gone_about() {
    let bench = Bench::lively(false).await;
    let page = bench.office("/office/plan").await;
    for said in [
        "Fortnight 23 of 2026",
        "</strong> of 400 planned answers",
        "369",
        "to go",
        "3 days",
        "Ward 1",
        "28",
        "31 of 156",
        "by its beds",
        "behind",
        "Read aloud",
        "Patient alone",
        "Nothing yet: the trust’s target is that of the settings",
    ] {
        assert!(page.contains(said), "{said}");
    }
    assert!(!page.contains("NaN") && !page.contains("style="));
    insta::assert_snapshot!("plan", main_of(&page).replace('>', ">\n"));
    let before = bench.office("/office/plan?period=2026-F22").await;
    assert!(before.contains("short of the plan") && before.contains("not met"));
}

#[tokio::test]
async fn the_office_changes_a_target_with_a_reason_and_every_page_follows() {
    let bench = Bench::lively(false).await;
    assert!(bench.office("/office/plan?ward=W1").await.contains("value=\"28\""), "the form says what is");
    // Once looked at, so that what is kept of it has to be made anew.
    assert!(bench.office("/ward/W1").await.contains("of 156"));
    let form = "ward=W1&beds=28&how=own&target=40&reason=Two+bays+are+closed";
    let (status, location) = bench.office_sends("/office/plan", form).await;
    assert_eq!((status, location.as_str()), (303, "/office/plan?changed=1#decisions"));
    let page = bench.office(&location.replace("#decisions", "")).await;
    for said in [
        "The plan is changed.",
        "31 of 40",
        "its own",
        "9 to go, 3 days left",
        "Two bays are closed",
        "by its beds",
    ] {
        assert!(page.contains(said), "{said}");
    }
    let ward = bench.office("/ward/W1").await;
    assert!(ward.contains("31 of 40") && ward.contains("9 to go, 3 days left"), "the ward sees it too");
    assert!(
        bench.office("/office/plan?period=2026-F22").await.contains("40 of 156"),
        "what is over keeps its plan"
    );
    assert!(bench.desk.audit.recent(5).iter().any(|entry| {
        entry.did == "changed_plan" && entry.about.as_deref() == Some("plan:W1") && entry.who == "office"
    }));
    let (_, back) =
        bench.office_sends("/office/plan", "ward=W1&how=share&target=40&reason=They+are+open+again").await;
    assert_eq!(back, "/office/plan?changed=2#decisions", "a share takes no number");
    assert!(bench.office("/ward/W1").await.contains("31 of 156"));
}

#[tokio::test]
async fn what_the_plan_cannot_be_is_said_with_its_field() {
    let bench = Bench::lively(false).await;
    for (form, says) in [
        ("ward=W1&beds=many&reason=x", "Beds must be a whole number; you wrote “many”."),
        ("ward=W1&how=own&target=-3&reason=x", "The target must be a whole number"),
        ("ward=W9&how=own&target=3&reason=x", "no such ward"),
        ("ward=W1&how=own&target=3&reason=", "the reason must have 1 to 200 characters"),
        ("ward=W1&how=own&target=401&reason=x", "more than the 400 of the whole trust"),
        ("ward=W1&beds=28&how=share&reason=x", "nothing would be different"),
        ("target=0&reason=x", "1 to 1000000"),
        ("reason=x", "nothing would be different"),
    ] {
        let (status, text) = bench.office_sends("/office/plan", form).await;
        assert!(status == 400 && text.contains(says), "{form}: {status} {text}");
    }
    assert!(bench.desk.planning.decisions().is_empty());
    let cookie = bench.sign_in().await;
    for (path, status) in
        [("/office/plan?period=2026-11", 400), ("/office/plan?ward=W9", 404), ("/office/plan?period=soon", 400)]
    {
        assert_eq!(bench.get(path).header("cookie", &cookie).send().await.unwrap().status(), status, "{path}");
    }
}

#[tokio::test]
async fn a_trust_that_nobody_has_answered_has_a_plan_too() {
    let bench = Bench::empty(false).await;
    let page = bench.office("/office/plan").await;
    assert!(
        page.contains("<strong>0</strong> of 400")
            && page.contains("Nobody has answered in this fortnight yet (n 0).")
    );
}
