//! The tables as CSV, with the columns of the national tables.
//!
//! Programs that open CSV take a cell that begins with `=`, `+`, `-` or `@` for a formula and run it; the names in a directory are not
//! ours, so such a cell gets an apostrophe in front (OWASP, *CSV injection*). Numbers are numbers and are left alone.

use std::io;

use super::count::MODE_COLUMNS;
use super::tables::{Return, Suppressed};
use crate::statistics::FriendsAndFamilyCounts;

/// What stands in place of a figure that is suppressed.
const MASK: &str = "*";

/// Whether a table is as it is sent or as it is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// As the trust sends it, small numbers and all.
    Submitted,
    /// As it is published of the trust.
    Published,
}

/// Which table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// A row for each ward.
    Wards,
    /// One row.
    Trust,
}

const ANSWERS: [&str; 6] = ["Very Good", "Good", "Neither Good nor Poor", "Poor", "Very Poor", "Don't Know"];

/// The files of a return with their names: both tables as sent and as published.
pub fn files(made: &Return) -> io::Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for (side, word) in [(Side::Submitted, "submitted"), (Side::Published, "published")] {
        for (table, name) in [(Table::Wards, "wards"), (Table::Trust, "trust")] {
            files.push((format!("fft-{}-{name}-{word}.csv", made.month), write_table(made, table, side)?));
        }
    }
    Ok(files)
}

/// One table as CSV.
pub fn write_table(made: &Return, table: Table, side: Side) -> io::Result<String> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    let is_masked = side == Side::Published;
    let trust = &made.trust;
    let mut head = vec!["ICB Code", "Trust Code", "Trust Name"];
    if table == Table::Wards {
        head.extend(["Site Code", "Site Name", "Ward Name"]);
    }
    head.extend(["Total Responses", "Total Eligible", "Percentage Positive", "Percentage Negative"]);
    head.extend(ANSWERS);
    match table {
        Table::Wards => head.extend(["First Speciality", "Second Speciality"]),
        Table::Trust => head.extend(MODE_COLUMNS.map(|(_, name)| name)),
    }
    writer.write_record(&head)?;
    let of_trust =
        [text(trust.icb_code.as_deref()), text(trust.trust_code.as_deref()), text(Some(&trust.trust_name))];
    match table {
        Table::Wards => {
            for ward in &made.wards {
                let mut row = of_trust.to_vec();
                row.extend([
                    text(ward.site_code.as_deref()),
                    text(Some(&ward.site_name)),
                    text(Some(&ward.ward_name)),
                ]);
                row.extend(figures(&ward.answers.answers, ward.eligible, ward.suppressed, is_masked));
                row.extend([text(ward.first_speciality.as_deref()), text(ward.second_speciality.as_deref())]);
                writer.write_record(&row)?;
            }
        }
        Table::Trust => {
            let mut row = of_trust.to_vec();
            row.extend(figures(&trust.answers.answers, trust.eligible, trust.suppressed, is_masked));
            let masks = is_masked && trust.suppressed.masks_counts();
            let by_mode = |count: u64| if masks { MASK.to_owned() } else { count.to_string() };
            row.extend(MODE_COLUMNS.map(|(column, _)| by_mode(trust.answers.by(column))));
            writer.write_record(&row)?;
        }
    }
    let bytes = writer.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
    String::from_utf8(bytes).map_err(io::Error::other)
}

/// Totals, percentages and the six answers. The totals are published whatever the rules say, as nationally.
fn figures(
    answers: &FriendsAndFamilyCounts,
    eligible: Option<u64>,
    suppressed: Suppressed,
    is_masked: bool,
) -> Vec<String> {
    let masked = |masks: bool, figure: String| if is_masked && masks { MASK.to_owned() } else { figure };
    let percentage = |part: u64| masked(suppressed.masks_percentages(), percent_text(part, answers.total()));
    let mut row = vec![
        answers.total().to_string(),
        eligible.map(|count| count.to_string()).unwrap_or_default(),
        percentage(answers.positive()),
        percentage(answers.negative()),
    ];
    let FriendsAndFamilyCounts { very_good, good, neither, poor, very_poor, dont_know } = *answers;
    let counts = [very_good, good, neither, poor, very_poor, dont_know];
    row.extend(counts.map(|count| masked(suppressed.masks_counts(), count.to_string())));
    row
}

/// A percentage with at most two decimals, halves rounded up, and no decimals that say nothing; empty where nobody answered.
pub fn percent_text(part: u64, total: u64) -> String {
    // In whole numbers: 29 of 32 is 90.625, which as a binary fraction would be rounded to the even 90.62.
    let Some(hundredths) = (part * 20_000 + total).checked_div(2 * total) else { return String::new() };
    let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A text that no program takes for a formula.
fn text(text: Option<&str>) -> String {
    let text = text.unwrap_or_default();
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests;
