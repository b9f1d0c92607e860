//! A fleet of kiosks without windows: `wardvoice-kiosk simulate`.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::process::Process;
use crate::programs;

/// A running fleet.
#[derive(Debug)]
pub struct Fleet {
    process: Process,
}

impl Fleet {
    /// Starts a fleet that goes on by itself.
    pub fn start(port: u16, arguments: &[&str], directory: &Path) -> Result<Self> {
        let process =
            Process::start("fleet", Self::command(&format!("mqtt://127.0.0.1:{port}"), arguments)?, directory)?;
        Ok(Self { process })
    }

    /// Runs a fleet to its end and returns what it reports.
    pub fn run(port: u16, arguments: &[&str]) -> Result<Value> {
        Self::run_against(&format!("mqtt://127.0.0.1:{port}"), arguments)
    }

    /// The same against a broker at any address.
    pub fn run_against(broker: &str, arguments: &[&str]) -> Result<Value> {
        let output = Self::command(broker, arguments)?
            .arg("--json")
            .stdin(Stdio::null())
            .output()
            .context("failed to start the fleet")?;
        let said = String::from_utf8_lossy(&output.stdout);
        ensure!(
            output.status.success(),
            "the fleet ended with {}: {said}{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
        let last = said.lines().next_back().unwrap_or_default();
        serde_json::from_str(last).with_context(|| format!("the fleet reported no JSON: {said}"))
    }

    /// Waits for its end.
    pub fn finish(&mut self, deadline: Duration) -> Result<()> {
        let status = self.process.wait(deadline)?;
        ensure!(status.success(), "the fleet ended with {status}:\n{}", self.process.last_words());
        Ok(())
    }

    /// The process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    fn command(broker: &str, arguments: &[&str]) -> Result<Command> {
        let mut command = Command::new(programs::kiosk()?);
        command.arg("simulate").arg("--broker").arg(broker).args(arguments);
        Ok(command)
    }
}
