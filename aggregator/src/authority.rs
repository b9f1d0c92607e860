//! The built-in certificate authority: who vouches for the aggregator, the broker and the kiosks.
//!
//! It is made at the first start of `serve` and lives in `authority/` of the data folder: `authority.key` (readable by its user
//! only), `authority.pem` (for whoever is to believe it), `certificates.json` (what kiosks were given, and what was taken back) and
//! `revoked.pem` (the same for other programs, as a list of revoked certificates; a second copy goes to `broker.revoked_file`, where a
//! broker of the trust's own may read it).
//!
//! Vocabulary: a *pass* is a kiosk's certificate; its only name is the kiosk's id, which is what brokers call the kiosk by. A
//! *serial* is the number by which a certificate is taken back.
//!
//! What servers show they issue themselves in memory and again in time ([`ServerCertificate`]), so that nothing on the disk ends
//! but the authority itself, after twenty years. A pass ends after ninety days, and its kiosk asks for the next one after sixty.
//!
//! Invariants: a pass is in `certificates.json` on the disk before anybody is given it, so that whatever was given out can be taken
//! back; and one that is asked for with another is written down only where that other counts at that very moment, so that nobody who is being taken
//! off has a new one afterwards. A pass that the file does not know, because an older file was restored, counts as long as nothing of its kiosk was
//! taken back.
//!
//! This room alone knows rcgen.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::io;
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SanType,
    SerialNumber,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use time::OffsetDateTime;
use wardvoice_protocol::enrolment::{Pass, pem};
use wardvoice_protocol::id::{Hash, KioskId};

use crate::durable_file::{self, Readers};
use crate::keys;

mod bearer;
mod issued;
mod request;
mod shown;

pub use bearer::Bearer;
pub(crate) use bearer::not_after;
pub use issued::{Given, Issued, IssuedError, Serial};
pub use request::{CertificateRequest, RequestError};
pub use shown::{ClientPass, FileCertificate, FileCertificateError, ServerCertificate};

/// What the aggregator is called on a broker of the trust's own.
pub const AGGREGATOR: &str = "wardvoice-aggregator";

/// Its key, in its folder or among what systemd hands over.
const KEY: &str = "authority.key";
const AUTHORITY_DAYS: i64 = 20 * 365;
/// How long a pass counts.
const PASS_DAYS: i64 = 90;
/// After how long a kiosk asks for the next one.
const RENEW_AFTER_DAYS: i64 = 60;
/// How long a server's certificate counts that is written to files, for a broker that is a program of its own.
const FILE_DAYS: i64 = 397;
/// Whose clock is behind ours by less than this believes a certificate that was issued a moment ago.
const SLACK: SignedDuration = SignedDuration::from_hours(1);

/// The authority.
pub struct Authority {
    folder: PathBuf,
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    issued: Issued,
    /// Where a broker of the trust's own reads the list of what was taken back.
    told: Option<PathBuf>,
    /// Held while that list is made and written, so that an older one never takes the place of a newer.
    telling: Mutex<()>,
}

/// A certificate with its key, both PEM, and everything that vouches for it.
#[derive(Clone)]
pub struct Bundle {
    /// The certificate, and behind it the authority's.
    pub chain: String,
    /// Its private key.
    pub key: String,
}

/// Why the authority cannot be had or cannot sign.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// A file cannot be read or written.
    #[error("read or write {path}: {source}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file does not hold what it should.
    #[error("read {path}: {reason}; restore the folder from a backup", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Others can read the key.
    #[error("trust the key {path}: others can read it (mode {mode:o}); run `chmod 600 {path}`", path = path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// One of its two files is gone.
    #[error(
        "find {path}: the other half of the authority is there; restore it from a backup, or remove the folder and enrol every \
         kiosk again",
        path = path.display()
    )]
    Lost {
        /// The file.
        path: PathBuf,
    },
    /// A certificate cannot be made.
    #[error("make a certificate: {0}")]
    Signing(String),
    /// A name is no host's name and no address.
    #[error("make a certificate for {0:?}: write a host's name or an address")]
    Name(String),
    /// The list of what was issued cannot be kept.
    #[error(transparent)]
    Issued(#[from] IssuedError),
    /// The system gave no randomness.
    #[error(transparent)]
    Keys(#[from] keys::KeysError),
}

impl Authority {
    /// Opens the authority of a folder, and makes one where there is none.
    pub fn open(folder: &Path) -> Result<Self, AuthorityError> {
        Self::open_telling(folder, None)
    }

    /// The same, and writes the list of what was taken back to a second file whenever it changes, for a broker that may not read the folder.
    pub fn open_telling(folder: &Path, told: Option<PathBuf>) -> Result<Self, AuthorityError> {
        let (key_path, certificate_path) = (folder.join(KEY), folder.join("authority.pem"));
        // As the other keys, it may come from systemd and lie nowhere.
        let key_path = keys::handed_over(&key_path).unwrap_or(key_path);
        match (key_path.exists(), certificate_path.exists()) {
            (false, false) => make(&key_path, &certificate_path)?,
            (true, false) => return Err(AuthorityError::Lost { path: certificate_path }),
            (false, true) => return Err(AuthorityError::Lost { path: key_path }),
            (true, true) => {}
        }
        let mode = fs::metadata(&key_path)
            .map_err(|source| AuthorityError::File { path: key_path.clone(), source })?
            .permissions()
            .mode()
            & 0o777;
        if keys::is_exposed(&key_path, mode) {
            return Err(AuthorityError::Exposed { path: key_path, mode });
        }
        let secret = PrivateKeyDer::from_pem_file(&key_path).map_err(|error| unreadable(&key_path, error))?;
        let key = KeyPair::try_from(&secret).map_err(|error| unreadable(&key_path, error))?;
        let certificate = CertificateDer::from_pem_file(&certificate_path)
            .map_err(|error| unreadable(&certificate_path, error))?;
        let authority = Self {
            issued: Issued::open(folder.join("certificates.json"))?,
            issuer: Issuer::new(own_params(Timestamp::now()), key),
            folder: folder.to_owned(),
            certificate,
            told,
            telling: Mutex::new(()),
        };
        // Again at each start, because a power cut may have come between the files; a full disk keeps nobody from starting.
        let own = folder.join("revoked.pem");
        match authority.write_revoked(Timestamp::now()) {
            Err(error) if own.exists() => tracing::warn!("failed to {error}"),
            written => written?,
        }
        Ok(authority)
    }

    /// Its own certificate.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// The same as PEM.
    pub fn pem(&self) -> String {
        pem("CERTIFICATE", &self.certificate)
    }

    /// The SHA-256 of its certificate, as `openssl x509 -fingerprint -sha256` writes it.
    pub fn fingerprint(&self) -> String {
        let hex = Hash::of(&self.certificate).to_string().to_uppercase();
        let pairs = hex.as_bytes().chunks(2).map(String::from_utf8_lossy);
        pairs.collect::<Vec<_>>().join(":")
    }

    /// Where other programs find its certificate and the list of what was taken back.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What kiosks were given.
    pub fn issued(&self) -> &Issued {
        &self.issued
    }

    /// A pass for a kiosk. It is on the disk before this returns.
    pub fn admit(
        &self,
        kiosk: &KioskId,
        request: &CertificateRequest,
        now: Timestamp,
    ) -> Result<Pass, AuthorityError> {
        self.give(kiosk, None, request, now)
    }

    /// The next pass of whoever shows one; nothing where that counts no more by the time this one is on the disk.
    pub fn renew(
        &self,
        shown: &Bearer,
        request: &CertificateRequest,
        now: Timestamp,
    ) -> Result<Pass, AuthorityError> {
        self.give(&shown.kiosk, Some(shown), request, now)
    }

    fn give(
        &self,
        kiosk: &KioskId,
        shown: Option<&Bearer>,
        request: &CertificateRequest,
        now: Timestamp,
    ) -> Result<Pass, AuthorityError> {
        let until = now + days(PASS_DAYS);
        let serial = Serial::draw()?;
        let mut params = params(kiosk.as_str(), now, until, &serial);
        params.insert_extended_key_usage(ExtendedKeyUsagePurpose::ClientAuth);
        let certificate = params.signed_by(request, &self.issuer).map_err(signing)?;
        let given = Given { kiosk: kiosk.clone(), issued: now, until, revoked: None };
        self.issued.note(serial, given, shown)?;
        Ok(Pass {
            certificate: pem("CERTIFICATE", certificate.der()),
            authority: self.pem(),
            until,
            renew_after: now + days(RENEW_AFTER_DAYS),
        })
    }

    /// Takes back everything that a kiosk was given; how much that was.
    pub fn revoke(&self, kiosk: &KioskId, now: Timestamp) -> Result<usize, AuthorityError> {
        let taken = self.issued.revoke(kiosk, now)?;
        self.write_revoked(now)?;
        Ok(taken)
    }

    /// A certificate for a server that is a program of its own, as files.
    pub fn server_files(&self, names: &[String], now: Timestamp) -> Result<Bundle, AuthorityError> {
        let (chain, key) = self.server(names, now, now + days(FILE_DAYS))?;
        let chain: String = chain.iter().map(|certificate| pem("CERTIFICATE", certificate)).collect();
        Ok(Bundle { chain, key: pem("PRIVATE KEY", key.secret_der()) })
    }

    /// A server's certificate with the authority's behind it, and its key.
    fn server(&self, names: &[String], now: Timestamp, until: Timestamp) -> Result<Signed, AuthorityError> {
        let common = names.first().map_or("wardvoice", String::as_str);
        let mut params = params(common, now, until, &Serial::draw()?);
        params.subject_alt_names = names.iter().map(|name| alternative(name)).collect::<Result<_, _>>()?;
        params.insert_extended_key_usage(ExtendedKeyUsagePurpose::ServerAuth);
        self.with_new_key(&params)
    }

    /// A certificate in a name that is no kiosk's, for the aggregator itself.
    fn client(&self, name: &str, now: Timestamp, until: Timestamp) -> Result<Signed, AuthorityError> {
        let mut params = params(name, now, until, &Serial::draw()?);
        params.insert_extended_key_usage(ExtendedKeyUsagePurpose::ClientAuth);
        self.with_new_key(&params)
    }

    fn with_new_key(&self, params: &CertificateParams) -> Result<Signed, AuthorityError> {
        let key = KeyPair::generate().map_err(signing)?;
        let certificate = params.signed_by(&key, &self.issuer).map_err(signing)?;
        let chain = vec![certificate.der().clone(), self.certificate.clone()];
        Ok((chain, PrivatePkcs8KeyDer::from(key.serialize_der()).into()))
    }

    /// Writes the list of what was taken back. It says that it counts for as long as the authority does, because a broker that
    /// finds its list too old lets nobody in.
    fn write_revoked(&self, now: Timestamp) -> Result<(), AuthorityError> {
        let _telling = self.telling.lock().unwrap_or_else(PoisonError::into_inner);
        let revoked = self.issued.revoked_since(now);
        let list = CertificateRevocationListParams {
            this_update: moment(now - SLACK),
            next_update: moment(now + days(AUTHORITY_DAYS)),
            crl_number: SerialNumber::from_slice(&now.as_second().to_be_bytes()),
            issuing_distribution_point: None,
            revoked_certs: revoked
                .into_iter()
                .map(|(serial, at)| RevokedCertParams {
                    serial_number: SerialNumber::from_slice(serial.as_bytes()),
                    revocation_time: moment(at),
                    reason_code: None,
                    invalidity_date: None,
                })
                .collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let text = pem("X509 CRL", list.signed_by(&self.issuer).map_err(signing)?.der());
        let write = |path: PathBuf, readers| {
            durable_file::replace(&path, text.as_bytes(), readers)
                .map_err(|source| AuthorityError::File { path, source })
        };
        write(self.folder.join("revoked.pem"), Readers::Anyone)?;
        self.told.clone().map_or(Ok(()), |told| write(told, Readers::Everyone))
    }

    /// The list of what was taken back, where other programs read it.
    pub fn revoked_list(&self) -> PathBuf {
        self.told.clone().unwrap_or_else(|| self.folder.join("revoked.pem"))
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The key stays out of every log.
        write!(formatter, "Authority({})", self.fingerprint())
    }
}

impl fmt::Debug for Bundle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Bundle")
    }
}

/// What a server is called: the names of the settings, what it listens on, and this machine's own.
pub fn server_names(names: &[String], listens: &[IpAddr]) -> Vec<String> {
    let own = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let listens = listens.iter().filter(|address| !address.is_unspecified()).map(ToString::to_string);
    let mut seen = BTreeSet::new();
    let all = names.iter().cloned().chain(listens).chain(own);
    all.filter(|name| seen.insert(name.clone())).collect()
}

/// Whether a text can stand in a server's certificate.
pub(crate) fn is_server_name(name: &str) -> bool {
    alternative(name).is_ok()
}

type Signed = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// Shared by whoever shows or checks certificates.
pub(crate) type SharedAuthority = Arc<Authority>;

fn make(key_path: &Path, certificate_path: &Path) -> Result<(), AuthorityError> {
    let key = KeyPair::generate().map_err(signing)?;
    let mut params = own_params(Timestamp::now());
    params.serial_number = Some(SerialNumber::from_slice(Serial::draw()?.as_bytes()));
    let certificate = params.self_signed(&key).map_err(signing)?;
    let write = |path: &Path, text: &str, readers| {
        durable_file::replace(path, text.as_bytes(), readers)
            .map_err(|source| AuthorityError::File { path: path.to_owned(), source })
    };
    // The key first: a certificate without its key would be worth nothing.
    write(key_path, &pem("PRIVATE KEY", key.serialized_der()), Readers::Owner)?;
    write(certificate_path, &pem("CERTIFICATE", certificate.der()), Readers::Anyone)
}

fn own_params(now: Timestamp) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = name("Wardvoice authority");
    params.not_before = moment(now - SLACK);
    params.not_after = moment(now + days(AUTHORITY_DAYS));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn params(common: &str, now: Timestamp, until: Timestamp, serial: &Serial) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = name(common);
    params.not_before = moment(now - SLACK);
    params.not_after = moment(until);
    params.serial_number = Some(SerialNumber::from_slice(serial.as_bytes()));
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    params
}

fn name(common: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common);
    name
}

fn alternative(name: &str) -> Result<SanType, AuthorityError> {
    let wrong = || AuthorityError::Name(name.to_owned());
    if let Ok(address) = name.parse() {
        return Ok(SanType::IpAddress(address));
    }
    let is_part = |part: &str| {
        !part.is_empty()
            && part.len() <= 63
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    if name.len() > 253 || !name.split('.').all(is_part) {
        return Err(wrong());
    }
    name.to_owned().try_into().map(SanType::DnsName).map_err(|_| wrong())
}

fn moment(at: Timestamp) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(at.as_second()).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

fn signing(error: impl fmt::Display) -> AuthorityError {
    AuthorityError::Signing(error.to_string())
}

fn unreadable(path: &Path, error: impl fmt::Display) -> AuthorityError {
    AuthorityError::Unreadable { path: path.to_owned(), reason: error.to_string() }
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
