//! Nobody is here.

use std::rc::Rc;

use slint::{ComponentHandle as _, VecModel};
use wardvoice_kiosk_ui::{KioskWindow, LanguageItem, RestAdapter, ScreenKind};
use wardvoice_protocol::id::Language;

use super::{Touch, language::item, sends, set_rows};
use crate::interview::Action;

pub(super) struct Rest {
    languages: Rc<VecModel<LanguageItem>>,
}

impl Rest {
    pub(super) fn connect(window: &KioskWindow, touch: &Touch) -> Self {
        let languages = Rc::new(VecModel::default());
        let adapter = window.global::<RestAdapter>();
        adapter.set_languages(Rc::clone(&languages).into());
        adapter.on_start(sends(touch, Action::Start));
        Self { languages }
    }

    pub(super) fn show(&self, languages: &[Language]) -> ScreenKind {
        set_rows(&self.languages, languages.iter().filter_map(item).collect());
        ScreenKind::Rest
    }
}
