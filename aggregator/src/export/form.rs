//! The formats, and what they have in common.

use std::fmt;
use std::io::Write;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::comma_separated::CommaSeparated;
use super::excel::Excel;
use super::json_lines::JsonLines;
use super::parquet_file::ParquetFile;
use super::{Cell, ExportError, Head, Seal};

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// Comma-separated values: UTF-8, CRLF, the names of the columns first.
    Csv,
    /// A workbook of Excel.
    Xlsx,
    /// An object a line.
    Json,
    /// Apache Parquet, compressed by Snappy.
    Parquet,
}

/// A text that names no format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no format: write csv, xlsx, json or parquet")]
pub struct FormError(String);

/// Takes the rows of a table and writes them.
pub trait Writer {
    /// Writes a row, as many cells as the head has columns.
    fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), ExportError>;
    /// Writes the end.
    fn finish(self: Box<Self>) -> Result<Seal, ExportError>;
}

impl Form {
    /// Every format.
    pub const ALL: [Self; 4] = [Self::Csv, Self::Xlsx, Self::Json, Self::Parquet];

    /// The format as commands name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Json => "json",
            Self::Parquet => "parquet",
        }
    }

    /// How a file's name ends.
    pub fn ending(self) -> &'static str {
        match self {
            // An object a line is no JSON document, and programs that read one should not be misled.
            Self::Json => "ndjson",
            other => other.as_str(),
        }
    }

    /// What a browser is told about it.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Json => "application/x-ndjson",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }

    /// Whether nothing can be read before everything is written: then it is written to a file first.
    pub fn is_whole(self) -> bool {
        self == Self::Xlsx
    }

    /// Begins a table.
    pub fn writer<'a, W: Write + Send + 'a>(
        self,
        head: &Head,
        out: W,
    ) -> Result<Box<dyn Writer + 'a>, ExportError> {
        Ok(match self {
            Self::Csv => Box::new(CommaSeparated::new(head, out)),
            Self::Xlsx => Box::new(Excel::new(head, out)?),
            Self::Json => Box::new(JsonLines::new(head, out)),
            Self::Parquet => Box::new(ParquetFile::new(head, out)?),
        })
    }
}

impl FromStr for Form {
    type Err = FormError;

    fn from_str(text: &str) -> Result<Self, FormError> {
        Self::ALL.into_iter().find(|form| form.as_str() == text).ok_or_else(|| FormError(text.to_owned()))
    }
}

impl fmt::Display for Form {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
