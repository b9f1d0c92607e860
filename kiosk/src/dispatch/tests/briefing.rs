//! Rounds and boards on their way to the window, and the tablet on its way into the status.

use wardvoice_protocol::board::Board;
use wardvoice_protocol::round::{Round, WardName};
use wardvoice_protocol::status::Tablet;

use super::*;

fn round(issued: &str) -> Vec<u8> {
    let round = Round {
        kiosk: kiosk(),
        issued: issued.parse().unwrap(),
        volunteer_pin: Some("$argon2id$".to_owned()),
        manager_pin: None,
        wards: vec![WardName { id: "W1".parse().unwrap(), name: "Ward 1".to_owned() }],
        safeguarding: None,
    };
    signed::sign(&round, &topic(Channel::Round), &aggregator()).unwrap()
}

fn board(ward: &str) -> (Topic, Vec<u8>) {
    let topic = Topic::Board(ward.parse().unwrap());
    let board = Board {
        ward: ward.parse().unwrap(),
        ward_name: format!("Ward {ward}"),
        issued: "2026-11-25T10:00:00Z".parse().unwrap(),
        fortnight: "2026-F24".to_owned(),
        first_day: "2026-11-23".parse().unwrap(),
        last_day: "2026-12-06".parse().unwrap(),
        target: 40,
        completed: 31,
        contacts: 44,
        few: Vec::new(),
        changes: Vec::new(),
        bays: Vec::new(),
        consultants: Vec::new(),
    };
    let payload = signed::sign(&board, &topic, &aggregator()).unwrap();
    (topic, payload)
}

/// The topics of every subscription to rounds and boards since the last time.
fn subscribed(bench: &mut Bench) -> Vec<Vec<String>> {
    let mut asked = Vec::new();
    while let Ok(command) = bench.orders.try_recv() {
        if let Command::Subscribe { topics, .. } = command {
            asked.push(topics.iter().map(ToString::to_string).collect());
        }
    }
    asked.retain(|topics: &Vec<String>| topics.iter().any(|topic| topic.ends_with("/round")));
    asked
}

fn tablet(bench: &mut Bench) -> (u32, Option<Tablet>) {
    let said = bench.published(Channel::Status);
    let status: Status = serde_json::from_slice(said.last().unwrap()).unwrap();
    let Presence::Online(health) = status.presence else { panic!("offline") };
    (status.version, health.tablet)
}

#[test]
fn a_round_brings_its_boards_and_both_are_there_after_a_restart() {
    const ROUND: &str = "wardvoice/1/kiosks/sim-1-0/round";
    const BOARD: &str = "wardvoice/1/wards/W1/board";
    let data = tempfile::tempdir().unwrap();
    let mut bench = Bench::pinned(data.path());
    let told = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&told);
    let listener = move |_: &Arc<Briefing>| {
        count.fetch_add(1, Ordering::Relaxed);
    };
    locked(&bench.keeper.shared().briefing_listeners).push(Box::new(listener));
    bench.connect(1);
    assert_eq!(subscribed(&mut bench), [[ROUND]]);
    bench.hear(Channel::Round, round("2026-11-25T10:00:00Z"));
    assert_eq!(subscribed(&mut bench), [[ROUND, BOARD]]);
    for ward in ["W1", "W9"] {
        let (topic, payload) = board(ward);
        bench.keeper.take(Message::Report(Report::Message { topic, payload }));
    }
    bench.hear(Channel::Round, round("2026-11-25T11:00:00Z"));
    assert_eq!(
        told.load(Ordering::Relaxed),
        2,
        "a board of a ward nobody visits, and the same round, are no news"
    );
    drop(bench);

    let mut bench = Bench::pinned(data.path());
    let briefing = Arc::clone(&locked(&bench.keeper.shared().briefing));
    assert_eq!(briefing.boards.values().map(|board| board.completed).collect::<Vec<_>>(), [31]);
    bench.connect(1);
    assert_eq!(subscribed(&mut bench), [[ROUND, BOARD]]);
}

#[test]
fn the_tablet_is_spoken_of_only_to_an_aggregator_that_knows_rounds() {
    let data = tempfile::tempdir().unwrap();
    let mut bench = Bench::pinned(data.path());
    bench.connect(1);
    assert_eq!(tablet(&mut bench), (1, None));
    bench.hear(Channel::Round, round("2026-11-25T10:00:00Z"));
    bench.keeper.take(Message::Moved(Some("W2".parse().unwrap())));
    let (version, tablet) = tablet(&mut bench);
    let tablet = tablet.unwrap();
    assert_eq!((version, tablet.moved_to), (2, Some("W2".parse().unwrap())));
    assert!(tablet.free_disk_bytes.is_some());
}

#[test]
fn a_simulated_kiosk_is_not_carried_about() {
    let data = tempfile::tempdir().unwrap();
    let mut bench = Bench::new(data.path(), Trust::Introduce { ward: None, known: Some(assignment("W1", 7)) });
    bench.connect(1);
    assert!(subscribed(&mut bench).is_empty());
}
