//! Bytes from outside never panic: whatever stands there, every parser answers.
//!
//! Three kinds of input, from careless to cunning: any bytes; any JSON; and the fixtures with bytes changed, cut out,
//! repeated, or one JSON value in the place of another.
#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use wardvoice_protocol::approvals::Approvals;
use wardvoice_protocol::assignment::{Assignment, KioskSettings};
use wardvoice_protocol::board::{Bay, Board};
use wardvoice_protocol::directory::{Directory, DirectoryFile, Unit};
use wardvoice_protocol::enrolment::{Answer, Ask, JoinCode};
use wardvoice_protocol::envelope::Envelope;
use wardvoice_protocol::fortnight::Calendar;
use wardvoice_protocol::help::HelpSeen;
use wardvoice_protocol::id::{Hash, KioskId, RecordId};
use wardvoice_protocol::keys::{KeyId, OpenKey, SealKey, Signature, SigningKey, VerifyingKey};
use wardvoice_protocol::posting::Posting;
use wardvoice_protocol::questionnaire::{Questionnaire, QuestionnaireFile, QuestionnaireRef};
use wardvoice_protocol::receipt::Receipt;
use wardvoice_protocol::record::{Body, Record};
use wardvoice_protocol::round::Round;
use wardvoice_protocol::signed;
use wardvoice_protocol::status::{Introduction, Status};
use wardvoice_protocol::thanks::Thanks;
use wardvoice_protocol::topic::{Channel, Topic};
use wardvoice_protocol::withdrawal::WithdrawalCode;

/// Gives the bytes to every parser, and uses whatever reads.
fn parse_all(bytes: &[u8]) {
    let kiosk = KioskId::new("k-0017").unwrap();
    let receipts = Topic::Kiosk(kiosk.clone(), Channel::Receipts);
    let aggregator = SigningKey::from_bytes(&[1; 32]).verifying_key();
    let open_key = OpenKey::from_bytes(&[2; 32]).unwrap();

    if let Ok(envelope) = Envelope::read(bytes) {
        assert_eq!(Envelope::read(&envelope.to_json()).as_ref(), Ok(&envelope));
        let _ = envelope.is_signed_by(&aggregator);
        assert!(envelope.open(&open_key).is_err(), "nothing here was sealed to that key");
        assert_eq!(Hash::of(envelope.signing_input()), envelope.hash());
    }
    if let Ok(receipt) = signed::read_trusting::<Receipt>(bytes) {
        use_receipt(&receipt);
    }
    assert!(signed::verify::<Receipt>(bytes, &receipts, &aggregator).is_err());
    assert!(signed::verify::<Assignment>(bytes, &receipts, &aggregator).is_err());
    assert!(signed::verify::<DirectoryFile>(bytes, &Topic::Directory, &aggregator).is_err());
    if let Ok(receipt) = serde_json::from_slice::<Receipt>(bytes) {
        use_receipt(&receipt);
    }
    read_letters(bytes, &kiosk);
    if let Ok(status) = Status::read(bytes, &kiosk) {
        assert_eq!(status.kiosk, kiosk);
    }
    if let Ok(introduction) = Introduction::read(bytes, &kiosk) {
        panic!("{introduction:?} is no simulated kiosk");
    }
    if let Ok(record) = Record::from_json(bytes) {
        let clock = record.clock;
        assert_eq!(clock.check(), Ok(()));
        let _ = (clock.by_monotonic_age(), clock.by_offset());
        if let Body::Contact(contact) = &record.body {
            assert_eq!(contact.outcome.has_response(), contact.response.is_some());
            if let Some(response) = &contact.response {
                let inpatient = Questionnaire::inpatient().unwrap();
                if inpatient.check_answers(&response.answers).is_ok() {
                    assert_eq!(inpatient.questions().len(), response.answers.len());
                }
            }
        }
        assert_eq!(Record::from_json(&serde_json::to_vec(&record).unwrap()), Ok(record));
    }
    if let Ok(questionnaire) = Questionnaire::from_json(bytes) {
        for question in questionnaire.questions() {
            let _ = questionnaire.is_asked(question, &std::collections::BTreeMap::new());
            assert_eq!(questionnaire.question(&question.id), Some(question));
        }
    }
    if let Ok(file) = serde_json::from_slice::<DirectoryFile>(bytes)
        && let Ok(directory) = Directory::try_from(file)
    {
        assert!(directory.wards().iter().all(|ward| directory.ward(&ward.id) == Some(ward)));
    }
    if let Ok(settings) = serde_json::from_slice::<KioskSettings>(bytes) {
        assert_eq!(settings.assignment.seal_key.key_id().as_str().len(), 16);
    }
    if let Ok(ask) = serde_json::from_slice::<Ask>(bytes) {
        assert_eq!(serde_json::from_slice::<Ask>(&serde_json::to_vec(&ask).unwrap()).unwrap(), ask);
    }
    if let Ok(answer) = serde_json::from_slice::<Answer>(bytes) {
        assert_eq!(serde_json::from_slice::<Answer>(&serde_json::to_vec(&answer).unwrap()).unwrap(), answer);
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        parse_text(text);
    }
}

/// Everything that the aggregator says to a kiosk besides receipts.
fn read_letters(bytes: &[u8], kiosk: &KioskId) {
    let own = |channel| Topic::Kiosk(kiosk.clone(), channel);
    if let Some(posting) = read_letter::<Posting>(bytes, &own(Channel::Posting)) {
        assert_eq!(posting.assignment.seal_key.key_id().as_str().len(), 16);
    }
    if let Some(approvals) = read_letter::<Approvals>(bytes, &own(Channel::Approvals)) {
        assert!(approvals.languages.keys().all(|language| !language.as_str().is_empty()));
    }
    if let Some(round) = read_letter::<Round>(bytes, &own(Channel::Round)) {
        for ward in round.wards {
            let board = Topic::Board(ward.id);
            assert_eq!(board.to_string().parse(), Ok(board), "what a kiosk subscribes to is a topic");
        }
    }
    if let Some(board) = read_letter::<Board>(bytes, &Topic::Board("W12".parse().unwrap())) {
        assert!(Bay::check(&board.bays).is_ok() || !board.bays.is_empty());
    }
    if let Some(thanks) = read_letter::<Thanks>(bytes, &own(Channel::Thanks)) {
        assert!(!thanks.kiosk.as_str().is_empty());
    }
    if let Some(help) = read_letter::<HelpSeen>(bytes, &own(Channel::Help)) {
        assert!(help.seen.iter().all(|record| record.to_string().parse() == Ok(*record)));
    }
    if let Some(file) = read_letter::<QuestionnaireFile>(bytes, &Topic::Questionnaire(Hash::ZERO))
        && let Ok(questionnaire) = Questionnaire::try_from(file.clone())
    {
        assert_eq!(*questionnaire.file(), file, "it is checked and not changed");
    }
}

/// A message as its text, or as it is found in a signed one; nobody has signed it with a key that is known.
fn read_letter<T: DeserializeOwned>(bytes: &[u8], topic: &Topic) -> Option<T> {
    let aggregator = SigningKey::from_bytes(&[1; 32]).verifying_key();
    assert!(signed::verify::<T>(bytes, topic, &aggregator).is_err(), "nobody signed that");
    signed::read_trusting(bytes).ok().or_else(|| serde_json::from_slice(bytes).ok())
}

fn use_receipt(receipt: &Receipt) {
    let settled = receipt.verdicts.iter().filter(|verdict| verdict.decision.settles()).count();
    assert!(settled <= receipt.verdicts.len());
}

fn parse_text(text: &str) {
    let calendar = Calendar::new("2026-01-05".parse().unwrap()).unwrap();
    if let Ok(topic) = text.parse::<Topic>() {
        assert_eq!(topic.to_string(), text);
    }
    if let Ok(period) = calendar.period(text) {
        assert_eq!(period.to_string(), text);
    }
    if let Ok(unit) = text.parse::<Unit>() {
        assert_eq!(unit.to_string(), text);
    }
    if let Ok(reference) = text.parse::<QuestionnaireRef>() {
        assert_eq!(reference.to_string(), text);
    }
    if let Ok(id) = text.parse::<RecordId>() {
        assert_eq!(id.to_string(), text);
    }
    if let Ok(hash) = text.parse::<Hash>() {
        assert_eq!(hash.to_string(), text);
    }
    if let Ok(key) = text.parse::<VerifyingKey>() {
        assert_eq!(key.to_string(), text);
    }
    if let Ok(key) = text.parse::<SealKey>() {
        assert_eq!(key.to_string(), text);
    }
    if let Ok(signature) = Signature::try_from(text.to_owned()) {
        assert_eq!(String::from(signature), text);
    }
    if let Ok(key_id) = KeyId::try_from(text.to_owned()) {
        assert_eq!(key_id.as_str(), text);
    }
    if let Ok(code) = text.parse::<WithdrawalCode>() {
        assert_eq!(code.to_string().parse(), Ok(code));
    }
    if let Ok(code) = text.parse::<JoinCode>() {
        assert_eq!(code.to_string().parse(), Ok(code));
    }
}

/// Every fixture, and what is said where a kiosk joins.
fn seeds() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/v1");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let joining = [
        r#"{"version":1,"request":"MAA=","purpose":{"join":{"secret":"GHJKMNPQRSTV","signing_key":"A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg","proof":"QzkGV6xdF2-lnFQJgbkCq-m5AFlTgbsOvTucQRWKgs3DLZfmtw2Xr9rok2FsW9bTp2O9MNsuorvdfYr5ZRsKDQ"}}}"#,
        r#"{"version":1,"request":"MAA=","purpose":"renew"}"#,
        r#"{"refused":{"wait":{"seconds":60}}}"#,
        r#"{"renewed":{"pass":{"certificate":"x","authority":"y","until":"2027-01-04T12:00:00Z","renew_after":"2026-12-04T12:00:00Z"}}}"#,
    ];
    let fixtures = paths.iter().map(|path| fs::read(path).unwrap());
    fixtures.chain(joining.map(|text| text.as_bytes().to_vec())).collect()
}

#[derive(Debug, Clone)]
enum Change {
    Flip(prop::sample::Index, u8),
    Cut(prop::sample::Index, usize),
    Repeat(prop::sample::Index, usize),
    Insert(prop::sample::Index, Vec<u8>),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (any::<prop::sample::Index>(), 1_u8..).prop_map(|(place, bits)| Change::Flip(place, bits)),
        (any::<prop::sample::Index>(), 1_usize..40).prop_map(|(place, length)| Change::Cut(place, length)),
        (any::<prop::sample::Index>(), 1_usize..200).prop_map(|(place, length)| Change::Repeat(place, length)),
        (any::<prop::sample::Index>(), "[\\[\\]{}\",:0-9a-z\\\\+=\n-]{1,8}")
            .prop_map(|(place, text)| Change::Insert(place, text.into_bytes())),
    ]
}

fn apply(bytes: &mut Vec<u8>, change: Change) {
    if bytes.is_empty() {
        return;
    }
    match change {
        Change::Flip(place, bits) => {
            let place = place.index(bytes.len());
            bytes.splice(place..=place, bytes.get(place).map(|byte| byte ^ bits));
        }
        Change::Cut(place, length) => {
            let start = place.index(bytes.len());
            bytes.drain(start..(start + length).min(bytes.len()));
        }
        Change::Repeat(place, length) => {
            let start = place.index(bytes.len());
            let again: Vec<u8> = bytes.iter().skip(start).take(length).copied().collect();
            bytes.splice(start..start, again);
        }
        Change::Insert(place, new) => {
            let start = place.index(bytes.len());
            bytes.splice(start..start, new);
        }
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
        prop::sample::select(vec![
            "",
            "1",
            "k-0017",
            "2026-11-23T10:15:00Z",
            "-009999-01-01T00:00:00Z",
            "accepted"
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        let name = prop_oneof![
            "[a-z_]{0,10}",
            prop::sample::select(vec!["version", "kiosk", "answers", "clock", "wall", "body", "signed"])
                .prop_map(str::to_owned),
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((name, inner), 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Puts a value in the place of another, somewhere inside.
fn replace(target: &mut Value, way: &[prop::sample::Index], new: Value) {
    let Some((step, rest)) = way.split_first() else {
        *target = new;
        return;
    };
    let inner = match target {
        Value::Object(fields) if !fields.is_empty() => {
            let place = step.index(fields.len());
            fields.values_mut().nth(place)
        }
        Value::Array(list) if !list.is_empty() => {
            let place = step.index(list.len());
            list.get_mut(place)
        }
        _ => None,
    };
    match inner {
        Some(inner) => replace(inner, rest, new),
        None => *target = new,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        parse_all(&bytes);
    }

    #[test]
    fn any_text(text in "\\PC{0,60}") {
        parse_text(&text);
    }

    #[test]
    fn any_json_value(value in any_json()) {
        parse_all(&serde_json::to_vec(&value).unwrap());
    }

    #[test]
    fn fixtures_with_bytes_changed(
        seed in prop::sample::select(seeds()),
        changes in prop::collection::vec(change(), 1..4),
    ) {
        let mut bytes = seed;
        for change in changes {
            apply(&mut bytes, change);
        }
        parse_all(&bytes);
    }

    #[test]
    fn fixtures_with_values_changed(
        seed in prop::sample::select(seeds()),
        way in prop::collection::vec(any::<prop::sample::Index>(), 1..6),
        new in any_json(),
    ) {
        let mut value: Value = serde_json::from_slice(&seed).unwrap();
        replace(&mut value, &way, new);
        parse_all(&serde_json::to_vec(&value).unwrap());
    }

    #[test]
    fn texts_that_are_almost_right(
        text in prop::sample::select(vec![
            "wardvoice/1/kiosks/k-0017/records", "wardvoice/1/directory", "2026-F23", "2026-11", "2026-H2", "ward:W12",
            "inpatient@1", "01a207d9-2100-7707-8707-070707070707",
            "A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg", "0123-4567-89AB-CDEF-GHJK-MNPQ-RSTV", "7R1E-G3W0-7R18",
        ]),
        changes in prop::collection::vec(change(), 1..3),
    ) {
        let mut bytes = text.as_bytes().to_vec();
        for change in changes {
            apply(&mut bytes, change);
        }
        if let Ok(text) = String::from_utf8(bytes) {
            parse_text(&text);
        }
    }
}

#[test]
fn deep_nesting_is_an_error() {
    for open in ["[", "{\"a\":", "{\"version\":1,\"presence\":{\"online\":"] {
        parse_all(open.repeat(20_000).as_bytes());
    }
}
