//! The kiosk's own signing key: made once, kept in a file that only its owner can read.
//!
//! `kiosk.key` in the data directory holds the 32 secret bytes as base64url. It is never replaced: losing it means that
//! the kiosk is registered again with a new key, because nobody else can continue its chain.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use wardvoice_protocol::id::KioskId;
use wardvoice_protocol::keys::SigningKey;

use crate::files;

const FILE: &str = "kiosk.key";

/// Who a kiosk is: its name and the key that proves it.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The kiosk.
    pub kiosk: KioskId,
    /// Its signing key.
    pub signing_key: SigningKey,
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The file or the directory cannot be read or written.
    #[error("read or write the key {path}: {source}")]
    File {
        /// The key file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is not a key. It is not replaced: a new key would be another kiosk.
    #[error("use the key {0}: it does not hold 32 bytes as base64url; restore it, or register the kiosk anew")]
    NotKey(PathBuf),
    /// Others can read the secret.
    #[error("use the key {0}: others can read it; run chmod 600 on it")]
    Exposed(PathBuf),
    /// There is no key yet.
    #[error("find the key {0}: run `wardvoice-kiosk key` first")]
    Missing(PathBuf),
    /// The system gives no random bytes.
    #[error("draw a new key: {0}")]
    Random(String),
}

/// Reads the key of a data directory.
pub fn load(data: &Path) -> Result<SigningKey, IdentityError> {
    let path = data.join(FILE);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(IdentityError::Missing(path)),
        Err(source) => return Err(IdentityError::File { path, source }),
    };
    let metadata = fs::metadata(&path).map_err(|source| IdentityError::File { path: path.clone(), source })?;
    if metadata.permissions().mode() & 0o077 != 0 {
        return Err(IdentityError::Exposed(path));
    }
    let bytes: Option<[u8; 32]> = URL_SAFE_NO_PAD.decode(text.trim()).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.map(|bytes| SigningKey::from_bytes(&bytes)).ok_or(IdentityError::NotKey(path))
}

/// Reads the key of a data directory, or makes one where there is none.
pub fn load_or_create(data: &Path) -> Result<SigningKey, IdentityError> {
    match load(data) {
        Err(IdentityError::Missing(path)) => create(data, path),
        other => other,
    }
}

fn create(data: &Path, path: PathBuf) -> Result<SigningKey, IdentityError> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(|error| IdentityError::Random(error.to_string()))?;
    let text = format!("{}\n", URL_SAFE_NO_PAD.encode(secret));
    fs::create_dir_all(data)
        .and_then(|()| files::replace(&path, text.as_bytes(), 0o600))
        .map_err(|source| IdentityError::File { path, source })?;
    Ok(SigningKey::from_bytes(&secret))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]
    use super::*;

    #[test]
    fn a_key_is_made_once_and_only_its_owner_can_read_it() {
        let data = tempfile::tempdir().unwrap();
        assert!(matches!(load(data.path()), Err(IdentityError::Missing(_))));
        let made = load_or_create(data.path()).unwrap();
        assert_eq!(load_or_create(data.path()).unwrap().to_bytes(), made.to_bytes());
        let path = data.path().join(FILE);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);

        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(load(data.path()), Err(IdentityError::Exposed(_))));
    }

    #[test]
    fn a_damaged_key_is_never_replaced() {
        let data = tempfile::tempdir().unwrap();
        load_or_create(data.path()).unwrap();
        let path = data.path().join(FILE);
        fs::write(&path, "short").unwrap();
        assert!(matches!(load_or_create(data.path()), Err(IdentityError::NotKey(_))));
        assert_eq!(fs::read_to_string(&path).unwrap(), "short");
    }
}
