//! `table`: tables for people's own programs.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::civil::Date;
use serde_json::Value;

use super::{reach, say};
use crate::config::Config;
use crate::export::{Ask, By, Form, Table};
use crate::operations::{Request, TablesRequest, Talk};

#[derive(Debug, Clone, clap::Subcommand)]
pub(super) enum TableCommand {
    /// List the tables there are, with their columns.
    List {
        /// Print them as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Write one to a file, with how many rows it has and their hash at its end.
    Write(WriteArguments),
}

#[derive(Debug, Clone, clap::Args)]
pub(super) struct WriteArguments {
    /// responses, scores, contacts, comments or actions.
    table: Table,
    /// csv, xlsx, json (an object a line) or parquet.
    #[arg(long, value_name = "FORMAT")]
    format: Form,
    /// The file; only the account that runs the command can read it.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The first day; that of the first answer when absent.
    #[arg(long, value_name = "DATE")]
    from: Option<Date>,
    /// The last day, inclusive; today when absent.
    #[arg(long, value_name = "DATE")]
    to: Option<Date>,
    /// The periods of scores and contacts: fortnight, month or half-year.
    #[arg(long, value_name = "PERIOD", default_value = "fortnight")]
    by: By,
    /// The questionnaire of responses; the one that is planned for when absent.
    #[arg(long, value_name = "ID")]
    questionnaire: Option<String>,
    /// Leave out what came after a day; of a day that is over, the same command gives the same bytes.
    #[arg(long, value_name = "DATE")]
    as_of: Option<Date>,
    /// Print what was written as JSON.
    #[arg(long)]
    json: bool,
}

impl TableCommand {
    pub(super) fn run(&self, data: &Path, config: impl FnOnce() -> Result<Config>) -> Result<bool> {
        match self {
            Self::List { json } => {
                let style = say::Style::list(*json, listed);
                reach::ask(data, config, &Request::Tables(TablesRequest::List), style)
            }
            Self::Write(asked) => asked.run(data, config),
        }
    }
}

impl WriteArguments {
    fn ask(&self) -> Ask {
        Ask {
            table: self.table,
            from: self.from,
            to: self.to,
            by: self.by,
            questionnaire: self.questionnaire.clone(),
            as_of: self.as_of,
        }
    }

    /// Writes beside the file and puts it in its place when it is whole.
    fn run(&self, data: &Path, config: impl FnOnce() -> Result<Config>) -> Result<bool> {
        let name = self.out.file_name().context("failed to write the table: --out names no file")?;
        let beside = self.out.with_file_name(format!(".{}.new", name.to_string_lossy()));
        let failed = || format!("failed to write {}", self.out.display());
        drop(fs::remove_file(&beside));
        let file =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside).with_context(failed)?;
        let mut taker =
            Taker { out: BufWriter::new(file), written: None, progress: say::Terminal::quiet(self.json) };
        let request = Request::Tables(TablesRequest::Write { ask: self.ask(), form: self.format });
        let put = reach::ask_through(data, config, &request, &mut taker).and_then(|well| {
            let written = taker.written.take().context("failed to hear the end of the table")?;
            let file = taker.out.into_inner().map_err(std::io::IntoInnerError::into_error).with_context(failed)?;
            file.sync_all().with_context(failed)?;
            fs::rename(&beside, &self.out).with_context(failed)?;
            Ok((well, written))
        });
        if put.is_err() {
            // What is half is no table.
            drop(fs::remove_file(&beside));
        }
        let (well, written) = put?;
        self.say(&written)?;
        Ok(well)
    }

    fn say(&self, written: &str) -> Result<()> {
        if self.json {
            return say::text(&format!("{written}\n"));
        }
        let value: Value = serde_json::from_str(written)?;
        let rows = value.pointer("/rows").and_then(Value::as_u64).unwrap_or(0);
        let hash = value.pointer("/sha256").and_then(Value::as_str).unwrap_or_default();
        say::text(&format!("{}: {rows} rows, SHA-256 {hash}\n", self.out.display()))
    }
}

/// Takes the bytes of a table and writes them.
struct Taker {
    out: BufWriter<File>,
    written: Option<String>,
    progress: say::Progress,
}

impl Talk for Taker {
    fn item(&mut self, json: &str) -> Result<()> {
        let bytes = json.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        match bytes {
            Some(text) => {
                let bytes = STANDARD.decode(text).context("failed to read the answer")?;
                self.out.write_all(&bytes).context("failed to write the table")?;
            }
            None => self.written = Some(json.to_owned()),
        }
        Ok(())
    }

    fn progress(&mut self, what: &str, done: u64, of: u64) {
        self.progress.progress(what, done, of);
    }

    fn next_line(&mut self) -> Result<Option<String>> {
        Ok(None)
    }
}

/// `scores  Every unit's scores …` and a line for each column.
fn listed(value: &Value) -> String {
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut said = format!("{}: {} For {}.", text(value, "name"), text(value, "says"), text(value, "is_for"));
    let columns = value.get("columns").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    for column in columns {
        write!(said, "\n  {:<24} {:<7} {}", text(column, "name"), text(column, "kind"), text(column, "says"))
            .unwrap_or_default();
    }
    said
}
