//! A store as a real kiosk has it: a dispatch with its outbox on a disk, out of reach of any network.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use tempfile::TempDir;
use wardvoice_kiosk::app::stage::Done;
use wardvoice_kiosk::dispatch::{Dispatch, DispatchConfig, Trust};
use wardvoice_kiosk::identity::Identity;
use wardvoice_kiosk::interview::{Keepsake, StoreFailed, Stored};
use wardvoice_kiosk::outbox::Outbox;
use wardvoice_protocol::envelope::Envelope;
use wardvoice_protocol::id::{Hash, RecordId};
use wardvoice_protocol::keys::{OpenKey, SigningKey};
use wardvoice_protocol::record::Body;

use super::{SEAL_SECRET, assignment};

/// How long a record may take to be kept, by the clock on the wall.
const KEPT_WITHIN: Duration = Duration::from_mins(1);

/// What was handed over and has not been answered.
type Asked = (Receiver<Stored>, Done);

pub(crate) struct Disk {
    data: TempDir,
    identity: Identity,
    dispatch: Dispatch,
    asked: RefCell<Vec<Asked>>,
}

impl Disk {
    /// An empty outbox in a folder of its own.
    pub(crate) fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let assignment = assignment();
        let identity = Identity { kiosk: assignment.kiosk.clone(), signing_key: SigningKey::from_bytes(&[3; 32]) };
        let trust = Trust::Pinned { assignment, origin: Hash::ZERO };
        let broker = "mqtt://127.0.0.1:9".parse().unwrap();
        let mut config = DispatchConfig::new(data.path().to_owned(), identity.clone(), broker, trust);
        config.reserve_bytes = 0;
        let dispatch = Dispatch::start(config).unwrap();
        dispatch.allow_network(false);
        Self { data, identity, dispatch, asked: RefCell::default() }
    }

    /// Hands a record over. Its answer waits for [`Disk::answers`].
    pub(crate) fn takes(&self, body: Body, keepsake: Keepsake, done: Done) {
        let (said, word) = mpsc::channel();
        self.dispatch.submit_with(keepsake, body, move |kept| {
            said.send(kept.map(|kept| kept.code).map_err(|_| StoreFailed)).unwrap();
        });
        self.asked.borrow_mut().push((word, done));
    }

    /// The outbox says of everything that was handed over whether it is kept, flushed and synced.
    pub(crate) fn answers(&self) {
        for (word, done) in self.asked.take() {
            done(word.recv_timeout(KEPT_WITHIN).expect("the outbox answers"));
        }
    }

    /// Closes the outbox, opens it again from the disk through all of its checks, and opens every record as the hospital would.
    pub(crate) fn kept(&self) -> Vec<Body> {
        self.kept_as().into_iter().map(|(_, body)| body).collect()
    }

    /// The same with the id of each record.
    pub(crate) fn kept_as(&self) -> Vec<(RecordId, Body)> {
        self.answers();
        self.dispatch.stop();
        let key = OpenKey::from_bytes(&SEAL_SECRET).unwrap();
        let mut outbox = Outbox::open_with_reserve(self.data.path(), self.identity.clone(), 0).unwrap();
        let sequences: Vec<u64> = outbox.waiting().map(|waiting| waiting.sequence).collect();
        let records: BTreeSet<_> = outbox.waiting().map(|waiting| waiting.record).collect();
        assert!(sequences.iter().copied().eq(1..=outbox.head().sequence), "numbered without a gap");
        assert_eq!(records.len(), sequences.len(), "no record is there twice");
        let open = |sequence| {
            let payload = outbox.payload(sequence).unwrap().expect("what waits is there");
            let envelope = Envelope::read(&payload).unwrap();
            (envelope.record(), envelope.open(&key).unwrap().body)
        };
        sequences.into_iter().map(open).collect()
    }
}
