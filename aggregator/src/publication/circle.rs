//! Groups of people, and the circles that figures are about.

use wardvoice_protocol::fortnight::DayNumber;

/// The smallest set of people that anything published could tell apart, of those who answered one question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group {
    /// The local day of their answers.
    pub day: DayNumber,
    /// The local day these arrived on.
    pub arrived: DayNumber,
    /// The ward's number in the vocabulary.
    pub ward: u16,
    /// The consultant's number, if they are attributed.
    pub consultant: Option<u16>,
    /// The answer's place in the ladder.
    pub answer: u8,
    /// How many they are.
    pub people: u64,
}

/// The people a figure is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Circle {
    wards: Option<Vec<u16>>,
    consultant: Option<u16>,
    first: DayNumber,
    last: DayNumber,
    as_of: DayNumber,
}

impl Circle {
    /// Whoever answered on one of these wards.
    pub fn of_wards(wards: impl IntoIterator<Item = u16>, first: DayNumber, last: DayNumber) -> Self {
        let mut wards: Vec<u16> = wards.into_iter().collect();
        wards.sort_unstable();
        wards.dedup();
        Self { wards: Some(wards), consultant: None, first, last, as_of: last }
    }

    /// The patients of a consultant.
    pub fn of_consultant(consultant: u16, first: DayNumber, last: DayNumber) -> Self {
        Self { wards: None, consultant: Some(consultant), first, last, as_of: last }
    }

    /// As far as they had arrived by the end of a day.
    #[must_use]
    pub fn as_of(self, day: DayNumber) -> Self {
        Self { as_of: day, ..self }
    }

    /// The first day and the last.
    pub fn days(&self) -> (DayNumber, DayNumber) {
        (self.first, self.last)
    }

    /// Whether the two are about the same people but for when they are looked at.
    pub fn is_another_look_at(&self, other: &Self) -> bool {
        let of = |circle: &Self| (circle.first, circle.last, circle.consultant);
        of(self) == of(other) && self.wards == other.wards
    }

    /// The day up to whose end people had arrived.
    pub fn looked_at(&self) -> DayNumber {
        self.as_of
    }

    /// Whether somebody could be in both.
    pub fn meets(&self, other: &Self) -> bool {
        let share_days = self.first <= other.last && other.first <= self.last;
        let share_wards = match (&self.wards, &other.wards) {
            (Some(ours), Some(theirs)) => ours.iter().any(|ward| theirs.binary_search(ward).is_ok()),
            _ => true,
        };
        share_days && share_wards
    }

    /// Whether a group is inside.
    pub fn holds(&self, group: &Group) -> bool {
        let in_time = (self.first..=self.last).contains(&group.day) && group.arrived <= self.as_of;
        let on_ward = self.wards.as_ref().is_none_or(|wards| wards.binary_search(&group.ward).is_ok());
        in_time && on_ward && self.consultant.is_none_or(|consultant| group.consultant == Some(consultant))
    }
}
