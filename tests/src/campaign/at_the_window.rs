//! A kiosk with its real window in a day of soak: on a display of its own, touched where its controls are, one patient after the other.
//!
//! Each patient writes a word that no other writes, and is counted once the screen has thanked for it. What the window leaves in its outbox
//! is delivered by the same kiosk without a window once the day is over.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use wardvoice_protocol::id::{Language, QuestionId};
use wardvoice_protocol::questionnaire::Questionnaire;

use super::gauge::Gauge;
use crate::desktop::Desktop;
use crate::faults::Bedside;
use crate::window::{KioskWindow, Shown};

/// The letters of a word, place by place. None stands beside itself, because a finger that trembles writes a letter once.
const LETTERS: [&str; 4] = ["abcdefghi", "jklmnopqr", "stuvwxyz", "abcdefghi"];
/// More screens than an interview has, however it goes.
const MOST_SCREENS: usize = 100;

/// The window, and who touches it.
#[derive(Debug)]
pub(super) struct AtTheWindow {
    stop: Arc<AtomicBool>,
    patients: JoinHandle<Result<Answered>>,
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Answered {
    /// The words of those who were thanked.
    pub(super) marks: Vec<String>,
    /// The window's memory and files, looked at after each patient.
    pub(super) gauge: Gauge,
}

impl AtTheWindow {
    /// Opens the window of a kiosk that has joined and does not run, and lets patients come to it for a day of so long.
    pub(super) fn open(kiosk: &Bedside, directory: &Path, day: Duration) -> Result<Self> {
        let folder = directory.join("window");
        fs::create_dir_all(&folder).with_context(|| format!("failed to make {}", folder.display()))?;
        symlink(kiosk.data(), folder.join("kiosk")).context("failed to name the kiosk's folder")?;
        fs::copy(kiosk.data().join("settings.json"), folder.join("settings.json"))
            .context("failed to copy the kiosk's settings")?;
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let patients = std::thread::Builder::new()
            .name("window".to_owned())
            .spawn(move || patients_come(&folder, day, &told))?;
        Ok(Self { stop, patients })
    }

    /// An error when nobody can answer there any more, which the end of the day says more of.
    pub(super) fn must_be_open(&self) -> Result<()> {
        ensure!(!self.patients.is_finished(), "nobody answers at the window any more");
        Ok(())
    }

    /// Lets the last patient finish and closes the window.
    pub(super) fn close(self) -> Result<Answered> {
        self.stop.store(true, Ordering::SeqCst);
        self.patients.join().map_err(|_| anyhow!("who touches the window panicked"))?
    }
}

fn patients_come(folder: &Path, day: Duration, told: &AtomicBool) -> Result<Answered> {
    let questionnaire = Questionnaire::inpatient()?;
    let desktop = Desktop::start(1280, 800, folder)?;
    let mut window = KioskWindow::of_joined(&desktop, folder)?;
    let mut rest = window.until("the kiosk at rest", |shown| shown.screen == "rest")?;
    let began = Instant::now();
    let mut answered = Answered::default();
    loop {
        let mark = word(answered.marks.len());
        rest = somebody_answers(&mut window, rest, &questionnaire, &mark)
            .with_context(|| format!("patient {} at the window", answered.marks.len() + 1))?;
        answered.marks.push(mark);
        answered.gauge.sample(window.process(), 24.0 * began.elapsed().div_duration_f64(day))?;
        window.forget_the_trace()?;
        if told.load(Ordering::SeqCst) {
            return Ok(answered);
        }
    }
}

/// A word for a patient, as the keyboard writes one: the first letter is a capital.
fn word(number: usize) -> String {
    let mut rest = number;
    let letters = LETTERS.iter().enumerate().filter_map(|(place, letters)| {
        let letter = letters.chars().nth(rest % letters.len());
        rest /= letters.len();
        letter.map(|letter| if place == 0 { letter.to_ascii_uppercase() } else { letter })
    });
    letters.collect()
}

/// From rest to rest: every question answered, a word written, and thanks.
fn somebody_answers(
    window: &mut KioskWindow<'_>,
    rest: Shown,
    questionnaire: &Questionnaire,
    mark: &str,
) -> Result<Shown> {
    let mut shown = rest;
    for _ in 0..MOST_SCREENS {
        shown = match shown.screen.as_str() {
            "rest" => {
                // What the ward says beside it may have come since, and have moved it.
                let now = window.shown().filter(|now| now.screen == "rest").unwrap_or_else(|| shown.clone());
                window.touch_on(&now, "Touch here to start")?
            }
            "language" => window.touch_on(&shown, "English")?,
            "consent" => window.touch_on(&shown, "Yes, start")?,
            "question" => {
                let answer = answer_to(questionnaire, asked(&shown)?)?;
                window.touch_on(&shown, &answer)?
            }
            "comment" if asked(&shown)? == "good" => {
                for letter in mark.chars() {
                    shown = window.touch_key(&shown, &letter.to_string())?;
                }
                window.touch_on(&shown, "Next")?
            }
            "comment" => window.touch_on(&shown, "Skip this question")?,
            "saving" | "thanks" => return window.back_to_rest(shown),
            other => bail!("the kiosk shows {other}: {:?}", shown.labels()),
        };
    }
    bail!("the interview does not end; the last screen is {}", shown.screen)
}

fn asked(shown: &Shown) -> Result<&str> {
    shown.question.as_deref().context("a question without an id")
}

/// The first option, but where that would lead to more than a question: nobody is named, and nobody is called.
fn answer_to(questionnaire: &Questionnaire, question: &str) -> Result<String> {
    let id: QuestionId = question.parse()?;
    let found = questionnaire.question(&id).context("no such question")?;
    let leads_on = ["consultant", "help"].contains(&question);
    let option = found.options.iter().find(|option| !leads_on || option.id.as_str() == "no");
    let text = &option.with_context(|| format!("{question} has no such option"))?.text;
    Ok(text.get(&Language::english()).context("no English")?.clone())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_patients_write_the_same_word() {
        let words: BTreeSet<String> = (0..5_000).map(word).collect();
        assert_eq!(words.len(), 5_000);
        assert!(words.contains("Ajsa") && words.iter().all(|word| word.len() == 4));
    }
}
