//! The code with which an answer can be deleted, by the words on the screen: read, heard, kept on a real disk, and gone afterwards.
#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

mod patient;

use std::cell::RefCell;
use std::rc::Rc;

use patient::disk::Disk;
use patient::{Patient, code, setting};
use wardvoice_kiosk::app::stage::Voice;
use wardvoice_kiosk::interview::{CODE_MS, ReadingNumber, Screen, THANKS_MS};
use wardvoice_protocol::id::Language;
use wardvoice_protocol::record::Body;
use wardvoice_protocol::withdrawal::WithdrawalCode;

const WRITTEN: &str = "7R1E-G3W0-7R18";
const SPELT: &str = "7, R, 1, E. G, 3, W, 0. 7, R, 1, 8";

/// A voice that remembers what it was asked to read last.
struct Listener(Rc<RefCell<Vec<String>>>);

impl Voice for Listener {
    fn read(&self, _: ReadingNumber, _: &Language, parts: Vec<String>) {
        self.0.replace(parts);
    }

    fn hush(&self) {}
}

fn stops_early(patient: &Patient, language: &str, labels: [&str; 3]) {
    patient.touches("Touch here to start");
    patient.touches(language);
    for label in labels {
        patient.touches(label);
    }
}

#[test]
fn a_code_is_on_the_screen_and_heard_until_nobody_is_there_any_more() {
    let patient = Patient::arrives_at(setting().with_withdrawal_codes(true), 1280, 800);
    let heard = Rc::new(RefCell::new(Vec::new()));
    patient.stage.read_by(Listener(Rc::clone(&heard)));
    assert_eq!(code().to_string(), WRITTEN);
    stops_early(&patient, "English", ["Yes, start", "Stop", "Stop now"]);
    let said = patient.readable();
    let says = |said: &[String], words: &str| said.iter().any(|text| text.contains(words));
    assert!(says(&said, WRITTEN) && says(&said, SPELT), "{said:?}");
    assert!(says(&said, "To have them deleted later, write this code down and give it to"), "{said:?}");
    patient.touches("Read aloud");
    let parts = heard.take();
    assert!(parts.first().is_some_and(|part| part.ends_with(&format!("{SPELT}."))), "{parts:?}");
    assert_eq!(parts.last().map(String::as_str), Some("Finish"), "{parts:?}");

    patient.dozes(THANKS_MS + 30_000);
    assert!(says(&patient.readable(), WRITTEN), "nobody writes as fast as thanks go");
    patient.dozes(CODE_MS);
    assert!(matches!(patient.view().screen, Screen::Wipe), "{:?}", patient.view().screen);
    let left = patient.readable();
    assert!(!says(&left, WRITTEN) && !says(&left, SPELT), "{left:?}");
    patient.touches("It has been wiped");

    // In another language the code stays what it is.
    stops_early(&patient, "Cymraeg", ["Iawn, dechrau", "Stopio", "Stopio nawr"]);
    let said = patient.readable();
    assert!(says(&said, WRITTEN) && says(&said, "ysgrifennwch y cod hwn"), "{said:?}");
    patient.touches("Gorffen");
    patient.touches("Mae wedi'i sychu");

    patient.touches("Touch here to start");
    patient.touches("English");
    patient.touches("No, thank you");
    assert!(matches!(patient.view().screen, Screen::Thanks { code: None, .. }), "{:?}", patient.view().screen);
    assert!(!says(&patient.readable(), WRITTEN), "nothing was answered");
}

/// With an outbox on a disk: the code on the screen is the one that the record was made of, and only on the screen.
#[test]
fn the_code_on_the_screen_finds_the_record_in_the_outbox() {
    let disk = Rc::new(Disk::new());
    let patient = Patient::arrives_at_disk(setting().with_withdrawal_codes(true), &disk, 1280, 800);
    stops_early(&patient, "English", ["Yes, start", "Stop", "Stop now"]);
    let said = patient.readable();
    let shown: Vec<WithdrawalCode> = said.iter().filter_map(|text| text.parse().ok()).collect();
    let code = *shown.first().unwrap_or_else(|| panic!("no code in {said:?}"));
    assert!(shown.iter().all(|other| *other == code), "one code");
    patient.touches("Finish");
    patient.touches("It has been wiped");
    let random = code.randomness().unwrap();
    let kept = disk.kept_as();
    let found: Vec<&Body> =
        kept.iter().filter(|(record, _)| record.is_made_of(random)).map(|(_, body)| body).collect();
    assert!(matches!(found[..], [Body::Contact(_)]), "{kept:?}");
    assert_eq!(kept.len(), 2, "the answer and the wipe");
}
