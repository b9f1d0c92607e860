//! One sign-in under way, as its browser keeps it: 32 random bytes, from which everything is derived that has to be unguessable and has to
//! fit together later, and the page to go to afterwards.
//!
//! Nothing of it is kept here, so nobody can fill the memory with sign-ins that never end, and a restart in between harms nobody.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// The longest page to go to that is kept, in bytes.
const MAX_NEXT_BYTES: usize = 1_000;

/// One sign-in under way.
pub(super) struct Attempt {
    secret: [u8; 32],
    next: String,
}

impl Attempt {
    /// Begins one that leads to a page; one that is too long is forgotten.
    pub(super) fn draw(next: &str) -> Result<Self, getrandom::Error> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret)?;
        let next = if next.len() <= MAX_NEXT_BYTES { next.to_owned() } else { String::new() };
        Ok(Self { secret, next })
    }

    /// The one that a cookie holds.
    pub(super) fn read(cookie: &str) -> Option<Self> {
        let (secret, next) = cookie.split_once('.').filter(|_| cookie.len() <= 2 * MAX_NEXT_BYTES)?;
        let secret = URL_SAFE_NO_PAD.decode(secret).ok()?.try_into().ok()?;
        let next = String::from_utf8(URL_SAFE_NO_PAD.decode(next).ok()?).ok()?;
        Some(Self { secret, next })
    }

    /// What the browser keeps.
    pub(super) fn cookie(&self) -> String {
        format!("{}.{}", URL_SAFE_NO_PAD.encode(self.secret), URL_SAFE_NO_PAD.encode(&self.next))
    }

    /// What ties what comes back to the browser.
    pub(super) fn state(&self) -> String {
        self.derived("state")
    }

    /// What ties the token to the attempt.
    pub(super) fn nonce(&self) -> String {
        self.derived("nonce")
    }

    /// What proves to the provider that whoever fetches the token began the attempt (RFC 7636).
    pub(super) fn verifier(&self) -> String {
        self.derived("verifier")
    }

    /// What the provider is told of that beforehand.
    pub(super) fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier()))
    }

    /// The page to go to. Whoever could set the cookie could set it too: it is checked where it is used.
    pub(super) fn next(&self) -> &str {
        &self.next
    }

    /// Each use has a value of its own, and none gives away another or the secret.
    fn derived(&self, what: &str) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::new().chain_update(self.secret).chain_update(what).finalize())
    }
}

/// A text as forms and queries carry it.
pub(super) fn encoded(text: &str) -> String {
    let encode = |byte: u8| {
        let plain = byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
        if plain { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    text.bytes().map(encode).collect()
}

/// Names and values as forms and queries carry them.
pub(super) fn form<'a>(fields: impl IntoIterator<Item = &'a (&'a str, &'a str)>) -> String {
    let fields = fields.into_iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
    fields.collect::<Vec<_>>().join("&")
}

/// An address with fields behind what it has.
pub(super) fn in_query(address: &str, fields: &[(&str, &str)]) -> String {
    let joint = if address.contains('?') { '&' } else { '?' };
    format!("{address}{joint}{}", form(fields))
}
