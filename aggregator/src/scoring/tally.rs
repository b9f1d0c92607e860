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

/// So many people are summed through tables; fewer one by one.
const MANY: usize = 96;

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
    /// The same in parts: first of people without a cell of the case mix, then cell by cell. Nothing where people are summed as a
    /// whole only.
    pub(super) cells: Vec<JointSums>,
}

/// How deep people are summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// As a whole: what plain scores take.
    Whole,
    /// Cell by cell of the case mix too: what standardised scores take.
    Cells,
}

/// What counts of a contact.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counted {
    outcome: Outcome,
    /// Answers to the scored questionnaire, where there are any.
    pub(super) scored: Option<Scored>,
}

/// A response to the scored questionnaire.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scored {
    pub(super) answers: u128,
    /// The place among a tally's cells.
    pub(super) cell: usize,
    mode: Mode,
    language: usize,
    ward: usize,
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
    /// How deep people are summed.
    pub(super) depth: Depth,
}

impl Rules<'_> {
    /// What counts of a contact; `None` when nothing does.
    pub(super) fn counted(&self, fact: &Fact) -> Option<Counted> {
        let questionnaire = fact.questionnaire_index();
        let same_audience = self.audience.get(usize::from(questionnaire)).copied().unwrap_or(false);
        if !same_audience || fact.arrival_day().count() > self.as_of || !self.filter.contact(fact) {
            return None;
        }
        let outcome = fact.outcome();
        let scored = outcome.has_response() && questionnaire == self.questionnaire;
        let answers = fact.answers();
        if self.filter.asks_for_answers() && !(scored && self.filter.answers(answers)) {
            return None;
        }
        let scored = scored.then(|| Scored {
            answers,
            cell: self.cell_place(answers),
            mode: fact.mode(),
            language: fact.language_index().map_or(self.languages, usize::from),
            ward: usize::from(fact.ward_index()),
        });
        Some(Counted { outcome, scored })
    }

    fn cell_place(&self, answers: u128) -> usize {
        let mix = self.scheme.case_mix.as_ref().filter(|_| self.depth == Depth::Cells);
        mix.and_then(|mix| mix.cell(answers)).map_or(0, |cell| cell + 1)
    }

    /// The consultant a contact counts for, as far as the definition believes who was in charge.
    pub(super) fn consultant_of(&self, fact: &Fact) -> Option<u16> {
        InCharge::new(self.scheme, self.questionnaire).consultant_of(fact)
    }
}

impl Tally {
    /// Of nobody.
    pub(super) fn new(rules: &Rules<'_>) -> Self {
        let cells = match rules.depth {
            Depth::Whole => 0,
            Depth::Cells => 1 + rules.scheme.case_mix.as_ref().map_or(0, super::scheme::CaseMix::cells),
        };
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
    pub(super) fn add(&mut self, rules: &Rules<'_>, counted: &Counted) {
        self.count(counted);
        let Some(Scored { answers, cell, .. }) = counted.scored else { return };
        for (position, counts) in self.nibbles.iter_mut().enumerate() {
            if let Some(count) = counts.get_mut(nibble(answers, position)) {
                *count += 1;
            }
        }
        let mut values = Vec::with_capacity(rules.scheme.items());
        let answered = rules.scheme.person(answers, &mut values);
        self.everybody.add(answered, &values, 1);
        if let Some(sums) = self.cells.get_mut(cell) {
            sums.add(answered, &values, 1);
        }
    }

    /// Counts a contact without its answers.
    fn count(&mut self, counted: &Counted) {
        // An enum's discriminant is its place in `ALL`: both are in the order of the documents.
        if let Some(count) = self.contacts.get_mut(counted.outcome as usize) {
            *count += 1;
        }
        let Some(scored) = &counted.scored else {
            self.elsewhere += u64::from(counted.outcome.has_response());
            return;
        };
        self.responses += 1;
        let of_language = self.languages.get_mut(scored.language);
        let of_ward = self.wards.get_mut(scored.ward);
        for count in [self.modes.get_mut(scored.mode as usize), of_language, of_ward].into_iter().flatten() {
            *count += 1;
        }
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

    /// Whether it says how people are in cells.
    pub(super) fn has_cells(&self) -> bool {
        !self.cells.is_empty()
    }

    /// How many people of each cell answered a scored question.
    pub(super) fn people_by_cell(&self) -> Vec<u64> {
        self.cells.iter().skip(1).map(|cell| cell.people(u32::MAX)).collect()
    }
}

/// Gathers many contacts and sums them at once.
pub(super) struct Gathering<'a> {
    rules: Rules<'a>,
    tally: Tally,
    /// The answers, cell by cell; of everybody where people are summed as a whole.
    rows: Vec<Vec<u128>>,
}

impl<'a> Gathering<'a> {
    pub(super) fn new(rules: Rules<'a>) -> Self {
        let tally = Tally::new(&rules);
        let rows = vec![Vec::new(); tally.cells.len().max(1)];
        Self { rules, tally, rows }
    }

    pub(super) fn add(&mut self, fact: &Fact) {
        if let Some(counted) = self.rules.counted(fact) {
            self.add_counted(&counted);
        }
    }

    /// Adds a contact of which it is known already what counts.
    pub(super) fn add_counted(&mut self, counted: &Counted) {
        self.tally.count(counted);
        if let Some(scored) = &counted.scored
            && let Some(rows) = self.rows.get_mut(scored.cell)
        {
            rows.push(scored.answers);
        }
    }

    pub(super) fn close(self) -> Tally {
        let Self { rules, mut tally, rows } = self;
        count_nibbles(&rows, &mut tally.nibbles);
        if !tally.has_cells() {
            for rows in &rows {
                sum(&rules, rows, &mut tally.everybody);
            }
        }
        for (sums, rows) in tally.cells.iter_mut().zip(&rows) {
            sum(&rules, rows, sums);
            tally.everybody.merge(sums);
        }
        tally
    }
}

/// Counts nibbles two by two, as they stand in a byte of a row.
fn count_nibbles(rows: &[Vec<u128>], nibbles: &mut [NibbleCounts]) {
    let mut bytes = vec![[0_u32; 256]; nibbles.len().div_ceil(2)];
    for row in rows.iter().flatten() {
        for (counts, byte) in bytes.iter_mut().zip(row.to_le_bytes()) {
            if let Some(count) = counts.get_mut(usize::from(byte)) {
                *count += 1;
            }
        }
    }
    for (place, counts) in bytes.iter().enumerate() {
        for (byte, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            for (position, nibble) in [(2 * place, byte & 0xf), (2 * place + 1, byte >> 4)] {
                let slot = nibbles.get_mut(position).and_then(|counts| counts.get_mut(nibble));
                if let Some(slot) = slot {
                    *slot += u64::from(*count);
                }
            }
        }
    }
}

fn sum(rules: &Rules<'_>, rows: &[u128], sums: &mut JointSums) {
    if let Some(bulk) = rules.bulk.filter(|_| rows.len() >= MANY) {
        bulk.sum(rows, sums);
        return;
    }
    let mut values = Vec::with_capacity(rules.scheme.items());
    for row in rows {
        let answered = rules.scheme.person(*row, &mut values);
        sums.add(answered, &values, 1);
    }
}
