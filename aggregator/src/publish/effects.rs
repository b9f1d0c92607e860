//! What a change came to, as far as released figures say it.
//!
//! The last period that ended before the day is held against the newest of the same kind that began after it, within half a year on either side:
//! a difference of two shares with the interval of R. G. Newcombe (*Statistics in Medicine* 17, 1998, method 10). It says nothing that
//! whoever adds and subtracts released figures could not say. It is a difference, not a proof, and the words say so.

use jiff::ToSpan as _;
use jiff::civil::Date;
use wardvoice_protocol::id::QuestionId;
use wardvoice_protocol::questionnaire::KindFile;

use super::{Figure, Told};
use crate::facts::Vocabulary;
use crate::scoring::{FEWEST_FOR_EFFECT, LEVEL, Measure};
use crate::statistics::wilson;

/// So many days on either side are looked at.
const REACH: i32 = 184;

/// What is to be said of a change, by the released figures of its ward; none where too little was released.
pub(super) fn in_words(
    figures: &[Figure],
    measure: &Measure,
    done: Date,
    vocabulary: &Vocabulary,
) -> Option<String> {
    let mut about = figures.iter().filter(|figure| concerns(figure, measure, vocabulary));
    about.find_map(|figure| {
        let (before, after) = sides(&figure.told, done)?;
        words(figure, before, after)
    })
}

/// Whether a question is what a measure is made of; the overall score is told by the friends and family test.
fn concerns(figure: &Figure, measure: &Measure, vocabulary: &Vocabulary) -> bool {
    let is_the_test = figure.subject == FRIENDS_AND_FAMILY;
    match measure {
        Measure::Overall | Measure::FriendsAndFamily => is_the_test,
        Measure::QuestionProblem(question) => figure.subject == question.as_str(),
        Measure::Domain(domain) | Measure::DomainProblem(domain) => {
            let Ok(question) = QuestionId::new(figure.subject.as_str()) else { return false };
            let all = (0..=u8::MAX).map_while(|index| vocabulary.questionnaire(index));
            let mut asked = all.filter_map(|questionnaire| questionnaire.question(&question));
            !is_the_test && asked.any(|one| one.kind == KindFile::Domain(domain.clone()))
        }
    }
}

/// What the figure of the friends and family test is called.
pub(super) const FRIENDS_AND_FAMILY: &str = "friends_and_family";

/// The newest periods of one kind that lie before and after a day.
fn sides(told: &[Told], done: Date) -> Option<(&Told, &Told)> {
    let (first, last) = (done.saturating_sub(REACH.days()), done.saturating_add(REACH.days()));
    let days = |told: &Told| (told.last_day - told.first_day).get_days();
    let usable = || told.iter().filter(|told| told.best.is_some() && told.people >= FEWEST_FOR_EFFECT);
    let mut before = usable().filter(|told| told.last_day < done && told.first_day >= first);
    before.find_map(|before| {
        // Months differ by three days, half years by four; no two kinds are as near to each other.
        let is_alike = |after: &&Told| (days(after) - days(before)).abs() <= 4;
        let mut after = usable().filter(|told| told.first_day > done && told.last_day <= last);
        Some((before, after.find(is_alike)?))
    })
}

/// "Before, in August 2026: 62% of 85 people said “Yes, always”. After, in October 2026: 78% of 80. …"
fn words(figure: &Figure, before: &Told, after: &Told) -> Option<String> {
    let share = |told: &Told| wilson(told.best?, told.people, LEVEL);
    let (first, second) = (share(before)?, share(after)?);
    let (p, q) = (first.estimate, second.estimate);
    let lower = (q - p - f64::hypot(q - second.lower, first.upper - p)) * 100.0;
    let upper = (q - p + f64::hypot(second.upper - q, p - first.lower)) * 100.0;
    let caution =
        if lower <= 0.0 && upper >= 0.0 { "The difference may be chance." } else { "Other things changed too." };
    let side =
        |told: &Told, percent: f64| format!("in {}: {:.0}% of {} people", told.when, percent * 100.0, told.people);
    Some(format!(
        "“{}” Before, {} {}. After, {}. That is {} in a hundred ({} to {}, 95% interval). {caution}",
        figure.question,
        side(before, p),
        figure.said,
        side(after, q),
        signed((q - p) * 100.0),
        signed(lower),
        signed(upper)
    ))
}

/// A whole number with its sign; what rounds to nothing has none.
fn signed(value: f64) -> String {
    let text = format!("{:.0}", value.abs());
    match (text.as_str(), value < 0.0) {
        ("0", _) => text,
        (_, true) => format!("−{text}"),
        (_, false) => format!("+{text}"),
    }
}
