//! `publish`: what was released, as pages for a web server or a file share.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;

use super::{reach, say};
use crate::audit::COMMAND;
use crate::config::Config;
use crate::operations::{PublishAsk, PublishEnded, PublishedFile, PublishedSite, Request, Talk};
use crate::premises::failed;
use crate::publish::{By, Came, Delivered, Destination, Edition, File, Publishing, Put, Site, deliver};

#[derive(Debug, Clone, clap::Args)]
pub(super) struct PublishArguments {
    /// The folder; `site` in it is what web servers and people open. That of the settings when absent.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Whom it is for: public, or trust for the intranet.
    #[arg(long, default_value = "public")]
    edition: Edition,
    /// The day it is about: later figures and changes are left out; yesterday when absent.
    #[arg(long, value_name = "DATE")]
    until: Option<Date>,
    /// Put it to a web server as well, a PUT a file: the address of a folder there.
    #[arg(long, value_name = "URL", requires = "out")]
    put: Option<String>,
    /// A file with `name:password` for that server.
    #[arg(long, value_name = "FILE", requires = "put")]
    put_login: Option<PathBuf>,
    /// Switch by renaming folders and never by a link, for file shares that do not follow links.
    #[arg(long, requires = "out")]
    folders: bool,
    /// Print what was done as JSON.
    #[arg(long)]
    json: bool,
}

impl PublishArguments {
    pub(super) fn run(&self, data: &Path, config: impl FnOnce() -> Result<Config>) -> Result<bool> {
        let mut taker = Taker::default();
        let request = Request::Publish(PublishAsk { edition: self.edition, until: self.until });
        if let Some(out) = &self.out {
            let put = self.put.as_ref().map(|url| Put { url: url.clone(), login: self.put_login.clone() });
            let by = if self.folders { By::Folders } else { By::Whatever };
            let destination = Destination { edition: self.edition, out: out.clone(), put, by };
            let well = reach::ask_through(data, config, &request, &mut taker)?;
            let delivered = deliver(&destination, &taker.site()?).map_err(failed)?;
            self.say(&destination, &delivered)?;
            return Ok(well);
        }
        let config = config()?;
        let destination = configured(&config, data, self.edition)?;
        let well = reach::ask_through(data, || Ok(config.clone()), &request, &mut taker)?;
        let (since, site) = (Timestamp::now(), taker.site()?);
        let delivered = deliver(&destination, &site);
        // What became of the settings' folders is on the office's page, and an alert when it is nothing good.
        let publishing = Publishing { since, who: COMMAND.to_owned(), came: Came::of(&delivered) };
        let ended = Request::PublishEnded(PublishEnded { edition: self.edition, publishing });
        let noted = reach::ask_through(data, || Ok(config), &ended, &mut Taker::default());
        self.say(&destination, &delivered.map_err(failed)?)?;
        noted.context("failed to note how it went; the site is published")?;
        Ok(well)
    }

    fn say(&self, destination: &Destination, delivered: &Delivered) -> Result<()> {
        let Delivered { placed, put } = delivered;
        if self.json {
            return say::text(&format!("{}\n", json!({ "edition": self.edition, "placed": placed, "put": put })));
        }
        let news = if placed.is_new { "" } else { ", which is what was there already" };
        say::text(&format!(
            "{}: {} files, version {}{news}. Old versions removed: {}.\n",
            placed.site.display(),
            placed.files,
            placed.version,
            placed.removed
        ))?;
        if let (Some(count), Some(Put { url, .. })) = (put, &destination.put) {
            say::text(&format!("{url}: {count} files put.\n"))?;
        }
        Ok(())
    }
}

/// Where the settings say that an edition goes.
fn configured(config: &Config, data: &Path, edition: Edition) -> Result<Destination> {
    let found = config.published_in(data).into_iter().find(|destination| destination.edition == edition);
    found.with_context(|| {
        format!(
            "failed to find a folder for the {edition} edition: give --out DIR, or set [[publish]] in the settings"
        )
    })
}

/// Takes the files of a site.
#[derive(Default)]
struct Taker {
    files: Vec<File>,
    last: Option<PublishedSite>,
}

impl Taker {
    /// The site, if every file came.
    fn site(self) -> Result<Site> {
        let last = self.last.context("failed to hear the end of the site")?;
        let site = Site::new(last.edition, self.files);
        ensure!(site.version == last.version, "failed to hear the whole site: some of its files are missing");
        Ok(site)
    }
}

impl Talk for Taker {
    fn item(&mut self, json: &str) -> Result<()> {
        if let Ok(PublishedFile { name, text }) = serde_json::from_str(json) {
            self.files.push(File { name, text });
        } else {
            self.last = Some(serde_json::from_str(json).context("failed to read the answer")?);
        }
        Ok(())
    }

    fn progress(&mut self, _what: &str, _done: u64, _of: u64) {}

    fn next_line(&mut self) -> Result<Option<String>> {
        Ok(None)
    }
}
