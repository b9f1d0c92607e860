//! A question to be answered in writing.

use std::cell::RefCell;
use std::rc::Rc;

use slint::{ComponentHandle as _, SharedString, VecModel};
use wardvoice_kiosk_ui::{CommentAdapter, Journey, KioskWindow, Phrases, ScreenKind};
use wardvoice_protocol::id::{Language, QuestionId};

use super::keyboard::{self, Keyboard};
use super::{Touch, fill, set_rows};
use crate::interview::{Action, CommentView};

/// From how many characters left on the screen says so.
const SAY_CHARACTERS_LEFT: usize = 200;

pub(super) struct Comment {
    window: slint::Weak<KioskWindow>,
    keys: Rc<VecModel<wardvoice_kiosk_ui::Key>>,
    rows: Rc<VecModel<SharedString>>,
    keyboard: Rc<RefCell<Keyboard>>,
    question: RefCell<Option<QuestionId>>,
}

impl Comment {
    pub(super) fn connect(window: &KioskWindow, touch: &Touch) -> Self {
        let keys = Rc::new(VecModel::default());
        let keyboard = Rc::new(RefCell::new(Keyboard::default()));
        let adapter = window.global::<CommentAdapter>();
        adapter.set_keys(Rc::clone(&keys).into());
        let rows = Rc::new(VecModel::default());
        adapter.set_rows(Rc::clone(&rows).into());
        let pressed = Rc::clone(&keyboard);
        adapter.on_press(move |key, text, anchor, caret| pressed.borrow_mut().press(&key, &text, anchor, caret));
        let touch = Rc::clone(touch);
        adapter.on_write(move |draft| touch(Action::Write(draft.into())));
        Self { window: window.as_weak(), keys, rows, keyboard, question: RefCell::default() }
    }

    /// Leaves nothing of the last person in the window.
    pub(super) fn forget(&self) {
        self.question.replace(None);
        self.keyboard.replace(Keyboard::default());
        if let Some(window) = self.window.upgrade() {
            let adapter = window.global::<CommentAdapter>();
            adapter.set_draft(SharedString::new());
            adapter.set_length(0);
        }
    }

    pub(super) fn show(&self, view: &CommentView, language: &Language, say: &Phrases) -> ScreenKind {
        if let Some(window) = self.window.upgrade() {
            let adapter = window.global::<CommentAdapter>();
            // A keyboard begins anew with each question and each time the screen is come to: the language may have been
            // changed in between.
            let comes = window.global::<Journey>().get_screen() != ScreenKind::Comment;
            if comes || self.question.borrow().as_ref() != Some(&view.id) {
                self.question.replace(Some(view.id.clone()));
                self.keyboard.replace(Keyboard::new(language, &view.draft));
            }
            adapter.set_length(i32::try_from(view.draft.len()).unwrap_or(i32::MAX));
            if adapter.get_draft() != view.draft {
                adapter.set_draft(view.draft.as_str().into());
                adapter.set_drafted(adapter.get_drafted().wrapping_add(1));
            }
            adapter.set_text(view.text.as_str().into());
            let left = view.characters_left.min(SAY_CHARACTERS_LEFT);
            adapter.set_characters_left(fill(&say.characters_left, "{number}", left));
            adapter.set_few_left(view.characters_left <= SAY_CHARACTERS_LEFT);
            let keys = self.keyboard.borrow().keys(say);
            set_rows(&self.rows, keyboard::row_names(&keys));
            set_rows(&self.keys, keys);
        }
        ScreenKind::Comment
    }
}
