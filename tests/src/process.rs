//! A process of a story: started with its output in a file, killed without mercy, never left behind.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use crate::wait::until;

/// The clock ticks of `/proc/<pid>/stat`: fixed at 100 a second on every Linux this runs on.
const TICKS_PER_SECOND: f64 = 100.0;

/// A running process. Dropping it kills it.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts a command; what it prints goes to `<directory>/<name>.log`, after what an earlier one left there.
    pub fn start(name: &str, mut command: Command, directory: &Path) -> Result<Self> {
        let log = directory.join(format!("{name}.log"));
        let output = File::options()
            .create(true)
            .append(true)
            .open(&log)
            .with_context(|| format!("failed to open {}", log.display()))?;
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        Self::spawn(name, command, log)
    }

    /// Starts a command with its input and output as pipes; what it says on stderr goes to the file.
    pub fn start_piped(name: &str, mut command: Command, directory: &Path) -> Result<Self> {
        let log = directory.join(format!("{name}.log"));
        let errors = File::options()
            .create(true)
            .append(true)
            .open(&log)
            .with_context(|| format!("failed to open {}", log.display()))?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(errors);
        Self::spawn(name, command, log)
    }

    fn spawn(name: &str, mut command: Command, log: PathBuf) -> Result<Self> {
        let child = command
            .spawn()
            .with_context(|| format!("failed to start {name} ({})", command.get_program().display()))?;
        Ok(Self { name: name.to_owned(), child, log })
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The child, for its pipes.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// What it has printed so far, and what its predecessors of the same name printed.
    pub fn output(&self) -> String {
        fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// SIGKILL, then waits for the end. Nothing to do when it has ended already.
    pub fn kill(&mut self) -> Result<ExitStatus> {
        if let Some(status) = self.ended()? {
            return Ok(status);
        }
        self.child.kill().with_context(|| format!("failed to kill {}", self.name))?;
        self.child.wait().with_context(|| format!("failed to wait for {}", self.name))
    }

    /// Sends a signal by name, such as `TERM` or `INT`.
    pub fn signal(&self, signal: &str) -> Result<()> {
        let status = Command::new("kill")
            .args([format!("-{signal}"), self.id().to_string()])
            .status()
            .context("failed to run kill")?;
        ensure!(status.success(), "failed to send {signal} to {}", self.name);
        Ok(())
    }

    /// Asks it to end with SIGTERM and waits for that.
    pub fn terminate(&mut self, deadline: Duration) -> Result<ExitStatus> {
        if self.ended()?.is_none() {
            self.signal("TERM")?;
        }
        self.wait(deadline)
    }

    /// Waits for it to end by itself.
    pub fn wait(&mut self, deadline: Duration) -> Result<ExitStatus> {
        let what = format!("{} to end", self.name);
        until(&what, deadline, || self.ended())
    }

    /// How it ended, when it has.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().with_context(|| format!("failed to look at {}", self.name))
    }

    /// An error with the end of its output, when it has ended and should not have.
    pub fn must_be_running(&mut self) -> Result<()> {
        let ended = self.ended()?;
        ensure!(ended.is_none(), "{} ended with {ended:?}:\n{}", self.name, self.last_words());
        Ok(())
    }

    /// The last lines of its output.
    pub fn last_words(&self) -> String {
        let output = self.output();
        let lines: Vec<&str> = output.lines().collect();
        lines.iter().skip(lines.len().saturating_sub(40)).copied().collect::<Vec<_>>().join("\n")
    }

    /// The processor time it has used, user and system, in seconds.
    pub fn cpu_seconds(&self) -> Result<f64> {
        cpu_seconds(self.id())
    }

    /// Its resident memory in bytes.
    pub fn resident_bytes(&self) -> Result<u64> {
        self.memory("VmRSS:")
    }

    /// Memory that is its own, in bytes: what it has written to, wherever the kernel keeps that. Pages of its program and of other files
    /// are not: they are read again when they are needed, and how many are resident says how much of the program has run so far.
    pub fn held_bytes(&self) -> Result<u64> {
        ["RssAnon:", "RssShmem:", "VmSwap:"].into_iter().map(|name| self.memory(name)).sum()
    }

    /// The most resident memory it ever had, in bytes.
    pub fn peak_bytes(&self) -> Result<u64> {
        self.memory("VmHWM:")
    }

    fn memory(&self, name: &str) -> Result<u64> {
        let path = format!("/proc/{}/status", self.id());
        let status = fs::read_to_string(&path).with_context(|| format!("failed to read {path}"))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let line = line.with_context(|| format!("there is no line {name} in {path}"))?;
        let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kilobytes * 1024)
    }

    /// How many files and sockets it has open.
    pub fn open_files(&self) -> Result<usize> {
        let path = format!("/proc/{}/fd", self.id());
        Ok(fs::read_dir(&path).with_context(|| format!("failed to read {path}"))?.count())
    }
}

/// What a process has open, as the system names it: a path, or such as `socket:[4711]`. What is closed meanwhile is left out.
pub fn what_is_open(process: u32) -> Result<Vec<PathBuf>> {
    let path = format!("/proc/{process}/fd");
    let mut found = Vec::new();
    for entry in fs::read_dir(&path).with_context(|| format!("failed to read {path}"))? {
        found.extend(fs::read_link(entry?.path()).ok());
    }
    Ok(found)
}

/// The processor time a process has used, user and system, in seconds.
pub fn cpu_seconds(process: u32) -> Result<f64> {
    let path = format!("/proc/{process}/stat");
    let stat = fs::read_to_string(&path).with_context(|| format!("failed to read {path}"))?;
    // The name in parentheses may hold spaces; the fields after it are numbered from 3, user and system are 14, 15.
    let (_, fields) = stat.rsplit_once(')').context("the stat line has no name")?;
    let ticks: Vec<u64> = fields.split_whitespace().skip(11).take(2).map(str::parse).collect::<Result<_, _>>()?;
    Ok(ticks.iter().sum::<u64>() as f64 / TICKS_PER_SECOND)
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Err(error) = self.kill() {
            tracing::warn!("{error:#}");
        }
    }
}
