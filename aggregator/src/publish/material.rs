//! What a site is made of: released figures, released comments, what wards have changed.

use jiff::civil::Date;
use serde::Serialize;
use wardvoice_protocol::directory::Unit;

use super::Edition;
use crate::branding::Branding;
use crate::comments::Released;
use crate::publication::PartCount;

/// Everything that a site is made of.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Material {
    /// Whom it is for.
    pub edition: Edition,
    /// Whether everything in it is made up by a computer.
    pub demonstration: bool,
    /// The trust's own look, which says nothing about anybody and is no part of the data.
    #[serde(skip)]
    pub branding: Option<Branding>,
    /// The local day it is about: nothing in it is of a later one.
    pub until: Date,
    /// By the end of which day figures had come; none where nothing was released.
    pub as_of: Option<Date>,
    /// The trust.
    pub trust: UnitPart,
    /// Sites and departments, each kind in the directory's order.
    pub units: Vec<UnitPart>,
    /// The wards in the directory's order.
    pub wards: Vec<WardPart>,
}

/// A unit with its released figures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UnitPart {
    /// The unit.
    pub unit: Unit,
    /// What it is called.
    pub name: String,
    /// A figure a question of which anything was released, in the order of the questionnaires.
    pub figures: Vec<Figure>,
}

/// What was released about one question.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    /// The question's id, or `friends_and_family`.
    pub subject: String,
    /// Its wording.
    pub question: String,
    /// What those who gave the best answer said, after "94% ".
    pub said: String,
    /// What was released, the newest period first.
    pub told: Vec<Told>,
}

/// A release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Told {
    /// The period's name.
    pub period: String,
    /// The same in words.
    pub when: String,
    /// Its first local day.
    pub first_day: Date,
    /// Its last local day, inclusive.
    pub last_day: Date,
    /// Whoever had arrived by the end of this day is in it.
    pub as_of: Date,
    /// How many people answered.
    pub people: u64,
    /// How many of them gave the best answer; none where that was not released.
    pub best: Option<u64>,
    /// How many people gave which answers, as finely as it was released.
    pub parts: Vec<PartCount>,
}

/// A ward.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WardPart {
    /// The ward and its figures.
    pub part: UnitPart,
    /// The name of its site.
    pub site: String,
    /// What patients wrote, as far as the edition's readers may read it.
    pub comments: Vec<Released>,
    /// What the ward has changed, the latest first.
    pub changes: Vec<ChangeLine>,
    /// What it is about to change; for the trust's own people.
    pub plans: Vec<PlanLine>,
}

/// Something that was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChangeLine {
    /// What patients said, in the ward's words.
    pub said: String,
    /// What the ward did.
    pub did: String,
    /// The local day it was done.
    pub done: Date,
    /// What released figures said before and after; none where too little was released.
    pub effect: Option<String>,
}

/// Something that is to be changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlanLine {
    /// What patients said, in the ward's words.
    pub said: String,
    /// What the ward is about to do.
    pub does: String,
    /// By when.
    pub due: Option<Date>,
}

impl Told {
    /// The best answers of a hundred, rounded; none where they were not released.
    pub fn percent(&self) -> Option<u64> {
        (self.best? * 200 + self.people).checked_div(self.people * 2)
    }
}

impl Figure {
    /// The newest that says how many gave the best answer.
    pub fn newest(&self) -> Option<&Told> {
        self.told.iter().find(|told| told.percent().is_some())
    }
}
