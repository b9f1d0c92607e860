//! A demonstration of a story's own: a made-up trust with a past, in a folder of its own, on free ports.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::process::Process;
use crate::programs;
use crate::wait::until;

/// Making up the past is most of it.
const STARTED: Duration = Duration::from_mins(2);

/// A demonstration. Dropping it ends it.
#[derive(Debug)]
pub struct Demonstration {
    folder: tempfile::TempDir,
    process: Option<Process>,
    base: String,
    broker: String,
    starts: u32,
}

impl Demonstration {
    /// Makes up a trust with ten fortnights of past and serves it.
    pub fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut one = Self { folder, process: None, base: String::new(), broker: String::new(), starts: 0 };
        one.start_again()?;
        Ok(one)
    }

    /// Serves it again after it was killed.
    pub fn start_again(&mut self) -> Result<()> {
        self.starts += 1;
        let mut command = self.command()?;
        command.args(["demo", "--json"]);
        let mut process = Process::start(&format!("demo-{}", self.starts), command, self.folder.path())?;
        let said = until("the demonstration to say where it is", STARTED, || {
            process.must_be_running()?;
            let output = process.output();
            Ok(output.lines().find_map(|line| serde_json::from_str::<Value>(line).ok()).filter(Value::is_object))
        })?;
        said.get("http").and_then(Value::as_str).context("no address")?.clone_into(&mut self.base);
        said.get("mqtt").and_then(Value::as_str).context("no broker")?.clone_into(&mut self.broker);
        self.process = Some(process);
        Ok(())
    }

    /// SIGKILL.
    pub fn kill(&mut self) -> Result<()> {
        self.process.take().context("it is not running")?.kill()?;
        Ok(())
    }

    /// Where its pages are, without a slash at the end.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The port of its broker.
    pub fn broker_port(&self) -> Result<u16> {
        let port = self.broker.rsplit(':').next().context("the broker has no port")?;
        port.parse().with_context(|| format!("{} has no port", self.broker))
    }

    /// A folder that goes with it.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its program with `--data`, to be given a command.
    pub fn command(&self) -> Result<Command> {
        let mut command = Command::new(programs::aggregator()?);
        command.arg("--data").arg(self.folder.path().join("data"));
        Ok(command)
    }

    /// Runs a command; anything but exit code 0 is an error.
    pub fn run(&self, arguments: &[&str]) -> Result<String> {
        let output = self.command()?.args(arguments).output()?;
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.success(), "{arguments:?} ended with {}: {errors}", output.status);
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Runs a command with `--json` and reads what it prints.
    pub fn json(&self, arguments: &[&str]) -> Result<Value> {
        let mut arguments = arguments.to_vec();
        arguments.push("--json");
        let text = self.run(&arguments)?;
        serde_json::from_str(&text).with_context(|| format!("{arguments:?} printed no JSON: {text}"))
    }
}
