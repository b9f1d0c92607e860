//! The PIN door.

use std::rc::Rc;

use slint::{ComponentHandle as _, SharedString};
use wardvoice_kiosk_ui::{DoorAdapter, KioskWindow, ScreenKind, StaffWords};

use super::{Touch, fill, sends};
use crate::interview::Action;
use crate::interview::volunteer::{DoorKey, DoorState, DoorView, Role, VolunteerTouch};

pub(super) struct Door {
    window: slint::Weak<KioskWindow>,
}

impl Door {
    pub(super) fn connect(window: &KioskWindow, touch: &Touch) -> Self {
        let adapter = window.global::<DoorAdapter>();
        let volunteer = |wanted: VolunteerTouch| sends(touch, Action::Volunteer(wanted));
        adapter.on_knock(volunteer(VolunteerTouch::Knock));
        adapter.on_erase(volunteer(VolunteerTouch::Key(DoorKey::Erase)));
        adapter.on_enter(volunteer(VolunteerTouch::Key(DoorKey::Enter)));
        adapter.on_leave(volunteer(VolunteerTouch::Back));
        let touch = Rc::clone(touch);
        adapter.on_digit(move |digit| {
            if let Ok(digit @ 0..=9) = u8::try_from(digit) {
                touch(Action::Volunteer(VolunteerTouch::Key(DoorKey::Digit(digit))));
            }
        });
        Self { window: window.as_weak() }
    }

    pub(super) fn show(&self, view: DoorView) -> ScreenKind {
        if let Some(window) = self.window.upgrade() {
            let say = window.global::<StaffWords>();
            let adapter = window.global::<DoorAdapter>();
            adapter.set_title(match view.wanted {
                Role::Volunteer => say.get_door_volunteer(),
                Role::Manager => say.get_door_manager(),
            });
            adapter.set_words(match view.state {
                DoorState::Ready => say.get_door_ready(),
                DoorState::Wrong => say.get_door_wrong(),
                DoorState::Checking => say.get_door_checking(),
                DoorState::Waiting { seconds } => fill(&say.get_door_waiting(), "{time}", time(seconds)),
                DoorState::NoPin => say.get_door_no_pin(),
            });
            adapter.set_takes_digits(matches!(view.state, DoorState::Ready | DoorState::Wrong));
            adapter.set_digits(i32::try_from(view.digits).unwrap_or(0));
            adapter.set_digits_label(fill(&say.get_digits_entered(), "{number}", view.digits));
        }
        ScreenKind::Door
    }
}

fn time(seconds: u64) -> SharedString {
    if seconds < 60 {
        format!("{seconds} s").into()
    } else {
        format!("{} min {} s", seconds / 60, seconds % 60).into()
    }
}
