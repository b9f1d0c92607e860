//! TLS to the broker: whose certificates are believed, and in plain words why one was not.

use std::error::Error as _;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rumqttc::{ConnectionError, TlsConfiguration, TlsError};
use rustls::CertificateError;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use super::MqttError;

/// A configuration that believes what the certificates of a PEM file vouch for, and nothing else.
pub(super) fn trusting(ca: &Path) -> Result<TlsConfiguration, MqttError> {
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
        .with_no_client_auth();
    Ok(TlsConfiguration::Rustls(Arc::new(config)))
}

/// Why a connection failed, in words that say what to look at.
pub(super) fn why(error: &ConnectionError) -> String {
    let refused = match error {
        ConnectionError::Tls(TlsError::TLS(error)) => Some(error),
        ConnectionError::Tls(TlsError::Io(error)) => error.get_ref().and_then(|inner| inner.downcast_ref()),
        _ => None,
    };
    let Some(refused) = refused else {
        return if ended(error) { "the broker ended the connection".to_owned() } else { error.to_string() };
    };
    match refused {
        rustls::Error::InvalidCertificate(reason) => certificate(reason),
        rustls::Error::InvalidMessage(_) => "what answers there does not speak TLS".to_owned(),
        other => other.source().map_or_else(|| other.to_string(), |source| format!("{other}: {source}")),
    }
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
