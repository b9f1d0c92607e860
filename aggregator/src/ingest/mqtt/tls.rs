//! TLS to the broker: whose certificates are believed, and in plain words why one was not.

use std::error::Error as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rumqttc::{ConnectionError, TlsConfiguration, TlsError};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{CertificateError, ClientConfig, RootCertStore};

use super::LinkError;
use super::certificate::{NoteCertificate, Noting};
use crate::authority::ClientPass;

/// Who vouches for the broker.
#[derive(Debug, Clone)]
pub(super) enum Authority {
    /// Whom the system trusts.
    System,
    /// The certificates of a PEM file, and nobody else.
    File(PathBuf),
    /// The built-in one.
    BuiltIn(CertificateDer<'static>),
}

/// A configuration that believes what an authority vouches for, and shows a pass where there is one. Who wants to know is told until
/// when the certificate is valid.
pub(super) fn trusting(
    authority: &Authority,
    note: Option<&NoteCertificate>,
    pass: Option<&Arc<ClientPass>>,
) -> Result<TlsConfiguration, LinkError> {
    let roots = match authority {
        Authority::System => of_the_system()?,
        Authority::File(path) => of_a_file(path)?,
        Authority::BuiltIn(certificate) => {
            let mut roots = RootCertStore::empty();
            roots.add(certificate.clone()).map_err(|error| LinkError::Start(error.to_string()))?;
            roots
        }
    };
    let builder = if let Some(note) = note {
        let inner = WebPkiServerVerifier::builder(Arc::new(roots)).build();
        let inner = inner.map_err(|error| LinkError::Start(error.to_string()))?;
        let noting = Noting::new(inner, Arc::clone(note));
        ClientConfig::builder().dangerous().with_custom_certificate_verifier(Arc::new(noting))
    } else {
        ClientConfig::builder().with_root_certificates(roots)
    };
    let mut config = match pass {
        Some(pass) => builder.with_client_cert_resolver(Arc::<ClientPass>::clone(pass)),
        None => builder.with_no_client_auth(),
    };
    // A session that goes on shows no certificate, and a new one would stay unseen.
    config.resumption = Resumption::disabled();
    Ok(TlsConfiguration::Rustls(Arc::new(config)))
}

/// Not by the client's own way, which panics when one of the system's certificates is not readable.
fn of_the_system() -> Result<RootCertStore, LinkError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let reason = found.errors.first().map(|error| format!(" ({error})"));
        return Err(LinkError::NoAuthority(reason.unwrap_or_default()));
    }
    Ok(roots)
}

fn of_a_file(path: &Path) -> Result<RootCertStore, LinkError> {
    let failed = |reason: String| LinkError::File { path: path.to_owned(), reason };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| failed(error.to_string()))? {
        let certificate = certificate.map_err(|error| failed(error.to_string()))?;
        roots.add(certificate).map_err(|error| failed(error.to_string()))?;
    }
    if roots.is_empty() { Err(failed("it holds no certificate".to_owned())) } else { Ok(roots) }
}

/// Why a connection failed, in words that say what to look at.
pub(super) fn why(error: &ConnectionError) -> String {
    let refused = match error {
        ConnectionError::Tls(TlsError::TLS(error)) => Some(error),
        ConnectionError::Tls(TlsError::Io(error)) => error.get_ref().and_then(|inner| inner.downcast_ref()),
        _ => None,
    };
    let Some(refused) = refused else { return error.to_string() };
    match refused {
        rustls::Error::InvalidCertificate(reason) => certificate(reason),
        rustls::Error::InvalidMessage(_) => "what answers there does not speak TLS".to_owned(),
        other => other.source().map_or_else(|| other.to_string(), |source| format!("{other}: {source}")),
    }
}

fn certificate(reason: &CertificateError) -> String {
    match reason {
        // A bad signature is that of another authority with the same name.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "its certificate is not from an authority that is trusted here (broker.ca_file, or --ca); \
             nothing was sent to it"
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its certificate has expired, or this machine's clock is wrong; nothing was sent to it"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet, or this machine's clock is wrong; nothing was sent to it"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is for another name than its address; nothing was sent to it"
        }
        other => return format!("its certificate is not believed ({other}); nothing was sent to it"),
    }
    .to_owned()
}
