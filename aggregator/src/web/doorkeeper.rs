//! Whose name and password these are, slowly for whoever guesses.
//!
//! A wrong name and a wrong password are told apart by nobody. Wrong tries are counted by address and by account ([`crate::tries`]). Checking a
//! password takes tens of milliseconds of CPU, so at most [`CHECKS_AT_ONCE`] are under way; a right one from the API is remembered for
//! a minute, as a keyed hash, while the account is what it was.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{ConnectInfo, Request};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Semaphore;
use wardvoice_protocol::id::Hash;

use super::{Shared, Web, proxies};
use crate::accounts::{Account, AccountName};
use crate::audit::{Deed, UNKNOWN};

/// The most passwords that are checked at once.
const CHECKS_AT_ONCE: usize = 2;
/// How long a right password of the API is remembered.
const REMEMBER: SignedDuration = SignedDuration::from_mins(1);
/// The most right passwords that are remembered.
const MOST: usize = 1_000;

/// Checks passwords and remembers right ones.
#[derive(Debug)]
pub(crate) struct Doorkeeper {
    right: Mutex<HashMap<Hash, (Timestamp, Hash)>>,
    checks: Semaphore,
    /// Drawn at the start, so that what is remembered says nothing without this process.
    pepper: [u8; 32],
}

/// What became of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    Right(Account),
    Wrong,
    /// It was not looked at; wait so many seconds.
    Wait(i64),
}

impl Default for Doorkeeper {
    fn default() -> Self {
        let mut pepper = [0; 32];
        // Without randomness nothing is remembered safely, but the process would not have got this far: keys need it too.
        if getrandom::fill(&mut pepper).is_err() {
            tracing::error!("failed to draw random bytes for the sign-in");
        }
        Self { right: Mutex::default(), checks: Semaphore::new(CHECKS_AT_ONCE), pepper }
    }
}

impl Doorkeeper {
    fn key(&self, name: &str, password: &str) -> Hash {
        let mut bytes = self.pepper.to_vec();
        bytes.extend_from_slice(name.as_bytes());
        bytes.push(0);
        bytes.extend_from_slice(password.as_bytes());
        Hash::of(&bytes)
    }

    /// The stamp of the account that a password was right for a moment ago.
    fn remembers(&self, key: Hash, now: Timestamp) -> Option<Hash> {
        let mut right = self.right.lock().unwrap_or_else(PoisonError::into_inner);
        right.retain(|_, (since, _)| now.duration_since(*since) <= REMEMBER);
        right.get(&key).map(|(_, stamp)| *stamp)
    }

    fn remember(&self, key: Hash, stamp: Hash, now: Timestamp) {
        let mut right = self.right.lock().unwrap_or_else(PoisonError::into_inner);
        if right.len() >= MOST {
            right.clear();
        }
        right.insert(key, (now, stamp));
    }
}

/// The address a request came from, where the server was told to keep it.
pub(crate) fn caller(web: &Web, request: &Request) -> Option<IpAddr> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    proxies::caller(peer, request.headers(), &web.desk.trusted_proxies)
}

/// Checks a name and password.
pub(crate) async fn check(web: &Shared, caller: Option<IpAddr>, name: String, password: String) -> Outcome {
    let now = web.now();
    let key = web.doorkeeper.key(&name, &password);
    if let Some(stamp) = web.doorkeeper.remembers(key, now)
        && let Some(account) = web.desk.accounts.get(&name).filter(|account| account.stamp == stamp)
    {
        return Outcome::Right(account);
    }
    if let Some(seconds) = web.desk.tries.wait(caller, &name, now) {
        return Outcome::Wait(seconds);
    }
    let Ok(_permit) = web.doorkeeper.checks.acquire().await else { return Outcome::Wait(1) };
    // Asked again: whoever sends a thousand guesses at once has had the first ones counted while the others waited here.
    let now = web.now();
    if let Some(seconds) = web.desk.tries.wait(caller, &name, now) {
        return Outcome::Wait(seconds);
    }
    let keeping = Arc::clone(web);
    let checked = tokio::task::spawn_blocking(move || {
        let desk = &keeping.desk;
        let account = desk.accounts.verify(&name, &password);
        desk.tries.note(caller, &name, account.is_some(), now);
        // Only known names are noted: the others may be passwords in the wrong field. Of those stands that somebody tried, and from
        // where; so both cost the same time on the disk, which would otherwise tell them apart.
        if account.is_none() {
            let known = desk.accounts.get(&name).map(|account| account.name);
            let who = known.as_ref().map_or(UNKNOWN, AccountName::as_str);
            let about = known.as_ref().map(|name| format!("account:{name}"));
            let from = caller.map(|address| format!("from {address}"));
            let noted = desk.audit.note(now, who, Deed::SignInRefused, about.as_deref(), from.as_deref());
            if let Err(error) = noted {
                tracing::error!("failed to {error}");
            }
        }
        account
    });
    match checked.await.unwrap_or(None) {
        Some(account) => {
            web.doorkeeper.remember(key, account.stamp, now);
            Outcome::Right(account)
        }
        None => Outcome::Wrong,
    }
}
