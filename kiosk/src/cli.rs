//! The command line: `join`, `renew`, `key`, `run`, `outbox`, `visits`, `simulate`, `preview`.
//!
//! Exit codes: 0 done, 1 failed (the reason is on standard error), 2 wrong usage. With `--json` the last line of standard
//! output is one JSON object.

use std::fmt::Display;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, mpsc};

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};

use crate::app::{self, Ended, WindowOptions};
use crate::dispatch::{Dispatch, DispatchConfig, Trust};
use crate::identity::{self, Identity};
use crate::joining::Joining;
use crate::mqtt::BrokerAddress;
use crate::pass;
use crate::revive::{self, Life};
use crate::settings::{Settings, SettingsError};

mod join;
mod manual;
mod outbox;
mod preview;
mod simulate;
mod visits;

/// The Wardvoice kiosk: asks patients at the bedside and keeps what they say until the hospital has it.
#[derive(Debug, Parser)]
#[command(name = "wardvoice-kiosk", version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Take this kiosk in with a join code: it gets its certificate, its settings and its ward
    Join(join::Join),
    /// Ask for a new certificate now; `run` does so by itself in time
    Renew(join::Renew),
    /// Make this kiosk's signing key if there is none, and print its public half
    Key(Data),
    /// Open the window and ask patients
    Run(Run),
    /// Look at the records that wait, or bring a damaged outbox back
    Outbox(outbox::Outbox),
    /// Look at the rounds that volunteers went, and at the order of beds that was drawn for each
    Visits(visits::Visits),
    /// Run a fleet of kiosks without windows, with patients who were never there
    Simulate(simulate::Simulate),
    /// Draw every screen of a questionnaire in a language, as a patient will see them
    Preview(preview::Preview),
    /// Write man pages and completions, as packages ship them
    #[command(hide = true)]
    Manual {
        /// The folder
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
}

#[derive(Debug, Args)]
struct Data {
    /// Where the kiosk keeps its key, settings and outbox
    #[arg(long, value_name = "DIR", env = "WARDVOICE_KIOSK_DATA")]
    data: PathBuf,
}

#[derive(Debug, Args)]
struct Run {
    #[command(flatten)]
    data: Data,
    /// What `wardvoice-aggregator kiosk add` printed; kept in the data directory for the next time
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Certificates (PEM) that the broker's is checked with, for mqtts://; otherwise ca.pem in the data directory
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Fill the screen
    #[arg(long)]
    fullscreen: bool,
    /// The window's size in pixels, for example 1280x800
    #[arg(long, value_name = "WIDTHxHEIGHT", value_parser = size)]
    size: Option<(u32, u32)>,
    /// Demonstrations only: write a picture of each screen here; the pictures show answers
    #[arg(long, value_name = "DIR")]
    screenshot_dir: Option<PathBuf>,
    /// Demonstrations only: write where each control is, as JSON lines
    #[arg(long, value_name = "FILE")]
    trace_controls: Option<PathBuf>,
    /// Demonstrations only: write what is read aloud as sound files here instead of playing it
    #[arg(long, value_name = "DIR")]
    speech_dir: Option<PathBuf>,
}

impl Cli {
    /// Does what the command line says.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Key(data) => {
                let key = identity::load_or_create(&data.data)?;
                say(&key.verifying_key().to_string())?;
                Ok(ExitCode::SUCCESS)
            }
            Command::Join(join) => join.run(),
            Command::Renew(renew) => renew.run(),
            Command::Run(run) => run.run(),
            Command::Outbox(outbox) => outbox.run(),
            Command::Visits(visits) => visits.run(),
            Command::Simulate(simulate) => simulate.run(),
            Command::Preview(preview) => preview.run(),
            Command::Manual { out } => manual::write(&out).map(|()| ExitCode::SUCCESS),
        }
    }
}

impl Run {
    fn run(self) -> anyhow::Result<ExitCode> {
        revive::after_panics();
        let data = self.data.data;
        let options = WindowOptions {
            fullscreen: self.fullscreen,
            size: self.size,
            screenshot_dir: self.screenshot_dir,
            trace_controls: self.trace_controls,
            speech_dir: self.speech_dir,
        };
        if let Some(file) = &self.settings {
            Settings::install(&data, file)?;
        }
        let settings = match Settings::load(&data) {
            Err(missing @ SettingsError::Missing(_)) => {
                return take_in(&options, &data, Joining::default(), missing);
            }
            settings => settings?,
        };
        if revive::life() == Life::Joining {
            // What does not read is what joining again mends.
            let enrolment = pass::enrolment(&data).unwrap_or_default();
            let address = enrolment.map(|enrolment| enrolment.aggregator).unwrap_or_default();
            let joining = Joining::again(settings.kiosk().clone(), address);
            return take_in(&options, &data, joining, "take this kiosk in again");
        }
        let signing_key = identity::load(&data)?;
        let broker: BrokerAddress = settings.broker.parse().context("read the settings")?;
        let identity = Identity { kiosk: settings.kiosk().clone(), signing_key };
        let trust = Trust::Pinned { assignment: settings.assignment.clone(), origin: settings.origin() };
        crate::join::keep_renewed(&data).context("start the thread that renews the certificate")?;
        let kept = data.join(pass::AUTHORITY_FILE);
        let mut config = DispatchConfig::new(data, identity, broker, trust);
        config.ca = self.ca.or_else(|| kept.exists().then_some(kept));
        // Somebody must be told about a disk that is full, read-only or damaged, on the screen: so there is one.
        config.awaits_outbox = true;
        let dispatch = Dispatch::start(config)?;
        let (later, commissions) = mpsc::channel();
        dispatch.on_commission(move |commission| {
            // The window listens no more once it is closed.
            let _closed = later.send(Arc::clone(commission));
        });
        // A new kiosk that is to ask something it has never had says that it waits for that: nobody is asked anything else.
        let first = dispatch.commission();
        if first.is_none() {
            tracing::warn!("waiting: {}", dispatch.state().waits_for.unwrap_or_default());
        }
        let ended = app::run_window(&options, &dispatch, first.as_deref(), commissions);
        dispatch.stop();
        match ended? {
            Ended::Closed => Ok(ExitCode::SUCCESS),
            Ended::ToJoinAgain => Err(revive::again(Life::Joining)).context("begin again to be taken in"),
        }
    }
}

/// Lets somebody take the kiosk in at its own screen, and begins anew as what it is then.
fn take_in(
    options: &WindowOptions,
    data: &Path,
    joining: Joining,
    why: impl Display + Send + Sync + 'static,
) -> anyhow::Result<ExitCode> {
    if !app::joining::run_joining(options, data, joining).context(why)? {
        return Ok(ExitCode::SUCCESS);
    }
    Err(revive::again(Life::Asking)).context("begin as the kiosk that this is now")
}

fn size(text: &str) -> Result<(u32, u32), String> {
    let parsed =
        text.split_once('x').and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
    parsed.filter(|(width, height)| *width > 0 && *height > 0).ok_or_else(|| "write 1280x800".to_owned())
}

fn say(line: &str) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{line}")
}
