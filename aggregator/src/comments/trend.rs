//! How often released comments were about each theme, fortnight by fortnight.

use std::collections::BTreeMap;

use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::fortnight::Period;

use super::themes::ThemeId;
use super::{Comments, CommentsError};

/// How often comments were about a theme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThemeTrend {
    /// The theme.
    pub theme: ThemeId,
    /// Its label; its id where the frame has it no more.
    pub label: String,
    /// In each period, oldest first.
    pub counts: Vec<ThemeTones>,
}

/// Released comments about a theme in a period, by what they are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ThemeTones {
    /// Praise.
    pub praise: u64,
    /// Criticism, or both.
    pub criticism: u64,
}

impl ThemeTones {
    /// All of them.
    pub fn all(self) -> u64 {
        self.praise + self.criticism
    }
}

impl ThemeTrend {
    /// All of all periods.
    pub fn all(&self) -> u64 {
        self.counts.iter().map(|tones| tones.all()).sum()
    }
}

impl Comments {
    /// Released comments of a unit's patients by theme and period, the theme that most were about first; no theme that none was about.
    /// Counts are not yet fit to be shown: see [`policy::shown_count`](crate::policy::shown_count).
    pub fn theme_trends(&self, unit: &Unit, periods: &[Period]) -> Result<Vec<ThemeTrend>, CommentsError> {
        if matches!(unit, Unit::Consultant(_)) {
            return Err(CommentsError::OfOnePerson(unit.clone()));
        }
        let frame = self.frame();
        let book = self.so_far()?;
        let mut counts: BTreeMap<&ThemeId, Vec<ThemeTones>> = BTreeMap::new();
        for (place, period) in periods.iter().enumerate() {
            let days = period.start()..=period.last();
            book.index.each_theme(
                &days,
                |ward| self.holds(unit, ward),
                |theme, coded| {
                    if coded.praise + coded.criticism == 0 {
                        return;
                    }
                    let of_theme =
                        counts.entry(theme).or_insert_with(|| vec![ThemeTones::default(); periods.len()]);
                    if let Some(tones) = of_theme.get_mut(place) {
                        tones.praise += coded.praise;
                        tones.criticism += coded.criticism;
                    }
                },
            );
        }
        let trend = |(theme, counts): (&ThemeId, Vec<ThemeTones>)| ThemeTrend {
            theme: theme.clone(),
            label: frame.label(theme),
            counts,
        };
        let mut trends: Vec<ThemeTrend> = counts.into_iter().map(trend).collect();
        drop(book);
        trends.sort_by_key(|trend| std::cmp::Reverse(trend.all()));
        Ok(trends)
    }
}
