//! Which figures the public could see, in the order in which they are decided.

use jiff::ToSpan as _;
use jiff::civil::Date;
use wardvoice_protocol::directory::{Directory, Unit};
use wardvoice_protocol::fortnight::{Calendar, Period};
use wardvoice_protocol::id::WardId;

/// How far back a plan looks, in months: what is older was released or never will be.
const MONTHS_BACK: i32 = 36;

/// The periods that figures are about. An audience has one rhythm: two that cross leave a few days of one in none of the other, and
/// those few days are few people, so that most of the second would be hidden.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Rhythm {
    /// Calendar months, and half years made of them; what the national publication is in.
    #[default]
    Months,
    /// Fortnights.
    Fortnights,
}

/// A figure that may be wanted of every question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// Of what.
    pub unit: Unit,
    /// Which wards that is now.
    pub wards: Vec<WardId>,
    /// When.
    pub period: Period,
}

/// The cuts of the public, with those whose loss would be the worst first: short periods before long ones that are made of them, and
/// in each the trust, its sites, its departments, its wards. Wards are to be decided with the largest first, so that the one that is
/// hidden to cover a small one is no larger than it has to be.
pub fn public_cuts(
    directory: &Directory,
    calendar: &Calendar,
    rhythm: Rhythm,
    first: Date,
    until: Date,
    final_after_days: u16,
) -> Vec<Cut> {
    let mut cuts = Vec::new();
    for period in periods(calendar, rhythm, first, until, final_after_days) {
        for (unit, wards) in units(directory) {
            cuts.push(Cut { unit, wards, period });
        }
    }
    cuts
}

/// The periods that are final on a day, in the order in which they became so.
fn periods(calendar: &Calendar, rhythm: Rhythm, first: Date, until: Date, final_after_days: u16) -> Vec<Period> {
    let earliest = until.saturating_sub(MONTHS_BACK.months()).max(first).first_of_month();
    let is_final = |period: &Period| period.last().saturating_add(i32::from(final_after_days).days()) <= until;
    let mut periods = Vec::new();
    match rhythm {
        Rhythm::Months => {
            let mut start = earliest;
            while start <= until {
                periods.push(Period::Month { start });
                if start.month() == 6 || start.month() == 12 {
                    periods.push(Period::HalfYear { start: start.saturating_sub(5.months()) });
                }
                start = start.saturating_add(1.month());
            }
        }
        Rhythm::Fortnights => {
            let mut next = calendar.fortnight_of(earliest).ok();
            while let Some(fortnight) = next.filter(|fortnight| fortnight.start() <= until) {
                periods.push(Period::Fortnight(fortnight));
                next = calendar.after(fortnight).ok();
            }
        }
    }
    periods.retain(is_final);
    periods
}

fn units(directory: &Directory) -> Vec<(Unit, Vec<WardId>)> {
    let file = directory.file();
    let of = |unit: Unit| {
        let wards = directory.wards().iter().filter(|ward| match &unit {
            Unit::Ward(id) => ward.id == *id,
            Unit::Department(id) => ward.department == *id,
            Unit::Site(id) => ward.site == *id,
            Unit::Trust(_) => true,
            Unit::Specialty(_) | Unit::Consultant(_) => false,
        });
        let wards: Vec<WardId> = wards.map(|ward| ward.id.clone()).collect();
        (unit, wards)
    };
    let trust = std::iter::once(Unit::Trust(file.trust.id.clone()));
    let sites = file.sites.iter().map(|site| Unit::Site(site.id.clone()));
    let departments = file.departments.iter().map(|department| Unit::Department(department.id.clone()));
    let wards = directory.wards().iter().map(|ward| Unit::Ward(ward.id.clone()));
    trust.chain(sites).chain(departments).chain(wards).map(of).filter(|(_, wards)| !wards.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;

    fn names(rhythm: Rhythm, first: &str, until: &str) -> Vec<String> {
        let calendar = Calendar::new("2026-01-05".parse().unwrap()).unwrap();
        let found = periods(&calendar, rhythm, first.parse().unwrap(), until.parse().unwrap(), 7);
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn only_what_is_final_is_wanted_and_months_make_half_years() {
        assert_eq!(names(Rhythm::Months, "2026-10-20", "2026-12-06"), ["2026-10"]);
        assert_eq!(
            names(Rhythm::Months, "2026-11-01", "2027-01-07"),
            ["2026-11", "2026-12", "2026-H2"],
            "final a week after the last day"
        );
        assert_eq!(names(Rhythm::Fortnights, "2026-11-10", "2026-11-29"), ["2026-F22", "2026-F23"]);
        assert_eq!(names(Rhythm::Months, "1990-01-01", "2026-12-31").len(), 36 + 6);
    }

    #[test]
    fn large_units_come_before_the_small_ones_that_they_are_made_of() {
        let found = units(&crate::directory::example());
        let names: Vec<String> = found.iter().map(|(unit, wards)| format!("{unit} {}", wards.len())).collect();
        assert_eq!(
            names,
            [
                "trust:T1 3",
                "site:S1 2",
                "site:S2 1",
                "department:medicine 2",
                "department:surgery 1",
                "ward:W1 1",
                "ward:W2 1",
                "ward:W3 1"
            ]
        );
    }
}
