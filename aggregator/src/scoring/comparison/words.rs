//! A comparison in words. Names stand in alphabetical order, and nobody is first.

use std::fmt::Write as _;

use super::{Comparison, PlaceInFunnel};

/// What there is to say.
pub(super) fn say(comparison: &Comparison) -> String {
    let (label, count) = (&comparison.label, comparison.wards.len());
    if count < 2 {
        return format!("{label}: nothing to compare. Fewer than 2 wards have 6 answers or more.");
    }
    let with = |place: PlaceInFunnel| {
        let names = comparison.wards.iter().filter(|ward| ward.place == place);
        names.map(|ward| format!("{} (n {})", ward.name, ward.n)).collect::<Vec<_>>()
    };
    let (above, below) = (with(PlaceInFunnel::FarAbove), with(PlaceInFunnel::FarBelow));
    let near = with(PlaceInFunnel::Above).len() + with(PlaceInFunnel::Below).len();
    let mut said = format!("{label}: {count} wards compared.");
    if above.is_empty() && below.is_empty() {
        said.push_str(" None lies outside the 99.8% limits.");
    }
    for (names, word) in [(above, "above"), (below, "below")] {
        if !names.is_empty() {
            write!(said, " Far {word} what chance gives: {}.", names.join(", ")).unwrap_or_default();
        }
    }
    if near > 0 {
        let lie = if near == 1 { "1 lies" } else { &format!("{near} lie") };
        let by_chance = (count as f64 * 0.05).round().max(1.0);
        write!(said, " {lie} between the 95% and 99.8% limits; about {by_chance:.0} would by chance.")
            .unwrap_or_default();
    }
    if let Some(share) = comparison.i_squared {
        write!(said, " Of the spread between wards {share:.0}% is more than chance (I²).").unwrap_or_default();
    }
    said
}
