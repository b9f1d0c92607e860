//! Retention: how long what is kept, and what is left of it afterwards. Pure.
//!
//! Vocabulary: what is kept comes in three layers, and each has its time.
//! - The *words* of comments.
//! - The *detail* of a response, or of a contact without one: what was sealed on the kiosk, the minutes it took, the time of day.
//! - What *figures* are made of: day, ward, consultant, mode, language, and which option of which question. No figure changes while this is
//!   there, byte for byte, so nothing that was published has to be kept a second time and nothing can disagree with it.
//!
//! Invariants: what goes, goes in that order; a record that was reduced has the same fact as before; what is reduced already is not due.

use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use wardvoice_protocol::clock::Clock;
use wardvoice_protocol::contact::{Answer, Comment, Response};
use wardvoice_protocol::record::{Body, Record};

use crate::log::Left;

/// What stands in the place of words that were deleted. That something was written is a fact and stays one.
pub const DELETED: &str = "[deleted: its time was over]";

/// How many months what is kept; for ever where nothing is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retention {
    /// The words of comments.
    pub comments: Option<u16>,
    /// The detail of responses.
    pub responses: Option<u16>,
    /// The detail of contacts without a response.
    pub contacts: Option<u16>,
    /// What figures are made of.
    pub figures: Option<u16>,
}

/// A layer whose time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// The words of comments.
    Comments,
    /// The detail of a response.
    Response,
    /// The detail of a contact without a response.
    Contact,
    /// Everything.
    Figures,
}

impl Retention {
    /// Whether everything is kept for ever.
    pub fn is_for_ever(&self) -> bool {
        *self == Self::default()
    }

    /// The first day of which something may still be due: nothing of it or of later days is.
    pub fn nothing_due_from(&self, today: Date) -> Option<Date> {
        let all = [self.comments, self.responses, self.contacts, self.figures];
        all.into_iter().filter_map(|months| first_kept(months, today)).max()
    }

    /// What is due of a record of a local day, and what stays of it; `None` when nothing is.
    pub fn due(&self, json: &[u8], record: Record, day: Date, today: Date) -> Option<(Layer, Left)> {
        let is_over = |months: Option<u16>| first_kept(months, today).is_some_and(|first| day < first);
        let Body::Contact(mut contact) = record.body else { return None };
        if is_over(self.figures) {
            return Some((Layer::Figures, Left::Nothing));
        }
        let detail = if contact.response.is_some() { self.responses } else { self.contacts };
        let layer = match (is_over(detail), is_over(self.comments)) {
            (true, _) if contact.response.is_some() => Layer::Response,
            (true, _) => Layer::Contact,
            (false, true) => Layer::Comments,
            (false, false) => return None,
        };
        contact.response = contact.response.map(without_words);
        let mut clock = record.clock;
        if layer != Layer::Comments {
            clock = Clock::new(day.to_zoned(TimeZone::UTC).ok()?.timestamp(), None);
            contact.response = contact.response.map(|response| Response { minutes: None, ..response });
        }
        let left = serde_json::to_vec(&Record { clock, body: Body::Contact(contact) }).ok()?;
        (left != json).then_some((layer, Left::Reduced(left)))
    }
}

/// The first day that is kept, of what is kept for so many months.
fn first_kept(months: Option<u16>, today: Date) -> Option<Date> {
    today.checked_sub(i32::from(months?).months()).ok()
}

fn without_words(mut response: Response) -> Response {
    for answer in response.answers.values_mut() {
        if let (Answer::Said(_), Ok(deleted)) = (&*answer, Comment::new(DELETED)) {
            *answer = Answer::Said(deleted);
        }
    }
    response
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use wardvoice_protocol::contact::Outcome;
    use wardvoice_protocol::fortnight::DayNumber;

    use super::*;
    use crate::facts::fact_of;
    use crate::ingest::testing::{Trust, cleaning, contact_record};

    const RULES: Retention =
        Retention { comments: Some(12), responses: Some(24), contacts: Some(6), figures: Some(60) };

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn due(record: &Record, today: &str) -> Option<(Layer, Left)> {
        let json = serde_json::to_vec(record).unwrap();
        RULES.due(&json, record.clone(), date("2026-11-23"), date(today))
    }

    fn read(left: &Left) -> Record {
        let Left::Reduced(json) = left else { panic!("nothing is left") };
        Record::from_json(json).unwrap()
    }

    #[test]
    fn layers_go_one_after_the_other_and_the_fact_stays_the_same() {
        let trust = Trust::new(1);
        let mut contact = trust.contact();
        let said = Answer::Said(Comment::new("my neighbour in bed 4").unwrap());
        contact.response.as_mut().unwrap().answers.insert("better".parse().unwrap(), said);
        let record = contact_record(contact.clone());
        assert_eq!(due(&record, "2027-11-23"), None, "a year is not over on its last day");
        let (layer, words) = due(&record, "2027-11-24").unwrap();
        let without_words = read(&words);
        assert_eq!((layer, without_words.clock), (Layer::Comments, record.clock));
        assert_eq!(due(&without_words, "2027-11-24"), None, "what is reduced is not due again");
        let (layer, detail) = due(&without_words, "2028-11-24").unwrap();
        let without_detail = read(&detail);
        assert_eq!(layer, Layer::Response);
        assert_eq!(due(&record, "2028-11-24").unwrap().1, detail, "in one step as in two");
        let day = DayNumber::from(date("2026-11-23"));
        let fact = |record: &Record| {
            let Body::Contact(contact) = &record.body else { unreachable!() };
            fact_of(contact, day, day, &trust.world.vocabulary).unwrap()
        };
        assert_eq!([fact(&without_words), fact(&without_detail)], [fact(&record); 2]);
        let text = serde_json::to_string(&without_detail).unwrap();
        assert!(!text.contains("bed 4") && !text.contains("minutes") && !text.contains("11:30"), "{text}");
        assert_eq!(due(&without_detail, "2031-11-24"), Some((Layer::Figures, Left::Nothing)));

        contact.outcome = Outcome::Asleep;
        contact.response = None;
        let asleep = contact_record(contact);
        assert_eq!(due(&asleep, "2027-05-23"), None);
        assert_eq!(due(&asleep, "2027-05-24").unwrap().0, Layer::Contact);
        assert_eq!(due(&cleaning(), "2099-01-01"), None);
    }

    #[test]
    fn nothing_is_due_where_nothing_is_said() {
        let record = contact_record(Trust::new(2).contact());
        let json = serde_json::to_vec(&record).unwrap();
        let forever = Retention::default();
        assert!(forever.is_for_ever() && forever.nothing_due_from(date("2099-01-01")).is_none());
        assert_eq!(forever.due(&json, record, date("2026-11-23"), date("2099-01-01")), None);
        assert_eq!(RULES.nothing_due_from(date("2027-11-24")), Some(date("2027-05-24")));
    }
}
