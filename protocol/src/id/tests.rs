#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use std::fmt::Debug;

use proptest::prelude::*;
use serde::de::DeserializeOwned;

use super::*;
use crate::arbitrary::{plain_id, record_id};

fn round_trip<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
    let json = serde_json::to_string(value).unwrap();
    assert_eq!(serde_json::from_str::<T>(&json).unwrap(), *value);
}

#[test]
fn plain_ids_refuse_what_a_topic_or_a_line_could_not_carry() {
    let long = "a".repeat(41);
    for text in ["", " ", "-a", "_a", "a b", "a/b", "a+b", "a#", "a\n", "a\0", "é", "a.b", "a@1", &long] {
        assert!(KioskId::new(text).is_err(), "{text:?}");
        assert!(text.parse::<WardId>().is_err(), "{text:?}");
        let json = serde_json::to_string(text).unwrap();
        assert!(serde_json::from_str::<ConsultantId>(&json).is_err(), "{text:?}");
    }
    for json in ["1", "null", "[]", "{}"] {
        assert!(serde_json::from_str::<SiteId>(json).is_err(), "{json}");
    }
    assert_eq!(
        KioskId::new("a b").unwrap_err().to_string(),
        "\"a b\" is not a kiosk id: use 1 to 40 ASCII letters, digits, '-' or '_', starting with a letter or digit"
    );
}

#[test]
fn a_simulated_kiosk_says_so() {
    let check = |id: &str, expected| assert_eq!(KioskId::new(id).unwrap().is_simulated(), expected);
    check("sim-0001", true);
    check("k-0001", false);
    check("SIM-0001", false);
    check("simple", false);
}

#[test]
fn languages_have_no_underscore() {
    for text in ["en", "cy", "en-x-easy", "pa-Guru"] {
        round_trip(&Language::new(text).unwrap());
    }
    for text in ["", "en_GB", "-en", "en GB"] {
        assert!(Language::new(text).is_err(), "{text:?}");
    }
    assert_eq!(Language::english(), Language::new("en").unwrap());
}

#[test]
fn a_record_id_tells_only_the_hour() {
    // 2026-11-23T10:47:12.345Z and 2026-11-23T10:00:00Z make the same id from the same randomness.
    let random = [7; 10];
    assert_eq!(RecordId::new(1_795_430_832_345, random), RecordId::new(1_795_428_000_000, random));
    assert_ne!(RecordId::new(1_795_430_832_345, random), RecordId::new(1_795_431_600_000, random));
    assert_eq!(RecordId::new(1_795_430_832_345, random).to_string(), "01a207d9-2100-7707-8707-070707070707");
}

#[test]
fn a_record_id_has_one_spelling() {
    for text in [
        "",
        "019AB02E-0800-7707-8707-070707070707",
        "019ab02e080077078707070707070707",
        "{019ab02e-0800-7707-8707-070707070707}",
        "urn:uuid:019ab02e-0800-7707-8707-070707070707",
        "019ab02e-0800-4707-8707-070707070707",
        "019ab02e-0800-7707-8707-0707070707070",
        " 019ab02e-0800-7707-8707-070707070707",
    ] {
        assert!(text.parse::<RecordId>().is_err(), "{text:?}");
    }
    assert_eq!(RecordId::from_bytes([0; 16]), None);
}

#[test]
fn sequences_start_at_one() {
    assert_eq!(Sequence::new(0), None);
    assert_eq!(Sequence::FIRST.next().get(), 2);
    assert_eq!(serde_json::to_string(&Sequence::FIRST).unwrap(), "1");
    for json in ["0", "-1", "1.5", "\"1\"", "18446744073709551616"] {
        assert!(serde_json::from_str::<Sequence>(json).is_err(), "{json}");
    }
}

#[test]
fn hashes_are_64_lower_case_digits() {
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(Hash::of(b"abc").to_string(), abc);
    assert_eq!(Hash::ZERO.to_string(), "0".repeat(64));
    for text in ["", &abc.to_uppercase(), &abc[1..], &format!("{abc}00"), &abc.replace('b', "g"), &"é".repeat(32)]
    {
        assert!(text.parse::<Hash>().is_err(), "{text:?}");
    }
}

proptest! {
    #[test]
    fn plain_ids_round_trip(text in plain_id()) {
        let id = KioskId::new(text.clone()).unwrap();
        prop_assert_eq!(id.to_string(), text.clone());
        prop_assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{text}\""));
        round_trip(&id);
        round_trip(&text.parse::<OptionId>().unwrap());
    }

    #[test]
    fn what_is_accepted_matches_the_pattern_of_the_schema(text in "\\PC{0,42}") {
        let first = text.chars().next().is_some_and(|c| c.is_ascii_alphanumeric());
        let all = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        prop_assert_eq!(KioskId::new(text.clone()).is_ok(), first && all && text.chars().count() <= 40);
    }

    #[test]
    fn record_ids_round_trip(id in record_id()) {
        prop_assert_eq!(id.to_string().parse(), Ok(id));
        prop_assert_eq!(RecordId::from_bytes(*id.as_bytes()), Some(id));
        round_trip(&id);
    }

    #[test]
    fn record_ids_know_their_randomness_whatever_the_hour(
        ms in 0..1_u64 << 47, one in any::<[u8; 10]>(), other in any::<[u8; 10]>(),
    ) {
        prop_assert!(RecordId::new(ms, one).is_made_of(one));
        // Six of the eighty bits say that it is a UUID of version 7.
        let same = RecordId::new(0, one) == RecordId::new(0, other);
        prop_assert_eq!(RecordId::new(ms, one).is_made_of(other), same);
    }

    #[test]
    fn hashes_round_trip(bytes in any::<[u8; 32]>()) {
        let hash = Hash::from_bytes(bytes);
        prop_assert_eq!(hash.to_string().parse(), Ok(hash));
        round_trip(&hash);
    }

    #[test]
    fn sequences_round_trip(number in 1_u64..) {
        round_trip(&Sequence::new(number).unwrap());
    }
}
