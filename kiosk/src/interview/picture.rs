//! Which drawing stands beside an answer in easy read.
//!
//! It follows from what an answer *is*, its question's kind and its option's id, never from what it says: the same answer has the
//! same drawing in every wording. An answer that no small drawing can say without making somebody smaller has none.

use wardvoice_protocol::contact::Answer;
use wardvoice_protocol::questionnaire::{AboutFact, KindFile};

/// A drawing for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Picture {
    /// Yes, always.
    ThumbUp,
    /// Yes, sometimes: a hand with its thumb held level.
    HandLevel,
    /// No, where yes would be good.
    ThumbDown,
    /// Yes, where neither is better.
    Tick,
    /// No, where neither is better.
    Cross,
    /// Very good.
    FaceVeryGood,
    /// Good.
    FaceGood,
    /// Neither good nor poor.
    FaceLevel,
    /// Poor.
    FacePoor,
    /// Very poor.
    FaceVeryPoor,
    /// I do not know.
    QuestionMark,
    /// It does not apply.
    Dash,
    /// No night yet.
    Sun,
    /// One or two nights.
    Moon,
    /// A week of nights.
    Moons,
    /// More nights than that.
    ManyMoons,
    /// It was planned.
    Calendar,
    /// It was an emergency.
    Ambulance,
}

/// The drawing of an answer to a question of that kind, if it has one.
pub(super) fn picture(kind: &KindFile, answer: &Answer) -> Option<Picture> {
    let option = match answer {
        Answer::Answered(option) => option.as_str(),
        Answer::NotApplicable => return Some(Picture::Dash),
        Answer::DontKnow => return Some(Picture::QuestionMark),
        _ => return None,
    };
    match (kind, option) {
        (KindFile::Domain(_), "always" | "completely" | "yes") => Some(Picture::ThumbUp),
        (KindFile::Domain(_), "sometimes" | "partly") => Some(Picture::HandLevel),
        (KindFile::Domain(_), "no") => Some(Picture::ThumbDown),
        (KindFile::Attribution | KindFile::Help | KindFile::Unscored, "yes") => Some(Picture::Tick),
        (KindFile::Attribution | KindFile::Help | KindFile::Unscored, "no") => Some(Picture::Cross),
        (KindFile::FriendsAndFamily, "very_good") => Some(Picture::FaceVeryGood),
        (KindFile::FriendsAndFamily, "good") => Some(Picture::FaceGood),
        (KindFile::FriendsAndFamily, "neither") => Some(Picture::FaceLevel),
        (KindFile::FriendsAndFamily, "poor") => Some(Picture::FacePoor),
        (KindFile::FriendsAndFamily, "very_poor") => Some(Picture::FaceVeryPoor),
        (KindFile::FriendsAndFamily, "dont_know") => Some(Picture::QuestionMark),
        (KindFile::About(AboutFact::Nights), "0") => Some(Picture::Sun),
        (KindFile::About(AboutFact::Nights), "1-2") => Some(Picture::Moon),
        (KindFile::About(AboutFact::Nights), "3-7") => Some(Picture::Moons),
        (KindFile::About(AboutFact::Nights), "8plus") => Some(Picture::ManyMoons),
        (KindFile::About(AboutFact::Admission), "planned") => Some(Picture::Calendar),
        (KindFile::About(AboutFact::Admission), "emergency") => Some(Picture::Ambulance),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use wardvoice_protocol::questionnaire::Questionnaire;

    use super::*;
    use crate::interview::sheet::choices;

    #[test]
    fn every_answer_has_its_own_drawing_but_age_and_sex() {
        for question in Questionnaire::inpatient().unwrap().questions() {
            let pictures: Vec<Option<Picture>> =
                choices(question).map(|answer| picture(&question.kind, &answer)).collect();
            let undrawn = matches!(question.kind, KindFile::About(AboutFact::AgeBand | AboutFact::Sex));
            assert!(pictures.iter().all(|picture| picture.is_none() == undrawn), "{}: {pictures:?}", question.id);
            let mut drawn: Vec<Picture> = pictures.into_iter().flatten().collect();
            let all = drawn.len();
            drawn.sort_unstable();
            drawn.dedup();
            assert_eq!(drawn.len(), all, "{}: two answers look alike", question.id);
        }
    }
}
