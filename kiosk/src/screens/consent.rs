//! What this is, and whether the patient agrees. The words are all the window's own.

use slint::ComponentHandle as _;
use wardvoice_kiosk_ui::{ConsentAdapter, KioskWindow};

use super::{Touch, sends};
use crate::interview::Action;

pub(super) fn connect(window: &KioskWindow, touch: &Touch) {
    let adapter = window.global::<ConsentAdapter>();
    adapter.on_agree(sends(touch, Action::Agree));
    adapter.on_decline(sends(touch, Action::Decline));
}
