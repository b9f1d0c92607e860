//! A kiosk with its window on a [`Desktop`], touched where its controls are.
//!
//! The kiosk says where they are with `--trace-controls`; the touches are the display's own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;
use serde_json::Value;

use crate::aggregator::arm;
use crate::clock::WallClock;
use crate::desktop::Desktop;
use crate::process::Process;
use crate::programs;
use crate::wait::{until, until_true};
use crate::ward::Ward;

const DEADLINE: Duration = Duration::from_secs(30);
/// How long the first words of the hospital may take.
const TOLD: Duration = Duration::from_mins(1);

/// A kiosk's window.
#[derive(Debug)]
pub struct KioskWindow<'a> {
    desktop: &'a Desktop,
    process: Process,
    trace: PathBuf,
    directory: PathBuf,
    watched: Option<Watched>,
    clock: Option<WallClock>,
}

/// As systemd tells a program that it is watched.
#[derive(Debug)]
struct Watched {
    socket: PathBuf,
    patience: Duration,
}

/// What is on the screen and where it can be touched.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The count of changes.
    pub view: u32,
    /// The screen, such as `question`.
    pub screen: String,
    /// The question, where there is one.
    pub question: Option<String>,
    /// What has become of a request for help, where the screen is about one.
    pub help: Option<String>,
    controls: Vec<Control>,
}

#[derive(Debug, Clone, Deserialize)]
struct Control {
    view: u32,
    screen: String,
    question: Option<String>,
    help: Option<String>,
    label: String,
    x: f64,
    y: f64,
    w: f64,
    h: f64,
    window: (u32, u32),
}

impl<'a> KioskWindow<'a> {
    /// Registers a kiosk on ward W1, starts it on a display and waits for its window. It lives by the aggregator's clock.
    pub fn open(desktop: &'a Desktop, ward: &Ward) -> Result<Self> {
        Self::open_as(desktop, ward, None)
    }

    /// The same for a kiosk that is told to say on a socket, twice within somebody's patience, that its window turns.
    pub fn open_watched(desktop: &'a Desktop, ward: &Ward, socket: &Path, patience: Duration) -> Result<Self> {
        Self::open_as(desktop, ward, Some(Watched { socket: socket.to_owned(), patience }))
    }

    fn open_as(desktop: &'a Desktop, ward: &Ward, watched: Option<Watched>) -> Result<Self> {
        let (aggregator, directory) = (&ward.aggregator, ward.path());
        let data = directory.join("kiosk");
        let output = Command::new(programs::kiosk()?).arg("key").arg("--data").arg(&data).output()?;
        ensure!(output.status.success(), "no key: {}", String::from_utf8_lossy(&output.stderr));
        let key = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let settings =
            aggregator.run(&["kiosk", "add", "--id", "k-0001", "--ward", "W1", "--signing-key", &key])?;
        let mut settings: Value = serde_json::from_str(&settings).context("`kiosk add` printed no settings")?;
        if let Some(address) = settings.get_mut("broker") {
            *address = Value::from(ward.broker_url()?);
        }
        std::fs::write(directory.join("settings.json"), settings.to_string())?;
        Self::begin(desktop, directory, watched, aggregator.clock().cloned())
    }

    /// Starts the window of a kiosk that has joined: in `kiosk` of a directory is its folder, and beside it are its settings.
    pub fn of_joined(desktop: &'a Desktop, directory: &Path) -> Result<Self> {
        Self::begin(desktop, directory, None, None)
    }

    fn begin(
        desktop: &'a Desktop,
        directory: &Path,
        watched: Option<Watched>,
        clock: Option<WallClock>,
    ) -> Result<Self> {
        let process = launch(desktop, directory, None, watched.as_ref(), clock.as_ref())?;
        let trace = directory.join("controls");
        let mut window = Self { desktop, process, trace, directory: directory.to_path_buf(), watched, clock };
        window.until_it_fills_the_display()?;
        Ok(window)
    }

    /// Kills the program as an empty battery does, and starts it again, with kill points armed or none.
    pub fn kill_and_start(&mut self, failpoints: Option<&str>) -> Result<Shown> {
        self.process.kill()?;
        std::fs::remove_file(&self.trace).context("failed to forget the trace")?;
        let (watched, clock) = (self.watched.as_ref(), self.clock.as_ref());
        self.process = launch(self.desktop, &self.directory, failpoints, watched, clock)?;
        self.until_it_fills_the_display()
    }

    /// It appears smaller than it will be.
    fn until_it_fills_the_display(&mut self) -> Result<Shown> {
        let size = self.desktop.size();
        self.until("the first screen in its full size", |shown| {
            shown.controls.first().is_some_and(|control| control.window == size)
        })
    }

    /// Waits until it has what every kiosk is told at first.
    pub fn until_it_is_told(&self) -> Result<()> {
        let data = self.data();
        until_true("everything that a kiosk is told at first to come", TOLD, || {
            Ok(data.join("posting.json").exists() && data.join("boards/W1.json").exists())
        })
    }

    /// The kiosk's data directory.
    pub fn data(&self) -> PathBuf {
        self.directory.join("kiosk")
    }

    /// The folder of what is read aloud.
    pub fn speech(&self) -> PathBuf {
        speech(&self.directory)
    }

    /// What is shown now.
    pub fn shown(&self) -> Option<Shown> {
        read(&std::fs::read_to_string(&self.trace).ok()?)
    }

    /// Waits for a screen.
    pub fn until(&mut self, what: &str, mut is_it: impl FnMut(&Shown) -> bool) -> Result<Shown> {
        let process = &mut self.process;
        let trace = &self.trace;
        let result = until(what, DEADLINE, || {
            process.must_be_running()?;
            let text = std::fs::read_to_string(trace).unwrap_or_default();
            Ok(read(&text).filter(|shown| is_it(shown)))
        });
        result.with_context(|| {
            let log = std::fs::read_to_string(self.directory.join("window.log")).unwrap_or_default();
            format!(
                "the screen is {:?}, the log:\n{log}",
                self.shown().map(|shown| (shown.screen, shown.question))
            )
        })
    }

    /// Touches the control with a label.
    pub fn touch(&self, shown: &Shown, label: &str) -> Result<()> {
        let (x, y) = shown.place(label)?;
        self.desktop.touch(x, y)
    }

    /// Touches and waits until another screen or question is shown.
    pub fn touch_on(&mut self, shown: &Shown, label: &str) -> Result<Shown> {
        self.touch(shown, label)?;
        let before = (shown.screen.clone(), shown.question.clone());
        self.until(&format!("what follows {label:?}"), |now| (now.screen.clone(), now.question.clone()) != before)
    }

    /// Touches a key of the keyboard and waits until the screen has taken it.
    pub fn touch_key(&mut self, shown: &Shown, label: &str) -> Result<Shown> {
        self.touch(shown, label)?;
        let before = shown.view;
        self.until(&format!("the key {label:?}"), |now| now.view > before)
    }

    /// A patient who comes to the kiosk at rest and does not want to answer, which is a record like any other; then it is at rest again.
    pub fn somebody_declines(&mut self) -> Result<Shown> {
        let mut shown = self.until("rest", |shown| shown.screen == "rest")?;
        while shown.screen != "consent" {
            let label = match shown.screen.as_str() {
                "rest" => "Touch here to start",
                "language" => "English",
                other => bail!("whoever comes to the kiosk is shown {other}"),
            };
            shown = self.touch_on(&shown, label)?;
        }
        shown = self.touch_on(&shown, "No, thank you")?;
        self.back_to_rest(shown)
    }

    /// From an answer that is being kept to the next patient: thanks, a tablet that was wiped, and rest.
    pub fn back_to_rest(&mut self, mut shown: Shown) -> Result<Shown> {
        while shown.screen != "rest" {
            shown = match shown.screen.as_str() {
                "saving" => self.until("thanks", |shown| shown.screen == "thanks")?,
                "thanks" => self.touch_on(&shown, "Finish")?,
                "wipe" => self.touch_on(&shown, "It has been wiped")?,
                other => bail!("after an answer the kiosk shows {other}: {:?}", shown.labels()),
            };
        }
        Ok(shown)
    }

    /// Forgets what was shown until now: the trace of a long day is long, and every look reads all of it. What stands on the screen is known
    /// again once it changes.
    pub fn forget_the_trace(&self) -> Result<()> {
        let trace = std::fs::File::options().write(true).open(&self.trace);
        trace.and_then(|file| file.set_len(0)).context("failed to forget the trace")
    }

    /// The process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }
}

fn speech(directory: &Path) -> PathBuf {
    directory.join("speech")
}

fn launch(
    desktop: &Desktop,
    directory: &Path,
    failpoints: Option<&str>,
    watched: Option<&Watched>,
    clock: Option<&WallClock>,
) -> Result<Process> {
    let mut command = Command::new(programs::kiosk()?);
    command.arg("run").arg("--data").arg(directory.join("kiosk"));
    command.arg("--settings").arg(directory.join("settings.json")).arg("--fullscreen");
    command.arg("--trace-controls").arg(directory.join("controls"));
    command.arg("--speech-dir").arg(speech(directory));
    command.env("DISPLAY", desktop.name()).env_remove("WAYLAND_DISPLAY");
    arm(&mut command, failpoints);
    if let Some(clock) = clock {
        clock.wind(&mut command);
    }
    if let Some(Watched { socket, patience }) = watched {
        command.env("NOTIFY_SOCKET", socket).env("WATCHDOG_USEC", patience.as_micros().to_string());
        command.env_remove("WATCHDOG_PID");
    }
    Process::start("window", command, directory)
}

impl Shown {
    /// The labels of everything that can be touched.
    pub fn labels(&self) -> Vec<&str> {
        self.controls.iter().map(|control| control.label.as_str()).collect()
    }

    /// The sizes of everything that can be touched: label, width, height.
    pub fn sizes(&self) -> impl Iterator<Item = (&str, f64, f64)> {
        self.controls.iter().map(|control| (control.label.as_str(), control.w, control.h))
    }

    /// The middle of the control with a label.
    pub fn place(&self, label: &str) -> Result<(usize, usize)> {
        let control = self.controls.iter().find(|control| control.label == label);
        let control = control.with_context(|| format!("no {label:?} among {:?}", self.labels()))?;
        let middle = |start: f64, length: f64| -> Result<usize> {
            format!("{:.0}", start + length / 2.0).parse().context("a control is off the screen")
        };
        Ok((middle(control.x, control.w)?, middle(control.y, control.h)?))
    }
}

fn read(trace: &str) -> Option<Shown> {
    let controls: Vec<Control> = trace.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let last = controls.last()?.clone();
    let controls = controls.into_iter().filter(|control| control.view == last.view).collect();
    Some(Shown { view: last.view, screen: last.screen, question: last.question, help: last.help, controls })
}
