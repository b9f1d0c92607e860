//! The way into the window from other threads: what happened is put into a channel, and the event loop is woken to read it.

use std::rc::Rc;
use std::sync::mpsc::{self, Receiver, Sender};

use slint::ComponentHandle as _;
use wardvoice_kiosk_ui::KioskWindow;

use crate::interview::Happening;

/// Puts things into the window's post; each clone is the same post.
pub struct Post<T = Happening> {
    sender: Sender<T>,
    window: slint::Weak<KioskWindow>,
}

impl<T> Clone for Post<T> {
    fn clone(&self) -> Self {
        Self { sender: self.sender.clone(), window: self.window.clone() }
    }
}

impl<T> Post<T> {
    /// A post for a window, and the end to read it from.
    pub fn new(window: &KioskWindow) -> (Self, Receiver<T>) {
        let (sender, receiver) = mpsc::channel();
        (Self { sender, window: window.as_weak() }, receiver)
    }

    /// Puts something in. Once the window is gone nobody reads it, and nobody needs to.
    pub fn put(&self, what: T) {
        if self.sender.send(what).is_ok() {
            let woken = self.window.upgrade_in_event_loop(|window| window.invoke_post_arrived());
            if let Err(error) = woken {
                tracing::debug!(%error, "there is no event loop to wake");
            }
        }
    }
}

/// Has a stage read its post whenever something has come, until the stage is dropped.
pub(super) fn deliver<S: 'static>(window: &KioskWindow, stage: &Rc<S>, read: fn(&S)) {
    let stage = Rc::downgrade(stage);
    window.on_post_arrived(move || {
        if let Some(stage) = stage.upgrade() {
            read(&stage);
        }
    });
}
