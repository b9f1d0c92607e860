//! A check of passes that also asks whether each still counts, so that whoever shows one that was taken back is told so by TLS.

use std::fmt;
use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};

use crate::authority::{Bearer, SharedAuthority};

/// What another verifier takes and the authority has not taken back.
pub(super) struct Standing {
    inner: Arc<dyn ClientCertVerifier>,
    authority: SharedAuthority,
}

impl Standing {
    pub(super) fn new(inner: Arc<dyn ClientCertVerifier>, authority: SharedAuthority) -> Self {
        Self { inner, authority }
    }
}

impl ClientCertVerifier for Standing {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.inner.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let taken = self.inner.verify_client_cert(end_entity, intermediates, now)?;
        let counts = Bearer::of(end_entity)
            .is_some_and(|bearer| self.authority.issued().counts(bearer.serial.as_ref(), &bearer.kiosk));
        if counts { Ok(taken) } else { Err(Error::InvalidCertificate(CertificateError::Revoked)) }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

impl fmt::Debug for Standing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Standing({:?})", self.inner)
    }
}
