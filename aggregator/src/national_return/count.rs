//! The counts of a month, from the facts.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use jiff::civil::Date;
use serde::Serialize;
use wardvoice_protocol::assignment::KioskAudience;
use wardvoice_protocol::contact::Mode;
use wardvoice_protocol::fortnight::DayNumber;
use wardvoice_protocol::id::WardId;
use wardvoice_protocol::questionnaire::KindFile;

use crate::facts::{Code, Facts};
use crate::statistics::FriendsAndFamilyCounts;

/// The national modes of collection, in the order of the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words are the national tables' own")]
pub enum ModeColumn {
    Sms,
    ElectronicDischarge,
    ElectronicHome,
    PaperDischarge,
    PaperHome,
    Telephone,
    Online,
    Other,
}

/// The columns and what the national tables call them.
pub const MODE_COLUMNS: [(ModeColumn, &str); 8] = [
    (ModeColumn::Sms, "Mode SMS"),
    (ModeColumn::ElectronicDischarge, "Mode Electronic Discharge"),
    (ModeColumn::ElectronicHome, "Mode Electronic Home"),
    (ModeColumn::PaperDischarge, "Mode Paper Discharge"),
    (ModeColumn::PaperHome, "Mode Paper Home"),
    (ModeColumn::Telephone, "Mode Telephone"),
    (ModeColumn::Online, "Mode Online"),
    (ModeColumn::Other, "Mode Other"),
];

impl ModeColumn {
    /// Where an answer of ours belongs: whoever touches the answer on a tablet in the hospital, alone, with help or for a relative,
    /// uses the electronic device at discharge; an interview that a volunteer reads aloud face to face has no column of its own.
    pub fn of(mode: Mode) -> Self {
        match mode {
            Mode::Alone | Mode::Assisted | Mode::Proxy => Self::ElectronicDischarge,
            Mode::Interview => Self::Other,
        }
    }
}

/// How many gave each answer, and how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// The six answers.
    pub answers: FriendsAndFamilyCounts,
    /// The ways of answering, in the order of [`Mode::ALL`].
    pub modes: [u64; 4],
}

impl Tally {
    /// Adds one answer. The place of the answer is that of the test's options.
    pub fn add(&mut self, answer: usize, mode: Mode) {
        let FriendsAndFamilyCounts { very_good, good, neither, poor, very_poor, dont_know } = &mut self.answers;
        let counts = [very_good, good, neither, poor, very_poor, dont_know];
        if let Some(count) = counts.into_iter().nth(answer) {
            *count += 1;
            let place = Mode::ALL.iter().position(|known| *known == mode);
            if let Some(count) = place.and_then(|place| self.modes.get_mut(place)) {
                *count += 1;
            }
        }
    }

    /// How many answers came by a national mode.
    pub fn by(&self, column: ModeColumn) -> u64 {
        let modes = Mode::ALL.iter().zip(self.modes);
        modes.filter(|(mode, _)| ModeColumn::of(**mode) == column).map(|(_, count)| count).sum()
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        let (own, more) = (&mut self.answers, other.answers);
        own.very_good += more.very_good;
        own.good += more.good;
        own.neither += more.neither;
        own.poor += more.poor;
        own.very_poor += more.very_poor;
        own.dont_know += more.dont_know;
        for (own, more) in self.modes.iter_mut().zip(other.modes) {
            *own += more;
        }
    }
}

/// The answers to the test between two days, both included, of whoever had arrived by the end of a third; only wards with any.
///
/// An answer counts wherever patients are asked the test, and in a questionnaire that was not finished too.
pub fn count(facts: &Facts, first: Date, last: Date, as_of: Date) -> BTreeMap<WardId, Tally> {
    let vocabulary = facts.vocabulary();
    let asked: BTreeMap<u8, usize> = (0..=u8::MAX)
        .map_while(|index| Some((index, vocabulary.questionnaire(index)?)))
        .filter(|(_, questionnaire)| questionnaire.file().audience == KioskAudience::Patients)
        .filter_map(|(index, questionnaire)| {
            let is_test = |kind: &KindFile| *kind == KindFile::FriendsAndFamily;
            Some((index, questionnaire.questions().iter().position(|question| is_test(&question.kind))?))
        })
        .collect();
    let as_of: DayNumber = as_of.into();
    let mut wards: BTreeMap<u16, Tally> = BTreeMap::new();
    for fact in facts.days(first, last).filter(|fact| fact.arrival_day() <= as_of) {
        let Some(place) = asked.get(&fact.questionnaire_index()) else { continue };
        let answer = match fact.code(*place) {
            Code::Option(option) => usize::from(option),
            // "I do not know" offered beside the options is the sixth answer.
            Code::DontKnow => 5,
            Code::NotShown | Code::NotApplicable | Code::Declined => continue,
        };
        wards.entry(fact.ward_index()).or_default().add(answer, fact.mode());
    }
    wards.into_iter().filter_map(|(index, tally)| Some((vocabulary.ward(index)?.clone(), tally))).collect()
}
