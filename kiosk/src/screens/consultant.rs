//! Which consultant?

use std::rc::Rc;

use slint::{ComponentHandle as _, Model as _, SharedString, VecModel};
use wardvoice_kiosk_ui::{ConsultantAdapter, KioskWindow, Phrases, ScreenKind};

use super::{Touch, chooses, marks, position, sends, set_rows};
use crate::interview::{Action, ConsultantView};

pub(super) struct Consultant {
    window: slint::Weak<KioskWindow>,
    names: Rc<VecModel<SharedString>>,
    marks: Rc<VecModel<bool>>,
}

impl Consultant {
    pub(super) fn connect(window: &KioskWindow, touch: &Touch) -> Self {
        let names = Rc::new(VecModel::default());
        let adapter = window.global::<ConsultantAdapter>();
        adapter.set_names(Rc::clone(&names).into());
        let marks = Rc::new(VecModel::default());
        adapter.set_marks(Rc::clone(&marks).into());
        adapter.on_choose(chooses(touch));
        adapter.on_more(sends(touch, Action::More));
        Self { window: window.as_weak(), names, marks }
    }

    /// Leaves nothing of the last person in the window.
    pub(super) fn forget(&self) {
        if let Some(window) = self.window.upgrade() {
            window.global::<ConsultantAdapter>().set_chosen(-1);
            set_rows(&self.marks, marks(None, self.marks.row_count()));
        }
    }

    pub(super) fn show(&self, view: &ConsultantView, say: &Phrases) -> ScreenKind {
        if let Some(window) = self.window.upgrade() {
            let adapter = window.global::<ConsultantAdapter>();
            let names = view.names.iter().map(SharedString::from);
            let rows = names.chain([say.consultant_not_listed.clone()]).collect();
            set_rows(&self.names, rows);
            set_rows(&self.marks, marks(view.chosen, self.names.row_count()));
            adapter.set_chosen(position(view.chosen));
            adapter.set_has_more(view.has_more);
            adapter.set_offers_next(!view.confirming && view.chosen.is_some());
        }
        ScreenKind::Consultant
    }
}
