//! Two test aids: pictures of every screen, and where its controls are.
//!
//! `--trace-controls FILE` appends one JSON line for each control shortly after each change of the screen:
//!
//! ```json
//! {"view":7,"screen":"question","question":"respect","help":null,"language":"en","label":"Yes, always","focused":false,"x":564,"y":136,"w":692,"h":80,"window":[1280,800]}
//! ```
//!
//! `view` counts the changes from 1; `question` is null where there is none, and so is `help`, which says what has become of a
//! request for help (`kept`, `seen` …); `x`, `y`, `w`, `h` are in physical pixels from the
//! window's upper left corner; `window` is its size. All lines of one view are written at once, and the newest view is what can be touched now. The
//! file says nothing about what is chosen.
//!
//! A window that changes its size, as one that fills the screen does soon after it has appeared, makes a new view too.
//!
//! `--screenshot-dir DIR` writes `007-question-respect-en.png`, where the number is the view's. It shows what is chosen.

use std::cell::{Cell, RefCell};
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use serde::Serialize;
use slint::ComponentHandle as _;
use wardvoice_kiosk_ui::{FoundControl, KioskWindow, Survey};

use super::WindowOptions;
use super::stage::Stage;
use crate::interview::{HelpView, Screen, View};
use crate::screens::ScreenName;

/// How long a view is given to be laid out and drawn.
const SETTLE: Duration = Duration::from_millis(60);
/// How long the controls are given to answer.
const ANSWER: Duration = Duration::from_millis(40);
/// How often controls are asked where they are before what they say is taken as it is.
const MOST_ROUNDS: u32 = 10;
/// How often the window's size is looked at.
const LOOK: Duration = Duration::from_millis(100);

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Control {
    view: u32,
    screen: &'static str,
    question: Option<String>,
    help: Option<&'static str>,
    language: String,
    label: String,
    focused: bool,
    x: f32,
    y: f32,
    w: f32,
    h: f32,
    window: [u32; 2],
}

struct Watch {
    window: slint::Weak<KioskWindow>,
    trace: Option<RefCell<File>>,
    pictures: Option<PathBuf>,
    view: Cell<u32>,
    shown: RefCell<Option<View>>,
    found: RefCell<Vec<Control>>,
    size: Cell<slint::PhysicalSize>,
    settle: slint::Timer,
    answer: slint::Timer,
    look: slint::Timer,
}

/// Watches a stage as the options ask for.
pub(super) fn attach(stage: &Stage, window: &KioskWindow, options: &WindowOptions) -> anyhow::Result<()> {
    if options.trace_controls.is_none() && options.screenshot_dir.is_none() {
        return Ok(());
    }
    if let Some(directory) = &options.screenshot_dir {
        fs::create_dir_all(directory).with_context(|| format!("failed to make {}", directory.display()))?;
        tracing::warn!(directory = %directory.display(), "every screen is kept as a picture, answers included");
    }
    let trace = options.trace_controls.as_deref().map(open).transpose()?.map(RefCell::new);
    let watch = Rc::new(Watch {
        window: window.as_weak(),
        trace,
        pictures: options.screenshot_dir.clone(),
        view: Cell::new(0),
        shown: RefCell::default(),
        found: RefCell::default(),
        size: Cell::default(),
        settle: slint::Timer::default(),
        answer: slint::Timer::default(),
        look: slint::Timer::default(),
    });
    let finding = Rc::clone(&watch);
    let survey = window.global::<Survey>();
    survey.on_found(move |control| finding.find(control));
    let looking = Rc::downgrade(&watch);
    watch.look.start(slint::TimerMode::Repeated, LOOK, move || {
        if let Some(watch) = looking.upgrade() {
            watch.look();
        }
    });
    stage.observe(move |view| watch.see(view));
    Ok(())
}

fn open(file: &Path) -> anyhow::Result<File> {
    let opened = OpenOptions::new().create(true).append(true).open(file);
    opened.with_context(|| format!("failed to open {}", file.display()))
}

impl Watch {
    fn see(self: &Rc<Self>, view: &View) {
        self.shown.replace(Some(view.clone()));
        let this = Rc::clone(self);
        self.settle.start(slint::TimerMode::SingleShot, SETTLE, move || this.settled());
    }

    fn look(self: &Rc<Self>) {
        let size = self.window.upgrade().map(|window| window.window().size());
        let seen = self.shown.borrow().clone();
        if let (Some(size), Some(view)) = (size, seen)
            && self.view.get() > 0
            && size != self.size.get()
        {
            self.see(&view);
        }
    }

    fn settled(self: &Rc<Self>) {
        let Some(window) = self.window.upgrade() else { return };
        self.size.set(window.window().size());
        self.view.set(self.view.get() + 1);
        if let Some(directory) = &self.pictures
            && let Err(error) = self.take_picture(&window, directory)
        {
            tracing::error!(error = format!("{error:#}"), "a picture was not taken");
        }
        self.found.borrow_mut().clear();
        self.ask(&window, MOST_ROUNDS);
    }

    /// Asks every control where it is until two rounds in a row say the same: controls in lists come into being when they are
    /// drawn, and on a busy machine that may be after the first round.
    fn ask(self: &Rc<Self>, window: &KioskWindow, rounds_left: u32) {
        drop(window.window().take_snapshot());
        let before = self.found.take();
        let survey = window.global::<Survey>();
        survey.set_round(survey.get_round().wrapping_add(1));
        let this = Rc::clone(self);
        self.answer.start(slint::TimerMode::SingleShot, ANSWER, move || {
            let settled = !before.is_empty() && *this.found.borrow() == before;
            match this.window.upgrade().filter(|_| !settled && rounds_left > 0) {
                Some(window) => this.ask(&window, rounds_left - 1),
                None => this.write(),
            }
        });
    }

    fn find(&self, found: FoundControl) {
        let Some(window) = self.window.upgrade() else { return };
        let Some(view) = self.shown.borrow().clone() else { return };
        let ScreenName { screen, question } = ScreenName::of(&view.screen);
        let FoundControl { label, focused, x, y, width, height } = found;
        let size = window.window().size();
        let [x, y, w, h] = [x, y, width, height].map(|length| length * window.window().scale_factor());
        let (label, language) = (label.into(), view.language.to_string());
        let help = help_of(&view.screen);
        let control = Control {
            view: self.view.get(),
            screen,
            question,
            help,
            language,
            label,
            focused,
            x,
            y,
            w,
            h,
            window: [size.width, size.height],
        };
        self.found.borrow_mut().push(control);
    }

    fn write(&self) {
        let Some(trace) = &self.trace else { return };
        let mut lines = Vec::new();
        let written = self.found.borrow().iter().try_for_each(|control| {
            serde_json::to_writer(&mut lines, control)?;
            lines.write_all(b"\n")
        });
        let written = written.and_then(|()| trace.borrow_mut().write_all(&lines));
        if let Err(error) = written {
            tracing::error!(%error, "the controls were not traced");
        }
    }

    fn take_picture(&self, window: &KioskWindow, directory: &Path) -> anyhow::Result<()> {
        let Some(view) = self.shown.borrow().clone() else { return Ok(()) };
        // The seconds count down; one picture of that is enough.
        if matches!(view.screen, Screen::StillThere { seconds_left } if seconds_left % 10 != 0) {
            return Ok(());
        }
        let picture = window.window().take_snapshot().map_err(|error| anyhow!("{error}"))?;
        let ScreenName { screen, question } = ScreenName::of(&view.screen);
        let question = question.map(|question| format!("-{question}")).unwrap_or_default();
        let name = format!("{:03}-{screen}{question}-{}.png", self.view.get(), view.language);
        write_picture(&picture, &directory.join(name))
    }
}

/// What the screen says has become of a request for help.
fn help_of(screen: &Screen) -> Option<&'static str> {
    let Screen::Help(help) = screen else { return None };
    Some(match help {
        HelpView::Choosing { .. } => "choosing",
        HelpView::Placing { .. } => "placing",
        HelpView::Sending => "sending",
        HelpView::Kept { .. } => "kept",
        HelpView::Delivered => "delivered",
        HelpView::Seen => "seen",
        HelpView::Failed => "failed",
    })
}

/// Writes a picture of the screen as PNG.
pub(super) fn write_picture(
    picture: &slint::SharedPixelBuffer<slint::Rgba8Pixel>,
    path: &Path,
) -> anyhow::Result<()> {
    let mut encoder = png::Encoder::new(BufWriter::new(File::create(path)?), picture.width(), picture.height());
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    encoder.write_header()?.write_image_data(picture.as_bytes())?;
    Ok(())
}
