//! Which actions a unit's charts have flags for: its own with the measured step, and what stands over it or is a part of it without, because
//! those steps are of other people.

use wardvoice_protocol::directory::Unit;

use super::books::Books;
use crate::actions::over;
use crate::operations::ActionLine;

/// More flags than this hide the chart.
const MOST_FLAGS: usize = 20;

impl Books<'_> {
    /// The flags of a unit's charts, the newest action first; `actions` are those of its [page](Books::actions). Its own stand before all others where
    /// there are many. The trust's charts have its own alone: with every ward's flags nothing else could be seen.
    pub(crate) fn flagged(&self, unit: &Unit, actions: &[ActionLine]) -> Vec<ActionLine> {
        let (own, parts): (Vec<&ActionLine>, Vec<&ActionLine>) =
            actions.iter().filter(|action| action.done.is_some()).partition(|action| action.unit == *unit);
        let mut flags: Vec<ActionLine> = own.into_iter().take(MOST_FLAGS).cloned().collect();
        if !matches!(unit, Unit::Trust(_)) {
            let above = self.above(unit);
            // Of two units with the same wards each stands over the other, and one is a part of the other too.
            let above = above.iter().filter(|action| parts.iter().all(|part| part.number != action.number));
            let others = above.chain(parts.iter().copied()).map(|action| self.others_flag(action));
            let left = MOST_FLAGS.saturating_sub(flags.len());
            flags.extend(others.take(left));
            flags.sort_by_key(|action| std::cmp::Reverse(action.number));
        }
        flags
    }

    /// What stands over a unit has done, the newest first.
    fn above(&self, unit: &Unit) -> Vec<ActionLine> {
        let over = over(self.directory, unit);
        let is_above = |whose: &Unit| whose != unit && over.contains(whose);
        let done = self.seen().into_iter().filter(|action| action.done.is_some() && is_above(&action.unit));
        done.map(|action| ActionLine::new(action, self.today, None)).collect()
    }

    fn others_flag(&self, action: &ActionLine) -> ActionLine {
        let whose = self.scoring.unit_name(&action.unit).unwrap_or_else(|| action.unit.to_string());
        ActionLine { did: format!("{whose}: {}", action.did), effect: None, ..action.clone() }
    }
}
