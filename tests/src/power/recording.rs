//! A process that is being recorded.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::trace::recorder;
use crate::process;
use crate::wait::until;

/// A process under `strace`. Dropping it kills both: `strace` alone would leave its process running.
#[derive(Debug)]
pub struct Recorded {
    recorder: process::Process,
    inner: u32,
}

impl Recorded {
    /// Starts a command recorded into a file; what it prints goes to `<directory>/<name>.log`.
    pub fn start(name: &str, command: &Command, recording: &Path, directory: &Path) -> Result<Self> {
        let mut outer = recorder(recording)?;
        outer.arg(command.get_program()).args(command.get_args());
        let mut recorder = process::Process::start(name, outer, directory)?;
        let id = recorder.id();
        let program = Path::new(command.get_program()).canonicalize()?;
        // `strace` has other children while it starts, to try things out.
        let is_it = |child: &&str| fs::read_link(format!("/proc/{child}/exe")).is_ok_and(|exe| exe == program);
        let inner = until("the recorded process to start", Duration::from_secs(30), || {
            recorder.must_be_running()?;
            let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children"))?;
            Ok(children.split_whitespace().find(is_it).and_then(|child| child.parse().ok()))
        })?;
        Ok(Self { recorder, inner })
    }

    /// An error with the end of its output, when it has ended and should not have.
    pub fn must_be_running(&mut self) -> Result<()> {
        self.recorder.must_be_running()
    }

    /// Sends it a signal by name and waits for the end.
    pub fn end(&mut self, signal: &str, deadline: Duration) -> Result<ExitStatus> {
        tell(self.inner, signal)?;
        self.recorder.wait(deadline)
    }
}

impl Drop for Recorded {
    fn drop(&mut self) {
        if matches!(self.recorder.ended(), Ok(None)) {
            // It may end in the same moment.
            drop(tell(self.inner, "KILL"));
        }
    }
}

fn tell(process: u32, signal: &str) -> Result<()> {
    let status = Command::new("kill")
        .args([format!("-{signal}"), process.to_string()])
        .stderr(Stdio::null())
        .status()
        .context("failed to run kill")?;
    ensure!(status.success(), "failed to send {signal} to {process}");
    Ok(())
}

/// Runs a command to its end, recorded into a file; the end must be in order, or must not.
pub fn record(command: &Command, recording: &Path, in_order: bool) -> Result<()> {
    let mut outer = recorder(recording)?;
    outer.arg(command.get_program()).args(command.get_args());
    let output = outer.stdin(Stdio::null()).output().context("failed to start strace")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success() == in_order,
        "{} ended with {}: {said}",
        command.get_program().display(),
        output.status
    );
    Ok(())
}

/// One process of a life.
#[derive(Debug)]
pub struct Process {
    /// What it did.
    pub recording: PathBuf,
    /// The data directory as it left it to the next one; none for the last.
    pub left: Option<PathBuf>,
}

/// Copies a directory with everything in it.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir(to).with_context(|| format!("failed to make {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("failed to read {}", from.display()))? {
        let entry = entry?;
        let (kind, target) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() {
            copy(&entry.path(), &target)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
