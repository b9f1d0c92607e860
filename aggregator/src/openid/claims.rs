//! What a provider says of somebody, once it is believed.

use serde_json::{Map, Value};
use wardvoice_protocol::id::Hash;

use super::token::TokenFault;
use crate::accounts::AccountName;
use crate::config::OpenIdSettings;

/// The most groups that are looked at.
const MOST_GROUPS: usize = 2_000;

/// The claims of a token that was checked.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Claims(pub(super) Map<String, Value>);

impl Claims {
    /// The name that the audit has. It begins with `sso-` and the claim, where that could be the name of an account; otherwise with `sso_` and
    /// half a hash of issuer and claim, which is the same for the same person and tells nobody's name.
    pub(super) fn name(&self, settings: &OpenIdSettings) -> Result<AccountName, TokenFault> {
        let claim = match self.find(&settings.name_claim) {
            Some(Value::String(text)) if !text.is_empty() => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => return Err(TokenFault::NoName),
        };
        let hashed = || {
            let hash = Hash::of(format!("{}\n{claim}", settings.issuer).as_bytes()).to_string();
            format!("sso_{}", hash.chars().take(32).collect::<String>()).parse()
        };
        format!("sso-{claim}").parse().or_else(|_| hashed()).map_err(|_| TokenFault::NoName)
    }

    /// The groups of a claim: a text, or a list of them.
    pub(super) fn groups(&self, claim: &str) -> Vec<&str> {
        match self.find(claim) {
            Some(Value::String(group)) => vec![group],
            Some(Value::Array(groups)) => groups.iter().take(MOST_GROUPS).filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// A claim by its name; where there is none so called, dots lead into objects, as in `realm_access.roles`.
    fn find(&self, claim: &str) -> Option<&Value> {
        if let Some(value) = self.0.get(claim) {
            return Some(value);
        }
        let mut parts = claim.split('.');
        let first = self.0.get(parts.next()?)?;
        parts.try_fold(first, |value, part| value.as_object()?.get(part))
    }
}
