//! A trust, its kiosks and what they seal, for tests.
#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use wardvoice_protocol::clock::Clock;
use wardvoice_protocol::contact::{Answer, Contact, Mode, Outcome, Response};
use wardvoice_protocol::envelope::{ChainHead, Envelope};
use wardvoice_protocol::fortnight::Calendar;
use wardvoice_protocol::id::{KioskId, Language, OptionId, QuestionId, RecordId, WardId};
use wardvoice_protocol::keys::{OpenKey, SealKey, SigningKey};
use wardvoice_protocol::questionnaire::{KindFile, Questionnaire};
use wardvoice_protocol::record::{Body, Cleaning, Record};

use super::{Arrival, World};
use crate::directory;
use crate::facts::{Facts, Vocabulary};
use crate::log::{Log, NewRecord, OpenedRow};
use crate::registry::Registry;

pub(crate) const NOW: &str = "2026-11-23T12:00:00.123Z";

/// A trust with the example's directory.
pub(crate) struct Trust {
    pub(crate) world: Arc<World>,
    pub(crate) rng: StdRng,
}

/// A tablet: its key and where its chain stands.
#[derive(Clone)]
pub(crate) struct Tablet {
    pub(crate) id: KioskId,
    pub(crate) key: SigningKey,
    pub(crate) seal_key: SealKey,
    pub(crate) head: ChainHead,
}

impl Trust {
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let directory = directory::example();
        let questionnaires = vec![Questionnaire::inpatient().unwrap()];
        let vocabulary = Arc::new(Vocabulary::new(&directory, &questionnaires).unwrap());
        let world = World {
            directory,
            questionnaires,
            calendar: Calendar::new("2026-01-05".parse().unwrap()).unwrap(),
            vocabulary,
            open_keys: vec![OpenKey::generate(&mut rng)],
            registry: Arc::new(Registry::in_memory()),
        };
        Self { world: Arc::new(world), rng }
    }

    /// A kiosk that is registered.
    pub(crate) fn tablet(&mut self, id: &str) -> Tablet {
        let tablet = self.stranger(id);
        let key = tablet.key.verifying_key();
        self.world.registry.add(&tablet.id, &ward(), key, &self.world.directory).unwrap();
        tablet
    }

    /// A kiosk that nobody registered.
    pub(crate) fn stranger(&mut self, id: &str) -> Tablet {
        let seal_key = self.world.open_keys.first().unwrap().seal_key().clone();
        let key = SigningKey::from_bytes(&self.rng.random());
        Tablet { id: KioskId::new(id).unwrap(), key, seal_key, head: ChainHead::EMPTY }
    }

    pub(crate) fn facts(&self) -> Arc<RwLock<Facts>> {
        Arc::new(RwLock::new(Facts::new(Arc::clone(&self.world.vocabulary))))
    }

    pub(crate) fn record_id(&mut self) -> RecordId {
        RecordId::new(1_795_428_000_000, self.rng.random())
    }

    /// A completed contact with the first option of every question.
    pub(crate) fn contact(&self) -> Contact {
        let questionnaire = self.world.questionnaires.first().unwrap();
        let answers: BTreeMap<QuestionId, Answer> = questionnaire
            .questions()
            .iter()
            .map(|question| match question.kind {
                KindFile::Comment => (question.id.clone(), Answer::Declined),
                _ => (question.id.clone(), Answer::Answered(question.options.first().unwrap().id.clone())),
            })
            .collect();
        Contact {
            ward: ward(),
            questionnaire: questionnaire.reference(),
            outcome: Outcome::Completed,
            mode: Mode::Alone,
            language: Language::english(),
            attribution: None,
            response: Some(Response { answers, minutes: Some(4) }),
        }
    }

    /// The same with an answer changed.
    pub(crate) fn contact_answering(&self, question: &str, option: &str) -> Contact {
        let mut contact = self.contact();
        let answer = Answer::Answered(OptionId::new(option).unwrap());
        contact.response.as_mut().unwrap().answers.insert(QuestionId::new(question).unwrap(), answer);
        contact
    }

    /// The next of a tablet's chain.
    pub(crate) fn seal(&mut self, tablet: &mut Tablet, record: &Record) -> Arrival {
        self.seal_bytes(tablet, &serde_json::to_vec(record).unwrap())
    }

    /// The next of a tablet's chain with anything inside.
    pub(crate) fn seal_bytes(&mut self, tablet: &mut Tablet, bytes: &[u8]) -> Arrival {
        let id = self.record_id();
        self.seal_as(tablet, id, bytes)
    }

    /// The next of a tablet's chain with a record id of choice.
    pub(crate) fn seal_as(&mut self, tablet: &mut Tablet, id: RecordId, bytes: &[u8]) -> Arrival {
        let Tablet { id: kiosk, key, seal_key, head } = &*tablet;
        let envelope = Envelope::seal_bytes(bytes, id, kiosk, *head, seal_key, key, &mut self.rng).unwrap();
        tablet.head = envelope.chain_head();
        arrival(&tablet.id, envelope.to_json())
    }

    /// So many contacts of a tablet.
    pub(crate) fn contacts(&mut self, tablet: &mut Tablet, count: usize) -> Vec<Arrival> {
        let record = contact_record(self.contact());
        (0..count).map(|_| self.seal(tablet, &record)).collect()
    }
}

pub(crate) fn ward() -> WardId {
    directory::example().wards().first().unwrap().id.clone()
}

pub(crate) fn arrival(kiosk: &KioskId, payload: Vec<u8>) -> Arrival {
    Arrival { kiosk: kiosk.clone(), payload, received: NOW.parse().unwrap(), not_before: None }
}

pub(crate) fn clock(wall: &str) -> Clock {
    Clock::new(wall.parse::<Timestamp>().unwrap(), None)
}

pub(crate) fn contact_record(contact: Contact) -> Record {
    Record { clock: clock("2026-11-23T11:30:00Z"), body: Body::Contact(contact) }
}

pub(crate) fn cleaning() -> Record {
    Record {
        clock: clock("2026-11-23T11:30:00Z"),
        body: Body::Cleaning(Cleaning { ward: ward(), confirmed: true }),
    }
}

/// Keeps a record by itself, with an envelope that nobody reads.
pub(crate) fn keep(log: &mut Log, row: OpenedRow<'_>) {
    let kiosk: KioskId = row.kiosk.parse().unwrap();
    let mut batch = log.begin();
    let new = NewRecord { kiosk: &kiosk, row, envelope: &[1, 0, 42], waits_for: None, asks_for_help: false };
    batch.append(log, new).unwrap();
    log.commit(batch).unwrap();
}
