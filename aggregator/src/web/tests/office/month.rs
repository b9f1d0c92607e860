//! The national month.

use super::*;

const OCTOBER: &str = "/office/month?month=2026-10";

impl Bench {
    /// Seven people on one ward and three on another answered in October, in the log and in the facts.
    fn october(&mut self) {
        for (place, many) in [("W1", 7), ("W2", 3)] {
            for day in 0..many {
                self.writes(place, &format!("2026-10-{:02}T10:00:00Z", day + 5), None);
            }
        }
    }

    /// What a hidden field of the month's page holds.
    async fn hidden(&self, name: &str) -> String {
        let page = self.office(OCTOBER).await;
        let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\"")).unwrap();
        rest.split_once('"').unwrap().0.to_owned()
    }

    async fn notes_eligible(&self, fields: &str) -> (u16, String) {
        let seen = self.hidden("seen").await;
        self.office_sends("/office/month/eligible", &format!("month=2026-10&seen={seen}&{fields}")).await
    }

    async fn makes(&self, more: &str) -> (u16, String) {
        let digest = self.hidden("digest").await;
        let form = format!("month=2026-10&as_of=2026-11-19&digest={digest}{more}");
        self.office_sends("/office/month/files", &form).await
    }

    async fn takes(&self, file: &str) -> reqwest::Response {
        let cookie = self.sign_in().await;
        self.get(&format!("/office/month/2026-10/{file}")).header("cookie", cookie).send().await.unwrap()
    }

    fn has_noted(&self, did: &str, detail: Option<&str>) -> bool {
        self.desk.audit.recent(10).iter().any(|entry| {
            let about = entry.about.as_deref() == Some("month:2026-10");
            entry.did == did && about && entry.who == "office" && entry.detail.as_deref() == detail
        })
    }
}

#[tokio::test]
async fn the_month_stands_as_it_would_be_sent_with_a_second_count_and_every_check() {
    let mut bench = Bench::empty(false).await;
    bench.october();
    assert!(bench.office("/office").await.contains("October 2026: to be sent by 12 November 2026"));
    let page = bench.office("/office/month").await;
    for said in [
        "October 2026",
        "<strong>10</strong> answers",
        "to be sent by <strong>12 November 2026</strong>",
        "Counted again",
        "answers and percentages hidden",
        "not known",
        "The eligible patients of every ward are known: not yet",
        "Every kiosk sent something about the month: not yet",
        "Every national code is set: not yet",
        "The return and the log give the same answers",
        "Make the four files",
    ] {
        assert!(page.contains(said), "{said}");
    }
    assert!(!page.contains("not the same answers") && !page.contains("NaN") && !page.contains("style="));
    insta::assert_snapshot!("month", main_of(&page).replace('>', ">\n"));
    // Once looked at, so that the second count goes on from where it was.
    bench.writes("W1", "2026-11-18T10:00:00Z", None);
    assert!(!bench.office("/office/month").await.contains("not the same answers"));
}

#[tokio::test]
async fn counts_that_differ_are_shown_and_no_files_are_made() {
    // These answers are in the facts alone.
    let bench = Bench::lively(false).await;
    let page = bench.office(OCTOBER).await;
    for said in
        ["not the same answers", "The return and the log give the same answers: not yet", "Do not send it."]
    {
        assert!(page.contains(said), "{said}");
    }
    assert!(page.contains("No files are made while the two counts differ") && !page.contains("name=\"digest\""));
    let form = "month=2026-10&as_of=2026-11-19&digest=x&accept=yes";
    let (status, text) = bench.office_sends("/office/month/files", form).await;
    assert!(status == 400 && text.contains("the two counts differ"), "{status} {text}");
    assert!(bench.desk.returns.exported().is_empty());
}

#[tokio::test]
async fn eligible_patients_are_noted_or_what_is_wrong_stands_beside_its_field() {
    let mut bench = Bench::empty(false).await;
    bench.october();
    let (status, text) = bench.notes_eligible("eligible-W1=many&eligible-W2=5&eligible-W3=").await;
    assert_eq!(status, 422);
    for said in [
        "1 field is not right",
        "you wrote “many”",
        "value=\"many\" aria-invalid=\"true\" aria-describedby=\"wrong-W1\"",
        "value=\"5\"",
    ] {
        assert!(text.contains(said), "{said}");
    }
    assert!(bench.desk.returns.eligible("2026-10").is_empty(), "all or none");
    let seen = bench.hidden("seen").await;
    let (status, location) = bench.notes_eligible("as_of=2026-11-10&eligible-W1=31&eligible-W2=2").await;
    assert_eq!(
        (status, location.as_str()),
        (303, "/office/month?month=2026-10&as_of=2026-11-10&noted=2#eligible")
    );
    assert!(bench.has_noted("changed_eligible", None));
    let page = bench.office(location.trim_end_matches("#eligible")).await;
    assert!(page.contains("Noted for 2 wards.") && page.contains("3 answers and only 2 eligible patients"));
    let stale = format!("month=2026-10&seen={seen}&eligible-W1=40&eligible-W2=2");
    let (status, text) = bench.office_sends("/office/month/eligible", &stale).await;
    assert!(status == 422 && text.contains("somebody else has noted"), "{status}");
    assert!(text.contains("value=\"40\"") && text.contains("Noted now: 31"), "what was written stays");
    let (status, text) = bench.notes_eligible("eligible-W1=").await;
    assert!(status == 422 && text.contains("31 are noted, and a number that is noted cannot be taken back"));
    let (_, location) = bench.notes_eligible("eligible-W1=31").await;
    assert!(location.contains("noted=0"), "{location}");
    let (status, text) = bench.notes_eligible("eligible-W9=1").await;
    assert!(status == 404 && text.contains("no ward “W9”"), "{status}");
    let counts: Vec<u64> = bench.desk.returns.eligible("2026-10").into_values().collect();
    assert_eq!(counts, [31, 2]);
}

#[tokio::test]
async fn files_are_given_out_once_they_are_noted_and_as_long_as_they_stand() {
    let mut bench = Bench::empty(false).await;
    bench.october();
    let wards = "fft-2026-10-wards-submitted.csv";
    let early = bench.takes(wards).await;
    assert!(early.status() == 404 && early.text().await.unwrap().contains("not made yet"));
    let (status, text) = bench.makes("").await;
    assert!(status == 422 && text.contains("tick this") && text.contains("aria-describedby=\"not-looked\""));
    let (status, text) = bench.makes("0&accept=yes").await;
    assert!(status == 422 && text.contains("have changed since you looked"), "{status}");
    assert!(bench.desk.returns.exported().is_empty());
    let (status, location) = bench.makes("&accept=yes").await;
    assert_eq!((status, location.as_str()), (303, "/office/month?month=2026-10&as_of=2026-11-19&made=yes#files"));
    assert!(bench.has_noted("exported_return", None));
    let page = bench.office(location.trim_end_matches("#files")).await;
    for said in ["The files are made.", wards, "Nothing that would be sent has changed since.", "as of the end of"]
    {
        assert!(page.contains(said), "{said}");
    }
    assert!(bench.office("/office").await.contains("October 2026: made with 10 answers"));
    let file = bench.takes(wards).await;
    assert_eq!(file.headers()["content-type"], "text/csv; charset=utf-8");
    assert_eq!(file.headers()["content-disposition"], format!("attachment; filename=\"{wards}\""));
    let text = file.text().await.unwrap();
    assert!(text.starts_with("ICB Code,Trust Code") && text.lines().count() == 4 && !text.contains('*'), "{text}");
    assert!(bench.has_noted("exported_return", Some(wards)));
    assert!(bench.takes("fft-2026-10-wards-published.csv").await.text().await.unwrap().contains('*'));
    assert_eq!(bench.takes("fft-2026-11-wards-submitted.csv").await.status(), 404);
    // What is noted since makes other files.
    assert_eq!(bench.notes_eligible("eligible-W1=31").await.0, 303);
    let late = bench.takes(wards).await;
    assert!(late.status() == 404 && late.text().await.unwrap().contains("make them again"));
    let page = bench.office(OCTOBER).await;
    assert!(
        page.contains("What was made before is still so: not yet")
            && page.contains("no longer what would be sent")
    );
    assert_eq!(bench.makes("&accept=yes").await.0, 303);
    assert!(bench.takes(wards).await.text().await.unwrap().contains(",31,"));
    let page = bench.office(OCTOBER).await;
    assert_eq!(page.matches("<a href=\"/office/month?month=2026-10\">").count(), 2, "both are remembered");
}

#[tokio::test]
async fn a_month_that_is_not_over_or_does_not_exist_is_said_to_be_so() {
    let bench = Bench::empty(false).await;
    let page = bench.office("/office/month?month=2026-11").await;
    assert!(
        page.contains("Files can be made once the month is over.") && page.contains("No files were made yet.")
    );
    let form = "month=2026-11&as_of=2026-11-19&digest=x&accept=yes";
    let (status, text) = bench.office_sends("/office/month/files", form).await;
    assert!(status == 400 && text.contains("once the month is over"), "{status}");
    let cookie = bench.sign_in().await;
    for (query, says) in [
        ("month=soon", "write a year and a month as 2026-10"),
        ("month=2026-F20", "write a year and a month as 2026-10"),
        ("month=2026-12", "it had not begun"),
        ("as_of=2026-11-20", "that day is not over"),
        ("as_of=tomorrow", "As of must be a day"),
    ] {
        let response =
            bench.get(&format!("/office/month?{query}")).header("cookie", &cookie).send().await.unwrap();
        assert_eq!(response.status(), 400, "{query}");
        assert!(response.text().await.unwrap().contains(says), "{query}");
    }
}

/// The log is read once: what is new is added, and any day is at hand without reading again.
#[tokio::test]
async fn a_month_that_was_counted_before_is_counted_on_as_of_any_day() {
    let mut bench = Bench::empty(false).await;
    bench.october();
    let check = |bench: &Bench, as_of: &str, answers: u64| {
        let sources = bench.desk.sources();
        let month = bench.desk.scoring.calendar().period("2026-10").unwrap();
        let made = sources.make(&month, as_of.parse().unwrap()).unwrap();
        let counted_on = bench.desk.recounts.of(&sources, &made).unwrap();
        assert_eq!(counted_on, sources.recount(&made, |_| ()).unwrap(), "as of {as_of}");
        let all: u64 = counted_on.wards.values().map(|tally| tally.answers.total()).sum();
        assert_eq!(all, answers, "as of {as_of}");
    };
    check(&bench, "2026-10-07", 6);
    check(&bench, "2026-10-31", 10);
    bench.writes("W3", "2026-10-20T10:00:00Z", None);
    bench.writes("W3", "2026-11-02T10:00:00Z", None);
    check(&bench, "2026-10-19", 10);
    check(&bench, "2026-11-19", 11);
    check(&bench, "2026-10-07", 6);
}
