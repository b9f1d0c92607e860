//! Whatever comes as a certificate request or is shown as a certificate: it is what was signed, or nothing.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::garbled;

static REQUEST: LazyLock<Vec<u8>> = LazyLock::new(super::super::testing::request);

static CERTIFICATE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let (_folder, authority) = authority();
    let pass = authority.admit(&kiosk("k-1"), &asked(), at(0)).unwrap();
    CertificateDer::from_pem_slice(pass.certificate.as_bytes()).unwrap().to_vec()
});

proptest! {
    #[test]
    fn a_request_is_the_one_that_was_signed_or_none(bytes in garbled::bytes(vec![REQUEST.clone()])) {
        if let Ok(request) = CertificateRequest::read(&bytes) {
            prop_assert_eq!(request, CertificateRequest::read(&REQUEST).unwrap());
        }
    }

    #[test]
    fn no_certificate_is_too_strange_to_be_read(bytes in garbled::bytes(vec![CERTIFICATE.clone()])) {
        if let Some(bearer) = Bearer::of(&bytes) {
            prop_assert!(KioskId::new(bearer.kiosk.as_str()).is_ok());
        }
    }
}
