//! Every message of version 1, as it was once written, reads for ever; and the page that strangers read says the same.
//!
//! The files under `fixtures/v1` were written by an independent implementation in Python. They never change: a new
//! version of a message gets a folder of its own.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics is a test that fails")]

use std::convert::Infallible;
use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hpke::rand_core::{TryCryptoRng, TryRng};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use wardvoice_protocol::approvals::Approvals;
use wardvoice_protocol::assignment::{Assignment, KioskSettings};
use wardvoice_protocol::board::{Bay, Board};
use wardvoice_protocol::contact::{AttributionSource, Mode, Outcome};
use wardvoice_protocol::directory::{Directory, DirectoryFile};
use wardvoice_protocol::enrolment::{Answer, Pass};
use wardvoice_protocol::envelope::{ChainHead, Envelope, EnvelopeFile};
use wardvoice_protocol::help::HelpSeen;
use wardvoice_protocol::id::{Hash, KioskId, RecordId};
use wardvoice_protocol::keys::{OpenKey, SigningKey};
use wardvoice_protocol::posting::Posting;
use wardvoice_protocol::questionnaire::{Questionnaire, QuestionnaireFile};
use wardvoice_protocol::receipt::{Decision, Reason, Receipt};
use wardvoice_protocol::record::{Body, Record};
use wardvoice_protocol::round::Round;
use wardvoice_protocol::signed::{self, SignedFile};
use wardvoice_protocol::status::{Introduction, Presence, Status};
use wardvoice_protocol::thanks::Thanks;
use wardvoice_protocol::topic::{Channel, Topic};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/v1")
}

fn bytes(name: &str) -> Vec<u8> {
    fs::read(folder().join(name)).unwrap()
}

fn text_of(name: &str) -> String {
    String::from_utf8(bytes(name)).unwrap()
}

fn text(file: &str, name: &str) -> String {
    let file: Value = serde_json::from_slice(&bytes(file)).unwrap();
    file[name].as_str().unwrap().to_owned()
}

/// Reads a file as a type, and checks that writing it again gives the same JSON.
fn read<T: DeserializeOwned + Serialize + Debug>(name: &str) -> T {
    let read: T = serde_json::from_slice(&bytes(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let written = serde_json::to_value(&read).unwrap();
    assert_eq!(written, serde_json::from_slice::<Value>(&bytes(name)).unwrap(), "{name}");
    read
}

fn secret(name: &str) -> [u8; 32] {
    URL_SAFE_NO_PAD.decode(text("keys.json", name)).unwrap().try_into().unwrap()
}

fn kiosk_key() -> SigningKey {
    SigningKey::from_bytes(&secret("kiosk_secret"))
}

fn aggregator_key() -> SigningKey {
    SigningKey::from_bytes(&secret("aggregator_secret"))
}

fn open_key() -> OpenKey {
    OpenKey::from_bytes(&secret("open_secret")).unwrap()
}

fn kiosk() -> KioskId {
    KioskId::new("k-0017").unwrap()
}

fn topic(channel: Channel) -> Topic {
    Topic::Kiosk(kiosk(), channel)
}

/// The questionnaire that the fixtures name; today's has other translations.
const QUESTIONNAIRE: &str = "ce887e4428a531486f3cc3debb0c08c3b45bf49e4360025213716b0881da9682";

#[test]
fn keys() {
    assert_eq!(kiosk_key().verifying_key().to_string(), text("keys.json", "kiosk_public"));
    assert_eq!(aggregator_key().verifying_key().to_string(), text("keys.json", "aggregator_public"));
    assert_eq!(open_key().seal_key().to_string(), text("keys.json", "seal_key"));
}

#[test]
fn records() {
    for name in [
        "record-contact-completed.json",
        "record-contact-asleep.json",
        "record-help-request.json",
        "record-cleaning.json",
    ] {
        let record: Record = read(name);
        assert_eq!(Record::from_json(&bytes(name)), Ok(record));
    }
    let record: Record = read("record-contact-completed.json");
    let Body::Contact(contact) = record.body else { panic!("not a contact") };
    assert_eq!((contact.outcome, contact.mode), (Outcome::Completed, Mode::Interview));
    assert_eq!(contact.attribution.unwrap().source, AttributionSource::Patient);
    let inpatient = Questionnaire::inpatient().unwrap();
    assert_eq!(contact.questionnaire, inpatient.reference());
    inpatient.check_answers(&contact.response.unwrap().answers).unwrap();
}

#[test]
fn envelopes() {
    let mut head = ChainHead::EMPTY;
    for (name, inside) in
        [("envelope-1.json", "record-cleaning.json"), ("envelope-2.json", "record-contact-completed.json")]
    {
        read::<EnvelopeFile>(name);
        let envelope = Envelope::read(&bytes(name)).unwrap();
        assert!(envelope.is_signed_by(&kiosk_key().verifying_key()));
        assert_eq!((envelope.previous(), envelope.sequence()), (head.hash, head.next_sequence()));
        assert_eq!(envelope.open(&open_key()).unwrap(), read::<Record>(inside));
        assert_eq!(envelope.key_id(), &open_key().seal_key().key_id());
        head = envelope.chain_head();
    }
}

#[test]
fn receipts() {
    let receipt: Receipt = read("receipt.json");
    read::<SignedFile>("receipt-signed.json");
    let verified = signed::verify::<Receipt>(
        &bytes("receipt-signed.json"),
        &topic(Channel::Receipts),
        &aggregator_key().verifying_key(),
    );
    assert_eq!(verified.as_ref(), Ok(&receipt));
    let settles: Vec<bool> = receipt.verdicts.iter().map(|verdict| verdict.decision.settles()).collect();
    assert_eq!(settles, [true, true, true, false]);
    let Decision::Refused(refusal) = &receipt.verdicts[2].decision else { panic!("not refused") };
    assert_eq!(refusal.reason, Reason::UnknownOption);
}

#[test]
fn assignments() {
    let assignment: Assignment = read("assignment.json");
    let verified = signed::verify::<Assignment>(
        &bytes("assignment-signed.json"),
        &topic(Channel::Assignment),
        &aggregator_key().verifying_key(),
    );
    assert_eq!(verified.as_ref(), Ok(&assignment));
    let settings: KioskSettings = read("kiosk-settings.json");
    assert_eq!(settings.assignment, assignment);
    assert_eq!(assignment.seal_key, *open_key().seal_key());
    assert_eq!(assignment.aggregator_key, aggregator_key().verifying_key());
}

/// A welcome as it was before it said where a chain goes on, and as it is since: either side reads the other's.
#[test]
fn welcomes() {
    /// What a kiosk from before reads.
    #[derive(Debug, serde::Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Before {
        Welcome { pass: Pass, settings: Box<KioskSettings> },
    }
    let last = Envelope::read(&bytes("envelope-2.json")).unwrap().chain_head();
    for (name, expected) in [("enrolment-welcome.json", None), ("enrolment-welcome-after.json", Some(last))] {
        let answer: Answer = read(name);
        let Answer::Welcome { pass, settings, head } = answer else { panic!("not a welcome") };
        assert_eq!(head.map(ChainHead::from), expected, "{name}");
        assert_eq!(*settings, read::<KioskSettings>("kiosk-settings.json"));
        let Before::Welcome { pass: before, settings: told } = serde_json::from_slice(&bytes(name)).unwrap();
        assert_eq!((before, told), (pass, settings), "{name}");
    }
    // A number that no chain has is no answer at all.
    let none = text_of("enrolment-welcome-after.json").replace("\"sequence\": 2", "\"sequence\": 0");
    assert!(none.contains("\"sequence\": 0"));
    assert!(serde_json::from_str::<Answer>(&none).is_err());
}

#[test]
fn postings() {
    let key = aggregator_key().verifying_key();
    let posting: Posting = read("posting.json");
    let verified = signed::verify::<Posting>(&bytes("posting-signed.json"), &topic(Channel::Posting), &key);
    assert_eq!(verified.as_ref(), Ok(&posting));
    assert_eq!(posting.assignment, read::<Assignment>("assignment.json"));
    assert_eq!(posting.questionnaire.to_string(), QUESTIONNAIRE);
}

#[test]
fn approvals() {
    let key = aggregator_key().verifying_key();
    let approvals: Approvals = read("approvals.json");
    let verified = signed::verify::<Approvals>(&bytes("approvals-signed.json"), &topic(Channel::Approvals), &key);
    assert_eq!(verified.as_ref(), Ok(&approvals));
    assert_eq!(approvals.questionnaire.to_string(), QUESTIONNAIRE);
    assert!(approvals.languages.values().any(|language| language.words.is_none()));
}

#[test]
fn thanks() {
    let key = aggregator_key().verifying_key();
    let thanks: Thanks = read("thanks.json");
    let verified = signed::verify::<Thanks>(&bytes("thanks-signed.json"), &topic(Channel::Thanks), &key);
    assert_eq!(verified.as_ref(), Ok(&thanks));
    assert_eq!((thanks.kiosk, thanks.withdrawal_codes), (kiosk(), true));
}

#[test]
fn help_that_was_seen() {
    let key = aggregator_key().verifying_key();
    let seen: HelpSeen = read("help-seen.json");
    let verified = signed::verify::<HelpSeen>(&bytes("help-seen-signed.json"), &topic(Channel::Help), &key);
    assert_eq!(verified.as_ref(), Ok(&seen));
}

#[test]
fn directories() {
    let file: DirectoryFile = read("directory.json");
    let key = aggregator_key().verifying_key();
    let verified = signed::verify::<DirectoryFile>(&bytes("directory-signed.json"), &Topic::Directory, &key);
    assert_eq!(verified.as_ref(), Ok(&file));
    assert_eq!(Directory::try_from(file).unwrap().wards().len(), 1);
}

#[test]
fn boards_and_rounds() {
    let key = aggregator_key().verifying_key();
    let board: Board = read("board.json");
    let ward = board.ward.clone();
    let verified = signed::verify::<Board>(&bytes("board-signed.json"), &Topic::Board(ward), &key);
    assert_eq!(verified.as_ref(), Ok(&board));
    Bay::check(&board.bays).unwrap();
    let round: Round = read("round.json");
    let verified = signed::verify::<Round>(&bytes("round-signed.json"), &topic(Channel::Round), &key);
    assert_eq!(verified.as_ref(), Ok(&round));
    assert_eq!(round.wards[0].id, board.ward);
}

#[test]
fn statuses() {
    let online = Status::read(&bytes("status-online.json"), &kiosk()).unwrap();
    let Presence::Online(health) = &online.presence else { panic!("not online") };
    let assignment: Value = serde_json::from_slice(&bytes("assignment-signed.json")).unwrap();
    let assignment = assignment["signed"].as_str().unwrap();
    assert_eq!(health.assignment, Some(Hash::of(assignment.as_bytes())));
    assert_eq!(read::<Status>("status-online.json"), online);
    let offline = Status::read(&bytes("status-offline.json"), &kiosk()).unwrap();
    assert_eq!(offline, Status::new(kiosk(), Presence::Offline));
    let tablet = Status::read(&bytes("status-tablet.json"), &kiosk()).unwrap();
    assert_eq!(read::<Status>("status-tablet.json"), tablet);
    let Presence::Online(health) = &tablet.presence else { panic!("not online") };
    assert_eq!(health.tablet.as_ref().and_then(|tablet| tablet.battery_percent), Some(81));
    let asking = Status::read(&bytes("status-questionnaire.json"), &kiosk()).unwrap();
    assert_eq!(read::<Status>("status-questionnaire.json"), asking);
    let Presence::Online(health) = &asking.presence else { panic!("not online") };
    assert_eq!(health.questionnaire.map(|hash| hash.to_string()).as_deref(), Some(QUESTIONNAIRE));
    let simulated = KioskId::new("sim-0001").unwrap();
    let introduction = Introduction::read(&bytes("introduction.json"), &simulated).unwrap();
    assert_eq!(introduction.signing_key, kiosk_key().verifying_key());
}

#[test]
fn questionnaires() {
    let file: QuestionnaireFile = read("questionnaire.json");
    let questionnaire = Questionnaire::try_from(file).unwrap();
    assert_eq!(questionnaire.reference().to_string(), "small@3");
    assert_eq!(
        questionnaire.hash().to_string(),
        "976ca52a237ffbc19fcbfda4667ff615a0ef027b5d3c83274435d5728539e069",
        "the hash of a version is part of every score and never changes"
    );
    // On the wire its hash is that of what is signed, so nobody has to write the file anew to know it.
    let (topic, key) = (Topic::Questionnaire(questionnaire.hash()), aggregator_key().verifying_key());
    let verified = signed::verify::<QuestionnaireFile>(&bytes("questionnaire-signed.json"), &topic, &key);
    assert_eq!(verified.as_ref(), Ok(questionnaire.file()));
    let signed: SignedFile = read("questionnaire-signed.json");
    assert_eq!(Hash::of(signed.signed.as_bytes()), questionnaire.hash());
}

/// Randomness that is given.
struct Given(Vec<u8>);

impl TryRng for Given {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        panic!("nothing asks for numbers")
    }
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        panic!("nothing asks for numbers")
    }
    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        let rest = self.0.split_off(out.len());
        out.copy_from_slice(&self.0);
        self.0 = rest;
        Ok(())
    }
}

impl TryCryptoRng for Given {}

fn from_hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|place| u8::from_str_radix(&text[place..place + 2], 16).unwrap()).collect()
}

/// What Python computed step by step, this side computes from the same randomness.
#[test]
fn the_vector_is_sealed_the_same_here() {
    let step = |name: &str| text("vector.json", name);
    let record: Record = read("record-cleaning.json");
    let id: RecordId = step("additional").split('\n').nth(3).unwrap().parse().unwrap();
    let envelope = Envelope::seal(
        &record,
        id,
        &kiosk(),
        ChainHead::EMPTY,
        open_key().seal_key(),
        &kiosk_key(),
        &mut Given(from_hex(&step("ephemeral_seed"))),
    )
    .unwrap();
    assert_eq!(String::from_utf8(envelope.to_json()).unwrap(), step("payload"));
    assert_eq!(String::from_utf8(envelope.signing_input().to_vec()).unwrap(), step("signing_input"));
    assert_eq!(envelope.hash().to_string(), step("hash"));
    assert_eq!(envelope.signature().as_bytes().to_vec(), from_hex(&step("signature")));
    assert_eq!(String::from_utf8(envelope.open_bytes(&open_key()).unwrap()).unwrap(), step("plaintext"));
}

/// Contacts with every kind of answer, sealed by the client that was written from the page alone.
#[test]
fn what_the_stranger_sealed_opens() {
    let stranger = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/stranger/sealed.ndjson");
    let inpatient = Questionnaire::inpatient().unwrap();
    let (mut head, mut outcomes) = (ChainHead::EMPTY, Vec::new());
    for line in fs::read_to_string(stranger).unwrap().lines() {
        let envelope = Envelope::read(line.as_bytes()).unwrap();
        assert!(envelope.is_signed_by(&kiosk_key().verifying_key()));
        assert_eq!((envelope.previous(), envelope.sequence()), (head.hash, head.next_sequence()));
        let record = envelope.open(&open_key()).unwrap();
        let Body::Contact(contact) = record.body else { panic!("not a contact") };
        if let Some(response) = &contact.response {
            inpatient.check_answers(&response.answers).unwrap();
        }
        outcomes.push(contact.outcome);
        head = envelope.chain_head();
    }
    assert!(Outcome::ALL.iter().all(|outcome| outcomes.contains(outcome)), "{outcomes:?}");
}
