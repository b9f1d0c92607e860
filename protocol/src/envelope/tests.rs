#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics is a test that fails")]

use proptest::prelude::*;
use serde_json::{Map, Value};

use super::*;
use crate::arbitrary::{Fixed, chain_head, kiosk_id, open_key, record, record_id, signing_key};
use crate::contact::{Comment, Contact, Mode, Outcome};

fn signer() -> SigningKey {
    SigningKey::from_bytes(&[1; 32])
}

fn opener() -> OpenKey {
    OpenKey::from_bytes(&[2; 32]).unwrap()
}

fn kiosk() -> KioskId {
    KioskId::new("k-0017").unwrap()
}

fn seal_bytes(plaintext: &[u8], head: ChainHead) -> Result<Envelope, EnvelopeError> {
    let (id, mut rng) = (RecordId::new(1_795_428_000_000, [7; 10]), Fixed::new([3; 32]));
    Envelope::seal_bytes(plaintext, id, &kiosk(), head, opener().seal_key(), &signer(), &mut rng)
}

fn sealed() -> Envelope {
    seal_bytes(
        br#"{"clock":{"wall":"2026-11-23T10:15:00Z"},"body":{"cleaning":{"ward":"W12","confirmed":true}}}"#,
        ChainHead::EMPTY,
    )
    .unwrap()
}

fn as_map(envelope: &Envelope) -> Map<String, Value> {
    serde_json::from_slice(&envelope.to_json()).unwrap()
}

fn read(map: &Map<String, Value>) -> Result<Envelope, EnvelopeError> {
    Envelope::read(&serde_json::to_vec(map).unwrap())
}

#[test]
fn a_chain_starts_at_one_with_zeros_and_goes_on() {
    let first = sealed();
    assert_eq!((first.sequence(), first.previous()), (Sequence::FIRST, Hash::ZERO));
    let second = seal_bytes(b"{}", first.chain_head()).unwrap();
    assert_eq!((second.sequence().get(), second.previous()), (2, first.hash()));
    assert_ne!(second.hash(), first.hash());
    assert_eq!(second.chain_head(), ChainHead { sequence: 2, hash: second.hash() });
}

#[test]
fn the_signing_input_is_eight_lines() {
    let envelope = sealed();
    let text = String::from_utf8(envelope.signing_input().to_vec()).unwrap();
    let lines: Vec<&str> = text.split('\n').collect();
    let map = as_map(&envelope);
    let field = |name: &str| map[name].as_str().unwrap().to_owned();
    assert_eq!(
        lines,
        [
            "wardvoice-envelope-1",
            &field("kiosk"),
            "1",
            &field("record"),
            &field("previous"),
            &field("key"),
            &field("encapsulated"),
            &field("ciphertext")
        ]
    );
    assert_eq!(envelope.hash(), Hash::of(text.as_bytes()));
}

#[test]
fn every_changed_field_breaks_the_signature_and_the_opening() {
    let original = as_map(&sealed());
    let other = seal_bytes(b"other", sealed().chain_head()).unwrap();
    let changed_char = |name: &str| {
        let text = original[name].as_str().unwrap();
        let first = if text.starts_with('A') { "B" } else { "A" };
        Value::from(format!("{first}{}", &text[1..]))
    };
    let changes = [
        ("kiosk", Value::from("k-0018")),
        ("sequence", Value::from(2)),
        ("record", Value::from("01a207d9-2100-7707-8707-070707070708")),
        ("previous", Value::from("1".repeat(64))),
        ("key", Value::from("0123456789abcdef")),
        ("encapsulated", changed_char("encapsulated")),
        ("ciphertext", changed_char("ciphertext")),
    ];
    for (name, value) in changes {
        let mut map = original.clone();
        map.insert(name.to_owned(), value);
        let envelope = read(&map).unwrap();
        assert!(!envelope.is_signed_by(&signer().verifying_key()), "{name}");
        assert!(matches!(envelope.open_bytes(&opener()), Err(EnvelopeError::CannotOpen(_))), "{name}");
        assert_ne!(envelope.hash(), sealed().hash(), "{name}");
    }
    let mut map = original;
    map.insert("signature".to_owned(), as_map(&other)["signature"].clone());
    let envelope = read(&map).unwrap();
    assert!(!envelope.is_signed_by(&signer().verifying_key()));
    assert_eq!(envelope.hash(), sealed().hash(), "the hash names what was sealed, whoever signed it");
}

#[test]
fn a_field_that_is_missing_or_strange_is_unreadable() {
    let original = as_map(&sealed());
    for name in original.keys() {
        let mut map = original.clone();
        map.remove(name);
        assert!(matches!(read(&map), Err(EnvelopeError::Unreadable(_))), "without {name}");
        map.insert(name.clone(), Value::Null);
        assert!(matches!(read(&map), Err(EnvelopeError::Unreadable(_))), "{name} null");
    }
    let mut map = original;
    map.insert("surname".to_owned(), Value::from("x"));
    assert!(matches!(read(&map), Err(EnvelopeError::Unreadable(_))));
    let twice = String::from_utf8(sealed().to_json()).unwrap().replacen('{', r#"{"kiosk":"k-0018","#, 1);
    assert!(matches!(Envelope::read(twice.as_bytes()), Err(EnvelopeError::Unreadable(_))));
    for payload in [&b""[..], b"null", b"[]", b"{", b"\xff\xfe", b"{\"version\":1}", &b"[".repeat(40_000)] {
        assert!(matches!(Envelope::read(payload), Err(EnvelopeError::Unreadable(_))), "{payload:?}");
    }
}

/// A line feed that moves from one field to the next would leave the signing input as it is.
#[test]
fn base64_has_one_spelling() {
    let original = as_map(&sealed());
    let check = |name: &str, change: &dyn Fn(&str) -> String| {
        let mut map = original.clone();
        let changed = change(original[name].as_str().unwrap());
        map.insert(name.to_owned(), Value::from(changed.clone()));
        assert!(matches!(read(&map), Err(EnvelopeError::NotBase64 { .. })), "{name} {changed:?}");
    };
    for name in ["encapsulated", "ciphertext"] {
        check(name, &|text| format!("{text}="));
        check(name, &|text| format!("{text}\n"));
        check(name, &|text| format!("{}+", &text[1..]));
        check(name, &|text| text[..20].to_owned());
        check(name, &|_| String::new());
    }
    // 32 bytes leave two bits over in the last of 43 characters; they must be zero.
    check("encapsulated", &|text| format!("{}B", &text[..42]));
    check("encapsulated", &|text| format!("{text}AAAA"));
}

#[test]
fn other_versions_are_told_apart_from_nonsense() {
    let check = |version: Value, extra: bool, expected: Result<(), EnvelopeError>| {
        let mut map = as_map(&sealed());
        map.insert("version".to_owned(), version);
        if extra {
            map.insert("new_field".to_owned(), Value::from(1));
            map.remove("kiosk");
        }
        match (read(&map).map(|_| ()), expected) {
            (Err(EnvelopeError::Unreadable(_)), Err(EnvelopeError::Unreadable(_))) => {}
            (found, expected) => assert_eq!(found, expected),
        }
    };
    let unreadable = || Err(EnvelopeError::Unreadable(String::new()));
    check(Value::from(1), false, Ok(()));
    check(Value::from(1), true, unreadable());
    check(Value::from(2), false, Err(EnvelopeError::UnknownVersion(2)));
    check(Value::from(2), true, Err(EnvelopeError::UnknownVersion(2)));
    check(Value::from(u64::MAX), true, Err(EnvelopeError::UnknownVersion(u64::MAX)));
    check(Value::from(-1), false, unreadable());
    check(Value::from("1"), false, unreadable());
    check(Value::from(1.0), false, unreadable());
}

#[test]
fn sizes_are_checked_at_both_ends() {
    let largest = vec![b' '; MAX_RECORD_BYTES];
    let envelope = seal_bytes(&largest, ChainHead { sequence: u64::MAX - 1, hash: Hash::ZERO }).unwrap();
    assert!(envelope.to_json().len() <= MAX_ENVELOPE_BYTES, "{}", envelope.to_json().len());
    assert_eq!(Envelope::read(&envelope.to_json()).unwrap().open_bytes(&opener()).unwrap(), largest);

    let too_large = vec![b' '; MAX_RECORD_BYTES + 1];
    assert_eq!(seal_bytes(&too_large, ChainHead::EMPTY), Err(EnvelopeError::RecordTooLarge(MAX_RECORD_BYTES + 1)));
    let mut map = as_map(&sealed());
    map.insert("ciphertext".to_owned(), Value::from(to_base64(&vec![0; MAX_RECORD_BYTES + 17])));
    assert_eq!(read(&map), Err(EnvelopeError::RecordTooLarge(MAX_RECORD_BYTES + 1)));

    let payload = vec![b' '; MAX_ENVELOPE_BYTES + 1];
    assert_eq!(Envelope::read(&payload), Err(EnvelopeError::Oversize(MAX_ENVELOPE_BYTES + 1)));
}

/// Every record that fits a questionnaire fits an envelope: the most comments, each of the most bytes.
#[test]
fn the_largest_response_can_be_sealed() {
    use crate::contact::{Answer, Response};
    use crate::questionnaire::{MAX_COMMENTS, MAX_QUESTIONS};

    let longest = |number: usize| format!("{number:0>40}");
    let answers = (0..MAX_QUESTIONS).map(|number| {
        let answer = if number < MAX_COMMENTS {
            Answer::Said(Comment::new("😀".repeat(crate::limits::MAX_COMMENT_CHARACTERS)).unwrap())
        } else {
            Answer::Answered(longest(number).parse().unwrap())
        };
        (longest(number).parse().unwrap(), answer)
    });
    let response = Response { answers: answers.collect(), minutes: Some(u16::MAX) };
    let record = Record::from_json(
        br#"{"clock":{"wall":"2026-11-23T10:15:00Z"},"body":{"cleaning":{"ward":"W12","confirmed":true}}}"#,
    );
    let contact = Contact {
        ward: longest(0).parse().unwrap(),
        questionnaire: "0000000000000000000000000000000000000000@4294967295".parse().unwrap(),
        outcome: Outcome::Completed,
        mode: Mode::Alone,
        language: crate::id::Language::english(),
        attribution: None,
        response: Some(response),
    };
    let record = Record { body: crate::record::Body::Contact(contact), ..record.unwrap() };
    let (id, mut rng) = (RecordId::new(0, [7; 10]), Fixed::new([3; 32]));
    Envelope::seal(&record, id, &kiosk(), ChainHead::EMPTY, opener().seal_key(), &signer(), &mut rng).unwrap();
}

#[test]
fn what_is_inside_must_be_a_record() {
    let check = |plaintext: &[u8]| {
        let envelope = seal_bytes(plaintext, ChainHead::EMPTY).unwrap();
        assert_eq!(envelope.open_bytes(&opener()).unwrap(), plaintext);
        assert!(matches!(envelope.open(&opener()), Err(EnvelopeError::InvalidRecord(_))), "{plaintext:?}");
    };
    check(b"");
    check(b"not JSON");
    check(br#"{"clock":{"wall":"2026-11-23T10:15:00Z"},"body":{"cleaning":{"ward":"W 12","confirmed":true}}}"#);
    check(br#"{"clock":{"wall":"2026-11-23T10:16:00Z"},"body":{"cleaning":{"ward":"W12","confirmed":true}}}"#);
    check(
        br#"{"clock":{"wall":"2026-11-23T10:15:00Z"},"body":{"cleaning":{"ward":"W12","confirmed":true,"x":1}}}"#,
    );
    assert!(sealed().open(&opener()).is_ok());
}

#[test]
fn only_the_key_it_was_sealed_to_opens_it() {
    let other = OpenKey::from_bytes(&[9; 32]).unwrap();
    assert_eq!(sealed().open_bytes(&other), Err(EnvelopeError::CannotOpen(opener().seal_key().key_id())));
    assert!(!sealed().is_signed_by(&SigningKey::from_bytes(&[9; 32]).verifying_key()));
}

#[test]
fn nothing_is_sealed_to_a_key_of_small_order() {
    let weak = serde_json::from_str::<SealKey>(&format!("\"{}\"", to_base64(&[0; 32])));
    let Ok(weak) = weak else { return };
    let (id, mut rng) = (RecordId::new(0, [7; 10]), Fixed::new([3; 32]));
    let result = Envelope::seal_bytes(b"{}", id, &kiosk(), ChainHead::EMPTY, &weak, &signer(), &mut rng);
    assert_eq!(result, Err(EnvelopeError::CannotSeal(weak.key_id())));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_sealed_opens(
        record in record(), id in record_id(), kiosk in kiosk_id(), head in chain_head(),
        open_key in open_key(), signing_key in signing_key(), random in any::<[u8; 32]>(),
    ) {
        let mut rng = Fixed::new(random);
        let sealed =
            Envelope::seal(&record, id, &kiosk, head, open_key.seal_key(), &signing_key, &mut rng).unwrap();
        let read = Envelope::read(&sealed.to_json()).unwrap();
        prop_assert_eq!(&read, &sealed);
        prop_assert!(read.is_signed_by(&signing_key.verifying_key()));
        prop_assert_eq!(read.open(&open_key).unwrap(), record);
        prop_assert_eq!((read.kiosk(), read.record(), read.previous()), (&kiosk, id, head.hash));
        prop_assert_eq!(read.sequence().get(), head.sequence + 1);
        prop_assert_eq!(read.key_id(), &open_key.seal_key().key_id());
    }

    #[test]
    fn white_space_and_order_mean_nothing(order in Just((0..9_usize).collect::<Vec<_>>()).prop_shuffle()) {
        let map = as_map(&sealed());
        let fields: Vec<_> = map.iter().collect();
        let lines: Vec<String> =
            order.iter().map(|place| format!(" {:?} :\n\t{}", fields[*place].0, fields[*place].1)).collect();
        let read = Envelope::read(format!("{{{}\r\n}} ", lines.join(",")).as_bytes()).unwrap();
        prop_assert_eq!(&read, &sealed());
        prop_assert!(read.is_signed_by(&signer().verifying_key()));
    }

    #[test]
    fn a_flipped_bit_is_never_the_same_envelope(bit in 0..8_u32, place in any::<prop::sample::Index>()) {
        let mut payload = sealed().to_json();
        let place = place.index(payload.len());
        payload[place] ^= 1 << bit;
        if let Ok(read) = Envelope::read(&payload) {
            prop_assert!(!read.is_signed_by(&signer().verifying_key()) || read == sealed());
        }
    }
}
