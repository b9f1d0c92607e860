//! The marker: a small file beside the store that says how far the store must reach.
//!
//! sled opens a truncated file as a silently empty store. The marker is written and fsynced after every promise and is
//! read before anything is believed: a store that is behind its marker has lost records.
//!
//! The file is two slots of [`SLOT_BYTES`], written in turn and in place, so a torn write spoils only the slot that was
//! being written; the greater valid one counts.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use wardvoice_protocol::id::Hash;

use super::bytes::{Cursor, Put};
use super::store::sync_folder;

const SLOT_BYTES: usize = 512;
const MAGIC: &[u8; 8] = b"wvmark01";

/// How far the store reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    /// How many promises were made.
    pub(super) commits: u64,
    /// The position of the last record.
    pub(super) position: u64,
    /// The running hash over all records up to it.
    pub(super) running: Hash,
}

impl Mark {
    /// The mark of a log without records.
    pub(super) const EMPTY: Self = Self { commits: 0, position: 0, running: Hash::ZERO };
}

/// The open file.
pub(super) struct Marker {
    file: File,
}

/// What the file says at opening.
pub(super) enum Found {
    /// There is no file.
    Nothing,
    /// There is a file and no slot of it is valid.
    Unreadable,
    /// The last mark.
    Mark(Marker, Mark),
}

impl Marker {
    pub(super) fn find(path: &Path) -> io::Result<Found> {
        let file = match OpenOptions::new().read(true).write(true).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
            Err(error) => return Err(error),
        };
        let mut best: Option<Mark> = None;
        for slot in 0..2_u64 {
            let mut bytes = [0; SLOT_BYTES];
            if file.read_exact_at(&mut bytes, slot * SLOT_BYTES as u64).is_ok()
                && let Some(mark) = decode(&bytes)
                && best.is_none_or(|known| known.commits <= mark.commits)
            {
                best = Some(mark);
            }
        }
        Ok(best.map_or(Found::Unreadable, |mark| Found::Mark(Self { file }, mark)))
    }

    /// Makes the file, durably, with a mark in both slots.
    pub(super) fn create(path: &Path, mark: Mark) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).mode(0o600).open(path)?;
        let marker = Self { file };
        marker.write_slot(0, &mark)?;
        marker.write_slot(1, &mark)?;
        marker.file.sync_all()?;
        if let Some(folder) = path.parent() {
            sync_folder(folder)?;
        }
        Ok(marker)
    }

    /// Says, durably, how far the store reaches now.
    pub(super) fn advance(&self, mark: &Mark) -> io::Result<()> {
        self.write_slot(mark.commits % 2, mark)?;
        self.file.sync_data()
    }

    fn write_slot(&self, slot: u64, mark: &Mark) -> io::Result<()> {
        self.file.write_all_at(&encode(mark), slot * SLOT_BYTES as u64)
    }
}

fn encode(mark: &Mark) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.put_u64(mark.commits);
    bytes.put_u64(mark.position);
    bytes.put_hash(&mark.running);
    bytes.put_u32(crc32fast::hash(&bytes));
    bytes.resize(SLOT_BYTES, 0);
    bytes
}

fn decode(bytes: &[u8]) -> Option<Mark> {
    let mut cursor = Cursor::new(bytes);
    if cursor.array::<8>()? != *MAGIC {
        return None;
    }
    let mark = Mark { commits: cursor.u64()?, position: cursor.u64()?, running: cursor.hash()? };
    let known = cursor.u32()?;
    // The checksum stands behind the fields, so writing the mark again shows what it should be.
    (encode(&mark).get(56..60) == Some(known.to_le_bytes().as_slice())).then_some(mark)
}
