//! Names of things: each id is a type of its own with one constructor that validates, and serde goes through it.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a {kind}: {rule}")]
pub struct IdError {
    kind: &'static str,
    text: String,
    rule: &'static str,
}

const RULE: &str = "use 1 to 40 ASCII letters, digits, '-' or '_', starting with a letter or digit";

fn is_plain(text: &str) -> bool {
    text.len() <= 40
        && text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

macro_rules! plain_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schemars(!try_from, !into)]
        pub struct $name(#[schemars(regex(pattern = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$"))] String);

        impl $name {
            /// Checks the text and makes the id.
            pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
                let text = text.into();
                if is_plain(&text) { Ok(Self(text)) } else { Err(IdError { kind: $kind, text, rule: RULE }) }
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

plain_id!(/// A kiosk, for example `k-0017`.
    KioskId, "kiosk id");

impl KioskId {
    /// Whether it is a simulated kiosk, which may introduce itself where the aggregator allows that.
    pub fn is_simulated(&self) -> bool {
        self.0.starts_with("sim-")
    }
}

plain_id!(/// A ward, for example `W12`.
    WardId, "ward id");
plain_id!(/// A department.
    DepartmentId, "department id");
plain_id!(/// A hospital site.
    SiteId, "site id");
plain_id!(/// The trust.
    TrustId, "trust id");
plain_id!(/// A specialty.
    SpecialtyId, "specialty id");
plain_id!(/// A consultant. Never a name.
    ConsultantId, "consultant id");
plain_id!(/// A questionnaire, for example `inpatient`.
    QuestionnaireId, "questionnaire id");
plain_id!(/// A question, stable over versions while its meaning is.
    QuestionId, "question id");
plain_id!(/// An option of a question, stable over versions while its meaning is.
    OptionId, "option id");
plain_id!(/// A domain of care, for example `kindness`.
    DomainId, "domain id");

/// A language as a BCP 47 tag, for example `en`, `cy`, `en-x-easy`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(!try_from, !into)]
pub struct Language(#[schemars(regex(pattern = r"^[A-Za-z0-9][A-Za-z0-9-]{0,39}$"))] String);

impl Language {
    /// Checks the shape of the tag (not that it is registered).
    pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
        let text = text.into();
        let shaped = is_plain(&text) && !text.contains('_');
        if shaped { Ok(Self(text)) } else { Err(IdError { kind: "language tag", text, rule: RULE }) }
    }

    /// English, the language every questionnaire has.
    pub fn english() -> Self {
        Self("en".to_owned())
    }

    /// The tag as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Language {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        Self::new(text)
    }
}

impl From<Language> for String {
    fn from(language: Language) -> String {
        language.0
    }
}

impl FromStr for Language {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::new(text)
    }
}

impl fmt::Display for Language {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A record's id: a UUID version 7 whose time is cut to the hour, so that the id says nothing about when in the
/// hour a patient answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(!try_from, !into)]
pub struct RecordId(
    #[schemars(
        with = "String",
        regex(pattern = r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$")
    )]
    uuid::Uuid,
);

impl RecordId {
    /// Makes an id from the wall clock, in milliseconds since 1970, and ten random bytes.
    pub fn new(unix_ms: u64, random: [u8; 10]) -> Self {
        const HOUR_MS: u64 = 3_600_000;
        let hour = unix_ms - unix_ms % HOUR_MS;
        Self(uuid::Builder::from_unix_timestamp_millis(hour, &random).into_uuid())
    }

    /// The sixteen bytes of the id.
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// Whether an id of any hour was made from these ten random bytes, as those of a [withdrawal code](crate::withdrawal) are.
    pub fn is_made_of(&self, random: [u8; 10]) -> bool {
        self.as_bytes().last_chunk::<10>() == Self::new(0, random).as_bytes().last_chunk::<10>()
    }

    /// The id from its sixteen bytes; `None` unless they are a UUID of version 7.
    pub fn from_bytes(bytes: [u8; 16]) -> Option<Self> {
        let uuid = uuid::Uuid::from_bytes(bytes);
        (uuid.get_version_num() == 7).then_some(Self(uuid))
    }
}

impl TryFrom<String> for RecordId {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<RecordId> for String {
    fn from(id: RecordId) -> String {
        id.to_string()
    }
}

impl FromStr for RecordId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        // Only the lower-case hyphenated form is accepted: one id has one spelling, so one signature input.
        let error = || IdError {
            kind: "record id",
            text: text.to_owned(),
            rule: "use a UUID of version 7 in lower-case hyphenated form",
        };
        let uuid = uuid::Uuid::try_parse(text).map_err(|_| error())?;
        if uuid.get_version_num() == 7 && uuid.hyphenated().to_string() == text {
            Ok(Self(uuid))
        } else {
            Err(error())
        }
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.hyphenated(), formatter)
    }
}

/// A record's place in its kiosk's sequence: 1, 2, 3 …
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "u64", into = "u64")]
#[schemars(!try_from, !into)]
pub struct Sequence(#[schemars(range(min = 1))] u64);

impl Sequence {
    /// The first number of every kiosk.
    pub const FIRST: Self = Self(1);

    /// A sequence number; `None` for 0.
    pub fn new(number: u64) -> Option<Self> {
        (number >= 1).then_some(Self(number))
    }

    /// The number.
    pub fn get(self) -> u64 {
        self.0
    }

    /// The number after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl TryFrom<u64> for Sequence {
    type Error = IdError;
    fn try_from(number: u64) -> Result<Self, IdError> {
        Self::new(number).ok_or_else(|| IdError {
            kind: "sequence number",
            text: number.to_string(),
            rule: "sequence numbers start at 1",
        })
    }
}

impl From<Sequence> for u64 {
    fn from(sequence: Sequence) -> u64 {
        sequence.0
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A SHA-256, written as 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(!try_from, !into)]
pub struct Hash(#[schemars(with = "String", regex(pattern = r"^[0-9a-f]{64}$"))] [u8; 32]);

impl Hash {
    /// What the first envelope of a kiosk names as the one before it.
    pub const ZERO: Self = Self([0; 32]);

    /// The SHA-256 of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest;
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// A hash from its 32 bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl TryFrom<String> for Hash {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl FromStr for Hash {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let error =
            || IdError { kind: "hash", text: text.to_owned(), rule: "use 64 lower-case hexadecimal digits" };
        let digit = |b: u8| match b {
            b'0'..=b'9' => Some(b - b'0'),
            b'a'..=b'f' => Some(b - b'a' + 10),
            _ => None,
        };
        let mut bytes = [0; 32];
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != 32 || !rest.is_empty() {
            return Err(error());
        }
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = digit(*high).ok_or_else(error)? << 4 | digit(*low).ok_or_else(error)?;
        }
        Ok(Self(bytes))
    }
}

impl From<Hash> for String {
    fn from(hash: Hash) -> String {
        hash.to_string()
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests;
