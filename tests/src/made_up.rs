//! The demonstration's made-up trust, and the same as an installation: its wards, patients and accounts behind the doors that a real
//! one has.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::http::Http;
use crate::process::Process;
use crate::programs;
use crate::wait::{PATIENCE, until};

/// Making up a past takes a while where nothing is optimised.
const MADE_UP: Duration = Duration::from_mins(3);
/// A dense past takes longer, and so does opening it again.
const MADE_UP_DENSE: Duration = Duration::from_hours(3);

/// What the same is set to as an installation.
const SETTINGS: &str = r#"
[kiosks]
accept_simulated = true

[[publish]]
edition = "public"
out = "www"

[[publish]]
edition = "trust"
out = "intranet"
"#;

/// A demonstration in a folder of its own.
#[derive(Debug)]
pub struct MadeUpTrust {
    process: Process,
    http: String,
    mqtt: String,
}

impl MadeUpTrust {
    /// Makes up so many fortnights in a folder and serves them, with nobody having to sign in for wards.
    pub fn start(folder: &Path, fortnights: u32) -> Result<Self> {
        let fortnights = fortnights.to_string();
        Self::run(folder, "demo", &["demo", "--fortnights", &fortnights, "--json"], MADE_UP)
    }

    /// The same with so many times as many patients, for measurements.
    pub fn start_dense(folder: &Path, fortnights: u32, times: u32) -> Result<Self> {
        let (fortnights, times) = (fortnights.to_string(), times.to_string());
        let arguments = ["demo", "--fortnights", &fortnights, "--times", &times, "--json"];
        Self::run(folder, "demo", &arguments, MADE_UP_DENSE)
    }

    /// Ends it, and serves the same as an installation: whoever wants to see something signs in.
    pub fn turn_real(mut self, folder: &Path) -> Result<Self> {
        let status = self.process.terminate(PATIENCE)?;
        ensure!(status.success(), "the demonstration ended with {status}:\n{}", self.process.last_words());
        let data = folder.join("aggregator");
        // Without its mark a folder is like any other.
        fs::remove_file(data.join("demonstration")).context("failed to take the mark away")?;
        fs::write(data.join("config.toml"), SETTINGS)?;
        Self::run(folder, "serve", &["serve"], MADE_UP)
    }

    /// Ends it in order.
    pub fn stop(mut self) -> Result<()> {
        let status = self.process.terminate(PATIENCE)?;
        ensure!(status.success(), "it ended with {status}:\n{}", self.process.last_words());
        Ok(())
    }

    fn run(folder: &Path, name: &str, arguments: &[&str], patience: Duration) -> Result<Self> {
        let data = folder.join("aggregator");
        fs::create_dir_all(&data)?;
        let addresses = data.join("addresses.json");
        if addresses.exists() {
            fs::remove_file(&addresses)?;
        }
        let mut command = Command::new(programs::aggregator()?);
        command.arg("--data").arg(&data).args(arguments);
        command.args(["--listen", "127.0.0.1:0", "--broker-listen", "127.0.0.1:0"]);
        let mut process = Process::start(name, command, folder)?;
        let said = until("the addresses", patience, || {
            process.must_be_running()?;
            Ok(fs::read(&addresses).ok().and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok()))
        })?;
        let address = |kind: &str| -> Result<String> {
            let found = said.get(kind).and_then(Value::as_str);
            Ok(found.with_context(|| format!("no {kind} in {said}"))?.trim_end_matches('/').to_owned())
        };
        let (http, mqtt) = (address("http")?, address("mqtt")?);
        let asking = Http::new()?;
        until("the demonstration to be well", PATIENCE, || {
            process.must_be_running()?;
            Ok(asking.get(&format!("{http}/healthz")).ok().filter(|answer| answer.status == 200))
        })?;
        Ok(Self { process, http, mqtt })
    }

    /// Where its pages are, without a slash at the end.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.http)
    }

    /// The port that kiosks connect to.
    pub fn broker_port(&self) -> Result<u16> {
        let (_, port) = self.mqtt.rsplit_once(':').context("the broker has no port")?;
        port.parse().context("the broker's port is no number")
    }

    /// The running program.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }
}
