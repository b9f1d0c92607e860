#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::*;
use crate::journal::State as _;

mod any;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_764_000_000 + second).unwrap()
}

fn hour() -> SignedDuration {
    SignedDuration::from_hours(1)
}

fn name(text: &str) -> ContactName {
    text.parse().unwrap()
}

fn record(number: u8) -> RecordId {
    RecordId::new(0, [number; 10])
}

fn letter() -> Letter {
    let facts = vec![Fact::new("ward", "Ward", "W1", "Ward [1]")];
    Letter { title: "Ward [1]: somebody asks for help".to_owned(), facts, page: Some("/ward/W1".to_owned()) }
}

/// A message about request `number`, made at a second.
fn help(contact: &str, number: u8, step: u8, second: i64) -> Message {
    Message {
        id: MessageId::of(&["help", &number.to_string(), contact]),
        contact: name(contact),
        subject: Subject::Help { record: record(number), step },
        made: at(second),
        letter: letter(),
    }
}

fn alert(contact: &str, key: &str, second: i64) -> Message {
    Message {
        id: MessageId::of(&["alert", key, contact]),
        subject: Subject::Alert { key: key.to_owned() },
        ..help(contact, 0, 0, second)
    }
}

fn answer(message: &Message, outcome: Outcome) -> Event {
    Event::Answer { id: message.id.clone(), outcome }
}

const DOWN: Outcome = Outcome::Failed(Failure::Unreachable, None);

fn ended(done: &queue::Done) -> Vec<End> {
    let end = |entry: &Entry| match entry {
        Entry::Ended(ended) => Some(ended.end.clone()),
        _ => None,
    };
    done.entries.iter().filter_map(end).collect()
}

#[test]
fn a_lane_keeps_its_order_and_waits_for_its_first() {
    let mut queue = Queue::new(hour());
    let (one, two, other) = (help("a", 1, 0, 0), help("a", 2, 0, 0), help("b", 3, 0, 0));
    let done = queue.apply(Event::Post(vec![one.clone(), two.clone(), other.clone()]), at(0), 0.0);
    assert_eq!(
        done.send,
        [one.clone(), other.clone()],
        "one of a lane is under way, and lanes do not wait for each other"
    );
    assert!(queue.apply(Event::Post(vec![one.clone()]), at(0), 0.0).entries.is_empty(), "it is known");
    let done = queue.apply(answer(&one, DOWN), at(0), 0.0);
    assert!(done.send.is_empty());
    assert_eq!(queue.next_due(), Some(at(1)));
    assert!(queue.apply(Event::Tick, at(0), 0.0).send.is_empty());
    assert_eq!(
        queue.apply(Event::Tick, at(1), 0.0).send,
        std::slice::from_ref(&one),
        "the same again, and not the one behind it"
    );
    let done = queue.apply(answer(&one, Outcome::Delivered), at(2), 0.0);
    assert_eq!((ended(&done), done.send), (vec![End::Delivered], vec![two.clone()]));
    assert!(queue.apply(Event::Post(vec![one]), at(3), 0.0).entries.is_empty(), "it was delivered");
    assert_eq!(queue.told().get(&record(1)), Some(&Told { first: Some(at(2)), escalated: false }));
    assert_eq!(queue.waiting_for_help(), [record(2), record(3)]);
}

#[test]
fn a_contacts_alerts_do_not_hold_up_its_requests_for_help() {
    let mut queue = Queue::new(hour());
    let (quiet, loud) = (alert("a", "silent", 0), help("a", 1, 0, 0));
    assert_eq!(queue.apply(Event::Post(vec![quiet.clone()]), at(0), 0.0).send, [quiet]);
    assert_eq!(queue.apply(Event::Post(vec![loud.clone()]), at(0), 0.0).send, [loud]);
}

#[test]
fn what_is_late_refused_or_too_much_is_given_up_and_told() {
    let mut queue = Queue::new(hour());
    let (late, refused) = (help("a", 1, 0, 0), help("b", 2, 0, 0));
    queue.apply(Event::Post(vec![late.clone(), refused.clone()]), at(0), 0.0);
    let done = queue.apply(answer(&refused, Outcome::Refused(Failure::Status(400))), at(1), 0.0);
    assert_eq!(ended(&done), [End::GivenUp(GivenUp::Refused(Failure::Status(400)))]);
    queue.apply(answer(&late, DOWN), at(3_599), 0.0);
    assert_eq!(queue.next_due(), Some(at(3_600)));
    let done = queue.apply(Event::Tick, at(3_600), 0.0);
    assert_eq!(ended(&done), [End::GivenUp(GivenUp::TooLate(Some(Failure::Unreachable)))]);
    let given_up: Vec<_> = queue.given_up().iter().map(|ended| ended.contact.to_string()).collect();
    assert_eq!(given_up, ["a", "b"], "the newest first");
    for (end, words) in queue.given_up().iter().zip([
        "its time was over; the last time it could not be reached",
        "it was refused: it answered with HTTP status 400",
    ]) {
        assert!(matches!(&end.end, End::GivenUp(why) if why.to_string() == words), "{end:?}");
    }

    let many = (0..=queue::MOST_WAITING).map(|number| alert("c", &number.to_string(), 3_600)).collect();
    let done = queue.apply(Event::Post(many), at(3_600), 0.0);
    assert_eq!(ended(&done), [End::GivenUp(GivenUp::TooMany)]);
    let full = queue.lanes().into_iter().find(|lane| lane.contact == name("c")).unwrap();
    assert_eq!(full.waiting, queue::MOST_WAITING);
}

/// Whoever sends a test waits for its answer: it is tried once, waits for its turn for half a minute, and nobody else is bothered with it.
#[test]
fn a_test_is_tried_once_and_is_no_loss() {
    let mut queue = Queue::new(hour());
    let (test, next) = (Message::test(&name("a"), at(0)), Message::test(&name("a"), at(1)));
    assert_eq!((test.subject.urgency(), test.subject.kind()), (Urgency::Ordinary, "test"));
    assert_ne!(test.id, next.id, "each is a message of its own");
    assert_eq!(queue.apply(Event::Post(vec![test.clone()]), at(0), 0.0).send, std::slice::from_ref(&test));
    let done = queue.apply(answer(&test, DOWN), at(1), 0.0);
    assert_eq!(ended(&done), [End::GivenUp(GivenUp::TooLate(Some(Failure::Unreachable)))]);
    queue.apply(Event::Post(vec![next.clone()]), at(1), 0.0);
    let done = queue.apply(answer(&next, Outcome::Refused(Failure::Status(410))), at(1), 0.0);
    assert_eq!(ended(&done), [End::GivenUp(GivenUp::Refused(Failure::Status(410)))]);

    // An alert that does not get through goes first.
    let first = alert("a", "silent", 2);
    let behind = Message::test(&name("a"), at(2));
    queue.apply(Event::Post(vec![first.clone(), behind.clone()]), at(2), 0.0);
    queue.apply(answer(&first, Outcome::Failed(Failure::Status(401), Some(600))), at(2), 0.0);
    assert_eq!(queue.next_due(), Some(at(32)));
    assert_eq!(ended(&queue.apply(Event::Tick, at(32), 0.0)), [End::GivenUp(GivenUp::TooLate(None))]);
    assert_eq!(queue.ended(&behind.id).map(|ended| &ended.contact), Some(&name("a")));
    assert_eq!(queue.given_up(), [], "whoever sent them was told");
    // It is over a restart what it was.
    let mut again = Queue::new(hour());
    queue.entries().into_iter().for_each(|(at, entry)| again.take(at, entry).unwrap());
    assert_eq!(again.ended(&next.id), queue.ended(&next.id));
}

#[test]
fn whoever_waits_for_the_end_of_a_message_is_told_of_it_and_not_kept_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let delivery = Arc::new(Delivery::open(folder.path().join("delivery.ndjson"), hour()).unwrap());
    let test = Message::test(&name("a"), at(0));
    delivery.post(vec![test.clone()], at(0));
    assert_eq!(delivery.until_ended(&test.id, Duration::from_millis(1)), None);
    let (waiting, id) = (Arc::clone(&delivery), test.id.clone());
    let waiter = std::thread::spawn(move || waiting.until_ended(&id, Duration::from_mins(1)));
    delivery.happen(answer(&test, Outcome::Delivered), at(1));
    assert_eq!(waiter.join().unwrap().map(|ended| ended.end), Some(End::Delivered));
}

#[test]
fn what_was_seen_is_withdrawn_also_while_it_is_under_way() {
    let mut queue = Queue::new(hour());
    let (first, later) = (help("a", 1, 0, 0), help("b", 1, 1, 0));
    queue.apply(Event::Post(vec![first.clone(), help("a", 2, 0, 0)]), at(0), 0.0);
    queue.apply(answer(&first, DOWN), at(0), 0.0);
    let done = queue.apply(Event::Withdraw(vec![record(1)]), at(0), 0.0);
    assert_eq!(ended(&done), [End::Withdrawn]);
    assert_eq!(done.send.len(), 1, "the next one goes on");
    queue.apply(Event::Post(vec![later.clone()]), at(0), 0.0);
    assert!(queue.apply(Event::Withdraw(vec![record(1)]), at(0), 0.0).entries.is_empty(), "it is under way");
    assert_eq!(ended(&queue.apply(answer(&later, DOWN), at(1), 0.0)), [End::Withdrawn]);
    assert_eq!(queue.told().get(&record(1)), Some(&Told { first: None, escalated: true }));
}

#[test]
fn a_clock_that_is_set_back_keeps_nothing_waiting() {
    let mut queue = Queue::new(hour());
    let message = help("a", 1, 0, 7_200);
    queue.apply(Event::Post(vec![message.clone()]), at(7_200), 0.0);
    queue.apply(answer(&message, DOWN), at(7_200), 0.0);
    assert_eq!(queue.apply(Event::Tick, at(0), 0.0).send.len(), 1);
}

#[test]
fn the_past_is_forgotten_after_twenty_eight_days() {
    let mut queue = Queue::new(hour());
    let message = help("a", 1, 0, 0);
    queue.apply(Event::Post(vec![message.clone()]), at(0), 0.0);
    queue.apply(answer(&message, Outcome::Delivered), at(0), 0.0);
    let later = queue::ENDED_FOR.as_secs() + 1;
    let next = help("a", 2, 0, later);
    queue.apply(Event::Post(vec![next.clone()]), at(later), 0.0);
    queue.apply(answer(&next, Outcome::Delivered), at(later), 0.0);
    assert_eq!(queue.told().into_keys().collect::<Vec<_>>(), [record(2)]);
    assert_eq!(queue.entries().len(), 1);
}

#[test]
fn what_waits_is_there_after_a_restart_and_what_was_delivered_is_not_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("delivery.ndjson");
    let (one, two) = (help("a", 1, 0, 0), help("a", 2, 0, 0));
    let delivery = Delivery::open(&path, hour()).unwrap();
    delivery.post(vec![one.clone(), two.clone()], at(0));
    assert_eq!(delivery.due(at(0)).0, std::slice::from_ref(&one));
    drop(delivery);
    // It was under way: nobody knows whether it arrived.
    let delivery = Delivery::open(&path, hour()).unwrap();
    assert_eq!(delivery.due(at(5)).0, std::slice::from_ref(&one));
    delivery.happen(answer(&one, Outcome::Delivered), at(6));
    drop(delivery);
    let delivery = Delivery::open(&path, hour()).unwrap();
    delivery.post(vec![one], at(7));
    assert_eq!(delivery.due(at(7)).0, [two]);
    assert_eq!(delivery.told().get(&record(1)).unwrap().first, Some(at(6)));
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.lines().all(|line| line.starts_with("{\"version\":1,")), "{text}");
}

#[test]
fn messages_go_out_although_the_disk_takes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("delivery.ndjson");
    let delivery = Delivery::open(&path, hour()).unwrap();
    delivery.post(vec![help("a", 1, 0, 0)], at(0));
    // A file that was cut short takes nothing more.
    fs::write(&path, "").unwrap();
    delivery.post(vec![help("b", 2, 0, 0)], at(0));
    assert!(delivery.is_unwritten());
    assert_eq!(delivery.due(at(0)).0.len(), 2);
    assert!(!delivery.is_unwritten(), "it was written anew");
    drop(delivery);
    assert_eq!(Delivery::open(&path, hour()).unwrap().waiting_for_help(), [record(1), record(2)]);
}

#[test]
fn an_id_follows_from_what_is_told_and_to_whom() {
    let id = MessageId::of(&["help", "1", "a"]);
    assert_eq!(id, MessageId::of(&["help", "1", "a"]));
    assert_ne!(id, MessageId::of(&["help", "1", "b"]));
    assert_ne!(id, MessageId::of(&["help", "1a"]));
    assert_eq!(id.as_str().len(), 32);
}

/// An older program is installed in the place of a later one, which told people of something else too.
#[test]
fn a_message_that_a_later_program_wrote_is_kept_for_it_and_holds_up_no_request_for_help() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("delivery.ndjson");
    let message = help("a", 1, 0, 0);
    Delivery::open(&path, hour()).unwrap().post(vec![message.clone()], at(0));
    let known = fs::read_to_string(&path).unwrap();
    let later =
        known.replace(message.id.as_str(), "of tomorrow").replace("\"what\":\"help\"", "\"what\":\"visit\"");
    assert!(later.contains("\"what\":\"visit\"") && later.contains("of tomorrow"), "{later}");
    fs::write(&path, [later.as_str(), &known].concat()).unwrap();
    let delivery = Delivery::open(&path, hour()).unwrap();
    assert_eq!(delivery.waiting_for_help(), [record(1)]);
    let (due, _) = delivery.due(at(1));
    assert_eq!(due, [message]);
    assert!(fs::read_to_string(&path).unwrap().contains(&later));
}

#[test]
fn bodies_are_what_receivers_expect_and_hold_no_record() {
    let message = help("a", 7, 0, 0);
    let pages = Some("https://wardvoice.example");
    let plain = body::body(&message, Kind::Json, pages);
    let card = body::body(&message, Kind::Teams, pages);
    for body in [&plain, &card] {
        let text = body.to_string();
        assert!(text.contains(message.id.as_str()), "{text}");
        assert!(!text.contains(&record(7).to_string()), "{text}");
        assert_eq!(text.matches("https://wardvoice.example/ward/W1").count(), 1, "{text}");
    }
    assert!(!card.to_string().contains("Ward [1]"), "nothing in a card becomes a link");
    insta::assert_json_snapshot!("a_message_in_our_own_json", plain);
    insta::assert_json_snapshot!("a_message_as_a_card", card);
    assert!(body::body(&message, Kind::Teams, None).pointer("/attachments/0/content/actions").is_none());
}

fn settings(contacts: &[(&str, Option<&str>)], secrets: bool) -> Settings {
    let listed = |(contact, url): &(&str, Option<&str>)| Listed {
        name: name(contact),
        kind: Kind::Json,
        url: url.map(|url| Address::read(url).unwrap()),
    };
    Settings {
        give_up_after: hour(),
        secrets_file: secrets.then(|| "secrets.toml".into()),
        pages_url: None,
        proxy: None,
        contacts: contacts.iter().map(listed).collect(),
    }
}

fn secrets(folder: &Path, text: &str, mode: u32) {
    let path = folder.join("secrets.toml");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn secrets_stand_in_a_file_of_their_own_and_are_told_to_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let listed = settings(&[("a", Some("https://a.example/hook")), ("b", None)], true);
    let open = || Contacts::open(&listed, folder.path());
    let check = |text: &str, mode: u32, says: &str| {
        secrets(folder.path(), text, mode);
        let said = open().unwrap_err().to_string();
        assert!(said.contains(says) && !said.contains("s3cret"), "{text} said {said}");
    };
    assert!(open().unwrap_err().to_string().contains("secrets.toml"), "the file is missing");
    check("", 0o600, "reach contact b");
    check("[b]\nurl = \"https://s3cret.example\"", 0o604, "everybody on this machine can read it");
    check("[b]\nurl = \"s3cret\"", 0o600, "use the url of contact b");
    check("[b]\nurl = \"https://b.example\"\ntoken = \"s3cret s3cret\"", 0o600, "use the token of contact b");
    check("[b]\nurl = \"https://b.example\"\n[c]\ntoken = \"s3cret\"", 0o600, "there is no contact \"c\"");
    check("[b]\ntoken = s3cret", 0o600, "line 2");
    check("[b]\npassword = \"s3cret\"", 0o600, "line 2");
    secrets(folder.path(), "[a]\ntoken = \"s3cret-token\"\n[b]\nurl = \"https://b.example/s3cret\"\n", 0o640);
    let contacts = open().unwrap();
    assert_eq!(contacts.names().iter().map(ContactName::as_str).collect::<Vec<_>>(), ["a", "b"]);
    let shown = format!("{contacts:?}");
    assert!(!shown.contains("s3cret") && !shown.contains("example"), "{shown}");
}
