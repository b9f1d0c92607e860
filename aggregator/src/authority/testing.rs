//! What tests of other rooms need of a kiosk.
#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use rcgen::{CertificateParams, KeyPair};

/// A certificate request (DER) for a new key.
pub(crate) fn request() -> Vec<u8> {
    let key = KeyPair::generate().unwrap();
    CertificateParams::default().serialize_request(&key).unwrap().der().to_vec()
}
