//! What facts add up to, in whole numbers: enough for a sheet, and nothing about anybody.
//!
//! Two tallies of different people are one by adding, so a department's is made of its wards', and one more response is one more
//! addition. Nothing depends on the order in which facts came.

use wardvoice_protocol::contact::{Mode, Outcome};

use super::bulk::Bulk;
use super::cut::Filter;
use super::in_charge::InCharge;
use super::scheme::{Scheme, nibble};
use crate::facts::Fact;
use crate::statistics::joint_sums::{JointSums, Pairs};

/// How many people gave each nibble to a question.
pub(super) type NibbleCounts = [u64; 16];

/// So many people of a cell are summed through tables; fewer one by one.
const MANY: usize = 192;

/// Facts, added up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tally {
    /// Contacts by outcome, in the order of the documents.
    pub(super) contacts: [u64; Outcome::ALL.len()],
    /// Scored responses by mode.
    pub(super) modes: [u64; Mode::ALL.len()],
    /// Scored responses by language, one more place at the end for those that no questionnaire offers.
    pub(super) languages: Vec<u64>,
    /// Scored responses by ward.
    pub(super) wards: Vec<u64>,
    /// Responses to the scored questionnaire.
    pub(super) responses: u64,
    /// Responses of the same audience to others.
    pub(super) elsewhere: u64,
    /// The nibbles of every question of the questionnaire.
    pub(super) nibbles: Vec<NibbleCounts>,
    /// Everybody's scored answers.
    pub(super) everybody: JointSums,
    /// The same in parts: first of people without a cell of the case mix, then cell by cell.
    pub(super) cells: Vec<JointSums>,
}

/// What a tally is made by.
#[derive(Clone, Copy)]
pub(super) struct Rules<'a> {
    /// The questionnaire's number in facts.
    pub(super) questionnaire: u8,
    /// How many questions it has.
    pub(super) questions: usize,
    /// How many languages there are.
    pub(super) languages: usize,
    /// How many wards there are.
    pub(super) wards: usize,
    /// Which questionnaires have the same audience, by number.
    pub(super) audience: &'a [bool],
    /// How answers are scored.
    pub(super) scheme: &'a Scheme,
    /// How they are summed when there are many.
    pub(super) bulk: Option<&'a Bulk>,
    /// Whose answers count.
    pub(super) filter: &'a Filter,
    /// Nothing that came after this day is known yet.
    pub(super) as_of: i32,
}

impl Rules<'_> {
    /// The consultant a contact counts for, as far as the definition believes who was in charge.
    pub(super) fn consultant_of(&self, fact: &Fact) -> Option<u16> {
        InCharge::new(self.scheme, self.questionnaire).consultant_of(fact)
    }
}

impl Tally {
    /// Of nobody.
    pub(super) fn new(rules: &Rules<'_>) -> Self {
        let cells = 1 + rules.scheme.case_mix.as_ref().map_or(0, super::scheme::CaseMix::cells);
        let which = if rules.scheme.per_person { Pairs::Own } else { Pairs::All };
        Self {
            contacts: [0; Outcome::ALL.len()],
            modes: [0; Mode::ALL.len()],
            languages: vec![0; rules.languages + 1],
            wards: vec![0; rules.wards],
            responses: 0,
            elsewhere: 0,
            nibbles: vec![[0; 16]; rules.questions],
            everybody: JointSums::new(rules.scheme.items(), which),
            cells: vec![JointSums::new(rules.scheme.items(), which); cells],
        }
    }

    /// Adds one contact; what a single new response costs.
    pub(super) fn add(&mut self, rules: &Rules<'_>, fact: &Fact) {
        let Some(answers) = self.count(rules, fact) else { return };
        for (position, counts) in self.nibbles.iter_mut().enumerate() {
            if let Some(count) = counts.get_mut(nibble(answers, position)) {
                *count += 1;
            }
        }
        let mut values = Vec::with_capacity(rules.scheme.items());
        let answered = rules.scheme.person(answers, &mut values);
        self.everybody.add(answered, &values, 1);
        if let Some(sums) = self.cells.get_mut(cell_place(rules.scheme, answers)) {
            sums.add(answered, &values, 1);
        }
    }

    /// Counts a contact; its answers when they are to be summed.
    fn count(&mut self, rules: &Rules<'_>, fact: &Fact) -> Option<u128> {
        let questionnaire = fact.questionnaire_index();
        let same_audience = rules.audience.get(usize::from(questionnaire)).copied().unwrap_or(false);
        if !same_audience || fact.arrival_day().count() > rules.as_of || !rules.filter.contact(fact) {
            return None;
        }
        let outcome = fact.outcome();
        let scored = outcome.has_response() && questionnaire == rules.questionnaire;
        if rules.filter.asks_for_answers() && !(scored && rules.filter.answers(fact.answers())) {
            return None;
        }
        // An enum's discriminant is its place in `ALL`: both are in the order of the documents.
        if let Some(count) = self.contacts.get_mut(outcome as usize) {
            *count += 1;
        }
        if !scored {
            self.elsewhere += u64::from(outcome.has_response());
            return None;
        }
        self.responses += 1;
        if let Some(count) = self.modes.get_mut(fact.mode() as usize) {
            *count += 1;
        }
        let language = fact.language_index().map_or(rules.languages, usize::from);
        let ward = usize::from(fact.ward_index());
        for count in [self.languages.get_mut(language), self.wards.get_mut(ward)].into_iter().flatten() {
            *count += 1;
        }
        Some(fact.answers())
    }

    /// Adds other people.
    pub(super) fn merge(&mut self, other: &Self) {
        let contacts =
            self.contacts.iter_mut().zip(&other.contacts).chain(self.modes.iter_mut().zip(&other.modes));
        let places =
            self.languages.iter_mut().zip(&other.languages).chain(self.wards.iter_mut().zip(&other.wards));
        contacts.chain(places).for_each(|(mine, theirs)| *mine += theirs);
        for (mine, theirs) in self.nibbles.iter_mut().flatten().zip(other.nibbles.iter().flatten()) {
            *mine += theirs;
        }
        self.responses += other.responses;
        self.elsewhere += other.elsewhere;
        self.everybody.merge(&other.everybody);
        self.cells.iter_mut().zip(&other.cells).for_each(|(mine, theirs)| mine.merge(theirs));
    }

    /// How many people of each cell answered a scored question.
    pub(super) fn people_by_cell(&self) -> Vec<u64> {
        self.cells.iter().skip(1).map(|cell| cell.people(u32::MAX)).collect()
    }
}

fn cell_place(scheme: &Scheme, answers: u128) -> usize {
    scheme.case_mix.as_ref().and_then(|mix| mix.cell(answers)).map_or(0, |cell| cell + 1)
}

/// Gathers many contacts and sums them at once.
pub(super) struct Gathering<'a> {
    rules: Rules<'a>,
    tally: Tally,
    /// Nibbles two by two, as they stand in a byte of a row.
    bytes: Vec<[u32; 256]>,
    rows: Vec<Vec<u128>>,
    mask: u128,
}

impl<'a> Gathering<'a> {
    pub(super) fn new(rules: Rules<'a>) -> Self {
        let tally = Tally::new(&rules);
        let rows = vec![Vec::new(); tally.cells.len()];
        let mask = rules.scheme.mask();
        Self { rules, bytes: vec![[0; 256]; rules.questions.div_ceil(2)], rows, mask, tally }
    }

    pub(super) fn add(&mut self, fact: &Fact) {
        let Some(answers) = self.tally.count(&self.rules, fact) else { return };
        for (counts, byte) in self.bytes.iter_mut().zip(answers.to_le_bytes()) {
            if let Some(count) = counts.get_mut(usize::from(byte)) {
                *count += 1;
            }
        }
        if let Some(rows) = self.rows.get_mut(cell_place(self.rules.scheme, answers)) {
            rows.push(answers & self.mask);
        }
    }

    pub(super) fn close(self) -> Tally {
        let Self { rules, mut tally, bytes, rows, .. } = self;
        for (place, counts) in bytes.iter().enumerate() {
            for (byte, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
                for (position, nibble) in [(2 * place, byte & 0xf), (2 * place + 1, byte >> 4)] {
                    let slot = tally.nibbles.get_mut(position).and_then(|counts| counts.get_mut(nibble));
                    if let Some(slot) = slot {
                        *slot += u64::from(*count);
                    }
                }
            }
        }
        let mut values = Vec::with_capacity(rules.scheme.items());
        for (sums, rows) in tally.cells.iter_mut().zip(&rows) {
            if let Some(bulk) = rules.bulk.filter(|_| rows.len() >= MANY) {
                bulk.sum(rows, sums);
                continue;
            }
            for row in rows {
                let answered = rules.scheme.person(*row, &mut values);
                sums.add(answered, &values, 1);
            }
        }
        for sums in &tally.cells {
            tally.everybody.merge(sums);
        }
        tally
    }
}
