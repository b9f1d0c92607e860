//! The aggregator's two secrets: the key that opens records and the key that signs what it says.
//!
//! `keys/open.key` holds one or more HPKE keys, one a line, the current one first; kiosks seal to the first, and the
//! others still open what was sealed before a change of keys. `keys/signing.key` holds one Ed25519 key. Both are
//! base64url, readable by their owner only (mode 0600), and drawn at the first start. A data folder that holds
//! records but no keys is an error: new keys could not open them.
//!
//! Where they do not lie in the folder and systemd hands both over as credentials (`LoadCredentialEncrypted=open.key:…`), those count. They are in
//! the service alone, so commands then need it to run; a backup, which the service writes, has them in it.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use wardvoice_protocol::keys::{OpenKey, SealKey, SigningKey, VerifyingKey};

use crate::durable_file::{self, Readers};

/// The aggregator's secrets.
#[derive(Debug, Clone)]
pub struct Keys {
    current: OpenKey,
    earlier: Vec<OpenKey>,
    signing: SigningKey,
}

/// Why the keys cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// A file cannot be read or written.
    #[error("read or write the key {path}: {source}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others can read a secret.
    #[error("trust the key {path}: others can read it (mode {mode:o}); run `chmod 600 {path}`", path = path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The file holds no key.
    #[error("read the key {path}: it holds no key of 43 base64url characters; restore it from a backup", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
    },
    /// The keys are gone but records are there.
    #[error(
        "find the key {path}: the data folder holds records that only it opens; restore it from a backup",
        path = path.display()
    )]
    Lost {
        /// The file.
        path: PathBuf,
    },
    /// The system gave no randomness.
    #[error("draw a key: {0}")]
    NoRandomness(getrandom::Error),
}

/// Whether a missing key may be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// Nothing depends on it yet: draw one.
    Draw,
    /// Something depends on it: say so.
    Refuse,
}

/// Whether others than the owner can read a secret. What systemd hands over may carry the mode of its access list; its folder keeps others out.
pub(crate) fn is_exposed(path: &Path, mode: u32) -> bool {
    mode & 0o077 != 0 && !credentials().is_some_and(|folder| path.starts_with(folder))
}

/// The keys of a data folder that do not lie in it, because systemd has handed them over to this process.
pub(crate) fn elsewhere(data: &Path) -> Vec<PathBuf> {
    let names = ["open.key", "signing.key"];
    let folder = credentials().filter(|_| !data.join("keys").join("open.key").exists());
    let paths: Vec<PathBuf> = folder.iter().flat_map(|folder| names.map(|name| folder.join(name))).collect();
    if paths.iter().all(|path| path.exists()) { paths } else { Vec::new() }
}

/// Where a secret is that systemd has handed over to this process and that does not lie in its usual place.
pub(crate) fn handed_over(usual: &Path) -> Option<PathBuf> {
    let name = usual.file_name()?;
    credentials().filter(|_| !usual.exists()).map(|folder| folder.join(name)).filter(|path| path.exists())
}

/// The folder of what systemd has handed over to this process.
fn credentials() -> Option<PathBuf> {
    std::env::var_os("CREDENTIALS_DIRECTORY").filter(|folder| !folder.is_empty()).map(PathBuf::from)
}

impl Keys {
    /// The keys of a data folder: those that lie in it, otherwise those that systemd has handed over.
    pub fn of(data: &Path, missing: Missing) -> Result<Self, KeysError> {
        match elsewhere(data).first().and_then(|path| path.parent()) {
            Some(folder) => Self::open(folder, Missing::Refuse),
            None => Self::open(&data.join("keys"), missing),
        }
    }

    /// Reads the keys of a folder, and draws those that are missing where that is allowed.
    pub fn open(folder: &Path, missing: Missing) -> Result<Self, KeysError> {
        let open_path = folder.join("open.key");
        let mut open_keys = read_or_draw(&open_path, missing)?
            .into_iter()
            .map(|secret| OpenKey::from_bytes(&secret))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| KeysError::Unreadable { path: open_path.clone() })?
            .into_iter();
        let current = open_keys.next().ok_or(KeysError::Unreadable { path: open_path })?;
        let signing_path = folder.join("signing.key");
        let secrets = read_or_draw(&signing_path, missing)?;
        let [secret] = secrets.as_slice() else { return Err(KeysError::Unreadable { path: signing_path }) };
        Ok(Self { current, earlier: open_keys.collect(), signing: SigningKey::from_bytes(secret) })
    }

    /// Draws a new key for kiosks to seal to and puts it before the others, which go on opening what was sealed to them. It counts from
    /// the next opening on; how many keys there are then.
    pub fn put_new_first(folder: &Path) -> Result<usize, KeysError> {
        let path = folder.join("open.key");
        let mut secrets = read_or_draw(&path, Missing::Refuse)?;
        secrets.insert(0, random()?);
        let text: String = secrets.iter().map(|secret| URL_SAFE_NO_PAD.encode(secret) + "\n").collect();
        let kept = durable_file::replace(&path, text.as_bytes(), Readers::Owner);
        kept.map_err(|source| KeysError::File { path, source })?;
        Ok(secrets.len())
    }

    /// New keys that are kept nowhere, for tests and benches.
    pub fn draw() -> Result<Self, KeysError> {
        let current = OpenKey::from_bytes(&random()?)
            .map_err(|_| KeysError::Unreadable { path: PathBuf::from("memory") })?;
        Ok(Self { current, earlier: Vec::new(), signing: SigningKey::from_bytes(&random()?) })
    }

    /// The key that kiosks seal to.
    pub fn seal_key(&self) -> &SealKey {
        self.current.seal_key()
    }

    /// Every key that opens records, the current one first.
    pub fn open_keys(&self) -> Vec<OpenKey> {
        std::iter::once(&self.current).chain(&self.earlier).cloned().collect()
    }

    /// The key that signs receipts, assignments and the directory.
    pub fn signing_key(&self) -> &SigningKey {
        &self.signing
    }

    /// Its public half.
    pub fn verifying_key(&self) -> VerifyingKey {
        self.signing.verifying_key()
    }
}

/// Thirty-two random bytes from the system.
pub fn random() -> Result<[u8; 32], KeysError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(KeysError::NoRandomness)?;
    Ok(bytes)
}

fn read_or_draw(path: &Path, missing: Missing) -> Result<Vec<[u8; 32]>, KeysError> {
    let file = |source| KeysError::File { path: path.to_owned(), source };
    match fs::read_to_string(path) {
        Ok(text) => {
            let mode = fs::metadata(path).map_err(file)?.permissions().mode() & 0o777;
            if is_exposed(path, mode) {
                return Err(KeysError::Exposed { path: path.to_owned(), mode });
            }
            let secrets: Option<Vec<_>> =
                text.lines().map(str::trim).filter(|line| !line.is_empty()).map(secret).collect();
            secrets.filter(|all| !all.is_empty()).ok_or(KeysError::Unreadable { path: path.to_owned() })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if missing == Missing::Refuse {
                return Err(KeysError::Lost { path: path.to_owned() });
            }
            let secret = random()?;
            let text = format!("{}\n", URL_SAFE_NO_PAD.encode(secret));
            durable_file::replace(path, text.as_bytes(), Readers::Owner).map_err(file)?;
            Ok(vec![secret])
        }
        Err(error) => Err(file(error)),
    }
}

fn secret(line: &str) -> Option<[u8; 32]> {
    URL_SAFE_NO_PAD.decode(line).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;

    #[test]
    fn keys_are_drawn_once_and_kept_secret() {
        let folder = tempfile::tempdir().unwrap();
        let drawn = Keys::open(folder.path(), Missing::Draw).unwrap();
        let again = Keys::open(folder.path(), Missing::Refuse).unwrap();
        assert_eq!(drawn.seal_key(), again.seal_key());
        assert_eq!(drawn.verifying_key(), again.verifying_key());
        for name in ["open.key", "signing.key"] {
            let mode = fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }

    #[test]
    fn an_earlier_key_stays_usable_after_a_new_one_is_put_first() {
        let folder = tempfile::tempdir().unwrap();
        let first = Keys::open(folder.path(), Missing::Draw).unwrap();
        assert_eq!(Keys::put_new_first(folder.path()).unwrap(), 2);
        let second = Keys::open(folder.path(), Missing::Refuse).unwrap();
        assert_ne!(second.seal_key(), first.seal_key());
        let names: Vec<_> = second.open_keys().iter().map(|key| key.seal_key().key_id()).collect();
        assert_eq!(names, [second.seal_key().key_id(), first.seal_key().key_id()]);
        let mode = fs::metadata(folder.path().join("open.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn exposed_lost_and_broken_keys_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(Keys::open(folder.path(), Missing::Refuse), Err(KeysError::Lost { .. })));
        Keys::open(folder.path(), Missing::Draw).unwrap();
        let path = folder.path().join("open.key");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(Keys::open(folder.path(), Missing::Draw), Err(KeysError::Exposed { .. })));
        for broken in ["", "not a key\n"] {
            durable_file::replace(&path, broken.as_bytes(), Readers::Owner).unwrap();
            assert!(matches!(Keys::open(folder.path(), Missing::Draw), Err(KeysError::Unreadable { .. })));
        }
    }
}
