//! JSON, an object a line: every column is there, `null` where there is no value, days as `2026-11-09`.
//!
//! The last line is `{"end":{"rows":N,"sha256":"…"}}`: how many lines there are before it, and the SHA-256 of every byte before it.

use std::io::Write;

use sha2::{Digest as _, Sha256};
use wardvoice_protocol::id::Hash;

use super::form::Writer;
use super::{Cell, ExportError, Head, Seal};

/// So many bytes are gathered before they are handed on.
const TOGETHER: usize = 64 * 1024;

pub(super) struct JsonLines<W> {
    /// What stands before each value: `,"ward":`.
    keys: Vec<String>,
    text: Vec<u8>,
    hasher: Sha256,
    rows: u64,
    out: W,
}

impl<W: Write> JsonLines<W> {
    pub(super) fn new(head: &Head, out: W) -> Self {
        let key = |(place, column): (usize, &super::Column)| {
            let name = serde_json::Value::from(column.name.as_str());
            format!("{}{name}:", if place == 0 { '{' } else { ',' })
        };
        let keys = head.columns.iter().enumerate().map(key).collect();
        Self { keys, text: Vec::with_capacity(TOGETHER * 2), hasher: Sha256::new(), rows: 0, out }
    }

    fn hand_on(&mut self) -> Result<(), ExportError> {
        self.hasher.update(&self.text);
        self.out.write_all(&self.text)?;
        self.text.clear();
        Ok(())
    }
}

impl<W: Write> Writer for JsonLines<W> {
    fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), ExportError> {
        for (key, cell) in self.keys.iter().zip(cells) {
            let text = &mut self.text;
            text.extend_from_slice(key.as_bytes());
            match cell {
                Cell::Empty => text.extend_from_slice(b"null"),
                Cell::Text(words) => serde_json::to_writer(text, words).map_err(std::io::Error::from)?,
                Cell::Day(day) => write!(text, "\"{day}\"")?,
                Cell::Count(count) => write!(text, "{count}")?,
                Cell::Number(number) => write!(text, "{number}")?,
                Cell::Flag(flag) => write!(text, "{flag}")?,
            }
        }
        self.text.extend_from_slice(b"}\n");
        self.rows += 1;
        if self.text.len() >= TOGETHER { self.hand_on() } else { Ok(()) }
    }

    fn finish(mut self: Box<Self>) -> Result<Seal, ExportError> {
        self.hand_on()?;
        let Self { hasher, rows, mut out, .. } = *self;
        let seal = Seal { rows, sha256: Hash::from_bytes(hasher.finalize().into()) };
        writeln!(out, "{{\"end\":{{\"rows\":{},\"sha256\":\"{}\"}}}}", seal.rows, seal.sha256)?;
        out.flush()?;
        Ok(seal)
    }
}
