//! The kiosk with a window: brings interview, screens and dispatch together.
//!
//! Slint has the main thread; the dispatch has its own. What happens elsewhere is put into the window's [`post`], which wakes
//! the event loop; what is to be stored goes out through a closure whose answer comes back by the same post.

use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, anyhow};
use slint::ComponentHandle as _;
use wardvoice_kiosk_ui::{KioskWindow, fonts};
use wardvoice_protocol::assignment::Assignment;
use wardvoice_protocol::id::Language;
use wardvoice_protocol::questionnaire::Questionnaire;
use wardvoice_protocol::record::Body;

use crate::appliance::Watchdog;
use crate::commission::Commission;
use crate::dispatch::{self, Dispatch, DispatchState};
use crate::interview::volunteer::Word;
use crate::interview::{Carriage, Happening, Setting, SettingError, StoreFailed, Storing};
use crate::{own_words, placement};

mod errands;
mod help;
pub mod joining;
mod lamp;
mod once;
pub mod post;
mod reader;
pub mod stage;
mod watch;

use errands::Errands;
use help::HelpOnScreen;
use lamp::Lamp;
use post::Post;
use reader::Reader;
use stage::{Done, Stage};

/// How the window is shown.
#[derive(Debug, Clone, Default)]
pub struct WindowOptions {
    /// Over the whole screen. On X11 this needs a window manager; without one give a size.
    pub fullscreen: bool,
    /// The size in physical pixels; 1280 by 800 when absent.
    pub size: Option<(u32, u32)>,
    /// A test aid: a picture of every screen is put there. The pictures show answers, so it is for demonstrations.
    pub screenshot_dir: Option<PathBuf>,
    /// A test aid: where each control is, as JSON lines, each time the screen changes ([`watch`]).
    pub trace_controls: Option<PathBuf>,
    /// A test aid: what is read aloud is written there as sound files instead of being played.
    pub speech_dir: Option<PathBuf>,
}

/// Why the window was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Somebody has closed it.
    Closed,
    /// The kiosk is to be taken in again.
    ToJoinAgain,
}

/// Shows the window until it is closed.
///
/// `commission` is what the kiosk is now; where there is none yet, the screen says what it waits for. Later ones come through
/// `commissions` and take effect between interviews. One that the kiosk cannot follow is logged and passed over.
pub fn run_window(
    options: &WindowOptions,
    dispatch: &Dispatch,
    commission: Option<&Commission>,
    commissions: Receiver<Arc<Commission>>,
) -> anyhow::Result<Ended> {
    let setting = match commission {
        Some(commission) => {
            let moved = placement::moved(dispatch.data(), &commission.assignment.ward);
            let placed = placement::placed(&commission.assignment, moved.as_ref(), &dispatch.briefing());
            setting(&placed, commission).context("failed to follow the assignment")?
        }
        None => stand_in(&dispatch.assignment().context("failed to find an assignment")?)?,
    };
    let window = open_window(options)?;
    once::attach(&window);
    let (post, incoming) = Post::new(&window);
    let began = Instant::now();
    let clock = move || u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let help = HelpOnScreen::watch(dispatch, &post);
    let submit = submit(dispatch, help);
    let stage = Stage::new(&window, Arc::new(setting), Box::new(clock), submit, post.clone(), incoming);
    if commission.is_none() {
        stage.waits_for_questions();
    }
    stage.observe(once::at_once(&window));
    watch::attach(&stage, &window, options)?;
    let lamp = Lamp::light(dispatch.data(), dispatch, post.clone());
    let following = Rc::clone(&lamp);
    stage.observe(move |view| following.follow(view));
    let errands = Errands::new(dispatch, &window, lamp, post.clone())?;
    let attends = Rc::clone(&errands);
    stage.attended_by(move |errand| attends.run(errand));
    stage.read_by(Reader::find(options.speech_dir.clone(), post.clone())?);
    let asks = dispatch.clone();
    stage.followed_by(move |questionnaire| asks.asks(questionnaire));
    report(dispatch, &post);
    // Nobody is invited for a moment by a kiosk that cannot keep anything.
    stage.read_post();
    follow(dispatch, commissions, post)?;
    let _watched = watched();
    window.run().context("failed to run the window")?;
    // Somebody may have been in front of it: what they had agreed to and answered is stored before the dispatch stops.
    stage.meet(Happening::Closing);
    dispatch.stop();
    Ok(errands.ended())
}

/// A window as the options say, not shown yet.
fn open_window(options: &WindowOptions) -> anyhow::Result<KioskWindow> {
    select_renderer()?;
    fonts::register();
    let window = KioskWindow::new().context("failed to open a window")?;
    window.set_covers_screen(options.fullscreen);
    if let Some((width, height)) = options.size {
        window.window().set_size(slint::PhysicalSize::new(width, height));
    }
    Ok(window)
}

/// The software renderer, unless the environment names another: tablets have no graphics card worth its memory.
fn select_renderer() -> anyhow::Result<()> {
    if std::env::var_os("SLINT_BACKEND").is_some() {
        return Ok(());
    }
    let selector =
        slint::BackendSelector::new().backend_name("winit".to_owned()).renderer_name("software".to_owned());
    selector.select().map_err(|error| anyhow!("failed to choose the software renderer: {error}"))
}

/// An assignment, which may be of another ward than the commission's, with what the commission asks.
fn setting(assignment: &Assignment, commission: &Commission) -> Result<Setting, SettingError> {
    let questionnaire = Arc::clone(&commission.questionnaire);
    let approved = &commission.approved;
    let spoken = |language: &Language| own_words::are_fit(language, approved, assignment.demonstration);
    let setting =
        Setting::approving(assignment, questionnaire, |language| approved.contains_key(language), spoken)?;
    Ok(setting.with_withdrawal_codes(commission.withdrawal_codes))
}

/// What stands there until the assignment's own questionnaire has come. Its questions are never asked.
fn stand_in(assignment: &Assignment) -> anyhow::Result<Setting> {
    let never_asked = Questionnaire::inpatient().context("failed to read a questionnaire of this program")?;
    let assignment = Assignment {
        questionnaire: never_asked.reference(),
        audience: never_asked.file().audience,
        ..assignment.clone()
    };
    Ok(Setting::new(&assignment, Arc::new(never_asked), |_| false)?)
}

fn submit(dispatch: &Dispatch, help: HelpOnScreen) -> stage::Submit {
    let dispatch = dispatch.clone();
    Box::new(move |body, keepsake, done: Done| {
        let asks_for_help = matches!(body, Body::HelpRequest(_)).then(|| help.clone());
        dispatch.submit_with(keepsake, body, move |kept| {
            if let (Some(help), Ok(kept)) = (asks_for_help, &kept) {
                help.remember(kept.record);
            }
            done(kept.map(|kept| kept.code).map_err(|error| {
                tracing::error!(%error, "a record was not kept");
                StoreFailed
            }));
        });
    })
}

/// Posts how the dispatch does, now and with every change.
fn report(dispatch: &Dispatch, post: &Post) {
    let tell = |post: &Post, state: &DispatchState| {
        post.put(Happening::Carriage(Carriage { connected: state.connected, waiting: state.waiting }));
        if let Some(reached) = state.last_receipt {
            post.put(Happening::Volunteer(Word::Reached(reached)));
        }
        post.put(Happening::Storing(match state.storing {
            dispatch::Storing::Ready => Storing::Ready,
            dispatch::Storing::Refusing(_) => Storing::Refusing,
        }));
    };
    let changed = post.clone();
    dispatch.on_change(move |state| tell(&changed, state));
    let briefed = post.clone();
    dispatch.on_briefing(move |briefing| {
        briefed.put(Happening::Volunteer(Word::Briefed(Arc::clone(briefing))));
    });
    tell(post, &dispatch.state());
}

/// Posts every later commission that the kiosk can follow.
fn follow(dispatch: &Dispatch, commissions: Receiver<Arc<Commission>>, post: Post) -> anyhow::Result<()> {
    let data = dispatch.data().to_owned();
    // Not the dispatch itself: this thread ends when the dispatch does.
    let briefing = dispatch.briefing_reader();
    let follow = move || {
        for commission in commissions {
            let assignment = &commission.assignment;
            let moved = placement::moved(&data, &assignment.ward);
            assign(&post, &placement::placed(assignment, moved.as_ref(), &briefing()), &commission);
        }
    };
    thread::Builder::new().name("commissions".to_owned()).spawn(follow).context("failed to start a thread")?;
    Ok(())
}

/// Posts what an assignment makes of the kiosk, if it can be followed.
fn assign(post: &Post, assignment: &Assignment, commission: &Commission) {
    match setting(assignment, commission) {
        Ok(setting) => post.put(Happening::Assigned(Arc::new(setting))),
        Err(error) => tracing::error!(%error, "an assignment cannot be followed"),
    }
}

/// Lets systemd know that the window turns, for as long as the timer lives.
fn watched() -> Option<slint::Timer> {
    let watchdog = Watchdog::from_environment()?;
    watchdog.ready();
    let every = watchdog.every()?;
    let timer = slint::Timer::default();
    timer.start(slint::TimerMode::Repeated, every, move || watchdog.ping());
    Some(timer)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use wardvoice_protocol::approvals::ApprovedLanguage;
    use wardvoice_protocol::assignment::KioskAudience;
    use wardvoice_protocol::keys::{OpenKey, SigningKey};

    use super::*;
    use crate::commission::Approved;

    /// The languages that a kiosk offers which is told to offer English and Polish.
    fn offered(demonstration: bool, approved: Approved) -> Vec<String> {
        let questionnaire = Arc::new(Questionnaire::inpatient().unwrap());
        let assignment = Assignment {
            kiosk: "k-1".parse().unwrap(),
            ward: "W1".parse().unwrap(),
            ward_name: "Ward 1".to_owned(),
            audience: KioskAudience::Patients,
            questionnaire: questionnaire.reference(),
            languages: vec![Language::english(), "pl".parse().unwrap()],
            consultants: Vec::new(),
            seal_key: OpenKey::from_bytes(&[7; 32]).unwrap().seal_key().clone(),
            aggregator_key: SigningKey::from_bytes(&[8; 32]).verifying_key(),
            fortnight_anchor: "2026-01-05".parse().unwrap(),
            demonstration,
        };
        let commission = Commission { assignment, questionnaire, approved, withdrawal_codes: false };
        let setting = setting(&commission.assignment, &commission).unwrap();
        assert_eq!(setting.is_approved(&"pl".parse().unwrap()), !commission.approved.is_empty());
        setting.languages().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_real_kiosk_offers_what_was_approved_with_its_own_words() {
        let approving = |words| Approved::from([("pl".parse().unwrap(), ApprovedLanguage { words })]);
        assert_eq!(offered(false, Approved::new()), ["en"]);
        assert_eq!(offered(true, Approved::new()), ["en", "pl"], "a demonstration offers machine translations");
        assert_eq!(offered(false, approving(None)), ["en"], "its own words were not looked at");
        assert_eq!(offered(false, approving(own_words::hash("ro"))), ["en"], "others were");
        assert_eq!(offered(false, approving(own_words::hash("pl"))), ["en", "pl"]);
    }
}
