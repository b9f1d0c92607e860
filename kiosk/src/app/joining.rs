//! The window of a tablet that is to be taken in: [`Joining`] on the screen, and [`join`](crate::join) on a thread of its own.

use std::cell::{Cell, RefCell};
use std::io;
use std::path::Path;
use std::rc::{Rc, Weak};
use std::sync::mpsc::Receiver;
use std::thread;

use anyhow::Context as _;
use slint::ComponentHandle as _;
use wardvoice_kiosk_ui::KioskWindow;
use wardvoice_protocol::assignment::KioskSettings;
use wardvoice_protocol::enrolment::{JoinCode, fingerprint};

use super::WindowOptions;
use super::post::{self, Post};
use crate::identity;
use crate::join::{self, JoinError};
use crate::joining::{IDLE, JoinStep, JoinTouch, Joining};
use crate::screens::JoinScreen;

/// Asks at an address with a code; the answer may come at once or from another thread. It fails where nobody could be asked.
pub type Ask = Box<dyn Fn(String, JoinCode, Answer) -> io::Result<()>>;

/// Called once with what came of it.
pub type Answer = Box<dyn FnOnce(Result<KioskSettings, JoinError>) + Send>;

/// Joining on a window.
pub struct JoinStage {
    joining: RefCell<Joining>,
    screen: JoinScreen,
    ask: Ask,
    begin: Box<dyn Fn()>,
    post: Post<Result<KioskSettings, JoinError>>,
    heard: Receiver<Result<KioskSettings, JoinError>>,
    timer: slint::Timer,
    this: Weak<Self>,
}

impl JoinStage {
    /// Puts it on a window. `key` is the fingerprint of the tablet's key; `begin` is called once the tablet is taken in and
    /// somebody has seen that, or is left as it was. The window's callbacks do nothing once the stage is dropped.
    pub fn new(
        window: &KioskWindow,
        joining: Joining,
        key: &str,
        ask: Ask,
        begin: impl Fn() + 'static,
    ) -> Rc<Self> {
        let (post, heard) = Post::new(window);
        let stage = Rc::new_cyclic(|this: &Weak<Self>| {
            let touched = Weak::clone(this);
            let touch: Rc<dyn Fn(JoinTouch)> = Rc::new(move |touch| {
                if let Some(stage) = touched.upgrade() {
                    stage.meet(touch);
                }
            });
            Self {
                joining: RefCell::new(joining),
                screen: JoinScreen::connect(window, key, &touch),
                ask,
                begin: Box::new(begin),
                post,
                heard,
                timer: slint::Timer::default(),
                this: Weak::clone(this),
            }
        });
        post::deliver(window, &stage, Self::read_post);
        stage.show();
        stage
    }

    /// Takes in what other threads have said.
    pub fn read_post(&self) {
        for answer in self.heard.try_iter() {
            self.joining.borrow_mut().hear(answer);
        }
        self.show();
    }

    fn meet(&self, touch: JoinTouch) {
        let step = self.joining.borrow_mut().touch(touch);
        self.take(step);
    }

    fn take(&self, step: JoinStep) {
        match step {
            JoinStep::Nothing => {}
            JoinStep::Ask { address, code } => {
                let post = self.post.clone();
                if let Err(error) = (self.ask)(address, code, Box::new(move |answer| post.put(answer))) {
                    self.joining.borrow_mut().hear(Err(JoinError::Thread(error)));
                }
            }
            JoinStep::Begin => (self.begin)(),
        }
        self.show();
    }

    fn show(&self) {
        self.screen.show(&self.joining.borrow());
        let this = Weak::clone(&self.this);
        self.timer.start(slint::TimerMode::SingleShot, IDLE, move || {
            if let Some(stage) = this.upgrade() {
                let step = stage.joining.borrow_mut().nobody_is_there();
                stage.take(step);
            }
        });
    }
}

/// Asks for the kiosk of a data directory, each time on a thread of its own.
pub fn asking(data: &Path) -> Ask {
    let data = data.to_owned();
    Box::new(move |address: String, code: JoinCode, answer: Answer| {
        let data = data.clone();
        let ask = move || answer(join::join(&data, &address, &code));
        thread::Builder::new().name("join".to_owned()).spawn(ask).map(drop)
    })
}

/// Shows the window until somebody begins, with the kiosk taken in or left as it was, or until it is closed; whether somebody begins.
pub fn run_joining(options: &WindowOptions, data: &Path, joining: Joining) -> anyhow::Result<bool> {
    let key = fingerprint(&identity::load_or_create(data)?.verifying_key());
    let window = super::open_window(options)?;
    let begun = Rc::new(Cell::new(false));
    let begins = Rc::clone(&begun);
    let close = move || {
        begins.set(true);
        if let Err(error) = slint::quit_event_loop() {
            tracing::error!(%error, "the window does not close");
        }
    };
    let _stage = JoinStage::new(&window, joining, &key, asking(data), close);
    let _watched = super::watched();
    tracing::info!("this kiosk waits for a join code");
    window.run().context("failed to run the window")?;
    Ok(begun.get())
}
