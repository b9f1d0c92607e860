//! What the kiosk's window costs beside Chromium in kiosk mode showing an equivalent page, both in one run on one display.
//!
//! Processor time to the first picture, proportional memory of all processes, processor time an answered question, the time
//! from a touch to the painted answer and, beyond the confirmation that both show, to the painted next question, and processor
//! time at rest. Touches are the display's own (XTEST); pictures are read from it. `WARDVOICE_ROUNDS` sets how often each is
//! started (default 5).
//!
//! Neither is measured at its first start: the kiosk has learnt its ward by then, and Chromium has made its profile. What is
//! compared is kept as two pictures under `target/artefacts/bench-window`.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use wardvoice_protocol::id::Language;
use wardvoice_protocol::questionnaire::{KindFile, Questionnaire, Text};
use wardvoice_tests::bench::{machine, ms, number, quantile, say};
use wardvoice_tests::desktop::Desktop;
use wardvoice_tests::process::Process;
use wardvoice_tests::programs;
use wardvoice_tests::tree::Tree;
use wardvoice_tests::wait::{let_pass, until, until_true};
use wardvoice_tests::ward::{Between, Ward};
use wardvoice_tests::window::{KioskWindow, Shown};
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{ConnectionExt as _, ImageFormat};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

const WIDTH: u32 = 1280;
const HEIGHT: u32 = 800;
const DEADLINE: Duration = Duration::from_mins(1);
/// How long a picture stays the same before it counts as whole.
const STILL: Duration = Duration::from_millis(400);
/// How long a choice is shown before the next question, in both.
const CONFIRMATION: Duration = Duration::from_millis(300);
const AT_REST: Duration = Duration::from_mins(1);
/// Where there is nothing to touch.
const EDGE: (i16, i16) = (3, 797);
/// The colour there, of both: blue, green, red.
const PAPER: [u8; 3] = [0xf1, 0xf8, 0xfb];

/// The display as a client of its own sees it.
struct Eye {
    connection: RustConnection,
    root: u32,
}

impl Eye {
    fn open(desktop: &Desktop) -> Result<Self> {
        let (connection, screen) = RustConnection::connect(Some(desktop.name()))?;
        let root = connection.setup().roots.get(screen).context("the display has no screen")?.root;
        Ok(Self { connection, root })
    }

    fn picture(&self) -> Result<Vec<u8>> {
        let (width, height) = (u16::try_from(WIDTH)?, u16::try_from(HEIGHT)?);
        let image = self.connection.get_image(ImageFormat::Z_PIXMAP, self.root, 0, 0, width, height, !0)?;
        Ok(image.reply()?.data)
    }

    /// Waits until the display is covered: a browser shows an empty window first.
    fn covered(&self) -> Result<()> {
        until_true("the display to be covered", DEADLINE, || self.shows_paper())
    }

    fn uncovered(&self) -> Result<()> {
        until_true("the display to be empty", DEADLINE, || Ok(!self.shows_paper()?))
    }

    fn shows_paper(&self) -> Result<bool> {
        let (x, y) = (usize::try_from(EDGE.0)?, usize::try_from(EDGE.1)?);
        let at = 4 * (y * usize::try_from(WIDTH)? + x);
        Ok(self.picture()?.get(at..at + 3).is_some_and(|pixel| pixel == PAPER))
    }

    /// Waits until the picture stays as it is.
    fn still(&self) -> Result<Vec<u8>> {
        let mut last = (self.picture()?, Instant::now());
        until("the picture to stand still", DEADLINE, || {
            let picture = self.picture()?;
            if picture != last.0 {
                last = (picture, Instant::now());
            }
            Ok((last.1.elapsed() > STILL).then(|| last.0.clone()))
        })
    }

    /// Every moment at which the picture is found to be another one than before, until it stands still after a moment that is due.
    fn changes(&self, mut picture: Vec<u8>, due: Instant) -> Result<Vec<Instant>> {
        let (mut changes, mut since) = (Vec::new(), Instant::now());
        until("what a touch does to be over", DEADLINE, || {
            let now = self.picture()?;
            if now != picture {
                (picture, since) = (now, Instant::now());
                changes.push(since);
            }
            Ok((since.max(due).elapsed() > STILL).then(|| std::mem::take(&mut changes)))
        })
    }

    fn touch(&self, (x, y): (i16, i16)) -> Result<Instant> {
        const PRESS: u8 = 4;
        const RELEASE: u8 = 5;
        const MOVE: u8 = 6;
        self.connection.xtest_fake_input(MOVE, 0, 0, self.root, x, y, 0)?;
        self.connection.xtest_fake_input(PRESS, 1, 0, self.root, 0, 0, 0)?;
        self.connection.xtest_fake_input(RELEASE, 1, 0, self.root, 0, 0, 0)?.check()?;
        Ok(Instant::now())
    }
}

/// What was measured of one program.
#[derive(Default)]
struct Measured {
    first_picture_cpu: Vec<Duration>,
    proportional_bytes: u64,
    processes: usize,
    question_cpu: Duration,
    questions: u32,
    to_answer: Vec<Duration>,
    to_next: Vec<Duration>,
    at_rest_cpu: Duration,
}

fn main() -> Result<()> {
    let rounds = number("WARDVOICE_ROUNDS", 5);
    let ward = Ward::open(Between::Embedded)?;
    let desktop = Desktop::start(WIDTH, HEIGHT, ward.path())?;
    let eye = Eye::open(&desktop)?;
    let questions = questions()?;
    let places = learn(&desktop, &ward)?;
    eye.uncovered()?;
    let pictures = programs::artefacts("bench-window")?;

    let mut window = Measured::default();
    for round in 0..rounds {
        let mut process = start_window(&desktop, &ward)?;
        let tree = Tree::of(process.id());
        begins(&eye, tree, &mut window)?;
        if round == 0 {
            window.at_rest_cpu = rests(tree)?;
            // A screen that has dimmed only wakes at a touch, and nothing is at its edge.
            eye.touch(EDGE)?;
            eye.still()?;
        }
        for place in &places.before {
            eye.touch(*place)?;
            eye.still()?;
        }
        if round == 0 {
            desktop.keep(&pictures.join("window.png"))?;
        }
        answer(&eye, tree, &places.answers, &mut window)?;
        process.kill()?;
        eye.uncovered()?;
    }

    let mut browser = Measured::default();
    let page = page(ward.path(), &questions)?;
    // The first answer of every question is at the same place.
    let first = *places.answers.first().context("no question was answered")?;
    for round in 0..=rounds {
        let mut process = start_chromium(&desktop, ward.path(), &page)?;
        let tree = Tree::of(process.id());
        // The first start makes the profile.
        let mut forgotten = Measured::default();
        let measured = if round == 0 { &mut forgotten } else { &mut browser };
        begins(&eye, tree, measured)?;
        if round == 1 {
            measured.at_rest_cpu = rests(tree)?;
            desktop.keep(&pictures.join("chromium.png"))?;
        }
        answer(&eye, tree, &vec![first; places.answers.len()], measured)?;
        process.terminate(DEADLINE)?;
        eye.uncovered()?;
    }
    report(window, browser)
}

/// Waits for the first whole picture and notes what it took.
fn begins(eye: &Eye, tree: Tree, measured: &mut Measured) -> Result<()> {
    eye.covered()?;
    eye.still()?;
    measured.first_picture_cpu.push(tree.processor_time()?);
    Ok(())
}

/// The processor time while nobody touches anything.
fn rests(tree: Tree) -> Result<Duration> {
    let_pass(Duration::from_secs(2));
    let before = tree.processor_time()?;
    let_pass(AT_REST);
    Ok(tree.processor_time()?.saturating_sub(before))
}

/// Touches an answer to each question and measures what that costs and how long it takes.
fn answer(eye: &Eye, tree: Tree, places: &[(i16, i16)], measured: &mut Measured) -> Result<()> {
    let mut picture = eye.still()?;
    let before = tree.processor_time()?;
    for place in places {
        let touched = eye.touch(*place)?;
        let due = touched + CONFIRMATION;
        let changes = eye.changes(picture, due)?;
        measured.to_answer.push(*changes.first().context("a touch did nothing")? - touched);
        // What the answer itself moves is over long before: the next question comes around the time that it is due.
        let next =
            changes.iter().find(|at| **at > touched + CONFIRMATION * 2 / 3).context("no question followed")?;
        measured.to_next.push(next.saturating_duration_since(due));
        picture = eye.picture()?;
    }
    measured.question_cpu += tree.processor_time()?.saturating_sub(before);
    measured.questions += u32::try_from(places.len())?;
    measured.proportional_bytes = measured.proportional_bytes.max(tree.proportional_bytes()?);
    measured.processes = measured.processes.max(tree.count()?);
    Ok(())
}

/// Where to touch: on the way to the first question, and an answer to each question that has answers to choose from.
struct Places {
    before: Vec<(i16, i16)>,
    answers: Vec<(i16, i16)>,
}

fn learn(desktop: &Desktop, ward: &Ward) -> Result<Places> {
    let mut kiosk = KioskWindow::open(desktop, ward)?;
    kiosk.until_it_is_told()?;
    let questionnaire = Questionnaire::inpatient()?;
    let mut places = Places { before: Vec::new(), answers: Vec::new() };
    let mut shown = kiosk.until("the kiosk at rest", |shown| shown.screen == "rest")?;
    loop {
        let (label, list) = match (shown.screen.as_str(), &shown.question) {
            ("rest", _) => ("Touch here to start".to_owned(), &mut places.before),
            ("language", _) => ("English".to_owned(), &mut places.before),
            ("consent", _) => ("Yes, start".to_owned(), &mut places.before),
            ("question", Some(question)) => {
                let question = questionnaire.question(&question.parse()?).context("no such question")?;
                if !is_measured(&question.kind) {
                    return Ok(places);
                }
                (english(&question.options.first().context("no options")?.text)?, &mut places.answers)
            }
            _ => return Ok(places),
        };
        list.push(place(&shown, &label)?);
        shown = kiosk.touch_on(&shown, &label)?;
    }
}

/// The questions up to the one about the consultant, which opens a list of names, are asked of both.
fn is_measured(kind: &KindFile) -> bool {
    matches!(kind, KindFile::Domain(_))
}

fn place(shown: &Shown, label: &str) -> Result<(i16, i16)> {
    let (x, y) = shown.place(label)?;
    Ok((i16::try_from(x)?, i16::try_from(y)?))
}

fn questions() -> Result<Value> {
    let questionnaire = Questionnaire::inpatient()?;
    let mut questions = Vec::new();
    for question in questionnaire.questions().iter().filter(|question| is_measured(&question.kind)) {
        let answers = question.options.iter().map(|option| english(&option.text)).collect::<Result<Vec<_>>>()?;
        questions.push(json!({ "text": english(&question.text)?, "answers": answers }));
    }
    Ok(Value::from(questions))
}

fn english(text: &Text) -> Result<String> {
    text.get(&Language::english()).cloned().context("no English")
}

fn start_window(desktop: &Desktop, ward: &Ward) -> Result<Process> {
    let mut command = Command::new(programs::kiosk()?);
    command.arg("run").arg("--data").arg(ward.path().join("kiosk")).arg("--fullscreen");
    command.env("DISPLAY", desktop.name()).env_remove("WAYLAND_DISPLAY");
    Process::start("window", command, ward.path())
}

/// The page with the kiosk's own fonts and questions.
fn page(directory: &Path, questions: &Value) -> Result<String> {
    let fonts = programs::workspace().join("kiosk/ui/fonts");
    let folder = directory.join("page");
    fs::create_dir_all(&folder)?;
    for (from, to) in [("Regular", "regular.ttf"), ("Bold", "bold.ttf")] {
        fs::copy(fonts.join(format!("AtkinsonHyperlegibleNext-{from}.ttf")), folder.join(to))?;
    }
    let file = folder.join("page.html");
    fs::write(&file, include_str!("window/page.html").replace("QUESTIONS", &questions.to_string()))?;
    Ok(format!("file://{}", file.display()))
}

fn start_chromium(desktop: &Desktop, directory: &Path, page: &str) -> Result<Process> {
    let mut command = Command::new(programs::installed("chromium", "chromium")?);
    command.args([
        "--kiosk",
        // Chromium refuses its sandbox as root, and without it shows a warning unless it is being tested.
        "--no-sandbox",
        "--test-type",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-quic",
        "--password-store=basic",
    ]);
    command.arg(format!("--window-size={WIDTH},{HEIGHT}"));
    command.arg(format!("--user-data-dir={}", directory.join("chromium").display())).arg(page);
    command.env("DISPLAY", desktop.name()).env_remove("WAYLAND_DISPLAY");
    Process::start("chromium", command, directory)
}

fn report(mut window: Measured, mut browser: Measured) -> Result<()> {
    ensure!(window.questions > 0 && browser.questions > 0, "no question was answered");
    let figures = |measured: &mut Measured| -> Figures {
        Figures {
            first_picture_ms: ms(quantile(&mut measured.first_picture_cpu, 0.5)),
            memory_mb: measured.proportional_bytes as f64 / 1_000_000.0,
            question_ms: ms(measured.question_cpu) / f64::from(measured.questions),
            at_rest_percent: measured.at_rest_cpu.as_secs_f64() / AT_REST.as_secs_f64() * 100.0,
        }
    };
    let (ours, theirs) = (figures(&mut window), figures(&mut browser));
    let times = |ours: f64, theirs: f64, goal: f64| json!({ "times": theirs / ours, "goal": goal, "met": theirs >= goal * ours });
    let below = |value: f64, goal: f64| json!({ "value": value, "goal": goal, "met": value < goal });
    for (name, measured, figures) in [("window", &mut window, &ours), ("chromium", &mut browser, &theirs)] {
        say(&json!({
            "bench": "window", "program": name, "machine": machine()?, "processes": measured.processes,
            "first_picture_cpu_ms": figures.first_picture_ms, "proportional_mb": figures.memory_mb,
            "question_cpu_ms": figures.question_ms, "questions": measured.questions,
            "at_rest_cpu_percent": figures.at_rest_percent,
            "touch_to_answer_ms": { "p50": ms(quantile(&mut measured.to_answer, 0.5)), "p99": ms(quantile(&mut measured.to_answer, 0.99)) },
            "confirmed_to_next_ms": { "p50": ms(quantile(&mut measured.to_next, 0.5)), "p99": ms(quantile(&mut measured.to_next, 0.99)) },
        }))?;
    }
    say(&json!({
        "bench": "window", "goals": {
            "first_picture_cpu": times(ours.first_picture_ms, theirs.first_picture_ms, 5.0),
            "memory": times(ours.memory_mb, theirs.memory_mb, 8.0),
            "question_cpu": times(ours.question_ms, theirs.question_ms, 8.0),
            "confirmed_to_next_p99_ms": below(ms(quantile(&mut window.to_next, 0.99)), 50.0),
            "at_rest_cpu_percent": below(ours.at_rest_percent, 0.05),
        },
    }))
}

struct Figures {
    first_picture_ms: f64,
    memory_mb: f64,
    question_ms: f64,
    at_rest_percent: f64,
}
