//! TLS to the broker: whose certificates are believed, what the kiosk shows, and in plain words why a connection failed.

use std::error::Error as _;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rumqttc::{ConnectionError, TlsConfiguration, TlsError};
use rustls::client::ResolvesClientCert;
use rustls::sign::CertifiedKey;
use rustls::{AlertDescription, CertificateError, SignatureScheme};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use super::MqttError;
use crate::pass;

/// A configuration that believes what the certificates of a PEM file vouch for, and nothing else. It shows the kiosk's pass where
/// there is one.
pub(super) fn trusting(ca: &Path, pass: &Path) -> Result<TlsConfiguration, MqttError> {
    let certificates = |reason: String| MqttError::Certificates { path: ca.to_owned(), reason };
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(ca).map_err(|error| certificates(error.to_string()))? {
        let certificate = certificate.map_err(|error| certificates(error.to_string()))?;
        roots.add(certificate).map_err(|error| certificates(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(certificates("there is no certificate in it".to_owned()));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| MqttError::Tls(error.to_string()))?
        .with_root_certificates(roots)
        .with_client_cert_resolver(Arc::new(Shown(pass.to_owned())));
    Ok(TlsConfiguration::Rustls(Arc::new(config)))
}

/// The kiosk's pass, read at every connection, because it is renewed meanwhile.
#[derive(Debug)]
struct Shown(PathBuf);

impl ResolvesClientCert for Shown {
    fn resolve(&self, _hints: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        match pass::read(&self.0) {
            Ok(pass) => pass,
            Err(error) => {
                tracing::error!("failed to {error}");
                None
            }
        }
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// Who answers in a broker's place most often.
const A_PORTAL: &str = "perhaps the network wants somebody to sign in first; nothing was lost";

/// Why a connection failed, in words that say what to look at.
pub(super) fn why(error: &ConnectionError) -> String {
    let refused = match error {
        ConnectionError::NotConnAck(_) => return format!("what answers there is no broker: {A_PORTAL}"),
        ConnectionError::Tls(TlsError::TLS(error)) => Some(error),
        ConnectionError::Tls(TlsError::Io(error)) => error.get_ref().and_then(|inner| inner.downcast_ref()),
        other => said_later(other),
    };
    let Some(refused) = refused else {
        return if ended(error) { "the broker ended the connection".to_owned() } else { error.to_string() };
    };
    match refused {
        rustls::Error::InvalidCertificate(reason) => certificate(reason),
        rustls::Error::InvalidMessage(_) => format!("what answers there does not speak TLS: {A_PORTAL}"),
        rustls::Error::AlertReceived(
            AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied,
        ) => "the broker does not take this kiosk's certificate: enrol the kiosk again (`kiosk enrol`)".to_owned(),
        other => other.source().map_or_else(|| other.to_string(), |source| format!("{other}: {source}")),
    }
}

/// What TLS 1.3 says after the handshake: that the other side does not take our certificate.
fn said_later(error: &ConnectionError) -> Option<&rustls::Error> {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        let inside = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(said) = inside.and_then(|inner| inner.downcast_ref()) {
            return Some(said);
        }
        cause = error.source();
    }
    None
}

/// Whether the other side closed, however many libraries have wrapped that in their own words.
fn ended(error: &ConnectionError) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::UnexpectedEof) {
            return true;
        }
        cause = error.source();
    }
    false
}

fn certificate(reason: &CertificateError) -> String {
    match reason {
        // A bad signature is that of another authority with the same name.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "the broker's certificate is not from an authority that this kiosk trusts; nothing was sent to it \
             (the authority's certificate belongs into ca.pem)"
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the broker's certificate has expired, or this kiosk's clock is wrong; nothing was sent to it"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the broker's certificate is not valid yet, or this kiosk's clock is wrong; nothing was sent to it"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the broker's certificate is for another name than the broker's address; nothing was sent to it"
        }
        other => return format!("the broker's certificate is not believed ({other}); nothing was sent to it"),
    }
    .to_owned()
}
