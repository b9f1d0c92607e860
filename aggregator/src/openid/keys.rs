//! The keys that a provider signs with (RFC 7517), and signatures checked by `ring`.
//!
//! Only RS256 and ES256 are known: `none` signs nothing, and with HMAC whoever can check can sign. `jsonwebtoken` holds the algorithm of a
//! token against the kind of the key; the arithmetic is `ring`'s, as everywhere in this house.

use std::sync::Once;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind, EncodingKey, signature};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;
use serde_json::Value;

/// The most keys that are looked at.
const MOST_KEYS: usize = 100;
/// The length of a coordinate of a point of P-256, in bytes.
const COORDINATE_BYTES: usize = 32;

/// The keys as the provider says them. What is not known is passed over.
#[derive(Debug, Deserialize)]
pub(super) struct KeysFile {
    keys: Vec<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct KeyFile {
    kty: String,
    #[serde(rename = "use")]
    usage: Option<String>,
    alg: Option<String>,
    kid: Option<String>,
    n: Option<String>,
    e: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

/// The keys that signatures can be checked with.
#[derive(Debug, Default)]
pub(super) struct Keys(Vec<Key>);

#[derive(Debug)]
struct Key {
    id: Option<String>,
    algorithm: Algorithm,
    public: DecodingKey,
}

impl From<KeysFile> for Keys {
    fn from(file: KeysFile) -> Self {
        let keys = file.keys.into_iter().take(MOST_KEYS).filter_map(|key| serde_json::from_value(key).ok());
        Self(keys.filter_map(KeyFile::into_key).collect())
    }
}

impl Keys {
    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The key that a token names; where it names none, the only one there is for its algorithm.
    pub(super) fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<&DecodingKey> {
        let mut found = self.0.iter().filter(|key| key.algorithm == algorithm);
        match id {
            Some(id) => found.find(|key| key.id.as_deref() == Some(id)).map(|key| &key.public),
            None => found.next().filter(|_| found.next().is_none()).map(|key| &key.public),
        }
    }
}

impl KeyFile {
    fn into_key(self) -> Option<Key> {
        if self.usage.as_deref().is_some_and(|usage| usage != "sig") {
            return None;
        }
        let (algorithm, key) = match self.kty.as_str() {
            "RSA" => {
                let (n, e) = (bytes(self.n.as_deref()?)?, bytes(self.e.as_deref()?)?);
                (Algorithm::RS256, DecodingKey::from_rsa_raw_components(trimmed(&n), trimmed(&e)))
            }
            "EC" if self.crv.as_deref() == Some("P-256") => {
                let (x, y) = (bytes(self.x.as_deref()?)?, bytes(self.y.as_deref()?)?);
                if x.len() != COORDINATE_BYTES || y.len() != COORDINATE_BYTES {
                    return None;
                }
                (
                    Algorithm::ES256,
                    DecodingKey::from_ec_der(&[[4].as_slice(), x.as_slice(), y.as_slice()].concat()),
                )
            }
            _ => return None,
        };
        let named = match algorithm {
            Algorithm::RS256 => "RS256",
            _ => "ES256",
        };
        if self.alg.as_deref().is_some_and(|alg| alg != named) {
            return None;
        }
        Some(Key { id: self.kid, algorithm, public: key })
    }
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()
}

/// Some providers write a zero in front, which is no part of the number and which `ring` refuses.
fn trimmed(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

/// Lets `jsonwebtoken` check signatures by `ring`.
pub(super) fn install() {
    static ONCE: Once = Once::new();
    static BY_RING: CryptoProvider = CryptoProvider {
        signer_factory: no_signer,
        verifier_factory: verifier,
        key_utils: KeyUtils::new_unimplemented(),
    };
    // Nothing else in this program installs one.
    ONCE.call_once(|| {
        if BY_RING.install_default().is_err() {
            tracing::warn!("signatures of the trust's sign-in are checked by another library");
        }
    });
}

/// Nothing is signed here.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "as the library calls it")]
fn no_signer(_: &Algorithm, _: &EncodingKey) -> Result<Box<dyn JwtSigner>, Error> {
    Err(ErrorKind::UnsupportedAlgorithm.into())
}

#[expect(clippy::trivially_copy_pass_by_ref, clippy::unnecessary_wraps, reason = "as the library calls it")]
pub(super) fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>, Error> {
    Ok(Box::new(ByRing { algorithm: *algorithm, key: key.clone() }))
}

struct ByRing {
    algorithm: Algorithm,
    key: DecodingKey,
}

impl JwtVerifier for ByRing {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

impl signature::Verifier<Vec<u8>> for ByRing {
    fn verify(&self, message: &[u8], signed: &Vec<u8>) -> Result<(), signature::Error> {
        let held = match (self.algorithm, self.key.kind()) {
            (Algorithm::RS256, DecodingKeyKind::RsaModulusExponent { n, e }) => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signed)
            }
            (Algorithm::ES256, DecodingKeyKind::SecretOrDer(point)) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signed)
            }
            _ => return Err(signature::Error::new()),
        };
        held.map_err(|_| signature::Error::new())
    }
}
