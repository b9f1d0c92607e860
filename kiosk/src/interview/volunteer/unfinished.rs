//! Rounds that were begun today and are not over: a lock, ten minutes without a touch or an empty battery must not send a
//! volunteer to the beds they have been to.
//!
//! What is kept is the seed that the order was drawn from, the number of beds, which places of that order are left and how many
//! have answered: numbers, and no bed's name. The ward's board gives the names again; where it has another number of beds by
//! then, where the day is another, or where nobody knows what day it is, a new order is drawn. A round that is over is
//! forgotten, so that there may be another on the same day.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use wardvoice_protocol::contact::Outcome;
use wardvoice_protocol::id::WardId;

use super::super::Interview;
use super::super::event::Effect;
use super::event::Errand;
use super::order::METHOD;
use super::session::Visit;

/// A round that is not over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unfinished {
    /// The ward.
    pub ward: WardId,
    /// The local day.
    pub day: Date,
    /// The seed of its order, as a decimal number in text: it has 64 bits.
    pub seed: String,
    /// How the order follows from it.
    pub method: String,
    /// How many beds the order has.
    pub beds: usize,
    /// The places that are left, the next first.
    pub left: Vec<usize>,
    /// Patients approached.
    pub approached: u32,
    /// Answered questionnaires.
    pub answered: u32,
}

impl Unfinished {
    /// A round as it stands; none before its order is drawn, when it is over, and where there is no list of beds.
    pub(super) fn of(visit: &Visit) -> Option<Self> {
        let (to_see, day) = (visit.to_see.as_ref()?, visit.day?);
        // The bed of a contact that is stored has been seen, although its patient may still hold the tablet.
        let left: Vec<usize> = to_see.iter().copied().skip(usize::from(visit.contacted)).collect();
        (!left.is_empty() && !visit.beds.is_empty()).then(|| Self {
            ward: visit.ward.clone(),
            day,
            seed: visit.seed.clone(),
            method: METHOD.to_owned(),
            beds: visit.beds.len(),
            left,
            approached: visit.approached,
            answered: visit.answered,
        })
    }

    /// Whether a round on a ward of so many beds can go on with it.
    fn fits(&self, beds: usize, today: Option<Date>) -> bool {
        let places: BTreeSet<usize> = self.left.iter().copied().filter(|place| *place < beds).collect();
        Some(self.day) == today && self.beds == beds && self.method == METHOD && places.len() == self.left.len()
    }

    /// The next bed has been approached.
    fn leave_bed(&mut self, outcome: Outcome) {
        if !self.left.is_empty() {
            self.left.remove(0);
        }
        self.approached = self.approached.saturating_add(1);
        self.answered = self.answered.saturating_add(u32::from(outcome.has_response()));
    }
}

impl Interview {
    /// An earlier run left rounds that were not over.
    pub(super) fn find_unfinished(&mut self, found: Vec<Unfinished>) {
        self.volunteer.unfinished_on_disk = found.into_iter().map(|round| (round.ward.clone(), round)).collect();
        for (ward, round) in &self.volunteer.unfinished_on_disk {
            self.volunteer.unfinished.entry(ward.clone()).or_insert_with(|| round.clone());
        }
    }

    /// It is another day, or it is known only now which: rounds of other days are over.
    pub(super) fn begin_day(&mut self, today: Date) {
        self.volunteer.unfinished.retain(|_, round| round.day == today);
    }

    /// The round of a ward that can be gone on with.
    pub(super) fn unfinished(&self, ward: &WardId, beds: usize) -> Option<&Unfinished> {
        let today = self.volunteer.session.as_ref()?.today();
        self.volunteer.unfinished.get(ward).filter(|round| round.fits(beds, today))
    }

    /// An interrupted interview ends without its volunteer: its bed has been seen.
    pub(super) fn leave_unfinished_bed(&mut self, ward: &WardId, outcome: Outcome) {
        if let Some(round) = self.volunteer.unfinished.get_mut(ward) {
            round.leave_bed(outcome);
            if round.left.is_empty() {
                self.volunteer.unfinished.remove(ward);
            }
        }
    }

    /// Brings what is known of rounds up to the one that is under way, and the disk up to that. Behind the records of an event.
    pub(in super::super) fn keep_unfinished(&mut self, effects: &mut Vec<Effect>) {
        self.note_round();
        if self.volunteer.unfinished != self.volunteer.unfinished_on_disk {
            let rounds = self.volunteer.unfinished.values().cloned().collect();
            effects.push(Effect::Errand(Errand::KeepUnfinished(rounds)));
            self.volunteer.unfinished_on_disk.clone_from(&self.volunteer.unfinished);
        }
    }

    /// Notes how far the round is that is under way.
    pub(super) fn note_round(&mut self) {
        let visit = self.volunteer.session.as_ref().and_then(|session| session.visit.as_ref());
        let Some(visit) = visit.filter(|visit| visit.to_see.is_some()) else { return };
        let (ward, round) = (visit.ward.clone(), Unfinished::of(visit));
        match round {
            Some(round) => self.volunteer.unfinished.insert(ward, round),
            None => self.volunteer.unfinished.remove(&ward),
        };
    }
}

/// Rounds that are not over, by ward.
pub(super) type Rounds = BTreeMap<WardId, Unfinished>;
