//! How a score came to be, step by step, in numbers that a person can redo with a pencil.
//!
//! The steps start from the counts of answers on the sheet and recompute with the plainest arithmetic what the sheet says; tests
//! hold the two against each other. Numbers are rounded to four decimals where they are shown and nowhere else.

use std::fmt::Write as _;

use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;
use wardvoice_protocol::directory::Unit;

use super::definition::Definition;
use super::results::results;
use super::score::{Ask, Made, make};
use super::sheet::{Figure, ScoreSheet};
use super::world::{Members, ScoreError, ScoringWorld, kind_of};
use crate::facts::{Facts, LogHead};
use crate::policy::{self, Audience};
use crate::statistics::joint_sums::t95;

mod questions;
mod scales;

/// A sheet and how it came to be.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Explained {
    /// The sheet.
    pub sheet: ScoreSheet,
    /// The steps.
    pub steps: Vec<Step>,
}

/// The title of the step that tells the cells of the standard population.
const STANDARDISED: &str = "Standardised for case mix";

/// A step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Step {
    /// What is done.
    pub title: String,
    /// Line by line.
    pub lines: Vec<String>,
}

impl Explained {
    /// The same for somebody who may not read the trust: without what the rest of the trust is like.
    #[must_use]
    pub fn of_own_unit(mut self) -> Self {
        self.sheet = policy::of_own_unit(self.sheet);
        self.steps.retain(|step| step.title != STANDARDISED);
        self
    }

    /// The same with where it comes from.
    #[must_use]
    pub fn from_log(mut self, head: Option<LogHead>) -> Self {
        self.sheet = self.sheet.from_log(head);
        if let Some(from) = &self.sheet.provenance {
            let line = format!("Log up to position {}, running hash {}.", from.log_position, from.log_hash);
            let lines = vec![line, format!("Computed by version {} of the program.", from.code)];
            self.steps.push(Step { title: "Where it comes from".to_owned(), lines });
        }
        self
    }
}

/// The sheet of what was asked for with every step.
pub fn explain(facts: &Facts, world: &ScoringWorld, ask: &Ask, today: Date) -> Result<Explained, ScoreError> {
    let Made { making, members, tally, sheet } = make(facts, world, ask, today)?;
    let (scheme, definition) = (making.scheme(), &making.edition.definition);
    let everybody = &tally.everybody;
    let found = results(scheme, definition.file().minimum_people, &[(1.0, everybody)]);
    let mut steps = vec![
        which_answers(world, definition, &members, &sheet),
        which_rules(definition, &sheet),
        questions::people(&sheet),
    ];
    if !scheme.rules.is_empty() {
        steps.push(questions::questions(making.edition, &tally));
        steps.push(scales::scales(making.edition, everybody, &found));
    }
    steps.push(questions::friends_and_family(&sheet));
    steps.extend(sheet.standardised.as_ref().map(scales::standardised));
    steps.push(standing(world, &sheet));
    steps.push(who_may_see(definition, &ask.unit, &sheet));
    Ok(Explained { sheet, steps })
}

fn which_answers(world: &ScoringWorld, definition: &Definition, members: &Members, sheet: &ScoreSheet) -> Step {
    let mut lines = vec![format!(
        "Answers of {} to {}, both days included (period {}).",
        sheet.first_day, sheet.last_day, sheet.period
    )];
    match members {
        Members::Wards(wards) => {
            let ids: Vec<_> =
                wards.iter().filter_map(|ward| world.vocabulary().ward(*ward)).map(ToString::to_string).collect();
            lines.push(format!("Given on {}: {}.", sheet.unit_name, ids.join(", ")));
        }
        Members::Consultant(_) => {
            lines.push(format!("Of patients attributed to {}, on whatever ward.", sheet.unit_name));
            if let Some(rule) = &definition.file().attribution {
                let sources: Vec<_> =
                    rule.sources.iter().map(|source| format!("{source:?}").to_lowercase()).collect();
                let known = rule.known_by.as_ref();
                let known = known.map_or_else(String::new, |known| {
                    let options: Vec<_> = known.options.iter().map(ToString::to_string).collect();
                    format!(", or the patient answered {} to {}", options.join(" or "), known.question)
                });
                lines.push(format!(
                    "Only where the word is of the {}{known}; none that was disputed with success.",
                    sources.join(" or ")
                ));
            }
        }
    }
    if let Some(cut) = &sheet.cut {
        lines.push(format!("Only where {}.", cut.replace(',', " and ")));
    }
    lines.push(format!("As far as they had come by the end of {}.", sheet.as_of));
    let (id, version) = (&sheet.questionnaire.id, sheet.questionnaire.version);
    lines.push(format!(
        "Only answers to questionnaire {id}@{version}; {} to others are left out.",
        sheet.responses_elsewhere
    ));
    Step { title: "Which answers".to_owned(), lines }
}

fn which_rules(definition: &Definition, sheet: &ScoreSheet) -> Step {
    let file = definition.file();
    let series =
        if sheet.in_force { "in force for this period" } else { "asked for; the period is published by another" };
    let least = file.minimum_people;
    let mut lines = vec![
        format!("Definition {}, {series}, SHA-256 {}.", definition.reference(), definition.hash()),
        match file.order {
            super::Order::OverPeople => {
                "Order: each question over people, then scales as plain means of their parts, then the overall score.".to_owned()
            }
            super::Order::PerPerson => {
                "Order: each person's answers up to the person's overall score, then means over people.".to_owned()
            }
        },
        format!(
            "People needed: {} for a question, {} for a scale, {} for the overall score.",
            least.question, least.scale, least.overall
        ),
    ];
    let (lowest, highest) = definition.scale();
    lines.push(format!("Scores are reported from {} to {}.", number(lowest), number(highest)));
    let report = definition.scheme().report;
    if report.from != report.to {
        lines.push(format!(
            "A point x is reported as {} + (x - {}) × {}.",
            number(report.to.0),
            number(report.from.0),
            number(report.factor())
        ));
    }
    Step { title: "Which rules".to_owned(), lines }
}

fn standing(world: &ScoringWorld, sheet: &ScoreSheet) -> Step {
    let days = world.final_after_days();
    let mut lines = vec![format!(
        "The period is final {days} whole days after {}; seen on {} it is {}.",
        sheet.last_day,
        sheet.as_of,
        if sheet.standing == super::Standing::Final { "final" } else { "provisional" }
    )];
    lines.push(match sheet.revision {
        0 => "A provisional period has revision 0.".to_owned(),
        revision => format!(
            "Revision {revision}: 1 for being final and {} for the later days on which records of it came.",
            revision - 1
        ),
    });
    Step { title: "Standing".to_owned(), lines }
}

fn who_may_see(definition: &Definition, unit: &Unit, sheet: &ScoreSheet) -> Step {
    let (rows, kind) = (&definition.file().audiences, kind_of(unit));
    let line = |who: &str, audience| {
        let show = serde_json::to_value(policy::by_rows(rows, kind, sheet.responses, audience));
        let show = show.ok().and_then(|show| show.as_str().map(|word| word.replace('_', " ")));
        format!("{who}: {}.", show.unwrap_or_default())
    };
    let lines = vec![
        format!("By the definition's rows for a {kind} with {} responses.", sheet.responses),
        line("The consultant", Audience::Consultant),
        line("The appraiser", Audience::Appraiser),
        line("Anyone else", Audience::Board),
    ];
    Step { title: "Who may see it".to_owned(), lines }
}

/// A number as a pencil writes it: four decimals, none that say nothing.
fn number(value: f64) -> String {
    let text = format!("{value:.4}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// `6 (n 5; 0.81 to 10)`, or why there is no figure.
fn said(figure: &Figure) -> String {
    let mut text = match figure.value {
        Some(value) => format!("{} (n {}", number(value), figure.n),
        None => format!("none (n {}", figure.n),
    };
    if let (Some(lower), Some(upper)) = (figure.lower, figure.upper) {
        write!(text, "; {} to {}", number(lower), number(upper)).unwrap_or_default();
    }
    if let Some(why) = &figure.why {
        write!(text, "; {why}").unwrap_or_default();
    }
    text.push(')');
    text
}

/// `mean ± t × error` in words.
fn interval(mean: f64, n: u64, error: f64) -> String {
    let v = n.saturating_sub(1);
    let half = t95(v) * error;
    format!(
        "interval {} ± t({v}) {} × {} = {} to {}",
        number(mean),
        number(t95(v)),
        number(error),
        number(mean - half),
        number(mean + half)
    )
}
