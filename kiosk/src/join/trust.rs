//! Whom a kiosk believes that asks for a pass, and in plain words why somebody was not believed.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use wardvoice_protocol::enrolment::JoinCode;

use super::JoinError;

/// Believes what the authority vouches for whose hash stands in a join code.
#[derive(Debug)]
struct Named {
    code: JoinCode,
    provider: Arc<CryptoProvider>,
}

/// TLS for a kiosk that knows nobody but its code.
pub(super) fn of_the_code(code: &JoinCode) -> Result<Arc<ClientConfig>, String> {
    let provider = provider();
    let named = Named { code: code.clone(), provider: Arc::clone(&provider) };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(named))
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// TLS for a kiosk that has a pass, and the authority that gave it.
pub(super) fn of_the_authority(authority: &Path, pass: Arc<CertifiedKey>) -> Result<Arc<ClientConfig>, String> {
    let mut roots = RootCertStore::empty();
    let failed = |error: &dyn std::error::Error| format!("{}: {error}", authority.display());
    for certificate in CertificateDer::pem_file_iter(authority).map_err(|error| failed(&error))? {
        let certificate = certificate.map_err(|error| failed(&error))?;
        roots.add(certificate).map_err(|error| failed(&error))?;
    }
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_client_cert_resolver(Arc::new(SingleCertAndKey::from(pass)));
    Ok(Arc::new(config))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

impl ServerCertVerifier for Named {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let authority = intermediates.iter().find(|certificate| self.code.names(certificate));
        let authority = authority.ok_or(Error::InvalidCertificate(CertificateError::UnknownIssuer))?;
        let mut roots = RootCertStore::empty();
        roots.add(authority.clone().into_owned())?;
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&self.provider));
        let verifier = verifier.build().map_err(|error| Error::General(error.to_string()))?;
        verifier.verify_server_cert(end_entity, &[], server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Why a connection was lost, in words that say what to look at.
pub(super) fn lost(address: &str, error: &io::Error) -> JoinError {
    let refused = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    let reason = match refused {
        Some(Error::InvalidCertificate(reason)) => certificate(reason),
        Some(Error::InvalidMessage(_)) => "what answers there does not speak TLS".to_owned(),
        Some(Error::AlertReceived(
            AlertDescription::BadCertificate
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA,
        )) => "it does not take this kiosk's certificate any more: enrol the kiosk again with `kiosk enrol`"
            .to_owned(),
        Some(other) => other.to_string(),
        None if error.kind() == io::ErrorKind::WouldBlock => "it does not answer".to_owned(),
        None => error.to_string(),
    };
    JoinError::Tls { address: address.to_owned(), reason }
}

fn certificate(reason: &CertificateError) -> String {
    match reason {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "it is not the aggregator that this kiosk was told to believe, or the join code is mistyped; nothing was said to it"
        }
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid today: look at this kiosk's clock; nothing was said to it"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is for another name than this address: the address belongs into authority.names of the aggregator's \
             settings; nothing was said to it"
        }
        other => return format!("its certificate is not believed ({other}); nothing was said to it"),
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    //! Whoever stands between a kiosk and its hospital, with everything that can be had without the authority's key.
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use std::io::Read as _;
    use std::net::TcpListener;
    use std::thread::{self, JoinHandle};

    use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
    use rustls::{ServerConfig, ServerConnection};
    use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

    use super::*;
    use crate::join::join;

    const HERE: &str = "127.0.0.1";

    /// An authority; all have the same name.
    struct Hospital {
        certificate: CertificateDer<'static>,
        issuer: Issuer<'static, KeyPair>,
    }

    /// Who answers: a certificate with what stands behind it, and its key.
    type Shown = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

    impl Hospital {
        fn new() -> Self {
            let key = KeyPair::generate().unwrap();
            let mut params = CertificateParams::default();
            params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
            let certificate = params.self_signed(&key).unwrap().der().clone();
            Self { certificate, issuer: Issuer::new(params, key) }
        }

        /// A certificate of this authority for an address and a use, with some authority's behind it.
        fn shown(&self, name: &str, usage: ExtendedKeyUsagePurpose, behind: &[&Self]) -> Shown {
            let key = KeyPair::generate().unwrap();
            let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
            params.extended_key_usages = vec![usage];
            let certificate = params.signed_by(&key, &self.issuer).unwrap().der().clone();
            let behind = behind.iter().map(|authority| authority.certificate.clone());
            let chain = std::iter::once(certificate).chain(behind).collect();
            (chain, PrivatePkcs8KeyDer::from(key.serialize_der()).into())
        }
    }

    /// Answers one caller over TLS; where, and what it was told.
    fn somebody((chain, key): Shown) -> (String, JoinHandle<Vec<u8>>) {
        let config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let listener = TcpListener::bind((HERE, 0)).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let hears = move || {
            let (mut socket, _) = listener.accept().unwrap();
            let mut connection = ServerConnection::new(Arc::new(config)).unwrap();
            let mut stream = rustls::Stream::new(&mut connection, &mut socket);
            let (mut told, mut byte) = (Vec::new(), [0]);
            // A line is all that a kiosk says; whoever does not believe goes before.
            while stream.read(&mut byte).is_ok_and(|read| read == 1) && byte != *b"\n" {
                told.extend(byte);
            }
            told
        };
        (address, thread::spawn(hears))
    }

    #[test]
    fn nothing_is_said_to_whoever_stands_between_a_kiosk_and_the_hospital_of_its_code() {
        let (ours, theirs) = (Hospital::new(), Hospital::new());
        let (server, client) = (ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth);
        let code = JoinCode::new(&ours.certificate, [7; 8]);
        for (who, shown) in [
            ("another authority's server", theirs.shown(HERE, server.clone(), &[&theirs])),
            ("one with our authority's certificate behind it", theirs.shown(HERE, server.clone(), &[&ours])),
            ("one with both behind it", theirs.shown(HERE, server.clone(), &[&theirs, &ours])),
            ("one with nothing behind it", theirs.shown(HERE, server.clone(), &[])),
            ("whoever has stolen a kiosk's pass", ours.shown(HERE, client, &[&ours])),
            ("our own server of another name", ours.shown("elsewhere.example", server.clone(), &[&ours])),
        ] {
            let data = tempfile::tempdir().unwrap();
            let (address, hears) = somebody(shown);
            let refused = join(data.path(), &address, &code).unwrap_err().to_string();
            assert!(refused.contains("nothing was said to it"), "{who}: {refused}");
            let told = hears.join().unwrap();
            assert!(told.is_empty(), "{who} was told {}", String::from_utf8_lossy(&told));
            assert!(!data.path().join("pass.pem").exists(), "{who} has given it something");
        }

        // The hospital itself is told, or nothing of this would mean anything.
        let data = tempfile::tempdir().unwrap();
        let (address, hears) = somebody(ours.shown(HERE, server, &[&ours]));
        assert!(join(data.path(), &address, &code).is_err(), "it answers nothing");
        let told = String::from_utf8(hears.join().unwrap()).unwrap();
        assert!(told.contains(code.secret()), "{told}");
    }
}
