//! Until when the broker's certificate is valid. TLS itself decides whether it is believed, and does not say until when.
//!
//! What is not a certificate (RFC 5280) is no date: nothing but an alert is made of it.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};

use crate::authority::not_after;

/// Who is told until when the certificate is valid that was shown; called on the line's thread at every connection.
pub type NoteCertificate = Arc<dyn Fn(Timestamp) + Send + Sync>;

/// Believes what another verifier believes, and notes until when.
pub(super) struct Noting {
    inner: Arc<WebPkiServerVerifier>,
    note: NoteCertificate,
}

impl Noting {
    pub(super) fn new(inner: Arc<WebPkiServerVerifier>, note: NoteCertificate) -> Self {
        Self { inner, note }
    }
}

impl ServerCertVerifier for Noting {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let believed = self.inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        // One that has run out is refused and is still the broker's, which somebody should renew.
        let is_the_brokers = matches!(
            &believed,
            Ok(_)
                | Err(Error::InvalidCertificate(
                    CertificateError::Expired | CertificateError::ExpiredContext { .. }
                ))
        );
        if is_the_brokers && let Some(until) = not_after(end_entity) {
            (self.note)(until);
        }
        believed
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

impl fmt::Debug for Noting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Noting({:?})", self.inner)
    }
}

#[cfg(test)]
mod tests;
