#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics is a test that fails")]

mod any_bytes;
mod briefing;
mod commission;

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc as std_mpsc;

use tokio::sync::mpsc::UnboundedReceiver;
use wardvoice_protocol::assignment::KioskAudience;
use wardvoice_protocol::envelope::Envelope;
use wardvoice_protocol::id::{KioskId, Language};
use wardvoice_protocol::keys::{OpenKey, SigningKey};
use wardvoice_protocol::questionnaire::Questionnaire;
use wardvoice_protocol::receipt::{Receipt, Verdict};
use wardvoice_protocol::record::Cleaning;
use wardvoice_protocol::signed;
use wardvoice_protocol::status::Introduction;

use super::keeper::{Keeper, Message};
use super::*;
use crate::mqtt::Report;
use crate::settings;

fn kiosk() -> KioskId {
    "sim-1-0".parse().unwrap()
}

fn aggregator() -> SigningKey {
    SigningKey::from_bytes(&[8; 32])
}

fn open_key(secret: u8) -> OpenKey {
    OpenKey::from_bytes(&[secret; 32]).unwrap()
}

fn assignment(ward: &str, seal_secret: u8) -> Assignment {
    Assignment {
        kiosk: kiosk(),
        ward: ward.parse().unwrap(),
        ward_name: format!("Ward {ward}"),
        audience: KioskAudience::Patients,
        questionnaire: Questionnaire::inpatient().unwrap().reference(),
        languages: vec![Language::english()],
        consultants: Vec::new(),
        seal_key: open_key(seal_secret).seal_key().clone(),
        aggregator_key: aggregator().verifying_key(),
        fortnight_anchor: "2026-01-05".parse().unwrap(),
        demonstration: false,
    }
}

fn topic(channel: Channel) -> Topic {
    Topic::Kiosk(kiosk(), channel)
}

/// A keeper whose link is the test.
struct Bench {
    keeper: Keeper,
    orders: UnboundedReceiver<Command>,
}

impl Bench {
    fn new(data: &Path, trust: Trust) -> Self {
        let identity = Identity { kiosk: kiosk(), signing_key: SigningKey::from_bytes(&[3; 32]) };
        let broker = "mqtt://localhost".parse().unwrap();
        Self::of(DispatchConfig::new(data.to_owned(), identity, broker, trust))
    }

    fn of(mut config: DispatchConfig) -> Self {
        config.reserve_bytes = 0;
        let outbox = Outbox::open_with_reserve(&config.data, config.identity.clone(), 0).unwrap();
        let (commands, orders) = tokio::sync::mpsc::unbounded_channel();
        Self { keeper: Keeper::new(config, Ok(outbox), commands), orders }
    }

    fn pinned(data: &Path) -> Self {
        Self::new(data, Trust::Pinned { assignment: assignment("W1", 7), origin: Hash::ZERO })
    }

    fn submit(&mut self) -> Result<(), SubmitError> {
        self.submit_with(Keepsake::Nothing).map(|_| ())
    }

    fn submit_with(&mut self, keepsake: Keepsake) -> Result<Kept, SubmitError> {
        let (sender, answer) = std_mpsc::channel();
        let body = Body::Cleaning(Cleaning { ward: "W1".parse().unwrap(), confirmed: true });
        let done = move |result| sender.send(result).unwrap();
        self.keeper.take(Message::Submit { keepsake, body: Box::new(body), done: Box::new(done) });
        answer.recv().unwrap()
    }

    fn connect(&mut self, connection: u64) {
        self.keeper.take(Message::Report(Report::Connected(connection)));
    }

    fn hear(&mut self, channel: Channel, payload: Vec<u8>) {
        self.keeper.take(Message::Report(Report::Message { topic: topic(channel), payload }));
    }

    fn published(&mut self, wanted: Channel) -> Vec<Vec<u8>> {
        let mut payloads = Vec::new();
        while let Ok(command) = self.orders.try_recv() {
            if let Command::Publish { topic: Topic::Kiosk(_, channel), payload, .. } = command
                && channel == wanted
            {
                payloads.push(payload);
            }
        }
        payloads
    }

    fn state(&self) -> DispatchState {
        locked(&self.keeper.shared().state).clone()
    }
}

fn receipt(envelope: &Envelope, decision: Decision, key: &SigningKey) -> Vec<u8> {
    let receipt = Receipt {
        kiosk: kiosk(),
        aggregator_time: Timestamp::now(),
        verdicts: vec![Verdict {
            envelope: envelope.hash(),
            record: Some(envelope.record()),
            sequence: Some(envelope.sequence()),
            decision,
        }],
    };
    signed::sign(&receipt, &topic(Channel::Receipts), key).unwrap()
}

#[test]
fn keeps_without_a_network_sends_with_one_and_deletes_only_on_the_aggregators_word() {
    let data = tempfile::tempdir().unwrap();
    let mut bench = Bench::pinned(data.path());
    bench.submit().unwrap();
    assert_eq!((bench.state().waiting, bench.state().connected), (1, false));
    assert!(bench.published(Channel::Records).is_empty());

    bench.connect(1);
    let sent = bench.published(Channel::Records);
    let envelope = Envelope::read(&sent[0]).unwrap();
    envelope.open(&open_key(7)).unwrap();

    let stranger = SigningKey::from_bytes(&[9; 32]);
    bench.hear(Channel::Receipts, receipt(&envelope, Decision::Accepted, &stranger));
    bench.hear(Channel::Receipts, b"nonsense".to_vec());
    // Rightly signed, but for another topic.
    bench.hear(Channel::Assignment, receipt(&envelope, Decision::Accepted, &aggregator()));
    assert_eq!(bench.state().waiting, 1);
    bench.hear(Channel::Receipts, receipt(&envelope, Decision::Accepted, &aggregator()));
    assert_eq!(bench.state().waiting, 0);
    assert!(bench.state().last_receipt.is_some());
    assert!(bench.state().clock_offset_s.is_some_and(|offset_s| offset_s.abs() < 5));
}

#[test]
fn a_record_is_made_of_the_code_that_somebody_takes_along() {
    let data = tempfile::tempdir().unwrap();
    let mut bench = Bench::pinned(data.path());
    let without = bench.submit_with(Keepsake::Nothing).unwrap();
    assert_eq!(without.code, None);
    let [one, other] = [(); 2].map(|()| bench.submit_with(Keepsake::Code).unwrap());
    let [code, another] = [one, other].map(|kept| kept.code.unwrap());
    assert_ne!(code, another, "each is drawn anew");
    let random = code.randomness().unwrap();
    assert!(
        one.record.is_made_of(random) && !other.record.is_made_of(random) && !without.record.is_made_of(random)
    );
    // What is sent and what is on the disk has the id and not the code.
    bench.connect(1);
    let sent = bench.published(Channel::Records);
    let ids: Vec<_> = sent.iter().map(|payload| Envelope::read(payload).unwrap().record()).collect();
    assert_eq!(ids, [without.record, one.record, other.record]);
    let files = files_below(data.path());
    assert!(
        files.iter().any(|path| path.starts_with(data.path().join("outbox"))),
        "the outbox is among {files:?}"
    );
    let written: String = code.characters().collect();
    let everything = files.iter().map(|path| fs::read(path).unwrap()).chain(sent);
    for bytes in everything {
        for spelt in [&written, &code.to_string()] {
            assert!(!bytes.windows(spelt.len()).any(|some| some == spelt.as_bytes()), "the code is written down");
        }
    }
}

/// Every file in a folder and in those below it.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

#[test]
fn whoever_counts_has_counted_a_record_before_its_patient_goes_on() {
    let data = tempfile::tempdir().unwrap();
    let (sender, heard) = std_mpsc::channel();
    let trust = Trust::Pinned { assignment: assignment("W1", 7), origin: Hash::ZERO };
    let identity = Identity { kiosk: kiosk(), signing_key: SigningKey::from_bytes(&[3; 32]) };
    let mut config =
        DispatchConfig::new(data.path().to_owned(), identity, "mqtt://localhost".parse().unwrap(), trust);
    let counts = sender.clone();
    config.on_parcel = Some(Box::new(move |event| counts.send(Some(event)).unwrap()));
    let body = Body::Cleaning(Cleaning { ward: "W1".parse().unwrap(), confirmed: true });
    let done = move |kept: Result<_, SubmitError>| sender.send(kept.map(|_| None).unwrap()).unwrap();
    let keepsake = Keepsake::Nothing;
    Bench::of(config).keeper.take(Message::Submit { keepsake, body: Box::new(body), done: Box::new(done) });
    assert_eq!(heard.iter().collect::<Vec<_>>(), [Some(ParcelEvent::Kept { sequence: 1 }), None]);
}

#[test]
fn says_on_every_connection_how_it_is() {
    let data = tempfile::tempdir().unwrap();
    let mut bench = Bench::pinned(data.path());
    bench.submit().unwrap();
    for connection in 1..3 {
        bench.connect(connection);
        let said = bench.published(Channel::Status);
        let status: Status = serde_json::from_slice(&said[0]).unwrap();
        let Presence::Online(health) = status.presence else { panic!("offline") };
        assert_eq!((health.waiting, health.last_sequence), (1, 1));
        assert!(health.assignment.is_some());
    }
}

#[test]
fn believes_assignments_of_the_pinned_key_alone_and_seals_to_the_new_key() {
    let data = tempfile::tempdir().unwrap();
    let mut bench = Bench::pinned(data.path());
    let told = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&told);
    let listener = move |new: &Assignment| {
        assert_eq!(new.ward.as_str(), "W2");
        count.fetch_add(1, Ordering::Relaxed);
    };
    locked(&bench.keeper.shared().assignment_listeners).push(Box::new(listener));
    bench.connect(1);
    let sign = |assignment: &Assignment, key: &SigningKey| {
        signed::sign(assignment, &topic(Channel::Assignment), key).unwrap()
    };
    bench.hear(Channel::Assignment, sign(&assignment("W3", 5), &SigningKey::from_bytes(&[9; 32])));
    let elsewhere = Assignment { kiosk: "k-2".parse().unwrap(), ..assignment("W4", 5) };
    bench.hear(Channel::Assignment, sign(&elsewhere, &aggregator()));
    assert_eq!(told.load(Ordering::Relaxed), 0);
    for _ in 0..2 {
        bench.hear(Channel::Assignment, sign(&assignment("W2", 6), &aggregator()));
    }
    assert_eq!(told.load(Ordering::Relaxed), 1, "the same assignment again is no news");
    let saved = settings::load_assignment(data.path(), Hash::ZERO).unwrap();
    assert_eq!(saved, Some(assignment("W2", 6)));
    assert_eq!(settings::load_assignment(data.path(), Hash::of(b"other settings")).unwrap(), None);

    bench.submit().unwrap();
    let sent = bench.published(Channel::Records);
    Envelope::read(&sent[0]).unwrap().open(&open_key(6)).unwrap();
}

#[test]
fn a_simulated_kiosk_introduces_itself_until_it_is_answered() {
    let data = tempfile::tempdir().unwrap();
    let mut bench = Bench::new(data.path(), Trust::Introduce { ward: Some("W9".parse().unwrap()), known: None });
    assert_eq!(bench.submit(), Err(SubmitError::NotAssigned));
    for connection in 1..3 {
        bench.connect(connection);
        let said = bench.published(Channel::Introduction);
        let introduction: Introduction = serde_json::from_slice(&said[0]).unwrap();
        assert_eq!(introduction.ward, Some("W9".parse().unwrap()));
    }
    let answer = signed::sign(&assignment("W9", 7), &topic(Channel::Assignment), &aggregator()).unwrap();
    bench.hear(Channel::Assignment, answer);
    bench.submit().unwrap();
    bench.connect(3);
    assert!(bench.published(Channel::Introduction).is_empty());
}

#[test]
fn a_failed_write_refuses_until_the_outbox_was_checked_again_and_loses_nothing() {
    let scenario = fail::FailScenario::setup();
    let data = tempfile::tempdir().unwrap();
    let mut bench = Bench::pinned(data.path());
    bench.connect(1);
    bench.submit().unwrap();
    fail::cfg("outbox.flush_error", "return").unwrap();
    assert!(matches!(bench.submit(), Err(SubmitError::Refused(_))));
    assert!(matches!(bench.state().storing, Storing::Refusing(_)));
    assert!(matches!(bench.submit(), Err(SubmitError::Refused(_))));
    fail::remove("outbox.flush_error");
    bench.published(Channel::Records);

    bench.keeper.reopen();
    assert_eq!(bench.keeper.state().storing, Storing::Ready);
    let again = bench.published(Channel::Records);
    assert_eq!(Envelope::read(&again[0]).unwrap().sequence().get(), 1, "what was in flight is sent again");
    bench.submit().unwrap();
    scenario.teardown();
}

#[test]
fn a_kiosk_that_starts_without_its_outbox_refuses_and_comes_back_by_itself() {
    let data = tempfile::tempdir().unwrap();
    Bench::pinned(data.path()).submit().unwrap();
    let marker = data.path().join("outbox.marker");
    let whole = std::fs::read(&marker).unwrap();
    std::fs::write(&marker, "no marker").unwrap();
    let config = |awaits_outbox| {
        let identity = Identity { kiosk: kiosk(), signing_key: SigningKey::from_bytes(&[3; 32]) };
        let trust = Trust::Pinned { assignment: assignment("W1", 7), origin: Hash::ZERO };
        let broker = "mqtt://127.0.0.1:9".parse().unwrap();
        let config = DispatchConfig::new(data.path().to_owned(), identity, broker, trust);
        DispatchConfig { awaits_outbox, reserve_bytes: 0, ..config }
    };
    assert!(matches!(Dispatch::start(config(false)), Err(DispatchError::Outbox(_))), "others end");
    let dispatch = Dispatch::start(config(true)).unwrap();
    let state = dispatch.state();
    assert!(matches!(&state.storing, Storing::Refusing(why) if why.contains("recover")), "{state:?}");
    assert!(state.last_error.is_some());
    dispatch.stop();

    let (commands, orders) = tokio::sync::mpsc::unbounded_channel();
    let refused = Outbox::open_with_reserve(data.path(), config(true).identity, 0);
    let mut bench = Bench { keeper: Keeper::new(config(true), refused, commands), orders };
    bench.connect(1);
    assert!(bench.published(Channel::Status).is_empty(), "it does not know how many records wait");
    assert!(matches!(bench.submit(), Err(SubmitError::Refused(_))));
    bench.keeper.reopen();
    assert!(matches!(bench.state().storing, Storing::Refusing(_)));
    std::fs::write(&marker, whole).unwrap();
    bench.keeper.reopen();
    bench.keeper.take(Message::Tick);
    let said = bench.published(Channel::Status);
    let status: Status = serde_json::from_slice(&said[0]).unwrap();
    let Presence::Online(health) = status.presence else { panic!("offline") };
    assert_eq!((health.waiting, health.last_sequence), (1, 1), "now it knows");
    bench.submit().unwrap();
    let state = bench.state();
    assert_eq!((state.storing, state.waiting, state.last_error), (Storing::Ready, 2, None));
    let held = Outbox::open_with_reserve(data.path(), config(true).identity, 0);
    assert!(matches!(held, Err(OutboxError::InUse(_))));
    assert!(Dispatch::start(config(true)).is_err(), "two programs never share one outbox");
}

#[test]
fn a_dispatch_keeps_records_while_no_broker_answers_and_finds_them_after_a_restart() {
    let data = tempfile::tempdir().unwrap();
    let start = || {
        let identity = Identity { kiosk: kiosk(), signing_key: SigningKey::from_bytes(&[3; 32]) };
        // Port 9 is the discard service: nothing answers there.
        let broker = "mqtt://127.0.0.1:9".parse().unwrap();
        let trust = Trust::Pinned { assignment: assignment("W1", 7), origin: Hash::ZERO };
        let mut config = DispatchConfig::new(data.path().to_owned(), identity, broker, trust);
        config.reserve_bytes = 0;
        Dispatch::start(config).unwrap()
    };
    let dispatch = start();
    let (sender, answers) = std_mpsc::channel();
    let seen = sender.clone();
    dispatch.on_change(move |state| seen.send(Err(state.waiting)).unwrap());
    let body = Body::Cleaning(Cleaning { ward: "W1".parse().unwrap(), confirmed: false });
    dispatch.submit(body.clone(), move |kept| sender.send(Ok(kept)).unwrap());
    assert!(answers.iter().any(|answer| matches!(answer, Ok(Ok(_)))));
    assert!(answers.iter().any(|answer| answer == Err(1)));
    dispatch.stop();
    let (sender, answers) = std_mpsc::channel();
    dispatch.submit(body, move |kept| sender.send(kept).unwrap());
    assert_eq!(answers.recv().unwrap(), Err(SubmitError::Stopped));
    let dispatch = start();
    assert_eq!((dispatch.state().waiting, dispatch.state().last_sequence), (1, 1));
    dispatch.stop();
}
