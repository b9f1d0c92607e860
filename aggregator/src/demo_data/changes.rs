//! Generated actions: something every ward has changed and something a third of them still have to do; and something that each department,
//! each site and the trust have changed.

use jiff::ToSpan;
use jiff::civil::Date;
use wardvoice_protocol::directory::{Directory, Unit};
use wardvoice_protocol::fortnight::FORTNIGHT_DAYS;

use crate::actions::{Cause, NewAction};

/// A generated action, the day it was taken on, and the day it was done.
pub type MadeUp = (NewAction, Date, Option<Date>);

/// What was said and done, and what it is about. The first is the one behind the effect on ward W07.
const CHANGES: [(&str, &str, &str); 4] = [
    (
        "Example: staff seem rushed.",
        "Example: one nurse a bay says hello at the start of each shift.",
        "domain:kindness",
    ),
    ("Example: it is noisy at night.", "Example: soft-closing bins, and lights down at eleven.", "domain:noise"),
    (
        "Example: I do not know what my tablets are for.",
        "Example: a pharmacist comes round every afternoon.",
        "domain:medicines",
    ),
    (
        "Example: nobody told me when I can go home.",
        "Example: the date is on a board above each bed.",
        "domain:coordination",
    ),
];
/// The ward of the known effect, and the fortnight in which its change was made.
const KNOWN: (&str, i32) = ("W07", 4);

/// What larger units have changed, the fortnights since then, and who saw to it.
const LARGER: [(&str, &str, i32, &str); 3] = [
    (
        "Example: I was told different things by different teams.",
        "Example: the teams go round together.",
        5,
        "matron",
    ),
    ("Example: the signs lead nowhere.", "Example: a line on the floor leads to each ward.", 6, "site manager"),
    (
        "Example: the letter did not say what to bring.",
        "Example: the letter has a list.",
        7,
        "director of nursing",
    ),
];

/// The actions of a trust, seen on a day.
pub fn actions(directory: &Directory, today: Date) -> Vec<MadeUp> {
    let ago = |fortnights: i32| today.saturating_sub((fortnights * FORTNIGHT_DAYS).days());
    let mut made_up = Vec::new();
    for (place, ward) in directory.wards().iter().enumerate() {
        let known = ward.id.as_str() == KNOWN.0;
        let fortnights = if known { KNOWN.1 } else { 2 + i32::try_from(place % 6).unwrap_or(0) };
        let change = |place: usize, due| {
            let (said, did, about) = CHANGES.get(place % CHANGES.len()).copied().unwrap_or_default();
            NewAction {
                unit: Unit::Ward(ward.id.clone()),
                said: said.to_owned(),
                did: did.to_owned(),
                owner: Some("ward sister".to_owned()),
                about: about.parse().ok(),
                due,
                cause: Cause::default(),
            }
        };
        let done = change(if known { 0 } else { place }, None);
        made_up.push((done, ago(fortnights + 1), Some(ago(fortnights))));
        if place % 3 == 0 {
            let due = today.saturating_add((i32::try_from(place).unwrap_or(0) - 6).days());
            made_up.push((change(place + 1, Some(due)), ago(1), None));
        }
    }
    let file = directory.file();
    let departments = file.departments.iter().map(|one| Unit::Department(one.id.clone()));
    let sites = file.sites.iter().map(|one| Unit::Site(one.id.clone()));
    let larger = departments.map(|unit| (unit, 0)).chain(sites.map(|unit| (unit, 1)));
    for (unit, kind) in larger.chain([(Unit::Trust(file.trust.id.clone()), 2)]) {
        let (said, did, fortnights, owner) = LARGER.get(kind).copied().unwrap_or_default();
        let action = NewAction {
            unit,
            said: said.to_owned(),
            did: did.to_owned(),
            owner: Some(owner.to_owned()),
            about: None,
            due: None,
            cause: Cause::default(),
        };
        made_up.push((action, ago(fortnights + 1), Some(ago(fortnights))));
    }
    made_up
}
