//! The comments that were found, small enough that a million of them stay in memory.
//!
//! What many have in common, the ward, the question, the language, is there once. A comment's number is its place in the order of the log and,
//! within a record, of the questions. So numbers stand in the order in which comments came, and stand for them in every list.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use jiff::civil::Date;
use wardvoice_protocol::id::{Language, QuestionId, RecordId, WardId};

use super::signs::Sign;
use super::{CommentId, Found, History, Lists};
use crate::facts::Fact;

/// What was decided about a comment that nobody has decided about.
static UNDECIDED: LazyLock<History> = LazyLock::new(History::default);

/// The number of a comment that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Number(u32);

/// A comment that was found, and what was decided about it.
#[derive(Debug)]
pub(super) struct Kept {
    record: RecordId,
    position: u64,
    day: Date,
    row: Option<Fact>,
    setting: Arc<Setting>,
    text: Box<str>,
    signs: Box<[Sign]>,
    history: Option<Box<History>>,
}

/// What many comments have in common.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Setting {
    ward: WardId,
    language: Language,
    question: QuestionId,
    asked: String,
    of_patients: bool,
}

/// A comment's text and what was found in it, by themselves: it is looked through while others look at the book.
#[derive(Debug)]
pub(super) struct Text {
    number: Number,
    setting: Arc<Setting>,
    words: Box<str>,
    signs: Box<[Sign]>,
}

/// Every comment that was found.
#[derive(Debug, Default)]
pub(super) struct AllKept {
    /// By their numbers; nothing where the record was forgotten.
    all: Vec<Option<Kept>>,
    /// The number of the first comment of each record, which the others follow.
    firsts: BTreeMap<RecordId, Number>,
    settings: BTreeSet<Arc<Setting>>,
}

impl Kept {
    /// Its name.
    pub(super) fn id(&self) -> CommentId {
        CommentId::new(self.record, self.setting.question.clone())
    }

    /// Its record.
    pub(super) fn record(&self) -> RecordId {
        self.record
    }

    /// Its record's place in the log.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// The local day.
    pub(super) fn day(&self) -> Date {
        self.day
    }

    /// What facts know of the response.
    pub(super) fn row(&self) -> Option<Fact> {
        self.row
    }

    /// The ward.
    pub(super) fn ward(&self) -> &WardId {
        &self.setting.ward
    }

    /// The language of the interview.
    pub(super) fn language(&self) -> &Language {
        &self.setting.language
    }

    /// What was asked.
    pub(super) fn asked(&self) -> &str {
        &self.setting.asked
    }

    /// Whether a patient wrote it.
    pub(super) fn of_patients(&self) -> bool {
        self.setting.of_patients
    }

    /// The text as it was written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Words of the lists.
    pub(super) fn signs(&self) -> &[Sign] {
        &self.signs
    }

    /// Words of other lists in the place of those.
    pub(super) fn mark(&mut self, signs: Box<[Sign]>) {
        self.signs = signs;
    }

    /// What was decided about it.
    pub(super) fn history(&self) -> &History {
        self.history.as_deref().unwrap_or(&UNDECIDED)
    }

    /// The same, to be added to.
    pub(super) fn history_mut(&mut self) -> &mut History {
        self.history.get_or_insert_default()
    }

    /// What was decided about it, and no longer with it; none when nothing was.
    pub(super) fn take_history(&mut self) -> Option<History> {
        self.history.take().map(|history| *history)
    }

    /// All of it, as it was found.
    pub(super) fn found(&self) -> Found {
        Found {
            id: self.id(),
            position: self.position,
            ward: self.setting.ward.clone(),
            day: self.day,
            language: self.setting.language.clone(),
            asked: self.setting.asked.clone(),
            of_patients: self.setting.of_patients,
            row: self.row,
            text: self.text.to_string(),
            signs: self.signs.to_vec(),
        }
    }
}

impl Text {
    /// What other lists find in it, where that is something else.
    pub(super) fn found_anew(&self, lists: &Lists) -> Option<(Number, Box<[Sign]>)> {
        let signs = lists.signs.find(&self.words, &self.setting.language, &lists.names).into_boxed_slice();
        (signs != self.signs).then_some((self.number, signs))
    }
}

impl AllKept {
    /// Keeps a comment that was found, with what was decided about it before. None when there are more than can be numbered.
    pub(super) fn put(&mut self, found: Found, history: Option<History>) -> Option<Number> {
        let number = Number(u32::try_from(self.all.len()).ok()?);
        let Found { id, position, ward, day, language, asked, of_patients, row, text, signs } = found;
        let setting = Setting { ward, language, question: id.question().clone(), asked, of_patients };
        self.firsts.entry(id.record()).or_insert(number);
        let kept = Kept {
            record: id.record(),
            position,
            day,
            row,
            setting: self.shared(setting),
            text: text.into_boxed_str(),
            signs: signs.into_boxed_slice(),
            history: history.map(Box::new),
        };
        self.all.push(Some(kept));
        Some(number)
    }

    fn shared(&mut self, setting: Setting) -> Arc<Setting> {
        let known = self.settings.get(&setting).cloned();
        known.unwrap_or_else(|| {
            let setting = Arc::new(setting);
            self.settings.insert(Arc::clone(&setting));
            setting
        })
    }

    /// The comment of a number.
    pub(super) fn get(&self, number: Number) -> Option<&Kept> {
        self.all.get(number.place())?.as_ref()
    }

    /// The same, to be changed.
    pub(super) fn get_mut(&mut self, number: Number) -> Option<&mut Kept> {
        self.all.get_mut(number.place())?.as_mut()
    }

    /// Every comment with its number, to be changed.
    pub(super) fn each_mut(&mut self) -> impl Iterator<Item = (Number, &mut Kept)> {
        let numbered = (0..=u32::MAX).map(Number).zip(&mut self.all);
        numbered.filter_map(|(number, entry)| entry.as_mut().map(|kept| (number, kept)))
    }

    /// How many numbers were given.
    pub(super) fn given(&self) -> usize {
        self.all.len()
    }

    /// The texts of so many numbers from one on.
    pub(super) fn texts(&self, from: usize, most: usize) -> Vec<Text> {
        let places = self.all.iter().enumerate().skip(from).take(most);
        let texts = places.filter_map(|(place, entry)| {
            let Kept { setting, text, signs, .. } = entry.as_ref()?;
            let number = Number(u32::try_from(place).ok()?);
            Some(Text { number, setting: Arc::clone(setting), words: text.clone(), signs: signs.clone() })
        });
        texts.collect()
    }

    /// The number of a comment.
    pub(super) fn number(&self, id: &CommentId) -> Option<Number> {
        let first = *self.firsts.get(&id.record())?;
        let mut of_record = self.of_record(id.record(), first);
        of_record.find(|(_, kept)| kept.setting.question == *id.question()).map(|(number, _)| number)
    }

    /// Every comment, by records and then by questions, which is the order of their names.
    pub(super) fn by_name(&self) -> impl Iterator<Item = &Kept> {
        self.firsts.iter().flat_map(move |(record, first)| self.of_record(*record, *first).map(|(_, kept)| kept))
    }

    /// Lets go of the comments of some positions of the log, with their numbers.
    pub(super) fn take_out(&mut self, positions: &BTreeSet<u64>) -> Vec<(Number, Kept)> {
        let mut gone = Vec::new();
        for (place, entry) in self.all.iter_mut().enumerate() {
            let Some(kept) = entry.take_if(|kept| positions.contains(&kept.position)) else { continue };
            self.firsts.remove(&kept.record);
            if let Ok(place) = u32::try_from(place) {
                gone.push((Number(place), kept));
            }
        }
        gone
    }

    fn of_record(&self, record: RecordId, first: Number) -> impl Iterator<Item = (Number, &Kept)> {
        (first.0..=u32::MAX).map(Number).map_while(move |number| {
            let kept = self.get(number).filter(|kept| kept.record == record)?;
            Some((number, kept))
        })
    }
}

impl Number {
    fn place(self) -> usize {
        self.0 as usize
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics is a test that fails")]

    use super::*;

    fn found(record: &str, question: &str, position: u64, text: &str) -> Found {
        Found {
            id: format!("{record}/{question}").parse().unwrap(),
            position,
            ward: "W1".parse().unwrap(),
            day: "2026-11-12".parse().unwrap(),
            language: "en".parse().unwrap(),
            asked: "What could be better?".to_owned(),
            of_patients: true,
            row: None,
            text: text.to_owned(),
            signs: Vec::new(),
        }
    }

    const LATER: &str = "01a207d9-2100-7707-8707-070707070708";
    const EARLIER: &str = "01a207d9-2100-7707-8707-070707070707";

    #[test]
    fn what_is_kept_is_what_was_found_and_has_its_name_and_its_turn() {
        let comments = [
            found(LATER, "better", 1, "It was noisy."),
            found(LATER, "good", 1, "Everybody was kind."),
            found(EARLIER, "better", 2, "Nobody came."),
        ];
        let mut kept = AllKept::default();
        let numbers: Vec<Number> = comments.iter().map(|one| kept.put(one.clone(), None).unwrap()).collect();
        assert!(numbers.is_sorted());
        for (number, one) in numbers.iter().zip(&comments) {
            assert_eq!(kept.number(&one.id), Some(*number));
            assert_eq!(kept.get(*number).unwrap().found(), *one);
        }
        assert_eq!(kept.settings.len(), 2, "what comments have in common is there once");
        assert_eq!(kept.number(&found(EARLIER, "good", 2, "").id), None);
        let named: Vec<CommentId> = kept.by_name().map(Kept::id).collect();
        assert!(named.len() == 3 && named.is_sorted(), "{named:?}");

        let gone = kept.take_out(&BTreeSet::from([1]));
        assert_eq!(gone.iter().map(|(number, _)| *number).collect::<Vec<_>>(), numbers[..2]);
        assert_eq!(numbers.iter().filter(|number| kept.get(**number).is_some()).count(), 1);
        assert_eq!(kept.number(&comments.first().unwrap().id), None);
        assert_eq!(kept.by_name().count(), 1);
    }

    /// A million comments are this and their texts, their turn in two lists and the names of their records.
    #[test]
    fn a_comment_takes_little_room() {
        assert!(size_of::<Option<Kept>>() <= 112, "{}", size_of::<Option<Kept>>());
        assert_eq!(size_of::<Number>(), 4);
    }
}
