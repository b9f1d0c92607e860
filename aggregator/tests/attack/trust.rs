//! Generated trusts, and what can be said about their patients.

use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};

/// The days of the pieces that two months and four fortnights cut each other into, each with its last day.
pub(crate) const PIECES: [(i32, i32); 6] = [(0, 13), (14, 27), (28, 29), (30, 41), (42, 55), (56, 59)];
pub(crate) const MONTHS: [(i32, i32); 2] = [(0, 29), (30, 59)];
pub(crate) const FORTNIGHTS: [(i32, i32); 4] = [(0, 13), (14, 27), (28, 41), (42, 55)];
/// The days by whose end the three releases are made, and on which whoever was late for the one before arrives.
pub(crate) const RELEASES: [i32; 3] = [70, 130, 230];
const LATE: [i32; 2] = [100, 200];
pub(crate) const ANSWERS: [u8; 3] = [0, 1, 2];

/// People that nothing could ever tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) ward: u16,
    pub(crate) consultant: u16,
    pub(crate) day: i32,
    pub(crate) arrived: i32,
    pub(crate) answer: u8,
}

/// Whom something is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct About {
    pub(crate) wards: Option<Vec<u16>>,
    pub(crate) consultant: Option<u16>,
    pub(crate) days: (i32, i32),
    pub(crate) after: i32,
    pub(crate) as_of: i32,
    pub(crate) answers: Vec<u8>,
}

/// That so many people are so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sentence {
    pub(crate) about: About,
    pub(crate) people: u64,
}

/// A trust: its kinds of people with how many there are, its sites and its departments as lists of wards.
#[derive(Debug)]
pub(crate) struct Trust {
    pub(crate) kinds: Vec<(Kind, u64)>,
    pub(crate) units: Vec<Vec<u16>>,
    pub(crate) wards: Vec<u16>,
    pub(crate) consultants: Vec<u16>,
    seed: u64,
}

impl About {
    pub(crate) fn everybody() -> Self {
        Self { wards: None, consultant: None, days: (0, 59), after: -1, as_of: 1_000, answers: ANSWERS.to_vec() }
    }

    pub(crate) fn on_ward(self, ward: u16) -> Self {
        self.on_wards(&[ward])
    }

    pub(crate) fn on_wards(self, wards: &[u16]) -> Self {
        Self { wards: Some(wards.to_vec()), ..self }
    }

    pub(crate) fn of_consultant(self, consultant: u16) -> Self {
        Self { consultant: Some(consultant), ..self }
    }

    pub(crate) fn in_days(self, days: (i32, i32)) -> Self {
        Self { days, ..self }
    }

    pub(crate) fn arrived_by(self, as_of: i32) -> Self {
        Self { as_of, ..self }
    }

    pub(crate) fn answering(self, answers: &[u8]) -> Self {
        Self { answers: answers.to_vec(), ..self }
    }

    pub(crate) fn holds(&self, kind: &Kind) -> bool {
        self.wards.as_ref().is_none_or(|wards| wards.contains(&kind.ward))
            && self.consultant.is_none_or(|consultant| consultant == kind.consultant)
            && (self.days.0..=self.days.1).contains(&kind.day)
            && kind.arrived > self.after
            && kind.arrived <= self.as_of
            && self.answers.contains(&kind.answer)
    }

    /// Those of the one who are not of the other, where that can be said.
    fn without(&self, other: &Self) -> Option<Self> {
        let mut rest = self.clone();
        let mut differences = 0;
        if self.wards != other.wards {
            let without = other.wards.as_ref()?;
            let own = self.wards.as_ref()?;
            rest.wards = Some(own.iter().copied().filter(|ward| !without.contains(ward)).collect());
            differences += 1;
        }
        if self.days != other.days {
            rest.days = match (self.days, other.days) {
                ((from, to), (first, last)) if from == first && last < to => (last + 1, to),
                ((from, to), (first, last)) if to == last && first > from => (from, first - 1),
                _ => return None,
            };
            differences += 1;
        }
        if self.as_of != other.as_of {
            if self.as_of < other.as_of {
                return None;
            }
            rest.after = other.as_of;
            differences += 1;
        }
        if self.answers != other.answers {
            rest.answers.retain(|answer| !other.answers.contains(answer));
            differences += 1;
        }
        (differences == 1 && self.consultant == other.consultant).then_some(rest)
    }
}

impl Trust {
    /// Wards with so many people of each answer, all of one day.
    pub(crate) fn of_wards(answers: &[[u64; 3]]) -> Self {
        let kind = |ward: u16, answer: u8| Kind { ward, consultant: 0, day: 0, arrived: 0, answer };
        let of_ward = |(ward, counts): (u16, &[u64; 3])| {
            ANSWERS
                .iter()
                .zip(*counts)
                .map(move |(answer, people)| (kind(ward, *answer), people))
                .collect::<Vec<_>>()
        };
        let wards: Vec<u16> = (0..).zip(answers).map(|(ward, _)| ward).collect();
        Self {
            kinds: (0..).zip(answers).flat_map(of_ward).collect(),
            units: vec![wards.clone()],
            wards,
            consultants: vec![0],
            seed: 0,
        }
    }

    /// A trust of a few wards with many small numbers in it.
    pub(crate) fn generate(seed: u64) -> Self {
        let mut dice = StdRng::seed_from_u64(seed);
        let count: u16 = dice.random_range(3..=6);
        let wards: Vec<u16> = (0..count).collect();
        let consultants: Vec<u16> = (0..dice.random_range(1..=3)).collect();
        let mut kinds = Vec::new();
        for ward in &wards {
            let size = [1, 2, 4, 9, 15].get(dice.random_range(0..5_usize)).copied().unwrap_or(4);
            let is_kind = dice.random_range(0..4_u8) > 0;
            for consultant in &consultants {
                for (day, last) in PIECES {
                    // A short piece has few people.
                    let most = if last - day < 6 { size / 3 + 1 } else { size };
                    for answer in ANSWERS {
                        let most = if answer > 0 && is_kind { most / 4 + 1 } else { most };
                        let kind =
                            |arrived: i32| Kind { ward: *ward, consultant: *consultant, day, arrived, answer };
                        kinds.push((kind(last), dice.random_range(0..=most)));
                        for late in LATE {
                            let people =
                                if dice.random_range(0..8_u8) == 0 { dice.random_range(0..=3) } else { 0 };
                            kinds.push((kind(late), people));
                        }
                    }
                }
            }
        }
        let half = wards.len() / 2;
        let (one, other) = wards.split_at(half.max(1));
        let (even, odd): (Vec<u16>, Vec<u16>) = wards.iter().partition(|ward| **ward % 2 == 0);
        let units = vec![wards.clone(), one.to_vec(), other.to_vec(), even, odd];
        Self { kinds, units, wards, consultants, seed }
    }

    /// The wards of each site.
    pub(crate) fn sites(&self) -> &[Vec<u16>] {
        if self.units.len() > 2 { self.units.get(1..3).unwrap_or_default() } else { &self.units }
    }

    /// How many people something is about.
    pub(crate) fn people(&self, about: &About) -> u64 {
        self.kinds.iter().filter(|(kind, _)| about.holds(kind)).map(|(_, people)| people).sum()
    }

    /// Everything that somebody might want to publish in one release, in an order of chance: units and consultants in months, fortnights
    /// and all in all.
    pub(crate) fn wanted(&self, as_of: i32) -> Vec<About> {
        let periods = MONTHS.iter().chain(&FORTNIGHTS).copied().chain([(0, 59)]);
        let mut wanted = Vec::new();
        for days in periods.filter(|(_, last)| *last < as_of) {
            let base = About::everybody().in_days(days).arrived_by(as_of);
            wanted.extend(self.units.iter().map(|wards| base.clone().on_wards(wards)));
            wanted.extend(self.wards.iter().map(|ward| base.clone().on_ward(*ward)));
            wanted.extend(self.consultants.iter().map(|consultant| base.clone().of_consultant(*consultant)));
        }
        wanted.shuffle(&mut StdRng::seed_from_u64(self.seed ^ u64::try_from(as_of).unwrap_or(0)));
        wanted
    }

    /// Cells that 1 to 5 people made: first those that are the difference of two sentences, then others.
    pub(crate) fn small_cells(&self, said: &[Sentence], at_most: usize) -> Vec<About> {
        let is_small = |about: &About| (1..=5).contains(&self.people(about));
        let mut dice = StdRng::seed_from_u64(self.seed.wrapping_add(1));
        let mut said: Vec<&About> = said.iter().map(|sentence| &sentence.about).collect();
        said.shuffle(&mut dice);
        let mut cells: Vec<About> = Vec::new();
        let pairs = said.iter().enumerate().flat_map(|(place, one)| {
            said.iter().skip(place + 1).flat_map(move |other| [one.without(other), other.without(one)])
        });
        for cell in pairs.flatten() {
            if cells.len() >= at_most / 2 {
                break;
            }
            if is_small(&cell) && !cells.contains(&cell) {
                cells.push(cell);
            }
        }
        for _ in 0..40 * at_most {
            if cells.len() >= at_most {
                break;
            }
            let cell = self.any_cell(&mut dice);
            if is_small(&cell) && !cells.contains(&cell) {
                cells.push(cell);
            }
        }
        cells
    }

    fn any_cell(&self, dice: &mut StdRng) -> About {
        let periods: Vec<(i32, i32)> = PIECES.iter().chain(&MONTHS).chain(&FORTNIGHTS).copied().collect();
        let mut pick = |most: usize| dice.random_range(0..most);
        let base = About::everybody().in_days(periods.get(pick(periods.len())).copied().unwrap());
        let base = match pick(4) {
            0 => base.on_wards(self.units.get(pick(self.units.len())).unwrap()),
            1 => base.of_consultant(*self.consultants.get(pick(self.consultants.len())).unwrap()),
            _ => base.on_ward(*self.wards.get(pick(self.wards.len())).unwrap()),
        };
        let base = match pick(3) {
            0 => base,
            1 => base.answering(&[1, 2]),
            _ => base.answering(&[ANSWERS.get(pick(ANSWERS.len())).copied().unwrap()]),
        };
        match pick(4) {
            // Whoever came between two releases.
            0 => About { after: RELEASES[0], as_of: RELEASES[1], ..base },
            1 => About { after: RELEASES[1], as_of: RELEASES[2], ..base },
            _ => base,
        }
    }
}
