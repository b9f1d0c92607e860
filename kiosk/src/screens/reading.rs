//! What is read aloud of a screen: first what it is about, then what can be chosen, in the order of the screen.

use slint::SharedString;
use wardvoice_kiosk_ui::Phrases;

use super::{help, message};
use crate::interview::{HelpView, Screen};

/// The parts of a screen; none where there is nothing to read.
pub(super) fn parts(screen: &Screen, say: &Phrases) -> Vec<String> {
    let parts: Vec<SharedString> = match screen {
        Screen::Consent => consent(say),
        Screen::Question(question) => {
            let choices = question.choices.iter().map(|choice| choice.label.as_str().into());
            [question.text.as_str().into()].into_iter().chain(choices).collect()
        }
        Screen::Comment(comment) => vec![sentences(&[comment.text.as_str(), &say.comment_hint])],
        Screen::Consultant(consultant) => {
            let names = consultant.names.iter().map(SharedString::from);
            [say.consultant_title.clone()]
                .into_iter()
                .chain(names)
                .chain([say.consultant_not_listed.clone()])
                .collect()
        }
        Screen::Help(view) => {
            let (title, body) = help::title_and_body(view, say);
            let bell = if matches!(view, HelpView::Choosing { .. }) { say.help_bell.as_str() } else { "" };
            [sentences(&[bell, &title, &body])].into_iter().chain(help::rows(view, say)).collect()
        }
        screen => {
            vec![message::title_and_body(screen, say)].into_iter().chain(message::offers(screen, say)).collect()
        }
    };
    parts.iter().filter(|part| !part.is_empty()).map(SharedString::to_string).collect()
}

fn consent(say: &Phrases) -> Vec<SharedString> {
    use slint::Model as _;
    let points: Vec<SharedString> = say.consent_points.iter().collect();
    let about: Vec<&str> =
        [say.consent_title.as_str()].into_iter().chain(points.iter().map(SharedString::as_str)).collect();
    vec![sentences(&about), say.consent_yes.clone(), say.consent_no.clone()]
}

/// Texts one after the other, each with an end that can be heard.
pub(super) fn sentences(texts: &[&str]) -> SharedString {
    let mut said = String::new();
    for text in texts.iter().map(|text| text.trim()).filter(|text| !text.is_empty()) {
        said.push_str(text);
        let ends = text.ends_with(['.', '?', '!', ':', '…', '۔', '؟', '।']);
        said.push_str(if ends { " " } else { ". " });
    }
    said.trim_end().into()
}
