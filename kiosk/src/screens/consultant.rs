//! Which consultant?

use std::rc::Rc;

use slint::{ComponentHandle as _, SharedString, VecModel};
use wardvoice_kiosk_ui::{ConsultantAdapter, KioskWindow, ScreenKind};

use super::{Touch, chooses, position, sends, set_rows};
use crate::interview::{Action, ConsultantView};

pub(super) struct Consultant {
    window: slint::Weak<KioskWindow>,
    names: Rc<VecModel<SharedString>>,
}

impl Consultant {
    pub(super) fn connect(window: &KioskWindow, touch: &Touch) -> Self {
        let names = Rc::new(VecModel::default());
        let adapter = window.global::<ConsultantAdapter>();
        adapter.set_names(Rc::clone(&names).into());
        adapter.on_choose(chooses(touch));
        adapter.on_more(sends(touch, Action::More));
        Self { window: window.as_weak(), names }
    }

    pub(super) fn show(&self, view: &ConsultantView) -> ScreenKind {
        if let Some(window) = self.window.upgrade() {
            let adapter = window.global::<ConsultantAdapter>();
            set_rows(&self.names, view.names.iter().map(SharedString::from).collect());
            adapter.set_chosen(position(view.chosen));
            adapter.set_has_more(view.has_more);
            adapter.set_offers_next(!view.confirming && view.chosen.is_some());
        }
        ScreenKind::Consultant
    }
}
