//! The loop of the window: what happened goes into the interview, its effects are carried out, its view is shown, and a timer
//! is set for its next deadline.

use std::cell::RefCell;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use wardvoice_kiosk_ui::KioskWindow;
use wardvoice_protocol::id::{Hash, Language};
use wardvoice_protocol::record::Body;

use super::post::{self, Post};
use crate::interview::volunteer::Errand;
use crate::interview::{
    Action, Effect, Event, Happening, Interview, Keepsake, ReadingNumber, Setting, Stored, View,
};
use crate::screens::{Screens, Touch};

/// Milliseconds of one monotonic clock.
pub type Clock = Box<dyn Fn() -> u64>;

/// Takes a body to be stored, and what its patient takes along; the answer may come at once or from another thread.
pub type Submit = Box<dyn Fn(Body, Keepsake, Done)>;

/// Called once with `Ok` when the body is flushed.
pub type Done = Box<dyn FnOnce(Stored) + Send>;

type Observer = Box<dyn Fn(&View)>;
type Attendant = Box<dyn Fn(Errand)>;
type Follower = Box<dyn Fn(Hash)>;

/// Reads screens aloud, and says by the window's post how far it is ([`Happening::Spoken`]).
pub trait Voice {
    /// Begins to read; what was being read falls silent.
    fn read(&self, number: ReadingNumber, language: &Language, parts: Vec<String>);
    /// Is silent at once.
    fn hush(&self);
}

/// An interview on a window.
pub struct Stage {
    interview: RefCell<Interview>,
    screens: Screens,
    clock: Clock,
    submit: Submit,
    post: Post,
    incoming: Receiver<Happening>,
    timer: slint::Timer,
    observers: RefCell<Vec<Observer>>,
    attendant: RefCell<Option<Attendant>>,
    reader: RefCell<Option<Box<dyn Voice>>>,
    follower: RefCell<Option<Follower>>,
    this: Weak<Self>,
}

impl Stage {
    /// Puts an interview at rest on a window. The window's callbacks do nothing once the stage is dropped.
    pub fn new(
        window: &KioskWindow,
        setting: Arc<Setting>,
        clock: Clock,
        submit: Submit,
        post: Post,
        incoming: Receiver<Happening>,
    ) -> Rc<Self> {
        let stage = Rc::new_cyclic(|this: &Weak<Self>| {
            let touched = Weak::clone(this);
            let touch: Touch = Rc::new(move |action: Action| {
                if let Some(stage) = touched.upgrade() {
                    stage.meet(Happening::Touch(action));
                }
            });
            Self {
                interview: RefCell::new(Interview::new(setting, clock())),
                screens: Screens::connect(window, &touch),
                clock,
                submit,
                post,
                incoming,
                timer: slint::Timer::default(),
                observers: RefCell::default(),
                attendant: RefCell::default(),
                reader: RefCell::default(),
                follower: RefCell::default(),
                this: Weak::clone(this),
            }
        });
        post::deliver(window, &stage, Self::read_post);
        stage.show();
        stage
    }

    /// Hands every errand of the volunteer's screens to somebody. Without anybody none is run, and nobody comes in.
    pub fn attended_by(&self, attendant: impl Fn(Errand) + 'static) {
        self.attendant.replace(Some(Box::new(attendant)));
    }

    /// Has screens read aloud by somebody. Without anybody nothing is read, and no screen offers it.
    pub fn read_by(&self, reader: impl Voice + 'static) {
        self.reader.replace(Some(Box::new(reader)));
    }

    /// Asks nothing before the next [`Happening::Assigned`]: there is no questionnaire yet.
    pub fn waits_for_questions(&self) {
        self.interview.borrow_mut().wait_for_questions();
        self.show();
    }

    /// Says the hash of the questionnaire that is asked, now and whenever another one is.
    pub fn followed_by(&self, follower: impl Fn(Hash) + 'static) {
        if let Some(questionnaire) = self.interview.borrow().asks() {
            follower(questionnaire);
        }
        self.follower.replace(Some(Box::new(follower)));
    }

    /// Calls back with every view that is shown.
    pub fn observe(&self, observer: impl Fn(&View) + 'static) {
        observer(&self.view());
        self.observers.borrow_mut().push(Box::new(observer));
    }

    /// What is shown now.
    pub fn view(&self) -> View {
        self.interview.borrow().view((self.clock)())
    }

    /// Takes in everything that other threads have put into the post.
    pub fn read_post(&self) {
        for happening in self.incoming.try_iter() {
            self.meet(happening);
        }
    }

    /// Takes in what happened.
    pub fn meet(&self, happening: Happening) {
        if matches!(happening, Happening::Touch(Action::Agree)) {
            fail::fail_point!("window.agreed");
        }
        // A touch has moved something in the window even where the interview stays as it is.
        let touched = matches!(happening, Happening::Touch(_));
        let effects = self.interview.borrow_mut().apply(Event { now_ms: (self.clock)(), happening });
        for effect in &effects {
            match effect {
                Effect::Store { ticket, body, keepsake } => {
                    let (post, ticket) = (self.post.clone(), *ticket);
                    let done = move |result| post.put(Happening::Stored { ticket, result });
                    (self.submit)(body.clone(), *keepsake, Box::new(done));
                }
                Effect::Errand(errand) => {
                    if let Some(attendant) = &*self.attendant.borrow() {
                        attendant(errand.clone());
                    }
                }
                Effect::Asks(questionnaire) => {
                    if let Some(follower) = &*self.follower.borrow() {
                        follower(*questionnaire);
                    }
                }
                Effect::Hush => {
                    if let Some(reader) = &*self.reader.borrow() {
                        reader.hush();
                    }
                }
                Effect::ReadAloud(number) => {
                    if let Some(reader) = &*self.reader.borrow() {
                        let view = self.view();
                        reader.read(*number, &view.language, Screens::parts(&view));
                    }
                }
                Effect::Show | Effect::MoveFocus => {}
            }
        }
        if effects.contains(&Effect::MoveFocus) {
            self.screens.move_focus();
        }
        if touched || effects.contains(&Effect::Show) {
            self.show();
        } else {
            self.set_timer();
        }
    }

    fn show(&self) {
        let view = self.view();
        self.screens.show(&view);
        self.set_timer();
        for observer in self.observers.borrow().iter() {
            observer(&view);
        }
    }

    fn set_timer(&self) {
        let now_ms = (self.clock)();
        let Some(deadline_ms) = self.interview.borrow().deadline_ms(now_ms) else { return self.timer.stop() };
        let due = Duration::from_millis(deadline_ms.saturating_sub(now_ms));
        let this = Weak::clone(&self.this);
        self.timer.start(slint::TimerMode::SingleShot, due, move || {
            if let Some(stage) = this.upgrade() {
                stage.meet(Happening::Tick);
            }
        });
    }
}
