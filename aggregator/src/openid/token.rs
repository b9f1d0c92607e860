//! Whether a token is to be believed (OpenID Connect Core 1.0, 3.1.3.7).
//!
//! Pure: token, keys and time in, claims or what does not hold out. `jsonwebtoken` takes the token apart and checks its signature; what
//! it says is checked here, by the clock that the pages go by.

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use serde_json::{Map, Value};

use super::claims::Claims;
use super::keys::{Keys, install};

/// The longest token that is looked at, in bytes.
const MAX_TOKEN_BYTES: usize = 64 * 1024;
/// How far the provider's clock may be out, in seconds.
const SKEW_S: f64 = 60.0;

/// What a token has to say.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
    pub(super) now: Timestamp,
}

/// What does not hold. Nothing of the token is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum TokenFault {
    #[error("the token cannot be read")]
    Unreadable,
    #[error("the token is not signed by RS256 or ES256")]
    Algorithm,
    #[error("the token asks for something that is not known here")]
    Critical,
    #[error("the token is signed with a key that the provider does not have")]
    UnknownKey,
    #[error("the signature does not hold")]
    Signature,
    #[error("it is another provider's")]
    Issuer,
    #[error("it is for another program")]
    Audience,
    #[error("it has expired; is the clock of this server right?")]
    Expired,
    #[error("it is not valid yet; is the clock of this server right?")]
    NotYet,
    #[error("it belongs to another sign-in")]
    Nonce,
    #[error("it does not say who it is about")]
    NoName,
}

/// Checks a token and gives what it says.
pub(super) fn check(token: &str, keys: &Keys, expected: &Expected<'_>) -> Result<Claims, TokenFault> {
    install();
    if token.len() > MAX_TOKEN_BYTES {
        return Err(TokenFault::Unreadable);
    }
    // An algorithm that the library does not know, `none` among them, makes the header unreadable.
    let header = decode_header(token).map_err(|_| TokenFault::Unreadable)?;
    if !matches!(header.alg, Algorithm::RS256 | Algorithm::ES256) {
        return Err(TokenFault::Algorithm);
    }
    if header.crit.is_some() {
        return Err(TokenFault::Critical);
    }
    let key = keys.find(header.kid.as_deref(), header.alg).ok_or(TokenFault::UnknownKey)?;
    let mut validation = Validation::new(header.alg);
    // Its checks go by a clock of their own; all of them are made below.
    validation.required_spec_claims.clear();
    (validation.validate_exp, validation.validate_nbf, validation.validate_aud) = (false, false, false);
    let decoded = decode::<Map<String, Value>>(token, key, &validation).map_err(|_| TokenFault::Signature)?;
    hold(&decoded.claims, expected)?;
    Ok(Claims(decoded.claims))
}

/// Whether claims say what they have to.
fn hold(claims: &Map<String, Value>, expected: &Expected<'_>) -> Result<(), TokenFault> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if text("iss") != Some(expected.issuer) {
        return Err(TokenFault::Issuer);
    }
    let ours = |value: &Value| value.as_str() == Some(expected.client_id);
    let (named, alone) = match claims.get("aud") {
        Some(Value::Array(all)) => (all.iter().any(ours), all.len() == 1),
        Some(one) => (ours(one), true),
        None => (false, false),
    };
    // Whom it was made for may be left out only where it is for us alone.
    let made_for_us = match claims.get("azp") {
        Some(party) => ours(party),
        None => alone,
    };
    if !named || !made_for_us {
        return Err(TokenFault::Audience);
    }
    let now = expected.now.as_millisecond() as f64 / 1_000.0;
    let seconds = |name: &str| match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value.as_f64().map(Some).ok_or(TokenFault::Unreadable),
    };
    let expires = seconds("exp")?.ok_or(TokenFault::Unreadable)?;
    if now >= expires + SKEW_S {
        return Err(TokenFault::Expired);
    }
    let later = |time: Option<f64>| time.is_some_and(|time| time > now + SKEW_S);
    if later(seconds("nbf")?) || later(Some(seconds("iat")?.ok_or(TokenFault::Unreadable)?)) {
        return Err(TokenFault::NotYet);
    }
    if text("nonce") != Some(expected.nonce) {
        return Err(TokenFault::Nonce);
    }
    if text("sub").is_none_or(|subject| subject.is_empty() || subject.len() > 255) {
        return Err(TokenFault::NoName);
    }
    Ok(())
}
