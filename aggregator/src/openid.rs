//! The trust's own sign-in, over OpenID Connect: authorization code with PKCE.
//!
//! ```text
//! /sign-in/openid ─► attempt (cookie) ─► provider ─► /sign-in/openid/return ─► code for token ─► checks ─► roles ─► session
//! ```
//!
//! Vocabulary: the *provider* is the trust's sign-in; an *attempt* is one sign-in under way; *claims* are what the provider says of
//! somebody; *roles* follow from their groups by the settings ([`crate::config::RoleRules`]) and from nothing else.
//!
//! Invariants:
//! - Whatever the provider or whoever calls himself that says is checked: addresses (TLS, or within this machine), sizes, times, the issuer,
//!   signature, audience, nonce. What is not understood is refused.
//! - An attempt is known by the cookie of the browser that began it, and ends once. Nothing is kept here for attempts that nobody ends.
//! - Nobody waits for the provider but who signs in with it, and that not for long. Accounts of our own do not need it.
//! - Nothing of the provider's is stored: who has signed in stands in memory, and names in the audit are made of a claim.
//!
//! Failure modes: every error is a page that says what to do; what exactly was wrong is in the log, without tokens, codes or names.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use wardvoice_protocol::directory::Directory;
use wardvoice_protocol::id::Hash;

use crate::accounts::{Account, AccountName};
use crate::config::OpenIdSettings;

mod attempt;
mod claims;
mod keys;
mod provider;
#[cfg(test)]
mod tests;
mod token;
mod wire;

use attempt::{Attempt, encoded, in_query};
use claims::Claims;
use provider::{Discovery, Provider, Wanted};
use token::Expected;
pub use token::TokenFault;
use wire::Wire;

/// How long what the provider says of itself is believed without asking again.
const BELIEVE: SignedDuration = SignedDuration::from_hours(1);
/// How long after a failure the provider is left alone.
const REST: SignedDuration = SignedDuration::from_secs(5);
/// How long after its keys were fetched an unknown one is no reason to fetch them again.
const KEYS_REST: SignedDuration = SignedDuration::from_secs(10);
/// How long one step of a sign-in may take in all.
const PATIENCE: Duration = Duration::from_secs(20);
/// How many steps may be under way at once.
const AT_ONCE: usize = 16;
/// How long an attempt may take: as long as its cookie is kept.
pub const ATTEMPT_HOLDS: SignedDuration = SignedDuration::from_mins(10);
/// The most attempts that are remembered as ended.
const MOST_ENDED: usize = 4_096;
/// The longest code that is handed on, in bytes.
const MAX_CODE_BYTES: usize = 4_096;

/// The trust's own sign-in.
pub struct OpenId {
    settings: OpenIdSettings,
    secret: Option<Secret>,
    wire: Wire,
    provider: tokio::sync::Mutex<Option<Arc<Provider>>>,
    failed: Mutex<Option<(Timestamp, OpenIdError)>>,
    sign_out: RwLock<Option<String>>,
    ended: Mutex<BTreeMap<Hash, Timestamp>>,
    steps: Semaphore,
}

/// What proves to the provider who we are. It is in no log.
struct Secret(String);

/// What a browser brings back from the provider.
#[derive(Debug, Clone, Default, serde::Deserialize)]
pub struct Returned {
    /// What the token is fetched with.
    code: Option<String>,
    /// What we gave the browser along.
    state: Option<String>,
    /// Why the provider gives no code.
    error: Option<String>,
    /// Who it says it is (RFC 9207).
    iss: Option<String>,
}

/// Why somebody cannot be signed in by the provider.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenIdError {
    /// A file of the settings cannot be used.
    #[error("use the setting {setting}, {path}: {reason}", path = path.display())]
    File {
        /// The setting.
        setting: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The provider does not answer.
    #[error("reach the trust's sign-in: {0}")]
    Unreachable(String),
    /// It answers what cannot be believed.
    #[error("believe the trust's sign-in: {0}")]
    Odd(String),
    /// Too many sign in at once.
    #[error("sign somebody in: {AT_ONCE} sign-ins are under way")]
    Busy,
    /// The browser did not begin this, or too long ago, or has ended it before.
    #[error("go on with a sign-in: {0}")]
    NotBegun(&'static str),
    /// The provider refused.
    #[error("sign somebody in: the trust's sign-in said {0}")]
    Declined(String),
    /// What it says of somebody does not hold.
    #[error("believe what the trust's sign-in says of somebody: {0}")]
    Token(#[from] TokenFault),
    /// Somebody is in no group that the settings speak of.
    #[error("sign {0} in: none of the groups in the settings")]
    NoRole(AccountName),
    /// The system gave no randomness.
    #[error("draw a secret: {0}")]
    NoRandomness(String),
}

/// A sign-in that has begun: where the browser goes, and the cookie it keeps meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// The provider's page.
    pub address: String,
    /// What the browser is to keep until it comes back.
    pub cookie: String,
}

impl OpenId {
    /// Gets ready, without asking the provider anything.
    pub fn new(settings: OpenIdSettings) -> Result<Self, OpenIdError> {
        let secret = settings.client_secret_file.as_deref().map(Secret::read).transpose()?;
        let wire = Wire::new(&settings)?;
        Ok(Self {
            settings,
            secret,
            wire,
            provider: tokio::sync::Mutex::new(None),
            failed: Mutex::new(None),
            sign_out: RwLock::new(None),
            ended: Mutex::default(),
            steps: Semaphore::new(AT_ONCE),
        })
    }

    /// What the button says after "Sign in with".
    pub fn label(&self) -> &str {
        &self.settings.label
    }

    /// How long somebody stays signed in at most.
    pub fn session_lasts(&self) -> SignedDuration {
        SignedDuration::from_hours(i64::from(self.settings.session_hours))
    }

    /// Where somebody signs out of the provider too, if it said so.
    pub fn sign_out_address(&self) -> Option<String> {
        let address = self.sign_out.read().unwrap_or_else(PoisonError::into_inner).clone()?;
        Some(in_query(&address, &[("client_id", self.settings.client_id.as_str())]))
    }

    /// Begins a sign-in that leads back to a page.
    pub async fn begin(&self, next: &str, now: Timestamp) -> Result<Begun, OpenIdError> {
        let attempt = Attempt::draw(next).map_err(|error| OpenIdError::NoRandomness(error.to_string()))?;
        let provider = self.patiently(self.provider(Wanted::Known, now)).await?;
        let (state, nonce, challenge) = (attempt.state(), attempt.nonce(), attempt.challenge());
        let scopes = self.settings.scopes.join(" ");
        let asked: [(&str, &str); 8] = [
            ("response_type", "code"),
            ("client_id", &self.settings.client_id),
            ("redirect_uri", &self.settings.redirect),
            ("scope", &scopes),
            ("state", &state),
            ("nonce", &nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        Ok(Begun { address: in_query(&provider.discovery.authorization, &asked), cookie: attempt.cookie() })
    }

    /// Ends the sign-in of a browser that came back with its cookie: who it is, and the page to go to.
    pub async fn finish(
        &self,
        cookie: Option<&str>,
        returned: Returned,
        directory: &Directory,
        now: Timestamp,
    ) -> Result<(Account, String), OpenIdError> {
        let attempt = cookie.and_then(Attempt::read).ok_or(OpenIdError::NotBegun("this browser began none"))?;
        if returned.state.as_deref() != Some(attempt.state().as_str()) {
            return Err(OpenIdError::NotBegun("it is another's"));
        }
        if !self.end_once(&attempt, now) {
            return Err(OpenIdError::NotBegun("it has ended before"));
        }
        if returned.iss.as_ref().is_some_and(|issuer| *issuer != self.settings.issuer) {
            return Err(OpenIdError::Odd("it comes back from another provider".to_owned()));
        }
        if let Some(error) = returned.error {
            return Err(OpenIdError::Declined(a_word(&error)));
        }
        let code = returned.code.filter(|code| !code.is_empty() && code.len() <= MAX_CODE_BYTES);
        let code = code.ok_or_else(|| OpenIdError::Odd("it gave no code".to_owned()))?;
        let claims = self.patiently(self.claims(&code, &attempt, now)).await?;
        let name = claims.name(&self.settings)?;
        let roles = self.settings.roles.of(claims.groups(&self.settings.groups_claim), directory);
        if roles.is_empty() {
            return Err(OpenIdError::NoRole(name));
        }
        Ok((Account::from_elsewhere(name, roles), attempt.next().to_owned()))
    }

    /// Fetches the token for a code and checks it, if need be with the keys that are in use by now.
    async fn claims(&self, code: &str, attempt: &Attempt, now: Timestamp) -> Result<Claims, OpenIdError> {
        let provider = self.provider(Wanted::Known, now).await?;
        let token = self.token(&provider.discovery, code, &attempt.verifier()).await?;
        let expected = Expected {
            issuer: &self.settings.issuer,
            client_id: &self.settings.client_id,
            nonce: &attempt.nonce(),
            now,
        };
        match token::check(&token, &provider.keys, &expected) {
            Err(TokenFault::UnknownKey) => {
                let provider = self.provider(Wanted::FreshKeys, now).await?;
                Ok(token::check(&token, &provider.keys, &expected)?)
            }
            checked => Ok(checked?),
        }
    }

    async fn token(&self, discovery: &Discovery, code: &str, verifier: &str) -> Result<String, OpenIdError> {
        let (client_id, redirect) = (self.settings.client_id.as_str(), self.settings.redirect.as_str());
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect),
            ("code_verifier", verifier),
        ];
        let basic = match &self.secret {
            Some(Secret(secret)) if discovery.takes_basic => Some((encoded(client_id), encoded(secret))),
            Some(Secret(secret)) => {
                form.extend([("client_id", client_id), ("client_secret", secret.as_str())]);
                None
            }
            None => {
                form.push(("client_id", client_id));
                None
            }
        };
        self.wire.token(&discovery.token, &form, basic).await
    }

    /// What the provider says of itself. One asks for all; whoever comes meanwhile waits for the same answer.
    async fn provider(&self, wanted: Wanted, now: Timestamp) -> Result<Arc<Provider>, OpenIdError> {
        let mut known = self.provider.lock().await;
        if let Some(provider) = known.as_ref().filter(|known| known.serves(wanted, now)) {
            return Ok(Arc::clone(provider));
        }
        if let Some((at, error)) = self.failed().clone()
            && now.duration_since(at).abs() < REST
        {
            return Err(error);
        }
        match Provider::fetch(&self.wire, &self.settings.issuer, now).await {
            Ok(provider) => {
                *self.failed() = None;
                let sign_out = provider.discovery.sign_out.clone();
                *self.sign_out.write().unwrap_or_else(PoisonError::into_inner) = sign_out;
                let provider = Arc::new(provider);
                *known = Some(Arc::clone(&provider));
                Ok(provider)
            }
            Err(error) => {
                *self.failed() = Some((now, error.clone()));
                Err(error)
            }
        }
    }

    /// Does something that asks the provider, unless too many do, and not for longer than somebody waits.
    async fn patiently<T>(&self, step: impl Future<Output = Result<T, OpenIdError>>) -> Result<T, OpenIdError> {
        let Ok(_permit) = self.steps.try_acquire() else { return Err(OpenIdError::Busy) };
        let slow = || Err(OpenIdError::Unreachable("it takes too long".to_owned()));
        timeout(PATIENCE, step).await.unwrap_or_else(|_| slow())
    }

    /// Whether an attempt ends now for the first time.
    fn end_once(&self, attempt: &Attempt, now: Timestamp) -> bool {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        ended.retain(|_, at| now.duration_since(*at).abs() <= ATTEMPT_HOLDS);
        if ended.len() >= MOST_ENDED
            && let Some(oldest) = ended.iter().min_by_key(|(_, at)| **at).map(|(key, _)| *key)
        {
            ended.remove(&oldest);
        }
        ended.insert(Hash::of(attempt.state().as_bytes()), now).is_none()
    }

    fn failed(&self) -> std::sync::MutexGuard<'_, Option<(Timestamp, OpenIdError)>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for OpenId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("OpenId").field("issuer", &self.settings.issuer).finish_non_exhaustive()
    }
}

impl Secret {
    fn read(path: &Path) -> Result<Self, OpenIdError> {
        let file = |reason: String| OpenIdError::File {
            setting: "openid.client_secret_file",
            path: path.to_owned(),
            reason,
        };
        let mode = fs::metadata(path).map_err(|error| file(error.to_string()))?.permissions().mode();
        if crate::keys::is_exposed(path, mode) {
            return Err(file(
                "others may read it: chmod 600 it, and give it to the user the aggregator runs as".to_owned(),
            ));
        }
        let text = fs::read_to_string(path).map_err(|error| file(error.to_string()))?;
        let secret = text.trim_end_matches(['\r', '\n']);
        let fits = !secret.is_empty() && secret.len() <= 1_000 && !secret.contains(char::is_control);
        if fits {
            Ok(Self(secret.to_owned()))
        } else {
            Err(file("write the secret on one line, and nothing else".to_owned()))
        }
    }
}

/// What a provider calls an error, as far as it is a word of the standard: everything else may be anything.
fn a_word(error: &str) -> String {
    let is_word = !error.is_empty()
        && error.len() <= 64
        && error.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if is_word { error.to_owned() } else { "something else".to_owned() }
}
