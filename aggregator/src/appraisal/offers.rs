//! Which six months of a consultant can be looked at.
//!
//! Six months that end a fortnight apart differ by whoever came and whoever left, and what a few of those said would follow by subtracting. So
//! from the first fortnight on every window is held against those that were taken before it ([`Crowd`]), and one that would tell what a few
//! patients said is not: what is shown in its place is the last that was.
//!
//! Invariants:
//! - A window is what was known of it on the day before it became final ([`as_of`]). What comes later, and what is ruled later, is in the
//!   next. So nothing that is shown moves with single answers, and what was taken once is taken for ever, with the same figures.
//! - It takes nothing but facts, rules and the day; nothing is stored.
//! - A window of which an audience is shown no figures can be asked for as it is, and tells no more than how many there are.

use jiff::ToSpan as _;
use jiff::civil::Date;
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::fortnight::{Fortnight, Period};
use wardvoice_protocol::id::ConsultantId;

use super::crowd::Crowd;
use super::{AppraisalError, Looker, window_to};
use crate::policy::{self, Audience};
use crate::scoring::{Belongs, ScoreError, ScoringWorld, UnitKind, belonging, rows_of};

/// So many windows can be chosen from.
const NEWEST: usize = 13;

/// The windows of a consultant.
#[derive(Debug)]
pub struct Offers {
    consultant: ConsultantId,
    /// The oldest first.
    windows: Vec<Window>,
}

#[derive(Debug)]
struct Window {
    six_months: Period,
    /// To whom figures of it would be shown, for the number of patients.
    shows_figures_to: Vec<Audience>,
    /// Whether they tell nothing of a few patients beside those of the windows before.
    is_taken: bool,
}

/// Six months of a consultant that an audience can look at.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Chosen {
    pub(super) consultant: ConsultantId,
    pub(super) window: Period,
    pub(super) audience: Audience,
    pub(super) instead_of: Option<Period>,
    /// Whether figures may be shown, as far as the policy shows them; where nothing can be shown in the place of six months, they may not.
    pub(super) shows_figures: bool,
}

/// The last day of what is known of a window: the one before it becomes final.
pub(super) fn as_of(window: &Period, world: &ScoringWorld) -> Date {
    window.last().saturating_add(i32::from(world.final_after_days()).days())
}

impl Looker<'_> {
    /// The windows of a consultant that are final.
    pub fn offers(&self, consultant: &ConsultantId) -> Result<Offers, AppraisalError> {
        let Self { facts, world, settings, .. } = *self;
        let unknown = || ScoreError::UnknownUnit(Unit::Consultant(consultant.clone()));
        let index = world.vocabulary().consultant_index(consultant).ok_or_else(unknown)?;
        let rows = rows_of(facts, index);
        let mut crowd = Crowd::new(rows.len());
        let mut windows = Vec::new();
        for six_months in self.windows(rows.first().and_then(|row| row.day().date())) {
            let (belongs, table) = belonging(facts, world, &rows, &six_months, as_of(&six_months, world))?;
            let n = belongs.iter().filter(|belongs| **belongs == Belongs::Counts).count() as u64;
            let show = |audience| policy::decide(table, UnitKind::Consultant, n, audience, settings).show;
            let audiences = Audience::ALL.into_iter().map(|(audience, _)| audience);
            let shows_figures_to: Vec<_> = audiences.filter(|audience| show(*audience).distribution()).collect();
            let is_taken = !shows_figures_to.is_empty() && crowd.takes(&belongs, policy::fewest_together(table));
            windows.push(Window { six_months, shows_figures_to, is_taken });
        }
        Ok(Offers { consultant: consultant.clone(), windows })
    }

    /// The windows that are final: those since a day, and so many that can be chosen from in any case. The oldest first.
    fn windows(&self, since: Option<Date>) -> Vec<Period> {
        let Self { world, today, .. } = *self;
        let calendar = world.calendar();
        let before = |fortnight: &Fortnight| calendar.before(*fortnight).ok();
        let all = std::iter::successors(calendar.fortnight_of(today).ok(), before);
        let windows = all.filter_map(|fortnight| window_to(calendar, fortnight.last()));
        let known = windows.skip_while(|window| as_of(window, world) >= today).enumerate();
        let wanted = known
            .take_while(|(place, window)| *place < NEWEST || since.is_some_and(|since| window.last() >= since));
        let mut windows: Vec<_> = wanted.map(|(_, window)| window).collect();
        windows.reverse();
        windows
    }
}

impl Offers {
    /// The newest windows that are shown to an audience when they are asked for, the newest first.
    pub fn list(&self, audience: Audience) -> Vec<Period> {
        self.newest().filter(|window| window.is_shown(audience)).map(|window| window.six_months).collect()
    }

    /// One of the newest windows by its name, or what is shown in its place.
    pub fn named(&self, name: &str, audience: Audience) -> Option<Chosen> {
        let window = self.newest().find(|window| window.six_months.to_string() == name)?;
        self.of(&window.six_months, audience)
    }

    /// The newest window of all, or what is shown in its place.
    pub fn last(&self, audience: Audience) -> Option<Chosen> {
        self.of(&self.newest().next()?.six_months, audience)
    }

    /// A window, or what is shown in its place; none where it is not final or does not end with a fortnight.
    pub fn of(&self, asked: &Period, audience: Audience) -> Option<Chosen> {
        let place = self.windows.iter().position(|window| window.six_months == *asked)?;
        let window = self.windows.get(place)?;
        let before = || self.windows.iter().take(place).rfind(|window| window.is_taken);
        let shown = if window.is_shown(audience) { window } else { before().unwrap_or(window) };
        Some(Chosen {
            consultant: self.consultant.clone(),
            window: shown.six_months,
            audience,
            instead_of: Some(*asked).filter(|asked| *asked != shown.six_months),
            shows_figures: shown.is_taken && shown.shows_figures_to.contains(&audience),
        })
    }

    fn newest(&self) -> impl Iterator<Item = &Window> {
        self.windows.iter().rev().take(NEWEST)
    }
}

impl Window {
    fn is_shown(&self, audience: Audience) -> bool {
        self.is_taken || !self.shows_figures_to.contains(&audience)
    }
}

impl Chosen {
    /// The six months.
    pub fn window(&self) -> Period {
        self.window
    }

    /// Whether the audience is shown figures of them, and not only how many patients there are.
    pub fn shows_figures(&self) -> bool {
        self.shows_figures
    }
}
