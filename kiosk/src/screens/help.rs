//! What help is needed, and what has become of the request.

use std::cell::Cell;
use std::rc::Rc;

use slint::{ComponentHandle as _, SharedString, VecModel};
use wardvoice_kiosk_ui::{HelpAdapter, KioskWindow, Phrases, PictureKind, ScreenKind};
use wardvoice_protocol::record::Need;

use super::{Touch, lines, sends, set_rows};
use crate::interview::{Action, HelpView};

/// The needs in the order of the screen.
const NEEDS: [Need; 6] = [Need::Pain, Need::Toilet, Need::Drink, Need::Worried, Need::Talk, Need::Other];

pub(super) struct Help {
    window: slint::Weak<KioskWindow>,
    needs: Rc<VecModel<SharedString>>,
    pictures: Rc<VecModel<PictureKind>>,
    placing: Rc<Cell<bool>>,
}

impl Help {
    pub(super) fn connect(window: &KioskWindow, touch: &Touch) -> Self {
        let needs = Rc::new(VecModel::default());
        let adapter = window.global::<HelpAdapter>();
        adapter.set_needs(Rc::clone(&needs).into());
        let pictures = Rc::new(VecModel::default());
        adapter.set_pictures(Rc::clone(&pictures).into());
        adapter.on_close(sends(touch, Action::CloseHelp));
        adapter.on_more(sends(touch, Action::More));
        let placing = Rc::new(Cell::new(false));
        let (touch, asks_place) = (Rc::clone(touch), Rc::clone(&placing));
        adapter.on_choose(move |position| {
            if asks_place.get() {
                if let Ok(position) = usize::try_from(position) {
                    touch(Action::Choose(position));
                }
            } else if let Some(need) = usize::try_from(position).ok().and_then(|position| NEEDS.get(position)) {
                touch(Action::Need(*need));
            }
        });
        Self { window: window.as_weak(), needs, pictures, placing }
    }

    pub(super) fn show(&self, view: &HelpView, say: &Phrases) -> ScreenKind {
        let (title, body) = title_and_body(view, say);
        if let Some(window) = self.window.upgrade() {
            let adapter = window.global::<HelpAdapter>();
            let choosing = matches!(view, HelpView::Choosing { .. });
            let drawings = if choosing { NEEDS.map(drawing).to_vec() } else { Vec::new() };
            set_rows(&self.pictures, drawings);
            set_rows(&self.needs, rows(view, say));
            let placing = matches!(view, HelpView::Placing { .. });
            self.placing.set(placing);
            adapter.set_title(lines::tied(&title));
            adapter.set_body(lines::tied(&body));
            adapter.set_choosing(placing || choosing);
            adapter.set_has_more(matches!(view, HelpView::Placing { has_more: true, .. }));
            adapter.set_closable(*view != HelpView::Sending);
        }
        ScreenKind::Help
    }
}

/// What the screen is about.
pub(super) fn title_and_body(view: &HelpView, say: &Phrases) -> (SharedString, SharedString) {
    let none = SharedString::new;
    match view {
        HelpView::Choosing { connected: true } => (say.help_title.clone(), none()),
        HelpView::Choosing { connected: false } => (say.help_title.clone(), say.help_offline.clone()),
        HelpView::Placing { .. } => (say.place_title.clone(), say.place_body.clone()),
        HelpView::Sending => (say.help_sending.clone(), none()),
        HelpView::Kept { connected: true } => (say.help_kept_title.clone(), say.help_kept.clone()),
        HelpView::Kept { connected: false } => (say.help_waiting_title.clone(), say.help_waiting.clone()),
        HelpView::Delivered => (say.help_delivered_title.clone(), say.help_delivered.clone()),
        HelpView::Seen => (say.help_seen_title.clone(), say.help_seen.clone()),
        HelpView::Failed => (say.help_failed_title.clone(), say.help_failed.clone()),
    }
}

/// What can be chosen.
pub(super) fn rows(view: &HelpView, say: &Phrases) -> Vec<SharedString> {
    match view {
        HelpView::Choosing { .. } => NEEDS.iter().map(|need| label(*need, say)).collect(),
        HelpView::Placing { names, .. } => {
            names.iter().map(SharedString::from).chain([say.place_none.clone()]).collect()
        }
        _ => Vec::new(),
    }
}

fn label(need: Need, say: &Phrases) -> SharedString {
    match need {
        Need::Pain => &say.need_pain,
        Need::Toilet => &say.need_toilet,
        Need::Drink => &say.need_drink,
        Need::Worried => &say.need_worried,
        Need::Talk => &say.need_talk,
        Need::Other => &say.need_other,
    }
    .clone()
}

/// What is drawn beside a need in easy read.
fn drawing(need: Need) -> PictureKind {
    match need {
        Need::Pain => PictureKind::FaceInPain,
        Need::Toilet => PictureKind::Toilet,
        Need::Drink => PictureKind::Drink,
        Need::Worried => PictureKind::FaceWorried,
        Need::Talk => PictureKind::Speech,
        Need::Other => PictureKind::Dots,
    }
}
