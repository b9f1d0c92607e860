//! A certificate request (PKCS#10, RFC 2986): a public key, and the proof that whoever asks has the private one.
//!
//! Nothing else of it is believed. Whose certificate it becomes is decided by who asks, not by the name in the request.

use rcgen::{PKCS_ECDSA_P256_SHA256, PublicKeyData, SignatureAlgorithm};
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::request::CertReq;

/// A request whose proof was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateRequest {
    point: Vec<u8>,
}

/// Why a request is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// It is no request.
    #[error("the certificate request cannot be read: {0}")]
    Unreadable(String),
    /// The key is of another kind.
    #[error("the certificate request is for another kind of key: a key on the curve P-256 is taken")]
    OtherKey,
    /// Whoever asks does not have the key.
    #[error("the certificate request is not signed with its own key")]
    NotSigned,
}

impl CertificateRequest {
    /// Reads and checks a request, DER.
    pub fn read(bytes: &[u8]) -> Result<Self, RequestError> {
        let unreadable = |error: x509_cert::der::Error| RequestError::Unreadable(error.to_string());
        let request = CertReq::from_der(bytes).map_err(unreadable)?;
        let point = request.info.public_key.subject_public_key.raw_bytes().to_vec();
        let asked = Self { point };
        // The curve stands in the algorithm, so equal bytes mean that it is the one.
        if request.info.public_key.to_der().map_err(unreadable)? != asked.subject_public_key_info() {
            return Err(RequestError::OtherKey);
        }
        let signed = request.info.to_der().map_err(unreadable)?;
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &asked.point);
        key.verify(&signed, request.signature.raw_bytes()).map_err(|_| RequestError::NotSigned)?;
        Ok(asked)
    }
}

impl PublicKeyData for CertificateRequest {
    fn der_bytes(&self) -> &[u8] {
        &self.point
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}
