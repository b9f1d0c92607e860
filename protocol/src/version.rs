//! Reading JSON that names the version of its shape.
//!
//! A message of a later version may have fields that this side does not know. It must be refused as *of an unknown
//! version*, not as unreadable, so the version is looked for even where the rest does not fit.

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Why a payload is not a message of a known version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum VersionedError {
    /// Not JSON of the right shape.
    Unreadable(String),
    /// It says it is of another version.
    UnknownVersion(u64),
}

#[derive(Deserialize)]
struct OnlyVersion {
    version: u64,
}

/// Reads a payload whose field `version` must be 1.
pub(crate) fn read_versioned<T: DeserializeOwned>(payload: &[u8]) -> Result<T, VersionedError> {
    read_versioned_to(payload, 1)
}

/// Reads a payload whose field `version` must be from 1 to the newest one of its message.
pub(crate) fn read_versioned_to<T: DeserializeOwned>(payload: &[u8], newest: u64) -> Result<T, VersionedError> {
    let read = serde_json::from_slice::<T>(payload);
    match serde_json::from_slice::<OnlyVersion>(payload) {
        Ok(only) if !(1..=newest).contains(&only.version) => Err(VersionedError::UnknownVersion(only.version)),
        _ => read.map_err(|error| VersionedError::Unreadable(error.to_string())),
    }
}
