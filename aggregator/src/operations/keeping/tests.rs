#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use jiff::SignedDuration;

use super::*;
use crate::alerts::{Kind, Watch};
use crate::backup::LastBackup;
use crate::ingest::testing::NOW;
use crate::operations::heard::Heard;
use crate::operations::withdrawal::tests::Scene;

/// A house in which somebody has answered, with the folder that it is in.
fn answered(seed: u64, demonstration: bool) -> (tempfile::TempDir, Arc<House>) {
    let mut scene = Scene::new(seed);
    scene.sends(None);
    let Scene { folder, mut house, .. } = scene;
    house.premises.demonstration = demonstration;
    (folder, Arc::new(house))
}

/// Looks twice, further apart than what ends has to be away, and gives what of a kind is open then.
fn open(house: &Arc<House>, kind: Kind, now: Timestamp) -> Vec<String> {
    let mut watch = Watch::new(Arc::clone(house));
    watch.look(now).unwrap();
    watch.look(now + SignedDuration::from_mins(11)).unwrap();
    let those = house.alerts.those(|open| open.alert.kind == kind);
    those.into_iter().map(|open| open.alert.words).collect()
}

#[test]
fn a_server_with_answers_and_no_backup_says_so_until_one_is_made() {
    let (folder, house) = answered(21, false);
    let came: Timestamp = NOW.parse().unwrap();
    let after = |days: i64| came + SignedDuration::from_hours(24 * days + 1);
    assert!(open(&house, Kind::BackupOverdue, after(6)).is_empty());
    let never = "No backup has been made. Answers have been coming in for 8 days.";
    assert_eq!(open(&house, Kind::BackupOverdue, after(8)), [never]);

    let place = tempfile::tempdir().unwrap();
    let ask = |name: &str, recipients: Vec<Recipient>| BackupAsk {
        to: place.path().join(name),
        recipients,
        trial_in: None,
    };
    let key = Identity::draw().unwrap().recipient();
    assert!(back_up(&house, &ask("a.age", Vec::new()), &mut Heard::default()).is_err(), "for no key");
    assert_eq!(house.premises.last_backup.at(), None, "what failed is no backup");
    assert!(back_up(&house, &ask("a.age", vec![key]), &mut Heard::default()).unwrap());
    let made = house.premises.last_backup.at().unwrap();
    assert_eq!(LastBackup::open(folder.path().join("backup.json")).at(), Some(made), "the next start knows it");
    assert!(open(&house, Kind::BackupOverdue, made + SignedDuration::from_hours(71)).is_empty());
    let days = open(&house, Kind::BackupOverdue, made + SignedDuration::from_hours(24 * 4));
    assert_eq!(days, ["The last backup was made 4 days ago."]);
}

#[test]
fn nobody_is_told_of_backups_of_a_demonstration() {
    let (_folder, house) = answered(22, true);
    let later = NOW.parse::<Timestamp>().unwrap() + SignedDuration::from_hours(24 * 60);
    assert!(open(&house, Kind::BackupOverdue, later).is_empty());
}

#[test]
fn whoever_runs_the_server_is_told_of_a_doubted_clock_until_it_is_believed() {
    let (_folder, house) = answered(23, false);
    let now: Timestamp = NOW.parse().unwrap();
    assert!(open(&house, Kind::ClockDoubted, now).is_empty());
    house.clock_doubt.set(Some("by the clock nothing has arrived for 70 days".to_owned()));
    let told = open(&house, Kind::ClockDoubted, now + SignedDuration::from_hours(1));
    assert!(told.len() == 1 && told.iter().all(|words| words.contains("for 70 days")), "{told:?}");
    house.clock_doubt.set(None);
    assert!(open(&house, Kind::ClockDoubted, now + SignedDuration::from_hours(2)).is_empty());
}
