//! The head of a file: the file key, sealed once for every recipient, and a code over all of it.

use std::io::Read;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chacha20poly1305::aead::{Aead as _, KeyInit as _};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use hkdf::Hkdf;
use hkdf::hmac::{Hmac, Mac as _};
use sha2::Sha256;
use x25519_dalek::{PublicKey, StaticSecret};

use super::{AgeError, FileKey, Identity, OpenWith, Recipient, random};

const VERSION: &str = "age-encryption.org/v1";
const X25519: &str = "X25519";
const INFO: &[u8] = b"age-encryption.org/v1/X25519";
/// A sealed file key: its bytes and the code behind them.
const SEALED_BYTES: usize = 16 + 16;
/// The longest line of a stanza's body.
const COLUMNS: usize = 64;
/// The longest head that is read.
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// 32 bytes derived from a secret.
pub(super) fn derive(secret: &[u8], salt: Option<&[u8]>, info: &[u8]) -> Result<[u8; 32], AgeError> {
    let mut derived = [0; 32];
    let expanded = Hkdf::<Sha256>::new(salt, secret).expand(info, &mut derived);
    expanded.map_err(|_| AgeError::Head("no key follows from it"))?;
    Ok(derived)
}

/// The head of a file whose payload has a key.
pub(super) fn write(file_key: &FileKey, recipients: &[Recipient]) -> Result<Vec<u8>, AgeError> {
    if recipients.is_empty() {
        return Err(AgeError::NoRecipient);
    }
    let mut lines = vec![VERSION.to_owned()];
    for recipient in recipients {
        let (share, sealed) = seal(file_key, *recipient)?;
        lines.push(format!("-> {X25519} {}", STANDARD_NO_PAD.encode(share)));
        lines.push(STANDARD_NO_PAD.encode(sealed));
    }
    lines.push("---".to_owned());
    let head = lines.join("\n");
    let code = code(file_key, head.as_bytes())?.finalize().into_bytes();
    Ok(format!("{head} {}\n", STANDARD_NO_PAD.encode(code)).into_bytes())
}

/// Reads a head up to its last byte and opens it.
pub(super) fn open(input: &mut impl Read, with: &OpenWith<'_>) -> Result<FileKey, AgeError> {
    let mut lines = Lines { input, read: Vec::new() };
    if lines.line()? != VERSION {
        return Err(AgeError::Head("it does not begin with age-encryption.org/v1"));
    }
    let mut found = match with {
        OpenWith::FileKey(key) => Some((*key).clone()),
        OpenWith::Identity(_) => None,
    };
    let mut stanzas = 0_u32;
    let (signed, code_text) = loop {
        let begun = lines.read.len();
        let line = lines.line()?;
        if let Some(code) = line.strip_prefix("--- ") {
            break (begun + "---".len(), code.to_owned());
        }
        let Some(arguments) = line.strip_prefix("-> ") else {
            return Err(AgeError::Head("a line is neither a recipient nor the end"));
        };
        let arguments: Vec<&str> = arguments.split(' ').collect();
        let visible = |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        if !arguments.iter().all(visible) {
            return Err(AgeError::Head("a recipient has an empty or strange argument"));
        }
        let arguments: Vec<String> = arguments.into_iter().map(str::to_owned).collect();
        let body = lines.body()?;
        stanzas += 1;
        if arguments.first().is_some_and(|kind| kind == X25519) {
            let (share, sealed) = stanza(&arguments, &body)?;
            if let (OpenWith::Identity(identity), None) = (with, &found) {
                found = unseal(identity, share, &sealed)?;
            }
        }
    };
    if stanzas == 0 {
        return Err(AgeError::Head("it names no recipient"));
    }
    let said = bytes_of(&code_text).filter(|code| code.len() == 32);
    let said = said.ok_or(AgeError::Head("the code at its end is not one"))?;
    let key = found.ok_or(AgeError::OtherKey)?;
    let head = lines.read.get(..signed).unwrap_or_default();
    code(&key, head)?.verify_slice(&said).map_err(|_| AgeError::HeadChanged)?;
    Ok(key)
}

fn code(file_key: &FileKey, head: &[u8]) -> Result<Hmac<Sha256>, AgeError> {
    let key = derive(&file_key.0, None, b"header")?;
    let code = Hmac::<Sha256>::new_from_slice(&key);
    let mut code = code.map_err(|_| AgeError::Head("no key follows from it"))?;
    code.update(head);
    Ok(code)
}

/// The share and the sealed file key for one recipient.
fn seal(file_key: &FileKey, recipient: Recipient) -> Result<([u8; 32], Vec<u8>), AgeError> {
    let secret = StaticSecret::from(random::<32>()?);
    let share = PublicKey::from(&secret).to_bytes();
    let shared = secret.diffie_hellman(&PublicKey::from(recipient.0));
    if !shared.was_contributory() {
        return Err(AgeError::NotARecipient);
    }
    let cipher = cipher(shared.as_bytes(), share, recipient)?;
    let sealed = cipher.encrypt(&Nonce::from([0; 12]), file_key.0.as_slice());
    Ok((share, sealed.map_err(|_| AgeError::NotARecipient)?))
}

/// The file key, when it was sealed for this identity.
fn unseal(identity: &Identity, share: [u8; 32], sealed: &[u8]) -> Result<Option<FileKey>, AgeError> {
    let shared = identity.0.diffie_hellman(&PublicKey::from(share));
    if !shared.was_contributory() {
        return Err(AgeError::Head("a recipient's share is none"));
    }
    let cipher = cipher(shared.as_bytes(), share, identity.recipient())?;
    let opened = cipher.decrypt(&Nonce::from([0; 12]), sealed).ok();
    Ok(opened.and_then(|key| key.try_into().ok()).map(FileKey))
}

fn cipher(shared: &[u8], share: [u8; 32], recipient: Recipient) -> Result<ChaCha20Poly1305, AgeError> {
    let salt = [share, recipient.0].concat();
    Ok(ChaCha20Poly1305::new(&Key::from(derive(shared, Some(&salt), INFO)?)))
}

fn stanza(arguments: &[String], body: &[u8]) -> Result<([u8; 32], Vec<u8>), AgeError> {
    let [_, share] = arguments else { return Err(AgeError::Head("a recipient has too many arguments")) };
    let share = bytes_of(share).and_then(|bytes| bytes.try_into().ok());
    let share = share.ok_or(AgeError::Head("a recipient's share is none"))?;
    if body.len() != SEALED_BYTES {
        return Err(AgeError::Head("a recipient's key has another length"));
    }
    Ok((share, body.to_vec()))
}

/// Base64 without padding, in its one spelling.
fn bytes_of(text: &str) -> Option<Vec<u8>> {
    STANDARD_NO_PAD.decode(text).ok()
}

/// The lines of a head. What comes after it is not touched.
struct Lines<'a, R> {
    input: &'a mut R,
    read: Vec<u8>,
}

impl<R: Read> Lines<'_, R> {
    /// The next line without its end.
    fn line(&mut self) -> Result<String, AgeError> {
        let begun = self.read.len();
        loop {
            let mut byte = [0];
            if self.input.read(&mut byte)? == 0 {
                return Err(AgeError::Head("it ends too early"));
            }
            self.read.extend_from_slice(&byte);
            if byte == *b"\n" {
                break;
            }
            if self.read.len() > MAX_HEAD_BYTES {
                return Err(AgeError::Head("it is too long"));
            }
        }
        let line = self.read.get(begun..self.read.len() - 1).unwrap_or_default();
        String::from_utf8(line.to_vec()).map_err(|_| AgeError::Head("a line is no text"))
    }

    /// The body of a stanza: full lines and a shorter one, which may be empty.
    fn body(&mut self) -> Result<Vec<u8>, AgeError> {
        let mut body = Vec::new();
        loop {
            let line = self.line()?;
            let bytes = bytes_of(&line).filter(|_| line.len() <= COLUMNS);
            body.extend(bytes.ok_or(AgeError::Head("a recipient's body is not base64"))?);
            if line.len() < COLUMNS {
                return Ok(body);
            }
        }
    }
}
