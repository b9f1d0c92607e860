//! What makes a screen easier to use, whatever is on it: text size, contrast, movement, reading aloud, mirroring, waking, and the focus that
//! goes round by itself or with the arrow keys.

use std::rc::Rc;
use std::time::Duration;

use slint::platform::{Key, WindowEvent};
use slint::{ComponentHandle as _, SharedString};
use wardvoice_kiosk_ui::{Journey, KioskWindow, Theme};

use super::{Touch, position, sends};
use crate::interview::comfort::{Contrast, Light, Movement};
use crate::interview::{Action, Aloud, View};

pub(super) fn connect(window: &KioskWindow, touch: &Touch) {
    let journey = window.global::<Journey>();
    journey.on_text_size(sends(touch, Action::TextSize));
    journey.on_contrast(sends(touch, Action::Contrast));
    journey.on_movement(sends(touch, Action::Movement));
    journey.on_read_aloud(sends(touch, Action::ReadAloud));
    journey.on_wake(sends(touch, Action::Wake));
    journey.on_switch_pressed(sends(touch, Action::Switch));
    journey.on_other_key(sends(touch, Action::OtherKey));
    let (touch, stepping) = (Rc::clone(touch), window.as_weak());
    journey.on_step(move |forwards| {
        touch(Action::OtherKey);
        // Not within the event that asked for it: the window is still busy with that.
        let stepping = stepping.clone();
        slint::Timer::single_shot(Duration::ZERO, move || {
            if let Some(window) = stepping.upgrade() {
                move_focus(&window, forwards);
            }
        });
    });
}

pub(super) fn show(window: &KioskWindow, view: &View) {
    let theme = window.global::<Theme>();
    let percent = view.comfort.text_size.percent();
    theme.set_text_scale(f32::from(percent) / 100.0);
    theme.set_contrast(view.comfort.contrast == Contrast::Strong);
    theme.set_still(view.comfort.movement == Movement::None);
    theme.set_rtl(view.is_right_to_left());
    theme.set_pictures(view.has_pictures());
    let journey = window.global::<Journey>();
    journey.set_text_percent(slint::format!("{percent} %"));
    journey.set_dimmed(view.light == Light::Dimmed);
    journey.set_can_read_aloud(view.aloud != Aloud::Absent);
    journey.set_reading(matches!(view.aloud, Aloud::Reading(_)));
    journey.set_reading_part(position(match view.aloud {
        Aloud::Reading(part) => part,
        Aloud::Absent | Aloud::Silent => None,
    }));
    journey.set_scanning(view.comfort.scanning_ms.is_some());
    journey.set_by_switch(view.comfort.scanning_ms.is_some());
}

/// Moves the keyboard's focus to the next control, or to the one before.
pub(super) fn move_focus(window: &KioskWindow, forwards: bool) {
    let text: SharedString = if forwards { Key::Tab } else { Key::Backtab }.into();
    // Scanning moves by the same key that ends it when a person presses it: it is not scanning while it moves.
    let journey = window.global::<Journey>();
    let scanning = journey.get_scanning();
    journey.set_scanning(false);
    window.window().dispatch_event(WindowEvent::KeyPressed { text: text.clone() });
    window.window().dispatch_event(WindowEvent::KeyReleased { text });
    journey.set_scanning(scanning);
}
