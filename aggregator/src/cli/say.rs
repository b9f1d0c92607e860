//! What commands print.

use std::fs::File;
use std::io::{self, BufRead, BufWriter, IsTerminal, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::app::Addresses;
use crate::operations::Talk;

mod comments;
mod keeping;
mod loops;
mod monitor;
mod office;
mod words;

pub(super) use comments::{comment, comment_line, staff_name, theme_count, word_lists};
pub(super) use keeping::{backed_up, restored, rewrote, swept, withdrawn};
pub(super) use loops::{alert, contact_test, help_times};
pub(super) use monitor::monitored;
pub(super) use office::{plan_decision, plan_line, translation_decision, translation_line};
pub(super) use words::{
    account, action, appraisal, audit_report, audited, display_token, dispute, entry, explained, help_request,
    help_seen, imported, kiosk, rebase, rebuilt, refused, replayed, report, salvaged, sheet, signal, signed_out,
};

/// Nothing is said about progress before this much time.
const PATIENCE: Duration = Duration::from_secs(1);
const BAR: u64 = 30;

type Words = fn(&Value) -> String;

/// How answers are printed.
pub(super) enum Style {
    /// JSON to be read and kept by a person.
    Json,
    /// One answer, in JSON as it came or in words.
    One { json: bool, words: Words, read: Option<PathBuf> },
    /// Many, as a JSON array or in words.
    List { json: bool, words: Words },
    /// Many, a line each, as they came.
    Lines { to: Option<PathBuf> },
}

impl Style {
    pub(super) fn one(json: bool, words: Words) -> Self {
        Self::One { json, words, read: None }
    }

    pub(super) fn list(json: bool, words: Words) -> Self {
        Self::List { json, words }
    }

    /// With lines to be read from a file, or from standard input.
    pub(super) fn reading(self, file: Option<PathBuf>) -> Self {
        match self {
            Self::One { json, words, .. } => Self::One { json, words, read: file },
            other => other,
        }
    }
}

/// The terminal, or whatever standard output is.
pub(super) struct Terminal {
    style: Style,
    out: BufWriter<Box<dyn Write>>,
    input: Option<Box<dyn BufRead>>,
    items: u64,
    progress: Progress,
}

impl Terminal {
    pub(super) fn new(style: Style) -> Result<Self> {
        let out: Box<dyn Write> = match &style {
            Style::Lines { to: Some(path) } => {
                Box::new(File::create(path).with_context(|| format!("failed to write {}", path.display()))?)
            }
            _ => Box::new(io::stdout()),
        };
        let mut terminal =
            Self { style, out: BufWriter::new(out), input: None, items: 0, progress: Progress::new() };
        if matches!(&terminal.style, Style::List { json: true, .. }) {
            write!(terminal.out, "[")?;
        }
        Ok(terminal)
    }

    /// A terminal that only shows progress, and not even that where a machine reads.
    pub(super) fn quiet(machine: bool) -> Progress {
        Progress { shown_to_a_person: !machine && io::stderr().is_terminal(), ..Progress::new() }
    }

    /// Says what is left to say.
    pub(super) fn finish(mut self) -> Result<()> {
        self.progress.clear();
        match &self.style {
            Style::List { json: true, .. } => writeln!(self.out, "]")?,
            Style::List { json: false, .. } if self.items == 0 => writeln!(self.out, "None.")?,
            _ => {}
        }
        Ok(self.out.flush()?)
    }
}

impl Talk for Terminal {
    fn item(&mut self, json: &str) -> Result<()> {
        self.progress.clear();
        let first = self.items == 0;
        self.items += 1;
        match &self.style {
            Style::Json => {
                let value: Value = serde_json::from_str(json)?;
                writeln!(self.out, "{}", serde_json::to_string_pretty(&value)?)?;
            }
            Style::One { json: true, .. } | Style::Lines { .. } => writeln!(self.out, "{json}")?,
            Style::List { json: true, .. } => write!(self.out, "{}{json}", if first { "\n" } else { ",\n" })?,
            Style::One { json: false, words, .. } | Style::List { json: false, words } => {
                writeln!(self.out, "{}", words(&serde_json::from_str(json)?))?;
            }
        }
        Ok(())
    }

    fn progress(&mut self, what: &str, done: u64, of: u64) {
        self.progress.show(what, done, of);
    }

    fn next_line(&mut self) -> Result<Option<String>> {
        if self.input.is_none() {
            let file = match &self.style {
                Style::One { read, .. } => read.as_deref(),
                _ => None,
            };
            self.input = Some(super::input::open(file)?);
        }
        let Some(input) = &mut self.input else { return Ok(None) };
        let mut line = String::new();
        let read = input.read_line(&mut line).context("failed to read the input")?;
        Ok((read > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned()))
    }
}

/// A bar on standard error, for what takes longer than a second.
pub(crate) struct Progress {
    began: Instant,
    shown: Option<Instant>,
    shown_to_a_person: bool,
}

impl Progress {
    fn new() -> Self {
        Self { began: Instant::now(), shown: None, shown_to_a_person: io::stderr().is_terminal() }
    }

    fn show(&mut self, what: &str, done: u64, of: u64) {
        let due = self.shown.map_or(self.began + PATIENCE, |last| last + PATIENCE / 5);
        if !self.shown_to_a_person || Instant::now() < due {
            return;
        }
        self.shown = Some(Instant::now());
        let filled = (BAR * done.min(of)).checked_div(of).unwrap_or(0);
        let bar: String = (0..BAR).map(|at| if at < filled { '#' } else { '.' }).collect();
        // A bar that cannot be drawn is no reason to stop what it tells about.
        drop(write!(io::stderr(), "\r\x1b[K{what} [{bar}] {done} of {of}"));
    }

    fn clear(&mut self) {
        if self.shown.take().is_some() {
            drop(write!(io::stderr(), "\r\x1b[K"));
        }
    }
}

impl Talk for Progress {
    fn item(&mut self, _json: &str) -> Result<()> {
        Ok(())
    }

    fn progress(&mut self, what: &str, done: u64, of: u64) {
        self.show(what, done, of);
        if done >= of {
            self.clear();
        }
    }

    fn next_line(&mut self) -> Result<Option<String>> {
        Ok(None)
    }
}

/// Prints a text as it is.
pub(super) fn text(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// Prints an error with its causes.
pub(super) fn error(error: &anyhow::Error) {
    // There is nowhere else to say that standard error is closed.
    drop(writeln!(io::stderr(), "{error:#}"));
}

/// Prints where a started aggregator is reached.
pub(super) fn addresses(addresses: &Addresses, json: bool) -> Result<()> {
    if json {
        return text(&format!("{}\n", serde_json::to_string(addresses)?));
    }
    text(&format!("Pages:   {}/\nKiosks:  {}\nEnd it with Ctrl-C.\n", addresses.http, addresses.mqtt))
}
