//! `fft`: the national return of a month.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail, ensure};
use jiff::civil::Date;
use serde_json::Value;
use wardvoice_protocol::id::WardId;

use super::reach;
use super::say::{self, Style};
use crate::config::Config;
use crate::durable_file::{self, Readers};
use crate::operations::{Request, ReturnRequest, Talk};

/// The largest file of eligible patients that is read, in bytes.
const MOST_BYTES: u64 = 1024 * 1024;

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct FftArguments {
    /// The month, 2026-10.
    #[arg(long, value_name = "MONTH", required = true)]
    month: Option<String>,
    /// Write the tables into a folder, as they are sent and as they are published, and note it.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Fail, and write nothing, when there is something to look at first.
    #[arg(long)]
    check: bool,
    /// Leave out what arrived after a day; yesterday when absent.
    #[arg(long, value_name = "DATE")]
    as_of: Option<Date>,
    /// Print the return, its findings and its files as JSON.
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    command: Option<FftCommand>,
}

#[derive(Debug, clap::Subcommand)]
enum FftCommand {
    /// Note how many patients of each ward could have answered.
    #[command(subcommand)]
    Eligible(EligibleCommand),
}

#[derive(Debug, clap::Subcommand)]
enum EligibleCommand {
    /// Note one ward's.
    Set {
        /// The month, 2026-10.
        #[arg(long)]
        month: String,
        /// The ward.
        #[arg(long)]
        ward: WardId,
        /// How many patients were eligible.
        #[arg(long)]
        count: u64,
        /// Print every ward's as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Note many wards' from a CSV file with the columns ward and count.
    Import {
        /// The month, 2026-10.
        #[arg(long)]
        month: String,
        /// The file.
        file: PathBuf,
        /// Print every ward's as JSON.
        #[arg(long)]
        json: bool,
    },
    /// List every ward's.
    List {
        /// The month, 2026-10.
        #[arg(long)]
        month: String,
        /// Print them as JSON.
        #[arg(long)]
        json: bool,
    },
}

impl FftArguments {
    pub(super) fn run(&self, data: &Path, config: impl Fn() -> Result<Config>) -> Result<ExitCode> {
        if let Some(FftCommand::Eligible(command)) = &self.command {
            let (request, json) = command.request()?;
            return reach::ask(data, config, &Request::Return(request), Style::list(json, eligible))
                .map(super::well);
        }
        let month = self.month.clone().context("failed to read --month")?;
        let request = Request::Return(ReturnRequest::Make { month, as_of: self.as_of, check: self.check });
        let mut heard = Heard::new(self.json);
        let is_well = reach::ask_through(data, &config, &request, &mut heard)?;
        let mut made: Value = heard.value()?;
        if self.json {
            // The tables go out with --out, which notes that they did: what is public decides what may be released.
            if self.out.is_none()
                && let Some(files) = made.get_mut("files")
            {
                *files = Value::Null;
            }
            say::text(&format!("{made}\n"))?;
        } else {
            say::text(&words(&made))?;
        }
        match &self.out {
            Some(folder) if is_well => {
                // Noted first: what was written and not noted would be public without the releases knowing.
                let request = Request::Return(exported(&made)?);
                reach::ask_through(data, &config, &request, &mut Heard::new(self.json))?;
                let written = write(folder, &made)?;
                if !self.json {
                    written.iter().try_for_each(|path| say::text(&format!("Written: {}\n", path.display())))?;
                }
            }
            Some(_) if !self.json => say::text("Nothing was written.\n")?,
            _ => {}
        }
        Ok(super::well(is_well))
    }
}

impl EligibleCommand {
    fn request(&self) -> Result<(ReturnRequest, bool)> {
        Ok(match self {
            Self::Set { month, ward, count, json } => {
                let counts = BTreeMap::from([(ward.clone(), *count)]);
                (ReturnRequest::NoteEligible { month: month.clone(), counts }, *json)
            }
            Self::Import { month, file, json } => {
                let counts = read_eligible(file)?;
                (ReturnRequest::NoteEligible { month: month.clone(), counts }, *json)
            }
            Self::List { month, json } => (ReturnRequest::ListEligible { month: month.clone() }, *json),
        })
    }
}

/// Hears the one answer there is.
pub(super) struct Heard {
    item: Option<String>,
    progress: say::Progress,
}

impl Heard {
    pub(super) fn new(machine: bool) -> Self {
        Self { item: None, progress: say::Terminal::quiet(machine) }
    }

    pub(super) fn value(&mut self) -> Result<Value> {
        let item = self.item.take().context("failed to hear the answer")?;
        serde_json::from_str(&item).context("failed to read the answer")
    }
}

impl Talk for Heard {
    fn item(&mut self, json: &str) -> Result<()> {
        // A bar that is still there ends before anything is printed.
        self.progress.progress("", 1, 1);
        self.item = Some(json.to_owned());
        Ok(())
    }

    fn progress(&mut self, what: &str, done: u64, of: u64) {
        self.progress.progress(what, done, of);
    }

    fn next_line(&mut self) -> Result<Option<String>> {
        Ok(None)
    }
}

/// Reads a CSV file of wards and counts; the first line names the columns.
fn read_eligible(path: &Path) -> Result<BTreeMap<WardId, u64>> {
    let name = path.display();
    let size = fs::metadata(path).with_context(|| format!("failed to read {name}"))?.len();
    ensure!(size <= MOST_BYTES, "failed to read {name}: it has {size} bytes and {MOST_BYTES} are the most");
    let bytes = fs::read(path).with_context(|| format!("failed to read {name}"))?;
    parse_eligible(&bytes).with_context(|| format!("failed to read {name}"))
}

fn parse_eligible(bytes: &[u8]) -> Result<BTreeMap<WardId, u64>> {
    // Spreadsheets put a byte order mark in front of UTF-8.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes);
    let head = reader.headers().context("the first line names no columns")?.clone();
    let column = |name: &str| {
        let place = head.iter().position(|column| column.eq_ignore_ascii_case(name));
        place.with_context(|| format!("there is no column {name:?}; the first line must be: ward,count"))
    };
    let (ward_column, count_column) = (column("ward")?, column("count")?);
    let mut counts = BTreeMap::new();
    for (row, line) in reader.records().zip(2..) {
        let row = row.with_context(|| format!("line {line}"))?;
        let cell = |column: usize| row.get(column).unwrap_or_default();
        let ward: WardId = cell(ward_column).parse().with_context(|| format!("line {line}, column ward"))?;
        let count = cell(count_column);
        let count: u64 = count
            .parse()
            .with_context(|| format!("line {line}, column count: {count:?} is no whole number of patients"))?;
        if counts.insert(ward.clone(), count).is_some() {
            bail!("line {line}: ward {ward} stands twice");
        }
    }
    ensure!(!counts.is_empty(), "no ward stands in it");
    Ok(counts)
}

fn write(folder: &Path, made: &Value) -> Result<Vec<PathBuf>> {
    let files = made.pointer("/files").and_then(Value::as_object).context("failed to read the answer")?;
    let mut written = Vec::new();
    for (name, content) in files {
        let path = folder.join(name);
        let content = content.as_str().unwrap_or_default();
        // What is sent has small numbers in it.
        durable_file::replace(&path, content.as_bytes(), Readers::Owner)
            .with_context(|| format!("failed to write {}", path.display()))?;
        written.push(path);
    }
    Ok(written)
}

fn exported(made: &Value) -> Result<ReturnRequest> {
    let read = || {
        let text = |pointer: &str| made.pointer(pointer).and_then(Value::as_str);
        Some(ReturnRequest::Exported {
            month: text("/return/month")?.to_owned(),
            as_of: text("/return/as_of")?.parse().ok()?,
            digest: serde_json::from_value(made.pointer("/digest")?.clone()).ok()?,
        })
    };
    read().context("failed to read the answer")
}

/// The return in words: a line for each ward, then what to look at.
fn words(value: &Value) -> String {
    let text =
        |value: &Value, pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or("").to_owned();
    let mut said = format!(
        "Friends and family test, {}, as of {}. Due on {}, bank holidays not counted.\n\n{:<12} {:>8} {:>9} {:>9} {:>9}\n",
        text(value, "/return/month"),
        text(value, "/return/as_of"),
        text(value, "/due"),
        "ward",
        "answers",
        "eligible",
        "positive",
        "negative"
    );
    let wards = value.pointer("/return/wards").and_then(Value::as_array).into_iter().flatten();
    for ward in wards {
        line(&mut said, &text(ward, "/ward"), ward);
    }
    if let Some(trust) = value.pointer("/return/trust") {
        line(&mut said, "all", trust);
    }
    let findings = value.pointer("/findings").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    match findings.len() {
        0 => said.push_str("\nNothing to look at: it can be sent.\n"),
        count => writeln!(said, "\nTo look at before it is sent: {count}").unwrap_or_default(),
    }
    for finding in findings {
        let about = text(finding, "/about");
        let about = if about.is_empty() { about } else { format!("{about}: ") };
        writeln!(said, "- {about}{}\n  {}", text(finding, "/says"), text(finding, "/next")).unwrap_or_default();
    }
    said
}

fn line(said: &mut String, name: &str, row: &Value) {
    let total = row.pointer("/figures/total").and_then(Value::as_u64).unwrap_or(0);
    let percent = |name: &str| {
        let percent = row.pointer(&format!("/figures/{name}")).and_then(Value::as_f64);
        percent.map_or_else(|| "-".to_owned(), |percent| format!("{percent:.1} %"))
    };
    let eligible = row.pointer("/eligible").and_then(Value::as_u64);
    let is = |flag: &str| row.pointer(&format!("/suppressed/{flag}")).and_then(Value::as_bool) == Some(true);
    let suppressed = if is("first") || is("second") || is("cascade") { "  suppressed when published" } else { "" };
    writeln!(
        said,
        "{name:<12} {:>8} {:>9} {:>9} {:>9}{suppressed}",
        total,
        eligible.map_or_else(|| "?".to_owned(), |count| count.to_string()),
        percent("positive"),
        percent("negative")
    )
    .unwrap_or_default();
}

/// `W12  312`
fn eligible(value: &Value) -> String {
    let ward = value.pointer("/ward").and_then(Value::as_str).unwrap_or("");
    let count = value.pointer("/count").and_then(Value::as_u64);
    format!("{ward:<12} {:>9}", count.map_or_else(|| "?".to_owned(), |count| count.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_eligible_patients_is_read_or_says_which_line_is_wrong() {
        let check = |text: &str, expected: Result<&[(&str, u64)], &str>| {
            let found = parse_eligible(text.as_bytes());
            match (found, expected) {
                (Ok(found), Ok(expected)) => {
                    let found: Vec<(&str, u64)> =
                        found.iter().map(|(ward, count)| (ward.as_str(), *count)).collect();
                    assert_eq!(found, expected, "{text}");
                }
                (Err(error), Err(says)) => assert!(format!("{error:#}").contains(says), "{text}: {error:#}"),
                (found, expected) => unreachable!("{text}: {found:?}, not {expected:?}"),
            }
        };
        check("ward,count\nW1,10\nW2,0\n", Ok(&[("W1", 10), ("W2", 0)]));
        check("\u{feff}Ward,name,COUNT\r\nW1,\"One, the first\", 12 \r\n", Ok(&[("W1", 12)]));
        check("", Err("there is no column \"ward\""));
        check("W1,10\n", Err("there is no column \"ward\""));
        check("ward,count\n", Err("no ward stands in it"));
        check("ward,count\nW1,ten\n", Err("line 2, column count"));
        check("ward,count\nW1,-1\n", Err("line 2, column count"));
        check("ward,count\nW1,1\nW1,2\n", Err("line 3: ward W1 stands twice"));
        check("ward,count\nW 1,1\n", Err("line 2, column ward"));
        check("ward,count\nW1\n", Err("line 2"));
    }
    proptest::proptest! {
        #[test]
        fn any_file_of_eligible_patients_is_read_or_refused(
            bytes in crate::garbled::bytes(vec![
                b"ward,count\nW1,10\nW2,0\n".to_vec(),
                "\u{feff}Ward,name,COUNT\r\nW1,\"One, the first\", 12 \r\n".as_bytes().to_vec(),
                b"count;ward\n\"\"\",\n".to_vec(),
            ]),
        ) {
            if let Ok(counts) = parse_eligible(&bytes) {
                proptest::prop_assert!(!counts.is_empty());
            }
        }
    }
}
