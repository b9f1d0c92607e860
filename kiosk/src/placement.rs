//! The ward a manager has moved the kiosk to on the spot: `moved.json`.
//!
//! It holds against one assignment's ward: when the hospital assigns the kiosk to another, the hospital has caught up (or knows
//! better) and the move is over.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use wardvoice_protocol::assignment::Assignment;
use wardvoice_protocol::id::WardId;
use wardvoice_protocol::round::WardName;

use crate::files;
use crate::interview::volunteer::Briefing;

const FILE: &str = "moved.json";

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Moved {
    version: u32,
    /// The ward of the assignment that it holds against.
    from: WardId,
    to: WardName,
}

/// The ward that a kiosk with this assignment was moved to.
pub(crate) fn moved(data: &Path, assigned: &WardId) -> Option<WardName> {
    let bytes = fs::read(path(data)).ok()?;
    let moved: Moved = serde_json::from_slice(&bytes)
        .inspect_err(|error| tracing::warn!(%error, "a move that cannot be read is over"))
        .ok()?;
    (moved.version == 1 && moved.from == *assigned && moved.to.id != *assigned).then_some(moved.to)
}

/// Moves the kiosk, or back to the ward of its assignment.
pub(crate) fn move_to(data: &Path, assigned: &WardId, to: Option<WardName>) -> io::Result<()> {
    match to {
        Some(to) => {
            let moved = Moved { version: 1, from: assigned.clone(), to };
            files::replace(&path(data), &serde_json::to_vec_pretty(&moved)?, 0o600)
        }
        None => match fs::remove_file(path(data)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => files::sync_directory(data),
        },
    }
}

/// An assignment as it is for the ward the kiosk was moved to.
pub(crate) fn placed(assignment: &Assignment, to: Option<&WardName>, briefing: &Briefing) -> Assignment {
    let Some(to) = to else { return assignment.clone() };
    let board = briefing.boards.get(&to.id);
    Assignment {
        ward: to.id.clone(),
        ward_name: to.name.clone(),
        consultants: board.map(|board| board.consultants.clone()).unwrap_or_default(),
        ..assignment.clone()
    }
}

fn path(data: &Path) -> PathBuf {
    data.join(FILE)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;

    #[test]
    fn a_move_outlives_a_restart_and_not_a_new_assignment() {
        let data = tempfile::tempdir().unwrap();
        let ward = |id: &str| id.parse::<WardId>().unwrap();
        let to = WardName { id: ward("W2"), name: "Ward 2".to_owned() };
        assert_eq!(moved(data.path(), &ward("W1")), None);
        move_to(data.path(), &ward("W1"), Some(to.clone())).unwrap();
        assert_eq!(moved(data.path(), &ward("W1")), Some(to));
        assert_eq!(moved(data.path(), &ward("W3")), None, "the hospital has assigned it anew");
        assert_eq!(moved(data.path(), &ward("W2")), None, "the hospital has caught up");
        move_to(data.path(), &ward("W1"), None).unwrap();
        move_to(data.path(), &ward("W1"), None).unwrap();
        assert_eq!(moved(data.path(), &ward("W1")), None);
    }
}
