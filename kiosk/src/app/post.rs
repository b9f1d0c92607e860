//! The way into the window from other threads: what happened is put into a channel, and the event loop is woken to read it.

use std::sync::mpsc::{self, Receiver, Sender};

use slint::ComponentHandle as _;
use wardvoice_kiosk_ui::KioskWindow;

use crate::interview::Happening;

/// Puts things into the window's post; each clone is the same post.
#[derive(Clone)]
pub struct Post {
    sender: Sender<Happening>,
    window: slint::Weak<KioskWindow>,
}

impl Post {
    /// A post for a window, and the end to read it from.
    pub fn new(window: &KioskWindow) -> (Self, Receiver<Happening>) {
        let (sender, receiver) = mpsc::channel();
        (Self { sender, window: window.as_weak() }, receiver)
    }

    /// Puts something in. Once the window is gone nobody reads it, and nobody needs to.
    pub fn put(&self, happening: Happening) {
        if self.sender.send(happening).is_ok() {
            let woken = self.window.upgrade_in_event_loop(|window| window.invoke_post_arrived());
            if let Err(error) = woken {
                tracing::debug!(%error, "there is no event loop to wake");
            }
        }
    }
}
