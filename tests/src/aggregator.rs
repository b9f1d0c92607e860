//! An aggregator of a story's own: its data in the story's directory, its ports the same over every restart.

use std::fs;
use std::io::{BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::clock::WallClock;
use crate::http::Http;
use crate::ledger::Ledger;
use crate::loopback;
use crate::process::Process;
use crate::programs;
use crate::unit;
use crate::wait::{PATIENCE, until_true};

/// The account that may read pages.
pub const OFFICE: &str = "office";
/// Its password in every story.
pub const PASSWORD: &str = "correct horse battery staple";

/// Who carries the messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Carrier {
    /// The broker inside the aggregator.
    Embedded,
    /// A broker of its own, at this address.
    External(String),
    /// The same, over TLS.
    Encrypted {
        /// Its address.
        url: String,
        /// The PEM file of the authority its certificate is checked with.
        authority: PathBuf,
    },
    /// The broker inside, for kiosks with certificates of the built-in authority.
    Certified,
    /// A broker of its own on this port, which the aggregator shows such a certificate, and tells in `certificates/revoked.pem` beside its data
    /// what was taken back.
    CertifiedExternal(u16),
}

/// An aggregator.
#[derive(Debug)]
pub struct Aggregator {
    data: PathBuf,
    logs: PathBuf,
    web_port: u16,
    broker_port: Option<u16>,
    http: Http,
    process: Option<Process>,
    clock: Option<WallClock>,
    environment: Vec<(String, String)>,
}

impl Aggregator {
    /// Lays out a data folder with a small trust of 26 wards; nothing is started.
    pub fn prepare(directory: &Path, carrier: &Carrier) -> Result<Self> {
        let data = directory.join("aggregator");
        fs::create_dir_all(&data).with_context(|| format!("failed to make {}", data.display()))?;
        let web_port = loopback::free_port()?;
        let (broker, broker_port) = match carrier {
            Carrier::Embedded => {
                let port = loopback::free_port()?;
                (format!("listen = \"127.0.0.1:{port}\""), Some(port))
            }
            Carrier::External(url) => (format!("url = \"{url}\""), None),
            Carrier::Encrypted { url, authority } => {
                (format!("url = \"{url}\"\nca_file = \"{}\"", authority.display()), None)
            }
            Carrier::Certified => {
                let port = loopback::free_port()?;
                (format!("listen = \"127.0.0.1:{port}\"\nencrypted = true\n{}", enrolling()?), Some(port))
            }
            Carrier::CertifiedExternal(port) => {
                let list = directory.join("certificates/revoked.pem");
                let told = format!("show_certificate = true\nrevoked_file = \"{}\"", list.display());
                (format!("url = \"mqtts://localhost:{port}\"\n{told}\n{}", enrolling()?), None)
            }
        };
        let config = format!(
            "[broker]\n{broker}\n\n[web]\nlisten = \"127.0.0.1:{web_port}\"\n\n[kiosks]\naccept_simulated = true\n"
        );
        fs::write(data.join("config.toml"), config)?;
        fs::write(data.join("directory.json"), serde_json::to_vec_pretty(&small_trust())?)?;
        let logs = directory.to_path_buf();
        let http = Http::new()?.with_account(OFFICE, PASSWORD);
        Ok(Self { data, logs, web_port, broker_port, http, process: None, clock: None, environment: Vec::new() })
    }

    /// Lets the server and its commands live by a clock of the story's, from the next start on.
    pub fn live_by(&mut self, clock: &WallClock) {
        self.clock = Some(clock.clone());
    }

    /// Lets the server run in the environment that its unit gives it, from the next start on.
    pub fn runs_as_a_service(&mut self) -> Result<()> {
        self.environment = unit::environment()?;
        Ok(())
    }

    /// The clock it lives by, where that is not the machine's.
    pub fn clock(&self) -> Option<&WallClock> {
        self.clock.as_ref()
    }

    /// Starts `serve` and waits until it says it is well.
    pub fn start(&mut self) -> Result<()> {
        self.start_with(None)
    }

    /// Starts `serve` with kill points armed, such as `log.before_flush=3*off->return`.
    pub fn start_with(&mut self, failpoints: Option<&str>) -> Result<()> {
        self.spawn(failpoints)?;
        self.wait_until_well()
    }

    /// Starts `serve` with arguments of its own, as typed by hand.
    pub fn serve(&mut self, arguments: &[&str]) -> Result<()> {
        let mut command = self.command()?;
        command.arg("serve").args(arguments);
        self.process = Some(Process::start("aggregator", command, &self.logs)?);
        self.wait_until_well()
    }

    /// Starts `serve` such that it says as much as somebody who looks for a fault lets it.
    pub fn start_talkative(&mut self) -> Result<()> {
        let mut command = self.command()?;
        command.arg("serve").env("WARDVOICE_LOG", "debug");
        self.process = Some(Process::start("aggregator", command, &self.logs)?);
        self.wait_until_well()
    }

    /// Starts `serve` without waiting: an armed kill point may end it before it is well.
    pub fn spawn(&mut self, failpoints: Option<&str>) -> Result<()> {
        let mut command = self.command()?;
        command.arg("serve").envs(self.environment.iter().map(|(name, value)| (name, value)));
        arm(&mut command, failpoints);
        self.process = Some(Process::start("aggregator", command, &self.logs)?);
        Ok(())
    }

    /// Waits until `/healthz` answers.
    pub fn wait_until_well(&mut self) -> Result<()> {
        let url = self.url("/healthz");
        let process = self.process.as_mut().context("the aggregator is not started")?;
        let http = &self.http;
        until_true("the aggregator to be well", PATIENCE, || {
            process.must_be_running()?;
            Ok(http.get(&url).is_ok_and(|answer| answer.status == 200))
        })
    }

    /// SIGKILL.
    pub fn kill(&mut self) -> Result<()> {
        if let Some(mut process) = self.process.take() {
            process.kill()?;
        }
        Ok(())
    }

    /// SIGTERM, and an end in order with code 0.
    pub fn stop(&mut self) -> Result<()> {
        if let Some(mut process) = self.process.take() {
            let status = process.terminate(Duration::from_secs(30))?;
            ensure!(status.success(), "the aggregator ended with {status}:\n{}", process.last_words());
        }
        Ok(())
    }

    /// The running process.
    pub fn process(&mut self) -> Result<&mut Process> {
        self.process.as_mut().context("the aggregator is not started")
    }

    /// Its data folder.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The address of a page.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.web_port)
    }

    /// The port of its pages.
    pub fn web_port(&self) -> u16 {
        self.web_port
    }

    /// The port of the broker inside.
    pub fn broker_port(&self) -> Result<u16> {
        self.broker_port.context("this aggregator has no broker inside")
    }

    /// Asks a page or the API.
    pub fn http(&self) -> &Http {
        &self.http
    }

    /// Its program with `--data`, to be given a command.
    pub fn command(&self) -> Result<Command> {
        let mut command = Command::new(programs::aggregator()?);
        command.arg("--data").arg(&self.data);
        if let Some(clock) = &self.clock {
            clock.wind(&mut command);
        }
        Ok(command)
    }

    /// Runs a command of its command line; anything but exit code 0 is an error.
    pub fn run(&self, arguments: &[&str]) -> Result<String> {
        let output = self.try_run(arguments)?;
        ensure!(
            output.status.success(),
            "`{}` ended with {}: {}{}",
            arguments.join(" "),
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Gives the office its password and signs in, so that pages can be read. The aggregator must be running.
    pub fn open_the_office(&mut self) -> Result<()> {
        let mut command = self.command()?;
        command.args(["user", "add", OFFICE, "--password-stdin"]).stdin(Stdio::piped());
        let mut child = command.stdout(Stdio::null()).spawn().context("failed to add an account")?;
        let mut input = child.stdin.take().context("no input")?;
        writeln!(input, "{PASSWORD}")?;
        drop(input);
        let status = child.wait()?;
        ensure!(status.success(), "`user add` ended with {status}");
        self.sign_in()
    }

    /// Signs in again, as after a restart.
    pub fn sign_in(&mut self) -> Result<()> {
        let base = self.url("");
        self.http.sign_in(&base, OFFICE, PASSWORD)
    }

    /// Runs a command and hands back how it ended.
    pub fn try_run(&self, arguments: &[&str]) -> Result<Output> {
        self.command()?.args(arguments).output().with_context(|| format!("failed to run {arguments:?}"))
    }

    /// Runs a command with `--json` and reads what it prints.
    pub fn json(&self, arguments: &[&str]) -> Result<Value> {
        let mut arguments = arguments.to_vec();
        arguments.push("--json");
        let text = self.run(&arguments)?;
        serde_json::from_str(&text).with_context(|| format!("`{}` printed no JSON: {text}", arguments.join(" ")))
    }

    /// Runs a command that lists, with `--json`: one array, or a line each.
    pub fn list(&self, arguments: &[&str]) -> Result<Vec<Value>> {
        let mut arguments = arguments.to_vec();
        arguments.push("--json");
        let text = self.run(&arguments)?;
        match serde_json::from_str(&text) {
            Ok(Value::Array(items)) => Ok(items),
            _ => text.lines().map(|line| serde_json::from_str(line).map_err(Into::into)).collect(),
        }
    }

    /// Everything that is stored, by `export`.
    pub fn ledger(&self) -> Result<Ledger> {
        Ledger::read(&self.run(&["export"])?)
    }

    /// The same for a log that is too long to be held as text.
    pub fn ledger_as_it_comes(&self) -> Result<Ledger> {
        let mut command = self.command()?;
        command.arg("export").stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().context("failed to start an export")?;
        let said = child.stdout.take().context("the export has no output")?;
        let ledger = Ledger::read_from(BufReader::new(said));
        let status = child.wait().context("failed to wait for an export")?;
        ensure!(status.success(), "`export` ended with {status}");
        ledger
    }

    /// What `verify --deep` says; it ends with exit code 1, an error here, when something is wrong.
    pub fn verify(&self) -> Result<Value> {
        self.json(&["verify", "--deep"])
    }
}

/// The settings of an aggregator that takes kiosks in.
fn enrolling() -> Result<String> {
    let port = loopback::free_port()?;
    Ok(format!("\n[authority]\nnames = [\"localhost\"]\n\n[enrolment]\nlisten = \"127.0.0.1:{port}\""))
}

/// Arms kill points for a program.
pub fn arm(command: &mut Command, failpoints: Option<&str>) {
    if let Some(failpoints) = failpoints {
        command.env("WARDVOICE_FAILPOINTS", failpoints).env("FAILPOINTS", failpoints);
    }
}

/// A trust of one site, two departments, 26 wards (`W1` to `W26`, odd ones medical) and two consultants.
pub fn small_trust() -> Value {
    let ward = |number: u32| {
        let (department, specialty) = if number % 2 == 1 { ("D1", "general") } else { ("D2", "surgery") };
        json!({
            "id": format!("W{number}"), "name": format!("Ward {number}"), "site": "S1", "department": department,
            "specialties": [specialty], "beds": 18 + number % 3 * 5
        })
    };
    json!({
        "version": 1,
        "trust": { "id": "T1", "name": "Example Trust" },
        "sites": [{ "id": "S1", "name": "Example Infirmary" }],
        "departments": [{ "id": "D1", "name": "Medicine" }, { "id": "D2", "name": "Surgery" }],
        "specialties": [{ "id": "general", "name": "General medicine" }, { "id": "surgery", "name": "Surgery" }],
        "wards": (1..=26).map(ward).collect::<Vec<_>>(),
        "consultants": [
            { "id": "C001", "label": "Consultant C001", "specialty": "general", "wards": ["W1", "W3"] },
            { "id": "C002", "label": "Consultant C002", "specialty": "surgery", "wards": ["W2", "W4"] },
        ],
    })
}
