//! What crosses the wire, and what a kiosk reads from its disk.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::Serialize;
use serde::de::DeserializeOwned;
use wardvoice_protocol::approvals::Approvals;
use wardvoice_protocol::assignment::{Assignment, KioskSettings};
use wardvoice_protocol::board::{Bay, Board, MAX_BEDS};
use wardvoice_protocol::directory::{Directory, DirectoryFile, Unit};
use wardvoice_protocol::enrolment::{Answer, Ask, JoinCode};
use wardvoice_protocol::envelope::Envelope;
use wardvoice_protocol::fortnight::Calendar;
use wardvoice_protocol::help::HelpSeen;
use wardvoice_protocol::id::{
    ConsultantId, Hash, KioskId, Language, OptionId, QuestionId, QuestionnaireId, RecordId, WardId,
};
use wardvoice_protocol::keys::{KeyId, OpenKey, SealKey, Signature, SigningKey, VerifyingKey};
use wardvoice_protocol::posting::Posting;
use wardvoice_protocol::questionnaire::{Questionnaire, QuestionnaireFile, QuestionnaireRef};
use wardvoice_protocol::receipt::{Decision, Receipt};
use wardvoice_protocol::record::{Body, Record};
use wardvoice_protocol::round::Round;
use wardvoice_protocol::signed::{self, SignedError};
use wardvoice_protocol::status::{Introduction, Presence, Status};
use wardvoice_protocol::thanks::Thanks;
use wardvoice_protocol::topic::{Channel, Topic};
use wardvoice_protocol::withdrawal::WithdrawalCode;

static KIOSK: LazyLock<KioskId> = LazyLock::new(|| KioskId::new("k-0017").expect("it is an id"));
static SIMULATED: LazyLock<KioskId> = LazyLock::new(|| KioskId::new("sim-1").expect("it is an id"));
static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::from_bytes(&[1; 32]));
static OPEN_KEY: LazyLock<OpenKey> = LazyLock::new(|| OpenKey::from_bytes(&[2; 32]).expect("it is a key"));
static INPATIENT: LazyLock<Questionnaire> = LazyLock::new(|| Questionnaire::inpatient().expect("it is shipped"));
static CALENDAR: LazyLock<Calendar> =
    LazyLock::new(|| Calendar::new("2026-01-05".parse().expect("a date")).expect("a Monday"));

/// What was read is written and read again the same.
fn reads_back<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) {
    let text = serde_json::to_vec(value).expect("what was read can be written");
    let again: T = serde_json::from_slice(&text).expect("what was written can be read");
    assert_eq!(again, *value);
}

/// What the aggregator says on a topic: nobody signed these bytes, so they are refused; and what reads without a key, or honestly
/// signed, is what it says.
fn said<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(
    bytes: &[u8],
    topic: &Topic,
    mut use_it: impl FnMut(&T),
) {
    let key = KEY.verifying_key();
    assert!(signed::verify::<T>(bytes, topic, &key).is_err(), "nobody signed that");
    if let Ok(message) = signed::read_trusting::<T>(bytes) {
        reads_back(&message);
        use_it(&message);
    }
    let Ok(message) = serde_json::from_slice::<T>(bytes) else { return };
    use_it(&message);
    let payload = signed::sign(&message, topic, &KEY).expect("it can be written");
    match signed::verify::<T>(&payload, topic, &key) {
        Ok(read) => assert_eq!(read, message),
        Err(error) => assert!(matches!(error, SignedError::Oversize(_)), "{error}"),
    }
    assert!(signed::verify::<T>(&payload, &Topic::Directory, &key).is_err(), "it was said on another topic");
}

fn own(channel: Channel) -> Topic {
    Topic::Kiosk(KIOSK.clone(), channel)
}

/// An envelope, its signature and its seal.
pub fn envelope(bytes: &[u8]) {
    let Ok(envelope) = Envelope::read(bytes) else { return };
    assert_eq!(Envelope::read(&envelope.to_json()).as_ref(), Ok(&envelope));
    assert_eq!(Hash::of(envelope.signing_input()), envelope.hash());
    assert!(!envelope.is_signed_by(&KEY.verifying_key()), "nobody signed with that key");
    assert!(envelope.open(&OPEN_KEY).is_err(), "nothing was sealed to that key");
}

/// What is inside an envelope.
pub fn record(bytes: &[u8]) {
    let Ok(record) = Record::from_json(bytes) else { return };
    let clock = record.clock;
    assert_eq!(clock.check(), Ok(()));
    for time in [clock.by_monotonic_age(), clock.by_offset()].into_iter().flatten() {
        let _day = CALENDAR.day_of(time);
    }
    if let Body::Contact(contact) = &record.body {
        assert_eq!(contact.outcome.has_response(), contact.response.is_some());
        if let Some(response) = &contact.response
            && INPATIENT.check_answers(&response.answers).is_ok()
        {
            assert_eq!(INPATIENT.questions().len(), response.answers.len());
        }
    }
    assert_eq!(Record::from_json(&serde_json::to_vec(&record).expect("it can be written")), Ok(record));
}

/// What the aggregator says is signed: nothing passes that was not signed for its topic, whatever it holds.
pub fn receipt(bytes: &[u8]) {
    let topic = Topic::Kiosk(KIOSK.clone(), Channel::Receipts);
    if let Ok(receipt) = signed::read_trusting::<Receipt>(bytes) {
        let settled = receipt.verdicts.iter().filter(|verdict| verdict.decision.settles());
        assert!(settled.into_iter().all(|verdict| match &verdict.decision {
            Decision::Accepted | Decision::Duplicate => true,
            Decision::Refused(refusal) => refusal.kept,
        }));
        reads_back(&receipt);
        let verified = signed::verify::<Receipt>(bytes, &topic, &KEY.verifying_key());
        assert!(matches!(verified, Err(SignedError::WrongSignature(_))), "{verified:?}");
    }
    // The same text, honestly signed, is what it says; for another topic it is nothing.
    if let Ok(receipt) = serde_json::from_slice::<Receipt>(bytes) {
        let payload = signed::sign(&receipt, &topic, &KEY).expect("it can be written");
        let key = KEY.verifying_key();
        match signed::verify::<Receipt>(&payload, &topic, &key) {
            Ok(read) => assert_eq!(read, receipt),
            Err(error) => assert!(matches!(error, SignedError::Oversize(_)), "{error}"),
        }
        assert!(signed::verify::<Receipt>(&payload, &Topic::Directory, &key).is_err());
    }
}

/// What a kiosk says about itself.
pub fn status(bytes: &[u8]) {
    let Ok(status) = Status::read(bytes, &KIOSK) else { return };
    assert_eq!(status.kiosk, *KIOSK);
    if let Presence::Online(health) = &status.presence {
        reads_back(health);
    }
    let text = serde_json::to_vec(&status).expect("it can be written");
    assert_eq!(Status::read(&text, &KIOSK).as_ref(), Ok(&status));
    assert!(Status::read(&text, &SIMULATED).is_err(), "a status is believed of its own kiosk alone");
}

/// How a simulated kiosk makes itself known; no other may.
pub fn introduction(bytes: &[u8]) {
    assert!(Introduction::read(bytes, &KIOSK).is_err(), "a real kiosk introduced itself");
    let Ok(introduction) = Introduction::read(bytes, &SIMULATED) else { return };
    assert_eq!(introduction.kiosk, *SIMULATED);
    reads_back(&introduction);
}

/// What a kiosk is told about itself.
pub fn assignment(bytes: &[u8]) {
    let topic = Topic::Kiosk(KIOSK.clone(), Channel::Assignment);
    assert!(signed::verify::<Assignment>(bytes, &topic, &KEY.verifying_key()).is_err());
    if let Ok(assignment) = signed::read_trusting::<Assignment>(bytes) {
        reads_back(&assignment);
    }
    if let Ok(assignment) = serde_json::from_slice::<Assignment>(bytes) {
        assert_eq!(assignment.seal_key.key_id().as_str().len(), 16);
        reads_back(&assignment);
    }
}

/// The same with when it was said, and the hash of what is asked.
pub fn posting(bytes: &[u8]) {
    said::<Posting>(bytes, &own(Channel::Posting), |posting| {
        assert_eq!(posting.assignment.seal_key.key_id().as_str().len(), 16);
    });
}

/// Which translations people have approved.
pub fn approvals(bytes: &[u8]) {
    said::<Approvals>(bytes, &own(Channel::Approvals), |approvals| {
        assert!(approvals.languages.keys().all(|language| language.as_str().parse::<Language>().is_ok()));
    });
}

/// What a kiosk gives with its thanks.
pub fn thanks(bytes: &[u8]) {
    said::<Thanks>(bytes, &own(Channel::Thanks), |thanks| {
        assert_eq!(thanks.kiosk.as_str().parse(), Ok(thanks.kiosk.clone()));
    });
}

/// Who may come in, and which wards are gone round.
pub fn round(bytes: &[u8]) {
    said::<Round>(bytes, &own(Channel::Round), |round| {
        for ward in &round.wards {
            let board = Topic::Board(ward.id.clone());
            assert_eq!(board.to_string().parse(), Ok(board), "what a kiosk subscribes to is a topic");
        }
    });
}

/// What is needed to go round a ward. What passes the check is one place a name.
pub fn board(bytes: &[u8]) {
    let topic = Topic::Board(WardId::new("W12").expect("it is an id"));
    said::<Board>(bytes, &topic, |board| {
        if Bay::check(&board.bays).is_ok() {
            let beds: Vec<&String> = board.bays.iter().flat_map(|bay| &bay.beds).collect();
            let different: BTreeSet<_> = beds.iter().collect();
            assert!(different.len() == beds.len() && beds.len() <= MAX_BEDS, "{beds:?}");
        }
    });
}

/// Which requests for help were seen.
pub fn help_seen(bytes: &[u8]) {
    said::<HelpSeen>(bytes, &own(Channel::Help), |help| {
        assert!(help.seen.iter().all(|record| record.to_string().parse() == Ok(*record)));
    });
}

/// A questionnaire that comes over the wire is what its hash says, or it is nothing.
pub fn questionnaire_signed(bytes: &[u8]) {
    let topic = Topic::Questionnaire(INPATIENT.hash());
    said::<QuestionnaireFile>(bytes, &topic, |file| {
        let Ok(questionnaire) = Questionnaire::try_from(file.clone()) else { return };
        assert_eq!(questionnaire.hash() == INPATIENT.hash(), questionnaire.file() == INPATIENT.file());
    });
}

/// The wards of a trust.
pub fn directory(bytes: &[u8]) {
    let Ok(file) = serde_json::from_slice::<DirectoryFile>(bytes) else { return };
    reads_back(&file);
    let Ok(directory) = Directory::try_from(file) else { return };
    for ward in directory.wards() {
        assert_eq!(directory.ward(&ward.id), Some(ward));
    }
}

/// Questions, answers and what leads where.
pub fn questionnaire(bytes: &[u8]) {
    let Ok(questionnaire) = Questionnaire::from_json(bytes) else { return };
    for question in questionnaire.questions() {
        assert_eq!(questionnaire.question(&question.id), Some(question));
        let _asked = questionnaire.is_asked(question, &BTreeMap::new());
    }
    let _complaint = questionnaire.check_answers(&BTreeMap::new());
    assert_eq!(questionnaire.reference().to_string().parse(), Ok(questionnaire.reference()));
}

/// What a kiosk that nobody knows yet asks, and what it is answered.
pub fn enrolment(bytes: &[u8]) {
    if let Ok(ask) = serde_json::from_slice::<Ask>(bytes) {
        reads_back(&ask);
    }
    if let Ok(answer) = serde_json::from_slice::<Answer>(bytes) {
        reads_back(&answer);
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(code) = text.parse::<WithdrawalCode>() {
        assert_eq!(code.to_string().parse(), Ok(code), "a withdrawal code has one spelling");
    }
    if let Ok(code) = text.parse::<JoinCode>() {
        assert_eq!(code.to_string().parse(), Ok(code.clone()));
        assert_eq!(code.secret().len(), 12);
    }
}

/// What a new kiosk is handed as a file.
pub fn kiosk_settings(bytes: &[u8]) {
    let Ok(settings) = serde_json::from_slice::<KioskSettings>(bytes) else { return };
    assert_eq!(settings.assignment.seal_key.key_id().as_str().len(), 16);
    reads_back(&settings);
}

/// Everything that is written as a word: topics, ids, keys, periods, units.
pub fn names(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    macro_rules! same {
        ($($kind:ty),*) => {$(
            if let Ok(value) = text.parse::<$kind>() {
                assert_eq!(value.to_string(), text, stringify!($kind));
            }
        )*};
    }
    same!(Topic, Unit, QuestionnaireRef, RecordId, Hash, VerifyingKey, SealKey);
    same!(KioskId, WardId, ConsultantId, QuestionnaireId, QuestionId, OptionId, Language);
    if let Ok(period) = CALENDAR.period(text) {
        assert_eq!(period.to_string(), text);
    }
    if let Ok(signature) = Signature::try_from(text.to_owned()) {
        assert_eq!(String::from(signature), text);
    }
    if let Ok(key) = KeyId::try_from(text.to_owned()) {
        assert_eq!(key.as_str(), text);
    }
}
