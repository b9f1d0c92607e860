//! What the volunteer's screens ask of the shell: a PIN checked, a draft kept or wiped, a visit noted, the tablet looked at.
//!
//! An errand that takes long (a PIN is a tenth of a second of argon2id) has a thread of its own; what comes of it comes back by
//! the window's post. The rest is a small file each, written before the errand returns.

use std::cell::Cell;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::thread;

use anyhow::Context as _;
use argon2::Argon2;
use argon2::password_hash::PasswordVerifier as _;
use argon2::password_hash::phc::PasswordHash;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use slint::ComponentHandle as _;
use wardvoice_kiosk_ui::KioskWindow;
use wardvoice_protocol::fortnight::Calendar;
use wardvoice_protocol::round::WardName;

use super::Ended;
use super::lamp::Lamp;
use super::post::Post;
use crate::dispatch::Dispatch;
use crate::draft_box::DraftBox;
use crate::interview::Happening;
use crate::interview::volunteer::{Errand, Pin, Role, TabletState, Word, Wrong};
use crate::steady::corrected_now;
use crate::{appliance, files, pass, placement, visits};

const DOOR: &str = "door.json";
const TEST_PICTURE: &str = "test-picture.png";

/// Runs the errands of one kiosk.
pub(super) struct Errands {
    data: PathBuf,
    dispatch: Dispatch,
    post: Post,
    window: slint::Weak<KioskWindow>,
    lamp: Rc<Lamp>,
    drafts: DraftBox,
    ended: Cell<Ended>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DoorFile {
    version: u32,
    wrong: u32,
    /// Of those that were held against the manager's PIN; a program from before they were counted apart takes the file for damaged.
    #[serde(default)]
    manager: u32,
}

impl Errands {
    /// Prepares the errands of a kiosk's data directory, and tells the window what earlier runs left.
    pub(super) fn new(
        dispatch: &Dispatch,
        window: &KioskWindow,
        lamp: Rc<Lamp>,
        post: Post,
    ) -> anyhow::Result<Rc<Self>> {
        let data = dispatch.data();
        let (drafts, found) = DraftBox::open(data).context("failed to open the place for drafts")?;
        let errands = Self {
            data: data.to_owned(),
            dispatch: dispatch.clone(),
            post,
            window: window.as_weak(),
            lamp,
            drafts,
            ended: Cell::new(Ended::Closed),
        };
        errands.dispatch.set_moved(errands.moved().map(|ward| ward.id));
        errands.say(Word::DoorRemembered { wrong: wrong_pins(data) });
        errands.say(Word::Briefed(errands.dispatch.briefing()));
        errands.say(Word::UnfinishedFound(visits::read_unfinished(data)));
        if let Some((draft, age_ms)) = found {
            errands.say(Word::DraftFound { draft: Box::new(draft), age_ms });
        }
        Ok(Rc::new(errands))
    }

    /// Runs one.
    pub(super) fn run(&self, errand: Errand) {
        match errand {
            Errand::RememberDoor { wrong } => report("the tries at the door", remember_door(&self.data, wrong)),
            Errand::CheckPin { pin, volunteer, manager } => self.check_pin(pin, volunteer, manager),
            Errand::LookAtTablet => self.say(Word::Tablet(Box::new(self.look()))),
            Errand::KeepDraft(draft) => self.drafts.keep(*draft),
            Errand::WipeDraft => self.drafts.wipe(),
            Errand::LogVisit(note) => report("the visit log", visits::note(&self.data, note, Timestamp::now())),
            Errand::KeepUnfinished(rounds) => {
                report("the rounds that are not over", visits::keep_unfinished(&self.data, &rounds));
            }
            Errand::MoveTo(ward) => self.move_to(ward),
            Errand::Brighten => report("the brightness", self.lamp.brighten()),
            Errand::KeepTestCard => self.keep_test_card(),
            Errand::JoinAgain => self.end(Ended::ToJoinAgain),
            Errand::Exit => self.end(Ended::Closed),
        }
    }

    /// What the window was closed for.
    pub(super) fn ended(&self) -> Ended {
        self.ended.get()
    }

    fn end(&self, ended: Ended) {
        self.ended.set(ended);
        if let Err(error) = slint::quit_event_loop() {
            tracing::error!(%error, "the program does not end");
        }
    }

    fn say(&self, word: Word) {
        self.post.put(Happening::Volunteer(word));
    }

    fn check_pin(&self, pin: Pin, volunteer: Option<String>, manager: Option<String>) {
        let post = self.post.clone();
        let check = move || {
            let role = role_of(&pin, volunteer.as_deref(), manager.as_deref());
            let mut seed = [0; 8];
            // Without randomness there is no fair order; the door stays closed.
            let role = role.filter(|_| getrandom::fill(&mut seed).is_ok());
            post.put(Happening::Volunteer(Word::Checked { role, seed: u64::from_le_bytes(seed) }));
        };
        if let Err(error) = thread::Builder::new().name("pin".to_owned()).spawn(check) {
            tracing::error!(%error, "a PIN is not checked");
            self.say(Word::Checked { role: None, seed: 0 });
        }
    }

    fn look(&self) -> TabletState {
        let state = self.dispatch.state();
        let power = appliance::power();
        let corrected = corrected_now(state.clock_offset_s);
        let anchor = self.dispatch.assignment().map(|assignment| assignment.fortnight_anchor);
        let today =
            anchor.and_then(|anchor| Calendar::new(anchor).ok()).map(|calendar| calendar.day_of(corrected));
        TabletState {
            kiosk: self.dispatch.kiosk().clone(),
            software: env!("CARGO_PKG_VERSION").to_owned(),
            today: today.unwrap_or_else(|| jiff::tz::TimeZone::UTC.to_datetime(corrected).date()),
            battery_percent: power.battery_percent,
            charging: power.charging,
            clock_offset_s: state.clock_offset_s,
            free_disk_bytes: appliance::free_disk_bytes(&self.data),
            brightness_percent: self.lamp.chosen_percent(),
            last_error: state.waits_for.or(state.last_error),
            moved_to: self.moved(),
            // What does not read is what joining again mends.
            can_join_again: !matches!(pass::enrolment(&self.data), Ok(None)),
        }
    }

    fn moved(&self) -> Option<WardName> {
        placement::moved(&self.data, &self.dispatch.commission()?.assignment.ward)
    }

    fn move_to(&self, ward: Option<WardName>) {
        let Some(commission) = self.dispatch.commission() else { return };
        let assignment = &commission.assignment;
        report("the move", placement::move_to(&self.data, &assignment.ward, ward));
        let moved = self.moved();
        self.dispatch.set_moved(moved.as_ref().map(|ward| ward.id.clone()));
        let placed = placement::placed(assignment, moved.as_ref(), &self.dispatch.briefing());
        super::assign(&self.post, &placed, &commission);
    }

    fn keep_test_card(&self) {
        let path = self.data.join(TEST_PICTURE);
        let kept = self.window.upgrade().context("the window is gone").and_then(|window| {
            let picture = window.window().take_snapshot().map_err(|error| anyhow::anyhow!("{error}"))?;
            super::watch::write_picture(&picture, &path)
        });
        let kept = kept.map(|()| path.display().to_string()).map_err(|error| format!("{error:#}"));
        self.say(Word::TestCardKept(kept));
    }
}

/// Whose PIN it is. A manager's is looked at first, so that the same PIN for both, which the aggregator refuses, is a manager's.
fn role_of(pin: &Pin, volunteer: Option<&str>, manager: Option<&str>) -> Option<Role> {
    let opens = |hash: Option<&str>| {
        let hash = hash.and_then(|hash| PasswordHash::new(hash).ok());
        hash.is_some_and(|hash| Argon2::default().verify_password(pin.digits().as_bytes(), &hash).is_ok())
    };
    if opens(manager) { Some(Role::Manager) } else { opens(volunteer).then_some(Role::Volunteer) }
}

/// How many PINs in a row were wrong, as an earlier run left it. A file that does not read counts as the free tries.
fn wrong_pins(data: &Path) -> Wrong {
    let counted = |file: DoorFile| Wrong { any: file.wrong, manager: file.manager };
    match fs::read(data.join(DOOR)) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_or(Wrong { any: 3, manager: 3 }, counted),
        Err(_) => Wrong::default(),
    }
}

fn remember_door(data: &Path, Wrong { any: wrong, manager }: Wrong) -> io::Result<()> {
    files::replace(&data.join(DOOR), &serde_json::to_vec(&DoorFile { version: 1, wrong, manager })?, 0o600)
}

fn report(what: &str, done: io::Result<()>) {
    if let Err(error) = done {
        tracing::error!(%error, "not kept: {what}");
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;

    #[test]
    fn the_tries_at_the_door_outlive_a_restart() {
        let data = tempfile::tempdir().unwrap();
        assert_eq!(wrong_pins(data.path()), Wrong::default());
        let wrong = Wrong { any: 7, manager: 9 };
        remember_door(data.path(), wrong).unwrap();
        assert_eq!(wrong_pins(data.path()), wrong);
        fs::write(data.path().join(DOOR), r#"{"version":1,"wrong":7}"#).unwrap();
        assert_eq!(
            wrong_pins(data.path()),
            Wrong { any: 7, manager: 0 },
            "of a program that counted them together"
        );
        fs::write(data.path().join(DOOR), "").unwrap();
        assert_eq!(wrong_pins(data.path()), Wrong { any: 3, manager: 3 }, "a damaged file gives no free try");
    }
}
