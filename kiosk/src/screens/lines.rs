//! Where lines end.
//!
//! The toolkit breaks a line wherever a word no longer fits, and so often leaves one short word below a question. A space that
//! does not break keeps that word with the one before it.

use slint::SharedString;

/// A last word of at most so many characters does not stand alone.
const SHORT: usize = 6;
/// Nor does it pull down a word that is longer than this: the two together are one word to the layout.
const LONG: usize = 12;
/// Few words are not broken into lines that would have to be balanced.
const FEWEST: usize = 4;

/// A text whose last word, where it is short or what a number counts, stays with the one before it.
pub(super) fn tied(text: &str) -> SharedString {
    let mut words = text.split(' ').rev();
    let (Some(last), Some(before)) = (words.next(), words.next()) else { return text.into() };
    let length = |word: &str| word.chars().count();
    let is_counted = !before.is_empty() && before.chars().all(|character| character.is_ascii_digit());
    let most = if is_counted { LONG } else { SHORT };
    // "Pan/Pani" would be broken after its stroke.
    if length(last) > most || length(before) > LONG || before.contains('/') || words.count() + 2 < FEWEST {
        return text.into();
    }
    let head = text.strip_suffix(last).and_then(|head| head.strip_suffix(' ')).unwrap_or_default();
    slint::format!("{head}\u{a0}{last}")
}

/// A text whose last sentence begins a line.
pub(super) fn last_below(text: &str) -> SharedString {
    let end = [". ", "। ", "۔ "].into_iter().filter_map(|end| Some((text.rfind(end)?, end.len()))).max();
    match end.and_then(|(at, length)| text.split_at_checked(at + length)) {
        Some((head, last)) => slint::format!("{}\n{last}", head.trim_end()),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_last_word_stays_with_the_one_before_it() {
        let check = |text: &str, expected: &str| assert_eq!(tied(text), expected, "{text}");
        check("Have you been treated with respect?", "Have you been treated with respect?");
        check(
            "Has someone explained what happens next in your care?",
            "Has someone explained what happens next in your\u{a0}care?",
        );
        check("ਕੀ ਵਾਰਡ ਸਾਫ਼ ਰਿਹਾ ਹੈ?", "ਕੀ ਵਾਰਡ ਸਾਫ਼ ਰਿਹਾ\u{a0}ਹੈ?");
        check("It takes about 3 minutes.", "It takes about 3\u{a0}minutes.");
        check("It takes only a few minutes.", "It takes only a few minutes.");
        check("Are you …", "Are you …");
        check("Ile nocy ma Pan/Pani lat?", "Ile nocy ma Pan/Pani lat?");
        check("Ati luat parte la deciziile dumneavoastra azi?", "Ati luat parte la deciziile dumneavoastra azi?");
        check("", "");
    }

    #[test]
    fn the_last_sentence_begins_a_line() {
        let check = |text: &str, expected: &str| assert_eq!(last_below(text), expected, "{text}");
        check("It will be cleared. Seconds left: 30", "It will be cleared.\nSeconds left: 30");
        check("Touch it. It will go. Seconds left: 30", "Touch it. It will go.\nSeconds left: 30");
        check("ਇਹ ਸਾਫ਼ ਹੋ ਜਾਵੇਗੀ। ਬਾਕੀ ਸਕਿੰਟ: 30", "ਇਹ ਸਾਫ਼ ਹੋ ਜਾਵੇਗੀ।\nਬਾਕੀ ਸਕਿੰਟ: 30");
        check("Seconds left: 30", "Seconds left: 30");
    }
}
