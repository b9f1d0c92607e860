//! Where an interrupted interview lies: `draft.sealed`, opened only by `draft.key`, both on this tablet alone.
//!
//! A battery that runs empty in mid-interview must not cost a patient the answers, so they lie on the disk for the
//! [half hour](crate::interview::volunteer::KEEP_MS) in which somebody may come back. The key is drawn for each draft and
//! removed with it, so that what flash memory keeps of an old draft cannot be read. The file says when it was written by three
//! clocks: the wall, the boot and the time since boot. An age is believed only where the evidence agrees: within one boot the
//! steady clock decides, after a reboot the wall clock does, and a wall clock that went back or a machine that has been up for
//! longer than a draft may last means that it is too old. Too old, damaged or of another version: it is wiped.
//!
//! Nothing here blocks the window: drafts are written by a thread that skips to the newest. A wipe is waited for, because the
//! record that comes of the draft is handed over after it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::files;
use crate::interview::volunteer::{Draft, KEEP_MS};
use crate::steady::steady_ms;

const SEALED: &str = "draft.sealed";
const KEY: &str = "draft.key";
const NAME: &[u8] = b"wardvoice-draft-1";
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";
/// How long the window waits for a wipe: a healthy disk needs a hundredth of it.
const WIPE_PATIENCE: Duration = Duration::from_secs(2);

/// The moment by every clock there is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Moment {
    wall: Timestamp,
    boot: String,
    since_boot_ms: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Inside {
    written: Moment,
    draft: Draft,
}

enum Order {
    Keep(Box<Draft>),
    Wipe(Sender<()>),
}

/// The place of the one draft there may be.
#[derive(Debug)]
pub(crate) struct DraftBox {
    orders: Sender<Order>,
}

impl DraftBox {
    /// Opens the box of a data directory, and finds the draft of an earlier run with its age.
    pub(crate) fn open(data: &Path) -> io::Result<(Self, Option<(Draft, u64)>)> {
        let files = Files { sealed: data.join(SEALED), key: data.join(KEY) };
        let found = files.find(&Moment::now());
        if found.is_none() {
            files.wipe();
        }
        let (orders, inbox) = mpsc::channel();
        thread::Builder::new().name("draft".to_owned()).spawn(move || work(&inbox, &files))?;
        Ok((Self { orders }, found))
    }

    /// Keeps a draft in place of an earlier one, soon.
    pub(crate) fn keep(&self, draft: Draft) {
        // The thread ends with the box.
        let _ended = self.orders.send(Order::Keep(Box::new(draft)));
    }

    /// Wipes the draft; returns when it is gone.
    pub(crate) fn wipe(&self) {
        let (done, wait) = mpsc::channel();
        if self.orders.send(Order::Wipe(done)).is_ok() && wait.recv_timeout(WIPE_PATIENCE).is_err() {
            tracing::error!("the draft is not wiped yet");
        }
    }
}

fn work(inbox: &Receiver<Order>, files: &Files) {
    let mut next = inbox.recv().ok();
    while let Some(order) = next {
        // Somebody who types makes many drafts; only the newest is worth a write.
        let newer = inbox.try_recv().ok();
        match (order, &newer) {
            (Order::Keep(_), Some(_)) => {}
            (Order::Keep(draft), None) => {
                if let Err(error) = files.keep(*draft, Moment::now()) {
                    tracing::error!(%error, "the draft is not kept");
                }
            }
            (Order::Wipe(done), _) => {
                files.wipe();
                let _gone = done.send(());
            }
        }
        next = newer.or_else(|| inbox.recv().ok());
    }
}

struct Files {
    sealed: PathBuf,
    key: PathBuf,
}

impl Files {
    fn keep(&self, draft: Draft, written: Moment) -> io::Result<()> {
        let mut key = [0; 32];
        let mut nonce = [0; 12];
        if let Some(known) = fs::read(&self.key).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok()) {
            key = known;
        } else {
            getrandom::fill(&mut key).map_err(io::Error::other)?;
            files::replace(&self.key, &key, 0o600)?;
        }
        // Drawn afresh for each write; a key sees some hundred of them at most.
        getrandom::fill(&mut nonce).map_err(io::Error::other)?;
        let inside = serde_json::to_vec(&Inside { written, draft })?;
        let cipher = ChaCha20Poly1305::new(&Key::from(key));
        let sealed = cipher
            .encrypt(&Nonce::from(nonce), Payload { msg: &inside, aad: NAME })
            .map_err(|_| io::Error::other("the draft cannot be sealed"))?;
        files::replace(&self.sealed, &[&nonce[..], &sealed].concat(), 0o600)
    }

    /// The draft and its age, when there is one that is young enough by every clock.
    fn find(&self, now: &Moment) -> Option<(Draft, u64)> {
        let key = <[u8; 32]>::try_from(fs::read(&self.key).ok()?).ok()?;
        let bytes = fs::read(&self.sealed).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<12>()?;
        let cipher = ChaCha20Poly1305::new(&Key::from(key));
        let inside = cipher.decrypt(&Nonce::from(*nonce), Payload { msg: sealed, aad: NAME }).ok()?;
        let Inside { written, draft } = serde_json::from_slice(&inside).ok()?;
        let age_ms = age_ms(&written, now)?;
        Some((draft, age_ms))
    }

    /// The key first: without it the rest is noise.
    fn wipe(&self) {
        let mut removed = false;
        for path in [&self.key, &self.sealed] {
            match fs::remove_file(path) {
                Ok(()) => removed = true,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => tracing::error!(path = %path.display(), %error, "the draft is not wiped"),
            }
        }
        if removed && let Err(error) = files::sync_directory(self.key.parent().unwrap_or(Path::new("."))) {
            tracing::error!(%error, "the draft's folder is not flushed");
        }
    }
}

impl Moment {
    fn now() -> Self {
        let boot = fs::read_to_string(BOOT_ID).unwrap_or_default().trim().to_owned();
        Self { wall: Timestamp::now(), boot, since_boot_ms: steady_ms() }
    }
}

/// How old something is, if the evidence says that it is young enough.
fn age_ms(written: &Moment, now: &Moment) -> Option<u64> {
    let by_wall_ms = u64::try_from(now.wall.duration_since(written.wall).as_millis()).ok()?;
    let age_ms = if !written.boot.is_empty() && written.boot == now.boot {
        now.since_boot_ms.checked_sub(written.since_boot_ms)?
    } else {
        // It was written before this boot, so it is at least as old as this boot.
        by_wall_ms.max(now.since_boot_ms)
    };
    (age_ms < KEEP_MS && by_wall_ms < KEEP_MS).then_some(age_ms)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;

    const MINUTE: u64 = 60_000;

    fn draft() -> Draft {
        serde_json::from_str(
            r#"{"version":1,"ward":"W1","questionnaire":{"id":"inpatient","version":1},"language":"en","mode":"interview",
            "attribution":null,"answers":{"respect":{"answered":"always"}},"shown":["respect","pain"],"named":null,
            "question":"pain","naming":false}"#,
        )
        .unwrap()
    }

    fn moment(wall: &str, boot: &str, since_boot_ms: u64) -> Moment {
        Moment { wall: wall.parse().unwrap(), boot: boot.to_owned(), since_boot_ms }
    }

    fn in_folder() -> (tempfile::TempDir, Files) {
        let folder = tempfile::tempdir().unwrap();
        let files = Files { sealed: folder.path().join(SEALED), key: folder.path().join(KEY) };
        (folder, files)
    }

    #[test]
    fn a_draft_comes_back_and_is_not_readable_in_between() {
        let (_folder, files) = in_folder();
        let written = moment("2026-11-25T10:00:00Z", "one", 5 * MINUTE);
        files.keep(draft(), written.clone()).unwrap();
        files.keep(draft(), written).unwrap();
        let bytes = fs::read(&files.sealed).unwrap();
        assert!(!bytes.windows(7).any(|window| window == b"respect"), "sealed");
        let later = moment("2026-11-25T10:12:00Z", "one", 17 * MINUTE);
        assert_eq!(files.find(&later), Some((draft(), 12 * MINUTE)));
        fs::remove_file(&files.key).unwrap();
        assert_eq!(files.find(&later), None, "without the key it is noise");
        files.wipe();
        assert!(!files.sealed.exists());
    }

    #[test]
    fn a_changed_byte_is_no_draft() {
        let (_folder, files) = in_folder();
        let written = moment("2026-11-25T10:00:00Z", "one", 0);
        files.keep(draft(), written.clone()).unwrap();
        let mut bytes = fs::read(&files.sealed).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&files.sealed, bytes).unwrap();
        assert_eq!(files.find(&written), None);
    }

    #[test]
    fn an_age_is_believed_where_the_clocks_agree() {
        let written = moment("2026-11-25T10:00:00Z", "one", 40 * MINUTE);
        let check = |wall: &str, boot: &str, since_boot_ms: u64, expected: Option<u64>| {
            let now = moment(wall, boot, since_boot_ms);
            assert_eq!(age_ms(&written, &now).map(|ms| ms / MINUTE), expected, "{now:?}");
        };
        check("2026-11-25T10:05:00Z", "one", 45 * MINUTE, Some(5));
        check("2026-11-25T10:30:00Z", "one", 70 * MINUTE, None);
        // The battery was changed: another boot, two minutes ago.
        check("2026-11-25T10:05:00Z", "two", 2 * MINUTE, Some(5));
        check("2026-11-25T10:01:00Z", "two", 2 * MINUTE, Some(2));
        check("2026-11-25T11:05:00Z", "two", 2 * MINUTE, None);
        // A clock that went back, or was set back to hide an hour.
        check("2026-11-25T09:59:00Z", "two", 2 * MINUTE, None);
        check("2026-11-25T10:05:00Z", "two", 31 * MINUTE, None);
        check("2026-11-25T10:05:00Z", "one", 75 * MINUTE, None);
        check("2026-11-25T10:05:00Z", "one", 39 * MINUTE, None);
    }

    #[test]
    fn the_box_keeps_the_newest_and_a_wipe_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let (first, found) = DraftBox::open(folder.path()).unwrap();
        assert_eq!(found, None);
        first.keep(draft());
        first.wipe();
        assert!(!folder.path().join(SEALED).exists() && !folder.path().join(KEY).exists());
        first.keep(draft());
        drop(first);
        let deadline = std::time::Instant::now() + Duration::from_secs(10);
        while !folder.path().join(SEALED).exists() {
            assert!(std::time::Instant::now() < deadline, "the draft is kept");
            thread::yield_now();
        }
        let (_second, found) = DraftBox::open(folder.path()).unwrap();
        assert_eq!(found.map(|(found, _)| found), Some(draft()));
    }
}
