#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use std::collections::BTreeMap;

use wardvoice_protocol::envelope::EnvelopeFile;
use wardvoice_protocol::id::{QuestionId, QuestionnaireId, WardId};
use wardvoice_protocol::keys::{OpenKey, SigningKey};
use wardvoice_protocol::limits::MAX_ENVELOPE_BYTES;
use wardvoice_protocol::questionnaire::QuestionnaireRef;

use super::*;
use crate::ingest::testing::{Tablet, Trust, arrival, cleaning, clock, contact_record};

/// Changes a top-level field of an envelope.
fn with(mut arrival: Arrival, field: &str, value: serde_json::Value) -> Arrival {
    let mut envelope: BTreeMap<String, serde_json::Value> = serde_json::from_slice(&arrival.payload).unwrap();
    envelope.insert(field.to_owned(), value);
    arrival.payload = serde_json::to_vec(&envelope).unwrap();
    arrival
}

type Make = fn(&mut Trust, &mut Tablet) -> Arrival;

/// Every reason that the judge alone can give, by what brings it about.
const BAD_INPUT: &[(&str, Make)] = &[
    ("oversize", |_, tablet| arrival(&tablet.id, vec![b' '; MAX_ENVELOPE_BYTES + 1])),
    ("unreadable", |_, tablet| arrival(&tablet.id, b"not JSON".to_vec())),
    ("unreadable", |_, tablet| arrival(&tablet.id, vec![0xff, 0x00, 0x80])),
    ("unreadable", |_, tablet| arrival(&tablet.id, Vec::new())),
    ("unreadable", |trust, tablet| {
        with(trust.seal(tablet, &cleaning()), "more", serde_json::json!("than there should be"))
    }),
    ("unreadable", |trust, tablet| with(trust.seal(tablet, &cleaning()), "ciphertext", serde_json::json!("?!"))),
    ("unknown_version", |trust, tablet| with(trust.seal(tablet, &cleaning()), "version", serde_json::json!(2))),
    ("wrong_topic", |trust, tablet| {
        let other = trust.tablet("k-other");
        let sealed = trust.seal(tablet, &cleaning());
        arrival(&other.id, sealed.payload)
    }),
    ("unknown_kiosk", |trust, _| {
        let mut stranger = trust.stranger("k-stranger");
        trust.seal(&mut stranger, &cleaning())
    }),
    ("wrong_signature", |trust, tablet| {
        tablet.key = SigningKey::from_bytes(&[9; 32]);
        trust.seal(tablet, &cleaning())
    }),
    ("wrong_signature", |trust, tablet| {
        let sequence = serde_json::json!(7);
        with(trust.seal(tablet, &cleaning()), "sequence", sequence)
    }),
    ("stale_key", |trust, tablet| {
        let sealed = trust.seal(tablet, &cleaning());
        let new = SigningKey::from_bytes(&[9; 32]).verifying_key();
        trust.world.registry.replace_key(&tablet.id, new).unwrap();
        sealed
    }),
    ("stale_key", |trust, tablet| {
        tablet.seal_key = OpenKey::generate(&mut trust.rng).seal_key().clone();
        trust.seal(tablet, &cleaning())
    }),
    ("cannot_open", |trust, tablet| {
        // Signed by the kiosk, and not what it sealed.
        let sealed = trust.seal(tablet, &cleaning());
        let mut file: EnvelopeFile = serde_json::from_slice(&sealed.payload).unwrap();
        file.ciphertext = file.ciphertext.chars().rev().collect();
        file.ciphertext.truncate(24);
        let unsigned = Envelope::try_from(file.clone()).unwrap();
        file.signature = tablet.key.sign(unsigned.signing_input());
        arrival(&tablet.id, serde_json::to_vec(&file).unwrap())
    }),
    ("invalid_record", |trust, tablet| trust.seal_bytes(tablet, b"{}")),
    ("invalid_record", |trust, tablet| {
        let mut contact = trust.contact();
        contact.response = None;
        let json = serde_json::to_vec(&contact_record(contact)).unwrap();
        trust.seal_bytes(tablet, &json)
    }),
    ("unknown_ward", |trust, tablet| {
        let mut contact = trust.contact();
        contact.ward = WardId::new("nowhere").unwrap();
        trust.seal(tablet, &contact_record(contact))
    }),
    ("unknown_questionnaire", |trust, tablet| {
        let mut contact = trust.contact();
        contact.questionnaire = QuestionnaireRef { id: QuestionnaireId::new("inpatient").unwrap(), version: 9 };
        trust.seal(tablet, &contact_record(contact))
    }),
    ("unknown_question", |trust, tablet| {
        let mut contact = trust.contact();
        contact.response.as_mut().unwrap().answers.remove(&QuestionId::new("respect").unwrap());
        trust.seal(tablet, &contact_record(contact))
    }),
    ("unknown_question", |trust, tablet| {
        let contact = trust.contact_answering("colour", "blue");
        trust.seal(tablet, &contact_record(contact))
    }),
    ("unknown_option", |trust, tablet| {
        let contact = trust.contact_answering("respect", "sort-of");
        trust.seal(tablet, &contact_record(contact))
    }),
    ("clock", |trust, tablet| {
        let record = Record { clock: clock("2025-11-23T11:30:00Z"), ..cleaning() };
        trust.seal(tablet, &record)
    }),
    ("clock", |trust, tablet| {
        let record = Record { clock: clock("2027-11-23T11:30:00Z"), ..cleaning() };
        trust.seal(tablet, &record)
    }),
];

#[test]
fn every_bad_input_has_its_reason() {
    for (number, (expected, make)) in BAD_INPUT.iter().enumerate() {
        let mut trust = Trust::new(number as u64);
        let mut tablet = trust.tablet("k-1");
        let arrival = make(&mut trust, &mut tablet);
        let judged = judge(arrival, &trust.world);
        let (reason, detail) = judged.outcome.unwrap_err();
        assert_eq!((number, reason.as_str()), (number, *expected), "{detail}");
    }
}

#[test]
fn good_and_bad_are_told_apart_when_judged_together() {
    let mut trust = Trust::new(5);
    let (mut honest, mut liar) = (trust.tablet("k-1"), trust.tablet("k-2"));
    let mut arrivals = trust.contacts(&mut honest, 20);
    liar.key = SigningKey::from_bytes(&[9; 32]);
    let lie = trust.seal(&mut liar, &cleaning());
    arrivals.insert(7, lie);
    let judged = judge_all(arrivals.clone(), &trust.world);
    for (number, (judged, arrival)) in judged.iter().zip(arrivals).enumerate() {
        assert_eq!(judged.outcome.is_ok(), number != 7);
        assert_eq!(judged.previous.is_some(), number != 7, "only a signature gives a place in the chain");
        assert_eq!(judged.arrival.payload, arrival.payload);
    }
    let fact = judged.first().and_then(|judged| judged.outcome.as_ref().ok()?.fact).unwrap();
    assert_eq!(fact.day().date().unwrap().to_string(), "2026-11-23");
}

#[test]
fn no_refusal_quotes_what_a_patient_wrote() {
    let mut trust = Trust::new(6);
    let mut tablet = trust.tablet("k-1");
    let secret = "my-neighbour-in-bay-4";
    let texts = [
        format!(r#"{{"clock":{{"wall":"{secret}"}},"body":{{}}}}"#),
        format!(r#"{{"{secret}":1}}"#),
        format!(r#"{{"clock":{{"wall":"2026-11-23T11:30:00Z"}},"body":{{"{secret}":{{}}}}}}"#),
    ];
    for text in texts {
        let sealed = trust.seal_bytes(&mut tablet, text.as_bytes());
        let (reason, detail) = judge(sealed, &trust.world).outcome.unwrap_err();
        assert_eq!(reason, Reason::InvalidRecord);
        assert!(!detail.contains(secret), "{detail}");
    }
    let unsealed = arrival(&tablet.id, format!(r#"{{"{secret}":1}}"#).into_bytes());
    let (_, detail) = judge(unsealed, &trust.world).outcome.unwrap_err();
    assert!(!detail.contains(secret), "{detail}");
}
