//! Trusts that are made up: wards with a kiosk each, people who answer honestly, and ways of spoiling it.

use jiff::ToSpan as _;
use jiff::civil::{Date, DateTime};
use wardvoice_protocol::contact::{Mode, Outcome};

use super::first;
use crate::monitor::{Answers, Line, Moment, Observation, PAST_DAYS};

const WARDS: u64 = 14;
const QUESTIONS: u64 = 11;

pub(super) struct Trust {
    pub(super) observations: Vec<Observation>,
    dice: Dice,
}

/// Seeded dice.
pub(super) struct Dice(u64);

impl Dice {
    fn part(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(super) fn happens(&mut self, probability: f64) -> bool {
        self.part() < probability
    }

    fn below(&mut self, count: u64) -> i64 {
        #[expect(clippy::cast_possible_truncation, reason = "a part of a small number")]
        let drawn = (self.part() * count as f64) as i64;
        drawn
    }
}

impl Trust {
    /// About forty people a ward and fortnight, over the period and the past.
    pub(super) fn honest(seed: u64) -> Self {
        Self::large(seed, 40 * 7 * WARDS)
    }

    /// So many contacts.
    pub(super) fn large(seed: u64, contacts: u64) -> Self {
        let mut trust = Self { observations: Vec::new(), dice: Dice(seed.wrapping_mul(0x2545_f491_4f6c_dd1d)) };
        for place in 0..contacts {
            let ward = place % WARDS + 1;
            let days = trust.dice.below(u64::try_from(PAST_DAYS).unwrap() + 14);
            let day = first().saturating_sub(PAST_DAYS.days()).saturating_add(days.days());
            let hour = i8::try_from(9 + trust.dice.below(9)).unwrap();
            let one = trust.person(&format!("k-{ward}"), &format!("W{ward}"), day, hour);
            trust.observations.push(one);
        }
        trust
    }

    /// Wards of their own level, some of which get better.
    pub(super) fn with_wards_of_their_own(mut self) -> Self {
        for one in &mut self.observations {
            let ward: i32 = one.ward.as_str().trim_start_matches('W').parse().unwrap();
            let done = (one.day - first()).get_days() + PAST_DAYS;
            let better = if ward % 4 == 0 { f64::from(done) / 100.0 } else { 0.0 };
            one.move_score(f64::from(ward % 5 - 2) * 0.35 + better);
        }
        self
    }

    /// The same, spoilt in the period.
    pub(super) fn spoilt(self, mut spoil: impl FnMut(&mut Observation, &mut Dice)) -> Self {
        self.spoilt_always(|one, dice| {
            if one.day >= first() {
                spoil(one, dice);
            }
        })
    }

    /// The same, spoilt all along.
    pub(super) fn spoilt_always(mut self, mut spoil: impl FnMut(&mut Observation, &mut Dice)) -> Self {
        for one in &mut self.observations {
            spoil(one, &mut self.dice);
        }
        self
    }

    /// So many whole responses in one quarter of an hour.
    pub(super) fn adds(&mut self, kiosk: &str, ward: &str, day: Date, hour: i8, count: u64) {
        for _ in 0..count {
            let mut one = self.person(kiosk, ward, day, hour);
            one.moment = Some(at(day, hour, 0));
            self.answers(&mut one);
        }
    }

    /// So many whole responses over the quarters of an hour.
    pub(super) fn spreads(&mut self, kiosk: &str, ward: &str, day: Date, hour: i8, count: u64) {
        for place in 0..count {
            let mut one = self.person(kiosk, ward, day, hour);
            one.moment = Some(at(day, hour, i8::try_from(place % 4).unwrap() * 15));
            self.answers(&mut one);
        }
    }

    /// A round on which everybody scores about so many points.
    pub(super) fn visits(&mut self, kiosk: &str, ward: &str, day: Date, count: u64, score: f64) {
        for place in 0..count {
            let hour = i8::try_from(9 + place % 8).unwrap();
            let mut one = self.person(kiosk, ward, day, hour);
            self.answers(&mut one);
            self.last(1, |one| {
                one.mode = Mode::Interview;
                one.answers = Some(Answers { score: Some(score), line: Some(Line::Mixed) });
            });
        }
    }

    /// Changes the last ones.
    pub(super) fn last(&mut self, count: usize, change: impl FnMut(&mut Observation)) {
        self.observations.iter_mut().rev().take(count).for_each(change);
    }

    fn answers(&mut self, one: &mut Observation) {
        while one.outcome != Outcome::Completed {
            let hour = one.moment.map_or(12, |moment| moment.quarter.hour());
            let moment = one.moment;
            *one = self.person(one.kiosk.as_str(), one.ward.as_str(), one.day, hour);
            one.moment = moment;
        }
        self.observations.push(one.clone());
    }

    fn person(&mut self, kiosk: &str, ward: &str, day: Date, hour: i8) -> Observation {
        let outcome = match self.dice.below(100) {
            0..80 => Outcome::Completed,
            80..92 => Outcome::Declined,
            _ => Outcome::Asleep,
        };
        let mode = match self.dice.below(20) {
            0..9 => Mode::Alone,
            9..13 => Mode::Assisted,
            13..19 => Mode::Interview,
            _ => Mode::Proxy,
        };
        let mood = 0.3 * (self.dice.part() - 0.5);
        // People who are read to say kinder things, now as before.
        let kind = if mode == Mode::Interview { 0.04 } else { 0.0 };
        let answers = outcome.has_response().then(|| {
            let mut best = 0;
            let mut points = 0.0;
            for _ in 0..QUESTIONS {
                if self.dice.happens(0.74 + mood + kind) {
                    best += 1;
                    points += 10.0;
                } else if self.dice.happens(0.6) {
                    points += 5.0;
                }
            }
            let line = if best == QUESTIONS { Line::Best } else { Line::Mixed };
            Answers { score: Some(points / QUESTIONS as f64), line: Some(line) }
        });
        let quarter = i8::try_from(self.dice.below(4)).unwrap() * 15;
        Observation {
            day,
            moment: Some(at(day, hour, quarter)),
            kiosk: kiosk.parse().unwrap(),
            ward: ward.parse().unwrap(),
            mode,
            outcome,
            answers,
        }
    }
}

fn at(day: Date, hour: i8, minute: i8) -> Moment {
    let quarter: DateTime = day.at(hour, minute, 0, 0);
    Moment { quarter, uncorrected: false }
}

impl Observation {
    /// Moves the score by so many points.
    pub(super) fn move_score(&mut self, points: f64) {
        if let Some(answers) = &mut self.answers {
            answers.score = answers.score.map(|score| (score + points).clamp(0.0, 10.0));
        }
    }

    pub(super) fn set_line(&mut self, line: Line) {
        if let Some(answers) = &mut self.answers {
            *answers = Answers { score: Some(if line == Line::Best { 10.0 } else { 5.0 }), line: Some(line) };
        }
    }

    pub(super) fn declines(&mut self) {
        self.outcome = Outcome::Declined;
        self.answers = None;
    }
}
