//! The demonstration: a made-up trust with ten past fortnights.
use std::path::Path;

use anyhow::Result;

use crate::config::Config;
use crate::operations::Talk;

/// Fills an empty data folder.
pub(crate) fn prepare(_data: &Path, _config: &Config, _seed: u64, _talk: &mut dyn Talk) -> Result<()> {
    Ok(())
}
