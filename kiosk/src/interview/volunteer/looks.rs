//! How whoever is in front of the door or behind it wants their screens: text size, contrast and movement.
//!
//! They are theirs as a patient's are the patient's. What was set on the screen at rest comes in with whoever set it; from then
//! on a touch on a screen of theirs changes theirs, and the patients whom they ask begin with the kiosk's own. They end with the
//! session. A page that a patient holds is the patient's.

use super::super::Interview;
use super::super::comfort::Comfort;
use super::super::event::Action;

impl Interview {
    /// How a screen in front of the door or behind it is shown.
    pub(in super::super) fn looks(&self) -> Comfort {
        // The switch is whoever's works the tablet now.
        Comfort { scanning_ms: self.comfort.scanning_ms, ..self.volunteer.looks }
    }

    /// Takes a touch that is about how such a screen is shown; whether it was one.
    pub(in super::super) fn touch_looks(&mut self, action: &Action, now_ms: u64) -> bool {
        if !matches!(action, Action::TextSize | Action::Contrast) || !self.screen(now_ms).is_for_staff() {
            return false;
        }
        let looks = &mut self.volunteer.looks;
        match action {
            Action::TextSize => looks.text_size = looks.text_size.next(),
            _ => looks.contrast = looks.contrast.other(),
        }
        true
    }

    /// Somebody comes to the door, from a screen at rest that may be as they like it.
    pub(super) fn bring_looks(&mut self) {
        self.volunteer.looks = Comfort { reads_aloud: false, scanning_ms: None, ..self.comfort };
    }
}
