//! A plan of releases: everything that may be released on a day, beside everything that was released before.

use std::cmp::Reverse;

use jiff::civil::Date;
use serde::Serialize;
use wardvoice_protocol::directory::{Directory, Unit};
use wardvoice_protocol::fortnight::Calendar;

use super::circle::Circle;
use super::cuts::{Cut, Rhythm, public_cuts};
use super::decide::{Decision, Told, decide};
use super::disclosure::Disclosure;
use super::release::Release;
use super::subject::{Question, Subject, questions};
use super::{Group, MINIMUM};
use crate::facts::Facts;

/// The calendar's first year, from which facts are looked for.
const BEGINNING: Date = Date::constant(1900, 1, 1);

/// What a plan is made from.
pub struct Ground<'a> {
    /// Everybody's answers.
    pub facts: &'a Facts,
    /// The trust.
    pub directory: &'a Directory,
    /// Days, months and fortnights.
    pub calendar: &'a Calendar,
    /// Local days after a period's last before it is final.
    pub final_after_days: u16,
    /// Everything that was released before.
    pub released: &'a [Release],
    /// What others have published of the friends and family test.
    pub published_elsewhere: &'a [Told],
}

/// What may be released.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// Whoever had arrived by the end of this day is in it.
    pub as_of: Date,
    /// What is new.
    pub releases: Vec<Release>,
    /// How many earlier releases stand as they are.
    pub standing: u64,
    /// What is not shown. Never why: a reason would tell small cells from their cover.
    pub hidden: Vec<HiddenCut>,
}

/// A figure that is not shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HiddenCut {
    /// Of what question.
    pub subject: Subject,
    /// Of what.
    pub unit: Unit,
    /// When.
    pub period: String,
}

/// Why there is no plan. Nothing may be released until somebody has looked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The facts give something else than what was released.
    #[error(
        "plan releases: {subject} of {unit} in {period} was released as {said:?} people and the facts now give {found:?}; \
         nothing can be released safely until the log or the directory is what it was (see `verify`)"
    )]
    Changed {
        /// Of what question.
        subject: Subject,
        /// Of what.
        unit: Box<Unit>,
        /// When.
        period: String,
        /// What was said.
        said: Box<[u64]>,
        /// What the facts give.
        found: Box<[u64]>,
    },
    /// A release names something that the directory or the questionnaires no longer have.
    #[error(
        "plan releases: {subject} of {unit} in {period} was released, and the directory or the questionnaires no longer know \
         its wards or answers; put them back"
    )]
    Forgotten {
        /// Of what question.
        subject: Subject,
        /// Of what.
        unit: Box<Unit>,
        /// When.
        period: String,
    },
}

/// Plans what the public may see of everybody who had arrived by the end of a day, which must be over.
pub fn plan(ground: &Ground<'_>, rhythm: Rhythm, as_of: Date) -> Result<Plan, PlanError> {
    let mut plan = Plan { as_of, releases: Vec::new(), standing: 0, hidden: Vec::new() };
    let questions = questions(ground.facts.vocabulary());
    let is_unknown = |release: &&Release| !questions.iter().any(|question| question.subject == release.subject);
    if let Some(release) = ground.released.iter().find(is_unknown) {
        return Err(PlanError::forgotten(release));
    }
    let Some(first) = ground.facts.days(BEGINNING, as_of).next().and_then(|fact| fact.day().date()) else {
        return Ok(plan);
    };
    let cuts = public_cuts(ground.directory, ground.calendar, rhythm, first, as_of, ground.final_after_days);
    for question in &questions {
        of_question(ground, question, &cuts, &mut plan)?;
    }
    Ok(plan)
}

fn of_question(ground: &Ground<'_>, question: &Question, cuts: &[Cut], plan: &mut Plan) -> Result<(), PlanError> {
    let groups = question.groups(ground.facts, BEGINNING, plan.as_of);
    let vocabulary = ground.facts.vocabulary();
    let earlier: Vec<&Release> =
        ground.released.iter().filter(|release| release.subject == question.subject).collect();
    let told = earlier
        .iter()
        .map(|release| release.told(&question.ladder, vocabulary).ok_or_else(|| PlanError::forgotten(release)));
    let mut told = told.collect::<Result<Vec<Told>, PlanError>>()?;
    if question.subject == Subject::FriendsAndFamily {
        told.extend_from_slice(ground.published_elsewhere);
    }
    let closed = close(ground.facts, &mut told);
    let wanted = in_order(&groups, question, cuts, |cut| {
        let wards = cut.wards.iter().filter_map(|id| vocabulary.ward_index(id));
        let (first, last) = (cut.period.start().into(), cut.period.last().into());
        Circle::of_wards(wards, first, last).as_of(plan.as_of.into())
    });
    let is_closed = |circle: &Circle| closed.iter().any(|(told, _)| told.meets(circle));
    let (of_closed, wanted): (Vec<_>, Vec<_>) = wanted.into_iter().partition(|(_, circle)| is_closed(circle));
    for (cut, circle) in of_closed {
        if closed.iter().any(|(told, is_ours)| *is_ours && told.is_another_look_at(&circle)) {
            plan.standing += 1;
        } else {
            plan.hidden.push(HiddenCut {
                subject: question.subject.clone(),
                unit: cut.unit.clone(),
                period: cut.period.to_string(),
            });
        }
    }
    let circles: Vec<Circle> = wanted.iter().map(|(_, circle)| circle.clone()).collect();
    let decisions =
        decide(&groups, &question.ladder, MINIMUM, &told, &circles).map_err(|changed| {
            match earlier.get(changed.place) {
                Some(release) => PlanError::Changed {
                    subject: release.subject.clone(),
                    unit: Box::new(release.unit.clone()),
                    period: release.period.clone(),
                    said: changed.said.into(),
                    found: changed.found.into(),
                },
                None => unreachable!("only our own releases have counts to compare"),
            }
        })?;
    for ((cut, _), decision) in wanted.iter().zip(decisions) {
        match decision {
            Decision::Published { step, counts } => {
                let release = Release::new(&question.subject, cut, plan.as_of, &question.ladder, step, &counts);
                plan.releases.push(release);
            }
            Decision::Stands => plan.standing += 1,
            Decision::Hidden => plan.hidden.push(HiddenCut {
                subject: question.subject.clone(),
                unit: cut.unit.clone(),
                period: cut.period.to_string(),
            }),
        }
    }
    Ok(())
}

/// Closes what was told with somebody who has withdrawn since: it cannot be counted again, so it is not compared, and it is given with whether
/// it is a release of ours. It stands as it is, and nothing more is told of anybody who could be in it: what a new figure left out
/// could be worked out from the two. Whatever meets none of these rests on nobody who has withdrawn, so the rule holds for it as ever.
fn close(facts: &Facts, told: &mut [Told]) -> Vec<(Circle, bool)> {
    let mut closed = Vec::new();
    for told in told {
        let (first, last) = told.circle.days();
        if facts.withdrawn().count_after(first, last, told.circle.looked_at()) > 0 {
            closed.push((told.circle.clone(), told.counts.take().is_some()));
        }
    }
    closed
}

/// The cuts with their circles; of each period the wards last, the largest first.
fn in_order<'a>(
    groups: &[Group],
    question: &Question,
    cuts: &'a [Cut],
    circle: impl Fn(&Cut) -> Circle,
) -> Vec<(&'a Cut, Circle)> {
    let everybody = Disclosure::new(groups, &question.ladder, MINIMUM);
    let mut ordered = Vec::with_capacity(cuts.len());
    for of_period in cuts.chunk_by(|left, right| left.period == right.period) {
        let mut sized: Vec<_> = of_period
            .iter()
            .map(|cut| {
                let circle = circle(cut);
                let people: u64 = everybody.counts(&circle, 0).iter().sum();
                let is_ward = matches!(cut.unit, Unit::Ward(_));
                (is_ward, if is_ward { people } else { 0 }, cut, circle)
            })
            .collect();
        sized.sort_by_key(|(is_ward, people, ..)| (*is_ward, Reverse(*people)));
        ordered.extend(sized.into_iter().map(|(_, _, cut, circle)| (cut, circle)));
    }
    ordered
}

impl PlanError {
    fn forgotten(release: &Release) -> Self {
        Self::Forgotten {
            subject: release.subject.clone(),
            unit: Box::new(release.unit.clone()),
            period: release.period.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
