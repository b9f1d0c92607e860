//! Whatever somebody changes over a page or the API is in the audit, with who did it and to what: every route that does something is tried as it
//! succeeds. What is noted of reads that let somebody in or give records out is tested where those are.

use std::collections::BTreeSet;

use jiff::civil::date;
use wardvoice_protocol::id::Hash;
use wardvoice_protocol::receipt::Reason;

use super::any_bytes::{encoded, everything};
use super::desk::{Bench, PASSWORD, noon, taken_back};
use crate::accounts::Proof;
use crate::alerts::{Alert, Budgets, Kind, Settings};
use crate::audit::Deed;
use crate::publish::Edition;
use crate::web::routes;

/// It draws pictures of what stands, and changes nothing.
const CHANGES_NOTHING: &str = "/office/questionnaires/{questionnaire}/preview";

/// Somebody at a desk, and which routes they have tried.
struct Hand {
    bench: Bench,
    who: &'static str,
    cookie: String,
    tried: BTreeSet<&'static str>,
}

impl Hand {
    /// Somebody who may open every door.
    async fn at(bench: Bench) -> Self {
        let cookie = everything(&bench).await;
        Self { bench, who: "everything", cookie, tried: BTreeSet::new() }
    }

    /// Sends a form that succeeds; what it did, and to what, is then in the audit once.
    async fn does(&mut self, route: &'static str, form: &str, noted: (Deed, &str)) {
        self.does_at(route, route, form, noted).await;
    }

    /// The same at one of the addresses of a route that has many.
    async fn does_at(&mut self, route: &'static str, address: &str, form: &str, (deed, about): (Deed, &str)) {
        let audit = &self.bench.desk.audit;
        let before = audit.recent(1).first().map_or(0, |entry| entry.number);
        let response = self.bench.post(address, form).header("cookie", &self.cookie).send().await.unwrap();
        let status = response.status().as_u16();
        let answer = response.text().await.unwrap();
        assert!([200, 303].contains(&status), "{address} with {form}: {status} {answer}");
        let since = audit.recent(20).into_iter().filter(|entry| entry.number > before);
        let since: Vec<_> = since.map(|entry| (entry.who, entry.did, entry.about.unwrap_or_default())).collect();
        assert_eq!(since, [(self.who.to_owned(), deed.to_string(), about.to_owned())], "{address} with {form}");
        self.tried.insert(route);
    }

    /// What a hidden field of a page holds.
    async fn hidden(&self, path: &str, name: &str) -> String {
        let response = self.bench.get(path).header("cookie", &self.cookie).send().await.unwrap();
        let page = response.text().await.unwrap();
        let held = page.split_once(&format!("name=\"{name}\" value=\""));
        let (_, rest) = held.unwrap_or_else(|| panic!("{path} has no {name}: {page}"));
        rest.split_once('"').unwrap().0.to_owned()
    }
}

/// What whoever leads a ward or more does, and what is seen.
async fn on_wards(hand: &mut Hand) {
    let record = hand.bench.asks_for_help("W1", 40);
    let (form, about) = (format!("record={record}"), format!("request:{record}"));
    hand.does_at("/ward/{id}/help/seen", "/ward/W1/help/seen", &form, (Deed::SawHelp, &about)).await;
    let record = hand.bench.asks_for_help("W1", 50);
    let (path, about) = (format!("/api/v1/help/{record}/seen"), format!("request:{record}"));
    hand.does_at("/api/v1/help/{record}/seen", &path, "", (Deed::SawHelp, &about)).await;
    for (route, path, about) in [
        ("/ward/{id}/actions", "/ward/W1/actions", "ward:W1"),
        ("/department/{id}/actions", "/department/medicine/actions", "department:medicine"),
        ("/site/{id}/actions", "/site/S1/actions", "site:S1"),
        ("/specialty/{id}/actions", "/specialty/general-medicine/actions", "specialty:general-medicine"),
        ("/trust/actions", "/trust/actions", "trust:T1"),
    ] {
        let form = "what=add&said=Bins+are+loud&did=Soft+bins";
        hand.does_at(route, path, form, (Deed::ChangedAction, about)).await;
    }
    let found = Alert {
        key: "an-alert".to_owned(),
        kind: Kind::SilentKiosk,
        audience: "office".parse().unwrap(),
        words: "A kiosk is silent.".to_owned(),
        page: "/fleet".to_owned(),
    };
    let budgets = Budgets { ward: 5, department: 5, office: 5, board: 5, it: 5 };
    let settings =
        Settings { digest_hour: 8, budgets, tell: [].into(), every_ward: vec![], every_department: vec![] };
    hand.bench.desk.alerts.look(vec![found], noon(), &hand.bench.desk.world.calendar, &settings);
    hand.does("/alerts/seen", "key=an-alert", (Deed::SawAlert, "alert:an-alert")).await;
    let form = "unit=ward:W1&shown=overall&measure=&from=2026-F20&reason=It+moved";
    hand.does("/signal/rebase", form, (Deed::ChangedRebase, "ward:W1")).await;
    let form = "unit=ward:W1&shown=overall&number=1&reason=Wrong+ward";
    hand.does("/signal/rebase/remove", form, (Deed::ChangedRebase, "rebase:1")).await;
}

/// What the office decides.
async fn in_the_office(hand: &mut Hand) {
    let form = "ward=W1&beds=28&how=own&target=40&reason=Two+bays+are+closed";
    hand.does("/office/plan", form, (Deed::ChangedPlan, "plan:W1")).await;
    let preview = hand.bench.post("/office/questionnaires/inpatient@1/preview", "language=pl");
    assert_eq!(preview.header("cookie", &hand.cookie).send().await.unwrap().status(), 303);
    hand.does_at(
        "/office/questionnaires/{questionnaire}/decide",
        "/office/questionnaires/inpatient@1/decide",
        &format!("language=pl&ruling=approve&words={}&reason=The+interpreting+service", Hash::ZERO),
        (Deed::ChangedApproval, "translation:inpatient@1/pl"),
    )
    .await;
    hand.bench.release(date(2026, 11, 8));
    let form = format!("edition=public&version={}", hand.bench.published(Edition::Public).version);
    hand.does("/office/publish", &form, (Deed::Published, "edition:public")).await;
    let form = format!("record={}&sure=yes", taken_back());
    hand.does("/office/withdrawal", &form, (Deed::Withdrew, &format!("record:{}", taken_back()))).await;
    hand.bench.refuse("k-2", Reason::Clock);
    hand.does("/office/quarantine/replay", "number=1&from=0", (Deed::Replayed, "quarantine:1")).await;
    for _ in 0..9 {
        hand.bench.writes("W1", "2026-11-03T14:15:00Z", None);
    }
    let finding = encoded(b"bursts:k-1:2026-11-03");
    let form = format!("period=2026-F22&finding={finding}&note=a+training+session");
    hand.does("/office/monitor", &form, (Deed::MarkedFinding, "period:2026-F22")).await;
}

/// What the office decides about what people wrote.
async fn about_comments(hand: &mut Hand) {
    let seen = hand.hidden("/office/themes", "seen").await;
    let form = format!("what=add&id=visiting&label=Visiting+times&terms=visit*&reason=Many+ask&seen={seen}");
    hand.does("/office/themes", &form, (Deed::ChangedFrame, "theme:visiting")).await;
    let form = "what=add-word&language=en&kind=distress&word=trolley";
    hand.does("/office/comments/words", form, (Deed::ChangedLists, "words:en")).await;
    let comment = hand.bench.writes("W1", "2026-11-12T10:15:00Z", Some(("better", "It was noisy.")));
    let address = format!("/office/comments/{comment}");
    let seen = hand.hidden(&address, "seen").await;
    let form = format!("seen={seen}&what=criticism&reach=everybody&themed=yes&theme=noise");
    let about = format!("comment:{comment}");
    hand.does_at("/office/comments/{record}/{question}", &address, &form, (Deed::DecidedComment, &about)).await;
}

async fn about_accounts(hand: &mut Hand) {
    for (route, more) in [
        ("/office/accounts/add", "&roles=ward:W1"),
        ("/office/accounts/roles", "&roles=ward:W2"),
        ("/office/accounts/password", ""),
        ("/office/accounts/lock", ""),
        ("/office/accounts/unlock", ""),
        ("/office/accounts/sign-out", ""),
        ("/office/accounts/remove", ""),
    ] {
        hand.does(route, &format!("name=sister{more}"), (Deed::ChangedAccount, "account:sister")).await;
    }
}

async fn in_and_out(hand: &mut Hand) {
    let form = format!("name=everything&password={}", PASSWORD.replace(' ', "+"));
    hand.does("/sign-in", &form, (Deed::SignedIn, "")).await;
    // That was another session in the place of the first.
    hand.cookie = hand.bench.sign_in_as("everything").await;
    hand.does("/sign-out", "", (Deed::SignedOut, "")).await;
}

/// An autumn of which figures go to the nation and to the public, and a consultant who disputes.
async fn of_the_autumn() -> BTreeSet<&'static str> {
    let mut hand = Hand::at(Bench::empty(false).await).await;
    for (place, many) in [("W1", 12), ("W2", 12), ("W3", 3)] {
        for day in 0..many {
            hand.bench.writes(place, &format!("2026-10-{:02}T10:00:00Z", day + 5), None);
        }
    }
    let plan = hand.hidden("/office/release?until=2026-11-19", "plan").await;
    let form = format!("until=2026-11-19&plan={plan}&sure=yes");
    hand.does("/office/release", &form, (Deed::Released, "release")).await;
    let month = "/office/month?month=2026-10";
    let seen = hand.hidden(month, "seen").await;
    let form = format!("month=2026-10&seen={seen}&eligible-W1=31&eligible-W2=20");
    hand.does("/office/month/eligible", &form, (Deed::ChangedEligible, "month:2026-10")).await;
    let digest = hand.hidden(month, "digest").await;
    let form = format!("month=2026-10&as_of=2026-11-19&digest={digest}&accept=yes");
    hand.does("/office/month/files", &form, (Deed::ExportedReturn, "month:2026-10")).await;

    for at in ["2026-10-06T10:15:00Z", "2026-10-20T10:15:00Z", "2026-11-03T10:15:00Z"] {
        hand.bench.writes_of(Some("C1"), "W1", at, None);
    }
    let (name, role) = ("c1".parse().unwrap(), "consultant:C1".parse().unwrap());
    hand.bench.desk.accounts.add(&name, Proof::Chosen(PASSWORD), &[role]).unwrap();
    let office = std::mem::replace(&mut hand.cookie, hand.bench.sign_in_as("c1").await);
    hand.who = "c1";
    let (path, form) = ("/consultant/C1/dispute", "window=6m-2026-11-08&reason=on+leave&contact=&ward=");
    hand.does_at("/consultant/{id}/dispute", path, form, (Deed::Disputed, "consultant:C1")).await;
    (hand.who, hand.cookie) = ("everything", office);
    let form = "number=1&ruling=upheld&note=so+it+was";
    hand.does("/office/disputes/rule", form, (Deed::Ruled, "dispute:1")).await;
    hand.tried
}

#[tokio::test]
async fn every_route_that_changes_something_is_noted_with_who_did_it() {
    let mut hand = Hand::at(Bench::lively(false).await).await;
    on_wards(&mut hand).await;
    in_the_office(&mut hand).await;
    about_comments(&mut hand).await;
    about_accounts(&mut hand).await;
    in_and_out(&mut hand).await;
    let mut tried = hand.tried;
    tried.extend(of_the_autumn().await);
    let routes = routes::all();
    let does = routes.iter().filter(|route| route.method == "POST").map(|route| route.path);
    let does: BTreeSet<&str> = does.filter(|path| *path != CHANGES_NOTHING).collect();
    assert_eq!(tried, does, "a route that does something and is not tried here, or is there no more");
}
