//! The kiosk's pass: the certificate that brokers let it in with, and its private key.
//!
//! `pass.pem` holds both, readable by its owner only, so that a new pass replaces the old one as a whole. `ca.pem` holds the
//! authority that is believed, and `enrolment.json` where the next pass comes from and when it is asked for.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde::{Deserialize, Serialize};
use wardvoice_protocol::enrolment::Pass;

use crate::files;

/// The pass in the data directory.
pub const FILE: &str = "pass.pem";
/// The authority that is believed.
pub const AUTHORITY_FILE: &str = "ca.pem";
const ENROLMENT_FILE: &str = "enrolment.json";

/// Where the next pass comes from, and when it is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enrolment {
    version: u32,
    /// Where the aggregator takes kiosks in: a host and a port.
    pub aggregator: String,
    /// When the pass ends.
    pub until: Timestamp,
    /// From when on a new one is asked for.
    pub renew_after: Timestamp,
}

/// Why a pass cannot be read or kept.
#[derive(Debug, thiserror::Error)]
pub enum PassError {
    /// A file cannot be read or written.
    #[error("read or write {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file holds something else.
    #[error("read {path}: {reason}; enrol the kiosk again with `wardvoice-kiosk join`")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// Reads a pass to show; none where there is no file.
pub(crate) fn read(path: &Path) -> Result<Option<Arc<CertifiedKey>>, PassError> {
    let unreadable = |reason: String| PassError::Unreadable { path: path.to_owned(), reason };
    let Some(bytes) = bytes(path)? else { return Ok(None) };
    let chain = CertificateDer::pem_slice_iter(&bytes).collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(|error| unreadable(error.to_string()))?;
    if chain.is_empty() {
        return Err(unreadable("it holds no certificate".to_owned()));
    }
    let key = PrivateKeyDer::from_pem_slice(&bytes).map_err(|error| unreadable(error.to_string()))?;
    let key =
        rustls::crypto::ring::sign::any_supported_type(&key).map_err(|error| unreadable(error.to_string()))?;
    Ok(Some(Arc::new(CertifiedKey::new(chain, key))))
}

/// Keeps a pass and its key, and where the next comes from.
pub(crate) fn keep(data: &Path, pass: &Pass, key: &str, aggregator: &str) -> Result<(), PassError> {
    let write = |name: &str, bytes: &[u8]| {
        let path = data.join(name);
        files::replace(&path, bytes, 0o600).map_err(|source| PassError::File { path, source })
    };
    let enrolment = Enrolment {
        version: 1,
        aggregator: aggregator.to_owned(),
        until: pass.until,
        renew_after: pass.renew_after,
    };
    let enrolment = serde_json::to_vec_pretty(&enrolment)
        .map_err(|error| PassError::File { path: data.join(ENROLMENT_FILE), source: error.into() })?;
    write(AUTHORITY_FILE, pass.authority.as_bytes())?;
    write(FILE, format!("{}{key}", pass.certificate).as_bytes())?;
    // Last: a power cut before it only has the next pass asked for a little earlier.
    write(ENROLMENT_FILE, &enrolment)
}

/// Where the next pass comes from; none for a kiosk that was never enrolled.
pub fn enrolment(data: &Path) -> Result<Option<Enrolment>, PassError> {
    let path = data.join(ENROLMENT_FILE);
    let Some(bytes) = bytes(&path)? else { return Ok(None) };
    let enrolment: Enrolment = serde_json::from_slice(&bytes)
        .map_err(|error| PassError::Unreadable { path: path.clone(), reason: error.to_string() })?;
    match enrolment.version {
        1 => Ok(Some(enrolment)),
        other => Err(PassError::Unreadable { path, reason: format!("version {other} is not known here") }),
    }
}

fn bytes(path: &Path) -> Result<Option<Vec<u8>>, PassError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(PassError::File { path: path.to_owned(), source }),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn pass() -> Pass {
        let until: Timestamp = "2027-04-04T12:00:00Z".parse().unwrap();
        let renew_after = "2027-03-05T12:00:00Z".parse().unwrap();
        Pass { certificate: "certificate\n".to_owned(), authority: "authority\n".to_owned(), until, renew_after }
    }

    #[test]
    fn what_a_kiosk_was_given_is_its_users_alone() {
        let data = tempfile::tempdir().unwrap();
        assert_eq!(enrolment(data.path()).unwrap(), None);
        keep(data.path(), &pass(), "key\n", "wardvoice.example:8884").unwrap();
        assert_eq!(fs::read_to_string(data.path().join(FILE)).unwrap(), "certificate\nkey\n");
        for name in [FILE, AUTHORITY_FILE, ENROLMENT_FILE] {
            let mode = fs::metadata(data.path().join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
        let kept = enrolment(data.path()).unwrap().unwrap();
        assert_eq!((kept.aggregator.as_str(), kept.until), ("wardvoice.example:8884", pass().until));
        assert_eq!(kept.renew_after, pass().renew_after);
    }

    #[test]
    fn what_is_no_pass_says_what_to_do() {
        let data = tempfile::tempdir().unwrap();
        let path = data.path().join(FILE);
        assert!(read(&path).unwrap().is_none(), "a kiosk that was never enrolled");
        for broken in ["", "nothing", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            fs::write(&path, broken).unwrap();
            let said = read(&path).unwrap_err().to_string();
            assert!(said.contains("wardvoice-kiosk join"), "{said}");
        }
        fs::write(data.path().join(ENROLMENT_FILE), "{}").unwrap();
        assert!(enrolment(data.path()).is_err());
    }
}
