//! Who has signed in, in memory: a restart signs everybody out.
//!
//! A browser holds 32 random bytes; here stands only their hash. A session ends after [`IDLE`] without a request, and in
//! any case after [`LONGEST`].

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use wardvoice_protocol::id::Hash;

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
    name: String,
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
    pub(crate) fn begin(&self, name: &str, now: Timestamp) -> Result<String, getrandom::Error> {
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
        open.insert(Hash::of(token.as_bytes()), Session { name: name.to_owned(), began: now, last: now });
        Ok(token)
    }

    /// Who holds this token, if its session still holds; looking keeps it alive.
    pub(crate) fn touch(&self, token: &str, now: Timestamp) -> Option<String> {
        let hash = Hash::of(token.as_bytes());
        let mut open = self.open();
        let session = open.get_mut(&hash)?;
        if session.holds(now) {
            session.last = session.last.max(now);
            Some(session.name.clone())
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

    #[test]
    fn a_session_slides_until_it_is_idle_or_too_long() {
        let sessions = Sessions::default();
        let start: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
        let after = |minutes| start + SignedDuration::from_mins(minutes);
        let token = sessions.begin("office", start).unwrap();
        for minutes in (0..=720).step_by(30) {
            assert_eq!(sessions.touch(&token, after(minutes)).as_deref(), Some("office"), "{minutes}");
        }
        assert_eq!(sessions.touch(&token, after(721)), None);
        let token = sessions.begin("office", start).unwrap();
        assert_eq!(sessions.touch(&token, after(31)), None);
        assert_eq!(sessions.touch(&token, after(0)), None, "an ended session does not come back");
    }

    #[test]
    fn ending_one_session_leaves_the_others() {
        let sessions = Sessions::default();
        let now: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
        let (one, other) = (sessions.begin("office", now).unwrap(), sessions.begin("office", now).unwrap());
        assert_ne!(one, other);
        sessions.end(&one);
        assert_eq!(sessions.touch(&one, now), None);
        assert!(sessions.touch(&other, now).is_some());
        assert_eq!(sessions.touch("guess", now), None);
    }

    #[test]
    fn there_are_never_more_than_the_most() {
        let sessions = Sessions::default();
        let start: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
        let first = sessions.begin("office", start).unwrap();
        for second in 1..=i64::try_from(MOST).unwrap() {
            sessions.begin("office", start + SignedDuration::from_secs(second)).unwrap();
        }
        assert_eq!(sessions.open().len(), MOST);
        assert_eq!(sessions.touch(&first, start), None);
    }
}
