//! The judge: what can be said about one payload without the log. Pure.
//!
//! The order of the questions is part of the contract, because the first failed one names the reason: size, JSON and
//! version, topic, kiosk, signature, keys, seal, record, ward, questionnaire, answers, time.
//!
//! Nothing of a record's content gets into a refusal's words: errors of the JSON reader may quote what they read, so only
//! their place is kept.

use jiff::Timestamp;
use wardvoice_protocol::contact::Contact;
use wardvoice_protocol::envelope::{Envelope, EnvelopeError};
use wardvoice_protocol::fortnight::DayNumber;
use wardvoice_protocol::id::{Hash, KioskId, RecordId, Sequence, WardId};
use wardvoice_protocol::keys::VerifyingKey;
use wardvoice_protocol::questionnaire::{AnswerError, QuestionnaireRef};
use wardvoice_protocol::receipt::Reason;
use wardvoice_protocol::record::{Body, HelpRequest, Record};

use super::{Arrival, World, day};
use crate::facts::{Fact, fact_of};
use crate::log::{DayEvidence, encode_envelope};
use crate::registry::Kiosk;

/// What the judge found out about an arrival.
#[derive(Debug, Clone)]
pub struct Judged {
    /// The arrival, its time cut to the millisecond.
    pub arrival: Arrival,
    /// The envelope's hash; of the whole payload when it could not be read.
    pub envelope: Hash,
    /// The record's id and place in the chain, when the envelope could be read.
    pub identity: Option<(RecordId, Sequence)>,
    /// The hash of the envelope before, when the signature is the kiosk's: only then has it a place in the chain.
    pub previous: Option<Hash>,
    /// The record, or why it is refused.
    pub outcome: Result<Opened, (Reason, String)>,
}

/// A record that nothing is wrong with as far as it alone can say.
#[derive(Debug, Clone)]
pub struct Opened {
    /// Its JSON as the kiosk wrote it.
    pub json: Vec<u8>,
    /// The envelope as the log keeps it.
    pub envelope: Vec<u8>,
    /// The ward it happened on.
    pub ward: WardId,
    /// The local day that was decided.
    pub day: DayNumber,
    /// The local day it arrived on.
    pub arrival_day: DayNumber,
    /// How the day was decided.
    pub evidence: DayEvidence,
    /// Its fact, when it is a contact.
    pub fact: Option<Fact>,
    /// What is asked for, when it is a request for help.
    pub request: Option<HelpRequest>,
}

/// Judges one arrival.
pub fn judge(arrival: Arrival, world: &World) -> Judged {
    let read = read(arrival, world);
    let signed = read.claim.as_ref().is_ok_and(|claim| claim.envelope.is_signed_by(&claim.kiosk.signing_key));
    finish(read, signed, world)
}

/// Judges many, checking all signatures at once and one by one only when that fails.
pub fn judge_all(arrivals: Vec<Arrival>, world: &World) -> Vec<Judged> {
    let read: Vec<Read> = arrivals.into_iter().map(|arrival| read(arrival, world)).collect();
    let claims: Vec<&Claim> = read.iter().filter_map(|read| read.claim.as_ref().ok()).collect();
    let messages: Vec<&[u8]> = claims.iter().map(|claim| claim.envelope.signing_input()).collect();
    let signatures: Vec<_> = claims.iter().map(|claim| *claim.envelope.signature()).collect();
    let keys: Vec<_> = claims.iter().map(|claim| claim.kiosk.signing_key).collect();
    let all_signed = claims.len() > 1 && VerifyingKey::verifies_all(&messages, &signatures, &keys);
    read.into_iter()
        .map(|read| {
            let signed = all_signed
                || read.claim.as_ref().is_ok_and(|claim| claim.envelope.is_signed_by(&claim.kiosk.signing_key));
            finish(read, signed, world)
        })
        .collect()
}

/// An arrival whose envelope was read, or not.
struct Read {
    arrival: Arrival,
    envelope: Hash,
    identity: Option<(RecordId, Sequence)>,
    claim: Result<Claim, (Reason, String)>,
}

/// An envelope that says it is from a kiosk that is known.
struct Claim {
    envelope: Envelope,
    kiosk: Kiosk,
}

fn read(arrival: Arrival, world: &World) -> Read {
    let received = Timestamp::from_millisecond(arrival.received.as_millisecond()).unwrap_or(arrival.received);
    let arrival = Arrival { received, ..arrival };
    let envelope = match Envelope::read(&arrival.payload) {
        Ok(envelope) => envelope,
        Err(error) => {
            let envelope = Hash::of(&arrival.payload);
            return Read { arrival, envelope, identity: None, claim: Err(unreadable(&error)) };
        }
    };
    let hash = envelope.hash();
    let identity = Some((envelope.record(), envelope.sequence()));
    let claim = if *envelope.kiosk() == arrival.kiosk {
        let unknown = || (Reason::UnknownKiosk, format!("kiosk {} is not registered", arrival.kiosk));
        world.registry.get(&arrival.kiosk).map(|kiosk| Claim { envelope, kiosk }).ok_or_else(unknown)
    } else {
        let detail = format!("the envelope is kiosk {}'s and came on another's topic", envelope.kiosk());
        Err((Reason::WrongTopic, detail))
    };
    Read { arrival, envelope: hash, identity, claim }
}

fn finish(read: Read, signed: bool, world: &World) -> Judged {
    let Read { arrival, envelope, identity, claim } = read;
    let (previous, outcome) = match claim {
        Err(refusal) => (None, Err(refusal)),
        Ok(claim) if signed => (Some(claim.envelope.previous()), open(&claim.envelope, &arrival, world)),
        Ok(claim) => (None, Err(not_signed(&claim))),
    };
    Judged { arrival, envelope, identity, previous, outcome }
}

fn not_signed(claim: &Claim) -> (Reason, String) {
    let kiosk = claim.envelope.kiosk();
    if claim.kiosk.retired_keys.iter().any(|key| claim.envelope.is_signed_by(key)) {
        (Reason::StaleKey, format!("the envelope is signed with a key that kiosk {kiosk} no longer has"))
    } else {
        (Reason::WrongSignature, format!("the signature is not kiosk {kiosk}'s"))
    }
}

fn open(envelope: &Envelope, arrival: &Arrival, world: &World) -> Result<Opened, (Reason, String)> {
    let key = world.open_keys.iter().find(|key| key.key_id() == envelope.key_id());
    let key = key.ok_or_else(|| {
        (Reason::StaleKey, format!("the envelope is sealed to key {}, which is not in use", envelope.key_id()))
    })?;
    let json = envelope.open_bytes(key).map_err(|error| (Reason::CannotOpen, error.to_string()))?;
    let record: Record = serde_json::from_slice(&json).map_err(|error| {
        let detail =
            format!("the record is not valid at line {} column {} of its JSON", error.line(), error.column());
        (Reason::InvalidRecord, detail)
    })?;
    record.check().map_err(|error| (Reason::InvalidRecord, error.to_string()))?;
    let ward = record.ward().clone();
    if world.directory.ward(&ward).is_none() {
        return Err((Reason::UnknownWard, format!("ward {ward} is not in the directory")));
    }
    if let Body::Contact(contact) = &record.body {
        check_contact(contact, world)?;
    }
    let decided = day::decide(&record.clock, arrival.received, &world.calendar);
    let (day, evidence) = decided.map_err(|error| (Reason::Clock, error.to_string()))?;
    let arrived = world.calendar.day_of(arrival.received);
    let arrived = arrival.not_before.map_or(arrived, |day| day.max(arrived));
    let (day, arrival_day) = (DayNumber::from(day), DayNumber::from(arrived));
    let fact = match &record.body {
        Body::Contact(contact) => fact_of(contact, day, arrival_day, &world.vocabulary),
        Body::HelpRequest(_) | Body::Cleaning(_) => None,
    };
    let request = match record.body {
        Body::HelpRequest(request) => Some(request),
        Body::Contact(_) | Body::Cleaning(_) => None,
    };
    let envelope = encode_envelope(envelope, &arrival.payload);
    Ok(Opened { json, envelope, ward, day, arrival_day, evidence, fact, request })
}

fn check_contact(contact: &Contact, world: &World) -> Result<(), (Reason, String)> {
    let known = |reference: &QuestionnaireRef| {
        world.questionnaires.iter().find(|questionnaire| questionnaire.reference() == *reference)
    };
    let questionnaire = known(&contact.questionnaire).ok_or_else(|| {
        (Reason::UnknownQuestionnaire, format!("questionnaire {} is not known", contact.questionnaire))
    })?;
    let Some(response) = &contact.response else { return Ok(()) };
    questionnaire.check_answers(&response.answers).map_err(|error| {
        let reason = match error {
            AnswerError::Missing(_) | AnswerError::UnknownQuestion(_) => Reason::UnknownQuestion,
            AnswerError::UnknownOption(..) => Reason::UnknownOption,
            AnswerError::NotOffered(_) => Reason::InvalidRecord,
        };
        (reason, error.to_string())
    })
}

fn unreadable(error: &EnvelopeError) -> (Reason, String) {
    let (reason, detail) = match error {
        EnvelopeError::Oversize(_) | EnvelopeError::RecordTooLarge(_) => (Reason::Oversize, error.to_string()),
        EnvelopeError::UnknownVersion(_) => (Reason::UnknownVersion, error.to_string()),
        EnvelopeError::Unreadable(text) => {
            // The JSON reader's words may quote the payload; the place alone may not.
            let place = text.rsplit_once(" at line ").map(|(_, place)| place);
            let detail = place.map(|place| format!("the payload is not an envelope: see line {place}"));
            (Reason::Unreadable, detail.unwrap_or_else(|| "the payload is not an envelope".to_owned()))
        }
        EnvelopeError::NotBase64 { .. } => (Reason::Unreadable, error.to_string()),
        EnvelopeError::CannotSeal(_) | EnvelopeError::CannotOpen(_) | EnvelopeError::InvalidRecord(_) => {
            (Reason::Unreadable, "the payload is not an envelope".to_owned())
        }
    };
    (reason, detail)
}

/// The kiosk of a judged arrival that has a place in its chain, with that place.
impl Judged {
    /// The kiosk, number and hash before, when the signature is the kiosk's.
    pub fn link(&self) -> Option<(&KioskId, Sequence, Hash)> {
        let (_, sequence) = self.identity?;
        Some((&self.arrival.kiosk, sequence, self.previous?))
    }
}

#[cfg(test)]
mod tests;
