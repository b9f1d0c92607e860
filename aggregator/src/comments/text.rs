//! A text and what is struck out of it. Pure.

use serde::{Deserialize, Serialize};

use super::signs::{Sign, SignKind};
use crate::help::StaffRole;

/// What stands for what was struck out.
const STRUCK: &str = "[…]";

/// A span of a text that is not shown, and what stands in its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// The first character, from 0.
    pub from: usize,
    /// The first character after it.
    pub to: usize,
    /// The role that takes the place of a name; none where it is only struck out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<StaffRole>,
}

/// A word of a text, for a person to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Its first character.
    pub from: usize,
    /// The first character after it, without the stop or the comma behind it.
    pub to: usize,
    /// The word with whatever stands around it.
    pub text: String,
}

/// A part of a text that is all of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Its characters.
    pub text: String,
    /// The most serious sign it is part of.
    pub sign: Option<SignKind>,
    /// Whether it is struck out or replaced.
    pub struck: bool,
}

/// Whether edits can be made in a text: in order, apart, inside and not empty.
pub(super) fn fit(edits: &[Edit], text: &str) -> bool {
    let length = text.chars().count();
    let mut end = 0;
    edits.iter().all(|edit| {
        let fits = end <= edit.from && edit.from < edit.to && edit.to <= length;
        end = edit.to;
        fits
    })
}

/// The text as it may be shown.
pub fn apply(text: &str, edits: &[Edit]) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut edits = edits.iter().peekable();
    for (place, letter) in text.chars().enumerate() {
        while edits.peek().is_some_and(|edit| edit.to <= place) {
            edits.next();
        }
        match edits.peek() {
            Some(edit) if edit.from == place => match &edit.role {
                Some(role) => {
                    shown.push('[');
                    shown.push_str(role.as_str());
                    shown.push(']');
                }
                None => shown.push_str(STRUCK),
            },
            Some(edit) if edit.from < place => {}
            _ => shown.push(letter),
        }
    }
    shown
}

/// Whether nothing of a span but white space would be shown.
pub(super) fn is_struck(text: &str, from: usize, to: usize, edits: &[Edit]) -> bool {
    let mut letters = text.chars().enumerate().take(to).skip(from).filter(|(_, letter)| !letter.is_whitespace());
    letters.all(|(place, _)| edits.iter().any(|edit| edit.from <= place && place < edit.to))
}

/// The words of a text.
pub fn words(text: &str) -> Vec<Word> {
    let letters: Vec<char> = text.chars().collect();
    let mut words = Vec::new();
    let mut begun = None;
    for (place, letter) in letters.iter().chain(std::iter::once(&' ')).enumerate() {
        match (begun, letter.is_whitespace()) {
            (None, false) => begun = Some(place),
            (Some(from), true) => {
                words.extend(word(&letters, from, place));
                begun = None;
            }
            _ => {}
        }
    }
    words
}

fn word(letters: &[char], from: usize, until: usize) -> Option<Word> {
    let whole = letters.get(from..until)?;
    let bare = |letter: &char| letter.is_alphanumeric();
    let (first, last) = (whole.iter().position(bare).unwrap_or(0), whole.iter().rposition(bare));
    // Marks that belong to the letter before are no punctuation.
    let to = last.map_or(until, |last| {
        let marks = whole.get(last + 1..).unwrap_or_default();
        from + last + 1 + marks.iter().take_while(|mark| !mark.is_ascii() && !"…’”»“،؛؟।".contains(**mark)).count()
    });
    Some(Word { from: from + first, to, text: whole.iter().collect() })
}

/// The edits once some of a text's words are struck out, or a role is put in their place: words that stand side by side are
/// one span, and what was edited there before gives way. Whatever was not shown before is not shown now either.
pub fn edits_for(text: &str, before: &[Edit], chosen: &[usize], role: Option<&StaffRole>) -> Vec<Edit> {
    let mut spans: Vec<(usize, usize, usize)> = Vec::new();
    for (place, word) in words(text).iter().enumerate().filter(|(place, _)| chosen.contains(place)) {
        match spans.last_mut() {
            Some((last, _, to)) if *last + 1 == place => (*last, *to) = (place, word.to),
            _ => spans.push((place, word.from, word.to)),
        }
    }
    let mut edits = before.to_vec();
    for (_, from, to) in &spans {
        edits = edits.iter().flat_map(|edit| around(edit, *from, *to)).collect();
    }
    edits.extend(spans.iter().map(|(_, from, to)| Edit { from: *from, to: *to, role: role.cloned() }));
    edits.sort_by_key(|edit| edit.from);
    edits
}

/// What is left of an edit on both sides of a span: nothing that was struck out is shown because more is.
fn around(edit: &Edit, from: usize, to: usize) -> impl Iterator<Item = Edit> {
    let sides = [(edit.from, edit.to.min(from)), (edit.from.max(to), edit.to)];
    let role = edit.role.clone();
    sides.into_iter().filter(|(from, to)| from < to).map(move |(from, to)| Edit { from, to, role: role.clone() })
}

/// The text cut where a sign or an edit begins or ends.
pub fn pieces(text: &str, signs: &[Sign], edits: &[Edit]) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for (place, letter) in text.chars().enumerate() {
        let sign = signs.iter().filter(|sign| sign.from <= place && place < sign.to).map(|sign| sign.kind).min();
        let struck = edits.iter().any(|edit| edit.from <= place && place < edit.to);
        match pieces.last_mut() {
            Some(piece) if piece.sign == sign && piece.struck == struck => piece.text.push(letter),
            _ => pieces.push(Piece { text: letter.to_string(), sign, struck }),
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;

    fn edit(from: usize, to: usize, role: Option<&str>) -> Edit {
        Edit { from, to, role: role.map(|role| role.parse().unwrap()) }
    }

    #[test]
    fn a_text_is_shown_without_what_is_struck_out() {
        let text = "Zoë was rude, twice.";
        let check = |edits: &[Edit], expected: &str| assert_eq!(apply(text, edits), expected);
        check(&[], text);
        check(&[edit(0, 3, Some("a nurse"))], "[a nurse] was rude, twice.");
        check(&[edit(8, 12, None)], "Zoë was […], twice.");
        check(&[edit(0, 3, None), edit(3, 20, None)], "[…][…]");
        check(&[edit(0, 20, None)], "[…]");
    }

    #[test]
    fn edits_are_in_order_apart_inside_and_not_empty() {
        let text = "Zoë was";
        for (edits, expected) in [
            (vec![], true),
            (vec![edit(0, 3, None), edit(3, 7, None)], true),
            (vec![edit(0, 3, None), edit(2, 7, None)], false),
            (vec![edit(3, 7, None), edit(0, 3, None)], false),
            (vec![edit(0, 8, None)], false),
            (vec![edit(3, 3, None)], false),
        ] {
            assert_eq!(fit(&edits, text), expected, "{edits:?}");
        }
    }

    #[test]
    fn words_are_chosen_without_what_stands_around_them() {
        let spans =
            |text: &str| -> Vec<(usize, usize)> { words(text).iter().map(|word| (word.from, word.to)).collect() };
        assert_eq!(spans("A (rude) nurse,\nZoë!"), [(0, 1), (3, 7), (9, 14), (16, 19)]);
        assert_eq!(spans(" … !"), [(1, 2), (3, 4)]);
        assert_eq!(spans(""), []);
        // The sign that takes the vowel away belongs to its letter.
        assert_eq!(spans("ডাক্তার।"), [(0, 7)]);
    }

    #[test]
    fn words_side_by_side_are_one_span_and_take_the_place_of_earlier_edits() {
        let text = "Nurse A was rude to B.";
        let role: StaffRole = "a nurse".parse().unwrap();
        let first = edits_for(text, &[], &[0, 1, 5], Some(&role));
        assert_eq!(first, [edit(0, 7, Some("a nurse")), edit(20, 21, Some("a nurse"))]);
        assert_eq!(apply(text, &first), "[a nurse] was rude to [a nurse].");
        let second = edits_for(text, &first, &[1, 2], None);
        assert_eq!(second, [edit(0, 6, Some("a nurse")), edit(6, 11, None), edit(20, 21, Some("a nurse"))]);
        assert_eq!(apply(text, &second), "[a nurse][…] rude to [a nurse].");
        assert!(fit(&second, text));
        assert_eq!(edits_for(text, &first, &[99], None), first, "a word that is not there changes nothing");
    }

    #[test]
    fn striking_out_more_shows_nothing_of_what_was_struck_before() {
        let text = "Ask for more information about it.";
        let role: StaffRole = "a nurse".parse().unwrap();
        let first = edits_for(text, &[], &[2, 3], Some(&role));
        assert_eq!(apply(text, &first), "Ask for [a nurse] about it.");
        let check = |chosen: &[usize], expected: &str| {
            assert_eq!(apply(text, &edits_for(text, &first, chosen, None)), expected);
        };
        check(&[3, 4], "Ask for [a nurse][…] it.");
        check(&[1, 2], "Ask […][a nurse] about it.");
        check(&[1, 2, 3, 4], "Ask […] it.");
        let all = edits_for(text, &[], &[0, 1, 2, 3, 4], Some(&role));
        assert_eq!(apply(text, &edits_for(text, &all, &[2], None)), "[a nurse][…][a nurse] it.");
    }

    #[test]
    fn a_text_is_cut_where_something_begins_or_ends() {
        let sign = |from, to, kind| Sign { kind, from, to, role: None };
        let signs = [sign(2, 6, SignKind::StaffName), sign(4, 8, SignKind::Safeguarding)];
        let cut: Vec<_> = pieces("abcdefghij", &signs, &[edit(5, 10, None)])
            .into_iter()
            .map(|piece| (piece.text, piece.sign, piece.struck))
            .collect();
        let name = Some(SignKind::StaffName);
        let harm = Some(SignKind::Safeguarding);
        let expected = [
            ("ab", None, false),
            ("cd", name, false),
            ("e", harm, false),
            ("fgh", harm, true),
            ("ij", None, true),
        ];
        assert_eq!(cut, expected.map(|(text, sign, struck)| (text.to_owned(), sign, struck)));
    }

    proptest::proptest! {
        /// Nothing of what is struck out is left, and nothing else is lost.
        #[test]
        fn what_is_struck_is_gone_and_the_rest_stays(text in "[a-zé ]{1,60}", chosen in proptest::collection::vec(0_usize..20, 0..6)) {
            let edits = edits_for(&text, &[], &chosen, None);
            proptest::prop_assert!(fit(&edits, &text));
            let kept: String = pieces(&text, &[], &edits).into_iter().filter(|piece| !piece.struck).map(|piece| piece.text).collect();
            proptest::prop_assert_eq!(apply(&text, &edits).replace(STRUCK, ""), kept);
        }

        /// Whatever is chosen later, what was struck out stays so.
        #[test]
        fn what_was_struck_stays_struck(text in "[a-zé ]{1,60}", chosen in proptest::collection::vec(proptest::collection::vec(0_usize..20, 0..6), 1..4)) {
            let mut edits: Vec<Edit> = Vec::new();
            for chosen in &chosen {
                let after = edits_for(&text, &edits, chosen, None);
                proptest::prop_assert!(fit(&after, &text));
                let is_struck = |edit: &Edit| (edit.from..edit.to).all(|place| after.iter().any(|edit| edit.from <= place && place < edit.to));
                proptest::prop_assert!(edits.iter().all(is_struck), "{:?} became {:?}", edits, after);
                edits = after;
            }
        }
    }
}
