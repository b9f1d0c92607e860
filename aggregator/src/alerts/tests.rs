#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use std::fs;

use jiff::SignedDuration;

use super::book::Looked;
use super::*;
use crate::journal::State as _;
use crate::publish::Edition;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A Monday, the eighth day of a fortnight.
const NOW: &str = "2026-11-16T12:00:00Z";

fn calendar() -> Calendar {
    Calendar::new("2026-01-05".parse().unwrap()).unwrap()
}

fn quiet() -> Situation {
    Situation {
        now: at(NOW),
        day: 8,
        causes: Vec::new(),
        certificates: Vec::new(),
        lingering: Vec::new(),
        forks: Vec::new(),
        kiosks: Vec::new(),
        quotas: Vec::new(),
        shares: Vec::new(),
        undelivered: Vec::new(),
        unpublished: Vec::new(),
        server: Server::default(),
    }
}

fn kiosk(hours_ago: Option<i64>, waiting: Option<u64>, clock_offset_s: Option<i64>) -> Situation {
    let last_record = hours_ago.map(|hours| at(NOW) - SignedDuration::from_hours(hours));
    let id = "k-1".parse().unwrap();
    Situation {
        kiosks: vec![Kiosk { id, ward: "Ward 1".to_owned(), last_record, waiting, clock_offset_s }],
        ..quiet()
    }
}

fn quota(day: i32, done: u32, target: u32) -> Situation {
    let quota = Quota { ward: "W1".parse().unwrap(), name: "Ward 1".to_owned(), done, target };
    Situation { day, quotas: vec![quota], ..quiet() }
}

fn share(per_cent: u64) -> Situation {
    Situation { shares: vec![Share { kiosk: "k-1".parse().unwrap(), per_cent, entries: 510 }], ..quiet() }
}

fn certificate(until: &str) -> Situation {
    certificate_of(Holder::Broker("broker.example:8883".to_owned()), until)
}

fn certificate_of(holder: Holder, until: &str) -> Situation {
    Situation { certificates: vec![Certificate { holder, until: at(until) }], ..quiet() }
}

fn one(unit: &str, measure: &str, better: bool) -> Cause {
    let words = "Kindness has been below the mean for 7 fortnights.".to_owned();
    let department = unit.starts_with("ward:").then(|| "D1".parse().unwrap());
    let unit = unit.parse().unwrap();
    Cause { unit, department, name: "Ward 1".to_owned(), measure: measure.to_owned(), better, words }
}

fn cause(unit: &str, better: bool) -> Situation {
    Situation { causes: vec![one(unit, "domain:kindness", better)], ..quiet() }
}

fn check(situation: &Situation, expected: &[(&str, &str, &str)]) {
    let found: Vec<_> =
        find(situation).into_iter().map(|alert| (alert.key, alert.audience.to_string(), alert.words)).collect();
    let expected: Vec<_> = expected
        .iter()
        .map(|(key, audience, words)| ((*key).to_owned(), (*audience).to_owned(), (*words).to_owned()))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn a_kiosk_that_was_taken_off_and_may_still_be_let_in_is_the_first_alert() {
    let lingering = Lingering { id: "k-0017".parse().unwrap(), why: "it was let in again".to_owned() };
    let told = "Kiosk k-0017 was taken off and may still be on the broker: it was let in again.";
    let one = Situation { lingering: vec![lingering.clone()], ..quiet() };
    check(&one, &[("lingering:k-0017", "it", told)]);
    let undelivered = vec![Undelivered { contact: "it-desk".parse().unwrap(), messages: 2 }];
    let found = find(&Situation { lingering: vec![lingering], undelivered, ..quiet() });
    assert_eq!(found.iter().map(|alert| alert.kind).min(), Some(Kind::Lingering), "a stolen tablet goes first");
    assert_eq!(found.first().unwrap().kind, Kind::Lingering);
}

#[test]
fn two_tablets_with_one_name_are_an_alert_before_a_silent_one_and_another_after_each_look() {
    let of = |records, about: &str| {
        let (id, ward, about) = ("k-1".parse().unwrap(), "Ward 1".to_owned(), about.to_owned());
        Situation { forks: vec![Forked { id, ward, records, about }], ..kiosk(None, None, None) }
    };
    let silent = "Kiosk k-1 on Ward 1 has not sent anything that is known of.";
    let told = |many: &str| {
        format!(
            "Two tablets send in the name of kiosk k-1 on Ward 1: {many} not counted, because others have their numbers."
        )
    };
    let silent = ("silent_kiosk:k-1", "it", silent);
    check(&of(1, "k-1"), &[("forked_chain:k-1", "it", &told("1 record is")), silent]);
    check(&of(37, "k-1:2"), &[("forked_chain:k-1:2", "it", &told("37 records are")), silent]);
    assert!(Kind::ForkedChain < Kind::StuckOutbox && Kind::Lingering < Kind::ForkedChain);
    let found = find(&of(1, "k-1"));
    assert_eq!(found.first().unwrap().page, "/fleet");
    assert!(Kind::ForkedChain.what_to_do().contains("Take the kiosk off and enrol it again"));
}

#[test]
fn the_pages_certificate_is_an_alert_as_long_before_as_the_brokers() {
    let told = "The certificate of these pages runs out in 30 days. Browsers warn of them once it has run out.";
    check(&certificate_of(Holder::Pages, "2026-12-16T12:00:01Z"), &[]);
    check(&certificate_of(Holder::Pages, "2026-12-16T12:00:00Z"), &[("certificate:pages", "it", told)]);
}

#[test]
fn a_kiosk_that_has_not_renewed_its_certificate_is_an_alert_fourteen_days_before_it_ends() {
    let holder = || Holder::Kiosk { id: "k-0017".parse().unwrap(), ward: "Ward 12".to_owned() };
    let told = |when: &str| {
        format!(
            "The certificate of kiosk k-0017 on Ward 12 {when}, and the kiosk has not had it renewed. No broker lets it in once it has \
             run out: records then wait on it."
        )
    };
    let key = "certificate:kiosk:k-0017";
    check(&certificate_of(holder(), "2026-11-30T12:00:01Z"), &[]);
    check(&certificate_of(holder(), "2026-11-30T12:00:00Z"), &[(key, "it", &told("runs out in 14 days"))]);
    check(&certificate_of(holder(), "2026-11-13T12:00:00Z"), &[(key, "it", &told("ran out 3 days ago"))]);
}

#[test]
fn a_certificate_is_an_alert_thirty_days_before_it_runs_out() {
    let told = |when: &str| {
        format!(
            "The certificate of the broker broker.example:8883 {when}. Nobody connects to it once it has run out: records \
             then wait on the kiosks."
        )
    };
    let key = "certificate:broker.example:8883";
    check(&certificate("2026-12-16T12:00:01Z"), &[]);
    check(&certificate("2026-12-16T12:00:00Z"), &[(key, "it", &told("runs out in 30 days"))]);
    check(&certificate("2026-11-17T11:00:00Z"), &[(key, "it", &told("runs out in 23 hours"))]);
    check(&certificate("2026-11-16T12:00:00Z"), &[(key, "it", &told("ran out 0 minutes ago"))]);
    check(&certificate("2026-11-13T12:00:00Z"), &[(key, "it", &told("ran out 3 days ago"))]);
}

#[test]
fn what_is_an_alert_and_whose() {
    check(&quiet(), &[]);
    check(&kiosk(Some(72), Some(0), Some(299)), &[]);
    let silent = "Kiosk k-1 on Ward 1 has not sent anything for 3 days.";
    check(&kiosk(Some(73), Some(0), None), &[("silent_kiosk:k-1", "it", silent)]);
    let never = "Kiosk k-1 on Ward 1 has not sent anything that is known of.";
    check(&kiosk(None, None, None), &[("silent_kiosk:k-1", "it", never)]);
    let stuck = "Kiosk k-1 on Ward 1 is connected, 12 records wait on it, and none has come for 2 hours.";
    check(&kiosk(Some(2), Some(12), None), &[("stuck_outbox:k-1", "it", stuck)]);
    check(&kiosk(Some(0), Some(12), None), &[]);
    check(&kiosk(Some(2), Some(0), None), &[]);
    let slow = "The clock of kiosk k-1 on Ward 1 is 5 minutes slow.";
    check(&kiosk(Some(1), Some(0), Some(300)), &[("clock:k-1", "it", slow)]);
    let fast = "The clock of kiosk k-1 on Ward 1 is 3 hours fast.";
    check(&kiosk(Some(1), Some(0), Some(-10_800)), &[("clock:k-1", "it", fast)]);

    let behind = "Ward 1 has 10 of 40 answers of this fortnight's plan with 6 days left; 30 to go.";
    check(&quota(8, 10, 40), &[("quota:W1", "office", behind)]);
    check(&quota(4, 0, 40), &[]);
    check(&quota(8, 19, 40), &[]);
    check(&quota(8, 1, 5), &[]);
    check(&quota(8, 0, 0), &[]);
    let last = "Ward 1 has 31 of 40 answers of this fortnight's plan on the last day; 9 to go.";
    check(&quota(14, 31, 40), &[("quota:W1", "office", last)]);

    let filling =
        "The quarantine of k-1 is 51 per cent full, with 510 records; what comes when it is full is only counted.";
    check(&share(51), &[("quarantine:k-1", "it", filling)]);
    check(&share(49), &[]);

    let worse = "Ward 1: Kindness has been below the mean for 7 fortnights.";
    check(&cause("ward:W1", false), &[("special_cause:ward:W1:domain:kindness:worse", "ward:W1", worse)]);
    check(&cause("ward:W1", true), &[("special_cause:ward:W1:domain:kindness:better", "ward:W1", worse)]);
    check(&cause("trust:T1", false), &[("special_cause:trust:T1:domain:kindness:worse", "board", worse)]);
    check(&cause("site:S1", false), &[]);

    let undelivered = Undelivered { contact: "it-desk".parse().unwrap(), messages: 2 };
    let words = "2 messages to it-desk could not be delivered in the last day.";
    check(&Situation { undelivered: vec![undelivered], ..quiet() }, &[("undelivered:it-desk", "it", words)]);

    let unpublished = Unpublished { edition: Edition::Public, why: "failed to put index.html".to_owned() };
    let words = "The public edition could not be published: failed to put index.html.";
    let situation = Situation { unpublished: vec![unpublished], ..quiet() };
    check(&situation, &[("not_published:public", "office", words)]);
    assert_eq!(find(&situation).first().unwrap().page, "/office/publish#public");
}

#[test]
fn a_department_is_told_of_what_none_of_its_wards_is_told() {
    let check = |others: &[(&str, &str, bool)], is_told: bool| {
        let mut causes: Vec<Cause> =
            others.iter().map(|(unit, measure, better)| one(unit, measure, *better)).collect();
        causes.push(one("department:D1", "domain:kindness", false));
        let found = find(&Situation { causes, ..quiet() });
        let key = "special_cause:department:D1:domain:kindness:worse";
        let told = found.iter().find(|alert| alert.key == key);
        assert_eq!(told.is_some(), is_told, "{others:?}");
        assert_eq!(found.len(), others.len() + usize::from(is_told), "the others are told as ever");
        if let Some(told) = told {
            assert_eq!(
                (told.audience.to_string().as_str(), told.page.as_str()),
                ("department:D1", "/department/D1")
            );
        }
    };
    check(&[], true);
    check(&[("ward:W1", "domain:kindness", false)], false);
    check(&[("ward:W1", "domain:kindness", false), ("ward:W2", "domain:noise", false)], false);
    check(&[("ward:W1", "domain:kindness", true)], true);
    check(&[("ward:W1", "overall", false)], true);
    check(&[("trust:T1", "domain:kindness", false)], true);
    let mut elsewhere = one("ward:W9", "domain:kindness", false);
    elsewhere.department = Some("D2".parse().unwrap());
    let causes = vec![elsewhere, one("department:D1", "domain:kindness", false)];
    assert_eq!(find(&Situation { causes, ..quiet() }).len(), 2, "the ward of another department");
}

#[test]
fn a_department_has_a_budget_and_contacts_of_its_own() {
    let mut book = Book::default();
    let of = |key: &str, audience: &str| alert(key, Kind::SpecialCause, audience);
    let found = [of("a", "department:D1"), of("b", "department:D1"), of("c", "department:D2"), of("d", "ward:W1")];
    let looked = look(&mut book, &found, NOW);
    assert_eq!(told(&looked), ["a", "c", "d"]);
    let contacts: Vec<_> = looked.tell.iter().flat_map(|tell| tell.messages(&settings(), at(NOW))).collect();
    let contacts: Vec<_> = contacts.iter().map(|message| message.contact.as_str()).collect();
    assert_eq!(contacts, ["lead", "lead", "matron"]);
}

fn alert(key: &str, kind: Kind, audience: &str) -> Alert {
    Alert {
        key: key.to_owned(),
        kind,
        audience: audience.parse().unwrap(),
        words: format!("{key} is so."),
        page: "/office".to_owned(),
    }
}

fn silent(number: usize) -> Alert {
    alert(&format!("silent_kiosk:k-{number}"), Kind::SilentKiosk, "it")
}

fn settings() -> Settings {
    let contact = |name: &str| vec![name.parse().unwrap()];
    Settings {
        digest_hour: 8,
        budgets: Budgets { ward: 1, department: 1, office: 2, board: 2, it: 2 },
        tell: [(Audience::It, contact("it-desk"))].into(),
        every_ward: contact("matron"),
        every_department: contact("lead"),
    }
}

/// Who is told of what, in short.
fn told(looked: &Looked) -> Vec<String> {
    let key = |open: &Open| open.alert.key.clone();
    let one = |tell: &Tell| match tell {
        Tell::Alert(open) => key(open),
        Tell::Digest { audience, day, alerts } => {
            format!("{audience} {day}: {}", alerts.iter().map(key).collect::<Vec<_>>().join(" "))
        }
    };
    looked.tell.iter().map(one).collect()
}

fn look(book: &mut Book, found: &[Alert], now: &str) -> Looked {
    book.look(found.to_vec(), at(now), &calendar(), &settings())
}

#[test]
fn a_budget_lasts_for_the_most_urgent_and_the_rest_is_in_the_digest_of_the_next_day() {
    let mut book = Book::default();
    let quota = alert("clock:k-9", Kind::ClockOffset, "it");
    let stuck = alert("undelivered:x", Kind::Undelivered, "it");
    let found = [quota.clone(), silent(1), silent(2), stuck.clone()];
    let looked = look(&mut book, &found, NOW);
    assert_eq!(told(&looked), ["undelivered:x", "silent_kiosk:k-1"]);
    assert!(told(&look(&mut book, &found, "2026-11-16T12:01:00Z")).is_empty(), "nobody is told twice");
    assert!(told(&look(&mut book, &found, "2026-11-17T07:59:00Z")).is_empty());
    let digest = "it 2026-11-17: silent_kiosk:k-2 clock:k-9";
    assert_eq!(told(&look(&mut book, &found, "2026-11-17T08:00:00Z")), [digest]);
    assert!(told(&look(&mut book, &found, "2026-11-17T09:00:00Z")).is_empty());
    // The week's budget is spent, the next week has one of its own.
    let more = [found.as_slice(), &[silent(3)]].concat();
    assert!(told(&look(&mut book, &more, "2026-11-22T23:59:00Z")).is_empty());
    let more = [more.as_slice(), &[silent(4)]].concat();
    assert_eq!(told(&look(&mut book, &more, "2026-11-23T00:00:00Z")), ["silent_kiosk:k-4"]);
    assert_eq!(told(&look(&mut book, &more, "2026-11-23T08:00:00Z")), ["it 2026-11-23: silent_kiosk:k-3"]);
}

#[test]
fn every_ward_has_a_budget_of_its_own() {
    let mut book = Book::default();
    let of = |ward: &str, number: u8| alert(&format!("special_cause:{ward}:{number}"), Kind::SpecialCause, ward);
    let found = [of("ward:W1", 1), of("ward:W1", 2), of("ward:W2", 1)];
    assert_eq!(told(&look(&mut book, &found, NOW)), ["special_cause:ward:W1:1", "special_cause:ward:W2:1"]);
}

#[test]
fn thousands_of_silent_kiosks_take_no_alert_from_anybody_else() {
    let mut book = Book::default();
    let ward = alert("special_cause:ward:W1:1", Kind::SpecialCause, "ward:W1");
    let mut found: Vec<Alert> = (0..book::MOST_OPEN + 5).map(silent).collect();
    found.push(ward);
    let looked = look(&mut book, &found, NOW);
    assert_eq!(told(&looked), ["silent_kiosk:k-0", "silent_kiosk:k-1", "special_cause:ward:W1:1"]);
    assert_eq!(book.open().count(), book::MOST_OPEN + 1);
    // What had no place has one once another has ended.
    let rest: Vec<Alert> = found.into_iter().skip(5).collect();
    look(&mut book, &rest, "2026-11-16T12:01:00Z");
    look(&mut book, &rest, "2026-11-16T12:11:00Z");
    look(&mut book, &rest, "2026-11-16T12:12:00Z");
    assert!(rest.iter().all(|alert| book.get(&alert.key).is_some()));
    assert_eq!(book.open().count(), rest.len());
}

#[test]
fn the_digest_is_at_the_local_hour_in_summer_too() {
    let mut book = Book::default();
    let found = [silent(1), silent(2), silent(3)];
    look(&mut book, &found, "2026-07-06T12:00:00Z");
    assert!(told(&look(&mut book, &found, "2026-07-07T06:59:00Z")).is_empty());
    assert_eq!(told(&look(&mut book, &found, "2026-07-07T07:00:00Z")), ["it 2026-07-07: silent_kiosk:k-3"]);
}

#[test]
fn who_has_seen_an_alert_silences_it_until_it_ends_and_comes_back() {
    let mut book = Book::default();
    let found = [silent(1), silent(2), silent(3)];
    look(&mut book, &found, NOW);
    let seen = |key: &str| Entry::Seen { key: key.to_owned(), by: "site manager".to_owned() };
    book.take(at(NOW), seen("silent_kiosk:k-3")).unwrap();
    assert!(told(&look(&mut book, &found, "2026-11-17T08:00:00Z")).is_empty(), "it is not in the digest");
    let still = [silent(1), silent(2)];
    // Gone for a moment is not ended.
    look(&mut book, &still, "2026-11-17T09:00:00Z");
    look(&mut book, &found, "2026-11-17T09:05:00Z");
    assert!(look(&mut book, &still, "2026-11-17T09:14:00Z").entries.is_empty());
    assert_eq!(book.get("silent_kiosk:k-3").unwrap().seen.as_ref().unwrap().by, "site manager");
    let ended = look(&mut book, &still, "2026-11-17T09:24:00Z").entries;
    assert_eq!(ended, [Entry::Ended { key: "silent_kiosk:k-3".to_owned() }]);
    let again = "2026-11-24T09:00:00Z";
    assert_eq!(told(&look(&mut book, &found, again)), ["silent_kiosk:k-3"], "it is new again");
    assert_eq!(book.get("silent_kiosk:k-3").unwrap().seen, None);
    assert!(book.take(at(again), seen("silent_kiosk:k-9")).is_err());
}

#[test]
fn records_that_wait_on_a_kiosk_that_has_just_come_back_are_no_alert_yet() {
    let mut book = Book::default();
    let stuck = [alert("stuck_outbox:k-1", Kind::StuckOutbox, "it")];
    assert!(told(&look(&mut book, &stuck, "2026-11-16T12:00:00Z")).is_empty());
    assert!(told(&look(&mut book, &[], "2026-11-16T12:03:00Z")).is_empty());
    assert!(told(&look(&mut book, &stuck, "2026-11-16T12:04:00Z")).is_empty());
    assert!(told(&look(&mut book, &stuck, "2026-11-16T12:08:00Z")).is_empty());
    assert_eq!(told(&look(&mut book, &stuck, "2026-11-16T12:09:00Z")), ["stuck_outbox:k-1"]);
}

#[test]
fn the_fewest_entries_say_the_same() {
    let mut book = Book::default();
    let found = [silent(1), silent(2), silent(3)];
    look(&mut book, &found, NOW);
    look(&mut book, &found, "2026-11-17T08:00:00Z");
    let seen = Entry::Seen { key: "silent_kiosk:k-1".to_owned(), by: "site manager".to_owned() };
    book.take(at("2026-11-17T08:30:00Z"), seen).unwrap();
    look(&mut book, &[silent(2), silent(3)], "2026-11-17T09:00:00Z");
    look(&mut book, &[silent(2), silent(3)], "2026-11-17T09:10:00Z");
    let mut anew = Book::default();
    for (at, entry) in book.entries() {
        anew.take(at, entry).unwrap();
    }
    let same = |book: &Book| book.open().cloned().collect::<Vec<_>>();
    assert_eq!(same(&anew), same(&book));
    // What was spent on an alert that has ended is spent.
    for mut book in [book, anew] {
        let more = [silent(2), silent(3), silent(4)];
        assert!(told(&look(&mut book, &more, "2026-11-18T12:00:00Z")).is_empty());
    }
}

#[test]
fn the_list_survives_a_restart_and_the_first_who_has_seen_one_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alerts.ndjson");
    let open = || Alerts::open(&path).unwrap();
    let by = |role: &str| role.parse().unwrap();
    let alerts = open();
    let tell = alerts.look(vec![silent(1), silent(2), silent(3)], at(NOW), &calendar(), &settings());
    assert_eq!(tell.len(), 2);
    alerts.see("silent_kiosk:k-1", &by("site manager"), at(NOW)).unwrap();
    let stands = alerts.see("silent_kiosk:k-1", &by("somebody later"), at(NOW)).unwrap();
    assert_eq!(stands.seen.unwrap().by, "site manager");
    let error = alerts.see("silent_kiosk:k-9", &by("site manager"), at(NOW)).unwrap_err().to_string();
    assert!(error.contains("alert list"), "{error}");
    let before = alerts.all();
    drop(alerts);
    let alerts = open();
    assert_eq!(alerts.all(), before);
    assert_eq!(before.last().unwrap().alert.key, "silent_kiosk:k-1", "what was seen stands last");
    assert!(alerts.look(vec![silent(1), silent(2), silent(3)], at(NOW), &calendar(), &settings()).is_empty());
    // A disk that takes nothing is an error, and then nobody has seen it.
    fs::write(&path, "").unwrap();
    assert!(alerts.see("silent_kiosk:k-2", &by("site manager"), at(NOW)).is_err());
    assert_eq!(alerts.get("silent_kiosk:k-2").unwrap().seen, None);
    alerts.see("silent_kiosk:k-2", &by("site manager"), at(NOW)).unwrap();
    drop(alerts);
    assert!(open().get("silent_kiosk:k-2").unwrap().seen.is_some());
}

/// An older program is installed in the place of a later one, and that one again.
#[test]
fn a_kind_of_alert_that_a_later_program_wrote_is_kept_for_it_and_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alerts.ndjson");
    let open = || Alerts::open(&path).unwrap();
    open().look(vec![silent(1)], at(NOW), &calendar(), &settings());
    let known = fs::read_to_string(&path).unwrap();
    let raised = known.replace("silent_kiosk:k-1", "of_tomorrow:x").replace("\"silent_kiosk\"", "\"of_tomorrow\"");
    assert!(raised.contains("\"kind\":\"of_tomorrow\""), "{raised}");
    let line = |event: &str| format!("{{\"version\":1,\"at\":\"{NOW}\",\"event\":{event}}}\n");
    let later = [
        raised,
        line(r#"{"what":"seen","key":"of_tomorrow:x","by":"it"}"#),
        line(r#"{"what":"muted","keys":["silent_kiosk:k-1"]}"#),
        line(r#"{"what":"digested","keys":["of_tomorrow:x","silent_kiosk:k-1"]}"#),
    ]
    .concat();
    fs::write(&path, [known.as_str(), &later].concat()).unwrap();
    let alerts = open();
    let is_alone = |alerts: &Alerts| alerts.all().iter().all(|open| open.alert.key == "silent_kiosk:k-1");
    assert!(is_alone(&alerts));
    assert!(alerts.get("silent_kiosk:k-1").unwrap().digested, "it was in the digest with the other");
    // A disk that took nothing for a moment has the file written anew.
    fs::write(&path, "").unwrap();
    let by = "it".parse().unwrap();
    assert!(alerts.see("silent_kiosk:k-1", &by, at(NOW)).is_err());
    alerts.see("silent_kiosk:k-1", &by, at(NOW)).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(&later), "not as it stood: {text}");
    drop(alerts);
    assert!(is_alone(&open()) && open().get("silent_kiosk:k-1").unwrap().seen.is_some());
}

/// What a later program said of an alert that it alone could read is over for one that has been raised since.
#[test]
fn what_was_passed_over_ends_nothing_that_was_raised_since() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alerts.ndjson");
    let open = || Alerts::open(&path).unwrap();
    let line = |event: &str| format!("{{\"version\":1,\"at\":\"{NOW}\",\"event\":{event}}}\n");
    let digested = line(r#"{"what":"digested","keys":["silent_kiosk:k-1"]}"#);
    let ended = line(r#"{"what":"ended","key":"silent_kiosk:k-1"}"#);
    fs::write(&path, [digested, ended].concat()).unwrap();
    let alerts = open();
    assert!(alerts.all().is_empty());
    alerts.look(vec![silent(1)], at(NOW), &calendar(), &settings());
    // A disk that took nothing for a moment has the file written anew.
    fs::write(&path, "").unwrap();
    let by = "it".parse().unwrap();
    assert!(alerts.see("silent_kiosk:k-1", &by, at(NOW)).is_err());
    alerts.see("silent_kiosk:k-1", &by, at(NOW)).unwrap();
    drop(alerts);
    let kept = open().get("silent_kiosk:k-1").unwrap();
    assert!(kept.seen.is_some() && !kept.digested, "{kept:?}");
}

#[test]
fn messages_go_to_the_contacts_of_an_audience_with_an_id_of_the_raising() {
    let mut book = Book::default();
    let found = [silent(1), silent(2), silent(3), alert("special_cause:x", Kind::SpecialCause, "ward:W1")];
    let looked = look(&mut book, &found, NOW);
    let messages: Vec<_> = looked.tell.iter().flat_map(|tell| tell.messages(&settings(), at(NOW))).collect();
    let contacts: Vec<_> = messages.iter().map(|message| message.contact.as_str()).collect();
    assert_eq!(contacts, ["it-desk", "it-desk", "matron"]);
    let first = messages.first().unwrap();
    assert_eq!(first.letter.title, "silent_kiosk:k-1 is so.");
    let again = looked.tell.first().unwrap().messages(&settings(), at("2026-11-17T12:00:00Z"));
    assert_eq!(again.first().unwrap().id, first.id, "of the same raising");
    let digest = look(&mut book, &found, "2026-11-17T08:00:00Z");
    let digest = digest.tell.first().unwrap().messages(&settings(), at(NOW));
    assert_eq!(digest.first().unwrap().letter.title, "1 more thing to look at");
    assert_eq!(digest.first().unwrap().letter.facts.first().unwrap().words, "silent_kiosk:k-3 is so.");
    let many = Tell::Digest {
        audience: Audience::It,
        day: "2026-11-17".parse().unwrap(),
        alerts: vec![book.get("silent_kiosk:k-3").unwrap().clone(); 25],
    };
    let many = many.messages(&settings(), at(NOW));
    assert_eq!(many.first().unwrap().letter.facts.len(), 21, "the rest is counted");
    assert_eq!(many.first().unwrap().letter.facts.last().unwrap().words, "5 more on the page");
}

#[test]
fn an_audience_is_written_as_it_is_read() {
    for text in ["board", "it", "office", "department:D1", "ward:W12"] {
        assert_eq!(text.parse::<Audience>().unwrap().to_string(), text);
    }
    for text in ["", "ward", "ward:", "department:", "site:S1", "W12", "Board"] {
        assert!(text.parse::<Audience>().is_err(), "{text}");
    }
}

/// Whoever is told of an alert finds in the manual what to do, and in the list of all alerts when it begins.
#[test]
fn the_manual_says_what_every_alert_means_and_names_no_other() {
    // Serde names every kind there is to whoever asks for one that there is not.
    let refused = serde_json::from_str::<Kind>("\"?\"").unwrap_err().to_string();
    let kinds = refused.split('`').skip(3).step_by(2);
    let kinds: Vec<Kind> = kinds.map(|name| serde_json::from_str(&format!("\"{name}\"")).unwrap()).collect();
    let there: Vec<&'static str> = kinds.into_iter().map(Kind::word).collect();
    assert!(there.contains(&"silent_kiosk") && there.contains(&"not_published"), "{refused}");

    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/");
    let manual = fs::read_to_string(format!("{docs}operate.md")).unwrap();
    let alerts = fs::read_to_string(format!("{docs}alerts.md")).unwrap();
    let part = manual.split("\n### Alerts\n").nth(1).and_then(|rest| rest.split("\n## ").next()).unwrap();
    let rows = part.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` "));
    let mut listed = Vec::new();
    for (word, rest) in rows {
        let title = rest.split(" | ").next().unwrap();
        assert!(alerts.contains(&format!("\n| {title} |")), "docs/alerts.md has no {title}");
        listed.push(word);
    }
    let sorted = |mut words: Vec<&'static str>| {
        words.sort_unstable();
        words
    };
    let listed = listed.into_iter().map(|word| there.iter().find(|known| **known == word).copied());
    let listed: Option<Vec<&'static str>> = listed.collect();
    assert_eq!(listed.map(sorted), Some(sorted(there)));
}
