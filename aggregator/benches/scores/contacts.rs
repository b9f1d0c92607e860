//! Contacts as they come, always the same ones in the same order; shared by the benches.

use anyhow::{Context as _, Result};
use wardvoice_aggregator::facts::{Fact, fact_of};
use wardvoice_aggregator::scoring::ScoringWorld;
use wardvoice_protocol::contact::{Answer, Attribution, AttributionSource, Contact, Mode, Outcome, Response};
use wardvoice_protocol::fortnight::DayNumber;
use wardvoice_protocol::id::Language;
use wardvoice_protocol::questionnaire::{KindFile, Questionnaire};

/// A draw from 0 to below `most`, always the same ones in the same order.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % most.max(1) as u64).unwrap_or(0)
    }
}

/// Contacts as they come: two in a hundred decline a question, one in ten has no pain.
pub(crate) fn templates(world: &ScoringWorld, many: usize) -> Result<Vec<Contact>> {
    let questionnaire = Questionnaire::inpatient()?;
    let (wards, consultants) = (world.directory().wards(), world.directory().consultants());
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut all = Vec::with_capacity(many);
    for _ in 0..many {
        let answers = questionnaire.questions().iter().map(|question| {
            let few = question.not_applicable.is_some() && dice.below(10) == 0;
            let answer = match question.options.get(dice.below(question.options.len())) {
                _ if few => Answer::NotApplicable,
                _ if dice.below(50) == 0 => Answer::Declined,
                Some(option) if question.kind != KindFile::Comment => Answer::Answered(option.id.clone()),
                _ => Answer::Declined,
            };
            (question.id.clone(), answer)
        });
        let response = Response { answers: answers.collect(), minutes: None };
        let consultant = consultants.get(dice.below(consultants.len())).context("no consultant")?;
        all.push(Contact {
            ward: wards.get(dice.below(wards.len())).context("no ward")?.id.clone(),
            questionnaire: questionnaire.reference(),
            outcome: Outcome::Completed,
            mode: Mode::ALL.get(dice.below(4)).copied().unwrap_or(Mode::Alone),
            language: Language::english(),
            attribution: Some(Attribution {
                consultant: consultant.id.clone(),
                source: AttributionSource::Roster,
            }),
            response: Some(response),
        });
    }
    Ok(all)
}

pub(crate) fn fact(world: &ScoringWorld, contact: &Contact, day: DayNumber) -> Result<Fact> {
    fact_of(contact, day, day, world.vocabulary()).context("a template is a fact")
}
