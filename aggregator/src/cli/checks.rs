//! `config check` and `directory check`: whether what is written can be used, without using it.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;

use super::say;
use crate::branding::Branding;
use crate::config::Config;
use crate::premises::failed;
use crate::{delivery, directory as directories};

/// What settings can only be held against other files: the wards and roles they name, the secrets of contacts, and what the trust's own
/// sign-in needs.
pub(super) fn settings(data: &Path, config: &Config) -> Result<ExitCode> {
    let path = data.join("directory.json");
    if path.exists() {
        let directory = directories::load(&path).map_err(failed)?;
        config.reach.check(&directory).map_err(failed)?;
        config.openid.iter().try_for_each(|openid| openid.roles.check(&directory)).map_err(failed)?;
    }
    #[cfg(feature = "openid")]
    if let Some(openid) = &config.openid {
        crate::openid::OpenId::new(openid.clone()).map_err(failed)?;
    }
    delivery::Contacts::open(&config.reach.delivery, data).map(drop).map_err(failed)?;
    Branding::open(data).map(drop).map_err(failed)?;
    say::text("The settings can be used.\n").map(|()| ExitCode::SUCCESS)
}

pub(super) fn directory(data: &Path) -> Result<ExitCode> {
    let directory = directories::load(&data.join("directory.json")).map_err(failed)?;
    let (wards, consultants) = (directory.wards().len(), directory.consultants().len());
    let line = format!("The directory can be used: {wards} wards, {consultants} consultants.\n");
    say::text(&line).map(|()| ExitCode::SUCCESS)
}
