//! Which language?

use std::cell::RefCell;
use std::rc::Rc;

use slint::{ComponentHandle as _, SharedString, VecModel};
use wardvoice_kiosk_ui::{KioskWindow, LanguageAdapter, LanguageItem, ScreenKind, fonts, words};
use wardvoice_protocol::id::Language;

use super::{Touch, set_rows};
use crate::interview::Action;

pub(super) struct LanguageScreen {
    names: Rc<VecModel<SharedString>>,
    offered: Rc<RefCell<Vec<Language>>>,
}

impl LanguageScreen {
    pub(super) fn connect(window: &KioskWindow, touch: &Touch) -> Self {
        let names = Rc::new(VecModel::default());
        let offered = Rc::new(RefCell::new(Vec::<Language>::new()));
        let adapter = window.global::<LanguageAdapter>();
        adapter.set_names(Rc::clone(&names).into());
        let (touch, chosen) = (Rc::clone(touch), Rc::clone(&offered));
        adapter.on_choose(move |position| {
            let language = usize::try_from(position).ok().and_then(|at| chosen.borrow().get(at).cloned());
            if let Some(language) = language {
                touch(Action::ChooseLanguage(language));
            }
        });
        Self { names, offered }
    }

    pub(super) fn show(&self, languages: &[Language]) -> ScreenKind {
        let spoken = languages.iter().filter_map(|language| Some((language.clone(), item(language)?.name)));
        let (offered, names): (Vec<Language>, Vec<SharedString>) = spoken.unzip();
        self.offered.replace(offered);
        set_rows(&self.names, names);
        ScreenKind::Language
    }
}

/// A language by its own name and in its own words.
pub(super) fn item(language: &Language) -> Option<LanguageItem> {
    let say = words::phrases(language.as_str())?;
    let font = fonts::family(language.as_str()).into();
    Some(LanguageItem { tag: language.as_str().into(), name: say.language, hello: say.hello, font })
}
