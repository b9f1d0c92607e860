//! The files of a published site. They are put in their place by the command that asked for them, where it runs, or by the office's page.

use anyhow::{Context as _, Result, ensure};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Talk, say};
use crate::premises::{House, failed};
use crate::publish::{Edition, Publishing, Site, Sources, site};

/// What is asked of a site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishAsk {
    /// Whom it is for.
    pub edition: Edition,
    /// The local day it is about; yesterday when absent.
    pub until: Option<Date>,
}

/// A file of a site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishedFile {
    /// Its name.
    pub name: String,
    /// What is in it.
    pub text: String,
}

/// What a site is; after its files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishedSite {
    /// Whom it is for.
    pub edition: Edition,
    /// Its version, from which whoever has the files sees that they are all there.
    pub version: String,
}

/// How a publishing by a command into the folders of the settings went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishEnded {
    /// Whom the site is for.
    pub edition: Edition,
    /// How it went.
    pub publishing: Publishing,
}

/// The site that is asked for. What a command is sent and what the office's page publishes is this.
pub(crate) fn published_site(sources: &Sources<'_>, asked: &PublishAsk, today: Date) -> Result<Site> {
    let until = match asked.until {
        Some(until) => until,
        None => today.yesterday().context("failed to find the day before today")?,
    };
    ensure!(until <= today, "failed to publish what stands on {until}: that day is still to come");
    Ok(site(&sources.gather(asked.edition, until).map_err(failed)?))
}

/// Says every file of a site, and then what it is.
pub(super) fn publish(house: &House, asked: &PublishAsk, talk: &mut dyn Talk) -> Result<bool> {
    let premises = &house.premises;
    let sources = Sources {
        directory: &premises.directory,
        calendar: &premises.config.calendar,
        vocabulary: &house.world.vocabulary,
        releases: &premises.releases,
        comments: &house.comments,
        actions: &premises.actions,
        demonstration: premises.demonstration,
        branding: premises.branding.as_deref(),
    };
    let site = published_site(&sources, asked, premises.today())?;
    for file in site.files() {
        say(talk, &PublishedFile { name: file.name.clone(), text: file.text.clone() })?;
    }
    say(talk, &PublishedSite { edition: site.edition, version: site.version })?;
    Ok(true)
}
