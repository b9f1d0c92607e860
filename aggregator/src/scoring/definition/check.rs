//! The one conversion from what a definition's file says to what scores trust.

use std::collections::BTreeSet;

use wardvoice_protocol::id::{DomainId, OptionId, QuestionId};
use wardvoice_protocol::questionnaire::{KindFile, OptionScore, QuestionFile, Questionnaire};

use super::{
    AttributionFile, CaseMixFile, DefinitionError, DefinitionFile, NormFile, NotApplicablePolicy, OptionValues,
    Order, PopulationFile, RuleFile, ScaleFile, ScalePartFile, points_of,
};
use crate::scoring::scheme::{Attributed, CaseMix, Node, Part, Report, Rule, Scheme};
use crate::statistics::joint_sums::MAX_VALUE;

/// No value of a scale is further from 0, in thousandths: a thousand points.
const MOST_MILLI: i64 = 1_000_000;
/// More cells than this are a mistake.
const MOST_CELLS: usize = 4_096;

/// The scheme of a definition that fits its questionnaire.
pub(super) fn scheme(file: &DefinitionFile, questionnaire: &Questionnaire) -> Result<Scheme, DefinitionError> {
    check_shape(file)?;
    if file.questionnaire != questionnaire.reference() {
        let (expected, found) = (file.questionnaire.clone(), questionnaire.reference());
        return Err(DefinitionError::OtherQuestionnaire { expected, found });
    }
    check_each_once(file)?;
    let mut building = Building { file, questionnaire, rules: Vec::new(), nodes: Vec::new() };
    let top = file.scales.iter().map(|scale| building.scale(scale)).collect::<Result<Vec<_>, _>>()?;
    let overall = match &file.overall {
        None => None,
        Some(overall) => {
            let parts = top.iter().map(|place| Part::Scale(*place)).collect();
            let what = (None, overall.label.clone());
            Some(building.node(what, parts, overall.minimum_answered, overall.norm.as_ref())?)
        }
    };
    building.check_all_scored()?;
    let attributed = file.attribution.as_ref().map(|attribution| building.attribution(attribution)).transpose()?;
    let Building { rules, nodes, .. } = building;
    let ends = |scale: ScaleFile| (points_of(scale.lowest_milli), points_of(scale.highest_milli));
    let from = ends(file.scale);
    Ok(Scheme {
        rules,
        nodes,
        top,
        overall,
        per_person: file.order == Order::PerPerson,
        report: Report { from, to: file.reported.map_or(from, ends) },
        case_mix: file.case_mix.as_ref().map(|mix| case_mix(mix, questionnaire)).transpose()?,
        attribution: attributed,
    })
}

struct Building<'a> {
    file: &'a DefinitionFile,
    questionnaire: &'a Questionnaire,
    rules: Vec<Rule>,
    nodes: Vec<Node>,
}

impl Building<'_> {
    fn scale(&mut self, scale: &ScalePartFile) -> Result<usize, DefinitionError> {
        let mut parts = Vec::new();
        for rule in &scale.questions {
            let rule = self.rule(&scale.id, rule)?;
            parts.push(Part::Question(self.rules.len()));
            self.rules.push(rule);
        }
        for inner in &scale.scales {
            parts.push(Part::Scale(self.scale(inner)?));
        }
        let what = (Some(scale.id.clone()), scale.label.clone());
        self.node(what, parts, scale.minimum_answered, scale.norm.as_ref())
    }

    fn node(
        &mut self,
        (id, label): (Option<DomainId>, String),
        parts: Vec<Part>,
        minimum_answered: u32,
        norm: Option<&NormFile>,
    ) -> Result<usize, DefinitionError> {
        let name = id.as_ref().map_or_else(|| "the overall score".to_owned(), |id| format!("scale {id}"));
        let wrong = |problem| DefinitionError::Scale { scale: name.clone(), problem };
        let minimum_answered = usize::try_from(minimum_answered).unwrap_or(usize::MAX);
        if parts.is_empty() {
            return Err(wrong("has neither questions nor scales"));
        }
        if !(1..=parts.len()).contains(&minimum_answered) {
            return Err(wrong("must need at least one answered part and not more than it has"));
        }
        if norm.is_some_and(|norm| norm.sd_milli == 0 || norm.source.trim().is_empty()) {
            return Err(wrong("has a norm without a spread or without a source"));
        }
        let inner = parts.iter().filter_map(|part| match part {
            Part::Scale(place) => self.nodes.get(*place),
            Part::Question(_) => None,
        });
        let (mut questions, mut per_milli) = (0, 1_i64);
        for node in inner {
            questions |= node.questions;
            per_milli = common_multiple(per_milli, node.per_milli).ok_or_else(|| wrong(TOO_DEEP))?;
        }
        for part in &parts {
            if let Part::Question(rule) = part {
                questions |= 1 << rule;
            }
        }
        let counts = (1..=parts.len()).map(|count| i64::try_from(count).unwrap_or(i64::MAX));
        let any_count = counts.into_iter().try_fold(1, common_multiple).ok_or_else(|| wrong(TOO_DEEP))?;
        let per_milli = per_milli
            .checked_mul(any_count)
            .filter(|unit| self.file.order == Order::OverPeople || unit.saturating_mul(MOST_MILLI) <= MAX_VALUE);
        // Where means are taken over people no person's value of a scale is ever made.
        let per_milli = match (per_milli, self.file.order) {
            (Some(per_milli), Order::PerPerson) => per_milli,
            (_, Order::OverPeople) => 1,
            (None, Order::PerPerson) => return Err(wrong(TOO_DEEP)),
        };
        self.nodes.push(Node { id, label, parts, minimum_answered, norm: norm.cloned(), questions, per_milli });
        Ok(self.nodes.len() - 1)
    }

    fn rule(&self, scale: &DomainId, rule: &RuleFile) -> Result<Rule, DefinitionError> {
        let problem = |problem| DefinitionError::Question { question: rule.id.clone(), problem };
        let missing = || problem("is not in the questionnaire".to_owned());
        let position = self.questionnaire.position(&rule.id).ok_or_else(missing)?;
        let question = self.questionnaire.question(&rule.id).ok_or_else(missing)?;
        if self.file.option_values == OptionValues::AsTheQuestionnaire
            && question.kind != KindFile::Domain(scale.clone())
        {
            return Err(problem(format!("does not count towards {scale} in the questionnaire")));
        }
        self.points(position, rule, question).map_err(problem)
    }

    /// Points per nibble of a row: 1 not applicable, 4 + i option i, everything else missing.
    fn points(&self, position: usize, rule: &RuleFile, question: &QuestionFile) -> Result<Rule, String> {
        let same = rule.options.iter().map(|worth| &worth.id).eq(question.options.iter().map(|option| &option.id));
        if !same {
            return Err("has other options, or another order of them, than the questionnaire".to_owned());
        }
        let mut values = Vec::new();
        for (worth, option) in rule.options.iter().zip(&question.options) {
            if self.file.option_values == OptionValues::AsTheQuestionnaire && worth.score != option.score {
                return Err(format!("is worth something else in the questionnaire at option {}", worth.id));
            }
            if let OptionScore::Milli(milli) = worth.score
                && !(self.file.scale.lowest_milli..=self.file.scale.highest_milli).contains(&milli)
            {
                return Err(format!("is worth more or less than the scale allows at option {}", worth.id));
            }
            values.push(match worth.score {
                OptionScore::Milli(milli) => Some(i64::from(milli)),
                OptionScore::Unscored => None,
            });
        }
        let scored = || values.iter().copied().flatten();
        let (Some(least), Some(most)) = (scored().min(), scored().max()) else {
            return Err("has no scored option".to_owned());
        };
        let counted = |value: i64| if rule.reversed { least + most - value } else { value };
        let mut points = [None; 16];
        for (value, slot) in values.iter().zip(points.iter_mut().skip(4)) {
            *slot = value.map(counted);
        }
        if rule.not_applicable == NotApplicablePolicy::NoProblem
            && let Some(slot) = points.get_mut(1)
        {
            *slot = Some(most);
        }
        let bits = |named: &[OptionId], otherwise: &dyn Fn(i64) -> bool| -> Result<u16, String> {
            if named.is_empty() {
                let chosen = points.iter().enumerate().filter(|(_, value)| value.is_some_and(otherwise));
                return Ok(chosen.fold(0, |bits, (nibble, _)| bits | 1 << nibble));
            }
            named.iter().try_fold(0, |bits, id| {
                let place = rule.options.iter().position(|worth| worth.id == *id);
                let place = place.filter(|place| values.get(*place).is_some_and(Option::is_some));
                place.map(|place| bits | 1 << (place + 4)).ok_or_else(|| format!("has no scored option {id}"))
            })
        };
        let top_box = bits(&rule.top_box, &|value| value == most)?;
        let problem = bits(&rule.problem, &|value| value != most)?;
        Ok(Rule { position, points, top_box, problem })
    }

    fn attribution(&self, file: &AttributionFile) -> Result<Attributed, DefinitionError> {
        let wrong = |question: &QuestionId, problem: String| DefinitionError::Question {
            question: question.clone(),
            problem,
        };
        if file.questions.is_empty() || (file.sources.is_empty() && file.known_by.is_none()) {
            return Err(DefinitionError::Shape("attribution needs a question and somebody whose word is enough"));
        }
        let mut rules = Vec::new();
        for question in &file.questions {
            let position = self.questionnaire.position(question);
            let place = self.rules.iter().position(|rule| Some(rule.position) == position);
            match place {
                Some(place) if !rules.contains(&place) => rules.push(place),
                _ => {
                    return Err(wrong(
                        question,
                        "is about the consultant and not scored, or stands twice".to_owned(),
                    ));
                }
            }
        }
        let known_by = file.known_by.as_ref().map(|known| {
            let question = self.questionnaire.question(&known.question);
            let (Some(position), Some(question)) = (self.questionnaire.position(&known.question), question) else {
                return Err(wrong(&known.question, "is not in the questionnaire".to_owned()));
            };
            let bits = known.options.iter().try_fold(0_u16, |bits, id| {
                let place = question.options.iter().position(|option| option.id == *id);
                place
                    .map(|place| bits | 1 << (place + 4))
                    .ok_or_else(|| wrong(&known.question, format!("has no option {id}")))
            })?;
            Ok((position, bits))
        });
        Ok(Attributed { rules, sources: file.sources.clone(), known_by: known_by.transpose()? })
    }

    fn check_all_scored(&self) -> Result<(), DefinitionError> {
        if self.file.option_values == OptionValues::ItsOwn {
            return Ok(());
        }
        let scored: BTreeSet<usize> = self.rules.iter().map(|rule| rule.position).collect();
        for (position, question) in self.questionnaire.questions().iter().enumerate() {
            if matches!(question.kind, KindFile::Domain(_)) && !scored.contains(&position) {
                let problem = "counts towards a domain in the questionnaire and has no rule".to_owned();
                return Err(DefinitionError::Question { question: question.id.clone(), problem });
            }
        }
        Ok(())
    }
}

const TOO_DEEP: &str =
    "is nested too deep, or over too many parts, to be averaged person by person without rounding";

fn common_multiple(left: i64, right: i64) -> Option<i64> {
    let (mut a, mut b) = (left, right);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    (left / a).checked_mul(right)
}

fn case_mix(file: &CaseMixFile, questionnaire: &Questionnaire) -> Result<CaseMix, DefinitionError> {
    let (mut by, mut options) = (Vec::new(), Vec::<Vec<OptionId>>::new());
    for id in &file.by {
        let question = questionnaire.question(id).filter(|question| !question.options.is_empty());
        let (Some(position), Some(question)) = (questionnaire.position(id), question) else {
            let problem = "makes cells of the case mix and is no question with options".to_owned();
            return Err(DefinitionError::Question { question: id.clone(), problem });
        };
        by.push(position);
        options.push(question.options.iter().map(|option| option.id.clone()).collect());
    }
    let cap = f64::from(file.cap_milli) / 1000.0;
    let mut mix = CaseMix { by, options, cap, population: None };
    if file.cap_milli == 0 || mix.by.is_empty() || mix.cells() > MOST_CELLS {
        return Err(DefinitionError::Shape(
            "the case mix needs a cap above 0, a question, and no more than 4,096 cells",
        ));
    }
    if let PopulationFile::Counts(counts) = &file.population {
        let mut population = vec![None; mix.cells()];
        let wrong = DefinitionError::Shape("the standard population names a cell that is none, or one twice");
        for entry in counts {
            let cell = (0..mix.cells()).find(|cell| mix.options_of(*cell).eq(&entry.cell));
            let slot = cell.and_then(|cell| population.get_mut(cell)).filter(|slot| slot.is_none());
            *slot.ok_or_else(|| wrong.clone())? = Some(entry.count);
        }
        let population: Vec<u64> = population.into_iter().map(Option::unwrap_or_default).collect();
        if population.iter().all(|count| *count == 0) {
            return Err(DefinitionError::Shape("the standard population has nobody"));
        }
        mix.population = Some(population);
    }
    Ok(mix)
}

fn check_shape(file: &DefinitionFile) -> Result<(), DefinitionError> {
    let shape = |problem| Err(DefinitionError::Shape(problem));
    if file.format != 2 {
        return shape("only formats 1 and 2 are known");
    }
    if file.version == 0 {
        return shape("versions start at 1");
    }
    for scale in std::iter::once(&file.scale).chain(&file.reported) {
        if scale.lowest_milli >= scale.highest_milli {
            return shape("the scale's lowest end is not below its highest");
        }
        if i64::from(scale.lowest_milli).abs().max(i64::from(scale.highest_milli).abs()) > MOST_MILLI {
            return shape("the scale reaches beyond a thousand points");
        }
    }
    let least = file.minimum_people;
    if least.question.min(least.scale).min(least.overall) == 0 {
        return shape("a minimum of 0 would give a value to nothing");
    }
    if file.scales.is_empty() && file.overall.is_some() {
        return shape("there is an overall score of no scales");
    }
    let mut rows = BTreeSet::new();
    if file.audiences.iter().any(|row| !rows.insert((row.unit, row.from))) {
        return shape("two rows of the audiences begin at one number of people");
    }
    if file.audiences.iter().any(|row| !rows.contains(&(row.unit, 0))) {
        return shape("the audiences of a kind of unit do not begin at 0 people");
    }
    Ok(())
}

fn check_each_once(file: &DefinitionFile) -> Result<(), DefinitionError> {
    fn names(scale: &ScalePartFile, all: &mut Vec<String>) {
        all.push(format!("scale {}", scale.id));
        all.extend(scale.questions.iter().map(|rule| format!("question {}", rule.id)));
        scale.scales.iter().for_each(|inner| names(inner, all));
    }
    let mut all = Vec::new();
    file.scales.iter().for_each(|scale| names(scale, &mut all));
    let mut seen = BTreeSet::new();
    match all.into_iter().find(|name| !seen.insert(name.clone())) {
        Some(twice) => Err(DefinitionError::Twice(twice)),
        None => Ok(()),
    }
}
