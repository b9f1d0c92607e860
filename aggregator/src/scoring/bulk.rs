//! Summing many people's answers through tables.
//!
//! A scored question has few different values, its *classes*, so an answer fits into two or three bits and a few questions, a *chunk*,
//! into four or six. For every pair of chunks there is a table of how many people gave each combination: one addition a person and pair
//! of chunks (fifteen for twelve questions of three options) instead of four for each pair of questions. The tables are small enough
//! for the processor's nearest memory. Emptied afterwards, they give exactly what adding the people one by one gives; a property
//! test holds the two against each other.
//!
//! Rows are read two nibbles at a time: a table per byte of a row says which bits of the pattern it sets.

use super::scheme::{Rule, Scheme};
use crate::statistics::joint_sums::JointSums;

const ROW_BYTES: usize = 16;

/// How a definition's answers become patterns.
#[derive(Debug, Clone)]
pub(super) struct Bulk {
    /// For each byte of a row that holds a scored question: where it stands, and the bits of the pattern by its value.
    bytes: Vec<(usize, Vec<u64>)>,
    chunks: Vec<Chunk>,
    questions: usize,
    /// The bits of a question and those of a chunk.
    bits: usize,
    chunk_bits: usize,
}

#[derive(Debug, Clone)]
struct Chunk {
    /// The rules in it.
    rules: Vec<usize>,
    /// The values of each of them by class; class 0, the missing answer, has none.
    classes: Vec<Vec<i64>>,
    /// For each pattern of the chunk, the values of its rules.
    values: Vec<Vec<Option<i64>>>,
    /// For each pattern of the chunk, which questions were answered.
    answered: Vec<u32>,
}

impl Bulk {
    /// The tables of a definition whose means are taken over people; `None` where patterns do not fit 64 bits.
    pub(super) fn new(scheme: &Scheme) -> Option<Self> {
        if scheme.per_person || scheme.rules.is_empty() {
            return None;
        }
        let classes: Vec<Vec<i64>> = scheme.rules.iter().map(classes).collect();
        let most = classes.iter().map(Vec::len).max()?;
        // Class 0 is a missing answer.
        let bits = (1..=4).find(|bits| most < 1 << bits)?;
        let chunk_bits = if bits == 3 { 6 } else { 4 };
        let in_a_chunk = chunk_bits / bits;
        let places: Vec<usize> = (0..scheme.rules.len()).collect();
        let chunk = |rules: &[usize]| {
            let of_rules = rules.iter().filter_map(|rule| classes.get(*rule).cloned()).collect();
            Chunk::new(rules.to_vec(), of_rules, bits, chunk_bits)
        };
        let chunks: Vec<Chunk> = places.chunks(in_a_chunk).map(chunk).collect();
        if chunks.len() * chunk_bits > 64 {
            return None;
        }
        let mut bytes: Vec<(usize, Vec<u64>)> = Vec::new();
        for (place, rule) in scheme.rules.iter().enumerate() {
            let at = rule.position / 2;
            let shift = place / in_a_chunk * chunk_bits + place % in_a_chunk * bits;
            if !bytes.iter().any(|(known, _)| *known == at) {
                bytes.push((at, vec![0; 256]));
            }
            let Some((_, table)) = bytes.iter_mut().find(|(known, _)| *known == at) else { continue };
            let known = classes.get(place)?;
            for (byte, slot) in table.iter_mut().enumerate() {
                let nibble = byte >> (4 * (rule.position % 2)) & 0xf;
                let points = rule.points.get(nibble).copied().flatten();
                let class = points.and_then(|points| known.iter().position(|one| *one == points));
                *slot |= class.map_or(0, |class| class as u64 + 1) << shift;
            }
        }
        Some(Self { bytes, chunks, questions: scheme.rules.len(), bits, chunk_bits })
    }

    fn pattern(&self, row: u128) -> u64 {
        let row: [u8; ROW_BYTES] = row.to_le_bytes();
        self.bytes.iter().fold(0, |pattern, (at, table)| {
            let byte = row.get(*at).map_or(0, |byte| usize::from(*byte));
            pattern | table.get(byte).copied().unwrap_or(0)
        })
    }

    /// Adds many people to sums.
    pub(super) fn sum(&self, rows: &[u128], sums: &mut JointSums) {
        let count = self.chunks.len();
        // A chunk is paired with itself only where there is no other.
        let pairs: Vec<(usize, usize)> = if count == 1 {
            vec![(0, 0)]
        } else {
            (0..count).flat_map(|first| (first + 1..count).map(move |second| (first, second))).collect()
        };
        let size = 1 << (2 * self.chunk_bits);
        let mut tables = vec![0_u32; pairs.len() * size];
        let mut answered = Answered::new(self.questions);
        let shifts: Vec<(usize, usize, usize)> = pairs
            .iter()
            .enumerate()
            .map(|(table, (first, second))| (table * size, first * self.chunk_bits, second * self.chunk_bits))
            .collect();
        let mask = (1 << self.chunk_bits) - 1;
        for row in rows {
            let pattern = self.pattern(*row);
            for (table, first, second) in &shifts {
                let entry = (pattern >> first & mask) << self.chunk_bits | pattern >> second & mask;
                if let Some(slot) = tables.get_mut(table + place(entry)) {
                    *slot += 1;
                }
            }
            let set = self.chunks.iter().enumerate().fold(0, |set, (chunk, known)| {
                let part = place(pattern >> (chunk * self.chunk_bits) & mask);
                set | known.answered.get(part).copied().unwrap_or(0)
            });
            answered.add(set);
        }
        answered.pour(sums);
        for (table, (first, second)) in tables.chunks(size).zip(&pairs) {
            let (Some(left), Some(right)) = (self.chunks.get(*first), self.chunks.get(*second)) else { continue };
            if count > 1 {
                self.pour(sums, left, right, table);
            }
            // Pairs inside a chunk are poured once: from its first table, or for the last chunk from its last.
            if first + 1 == *second || count == 1 {
                let of_pattern = table.chunks(1 << self.chunk_bits).map(total);
                left.pour(sums, of_pattern);
            }
            if *second + 1 == count && *first == 0 && count > 1 {
                let of_pattern = (0..1 << self.chunk_bits)
                    .map(|pattern| total(table.iter().skip(pattern).step_by(1 << self.chunk_bits)));
                right.pour(sums, of_pattern);
            }
        }
    }

    /// Pours out the pairs of questions of two chunks. A row of the table, which is of one pattern of the left chunk, is added up by
    /// the classes of the right one's questions first, and then to the classes of the left one's.
    fn pour(&self, sums: &mut JointSums, left: &Chunk, right: &Chunk, table: &[u32]) {
        let classes = 1 << self.bits;
        let mut of_row = vec![0_u64; right.rules.len() * classes];
        let mut counts = vec![0_u64; left.rules.len() * classes * of_row.len()];
        for (pattern, row) in table.chunks(1 << self.chunk_bits).enumerate() {
            of_row.fill(0);
            for (slot, of_slot) in of_row.chunks_mut(classes).enumerate() {
                for (other, people) in row.iter().enumerate() {
                    if let Some(count) = of_slot.get_mut(class(other, slot, self.bits)) {
                        *count += u64::from(*people);
                    }
                }
            }
            for (slot, of_slot) in counts.chunks_mut(classes * of_row.len()).enumerate() {
                let of_class = of_slot.chunks_mut(of_row.len()).nth(class(pattern, slot, self.bits));
                of_class.into_iter().flatten().zip(&of_row).for_each(|(count, people)| *count += people);
            }
        }
        let mut counts = counts.chunks(classes);
        for (rule, values) in left.rules.iter().zip(&left.classes) {
            for class in 0..classes {
                let value = class.checked_sub(1).and_then(|class| values.get(class));
                // As many stretches are taken for a class without a value, which is a missing answer.
                for (other, others) in right.rules.iter().zip(&right.classes) {
                    let of_pair = counts.next().unwrap_or_default();
                    let Some(value) = value else { continue };
                    for (other_value, people) in others.iter().zip(of_pair.iter().skip(1)) {
                        if *people > 0 {
                            sums.add_pair(*rule, *other, *value, *other_value, *people);
                        }
                    }
                }
            }
        }
    }
}

impl Chunk {
    fn new(rules: Vec<usize>, classes: Vec<Vec<i64>>, bits: usize, chunk_bits: usize) -> Self {
        let value = |pattern: usize, slot: usize, known: &Vec<i64>| {
            class(pattern, slot, bits).checked_sub(1).and_then(|class| known.get(class)).copied()
        };
        let of_pattern = |pattern: usize| -> Vec<Option<i64>> {
            classes.iter().enumerate().map(|(slot, known)| value(pattern, slot, known)).collect()
        };
        let values: Vec<Vec<Option<i64>>> = (0..1 << chunk_bits).map(of_pattern).collect();
        let set = |values: &Vec<Option<i64>>| {
            let given = values.iter().zip(&rules).filter(|(value, _)| value.is_some());
            given.fold(0, |set, (_, rule)| set | 1 << rule)
        };
        let answered = values.iter().map(set).collect();
        Self { rules, classes, values, answered }
    }

    /// Pours out the pairs of its own questions, from how many people gave each pattern.
    fn pour(&self, sums: &mut JointSums, people: impl Iterator<Item = u64>) {
        for (values, people) in self.values.iter().zip(people).filter(|(_, people)| *people > 0) {
            for (place, (left, value)) in self.rules.iter().zip(values).enumerate() {
                let Some(value) = value else { continue };
                for (right, other) in self.rules.iter().zip(values).skip(place) {
                    if let Some(other) = other {
                        sums.add_pair(*left, *right, *value, *other, people);
                    }
                }
            }
        }
    }
}

/// The class of a question by its place in the chunk.
fn class(pattern: usize, slot: usize, bits: usize) -> usize {
    pattern >> (slot * bits) & ((1 << bits) - 1)
}

fn total<'a>(counts: impl IntoIterator<Item = &'a u32>) -> u64 {
    counts.into_iter().map(|count| u64::from(*count)).sum()
}

/// The different values of a question, ascending.
fn classes(rule: &Rule) -> Vec<i64> {
    let mut values: Vec<i64> = rule.points.iter().copied().flatten().collect();
    values.sort_unstable();
    values.dedup();
    values
}

/// How many people answered which set of questions: a table while sets are few, a list to be sorted otherwise.
enum Answered {
    Table(Vec<u32>),
    List(Vec<u32>),
}

impl Answered {
    fn new(questions: usize) -> Self {
        if questions <= 12 { Self::Table(vec![0; 1 << questions]) } else { Self::List(Vec::new()) }
    }

    fn add(&mut self, set: u32) {
        match self {
            Self::Table(counts) => {
                if let Some(count) = counts.get_mut(place(u64::from(set))) {
                    *count += 1;
                }
            }
            Self::List(sets) => sets.push(set),
        }
    }

    fn pour(self, sums: &mut JointSums) {
        match self {
            Self::Table(counts) => {
                for (set, count) in (0_u32..).zip(counts).filter(|(_, count)| *count > 0) {
                    sums.add_answered(set, u64::from(count));
                }
            }
            Self::List(mut sets) => {
                sets.sort_unstable();
                for equal in sets.chunk_by(|left, right| left == right) {
                    if let Some(set) = equal.first() {
                        sums.add_answered(*set, equal.len() as u64);
                    }
                }
            }
        }
    }
}

fn place(bits: u64) -> usize {
    // At most 12 bits.
    usize::try_from(bits).unwrap_or(0)
}
