//! MQTT topics: parsed and written here and nowhere else.
//!
//! `wardvoice/1/kiosks/{kiosk}/{channel}` for what belongs to one kiosk, `wardvoice/1/wards/{ward}/board` for what is said
//! about a ward, `wardvoice/1/questionnaires/{hash}` for one version of a questionnaire, `wardvoice/1/directory` for the trust.

use std::fmt;
use std::str::FromStr;

use crate::id::{Hash, KioskId, WardId};

const ROOT: &str = "wardvoice/1";

/// What is said on one of a kiosk's topics, and by whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// Kiosk to aggregator: sealed records.
    Records,
    /// Aggregator to kiosk: signed receipts.
    Receipts,
    /// Kiosk to aggregator: presence and health; also the last will.
    Status,
    /// Aggregator to kiosk: signed assignment, retained.
    Assignment,
    /// Kiosk to aggregator: a simulated kiosk asks to be known (only where the aggregator allows it).
    Introduction,
    /// Aggregator to kiosk: what it needs to take volunteers in, signed, retained.
    Round,
    /// Aggregator to kiosk: its assignment with when it was said and what exactly it asks, signed, retained.
    Posting,
    /// Aggregator to kiosk: which of its requests for help staff have seen, signed, retained.
    Help,
    /// Aggregator to kiosk: which translations of what it asks people have approved, signed, retained.
    Approvals,
    /// Aggregator to kiosk: what it gives with its thanks, signed, retained.
    Thanks,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Self; 10] = [
        Self::Records,
        Self::Receipts,
        Self::Status,
        Self::Assignment,
        Self::Introduction,
        Self::Round,
        Self::Posting,
        Self::Help,
        Self::Approvals,
        Self::Thanks,
    ];

    fn as_str(self) -> &'static str {
        match self {
            Self::Records => "records",
            Self::Receipts => "receipts",
            Self::Status => "status",
            Self::Assignment => "assignment",
            Self::Introduction => "introduction",
            Self::Round => "round",
            Self::Posting => "posting",
            Self::Help => "help",
            Self::Approvals => "approvals",
            Self::Thanks => "thanks",
        }
    }

    /// The filter that matches this channel of every kiosk.
    pub fn of_every_kiosk(self) -> String {
        format!("{ROOT}/kiosks/+/{}", self.as_str())
    }
}

/// One topic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// A topic of one kiosk.
    Kiosk(KioskId, Channel),
    /// A ward's signed board, retained.
    Board(WardId),
    /// The signed questionnaire whose file has this hash, retained.
    Questionnaire(Hash),
    /// The signed directory of the trust, retained.
    Directory,
}

/// Why a text is not one of our topics.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a Wardvoice topic")]
pub struct TopicError(String);

impl fmt::Display for Topic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kiosk(kiosk, channel) => write!(formatter, "{ROOT}/kiosks/{kiosk}/{}", channel.as_str()),
            Self::Board(ward) => write!(formatter, "{ROOT}/wards/{ward}/board"),
            Self::Questionnaire(hash) => write!(formatter, "{ROOT}/questionnaires/{hash}"),
            Self::Directory => write!(formatter, "{ROOT}/directory"),
        }
    }
}

impl FromStr for Topic {
    type Err = TopicError;

    fn from_str(text: &str) -> Result<Self, TopicError> {
        let error = || TopicError(text.to_owned());
        let rest = text.strip_prefix(ROOT).and_then(|rest| rest.strip_prefix('/')).ok_or_else(error)?;
        if rest == "directory" {
            return Ok(Self::Directory);
        }
        if let Some(ward) = rest.strip_prefix("wards/").and_then(|rest| rest.strip_suffix("/board")) {
            return WardId::new(ward).map(Self::Board).map_err(|_| error());
        }
        if let Some(hash) = rest.strip_prefix("questionnaires/") {
            return hash.parse().map(Self::Questionnaire).map_err(|_| error());
        }
        let (kiosk, channel) =
            rest.strip_prefix("kiosks/").and_then(|rest| rest.split_once('/')).ok_or_else(error)?;
        let channel = Channel::ALL.into_iter().find(|known| known.as_str() == channel).ok_or_else(error)?;
        let kiosk = KioskId::new(kiosk).map_err(|_| error())?;
        Ok(Self::Kiosk(kiosk, channel))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use proptest::prelude::*;

    use super::*;
    use crate::arbitrary::kiosk_id;

    #[test]
    fn topics_read_as_documented() {
        let kiosk = KioskId::new("k-0017").unwrap();
        let check = |topic: Topic, expected: &str| {
            assert_eq!(topic.to_string(), expected);
            assert_eq!(expected.parse(), Ok(topic));
        };
        check(Topic::Kiosk(kiosk.clone(), Channel::Records), "wardvoice/1/kiosks/k-0017/records");
        check(Topic::Kiosk(kiosk.clone(), Channel::Receipts), "wardvoice/1/kiosks/k-0017/receipts");
        check(Topic::Kiosk(kiosk.clone(), Channel::Status), "wardvoice/1/kiosks/k-0017/status");
        check(Topic::Kiosk(kiosk.clone(), Channel::Assignment), "wardvoice/1/kiosks/k-0017/assignment");
        check(Topic::Kiosk(kiosk.clone(), Channel::Introduction), "wardvoice/1/kiosks/k-0017/introduction");
        check(Topic::Kiosk(kiosk.clone(), Channel::Round), "wardvoice/1/kiosks/k-0017/round");
        check(Topic::Kiosk(kiosk.clone(), Channel::Posting), "wardvoice/1/kiosks/k-0017/posting");
        check(Topic::Kiosk(kiosk.clone(), Channel::Help), "wardvoice/1/kiosks/k-0017/help");
        check(Topic::Kiosk(kiosk.clone(), Channel::Approvals), "wardvoice/1/kiosks/k-0017/approvals");
        check(Topic::Kiosk(kiosk, Channel::Thanks), "wardvoice/1/kiosks/k-0017/thanks");
        let zeros = "0".repeat(64);
        check(Topic::Questionnaire(Hash::ZERO), &format!("wardvoice/1/questionnaires/{zeros}"));
        check(Topic::Board(WardId::new("W12").unwrap()), "wardvoice/1/wards/W12/board");
        check(Topic::Directory, "wardvoice/1/directory");
        assert_eq!(Channel::Records.of_every_kiosk(), "wardvoice/1/kiosks/+/records");
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "/",
            "wardvoice/1",
            "wardvoice/1/",
            "wardvoice/2/directory",
            "wardvoice/1/directory/",
            "/wardvoice/1/directory",
            "Wardvoice/1/directory",
            "wardvoice/1directory",
            "wardvoice/1/kiosks/k-1",
            "wardvoice/1/kiosks//records",
            "wardvoice/1/kiosks/+/records",
            "wardvoice/1/kiosks/#",
            "wardvoice/1/kiosks/k 1/records",
            "wardvoice/1/kiosks/k-1/records/",
            "wardvoice/1/kiosks/k-1/records/x",
            "wardvoice/1/kiosks/k-1/other",
            "wardvoice/1/kiosks/k-1/Records",
            "wardvoice/1/questionnaires/",
            "wardvoice/1/questionnaires/inpatient",
            "wardvoice/1/questionnaires/+",
            "wardvoice/1/wards//board",
            "wardvoice/1/wards/+/board",
            "wardvoice/1/wards/W1/W2/board",
            "wardvoice/1/wards/W1/records",
            "$SYS/broker/version",
        ] {
            assert_eq!(text.parse::<Topic>(), Err(TopicError(text.to_owned())));
        }
    }

    proptest! {
        #[test]
        fn every_topic_reads_back(kiosk in kiosk_id(), channel in prop::sample::select(&Channel::ALL[..])) {
            let topic = Topic::Kiosk(kiosk, channel);
            prop_assert_eq!(topic.to_string().parse(), Ok(topic));
        }

        #[test]
        fn what_reads_has_one_spelling(text in "(wardvoice/1/)?(kiosks/|wards/)?[a-z/+#-]{0,20}(/board)?") {
            if let Ok(topic) = text.parse::<Topic>() {
                prop_assert_eq!(topic.to_string(), text);
            }
        }
    }
}
