//! What facts add up to, in whole numbers: enough for a sheet, and nothing about anybody.
//!
//! Two tallies of different people are one by adding, so a department's is made of its wards', and one more response is one more
//! addition. Nothing depends on the order in which facts came.

use wardvoice_protocol::contact::{Mode, Outcome};

use super::bulk::{Bulk, Patterns};
use super::cut::Filter;
use super::in_charge::InCharge;
use super::scheme::{Scheme, nibble};
use crate::facts::Fact;
use crate::statistics::joint_sums::{JointSums, Pairs};

/// How many people gave each nibble to a question.
pub(super) type NibbleCounts = [u64; 16];

/// So many people are summed through tables; fewer one by one.
const MANY: usize = 96;

/// So many people of a cell are gathered before they are counted: few enough for the nearest memory, enough to be worth fetching the
/// cell's tables.
const STRETCH: usize = 512;

/// So many bytes of tables are filled side by side. A case mix may have thousands of cells, of which each has tables of its own; where all of
/// them take more, people are gathered to the end, and cells are counted one after another.
const MOST_TABLES: usize = 32 << 20;

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

/// What counts of a contact; small, because of many contacts it is kept until their consultant's turn comes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counted {
    outcome: Outcome,
    /// Answers to the scored questionnaire, where there are any.
    pub(super) scored: Option<Scored>,
}

/// A response to the scored questionnaire.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scored {
    /// As bytes, which need no room for being aligned.
    answers: [u8; 16],
    mode: Mode,
    /// The place among a tally's languages.
    language: u16,
    ward: u16,
}

impl Scored {
    /// The nibbles of a row.
    pub(super) fn answers(&self) -> u128 {
        u128::from_le_bytes(self.answers)
    }
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
            answers: answers.to_le_bytes(),
            mode: fact.mode(),
            language: fact.language_index().map_or_else(|| other_language(self.languages), u16::from),
            ward: fact.ward_index(),
        });
        Some(Counted { outcome, scored })
    }

    /// The place among a tally's cells.
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
        let Some(answers) = counted.scored.as_ref().map(Scored::answers) else { return };
        for (position, counts) in self.nibbles.iter_mut().enumerate() {
            if let Some(count) = counts.get_mut(nibble(answers, position)) {
                *count += 1;
            }
        }
        let mut values = Vec::with_capacity(rules.scheme.items());
        let answered = rules.scheme.person(answers, &mut values);
        self.everybody.add(answered, &values, 1);
        if let Some(sums) = self.cells.get_mut(rules.cell_place(answers)) {
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
        let of_language = self.languages.get_mut(usize::from(scored.language));
        let of_ward = self.wards.get_mut(usize::from(scored.ward));
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

/// Gathers many contacts and sums them a stretch at a time.
pub(super) struct Gathering<'a> {
    rules: Rules<'a>,
    tally: Tally,
    /// The answers that are not counted yet, cell by cell; of everybody where people are summed as a whole.
    rows: Vec<Vec<u128>>,
    /// What was counted, cell by cell; none where no stretch was full.
    patterns: Vec<Option<Patterns>>,
    /// How many people gave each pair of nibbles, as they stand in the bytes of a row. Nothing before anybody was counted.
    bytes: Vec<[u32; 256]>,
    /// How many answers of a cell are gathered before they are counted.
    stretch: usize,
}

impl<'a> Gathering<'a> {
    pub(super) fn new(rules: Rules<'a>) -> Self {
        Self::within(rules, MOST_TABLES)
    }

    /// The same with room for other tables.
    pub(super) fn within(rules: Rules<'a>, most_tables: usize) -> Self {
        let tally = Tally::new(&rules);
        let cells = tally.cells.len().max(1);
        let fits = rules.bulk.is_none_or(|bulk| cells.saturating_mul(bulk.room()) <= most_tables);
        let stretch = if fits { STRETCH } else { usize::MAX };
        let (rows, patterns) = (vec![Vec::new(); cells], (0..cells).map(|_| None).collect());
        Self { rules, tally, rows, patterns, bytes: Vec::new(), stretch }
    }

    pub(super) fn add(&mut self, fact: &Fact) {
        if let Some(counted) = self.rules.counted(fact) {
            self.add_counted(&counted);
        }
    }

    /// Adds a contact of which it is known already what counts.
    pub(super) fn add_counted(&mut self, counted: &Counted) {
        self.tally.count(counted);
        let Some(scored) = &counted.scored else { return };
        let answers = scored.answers();
        let cell = self.rules.cell_place(answers);
        let Some(rows) = self.rows.get_mut(cell) else { return };
        rows.push(answers);
        if rows.len() >= self.stretch {
            self.count(cell);
        }
    }

    /// Counts the gathered answers of a cell.
    fn count(&mut self, cell: usize) {
        let Some(rows) = self.rows.get_mut(cell) else { return };
        count_nibbles(rows, &mut self.bytes, &mut self.tally.nibbles);
        let slot = self.patterns.get_mut(cell);
        match (self.rules.bulk, slot) {
            (Some(bulk), Some(slot)) if slot.is_some() || rows.len() >= MANY => {
                bulk.count(rows, slot.get_or_insert_with(|| bulk.nobody()));
            }
            _ => {
                let sums = self.tally.cells.get_mut(cell).unwrap_or(&mut self.tally.everybody);
                one_by_one(self.rules.scheme, rows, sums);
            }
        }
        rows.clear();
    }

    /// Empties the tables of a cell.
    fn pour(&mut self, cell: usize) {
        let patterns = self.patterns.get_mut(cell).and_then(Option::take);
        if let (Some(bulk), Some(patterns)) = (self.rules.bulk, patterns) {
            bulk.pour(patterns, self.tally.cells.get_mut(cell).unwrap_or(&mut self.tally.everybody));
        }
    }

    pub(super) fn close(mut self) -> Tally {
        if self.rows.iter().map(Vec::len).sum::<usize>() >= MANY {
            self.bytes.resize(self.rules.questions.div_ceil(2), [0; 256]);
        }
        for cell in 0..self.rows.len() {
            self.count(cell);
            self.pour(cell);
        }
        let Self { mut tally, bytes, .. } = self;
        pour_nibbles(&bytes, &mut tally.nibbles);
        for sums in &tally.cells {
            tally.everybody.merge(sums);
        }
        tally
    }
}

/// Counts nibbles: of many people two by two as they stand in a byte of a row, of a few one by one.
fn count_nibbles(rows: &[u128], bytes: &mut Vec<[u32; 256]>, nibbles: &mut [NibbleCounts]) {
    if bytes.is_empty() && rows.len() < MANY {
        for row in rows {
            for (position, counts) in nibbles.iter_mut().enumerate() {
                if let Some(count) = counts.get_mut(nibble(*row, position)) {
                    *count += 1;
                }
            }
        }
        return;
    }
    bytes.resize(nibbles.len().div_ceil(2), [0; 256]);
    for row in rows {
        for (counts, byte) in bytes.iter_mut().zip(row.to_le_bytes()) {
            if let Some(count) = counts.get_mut(usize::from(byte)) {
                *count += 1;
            }
        }
    }
}

/// The place of languages that no questionnaire offers: after all others.
fn other_language(languages: usize) -> u16 {
    u16::try_from(languages).unwrap_or(u16::MAX)
}

fn pour_nibbles(bytes: &[[u32; 256]], nibbles: &mut [NibbleCounts]) {
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

fn one_by_one(scheme: &Scheme, rows: &[u128], sums: &mut JointSums) {
    let mut values = Vec::with_capacity(scheme.items());
    for row in rows {
        let answered = scheme.person(*row, &mut values);
        sums.add(answered, &values, 1);
    }
}
