//! A question with answers to choose from.

use std::rc::Rc;

use slint::{ComponentHandle as _, SharedString, VecModel};
use wardvoice_kiosk_ui::{KioskWindow, QuestionAdapter, ScreenKind};

use super::{Touch, chooses, position, set_rows};
use crate::interview::QuestionView;

pub(super) struct Question {
    window: slint::Weak<KioskWindow>,
    choices: Rc<VecModel<SharedString>>,
}

impl Question {
    pub(super) fn connect(window: &KioskWindow, touch: &Touch) -> Self {
        let choices = Rc::new(VecModel::default());
        let adapter = window.global::<QuestionAdapter>();
        adapter.set_choices(Rc::clone(&choices).into());
        adapter.on_choose(chooses(touch));
        Self { window: window.as_weak(), choices }
    }

    pub(super) fn show(&self, view: &QuestionView) -> ScreenKind {
        if let Some(window) = self.window.upgrade() {
            let adapter = window.global::<QuestionAdapter>();
            adapter.set_text(view.text.as_str().into());
            adapter.set_chosen(position(view.chosen));
            adapter.set_skipped(view.skipped);
            // While the choice is being shown it moves on by itself.
            adapter.set_offers_next(!view.confirming && (view.chosen.is_some() || view.skipped));
            set_rows(&self.choices, view.choices.iter().map(|choice| choice.label.as_str().into()).collect());
        }
        ScreenKind::Question
    }
}
