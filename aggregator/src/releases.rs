//! The ledger of releases: everything that the public may see, for ever, in `releases.ndjson` of the data folder.
//!
//! What the public sees is read from here and from nowhere else: a page for everybody never looks at the facts. A release is in
//! the ledger before anybody can see it, so that the next plan knows of it whatever the power does.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use jiff::Timestamp;
use wardvoice_protocol::directory::Unit;

use crate::line_file::{LineFile, LineFileError};
use crate::publication::{Release, Subject};

/// Every release there was.
#[derive(Debug)]
pub struct Releases {
    file: Mutex<LineFile<Release>>,
    all: RwLock<Arc<Vec<Release>>>,
}

impl Releases {
    /// Opens the ledger of a file; one that is not there is made and is empty.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, LineFileError> {
        let mut all = Vec::new();
        let file = LineFile::open(path, |_, release| {
            all.push(release);
            Ok(())
        })?;
        Ok(Self { file: Mutex::new(file), all: RwLock::new(Arc::new(all)) })
    }

    /// Everything that was released, the oldest first.
    pub fn all(&self) -> Arc<Vec<Release>> {
        Arc::clone(&self.all.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes a plan from everything that was released before and releases what it says: durable when this returns. No other
    /// release comes between the plan and the ledger.
    pub fn release<E: From<LineFileError>>(
        &self,
        plan: impl FnOnce(&[Release]) -> Result<Vec<Release>, E>,
    ) -> Result<Vec<Release>, E> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.all();
        let new = plan(&before)?;
        file.append(Timestamp::now(), &new)?;
        let all = before.iter().chain(&new).cloned().collect();
        *self.all.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(all);
        Ok(new)
    }

    /// What stands of a question and a unit: of each period the last release, the newest period first.
    pub fn standing(&self, subject: &Subject, unit: &Unit) -> Vec<Release> {
        let all = self.all();
        let mut standing: Vec<Release> = Vec::new();
        for release in all.iter().filter(|release| release.subject == *subject && release.unit == *unit) {
            match standing.iter_mut().find(|known| known.period == release.period) {
                Some(known) => *known = release.clone(),
                None => standing.push(release.clone()),
            }
        }
        standing.sort_by_key(|release| std::cmp::Reverse((release.last_day, release.first_day)));
        standing
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;
    use crate::publication::PartCount;

    fn release(period: &str, last_day: &str, people: u64) -> Release {
        let last_day = last_day.parse().unwrap();
        Release {
            subject: Subject::FriendsAndFamily,
            unit: "ward:W1".parse().unwrap(),
            wards: vec!["W1".parse().unwrap()],
            period: period.to_owned(),
            first_day: "2026-10-01".parse().unwrap(),
            last_day,
            as_of: last_day,
            parts: vec![PartCount { name: "everybody".to_owned(), people }],
        }
    }

    #[test]
    fn what_was_released_is_there_after_a_restart_and_a_revision_stands_for_what_it_revises() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("releases.ndjson");
        let releases = Releases::open(&path).unwrap();
        let put = |releases: &Releases, new: Vec<Release>| {
            releases.release::<LineFileError>(|_| Ok(new)).unwrap();
        };
        put(&releases, vec![release("2026-10", "2026-10-31", 20), release("2026-11", "2026-11-30", 30)]);
        put(&releases, vec![release("2026-10", "2026-10-31", 27)]);
        let again = Releases::open(&path).unwrap();
        assert_eq!(again.all(), releases.all());
        let standing = again.standing(&Subject::FriendsAndFamily, &"ward:W1".parse().unwrap());
        let said: Vec<(&str, u64)> =
            standing.iter().map(|release| (release.period.as_str(), release.people())).collect();
        assert_eq!(said, [("2026-11", 30), ("2026-10", 27)]);
        assert_eq!(again.standing(&Subject::FriendsAndFamily, &"ward:W2".parse().unwrap()), []);
    }
}
