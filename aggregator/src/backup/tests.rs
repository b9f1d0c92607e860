#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use std::os::unix::fs::PermissionsExt as _;

use wardvoice_protocol::envelope::Envelope;
use wardvoice_protocol::fortnight::DayNumber;
use wardvoice_protocol::record::{Body, HelpRequest, Need, Record};

use super::age::Identity;
use super::*;
use crate::ingest::testing::{NOW, Tablet, Trust, arrival, cleaning, clock, contact_record, ward};
use crate::ingest::{Arrival, Writer, judge};
use crate::log::{Head, Left, Log, Seen, Slot};
use crate::transfer;

/// A data folder with a log, and a place for backups.
struct Scene {
    data: tempfile::TempDir,
    backups: tempfile::TempDir,
    trust: Trust,
    writer: Writer,
    key: Identity,
}

/// Everything that a log says.
#[derive(Debug, PartialEq)]
struct Standing {
    export: String,
    heads: Vec<Head>,
    chains: Vec<Vec<Slot>>,
    end: Committed,
    seen: Vec<Option<Seen>>,
}

impl Scene {
    fn new(seed: u64) -> Self {
        let data = tempfile::tempdir().unwrap();
        let writer = Writer::new(Log::open(&data.path().join("log")).unwrap());
        fs::create_dir(data.path().join("keys")).unwrap();
        fs::write(data.path().join("keys/open.key"), "a secret\n").unwrap();
        fs::set_permissions(data.path().join("keys/open.key"), fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(data.path().join("audit.ndjson"), "one\ntwo\nhal").unwrap();
        let backups = tempfile::tempdir().unwrap();
        Self { data, backups, trust: Trust::new(seed), writer, key: Identity::draw().unwrap() }
    }

    fn send(&mut self, arrivals: Vec<Arrival>) {
        for arrival in arrivals {
            self.writer.decide(judge(arrival, &self.trust.world)).unwrap();
        }
        self.writer.commit().unwrap();
    }

    fn contacts(&mut self, tablet: &mut Tablet, count: usize) {
        let arrivals = self.trust.contacts(tablet, count);
        self.send(arrivals);
    }

    fn to(&self) -> PathBuf {
        self.backups.path().join("monday.age")
    }

    fn sources(&self) -> Sources {
        Sources {
            data: self.data.path().to_owned(),
            settings: None,
            to: self.to(),
            recipients: vec![self.key.recipient()],
        }
    }

    fn freeze(&self) -> Frozen {
        begin(self.sources()).unwrap().freeze(&self.writer.reader(), NOW.parse().unwrap()).unwrap()
    }

    fn written(&self) -> Written {
        self.freeze().finish(&self.writer.reader(), |_, _| ()).unwrap()
    }

    fn restore(&self, to: &Path) -> Result<Manifest, BackupError> {
        let opener = open(&self.to(), &self.key)?;
        let restoring = Restoring::begin(to)?;
        let manifest = restoring.unpack(&self.to(), opener)?;
        restoring.put_in_place()?;
        Ok(manifest)
    }

    fn standing(&self) -> Standing {
        standing(&self.writer.reader())
    }
}

fn standing(reader: &Reader) -> Standing {
    let mut export = Vec::new();
    transfer::export(reader, &mut export).unwrap();
    let heads = reader.heads().unwrap();
    let chain = |kiosk| reader.chain(kiosk).map(|slot| slot.unwrap().1).collect();
    Standing {
        export: String::from_utf8(export).unwrap(),
        chains: heads.keys().map(chain).collect(),
        heads: heads.into_values().collect(),
        end: reader.end().unwrap(),
        seen: reader.requests().unwrap().iter().map(|(_, record)| reader.seen(record).unwrap()).collect(),
    }
}

/// Two kiosks, with everything that a log can hold: what was refused and holds a number, what broke a chain, a gap, requests for help.
fn full(seed: u64) -> (Scene, Tablet) {
    let mut scene = Scene::new(seed);
    let (mut one, mut two) = (scene.trust.tablet("k-1"), scene.trust.tablet("k-2"));
    scene.contacts(&mut one, 300);
    let held = scene.trust.seal_bytes(&mut one, b"{}");
    scene.send(vec![held, arrival(&two.id, b"rubbish".to_vec()), arrival(&two.id, vec![b'x'; 100_000])]);
    scene.contacts(&mut one, 2);
    scene.contacts(&mut two, 5);
    // One that names the wrong one before it, and one behind a gap.
    let mut lost = two.clone();
    lost.head.hash = Hash::of(b"another");
    let broken = scene.trust.seal(&mut lost, &cleaning());
    scene.send(vec![broken]);
    let _missing = scene.trust.contacts(&mut one, 1);
    scene.contacts(&mut one, 3);
    let gone = [3, 5, 304].map(|position| (position, Left::Nothing));
    scene.writer.forget(&gone, DayNumber::from_count(20_790)).unwrap();
    let less = serde_json::to_vec(&contact_record(scene.trust.contact_answering("noise", "unknown"))).unwrap();
    scene.writer.forget(&[(7, Left::Reduced(less))], DayNumber::from_count(20_791)).unwrap();
    let request = HelpRequest { ward: ward(), need: Need::Drink, place: None };
    let asking = Record { clock: clock("2026-11-23T11:30:00Z"), body: Body::HelpRequest(request) };
    for by in [Some("nurse in charge"), None] {
        let asked = scene.trust.seal(&mut one, &asking);
        let record = Envelope::read(&asked.payload).unwrap().record();
        scene.send(vec![asked]);
        if let Some(by) = by {
            scene.writer.acknowledge(record, Seen { at: NOW.parse().unwrap(), by: by.to_owned() }).unwrap();
            scene.writer.commit().unwrap();
        }
    }
    (scene, one)
}

#[test]
fn what_was_there_at_one_moment_comes_back_and_nothing_else() {
    let (mut scene, mut tablet) = full(1);
    let before = scene.standing();
    assert!(before.heads.iter().any(|head| head.unlinked > 0) && before.heads.iter().any(|head| head.refused > 0));
    let frozen = scene.freeze();
    // What comes, is refused and is written while the backup is written is not in it.
    scene.contacts(&mut tablet, 40);
    scene.send(vec![arrival(&tablet.id, b"more rubbish".to_vec())]);
    fs::write(scene.data.path().join("audit.ndjson"), "one\ntwo\nthree\nfour\n").unwrap();
    let written = frozen.finish(&scene.writer.reader(), |_, _| ()).unwrap();
    let trial = tempfile::tempdir().unwrap();
    written.try_in(trial.path()).unwrap();
    assert!(!scene.to().exists(), "it has no name before it was tried");
    let (manifest, bytes) = (written.manifest.clone(), written.bytes);
    written.put_in_place().unwrap();
    assert_eq!(fs::metadata(scene.to()).unwrap().len(), bytes);
    assert_eq!(fs::metadata(scene.to()).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(scene.backups.path()).unwrap().count(), 1, "nothing is left beside it");

    let elsewhere = tempfile::tempdir().unwrap();
    let to = elsewhere.path().join("new/data");
    assert_eq!(scene.restore(&to).unwrap(), manifest);
    assert_eq!((manifest.records, manifest.running), (before.end.position, before.end.running));
    let restored = Log::open(&to.join("log")).unwrap();
    assert_eq!(standing(&restored.reader()), before);
    assert_eq!(fs::read_to_string(to.join("audit.ndjson")).unwrap(), "one\ntwo\n");
    assert_eq!(fs::read_to_string(to.join("keys/open.key")).unwrap(), "a secret\n");
    assert_eq!(fs::metadata(to.join("keys/open.key")).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!to.join(RESTORING).exists());
}

#[test]
fn the_log_goes_on_where_the_restored_one_ends() {
    let (scene, mut tablet) = full(2);
    scene.written().put_in_place().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    scene.restore(elsewhere.path()).unwrap();
    let Scene { mut trust, .. } = scene;
    let mut writer = Writer::new(Log::open(&elsewhere.path().join("log")).unwrap());
    let before = writer.reader().position();
    for arrival in trust.contacts(&mut tablet, 3) {
        assert!(writer.decide(judge(arrival, &trust.world)).unwrap().stored.is_some());
    }
    writer.commit().unwrap();
    assert_eq!(writer.reader().position(), before + 3);
}

/// Kiosks have had receipts for what came after the backup, and send it no more.
#[test]
fn what_came_after_the_backup_is_a_gap_from_the_next_record_on_until_it_is_brought_in() {
    let (scene, mut tablet) = full(8);
    scene.written().put_in_place().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    scene.restore(elsewhere.path()).unwrap();
    let Scene { mut trust, .. } = scene;
    let (lost, next) = (trust.contacts(&mut tablet, 2), trust.contacts(&mut tablet, 1));
    let mut writer = Writer::new(Log::open(&elsewhere.path().join("log")).unwrap());
    let gaps = |writer: &Writer| -> Vec<(u64, u64)> {
        let gaps = writer.reader().gaps(&tablet.id).unwrap();
        gaps.into_iter().map(|gap| (gap.first, gap.last)).collect()
    };
    let take = |writer: &mut Writer, arrivals: Vec<Arrival>| {
        for arrival in arrivals {
            assert!(writer.decide(judge(arrival, &trust.world)).unwrap().stored.is_some());
        }
        writer.commit().unwrap();
    };
    let before = gaps(&writer);
    take(&mut writer, next);
    let new: Vec<(u64, u64)> = gaps(&writer).into_iter().filter(|gap| !before.contains(gap)).collect();
    assert!(matches!(new[..], [(from, to)] if to == from + 1), "two are missing: {new:?}");
    take(&mut writer, lost);
    assert_eq!(gaps(&writer), before, "an import of what the old log exports fills it");
}

#[test]
fn an_empty_log_is_backed_up_too() {
    let scene = Scene::new(3);
    scene.written().put_in_place().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    assert_eq!(scene.restore(elsewhere.path()).unwrap().records, 0);
    assert_eq!(standing(&Log::open(&elsewhere.path().join("log")).unwrap().reader()), scene.standing());
}

#[test]
fn a_backup_that_is_damaged_cut_off_or_anothers_is_refused_and_leaves_nothing() {
    let (scene, _) = full(4);
    scene.written().put_in_place().unwrap();
    let whole = fs::read(scene.to()).unwrap();
    let check = |bytes: &[u8], key: &Identity, says: &str| {
        fs::write(scene.to(), bytes).unwrap();
        let to = tempfile::tempdir().unwrap();
        let refused = open(&scene.to(), key).and_then(|opener| {
            let restoring = Restoring::begin(to.path())?;
            restoring.unpack(&scene.to(), opener)
        });
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains(says) && refused.contains("monday.age"), "{refused}");
        assert_eq!(fs::read_dir(to.path()).unwrap().count(), 0, "{refused}");
    };
    let mut damaged = whole.clone();
    *damaged.get_mut(whole.len() / 2).unwrap() ^= 1;
    check(&damaged, &scene.key, "damaged or cut off");
    for end in [whole.len() - 1, whole.len() / 2, 70_000] {
        check(whole.get(..end).unwrap(), &scene.key, "damaged or cut off");
    }
    check(whole.get(..100).unwrap(), &scene.key, "it ends too early");
    check(b"", &scene.key, "no age file");
    check(b"PK\x03\x04 something else\n", &scene.key, "no age file");
    check(&whole, &Identity::draw().unwrap(), "made for other keys");
}

/// Whoever has the public key can seal something; it is still no backup.
#[test]
fn what_is_sealed_and_is_no_backup_is_refused() {
    let scene = Scene::new(5);
    let check = |files: &[(&str, &[u8])], says: &str| {
        let (sealer, _) = Sealer::begin(Vec::new(), &[scene.key.recipient()]).unwrap();
        let mut archive = Archive::new(sealer);
        for (name, bytes) in files {
            archive.add_bytes((*name).to_owned(), bytes).unwrap();
        }
        fs::write(scene.to(), archive.finish().unwrap().finish().unwrap()).unwrap();
        let to = tempfile::tempdir().unwrap();
        let refused = scene.restore(to.path()).unwrap_err().to_string();
        assert!(refused.contains(says), "{refused}");
        assert_eq!(fs::read_dir(to.path()).unwrap().count(), 0, "{refused}");
    };
    let manifest = |version: u32, files: u64| {
        let manifest = Manifest {
            version,
            program: "0".to_owned(),
            at: Timestamp::UNIX_EPOCH,
            records: 0,
            running: Hash::ZERO,
            quarantined: 0,
            seen: 0,
            files,
        };
        serde_json::to_vec(&manifest).unwrap()
    };
    check(&[], "manifest is not there");
    check(&[(MANIFEST, b"{}")], "manifest cannot be read");
    check(&[(MANIFEST, &manifest(2, 0))], "version 2");
    check(&[(MANIFEST, &manifest(1, 1))], "1 files were promised and 0 are there");
    check(&[(MANIFEST, &manifest(1, 0)), ("data/a", b"")], "behind its manifest");
    check(&[("data/log/store/db", b"")], "in the way of the log");
    check(&[("log/records/0000000001", b"\x05\0\0\0abc")], "ends too early");
    check(&[("log/records/0000000001", b"\x03\0\0\0abc")], "the copy of record 1 cannot be read");
    check(&[("log/something/1", b"\x03\0\0\0abc")], "is not known here");
}

#[test]
fn a_folder_in_use_is_not_restored_into_and_half_a_restore_is_not_served() {
    let scene = Scene::new(6);
    scene.written().put_in_place().unwrap();
    let to = tempfile::tempdir().unwrap();
    fs::write(to.path().join("something"), "else").unwrap();
    assert!(matches!(scene.restore(to.path()), Err(BackupError::NotEmpty(_))));
    assert_eq!(fs::read_dir(to.path()).unwrap().count(), 1);
    fs::remove_file(to.path().join("something")).unwrap();
    // A restore that was killed leaves this.
    fs::create_dir(to.path().join(RESTORING)).unwrap();
    assert!(matches!(scene.restore(to.path()), Err(BackupError::NotEmpty(_))));
    let config = crate::config::Config::try_from(crate::config::ConfigFile::default()).unwrap();
    let refused = crate::premises::Premises::open(to.path(), config).unwrap_err().to_string();
    assert!(refused.contains("did not come to its end"), "{refused}");
}

#[test]
fn a_backup_without_a_key_or_inside_the_data_folder_is_refused_and_one_that_is_given_up_leaves_nothing() {
    let scene = Scene::new(7);
    let refused = begin(Sources { recipients: Vec::new(), ..scene.sources() }).err().unwrap().to_string();
    assert!(refused.contains("backup new-key"), "{refused}");
    let inside = Sources { to: scene.data.path().join("keys/monday.age"), ..scene.sources() };
    assert!(matches!(begin(inside), Err(BackupError::Inside(_))));
    let nowhere = Sources { to: scene.backups.path().join("nowhere/monday.age"), ..scene.sources() };
    assert!(matches!(begin(nowhere), Err(BackupError::File { .. })));
    fs::write(scene.to(), "the last one").unwrap();
    drop(scene.written());
    assert_eq!(fs::read_to_string(scene.to()).unwrap(), "the last one");
    assert_eq!(fs::read_dir(scene.backups.path()).unwrap().count(), 1);
    assert!(matches!(check_room(scene.data.path(), u64::MAX / 8), Err(BackupError::NoRoom { .. })));
}
