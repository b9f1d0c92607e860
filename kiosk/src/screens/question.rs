//! A question with answers to choose from.

use std::rc::Rc;

use slint::{ComponentHandle as _, Model as _, SharedString, VecModel};
use wardvoice_kiosk_ui::{KioskWindow, PictureKind, QuestionAdapter, ScreenKind};

use super::{Touch, chooses, lines, marks, position, set_rows};
use crate::interview::{Picture, QuestionView};

pub(super) struct Question {
    window: slint::Weak<KioskWindow>,
    choices: Rc<VecModel<SharedString>>,
    marks: Rc<VecModel<bool>>,
    pictures: Rc<VecModel<PictureKind>>,
}

impl Question {
    pub(super) fn connect(window: &KioskWindow, touch: &Touch) -> Self {
        let choices = Rc::new(VecModel::default());
        let adapter = window.global::<QuestionAdapter>();
        adapter.set_choices(Rc::clone(&choices).into());
        let marks = Rc::new(VecModel::default());
        adapter.set_marks(Rc::clone(&marks).into());
        let pictures = Rc::new(VecModel::default());
        adapter.set_pictures(Rc::clone(&pictures).into());
        adapter.on_choose(chooses(touch));
        Self { window: window.as_weak(), choices, marks, pictures }
    }

    /// Leaves nothing of the last person in the window.
    pub(super) fn forget(&self) {
        if let Some(window) = self.window.upgrade() {
            window.global::<QuestionAdapter>().set_chosen(-1);
            set_rows(&self.marks, marks(None, self.marks.row_count()));
        }
    }

    pub(super) fn show(&self, view: &QuestionView) -> ScreenKind {
        if let Some(window) = self.window.upgrade() {
            let adapter = window.global::<QuestionAdapter>();
            adapter.set_text(lines::tied(&view.text));
            adapter.set_chosen(position(view.chosen));
            adapter.set_skipped(view.skipped);
            // While the choice is being shown it moves on by itself.
            adapter.set_offers_next(!view.confirming && (view.chosen.is_some() || view.skipped));
            set_rows(&self.pictures, view.choices.iter().map(|choice| drawing(choice.picture)).collect());
            set_rows(&self.choices, view.choices.iter().map(|choice| choice.label.as_str().into()).collect());
            set_rows(&self.marks, marks(view.chosen, view.choices.len()));
        }
        ScreenKind::Question
    }
}

fn drawing(picture: Option<Picture>) -> PictureKind {
    let Some(picture) = picture else { return PictureKind::None };
    match picture {
        Picture::ThumbUp => PictureKind::ThumbUp,
        Picture::HandLevel => PictureKind::HandLevel,
        Picture::ThumbDown => PictureKind::ThumbDown,
        Picture::Tick => PictureKind::Tick,
        Picture::Cross => PictureKind::Cross,
        Picture::FaceVeryGood => PictureKind::FaceVeryGood,
        Picture::FaceGood => PictureKind::FaceGood,
        Picture::FaceLevel => PictureKind::FaceLevel,
        Picture::FacePoor => PictureKind::FacePoor,
        Picture::FaceVeryPoor => PictureKind::FaceVeryPoor,
        Picture::QuestionMark => PictureKind::QuestionMark,
        Picture::Dash => PictureKind::Dash,
        Picture::Sun => PictureKind::Sun,
        Picture::Moon => PictureKind::Moon,
        Picture::Moons => PictureKind::Moons,
        Picture::ManyMoons => PictureKind::ManyMoons,
        Picture::Calendar => PictureKind::Calendar,
        Picture::Ambulance => PictureKind::Ambulance,
    }
}
