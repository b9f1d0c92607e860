#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use wardvoice_protocol::assignment::KioskAudience;
use wardvoice_protocol::id::Language;
use wardvoice_protocol::keys::{OpenKey, SigningKey};

use super::*;

fn key() -> SigningKey {
    SigningKey::from_bytes(&[8; 32])
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    at("2026-11-25T12:00:00Z")
}

fn settings() -> Hash {
    Hash::of(b"settings")
}

/// The shipped friends and family test under another version, or for staff.
fn questionnaire(version: u32, audience: KioskAudience) -> Questionnaire {
    let file = Questionnaire::friends_and_family().unwrap().file().clone();
    Questionnaire::try_from(QuestionnaireFile { version, audience, ..file }).unwrap()
}

fn second() -> Questionnaire {
    questionnaire(2, KioskAudience::Patients)
}

fn assignment(ward: &str, questionnaire: &Questionnaire) -> Assignment {
    Assignment {
        kiosk: "k-1".parse().unwrap(),
        ward: ward.parse().unwrap(),
        ward_name: format!("Ward {ward}"),
        audience: KioskAudience::Patients,
        questionnaire: questionnaire.reference(),
        languages: vec![Language::english()],
        consultants: Vec::new(),
        seal_key: OpenKey::from_bytes(&[7; 32]).unwrap().seal_key().clone(),
        aggregator_key: key().verifying_key(),
        fortnight_anchor: "2026-01-05".parse().unwrap(),
        demonstration: false,
    }
}

fn posting(ward: &str, questionnaire: &Questionnaire, issued: &str) -> Posting {
    let assignment = assignment(ward, questionnaire);
    Posting { issued: at(issued), questionnaire: questionnaire.hash(), assignment }
}

fn letter(questionnaire: &Questionnaire) -> (Hash, Vec<u8>) {
    let hash = questionnaire.hash();
    (hash, signed::sign(questionnaire.file(), &Topic::Questionnaire(hash), &key()).unwrap())
}

fn shelf(data: &Path) -> CommissionShelf {
    let known = assignment("W1", &Questionnaire::inpatient().unwrap());
    CommissionShelf::open(data, &"k-1".parse().unwrap(), settings(), Some(known))
}

fn follows(shelf: &CommissionShelf) -> (String, String) {
    let whole = shelf.whole().unwrap();
    (whole.assignment.ward.to_string(), whole.questionnaire.reference().to_string())
}

fn is(ward: &str, questionnaire: &str) -> (String, String) {
    (ward.to_owned(), questionnaire.to_owned())
}

const ASKED: Changed = Changed { asked: true, whole: false };
const BOTH: Changed = Changed { asked: true, whole: true };

#[test]
fn an_assignment_waits_for_its_questionnaire_and_both_count_together() {
    let data = tempfile::tempdir().unwrap();
    let mut first = shelf(data.path());
    assert_eq!((follows(&first), first.lack()), (is("W1", "inpatient@1"), None));
    let second = second();
    assert_eq!(first.take_posting(posting("W2", &second, "2026-11-25T10:00:00Z"), now()), ASKED);
    assert_eq!(first.asked().unwrap().ward.as_str(), "W2");
    assert_eq!(follows(&first), is("W1", "inpatient@1"));
    assert_eq!(
        first.waits_for().unwrap(),
        "questionnaire friends-and-family@2 has not come yet; going on with inpatient@1"
    );
    assert_eq!(first.missing(), Some(Topic::Questionnaire(second.hash())));

    // Power goes: what was asked and what is followed are both there again.
    let mut again = shelf(data.path());
    assert_eq!((follows(&again), again.asked().unwrap().ward.as_str()), (is("W1", "inpatient@1"), "W2"));
    let (hash, payload) = letter(&second);
    let verifying = key().verifying_key();
    assert!(again.take_questionnaire(hash, &payload, &verifying).unwrap().whole);
    assert_eq!((follows(&again), again.missing()), (is("W2", "friends-and-family@2"), None));
    assert_eq!(follows(&shelf(data.path())), is("W2", "friends-and-family@2"));

    // Other settings put aside everything that followed these.
    let known = assignment("W9", &Questionnaire::inpatient().unwrap());
    let other = CommissionShelf::open(data.path(), &"k-1".parse().unwrap(), Hash::of(b"others"), Some(known));
    assert_eq!(follows(&other), is("W9", "inpatient@1"));
}

#[test]
fn a_questionnaire_that_is_damaged_on_the_disk_is_fetched_again() {
    let data = tempfile::tempdir().unwrap();
    let (second, verifying) = (second(), key().verifying_key());
    let (hash, payload) = letter(&second);
    let mut first = shelf(data.path());
    first.take_posting(posting("W2", &second, "2026-11-25T10:00:00Z"), now());
    first.take_questionnaire(hash, &payload, &verifying).unwrap();
    let path = first.path_of(hash);
    let good = fs::read_to_string(&path).unwrap();
    for damaged in
        [String::new(), good.replace("\"version\":2", "\"version\":3"), good[..good.len() / 2].to_owned()]
    {
        fs::write(&path, damaged).unwrap();
        let mut again = shelf(data.path());
        assert!(again.whole().is_none(), "without the file neither the newest nor the last is whole");
        assert_eq!(again.missing(), Some(Topic::Questionnaire(hash)));
        assert!(again.take_questionnaire(hash, &payload, &verifying).unwrap().whole);
        assert_eq!(fs::read_to_string(&path).unwrap(), good);
    }
}

#[test]
fn an_older_word_changes_nothing_once_a_posting_has_come() {
    let data = tempfile::tempdir().unwrap();
    let inpatient = Questionnaire::inpatient().unwrap();
    let mut shelf = shelf(data.path());
    let plain = |ward: &str| assignment(ward, &inpatient);
    assert_eq!(shelf.take_assignment(plain("W2")), BOTH);
    assert_eq!(shelf.take_posting(posting("W3", &inpatient, "2026-11-25T10:00:00Z"), now()), BOTH);
    assert_eq!(shelf.take_assignment(plain("W2")), Changed::default(), "an assignment says no time");
    assert_eq!(
        shelf.take_posting(posting("W4", &inpatient, "2026-11-24T10:00:00Z"), now()),
        Changed::default(),
        "an earlier posting that a broker says again"
    );
    assert_eq!(shelf.take_posting(posting("W3", &inpatient, "2026-11-25T11:00:00Z"), now()), Changed::default());
    assert_eq!(shelf.take_posting(posting("W5", &inpatient, "2026-11-25T11:30:00Z"), now()), BOTH);
    let elsewhere = Posting {
        assignment: Assignment { kiosk: "k-2".parse().unwrap(), ..plain("W6") },
        ..posting("W6", &inpatient, "2026-11-25T11:45:00Z")
    };
    assert_eq!(shelf.take_posting(elsewhere, now()), Changed::default());
    assert_eq!(follows(&shelf), is("W5", "inpatient@1"));
    // A clock that was wrong once does not hold a kiosk for years.
    assert_eq!(shelf.take_posting(posting("W7", &inpatient, "2036-11-25T11:00:00Z"), now()), BOTH);
    assert_eq!(shelf.take_posting(posting("W8", &inpatient, "2026-11-25T12:00:00Z"), now()), BOTH);
}

#[test]
fn a_questionnaire_that_is_not_what_was_asked_for_is_not_taken() {
    let data = tempfile::tempdir().unwrap();
    let (second, verifying) = (second(), key().verifying_key());
    let (hash, payload) = letter(&second);
    let mut shelf = shelf(data.path());
    assert_eq!(shelf.take_questionnaire(hash, &payload, &verifying).unwrap(), Changed::default(), "nobody asked");
    shelf.take_posting(posting("W2", &second, "2026-11-25T10:00:00Z"), now());
    let stranger = SigningKey::from_bytes(&[9; 32]).verifying_key();
    assert!(matches!(
        shelf.take_questionnaire(hash, &payload, &stranger),
        Err(QuestionnaireRefused::Signed(SignedError::WrongSignature(_)))
    ));
    let other = questionnaire(3, KioskAudience::Patients);
    let wrong = signed::sign(other.file(), &Topic::Questionnaire(hash), &key()).unwrap();
    assert!(matches!(
        shelf.take_questionnaire(hash, &wrong, &verifying),
        Err(QuestionnaireRefused::OtherHash(found)) if found == other.hash()
    ));
    let bad = QuestionnaireFile { questions: Vec::new(), ..second.file().clone() };
    let bad = signed::sign(&bad, &Topic::Questionnaire(hash), &key()).unwrap();
    assert!(matches!(
        shelf.take_questionnaire(hash, &bad, &verifying),
        Err(QuestionnaireRefused::Questionnaire(QuestionnaireError::QuestionCount(0)))
    ));
    assert_eq!(follows(&shelf), is("W1", "inpatient@1"));
    assert!(!shelf.path_of(hash).exists());
}

#[test]
fn staff_are_never_asked_among_patients() {
    let data = tempfile::tempdir().unwrap();
    let staff = questionnaire(4, KioskAudience::Staff);
    let (hash, payload) = letter(&staff);
    let mut shelf = shelf(data.path());
    shelf.take_posting(posting("W2", &staff, "2026-11-25T10:00:00Z"), now());
    let changed = shelf.take_questionnaire(hash, &payload, &key().verifying_key()).unwrap();
    assert_eq!(changed, Changed::default());
    assert_eq!(shelf.lack(), Some(&Lack::OtherAudience(staff.reference())));
    assert_eq!(follows(&shelf), is("W1", "inpatient@1"));
}

#[test]
fn a_hash_of_another_questionnaire_is_seen() {
    let data = tempfile::tempdir().unwrap();
    let inpatient = Questionnaire::inpatient().unwrap();
    let mut shelf = shelf(data.path());
    let posting = Posting { questionnaire: inpatient.hash(), ..posting("W2", &second(), "2026-11-25T10:00:00Z") };
    shelf.take_posting(posting, now());
    assert!(matches!(shelf.lack(), Some(Lack::OtherQuestionnaire { .. })));
    assert_eq!(shelf.missing(), None);
}

fn approvals(questionnaire: &Questionnaire, languages: &[&str], issued: &str) -> Approvals {
    Approvals {
        kiosk: "k-1".parse().unwrap(),
        issued: at(issued),
        questionnaire: questionnaire.hash(),
        languages: languages.iter().map(|tag| (tag.parse().unwrap(), ApprovedLanguage::default())).collect(),
    }
}

fn approved(shelf: &CommissionShelf) -> Vec<String> {
    shelf.whole().unwrap().approved.keys().map(ToString::to_string).collect()
}

#[test]
fn an_approval_makes_a_new_commission_that_a_restart_keeps() {
    let data = tempfile::tempdir().unwrap();
    let mut first = shelf(data.path());
    let inpatient = Questionnaire::inpatient().unwrap();
    let polish = approvals(&inpatient, &["pl"], "2026-11-25T10:00:00Z");
    let whole = Changed { asked: false, whole: true };
    assert_eq!(first.take_approvals(polish.clone(), now()), whole);
    assert_eq!(approved(&first), ["pl"]);
    let again = approvals(&inpatient, &["pl"], "2026-11-25T10:30:00Z");
    assert_eq!(first.take_approvals(again, now()), Changed::default(), "the same again is no news");
    let mut restarted = shelf(data.path());
    assert_eq!(approved(&restarted), ["pl"]);
    // A withdrawal is newer, and what was said before it does not come back.
    let none = approvals(&inpatient, &[], "2026-11-25T11:00:00Z");
    assert_eq!(restarted.take_approvals(none, now()), whole);
    assert_eq!(restarted.take_approvals(polish, now()), Changed::default());
    assert!(approved(&restarted).is_empty() && approved(&shelf(data.path())).is_empty());
}

#[test]
fn an_approval_of_another_questionnaire_or_kiosk_says_nothing() {
    let data = tempfile::tempdir().unwrap();
    let mut shelf = shelf(data.path());
    let other = approvals(&second(), &["pl"], "2026-11-25T10:00:00Z");
    assert_eq!(shelf.take_approvals(other, now()), Changed::default());
    let inpatient = Questionnaire::inpatient().unwrap();
    let strange =
        Approvals { kiosk: "k-2".parse().unwrap(), ..approvals(&inpatient, &["pl"], "2026-11-25T11:00:00Z") };
    assert_eq!(shelf.take_approvals(strange, now()), Changed::default());
    assert!(approved(&shelf).is_empty());
    // It counts once what it is about is asked.
    let (hash, payload) = letter(&second());
    shelf.take_posting(posting("W1", &second(), "2026-11-25T11:30:00Z"), now());
    shelf.take_questionnaire(hash, &payload, &key().verifying_key()).unwrap();
    assert_eq!(approved(&shelf), ["pl"]);
}

#[test]
fn a_commission_from_before_there_were_approvals_reads() {
    let data = tempfile::tempdir().unwrap();
    let first = shelf(data.path());
    assert!(first.whole().is_some());
    let text = fs::read_to_string(data.path().join(COMMISSION_FILE)).unwrap();
    assert!(!text.contains("approved") && !text.contains("withdrawal"), "an earlier program reads it: {text}");
}

#[test]
fn what_is_given_with_thanks_makes_a_new_commission_that_a_restart_keeps() {
    let data = tempfile::tempdir().unwrap();
    let mut first = shelf(data.path());
    let gives = |shelf: &CommissionShelf| shelf.whole().unwrap().withdrawal_codes;
    assert!(!gives(&first), "nothing is given by a kiosk that was told nothing");
    let thanks = |issued: &str, withdrawal_codes| Thanks {
        kiosk: "k-1".parse().unwrap(),
        issued: at(issued),
        withdrawal_codes,
    };
    let strange = Thanks { kiosk: "k-2".parse().unwrap(), ..thanks("2026-11-25T09:00:00Z", true) };
    assert_eq!(first.take_thanks(strange, now()), Changed::default());
    let whole = Changed { asked: false, whole: true };
    assert_eq!(first.take_thanks(thanks("2026-11-25T10:00:00Z", true), now()), whole);
    assert_eq!(first.take_thanks(thanks("2026-11-25T10:30:00Z", true), now()), Changed::default());
    let mut restarted = shelf(data.path());
    assert!(gives(&first) && gives(&restarted));
    // The trust has thought better of it, and what was said before does not come back.
    assert_eq!(restarted.take_thanks(thanks("2026-11-25T11:00:00Z", false), now()), whole);
    assert_eq!(restarted.take_thanks(thanks("2026-11-25T10:00:00Z", true), now()), Changed::default());
    assert!(!gives(&restarted) && !gives(&shelf(data.path())));
}
