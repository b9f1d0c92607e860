//! What is wrong with the server itself: its disk fills, its clock is doubted, nothing of it is saved elsewhere. Pure, as [`find`](super::find()).

use jiff::{SignedDuration, Timestamp};

use super::find::{alert, long};
use super::situation::{Backups, Disk, Server};
use super::{Alert, Audience, Kind};
use crate::backup::Unsaved;

/// Never told before there is less room than this: twice what `/readyz` wants.
const LEAST_LIMIT_BYTES: u64 = 64 * MEGABYTE;
/// A disk that is small has a limit of such a part of it.
const PART_OF_A_DISK: u64 = 10;
/// What is open ends with a quarter more room than the limit, so that it does not come and go with what a disk takes and gives in an hour.
const ROOM_AGAIN_PARTS: u64 = 4;
/// A first backup may take a week: keys are drawn, safes and a place for it are found.
const FIRST_BACKUP_WITHIN: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Where the page of an administrator begins.
const PAGE: &str = "/fleet";
const MEGABYTE: u64 = 1024 * 1024;

/// What is wrong, the most urgent first.
pub(super) fn found(server: &Server, now: Timestamp) -> Vec<Alert> {
    let disk = server.disk.as_ref().and_then(disk_filling);
    let backup = server.backups.as_ref().and_then(|backups| backup_overdue(backups, now));
    let clock = server.clock_doubt.as_deref().map(clock_doubted);
    disk.into_iter().chain(backup).chain(clock).collect()
}

fn disk_filling(disk: &Disk) -> Option<Alert> {
    let Disk { room, limit_bytes, is_open } = *disk;
    let limit = limit_bytes.min(room.size / PART_OF_A_DISK).max(LEAST_LIMIT_BYTES);
    let enough = if is_open { limit + limit / ROOM_AGAIN_PARTS } else { limit };
    if room.free >= enough {
        return None;
    }
    let words = format!(
        "The disk of the server's data is nearly full: {} of {} are free. Once it is full no answer is taken in, and answers wait on the \
         kiosks.",
        size(room.free),
        size(room.size)
    );
    Some(alert(Kind::DiskFilling, "data", Audience::It, words, PAGE))
}

fn clock_doubted(why: &str) -> Alert {
    let words = format!(
        "The server's clock is doubted: {why}. Until it is believed again, nothing is deleted of what has been kept for long enough."
    );
    alert(Kind::ClockDoubted, "server", Audience::It, words, PAGE)
}

fn backup_overdue(backups: &Backups, now: Timestamp) -> Option<Alert> {
    let Backups { unsaved, after } = *backups;
    let age = now.duration_since(unsaved.since());
    let words = match unsaved {
        // One of a day to come says nothing of how old it is; a nightly one writes the right day over it.
        Unsaved::AfterBackup(_) if age < -after => {
            "The last backup is noted for a day that has not come yet: the server's clock was wrong then, or is now.".to_owned()
        }
        Unsaved::AfterBackup(_) if age > after => format!("The last backup was made {} ago.", long(age)),
        Unsaved::Everything(_) if age > after.max(FIRST_BACKUP_WITHIN) => {
            format!("No backup has been made. Answers have been coming in for {}.", long(age))
        }
        Unsaved::AfterBackup(_) | Unsaved::Everything(_) => return None,
    };
    Some(alert(Kind::BackupOverdue, "server", Audience::It, words, PAGE))
}

/// A size in whole megabytes, or in whole gigabytes from ten on.
fn size(bytes: u64) -> String {
    match bytes / MEGABYTE {
        megabytes @ 0..10_240 => format!("{megabytes} MB"),
        megabytes => format!("{} GB", megabytes / 1024),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;
    use crate::durable_file::Room;

    const GIGABYTE: u64 = 1024 * MEGABYTE;

    fn now() -> Timestamp {
        "2026-11-16T12:00:00Z".parse().unwrap()
    }

    fn told(server: &Server) -> Vec<(String, String)> {
        let found = found(server, now());
        assert!(found.iter().all(|alert| alert.audience == Audience::It && alert.page == PAGE), "{found:?}");
        found.into_iter().map(|alert| (alert.key, alert.words)).collect()
    }

    fn is_full(free: u64, size: u64, is_open: bool) -> bool {
        let disk = Disk { room: Room { free, size }, limit_bytes: GIGABYTE, is_open };
        !told(&Server { disk: Some(disk), ..Server::default() }).is_empty()
    }

    fn backups(unsaved: Unsaved, days: i64) -> Option<String> {
        let after = SignedDuration::from_hours(24 * days);
        let server = Server { backups: Some(Backups { unsaved, after }), ..Server::default() };
        let mut found = told(&server);
        assert!(found.len() < 2 && found.iter().all(|(key, _)| key == "backup:server"), "{found:?}");
        found.pop().map(|(_, words)| words)
    }

    fn hours_ago(hours: i64) -> Timestamp {
        now() - SignedDuration::from_hours(hours)
    }

    #[test]
    fn a_disk_that_fills_is_an_alert_before_it_is_full_and_does_not_come_and_go() {
        assert!(told(&Server::default()).is_empty(), "a disk that does not say how much room it has");
        let (size, limit) = (40 * GIGABYTE, GIGABYTE);
        assert!(!is_full(limit, size, false));
        assert!(is_full(limit - 1, size, false));
        assert!(is_full(limit, size, true) && is_full(limit / 4 * 5 - 1, size, true), "a little room is no end");
        assert!(!is_full(limit / 4 * 5, size, true));
        // A tenth of a small disk, and of a very small one what is twice too little to be ready.
        assert!(!is_full(200 * MEGABYTE, 2_000 * MEGABYTE, false));
        assert!(is_full(200 * MEGABYTE - 1, 2_000 * MEGABYTE, false));
        assert!(is_full(64 * MEGABYTE - 1, 96 * MEGABYTE, false) && !is_full(64 * MEGABYTE, 96 * MEGABYTE, false));

        let room = Room { free: 812 * MEGABYTE + 5, size };
        let disk = Some(Disk { room, limit_bytes: limit, is_open: false });
        let words = "The disk of the server's data is nearly full: 812 MB of 40 GB are free. Once it is full no answer is taken in, and \
                     answers wait on the kiosks.";
        let expected = [("disk:data".to_owned(), words.to_owned())];
        assert_eq!(told(&Server { disk, ..Server::default() }), expected);
    }

    #[test]
    fn a_doubted_clock_is_an_alert_that_says_what_is_not_deleted() {
        let clock_doubt = Some("the clock has jumped ahead by 72 hours since the start".to_owned());
        let words = "The server's clock is doubted: the clock has jumped ahead by 72 hours since the start. Until it is believed again, \
                     nothing is deleted of what has been kept for long enough.";
        let expected = [("clock_doubted:server".to_owned(), words.to_owned())];
        assert_eq!(told(&Server { clock_doubt, ..Server::default() }), expected);
    }

    #[test]
    fn a_backup_is_missing_after_days_and_a_first_one_after_a_week() {
        let last = |hours, days| backups(Unsaved::AfterBackup(hours_ago(hours)), days);
        assert_eq!(last(72, 3), None);
        assert_eq!(last(73, 3).unwrap(), "The last backup was made 3 days ago.");
        assert_eq!(last(25, 1).unwrap(), "The last backup was made 25 hours ago.");
        assert_eq!(last(24 * 30, 31), None);
        let never = |hours, days| backups(Unsaved::Everything(hours_ago(hours)), days);
        assert_eq!(never(24 * 7, 3), None, "keys have to be drawn first");
        let words = "No backup has been made. Answers have been coming in for 9 days.";
        assert_eq!(never(24 * 9, 3).unwrap(), words);
        assert_eq!(never(24 * 9, 14), None, "nobody wants one so often");
        // A clock that was ahead by a year when the last one was made would hide for a year that there is none.
        assert_eq!(last(-24, 3), None);
        assert!(last(-24 * 365, 3).unwrap().contains("has not come yet"));
    }

    #[test]
    fn the_disk_goes_first() {
        let server = Server {
            disk: Some(Disk { room: Room { free: 0, size: GIGABYTE }, limit_bytes: GIGABYTE, is_open: false }),
            clock_doubt: Some("it has jumped".to_owned()),
            backups: Some(Backups {
                unsaved: Unsaved::Everything(hours_ago(24 * 30)),
                after: SignedDuration::from_hours(72),
            }),
        };
        let kinds: Vec<Kind> = found(&server, now()).into_iter().map(|alert| alert.kind).collect();
        assert_eq!(kinds, [Kind::DiskFilling, Kind::BackupOverdue, Kind::ClockDoubted]);
        assert!(kinds.is_sorted(), "as the budget goes");
    }
}
