//! Alerts: the list, the notices on the pages of whom they concern, and who may say that they have seen one.

use jiff::SignedDuration;

use super::desk::{Bench, PASSWORD, alert, noon};
use super::{Events, live_part, seen};
use crate::accounts::Proof;
use crate::alerts::{Budgets, Kind};
use crate::delivery::{Letter, Message, MessageId, Subject};

/// A desk with an alert for each audience, and one for the ward that is over its budget.
async fn alarmed() -> Bench {
    let bench = Bench::lively(false).await;
    let budgets = Budgets { ward: 1, department: 1, office: 5, board: 5, it: 5 };
    let found = vec![
        alert(Kind::SpecialCause, "a-ward-1", "ward:W1", "/board"),
        alert(Kind::SpecialCause, "a-ward-1-more", "ward:W1", "/board"),
        alert(Kind::SpecialCause, "a-ward-2", "ward:W2", "/board"),
        alert(Kind::SpecialCause, "a-department", "department:medicine", "/board"),
        alert(Kind::SpecialCause, "a-board", "board", "/board"),
        alert(Kind::QuotaAtRisk, "an-office", "office", "/board"),
        alert(Kind::SilentKiosk, "an-it", "it", "/board"),
    ];
    bench.finds(found, budgets);
    bench
}

async fn page(bench: &Bench, cookie: &str, path: &str) -> String {
    let response = bench.get(path).header("cookie", cookie).send().await.unwrap();
    assert_eq!(response.status(), 200, "{path}");
    response.text().await.unwrap()
}

/// Signs an account of a role in.
async fn account(bench: &Bench, name: &str, role: &str) -> String {
    let proof = Proof::Chosen(PASSWORD);
    bench.desk.accounts.add(&name.parse().unwrap(), proof, &[role.parse().unwrap()]).unwrap();
    bench.sign_in_as(name).await
}

#[tokio::test]
async fn everybody_sees_what_concerns_them_and_nothing_else() {
    let bench = alarmed().await;
    let all = ["a-ward-1.", "a-ward-1-more", "a-ward-2", "a-department", "a-board", "an-office", "an-it"];
    for (name, role, sees) in [
        ("of-ward-1", "ward:W1", "oo-----"),
        ("of-ward-2", "ward:W2", "--o----"),
        ("of-medicine", "department:medicine", "oo-o---"),
        ("of-board", "board", "----o--"),
        ("of-it", "administrator", "------o"),
        ("of-office", "office", "ooooooo"),
    ] {
        let cookie = account(&bench, name, role).await;
        let list = page(&bench, &cookie, "/alerts").await;
        let found: String = all.iter().map(|key| if list.contains(key) { 'o' } else { '-' }).collect();
        assert_eq!(found, sees, "{role}");
    }
}

#[tokio::test]
async fn a_notice_stands_on_the_page_of_its_audience_within_the_budget() {
    let bench = alarmed().await;
    let cookie = bench.sign_in().await;
    let ward = page(&bench, &cookie, "/ward/W1").await;
    assert!(ward.contains("The thing about a-ward-1.") && ward.contains("href=\"/alerts\""));
    assert!(!ward.contains("a-ward-1-more"), "what is over the budget is in the list and the digest");
    assert!(!ward.contains("a-ward-2") && !ward.contains("an-office"));
    assert!(page(&bench, &cookie, "/board").await.contains("The thing about a-board."));
    assert!(page(&bench, &cookie, "/department/medicine").await.contains("The thing about a-department."));
    let office = page(&bench, &cookie, "/office").await;
    assert!(office.contains("The thing about an-office.") && office.contains("The thing about an-it."));
    assert!(!page(&bench, &cookie, "/ward/W3").await.contains("To look at"), "nothing is no notice");
}

#[tokio::test]
async fn who_has_seen_one_is_noted_and_nobody_else_may() {
    let bench = alarmed().await;
    let other = account(&bench, "of-ward-2", "ward:W2").await;
    let say = async |cookie: &str, key: &str| {
        let request = bench.post("/alerts/seen", &format!("key={key}")).header("cookie", cookie);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(say(&other, "a-ward-1").await, 404, "whoever may not see it is told no more");
    assert_eq!(say(&other, "a-thing-that-is-not").await, 404);
    assert_eq!(bench.desk.alerts.get("a-ward-1").unwrap().seen, None);
    let stranger = bench.post("/alerts/seen", "key=a-ward-1").send().await.unwrap();
    assert_eq!(stranger.headers()["location"], "/sign-in?next=/alerts");
    let cookie = bench.sign_in().await;
    assert_eq!(say(&cookie, "a-ward-1").await, 303);
    let seen = bench.desk.alerts.get("a-ward-1").unwrap().seen.unwrap();
    assert_eq!((seen.by.as_str(), seen.at), ("office", noon()));
    assert!(!page(&bench, &cookie, "/ward/W1").await.contains("The thing about a-ward-1."));
    let list = page(&bench, &cookie, "/alerts").await;
    assert!(list.find("Seen, and still so").unwrap() < list.find("The thing about a-ward-1.").unwrap());
    let audit = page(&bench, &cookie, "/office/audit").await;
    assert!(audit.contains("Saw an alert") && audit.contains("alert:a-ward-1"), "{audit}");
}

#[tokio::test]
async fn a_notice_goes_from_open_pages_when_somebody_has_seen_it() {
    let bench = alarmed().await;
    let cookie = bench.sign_in().await;
    let (mut ward, mut board) = (
        Events::of_page_as(&bench, "/ward/W1", Some(&cookie)).await,
        Events::of_page_as(&bench, "/board", Some(&cookie)).await,
    );
    let shows = |events: &Events, key: &str| format!("{:?}", events.shown).contains(key);
    assert!(shows(&ward, "The thing about a-ward-1.") && shows(&board, "The thing about a-board."));
    for key in ["a-ward-1", "a-board"] {
        let request = bench.post("/alerts/seen", &format!("key={key}")).header("cookie", &cookie);
        assert_eq!(request.send().await.unwrap().status(), 303);
    }
    ward.next().await.unwrap();
    board.next().await.unwrap();
    assert!(!shows(&ward, "The thing about a-ward-1.") && !shows(&board, "The thing about a-board."));
    // Whoever may not see the board's alerts has a room without them.
    let matron = account(&bench, "of-ward-2", "ward:W2").await;
    let other = Events::of_page_as(&bench, "/ward/W2", Some(&matron)).await;
    assert!(shows(&other, "The thing about a-ward-2.") && !shows(&other, "a-board"));
}

#[tokio::test]
async fn an_open_list_keeps_itself_true_and_shows_each_what_concerns_them() {
    let bench = alarmed().await;
    let (office, matron) = (bench.sign_in().await, account(&bench, "of-ward-2", "ward:W2").await);
    let mut all = Events::of_page_as(&bench, "/alerts", Some(&office)).await;
    let own = Events::of_page_as(&bench, "/alerts", Some(&matron)).await;
    let shows = |events: &Events, key: &str| format!("{:?}", events.shown).contains(key);
    assert!(shows(&all, "The thing about a-board.") && shows(&all, "The thing about a-ward-2."));
    assert!(shows(&own, "The thing about a-ward-2.") && !shows(&own, "a-board") && !shows(&own, "a-ward-1"));
    let request = bench.post("/alerts/seen", "key=a-board").header("cookie", &office);
    assert_eq!(request.send().await.unwrap().status(), 303);
    let told = all.next().await.unwrap();
    assert_eq!(told["said"], "Updated: 6 alerts to look at, 1 seen.");
    assert_eq!(format!("{:?}", all.shown).matches("alert-").count(), 7, "each row is known by an id of its own");
    let reloaded = page(&bench, &office, "/alerts").await;
    assert_eq!(all.shown, seen(live_part(&reloaded)));
}

#[tokio::test]
async fn a_long_list_names_the_first_and_counts_the_rest() {
    let bench = Bench::lively(false).await;
    let silent = |number: usize| alert(Kind::SilentKiosk, &format!("kiosk-{number:03}"), "it", "/fleet");
    let budgets = Budgets { ward: 1, department: 1, office: 5, board: 5, it: 5 };
    bench.finds((0..250).map(silent).collect(), budgets);
    let cookie = bench.sign_in().await;
    let list = page(&bench, &cookie, "/alerts").await;
    assert_eq!(list.matches("id=\"alert-").count(), 200, "{list}");
    assert!(list.contains("And 50 more.") && list.contains("kiosk-000") && !list.contains("kiosk-249"), "{list}");
}

#[tokio::test]
async fn an_empty_list_says_so_and_the_office_sees_that_no_message_was_given_up() {
    let bench = Bench::lively(false).await;
    let cookie = bench.sign_in().await;
    let list = page(&bench, &cookie, "/alerts").await;
    assert!(
        list.contains("There is nothing to look at now.") && list.contains("Nothing that was seen is still so.")
    );
    let office = page(&bench, &cookie, "/office").await;
    assert!(office.contains("No message was given up in the last 28 days."), "{office}");
    assert!(office.contains("No message has been sent to any contact yet."));
}

#[tokio::test]
async fn the_board_sees_how_long_requests_took() {
    let bench = Bench::lively(false).await;
    let cookie = bench.sign_in().await;
    let board = page(&bench, &cookie, "/board").await;
    assert!(
        board.contains("In the last 28 days there were 0 requests.") && board.contains("Nobody is waiting now.")
    );
    let record = bench.asks_for_help("W1", 4);
    bench.asks_for_help("W2", 90);
    bench.desk.help.seen("k-1".parse().unwrap(), record, noon());
    let board = page(&bench, &cookie, "/board").await;
    for said in [
        "there were 2 requests.",
        "Staff said that they had seen it within 4 minutes for half of them, 4 minutes at the longest (n 1).",
        "A contact had the message within: none (n 0).",
        "1</strong> waiting now, the longest for 90 minutes.",
    ] {
        assert!(board.contains(said), "{said}: {board}");
    }
}

#[tokio::test]
async fn what_could_not_be_delivered_is_on_the_offices_page_with_the_reason() {
    let bench = Bench::lively(false).await;
    let message = |name: &str, hours: i64| Message {
        id: MessageId::of(&[name]),
        contact: name.parse().unwrap(),
        subject: Subject::Alert { key: "silent_kiosk:k-1".to_owned() },
        made: noon() - SignedDuration::from_hours(hours),
        letter: Letter { title: format!("The message to {name}."), facts: Vec::new(), page: None },
    };
    bench.desk.delivery.post(vec![message("it-desk", 25), message("matron", 1)], noon());
    let cookie = bench.sign_in().await;
    let office = page(&bench, &cookie, "/office").await;
    for said in [
        "1 message</strong> could not be delivered in the last 28 days and was given up.",
        "The message to it-desk.",
        "its time was over before it could be tried",
        "<strong>matron</strong>, alerts: 1 to be delivered",
    ] {
        assert!(office.contains(said), "{said}: {office}");
    }
    assert!(!office.contains("The message to matron."));
}
