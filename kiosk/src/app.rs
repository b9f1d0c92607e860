//! The kiosk with a window: brings interview, screens and dispatch together.
//!
//! Slint has the main thread; the dispatch has its own. What happens elsewhere is put into the window's [`post`], which wakes
//! the event loop; what is to be stored goes out through a closure whose answer comes back by the same post.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, anyhow};
use slint::ComponentHandle as _;
use wardvoice_kiosk_ui::{KioskWindow, fonts, words};
use wardvoice_protocol::assignment::Assignment;
use wardvoice_protocol::questionnaire::Questionnaire;

use crate::dispatch::{self, Dispatch, DispatchState};
use crate::interview::{Carriage, Happening, Setting, SettingError, StoreFailed, Storing};

pub mod post;
pub mod stage;
mod watch;

use post::Post;
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
}

/// Shows the window until it is closed.
///
/// `assignment` is what the kiosk is now; later ones come through `assignments` and take effect between interviews. One that
/// the kiosk cannot follow is logged and passed over.
pub fn run_window(
    options: &WindowOptions,
    dispatch: &Dispatch,
    assignment: &Assignment,
    assignments: Receiver<Assignment>,
) -> anyhow::Result<()> {
    select_renderer()?;
    let questionnaire = Arc::new(Questionnaire::inpatient().context("failed to read the questionnaire")?);
    let setting = setting(assignment, &questionnaire).context("failed to follow the assignment")?;
    fonts::register();
    let window = KioskWindow::new().context("failed to open a window")?;
    window.set_covers_screen(options.fullscreen);
    if let Some((width, height)) = options.size {
        window.window().set_size(slint::PhysicalSize::new(width, height));
    }
    let (post, incoming) = Post::new(&window);
    let began = Instant::now();
    let clock = move || u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let stage = Stage::new(&window, Arc::new(setting), Box::new(clock), submit(dispatch), post.clone(), incoming);
    watch::attach(&stage, &window, options)?;
    report(dispatch, &post);
    follow(assignments, questionnaire, post)?;
    window.run().context("failed to run the window")?;
    // Somebody may have been in front of it: what they had agreed to and answered is stored before the dispatch stops.
    stage.meet(Happening::Closing);
    dispatch.stop();
    Ok(())
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

fn setting(assignment: &Assignment, questionnaire: &Arc<Questionnaire>) -> Result<Setting, SettingError> {
    // What nobody has checked is for demonstrations, the kiosk's own words as much as the questionnaire's.
    let spoken =
        |tag: &str| words::phrases(tag).is_some() && (assignment.demonstration || words::is_approved(tag));
    Setting::new(assignment, Arc::clone(questionnaire), |language| spoken(language.as_str()))
}

fn submit(dispatch: &Dispatch) -> stage::Submit {
    let dispatch = dispatch.clone();
    Box::new(move |body, done: Done| {
        dispatch.submit(body, move |kept| {
            done(kept.map_err(|error| {
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
        post.put(Happening::Storing(match state.storing {
            dispatch::Storing::Ready => Storing::Ready,
            dispatch::Storing::Refusing(_) => Storing::Refusing,
        }));
    };
    let changed = post.clone();
    dispatch.on_change(move |state| tell(&changed, state));
    tell(post, &dispatch.state());
}

/// Posts every later assignment that the kiosk can follow.
fn follow(assignments: Receiver<Assignment>, questionnaire: Arc<Questionnaire>, post: Post) -> anyhow::Result<()> {
    let follow = move || {
        for assignment in assignments {
            match setting(&assignment, &questionnaire) {
                Ok(setting) => post.put(Happening::Assigned(Arc::new(setting))),
                Err(error) => tracing::error!(%error, "an assignment cannot be followed"),
            }
        }
    };
    thread::Builder::new().name("assignments".to_owned()).spawn(follow).context("failed to start a thread")?;
    Ok(())
}
