//! What servers and clients of this process show: certificates that are issued in memory and again before they end, or files of
//! the trust's own that are read again when they have changed. Both are asked at every handshake, so nothing has to be restarted.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use jiff::{SignedDuration, Timestamp};
use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use wardvoice_protocol::id::KioskId;

use super::{AGGREGATOR, AuthorityError, SharedAuthority, Signed, not_after};

/// How long what is issued in memory counts; it is issued again when two thirds of that are over.
const LASTS: SignedDuration = SignedDuration::from_hours(90 * 24);
/// How long a pass counts that only takes the place of a kiosk that was taken off.
const STAND_IN_LASTS: SignedDuration = SignedDuration::from_hours(1);

/// What is shown at the moment, and since when.
type Current = Mutex<Option<(Timestamp, Arc<CertifiedKey>)>>;

/// A server's certificate of the built-in authority.
pub struct ServerCertificate {
    authority: SharedAuthority,
    names: Vec<String>,
    current: Current,
}

/// A pass of the aggregator's own to a broker of the trust's own.
pub struct ClientPass {
    authority: SharedAuthority,
    name: String,
    lasts: SignedDuration,
    current: Current,
}

/// A server's certificate in files of the trust's own.
pub struct FileCertificate {
    certificate: PathBuf,
    key: PathBuf,
    current: Mutex<(SystemTime, Arc<CertifiedKey>)>,
}

/// Why the trust's own certificate cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum FileCertificateError {
    /// A file cannot be read.
    #[error("read the certificate {path}: {source}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file holds something else.
    #[error("read the certificate {path}: {reason}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

impl ServerCertificate {
    /// A certificate for these names. The first is issued here, so that a name that cannot be is an error at once.
    pub fn new(authority: SharedAuthority, names: Vec<String>) -> Result<Self, AuthorityError> {
        let server = Self { authority, names, current: Mutex::default() };
        server.at(Timestamp::now()).map(drop)?;
        Ok(server)
    }

    pub(super) fn at(&self, now: Timestamp) -> Result<Arc<CertifiedKey>, AuthorityError> {
        shown(&self.current, now, LASTS, |until| self.authority.server(&self.names, now, until))
    }
}

impl ClientPass {
    /// The aggregator's pass.
    pub fn new(authority: SharedAuthority) -> Self {
        Self { authority, name: AGGREGATOR.to_owned(), lasts: LASTS, current: Mutex::default() }
    }

    /// A pass in the name of a kiosk, to take its place on a broker. It never leaves this process and counts for an hour.
    pub fn in_the_name_of(authority: SharedAuthority, kiosk: &KioskId) -> Self {
        Self { authority, name: kiosk.to_string(), lasts: STAND_IN_LASTS, current: Mutex::default() }
    }
}

/// What is shown, issued anew where it is old, or is from a future that a clock has come back from.
fn shown(
    current: &Current,
    now: Timestamp,
    lasts: SignedDuration,
    issue: impl FnOnce(Timestamp) -> Result<Signed, AuthorityError>,
) -> Result<Arc<CertifiedKey>, AuthorityError> {
    let mut current = locked(current);
    if let Some((since, key)) = current.as_ref()
        && (*since..*since + lasts * 2 / 3).contains(&now)
    {
        return Ok(Arc::clone(key));
    }
    let (chain, key) = issue(now + lasts)?;
    let key = certified(chain, &key).map_err(|error| AuthorityError::Signing(error.to_string()))?;
    *current = Some((now, Arc::clone(&key)));
    Ok(key)
}

fn certified(
    chain: Vec<CertificateDer<'static>>,
    key: &PrivateKeyDer<'_>,
) -> Result<Arc<CertifiedKey>, rustls::Error> {
    let key = rustls::crypto::ring::sign::any_supported_type(key)?;
    Ok(Arc::new(CertifiedKey::new(chain, key)))
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl FileCertificate {
    /// Reads both files.
    pub fn open(certificate: &Path, key: &Path) -> Result<Self, FileCertificateError> {
        let current = read(certificate, key)?;
        Ok(Self { certificate: certificate.to_owned(), key: key.to_owned(), current: Mutex::new(current) })
    }

    /// Until when the certificate is valid that is shown now.
    pub fn until(&self) -> Option<Timestamp> {
        self.shown().cert.first().and_then(|certificate| not_after(certificate))
    }

    pub(super) fn shown(&self) -> Arc<CertifiedKey> {
        let mut current = locked(&self.current);
        let changed = fs::metadata(&self.certificate).and_then(|file| file.modified());
        if changed.is_ok_and(|changed| changed != current.0) {
            match read(&self.certificate, &self.key) {
                Ok(read) => *current = read,
                // Somebody may be in the middle of putting both there; what was there goes on.
                Err(error) => tracing::warn!("showing the earlier certificate: failed to {error}"),
            }
        }
        Arc::clone(&current.1)
    }
}

fn read(certificate: &Path, key: &Path) -> Result<(SystemTime, Arc<CertifiedKey>), FileCertificateError> {
    let file = |path: &Path, source| FileCertificateError::File { path: path.to_owned(), source };
    let unreadable =
        |path: &Path, reason: String| FileCertificateError::Unreadable { path: path.to_owned(), reason };
    let modified = fs::metadata(certificate).and_then(|file| file.modified());
    let modified = modified.map_err(|source| file(certificate, source))?;
    let chain = fs::read(certificate).map_err(|source| file(certificate, source))?;
    let chain = CertificateDer::pem_slice_iter(&chain).collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(|error| unreadable(certificate, error.to_string()))?;
    if chain.is_empty() {
        return Err(unreadable(certificate, "it holds no certificate".to_owned()));
    }
    let secret = fs::read(key).map_err(|source| file(key, source))?;
    let secret = PrivateKeyDer::from_pem_slice(&secret).map_err(|error| unreadable(key, error.to_string()))?;
    let pair = certified(chain, &secret).map_err(|error| unreadable(key, error.to_string()))?;
    match pair.keys_match() {
        Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => Ok((modified, pair)),
        Err(error) => Err(unreadable(key, format!("it is not the key of the certificate ({error})"))),
    }
}

impl ResolvesServerCert for ServerCertificate {
    fn resolve(&self, _asked: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.at(Timestamp::now()).inspect_err(|error| tracing::error!("failed to {error}")).ok()
    }
}

impl ResolvesServerCert for FileCertificate {
    fn resolve(&self, _asked: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.shown())
    }
}

impl ResolvesClientCert for ClientPass {
    fn resolve(&self, _hints: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let now = Timestamp::now();
        shown(&self.current, now, self.lasts, |until| self.authority.client(&self.name, now, until))
            .inspect_err(|error| tracing::error!("failed to {error}"))
            .ok()
    }

    fn has_certs(&self) -> bool {
        true
    }
}

impl fmt::Debug for ServerCertificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ServerCertificate({})", self.names.join(", "))
    }
}

impl fmt::Debug for ClientPass {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ClientPass({})", self.name)
    }
}

impl fmt::Debug for FileCertificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "FileCertificate({})", self.certificate.display())
    }
}
