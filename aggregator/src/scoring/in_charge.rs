//! Whose patient a response is: the one place that decides it, for figures, for what can be disputed and for comments.
//!
//! A contact says who named the consultant; whether that is believed is the definition's to say, and a period belongs to the definition of
//! its first day. What was ruled about disputes is not known here: rows that no longer count stand beside the facts
//! ([`crate::facts::Rulings`]), records among the disputes.

use wardvoice_protocol::fortnight::Period;

use super::scheme::Scheme;
use super::world::ScoringWorld;
use crate::facts::Fact;

/// By which rules it is decided who was in charge.
#[derive(Debug, Clone, Copy)]
pub struct InCharge<'a> {
    scheme: &'a Scheme,
    questionnaire: u8,
}

impl<'a> InCharge<'a> {
    /// By a scheme's rules, of the questionnaire that it scores.
    pub(super) fn new(scheme: &'a Scheme, questionnaire: u8) -> Self {
        Self { scheme, questionnaire }
    }

    /// The consultant a contact counts for, as far as the definition believes who was in charge.
    pub fn consultant_of(&self, fact: &Fact) -> Option<u16> {
        let consultant = fact.consultant_index()?;
        let Some(attribution) = &self.scheme.attribution else { return Some(consultant) };
        let answers = self.is_scored(fact).then(|| fact.answers());
        attribution.believes(fact.attribution_source(), answers).then_some(consultant)
    }

    /// The consultant whose figures a response is in; nobody's are those to other questionnaires.
    pub fn consultant_of_response(&self, fact: &Fact) -> Option<u16> {
        if self.is_scored(fact) { self.consultant_of(fact) } else { None }
    }

    fn is_scored(&self, fact: &Fact) -> bool {
        fact.outcome().has_response() && fact.questionnaire_index() == self.questionnaire
    }
}

impl ScoringWorld {
    /// By which rules it is decided whose patients there are in a period; none where no definition is in force.
    pub fn in_charge(&self, period: &Period) -> Option<InCharge<'_>> {
        let edition = self.edition_in_force(period.start())?;
        Some(InCharge::new(edition.definition.scheme(), edition.questionnaire_index))
    }
}
