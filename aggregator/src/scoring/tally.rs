//! What a unit's facts of a period add up to, in whole numbers, and each person's scored answers together.
//!
//! Rows are gathered, cut to the scored questions, sorted and counted; only then are points added, always in the same order.
//! So the bytes of a score do not depend on the order in which facts came.

use std::collections::BTreeMap;

use wardvoice_protocol::contact::{Mode, Outcome};
use wardvoice_protocol::fortnight::Period;

use super::definition::Rule;
use super::world::{Members, ScoringWorld};
use crate::facts::{Fact, Facts};
use crate::statistics::People;

/// How many people gave each nibble to a question.
pub(super) type NibbleCounts = [u64; 16];

/// A unit's facts of a period, added up.
pub(super) struct Tally {
    /// Contacts by outcome, every outcome present.
    pub(super) contacts: BTreeMap<Outcome, u64>,
    /// Scored responses by mode, every mode present.
    pub(super) modes: BTreeMap<Mode, u64>,
    /// Responses to the scored questionnaire.
    pub(super) responses: u64,
    /// Responses to others.
    pub(super) responses_elsewhere: u64,
    /// Distinct rows of scored answers, ascending, and how many people gave each.
    rows: Vec<(u128, u64)>,
    /// The friends and family question's nibbles.
    pub(super) friends_and_family: NibbleCounts,
}

impl Tally {
    pub(super) fn new(facts: &Facts, world: &ScoringWorld, period: &Period, members: &Members) -> Self {
        let mut gathering = Gathering::new(world);
        match members {
            Members::Wards(wards) => {
                for ward in wards {
                    for rows in facts.ward_days(*ward, period.start(), period.last()) {
                        for fact in rows {
                            gathering.add(fact);
                        }
                    }
                }
            }
            Members::Consultant(consultant) => {
                let attributed = facts
                    .days(period.start(), period.last())
                    .filter(|fact| fact.consultant_index() == Some(*consultant));
                attributed.for_each(|fact| gathering.add(fact));
            }
        }
        gathering.close()
    }

    /// How many people gave each nibble to a question.
    pub(super) fn nibbles(&self, position: usize) -> NibbleCounts {
        let mut counts = [0; 16];
        for (answers, count) in &self.rows {
            if let Some(slot) = counts.get_mut(nibble(*answers, position)) {
                *slot += count;
            }
        }
        counts
    }

    /// The people as points, for the questions of some rules.
    pub(super) fn people<'a>(&'a self, rules: &'a [&'a Rule]) -> ScoredPeople<'a> {
        ScoredPeople { rows: &self.rows, rules }
    }
}

/// People as points per question.
pub(super) struct ScoredPeople<'a> {
    rows: &'a [(u128, u64)],
    rules: &'a [&'a Rule],
}

impl People for ScoredPeople<'_> {
    fn each(&self, mut visit: impl FnMut(u64, f64, &[Option<f64>])) {
        let mut row = vec![None; self.rules.len()];
        for (answers, count) in self.rows {
            for (slot, rule) in row.iter_mut().zip(self.rules) {
                *slot = rule.points.get(nibble(*answers, rule.position)).copied().flatten();
            }
            visit(*count, 1.0, &row);
        }
    }
}

struct Gathering {
    questionnaire: u8,
    scored: u128,
    friends_and_family: Option<usize>,
    contacts: [u64; Outcome::ALL.len()],
    modes: [u64; Mode::ALL.len()],
    elsewhere: u64,
    rows: Vec<u128>,
    friends_and_family_nibbles: NibbleCounts,
}

impl Gathering {
    fn new(world: &ScoringWorld) -> Self {
        let rules = world.definition().rules();
        Self {
            questionnaire: world.questionnaire_index(),
            scored: rules.iter().fold(0, |mask, rule| mask | 0xf << (4 * rule.position)),
            friends_and_family: world.friends_and_family_position(),
            contacts: [0; Outcome::ALL.len()],
            modes: [0; Mode::ALL.len()],
            elsewhere: 0,
            rows: Vec::new(),
            friends_and_family_nibbles: [0; 16],
        }
    }

    fn add(&mut self, fact: &Fact) {
        let outcome = fact.outcome();
        // An enum's discriminant is its place in `ALL`: both are in the order of the documents.
        if let Some(count) = self.contacts.get_mut(outcome as usize) {
            *count += 1;
        }
        if !outcome.has_response() {
            return;
        }
        if fact.questionnaire_index() != self.questionnaire {
            self.elsewhere += 1;
            return;
        }
        if let Some(count) = self.modes.get_mut(fact.mode() as usize) {
            *count += 1;
        }
        let answers = fact.answers();
        self.rows.push(answers & self.scored);
        if let Some(position) = self.friends_and_family
            && let Some(count) = self.friends_and_family_nibbles.get_mut(nibble(answers, position))
        {
            *count += 1;
        }
    }

    fn close(mut self) -> Tally {
        let responses = self.rows.len() as u64;
        self.rows.sort_unstable();
        let rows = self.rows.chunk_by(|left, right| left == right);
        let rows = rows.filter_map(|equal| Some((*equal.first()?, equal.len() as u64))).collect();
        Tally {
            contacts: Outcome::ALL.into_iter().zip(self.contacts).collect(),
            modes: Mode::ALL.into_iter().zip(self.modes).collect(),
            responses,
            responses_elsewhere: self.elsewhere,
            rows,
            friends_and_family: self.friends_and_family_nibbles,
        }
    }
}

fn nibble(answers: u128, position: usize) -> usize {
    // Four bits always fit.
    usize::try_from(answers >> (4 * position) & 0xf).unwrap_or(0)
}
