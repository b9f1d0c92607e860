//! The door to the volunteer's and the staff's screens: digits in, a PIN to be checked out, and patience after wrong ones.
//!
//! The check itself takes a tenth of a second of hard work (argon2id) and is the shell's errand. A try is counted as wrong
//! *before* it is checked and the count outlives a restart, so neither pulling the battery nor killing the program gives a
//! free try. The wait ends at a quarter of an hour, so that somebody who plays with the keys cannot keep volunteers out for the
//! day; at that pace a PIN of four digits lasts a hundred days.
//!
//! A right PIN forgives the wrong ones, so that a slip costs nothing; but whoever knows the volunteers' must not have three free guesses at the
//! manager's after each of theirs. So tries that were held against the manager's PIN are counted apart and forgiven by that PIN alone,
//! and while they have to be waited for, only the volunteers' PIN is looked at: that wait keeps no volunteer out. Nor may slips keep a
//! manager out, which volunteers make for weeks between two visits of one: an hour without a wrong try forgives one of them. Whoever guesses has
//! four tries in that hour by waiting.

use std::fmt;

use wardvoice_protocol::round::{MAX_PIN_DIGITS, MIN_PIN_DIGITS};

/// How many wrong PINs are free.
const FREE_TRIES: u32 = 3;
const FIRST_WAIT_MS: u64 = 30_000;
const LONGEST_WAIT_MS: u64 = 900_000;
/// How long it takes to forgive one try that was held against the manager's PIN. Longer than the longest wait, or it would shorten it.
const FORGIVEN_AFTER_MS: u64 = 3_600_000;
/// How long an open door waits for a touch.
pub const DOOR_OPEN_MS: u64 = 60_000;

/// Who comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Goes from bed to bed.
    Volunteer,
    /// May also move the kiosk to another ward, take it in again and end its program.
    Manager,
}

/// A PIN on its way to the check. It does not show itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Pin(pub(super) String);

impl Pin {
    /// The digits.
    pub fn digits(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Pin")
    }
}

/// What the door shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DoorView {
    /// How many digits there are.
    pub digits: usize,
    /// Whose PIN is wanted.
    pub wanted: Role,
    /// How it stands.
    pub state: DoorState,
}

/// How the door stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DoorState {
    /// It takes digits.
    Ready,
    /// It takes digits after a wrong PIN.
    Wrong,
    /// The PIN is being checked.
    Checking,
    /// Too many were wrong.
    Waiting {
        /// For how long.
        seconds: u64,
    },
    /// No PIN is set at the hospital, or none has arrived here yet.
    NoPin,
}

/// The door.
#[derive(Debug, Default)]
pub(super) struct Door {
    wrong: Wrong,
    waits_until_ms: u64,
    /// Until when nothing is held against the manager's PIN.
    manager_waits_until_ms: u64,
    /// Since when tries that were held against the manager's PIN are being forgiven.
    forgives_since_ms: u64,
    entering: Option<Entering>,
}

/// Wrong tries in a row, as they are written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wrong {
    /// Since any PIN was right.
    pub any: u32,
    /// Since the manager's was, of those that were held against it and are not forgiven yet.
    pub manager: u32,
}

/// A try: the PIN to be checked, what has to be written down first, and whether it is held against the manager's as well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Try {
    pub(super) pin: Pin,
    pub(super) wrong: Wrong,
    pub(super) as_manager: bool,
}

#[derive(Debug)]
struct Entering {
    pin: Pin,
    wanted: Role,
    checking: bool,
    was_wrong: bool,
    /// Whether what is checked is held against the manager's PIN.
    as_manager: bool,
}

/// What the keys of the door do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DoorKey {
    /// A digit, 0 to 9.
    Digit(u8),
    /// Take the last digit back.
    Erase,
    /// That is the PIN.
    Enter,
}

impl Door {
    pub(super) fn open(&mut self, wanted: Role) {
        let pin = Pin(String::new());
        self.entering = Some(Entering { pin, wanted, checking: false, was_wrong: false, as_manager: false });
    }

    pub(super) fn close(&mut self) {
        self.entering = None;
    }

    pub(super) fn is_open(&self) -> bool {
        self.entering.is_some()
    }

    pub(super) fn wanted(&self) -> Option<Role> {
        self.entering.as_ref().map(|entering| entering.wanted)
    }

    /// An earlier run left so many wrong tries: the waits begin again.
    pub(super) fn remember(&mut self, wrong: Wrong, now_ms: u64) {
        self.wrong = wrong;
        self.waits_until_ms = now_ms + wait_ms(wrong.any);
        self.manager_waits_until_ms = now_ms + wait_ms(wrong.manager);
        self.forgives_since_ms = now_ms;
    }

    /// What was counted, to be written down.
    pub(super) fn wrong(&self) -> Wrong {
        self.wrong
    }

    /// Until when nobody comes in who is wanted.
    fn closed_until_ms(&self, wanted: Role) -> u64 {
        match wanted {
            Role::Volunteer => self.waits_until_ms,
            Role::Manager => self.waits_until_ms.max(self.manager_waits_until_ms),
        }
    }

    /// A key; gives the try that it makes, if it makes one.
    pub(super) fn press(&mut self, key: DoorKey, now_ms: u64) -> Option<Try> {
        let closed_until_ms = self.closed_until_ms(self.wanted()?);
        let entering = self.entering.as_mut()?;
        if entering.checking || now_ms < closed_until_ms {
            return None;
        }
        entering.was_wrong = false;
        let Pin(digits) = &mut entering.pin;
        match key {
            DoorKey::Digit(digit) => {
                if digits.len() < MAX_PIN_DIGITS
                    && let Some(digit) = char::from_digit(u32::from(digit), 10)
                {
                    digits.push(digit);
                }
            }
            DoorKey::Erase => {
                digits.pop();
            }
            DoorKey::Enter if digits.len() >= MIN_PIN_DIGITS => {
                let as_manager = now_ms >= self.manager_waits_until_ms;
                (entering.checking, entering.as_manager) = (true, as_manager);
                let hours = now_ms.saturating_sub(self.forgives_since_ms) / FORGIVEN_AFTER_MS;
                self.forgives_since_ms += hours * FORGIVEN_AFTER_MS;
                self.wrong.manager = self.wrong.manager.saturating_sub(u32::try_from(hours).unwrap_or(u32::MAX));
                self.wrong.any = self.wrong.any.saturating_add(1);
                self.wrong.manager = self.wrong.manager.saturating_add(u32::from(as_manager));
                let pin = std::mem::replace(&mut entering.pin, Pin(String::new()));
                return Some(Try { pin, wrong: self.wrong, as_manager });
            }
            DoorKey::Enter => {}
        }
        None
    }

    /// The check is over; says whether the door opens, and then forgets the wrong tries that the PIN forgives.
    pub(super) fn checked(&mut self, role: Option<Role>, now_ms: u64) -> bool {
        let Some(entering) = &mut self.entering else { return false };
        if !std::mem::take(&mut entering.checking) {
            return false;
        }
        let as_manager = std::mem::take(&mut entering.as_manager);
        if let Some(role) = role.filter(|role| *role >= entering.wanted) {
            self.wrong.any = 0;
            self.wrong.manager = match role {
                Role::Manager => 0,
                // It was no guess at the manager's.
                Role::Volunteer => self.wrong.manager.saturating_sub(u32::from(as_manager)),
            };
            self.entering = None;
            return true;
        }
        entering.was_wrong = true;
        self.waits_until_ms = now_ms + wait_ms(self.wrong.any);
        if as_manager {
            self.manager_waits_until_ms = now_ms + wait_ms(self.wrong.manager);
            self.forgives_since_ms = now_ms;
        }
        false
    }

    /// When the wait is over or its seconds change.
    pub(super) fn deadline_ms(&self, now_ms: u64) -> Option<u64> {
        let until_ms = self.closed_until_ms(self.wanted()?);
        let left_ms = until_ms.checked_sub(now_ms).filter(|left| *left > 0)?;
        Some(now_ms + (left_ms - 1) % 1_000 + 1)
    }

    pub(super) fn view(&self, has_pin: bool, now_ms: u64) -> Option<DoorView> {
        let entering = self.entering.as_ref()?;
        let left_ms = self.closed_until_ms(entering.wanted).saturating_sub(now_ms);
        let state = match entering {
            _ if !has_pin => DoorState::NoPin,
            Entering { checking: true, .. } => DoorState::Checking,
            _ if left_ms > 0 => DoorState::Waiting { seconds: left_ms.div_ceil(1_000) },
            Entering { was_wrong: true, .. } => DoorState::Wrong,
            _ => DoorState::Ready,
        };
        Some(DoorView { digits: entering.pin.0.len(), wanted: entering.wanted, state })
    }
}

/// How long the door waits after so many wrong tries in a row.
fn wait_ms(wrong: u32) -> u64 {
    match wrong.checked_sub(FREE_TRIES) {
        None => 0,
        Some(doublings) => FIRST_WAIT_MS.saturating_mul(2_u64.saturating_pow(doublings)).min(LONGEST_WAIT_MS),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics is a test that fails")]

    use super::*;

    fn enters(door: &mut Door, digits: &str, now_ms: u64) -> Option<Try> {
        for digit in digits.bytes() {
            door.press(DoorKey::Digit(digit - b'0'), now_ms);
        }
        door.press(DoorKey::Enter, now_ms)
    }

    #[test]
    fn the_wait_doubles_after_three_and_ends_at_a_quarter_of_an_hour() {
        for (wrong, seconds) in [(0, 0), (2, 0), (3, 30), (4, 60), (5, 120), (7, 480), (8, 900), (40, 900)] {
            assert_eq!(wait_ms(wrong), seconds * 1_000, "{wrong}");
        }
    }

    #[test]
    fn a_try_counts_before_it_is_checked() {
        let mut door = Door::default();
        door.open(Role::Volunteer);
        assert_eq!(enters(&mut door, "123", 0), None, "three digits are no PIN");
        let Try { pin, wrong, as_manager } = enters(&mut door, "4", 0).unwrap();
        assert_eq!((pin.digits(), wrong, as_manager), ("1234", Wrong { any: 1, manager: 1 }, true));
        assert_eq!(format!("{pin:?}"), "Pin");
        assert_eq!(door.view(true, 0).unwrap().state, DoorState::Checking);
        assert_eq!(enters(&mut door, "1234", 0), None, "one at a time");
        assert!(!door.checked(None, 0));
        assert_eq!(
            door.view(true, 0).unwrap(),
            DoorView { digits: 0, wanted: Role::Volunteer, state: DoorState::Wrong }
        );
    }

    #[test]
    fn a_restart_gives_no_free_try() {
        let mut door = Door::default();
        door.remember(Wrong { any: 4, manager: 0 }, 1_000);
        door.open(Role::Volunteer);
        assert_eq!(enters(&mut door, "1234", 60_999), None);
        assert_eq!(door.view(true, 60_999).unwrap().state, DoorState::Waiting { seconds: 1 });
        assert_eq!(door.deadline_ms(60_500), Some(61_000));
        assert_eq!(enters(&mut door, "1234", 61_000).unwrap().wrong.any, 5);
        assert!(door.checked(Some(Role::Volunteer), 61_000));
        door.open(Role::Volunteer);
        assert_eq!(enters(&mut door, "1234", 61_000).unwrap().wrong.any, 1, "a right PIN forgets the wrong ones");
    }

    #[test]
    fn a_volunteers_pin_buys_no_guesses_at_the_managers() {
        let mut door = Door::default();
        let (mut guesses, mut now_ms) = (0_u32, 0);
        let day_ms = 24 * 3_600_000;
        while now_ms < day_ms {
            // Two guesses, and then the PIN that is known, as quickly as keys can be pressed.
            for role in [None, None, Some(Role::Volunteer)] {
                door.open(Role::Volunteer);
                let tried = enters(&mut door, "1234", now_ms).expect("a volunteer does not wait");
                guesses += u32::from(tried.as_manager && role.is_none());
                assert_eq!(door.checked(role, now_ms), role.is_some());
                now_ms += 1_000;
            }
        }
        assert!(guesses <= 105, "{guesses} guesses at the manager's PIN in a day");

        door.open(Role::Manager);
        assert!(enters(&mut door, "1234", now_ms).is_none(), "nor is a manager's door a way round the wait");
        assert!(matches!(door.view(true, now_ms).unwrap().state, DoorState::Waiting { .. }));
        let mut again = Door::default();
        again.remember(door.wrong(), 0);
        again.open(Role::Volunteer);
        assert!(!enters(&mut again, "1234", 0).unwrap().as_manager, "nor a restart");
        assert!(again.checked(Some(Role::Volunteer), 0));
        let later_ms = LONGEST_WAIT_MS;
        again.open(Role::Manager);
        assert!(enters(&mut again, "1234", later_ms).unwrap().as_manager);
        assert!(again.checked(Some(Role::Manager), later_ms));
        assert_eq!(again.wrong(), Wrong::default(), "a manager's PIN forgives all");
    }

    #[test]
    fn slips_of_volunteers_keep_no_manager_out() {
        let mut door = Door::default();
        let mut now_ms = 0;
        for _ in 0..30 {
            for role in [None, Some(Role::Volunteer)] {
                door.open(Role::Volunteer);
                let tried = enters(&mut door, "1234", now_ms).expect("nobody waits");
                assert!(tried.as_manager, "{:?}", tried.wrong);
                assert_eq!(door.checked(role, now_ms), role.is_some());
                now_ms += 5_000;
            }
            now_ms += FORGIVEN_AFTER_MS;
        }
        assert_eq!(door.wrong(), Wrong { any: 0, manager: 1 }, "of thirty");
        let mut again = Door::default();
        again.remember(door.wrong(), 0);
        again.open(Role::Manager);
        assert!(enters(&mut again, "1234", 0).is_some(), "a restart begins no wait for them");

        // What is forgiven is less than what could be tried meanwhile.
        let mut door = Door::default();
        door.remember(Wrong { any: 0, manager: 20 }, 0);
        door.open(Role::Volunteer);
        enters(&mut door, "1234", 2 * FORGIVEN_AFTER_MS).expect("a volunteer does not wait");
        assert_eq!(door.wrong().manager, 19, "two forgiven, one tried");
    }

    #[test]
    fn a_managers_door_wants_a_manager() {
        let mut door = Door::default();
        door.open(Role::Manager);
        enters(&mut door, "1234", 0).unwrap();
        assert!(!door.checked(Some(Role::Volunteer), 0));
        enters(&mut door, "1234", 0).unwrap();
        assert!(door.checked(Some(Role::Manager), 0));
        assert!(!door.checked(Some(Role::Manager), 0), "a word nobody waits for opens nothing");
    }
}
