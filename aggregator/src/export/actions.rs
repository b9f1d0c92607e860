//! What wards, departments, specialties, sites and the trust do about what patients said, with what it came to.

use jiff::civil::Date;
use wardvoice_protocol::directory::Unit;

use super::ground::{Progress, Rows, Take};
use super::{Asker, Cell, Column, ExportError, Ground, Head, Kind};
use crate::actions::over;
use crate::scoring::{EffectFinding, EffectSheet, effect};

pub(super) struct Done<'a> {
    ground: Ground<'a>,
    asker: Asker<'a>,
    from: Option<Date>,
    to: Date,
    as_of: Date,
}

impl<'a> Done<'a> {
    pub(super) fn new(
        ground: Ground<'a>,
        asker: Asker<'a>,
        (from, to): (Option<Date>, Date),
        as_of: Date,
    ) -> Self {
        Self { ground, asker, from, to, as_of }
    }
}

fn finding(found: &EffectSheet) -> &'static str {
    match found.finding {
        EffectFinding::TooFew => "too_few",
        EffectFinding::MayBeChance => "may_be_chance",
        EffectFinding::Better => "better",
        EffectFinding::Worse => "worse",
    }
}

impl Rows for Done<'_> {
    fn head(&self) -> Head {
        Head {
            name: "actions",
            title: format!("Actions, taken on by {}, as of {}", self.to, self.as_of),
            notes: vec![
                "An effect is what patients said in the six fortnights before the day an action was done and in the six after. It is a difference and no \
                 proof: other things changed too."
                    .to_owned(),
            ],
            columns: vec![
                Column::new("number", Kind::Count, "The action's number."),
                Column::new("ward", Kind::Text, "The ward's id; empty where no ward took it on."),
                Column::new("ward_name", Kind::Text, "What the ward is called."),
                Column::new("said", Kind::Text, "What patients said, in the unit's words."),
                Column::new("did", Kind::Text, "What the unit does about it."),
                Column::new("owner", Kind::Text, "The role that sees to it."),
                Column::new("measure", Kind::Text, "By what its effect is measured."),
                Column::new("opened", Kind::Day, "The local day it was taken on."),
                Column::new("due", Kind::Day, "The local day by which it is to be done."),
                Column::new("done", Kind::Day, "The local day it was done; empty while it is open."),
                Column::new("overdue", Kind::Flag, "Whether it should be done and is not."),
                Column::new("finding", Kind::Text, "better, worse, may_be_chance or too_few; empty while it is open."),
                Column::new("before", Kind::Number, "What it is measured by, before."),
                Column::new("before_n", Kind::Count, "From how many people."),
                Column::new("after", Kind::Number, "The same, after."),
                Column::new("after_n", Kind::Count, "From how many people."),
                Column::new("difference", Kind::Number, "After minus before; empty where there are too few people."),
                Column::new("lower", Kind::Number, "The lower end of its 95 % interval."),
                Column::new("upper", Kind::Number, "The upper end of its 95 % interval."),
                Column::new("words", Kind::Text, "The same in words."),
                Column::new("unit", Kind::Text, "Who took it on: ward:W12, department:medicine, site:S1 or trust:T1."),
                Column::new("unit_name", Kind::Text, "What the unit is called."),
            ],
        }
    }

    fn each(&self, take: &mut Take<'_>, progress: &mut Progress<'_>) -> Result<(), ExportError> {
        let ground = &self.ground;
        let mut all = ground.actions.list();
        all.reverse();
        let count = all.len() as u64;
        for (action, done) in all.iter().zip(1..) {
            progress(done, count);
            let unit = &action.unit;
            let is_asked = self.from.is_none_or(|from| action.opened >= from) && action.opened <= self.to;
            if !is_asked || !(self.asker.reads)(unit) {
                continue;
            }
            let rebasings = ground.rebases.in_force(unit, &action.measure());
            let change = action.change(&all, &over(ground.world.directory(), unit), &rebasings);
            // A unit or a measure that has gone since is no reason not to show the others.
            let found = change.and_then(|change| effect(&ground.facts(), ground.world, &change, self.as_of).ok());
            let found = found.as_ref();
            let unit_name = ground.world.unit_name(unit);
            let ward = match unit {
                Unit::Ward(ward) => Some(ward.as_str()),
                _ => None,
            };
            let whose = unit.to_string();
            let measure = action.measure().to_string();
            take(&[
                Cell::Count(u64::from(action.number)),
                Cell::text(ward),
                Cell::text(unit_name.as_deref().filter(|_| ward.is_some())),
                Cell::text(Some(&action.said)),
                Cell::text(Some(&action.did)),
                Cell::text(action.owner.as_deref()),
                Cell::Text(&measure),
                Cell::Day(action.opened),
                Cell::day(action.due),
                Cell::day(action.done),
                Cell::Flag(action.is_overdue(self.as_of)),
                Cell::text(found.map(finding)),
                Cell::number(found.and_then(|found| found.before.figure.value)),
                Cell::count(found.map(|found| found.before.figure.n)),
                Cell::number(found.and_then(|found| found.after.figure.value)),
                Cell::count(found.map(|found| found.after.figure.n)),
                Cell::number(found.and_then(|found| found.difference)),
                Cell::number(found.and_then(|found| found.lower)),
                Cell::number(found.and_then(|found| found.upper)),
                Cell::text(found.map(|found| found.words.as_str())),
                Cell::Text(&whose),
                Cell::text(unit_name.as_deref()),
            ])?;
        }
        Ok(())
    }
}
