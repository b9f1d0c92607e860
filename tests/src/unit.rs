//! What the server's own unit says of how it runs, so that what is measured runs as it does in a hospital.

use std::fs;

use anyhow::{Context as _, Result};

use crate::programs::workspace;

/// The unit's name.
pub const NAME: &str = "wardvoice-aggregator.service";

/// The unit as it is shipped.
pub fn text() -> Result<String> {
    let path = workspace().join("deploy/debian/wardvoice-aggregator").join(NAME);
    fs::read_to_string(&path).with_context(|| format!("failed to read {}", path.display()))
}

/// What a unit says under a key, in order.
pub fn said<'u>(unit: &'u str, key: &str) -> Vec<&'u str> {
    unit.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('=')).collect()
}

/// The environment that the server has as a service.
pub fn environment() -> Result<Vec<(String, String)>> {
    let unit = text()?;
    let pairs = said(&unit, "Environment").into_iter().map(|pair| -> Result<_> {
        let (name, value) = pair.split_once('=').with_context(|| format!("Environment={pair} sets nothing"))?;
        Ok((name.to_owned(), value.to_owned()))
    });
    pairs.collect()
}
