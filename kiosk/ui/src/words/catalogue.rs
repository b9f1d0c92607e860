//! Reads a language's catalogue and holds it against the template. Used by the build.
//!
//! Vocabulary: the *template* has the English; a *catalogue* has one language; a phrase's *key* is its gettext context, for
//! example `stop-title`; a *placeholder* is a name in braces.
//!
//! Every fault is a sentence for the translator that names the key. All faults of a file are reported at once.

use std::collections::{BTreeMap, BTreeSet};

/// The words of one language in the template's order, complete.
#[derive(Debug, PartialEq, Eq)]
pub struct Catalogue {
    /// Whether the language is written from right to left.
    pub right_to_left: bool,
    /// Whether people have checked every phrase.
    pub approved: bool,
    /// Key and phrase.
    pub phrases: Vec<(String, String)>,
}

/// Reads the template: the English is in the phrases' ids and nothing is translated.
pub fn read_template(text: &str) -> Result<Catalogue, Vec<String>> {
    let file = rspolib::pofile(text).map_err(|error| vec![error.to_string()])?;
    let mut faults = Vec::new();
    let mut phrases: Vec<(String, String)> = Vec::new();
    for entry in file.entries {
        let Some(key) = entry.msgctxt else {
            faults.push(format!("{:?} has no context (msgctxt): it is the phrase's key", entry.msgid));
            continue;
        };
        if phrases.iter().any(|(earlier, _)| *earlier == key) {
            faults.push(format!("{key} stands twice"));
        }
        if entry.msgstr.is_some_and(|text| !text.is_empty()) {
            faults.push(format!("{key} is translated: the template holds the English only"));
        }
        check_shape(&key, &entry.msgid, &mut faults);
        phrases.push((key, entry.msgid));
    }
    if phrases.is_empty() {
        faults.push("there is no phrase in the template".to_owned());
    }
    if faults.is_empty() { Ok(Catalogue { right_to_left: false, approved: true, phrases }) } else { Err(faults) }
}

/// Reads the catalogue of a language.
pub fn read(text: &str, language: &str, template: &Catalogue) -> Result<Catalogue, Vec<String>> {
    let file = rspolib::pofile(text).map_err(|error| vec![error.to_string()])?;
    let mut faults = Vec::new();
    if file.metadata.get("Language").map(String::as_str) != Some(language) {
        faults.push(format!("the header does not say \"Language: {language}\""));
    }
    let direction = file.metadata.get("X-Text-Direction").map(String::as_str);
    if !matches!(direction, Some("ltr" | "rtl")) {
        faults.push("the header says neither \"X-Text-Direction: ltr\" nor \"X-Text-Direction: rtl\"".to_owned());
    }
    let mut approved = true;
    let mut translated: BTreeMap<String, String> = BTreeMap::new();
    for entry in file.entries.into_iter().filter(|entry| !entry.obsolete) {
        approved &= !entry.fuzzy();
        let Some(key) = entry.msgctxt else {
            faults.push(format!("{:?} has no context (msgctxt): it is the phrase's key", entry.msgid));
            continue;
        };
        let Some((_, english)) = template.phrases.iter().find(|(known, _)| *known == key) else {
            faults.push(format!("{key} is not in the template"));
            continue;
        };
        if entry.msgid != *english {
            faults.push(format!("{key} translates {:?}, and the English is now {english:?}", entry.msgid));
        }
        let text = entry.msgstr.unwrap_or_default();
        if text.is_empty() {
            continue;
        }
        check_shape(&key, &text, &mut faults);
        let (has, needs) = (placeholders(&text), placeholders(english));
        if has != needs {
            faults.push(format!("{key} has the placeholders {has:?}, and the English has {needs:?}"));
        }
        if translated.insert(key.clone(), text).is_some() {
            faults.push(format!("{key} stands twice"));
        }
    }
    let mut phrases = Vec::new();
    for (key, _) in &template.phrases {
        match translated.remove(key) {
            Some(text) => phrases.push((key.clone(), text)),
            None => faults.push(format!("{key} is not translated")),
        }
    }
    let right_to_left = direction == Some("rtl");
    if faults.is_empty() { Ok(Catalogue { right_to_left, approved, phrases }) } else { Err(faults) }
}

fn check_shape(key: &str, text: &str, faults: &mut Vec<String>) {
    if text.trim() != text || text.chars().any(char::is_control) {
        faults.push(format!("{key} begins or ends with a space, or holds a line break"));
    }
}

/// The names in braces, with how often each stands.
fn placeholders(text: &str) -> BTreeSet<(&str, usize)> {
    let names = || text.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name));
    names().map(|name| (name, names().filter(|other| *other == name).count())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = "
msgid \"\"
msgstr \"\"
\"Content-Type: text/plain; charset=UTF-8\\n\"

#. The way back.
msgctxt \"back\"
msgid \"Back\"
msgstr \"\"

msgctxt \"progress\"
msgid \"Question {number} of {of}\"
msgstr \"\"
";
    const HEADER: &str = "
msgid \"\"
msgstr \"\"
\"Content-Type: text/plain; charset=UTF-8\\n\"
\"Language: cy\\n\"
\"X-Text-Direction: ltr\\n\"
";
    const BACK: &str = "\nmsgctxt \"back\"\nmsgid \"Back\"\nmsgstr \"Yn ôl\"\n";
    const PROGRESS: &str =
        "\nmsgctxt \"progress\"\nmsgid \"Question {number} of {of}\"\nmsgstr \"Cwestiwn {number} o {of}\"\n";

    fn read_parts(parts: &[&str]) -> Result<Catalogue, Vec<String>> {
        read(&parts.concat(), "cy", &read_template(TEMPLATE)?)
    }

    fn check(parts: &[&str], faults: &[&str]) {
        assert_eq!(read_parts(parts), Err(faults.iter().map(ToString::to_string).collect()));
    }

    #[test]
    fn a_complete_catalogue_comes_in_the_order_of_the_template() {
        let phrase = |key: &str, text: &str| (key.to_owned(), text.to_owned());
        let phrases = vec![phrase("back", "Yn ôl"), phrase("progress", "Cwestiwn {number} o {of}")];
        let expected = Catalogue { right_to_left: false, approved: true, phrases };
        assert_eq!(read_parts(&[HEADER, PROGRESS, BACK]), Ok(expected));
    }

    #[test]
    fn a_fuzzy_phrase_is_said_and_keeps_the_language_from_being_approved() {
        let read = read_parts(&[HEADER, BACK, "\n#, fuzzy", PROGRESS]);
        assert!(read.is_ok_and(|catalogue| !catalogue.approved && catalogue.phrases.len() == 2));
    }

    #[test]
    fn what_is_no_longer_used_is_passed_over() {
        let obsolete = "\n#~ msgctxt \"gone\"\n#~ msgid \"Gone\"\n#~ msgstr \"Wedi mynd\"\n";
        assert!(read_parts(&[HEADER, BACK, PROGRESS, obsolete]).is_ok());
    }

    #[test]
    fn a_missing_phrase_is_a_fault() {
        check(&[HEADER, BACK], &["progress is not translated"]);
        let empty = "\nmsgctxt \"back\"\nmsgid \"Back\"\nmsgstr \"\"\n";
        check(&[HEADER, empty, PROGRESS], &["back is not translated"]);
    }

    #[test]
    fn an_unknown_or_nameless_phrase_is_a_fault() {
        let unknown = "\nmsgctxt \"forward\"\nmsgid \"Forward\"\nmsgstr \"Ymlaen\"\n";
        check(&[HEADER, BACK, PROGRESS, unknown], &["forward is not in the template"]);
        let nameless = "\nmsgid \"Forward\"\nmsgstr \"Ymlaen\"\n";
        check(
            &[HEADER, BACK, PROGRESS, nameless],
            &["\"Forward\" has no context (msgctxt): it is the phrase's key"],
        );
    }

    #[test]
    fn a_phrase_twice_is_a_fault() {
        check(&[HEADER, BACK, PROGRESS, BACK], &["back stands twice"]);
    }

    #[test]
    fn an_english_that_has_changed_since_is_a_fault() {
        let stale = "\nmsgctxt \"back\"\nmsgid \"Go back\"\nmsgstr \"Yn ôl\"\n";
        check(&[HEADER, stale, PROGRESS], &["back translates \"Go back\", and the English is now \"Back\""]);
    }

    #[test]
    fn a_placeholder_lost_or_misspelt_is_a_fault() {
        let lost = PROGRESS.replace("Cwestiwn {number} o {of}", "Cwestiwn {nubmer}");
        check(
            &[HEADER, BACK, &lost],
            &["progress has the placeholders {(\"nubmer\", 1)}, \
               and the English has {(\"number\", 1), (\"of\", 1)}"],
        );
        let doubled = PROGRESS.replace("o {of}", "o {of} {of}");
        check(
            &[HEADER, BACK, &doubled],
            &["progress has the placeholders {(\"number\", 1), (\"of\", 2)}, \
               and the English has {(\"number\", 1), (\"of\", 1)}"],
        );
    }

    #[test]
    fn spaces_at_the_ends_and_line_breaks_are_faults() {
        for text in ["Yn ôl ", " Yn ôl", "Yn\\nôl"] {
            let shaped = BACK.replace("Yn ôl", text);
            check(&[HEADER, &shaped, PROGRESS], &["back begins or ends with a space, or holds a line break"]);
        }
    }

    #[test]
    fn a_header_of_another_language_or_without_a_direction_is_a_fault() {
        let other = HEADER.replace("cy", "pl");
        check(&[&other, BACK, PROGRESS], &["the header does not say \"Language: cy\""]);
        let none = HEADER.replace("ltr", "down");
        check(
            &[&none, BACK, PROGRESS],
            &["the header says neither \"X-Text-Direction: ltr\" nor \"X-Text-Direction: rtl\""],
        );
    }

    #[test]
    fn what_is_not_a_catalogue_is_a_fault() {
        for text in ["msgid Back", "msgctxt \"back\"\nmsgid \"Back\"", "hello"] {
            assert!(
                read(text, "cy", &Catalogue { right_to_left: false, approved: true, phrases: vec![] }).is_err()
            );
        }
        assert_eq!(read_template(""), Err(vec!["there is no phrase in the template".to_owned()]));
        let translated = TEMPLATE.replacen("msgid \"Back\"\nmsgstr \"\"", "msgid \"Back\"\nmsgstr \"Back\"", 1);
        let fault = "back is translated: the template holds the English only";
        assert_eq!(read_template(&translated), Err(vec![fault.to_owned()]));
    }
}
