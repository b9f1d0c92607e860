//! What goes over the wire of a stream: events, compressed once for everybody who gets them.
//!
//! A compressed stream is a gzip file that grows. Each event is a run of deflate blocks that looks at nothing before it and ends on a
//! byte, so the same bytes stand in every stream; only the sum at the end is a stream's own.

use std::io::{self, Write as _};
use std::sync::LazyLock;

use axum::body::Bytes;
use crc32fast::Hasher;
use flate2::Compression;
use flate2::write::DeflateEncoder;

/// The head of a gzip file of no name, no time and no system.
const HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
/// The last block of a deflate stream, an empty one.
const LAST_BLOCK: [u8; 2] = [3, 0];

/// Says to a quiet stream that it is still there.
pub(super) static STILL_HERE: LazyLock<Piece> =
    LazyLock::new(|| Piece::new(Bytes::from_static(b": still here\n\n")));
/// Says that the session is over, so that a page says so instead of trying again. A server that stops says nothing of the kind.
pub(super) static GONE: LazyLock<Piece> =
    LazyLock::new(|| Piece::new(Bytes::from_static(b"event: gone\ndata: gone\n\n")));

/// A run of bytes of a stream, as it is and compressed.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    plain: Bytes,
    /// Nothing where it could not be compressed.
    packed: Option<Bytes>,
    sum: Hasher,
}

impl Piece {
    fn new(plain: Bytes) -> Self {
        let mut sum = Hasher::new();
        sum.update(&plain);
        Self { packed: pack(&plain).ok(), plain, sum }
    }

    /// An event; its data is one line.
    pub(super) fn event(name: &str, id: &str, data: &str) -> Self {
        Self::new(format!("event: {name}\nid: {id}\ndata: {data}\n\n").into())
    }
}

fn pack(plain: &[u8]) -> io::Result<Bytes> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain)?;
    // To the end of a byte, and open for what follows.
    encoder.flush()?;
    Ok(Bytes::copy_from_slice(encoder.get_ref()))
}

/// Whether a client that takes these encodings takes gzip.
pub(in crate::web) fn takes_gzip(accepted: Option<&str>) -> bool {
    let takes = |part: &str| {
        let mut parts = part.split(';').map(str::trim);
        parts.next() == Some("gzip") && parts.next() != Some("q=0")
    };
    accepted.is_some_and(|accepted| accepted.split(',').any(takes))
}

/// How one stream is written.
#[derive(Debug)]
pub(super) enum Wire {
    Plain,
    /// With the sum and the length of all that was written.
    Packed(Hasher, u64),
}

impl Wire {
    /// The wire for a client that takes these encodings.
    pub(super) fn for_client(accepted: Option<&str>) -> Self {
        if takes_gzip(accepted) { Self::Packed(Hasher::new(), 0) } else { Self::Plain }
    }

    /// What it calls its encoding.
    pub(super) fn encoding(&self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Packed(..) => Some("gzip"),
        }
    }

    /// What comes before everything.
    pub(super) fn head(&self) -> Bytes {
        match self {
            Self::Plain => Bytes::new(),
            Self::Packed(..) => Bytes::from_static(&HEAD),
        }
    }

    /// A piece as it goes over this wire; `None` when it cannot.
    pub(super) fn carry(&mut self, piece: &Piece) -> Option<Bytes> {
        match self {
            Self::Plain => Some(piece.plain.clone()),
            Self::Packed(sum, length) => {
                let packed = piece.packed.clone()?;
                sum.combine(&piece.sum);
                *length += piece.plain.len() as u64;
                Some(packed)
            }
        }
    }

    /// What comes after everything.
    pub(super) fn foot(self) -> Bytes {
        let Self::Packed(sum, length) = self else { return Bytes::new() };
        let mut foot = LAST_BLOCK.to_vec();
        foot.extend(sum.finalize().to_le_bytes());
        // A gzip file gives its length in 32 bits, from the beginning again when it is longer.
        foot.extend(length.to_le_bytes().into_iter().take(4));
        foot.into()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use std::io::Read as _;

    use super::*;

    #[test]
    fn a_compressed_stream_is_a_whole_gzip_file_of_pieces_that_are_shared() {
        let pieces = [
            Piece::event("page", "1", "{\"a\":1}"),
            STILL_HERE.clone(),
            Piece::event("page", "2", &"b".repeat(9_000)),
        ];
        let mut wire = Wire::for_client(Some("br, gzip, deflate"));
        assert_eq!(wire.encoding(), Some("gzip"));
        let mut sent = wire.head().to_vec();
        let mut plain: Vec<u8> = Vec::new();
        for piece in &pieces {
            sent.extend(wire.carry(piece).unwrap());
            plain.extend(&piece.plain);
        }
        sent.extend(wire.foot());
        let mut read = Vec::new();
        flate2::read::GzDecoder::new(sent.as_slice()).read_to_end(&mut read).unwrap();
        assert_eq!(read, plain);
        assert!(sent.len() < 300, "{}", sent.len());
    }

    #[test]
    fn whoever_does_not_ask_for_it_gets_plain_text() {
        for (accepted, packed) in [
            (None, false),
            (Some(""), false),
            (Some("br"), false),
            (Some("gzip;q=0"), false),
            (Some("identity, gzip ;q=0.5"), true),
            (Some("gzip"), true),
        ] {
            assert_eq!(Wire::for_client(accepted).encoding().is_some(), packed, "{accepted:?}");
        }
        let mut wire = Wire::for_client(None);
        assert_eq!(
            wire.carry(&Piece::event("page", "v", "{}")).unwrap(),
            "event: page\nid: v\ndata: {}\n\n".as_bytes()
        );
    }
}
