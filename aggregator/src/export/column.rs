//! Columns, cells, and what a reader is told about a table.

use jiff::civil::Date;
use serde::Serialize;

/// What is in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Words.
    Text,
    /// A local day.
    Day,
    /// A whole number.
    Count,
    /// A number.
    Number,
    /// Yes or no.
    Flag,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Column {
    /// Its name: the first line of CSV, the key in JSON.
    pub name: String,
    /// What is in it.
    pub kind: Kind,
    /// What it means, in a sentence.
    pub says: String,
}

impl Column {
    /// A column.
    pub fn new(name: impl Into<String>, kind: Kind, says: impl Into<String>) -> Self {
        Self { name: name.into(), kind, says: says.into() }
    }
}

/// What a reader is told about a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Head {
    /// Its name, `responses`.
    pub name: &'static str,
    /// What it is, in a sentence.
    pub title: String,
    /// What else there is to know, a sentence or two each.
    pub notes: Vec<String>,
    /// Its columns.
    pub columns: Vec<Column>,
}

/// A value. An empty one is none: never zero, never an empty text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    /// There is none.
    Empty,
    /// Words.
    Text(&'a str),
    /// A local day.
    Day(Date),
    /// A whole number.
    Count(u64),
    /// A number.
    Number(f64),
    /// Yes or no.
    Flag(bool),
}

impl<'a> Cell<'a> {
    /// Words, or none.
    pub fn text(text: Option<&'a str>) -> Self {
        text.filter(|text| !text.is_empty()).map_or(Self::Empty, Self::Text)
    }

    /// A day, or none.
    pub fn day(day: Option<Date>) -> Self {
        day.map_or(Self::Empty, Self::Day)
    }

    /// A number, or none; what is no number is none.
    pub fn number(number: Option<f64>) -> Self {
        number.filter(|number| number.is_finite()).map_or(Self::Empty, Self::Number)
    }

    /// A whole number, or none.
    pub fn count(count: Option<u64>) -> Self {
        count.map_or(Self::Empty, Self::Count)
    }
}
