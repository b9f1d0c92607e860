//! A kiosk made by hand from the protocol alone: it seals what no honest kiosk would, and exactly what a story needs.

use anyhow::{Context as _, Result, anyhow, ensure};
use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::{Rng as _, RngExt as _, SeedableRng as _};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use wardvoice_protocol::assignment::Assignment;
use wardvoice_protocol::clock::Clock;
use wardvoice_protocol::contact::{Answer, Comment, Contact, Mode, Outcome, Response};
use wardvoice_protocol::envelope::{ChainHead, Envelope};
use wardvoice_protocol::id::{Hash, KioskId, Language, RecordId, WardId};
use wardvoice_protocol::keys::{SealKey, SigningKey};
use wardvoice_protocol::questionnaire::{KindFile, Questionnaire};
use wardvoice_protocol::receipt::{Receipt, Verdict};
use wardvoice_protocol::record::{Body, Record};
use wardvoice_protocol::signed;
use wardvoice_protocol::status::Introduction;
use wardvoice_protocol::topic::{Channel, Topic};

use crate::mqtt::{Client, Incoming, Message, Options};

/// A tablet: keys, a chain, and a random generator of its own.
#[derive(Debug)]
pub struct Tablet {
    /// Its id.
    pub kiosk: KioskId,
    /// Its signing key.
    pub signing_key: SigningKey,
    /// The key it seals to.
    pub seal_key: SealKey,
    /// The ward it writes into its records.
    pub ward: WardId,
    /// The last of its chain.
    pub head: ChainHead,
    random: StdRng,
}

impl Tablet {
    /// Introduces a new simulated tablet to the aggregator behind a broker and waits for its assignment.
    pub fn introduce(name: &str, ward: Option<&str>, port: u16, seed: u64) -> Result<Self> {
        let kiosk = KioskId::new(name)?;
        let mut random = StdRng::seed_from_u64(seed);
        let mut secret = [0; 32];
        random.fill_bytes(&mut secret);
        let signing_key = SigningKey::from_bytes(&secret);
        let introduction = Introduction {
            version: 1,
            kiosk: kiosk.clone(),
            signing_key: signing_key.verifying_key(),
            ward: ward.map(WardId::new).transpose()?,
        };
        let mut client = Client::connect(port, &Options::clean(format!("{name}.introduction")))?;
        let assignment_topic = Topic::Kiosk(kiosk.clone(), Channel::Assignment);
        client.subscribe(&[&assignment_topic.to_string()])?;
        let topic = Topic::Kiosk(kiosk.clone(), Channel::Introduction).to_string();
        let payload = serde_json::to_vec(&introduction)?;
        let deadline = Instant::now() + Duration::from_secs(30);
        let assignment: Assignment = loop {
            ensure!(Instant::now() < deadline, "kiosk {name} introduced itself and got no assignment");
            client.publish(&topic, &payload)?;
            // The introduction is lost when the aggregator is not subscribed yet: say it again.
            let answered = client.message(Duration::from_secs(2));
            if let Ok(message) = answered {
                break signed::read_trusting(&message.payload)?;
            }
        };
        client.disconnect()?;
        let (seal_key, ward) = (assignment.seal_key, assignment.ward);
        Ok(Self { kiosk, signing_key, seal_key, ward, head: ChainHead::EMPTY, random })
    }

    /// A tablet with given keys, for one that `kiosk add` knows or that nobody knows.
    pub fn new(name: &str, ward: &str, signing_key: SigningKey, seal_key: SealKey, seed: u64) -> Result<Self> {
        let random = StdRng::seed_from_u64(seed);
        let (kiosk, ward) = (KioskId::new(name)?, WardId::new(ward)?);
        Ok(Self { kiosk, signing_key, seal_key, ward, head: ChainHead::EMPTY, random })
    }

    /// The topic of its records.
    pub fn records(&self) -> String {
        Topic::Kiosk(self.kiosk.clone(), Channel::Records).to_string()
    }

    /// The topic of its receipts.
    pub fn receipts(&self) -> String {
        Topic::Kiosk(self.kiosk.clone(), Channel::Receipts).to_string()
    }

    /// Seals a completed interview, of now, with every first option, marked in its comment.
    pub fn completes(&mut self, mark: &str) -> Result<Envelope> {
        let body = Body::Contact(interview(&self.ward, mark)?);
        self.seal(&Record { clock: Clock::new(Timestamp::now(), None), body })
    }

    /// Seals a completed interview whose clock says something else.
    pub fn completes_at(&mut self, mark: &str, wall: Timestamp) -> Result<Envelope> {
        let body = Body::Contact(interview(&self.ward, mark)?);
        self.seal(&Record { clock: Clock::new(wall, None), body })
    }

    /// Seals a record as the next of the chain.
    pub fn seal(&mut self, record: &Record) -> Result<Envelope> {
        self.seal_bytes(&serde_json::to_vec(record)?)
    }

    /// Seals bytes as the next of the chain.
    pub fn seal_bytes(&mut self, plaintext: &[u8]) -> Result<Envelope> {
        let id = self.record_id();
        self.seal_as(plaintext, id)
    }

    /// Seals bytes as the next of the chain under a chosen record id.
    pub fn seal_as(&mut self, plaintext: &[u8], id: RecordId) -> Result<Envelope> {
        let envelope = Envelope::seal_bytes(
            plaintext,
            id,
            &self.kiosk,
            self.head,
            &self.seal_key,
            &self.signing_key,
            &mut self.random,
        )?;
        self.head = envelope.chain_head();
        Ok(envelope)
    }

    /// Leaves a hole in the chain: the next envelope names something that was never sent.
    pub fn breaks_its_chain(&mut self) {
        self.head = ChainHead { sequence: self.head.sequence, hash: Hash::of(b"never sent") };
    }

    /// A copy that draws other random numbers from here on: a cloned disk.
    #[must_use]
    pub fn copied(&self, seed: u64) -> Self {
        Self {
            kiosk: self.kiosk.clone(),
            signing_key: self.signing_key.clone(),
            seal_key: self.seal_key.clone(),
            ward: self.ward.clone(),
            head: self.head,
            random: StdRng::seed_from_u64(seed),
        }
    }

    fn record_id(&mut self) -> RecordId {
        let mut random = [0; 10];
        self.random.fill_bytes(&mut random);
        let now = u64::try_from(Timestamp::now().as_millisecond()).unwrap_or(0);
        RecordId::new(now, random)
    }

    /// Draws a number below a bound.
    pub fn draw(&mut self, bound: usize) -> usize {
        self.random.random_range(0..bound.max(1))
    }

    /// Connects and subscribes to its own receipts.
    pub fn connect(&self, port: u16) -> Result<Client> {
        let mut client = Client::connect(port, &Options::clean(format!("{}.hand", self.kiosk)))?;
        client.subscribe(&[&self.receipts()])?;
        Ok(client)
    }

    /// Collects verdicts until there are so many.
    pub fn verdicts(&self, client: &mut Client, count: usize, deadline: Duration) -> Result<Vec<Verdict>> {
        let ends = Instant::now() + deadline;
        let mut verdicts = Vec::new();
        while verdicts.len() < count {
            let Some(event) = client.receive(ends.saturating_duration_since(Instant::now()))? else {
                return Err(anyhow!("{} of {count} verdicts came for {}", verdicts.len(), self.kiosk));
            };
            match event {
                Incoming::Message(message) if message.topic == self.receipts() => {
                    verdicts.extend(read_receipt(&message)?.verdicts);
                }
                Incoming::Closed => return Err(anyhow!("the broker closed the connection of {}", self.kiosk)),
                _ => {}
            }
        }
        Ok(verdicts)
    }
}

/// Reads a receipt without its key; the kiosk's own tests check the signature.
pub fn read_receipt(message: &Message) -> Result<Receipt> {
    signed::read_trusting(&message.payload).context("failed to read a receipt")
}

/// A completed interview: every question answered with its first option, the mark as the comment.
pub fn interview(ward: &WardId, mark: &str) -> Result<Contact> {
    let questionnaire = Questionnaire::inpatient()?;
    let mut answers = BTreeMap::new();
    for question in questionnaire.questions() {
        let answer = match (&question.kind, question.options.first()) {
            (KindFile::Comment, _) if question.id.as_str() == "good" => Answer::Said(Comment::new(mark)?),
            (_, Some(option)) => Answer::Answered(option.id.clone()),
            (_, None) => Answer::Declined,
        };
        answers.insert(question.id.clone(), answer);
    }
    // The first option of `nights` is none, after which nobody is asked about the night.
    answers.insert("noise".parse()?, Answer::NotShown);
    Ok(Contact {
        ward: ward.clone(),
        questionnaire: questionnaire.reference(),
        outcome: Outcome::Completed,
        mode: Mode::Alone,
        language: Language::english(),
        attribution: None,
        response: Some(Response { answers, minutes: Some(3) }),
    })
}
