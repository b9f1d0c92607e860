//! The payload of a file: chunks of 64 KiB, each sealed under its number and whether it is the last.
//!
//! Bounded memory: a writer holds one chunk, a reader two, because only what follows says whether a chunk is the last.

use std::io::{self, Read, Write};
use std::mem;

use chacha20poly1305::aead::{Aead as _, KeyInit as _};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};

use super::{AgeError, FileKey, OpenWith, Recipient, head, random};

const CHUNK_BYTES: usize = 64 * 1024;
const TAG_BYTES: usize = 16;
const NONCE_BYTES: usize = 16;

/// Seals what is written to it. Nothing is whole before [`Sealer::finish`].
pub struct Sealer<W> {
    out: W,
    cipher: ChaCha20Poly1305,
    number: u64,
    held: Vec<u8>,
}

impl<W: Write> Sealer<W> {
    /// Begins a file for some recipients. The key of the file is given too, for a trial.
    pub fn begin(mut out: W, recipients: &[Recipient]) -> Result<(Self, FileKey), AgeError> {
        let key = FileKey::draw()?;
        out.write_all(&head::write(&key, recipients)?)?;
        let nonce = random::<NONCE_BYTES>()?;
        out.write_all(&nonce)?;
        let cipher = cipher(&key, nonce)?;
        Ok((Self { out, cipher, number: 0, held: Vec::with_capacity(CHUNK_BYTES) }, key))
    }

    /// Ends the file and gives back what it was written to.
    pub fn finish(mut self) -> io::Result<W> {
        self.seal(Place::Last)?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn seal(&mut self, place: Place) -> io::Result<()> {
        let sealed = self.cipher.encrypt(&nonce(self.number, place), self.held.as_slice());
        let sealed = sealed.map_err(|_| io::Error::other("a chunk could not be sealed"))?;
        self.out.write_all(&sealed)?;
        self.number += 1;
        self.held.clear();
        Ok(())
    }
}

impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full chunk waits for what follows: only the last may be sealed as the last.
        if self.held.len() == CHUNK_BYTES && !bytes.is_empty() {
            self.seal(Place::Before)?;
        }
        let taken = bytes.get(..bytes.len().min(CHUNK_BYTES - self.held.len())).unwrap_or_default();
        self.held.extend_from_slice(taken);
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Opens a file as it is read. What it gives is as it was sealed; that it is all of it is known when it ends without an error.
pub struct Opener<R> {
    input: R,
    cipher: ChaCha20Poly1305,
    number: u64,
    sealed: Vec<u8>,
    opened: Vec<u8>,
    given: usize,
    ended: bool,
}

impl<R: Read> Opener<R> {
    /// Reads the head and opens it.
    pub fn open(mut input: R, with: &OpenWith<'_>) -> Result<Self, AgeError> {
        let key = head::open(&mut input, with)?;
        let mut nonce = [0; NONCE_BYTES];
        input.read_exact(&mut nonce).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => AgeError::Head("it ends too early"),
            _ => AgeError::File(error),
        })?;
        let cipher = cipher(&key, nonce)?;
        let sealed = chunk(&mut input)?;
        Ok(Self { input, cipher, number: 0, sealed, opened: Vec::new(), given: 0, ended: false })
    }

    fn advance(&mut self) -> io::Result<()> {
        let sealed = mem::take(&mut self.sealed);
        self.sealed = chunk(&mut self.input)?;
        let place = if self.sealed.is_empty() { Place::Last } else { Place::Before };
        // A last chunk without anything in it is one only where there is nothing at all.
        let empty = sealed.len() <= TAG_BYTES && self.number > 0;
        let opened = self.cipher.decrypt(&nonce(self.number, place), sealed.as_slice());
        let Some(opened) = opened.ok().filter(|_| !empty) else {
            let before = self.number * CHUNK_BYTES as u64;
            return Err(io::Error::new(io::ErrorKind::InvalidData, AgeError::Payload(before)));
        };
        self.opened = opened;
        self.given = 0;
        self.number += 1;
        self.ended = place == Place::Last;
        Ok(())
    }
}

impl<R: Read> Read for Opener<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.opened.len() && !self.ended {
            self.advance()?;
        }
        let mut rest = self.opened.get(self.given..).unwrap_or_default();
        let given = rest.read(buffer)?;
        self.given += given;
        Ok(given)
    }
}

/// Whether a chunk is the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Before,
    Last,
}

fn nonce(number: u64, place: Place) -> Nonce {
    let mut bytes = [0; 12];
    bytes[3..11].copy_from_slice(&number.to_be_bytes());
    bytes[11] = u8::from(place == Place::Last);
    Nonce::from(bytes)
}

fn cipher(key: &FileKey, nonce: [u8; NONCE_BYTES]) -> Result<ChaCha20Poly1305, AgeError> {
    Ok(ChaCha20Poly1305::new(&Key::from(head::derive(&key.0, Some(&nonce), b"payload")?)))
}

/// The next sealed chunk: a full one, or what is left.
fn chunk(input: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(CHUNK_BYTES + TAG_BYTES);
    input.take((CHUNK_BYTES + TAG_BYTES) as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}
