//! Who has signed in, in memory: a restart signs everybody out.
//!
//! A browser holds 32 random bytes; here stands only their hash. A session ends after [`IDLE`] without a request, in any case after
//! [`LONGEST`], and at once when its account is removed or gets another password or other roles.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use wardvoice_protocol::id::Hash;

use crate::accounts::{Account, AccountName};

/// A session ends after so long without a request.
pub(crate) const IDLE: SignedDuration = SignedDuration::from_mins(30);
/// A session ends after so long in any case.
pub(crate) const LONGEST: SignedDuration = SignedDuration::from_hours(12);
/// The most sessions at once; beyond that the one that was idle longest ends.
const MOST: usize = 1_000;

/// The sessions.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    open: Mutex<HashMap<Hash, Session>>,
}

#[derive(Debug)]
struct Session {
    name: AccountName,
    /// What the account was when it signed in.
    stamp: Hash,
    began: Timestamp,
    last: Timestamp,
}

impl Session {
    fn holds(&self, now: Timestamp) -> bool {
        now.duration_since(self.last) <= IDLE && now.duration_since(self.began) <= LONGEST
    }
}

impl Sessions {
    /// Begins a session and gives what the browser is to keep.
    pub(crate) fn begin(&self, account: &Account, now: Timestamp) -> Result<String, getrandom::Error> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret)?;
        let token = URL_SAFE_NO_PAD.encode(secret);
        let mut open = self.open();
        open.retain(|_, session| session.holds(now));
        if open.len() >= MOST
            && let Some(idle) = open.iter().min_by_key(|(_, session)| session.last).map(|(hash, _)| *hash)
        {
            open.remove(&idle);
        }
        let session = Session { name: account.name.clone(), stamp: account.stamp, began: now, last: now };
        open.insert(Hash::of(token.as_bytes()), session);
        Ok(token)
    }

    /// The account that holds this token, if its session still holds and the account is what it was; looking keeps it alive.
    pub(crate) fn touch(
        &self,
        token: &str,
        now: Timestamp,
        find: impl FnOnce(&AccountName) -> Option<Account>,
    ) -> Option<Account> {
        let hash = Hash::of(token.as_bytes());
        let mut open = self.open();
        let session = open.get_mut(&hash)?;
        let account = find(&session.name).filter(|account| account.stamp == session.stamp);
        if session.holds(now) && account.is_some() {
            session.last = session.last.max(now);
            account
        } else {
            open.remove(&hash);
            None
        }
    }

    /// Ends a session.
    pub(crate) fn end(&self, token: &str) {
        self.open().remove(&Hash::of(token.as_bytes()));
    }

    fn open(&self) -> MutexGuard<'_, HashMap<Hash, Session>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;

    fn account(stamp: u8) -> Account {
        Account { name: "office".parse().unwrap(), roles: [].into(), stamp: Hash::from_bytes([stamp; 32]) }
    }

    fn touch(sessions: &Sessions, token: &str, now: Timestamp) -> Option<Account> {
        sessions.touch(token, now, |_| Some(account(1)))
    }

    #[test]
    fn a_session_slides_until_it_is_idle_or_too_long() {
        let sessions = Sessions::default();
        let start: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
        let after = |minutes| start + SignedDuration::from_mins(minutes);
        let token = sessions.begin(&account(1), start).unwrap();
        for minutes in (0..=720).step_by(30) {
            assert_eq!(touch(&sessions, &token, after(minutes)), Some(account(1)), "{minutes}");
        }
        assert_eq!(touch(&sessions, &token, after(721)), None);
        let token = sessions.begin(&account(1), start).unwrap();
        assert_eq!(touch(&sessions, &token, after(31)), None);
        assert_eq!(touch(&sessions, &token, after(0)), None, "an ended session does not come back");
    }

    #[test]
    fn ending_one_session_leaves_the_others() {
        let sessions = Sessions::default();
        let now: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
        let (one, other) = (sessions.begin(&account(1), now).unwrap(), sessions.begin(&account(1), now).unwrap());
        assert_ne!(one, other);
        sessions.end(&one);
        assert_eq!(touch(&sessions, &one, now), None);
        assert!(touch(&sessions, &other, now).is_some());
        assert_eq!(touch(&sessions, "guess", now), None);
    }

    #[test]
    fn an_account_that_is_removed_or_changed_loses_its_sessions_at_once() {
        let sessions = Sessions::default();
        let now: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
        for changed in [None, Some(account(2))] {
            let token = sessions.begin(&account(1), now).unwrap();
            assert!(touch(&sessions, &token, now).is_some());
            assert_eq!(sessions.touch(&token, now, |_| changed.clone()), None);
            assert_eq!(touch(&sessions, &token, now), None, "and it does not come back with the account");
        }
    }

    #[test]
    fn there_are_never_more_than_the_most() {
        let sessions = Sessions::default();
        let start: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
        let first = sessions.begin(&account(1), start).unwrap();
        for second in 1..=i64::try_from(MOST).unwrap() {
            sessions.begin(&account(1), start + SignedDuration::from_secs(second)).unwrap();
        }
        assert_eq!(sessions.open().len(), MOST);
        assert_eq!(touch(&sessions, &first, start), None);
    }
}
