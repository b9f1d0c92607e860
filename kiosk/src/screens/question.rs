//! A question with answers to choose from.

use std::rc::Rc;

use slint::{ComponentHandle as _, Model as _, SharedString, VecModel};
use wardvoice_kiosk_ui::{KioskWindow, PictureKind, QuestionAdapter, ScreenKind};

use super::{Touch, chooses, lines, marks, position, set_rows};
use crate::interview::{Picture, QuestionView};

/// So many letters most questions have at most, so many their longest answer, and so many a word of either.
const LETTERS: usize = 80;
const ANSWER_LETTERS: usize = 20;
const WORD: usize = 12;
/// More than fit on any screen.
const MEASURED: usize = 100_000;

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
            let text = lines::tied(&view.text);
            let answers = || view.choices.iter().map(|choice| choice.label.as_str());
            adapter.set_letters(at_least(LETTERS, letters(&text)));
            adapter.set_longest_word(at_least(WORD, longest_word(&text)));
            adapter.set_answer_letters(at_least(ANSWER_LETTERS, answers().map(letters).max().unwrap_or_default()));
            adapter.set_longest_answer_word(at_least(WORD, answers().map(longest_word).max().unwrap_or_default()));
            adapter.set_text(text);
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

/// The letters of a text. One whose lines are given has so many that it is measured.
fn letters(text: &str) -> usize {
    if text.contains('\n') { MEASURED } else { text.chars().count() }
}

/// The letters of its longest word; two words that stay together are one.
fn longest_word(text: &str) -> usize {
    text.split(' ').map(|word| word.chars().count()).max().unwrap_or_default()
}

fn at_least(least: usize, count: usize) -> i32 {
    i32::try_from(count.max(least)).unwrap_or(i32::MAX)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_questions_are_told_to_be_as_long_as_most_may_be() {
        assert_eq!(at_least(LETTERS, letters("Have you had enough privacy?")), 80);
        assert_eq!(at_least(LETTERS, letters(&"long ".repeat(20))), 100);
        assert_eq!(at_least(LETTERS, letters("first\nsecond")), 100_000, "lines that are given are measured");
        assert_eq!(at_least(WORD, longest_word("Have you had enough privacy?")), 12);
        assert_eq!(at_least(WORD, longest_word("information as each\u{a0}other?")), 12);
        assert_eq!(
            at_least(WORD, longest_word("a clear\u{a0}explanation")),
            17,
            "what stays together is one word"
        );
    }
}
