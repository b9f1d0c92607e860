//! The screen of a tablet that is to be taken in: for staff, who work in English and type on keys made for addresses and codes.

use std::rc::Rc;

use slint::{ComponentHandle as _, ModelRc, SharedString, VecModel};
use wardvoice_kiosk_ui::{
    JoinAdapter, Journey, Key, KeyKind, KioskWindow, ScreenKind, StaffWords, Words, fonts, words,
};

use super::{fill, keyboard};
use crate::joining::{JoinTouch, Joining, Standing, Trouble};

/// What an address and a code are made of: every key writes what it says, none has to be shifted.
const ROWS: [&str; 4] = ["1234567890", "qwertyuiop", "asdfghjkl-", "zxcvbnm.:"];

/// The one screen.
pub(crate) struct JoinScreen {
    window: KioskWindow,
    keys: Rc<VecModel<Key>>,
}

impl JoinScreen {
    /// Connects a window's touches and shows the screen. `key` is the fingerprint of the tablet's key.
    pub(crate) fn connect(window: &KioskWindow, key: &str, touch: &Rc<dyn Fn(JoinTouch)>) -> Self {
        let words = window.global::<Words>();
        words.on_font_of(|text| fonts::family_of(&text).into());
        words.set_say(words::english());
        words.set_font(fonts::family("en").into());
        let keys = all_keys(&words.get_say().key_backspace);
        let adapter = window.global::<JoinAdapter>();
        let say = window.global::<StaffWords>();
        adapter.set_address_label(say.get_join_address());
        adapter.set_code_label(say.get_join_code());
        adapter.set_key_title(say.get_join_key());
        adapter.set_key(key.into());
        adapter.set_rows(ModelRc::new(VecModel::from(keyboard::row_names(&keys))));
        let keys = Rc::new(VecModel::from(keys));
        adapter.set_keys(Rc::clone(&keys).into());
        adapter.on_press(|key, text, anchor, caret| keyboard::typed(&key, &text, anchor, caret));
        let send = |make: fn(String) -> JoinTouch| {
            let touch = Rc::clone(touch);
            move |text: SharedString| touch(make(text.into()))
        };
        adapter.on_write_address(send(JoinTouch::Address));
        adapter.on_write_code(send(JoinTouch::Code));
        let does = |what: JoinTouch| {
            let touch = Rc::clone(touch);
            move || touch(what.clone())
        };
        adapter.on_go(does(JoinTouch::Go));
        adapter.on_leave(does(JoinTouch::Leave));
        window.global::<Journey>().set_screen(ScreenKind::Join);
        Self { window: window.clone_strong(), keys }
    }

    /// Shows how it stands.
    pub(crate) fn show(&self, joining: &Joining) {
        let say = self.window.global::<StaffWords>();
        let adapter = self.window.global::<JoinAdapter>();
        let (mut title, words, leave) = match joining.before() {
            None => (say.get_join_title(), say.get_join_words(), SharedString::new()),
            Some(kiosk) => (
                fill(&say.get_join_again_title(), "{kiosk}", kiosk),
                fill(&say.get_join_again_words(), "{kiosk}", kiosk),
                say.get_join_leave(),
            ),
        };
        let joined = matches!(joining.standing(), Standing::Joined { .. });
        let words = match joining.standing() {
            Standing::Typing => words,
            Standing::Asking => fill(&say.get_join_asking(), "{address}", joining.address().trim()),
            Standing::Wrong { trouble, detail } => {
                title = title_of(*trouble, &say);
                detail.as_str().into()
            }
            Standing::Joined { kiosk, ward } => {
                title = fill(&fill(&say.get_joined_title(), "{kiosk}", kiosk), "{ward}", ward);
                self.keys.set_vec(Vec::new());
                say.get_joined_words()
            }
        };
        adapter.set_title(title);
        adapter.set_words(words);
        adapter.set_wrong(matches!(joining.standing(), Standing::Wrong { .. }));
        adapter.set_button(if joined { say.get_joined_button() } else { say.get_join_button() });
        adapter.set_leave_label(if joined { SharedString::new() } else { leave });
        adapter.set_typing(matches!(joining.standing(), Standing::Typing | Standing::Wrong { .. }));
        adapter.set_enabled(*joining.standing() != Standing::Asking);
        if adapter.get_address() != joining.address() {
            adapter.set_address(joining.address().into());
        }
        if adapter.get_code() != joining.code() {
            adapter.set_code(joining.code().into());
        }
    }
}

fn title_of(trouble: Trouble, say: &StaffWords) -> SharedString {
    match trouble {
        Trouble::NoCode => say.get_join_no_code(),
        Trouble::NoAddress => say.get_join_no_address(),
        Trouble::Unreachable => say.get_join_unreachable(),
        Trouble::Untrusted => say.get_join_untrusted(),
        Trouble::Refused => say.get_join_refused(),
        Trouble::Another => say.get_join_another(),
        Trouble::Failed => say.get_join_failed(),
    }
}

/// The keys with their places, in reading order; the last takes a character back.
fn all_keys(backspace: &SharedString) -> Vec<Key> {
    let mut keys = Vec::new();
    for (row, characters) in (0..).zip(ROWS) {
        for (column, character) in (0_u8..).zip(characters.chars()) {
            let writes = SharedString::from(character.to_string());
            let label = SharedString::from(character.to_uppercase().to_string());
            keys.push(Key { writes, ..keyboard::named(KeyKind::Character, &label, f32::from(column), row, 1.0) });
        }
    }
    keys.push(keyboard::named(KeyKind::Backspace, backspace, 9.0, 3, 1.0));
    let mut row = None;
    for key in &mut keys {
        key.first = row.replace(key.row) != Some(key.row);
    }
    keys
}
