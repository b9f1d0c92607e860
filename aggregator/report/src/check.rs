//! From raw to real: every field of a paper is looked at, and the first that is wrong is named with its place.
//!
//! Three passes: the shape (by the types), every text and list by itself (cleaned, bounded, dates and languages read, drawings looked
//! into), and what has to fit together (rows and columns, what a poster holds).

use jiff::civil::Date;
use serde_json::Value;
use wardvoice_paper::{Change, Paper, Report, Table, VERSION};

use crate::{MOST_BYTES, drawing, text};

/// The most characters of a text.
const MOST_CHARACTERS: usize = 4_000;
/// The most characters of the words for a drawing; a chart tells of every action on it.
const MOST_WORDS: usize = 12_000;
/// The most entries of a list.
const MOST_ENTRIES: usize = 600;
/// The most characters of a change on a poster, as the aggregator takes them.
const MOST_ON_A_POSTER: usize = 200;
/// Our own rule for what the public sees.
const FEWEST_IN_PUBLIC: u64 = 6;

/// The languages that posters are set in.
const LANGUAGES: [&str; 13] =
    ["en", "en-simple", "cy", "pl", "ro", "pa", "ur", "pt", "es", "ar", "bn", "gu", "it"];

/// A paper that can be set.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    paper: Paper,
    json: String,
}

/// What is wrong with a paper.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// There is more of it than can be.
    #[error("read the report: it has more than {MOST_BYTES} bytes")]
    TooLarge,
    /// It is not JSON of the right shape.
    #[error("read the report at {field}: {reason}")]
    Shape {
        /// The place.
        field: String,
        /// What is wrong there.
        reason: String,
    },
    /// A field has no usable value.
    #[error("use the field {field}: {rule}")]
    Field {
        /// The place.
        field: String,
        /// What is wrong with it, or what it should say.
        rule: String,
    },
}

fn wrong(field: impl Into<String>, rule: impl Into<String>) -> CheckError {
    CheckError::Field { field: field.into(), rule: rule.into() }
}

impl Checked {
    /// Reads a paper.
    pub fn read(json: &[u8]) -> Result<Self, CheckError> {
        if json.len() > MOST_BYTES {
            return Err(CheckError::TooLarge);
        }
        let mut source = serde_json::Deserializer::from_slice(json);
        let raw: Paper = shaped(&mut source)?;
        let shape = |error: serde_json::Error| CheckError::Shape { field: ".".into(), reason: error.to_string() };
        source.end().map_err(shape)?;
        let mut value = serde_json::to_value(raw).map_err(shape)?;
        look_at(&mut value, "", "")?;
        let paper: Paper = shaped(&value)?;
        fits(&paper)?;
        let json = serde_json::to_string(&value).map_err(shape)?;
        Ok(Self { paper, json })
    }

    /// What it says.
    pub fn paper(&self) -> &Paper {
        &self.paper
    }

    /// The same as JSON: the same paper, the same text.
    pub fn json(&self) -> &str {
        &self.json
    }
}

fn shaped<'de, D>(source: D) -> Result<Paper, CheckError>
where
    D: serde::Deserializer<'de>,
    D::Error: std::fmt::Display,
{
    serde_path_to_error::deserialize(source)
        .map_err(|error| CheckError::Shape { field: error.path().to_string(), reason: error.inner().to_string() })
}

/// Looks at every text and list by itself; `name` is the field it stands in.
fn look_at(value: &mut Value, field: &str, name: &str) -> Result<(), CheckError> {
    match value {
        Value::Object(fields) => fields.iter_mut().try_for_each(|(name, value)| {
            let field = if field.is_empty() { name.clone() } else { format!("{field}.{name}") };
            look_at(value, &field, name)
        }),
        Value::Array(entries) if entries.len() > MOST_ENTRIES => {
            Err(wrong(field, format!("it has {} entries and {MOST_ENTRIES} are the most", entries.len())))
        }
        Value::Array(entries) => entries
            .iter_mut()
            .enumerate()
            .try_for_each(|(place, value)| look_at(value, &format!("{field}[{place}]"), name)),
        Value::String(said) => {
            *said = usable(said, name).map_err(|rule| wrong(field, rule))?;
            Ok(())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

/// A text as it can be set, by the field it stands in.
fn usable(said: &str, name: &str) -> Result<String, String> {
    if name == "svg" {
        return drawing::settable(&text::settable(said)).map_err(|reason| format!("the drawing {reason}"));
    }
    let most = if name == "alt" { MOST_WORDS } else { MOST_CHARACTERS };
    let length = said.chars().count();
    if length > most {
        return Err(format!("it has {length} characters and {most} are the most"));
    }
    let clean = if name == "alt" { text::readable(said) } else { text::settable(said) };
    let clean = clean.trim().to_owned();
    match name {
        // A cell of a table may be empty.
        "rows" => Ok(clean),
        "alt" if clean.is_empty() => Err("a drawing needs words that say what it shows".to_owned()),
        _ if clean.is_empty() => Err("it is empty".to_owned()),
        "made_on" | "first_day" | "last_day" => {
            clean.parse::<Date>().map_err(|_| format!("{clean:?} is no day: write 2026-11-22"))?;
            Ok(clean)
        }
        "language" => {
            let of_letters =
                |part: &str| (2..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
            let primary = clean.split('-').next().unwrap_or_default();
            let is_tag = clean.split('-').all(of_letters) && (2..=3).contains(&primary.len());
            is_tag.then_some(clean.clone()).ok_or_else(|| format!("{clean:?} is no language: write en or ur"))
        }
        "hash" | "head" => {
            let is_hash =
                (12..=128).contains(&clean.len()) && clean.bytes().all(|byte| byte.is_ascii_alphanumeric());
            is_hash.then_some(clean).ok_or_else(|| "it is no hash".to_owned())
        }
        _ => Ok(clean),
    }
}

/// Whether what has to fit together does.
fn fits(paper: &Paper) -> Result<(), CheckError> {
    if paper.version != VERSION {
        return Err(wrong("version", format!("{} is not known, only {VERSION}", paper.version)));
    }
    let language = paper.front.language.as_str();
    let poster = matches!(paper.report, Report::WardPoster(_) | Report::YouSaidWeDid(_));
    if poster && !LANGUAGES.contains(&language) {
        return Err(wrong(
            "front.language",
            format!("posters are set in {}, not in {language}", LANGUAGES.join(", ")),
        ));
    }
    if !poster && language != "en" {
        return Err(wrong(
            "front.language",
            format!("only posters are set in other languages than en, not in {language}"),
        ));
    }
    match &paper.report {
        Report::WardFortnight(ward) => {
            ward.numbers.iter().try_for_each(|table| is_even(table, "report.ward_fortnight.numbers"))
        }
        Report::ConsultantAppraisal(seen) => {
            seen.attribution.iter().try_for_each(|table| is_even(table, "report.consultant_appraisal.attribution"))
        }
        Report::Board(board) => {
            let columns = board.matrix.columns.len();
            for (place, row) in board.matrix.rows.iter().enumerate() {
                same_width(row.cells.len(), columns, &format!("report.board.matrix.rows[{place}].cells"))?;
            }
            board.spread.iter().try_for_each(|spread| is_even(&spread.numbers, "report.board.spread.numbers"))?;
            is_even(&board.coverage.groups, "report.board.coverage.groups")
        }
        Report::HalfYear(half) => {
            is_even(&half.wards, "report.half_year.wards")?;
            half.spread
                .iter()
                .try_for_each(|spread| is_even(&spread.numbers, "report.half_year.spread.numbers"))?;
            is_even(&half.coverage.groups, "report.half_year.coverage.groups")
        }
        Report::WardPoster(ward) => {
            many(ward.figures.len(), 0..=3, "report.ward_poster.figures")?;
            many(ward.changes.len(), 0..=2, "report.ward_poster.changes")?;
            for (place, figure) in ward.figures.iter().enumerate() {
                let field = |name: &str| format!("report.ward_poster.figures[{place}].{name}");
                if figure.percent > 100 {
                    return Err(wrong(field("percent"), format!("{} is no number of a hundred", figure.percent)));
                }
                if figure.people < FEWEST_IN_PUBLIC {
                    return Err(wrong(field("people"), "what 5 or fewer people said is not shown to the public"));
                }
                if figure.first_day > figure.last_day {
                    return Err(wrong(field("last_day"), "it is before the first day"));
                }
                short(&figure.question, &field("question"))?;
                short(&figure.answer, &field("answer"))?;
            }
            changes(&ward.changes, "report.ward_poster.changes")
        }
        Report::YouSaidWeDid(poster) => {
            many(poster.changes.len(), 1..=4, "report.you_said_we_did.changes")?;
            changes(&poster.changes, "report.you_said_we_did.changes")
        }
    }
}

fn is_even(table: &Table, field: &str) -> Result<(), CheckError> {
    many(table.columns.len(), 1..=10, &format!("{field}.columns"))?;
    let mut rows = table.rows.iter().enumerate();
    rows.try_for_each(|(place, row)| same_width(row.len(), table.columns.len(), &format!("{field}.rows[{place}]")))
}

fn same_width(cells: usize, columns: usize, field: &str) -> Result<(), CheckError> {
    let even = cells == columns;
    even.then_some(()).ok_or_else(|| wrong(field, format!("it has {cells} cells and there are {columns} columns")))
}

fn many(count: usize, bounds: std::ops::RangeInclusive<usize>, field: &str) -> Result<(), CheckError> {
    let inside = bounds.contains(&count);
    inside.then_some(()).ok_or_else(|| {
        wrong(field, format!("it has {count} entries; there may be {} to {}", bounds.start(), bounds.end()))
    })
}

fn changes(changes: &[Change], field: &str) -> Result<(), CheckError> {
    for (place, change) in changes.iter().enumerate() {
        short(&change.said, &format!("{field}[{place}].said"))?;
        short(&change.did, &format!("{field}[{place}].did"))?;
    }
    Ok(())
}

fn short(said: &str, field: &str) -> Result<(), CheckError> {
    let length = said.chars().count();
    (length <= MOST_ON_A_POSTER)
        .then_some(())
        .ok_or_else(|| wrong(field, format!("it has {length} characters and {MOST_ON_A_POSTER} fit on a poster")))
}

#[cfg(test)]
mod tests;
