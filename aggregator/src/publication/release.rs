//! What was released, in words that outlive directories: a line of the ledger of releases.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::id::WardId;

use super::decide::Told;
use super::ladder::Ladder;
use super::subject::Subject;
use super::{Circle, Cut};
use crate::facts::Vocabulary;

/// Something that the public may see from now on, for ever: what was seen cannot be taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// What it is about.
    pub subject: Subject,
    /// Of what.
    pub unit: Unit,
    /// Which wards that was. Wards may move to another department; the people of this release do not.
    pub wards: Vec<WardId>,
    /// The period's name.
    pub period: String,
    /// Its first day.
    pub first_day: Date,
    /// Its last day.
    pub last_day: Date,
    /// Whoever had arrived by the end of this day is in it.
    pub as_of: Date,
    /// How many people gave which answers.
    pub parts: Vec<PartCount>,
}

/// How many people gave some answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartCount {
    /// What these answers are called.
    pub name: String,
    /// How many people.
    pub people: u64,
}

impl Release {
    /// The release of a cut.
    pub fn new(subject: &Subject, cut: &Cut, as_of: Date, ladder: &Ladder, step: usize, counts: &[u64]) -> Self {
        let parts = ladder.parts(step).iter().zip(counts);
        Self {
            subject: subject.clone(),
            unit: cut.unit.clone(),
            wards: cut.wards.clone(),
            period: cut.period.to_string(),
            first_day: cut.period.start(),
            last_day: cut.period.last(),
            as_of,
            parts: parts.map(|(part, people)| PartCount { name: part.name.clone(), people: *people }).collect(),
        }
    }

    /// How many people it is about.
    pub fn people(&self) -> u64 {
        self.parts.iter().map(|part| part.people).sum()
    }

    /// How many people are in a part; `None` when it is not told apart.
    pub fn part(&self, name: &str) -> Option<u64> {
        self.parts.iter().find(|part| part.name == name).map(|part| part.people)
    }

    /// The same as something told, by the numbers of a vocabulary; `None` when a ward or the answers are no longer known there.
    pub fn told(&self, ladder: &Ladder, vocabulary: &Vocabulary) -> Option<Told> {
        let names: Vec<&str> = self.parts.iter().map(|part| part.name.as_str()).collect();
        let step = ladder.step_of(&names)?;
        let (first, last) = (self.first_day.into(), self.last_day.into());
        let circle = if let Unit::Consultant(id) = &self.unit {
            Circle::of_consultant(vocabulary.consultant_index(id)?, first, last)
        } else {
            let wards = self.wards.iter().map(|id| vocabulary.ward_index(id)).collect::<Option<Vec<u16>>>()?;
            Circle::of_wards(wards, first, last)
        };
        // An option that was not there yet had nobody; if the facts say otherwise the plan fails.
        let counts = ladder.parts(step).iter().map(|part| self.part(&part.name).unwrap_or(0)).collect();
        Some(Told { circle: circle.as_of(self.as_of.into()), step, counts: Some(counts) })
    }
}
