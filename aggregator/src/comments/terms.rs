//! Terms: words of lists, and where they stand in a text.
//!
//! A text of a few hundred letters is held against thousands of terms, and a log against a million texts. So a list knows its terms by the
//! two letters they begin with, and a place in a text is held against those alone that may stand there.

use std::collections::HashMap;

/// The most characters of a term.
pub(super) const MAX_TERM_CHARACTERS: usize = 60;

/// A word or a few; a star at the end stands for any ending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Term {
    letters: Vec<char>,
    open: bool,
}

/// A list of terms, each with what it stands for.
#[derive(Debug)]
pub(super) struct Terms<T> {
    all: Vec<(Term, T)>,
    /// The places in the list of those that begin with a letter and another, or with a letter and nothing after it.
    beginnings: HashMap<(char, Option<char>), Vec<usize>>,
}

impl Term {
    /// A term of a list; none when it is empty, too long, or has a star elsewhere than at its end.
    pub(super) fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let (text, open) = text.strip_suffix('*').map_or((text, false), |text| (text, true));
        let letters = folded(text);
        let fits = (1..=MAX_TERM_CHARACTERS).contains(&letters.len())
            && !letters.contains(&'*')
            && letters.iter().any(|letter| letter.is_alphanumeric());
        fits.then_some(Self { letters, open })
    }

    /// Where it stands in a text, as whole words.
    pub(super) fn find<'a>(&'a self, text: &'a [char]) -> impl Iterator<Item = (usize, usize)> + 'a {
        beginnings(text).filter_map(|(from, rest)| Some((from, from + self.length_in(rest)?)))
    }

    /// How much of a text it is that begins with it, with its ending.
    fn length_in(&self, text: &[char]) -> Option<usize> {
        let rest = text.strip_prefix(self.letters.as_slice())?;
        let ending = rest.iter().take_while(|letter| is_inside(**letter)).count();
        (ending == 0 || self.open).then_some(self.letters.len() + ending)
    }
}

impl<T> Terms<T> {
    pub(super) fn new(all: Vec<(Term, T)>) -> Self {
        let mut beginnings: HashMap<_, Vec<usize>> = HashMap::new();
        for (place, (term, _)) in all.iter().enumerate() {
            if let Some(first) = term.letters.first() {
                beginnings.entry((*first, term.letters.get(1).copied())).or_default().push(place);
            }
        }
        Self { all, beginnings }
    }

    /// Every term of a text, with where it stands.
    pub(super) fn find<'a>(&'a self, text: &'a [char]) -> impl Iterator<Item = (&'a T, usize, usize)> + 'a {
        beginnings(text).flat_map(|(from, rest)| {
            self.like(rest).filter_map(move |(term, what)| Some((what, from, from + term.length_in(rest)?)))
        })
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// The terms that may stand at the beginning of a text.
    fn like<'a>(&'a self, text: &[char]) -> impl Iterator<Item = &'a (Term, T)> + use<'a, T> {
        let (first, second) = (text.first().copied(), text.get(1).copied());
        let longer = second.map(Some);
        let places = [longer, Some(None)].into_iter().flatten();
        places
            .filter_map(move |second| self.beginnings.get(&(first?, second)))
            .flatten()
            .filter_map(|place| self.all.get(*place))
    }
}

impl<T> Default for Terms<T> {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

/// Where words begin in a text, with the text from there on.
fn beginnings(text: &[char]) -> impl Iterator<Item = (usize, &[char])> {
    let begins = |from: &usize| {
        from.checked_sub(1).and_then(|before| text.get(before)).is_none_or(|before| !is_inside(*before))
    };
    (0..text.len()).filter(begins).filter_map(|from| Some((from, text.get(from..)?)))
}

/// Whether a character belongs to the word around it; vowel signs and their like do.
fn is_inside(letter: char) -> bool {
    letter.is_alphanumeric()
        || (!letter.is_ascii() && !letter.is_whitespace() && !"…’‘”“»«،؛؟।–—".contains(letter))
}

/// A text's characters, each in lower case and with one kind of apostrophe, as many as before.
pub(super) fn folded(text: &str) -> Vec<char> {
    let fold = |letter: char| match letter {
        '’' | '‘' | '`' | '´' => '\'',
        '\n' | '\t' | '\u{a0}' => ' ',
        // Only the first of what a capital becomes: places must stay what they are.
        other => other.to_lowercase().next().unwrap_or(other),
    };
    text.chars().map(fold).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_list_finds_what_its_terms_find_one_by_one(
            terms in prop::collection::vec("[ab][ab é]{0,3}\\*?", 0..12),
            text in "[abAB é,]{0,40}",
        ) {
            let terms: Vec<Term> = terms.iter().filter_map(|text| Term::new(text)).collect();
            let letters = folded(&text);
            let mut expected: Vec<(usize, usize, usize)> = terms
                .iter()
                .enumerate()
                .flat_map(|(place, term)| term.find(&letters).map(move |(from, to)| (place, from, to)))
                .collect();
            let list = Terms::new(terms.iter().cloned().enumerate().map(|(place, term)| (term, place)).collect());
            let mut found: Vec<_> = list.find(&letters).map(|(place, from, to)| (*place, from, to)).collect();
            expected.sort_unstable();
            found.sort_unstable();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_term_stands_where_its_words_do() {
        let check = |term: &str, text: &str, expected: &[(usize, usize)]| {
            let found: Vec<_> = Term::new(term).unwrap().find(&folded(text)).collect();
            assert_eq!(found, expected, "{term} in {text}");
        };
        check("hit me", "They HIT ME. hit mean", &[(5, 11)]);
        check("bruis*", "bruised, a bruise", &[(0, 7), (11, 17)]);
        check("a", "a cat, a", &[(0, 1), (7, 8)]);
        check("cat", "", &[]);
    }
}
