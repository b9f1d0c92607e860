//! One suite, two brokers: the aggregator's line over the broker inside and over mosquitto.
//!
//! What is asked of a broker is little, because it may lose anything at any time: carry both ways while it is there,
//! say last wills, keep the last assignment for who comes later, and let the line come back when it was away. What is
//! asked of the broker inside is more: that nobody reaches another kiosk's topics.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics is a test that fails")]

mod carriers {
    pub(super) mod client;
    pub(super) mod place;
}

use std::time::Duration;

use carriers::client::Client;
use carriers::place::{Mosquitto, Place};
use wardvoice_aggregator::ingest::mqtt::Message;
use wardvoice_protocol::id::Hash;
use wardvoice_protocol::keys::SigningKey;
use wardvoice_protocol::limits::MAX_MESSAGE_BYTES;
use wardvoice_protocol::receipt::Receipt;
use wardvoice_protocol::signed;
use wardvoice_protocol::status::{Health, Introduction, Presence, Status};
use wardvoice_protocol::topic::{Channel, Topic};

const PATIENCE: Duration = Duration::from_secs(20);

fn topic(kiosk: &str, channel: Channel) -> Topic {
    Topic::Kiosk(kiosk.parse().unwrap(), channel)
}

fn status(kiosk: &str, presence: Presence) -> Vec<u8> {
    serde_json::to_vec(&Status { version: 1, kiosk: kiosk.parse().unwrap(), presence }).unwrap()
}

fn online() -> Presence {
    Presence::Online(Health {
        software: "0.1.0".to_owned(),
        waiting: 0,
        last_sequence: 0,
        clock_offset_s: None,
        assignment: None,
        tablet: None,
        questionnaire: None,
    })
}

/// Runs a story with each broker.
fn with_both(story: impl Fn(&Place)) {
    story(&Place::embedded());
    story(&Place::mosquitto(&Mosquitto::start()));
}

#[test]
fn a_record_comes_in_and_its_receipt_goes_back() {
    with_both(|place| {
        let mut kiosk = Client::connect(place.kiosk_port, "k-1", None);
        kiosk.subscribe(&topic("k-1", Channel::Receipts).to_string()).unwrap();
        for number in 0..300 {
            kiosk.publish(&topic("k-1", Channel::Records).to_string(), format!("record {number}").as_bytes());
        }
        let mut verdicts = 0;
        let key = place.signing_key.verifying_key();
        while verdicts < 300 {
            let (on, payload, _) = kiosk.message(PATIENCE).unwrap();
            let on: Topic = on.parse().unwrap();
            let receipt: Receipt = signed::verify(&payload, &on, &key).unwrap();
            verdicts += receipt.verdicts.len();
        }
        let records = place.inbox.records();
        assert_eq!(records.len(), 300);
        assert!(records.iter().all(|(kiosk, _)| kiosk == "k-1"));
        assert_eq!(records[299].1, b"record 299", "one kiosk's records keep their order");
    });
}

#[test]
fn more_than_any_window_comes_in() {
    with_both(|place| {
        let kiosks: Vec<_> = (0..8)
            .map(|number| {
                let port = place.kiosk_port;
                std::thread::spawn(move || {
                    let id = format!("k-{number}");
                    let kiosk = Client::connect(port, &id, None);
                    for _ in 0..1_500 {
                        kiosk.publish(&topic(&id, Channel::Records).to_string(), &[b'x'; 600]);
                    }
                    kiosk.wait_for_acknowledgements(1_500, PATIENCE);
                })
            })
            .collect();
        for kiosk in kiosks {
            kiosk.join().unwrap();
        }
        place.inbox.wait("12,000 records", PATIENCE, |inbox| inbox.records().len() >= 12_000);
    });
}

#[test]
fn the_assignment_meets_a_kiosk_that_comes_later() {
    with_both(|place| {
        let topic = topic("k-2", Channel::Assignment);
        for payload in [b"first".to_vec(), b"second".to_vec()] {
            place.messenger().publish(Message { topic: topic.clone(), payload, retain: true });
        }
        // A message to a kiosk that listens already proves that those before it have arrived.
        let mut early = Client::connect(place.kiosk_port, "k-1", None);
        early.subscribe("wardvoice/1/kiosks/k-1/receipts").unwrap();
        let marker = Topic::Kiosk("k-1".parse().unwrap(), Channel::Receipts);
        place.messenger().publish(Message { topic: marker, payload: b"marker".to_vec(), retain: false });
        assert_eq!(early.message(PATIENCE).unwrap().1, b"marker");
        let mut late = Client::connect(place.kiosk_port, "k-2", None);
        late.subscribe(&topic.to_string()).unwrap();
        let (_, payload, retained) = late.message(PATIENCE).unwrap();
        assert_eq!((payload.as_slice(), retained), (&b"second"[..], true));
    });
}

#[test]
fn a_kiosk_hears_its_posting_its_help_and_a_questionnaire_larger_than_it_may_send() {
    with_both(|place| {
        let questionnaire = Topic::Questionnaire(Hash::of(b"file"));
        let large = vec![b'x'; MAX_MESSAGE_BYTES];
        place.messenger().publish(Message { topic: questionnaire.clone(), payload: large.clone(), retain: true });
        let mut kiosk = Client::connect(place.kiosk_port, "k-1", None);
        for channel in [Channel::Posting, Channel::Help] {
            let topic = topic("k-1", channel);
            kiosk.subscribe(&topic.to_string()).unwrap();
            place.messenger().publish(Message { topic: topic.clone(), payload: vec![7], retain: true });
            assert_eq!(kiosk.message_on(&topic.to_string(), PATIENCE).unwrap().0, [7]);
        }
        kiosk.subscribe(&questionnaire.to_string()).unwrap();
        let (payload, retained) = kiosk.message_on(&questionnaire.to_string(), PATIENCE).unwrap();
        assert_eq!((payload == large, retained), (true, true));
    });
}

#[test]
fn a_kiosk_hears_its_round_and_the_boards_of_forty_wards() {
    with_both(|place| {
        let mut kiosk = Client::connect(place.kiosk_port, "k-1", None);
        for channel in [Channel::Receipts, Channel::Assignment, Channel::Round] {
            kiosk.subscribe(&topic("k-1", channel).to_string()).unwrap();
        }
        let board = |number: usize| Topic::Board(format!("W{number}").parse().unwrap());
        for number in 1..=40 {
            kiosk.subscribe(&board(number).to_string()).unwrap();
        }
        for number in 1..=40 {
            place.messenger().publish(Message { topic: board(number), payload: vec![1], retain: true });
        }
        let mut boards = std::collections::BTreeSet::new();
        while boards.len() < 40 {
            boards.insert(kiosk.message(PATIENCE).unwrap().0);
        }
        let round = topic("k-1", Channel::Round);
        place.messenger().publish(Message { topic: round.clone(), payload: b"round".to_vec(), retain: true });
        assert_eq!(kiosk.message_on(&round.to_string(), PATIENCE).unwrap().0, b"round");
        let mut late = Client::connect(place.kiosk_port, "k-2", None);
        late.subscribe(&board(7).to_string()).unwrap();
        assert!(late.message(PATIENCE).unwrap().2, "the board was retained for who comes later");
    });
}

#[test]
fn statuses_wills_and_introductions_come_in() {
    with_both(|place| {
        let will = (topic("sim-3", Channel::Status).to_string(), status("sim-3", Presence::Offline));
        let kiosk = Client::connect(place.kiosk_port, "sim-3", Some(will));
        kiosk.publish(&topic("sim-3", Channel::Status).to_string(), &status("sim-3", online()));
        // A status that speaks for another kiosk is nobody's.
        kiosk.publish(&topic("sim-3", Channel::Status).to_string(), &status("k-9", online()));
        let introduction = Introduction {
            version: 1,
            kiosk: "sim-3".parse().unwrap(),
            signing_key: SigningKey::from_bytes(&[3; 32]).verifying_key(),
            ward: None,
        };
        let payload = serde_json::to_vec(&introduction).unwrap();
        kiosk.publish(&topic("sim-3", Channel::Introduction).to_string(), &payload);
        place.inbox.wait("the introduction", PATIENCE, |inbox| inbox.introductions() == [introduction.clone()]);
        kiosk.vanish();
        let expected = [("sim-3".to_owned(), true), ("sim-3".to_owned(), false)];
        place.inbox.wait("the last will", PATIENCE, |inbox| inbox.statuses() == expected);
    });
}

#[test]
fn the_line_comes_back_after_the_broker_was_killed_and_had_forgotten_everything() {
    let mut mosquitto = Mosquitto::start();
    let place = Place::mosquitto(&mosquitto);
    mosquitto.kill_and_start();
    place.wait_connected(2);
    let kiosk = Client::connect(place.kiosk_port, "k-1", None);
    kiosk.publish(&topic("k-1", Channel::Records).to_string(), b"after");
    place.inbox.wait("the record", PATIENCE, |inbox| inbox.records().iter().any(|(_, it)| it == b"after"));
}

#[test]
fn a_packet_of_a_megabyte_comes_once_through_a_broker_that_lets_it_pass() {
    let mosquitto = Mosquitto::start();
    let place = Place::mosquitto(&mosquitto);
    let kiosk = Client::connect(place.kiosk_port, "k-1", None);
    kiosk.publish(&topic("k-1", Channel::Records).to_string(), &vec![b'x'; 1 << 20]);
    kiosk.publish(&topic("k-1", Channel::Records).to_string(), b"next");
    place.inbox.wait("both", PATIENCE, |inbox| inbox.records().len() == 2);
    assert_eq!(place.inbox.records()[0].1.len(), 1 << 20);
    assert_eq!(place.messenger().counts().0, 1, "the line was never lost over it");
}

#[test]
fn the_broker_inside_ends_a_connection_that_sends_far_too_much_and_the_rest_goes_on() {
    let place = Place::embedded();
    let mut loud = Client::connect(place.kiosk_port, "k-1", None);
    let quiet = Client::connect(place.kiosk_port, "k-2", None);
    loud.publish(&topic("k-1", Channel::Records).to_string(), &vec![b'x'; 1 << 20]);
    loud.wait_closed(PATIENCE);
    quiet.publish(&topic("k-2", Channel::Records).to_string(), b"still here");
    place.inbox.wait("the other's record", PATIENCE, |inbox| inbox.records().len() == 1);
}

#[test]
fn the_broker_inside_keeps_kiosks_to_their_own_topics() {
    let place = Place::embedded();
    let port = place.kiosk_port;

    for id in ["no such id!", "wardvoice/aggregator", "-dash", "k+1", "#"] {
        assert!(Client::try_connect(port, id, None).is_err(), "{id:?} was let in");
    }
    for will in ["wardvoice/1/kiosks/k-2/status", "wardvoice/1/kiosks/k-1/records", "wardvoice/1/directory", "any"]
    {
        let connected = Client::try_connect(port, "k-1", Some((will.to_owned(), b"x".to_vec())));
        assert!(connected.is_err(), "a last will on {will} was taken");
    }

    let mut kiosk = Client::connect(port, "k-1", None);
    for filter in [
        "#",
        "+/+/+/+/+",
        "wardvoice/#",
        "wardvoice/1/kiosks/+/receipts",
        "wardvoice/1/kiosks/k-2/receipts",
        "wardvoice/1/kiosks/k-2/round",
        "wardvoice/1/kiosks/+/round",
        "wardvoice/1/wards/+/board",
        "wardvoice/1/wards/#",
        "wardvoice/1/kiosks/k-1/records",
        "wardvoice/1/kiosks/k-1/status",
        "$SYS/#",
    ] {
        assert!(kiosk.subscribe(filter).is_err(), "{filter} was granted");
    }
    for filter in ["wardvoice/1/kiosks/k-1/receipts", "wardvoice/1/kiosks/k-1/assignment", "wardvoice/1/directory"]
    {
        kiosk.subscribe(filter).unwrap();
    }

    for forbidden in [
        "wardvoice/1/kiosks/k-2/records",
        "wardvoice/1/kiosks/k-2/status",
        "wardvoice/1/kiosks/k-1/receipts",
        "wardvoice/1/kiosks/k-1/assignment",
        "wardvoice/1/kiosks/k-1/round",
        "wardvoice/1/wards/W1/board",
        "wardvoice/1/directory",
        "something/else",
    ] {
        let mut kiosk = Client::connect(port, "k-1", None);
        kiosk.publish(forbidden, b"x");
        kiosk.wait_closed(PATIENCE);
    }
    let beside = Client::connect(port, "k-1.second", None);
    beside.publish("wardvoice/1/kiosks/k-1/records", b"allowed");
    place.inbox.wait("the record", PATIENCE, |inbox| inbox.records().len() == 1);
    assert_eq!(place.inbox.records()[0], ("k-1".to_owned(), b"allowed".to_vec()));
    assert!(place.inbox.statuses().is_empty());
}

#[test]
fn the_broker_inside_retains_nothing_of_a_kiosk() {
    let place = Place::embedded();
    let kiosk = Client::connect(place.kiosk_port, "k-1", None);
    kiosk.publish_retained("wardvoice/1/kiosks/k-1/status", &status("k-1", online()));
    place.inbox.wait("the status", PATIENCE, |inbox| inbox.statuses().len() == 1);
    let again = place.second_line();
    let other = Client::connect(place.kiosk_port, "k-2", None);
    other.publish("wardvoice/1/kiosks/k-2/status", &status("k-2", online()));
    again.wait("the second status", PATIENCE, |inbox| !inbox.statuses().is_empty());
    assert_eq!(again.statuses(), [("k-2".to_owned(), true)], "a retained status was told again");
}

#[test]
fn what_was_said_before_the_end_is_said() {
    with_both(|place| {
        let mut kiosk = Client::connect(place.kiosk_port, "k-1", None);
        kiosk.subscribe("wardvoice/1/kiosks/k-1/receipts").unwrap();
        kiosk.publish("wardvoice/1/kiosks/k-1/records", b"last");
        place.inbox.wait("the record", PATIENCE, |inbox| inbox.records().len() == 1);
        place.finish();
        assert!(kiosk.message(PATIENCE).is_ok(), "the receipt came before the goodbye");
    });
}
