//! The screens that say one thing and offer at most two buttons.

use std::cell::RefCell;
use std::rc::Rc;

use slint::{ComponentHandle as _, SharedString};
use wardvoice_kiosk_ui::{KioskWindow, MessageAdapter, Phrases, ScreenKind, StaffWords};
use wardvoice_protocol::withdrawal::WithdrawalCode;

use super::{Touch, fill, lines, reading};
use crate::interview::volunteer::VolunteerTouch;
use crate::interview::{Action, Farewell, Screen, Trouble};

pub(super) struct Message {
    window: slint::Weak<KioskWindow>,
    actions: Rc<RefCell<Actions>>,
}

#[derive(Default)]
struct Actions {
    primary: Option<Action>,
    secondary: Option<Action>,
}

/// What is said and offered. A button is its words and what it does.
#[derive(Default)]
struct Saying {
    title: SharedString,
    body: SharedString,
    code: Option<WithdrawalCode>,
    primary: Option<(SharedString, Action)>,
    secondary: Option<(SharedString, Action)>,
}

impl Message {
    pub(super) fn connect(window: &KioskWindow, touch: &Touch) -> Self {
        let actions = Rc::new(RefCell::new(Actions::default()));
        let adapter = window.global::<MessageAdapter>();
        let offered = |pick: fn(&Actions) -> Option<Action>| {
            let (touch, actions) = (Rc::clone(touch), Rc::clone(&actions));
            move || {
                let action = pick(&actions.borrow());
                if let Some(action) = action {
                    touch(action);
                }
            }
        };
        adapter.on_primary_touched(offered(|actions| actions.primary.clone()));
        adapter.on_secondary_touched(offered(|actions| actions.secondary.clone()));
        Self { window: window.as_weak(), actions }
    }

    pub(super) fn show(&self, screen: &Screen, say: &Phrases) -> ScreenKind {
        let Saying { mut title, mut body, code, primary, mut secondary } = saying(screen, say);
        if let Some(window) = self.window.upgrade() {
            // For volunteers and staff, who work in English.
            let say = window.global::<StaffWords>();
            match screen {
                Screen::Staff(Trouble::Waiting) => {
                    (title, body) = (say.get_waits_title(), say.get_waits_words());
                }
                Screen::Volunteer(_) => {
                    secondary = Some((say.get_pause_volunteer(), Action::Volunteer(VolunteerTouch::Knock)));
                }
                _ => {}
            }
        }
        let (primary_label, primary) = primary.unzip();
        let (secondary_label, secondary) = secondary.unzip();
        self.actions.replace(Actions { primary, secondary });
        if let Some(window) = self.window.upgrade() {
            let adapter = window.global::<MessageAdapter>();
            adapter.set_title(lines::tied(&title));
            adapter.set_body(lines::tied(&body));
            adapter.set_code(code.map(|code| code.to_string().into()).unwrap_or_default());
            adapter.set_code_spelt(code.map(spelt).unwrap_or_default());
            adapter.set_primary(primary_label.unwrap_or_default());
            adapter.set_secondary(secondary_label.unwrap_or_default());
            // Not where there is nothing to keep the request in.
            adapter.set_offers_help(!matches!(screen, Screen::Staff(_)));
        }
        ScreenKind::Message
    }

    /// Leaves nothing of a message in the window that shows another kind of screen now.
    pub(super) fn forget(&self) {
        if let Some(window) = self.window.upgrade() {
            let adapter = window.global::<MessageAdapter>();
            adapter.set_code(SharedString::new());
            adapter.set_code_spelt(SharedString::new());
        }
    }
}

/// What is said, to be read aloud.
pub(super) fn title_and_body(screen: &Screen, say: &Phrases) -> SharedString {
    // The seconds left would be wrong before they are spoken.
    if matches!(screen, Screen::StillThere { .. }) {
        return say.still_title.clone();
    }
    let Saying { title, body, code, .. } = saying(screen, say);
    reading::sentences(&[&title, &body, &code.map(spelt).unwrap_or_default()])
}

/// A code one letter or digit after the other, with a pause after each group: to be heard and written down.
fn spelt(code: WithdrawalCode) -> SharedString {
    let characters: Vec<String> = code.characters().map(|character| character.to_string()).collect();
    let groups: Vec<String> = characters.chunks(4).map(|group| group.join(", ")).collect();
    groups.join(". ").into()
}

/// What is offered, in the order of the screen.
pub(super) fn offers(screen: &Screen, say: &Phrases) -> Vec<SharedString> {
    let Saying { primary, secondary, .. } = saying(screen, say);
    [primary, secondary].into_iter().flatten().map(|(label, _)| label).collect()
}

fn saying(screen: &Screen, say: &Phrases) -> Saying {
    let one =
        |title: &SharedString, body: SharedString| Saying { title: title.clone(), body, ..Saying::default() };
    match screen {
        Screen::StopAsked => Saying {
            primary: Some((say.stop_no.clone(), Action::CarryOn)),
            secondary: Some((say.stop_yes.clone(), Action::StopNow)),
            ..one(&say.stop_title, say.stop_body.clone())
        },
        Screen::StillThere { seconds_left } => Saying {
            primary: Some((say.still_yes.clone(), Action::CarryOn)),
            ..one(&say.still_title, lines::last_below(&fill(&say.still_body, "{number}", seconds_left)))
        },
        // The one page of a session that a patient sees: the questions wait in front of whoever holds the tablet.
        Screen::Volunteer(_) => Saying {
            primary: Some((say.still_yes.clone(), Action::Volunteer(VolunteerTouch::CarryOn))),
            ..one(&say.still_title, SharedString::new())
        },
        Screen::Saving => one(&say.saving_title, SharedString::new()),
        Screen::Thanks { farewell, code } => {
            let body = match (farewell, code) {
                // Nothing was answered, so there is nothing to take back.
                (Farewell::Declined, _) => &say.thanks_declined,
                (_, Some(_)) => &say.thanks_code,
                (Farewell::Completed, None) => &say.thanks_completed,
                (Farewell::Stopped, None) => &say.thanks_stopped,
            };
            Saying {
                code: *code,
                primary: Some((say.thanks_close.clone(), Action::Dismiss)),
                ..one(&say.thanks_title, body.clone())
            }
        }
        Screen::Wipe => Saying {
            primary: Some((say.wipe_done.clone(), Action::Wiped)),
            ..one(&say.wipe_title, say.wipe_body.clone())
        },
        Screen::Staff(Trouble::NotKept) => Saying {
            primary: Some((say.staff_close.clone(), Action::Dismiss)),
            ..one(&say.staff_title, say.staff_not_kept.clone())
        },
        Screen::Staff(Trouble::CannotKeep) => one(&say.staff_title, say.staff_cannot_keep.clone()),
        // The other screens have files of their own.
        _ => Saying::default(),
    }
}
