//! Whatever happens: every message is delivered at least once under the same id, or given up or withdrawn visibly, in the order of its lane.
//!
//! The receivers are drawn: each try arrives or not, and is answered or not, as chance has it; the process is restarted at any moment, with
//! what was kept and nothing else; what was posted is posted again.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const CONTACTS: [&str; 3] = ["a", "b", "c"];

/// What chance has happen.
#[derive(Debug, Clone)]
enum Step {
    /// Somebody asks for help, and everybody is to be told.
    Ask(u8),
    /// The same is posted again.
    Repeat(u8),
    /// Somebody has seen it.
    See(u8),
    /// A try of a contact's ends so: arrived or not, answered or not, refused or not.
    Try { contact: usize, arrives: bool, answered: bool, refused: bool },
    /// So many seconds pass.
    Pass(u16),
    /// The process is killed and started.
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..20_u8).prop_map(Step::Ask),
        1 => (0..20_u8).prop_map(Step::Repeat),
        1 => (0..20_u8).prop_map(Step::See),
        8 => (0..CONTACTS.len(), any::<bool>(), any::<bool>(), 0..10_u8).prop_map(
            |(contact, arrives, answered, refused)| Step::Try { contact, arrives, answered, refused: refused == 0 }
        ),
        3 => (0..400_u16).prop_map(Step::Pass),
        1 => Just(Step::Restart),
    ]
}

/// The queue, what was kept of it, and the world it speaks to.
struct World {
    queue: Queue,
    kept: Vec<(Timestamp, Entry)>,
    now: i64,
    under_way: BTreeMap<MessageId, Message>,
    posted: BTreeMap<MessageId, Message>,
    /// Per lane, in the order of arrival, doubles too.
    arrived: BTreeMap<(ContactName, Urgency), Vec<MessageId>>,
    asked: BTreeMap<u8, i64>,
}

impl World {
    fn new() -> Self {
        Self {
            queue: Queue::new(hour()),
            kept: Vec::new(),
            now: 0,
            under_way: BTreeMap::new(),
            posted: BTreeMap::new(),
            arrived: BTreeMap::new(),
            asked: BTreeMap::new(),
        }
    }

    fn apply(&mut self, event: Event, jitter: f64) {
        let done = self.queue.apply(event, at(self.now), jitter);
        self.kept.extend(done.entries.into_iter().map(|entry| (at(self.now), entry)));
        for message in done.send {
            let lane_is_free = self.under_way.values().all(|other| {
                (&other.contact, other.subject.urgency()) != (&message.contact, message.subject.urgency())
            });
            assert!(lane_is_free, "two of a lane are under way");
            self.under_way.insert(message.id.clone(), message);
        }
    }

    fn messages(number: u8, second: i64) -> Vec<Message> {
        let alerts = (number % 3 == 0).then(|| alert("a", &number.to_string(), second));
        CONTACTS.iter().map(|contact| help(contact, number, 0, second)).chain(alerts).collect()
    }

    fn happen(&mut self, step: Step, jitter: f64) {
        match step {
            Step::Ask(number) | Step::Repeat(number) => {
                let is_new = !self.asked.contains_key(&number);
                if matches!(step, Step::Repeat(_)) && is_new {
                    return;
                }
                let second = *self.asked.entry(number).or_insert(self.now);
                let messages = Self::messages(number, second);
                self.posted.extend(messages.iter().map(|message| (message.id.clone(), message.clone())));
                self.apply(Event::Post(messages), jitter);
            }
            Step::See(number) => self.apply(Event::Withdraw(vec![record(number)]), jitter),
            Step::Pass(seconds) => {
                self.now += i64::from(seconds);
                self.apply(Event::Tick, jitter);
            }
            Step::Try { contact, arrives, answered, refused } => {
                let of_contact = self
                    .under_way
                    .values()
                    .find(|message| message.contact.as_str() == *CONTACTS.get(contact).unwrap());
                let Some(message) = of_contact.cloned() else { return };
                self.under_way.remove(&message.id);
                let outcome = match (arrives, answered) {
                    (true, true) if refused => Outcome::Refused(Failure::Status(400)),
                    (true, true) => Outcome::Delivered,
                    (true, false) => Outcome::Failed(Failure::NoAnswer, None),
                    (false, _) => DOWN,
                };
                if arrives && !(answered && refused) {
                    let lane = (message.contact.clone(), message.subject.urgency());
                    self.arrived.entry(lane).or_default().push(message.id.clone());
                }
                self.apply(answer(&message, outcome), jitter);
            }
            Step::Restart => {
                self.under_way.clear();
                let mut again = Queue::new(hour());
                for (at, entry) in &self.kept {
                    again.take(*at, entry.clone()).unwrap();
                }
                let fewest = self.queue.entries();
                self.queue = again;
                // What a file that was written anew says is the same.
                let mut anew = Queue::new(hour());
                for (at, entry) in fewest {
                    anew.take(at, entry).unwrap();
                }
                assert_eq!(told_of(&anew), told_of(&self.queue));
                self.apply(Event::Tick, jitter);
            }
        }
    }

    /// Everybody answers from now on.
    fn recover(&mut self) {
        for _ in 0..10_000 {
            if let Some(message) = self.under_way.pop_first().map(|(_, message)| message) {
                let lane = (message.contact.clone(), message.subject.urgency());
                self.arrived.entry(lane).or_default().push(message.id.clone());
                self.apply(answer(&message, Outcome::Delivered), 0.5);
            } else if let Some(due) = self.queue.next_due() {
                self.now = self.now.max(due.as_second() - at(0).as_second() + 1);
                self.apply(Event::Tick, 0.5);
            } else {
                return;
            }
        }
        panic!("it does not come to rest");
    }
}

/// What a queue knows, without when what was not tried yet was posted.
fn told_of(queue: &Queue) -> (Vec<queue::Lane>, Vec<Ended>, BTreeMap<RecordId, Told>, Vec<RecordId>) {
    (queue.lanes(), queue.given_up(), queue.told(), queue.waiting_for_help())
}

proptest! {
    #[test]
    fn every_message_is_delivered_or_given_up_in_order(steps in vec((step(), 0.0..1.0_f64), 1..120)) {
        let mut world = World::new();
        for (step, jitter) in steps {
            world.happen(step, jitter);
        }
        world.recover();

        let mut ends: BTreeMap<MessageId, End> = BTreeMap::new();
        for (_, entry) in &world.kept {
            if let Entry::Ended(ended) = entry {
                prop_assert!(ends.insert(ended.id.clone(), ended.end.clone()).is_none(), "it ended twice");
            }
        }
        let arrived: BTreeSet<&MessageId> = world.arrived.values().flatten().collect();
        for id in world.posted.keys() {
            match ends.get(id) {
                Some(End::Delivered) => prop_assert!(arrived.contains(id)),
                Some(End::GivenUp(_) | End::Withdrawn) => {}
                None => prop_assert!(false, "{id} is lost"),
            }
        }
        prop_assert!(arrived.iter().all(|id| world.posted.contains_key(*id)), "an id that nobody posted");
        // The order of a lane is the order of posting, doubles left out.
        let posted: Vec<&MessageId> = world.kept.iter().filter_map(|(_, entry)| match entry {
            Entry::Posted { message } => Some(&message.id),
            _ => None,
        }).collect();
        for lane in world.arrived.values() {
            let mut firsts: Vec<&MessageId> = Vec::new();
            for id in lane {
                if !firsts.contains(&id) {
                    firsts.push(id);
                }
            }
            let places: Vec<_> = firsts.iter().map(|id| posted.iter().position(|other| other == id)).collect();
            prop_assert!(places.is_sorted(), "{places:?}");
        }
    }
}
