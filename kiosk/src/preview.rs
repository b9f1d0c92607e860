//! Pictures of every screen of a questionnaire in a language, as a kiosk shows them: without a display, a broker or a patient.
//!
//! Purpose: whoever approves a translation sees what a patient will see, drawn by the window, the interview and the renderer of the kiosk itself,
//! together with the kiosk's own words around it. What is drawn is the kiosk after the approval: no strip says that nobody has checked.
//!
//! In the folder: `index.json`, written last ([`Index`]), and a picture a screen, `07-question-respect.png`, in the order of the journey. The words of
//! no patient are in it, because there is none.
//!
//! Bounds: a questionnaire has at most 32 questions; a journey that goes round in circles ends after [`MOST_SCREENS`].

use std::cell::Cell;
use std::fs;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow, ensure};
use serde::{Deserialize, Serialize};
use slint::ComponentHandle as _;
use slint::platform::software_renderer::{MinimalSoftwareWindow, RepaintBufferType};
use slint::platform::{Platform, PlatformError, WindowAdapter};
use wardvoice_kiosk_ui::{KioskWindow, fonts, words};
use wardvoice_protocol::assignment::Assignment;
use wardvoice_protocol::id::{Hash, Language};
use wardvoice_protocol::keys::{OpenKey, SigningKey};
use wardvoice_protocol::questionnaire::Questionnaire;
use wardvoice_protocol::withdrawal::WithdrawalCode;

use crate::app::post::Post;
use crate::app::stage::{Done, Stage};
use crate::interview::{Keepsake, Setting};
use crate::own_words;

mod walk;

/// The most pictures of one preview.
pub const MOST_SCREENS: usize = 64;

/// What there is to see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Index {
    /// The version of this shape: 1.
    pub version: u32,
    /// The version of the program that drew it.
    pub software: String,
    /// The hash of the questionnaire.
    pub questionnaire: Hash,
    /// The language.
    pub language: Language,
    /// The hash of the kiosk's own words in that language.
    pub words: Hash,
    /// Whether their makers have approved them.
    pub words_approved: bool,
    /// The kiosk's own words: the English, and the language.
    pub phrases: Vec<(String, String)>,
    /// The pictures in the order of the journey.
    pub screens: Vec<Screenshot>,
}

/// A picture of a screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Screenshot {
    /// Which screen: `consent`, `question`, `help` …
    pub screen: String,
    /// The question, where it is one.
    pub question: Option<String>,
    /// The file beside the index.
    pub file: String,
}

/// Draws every screen into a folder, which is made. One a process: the program has one platform.
pub fn draw(
    questionnaire: Arc<Questionnaire>,
    language: &Language,
    (width, height): (u32, u32),
    folder: &Path,
) -> anyhow::Result<Index> {
    let tag = language.as_str();
    let hash = questionnaire.hash();
    ensure!(
        questionnaire.file().languages.contains_key(language),
        "the questionnaire has no text in {language}; its languages are {}",
        joined(questionnaire.file().languages.keys().map(Language::as_str))
    );
    let words = own_words::hash(tag).with_context(|| {
        format!(
            "the kiosk has no words of its own in {language}; it has them in {}",
            joined(words::LANGUAGES.into_iter())
        )
    })?;
    fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
    let screens = walk::walk(&Screen::new(setting(questionnaire, language)?, width, height)?, language, folder)?;
    let phrases = words::texts("en").iter().zip(words::texts(tag));
    let index = Index {
        version: 1,
        software: env!("CARGO_PKG_VERSION").to_owned(),
        questionnaire: hash,
        language: language.clone(),
        words,
        words_approved: words::is_approved(tag),
        phrases: phrases.map(|(english, text)| ((*english).to_owned(), (*text).to_owned())).collect(),
        screens,
    };
    let path = folder.join("index.json");
    let mut bytes = serde_json::to_vec_pretty(&index)?;
    bytes.push(b'\n');
    fs::write(&path, bytes).with_context(|| format!("write {}", path.display()))?;
    Ok(index)
}

fn joined<'a>(tags: impl Iterator<Item = &'a str>) -> String {
    tags.collect::<Vec<_>>().join(", ")
}

/// A kiosk of no ward in particular that offers English and the language, both approved.
fn setting(questionnaire: Arc<Questionnaire>, language: &Language) -> anyhow::Result<Setting> {
    let mut languages = vec![Language::english()];
    if !languages.contains(language) {
        languages.push(language.clone());
    }
    let assignment = Assignment {
        kiosk: "preview".parse()?,
        ward: "preview".parse()?,
        ward_name: "Ward 1".to_owned(),
        audience: questionnaire.file().audience,
        questionnaire: questionnaire.reference(),
        languages,
        consultants: Vec::new(),
        // Nothing is sealed and nothing is believed; the fields have to be filled.
        seal_key: OpenKey::from_bytes(&[7; 32]).context("make a key that seals nothing")?.seal_key().clone(),
        aggregator_key: SigningKey::from_bytes(&[8; 32]).verifying_key(),
        fortnight_anchor: jiff::civil::date(2026, 1, 5),
        demonstration: false,
    };
    Ok(Setting::approving(&assignment, questionnaire, |_| true, |_| true)?)
}

/// The kiosk's window in memory, with a clock that is moved by hand.
struct Screen {
    window: KioskWindow,
    stage: Rc<Stage>,
    setting: Arc<Setting>,
    now: Rc<Cell<Duration>>,
}

/// A platform without a display.
struct InMemory {
    window: Rc<MinimalSoftwareWindow>,
    now: Rc<Cell<Duration>>,
}

impl Platform for InMemory {
    fn create_window_adapter(&self) -> Result<Rc<dyn WindowAdapter>, PlatformError> {
        Ok(Rc::<MinimalSoftwareWindow>::clone(&self.window))
    }

    fn duration_since_start(&self) -> Duration {
        self.now.get()
    }
}

impl Screen {
    fn new(setting: Setting, width: u32, height: u32) -> anyhow::Result<Self> {
        let now = Rc::new(Cell::new(Duration::ZERO));
        let adapter = MinimalSoftwareWindow::new(RepaintBufferType::NewBuffer);
        let platform = InMemory { window: Rc::clone(&adapter), now: Rc::clone(&now) };
        slint::platform::set_platform(Box::new(platform)).map_err(|error| anyhow!("draw into memory: {error}"))?;
        fonts::register();
        let window = KioskWindow::new().context("make the window")?;
        adapter.set_size(slint::PhysicalSize::new(width, height));
        let (post, incoming) = Post::new(&window);
        let clock = {
            let now = Rc::clone(&now);
            move || u64::try_from(now.get().as_millis()).unwrap_or(u64::MAX)
        };
        // What would be stored is forgotten, as if it had been. A code that is given is of no record.
        let submit = |_body, keepsake: Keepsake, done: Done| {
            done(Ok((keepsake == Keepsake::Code).then(|| WithdrawalCode::from_random([7; 7]))));
        };
        let setting = Arc::new(setting);
        let stage = Stage::new(&window, Arc::clone(&setting), Box::new(clock), Box::new(submit), post, incoming);
        window.show().context("show the window")?;
        let screen = Self { window, stage, setting, now };
        screen.wait(200);
        Ok(screen)
    }

    /// Lets time pass, in steps, as timers set timers.
    fn wait(&self, ms: u64) {
        let mut left_ms = ms;
        while left_ms > 0 {
            let step_ms = left_ms.min(50);
            left_ms -= step_ms;
            self.now.set(self.now.get() + Duration::from_millis(step_ms));
            slint::platform::update_timers_and_animations();
            self.stage.read_post();
        }
    }
}
