//! The age file format, version 1 (<https://age-encryption.org/v1>), with keys alone: what a backup is sealed in.
//!
//! Any program that knows the format opens a backup with the right key: `age -d -i key.txt backup.age | tar x`. A file is a head and
//! a payload. The head holds a *file key* of 16 bytes once for every *recipient*, each time sealed so that the recipient's *identity*
//! alone opens it (X25519, HKDF-SHA-256, ChaCha20-Poly1305), and a code over itself. The payload is cut into chunks of 64 KiB, each
//! sealed under its number and whether it is the last: chunks that are changed, moved, dropped or cut off are found.
//!
//! Passphrases, armour and other kinds of recipients are not for backups and are not read.
//!
//! Writing needs no secret. Whoever writes knows the file key until it is dropped, which is what a trial restore opens the file with.

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use x25519_dalek::{PublicKey, StaticSecret};

use crate::durable_file::{self, Readers};

mod bech32;
mod head;
mod payload;

pub use payload::{Opener, Sealer};

const RECIPIENT: &str = "age";
const IDENTITY: &str = "age-secret-key-";
/// The largest file of a key that is read.
const MAX_KEY_FILE_BYTES: u64 = 16 * 1024;

/// The key of one file's payload.
#[derive(Clone, PartialEq, Eq)]
pub struct FileKey([u8; 16]);

/// Whom a file is sealed for: a public key, written `age1…`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Recipient([u8; 32]);

/// The secret half, written `AGE-SECRET-KEY-1…`.
#[derive(Clone)]
pub struct Identity(StaticSecret);

/// What a file is opened with.
#[derive(Debug)]
pub enum OpenWith<'a> {
    /// The secret half of one of the keys it was sealed for.
    Identity(&'a Identity),
    /// The key of this very file.
    FileKey(&'a FileKey),
}

/// Why a file cannot be sealed or opened, or a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AgeError {
    /// The file cannot be read or written.
    #[error(transparent)]
    File(#[from] io::Error),
    /// It does not begin as a file of this format does.
    #[error("it is no age file, or its head is damaged: {0}")]
    Head(&'static str),
    /// The head was made for other keys.
    #[error("it was made for other keys than this one")]
    OtherKey,
    /// The code over the head does not fit.
    #[error("its head has been changed")]
    HeadChanged,
    /// A chunk does not open.
    #[error("it is damaged or cut off: nothing after its first {0} bytes can be read")]
    Payload(u64),
    /// A text is no key.
    #[error("it is no public key: write the line that begins with age1 and that `backup new-key` printed")]
    NotARecipient,
    /// A file holds no key.
    #[error("it holds no line that begins with AGE-SECRET-KEY-1")]
    NoIdentity,
    /// Others can read a secret.
    #[error("others can read it (mode {0:o}); run `chmod 600` on it")]
    Exposed(u32),
    /// There is nobody to seal it for.
    #[error("there is no key to seal it for")]
    NoRecipient,
    /// The system gave no randomness.
    #[error("no key can be drawn: {0}")]
    NoRandomness(getrandom::Error),
}

/// Random bytes from the system.
fn random<const N: usize>() -> Result<[u8; N], AgeError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(AgeError::NoRandomness)?;
    Ok(bytes)
}

impl FileKey {
    fn draw() -> Result<Self, AgeError> {
        random().map(Self)
    }
}

impl fmt::Debug for FileKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("FileKey(…)")
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&bech32::encode(RECIPIENT, &self.0))
    }
}

impl FromStr for Recipient {
    type Err = AgeError;
    fn from_str(text: &str) -> Result<Self, AgeError> {
        bech32::decode(RECIPIENT, text).map(Self).ok_or(AgeError::NotARecipient)
    }
}

impl TryFrom<String> for Recipient {
    type Error = AgeError;
    fn try_from(text: String) -> Result<Self, AgeError> {
        text.parse()
    }
}

impl From<Recipient> for String {
    fn from(recipient: Recipient) -> String {
        recipient.to_string()
    }
}

impl Identity {
    /// Draws a new key.
    pub fn draw() -> Result<Self, AgeError> {
        Ok(Self(StaticSecret::from(random::<32>()?)))
    }

    /// Reads a file of lines: empty ones, ones that begin with `#`, and the key.
    pub fn read(path: &Path) -> Result<Self, AgeError> {
        let about = fs::metadata(path)?;
        let mode = about.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(AgeError::Exposed(mode));
        }
        if about.len() > MAX_KEY_FILE_BYTES {
            return Err(AgeError::NoIdentity);
        }
        let text = fs::read_to_string(path).map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData => AgeError::NoIdentity,
            _ => AgeError::File(error),
        })?;
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines.next().and_then(Self::from_text).ok_or(AgeError::NoIdentity)
    }

    fn from_text(text: &str) -> Option<Self> {
        bech32::decode(IDENTITY, text).map(|secret| Self(StaticSecret::from(secret)))
    }

    /// Writes it into a new file that only its owner can read. A file that is there is an error: it may be the only copy of a key.
    pub fn write_new(&self, path: &Path) -> Result<(), AgeError> {
        if path.exists() {
            return Err(AgeError::File(io::Error::new(io::ErrorKind::AlreadyExists, "there is a file already")));
        }
        let secret = bech32::encode(IDENTITY, &self.0.to_bytes()).to_ascii_uppercase();
        let text =
            format!("# The secret half of a key for backups.\n# public key: {}\n{secret}\n", self.recipient());
        Ok(durable_file::replace(path, text.as_bytes(), Readers::Owner)?)
    }

    /// The public half.
    pub fn recipient(&self) -> Recipient {
        Recipient(PublicKey::from(&self.0).to_bytes())
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Identity(of {})", self.recipient())
    }
}

#[cfg(test)]
mod tests;
