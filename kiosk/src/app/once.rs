//! Has every picture drawn once, and that of an answer or the next question at once.
//!
//! On X11 the toolkit draws at the pace of the display, by a timer that asks for a picture once more after the last of them, whether
//! anything has changed or not (Slint 1.18.1, `frame_throttle.rs`: it looks whether it may stop before the picture it has just asked for
//! is drawn). Nothing is painted then, but everything on the screen is asked whether it has changed. So a picture that is asked for right
//! after another is passed over.
//!
//! **No picture is lost by that.** What has changed since the last one was drawn keeps that timer going, or starts it; it asks again within
//! a sixtieth of a second, and two in a row are never passed over. Whatever happens to the window itself (it is touched, resized, covered or
//! uncovered) has the next picture drawn. That another window has gone from before this one comes as such an event too; where it does not,
//! the toolkit paints nothing either, because nothing of its own has changed.

use std::cell::Cell;
use std::time::{Duration, Instant};

use i_slint_backend_winit::winit::event::WindowEvent;
use i_slint_backend_winit::winit::window::Window as DisplayWindow;
use i_slint_backend_winit::{EventResult, WinitWindowAccessor as _};
use slint::ComponentHandle as _;
use wardvoice_kiosk_ui::KioskWindow;

use crate::interview::{Screen, View};

/// More than the pace of a display of 50 or 60 pictures a second, and less than twice that.
const PACE: Duration = Duration::from_millis(25);

/// When a picture was drawn after which the next may be passed over.
#[derive(Debug, Default)]
struct Pictures {
    drawn: Option<Instant>,
}

impl Pictures {
    /// Whether a picture that is asked for at a moment is to be drawn. While something moves each is another.
    fn draws(&mut self, now: Instant, moving: bool) -> bool {
        let again = self.drawn.take().is_some_and(|drawn| now.saturating_duration_since(drawn) < PACE);
        if again && !moving {
            return false;
        }
        self.drawn = Some(now);
        true
    }

    /// Something else has happened to the window.
    fn disturbed(&mut self) {
        self.drawn = None;
    }
}

/// Passes over what a window is asked to draw twice. A window that is not on such a display is left alone.
pub(super) fn attach(window: &KioskWindow) {
    let mut pictures = Pictures::default();
    window.window().on_winit_window_event(move |window, event| {
        if !matches!(event, WindowEvent::RedrawRequested) {
            pictures.disturbed();
        } else if !pictures.draws(Instant::now(), window.has_active_animations()) {
            return EventResult::PreventDefault;
        }
        EventResult::Propagate
    });
}

/// For every view: where one question follows another or stays, what has changed is drawn without waiting for that timer, which then only
/// comes once, and finds it drawn. On the way to another screen the window may have more to set right before it is drawn.
pub(super) fn at_once(window: &KioskWindow) -> impl Fn(&View) + 'static {
    let (window, asked) = (window.as_weak(), Cell::new(false));
    move |view| {
        let asks = matches!(view.screen, Screen::Question(_));
        if asked.replace(asks)
            && asks
            && let Some(window) = window.upgrade()
        {
            window.window().with_winit_window(DisplayWindow::request_redraw);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which of the pictures that are asked for at these milliseconds are drawn.
    fn drawn(asked: &[u64], moving: bool) -> Vec<u64> {
        let (begin, mut pictures) = (Instant::now(), Pictures::default());
        let draws = |ms: &u64| pictures.draws(begin + Duration::from_millis(*ms), moving);
        asked.iter().copied().filter(draws).collect()
    }

    #[test]
    fn a_picture_that_is_asked_for_right_after_another_is_passed_over_once() {
        assert_eq!(drawn(&[0, 16, 300, 316], false), [0, 300]);
        assert_eq!(drawn(&[0, 16, 32, 48, 64], false), [0, 32, 64], "what changed in between comes with the next");
        assert_eq!(drawn(&[0, 30, 60], false), [0, 30, 60], "nothing asks twice that far apart");
        assert_eq!(drawn(&[0, 16, 32], true), [0, 16, 32], "what moves is drawn each time");
    }

    #[test]
    fn no_picture_is_passed_over_after_anything_else_that_happens_to_the_window() {
        let (begin, mut pictures) = (Instant::now(), Pictures::default());
        assert!(pictures.draws(begin, false));
        pictures.disturbed();
        assert!(pictures.draws(begin + Duration::from_millis(5), false));
        assert!(!pictures.draws(begin + Duration::from_millis(16), false));
    }
}
