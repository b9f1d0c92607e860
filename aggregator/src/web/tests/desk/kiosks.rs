//! What kiosks say of themselves, who asks for help at one, and what of theirs was refused.

use jiff::SignedDuration;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use wardvoice_protocol::directory::Directory;
use wardvoice_protocol::envelope::{ChainHead, Envelope};
use wardvoice_protocol::id::{Hash, RecordId};
use wardvoice_protocol::keys::{OpenKey, SigningKey};
use wardvoice_protocol::receipt::Reason;
use wardvoice_protocol::record::{Need, Place};
use wardvoice_protocol::status::{Health, Presence, Status};

use super::{Bench, kiosk, noon, ward};
use crate::help::Request;
use crate::ingest::Change;
use crate::log::NewRefusal;
use crate::registry::Registry;

/// Two kiosks on W1 and one on W2.
pub(super) fn three_kiosks(directory: &Directory) -> Registry {
    let registry = Registry::in_memory();
    for (number, id, place) in [(1, "k-1", "W1"), (2, "k-2", "W2"), (3, "k-3", "W1")] {
        let key = SigningKey::from_bytes(&[number; 32]).verifying_key();
        registry.add(&kiosk(id), &ward(place), key, directory).unwrap();
    }
    registry
}

impl Bench {
    /// A kiosk says that it is there.
    pub(in crate::web::tests) fn online(&self, id: &str, waiting: u64) {
        self.says(id, waiting, waiting, None);
    }

    /// A kiosk says how many records it has sealed, and that none of them waits.
    pub(in crate::web::tests) fn has_receipts_for(&self, id: &str, sealed: u64) {
        self.says(id, 0, sealed, None);
    }

    /// A kiosk says which questionnaire it asks.
    pub(in crate::web::tests) fn asks(&self, id: &str, questionnaire: Hash) {
        self.says(id, 0, 0, Some(questionnaire));
    }

    fn says(&self, id: &str, waiting: u64, last_sequence: u64, questionnaire: Option<Hash>) {
        let health = Health {
            software: "0.1.0".to_owned(),
            waiting,
            last_sequence,
            clock_offset_s: Some(-3),
            assignment: None,
            tablet: None,
            questionnaire,
        };
        let status = Status::new(kiosk(id), Presence::Online(health));
        self.desk.fleet.status(&status, noon());
    }

    /// Somebody on a ward asks for a drink, so many minutes ago.
    pub(in crate::web::tests) fn asks_for_help(&self, place: &str, minutes: i64) -> RecordId {
        let record = RecordId::new(1_795_428_000_000, [u8::try_from(minutes % 251).unwrap(); 10]);
        self.desk.help.open(Request {
            record,
            kiosk: kiosk("k-1"),
            ward: ward(place),
            need: Need::Drink,
            place: Some(Place::new("Bay 2").unwrap()),
            asked: noon() - SignedDuration::from_mins(minutes),
            arrived: noon() - SignedDuration::from_mins(minutes),
        });
        self.commit(place);
        record
    }

    /// Tells the pages that a ward has something new.
    pub(in crate::web::tests) fn commit(&self, place: &str) {
        drop(self.desk.changes.send(Change { wards: vec![ward(place)], position: 1 }));
    }

    /// Puts something into the quarantine.
    pub(in crate::web::tests) fn refuse(&mut self, id: &str, reason: Reason) {
        let mut batch = self.log.begin();
        let new = NewRefusal {
            kiosk: kiosk(id),
            received: noon() - SignedDuration::from_mins(90),
            reason,
            detail: "the clock is 400 days ahead".to_owned(),
            envelope: Hash::of(id.as_bytes()),
            record: None,
            sequence: None,
            payload: format!("{id} {reason}").into_bytes(),
        };
        batch.quarantine(&self.log, new).unwrap().unwrap();
        self.log.commit(batch).unwrap();
    }

    /// Somebody with the key of `k-2` sends a record whose number another one holds.
    pub(in crate::web::tests) fn forks(&mut self, seed: u8) {
        let (kiosk, key) = (kiosk("k-2"), SigningKey::from_bytes(&[2; 32]));
        let mut rng = StdRng::seed_from_u64(u64::from(seed));
        let opens = OpenKey::generate(&mut rng);
        let record = RecordId::new(1_795_428_000_000, [seed; 10]);
        let head = ChainHead::EMPTY;
        let envelope =
            Envelope::seal_bytes(b"{}", record, &kiosk, head, opens.seal_key(), &key, &mut rng).unwrap();
        let mut batch = self.log.begin();
        let new = NewRefusal {
            kiosk,
            received: noon() - SignedDuration::from_mins(5),
            reason: Reason::ForkedChain,
            detail: "another envelope already has number 1".to_owned(),
            envelope: envelope.hash(),
            record: Some(record),
            sequence: Some(envelope.sequence()),
            payload: envelope.to_json(),
        };
        batch.quarantine(&self.log, new).unwrap().unwrap();
        self.log.commit(batch).unwrap();
    }

    /// Puts so many things into the quarantine.
    pub(in crate::web::tests) fn refuse_many(&mut self, many: u64) {
        let mut batch = self.log.begin();
        for number in 0..many {
            let new = NewRefusal {
                kiosk: kiosk(&format!("k-{}", number % 50)),
                received: noon(),
                reason: Reason::UnknownKiosk,
                detail: String::new(),
                envelope: Hash::of(&number.to_le_bytes()),
                record: None,
                sequence: None,
                payload: number.to_le_bytes().to_vec(),
            };
            batch.quarantine(&self.log, new).unwrap().unwrap();
        }
        self.log.commit(batch).unwrap();
    }
}
