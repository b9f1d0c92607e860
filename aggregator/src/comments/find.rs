//! Comments in the log.

use jiff::civil::Date;
use wardvoice_protocol::assignment::KioskAudience;
use wardvoice_protocol::contact::Answer;
use wardvoice_protocol::id::{Language, WardId};
use wardvoice_protocol::record::{Body, Record};

use super::Lists;
use super::id::CommentId;
use super::signs::Sign;
use crate::facts::{Fact, fact_of};
use crate::ingest::World;
use crate::log::{LogError, OpenedRow, Reader};
use crate::retention::DELETED;

/// A comment as it was written, and what the lists say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its name.
    pub id: CommentId,
    /// Its record's place in the log.
    pub position: u64,
    /// The ward.
    pub ward: WardId,
    /// The local day.
    pub day: Date,
    /// The language the interview was in.
    pub language: Language,
    /// What was asked, in English; the question's id where the questionnaire is not known here any more.
    pub asked: String,
    /// Whether a patient wrote it; staff answer questionnaires of their own.
    pub of_patients: bool,
    /// What facts know of the response; none where they do not know it. It says who was in charge and who said so.
    pub row: Option<Fact>,
    /// The text. Only moderators may see it.
    pub text: String,
    /// Words of the lists.
    pub signs: Vec<Sign>,
}

/// The comments of a span of positions.
pub(super) fn find(
    reader: &Reader,
    world: &World,
    lists: &Lists,
    from: u64,
    last: u64,
) -> Result<Vec<Found>, LogError> {
    let mut found = Vec::new();
    reader.each_row(from..=last, |row| {
        // Most records have no comment and are not read any further.
        if says_something(row.json) {
            found.extend(comments(&row, world, lists)?);
        }
        Ok::<(), LogError>(())
    })?;
    Ok(found)
}

fn says_something(json: &[u8]) -> bool {
    std::str::from_utf8(json).is_ok_and(|text| text.contains("\"said\""))
}

fn comments(row: &OpenedRow<'_>, world: &World, lists: &Lists) -> Result<Vec<Found>, LogError> {
    let unreadable = || LogError::Unreadable(format!("the opened record {}", row.position));
    let record: Record = serde_json::from_slice(row.json).map_err(|_| unreadable())?;
    let Body::Contact(contact) = record.body else { return Ok(Vec::new()) };
    let fact = fact_of(&contact, row.day, row.arrival_day, &world.vocabulary);
    let Some(response) = contact.response else { return Ok(Vec::new()) };
    let day = row.day.date().ok_or_else(unreadable)?;
    let questionnaire =
        world.questionnaires.iter().find(|questionnaire| questionnaire.reference() == contact.questionnaire);
    let said = response.answers.into_iter().filter_map(|(question, answer)| match answer {
        Answer::Said(comment) => Some((question, String::from(comment))).filter(|(_, text)| text != DELETED),
        _ => None,
    });
    let found = said.map(|(question, text)| {
        let asked = questionnaire.and_then(|questionnaire| questionnaire.question(&question));
        let asked = asked.and_then(|question| question.text.get(&Language::english()).cloned());
        Found {
            position: row.position,
            ward: contact.ward.clone(),
            day,
            language: contact.language.clone(),
            asked: asked.unwrap_or_else(|| question.to_string()),
            of_patients: questionnaire.is_some_and(|one| one.file().audience == KioskAudience::Patients),
            row: fact,
            signs: lists.signs.find(&text, &contact.language, &lists.names),
            id: CommentId::new(row.record_id, question),
            text,
        }
    });
    Ok(found.collect())
}
