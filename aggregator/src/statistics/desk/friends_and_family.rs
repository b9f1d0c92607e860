//! `fft`.

use serde_json::{Value, json};

use super::DeskError;
use super::input::Input;
use super::why::Why;
use crate::statistics::FriendsAndFamilyCounts;

pub(super) fn run(input: &Input<'_>) -> Result<Value, DeskError> {
    const ANSWERS: [&str; 6] = ["very_good", "good", "neither", "poor", "very_poor", "dont_know"];
    input.only(&["rows"])?;
    let rows = input.field("rows")?.each(|row| {
        row.only(&ANSWERS)?;
        let count = |answer: &str| row.field(answer)?.count();
        Ok(FriendsAndFamilyCounts {
            very_good: count("very_good")?,
            good: count("good")?,
            neither: count("neither")?,
            poor: count("poor")?,
            very_poor: count("very_poor")?,
            dont_know: count("dont_know")?,
        })
    })?;
    let mut why = Why::default();
    for (place, _) in rows.iter().enumerate().filter(|(_, row)| row.total() == 0) {
        why.say(format!("positive[{place}]"), "nobody answered");
        why.say(format!("negative[{place}]"), "nobody answered");
    }
    Ok(why.close(json!({
        "total": rows.iter().map(FriendsAndFamilyCounts::total).collect::<Vec<_>>(),
        "positive": rows.iter().map(FriendsAndFamilyCounts::percent_positive).collect::<Vec<_>>(),
        "negative": rows.iter().map(FriendsAndFamilyCounts::percent_negative).collect::<Vec<_>>(),
    })))
}
