//! Opening with a key whose public half is at hand.
//!
//! To open, RFC 9180 section 4.1 (`Decap`) wants the receiver's public key, which `hpke`'s own key encapsulation derives
//! from the secret one each time: a multiplication on the curve for every record, about an eighth of what a record costs.
//! [`Opening`] is the same encapsulation, DHKEM(X25519, HKDF-SHA256), over a secret key that carries its public half.
//! The multiplication that remains is done on the Edwards form of the curve, where `curve25519-dalek` has vector instructions and
//! the Montgomery ladder of X25519 has none: a fifth faster with the conversions there and back, in constant time as well, and
//! by definition the same result (RFC 7748, section 4.1).
//! Everything else is `hpke`'s: the key schedule, the cipher, the key derivation. The tests hold it against `hpke`'s own.

use curve25519_dalek::montgomery::MontgomeryPoint;
use curve25519_dalek::traits::IsIdentity as _;
use hpke::kdf::Kdf as _;
use hpke::kem::SharedSecret;
use hpke::rand_core::CryptoRng;
use hpke::{Deserializable, HpkeError, Kem, Serializable};
use subtle::{Choice, ConstantTimeEq};
use x25519_dalek::{PublicKey, StaticSecret};

use super::SealKem;
use crate::envelope::SealKdf;

/// `"KEM"` and the number of DHKEM(X25519, HKDF-SHA256), which the key derivation is bound to.
const SUITE: [u8; 5] = *b"KEM\x00\x20";
const KEY_BYTES: usize = 32;

/// DHKEM(X25519, HKDF-SHA256) for the one who opens. It never seals: that is [`SealKem`]'s.
pub(crate) struct Opening;

/// A secret key with its public half.
#[derive(Clone)]
pub(crate) struct Secret {
    /// As `hpke` holds it: checked and clamped.
    inner: <SealKem as Kem>::PrivateKey,
    scalar: StaticSecret,
    public: [u8; KEY_BYTES],
}

impl Secret {
    fn new(inner: <SealKem as Kem>::PrivateKey) -> Self {
        let scalar = StaticSecret::from(<[u8; KEY_BYTES]>::from(inner.to_bytes()));
        let public = PublicKey::from(&scalar).to_bytes();
        Self { inner, scalar, public }
    }
}

impl ConstantTimeEq for Secret {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.inner.ct_eq(&other.inner)
    }
}

impl Serializable for Secret {
    type OutputSize = <<SealKem as Kem>::PrivateKey as Serializable>::OutputSize;

    fn write_exact(&self, bytes: &mut [u8]) {
        self.inner.write_exact(bytes);
    }
}

impl Deserializable for Secret {
    fn from_bytes(bytes: &[u8]) -> Result<Self, HpkeError> {
        <SealKem as Kem>::PrivateKey::from_bytes(bytes).map(Self::new)
    }
}

impl Kem for Opening {
    type PublicKey = <SealKem as Kem>::PublicKey;
    type PrivateKey = Secret;
    type EncappedKey = <SealKem as Kem>::EncappedKey;
    type NSecret = <SealKem as Kem>::NSecret;

    const KEM_ID: u16 = SealKem::KEM_ID;

    fn sk_to_pk(secret: &Secret) -> Self::PublicKey {
        SealKem::sk_to_pk(&secret.inner)
    }

    fn derive_keypair(material: &[u8]) -> (Secret, Self::PublicKey) {
        let (secret, public) = SealKem::derive_keypair(material);
        (Secret::new(secret), public)
    }

    fn decap(
        receiver: &Secret,
        sender: Option<&Self::PublicKey>,
        encapsulated: &Self::EncappedKey,
    ) -> Result<SharedSecret<Self>, HpkeError> {
        if sender.is_some() {
            // Senders are known by their signatures here, never by this.
            return Err(HpkeError::DecapError);
        }
        let encapsulated: [u8; KEY_BYTES] = encapsulated.to_bytes().into();
        let exchanged = exchange(&receiver.scalar, encapsulated);
        if exchanged.is_identity() {
            return Err(HpkeError::DecapError);
        }
        let mut context = [0; 2 * KEY_BYTES];
        let (ours, theirs) = context.split_at_mut(KEY_BYTES);
        ours.copy_from_slice(&encapsulated);
        theirs.copy_from_slice(&receiver.public);
        let mut shared = SharedSecret::<Self>::default();
        SealKdf::extract_and_expand(exchanged.as_bytes(), &SUITE, &context, &mut shared.0)?;
        Ok(shared)
    }

    fn encap_with_rng(
        _: &Self::PublicKey,
        _: Option<(&Secret, &Self::PublicKey)>,
        _: &mut impl CryptoRng,
    ) -> Result<(SharedSecret<Self>, Self::EncappedKey), HpkeError> {
        Err(HpkeError::EncapError)
    }
}

/// X25519 of RFC 7748, section 5. What the sender says is public, so which way it takes tells nobody anything.
fn exchange(secret: &StaticSecret, point: [u8; KEY_BYTES]) -> MontgomeryPoint {
    let point = MontgomeryPoint(point);
    match point.to_edwards(0) {
        Some(point) => point.mul_clamped(secret.to_bytes()).to_montgomery(),
        // On the twist, where no honest kiosk's key is, there is no Edwards form.
        None => point.mul_clamped(secret.to_bytes()),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use hpke::aead::ChaCha20Poly1305;
    use hpke::{OpModeR, OpModeS, setup_receiver, setup_sender_with_rng};
    use proptest::prelude::*;

    use super::*;
    use crate::arbitrary::Fixed;

    fn decapsulate<K: Kem>(key: &[u8; 32], encapsulated: &[u8; 32]) -> Result<Vec<u8>, HpkeError> {
        let key = K::PrivateKey::from_bytes(key)?;
        let encapsulated = K::EncappedKey::from_bytes(encapsulated)?;
        K::decap(&key, None, &encapsulated).map(|shared| shared.0.to_vec())
    }

    /// RFC 9180, appendix A.1.1, is DHKEM(X25519, HKDF-SHA256) with another cipher behind it: the encapsulation is ours.
    #[test]
    fn the_shared_secret_is_the_rfcs() {
        let bytes = |hex: &str| -> [u8; 32] {
            let digits: Vec<u8> =
                hex.chars().map(|digit| u8::try_from(digit.to_digit(16).unwrap()).unwrap()).collect();
            let bytes: Vec<u8> =
                digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect();
            bytes.try_into().unwrap()
        };
        let secret = bytes("4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8");
        let encapsulated = bytes("37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431");
        let expected = bytes("fe0e18c9f024ce43799ae393c7e8fe8fce9d218875e8227b0187c04e7d2ea1fc");
        assert_eq!(decapsulate::<Opening>(&secret, &encapsulated), Ok(expected.to_vec()));
    }

    #[test]
    fn points_that_give_nothing_away_and_nothing_in_are_refused() {
        // RFC 7748, section 6.1: with a point of small order the shared secret is zero whatever the key.
        for encapsulated in [[0; 32], {
            let mut one = [0; 32];
            one[0] = 1;
            one
        }] {
            assert_eq!(decapsulate::<Opening>(&[7; 32], &encapsulated), Err(HpkeError::DecapError));
            assert_eq!(decapsulate::<SealKem>(&[7; 32], &encapsulated), Err(HpkeError::DecapError));
        }
        assert!(Secret::from_bytes(&[1; 31]).is_err());
    }

    #[test]
    fn it_only_opens() {
        let mut rng = Fixed::new([3; 32]);
        let (secret, public) = Opening::gen_keypair_with_rng(&mut rng);
        assert_eq!(Opening::sk_to_pk(&secret), public);
        assert!(Opening::encap_with_rng(&public, None, &mut rng).is_err());
        let (_, encapsulated) = SealKem::encap_with_rng(&public, None, &mut rng).unwrap();
        assert!(Opening::decap(&secret, Some(&public), &encapsulated).is_err());
    }

    proptest! {
        #[test]
        fn it_says_what_the_library_says(key in any::<[u8; 32]>(), encapsulated in any::<[u8; 32]>()) {
            prop_assert_eq!(
                decapsulate::<Opening>(&key, &encapsulated),
                decapsulate::<SealKem>(&key, &encapsulated)
            );
            let (ours, theirs) = (Secret::from_bytes(&key).unwrap(), <SealKem as Kem>::PrivateKey::from_bytes(&key).unwrap());
            prop_assert_eq!(ours.to_bytes(), theirs.to_bytes());
            prop_assert!(bool::from(ours.ct_eq(&Secret::new(theirs))));
        }

        #[test]
        fn what_is_sealed_is_opened(key in any::<[u8; 32]>(), seed in any::<[u8; 32]>(), text in any::<Vec<u8>>()) {
            let secret = Secret::from_bytes(&key).unwrap();
            let public = Opening::sk_to_pk(&secret);
            let mut rng = Fixed::new(seed);
            let (encapsulated, mut sender) = setup_sender_with_rng::<ChaCha20Poly1305, SealKdf, SealKem>(
                &OpModeS::Base, &public, b"info", &mut rng,
            ).unwrap();
            let sealed = sender.seal(&text, b"aad").unwrap();
            let mut receiver = setup_receiver::<ChaCha20Poly1305, SealKdf, Opening>(
                &OpModeR::Base, &secret, &encapsulated, b"info",
            ).unwrap();
            prop_assert_eq!(receiver.open(&sealed, b"aad").unwrap(), text);
        }
    }
}
