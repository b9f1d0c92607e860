//! Boards: what volunteers need to know about each ward, made from directory, plan and facts, and kept true on their topics.
//!
//! A board is published when the broker is reached and whenever what it says has changed: at most every [`REST`] for all
//! wards that records came for, and within [`LOOK_AGAIN`] when a day or a fortnight begins. What did not change is not said
//! again. The topic, the privacy of a board and its fields are described in [`wardvoice_protocol::board`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use tokio::sync::broadcast;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep};
use tokio_util::sync::CancellationToken;
use wardvoice_protocol::assignment::ConsultantChoice;
use wardvoice_protocol::board::{Bay, Board, WardChange};
use wardvoice_protocol::contact::Outcome;
use wardvoice_protocol::directory::{Directory, Unit, WardEntry};
use wardvoice_protocol::fortnight::{Calendar, FORTNIGHT_DAYS, Fortnight};
use wardvoice_protocol::id::{OptionId, WardId};
use wardvoice_protocol::keys::SigningKey;
use wardvoice_protocol::questionnaire::{AboutFact, KindFile, Questionnaire};
use wardvoice_protocol::signed;
use wardvoice_protocol::topic::Topic;

use crate::actions::{Actions, over};
use crate::facts::{Code, Fact, Facts};
use crate::ingest::Change;
use crate::ingest::mqtt::{Message, Messenger};
use crate::scoring::ScoringWorld;

/// How long boards rest after a change, so that a busy ward does not publish with every record.
const REST: Duration = Duration::from_secs(2);
/// How often the calendar is looked at.
const LOOK_AGAIN: Duration = Duration::from_mins(1);
/// How many fortnights before the present one are "the past".
const PAST_FORTNIGHTS: i32 = 6;
/// A ward's own past tells who lies there from so many answers on; with fewer the trust's past does.
const ENOUGH_PAST: u64 = 30;
/// So many of a ward's changes, and of those of what stands over it, are on its board, the latest first.
const MOST_CHANGES: usize = 10;
/// So many answers there must be before any age band can be called few.
const ENOUGH_NOW: u64 = 10;

/// Everything that boards are made of.
pub struct Boards {
    directory: Directory,
    actions: Arc<Actions>,
    calendar: Calendar,
    scoring: Arc<ScoringWorld>,
    facts: Arc<RwLock<Facts>>,
    questionnaire_index: Option<u8>,
    age_bands: Option<(usize, Vec<OptionId>)>,
    signing_key: SigningKey,
    /// What was said last about each ward, without when.
    said: Mutex<BTreeMap<WardId, Board>>,
}

impl Boards {
    /// Boards of a trust. `questionnaire` is the one that is planned for.
    pub fn new(
        directory: Directory,
        actions: Arc<Actions>,
        calendar: Calendar,
        questionnaire: &Questionnaire,
        scoring: Arc<ScoringWorld>,
        facts: Arc<RwLock<Facts>>,
        signing_key: SigningKey,
    ) -> Self {
        let questionnaire_index = {
            let facts = facts.read().unwrap_or_else(PoisonError::into_inner);
            facts.vocabulary().questionnaire_index(&questionnaire.reference())
        };
        let age = |kind: &KindFile| *kind == KindFile::About(AboutFact::AgeBand);
        let age_bands =
            questionnaire.questions().iter().enumerate().find(|(_, question)| age(&question.kind)).map(
                |(position, question)| {
                    (position, question.options.iter().map(|option| option.id.clone()).collect())
                },
            );
        let said = Mutex::default();
        Self { directory, actions, calendar, scoring, facts, questionnaire_index, age_bands, signing_key, said }
    }

    /// Every board, for a broker that may have none.
    pub fn everything(&self, now: Timestamp) -> Vec<Message> {
        self.messages(self.directory.wards().iter(), now, |_, _| true)
    }

    /// The boards of these wards that say something else than before; of all wards when none is named.
    pub fn changed(&self, wards: Option<&BTreeSet<WardId>>, now: Timestamp) -> Vec<Message> {
        let asked = |ward: &&WardEntry| wards.is_none_or(|wards| wards.contains(&ward.id));
        self.messages(self.directory.wards().iter().filter(asked), now, |before, board| before != Some(board))
    }

    fn messages<'a>(
        &self,
        wards: impl Iterator<Item = &'a WardEntry>,
        now: Timestamp,
        worth_saying: impl Fn(Option<&Board>, &Board) -> bool,
    ) -> Vec<Message> {
        let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let mut messages = Vec::new();
        for ward in wards {
            let Some(board) = self.board(ward, now) else { continue };
            let before = said.get(&ward.id).map(|before| Board { issued: now, ..before.clone() });
            if !worth_saying(before.as_ref(), &board) {
                continue;
            }
            let topic = Topic::Board(ward.id.clone());
            match signed::sign(&board, &topic, &self.signing_key) {
                Ok(payload) => messages.push(Message { topic, payload, retain: true }),
                Err(error) => tracing::error!(ward = %ward.id, %error, "a board was not written"),
            }
            said.insert(ward.id.clone(), board);
        }
        messages
    }

    /// A ward's board at a moment; none only where the calendar ends.
    fn board(&self, ward: &WardEntry, now: Timestamp) -> Option<Board> {
        let facts = self.facts.read().unwrap_or_else(PoisonError::into_inner);
        let index = facts.vocabulary().ward_index(&ward.id)?;
        let fortnight = self.calendar.fortnight_of(self.calendar.day_of(now)).ok()?;
        let (first_day, last_day) = (fortnight.start(), fortnight.last());
        let plan = self.scoring.plan(first_day);
        let present = || facts.ward_days(index, first_day, last_day).flatten();
        let contacts = present().filter(|fact| fact.outcome() != Outcome::AlreadyAsked).count();
        let completed = present().filter(|fact| self.counts(fact)).count();
        Some(Board {
            ward: ward.id.clone(),
            ward_name: ward.name.clone(),
            issued: now,
            fortnight: fortnight.to_string(),
            first_day,
            last_day,
            target: plan.quota(index),
            completed: u32::try_from(completed).unwrap_or(u32::MAX),
            contacts: u32::try_from(contacts).unwrap_or(u32::MAX),
            few: self.few(&facts, index, fortnight),
            changes: self.changes(ward),
            bays: bays(ward, plan.ward(index).map_or(ward.beds, |planned| planned.beds)),
            consultants: consultants(&self.directory, &ward.id),
        })
    }

    fn changes(&self, ward: &WardEntry) -> Vec<WardChange> {
        let units = over(&self.directory, &Unit::Ward(ward.id.clone()));
        let mut changes = self.actions.changes(&units);
        changes.truncate(MOST_CHANGES);
        changes
    }

    /// Whether a contact is one the plan counts: an answered questionnaire of the planned kind.
    fn counts(&self, fact: &Fact) -> bool {
        fact.outcome().has_response() && Some(fact.questionnaire_index()) == self.questionnaire_index
    }

    /// The age bands whose share of the answers is less than half of what the past suggests.
    ///
    /// The past is that of people who answered, so a band that never comes forward is never missed here: this nudges
    /// volunteers towards the mix they used to reach, and claims nothing about who lies on the ward.
    fn few(&self, facts: &Facts, ward: u16, fortnight: Fortnight) -> Vec<OptionId> {
        let Some((position, options)) = &self.age_bands else { return Vec::new() };
        let (first, last): (Date, Date) = (fortnight.start(), fortnight.last());
        let past_first = first.saturating_sub((PAST_FORTNIGHTS * FORTNIGHT_DAYS).days());
        let past_last = first.saturating_sub(1.days());
        let count = |facts: &mut dyn Iterator<Item = &Fact>| -> Vec<u64> {
            let mut counts = vec![0; options.len()];
            for fact in facts.filter(|fact| self.counts(fact)) {
                if let Code::Option(place) = fact.code(*position)
                    && let Some(count) = counts.get_mut(usize::from(place))
                {
                    *count += 1;
                }
            }
            counts
        };
        let now = count(&mut facts.ward_days(ward, first, last).flatten());
        let mut past = count(&mut facts.ward_days(ward, past_first, past_last).flatten());
        if past.iter().sum::<u64>() < ENOUGH_PAST {
            past = count(&mut facts.days(past_first, past_last));
        }
        few_of(&now, &past).into_iter().filter_map(|place| options.get(place).cloned()).collect()
    }
}

/// The places whose share now is less than half of their share in the past. Bands that made less than a tenth of the past
/// are never missed: a handful of people decides about them.
fn few_of(now: &[u64], past: &[u64]) -> Vec<usize> {
    let (all_now, all_past) = (now.iter().sum::<u64>(), past.iter().sum::<u64>());
    if all_now < ENOUGH_NOW || all_past < ENOUGH_PAST {
        return Vec::new();
    }
    let lags = |(now, past): (&u64, &u64)| past * 10 >= all_past && 2 * now * all_past < past * all_now;
    let places = now.iter().zip(past).enumerate();
    places.filter(|(_, pair)| lags(*pair)).map(|(place, _)| place).collect()
}

/// The bays of a ward; where the directory names none, its beds by number, so many as the plan says.
fn bays(ward: &WardEntry, beds: u16) -> Vec<Bay> {
    if ward.bays.is_empty() && beds > 0 {
        let beds = (1..=beds).map(|number| number.to_string()).collect();
        return vec![Bay { name: "Ward".to_owned(), beds, consultant: None }];
    }
    ward.bays.clone()
}

/// The consultants who have patients on a ward, as a volunteer chooses one.
pub(crate) fn consultants(directory: &Directory, ward: &WardId) -> Vec<ConsultantChoice> {
    let here = directory.consultants().iter().filter(|consultant| consultant.wards.contains(ward));
    here.map(|consultant| ConsultantChoice { id: consultant.id.clone(), label: consultant.label.clone() })
        .collect()
}

/// Keeps the boards on their topics true until it is told to stop.
pub async fn keep(
    boards: Arc<Boards>,
    mut changes: broadcast::Receiver<Change>,
    messenger: Messenger,
    stopping: CancellationToken,
) {
    let mut minute = interval_at(Instant::now() + LOOK_AGAIN, LOOK_AGAIN);
    minute.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let mut wards = tokio::select! {
            () = stopping.cancelled() => return,
            change = changes.recv() => match change {
                Ok(change) => Some(change.wards.into_iter().collect::<BTreeSet<_>>()),
                Err(broadcast::error::RecvError::Lagged(_)) => None,
                Err(broadcast::error::RecvError::Closed) => return,
            },
            _ = minute.tick() => None,
        };
        tokio::select! {
            () = stopping.cancelled() => return,
            () = sleep(REST) => {}
        }
        // What came while it rested is in the facts too.
        loop {
            match changes.try_recv() {
                Ok(change) => {
                    if let Some(wards) = &mut wards {
                        wards.extend(change.wards);
                    }
                }
                Err(broadcast::error::TryRecvError::Lagged(_)) => wards = None,
                Err(_) => break,
            }
        }
        let boards = Arc::clone(&boards);
        let made = tokio::task::spawn_blocking(move || boards.changed(wards.as_ref(), Timestamp::now())).await;
        match made {
            Ok(messages) => messages.into_iter().for_each(|message| messenger.publish(message)),
            Err(error) => tracing::error!(%error, "boards were not made"),
        }
    }
}

#[cfg(test)]
mod tests;
