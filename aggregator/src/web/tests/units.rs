//! Pages of larger units, the board, and single charts.

use wardvoice_protocol::fortnight::Period;

use super::*;
use crate::actions::{Cause, NewAction};
use crate::comments::{Reach, Tone, Wish};
use crate::rebases::NewRebase;

mod rebase;

const PAGES: [&str; 6] = [
    "/trust",
    "/site/S1",
    "/department/medicine",
    "/specialty/general-medicine",
    "/board",
    "/signal?unit=ward:W1&measure=domain:kindness",
];

/// W1 did something about kindness between its fourth and fifth fortnight, and has something overdue.
fn acts(bench: &Bench) {
    let action = |said: &str, about: &str, due: Option<&str>| NewAction {
        unit: "ward:W1".parse().unwrap(),
        said: said.to_owned(),
        did: "We say hello.".to_owned(),
        owner: Some("ward sister".to_owned()),
        about: Some(about.parse().unwrap()),
        due: due.map(|due| due.parse().unwrap()),
        cause: Cause::default(),
    };
    let opened = Date::constant(2026, 9, 1);
    let done = bench.desk.actions.add(action("Staff rush.", "domain:kindness", None), opened).unwrap();
    bench.desk.actions.finish(done.number, Date::constant(2026, 9, 27)).unwrap();
    bench.desk.actions.add(action("It is loud.", "domain:noise", Some("2026-11-01")), opened).unwrap();
}

#[tokio::test]
async fn larger_units_and_the_board_are_there_whole_and_without_ranks() {
    let bench = Bench::lively(true).await;
    acts(&bench);
    for path in PAGES {
        let page = bench.text(path).await;
        let main = main_of(&page);
        for wrong in ["NaN", "style=", " rank 1", "inf\""] {
            assert!(!main.contains(wrong), "{path}: {wrong}");
        }
        assert!(main.contains("<desc>"), "{path} draws something and says what");
        assert!(main.contains("The same as numbers"), "{path}");
        assert!(page.matches("<script").count() <= 1, "{path}: our own script and no other");
    }
    let index = bench.text("/").await;
    for link in ["/trust", "/board", "/site/S1", "/department/medicine"] {
        assert!(index.contains(&format!("href=\"{link}\"")), "{link}");
    }
}

#[tokio::test]
async fn a_larger_unit_shows_what_a_ward_shows_over_more_wards() {
    let mut bench = Bench::lively(true).await;
    let comment = bench.writes("W1", "2026-11-12T10:15:00Z", Some(("good", "They EXPLAINED it twice.")));
    bench.writes("W1", "2026-11-12T10:15:00Z", Some(("better", "PLANTED and never passed")));
    bench.decides(&comment, &Wish::Release(Tone::Praise, Reach::Staff));
    for path in ["/trust", "/department/medicine", "/specialty/general-medicine"] {
        let page = bench.text(path).await;
        let main = main_of(&page);
        for said in [
            "Provisional",
            "Response rate",
            "How they answered",
            "Everybody who was approached",
            "Friends and family test",
            "Fortnight before",
            "this fortnight",
            "heard from in the last 3 days",
            "silent.",
            "no kiosk",
            "Yes, always",
            "EXPLAINED",
            "What is not shown here",
            "questionnaire <code>inpatient@",
        ] {
            assert!(main.contains(said), "{path}: {said}");
        }
        assert!(!main.contains("PLANTED"), "{path}: only what was passed");
        assert!(main.contains("href=\"/ward/W1\">Ward 1</a>"), "{path}: whose comment it is");
    }
    // A period that is over is final, and nobody is silent in it.
    let over = bench.text("/department/medicine?period=2026-F20").await;
    assert!(over.contains("tag final") && !over.contains("ward is silent"), "{}", main_of(&over));
    assert!(over.contains("/api/v1/scores?unit=department:medicine&amp;period=2026-F20"));
    assert!(bench.text("/trust").await.contains("/board/report.pdf?period=2026-F23"));
    assert!(!bench.text("/site/S1").await.contains("report.pdf"), "there is no report of it");
}

#[tokio::test]
async fn what_a_score_would_be_for_another_mix_of_people_stands_beside_it() {
    let bench = Bench::lively(true).await;
    let sheet: Value =
        bench.get("/api/v1/scores?unit=ward:W1&period=2026-F23").send().await.unwrap().json().await.unwrap();
    let figure = &sheet["standardised"]["overall"];
    let (value, n) = (figure["value"].as_f64().unwrap(), figure["n"].as_u64().unwrap());
    let said = format!("{value:.1} (n {n}, ");
    for path in ["/ward/W1", "/ward/W1?period=2026-F23"] {
        let page = bench.text(path).await;
        assert!(page.contains(&format!("Like for like: <strong>{said}")), "{path}: {said}: {}", main_of(&page));
        assert!(page.contains("if the mix of people were that of everybody of the trust"), "{path}");
        assert!(page.matches("Like for like: ").count() > 3, "{path}: beside the domains too");
    }
    for path in ["/department/medicine", "/trust", "/board"] {
        let page = bench.text(path).await;
        let table = page.split("id=\"like-for-like\"").nth(1).unwrap().split("</section>").next().unwrap();
        assert!(table.contains("Ward 1") && table.contains("Ward 3"), "{path}");
        assert!(
            table.contains(&format!("<td class=\"n\">{value:.1}</td><td class=\"n\">{n}</td>")),
            "{path}: {table}"
        );
        assert!(table.contains("There are no ranks"), "{path}");
    }
}

#[tokio::test]
async fn help_is_seen_on_the_page_of_whoever_may_and_shown_to_whoever_may_not() {
    let bench = Bench::lively(false).await;
    for (name, role) in [("matron", "department:medicine"), ("board", "board")] {
        let (name, role) = (name.parse().unwrap(), role.parse().unwrap());
        bench.desk.accounts.add(&name, crate::accounts::Proof::Chosen(desk::PASSWORD), &[role]).unwrap();
    }
    let record = bench.asks_for_help("W1", 4);
    bench.asks_for_help("W2", 90);
    let (matron, board) = (bench.sign_in_as("matron").await, bench.sign_in_as("board").await);
    let page = async |cookie: &str, path: &str| {
        bench.get(path).header("cookie", cookie).send().await.unwrap().text().await.unwrap()
    };
    let form = format!("record={record}&unit=department:medicine");
    let seen = async |cookie: &str| {
        bench.post("/ward/W1/help/seen", &form).header("cookie", cookie).send().await.unwrap()
    };
    let trust = page(&board, "/trust").await;
    assert!(trust.contains("2 people ask for help") && trust.contains("Not seen yet"), "{}", main_of(&trust));
    assert!(!trust.contains("/help/seen"), "the board is not asked to");
    assert_eq!(seen(&board).await.status(), 403);
    let department = page(&matron, "/department/medicine").await;
    for said in ["1 person asks for help", "A drink", "Bay 2", "4 minutes ago", "/ward/W1/help/seen"] {
        assert!(department.contains(said), "{said}");
    }
    assert!(!department.contains("W2"), "it is no ward of theirs");
    let back = seen(&matron).await;
    assert_eq!(back.headers()["location"], "/department/medicine");
    assert!(!page(&matron, "/department/medicine").await.contains("asks for help"));
    assert!(!page(&matron, "/department/medicine?period=2026-F20").await.contains("asks for help"));
}

#[tokio::test]
async fn an_action_is_drawn_on_its_day_and_its_step_is_measured() {
    let bench = Bench::lively(true).await;
    acts(&bench);
    let page = bench.text("/ward/W1").await;
    assert!(page.contains("Measured: "), "{page}");
    let measured = page.split("Measured: </span>").nth(1).unwrap();
    assert!(measured.starts_with("Kindness: "), "{measured}");
    assert!(
        measured.contains("; other things changed too.") || measured.contains("; the difference may be chance.")
    );
    let chart = bench.text("/signal?unit=ward:W1&measure=domain:kindness").await;
    assert!(chart.contains("Action 1 on 27 September 2026: We say hello."));
    assert!(!chart.contains("Action 2"), "what is open is not drawn");
    let other = bench.text("/signal?unit=ward:W1&measure=domain:noise").await;
    assert!(!other.contains("Action 1 on"), "it was about something else");
    // On the charts of its department too, with whose it is, and without the step, which is the ward's own; not on the trust's.
    for path in ["/department/medicine", "/signal?unit=department:medicine&measure=domain:kindness"] {
        let chart = bench.text(path).await;
        assert!(chart.contains("Action 1 on 27 September 2026: Ward 1: We say hello."), "{path}: {chart}");
        assert!(!chart.contains("Action 2 on"), "{path}");
    }
    assert!(!bench.text("/trust").await.split("id=\"wards\"").next().unwrap().contains("Action 1 on"));
    let board = bench.text("/board").await;
    assert!(board.contains("overdue, due 1 November 2026 (ward sister)"), "{board}");
}

#[tokio::test]
async fn a_rebasing_is_on_the_chart_with_its_reason() {
    let bench = Bench::lively(true).await;
    let calendar = bench.desk.scoring.calendar();
    let Ok(Period::Fortnight(from)) = calendar.period("2026-F20") else { panic!("it is a fortnight") };
    let rebase = NewRebase {
        unit: "ward:W1".parse().unwrap(),
        measure: None,
        from: from.to_string(),
        first_day: from.start(),
        reason: "the ward <moved>".to_owned(),
    };
    bench.desk.rebases.add(rebase).unwrap();
    let chart = bench.text("/signal?unit=ward:W1&measure=overall").await;
    assert!(chart.contains("Limits start afresh: the ward &lt;moved&gt;"));
    assert!(chart.contains("too few to say. 3 fortnights ended since the re-basing"), "{chart}");
    bench.desk.rebases.remove(1, Some("wrong ward")).unwrap();
    let chart = bench.text("/signal?unit=ward:W1&measure=overall").await;
    assert!(!chart.contains("Limits start afresh:"));
    assert!(chart.contains("(taken back: wrong ward)"));
}

#[tokio::test]
async fn what_there_is_not_is_said() {
    let bench = Bench::lively(true).await;
    for (path, status) in [
        ("/site/S9", 404),
        ("/department/%3Cscript%3E", 404),
        ("/specialty/x", 404),
        ("/signal?unit=ward:W9", 404),
        ("/signal?unit=nonsense", 400),
        ("/signal", 400),
        ("/signal?unit=ward:W1&measure=kindness", 400),
        ("/signal?unit=ward:W1&measure=domain:parking", 404),
        ("/signal?unit=consultant:C1", 403),
        ("/trust?measure=domain:parking", 404),
        ("/board?period=2027-F02", 404),
        ("/api/v1/signals?unit=ward:W9", 404),
        ("/api/v1/signals?unit=consultant:C1", 403),
        ("/api/v1/signals?unit=ward:W1&measure=x", 400),
    ] {
        let response = bench.get(path).send().await.unwrap();
        assert_eq!(response.status(), status, "{path}");
        assert!(!response.text().await.unwrap().contains("<script>"), "{path}");
    }
    let guarded = Bench::lively(false).await;
    for path in PAGES {
        assert_eq!(guarded.get(path).send().await.unwrap().status(), 303, "{path}");
    }
    for path in ["/api/v1/signals?unit=ward:W1", "/api/v1/comparison?unit=trust:T1", "/api/v1/actions"] {
        assert_eq!(guarded.get(path).send().await.unwrap().status(), 401, "{path}");
    }
}

/// The standard population is everybody who answered in the trust: with a cut it would say what one patient elsewhere answered.
#[tokio::test]
async fn whoever_reads_one_ward_is_told_nothing_about_the_rest_of_the_trust() {
    let bench = Bench::lively(false).await;
    for (name, role) in [("sister", "ward:W1"), ("board", "board")] {
        let (name, role) = (name.parse().unwrap(), role.parse().unwrap());
        bench.desk.accounts.add(&name, crate::accounts::Proof::Chosen(desk::PASSWORD), &[role]).unwrap();
    }
    let asked = async |who: &str, path: &str| {
        let response = bench.get(path).basic_auth(who, Some(desk::PASSWORD)).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    let sheet = async |who: &str| -> Value {
        serde_json::from_str(&asked(who, "/api/v1/scores?unit=ward:W1").await.1).unwrap()
    };
    let told = |sheet: &Value| {
        let groups = sheet["coverage"]["groups"].as_array().unwrap();
        let cells = sheet["standardised"]["cells"].as_array().map_or(0, Vec::len);
        (groups.iter().filter(|group| group["field"] != "ward" && !group["expected"].is_null()).count(), cells)
    };
    let (groups, cells) = told(&sheet("board").await);
    assert!(groups > 0 && cells > 0, "the board sees who is missing");
    assert_eq!(told(&sheet("sister").await), (0, 0));
    for path in ["/api/v1/scores", "/api/v1/scores/explain"] {
        let by_answer = format!("{path}?unit=ward:W1&cut=respect=no");
        assert_eq!(asked("board", &by_answer).await.0, 200);
        let (status, words) = asked("sister", &by_answer).await;
        assert!(status == 403 && words.contains("not by respect"), "{status} {words}");
        assert_eq!(asked("sister", &format!("{path}?unit=ward:W1&cut=mode=self")).await.0, 200);
    }
    assert!(asked("board", "/api/v1/scores/explain?unit=ward:W1").await.1.contains("in the population"));
    assert!(!asked("sister", "/api/v1/scores/explain?unit=ward:W1").await.1.contains("in the population"));
}

#[tokio::test]
async fn machines_get_what_pages_draw() {
    let bench = Bench::lively(true).await;
    acts(&bench);
    let json = async |path: &str| bench.get(path).send().await.unwrap().json::<Value>().await.unwrap();
    let signals = json("/api/v1/signals?unit=ward:W1").await;
    let overall = &signals[0];
    assert_eq!(overall["measure"], "overall");
    assert_eq!(overall["points"].as_array().unwrap().len(), 7, "the running fortnight is not one of them");
    assert_eq!(overall["provisional"]["figure"]["n"], 31);
    let page = bench.text("/signal?unit=ward:W1&measure=overall").await;
    assert!(page.contains(overall["words"].as_str().unwrap()));
    let one = json("/api/v1/signals?unit=ward:W1&measure=domain:noise").await;
    assert_eq!(one.as_array().unwrap().len(), 1);
    let actions = json("/api/v1/actions").await;
    assert_eq!(actions[1]["effect"]["measure"], "domain:kindness");
    assert_eq!((&actions[0]["overdue"], &actions[0]["effect"]), (&true.into(), &Value::Null));
}

#[tokio::test]
async fn a_silent_ward_is_silent_on_its_chart_and_on_the_board() {
    let bench = Bench::lively(true).await;
    let chart = bench.text("/signal?unit=ward:W2&measure=overall").await;
    assert!(chart.contains("Overall: "), "{chart}");
    let board = bench.text("/board").await;
    assert!(board.contains("Silent") && board.contains("No answers"), "W2 and W3");
}
