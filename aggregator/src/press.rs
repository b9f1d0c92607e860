//! `wardvoice-report`, the program that sets papers: where it is, and how it is run.
//!
//! It is a program of its own, so that a typesetter is no part of the server: it is started for one paper, bounds itself in time and
//! memory, and is ended here when it does not. It is looked for where `WARDVOICE_REPORT` says, or beside this program.

use std::env;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::time::timeout;
use wardvoice_paper::Paper;

/// The setting that says where the program is.
pub const SETTING: &str = "WARDVOICE_REPORT";
/// Its name.
const PROGRAM: &str = "wardvoice-report";
/// So long a paper may take; the program gives up before.
const DEADLINE: Duration = Duration::from_secs(30);
/// The most bytes of a PDF that are taken.
const MOST_BYTES: u64 = 64 * 1024 * 1024;
/// The most bytes of what the program says that are kept.
const MOST_SAID: u64 = 4_000;

/// The program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Press {
    program: PathBuf,
}

/// Why a paper is not set.
#[derive(Debug, thiserror::Error)]
pub enum PressError {
    /// The program is not there.
    #[error(
        "find wardvoice-report, which makes PDFs: {program} is not there; install it beside this program, or say where it is in {SETTING}",
        program = program.display()
    )]
    Missing {
        /// Where it was looked for.
        program: PathBuf,
    },
    /// It cannot be run.
    #[error("run {program}: {source}", program = program.display())]
    Run {
        /// The program.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It did not end in time and was ended.
    #[error("make the PDF: it took longer than {} s", .0.as_secs())]
    TooSlow(Duration),
    /// It refused or failed, and said why.
    #[error("make the PDF: {0}")]
    Refused(String),
    /// What it wrote is no PDF, or too long.
    #[error("make the PDF: what wardvoice-report wrote is no PDF of at most {MOST_BYTES} bytes")]
    NoPdf,
    /// The paper cannot be written.
    #[error("write the report as JSON: {0}")]
    Paper(#[from] serde_json::Error),
}

impl Press {
    /// The program of this machine.
    pub fn of_this_machine() -> Self {
        let said = env::var_os(SETTING).filter(|path| !path.is_empty()).map(PathBuf::from);
        let beside = || env::current_exe().unwrap_or_default().with_file_name(PROGRAM);
        Self { program: said.unwrap_or_else(beside) }
    }

    /// A program of one's own.
    pub fn at(program: PathBuf) -> Self {
        Self { program }
    }

    /// Whether it is there.
    pub fn ready(&self) -> Result<(), PressError> {
        let missing = || PressError::Missing { program: self.program.clone() };
        self.program.is_file().then_some(()).ok_or_else(missing)
    }

    /// Sets a paper. A program that is not awaited to its end is ended.
    pub async fn print(&self, paper: &Paper) -> Result<Vec<u8>, PressError> {
        self.ready()?;
        let json = serde_json::to_vec(paper)?;
        let run = |source| PressError::Run { program: self.program.clone(), source };
        let mut child = Command::new(&self.program)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(run)?;
        let ended = timeout(DEADLINE, talk(&mut child, &json)).await;
        let (pdf, said, well) = ended.map_err(|_| PressError::TooSlow(DEADLINE))?.map_err(run)?;
        if !well {
            let said = said.trim().trim_start_matches("wardvoice-report: failed to ");
            return Err(PressError::Refused(if said.is_empty() { "it did not say why" } else { said }.to_owned()));
        }
        if pdf.starts_with(b"%PDF-") && pdf.len() as u64 <= MOST_BYTES { Ok(pdf) } else { Err(PressError::NoPdf) }
    }
}

/// Hands the paper over and takes what comes; both at once, because either pipe may fill.
async fn talk(child: &mut Child, json: &[u8]) -> io::Result<(Vec<u8>, String, bool)> {
    let (mut pdf, mut said) = (Vec::new(), Vec::new());
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let hand_over = async {
        if let Some(mut stdin) = stdin {
            // A program that refuses early does not read to the end; it says why.
            drop(stdin.write_all(json).await);
        }
    };
    let take = async {
        match stdout {
            Some(stdout) => stdout.take(MOST_BYTES + 1).read_to_end(&mut pdf).await.map(drop),
            None => Ok(()),
        }
    };
    let hear = async {
        match stderr {
            Some(stderr) => stderr.take(MOST_SAID).read_to_end(&mut said).await.map(drop),
            None => Ok(()),
        }
    };
    let ((), taken, heard) = tokio::join!(hand_over, take, hear);
    taken.and(heard)?;
    let status = child.wait().await?;
    Ok((pdf, String::from_utf8_lossy(&said).into_owned(), status.success()))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use wardvoice_paper::{Foot, Front, Report, VERSION, YouSaidWeDid};

    use super::*;

    fn paper() -> Paper {
        let text = || "x".to_owned();
        let front = Front {
            title: text(),
            unit: text(),
            trust: text(),
            period: text(),
            made_on: "2026-11-20".to_owned(),
            language: "en".to_owned(),
            notices: Vec::new(),
        };
        let foot =
            Foot { n: None, standing: None, revision: None, definition: None, questionnaire: None, log: None };
        let report = YouSaidWeDid { size: wardvoice_paper::Size::A4, changes: Vec::new() };
        Paper { version: VERSION, front, foot, report: Report::YouSaidWeDid(Box::new(report)) }
    }

    async fn print(script: &str) -> Result<Vec<u8>, String> {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("press");
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        Press::at(program).print(&paper()).await.map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn what_the_program_writes_is_taken_and_what_it_says_is_said() {
        assert_eq!(print("/bin/cat >/dev/null; printf '%%PDF-1.7 x'").await.unwrap(), b"%PDF-1.7 x");
        let refused =
            print("echo 'wardvoice-report: failed to use the field front.title: it is empty' >&2; exit 1");
        assert_eq!(refused.await.unwrap_err(), "make the PDF: use the field front.title: it is empty");
        assert_eq!(print("exit 1").await.unwrap_err(), "make the PDF: it did not say why");
        assert!(print("echo hello").await.unwrap_err().contains("is no PDF"));
    }

    #[tokio::test]
    async fn a_missing_program_is_named_with_what_to_do() {
        let error = Press::at("/nowhere/wardvoice-report".into()).print(&paper()).await.unwrap_err().to_string();
        assert!(error.contains("/nowhere/wardvoice-report is not there"), "{error}");
        assert!(error.contains(SETTING), "{error}");
    }
}
