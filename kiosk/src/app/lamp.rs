//! Keeps the screen as bright as it has to be: follows the view, and tells the interview when it becomes night.

use std::cell::{Cell, RefCell};
use std::io;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use jiff::tz::TimeZone;
use wardvoice_protocol::fortnight::ZONE;

use super::post::Post;
use crate::backlight::{Backlight, is_night};
use crate::dispatch::Dispatch;
use crate::interview::comfort::Light;
use crate::interview::{Happening, View};
use crate::steady::corrected_now;

/// How often the clock on the wall is looked at.
const LOOK: Duration = Duration::from_mins(1);

/// The screen's light.
pub(super) struct Lamp {
    backlight: RefCell<Option<Backlight>>,
    light: Cell<Option<Light>>,
    night: Cell<bool>,
    timer: slint::Timer,
}

impl Lamp {
    /// Looks for a backlight and begins to watch the clock.
    pub(super) fn light(data: &Path, dispatch: &Dispatch, post: Post) -> Rc<Self> {
        let lamp = Rc::new(Self {
            backlight: RefCell::new(Backlight::find(data)),
            light: Cell::default(),
            night: Cell::new(false),
            timer: slint::Timer::default(),
        });
        let zone = TimeZone::get(ZONE).unwrap_or(TimeZone::UTC);
        let (watching, dispatch) = (Rc::downgrade(&lamp), dispatch.clone());
        let look = move || {
            let Some(lamp) = watching.upgrade() else { return };
            // The hospital's clock, where it is known: a tablet's own may be anything.
            let night = is_night(corrected_now(dispatch.state().clock_offset_s), &zone);
            if lamp.night.replace(night) != night {
                post.put(Happening::Night(night));
            }
        };
        look();
        lamp.timer.start(slint::TimerMode::Repeated, LOOK, look);
        lamp
    }

    /// Shines as a view asks for.
    pub(super) fn follow(&self, view: &View) {
        if self.light.replace(Some(view.light)) != Some(view.light) {
            self.shine();
        }
    }

    /// How bright staff want it, in percent; none where it cannot be set.
    pub(super) fn chosen_percent(&self) -> Option<u8> {
        self.backlight.borrow().as_ref().map(Backlight::chosen_percent)
    }

    /// Takes the next brightness that staff can choose.
    pub(super) fn brighten(&self) -> io::Result<()> {
        let kept = self.backlight.borrow_mut().as_mut().map_or(Ok(()), Backlight::choose_next);
        self.shine();
        kept
    }

    fn shine(&self) {
        if let (Some(backlight), Some(light)) = (&*self.backlight.borrow(), self.light.get())
            && let Err(error) = backlight.shine(light)
        {
            tracing::warn!(%error, "the brightness is not set");
        }
    }
}
