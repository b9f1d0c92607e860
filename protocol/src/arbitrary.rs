//! Strategies for property tests: everything valid that the types can say.
#![expect(clippy::unwrap_used, reason = "a strategy that makes something invalid is a test that fails")]

use std::convert::Infallible;

use hpke::rand_core::{TryCryptoRng, TryRng};
use jiff::Timestamp;
use proptest::collection::btree_map;
use proptest::option;
use proptest::prelude::*;

use crate::clock::{Clock, Learnt};
use crate::contact::{Answer, Attribution, AttributionSource, Comment, Contact, Mode, Outcome, Response};
use crate::envelope::ChainHead;
use crate::id::{Hash, KioskId, Language, RecordId};
use crate::keys::{OpenKey, SigningKey};
use crate::questionnaire::QuestionnaireRef;
use crate::record::{Body, Cleaning, HelpRequest, Need, Place, Record};

/// Randomness that is the same every time: 32 fixed bytes, repeated.
pub(crate) struct Fixed(pub(crate) [u8; 32], pub(crate) usize);

impl Fixed {
    pub(crate) fn new(bytes: [u8; 32]) -> Self {
        Self(bytes, 0)
    }
}

impl TryRng for Fixed {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }
    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        for byte in out {
            *byte = self.0.get(self.1 % 32).copied().unwrap_or_default();
            self.1 += 1;
        }
        Ok(())
    }
}

impl TryCryptoRng for Fixed {}

pub(crate) fn plain_id() -> impl Strategy<Value = String> {
    "[A-Za-z0-9][A-Za-z0-9_-]{0,39}"
}

pub(crate) fn kiosk_id() -> impl Strategy<Value = KioskId> {
    plain_id().prop_map(|text| KioskId::new(text).unwrap())
}

pub(crate) fn record_id() -> impl Strategy<Value = RecordId> {
    (0..1_u64 << 47, any::<[u8; 10]>()).prop_map(|(ms, random)| RecordId::new(ms, random))
}

pub(crate) fn timestamp() -> impl Strategy<Value = Timestamp> {
    // 1970 to 2200, to the second.
    (0_i64..7_258_118_400).prop_map(|second| Timestamp::from_second(second).unwrap())
}

pub(crate) fn signing_key() -> impl Strategy<Value = SigningKey> {
    any::<[u8; 32]>().prop_map(|bytes| SigningKey::from_bytes(&bytes))
}

pub(crate) fn open_key() -> impl Strategy<Value = OpenKey> {
    any::<[u8; 32]>().prop_map(|bytes| OpenKey::from_bytes(&bytes).unwrap())
}

pub(crate) fn chain_head() -> impl Strategy<Value = ChainHead> {
    prop_oneof![
        Just(ChainHead::EMPTY),
        (1..u64::MAX - 1, any::<[u8; 32]>())
            .prop_map(|(sequence, hash)| ChainHead { sequence, hash: Hash::from_bytes(hash) }),
    ]
}

pub(crate) fn clock() -> impl Strategy<Value = Clock> {
    let learnt = (-100_000_000_i64..100_000_000, option::of(0_u64..100_000_000), timestamp())
        .prop_map(|(offset_s, age_s, aggregator_time)| Learnt { offset_s, age_s, aggregator_time });
    (timestamp(), option::of(learnt)).prop_map(|(wall, learnt)| Clock::new(wall, learnt))
}

pub(crate) fn comment() -> impl Strategy<Value = Comment> {
    "[a-zA-Z0-9 .,\n\téźßغগ😀\"\\\\-]{0,120}".prop_filter_map("empty", |text| Comment::new(text).ok())
}

pub(crate) fn answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        4 => plain_id().prop_map(|id| Answer::Answered(id.parse().unwrap())),
        1 => comment().prop_map(Answer::Said),
        1 => Just(Answer::NotApplicable),
        1 => Just(Answer::DontKnow),
        1 => Just(Answer::Declined),
        1 => Just(Answer::NotShown),
    ]
}

pub(crate) fn contact() -> impl Strategy<Value = Contact> {
    let attribution = (plain_id(), prop_oneof![Just(AttributionSource::Roster), Just(AttributionSource::Patient)])
        .prop_map(|(id, source)| Attribution { consultant: id.parse().unwrap(), source });
    let response =
        (btree_map(plain_id().prop_map(|id| id.parse().unwrap()), answer(), 0..12), any::<Option<u16>>())
            .prop_map(|(answers, minutes)| Response { answers, minutes });
    (
        plain_id(),
        (plain_id(), 1_u32..9),
        prop::sample::select(&Outcome::ALL[..]),
        prop::sample::select(&Mode::ALL[..]),
        option::of(attribution),
        response,
    )
        .prop_map(|(ward, (questionnaire, version), outcome, mode, attribution, response)| Contact {
            ward: ward.parse().unwrap(),
            questionnaire: QuestionnaireRef { id: questionnaire.parse().unwrap(), version },
            outcome,
            mode,
            language: Language::english(),
            attribution,
            response: outcome.has_response().then_some(response),
        })
}

pub(crate) fn record() -> impl Strategy<Value = Record> {
    let help = (plain_id(), option::of("[A-Z][a-z ]{0,38}")).prop_map(|(ward, place)| {
        Body::HelpRequest(HelpRequest {
            ward: ward.parse().unwrap(),
            need: Need::Drink,
            place: place.map(|place| Place::new(place).unwrap()),
        })
    });
    let cleaning = (plain_id(), any::<bool>())
        .prop_map(|(ward, confirmed)| Body::Cleaning(Cleaning { ward: ward.parse().unwrap(), confirmed }));
    let body = prop_oneof![4 => contact().prop_map(Body::Contact), 1 => help, 1 => cleaning];
    (clock(), body).prop_map(|(clock, body)| Record { clock, body })
}
