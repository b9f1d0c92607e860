//! A kiosk process of a fault run: the kiosk's own outbox, courier and connection, with a patient who answers at once.
//!
//! It lives in a process of its own, so that it can be killed at any instruction. It says on stdout `kept <mark>` when
//! the outbox has flushed and before anything else happens, and ends by itself once its stdin is closed and its outbox
//! is empty. `says <words>` is what its staff corner shows from then on as the last thing that went wrong.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, ensure};
use serde_json::Value;
use wardvoice_kiosk::dispatch::{Dispatch, DispatchConfig, DispatchState, Storing, Trust};
use wardvoice_kiosk::identity::{self, Identity};
use wardvoice_kiosk::settings::Settings;
use wardvoice_protocol::record::Body;

use crate::aggregator::{Aggregator, arm};
use crate::clock::WallClock;
use crate::process::Process;
use crate::programs;
use crate::tablet::interview;
use crate::wait::{until, until_true};

/// Between two patients of one kiosk, unless told otherwise.
const BETWEEN_PATIENTS: Duration = Duration::from_millis(40);

/// How long patients may take to be thanked.
const PATIENCE: Duration = Duration::from_mins(1);

/// How long a kiosk may take to empty its outbox.
const EMPTYING: Duration = Duration::from_mins(2);

/// Where a kiosk looks for certificates by itself.
const CERTIFICATES: &str = "ca.pem";

/// The marks a kiosk has said are flushed.
#[derive(Debug, Clone, Default)]
pub struct Kept(Arc<Mutex<BTreeSet<String>>>);

impl Kept {
    fn add(&self, mark: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(mark.to_owned());
    }

    /// How many.
    pub fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// All of them.
    pub fn marks(&self) -> BTreeSet<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What a kiosk's staff corner has shown, one after the other.
#[derive(Debug, Clone, Default)]
struct Shown(Arc<Mutex<Vec<String>>>);

/// A kiosk process and everything it ever said.
#[derive(Debug)]
pub struct Bedside {
    name: String,
    data: PathBuf,
    logs: PathBuf,
    kept: Kept,
    shown: Shown,
    lives: u32,
    between_patients: Duration,
    clock: Option<WallClock>,
    process: Option<(Process, JoinHandle<()>)>,
}

impl Bedside {
    /// Makes a key, registers it with the aggregator and keeps the settings, with the broker behind another address.
    pub fn register(
        number: usize,
        ward: &str,
        aggregator: &Aggregator,
        broker: &str,
        directory: &Path,
    ) -> Result<Self> {
        let name = format!("k-{number:04}");
        let data = directory.join(&name);
        let output = Command::new(programs::kiosk()?).arg("key").arg("--data").arg(&data).output()?;
        ensure!(output.status.success(), "no key: {}", String::from_utf8_lossy(&output.stderr));
        let key = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let settings = aggregator.run(&["kiosk", "add", "--id", &name, "--ward", ward, "--signing-key", &key])?;
        let mut settings: Value = serde_json::from_str(&settings).context("`kiosk add` printed no settings")?;
        if let Some(address) = settings.get_mut("broker") {
            *address = Value::from(broker);
        }
        std::fs::write(data.join("settings.json"), settings.to_string())?;
        Ok(Self::at(name, data, directory))
    }

    /// Takes a kiosk in as people do: a join code from the office, typed at the kiosk.
    pub fn enrol(number: usize, ward: &str, aggregator: &Aggregator, directory: &Path) -> Result<Self> {
        let kiosk = Self::taken_in(number, directory);
        kiosk.join(&aggregator.json(&["kiosk", "enrol", "--id", &kiosk.name, "--ward", ward])?)?;
        Ok(kiosk)
    }

    /// A kiosk that has joined in the folder of its name already.
    pub fn taken_in(number: usize, directory: &Path) -> Self {
        let name = format!("k-{number:04}");
        let data = directory.join(&name);
        Self::at(name, data, directory)
    }

    fn at(name: String, data: PathBuf, directory: &Path) -> Self {
        Self {
            name,
            data,
            logs: directory.to_path_buf(),
            kept: Kept::default(),
            shown: Shown::default(),
            lives: 0,
            between_patients: BETWEEN_PATIENTS,
            clock: None,
            process: None,
        }
    }

    /// Reaches its broker at another address from its next start on.
    pub fn reach(&self, broker: &str) -> Result<()> {
        let path = self.data.join("settings.json");
        let settings = std::fs::read(&path).with_context(|| format!("failed to read {}", path.display()))?;
        let mut settings: Value = serde_json::from_slice(&settings)?;
        *settings.get_mut("broker").context("the settings name no broker")? = Value::from(broker);
        std::fs::write(&path, settings.to_string())?;
        Ok(())
    }

    /// Lives by a clock of the story's from its next start on.
    pub fn live_by(&mut self, clock: &WallClock) {
        self.clock = Some(clock.clone());
    }

    /// Has a patient so often from its next start on.
    pub fn take_a_patient_every(&mut self, pause: Duration) {
        self.between_patients = pause;
    }

    /// Joins with what `kiosk enrol --json` printed.
    pub fn join(&self, invitation: &Value) -> Result<()> {
        let said = |name: &str| {
            let said = invitation.get(name).and_then(Value::as_str);
            said.with_context(|| format!("`kiosk enrol` printed no {name}: {invitation}"))
        };
        let output = Self::try_join(&self.data, said("aggregator")?, said("code")?)?;
        ensure!(output.status.success(), "not joined: {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }

    /// Types a join code on a kiosk whose data is in a folder, and hands back how that ended.
    pub fn try_join(data: &Path, aggregator: &str, code: &str) -> Result<Output> {
        let mut command = Command::new(programs::kiosk()?);
        command.args(["join", "--aggregator", aggregator, "--data"]).arg(data);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().context("failed to start a kiosk")?;
        let mut keys = child.stdin.take().context("the kiosk reads nothing")?;
        writeln!(keys, "{code}").context("failed to type the code")?;
        drop(keys);
        child.wait_with_output().context("failed to wait for a kiosk")
    }

    /// Says whose certificates its broker's is checked with.
    pub fn trust(&self, authority: &Path) -> Result<()> {
        std::fs::copy(authority, self.data.join(CERTIFICATES))
            .with_context(|| format!("failed to copy {}", authority.display()))?;
        Ok(())
    }

    /// Its data directory.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Starts a process, with a kill point armed or not.
    pub fn start(&mut self, failpoints: Option<&str>) -> Result<()> {
        self.lives += 1;
        let mut command = Command::new(program()?);
        command.arg("bedside").arg("--data").arg(&self.data);
        command.arg("--mark").arg(format!("{}.{}", self.name, self.lives));
        command.arg("--every-ms").arg(self.between_patients.as_millis().to_string());
        arm(&mut command, failpoints);
        if let Some(clock) = &self.clock {
            clock.wind(&mut command);
        }
        let mut process = Process::start_piped(&self.name, command, &self.logs)?;
        let said = process.child().stdout.take().context("the kiosk has no output")?;
        let (kept, shown) = (self.kept.clone(), self.shown.clone());
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(said).lines().map_while(Result::ok) {
                if let Some(mark) = line.strip_prefix("kept ") {
                    kept.add(mark);
                } else if let Some(words) = line.strip_prefix("says ") {
                    shown.0.lock().unwrap_or_else(PoisonError::into_inner).push(words.to_owned());
                }
            }
        });
        self.process = Some((process, reader));
        Ok(())
    }

    /// SIGKILL. What it said before is read to the end.
    pub fn kill(&mut self) -> Result<()> {
        if let Some((mut process, reader)) = self.process.take() {
            process.kill()?;
            reader.join().map_err(|_| anyhow!("the reader of {} panicked", self.name))?;
        }
        Ok(())
    }

    /// Closes its stdin: no more patients, and an end once the outbox is empty.
    pub fn no_more_patients(&mut self) {
        if let Some((process, _)) = &mut self.process {
            drop(process.child().stdin.take());
        }
    }

    /// How it ended, when it has.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.process.as_mut().map_or(Ok(None), |(process, _)| process.ended())
    }

    /// An error when it has ended without being killed.
    pub fn must_be_running(&mut self) -> Result<()> {
        self.process.as_mut().map_or(Ok(()), |(process, _)| process.must_be_running())
    }

    /// Waits until so many more patients have been thanked.
    pub fn goes_on(&mut self, patients: usize) -> Result<()> {
        let before = self.kept();
        until_true("patients to be thanked", PATIENCE, || {
            self.must_be_running()?;
            Ok(self.kept() >= before + patients)
        })
    }

    /// No more patients: the outbox runs empty, and the kiosk ends in order.
    pub fn empties_its_outbox(&mut self) -> Result<()> {
        self.no_more_patients();
        let status = until("the kiosk to empty its outbox", EMPTYING, || self.ended())
            .with_context(|| format!("{}: {}", self.name, self.last_words()))?;
        ensure!(status.success(), "{} ended with {status}: {}", self.name, self.last_words());
        Ok(())
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The end of its log.
    pub fn last_words(&self) -> String {
        self.process.as_ref().map_or_else(String::new, |(process, _)| process.last_words())
    }

    /// How many marks it has said are flushed.
    pub fn kept(&self) -> usize {
        self.kept.count()
    }

    /// What its staff corner has shown as the last thing that went wrong, one after the other.
    pub fn shown(&self) -> Vec<String> {
        self.shown.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The process, while it runs.
    pub fn process(&mut self) -> Option<&mut Process> {
        self.process.as_mut().map(|(process, _)| process)
    }

    /// The marks it has said are flushed.
    pub fn marks(&self) -> BTreeSet<String> {
        self.kept.marks()
    }
}

/// This crate's `faults` program, beside the test that asks.
fn program() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    if own.file_name().is_some_and(|name| name == "faults") {
        return Ok(own);
    }
    let path = programs::profile_directory()?.join("faults");
    ensure!(path.is_file(), "{} is not built: cargo build -p wardvoice-tests --bins", path.display());
    Ok(path)
}

/// What the kiosk process does.
pub fn work_at_the_bedside(data: &Path, mark: &str, between_patients: Duration) -> Result<()> {
    let _kill_points = wardvoice_kiosk::killpoint::set_up();
    let dispatch = Dispatch::start(as_configured(data)?)?;
    let last = Arc::new(Mutex::new(None));
    let known = Arc::clone(&last);
    dispatch.on_change(move |state| show(&known, state));
    // What went wrong before anybody listened.
    show(&last, &dispatch.state());
    let ward = dispatch.assignment().context("the kiosk has no assignment")?.ward;
    let (said, hears) = mpsc::channel();
    std::thread::spawn(move || {
        // Ends when the other side of stdin does.
        drop(std::io::stdin().read_to_end(&mut Vec::new()));
        // The patients may have stopped coming by themselves.
        let _nobody_waits = said.send(());
    });
    let mut number = 0_u64;
    while hears.recv_timeout(between_patients) == Err(mpsc::RecvTimeoutError::Timeout) {
        number += 1;
        let mark = format!("{mark}.{number}");
        let (done, flushed) = mpsc::sync_channel(1);
        let kept = mark.clone();
        dispatch.submit(Body::Contact(interview(&ward, &mark)?), move |result| {
            if result.is_ok() {
                say(&format!("kept {kept}"));
            }
            drop(done.send(result));
        });
        flushed.recv().context("the outbox never answered")?.map_err(|error| anyhow!("not kept: {error}"))?;
    }
    until_true("the outbox to run empty", Duration::MAX, || {
        let state = dispatch.state();
        ensure!(state.storing == Storing::Ready, "the outbox refuses: {:?}", state.storing);
        Ok(state.waiting == 0)
    })?;
    dispatch.stop();
    Ok(())
}

/// Says what the staff corner shows, where that is something else than before.
fn show(last: &Mutex<Option<String>>, state: &DispatchState) {
    let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
    if *last == state.last_error {
        return;
    }
    last.clone_from(&state.last_error);
    if let Some(words) = &state.last_error {
        say(&format!("says {}", words.replace('\n', " ")));
    }
}

/// One write of one line: a kill leaves it whole or absent.
fn say(line: &str) {
    let mut output = std::io::stdout().lock();
    drop(output.write_all(format!("{line}\n").as_bytes()).and_then(|()| output.flush()));
}

fn as_configured(data: &Path) -> Result<DispatchConfig> {
    let settings = Settings::load(data)?;
    let identity = Identity { kiosk: settings.kiosk().clone(), signing_key: identity::load(data)? };
    let broker = settings.broker.parse()?;
    let origin = settings.origin();
    let trust = Trust::Pinned { assignment: settings.assignment, origin };
    let mut config = DispatchConfig::new(data.to_path_buf(), identity, broker, trust);
    config.ca = Some(data.join(CERTIFICATES)).filter(|path| path.exists());
    Ok(config)
}
