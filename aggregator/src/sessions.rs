//! Who has signed in, in memory: a restart signs everybody out.
//!
//! A browser holds 32 random bytes; here stands only their hash, which is the session's [key](SessionKey). A session ends after [`IDLE`]
//! without a request, in any case after the time it was begun for, and at once when its account is removed or gets another password or
//! other roles, or is signed out everywhere. A live page stays open over an idle hour, because it asks for nothing; it ends with the
//! session in every other case ([`Sessions::stands`], [`Sessions::changes`]).

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use wardvoice_protocol::id::Hash;

use crate::accounts::{Account, AccountName};

/// A session ends after so long without a request.
pub const IDLE: SignedDuration = SignedDuration::from_mins(30);
/// A session ends after so long in any case.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(12);
/// The most sessions at once; beyond that the one that was idle longest ends.
const MOST: usize = 1_000;

/// The sessions. Shared by reference.
#[derive(Debug, Default)]
pub struct Sessions {
    open: Mutex<HashMap<SessionKey, Session>>,
    changed: watch::Sender<u64>,
}

/// Names a session and opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionKey(Hash);

#[derive(Debug)]
struct Session {
    /// What the account was when it signed in.
    account: Account,
    ends: Timestamp,
    last: Timestamp,
}

/// A session as it is told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// Whose.
    pub account: Account,
    /// When it was last used.
    pub last: Timestamp,
}

impl Session {
    fn is_idle(&self, now: Timestamp) -> bool {
        now.duration_since(self.last) > IDLE
    }
}

impl Sessions {
    /// Begins a session for at most so long and gives what the browser is to keep.
    pub fn begin(
        &self,
        account: &Account,
        now: Timestamp,
        longest: SignedDuration,
    ) -> Result<String, getrandom::Error> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret)?;
        let token = URL_SAFE_NO_PAD.encode(secret);
        let mut open = self.open();
        open.retain(|_, session| now <= session.ends);
        if open.len() >= MOST
            && let Some(idle) = open.iter().min_by_key(|(_, session)| session.last).map(|(key, _)| *key)
        {
            open.remove(&idle);
            self.tell();
        }
        let ends = now.saturating_add(longest.min(LONGEST)).unwrap_or(now);
        let session = Session { account: account.clone(), ends, last: now };
        open.insert(key_of(&token), session);
        Ok(token)
    }

    /// The account that holds this token, if its session still holds and the account is what it was, as `still` says; looking keeps
    /// it alive.
    pub fn touch(
        &self,
        token: &str,
        now: Timestamp,
        still: impl FnOnce(&Account) -> Option<Account>,
    ) -> Option<(SessionKey, Account)> {
        let key = key_of(token);
        let mut open = self.open();
        let session = open.get_mut(&key)?;
        let account = still(&session.account).filter(|_| now <= session.ends && !session.is_idle(now));
        if let Some(account) = account {
            session.last = session.last.max(now);
            Some((key, account))
        } else {
            open.remove(&key);
            self.tell();
            None
        }
    }

    /// Whether a page that was opened in a session may stay open.
    pub fn stands(
        &self,
        key: SessionKey,
        now: Timestamp,
        still: impl FnOnce(&Account) -> Option<Account>,
    ) -> bool {
        let open = self.open();
        open.get(&key).is_some_and(|session| now <= session.ends && still(&session.account).is_some())
    }

    /// Ends a session.
    pub fn end(&self, token: &str) {
        self.open().remove(&key_of(token));
        self.tell();
    }

    /// Ends every session of an account; how many there were.
    pub fn end_of(&self, name: &AccountName) -> usize {
        let mut open = self.open();
        let before = open.len();
        open.retain(|_, session| session.account.name != *name);
        let ended = before - open.len();
        drop(open);
        self.tell();
        ended
    }

    /// Every session that has not been idle for too long.
    pub fn all(&self, now: Timestamp) -> Vec<Open> {
        let open = self.open();
        let standing = open.values().filter(|session| now <= session.ends && !session.is_idle(now));
        standing.map(|session| Open { account: session.account.clone(), last: session.last }).collect()
    }

    /// Says when a session has ended, so that what was opened in it looks whether it was its own.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    fn tell(&self) {
        self.changed.send_modify(|many| *many = many.wrapping_add(1));
    }

    fn open(&self) -> MutexGuard<'_, HashMap<SessionKey, Session>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key_of(token: &str) -> SessionKey {
    SessionKey(Hash::of(token.as_bytes()))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;
    use crate::accounts::Source;

    fn account(stamp: u8) -> Account {
        let name = "office".parse().unwrap();
        Account {
            name,
            roles: [].into(),
            locked: false,
            stamp: Hash::from_bytes([stamp; 32]),
            source: Source::Here,
        }
    }

    fn begin(sessions: &Sessions, now: Timestamp) -> String {
        sessions.begin(&account(1), now, LONGEST).unwrap()
    }

    fn touch(sessions: &Sessions, token: &str, now: Timestamp) -> Option<Account> {
        sessions.touch(token, now, |then| Some(then.clone())).map(|(_, account)| account)
    }

    fn start() -> Timestamp {
        "2026-11-23T08:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_session_slides_until_it_is_idle_or_too_long() {
        let sessions = Sessions::default();
        let after = |minutes| start() + SignedDuration::from_mins(minutes);
        let token = begin(&sessions, start());
        for minutes in (0..=720).step_by(30) {
            assert_eq!(touch(&sessions, &token, after(minutes)), Some(account(1)), "{minutes}");
        }
        assert_eq!(touch(&sessions, &token, after(721)), None);
        let token = begin(&sessions, start());
        assert_eq!(touch(&sessions, &token, after(31)), None);
        assert_eq!(touch(&sessions, &token, after(0)), None, "an ended session does not come back");
        let token = sessions.begin(&account(1), start(), SignedDuration::from_mins(20)).unwrap();
        assert!(touch(&sessions, &token, after(20)).is_some());
        assert_eq!(touch(&sessions, &token, after(21)), None, "one that was begun for less");
    }

    #[test]
    fn ending_one_session_leaves_the_others() {
        let sessions = Sessions::default();
        let (one, other) = (begin(&sessions, start()), begin(&sessions, start()));
        assert_ne!(one, other);
        sessions.end(&one);
        assert_eq!(touch(&sessions, &one, start()), None);
        assert!(touch(&sessions, &other, start()).is_some());
        assert_eq!(touch(&sessions, "guess", start()), None);
        assert_eq!(sessions.end_of(&"board".parse().unwrap()), 0);
        assert_eq!(sessions.end_of(&"office".parse().unwrap()), 1);
        assert!(sessions.all(start()).is_empty());
    }

    #[test]
    fn an_account_that_is_removed_or_changed_loses_its_sessions_at_once() {
        let sessions = Sessions::default();
        let token = begin(&sessions, start());
        assert!(touch(&sessions, &token, start()).is_some());
        assert_eq!(sessions.touch(&token, start(), |_| None), None);
        assert_eq!(touch(&sessions, &token, start()), None, "and it does not come back with the account");
    }

    #[test]
    fn an_open_page_stands_while_its_session_is_idle_and_falls_with_it() {
        let sessions = Sessions::default();
        let (still, gone) = (|then: &Account| Some(then.clone()), |_: &Account| None);
        let token = begin(&sessions, start());
        let (key, _) = sessions.touch(&token, start(), still).unwrap();
        let hours = |hours| start() + SignedDuration::from_hours(hours);
        assert!(sessions.stands(key, hours(2), still));
        // Somebody else signs in, which clears away what is over.
        begin(&sessions, hours(2));
        assert!(sessions.stands(key, hours(12), still));
        assert!(!sessions.stands(key, hours(13), still) && !sessions.stands(key, hours(2), gone));
        let mut changes = sessions.changes();
        changes.mark_unchanged();
        sessions.end(&token);
        assert!(changes.has_changed().unwrap() && !sessions.stands(key, hours(2), still));
    }

    #[test]
    fn there_are_never_more_than_the_most() {
        let sessions = Sessions::default();
        let first = begin(&sessions, start());
        for second in 1..=i64::try_from(MOST).unwrap() {
            begin(&sessions, start() + SignedDuration::from_secs(second));
        }
        assert_eq!(sessions.open().len(), MOST);
        assert_eq!(touch(&sessions, &first, start()), None);
    }
}
