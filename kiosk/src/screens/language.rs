//! Which language?

use std::rc::Rc;

use slint::{ComponentHandle as _, VecModel};
use wardvoice_kiosk_ui::{KioskWindow, LanguageAdapter, LanguageItem, ScreenKind, words};
use wardvoice_protocol::id::Language;

use super::{Touch, set_rows};
use crate::interview::Action;

pub(super) struct LanguageScreen {
    languages: Rc<VecModel<LanguageItem>>,
}

impl LanguageScreen {
    pub(super) fn connect(window: &KioskWindow, touch: &Touch) -> Self {
        let languages = Rc::new(VecModel::default());
        let adapter = window.global::<LanguageAdapter>();
        adapter.set_languages(Rc::clone(&languages).into());
        let touch = Rc::clone(touch);
        adapter.on_choose(move |tag| {
            // The tags shown are those of the view.
            if let Ok(language) = Language::new(tag.as_str()) {
                touch(Action::ChooseLanguage(language));
            }
        });
        Self { languages }
    }

    pub(super) fn show(&self, languages: &[Language]) -> ScreenKind {
        set_rows(&self.languages, languages.iter().filter_map(item).collect());
        ScreenKind::Language
    }
}

/// A language by its own name and in its own words.
pub(super) fn item(language: &Language) -> Option<LanguageItem> {
    let say = words::phrases(language.as_str())?;
    Some(LanguageItem { tag: language.as_str().into(), name: say.language, hello: say.hello })
}
