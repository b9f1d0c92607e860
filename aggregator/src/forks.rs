//! Forks: kiosks whose chain is continued in two ways, because a disk was copied or put back, or an empty tablet was given a name that was in use
//! and did not go on where it was told to (it has a program from before, or never joined).
//!
//! Purpose: whoever comes second is refused, and nothing of it counts, so somebody has to hear of it before a ward's answers have gone into the
//! quarantine for weeks.
//!
//! Vocabulary: a *fork* is a record in the quarantine whose number of the chain another one holds. A kiosk is *forked* while the newest of them is
//! signed with the key that it has, and nobody has *looked* at that one.
//!
//! Invariants: that a kiosk is forked follows from the quarantine, the registry and `forks.ndjson`, all of which are on the disk, so a restart
//! forgets none. A look is durable before it counts. A fork that comes after a look makes the kiosk forked again.
//!
//! Bounded: a look is a person's, and there is one for each newest fork at most.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::slice;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use wardvoice_protocol::envelope::Envelope;
use wardvoice_protocol::id::{Hash, KioskId};

use crate::alerts::Kind;
use crate::help::StaffRole;
use crate::line_file::{LineFile, LineFileError};
use crate::log::{LogError, Reader};
use crate::registry::Registry;

/// A kiosk whose chain is forked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fork {
    /// The kiosk.
    pub kiosk: KioskId,
    /// How many of its records are in quarantine because others have their numbers.
    pub records: u64,
    /// When the newest of them came.
    pub last: Timestamp,
    /// The newest of them.
    pub envelope: Hash,
    /// How often somebody has looked at a fork of it before.
    pub looks: u32,
}

/// Why a look cannot be noted.
#[derive(Debug, thiserror::Error)]
pub enum ForksError {
    /// The file cannot be written.
    #[error(transparent)]
    File(#[from] LineFileError),
    /// The quarantine cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case", deny_unknown_fields)]
enum Event {
    /// Somebody has looked at a kiosk's newest fork.
    Looked { kiosk: KioskId, envelope: Hash, by: StaffRole },
}

/// Who has looked at which fork. Shared by reference.
#[derive(Debug)]
pub struct Forks(Mutex<Held>);

#[derive(Debug)]
struct Held {
    file: LineFile<Event>,
    looks: BTreeMap<KioskId, Look>,
}

/// The last look at a kiosk's forks.
#[derive(Debug, Clone, Copy)]
struct Look {
    envelope: Hash,
    times: u32,
}

impl Fork {
    /// What its alert is known by: another one after each look, because what comes after is news.
    pub fn about(&self) -> String {
        match self.looks {
            0 => self.kiosk.to_string(),
            before => format!("{}:{}", self.kiosk, before.saturating_add(1)),
        }
    }
}

impl Forks {
    /// Opens the looks of a file; one that is not there is made and has none.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, LineFileError> {
        let mut looks = BTreeMap::new();
        let file = LineFile::open(path, |_, event| {
            take(&mut looks, event);
            Ok(())
        })?;
        Ok(Self(Mutex::new(Held { file, looks })))
    }

    /// The kiosks that are forked.
    pub fn standing(&self, reader: &Reader, registry: &Registry) -> Result<BTreeMap<KioskId, Fork>, LogError> {
        let kiosks = registry.all();
        let mut standing = BTreeMap::new();
        for (kiosk, source) in reader.sources()? {
            let Some(known) = kiosks.get(&kiosk) else { continue };
            let Some(newest) = reader.last_fork(&kiosk, &source)? else { continue };
            let look = self.locked().looks.get(&kiosk).copied();
            let is_its = Envelope::read(&newest.payload).is_ok_and(|one| one.is_signed_by(&known.signing_key));
            if !is_its || look.is_some_and(|look| look.envelope == newest.envelope) {
                continue;
            }
            let fork = Fork {
                kiosk: kiosk.clone(),
                records: source.forked,
                last: newest.received,
                envelope: newest.envelope,
                looks: look.map_or(0, |look| look.times),
            };
            standing.insert(kiosk, fork);
        }
        Ok(standing)
    }

    /// Somebody has looked at a kiosk's forks: durable when this returns. It is not forked any more, until another fork comes.
    pub fn look(&self, fork: &Fork, by: &StaffRole, now: Timestamp) -> Result<(), LineFileError> {
        let event = Event::Looked { kiosk: fork.kiosk.clone(), envelope: fork.envelope, by: by.clone() };
        let mut held = self.locked();
        held.file.append(now, slice::from_ref(&event))?;
        take(&mut held.looks, event);
        Ok(())
    }

    /// Somebody says of an alert that they have seen it: where it is of a fork, they have looked at that. Durable when this returns.
    pub fn seen(
        &self,
        alert: &str,
        by: &StaffRole,
        reader: &Reader,
        registry: &Registry,
        now: Timestamp,
    ) -> Result<(), ForksError> {
        if !alert.starts_with(Kind::ForkedChain.word()) {
            return Ok(());
        }
        let standing = self.standing(reader, registry)?;
        // Where there is none it has ended meanwhile, or somebody else was quicker.
        if let Some(fork) = standing.values().find(|fork| Kind::ForkedChain.key(&fork.about()) == alert) {
            self.look(fork, by, now)?;
        }
        Ok(())
    }

    fn locked(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn take(looks: &mut BTreeMap<KioskId, Look>, event: Event) {
    let Event::Looked { kiosk, envelope, .. } = event;
    let times = looks.get(&kiosk).map_or(0, |look| look.times).saturating_add(1);
    looks.insert(kiosk, Look { envelope, times });
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use std::fs;

    use tempfile::TempDir;
    use wardvoice_protocol::envelope::ChainHead;
    use wardvoice_protocol::keys::SigningKey;
    use wardvoice_protocol::receipt::Decision;

    use super::*;
    use crate::ingest::testing::{NOW, Tablet, Trust};
    use crate::ingest::{Arrival, Writer, judge};
    use crate::log::Log;

    /// A log and the looks at its forks, in a folder that goes away with them.
    struct Scene {
        trust: Trust,
        folder: TempDir,
        writer: Writer,
        forks: Forks,
    }

    impl Scene {
        fn new(seed: u64) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let writer = Writer::new(Log::open(&folder.path().join("log")).unwrap());
            let forks = Forks::open(folder.path().join("forks.ndjson")).unwrap();
            Self { trust: Trust::new(seed), folder, writer, forks }
        }

        fn restarted(self) -> Self {
            let Self { trust, folder, writer, forks } = self;
            drop((writer, forks));
            let writer = Writer::new(Log::open(&folder.path().join("log")).unwrap());
            let forks = Forks::open(folder.path().join("forks.ndjson")).unwrap();
            Self { trust, folder, writer, forks }
        }

        /// So many contacts of a tablet; whether they were accepted.
        fn sends(&mut self, tablet: &mut Tablet, count: usize) -> Vec<bool> {
            let sent = self.trust.contacts(tablet, count);
            sent.into_iter().map(|arrival| self.is_accepted(arrival)).collect()
        }

        fn is_accepted(&mut self, arrival: Arrival) -> bool {
            let decided = self.writer.decide(judge(arrival, &self.trust.world)).unwrap();
            self.writer.commit().unwrap();
            decided.verdict.decision == Decision::Accepted
        }

        /// The kiosks that are forked: each with its alert's name and how many records.
        fn standing(&self) -> Vec<(String, u64)> {
            let standing = self.forks.standing(&self.writer.reader(), &self.trust.world.registry).unwrap();
            standing.values().map(|fork| (fork.about(), fork.records)).collect()
        }

        fn look(&self) {
            let standing = self.forks.standing(&self.writer.reader(), &self.trust.world.registry).unwrap();
            for fork in standing.values() {
                self.forks.look(fork, &"site manager".parse().unwrap(), NOW.parse().unwrap()).unwrap();
            }
        }
    }

    /// A tablet, and a copy of its disk, after the tablet has sent some more; both have the copy's first record after that refused.
    fn forked(seed: u64) -> (Scene, Tablet, Tablet) {
        let mut scene = Scene::new(seed);
        let mut tablet = scene.trust.tablet("k-1");
        assert_eq!(scene.sends(&mut tablet, 2), [true, true]);
        let mut copy = tablet.clone();
        assert_eq!(scene.sends(&mut tablet, 3), [true; 3]);
        assert!(scene.standing().is_empty(), "one tablet is no fork");
        assert_eq!(scene.sends(&mut copy, 1), [false]);
        assert_eq!(scene.standing(), [("k-1".to_owned(), 1)]);
        (scene, tablet, copy)
    }

    #[test]
    fn a_forked_kiosk_stays_forked_over_restarts_until_somebody_has_looked_and_another_record_comes() {
        let (scene, _, mut copy) = forked(1);
        let mut scene = scene.restarted();
        assert_eq!(scene.sends(&mut copy, 1), [false]);
        assert_eq!(scene.standing(), [("k-1".to_owned(), 2)]);
        scene.look();
        assert!(scene.standing().is_empty());
        let mut scene = scene.restarted();
        assert!(scene.standing().is_empty(), "whoever has looked has looked");
        assert_eq!(scene.sends(&mut copy, 1), [false]);
        assert_eq!(scene.standing(), [("k-1:2".to_owned(), 3)], "the copy goes on, which is news");
    }

    #[test]
    fn a_look_that_cannot_be_kept_has_not_happened() {
        let (mut scene, _, mut copy) = forked(2);
        scene.look();
        assert_eq!(scene.sends(&mut copy, 1), [false]);
        // A file that has become shorter takes nothing any more.
        fs::write(scene.folder.path().join("forks.ndjson"), "").unwrap();
        let standing = scene.forks.standing(&scene.writer.reader(), &scene.trust.world.registry).unwrap();
        let fork = standing.values().next().unwrap();
        assert!(scene.forks.look(fork, &"office".parse().unwrap(), NOW.parse().unwrap()).is_err());
        assert_eq!(scene.standing(), [("k-1:2".to_owned(), 2)]);
    }

    #[test]
    fn a_kiosk_with_a_new_key_is_forked_no_more_by_what_the_old_one_signed() {
        let (mut scene, tablet, mut copy) = forked(3);
        let new = SigningKey::from_bytes(&[9; 32]);
        scene.trust.world.registry.replace_key(&tablet.id, new.verifying_key()).unwrap();
        assert!(scene.standing().is_empty());
        assert_eq!(scene.sends(&mut copy, 1), [false], "the old key counts no more");
        assert!(scene.standing().is_empty());
        // With the same chain it goes on, and a copy of that one is a fork as before.
        let mut renewed = Tablet { key: new, ..tablet };
        let mut again = renewed.clone();
        assert_eq!((scene.sends(&mut renewed, 1), scene.sends(&mut again, 1)), (vec![true], vec![false]));
        assert_eq!(scene.standing(), [("k-1".to_owned(), 2)]);
    }

    #[test]
    fn an_empty_tablet_with_a_name_that_is_in_use_is_forked_from_its_first_record() {
        let (mut scene, tablet, _) = forked(4);
        let new = SigningKey::from_bytes(&[9; 32]);
        scene.trust.world.registry.replace_key(&tablet.id, new.verifying_key()).unwrap();
        let mut empty = Tablet { key: new, head: ChainHead::EMPTY, ..tablet };
        assert_eq!(scene.sends(&mut empty, 1), [false]);
        assert_eq!(scene.standing(), [("k-1".to_owned(), 2)]);
    }
}
