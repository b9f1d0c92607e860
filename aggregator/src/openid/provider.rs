//! What a provider says of itself: where its pages are, and its keys.

use jiff::Timestamp;
use serde::Deserialize;

use super::keys::{Keys, KeysFile};
use super::wire::Wire;
use super::{BELIEVE, KEYS_REST, OpenIdError};
use crate::config::is_safe_address;

/// The configuration as the provider says it (OpenID Connect Discovery 1.0). What is not known is passed over.
#[derive(Debug, Deserialize)]
struct DiscoveryFile {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    end_session_endpoint: Option<String>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

/// Where a provider's pages are.
#[derive(Debug)]
pub(super) struct Discovery {
    pub(super) authorization: String,
    pub(super) token: String,
    pub(super) sign_out: Option<String>,
    /// Whether it takes the client's secret as a header; otherwise in the form.
    pub(super) takes_basic: bool,
    keys: String,
}

/// A provider as it was when it was asked.
#[derive(Debug)]
pub(super) struct Provider {
    pub(super) discovery: Discovery,
    pub(super) keys: Keys,
    fetched: Timestamp,
}

/// What is wanted of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// What is known of it.
    Known,
    /// Keys that were fetched just now, because one was not among those that are known.
    FreshKeys,
}

impl Provider {
    /// Asks it.
    pub(super) async fn fetch(wire: &Wire, issuer: &str, now: Timestamp) -> Result<Self, OpenIdError> {
        let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let discovery = Discovery::read(wire.json(&address).await?, issuer)?;
        let keys = Keys::from(wire.json::<KeysFile>(&discovery.keys).await?);
        if keys.is_empty() {
            return Err(OpenIdError::Odd("it has no key for RS256 or ES256".to_owned()));
        }
        Ok(Self { discovery, keys, fetched: now })
    }

    /// Whether it need not be asked again. A clock that was set back is no reason to believe it for longer.
    pub(super) fn serves(&self, wanted: Wanted, now: Timestamp) -> bool {
        let age = now.duration_since(self.fetched).abs();
        match wanted {
            Wanted::Known => age < BELIEVE,
            Wanted::FreshKeys => age < KEYS_REST,
        }
    }
}

impl Discovery {
    fn read(file: DiscoveryFile, issuer: &str) -> Result<Self, OpenIdError> {
        if file.issuer != issuer {
            let said: String = file.issuer.chars().filter(|letter| !letter.is_control()).take(200).collect();
            return Err(OpenIdError::Odd(format!(
                "it calls itself {said:?}; set openid.issuer to that if it is meant"
            )));
        }
        // One that is reached over TLS may not send secrets elsewhere without it, not even into this machine.
        let over_tls = issuer.starts_with("https://");
        let safe = |name: &str, address: String| {
            let fits = is_safe_address(&address)
                && (!over_tls || address.starts_with("https://"))
                && address.len() <= 2_000;
            if fits { Ok(address) } else { Err(OpenIdError::Odd(format!("its {name} is no safe address"))) }
        };
        let methods = file.token_endpoint_auth_methods_supported;
        Ok(Self {
            authorization: safe("authorization_endpoint", file.authorization_endpoint)?,
            token: safe("token_endpoint", file.token_endpoint)?,
            keys: safe("jwks_uri", file.jwks_uri)?,
            sign_out: file.end_session_endpoint.and_then(|address| safe("end_session_endpoint", address).ok()),
            takes_basic: methods.is_none_or(|all| all.iter().any(|one| one == "client_secret_basic")),
        })
    }
}
