//! Where everybody begins, and that no page offers anybody a way to what they may not open.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::desk::{AMPLE, Bench, PASSWORD, alert, noon};
use super::main_of;
use super::routes::ROLES;
use crate::accounts::Proof;
use crate::alerts::Kind;

/// More addresses than any role has to follow; without it a page that leads to ever new ones would be followed for ever.
const MOST: usize = 400;

/// A desk on which there is something on every page: answers, a request for help, alerts and a dispute.
async fn busy() -> Bench {
    let mut bench = Bench::lively(false).await;
    bench.asks_for_help("W1", 4);
    let found = vec![
        alert(Kind::SpecialCause, "a-ward", "ward:W1", "/ward/W1"),
        alert(Kind::SpecialCause, "a-board", "board", "/board"),
        alert(Kind::QuotaAtRisk, "an-office", "office", "/ward/W2"),
        alert(Kind::SilentKiosk, "an-it", "it", "/fleet"),
        alert(Kind::QuarantineFilling, "another-it", "it", "/office/quarantine"),
    ];
    bench.finds(found, AMPLE);
    bench.writes_of(Some("C1"), "W1", "2026-11-12T10:15:00Z", Some(("good", "They explained it.")));
    let last = Date::constant(2026, 11, 20);
    let fortnight = bench.desk.scoring.calendar().period("2026-F23").unwrap();
    let desk = &bench.desk;
    let contacts = desk.attributed.of(&"C1".parse().unwrap(), &fortnight, &desk.scoring, last).unwrap();
    bench.desk.disputes.dispute(contacts.first().unwrap(), "on leave", last, noon()).unwrap();
    bench
}

/// Signs an account with some roles in; its cookie, and where it begins.
async fn begins(bench: &Bench, name: &str, roles: &[&str]) -> (String, String) {
    let roles: Vec<_> = roles.iter().map(|role| role.parse().unwrap()).collect();
    bench.desk.accounts.add(&name.parse().unwrap(), Proof::Chosen(PASSWORD), &roles).unwrap();
    let form = format!("name={name}&password={}", PASSWORD.replace(' ', "+"));
    let response = bench.post("/sign-in", &form).send().await.unwrap();
    assert_eq!(response.status(), 303, "{name}");
    let header = |header: &str| response.headers()[header].to_str().unwrap().to_owned();
    let cookie = header("set-cookie").split(';').next().unwrap().to_owned();
    (cookie, header("location"))
}

/// The addresses of ours that a page leads to by links and by forms that only read.
fn ways(page: &str) -> Vec<String> {
    let links = page.split("href=\"").skip(1);
    let forms = page.split("method=\"get\" action=\"").skip(1);
    let addresses = links.chain(forms).filter_map(|rest| rest.split('"').next());
    let ours = addresses.filter(|address| address.starts_with('/') && !address.starts_with("/assets/"));
    ours.map(|address| address.replace("&amp;", "&").split('#').next().unwrap().to_owned()).collect()
}

/// What makes an address another page for the policy: its path and the unit it names, and not which days or which measure.
fn place(address: &str) -> String {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let unit = query.split('&').find(|part| part.starts_with("unit=")).unwrap_or_default();
    format!("{path}?{unit}")
}

/// A paper is asked for in days that there are not: the door is passed first, and nothing is set.
fn asked_of(address: &str) -> String {
    let path = address.split('?').next().unwrap_or_default();
    let (from_press, table) = (path.rsplit('.').next() == Some("pdf"), path.starts_with("/api/v1/tables/"));
    if from_press {
        format!("{path}?period=-&size=-&window=-")
    } else if table {
        format!("{path}?format=-")
    } else {
        address.to_owned()
    }
}

/// Follows every way there is from where somebody begins; the refusals, and the pages that were seen.
async fn follow(bench: &Bench, cookie: &str, home: &str) -> (Vec<String>, BTreeSet<String>) {
    let mut waiting = vec![(home.to_owned(), String::from("signing in"))];
    let (mut seen, mut refused) = (BTreeSet::new(), Vec::new());
    while let Some((address, from)) = waiting.pop() {
        if !seen.insert(place(&address)) {
            continue;
        }
        assert!(seen.len() < MOST, "{address}: there is no end to it");
        let response = bench.get(&asked_of(&address)).header("cookie", cookie).send().await.unwrap();
        let status = response.status().as_u16();
        let location = response.headers().get("location").map(|value| value.to_str().unwrap().to_owned());
        let page = response.text().await.unwrap();
        match status {
            401 | 403 => refused.push(format!("{from} leads to {address}, which answers {status}")),
            303 if location.as_deref().is_some_and(|to| to.starts_with("/sign-in")) => {
                refused.push(format!("{from} leads to {address}, which asks to sign in"));
            }
            200 => waiting.extend(ways(&page).into_iter().map(|way| (way, address.clone()))),
            _ => {}
        }
    }
    (refused, seen)
}

#[tokio::test]
async fn no_page_of_any_role_leads_to_a_refusal() {
    let bench = busy().await;
    let mut wrong = Vec::new();
    for (number, role) in ROLES.into_iter().enumerate() {
        let (cookie, home) = begins(&bench, &format!("account-{number}"), &[role]).await;
        let (refused, seen) = follow(&bench, &cookie, &home).await;
        wrong.extend(refused.into_iter().map(|what| format!("{role}: {what}")));
        // A screen has one page, everybody else has a bar that leads on.
        let fewest = if role.starts_with("display") { 1 } else { 3 };
        assert!(seen.len() >= fewest, "{role} sees {seen:?}");
        let opens = |path: &str| seen.contains(&format!("{path}?"));
        assert_eq!(opens("/trust"), ["board", "office"].contains(&role), "{role}");
        assert_eq!(
            opens("/consultants"),
            ["board", "office"].contains(&role),
            "{role}: one of them is in the bar"
        );
        assert_eq!(opens("/consultant/C2"), ["board", "office", "consultant:C2"].contains(&role), "{role}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn everybody_begins_where_their_business_is() {
    let bench = busy().await;
    for (name, roles, home) in [
        ("sister", vec!["ward:W1"], "/ward/W1"),
        ("two-wards", vec!["ward:W1", "ward:W2"], "/"),
        ("matron", vec!["department:medicine"], "/department/medicine"),
        ("matron-of-one-more", vec!["department:medicine", "ward:W2"], "/"),
        ("director", vec!["board"], "/board"),
        ("office-and-board", vec!["board", "office"], "/office"),
        ("machines", vec!["administrator"], "/office"),
        ("c1", vec!["consultant:C1"], "/consultant/C1"),
        ("c1-on-a-ward", vec!["consultant:C1", "ward:W1"], "/consultant/C1"),
        ("appraiser-of-one", vec!["appraiser:C1"], "/consultant/C1"),
        ("appraiser-of-two", vec!["appraiser:C1", "appraiser:C2"], "/consultants"),
        ("screen", vec!["display:W1"], "/display/W1"),
    ] {
        let (cookie, begins) = begins(&bench, name, &roles).await;
        assert_eq!(begins, home, "{name}");
        let response = bench.get(home).header("cookie", &cookie).send().await.unwrap();
        assert_eq!(response.status(), 200, "{name}");
        // Whoever is refused somewhere is offered what opens, and the list of wards only where it does.
        let refused = bench.get("/office/accounts").header("cookie", &cookie).send().await.unwrap();
        let (status, page) = (refused.status().as_u16(), refused.text().await.unwrap());
        if status == 403 {
            let list = bench.get("/").header("cookie", &cookie).send().await.unwrap().status().is_success();
            assert_eq!(page.contains("The wards</a>"), list, "{name}");
            assert!(page.contains(&format!("class=\"brand\" href=\"{home}\"")), "{name}: {page}");
        }
    }
}

#[tokio::test]
async fn consultants_are_listed_by_name_for_whoever_may_open_one() {
    let bench = busy().await;
    bench.patients_of("C1", Date::constant(2026, 11, 10), [20, 7, 3]);
    let page = async |name: &str, roles: &[&str], path: &str| {
        let (cookie, _) = begins(&bench, name, roles).await;
        bench.get(path).header("cookie", &cookie).send().await.unwrap().text().await.unwrap()
    };
    let board = page("director", &["board"], "/consultants").await;
    for said in
        ["General medicine", "href=\"/consultant/C1\">Consultant 1<", "href=\"/consultant/C2\">Consultant 2<"]
    {
        assert!(board.contains(said), "{said}: {}", main_of(&board));
    }
    let texts = main_of(&board).split('<').filter_map(|part| part.split_once('>')).map(|(_, text)| text);
    let said = texts.collect::<String>().replace("Consultant 1", "").replace("Consultant 2", "");
    assert!(!said.contains(|letter: char| letter.is_ascii_digit()), "names and no figures: {said}");
    let appraiser = page("appraiser", &["appraiser:C1"], "/consultants").await;
    assert!(appraiser.contains("Consultant 1") && !appraiser.contains("Consultant 2"));
    let disputes = page("office-2", &["office"], "/office/disputes").await;
    assert!(disputes.contains("href=\"/consultant/C1\""), "{}", main_of(&disputes));
}
