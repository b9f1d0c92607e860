//! Summing many people's answers through tables.
//!
//! A scored question has few different values, so an answer fits into two or three bits and a handful of questions, a *chunk*, into
//! six. For every pair of chunks there is a table of how many people gave each combination: one addition a person and pair of
//! chunks (six for twelve questions) instead of one for each pair of questions. Emptied afterwards, the tables give
//! exactly what adding the people one by one gives; a property test holds the two against each other.
//!
//! Rows are read two nibbles at a time: a table per byte of a row says which bits of the pattern it sets.

use super::scheme::{Rule, Scheme};
use crate::statistics::joint_sums::JointSums;

/// The bits of a chunk: two of them make a table of 4,096 counts, which stays in the processor's nearest memory.
const CHUNK_BITS: usize = 6;
const CHUNK: u64 = (1 << CHUNK_BITS) - 1;
const ROW_BYTES: usize = 16;

/// How a definition's answers become patterns.
#[derive(Debug, Clone)]
pub(super) struct Bulk {
    /// For each byte of a row that holds a scored question: where it stands, and the bits of the pattern by its value.
    bytes: Vec<(usize, Vec<u64>)>,
    chunks: Vec<Chunk>,
    questions: usize,
}

#[derive(Debug, Clone)]
struct Chunk {
    /// The rules in it.
    rules: Vec<usize>,
    /// For each pattern of the chunk, the values of its rules.
    values: Vec<Vec<Option<i64>>>,
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
        let in_a_chunk = CHUNK_BITS / bits;
        let mut chunks = Vec::new();
        let places: Vec<usize> = (0..scheme.rules.len()).collect();
        for rules in places.chunks(in_a_chunk) {
            let value = |pattern: usize, slot: usize, rule: &usize| {
                let class = pattern >> (slot * bits) & ((1 << bits) - 1);
                classes.get(*rule).and_then(|known| known.get(class.checked_sub(1)?)).copied()
            };
            let of_pattern =
                |pattern| rules.iter().enumerate().map(|(slot, rule)| value(pattern, slot, rule)).collect();
            chunks.push(Chunk { rules: rules.to_vec(), values: (0..1 << CHUNK_BITS).map(of_pattern).collect() });
        }
        if chunks.len() * CHUNK_BITS > 64 {
            return None;
        }
        let mut bytes: Vec<(usize, Vec<u64>)> = Vec::new();
        for (place, rule) in scheme.rules.iter().enumerate() {
            let at = rule.position / 2;
            let shift = place / in_a_chunk * CHUNK_BITS + place % in_a_chunk * bits;
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
        Some(Self { bytes, chunks, questions: scheme.rules.len() })
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
        let mut tables = vec![0_u32; pairs.len() << (2 * CHUNK_BITS)];
        let mut answered = Answered::new(self.questions);
        let shifts: Vec<(usize, usize, usize)> = pairs
            .iter()
            .enumerate()
            .map(|(table, (first, second))| (table << (2 * CHUNK_BITS), first * CHUNK_BITS, second * CHUNK_BITS))
            .collect();
        let sets: Vec<Vec<u32>> = self.chunks.iter().map(Chunk::answered).collect();
        for row in rows {
            let pattern = self.pattern(*row);
            for (table, first, second) in &shifts {
                let entry = (pattern >> first & CHUNK) << CHUNK_BITS | pattern >> second & CHUNK;
                if let Some(slot) = tables.get_mut(table + place(entry)) {
                    *slot += 1;
                }
            }
            let set = sets.iter().enumerate().fold(0, |set, (chunk, known)| {
                set | known.get(place(pattern >> (chunk * CHUNK_BITS) & CHUNK)).copied().unwrap_or(0)
            });
            answered.add(set);
        }
        answered.pour(sums);
        for (table, (first, second)) in tables.chunks(1 << (2 * CHUNK_BITS)).zip(&pairs) {
            let (Some(left), Some(right)) = (self.chunks.get(*first), self.chunks.get(*second)) else { continue };
            // Pairs inside a chunk are poured once: from its first table, or for the last chunk from its last.
            let inside_left = first + 1 == *second || count == 1;
            let inside_right = *second + 1 == count && *first == 0 && count > 1;
            for (entry, people) in table.iter().enumerate().filter(|(_, people)| **people > 0) {
                let people = u64::from(*people);
                let values = |chunk: &Chunk, at: usize| chunk.values.get(at).cloned().unwrap_or_default();
                let (a, b) = (values(left, entry >> CHUNK_BITS), values(right, entry & place(CHUNK)));
                if count > 1 {
                    pour(sums, (&left.rules, &a), (&right.rules, &b), people);
                }
                if inside_left {
                    pour_inside(sums, &left.rules, &a, people);
                }
                if inside_right {
                    pour_inside(sums, &right.rules, &b, people);
                }
            }
        }
    }
}

impl Chunk {
    /// For each pattern of the chunk, which questions were answered.
    fn answered(&self) -> Vec<u32> {
        let set = |values: &Vec<Option<i64>>| {
            let given = values.iter().zip(&self.rules).filter(|(value, _)| value.is_some());
            given.fold(0, |set, (_, rule)| set | 1 << rule)
        };
        self.values.iter().map(set).collect()
    }
}

/// The different values of a question, ascending.
fn classes(rule: &Rule) -> Vec<i64> {
    let mut values: Vec<i64> = rule.points.iter().copied().flatten().collect();
    values.sort_unstable();
    values.dedup();
    values
}

fn pour(
    sums: &mut JointSums,
    (first, a): (&[usize], &[Option<i64>]),
    (second, b): (&[usize], &[Option<i64>]),
    people: u64,
) {
    for (left, value) in first.iter().zip(a) {
        let Some(value) = value else { continue };
        for (right, other) in second.iter().zip(b) {
            if let Some(other) = other {
                sums.add_pair(*left, *right, *value, *other, people);
            }
        }
    }
}

fn pour_inside(sums: &mut JointSums, rules: &[usize], values: &[Option<i64>], people: u64) {
    for (place, (left, value)) in rules.iter().zip(values).enumerate() {
        let Some(value) = value else { continue };
        for (right, other) in rules.iter().zip(values).skip(place) {
            if let Some(other) = other {
                sums.add_pair(*left, *right, *value, *other, people);
            }
        }
    }
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
