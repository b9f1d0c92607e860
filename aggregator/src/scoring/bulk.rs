//! Summing many people's answers through tables.
//!
//! A scored question has few different values, its *classes*, so an answer fits into two or three bits and a few questions, a *chunk*,
//! into four or six. For every pair of chunks there is a table of how many people gave each combination: one addition a person and pair
//! of chunks (fifteen for twelve questions of three options) instead of four for each pair of questions. The tables are small enough
//! for the processor's nearest memory. They are counted into a stretch of people at a time and emptied once, which gives exactly what
//! adding the people one by one gives; a property test holds the two against each other.
//!
//! Rows are read two nibbles at a time: a table per byte of a row says which bits of the pattern it sets.

use super::scheme::{Rule, Scheme};
use crate::statistics::joint_sums::{JointSums, PairSums};

const ROW_BYTES: usize = 16;

/// The most chunks: 64 bits of four each.
const MOST_CHUNKS: usize = 16;

/// So many people are looked at together: what is known of them stays in the nearest memory.
const AT_A_TIME: usize = 256;

/// How a definition's answers become patterns.
#[derive(Debug, Clone)]
pub(super) struct Bulk {
    /// For each byte of a row that holds a scored question: where it stands, and the bits of the pattern by its value.
    bytes: Vec<(usize, Box<[u64; 256]>)>,
    chunks: Vec<Chunk>,
    questions: usize,
    /// From which bit on a pattern says which questions were answered, a bit each, where there is room above the classes.
    answered_from: Option<usize>,
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

/// How many people gave each combination of patterns of two chunks, pair of chunks by pair.
#[derive(Debug)]
pub(super) struct Patterns {
    tables: Vec<u32>,
    answered: Answered,
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
        let answered_from = Some(chunks.len() * chunk_bits).filter(|from| from + scheme.rules.len() <= 64);
        let mut bytes: Vec<(usize, Box<[u64; 256]>)> = Vec::new();
        for (place, rule) in scheme.rules.iter().enumerate() {
            let at = rule.position / 2;
            let shift = place / in_a_chunk * chunk_bits + place % in_a_chunk * bits;
            if !bytes.iter().any(|(known, _)| *known == at) {
                bytes.push((at, Box::new([0; 256])));
            }
            let Some((_, table)) = bytes.iter_mut().find(|(known, _)| *known == at) else { continue };
            let known = classes.get(place)?;
            for (byte, slot) in table.iter_mut().enumerate() {
                let nibble = byte >> (4 * (rule.position % 2)) & 0xf;
                let points = rule.points.get(nibble).copied().flatten();
                let Some(class) = points.and_then(|points| known.iter().position(|one| *one == points)) else {
                    continue;
                };
                *slot |= (class as u64 + 1) << shift;
                *slot |= answered_from.map_or(0, |from| 1 << (from + place));
            }
        }
        Some(Self { bytes, chunks, questions: scheme.rules.len(), answered_from, bits, chunk_bits })
    }

    /// The tables before anybody is counted.
    pub(super) fn nobody(&self) -> Patterns {
        Patterns { tables: vec![0; self.entries()], answered: Answered::new(self.questions) }
    }

    /// How many bytes the tables take.
    pub(super) fn room(&self) -> usize {
        self.entries() * size_of::<u32>()
    }

    fn entries(&self) -> usize {
        let chunks = self.chunks.len();
        let pairs = if chunks == 1 { 1 } else { chunks * (chunks - 1) / 2 };
        pairs << (2 * self.chunk_bits)
    }

    /// Counts people into the tables.
    pub(super) fn count(&self, rows: &[u128], patterns: &mut Patterns) {
        // The compiler knows how large a table is, and then needs no check of any place in it.
        if self.chunk_bits == 6 {
            self.count_by::<6, 4096>(rows, patterns);
        } else {
            self.count_by::<4, 256>(rows, patterns);
        }
    }

    /// Some people at a time: first their patterns chunk by chunk, then pair of chunks by pair of chunks.
    fn count_by<const BITS: usize, const SIZE: usize>(&self, rows: &[u128], patterns: &mut Patterns) {
        let Patterns { tables, answered } = patterns;
        let tables = tables.as_chunks_mut::<SIZE>().0;
        let chunks = self.chunks.len();
        let mut columns = [[0_u8; AT_A_TIME]; MOST_CHUNKS];
        for rows in rows.chunks(AT_A_TIME) {
            for (place, row) in rows.iter().enumerate() {
                let pattern = self.pattern(*row);
                answered.add(match self.answered_from {
                    // Not above 32 questions.
                    Some(from) => u32::try_from(pattern >> from).unwrap_or(0),
                    None => self.answered_by::<BITS>(pattern),
                });
                let mut classes = pattern;
                for column in columns.iter_mut().take(chunks) {
                    if let Some(slot) = column.get_mut(place) {
                        *slot = part_of::<BITS>(classes);
                    }
                    classes >>= BITS;
                }
            }
            let mut left = columns.get(..chunks).unwrap_or_default();
            let mut tables = tables.iter_mut();
            while let Some((first, others)) = left.split_first() {
                // A chunk is paired with itself only where there is no other.
                let others_or_itself = if chunks == 1 { left } else { others };
                for (second, table) in others_or_itself.iter().zip(tables.by_ref()) {
                    for (high, low) in first.iter().zip(second).take(rows.len()) {
                        if let Some(count) = table.get_mut((usize::from(*high) << BITS | usize::from(*low)) % SIZE)
                        {
                            *count += 1;
                        }
                    }
                }
                left = others;
            }
        }
    }

    fn pattern(&self, row: u128) -> u64 {
        let row: [u8; ROW_BYTES] = row.to_le_bytes();
        self.bytes.iter().fold(0, |pattern, (at, table)| {
            let byte = row.get(*at).map_or(0, |byte| usize::from(*byte));
            pattern | table.get(byte).copied().unwrap_or(0)
        })
    }

    /// Which questions were answered, chunk by chunk.
    fn answered_by<const BITS: usize>(&self, mut classes: u64) -> u32 {
        self.chunks.iter().fold(0, |set, chunk| {
            let part = usize::from(part_of::<BITS>(classes));
            classes >>= BITS;
            set | chunk.answered.get(part).copied().unwrap_or(0)
        })
    }

    /// Empties the tables into sums.
    pub(super) fn pour(&self, patterns: Patterns, sums: &mut JointSums) {
        let Patterns { tables, answered } = patterns;
        answered.pour(sums);
        let count = self.chunks.len();
        let pairs = (0..count).flat_map(|first| (first + 1..count).map(move |second| (first, second)));
        let itself = (count == 1).then_some((0, 0));
        for (table, (first, second)) in tables.chunks(1 << (2 * self.chunk_bits)).zip(pairs.chain(itself)) {
            let (Some(left), Some(right)) = (self.chunks.get(first), self.chunks.get(second)) else { continue };
            if count > 1 {
                self.pour_pair(sums, left, right, table);
            }
            // Pairs inside a chunk are poured once: from its first table, or for the last chunk from its last.
            if first + 1 == second || count == 1 {
                let of_pattern: Vec<u64> = table.chunks(1 << self.chunk_bits).map(total).collect();
                left.pour(sums, &of_pattern);
            }
            if second + 1 == count && first == 0 && count > 1 {
                let mut of_pattern = vec![0_u64; 1 << self.chunk_bits];
                for row in table.chunks(1 << self.chunk_bits) {
                    of_pattern.iter_mut().zip(row).for_each(|(all, people)| *all += u64::from(*people));
                }
                right.pour(sums, &of_pattern);
            }
        }
    }

    /// Pours out the pairs of questions of two chunks. Rows of the table, each of one pattern of the left chunk, are added up by the classes
    /// of the left one's questions first, because that takes many numbers at once, and then by the classes of the right one's.
    fn pour_pair(&self, sums: &mut JointSums, left: &Chunk, right: &Chunk, table: &[u32]) {
        let (classes, patterns) = (1 << self.bits, 1 << self.chunk_bits);
        let mut of_classes = vec![0_u32; left.rules.len() * classes * patterns];
        for (pattern, row) in table.chunks(patterns).enumerate() {
            for (slot, of_slot) in of_classes.chunks_mut(classes * patterns).enumerate() {
                let of_class = of_slot.chunks_mut(patterns).nth(class(pattern, slot, self.bits));
                of_class.into_iter().flatten().zip(row).for_each(|(count, people)| *count += people);
            }
        }
        for ((rule, values), of_slot) in
            left.rules.iter().zip(&left.classes).zip(of_classes.chunks(classes * patterns))
        {
            for (slot, (other, others)) in right.rules.iter().zip(&right.classes).enumerate() {
                let mut pair = Pair::default();
                for (value, row) in values.iter().zip(of_slot.chunks(patterns).skip(1)) {
                    // As many as a question of four bits has classes.
                    let mut counts = [0_u32; 16];
                    for (pattern, people) in row.iter().enumerate() {
                        if let Some(count) = counts.get_mut(class(pattern, slot, self.bits)) {
                            *count += people;
                        }
                    }
                    for (other_value, people) in others.iter().zip(counts.iter().skip(1)) {
                        pair.add(*value, *other_value, u64::from(*people));
                    }
                }
                pair.pour(sums, *rule, *other);
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
    fn pour(&self, sums: &mut JointSums, people: &[u64]) {
        for (place, left) in self.rules.iter().enumerate() {
            for (other, right) in self.rules.iter().enumerate().skip(place) {
                let mut pair = Pair::default();
                for (values, people) in self.values.iter().zip(people) {
                    let value = |place: usize| values.get(place).copied().flatten();
                    if let (Some(left), Some(right)) = (value(place), value(other)) {
                        pair.add(left, right, *people);
                    }
                }
                pair.pour(sums, *left, *right);
            }
        }
    }
}

/// What some people add to a pair of questions.
#[derive(Default)]
struct Pair {
    sums: PairSums,
    /// The size of their largest value.
    largest: i64,
}

impl Pair {
    fn add(&mut self, left: i64, right: i64, people: u64) {
        if people == 0 {
            return;
        }
        // Fewer than 2^26 people.
        let many = i64::try_from(people).unwrap_or(i64::MAX);
        self.sums.both += people;
        self.sums.left += left * many;
        self.sums.right += right * many;
        self.sums.product += i128::from(left * many) * i128::from(right);
        self.largest = self.largest.max(left.abs()).max(right.abs());
    }

    fn pour(&self, sums: &mut JointSums, first: usize, second: usize) {
        if self.sums.both > 0 {
            sums.add_pair(first, second, self.largest, &self.sums);
        }
    }
}

/// The class of a question by its place in the chunk.
fn class(pattern: usize, slot: usize, bits: usize) -> usize {
    pattern >> (slot * bits) & ((1 << bits) - 1)
}

fn total(counts: &[u32]) -> u64 {
    counts.iter().map(|count| u64::from(*count)).sum()
}

/// The different values of a question, ascending.
fn classes(rule: &Rule) -> Vec<i64> {
    let mut values: Vec<i64> = rule.points.iter().copied().flatten().collect();
    values.sort_unstable();
    values.dedup();
    values
}

/// How many people answered which set of questions: a table while sets are few, a list to be sorted otherwise.
#[derive(Debug)]
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
                let place = usize::try_from(set).ok();
                if let Some(count) = place.and_then(|place| counts.get_mut(place)) {
                    *count += 1;
                }
            }
            Self::List(sets) => sets.push(set),
        }
    }

    fn pour(self, sums: &mut JointSums) {
        match self {
            Self::Table(counts) => {
                let sets = (0_u32..).zip(counts).filter(|(_, count)| *count > 0);
                sums.add_all_answered(sets.map(|(set, count)| (set, u64::from(count))).collect());
            }
            Self::List(mut sets) => {
                sets.sort_unstable();
                let equal = sets.chunk_by(|left, right| left == right);
                let counted = equal.filter_map(|equal| Some((*equal.first()?, equal.len() as u64)));
                sums.add_all_answered(counted.collect());
            }
        }
    }
}

/// The pattern of the chunk in the lowest bits.
fn part_of<const BITS: usize>(classes: u64) -> u8 {
    // At most six bits.
    u8::try_from(classes & ((1 << BITS) - 1)).unwrap_or(0)
}
