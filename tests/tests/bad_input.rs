//! Bad input: each kind is refused with its reason, kept in quarantine to be looked at, and does not touch the rest.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use jiff::{SignedDuration, Timestamp};
use rand::rngs::StdRng;
use rand::{Rng as _, RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use wardvoice_protocol::clock::Clock;
use wardvoice_protocol::contact::{Answer, Outcome};
use wardvoice_protocol::keys::{OpenKey, SigningKey};
use wardvoice_protocol::limits::MAX_ENVELOPE_BYTES;
use wardvoice_protocol::receipt::{Decision, Reason, Verdict};
use wardvoice_protocol::record::{Body, Record};
use wardvoice_tests::loopback;
use wardvoice_tests::mqtt::{Client, Options, publish_packet};
use wardvoice_tests::tablet::{Tablet, interview};
use wardvoice_tests::ward::{Between, Ward};

const DEADLINE: Duration = Duration::from_mins(1);

/// A ward with a good tablet on it that goes on sending between the bad messages.
struct Scene {
    ward: Ward,
    port: u16,
    good: Tablet,
    client: Client,
    sent: usize,
    expected: Vec<Reason>,
}

impl Scene {
    fn open() -> Result<Self> {
        let ward = Ward::open(Between::Embedded)?;
        let port = ward.broker_port()?;
        let good = Tablet::introduce("sim-good", Some("W1"), port, 11)?;
        let client = good.connect(port)?;
        Ok(Self { ward, port, good, client, sent: 0, expected: Vec::new() })
    }

    fn tablet(&self, name: &str, seed: u64) -> Result<Tablet> {
        Tablet::introduce(name, Some("W2"), self.port, seed)
    }

    /// Sends a payload as a tablet and returns the verdict.
    fn send(&self, tablet: &Tablet, payload: &[u8]) -> Result<Verdict> {
        let mut client = tablet.connect(self.port)?;
        client.publish(&tablet.records(), payload)?;
        let verdicts = tablet.verdicts(&mut client, 1, DEADLINE)?;
        verdicts.into_iter().next().context("no verdict")
    }

    /// Sends a payload that must be accepted.
    fn accepts(&self, tablet: &Tablet, payload: &[u8]) -> Result<()> {
        let verdict = self.send(tablet, payload)?;
        ensure!(verdict.decision == Decision::Accepted, "{} was not accepted: {verdict:?}", tablet.kiosk);
        Ok(())
    }

    /// Sends a payload that must be refused for a reason and kept; the good tablet must not notice.
    fn refuses(&mut self, tablet: &Tablet, payload: &[u8], reason: Reason) -> Result<()> {
        let verdict = self.send(tablet, payload).with_context(|| format!("{reason}: no verdict came"))?;
        match &verdict.decision {
            Decision::Refused(refusal) => {
                ensure!(refusal.reason == reason, "expected {reason}, it was refused as {refusal:?}");
                ensure!(refusal.kept, "the refusal {refusal:?} was not kept");
                ensure!(!refusal.detail.is_empty(), "the refusal for {reason} does not say more");
            }
            other => bail!("expected {reason}, it was {other:?}"),
        }
        self.expected.push(reason);
        self.all_is_well()
    }

    fn all_is_well(&mut self) -> Result<()> {
        self.sent += 1;
        let envelope = self.good.completes(&format!("good {}", self.sent))?;
        self.client.publish(&self.good.records(), &envelope.to_json())?;
        let verdicts = self.good.verdicts(&mut self.client, 1, DEADLINE)?;
        ensure!(
            verdicts.iter().all(|v| v.decision == Decision::Accepted),
            "the good stream suffered: {verdicts:?}"
        );
        Ok(())
    }

    fn quarantine(&self) -> Result<Vec<Value>> {
        self.ward.aggregator.list(&["quarantine", "list"])
    }

    /// At the end: every refusal is in the quarantine, every good record is stored, the whole proves itself.
    fn closes(self, others_stored: usize) -> Result<()> {
        let entries = self.quarantine()?;
        for reason in &self.expected {
            let wanted = self.expected.iter().filter(|other| *other == reason).count();
            let found =
                entries.iter().filter(|e| e.get("reason").and_then(Value::as_str) == Some(reason.as_str()));
            let found = found.count();
            ensure!(found == wanted, "{found} quarantine entries say {reason}, expected {wanted}: {entries:?}");
        }
        let ledger = self.ward.aggregator.ledger()?;
        let good = ledger.of(&self.good.kiosk).len();
        ensure!(good == self.sent, "{good} of {} good records are stored", self.sent);
        let stored = ledger.stored();
        ensure!(stored == self.sent + others_stored, "{stored} are stored, not {}", self.sent + others_stored);
        self.ward.aggregator.verify()?;
        Ok(())
    }
}

fn record_with(change: impl FnOnce(&mut Value)) -> Result<Vec<u8>> {
    let body = Body::Contact(interview(&"W2".parse()?, "changed")?);
    let mut value = serde_json::to_value(Record { clock: Clock::new(Timestamp::now(), None), body })?;
    change(&mut value);
    Ok(serde_json::to_vec(&value)?)
}

/// A time as a kiosk may say it; a finer one is refused for that.
fn quarter_hour(time: Timestamp) -> Value {
    json!(Clock::new(time, None).wall)
}

fn set(value: &mut Value, pointer: &str, to: Value) {
    if let Some(place) = value.pointer_mut(pointer) {
        *place = to;
    }
}

#[test]
fn what_is_wrong_with_the_wrapping() -> Result<()> {
    let mut scene = Scene::open()?;

    let mut tablet = scene.tablet("sim-signature", 21)?;
    let mut tampered: Value = serde_json::from_slice(&tablet.completes("mine")?.to_json())?;
    let foreign: Value = serde_json::from_slice(&tablet.completes("other")?.to_json())?;
    set(&mut tampered, "/signature", foreign.get("signature").cloned().unwrap_or_default());
    scene.refuses(&tablet, &serde_json::to_vec(&tampered)?, Reason::WrongSignature)?;

    let stranger_key = SigningKey::from_bytes(&[9; 32]);
    let mut unknown = Tablet::new("k-unknown", "W1", stranger_key, scene.good.seal_key.clone(), 22)?;
    let payload = unknown.completes("who")?.to_json();
    scene.refuses(&unknown, &payload, Reason::UnknownKiosk)?;

    let tablet = scene.tablet("sim-oversize", 23)?;
    scene.refuses(&tablet, &vec![b'x'; MAX_ENVELOPE_BYTES + 1], Reason::Oversize)?;

    let tablet = scene.tablet("sim-scribble", 24)?;
    scene.refuses(&tablet, b"\xff\xfe this is not JSON", Reason::Unreadable)?;
    scene.refuses(&tablet, b"{\"version\": 1}", Reason::Unreadable)?;
    scene.refuses(&tablet, b"", Reason::Unreadable)?;

    let mut tablet = scene.tablet("sim-future", 25)?;
    let mut newer: Value = serde_json::from_slice(&tablet.completes("newer")?.to_json())?;
    set(&mut newer, "/version", json!(2));
    scene.refuses(&tablet, &serde_json::to_vec(&newer)?, Reason::UnknownVersion)?;

    let mut tablet = scene.tablet("sim-neighbour", 26)?;
    let payload = scene.good.copied(27).completes("wrong door")?.to_json();
    scene.refuses(&tablet, &payload, Reason::WrongTopic)?;
    let own = tablet.completes("own door")?.to_json();
    scene.accepts(&tablet, &own)?;

    scene.closes(1)
}

#[test]
fn what_is_wrong_with_the_chain() -> Result<()> {
    let mut scene = Scene::open()?;

    let mut tablet = scene.tablet("sim-broken", 31)?;
    let first = tablet.completes("first")?.to_json();
    scene.accepts(&tablet, &first)?;
    tablet.breaks_its_chain();
    let second = tablet.completes("second")?.to_json();
    scene.refuses(&tablet, &second, Reason::BrokenChain)?;

    let mut tablet = scene.tablet("sim-cloned", 32)?;
    let first = tablet.completes("first")?.to_json();
    scene.accepts(&tablet, &first)?;
    let mut clone = tablet.copied(33);
    let second = tablet.completes("second, on the tablet")?.to_json();
    scene.accepts(&tablet, &second)?;
    let fork = clone.completes("second, on the copy")?.to_json();
    scene.refuses(&clone, &fork, Reason::ForkedChain)?;
    let kiosks = scene.ward.aggregator.list(&["kiosk", "list"])?;
    let forked: Vec<_> =
        kiosks.iter().filter_map(|kiosk| Some((kiosk.get("id")?, kiosk.get("forked")?))).collect();
    ensure!(forked == [(&json!("sim-cloned"), &json!(1))], "{forked:?} have two tablets in their name");

    let mut tablet = scene.tablet("sim-conflict", 34)?;
    let first = tablet.completes("first")?;
    scene.accepts(&tablet, &first.to_json())?;
    let same_id = tablet.seal_as(&record_with(|_| ())?, first.record())?;
    scene.refuses(&tablet, &same_id.to_json(), Reason::Conflict)?;

    scene.closes(4)
}

#[test]
fn what_is_wrong_with_the_keys() -> Result<()> {
    let mut scene = Scene::open()?;
    let aggregator = &scene.ward.aggregator;

    let old = SigningKey::from_bytes(&[41; 32]);
    let new = SigningKey::from_bytes(&[42; 32]);
    let old_text = old.verifying_key().to_string();
    let new_text = new.verifying_key().to_string();
    aggregator.run(&["kiosk", "add", "--id", "k-0041", "--ward", "W2", "--signing-key", &old_text])?;
    let seal_key = scene.good.seal_key.clone();
    let mut before = Tablet::new("k-0041", "W2", old, seal_key.clone(), 41)?;
    let first = before.completes("with the old key")?.to_json();
    scene.accepts(&before, &first)?;
    scene.ward.aggregator.run(&["kiosk", "replace-key", "--id", "k-0041", "--signing-key", &new_text])?;
    let second = before.completes("still with the old key")?.to_json();
    scene.refuses(&before, &second, Reason::StaleKey)?;

    let mut random = StdRng::seed_from_u64(43);
    let unknown_key = OpenKey::generate(&mut random).seal_key().clone();
    let mut tablet = scene.tablet("sim-sealed-elsewhere", 44)?;
    tablet.seal_key = unknown_key;
    let elsewhere = tablet.completes("for somebody else")?.to_json();
    scene.refuses(&tablet, &elsewhere, Reason::StaleKey)?;

    scene.closes(1)
}

#[test]
fn what_is_wrong_inside_and_the_next_record_goes_on() -> Result<()> {
    let mut scene = Scene::open()?;
    let kind = "/body/contact";
    let cases: Vec<(&str, Reason, Vec<u8>)> = vec![
        ("sim-noise", Reason::InvalidRecord, b"not a record".to_vec()),
        (
            "sim-tomorrow",
            Reason::UnknownQuestionnaire,
            record_with(|r| set(r, &format!("{kind}/questionnaire/version"), json!(99)))?,
        ),
        (
            "sim-option",
            Reason::UnknownOption,
            record_with(|r| set(r, &format!("{kind}/response/answers/respect"), json!({"answered": "purple"})))?,
        ),
        (
            "sim-question",
            Reason::UnknownQuestion,
            record_with(|r| {
                if let Some(answers) =
                    r.pointer_mut(&format!("{kind}/response/answers")).and_then(Value::as_object_mut)
                {
                    answers.insert("shoe_size".to_owned(), json!({"answered": "no"}));
                }
            })?,
        ),
        ("sim-nowhere", Reason::UnknownWard, record_with(|r| set(r, &format!("{kind}/ward"), json!("W99")))?),
        (
            "sim-last-year",
            Reason::Clock,
            record_with(|r| {
                set(r, "/clock/wall", quarter_hour(Timestamp::now() - SignedDuration::from_hours(365 * 24)));
            })?,
        ),
        (
            "sim-next-year",
            Reason::Clock,
            record_with(|r| {
                set(r, "/clock/wall", quarter_hour(Timestamp::now() + SignedDuration::from_hours(365 * 24)));
            })?,
        ),
    ];
    let count = cases.len();
    for (at, (name, reason, plaintext)) in cases.into_iter().enumerate() {
        let mut tablet = scene.tablet(name, 50 + at as u64)?;
        let bad = tablet.seal_bytes(&plaintext)?.to_json();
        scene.refuses(&tablet, &bad, reason)?;
        let next = tablet.completes("the next one")?.to_json();
        scene.accepts(&tablet, &next).with_context(|| format!("after {reason}"))?;
    }
    scene.closes(count)
}

#[test]
fn an_answered_contact_without_answers_is_refused() -> Result<()> {
    let mut scene = Scene::open()?;
    let mut tablet = scene.tablet("sim-hollow", 70)?;
    let mut contact = interview(&"W2".parse()?, "x")?;
    contact.response = None;
    let record = Record { clock: Clock::new(Timestamp::now(), None), body: Body::Contact(contact) };
    let hollow = tablet.seal(&record)?.to_json();
    scene.refuses(&tablet, &hollow, Reason::InvalidRecord)?;
    let mut contact = interview(&"W2".parse()?, "x")?;
    contact.outcome = Outcome::Asleep;
    let record = Record { clock: Clock::new(Timestamp::now(), None), body: Body::Contact(contact) };
    let talking = tablet.seal(&record)?.to_json();
    scene.refuses(&tablet, &talking, Reason::InvalidRecord)?;
    let mut contact = interview(&"W2".parse()?, "x")?;
    if let Some(response) = &mut contact.response {
        response.answers.insert("respect".parse()?, Answer::NotApplicable);
    }
    let record = Record { clock: Clock::new(Timestamp::now(), None), body: Body::Contact(contact) };
    let unoffered = tablet.seal(&record)?.to_json();
    let verdict = scene.send(&tablet, &unoffered)?;
    ensure!(matches!(verdict.decision, Decision::Refused(_)), "an answer that is not offered was {verdict:?}");
    Ok(())
}

/// A tablet was put on a ward before anybody registered it. What it sent is looked at and judged again by commands, over a kill.
#[test]
fn what_was_refused_is_looked_at_and_judged_again_and_then_stands_once() -> Result<()> {
    let mut scene = Scene::open()?;
    let key = SigningKey::from_bytes(&[61; 32]);
    let key_text = key.verifying_key().to_string();
    let mut early = Tablet::new("k-0061", "W2", key, scene.good.seal_key.clone(), 61)?;
    for number in 0..3 {
        let payload = early.completes(&format!("too early {number}"))?.to_json();
        scene.refuses(&early, &payload, Reason::UnknownKiosk)?;
    }
    scene.ward.aggregator.kill()?;
    scene.ward.aggregator.start()?;
    let aggregator = &scene.ward.aggregator;
    let entries = scene.quarantine()?;
    ensure!(entries.len() == 3, "a kill took some of the quarantine: {entries:?}");
    let number = entries.first().and_then(|entry| entry.get("number")).and_then(Value::as_u64);
    let number = number.context("an entry has no number")?.to_string();
    let shown = aggregator.json(&["quarantine", "show", &number])?;
    ensure!(shown.to_string().contains("k-0061"), "what came is not shown: {shown}");

    let again = aggregator.list(&["quarantine", "replay"])?;
    ensure!(again.iter().all(|one| one.pointer("/decision/refused").is_some()), "nothing has changed: {again:?}");
    aggregator.run(&["kiosk", "add", "--id", "k-0061", "--ward", "W2", "--signing-key", &key_text])?;
    let again = aggregator.list(&["quarantine", "replay"])?;
    let accepted = again.iter().filter(|one| one.get("decision").and_then(Value::as_str) == Some("accepted"));
    ensure!(accepted.count() == 3, "judged again they are {again:?}");
    ensure!(scene.quarantine()?.is_empty() && aggregator.list(&["quarantine", "replay"])?.is_empty());
    scene.client = scene.good.connect(scene.port)?;
    let next = early.completes("in time")?.to_json();
    scene.accepts(&early, &next)?;
    scene.expected.clear();
    scene.all_is_well()?;
    scene.closes(4)
}

/// Bytes that are no MQTT, from the first on, behind a greeting, and in the middle of packets that were whole: the broker inside lets go of
/// whoever sends them and of nobody else.
#[test]
fn whatever_bytes_a_client_sends_the_broker_inside_goes_on() -> Result<()> {
    const CLIENTS: usize = 200;
    let mut scene = Scene::open()?;
    let mut random = StdRng::seed_from_u64(81);
    let address = loopback::address(scene.port);
    // CONNECT as k-noise, 3.1.1, clean; and a record with an id that waits for its acknowledgement.
    let greeting = b"\x10\x13\x00\x04MQTT\x04\x02\x00\x00\x00\x07k-noise";
    for number in 0..CLIENTS {
        let mut bytes = vec![0; random.random_range(0..2_000)];
        random.fill_bytes(&mut bytes);
        let packet = publish_packet("wardvoice/1/kiosks/k-noise/records", &bytes, 7, false);
        let sent = match number % 4 {
            0 => bytes,
            1 => [greeting.as_slice(), &bytes].concat(),
            // A whole packet with some of its bytes changed; the length of the next one is wrong from then on.
            2 => {
                let mut packet = packet;
                for _ in 0..3 {
                    let place = random.random_range(0..packet.len());
                    if let Some(byte) = packet.get_mut(place) {
                        *byte = random.random_range(0..=u8::MAX);
                    }
                }
                [greeting.as_slice(), &packet, &packet].concat()
            }
            // A packet that promises more than a quarter of a gigabyte, and one that ends in the middle.
            _ => {
                let half = packet.len() / 2;
                let begun = packet.get(..half).unwrap_or_default();
                let promise: &[u8] = if number % 8 == 3 { b"\x32\xff\xff\xff\x7f" } else { begun };
                [greeting.as_slice(), promise].concat()
            }
        };
        let mut client = TcpStream::connect(address).context("the broker lets nobody in any more")?;
        // It may close while we still write.
        drop(client.write_all(&sent));
        if number % 20 == 0 {
            scene.all_is_well()?;
        }
    }
    scene.all_is_well()?;
    scene.ward.aggregator.process()?.must_be_running()?;
    let resident = scene.ward.aggregator.process()?.resident_bytes()?;
    ensure!(resident < 400 << 20, "the aggregator holds {} MB after that", resident >> 20);
    scene.closes(0)
}

#[test]
fn a_hundred_thousand_garbage_messages_do_not_stop_the_stream() -> Result<()> {
    const GARBAGE: usize = 100_000;
    let mut scene = Scene::open()?;
    let port = scene.port;
    let storm = std::thread::spawn(move || -> Result<()> {
        let mut random = StdRng::seed_from_u64(80);
        let mut client = Client::connect(port, &Options::clean("k-garbage.storm"))?;
        let mut open = 0;
        for _ in 0..GARBAGE {
            let mut payload = vec![0; random.random_range(0..300)];
            random.fill_bytes(&mut payload);
            client.publish("wardvoice/1/kiosks/k-garbage/records", &payload)?;
            open += 1;
            // Brokers grant only so many unacknowledged packets; within that the client sends as fast as it can.
            if open == 50 {
                client.wait_acknowledged(open, DEADLINE)?;
                open = 0;
            }
        }
        client.wait_acknowledged(open, DEADLINE)
    });
    let mut slowest = Duration::ZERO;
    let mut during = 0;
    while !storm.is_finished() {
        let began = Instant::now();
        scene.all_is_well()?;
        slowest = slowest.max(began.elapsed());
        during += 1;
    }
    storm.join().map_err(|_| anyhow::anyhow!("the storm panicked"))??;
    scene.all_is_well()?;
    ensure!(during >= 20, "only {during} good records got through during the storm, the slowest in {slowest:?}");
    let resident = scene.ward.aggregator.process()?.resident_bytes()?;
    ensure!(resident < 400 << 20, "the aggregator holds {} MB after the storm", resident >> 20);
    let kept = scene.quarantine()?.len();
    ensure!((1..=1_000).contains(&kept), "{kept} of the garbage messages are in quarantine: the cap is 1,000");
    scene.closes(0)
}
