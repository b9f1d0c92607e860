//! The marker: a small fsynced file beside the store that says how far the chain has come.
//!
//! Text, one value a line: `wardvoice-outbox-marker-1`, kiosk, generation of the store, sequence, hash, and the CRC-32
//! of all that in eight hexadecimal digits. It is replaced, never written in place.

use std::fs;
use std::io;
use std::path::Path;

use wardvoice_protocol::envelope::ChainHead;
use wardvoice_protocol::id::{Hash, KioskId};

use crate::files;

const TITLE: &str = "wardvoice-outbox-marker-1";

/// How far the chain has come, and which store holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Marker {
    pub(super) kiosk: KioskId,
    pub(super) generation: u64,
    pub(super) head: ChainHead,
}

/// What a marker file holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    Damaged,
    Marker(Marker),
}

impl Marker {
    /// Reads a marker file.
    pub(super) fn read(path: &Path) -> io::Result<Found> {
        match fs::read(path) {
            Ok(bytes) => {
                let marker = std::str::from_utf8(&bytes).ok().and_then(Self::parse);
                Ok(marker.map_or(Found::Damaged, Found::Marker))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Found::Nothing),
            Err(error) => Err(error),
        }
    }

    /// Replaces the marker file; durable when it returns.
    pub(super) fn write(&self, path: &Path) -> io::Result<()> {
        let body =
            format!("{TITLE}\n{}\n{}\n{}\n{}\n", self.kiosk, self.generation, self.head.sequence, self.head.hash);
        let text = format!("{body}{:08x}\n", crc32fast::hash(body.as_bytes()));
        files::replace(path, text.as_bytes(), 0o600)
    }

    fn parse(text: &str) -> Option<Self> {
        let (body, crc) = text.strip_suffix('\n')?.rsplit_once('\n')?;
        let crc = u32::from_str_radix(crc, 16).ok()?;
        if crc32fast::hash(format!("{body}\n").as_bytes()) != crc {
            return None;
        }
        let mut lines = body.lines();
        if lines.next()? != TITLE {
            return None;
        }
        let kiosk = lines.next()?.parse().ok()?;
        let generation = lines.next()?.parse().ok()?;
        let sequence = lines.next()?.parse().ok()?;
        let hash: Hash = lines.next()?.parse().ok()?;
        lines.next().is_none().then_some(Self { kiosk, generation, head: ChainHead { sequence, hash } })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]
    use super::*;

    #[test]
    fn a_marker_reads_back_and_no_flipped_bit_goes_unseen() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("outbox.marker");
        assert_eq!(Marker::read(&path).unwrap(), Found::Nothing);
        let marker = Marker {
            kiosk: KioskId::new("k-1").unwrap(),
            generation: 3,
            head: ChainHead { sequence: 42, hash: Hash::of(b"x") },
        };
        marker.write(&path).unwrap();
        assert_eq!(Marker::read(&path).unwrap(), Found::Marker(marker.clone()));

        let bytes = fs::read(&path).unwrap();
        for place in 0..bytes.len() {
            let mut flipped = bytes.clone();
            *flipped.get_mut(place).unwrap() ^= 1;
            fs::write(&path, &flipped).unwrap();
            assert_ne!(Marker::read(&path).unwrap(), Found::Marker(marker.clone()), "byte {place}");
            fs::write(&path, bytes.get(..place).unwrap()).unwrap();
            assert_eq!(Marker::read(&path).unwrap(), Found::Damaged, "cut at {place}");
        }
    }
}
