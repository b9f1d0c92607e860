//! The score: a pure function of facts, rules, period, unit and the local day it is looked at.

use std::collections::BTreeMap;

use jiff::civil::Date;
use wardvoice_protocol::contact::{Mode, Outcome};
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::fortnight::{DayNumber, Period};
use wardvoice_protocol::questionnaire::QuestionFile;

use super::coverage::coverage;
use super::cut::{Cut, Filter};
use super::definition::{Definition, DefinitionRef, MinimumFile};
use super::period::{previous, revision, standing};
use super::results::{Results, none, results};
use super::scheme::{Node, Part, Rule, Scheme, norm_points};
use super::sheet::{
    DomainSheet, Figure, FriendsAndFamilySheet, NormSheet, OptionCount, PlanSheet, PreviousPeriod, QuestionSheet,
    ScaleSheet, ScoreSheet, ShareSheet, VersionSheet,
};
use super::standardised::standardised;
use super::tally::{Counted, Depth, Gathering, NibbleCounts, Rules, Scored, Tally};
use super::word::QuestionWords;
use super::world::{Edition, Members, ScoreError, ScoringWorld};
use crate::facts::Facts;
use crate::statistics::{FriendsAndFamilyCounts, wilson};

/// The level of every interval on a sheet.
pub const LEVEL: f64 = 0.95;

/// What is to be scored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The period.
    pub period: Period,
    /// The unit.
    pub unit: Unit,
    /// The part of the unit's people.
    pub cut: Cut,
    /// The definition; the one in force on the period's first day when none is named.
    pub definition: Option<DefinitionRef>,
}

/// Everything known about a unit in a period, by the definition in force, seen on a local day.
pub fn score(
    facts: &Facts,
    world: &ScoringWorld,
    period: &Period,
    unit: &Unit,
    today: Date,
) -> Result<ScoreSheet, ScoreError> {
    let ask = Ask { period: *period, unit: unit.clone(), cut: Cut::default(), definition: None };
    score_asked(facts, world, &ask, today)
}

/// Everything known about what was asked for, seen on a local day: what came later is not in it.
pub fn score_asked(facts: &Facts, world: &ScoringWorld, ask: &Ask, today: Date) -> Result<ScoreSheet, ScoreError> {
    make(facts, world, ask, today).map(|made| made.sheet)
}

/// A sheet with what it was made of.
pub(super) struct Made<'a> {
    pub(super) making: Making<'a>,
    pub(super) members: Members,
    pub(super) tally: Tally,
    pub(super) sheet: ScoreSheet,
}

/// Makes the sheet of what was asked for.
pub(super) fn make<'a>(
    facts: &Facts,
    world: &'a ScoringWorld,
    ask: &Ask,
    today: Date,
) -> Result<Made<'a>, ScoreError> {
    let unknown = || ScoreError::UnknownUnit(ask.unit.clone());
    let unit_name = world.unit_name(&ask.unit).ok_or_else(unknown)?;
    let members = world.members(&ask.unit).ok_or_else(unknown)?;
    let making = Making::new(facts, world, ask.period, &ask.cut, ask.definition.as_ref(), today)?;
    let tally = making.tally(facts, &members, Depth::Cells);
    let of_before = |before: Making<'_>| before.summary(&before.tally(facts, &members, Depth::Whole));
    let before = making.before().map(of_before);
    let population = making.population(facts);
    let whom = Unitary { unit: &ask.unit, unit_name, members: &members };
    let sheet = making.sheet(whom, &tally, before, population.as_deref());
    Ok(Made { making, members, tally, sheet })
}

/// Whom a sheet is about.
pub(super) struct Unitary<'a> {
    pub(super) unit: &'a Unit,
    pub(super) unit_name: String,
    pub(super) members: &'a Members,
}

/// Everything about a sheet but the unit.
pub(super) struct Making<'a> {
    pub(super) world: &'a ScoringWorld,
    pub(super) edition: &'a Edition,
    pub(super) period: Period,
    pub(super) filter: Filter,
    cut: Option<String>,
    today: Date,
    revision: u32,
}

impl<'a> Making<'a> {
    pub(super) fn new(
        facts: &Facts,
        world: &'a ScoringWorld,
        period: Period,
        cut: &Cut,
        definition: Option<&DefinitionRef>,
        today: Date,
    ) -> Result<Self, ScoreError> {
        if facts.vocabulary().hash() != world.vocabulary().hash() {
            return Err(ScoreError::OtherVocabulary);
        }
        let edition = match definition {
            Some(asked) => world.edition(asked)?,
            None => world.edition_in_force(period.start()).ok_or(ScoreError::OtherVocabulary)?,
        };
        let filter = cut.filter(&edition.questionnaire, world.vocabulary())?;
        let revision = revision(facts, &period, today, world.final_after_days());
        let cut = (!cut.is_whole()).then(|| cut.to_string());
        Ok(Self { world, edition, period, filter, cut, today, revision })
    }

    /// The same for the period before, by the same definition.
    pub(super) fn before(&self) -> Option<Self> {
        let period = previous(self.world.calendar(), &self.period)?;
        Some(Self { period, filter: self.filter.clone(), cut: self.cut.clone(), revision: 0, ..*self })
    }

    /// What rows of facts are tallied by, cell by cell.
    pub(super) fn rules(&self) -> Rules<'_> {
        Rules {
            questionnaire: self.edition.questionnaire_index,
            questions: self.edition.questionnaire.questions().len(),
            languages: self.world.vocabulary().language_count(),
            wards: usize::from(self.world.vocabulary().ward_count()),
            audience: &self.edition.audience,
            scheme: self.scheme(),
            bulk: self.edition.bulk.as_ref(),
            filter: &self.filter,
            as_of: DayNumber::from(self.today).count(),
            depth: Depth::Cells,
        }
    }

    pub(super) fn scheme(&self) -> &'a Scheme {
        self.edition.definition.scheme()
    }

    /// A unit's facts of the period, added up.
    pub(super) fn tally(&self, facts: &Facts, members: &Members, depth: Depth) -> Tally {
        let rules = Rules { depth, ..self.rules() };
        let mut gathering = Gathering::new(rules);
        let (first, last) = (self.period.start(), self.period.last());
        match members {
            Members::Wards(wards) => {
                for ward in wards {
                    let rows = facts.ward_days(*ward, first, last).flatten();
                    rows.for_each(|fact| gathering.add(fact));
                }
            }
            Members::Consultant(consultant) => {
                let mut dropped = facts.dropped(rules.as_of);
                let all = facts.days(first, last);
                let attributed = all.filter(|fact| rules.consultant_of(fact) == Some(*consultant));
                attributed.filter(|fact| !dropped.take(fact)).for_each(|fact| gathering.add(fact));
            }
        }
        gathering.close()
    }

    /// The standard population by cell: the definition's own, or who answered in the trust.
    pub(super) fn population(&self, facts: &Facts) -> Option<Vec<u64>> {
        let mix = self.scheme().case_mix.as_ref()?;
        if let Some(counts) = &mix.population {
            return Some(counts.clone());
        }
        let rules = self.rules();
        let mut population = vec![0; mix.cells()];
        let all = facts.days(self.period.start(), self.period.last());
        for counted in all.filter_map(|fact| rules.counted(fact)) {
            self.count_in_population(&counted, &mut population);
        }
        Some(population)
    }

    /// Whether the trust's own people are the standard population, and not counts of the definition.
    pub(super) fn counts_its_population(&self) -> bool {
        self.scheme().case_mix.as_ref().is_some_and(|mix| mix.population.is_none())
    }

    /// Counts a person of the trust in the cell of the case mix, if there is one and a scored question was answered.
    pub(super) fn count_in_population(&self, counted: &Counted, population: &mut [u64]) {
        let (scheme, answers) = (self.scheme(), counted.scored.as_ref().map(Scored::answers));
        let answers = answers.filter(|answers| scheme.has_answer(*answers));
        let cell = answers.and_then(|answers| scheme.case_mix.as_ref()?.cell(answers));
        if let Some(count) = cell.and_then(|cell| population.get_mut(cell)) {
            *count += 1;
        }
    }

    /// What stands on the sheet of the period after.
    pub(super) fn summary(&self, tally: &Tally) -> PreviousPeriod {
        let least = self.edition.definition.file().minimum_people;
        let overall = overall_of(self.scheme(), least, &tally.everybody);
        PreviousPeriod { period: self.period.to_string(), overall }
    }

    /// The sheet of a tally.
    pub(super) fn sheet(
        &self,
        whom: Unitary<'_>,
        tally: &Tally,
        before: Option<PreviousPeriod>,
        population: Option<&[u64]>,
    ) -> ScoreSheet {
        let (world, edition, period) = (self.world, self.edition, &self.period);
        let definition = &edition.definition;
        let least = definition.file().minimum_people;
        let scheme = self.scheme();
        let found = results(scheme, least, &[(1.0, &tally.everybody)]);
        let overall = overall(&found, scheme, least);
        let (lowest, highest) = definition.scale();
        let in_force = world.in_force(period.start());
        ScoreSheet {
            period: period.to_string(),
            first_day: period.start(),
            last_day: period.last(),
            unit: whom.unit.clone(),
            unit_name: whom.unit_name,
            standing: standing(period, self.today, world.final_after_days()),
            revision: self.revision,
            cut: self.cut.clone(),
            as_of: self.today,
            definition: version_of(definition),
            in_force: in_force
                .is_some_and(|one| one.hash() == definition.hash() || one.is(&definition.reference())),
            scale: ScaleSheet { lowest, highest },
            questionnaire: VersionSheet {
                id: edition.questionnaire.file().id.to_string(),
                version: edition.questionnaire.file().version,
                hash: edition.questionnaire.hash(),
            },
            responses: tally.responses,
            responses_elsewhere: tally.elsewhere,
            response_rate: self.response_rate(tally),
            plan: self.plan(whom.members, tally),
            coverage: coverage(world, edition, tally, whom.members, &self.period, population),
            domains: scheme.top.iter().filter_map(|place| self.domain(&found, least, tally, *place)).collect(),
            friends_and_family: friends_and_family(tally, edition.friends_and_family),
            norm: scheme.overall.and_then(|place| norm(scheme.nodes.get(place)?, &overall)),
            overall,
            standardised: population
                .and_then(|population| standardised(scheme, &edition.words, least, tally, population)),
            previous: before,
            contacts: Outcome::ALL.into_iter().zip(tally.contacts).collect(),
            modes: Mode::ALL.into_iter().zip(tally.modes).collect::<BTreeMap<_, _>>(),
            provenance: None,
        }
    }

    fn domain(&self, found: &Results, least: MinimumFile, tally: &Tally, place: usize) -> Option<DomainSheet> {
        let scheme = self.scheme();
        let node = scheme.nodes.get(place)?;
        let figure = found.scale(scheme, place, least);
        let (mut questions, mut parts) = (Vec::new(), Vec::new());
        for part in &node.parts {
            match part {
                Part::Question(rule) => questions.extend(self.question(found, least, tally, *rule)),
                Part::Scale(inner) => parts.extend(self.domain(found, least, tally, *inner)),
            }
        }
        let norm = norm(node, &figure);
        let label = self.edition.words.scale(place)?;
        Some(DomainSheet { id: node.id.clone()?, label, figure, norm, questions, parts })
    }

    fn question(&self, found: &Results, least: MinimumFile, tally: &Tally, place: usize) -> Option<QuestionSheet> {
        let rule = self.scheme().rules.get(place)?;
        let question = self.edition.questionnaire.questions().get(rule.position)?;
        let nibbles = tally.nibbles.get(rule.position).copied().unwrap_or_default();
        let figure = found.question(place, least, &self.scheme().report);
        let words = self.edition.words.question(rule.position)?;
        Some(question_sheet(question, words, rule, figure, nibbles))
    }

    /// Responses over approaches. A patient who was already asked was counted the first time; everybody else stays in the
    /// denominator, whatever the reason, so that nobody can improve the rate by choosing reasons.
    fn response_rate(&self, tally: &Tally) -> Figure {
        if self.filter.asks_for_answers() {
            return none(tally.responses, "who gave no answers did not say which group they belong to".to_owned());
        }
        let of = |wanted: &dyn Fn(Outcome) -> bool| -> u64 {
            let counts = Outcome::ALL.into_iter().zip(tally.contacts);
            counts.filter(|(outcome, _)| wanted(*outcome)).map(|(_, count)| count).sum()
        };
        let approached = of(&|outcome| outcome != Outcome::AlreadyAsked);
        share(of(&Outcome::has_response), approached, "nobody has been approached")
    }

    /// The fortnight's plan: only a fortnight has quotas, only units that are made of wards, and only as a whole.
    fn plan(&self, members: &Members, tally: &Tally) -> Option<PlanSheet> {
        let (Period::Fortnight(_), Members::Wards(wards), None) = (self.period, members, &self.cut) else {
            return None;
        };
        let plan = self.world.plan(self.period.start());
        let quota = wards.iter().map(|ward| u64::from(plan.quota(*ward))).sum();
        Some(PlanSheet { quota, done: tally.responses })
    }
}

fn overall(found: &Results, scheme: &Scheme, least: MinimumFile) -> Figure {
    match scheme.overall {
        Some(place) => found.scale(scheme, place, least),
        None => none(0, "the definition has no overall score".to_owned()),
    }
}

fn overall_of(
    scheme: &Scheme,
    least: MinimumFile,
    everybody: &crate::statistics::joint_sums::JointSums,
) -> Figure {
    overall(&results(scheme, least, &[(1.0, everybody)]), scheme, least)
}

fn version_of(definition: &Definition) -> VersionSheet {
    VersionSheet {
        id: definition.file().id.to_string(),
        version: definition.file().version,
        hash: definition.hash(),
    }
}

fn norm(node: &Node, figure: &Figure) -> Option<NormSheet> {
    let norm = node.norm.as_ref()?;
    let (mean, sd) = norm_points(norm);
    let difference = figure.value.map(|value| value - mean);
    let in_sds = difference.map(|difference| difference / sd);
    Some(NormSheet { mean, sd, source: norm.source.clone(), difference, in_sds })
}

fn question_sheet(
    question: &QuestionFile,
    words: &QuestionWords,
    rule: &Rule,
    figure: Figure,
    nibbles: NibbleCounts,
) -> QuestionSheet {
    let of = |bits: &dyn Fn(usize) -> bool| -> u64 {
        nibbles.iter().enumerate().filter(|(nibble, _)| bits(*nibble)).map(|(_, count)| count).sum()
    };
    let counted = of(&|nibble| rule.points.get(nibble).copied().flatten().is_some());
    let boxed = |bits: u16| {
        let count = of(&|nibble| bits >> nibble & 1 == 1);
        ShareSheet { count, figure: share(count, counted, "nobody has answered") }
    };
    let (top_box, problem) = (boxed(rule.top_box), boxed(rule.problem));
    let [not_shown, not_applicable, dont_know, declined, options @ ..] = nibbles;
    let distribution = words.options.iter().zip(options);
    let distribution =
        distribution.map(|((option, label), count)| OptionCount { option: *option, label: *label, count });
    QuestionSheet {
        id: question.id.clone(),
        label: words.label,
        figure,
        top_box,
        problem,
        distribution: distribution.collect(),
        not_applicable,
        dont_know,
        declined,
        not_shown,
    }
}

/// A share in per cent with Wilson's interval.
/// A part of a total in per cent, with Wilson's interval; `nobody` says why there is none.
pub(crate) fn share(part: u64, total: u64, nobody: &str) -> Figure {
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

fn friends_and_family(tally: &Tally, position: Option<usize>) -> FriendsAndFamilySheet {
    let nibbles = position.and_then(|position| tally.nibbles.get(position)).copied().unwrap_or_default();
    // The six options are fixed and in this order; "I do not know" offered beside them is the sixth.
    let [_, _, beside, _, very_good, good, neither, poor, very_poor, dont_know, ..] = nibbles;
    let counts =
        FriendsAndFamilyCounts { very_good, good, neither, poor, very_poor, dont_know: dont_know + beside };
    let nobody = match position {
        Some(_) => "nobody has answered",
        None => "the questionnaire does not ask it",
    };
    FriendsAndFamilySheet {
        counts,
        positive: share(counts.positive(), counts.total(), nobody),
        negative: share(counts.negative(), counts.total(), nobody),
    }
}
