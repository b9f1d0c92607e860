//! How a kiosk is taken in: the join code that a person carries from the office to the ward, and what both ends say then.
//!
//! It is said over TLS, one line of JSON each way, and not over MQTT: a kiosk that is new has no certificate that a broker
//! would let in.
//!
//! **The join code** is 28 characters of Crockford's base 32 (no I, L, O, U; case, spaces and dashes mean nothing), written in
//! groups of four. The first sixteen are 80 bits of the SHA-256 of the authority's certificate; the last twelve are a secret of
//! 60 bits. So a kiosk that knows nobody yet knows whom to believe: it takes the server for the hospital's only when the
//! authority with that hash vouches for it, and says the secret only then. Whoever stands in between would have to find another
//! certificate with the same 80 bits, which is 2^80 tries, and hears nothing otherwise. The secret works once, for one signing key,
//! for as long as the office said; the aggregator keeps only its hash.
//!
//! **Where the chain goes on.** A name that has sent records may be given to an empty tablet, because a broken one is replaced. It is told with
//! which number and hash the records end that are stored, and begins after them; a tablet that has an outbox of its own knows better.
//!
//! Old and new: the version of an [`Ask`] is 1. An aggregator refuses what it does not know with [`Refusal::BadRequest`], which
//! every kiosk reads. A kiosk passes over what it does not know in a welcome, as those do that know no [`KnownHead`]; an aggregator that says
//! none is one from before, or has no record in that name.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::assignment::KioskSettings;
use crate::envelope::ChainHead;
use crate::id::{Hash, Sequence};
use crate::keys::{Signature, VerifyingKey};

/// The longest line that is read from a kiosk, in bytes.
pub const MAX_ASK_BYTES: usize = 16 * 1024;
/// The longest line that is read from the aggregator, in bytes.
pub const MAX_ANSWER_BYTES: usize = 256 * 1024;

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const PIN_CHARACTERS: usize = 16;
const SECRET_CHARACTERS: usize = 12;
const GROUP: usize = 4;

/// A join code: whom to believe, and a secret that works once.
#[derive(Clone, PartialEq, Eq)]
pub struct JoinCode {
    pin: String,
    secret: String,
}

/// Why a text is not a join code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JoinCodeError {
    /// It has another length.
    #[error(
        "read the join code: it has {0} letters and digits instead of 28; type all seven groups that `kiosk enrol` printed"
    )]
    Length(usize),
    /// It holds something else than its letters and digits.
    #[error("read the join code: {0:?} is in no join code")]
    Character(char),
}

impl JoinCode {
    /// The code for an authority, by its certificate (DER), with 60 bits of a random secret.
    pub fn new(authority: &[u8], secret: [u8; 8]) -> Self {
        Self { pin: pin(authority), secret: base32(&secret, SECRET_CHARACTERS) }
    }

    /// Whether this is the authority, by its certificate (DER), that the code was made for.
    pub fn names(&self, authority: &[u8]) -> bool {
        self.pin == pin(authority)
    }

    /// The half that works once.
    pub fn secret(&self) -> &str {
        &self.secret
    }
}

/// What the aggregator keeps of a join code's secret.
pub fn secret_hash(secret: &str) -> Hash {
    Hash::of(format!("wardvoice join secret 1\n{secret}\n").as_bytes())
}

impl fmt::Display for JoinCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&grouped(self.pin.chars().chain(self.secret.chars())))
    }
}

impl fmt::Debug for JoinCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The secret stays out of every log.
        write!(formatter, "JoinCode({}…)", self.pin)
    }
}

impl FromStr for JoinCode {
    type Err = JoinCodeError;

    fn from_str(text: &str) -> Result<Self, JoinCodeError> {
        let mut characters = String::new();
        for character in text.chars().filter(|character| !character.is_whitespace() && *character != '-') {
            let meant = match character.to_ascii_uppercase() {
                'I' | 'L' => '1',
                'O' => '0',
                other => other,
            };
            if !u8::try_from(meant).is_ok_and(|byte| ALPHABET.contains(&byte)) {
                return Err(JoinCodeError::Character(character));
            }
            characters.push(meant);
        }
        if characters.len() != PIN_CHARACTERS + SECRET_CHARACTERS {
            return Err(JoinCodeError::Length(characters.len()));
        }
        let secret = characters.split_off(PIN_CHARACTERS);
        Ok(Self { pin: characters, secret })
    }
}

/// What people compare who see a signing key at two places, on a tablet and in the office: 80 bits of a hash of it, written as a join code is.
pub fn fingerprint(key: &VerifyingKey) -> String {
    grouped(pin(format!("wardvoice signing key 1\n{key}\n").as_bytes()).chars())
}

fn grouped(characters: impl Iterator<Item = char>) -> String {
    let mut text = String::new();
    for (place, character) in characters.enumerate() {
        if place > 0 && place.is_multiple_of(GROUP) {
            text.push('-');
        }
        text.push(character);
    }
    text
}

fn pin(authority: &[u8]) -> String {
    base32(Hash::of(authority).as_bytes(), PIN_CHARACTERS)
}

/// The first characters of some bytes in Crockford's base 32, five bits each, the highest first.
fn base32(bytes: &[u8], characters: usize) -> String {
    let bit = |place: usize| bytes.get(place / 8).map_or(0_u8, |byte| (byte >> (7 - place % 8)) & 1);
    let value = |character: usize| (0..5).fold(0_u8, |value, place| (value << 1) | bit(character * 5 + place));
    (0..characters)
        .map(|character| ALPHABET.get(usize::from(value(character))).copied().map_or('0', char::from))
        .collect()
}

/// What a kiosk asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// The version of this shape: 1.
    #[schemars(range(min = 1, max = 1))]
    pub version: u32,
    /// A certificate request for its TLS key: PKCS#10, DER, base64. The subject in it means nothing.
    pub request: String,
    /// What for.
    pub purpose: Purpose,
}

/// Why a kiosk asks for a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// It has a join code.
    Join(Box<Joining>),
    /// It has shown a certificate that ends soon.
    Renew,
}

/// What a kiosk joins with.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Joining {
    /// The code's last twelve characters.
    pub secret: String,
    /// The key it will sign records with.
    pub signing_key: VerifyingKey,
    /// That key's signature of [`proof`].
    pub proof: Signature,
}

impl fmt::Debug for Joining {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The secret stays out of every log.
        write!(formatter, "Joining(with {})", self.signing_key)
    }
}

/// What a kiosk signs with the key it joins with: so nobody can join with a key that is another's.
pub fn proof(secret: &str, request: &[u8]) -> Vec<u8> {
    format!("wardvoice join 1\n{}\n{}\n", secret_hash(secret), Hash::of(request)).into_bytes()
}

/// What the aggregator answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The kiosk is taken in.
    Welcome {
        /// Its certificate.
        pass: Pass,
        /// What it is told to be.
        settings: Box<KioskSettings>,
        /// Where the chain of its name stands; absent when nothing was stored in that name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        head: Option<KnownHead>,
    },
    /// Here is a new certificate.
    Renewed {
        /// The certificate.
        pass: Pass,
    },
    /// No.
    Refused(Refusal),
}

/// The last record that an aggregator has of a kiosk's chain. Those before it need not all be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KnownHead {
    /// Its number.
    pub sequence: Sequence,
    /// The hash of its envelope.
    pub hash: Hash,
}

impl From<KnownHead> for ChainHead {
    fn from(known: KnownHead) -> Self {
        Self { sequence: known.sequence.get(), hash: known.hash }
    }
}

/// A certificate and who vouches for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pass {
    /// The kiosk's certificate, PEM.
    pub certificate: String,
    /// The authority's certificate, PEM: whoever it vouches for is believed.
    pub authority: String,
    /// When the certificate ends.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub until: Timestamp,
    /// From when on a new one is to be asked for.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub renew_after: Timestamp,
}

/// Why a kiosk is not taken in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// There is no such code.
    #[error("the aggregator knows no such join code; type it again, or ask for a new one with `kiosk enrol`")]
    WrongCode,
    /// Another kiosk has joined with it.
    #[error("the join code has been used; ask for a new one with `kiosk enrol`")]
    UsedCode,
    /// It was for yesterday.
    #[error("the join code has run out; ask for a new one with `kiosk enrol`")]
    ExpiredCode,
    /// There were too many wrong codes from this address.
    #[error("too many wrong join codes came from here; wait {seconds} seconds")]
    Wait {
        /// How long.
        seconds: u64,
    },
    /// It has no certificate that counts.
    #[error("this kiosk's certificate counts no more; enrol it again with `kiosk enrol`")]
    NoCertificate,
    /// What was asked cannot be read, or is not allowed.
    #[error("the aggregator does not take what was asked: {reason}")]
    BadRequest {
        /// Why.
        reason: String,
    },
    /// The aggregator cannot at the moment.
    #[error("the aggregator cannot take the kiosk in: {reason}")]
    NotNow {
        /// Why.
        reason: String,
    },
}

/// Bytes as text between two lines that say what they are (RFC 7468), as certificates and keys stand in files.
pub fn pem(label: &str, bytes: &[u8]) -> String {
    const LINE: usize = 64;
    let text = STANDARD.encode(bytes);
    let mut lines = Vec::new();
    let mut rest = text.as_str();
    while let Some((line, after)) = rest.split_at_checked(LINE) {
        lines.push(line);
        rest = after;
    }
    if !rest.is_empty() {
        lines.push(rest);
    }
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;
    use crate::keys::SigningKey;

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let code = JoinCode::new(b"certificate", *b"\x00\x44\x32\x14\xc7\x42\x54\xb6");
        let text = code.to_string();
        assert_eq!(text.len(), 34, "{text}");
        assert_eq!(code.secret(), "0123456789AB");
        assert_eq!(text.parse::<JoinCode>().unwrap(), code);
        assert_eq!(text.to_lowercase().replace('-', " ").parse::<JoinCode>().unwrap(), code);
        assert_eq!(text.replace('0', "o").replace('1', "l").parse::<JoinCode>().unwrap(), code);
        assert!(!format!("{code:?}").contains("6789"), "the secret is in a log");
    }

    #[test]
    fn what_a_kiosk_asks_says_no_secret_in_a_log() {
        let (secret, key) = ("0123456789AB".to_owned(), SigningKey::from_bytes(&[7; 32]));
        let proof = key.sign(&proof(&secret, b"request"));
        let joining = Joining { secret: secret.clone(), signing_key: key.verifying_key(), proof };
        let purpose = Purpose::Join(Box::new(joining));
        let ask = Ask { version: 1, request: String::new(), purpose };
        let logged = format!("{ask:?}");
        assert!(logged.contains(&key.verifying_key().to_string()) && !logged.contains(&secret), "{logged}");
        assert!(serde_json::to_string(&ask).unwrap().contains(&secret), "the aggregator is told it");
    }

    #[test]
    fn a_fingerprint_is_one_keys_and_can_be_read_out() {
        let of = |byte| fingerprint(&SigningKey::from_bytes(&[byte; 32]).verifying_key());
        let (one, other) = (of(7), of(8));
        assert_eq!((&one, one.len()), (&of(7), 19));
        assert!(one.bytes().all(|byte| byte == b'-' || ALPHABET.contains(&byte)), "{one}");
        // Whoever looks at the beginning or the end alone sees it too.
        let groups: Vec<_> = one.split('-').zip(other.split('-')).collect();
        assert!(groups.len() == 4 && groups.iter().all(|(one, other)| one != other), "{one} {other}");
    }

    #[test]
    fn a_code_names_one_authority() {
        let code = JoinCode::new(b"certificate", [7; 8]);
        assert!(code.names(b"certificate"));
        assert!(!code.names(b"another"));
    }

    #[test]
    fn what_is_no_code_says_why() {
        let check = |text: &str, expected: JoinCodeError| assert_eq!(text.parse::<JoinCode>(), Err(expected));
        check("", JoinCodeError::Length(0));
        check("ABCD-EFGH", JoinCodeError::Length(8));
        check("ABCD-EFG!", JoinCodeError::Character('!'));
        check("UUUU", JoinCodeError::Character('U'));
    }

    #[test]
    fn text_for_files_has_lines_of_64() {
        assert_eq!(pem("X", b"abc"), "-----BEGIN X-----\nYWJj\n-----END X-----\n");
        let lines = |length: usize| pem("X", &vec![0; length]).lines().map(str::len).collect::<Vec<_>>();
        assert_eq!(lines(48), [17, 64, 15]);
        assert_eq!(lines(49), [17, 64, 4, 15]);
    }

    #[test]
    fn every_refusal_reads_back() {
        for refusal in [
            Refusal::WrongCode,
            Refusal::UsedCode,
            Refusal::ExpiredCode,
            Refusal::Wait { seconds: 4 },
            Refusal::NoCertificate,
            Refusal::BadRequest { reason: "x".to_owned() },
            Refusal::NotNow { reason: "x".to_owned() },
        ] {
            let answer = Answer::Refused(refusal);
            let text = serde_json::to_string(&answer).unwrap();
            assert_eq!(serde_json::from_str::<Answer>(&text).unwrap(), answer, "{text}");
        }
    }
}
