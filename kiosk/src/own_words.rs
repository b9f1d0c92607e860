//! The kiosk's own words, its buttons and explanations, as far as it matters who has checked them.
//!
//! They are part of the program, and their makers say of each language whether people have checked it. A trust that has them checked itself
//! approves exactly the words that it has seen: their [hash](hash) comes with the [approval](wardvoice_protocol::approvals), so a later
//! program with other words waits until somebody has looked again.

use wardvoice_kiosk_ui::words;
use wardvoice_protocol::id::{Hash, Language};

use crate::commission::Approved;

/// The SHA-256 over every phrase of a language, in the order of the catalogue, each ended by a zero byte; none when there are no words in it.
pub(crate) fn hash(language: &str) -> Option<Hash> {
    let texts = words::texts(language);
    let bytes: Vec<u8> = texts.iter().flat_map(|text| text.bytes().chain([0])).collect();
    (!texts.is_empty()).then(|| Hash::of(&bytes))
}

/// Whether a language's own words may be shown: there are some, and their makers or the trust have approved them, or it is a demonstration.
pub(crate) fn are_fit(language: &Language, approved: &Approved, demonstration: bool) -> bool {
    let tag = language.as_str();
    let seen = approved.get(language).and_then(|language| language.words);
    words::phrases(tag).is_some()
        && (demonstration || words::is_approved(tag) || (seen.is_some() && seen == hash(tag)))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use wardvoice_protocol::approvals::ApprovedLanguage;

    use super::*;

    #[test]
    fn words_are_fit_when_somebody_has_checked_exactly_these() {
        let (polish, english): (Language, Language) = ("pl".parse().unwrap(), "en".parse().unwrap());
        let approving = |words| Approved::from([("pl".parse().unwrap(), ApprovedLanguage { words })]);
        let check = |language: &Language, approved: &Approved, demonstration, expected| {
            assert_eq!(are_fit(language, approved, demonstration), expected, "{language} {approved:?}");
        };
        check(&english, &Approved::new(), false, true);
        check(&polish, &Approved::new(), false, false);
        check(&polish, &Approved::new(), true, true);
        check(&polish, &approving(None), false, false);
        check(&polish, &approving(hash("pl")), false, true);
        check(&polish, &approving(hash("ro")), false, false);
        check(&"xx".parse().unwrap(), &Approved::new(), true, false);
        assert!(hash("xx").is_none() && hash("pl") != hash("ro"));
    }
}
