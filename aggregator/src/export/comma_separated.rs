//! CSV: UTF-8, lines that end with CR and LF, quotes only where they are needed (RFC 4180).
//!
//! Programs that open CSV take a cell that begins with `=`, `+`, `-` or `@` for a formula and run it; such words get an apostrophe in front
//! (OWASP, *CSV injection*). Numbers are numbers and are left alone. Numbers are written as short as they can be without losing anything.
//!
//! The last line is `#rows=N;sha256=…`: how many rows there are between the first line and this one, and the SHA-256 of every byte
//! before this line.

use std::io::Write;

use jiff::civil::Date;
use sha2::{Digest as _, Sha256};
use wardvoice_protocol::id::Hash;

use super::form::Writer;
use super::{Cell, ExportError, Head, Seal};

/// So many bytes are gathered before they are handed on.
const TOGETHER: usize = 64 * 1024;

/// Rows as lines of CSV, counted and hashed. What Excel and Parquet take their hash from, too.
pub(super) struct Lines {
    text: Vec<u8>,
    hasher: Sha256,
    rows: u64,
    /// The day that was written last: rows come day by day.
    day: Option<(Date, String)>,
}

impl Lines {
    pub(super) fn new(head: &Head) -> Self {
        let mut lines = Self { text: Vec::with_capacity(TOGETHER * 2), hasher: Sha256::new(), rows: 0, day: None };
        for (place, column) in head.columns.iter().enumerate() {
            if place > 0 {
                lines.text.push(b',');
            }
            words(&mut lines.text, &column.name);
        }
        lines.text.extend_from_slice(b"\r\n");
        lines
    }

    pub(super) fn row(&mut self, cells: &[Cell<'_>]) {
        for (place, cell) in cells.iter().enumerate() {
            if place > 0 {
                self.text.push(b',');
            }
            match cell {
                Cell::Empty => {}
                Cell::Text(text) => words(&mut self.text, text),
                Cell::Day(day) => {
                    if self.day.as_ref().is_none_or(|(known, _)| known != day) {
                        self.day = Some((*day, day.to_string()));
                    }
                    let written = self.day.as_ref().map_or("", |(_, written)| written.as_str());
                    self.text.extend_from_slice(written.as_bytes());
                }
                Cell::Count(count) => number(&mut self.text, count),
                Cell::Number(value) => number(&mut self.text, value),
                Cell::Flag(flag) => self.text.extend_from_slice(if *flag { b"true" } else { b"false" }),
            }
        }
        self.text.extend_from_slice(b"\r\n");
        self.rows += 1;
    }

    /// Whether there is enough to be handed on.
    pub(super) fn is_full(&self) -> bool {
        self.text.len() >= TOGETHER
    }

    /// Hashes what there is and gives it away.
    pub(super) fn hand_on(&mut self, mut take: impl FnMut(&[u8]) -> std::io::Result<()>) -> std::io::Result<()> {
        self.hasher.update(&self.text);
        let taken = take(&self.text);
        self.text.clear();
        taken
    }

    pub(super) fn seal(mut self) -> Seal {
        self.hasher.update(&self.text);
        Seal { rows: self.rows, sha256: Hash::from_bytes(self.hasher.finalize().into()) }
    }
}

/// The same without anybody who reads the text.
pub(super) fn hashed(lines: &mut Lines, cells: &[Cell<'_>]) -> std::io::Result<()> {
    lines.row(cells);
    if lines.is_full() { lines.hand_on(|_| Ok(())) } else { Ok(()) }
}

fn number(text: &mut Vec<u8>, number: impl std::fmt::Display) {
    // Writing to memory does not fail.
    write!(text, "{number}").unwrap_or_default();
}

/// Words, in quotes where they would be taken apart, and never a formula.
fn words(text: &mut Vec<u8>, words: &str) {
    let is_formula = matches!(words.as_bytes().first(), Some(b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r' | b'\n'));
    if !words.bytes().any(|byte| matches!(byte, b'"' | b',' | b'\r' | b'\n')) {
        if is_formula {
            text.push(b'\'');
        }
        text.extend_from_slice(words.as_bytes());
        return;
    }
    text.push(b'"');
    if is_formula {
        text.push(b'\'');
    }
    for byte in words.bytes() {
        if byte == b'"' {
            text.push(b'"');
        }
        text.push(byte);
    }
    text.push(b'"');
}

/// A table as CSV.
pub(super) struct CommaSeparated<W> {
    lines: Lines,
    out: W,
}

impl<W: Write> CommaSeparated<W> {
    pub(super) fn new(head: &Head, out: W) -> Self {
        Self { lines: Lines::new(head), out }
    }
}

impl<W: Write> Writer for CommaSeparated<W> {
    fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), ExportError> {
        self.lines.row(cells);
        if self.lines.is_full() {
            let out = &mut self.out;
            self.lines.hand_on(|text| out.write_all(text))?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<Seal, ExportError> {
        let Self { lines, out } = &mut *self;
        lines.hand_on(|text| out.write_all(text))?;
        let Self { lines, mut out } = *self;
        let seal = lines.seal();
        write!(out, "#rows={};sha256={}\r\n", seal.rows, seal.sha256)?;
        out.flush()?;
        Ok(seal)
    }
}
