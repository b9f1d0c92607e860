//! What is followed over time: the overall score, a domain, friends and family, or how many reported a problem.
//!
//! A measure is written `overall`, `domain:kindness`, `friends_and_family`, `problem:domain:kindness` or `problem:question:kindness`.
//! The first two are in points, where more is better. The others are per cent; of problems less is better.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use wardvoice_protocol::id::{DomainId, QuestionId};

use super::definition::english;
use super::scheme::Node;
use super::world::{Edition, ScoringWorld};
use crate::statistics::xmr::Improvement;

/// What is followed over time.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Measure {
    /// The overall score, in points.
    Overall,
    /// A domain's score, in points.
    Domain(DomainId),
    /// Friends and family, per cent very good or good.
    FriendsAndFamily,
    /// Of the answers to a domain's questions, per cent that reported a problem.
    DomainProblem(DomainId),
    /// Of the answers to a question, per cent that reported a problem.
    QuestionProblem(QuestionId),
}

/// A text that names no measure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a measure: write overall, domain:ID, friends_and_family, problem:domain:ID or problem:question:ID"
)]
pub struct MeasureError(String);

impl Measure {
    /// Which way is better.
    pub fn improvement(&self) -> Improvement {
        if self.is_problem() { Improvement::Decrease } else { Improvement::Increase }
    }

    /// Whether it is a rate of problems.
    pub fn is_problem(&self) -> bool {
        matches!(self, Self::DomainProblem(_) | Self::QuestionProblem(_))
    }

    /// Whether it is in per cent and not in points.
    pub fn is_share(&self) -> bool {
        self.is_problem() || *self == Self::FriendsAndFamily
    }

    /// The same in letters, digits and dashes, for the ids of a page.
    pub fn slug(&self) -> String {
        self.to_string().replace([':', '_'], "-")
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Overall => formatter.write_str("overall"),
            Self::Domain(id) => write!(formatter, "domain:{id}"),
            Self::FriendsAndFamily => formatter.write_str("friends_and_family"),
            Self::DomainProblem(id) => write!(formatter, "problem:domain:{id}"),
            Self::QuestionProblem(id) => write!(formatter, "problem:question:{id}"),
        }
    }
}

impl FromStr for Measure {
    type Err = MeasureError;

    fn from_str(text: &str) -> Result<Self, MeasureError> {
        let wrong = || MeasureError(text.to_owned());
        let domain = |id: &str| id.parse::<DomainId>().map_err(|_| wrong());
        if let Some(id) = text.strip_prefix("domain:") {
            return domain(id).map(Self::Domain);
        }
        if let Some(id) = text.strip_prefix("problem:domain:") {
            return domain(id).map(Self::DomainProblem);
        }
        if let Some(id) = text.strip_prefix("problem:question:") {
            return id.parse().map(Self::QuestionProblem).map_err(|_| wrong());
        }
        match text {
            "overall" => Ok(Self::Overall),
            "friends_and_family" => Ok(Self::FriendsAndFamily),
            _ => Err(wrong()),
        }
    }
}

impl TryFrom<String> for Measure {
    type Error = MeasureError;

    fn try_from(text: String) -> Result<Self, MeasureError> {
        text.parse()
    }
}

impl From<Measure> for String {
    fn from(measure: Measure) -> Self {
        measure.to_string()
    }
}

impl ScoringWorld {
    /// The measures of the definition that is in force on a day, in the order of pages: overall, the domains, friends and
    /// family, and each domain's problems.
    pub fn measures(&self, day: Date) -> Vec<Measure> {
        let Some(edition) = self.edition_in_force(day) else { return Vec::new() };
        let scheme = edition.definition.scheme();
        let top = || scheme.top.iter().filter_map(|place| scheme.nodes.get(*place)?.id.clone());
        let overall = scheme.overall.map(|_| Measure::Overall);
        let friends = edition.friends_and_family.map(|_| Measure::FriendsAndFamily);
        overall
            .into_iter()
            .chain(top().map(Measure::Domain))
            .chain(friends)
            .chain(top().map(Measure::DomainProblem))
            .collect()
    }

    /// What pages call a measure under the definition that is in force on a day; `None` when that has no such measure.
    pub fn measure_label(&self, day: Date, measure: &Measure) -> Option<String> {
        self.edition_in_force(day)?.label(measure)
    }

    /// Whether any definition has the measure.
    pub fn has_measure(&self, measure: &Measure) -> bool {
        self.editions().any(|edition| edition.label(measure).is_some())
    }
}

impl Edition {
    pub(super) fn label(&self, measure: &Measure) -> Option<String> {
        let scheme = self.definition.scheme();
        let problems = |label: &str| format!("{label}, problems");
        match measure {
            Measure::Overall => Some(scheme.nodes.get(scheme.overall?)?.label.clone()),
            Measure::Domain(id) => Some(self.node(id)?.1.label.clone()),
            Measure::FriendsAndFamily => {
                self.friends_and_family.map(|_| "Friends and family, positive".to_owned())
            }
            Measure::DomainProblem(id) => Some(problems(&self.node(id)?.1.label)),
            Measure::QuestionProblem(id) => {
                let rule = scheme.rules.get(self.rule(id)?)?;
                Some(problems(&english(&self.questionnaire.questions().get(rule.position)?.text)))
            }
        }
    }

    /// A scale and its place among the nodes.
    pub(super) fn node(&self, id: &DomainId) -> Option<(usize, &Node)> {
        let nodes = self.definition.scheme().nodes.iter().enumerate();
        nodes.into_iter().find(|(_, node)| node.id.as_ref() == Some(id))
    }

    /// A scored question's place among the rules.
    pub(super) fn rule(&self, id: &QuestionId) -> Option<usize> {
        let questions = self.questionnaire.questions();
        let is = |position: usize| questions.get(position).is_some_and(|question| question.id == *id);
        self.definition.scheme().rules.iter().position(|rule| is(rule.position))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;

    #[test]
    fn a_measure_is_what_its_text_says() {
        for text in [
            "overall",
            "domain:kindness",
            "friends_and_family",
            "problem:domain:noise",
            "problem:question:kindness",
        ] {
            assert_eq!(text.parse::<Measure>().unwrap().to_string(), text);
        }
        for wrong in ["", "Overall", "kindness", "domain:", "problem:kindness", "problem:domain:a b"] {
            let said = wrong.parse::<Measure>().unwrap_err().to_string();
            assert!(said.contains("is not a measure"), "{said}");
        }
        assert_eq!("problem:domain:noise".parse::<Measure>().unwrap().slug(), "problem-domain-noise");
    }
}
