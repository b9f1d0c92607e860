//! Tablets that are replaced under their names: where the chain goes on, and what becomes of what the one before sends afterwards.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use wardvoice_protocol::clock::Clock;
use wardvoice_protocol::envelope::{ChainHead, Envelope};
use wardvoice_protocol::id::RecordId;
use wardvoice_protocol::receipt::{Decision, Reason};
use wardvoice_protocol::record::{Body, Cleaning, Record};

use super::*;
use crate::ingest;

const NAME: &str = "k-0001";

/// A tablet that has joined, and where its chain stands.
struct Tablet {
    key: SigningKey,
    head: ChainHead,
    rng: StdRng,
}

impl Office {
    /// Takes an empty tablet in under the name, with a code of its own.
    fn takes_in(&self, key: u8) -> Tablet {
        let known = self.desk.house.premises.registry.get(&KioskId::new(NAME).unwrap()).is_some();
        let code = self.invite(NAME, Some(&self.ward).filter(|_| !known));
        let head = self.told_head(&code, key);
        assert_eq!(self.told_head(&code, key), head, "the answer was lost and asked for again");
        let head = head.map_or(ChainHead::EMPTY, ChainHead::from);
        Tablet { key: SigningKey::from_bytes(&[key; 32]), head, rng: StdRng::seed_from_u64(u64::from(key)) }
    }

    fn told_head(&self, code: &JoinCode, key: u8) -> Option<KnownHead> {
        let (request, purpose) = joining(code, key);
        let ask = Ask { version: 1, request: STANDARD.encode(request), purpose };
        match self.desk.answer(&serde_json::to_vec(&ask).unwrap(), HERE, None, Timestamp::now()) {
            Answer::Welcome { head, .. } => head,
            answer => panic!("not taken in: {answer:?}"),
        }
    }

    /// So many records of a tablet; what became of each.
    fn hears(&self, tablet: &mut Tablet, count: usize) -> Vec<Decision> {
        let arrivals = (0..count).map(|_| self.seal(tablet)).collect();
        let verdicts = self.desk.house.pipeline.settle(arrivals).unwrap();
        verdicts.into_iter().map(|verdict| verdict.decision).collect()
    }

    /// The next record of a tablet.
    fn seal(&self, tablet: &mut Tablet) -> ingest::Arrival {
        let (kiosk, received) = (KioskId::new(NAME).unwrap(), Timestamp::now());
        let body = Body::Cleaning(Cleaning { ward: self.ward.clone(), confirmed: true });
        let record = Record { clock: Clock::new(received, None), body };
        let id = RecordId::new(u64::try_from(received.as_millisecond()).unwrap(), tablet.rng.random());
        let seal_key = self.desk.house.premises.keys.seal_key();
        let Tablet { key, head, rng } = tablet;
        let envelope = Envelope::seal(&record, id, &kiosk, *head, seal_key, key, rng).unwrap();
        *head = envelope.chain_head();
        ingest::Arrival { kiosk, payload: envelope.to_json(), received, not_before: None }
    }

    /// How many are in quarantine, whether two tablets send in the name, and which numbers are missing.
    fn trouble(&self) -> (u64, bool, Vec<(u64, u64)>) {
        let (house, kiosk) = (&self.desk.house, KioskId::new(NAME).unwrap());
        let reader = house.reader();
        let forked = house.premises.forks.standing(&reader, &house.premises.registry).unwrap();
        let gaps = reader.gaps(&kiosk).unwrap();
        let gaps = gaps.into_iter().map(|gap| (gap.first, gap.last)).collect();
        (reader.quarantined().unwrap(), !forked.is_empty(), gaps)
    }
}

fn is_stale_and_kept(decision: &Decision) -> bool {
    matches!(decision, Decision::Refused(refusal) if refusal.reason == Reason::StaleKey && refusal.kept)
}

#[test]
fn an_empty_tablet_in_the_place_of_another_is_told_where_the_chain_goes_on() {
    let office = Office::open();
    let mut first = office.takes_in(1);
    assert_eq!(first.head, ChainHead::EMPTY, "nobody has sent in that name");
    assert_eq!(office.hears(&mut first, 5), vec![Decision::Accepted; 5]);
    let last = first.head;
    assert_eq!(last.sequence, 5);

    // The first is alive, and has a record that nobody has.
    let unsent = office.seal(&mut first);
    let mut second = office.takes_in(2);
    assert_eq!(second.head, last);
    assert_eq!(office.hears(&mut second, 2), vec![Decision::Accepted; 2]);
    assert_eq!(office.trouble(), (0, false, vec![]));
    let verdicts = office.desk.house.pipeline.settle(vec![unsent]).unwrap();
    assert!(verdicts.iter().all(|verdict| is_stale_and_kept(&verdict.decision)), "{verdicts:?}");

    // And a third in the place of the second, which goes on as well.
    let last = second.head;
    let mut third = office.takes_in(3);
    assert_eq!((third.head, last.sequence), (last, 7));
    assert!(office.hears(&mut second, 1).iter().all(is_stale_and_kept));
    assert_eq!(office.hears(&mut third, 3), vec![Decision::Accepted; 3]);
    assert_eq!(office.trouble(), (2, false, vec![]), "what came too late is kept, and takes nobody's number");
}

#[test]
fn a_hole_in_the_chain_of_a_lost_tablet_stays_one_after_it_was_replaced() {
    let office = Office::open();
    let mut lost = office.takes_in(1);
    assert_eq!(office.hears(&mut lost, 2), vec![Decision::Accepted; 2]);
    // The third and fourth went down with the tablet, the fifth had come before them.
    drop((office.seal(&mut lost), office.seal(&mut lost)));
    assert_eq!(office.hears(&mut lost, 1), [Decision::Accepted]);
    let mut empty = office.takes_in(2);
    assert_eq!(empty.head, lost.head);
    assert_eq!(office.hears(&mut empty, 2), vec![Decision::Accepted; 2]);
    assert_eq!(office.trouble(), (0, false, vec![(3, 4)]));
}

/// What is judged by the key that a name had a moment ago holds its number before the next tablet is told one.
#[test]
fn a_tablet_that_joins_while_the_one_before_sends_is_told_no_number_that_is_about_to_be_taken() {
    const RECORDS: usize = 200;
    let office = Office::open();
    let mut first = office.takes_in(1);
    let code = office.invite(NAME, None);
    let arrivals: Vec<_> = (0..RECORDS).map(|_| office.seal(&mut first)).collect();
    let head = std::thread::scope(|scope| {
        let sending = scope.spawn(|| {
            for arrival in arrivals {
                office.desk.house.pipeline.settle(vec![arrival]).unwrap();
            }
        });
        let head = office.told_head(&code, 2);
        sending.join().unwrap();
        head
    });
    let head = head.map_or(ChainHead::EMPTY, ChainHead::from);
    let mut second = Tablet { key: SigningKey::from_bytes(&[2; 32]), head, rng: StdRng::seed_from_u64(2) };
    assert_eq!(office.hears(&mut second, 1), [Decision::Accepted], "after {head:?}");
    let stale = u64::try_from(RECORDS).unwrap() - head.sequence;
    assert_eq!(office.trouble(), (stale, false, vec![]));
}
