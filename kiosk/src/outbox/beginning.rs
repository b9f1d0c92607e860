//! The beginning: after which record the chain of a tablet begins that was given a name which had sent already.
//!
//! A small fsynced file, written when the tablet joins and before it is a kiosk, so that none numbers a record without it. It is
//! [checked]: `wardvoice-outbox-beginning-1`, kiosk, sequence, hash.
//!
//! It counts until the first record is kept: until then the marker says the same, and nothing was promised of the store beside it, which a
//! power cut may have left half made. A tablet that has an outbox already never gets one.

use std::fs;
use std::io;
use std::path::Path;

use wardvoice_protocol::envelope::ChainHead;
use wardvoice_protocol::id::{Hash, KioskId};

use super::marker::Marker;
use super::places::{beginning_path, has_been_used, marker_path};
use super::{OutboxError, checked, file, lock};
use crate::files;

const TITLE: &str = "wardvoice-outbox-beginning-1";

/// Lets the chain of a data directory begin after a record that the aggregator has in the kiosk's name, or at 1 where it has none; durable when
/// this returns. Where there is an outbox, or ever was one, it is left as it is: that knows better where its chain stands.
pub fn begin_after(data: &Path, kiosk: &KioskId, head: Option<ChainHead>) -> Result<(), OutboxError> {
    // Asked before the lock, which a kiosk that runs holds.
    if has_begun(data)? {
        return Ok(());
    }
    let _lock = lock(data)?;
    if has_begun(data)? || has_been_used(data)? {
        return Ok(());
    }
    let path = beginning_path(data);
    let written = match head {
        Some(head) => {
            tracing::info!(%kiosk, after = head.sequence, "this tablet goes on with a chain that another began");
            let text = checked::write(TITLE, &[kiosk, &head.sequence, &head.hash]);
            files::replace(&path, text.as_bytes(), 0o600)
        }
        // It may have been another kiosk's until now.
        None => remove(&path),
    };
    written.map_err(|source| file(path, source))
}

/// Where a kiosk's first record is linked to: [`ChainHead::EMPTY`] where nothing was said about that.
pub(super) fn first_head(data: &Path, kiosk: &KioskId) -> io::Result<ChainHead> {
    match fs::read(beginning_path(data)) {
        Ok(bytes) => {
            let damaged = "it is damaged; take this tablet in again with a new code (`wardvoice-kiosk join`)";
            let known = str::from_utf8(&bytes).ok().and_then(read);
            let (of, head) = known.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, damaged))?;
            Ok(if of == *kiosk { head } else { ChainHead::EMPTY })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(ChainHead::EMPTY),
        Err(error) => Err(error),
    }
}

/// Whether a marker is the one that an outbox begins with, so that nothing was ever promised of its store.
pub(super) fn is_first(data: &Path, marker: &Marker) -> bool {
    // Where it cannot be read, the store has to be there.
    marker.head.sequence == 0 || first_head(data, &marker.kiosk).is_ok_and(|head| head == marker.head)
}

fn has_begun(data: &Path) -> Result<bool, OutboxError> {
    let path = marker_path(data);
    path.try_exists().map_err(|source| file(path.clone(), source))
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Ok(()) => files::sync_directory(path.parent().unwrap_or(Path::new("."))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

fn read(text: &str) -> Option<(KioskId, ChainHead)> {
    let mut lines = checked::read(TITLE, text)?;
    let kiosk = lines.next()?.parse().ok()?;
    let sequence = lines.next()?.parse().ok()?;
    let hash: Hash = lines.next()?.parse().ok()?;
    lines.next().is_none().then_some((kiosk, ChainHead { sequence, hash }))
}
