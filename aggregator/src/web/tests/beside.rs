//! The same answers by another definition, and what was asked besides.

use wardvoice_protocol::id::Language;
use wardvoice_protocol::questionnaire::Questionnaire;

use super::desk::{Trust, scored_by_nothing};
use super::*;
use crate::accounts::Proof;
use crate::comments::{Reach, Tone, Wish};

/// A trust that asks every shipped questionnaire, with answers of inpatients.
async fn asks_everything() -> Bench {
    Bench::of(Trust { asks_everything: true, ..Trust::default() }).await.filled()
}

impl Bench {
    /// So many on a ward answer a questionnaire, and the last says something.
    fn answer(&mut self, questionnaire: &Questionnaire, many: usize, said: Option<(&str, &str)>) -> String {
        let mut comment = String::new();
        for number in 0..many {
            let said = said.filter(|_| number + 1 == many);
            let at = "2026-11-12T10:15:00Z";
            comment = self.answers_to(questionnaire, &Language::english(), None, "W1", at, said);
        }
        comment
    }
}

async fn account(bench: &Bench, name: &str, role: &str) -> String {
    bench.desk.accounts.add(&name.parse().unwrap(), Proof::Chosen(PASSWORD), &[role.parse().unwrap()]).unwrap();
    bench.sign_in_as(name).await
}

#[tokio::test]
async fn two_definitions_stand_side_by_side_and_which_one_publishes_is_said() {
    let bench = Bench::lively(true).await;
    let page = bench.text("/beside?unit=ward:W1&period=2026-F23").await;
    let main = main_of(&page);
    let published = bench.desk.scoring.in_force(Date::constant(2026, 11, 9)).unwrap().reference();
    let others: Vec<String> = bench
        .desk
        .scoring
        .definitions()
        .map(|one| one.reference().to_string())
        .filter(|reference| *reference != published.to_string())
        .collect();
    assert_eq!(others.len(), 2, "{others:?}");
    assert!(main.contains(&format!("published by <code>{published}</code>")), "{main}");
    for (path, beside) in others.iter().map(|one| (format!("/beside?unit=ward:W1&definition={one}"), one)) {
        let page = bench.text(&path).await;
        let sheet = |definition: &str| format!("/api/v1/scores?unit=ward:W1&definition={definition}");
        for definition in [&published.to_string(), beside] {
            let sheet: Value = bench.get(&sheet(definition)).send().await.unwrap().json().await.unwrap();
            let value = format!("<td class=\"n\">{:.1}</td>", sheet["overall"]["value"].as_f64().unwrap());
            assert!(page.contains(&value), "{path}: {definition} {value}");
            assert_eq!(sheet["in_force"], *definition == published.to_string());
        }
        assert_eq!(page.matches("published by the first").count(), 6, "{path}");
        assert!(!page.contains("published by the second") && !page.contains("NaN"), "{path}");
    }
    assert!(bench.text("/ward/W1").await.contains("/beside?unit=ward:W1&amp;period=2026-F23"));
    for (path, status) in [
        ("/beside", 400),
        ("/beside?unit=ward:W9", 404),
        ("/beside?unit=consultant:C1", 403),
        ("/beside?unit=ward:W1&definition=inpatient@9", 404),
        ("/beside?unit=ward:W1&definition=%3Cscript%3E", 404),
        ("/beside?unit=ward:W1&period=soon", 400),
    ] {
        let response = bench.get(path).send().await.unwrap();
        assert_eq!(response.status(), status, "{path}");
        let page = response.text().await.unwrap();
        assert!(!page.contains("<script>"), "{path}");
        assert!(!page.contains("deserialize"), "{path}: a library's words are for nobody who reads pages: {page}");
    }
}

#[tokio::test]
async fn other_questionnaires_say_what_they_can_say() {
    let mut bench = asks_everything().await;
    let sister = account(&bench, "sister", "ward:W1").await;
    let page = async |bench: &Bench| seen_as(bench, "/beside?unit=ward:W1&period=2026-F23", Some(&sister)).await;
    let before = page(&bench).await;
    assert!(before.contains("Nobody answered these in these days (n 0): "), "{}", main_of(&before));
    bench.answer(&Questionnaire::friends_and_family().unwrap(), 9, None);
    let liked = Some(("good", "They EXPLAINED it twice."));
    let comment = bench.answer(&Questionnaire::listening_into_action().unwrap(), 3, liked);
    bench.answer(&Questionnaire::listening_into_action().unwrap(), 1, Some(("good", "PLANTED and never passed")));
    bench.decides(&comment, &Wish::Release(Tone::Praise, Reach::Staff));
    let after = page(&bench).await;
    let main = main_of(&after);
    assert!(main.contains("9 people have answered <code>friends-and-family@1</code>"), "{main}");
    assert!(main.contains("Positive: <strong>100% (n 9, "), "{main}");
    assert!(
        main.contains("4 people have answered <code>listening-into-action@1</code>. It has no score"),
        "{main}"
    );
    assert!(main.contains("What is good here?") && main.contains("EXPLAINED"), "{main}");
    assert!(!main.contains("PLANTED") && !main.contains("What it is about"), "{main}");
    assert!(main.contains("/ward/W1?period=2026-F23#actions"), "{main}");
    let inpatients = seen_as(&bench, "/ward/W1", Some(&sister)).await;
    assert!(
        inpatients.contains("13 answers to other questionnaires, or to another version of this one"),
        "{}",
        main_of(&inpatients)
    );
}

#[tokio::test]
async fn machines_are_told_how_many_gave_each_answer_where_there_is_no_score() {
    let mut bench = asks_everything().await;
    let sister = account(&bench, "sister", "ward:W1").await;
    bench.answer(&scored_by_nothing(), 4, None);
    let path = "/api/v1/answers?unit=ward:W1&period=2026-F23&questionnaire=";
    let ask = async |questionnaire: &str| {
        let response =
            bench.get(&format!("{path}{questionnaire}")).header("cookie", &sister).send().await.unwrap();
        (response.status().as_u16(), response.json::<Value>().await.unwrap())
    };
    let (status, sheet) = ask("friends-and-family@2").await;
    assert_eq!((status, &sheet["responses"], &sheet["left_out"]), (200, &4.into(), &0.into()), "{sheet}");
    let questions = sheet["questions"].as_array().unwrap();
    assert!(!questions.is_empty() && sheet["unit_name"] == "Ward 1", "{sheet}");
    for question in questions {
        let given =
            question["distribution"].as_array().unwrap().iter().map(|option| option["count"].as_u64().unwrap());
        let besides =
            ["not_applicable", "dont_know", "declined", "not_shown"].map(|name| question[name].as_u64().unwrap());
        assert_eq!(given.sum::<u64>() + besides.iter().sum::<u64>(), 4, "{question}");
        assert!(question["figure"]["value"].is_null(), "nothing is made of it: {question}");
    }
    for (questionnaire, expected, says) in [
        ("inpatient@1", 404, "/api/v1/scores"),
        ("listening-into-action@1", 404, "/api/v1/scores"),
        ("nothing@1", 404, "no questionnaire nothing@1"),
        ("nothing", 400, "nothing"),
        ("staff-engagement@1", 403, ""),
    ] {
        let (status, problem) = ask(questionnaire).await;
        let detail = problem["detail"].as_str().unwrap();
        assert!(status == expected && detail.contains(says), "{questionnaire}: {status} {problem}");
    }
}

#[tokio::test]
async fn what_staff_say_is_for_the_board_and_the_office_and_never_of_few() {
    let mut bench = asks_everything().await;
    let staff = Questionnaire::staff_engagement().unwrap();
    bench.answer(&staff, 5, None);
    let board = account(&bench, "board", "board").await;
    let sister = account(&bench, "sister", "ward:W1").await;
    let (page, sheet) =
        ("/beside?unit=ward:W1&period=2026-F23", "/api/v1/scores?unit=ward:W1&definition=staff-engagement@1");
    let status = async |bench: &Bench, path: &str, cookie: &str| {
        bench.get(path).header("cookie", cookie).send().await.unwrap().status().as_u16()
    };
    let few = seen_as(&bench, page, Some(&board)).await;
    assert!(few.contains("Fewer than 6 members of staff have answered") && !few.contains("Motivation"));
    assert_eq!(status(&bench, sheet, &board).await, 403);
    bench.answer(&staff, 3, None);
    let enough = seen_as(&bench, page, Some(&board)).await;
    assert!(enough.contains("8 people have answered <code>staff-engagement@1</code>"), "{}", main_of(&enough));
    assert!(enough.contains("Motivation") && enough.contains("Norm from elsewhere"), "{}", main_of(&enough));
    assert_eq!(status(&bench, sheet, &board).await, 200);
    assert_eq!(status(&bench, &format!("{sheet}&cut=mode=self"), &board).await, 403);
    let others = seen_as(&bench, page, Some(&sister)).await;
    assert!(others.contains("it is for the board and the office") && !others.contains("Motivation"));
    for path in [sheet.to_owned(), sheet.replace("/scores?", "/scores/explain?")] {
        assert_eq!(status(&bench, &path, &sister).await, 403, "{path}");
    }
    let demonstration = Bench::of(Trust { asks_everything: true, demonstration: true, ..Trust::default() }).await;
    assert_eq!(demonstration.get(sheet).send().await.unwrap().status(), 401, "not even where wards are open");
}
