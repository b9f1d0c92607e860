//! What the aggregator reads from files and from the people who run it.

use std::fmt::{Debug, Display};
use std::io::{Read as _, Write as _};
use std::str::FromStr;
use std::sync::{Arc, LazyLock};

use wardvoice_aggregator::accounts::AccountName;
use wardvoice_aggregator::authority::{Bearer, CertificateRequest, Serial};
use wardvoice_aggregator::backup::age::{Identity, OpenWith, Opener, Recipient, Sealer};
use wardvoice_aggregator::comments::{CommentHandle, CommentId, ThemeId};
use wardvoice_aggregator::config::{Config, ConfigFile};
use wardvoice_aggregator::delivery::ContactName;
use wardvoice_aggregator::facts::{Facts, Vocabulary};
use wardvoice_aggregator::help::StaffRole;
use wardvoice_aggregator::ingest::Arrival;
use wardvoice_aggregator::network::Network;
use wardvoice_aggregator::operations::Request;
use wardvoice_aggregator::policy::{Audience, Role};
use wardvoice_aggregator::publish::Edition;
use wardvoice_aggregator::scoring::{Cut, Definition, Measure};
use wardvoice_aggregator::statistics::desk::{self, METHODS};
use wardvoice_aggregator::{directory, transfer};
use wardvoice_protocol::directory::{Directory, DirectoryFile};
use wardvoice_protocol::questionnaire::Questionnaire;
use wardvoice_protocol::receipt::Verdict;

static INPATIENT: LazyLock<Questionnaire> = LazyLock::new(|| Questionnaire::inpatient().expect("it is shipped"));
static VOCABULARY: LazyLock<Arc<Vocabulary>> = LazyLock::new(|| {
    let file: DirectoryFile = serde_json::from_str(directory::example_file()).expect("it is shipped");
    let directory = Directory::try_from(file).expect("it is whole");
    Arc::new(Vocabulary::new(&directory, &[INPATIENT.clone()]).expect("it is small"))
});

static IDENTITY: LazyLock<Identity> = LazyLock::new(|| Identity::draw().expect("the system has randomness"));

/// A scoring definition for the shipped questionnaire.
pub fn definition(bytes: &[u8]) {
    let Ok(definition) = Definition::from_json(bytes, &INPATIENT) else { return };
    let (low, high) = definition.scale();
    assert!(low < high && low.is_finite() && high.is_finite(), "{low} to {high}");
    let read_again = |definition: &Definition| {
        let text = serde_json::to_vec(definition.file()).expect("it can be written");
        Definition::from_json(&text, &INPATIENT).expect("what was written can be read")
    };
    // A file of format 1 keeps the hash of that format, and is written in format 2.
    let again = read_again(&definition);
    assert_eq!(again.file(), definition.file());
    assert_eq!(read_again(&again).hash(), again.hash());
}

/// The statistics desk: a figure is a number or says why there is none; never a panic, never a NaN.
pub fn statistics(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for method in METHODS {
        if let Ok(output) = desk::run_text(method, text) {
            assert!(output.is_object(), "{output}");
        }
    }
    for line in text.lines() {
        if let Some(answer) = desk::run_line(line) {
            assert!(answer.get("output").is_some() != answer.get("error").is_some(), "{answer}");
        }
    }
}

/// The lines of an import, handed to somebody who keeps nothing.
pub fn import(bytes: &[u8]) {
    let lines = bytes.split(|byte| *byte == b'\n').count();
    let mut taken = 0;
    let settle = |arrivals: Vec<Arrival>| {
        taken += arrivals.len();
        Ok::<Vec<Verdict>, String>(Vec::new())
    };
    let forget = |gone: &[transfer::Gone]| Ok::<u64, String>(gone.len() as u64);
    let _imported = transfer::import(bytes, None, settle, forget, |_| ());
    assert!(taken <= lines, "{taken} arrivals of {lines} lines");
}

/// The settings.
pub fn config(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(file) = toml::from_str::<ConfigFile>(text) else { return };
    let written = toml::to_string(&file).expect("what was read can be written");
    assert_eq!(toml::from_str::<ConfigFile>(&written).expect("what was written can be read"), file);
    if let Ok(config) = Config::try_from(file) {
        assert!(!config.languages.is_empty());
    }
}

/// What a command asks of a running server, over the socket in its folder.
pub fn request(bytes: &[u8]) {
    let Ok(request) = serde_json::from_slice::<Request>(bytes) else { return };
    let text = serde_json::to_vec(&request).expect("what was read can be written");
    assert_eq!(serde_json::from_slice::<Request>(&text).expect("what was written can be read"), request);
}

/// Everything that people write as a word: in settings, on the command line and in addresses of pages.
pub fn words(bytes: &[u8]) {
    fn again<T: FromStr<Err: Debug> + Display + Debug + PartialEq>(text: &str) {
        if let Ok(word) = text.parse::<T>() {
            assert_eq!(word.to_string().parse::<T>().expect("what is written is read"), word);
        }
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    again::<AccountName>(text);
    again::<ContactName>(text);
    again::<StaffRole>(text);
    again::<Network>(text);
    again::<Role>(text);
    again::<Audience>(text);
    again::<Measure>(text);
    again::<Cut>(text);
    again::<Edition>(text);
    again::<CommentId>(text);
    again::<CommentHandle>(text);
    again::<ThemeId>(text);
    again::<Recipient>(text);
}

/// A kiosk's request for a certificate, and a certificate that somebody shows.
pub fn certificate(bytes: &[u8]) {
    // What is read was signed with its own key, so nothing but its own bytes reads as the same.
    if let Ok(request) = CertificateRequest::read(bytes) {
        assert_eq!(CertificateRequest::read(bytes).as_ref(), Ok(&request));
        let longer = [bytes, [0].as_slice()].concat();
        assert!(CertificateRequest::read(&longer).is_err(), "what stands behind a request is part of nothing");
    }
    let Some(bearer) = Bearer::of(bytes) else { return };
    assert_eq!(bearer.kiosk.as_str().parse(), Ok(bearer.kiosk.clone()), "a name in a certificate is a kiosk's id");
    if let Some(serial) = bearer.serial {
        assert_eq!(Serial::try_from(serial.to_string()).expect("what is written is read"), serial);
    }
}

/// A backup, which lies where others may write. What is cut off, changed or anybody's opens nothing, and what was sealed comes back.
pub fn backup(bytes: &[u8]) {
    let with = OpenWith::Identity(&IDENTITY);
    assert!(Opener::open(bytes, &with).is_err(), "nobody sealed that for this key");
    let (mut sealer, _key) = Sealer::begin(Vec::new(), &[IDENTITY.recipient()]).expect("a key is enough");
    sealer.write_all(bytes).expect("memory takes it");
    let mut sealed = sealer.finish().expect("memory takes it");
    let mut opened = Vec::new();
    let read = Opener::open(sealed.as_slice(), &with).expect("it is whole").read_to_end(&mut opened);
    assert!(read.is_ok() && opened == bytes, "{read:?}");
    // The input says which byte is changed.
    let place = bytes.iter().fold(0_usize, |place, byte| place.wrapping_mul(31).wrapping_add(usize::from(*byte)));
    let place = place % sealed.len();
    sealed[place] ^= 1;
    let changed = Opener::open(sealed.as_slice(), &with).map(|mut opener| opener.read_to_end(&mut Vec::new()));
    assert!(!matches!(changed, Ok(Ok(_))), "byte {place} was changed and nobody saw it");
}

/// A snapshot of the facts, with a checksum that fits, because none would by chance.
pub fn facts(bytes: &[u8]) {
    assert!(Facts::decode(bytes, Arc::clone(&VOCABULARY)).is_err() || bytes.len() >= 52);
    let empty = Facts::new(Arc::clone(&VOCABULARY)).encode();
    // The header of a real snapshot, the rows of the input, the number and the checksum that belong to them.
    let mut snapshot: Vec<u8> = empty.get(..40).expect("a header has 48 bytes").to_vec();
    let rows = bytes.len() / 32;
    snapshot.extend((rows as u64).to_le_bytes());
    snapshot.extend(bytes.get(..rows * 32).expect("it is shorter"));
    snapshot.extend(checksum(&snapshot).to_le_bytes());
    if let Ok(facts) = Facts::decode(&snapshot, Arc::clone(&VOCABULARY)) {
        let again = Facts::decode(&facts.encode(), Arc::clone(&VOCABULARY)).expect("what was written can be read");
        assert_eq!(again.digest(), facts.digest());
        assert_eq!(again.len(), facts.len());
    }
}

/// CRC-32 (IEEE), a bit at a time.
fn checksum(bytes: &[u8]) -> u32 {
    let step = |crc: u32| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0_u32, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc)))
}
