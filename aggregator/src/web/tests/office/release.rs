//! What the public may see.

use super::*;

impl Bench {
    /// Twelve people of each of two wards answered in October, in the log and in the facts.
    fn autumn(&mut self) {
        for place in ["W1", "W2"] {
            for day in 0..12 {
                self.writes(place, &format!("2026-10-{:02}T10:00:00Z", day + 5), None);
            }
        }
        for day in 0..3 {
            self.writes("W3", &format!("2026-10-{:02}T10:00:00Z", day + 5), None);
        }
    }

    /// The hash of the plan that the page shows.
    async fn planned(&self) -> String {
        let page = self.office("/office/release?until=2026-11-19").await;
        let (_, rest) = page.split_once("name=\"plan\" value=\"").unwrap();
        rest.split_once('"').unwrap().0.to_owned()
    }
}

#[tokio::test]
async fn a_plan_says_what_may_be_seen_and_what_is_held_back_and_releases_nothing() {
    let mut bench = Bench::empty(false).await;
    bench.autumn();
    assert!(bench.office("/office").await.contains("Nothing is released yet"));
    let page = bench.office("/office/release").await;
    assert!(page.contains("No plan yet") && page.contains("Nothing yet. What is not released is seen by nobody"));
    let page = bench.office("/office/release?until=2026-11-19").await;
    for said in [
        "What may be released now",
        "Ward 1",
        "October 2026",
        "friends and family test",
        "What is held back",
        "Ward 3",
    ] {
        assert!(page.contains(said), "{said}");
    }
    assert!(!page.contains("NaN") && !page.contains("style="));
    assert!(bench.desk.releases.all().is_empty());
    insta::assert_snapshot!("release", main_of(&page).replace('>', ">\n"));
    let cookie = bench.sign_in().await;
    for until in ["2026-11-20", "soon"] {
        let address = format!("/office/release?until={until}");
        assert_eq!(bench.get(&address).header("cookie", &cookie).send().await.unwrap().status(), 400, "{until}");
    }
}

#[tokio::test]
async fn what_was_shown_is_released_by_whoever_is_sure_and_nothing_else() {
    let mut bench = Bench::empty(false).await;
    bench.autumn();
    let plan = bench.planned().await;
    let form = format!("until=2026-11-19&plan={plan}");
    let (status, text) = bench.office_sends("/office/release", &form).await;
    assert!(status == 422 && text.contains("Tick this to release.") && text.contains("not-sure"));
    // Somebody's answers have come between.
    for day in 5..17 {
        bench.writes("W1", &format!("2026-10-{day:02}T10:00:00Z"), None);
    }
    let (status, text) = bench.office_sends("/office/release", &format!("{form}&sure=yes")).await;
    assert!(status == 422 && text.contains("something has come between"), "{status}");
    let is_noted = || bench.desk.audit.recent(5).iter().any(|entry| entry.did == "released");
    assert!(bench.desk.releases.all().is_empty() && !is_noted());
    let form = format!("until=2026-11-19&plan={}&sure=yes", bench.planned().await);
    let (status, location) = bench.office_sends("/office/release", &form).await;
    let many = bench.desk.releases.all().len();
    assert!(many > 0 && is_noted());
    assert_eq!((status, location), (303, format!("/office/release?released={many}#released")));
    let page = bench.office("/office/release?until=2026-11-19").await;
    assert!(page.contains("Nothing is new as of the end of 19 November 2026."), "{page}");
    assert!(bench.office(&format!("/office/release?released={many}")).await.contains("Everybody can see them."));
    assert!(bench.office("/office").await.contains("released, the last as of 19 November 2026"));
}
