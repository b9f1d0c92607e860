//! The visit log, `visits.ndjson`: which rounds were gone from this tablet, and the seed each order of beds was drawn from.
//!
//! Together with the ward's board of the time a seed gives the order again, so that an audit can ask whether volunteers follow
//! it, although no bed was ever written down and no record says in which visit it was made. It stays on the tablet.
//!
//! Beside it, `unfinished.json`: the rounds that are not over, for a tablet whose battery runs empty in the middle of one.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::files;
use crate::interview::volunteer::{Unfinished, VisitNote};

const FILE: &str = "visits.ndjson";
const UNFINISHED: &str = "unfinished.json";
/// How many visits are remembered: two a day for a year.
const MOST: usize = 800;

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VisitLine {
    /// The moment, cut down to the hour as record ids are.
    pub(crate) hour: Timestamp,
    /// The visit.
    pub(crate) visit: VisitNote,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct UnfinishedFile {
    version: u32,
    rounds: Vec<Unfinished>,
}

/// Writes down the rounds that are not over, in place of those from before.
pub(crate) fn keep_unfinished(data: &Path, rounds: &[Unfinished]) -> io::Result<()> {
    let path = data.join(UNFINISHED);
    if rounds.is_empty() {
        return match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => files::sync_directory(data),
        };
    }
    let file = UnfinishedFile { version: 1, rounds: rounds.to_vec() };
    files::replace(&path, &serde_json::to_vec(&file)?, 0o600)
}

/// The rounds that an earlier run left. A file that does not read is none: a new order is drawn.
pub(crate) fn read_unfinished(data: &Path) -> Vec<Unfinished> {
    let bytes = fs::read(data.join(UNFINISHED)).unwrap_or_default();
    let file = serde_json::from_slice::<UnfinishedFile>(&bytes).ok().filter(|file| file.version == 1);
    file.map(|file| file.rounds).unwrap_or_default()
}

/// Adds a visit; the oldest are dropped once there are twice as many as are worth it.
pub(crate) fn note(data: &Path, visit: VisitNote, now: Timestamp) -> io::Result<()> {
    let path = data.join(FILE);
    let hour = Timestamp::from_second(now.as_second().div_euclid(3_600) * 3_600).unwrap_or(now);
    let mut line = serde_json::to_string(&VisitLine { hour, visit })?;
    line.push('\n');
    let known = fs::read(&path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let count = known.lines().count();
    if count >= 2 * MOST {
        let newest: Vec<&str> = known.lines().skip(count - MOST).collect();
        let text = newest.join("\n") + "\n" + &line;
        return files::replace(&path, text.as_bytes(), 0o600);
    }
    let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
    file.write_all(line.as_bytes())?;
    file.sync_all()
}

/// Every visit that is remembered, oldest first. A line that a power cut has torn is left out.
pub(crate) fn read(data: &Path) -> io::Result<Vec<VisitLine>> {
    match fs::read(data.join(FILE)) {
        Ok(bytes) => {
            Ok(bytes.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;
    use crate::interview::volunteer::METHOD;

    #[test]
    fn unfinished_rounds_are_kept_and_forgotten_and_a_torn_file_is_none() {
        let data = tempfile::tempdir().unwrap();
        assert_eq!(read_unfinished(data.path()), []);
        keep_unfinished(data.path(), &[]).unwrap();
        let round = Unfinished {
            ward: "W1".parse().unwrap(),
            day: "2026-11-25".parse().unwrap(),
            seed: u64::MAX.to_string(),
            method: METHOD.to_owned(),
            beds: 24,
            left: vec![7, 0, 23],
            approached: 21,
            answered: 12,
        };
        keep_unfinished(data.path(), std::slice::from_ref(&round)).unwrap();
        assert_eq!(read_unfinished(data.path()), [round]);
        let path = data.path().join(UNFINISHED);
        let whole = fs::read_to_string(&path).unwrap();
        fs::write(&path, whole.get(..whole.len() / 2).unwrap()).unwrap();
        assert_eq!(read_unfinished(data.path()), []);
        keep_unfinished(data.path(), &[]).unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn the_log_has_an_hour_and_a_seed_and_an_end() {
        let data = tempfile::tempdir().unwrap();
        assert_eq!(read(data.path()).unwrap(), []);
        let visit = |seed: usize| VisitNote {
            ward: "W1".parse().unwrap(),
            board: None,
            beds: 24,
            seed: seed.to_string(),
            method: METHOD.to_owned(),
        };
        let full: Vec<String> = (0..2 * MOST)
            .map(|seed| {
                let hour = "2026-11-25T10:00:00Z".parse().unwrap();
                serde_json::to_string(&VisitLine { hour, visit: visit(seed) }).unwrap()
            })
            .collect();
        fs::write(data.path().join(FILE), full.join("\n") + "\n{torn\n").unwrap();
        note(data.path(), visit(2 * MOST), "2026-11-25T10:59:59Z".parse().unwrap()).unwrap();
        let lines = read(data.path()).unwrap();
        assert_eq!(lines.len(), MOST, "the newest, less the torn one");
        let last = lines.last().unwrap();
        assert_eq!((last.hour.to_string().as_str(), last.visit.seed.as_str()), ("2026-11-25T10:00:00Z", "1600"));
    }
}
