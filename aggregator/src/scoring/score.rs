//! The score: a pure function of facts, rules, period, unit and the local day it is looked at.

use wardvoice_protocol::contact::Outcome;
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::fortnight::Period;
use wardvoice_protocol::questionnaire::QuestionFile;

use jiff::civil::Date;

use super::definition::{Definition, Rule, english};
use super::period::{previous, revision, standing};
use super::sheet::{
    DomainSheet, Figure, FriendsAndFamilySheet, OptionCount, PlanSheet, PreviousPeriod, QuestionSheet, ScoreSheet,
    VersionSheet,
};
use super::tally::{NibbleCounts, Tally};
use super::world::{Members, ScoreError, ScoringWorld};
use crate::facts::Facts;
use crate::statistics::domain_mean::Estimate;
use crate::statistics::{Coefficient, FriendsAndFamilyCounts, LinearMean, linear_mean, wilson};

/// The level of every interval on a sheet.
pub const LEVEL: f64 = 0.95;

/// Everything known about a unit in a period, seen on a local day.
pub fn score(
    facts: &Facts,
    world: &ScoringWorld,
    period: &Period,
    unit: &Unit,
    today: Date,
) -> Result<ScoreSheet, ScoreError> {
    let unknown = || ScoreError::UnknownUnit(unit.clone());
    let unit_name = world.unit_name(unit).ok_or_else(unknown)?;
    let members = world.members(unit).ok_or_else(unknown)?;
    if facts.vocabulary().hash() != world.vocabulary().hash() {
        return Err(ScoreError::OtherVocabulary);
    }
    let tally = Tally::new(facts, world, period, &members);
    let scores = Scores::new(&tally, world.definition());
    let before = previous(world.calendar(), period).map(|before| PreviousPeriod {
        period: before.to_string(),
        overall: Scores::new(&Tally::new(facts, world, &before, &members), world.definition()).overall,
    });
    let definition = world.definition();
    let questionnaire = world.questionnaire();
    Ok(ScoreSheet {
        period: period.to_string(),
        first_day: period.start(),
        last_day: period.last(),
        unit: unit.clone(),
        unit_name,
        standing: standing(period, today, world.final_after_days()),
        revision: revision(facts, period, today, world.final_after_days()),
        definition: VersionSheet {
            id: definition.file().id.to_string(),
            version: definition.file().version,
            hash: definition.hash(),
        },
        questionnaire: VersionSheet {
            id: questionnaire.file().id.to_string(),
            version: questionnaire.file().version,
            hash: questionnaire.hash(),
        },
        responses: tally.responses,
        responses_elsewhere: tally.responses_elsewhere,
        response_rate: response_rate(&tally),
        plan: plan(world, period, &members, &tally),
        domains: scores.domain_sheets(&tally, world),
        friends_and_family: friends_and_family(&tally, world),
        overall: scores.overall,
        previous: before,
        contacts: tally.contacts,
        modes: tally.modes,
    })
}

/// The figures that come from points.
struct Scores {
    questions: Vec<Figure>,
    domains: Vec<Figure>,
    overall: Figure,
}

impl Scores {
    fn new(tally: &Tally, definition: &Definition) -> Self {
        let least = definition.file().minimum_answered;
        let domain_count = definition.file().domains.len();
        // A question below its minimum keeps its own n but leaves its domain; so does a domain from the overall score.
        let all: Vec<&Rule> = definition.rules().iter().collect();
        let first = mean_of(tally, &all);
        let enough = |estimate: Option<&Option<Estimate>>, least: u64| {
            estimate.copied().flatten().is_some_and(|estimate| estimate.n >= least)
        };
        let strong: Vec<&Rule> = all
            .iter()
            .enumerate()
            .filter(|(place, _)| enough(first.questions.get(*place), least.question))
            .map(|(_, rule)| *rule)
            .collect();
        let second = if strong.len() == all.len() { first.clone() } else { mean_of(tally, &strong) };
        let counted: Vec<&Rule> =
            strong.iter().filter(|rule| enough(second.groups.get(rule.domain), least.domain)).copied().collect();
        let third = if counted.len() == strong.len() { second.clone() } else { mean_of(tally, &counted) };
        let scale = definition.scale();
        let domain = |place| second.groups.get(place).copied().flatten();
        let mut overall = figure(third.overall, least.overall, scale);
        if overall.value.is_some() {
            let without: Vec<_> = definition
                .file()
                .domains
                .iter()
                .enumerate()
                .filter(|(place, _)| !counted.iter().any(|rule| rule.domain == *place))
                .map(|(_, domain)| domain.label.as_str())
                .collect();
            if !without.is_empty() {
                let left_out = format!("without {}: too few answers", without.join(", "));
                overall.why = Some(overall.why.map_or(left_out.clone(), |why| format!("{why}; {left_out}")));
            }
        }
        Self {
            questions: first.questions.iter().map(|found| figure(*found, least.question, scale)).collect(),
            domains: (0..domain_count).map(|place| figure(domain(place), least.domain, scale)).collect(),
            overall,
        }
    }

    fn domain_sheets(&self, tally: &Tally, world: &ScoringWorld) -> Vec<DomainSheet> {
        let definition = world.definition();
        let entries = definition.file().domains.iter().zip(&self.domains).enumerate();
        entries
            .map(|(place, (entry, figure))| {
                let rules =
                    definition.rules().iter().zip(&self.questions).filter(|(rule, _)| rule.domain == place);
                let questions = rules.filter_map(|(rule, figure)| {
                    let question = world.questionnaire().questions().get(rule.position)?;
                    Some(question_sheet(question, figure.clone(), tally.nibbles(rule.position)))
                });
                DomainSheet {
                    id: entry.id.clone(),
                    label: entry.label.clone(),
                    figure: figure.clone(),
                    questions: questions.collect(),
                }
            })
            .collect()
    }
}

fn mean_of(tally: &Tally, rules: &[&Rule]) -> LinearMean {
    let groups: Vec<_> = rules.iter().map(|rule| Coefficient { group: rule.domain }).collect();
    linear_mean(&tally.people(rules), &groups)
}

fn question_sheet(question: &QuestionFile, figure: Figure, nibbles: NibbleCounts) -> QuestionSheet {
    let [not_shown, not_applicable, dont_know, declined, options @ ..] = nibbles;
    let distribution = question.options.iter().zip(options).map(|(option, count)| OptionCount {
        option: option.id.clone(),
        label: english(&option.text),
        count,
    });
    QuestionSheet {
        id: question.id.clone(),
        label: english(&question.text),
        figure,
        distribution: distribution.collect(),
        not_applicable,
        dont_know,
        declined,
        not_shown,
    }
}

fn figure(estimate: Option<Estimate>, least: u64, (lowest, highest): (f64, f64)) -> Figure {
    let none = |n, why: String| Figure { value: None, n, lower: None, upper: None, why: Some(why) };
    let Some(estimate) = estimate else { return none(0, "nobody has answered".to_owned()) };
    if estimate.n < least {
        return none(estimate.n, format!("{} of the {least} people needed have answered", estimate.n));
    }
    let interval = estimate.interval(LEVEL);
    let why = match interval {
        None => Some("one person has no interval".to_owned()),
        Some((lower, upper)) if lower >= upper => {
            Some("all answers are alike, so the interval has no width".to_owned())
        }
        Some(_) => None,
    };
    // Adding 0 turns a negative zero into zero, so that equal figures have equal bytes.
    let clamp = |end: f64| end.clamp(lowest, highest) + 0.0;
    Figure {
        value: Some(clamp(estimate.mean)),
        n: estimate.n,
        lower: interval.map(|(lower, _)| clamp(lower)),
        upper: interval.map(|(_, upper)| clamp(upper)),
        why,
    }
}

/// A share in per cent with Wilson's interval.
fn share(part: u64, total: u64, nobody: &str) -> Figure {
    match wilson(part, total, LEVEL) {
        Some(found) => Figure {
            value: Some(part as f64 * 100.0 / total as f64),
            n: total,
            lower: Some(found.lower * 100.0),
            upper: Some(found.upper * 100.0),
            why: None,
        },
        None => Figure { value: None, n: total, lower: None, upper: None, why: Some(nobody.to_owned()) },
    }
}

/// Responses over approaches. A patient who was already asked was counted the first time; everybody else stays in the
/// denominator, whatever the reason, so that nobody can improve the rate by choosing reasons.
fn response_rate(tally: &Tally) -> Figure {
    let approached = tally.contacts.iter().filter(|(outcome, _)| **outcome != Outcome::AlreadyAsked);
    let responded = tally.contacts.iter().filter(|(outcome, _)| outcome.has_response());
    let total = |contacts: &mut dyn Iterator<Item = (&Outcome, &u64)>| contacts.map(|(_, count)| *count).sum();
    share(total(&mut responded.into_iter()), total(&mut approached.into_iter()), "nobody has been approached")
}

fn friends_and_family(tally: &Tally, world: &ScoringWorld) -> FriendsAndFamilySheet {
    // The six options are fixed and in this order; "I do not know" offered beside them is the sixth.
    let [_, _, beside, _, very_good, good, neither, poor, very_poor, dont_know, ..] = tally.friends_and_family;
    let counts =
        FriendsAndFamilyCounts { very_good, good, neither, poor, very_poor, dont_know: dont_know + beside };
    let nobody = match world.friends_and_family_position() {
        Some(_) => "nobody has answered",
        None => "the questionnaire does not ask it",
    };
    FriendsAndFamilySheet {
        counts,
        positive: share(counts.positive(), counts.total(), nobody),
        negative: share(counts.negative(), counts.total(), nobody),
    }
}

/// The fortnight's plan: only a fortnight has quotas, and only units that are made of wards.
fn plan(world: &ScoringWorld, period: &Period, members: &Members, tally: &Tally) -> Option<PlanSheet> {
    let (Period::Fortnight(_), Members::Wards(wards)) = (period, members) else { return None };
    let quota = wards.iter().map(|ward| u64::from(world.plan().quota(*ward))).sum();
    Some(PlanSheet { quota, done: tally.responses })
}
