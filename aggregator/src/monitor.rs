//! The monitor: what a person should look at in how answers were gathered.
//!
//! Purpose: a result can move because care moved, or because the asking did. Here the asking is watched: how people were asked, who
//! declined, sheets filled in alike, answers in bursts and in the small hours, a round far from the others. What is found is listed
//! for a person. **Nothing is ever left out of a score for it, and no score looks here.**
//!
//! Vocabulary: an *observation* is one contact as far as the monitor looks at it; a *finding* is something outside what is expected;
//! a *check* is one family of comparisons; the *past* is the twelve weeks before the period. Volunteers are in no record, so
//! *whoever asked* is as near as a kiosk on a day comes: a kiosk that is carried on a round stands for the round.
//!
//! Limits: each check shares out an error of 5 % among everything it compares, and never uses a limit wider than 99.8 %, the outer limit
//! of a funnel plot (D. J. Spiegelhalter, *Statistics in Medicine* 24, 2005): a quiet trust has a false finding in a check about once in
//! twenty periods. Where ten units or more are compared, the spread between them is added to that of chance (the additive model of the
//! same paper), because wards and kiosks differ for honest reasons. Besides, a difference must be large enough to be worth somebody's
//! time, and have enough people in it; these thresholds are ours, stand beside each check and are shown with it.
//!
//! Pure: observations in, a [`Report`] out; [`observe`] alone reads the log, [`Marks`] alone a file. [`Observations`] stand in memory for pages.

use std::collections::BTreeMap;
use std::fmt;

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

mod interviewers;
mod kept;
mod limits;
mod marks;
mod modes;
mod observation;
mod observe;
mod pace;
mod refusals;
mod straight;

pub use kept::{Ground, Observations};
pub use marks::{LookedAt, Marks, MarksError};
pub use observation::{Answers, Line, Moment, Observation};
pub use observe::{observe, of_period};

/// So many days before a period are what it is compared with: six fortnights.
pub const PAST_DAYS: i32 = 84;

/// What is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// How people were asked is not as it was.
    ModeMix,
    /// What one way of asking gives, compared with the others, is not as it was.
    ModeResults,
    /// More people decline on one kiosk than elsewhere, or fewer.
    Refusals,
    /// One kiosk has more sheets with the same option all the way down.
    StraightLines,
    /// More answers came at once than people can give.
    Bursts,
    /// Answers were given in the small hours.
    SmallHours,
    /// The answers of one round, or of one kiosk's rounds, are far from the rest.
    Interviewers,
}

impl Kind {
    /// Every kind, in the order of the page.
    pub const ALL: [Self; 7] = [
        Self::ModeMix,
        Self::ModeResults,
        Self::Refusals,
        Self::StraightLines,
        Self::Bursts,
        Self::SmallHours,
        Self::Interviewers,
    ];

    /// The kind as it stands in JSON and in a finding's id.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ModeMix => "mode_mix",
            Self::ModeResults => "mode_results",
            Self::Refusals => "refusals",
            Self::StraightLines => "straight_lines",
            Self::Bursts => "bursts",
            Self::SmallHours => "small_hours",
            Self::Interviewers => "interviewers",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// What a finding's numbers count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// A share of the n, 0 to 1.
    Share,
    /// Points of the score, 0 to 10, or a difference of them.
    Points,
    /// So many responses.
    Responses,
}

/// Something for a person to look at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    /// Its name: what, of whom and when. The same finding has the same name tomorrow.
    pub id: String,
    /// What kind it is.
    pub kind: Kind,
    /// Of whom: `ward:W1`, `kiosk:k-1`, `mode:self` or `trust`.
    pub unit: String,
    /// The local day, where it is about one.
    #[schema(value_type = Option<String>, format = Date)]
    pub day: Option<Date>,
    /// How many responses, or people asked, it rests on.
    pub n: u64,
    /// What the numbers count.
    pub measure: Measure,
    /// What there is.
    pub observed: f64,
    /// What was expected.
    pub expected: f64,
    /// The least that would not have been found.
    pub lower: Option<f64>,
    /// The most that would not have been found.
    pub upper: Option<f64>,
    /// All of it in one sentence.
    pub sentence: String,
    /// Who has looked at it, and what they noted.
    pub looked_at: Option<LookedAt>,
}

/// A family of comparisons: what was compared, and by which rule something is found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Check {
    /// What is watched.
    pub kind: Kind,
    /// How many comparisons were made.
    pub compared: u64,
    /// How many were not, because too few people are behind them, or the time is not known.
    pub left_out: u64,
    /// By which rule something is found.
    pub rule: String,
}

/// What the monitor has to say about a period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Report {
    /// The period's name.
    pub period: String,
    /// Its first local day.
    #[schema(value_type = String, format = Date)]
    pub first_day: Date,
    /// Its last local day.
    #[schema(value_type = String, format = Date)]
    pub last_day: Date,
    /// The first local day of the past it is compared with; the last is the day before it.
    #[schema(value_type = String, format = Date)]
    pub compared_with_since: Date,
    /// How many people were approached in the period.
    pub contacts: u64,
    /// How many of them answered.
    pub responses: u64,
    /// How many answered in the past.
    pub past_responses: u64,
    /// Every check, with how much it compared.
    pub checks: Vec<Check>,
    /// What was found, in the order of the checks. Nothing of it changes a score.
    pub findings: Vec<Finding>,
}

/// The contacts a check looks at.
struct Watched<'a> {
    period: &'a str,
    now: Vec<&'a Observation>,
    past: Vec<&'a Observation>,
}

/// The first day that observations are needed of, for a period that begins on a day.
pub fn needed_since(first_day: Date) -> Date {
    first_day.saturating_sub(PAST_DAYS.days())
}

/// What is to be looked at in a period of whole days, both ends included. Observations of other days are taken for the past
/// when they are of the twelve weeks before, and passed over otherwise.
pub fn monitor(period: &str, first_day: Date, last_day: Date, observations: &[Observation]) -> Report {
    let since = needed_since(first_day);
    let of = |from: Date, until: Date| -> Vec<&Observation> {
        observations.iter().filter(|one| from <= one.day && one.day < until).collect()
    };
    let watched =
        Watched { period, now: of(first_day, last_day.saturating_add(1.days())), past: of(since, first_day) };
    let answered = |some: &[&Observation]| some.iter().filter(|one| one.answers.is_some()).count() as u64;
    let found = [
        modes::mix(&watched),
        modes::results(&watched),
        refusals::refusals(&watched),
        straight::straight_lines(&watched),
        pace::bursts(&watched),
        pace::small_hours(&watched),
        interviewers::interviewers(&watched),
    ];
    let (checks, findings): (Vec<_>, Vec<_>) = found.into_iter().unzip();
    Report {
        period: period.to_owned(),
        first_day,
        last_day,
        compared_with_since: since,
        contacts: watched.now.len() as u64,
        responses: answered(&watched.now),
        past_responses: answered(&watched.past),
        checks,
        findings: findings.into_iter().flatten().collect(),
    }
}

impl Report {
    /// The same with what people have noted.
    #[must_use]
    pub fn with(mut self, marks: &Marks) -> Self {
        for finding in &mut self.findings {
            finding.looked_at = marks.of(&finding.id);
        }
        self
    }

    /// The findings that nobody has looked at, and those that somebody has.
    pub fn apart(&self) -> (Vec<&Finding>, Vec<&Finding>) {
        self.findings.iter().partition(|finding| finding.looked_at.is_none())
    }
}

impl<'a> Watched<'a> {
    /// What was observed in the period, by what a key says.
    fn by<K: Ord>(&self, key: impl Fn(&'a Observation) -> K) -> BTreeMap<K, Vec<&'a Observation>> {
        let mut groups: BTreeMap<K, Vec<&Observation>> = BTreeMap::new();
        for one in &self.now {
            groups.entry(key(one)).or_default().push(one);
        }
        groups
    }
}

/// A share in words, with its count: "14 of 20 (70%)".
fn of_all(count: u64, n: u64) -> String {
    format!("{count} of {n} ({:.0}%)", 100.0 * count as f64 / n.max(1) as f64)
}

/// A count with its noun.
fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests;
