//! Nobody is here.

use std::rc::Rc;

use slint::{ComponentHandle as _, VecModel};
use wardvoice_kiosk_ui::{ImprovementItem, KioskWindow, LanguageItem, RestAdapter, ScreenKind};
use wardvoice_protocol::id::Language;

use super::{Touch, language::item, sends, set_rows};
use crate::interview::{Action, Improvement};

pub(super) struct Rest {
    languages: Rc<VecModel<LanguageItem>>,
    improvements: Rc<VecModel<ImprovementItem>>,
}

impl Rest {
    pub(super) fn connect(window: &KioskWindow, touch: &Touch) -> Self {
        let languages = Rc::new(VecModel::default());
        let adapter = window.global::<RestAdapter>();
        adapter.set_languages(Rc::clone(&languages).into());
        let improvements = Rc::new(VecModel::default());
        adapter.set_improvements(Rc::clone(&improvements).into());
        adapter.on_start(sends(touch, Action::Start));
        Self { languages, improvements }
    }

    pub(super) fn show(&self, languages: &[Language], improvements: &[Improvement]) -> ScreenKind {
        // Two languages may say hello in the same word: English and easy-read English.
        let mut greetings: Vec<LanguageItem> = Vec::new();
        for greeting in languages.iter().filter_map(item) {
            if greetings.iter().all(|other| other.hello != greeting.hello) {
                greetings.push(greeting);
            }
        }
        set_rows(&self.languages, greetings);
        let card = |improvement: &Improvement| ImprovementItem {
            you_said: improvement.you_said.as_str().into(),
            we_did: improvement.we_did.as_str().into(),
        };
        set_rows(&self.improvements, improvements.iter().map(card).collect());
        ScreenKind::Rest
    }
}
