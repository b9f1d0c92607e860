//! `publish`: what was released, as pages for a web server or a file share.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use jiff::civil::Date;
use serde_json::json;

use super::{reach, say};
use crate::config::Config;
use crate::operations::{PublishAsk, PublishedFile, PublishedSite, Request, Talk};
use crate::premises::failed;
use crate::publish::{By, Edition, File, Login, Posting, Site, post, put_in_place};

/// The rest before a file is put a second time.
const REST: Duration = Duration::from_millis(500);

#[derive(Debug, Clone, clap::Args)]
pub(super) struct PublishArguments {
    /// The folder; `site` in it is what web servers and people open.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Whom it is for: public, or trust for the intranet.
    #[arg(long, default_value = "public")]
    edition: Edition,
    /// The day it is about: later figures and changes are left out; yesterday when absent.
    #[arg(long, value_name = "DATE")]
    until: Option<Date>,
    /// Put it to a web server as well, a PUT a file: the address of a folder there.
    #[arg(long, value_name = "URL")]
    put: Option<String>,
    /// A file with `name:password` for that server.
    #[arg(long, value_name = "FILE", requires = "put")]
    put_login: Option<PathBuf>,
    /// Switch by renaming folders and never by a link, for file shares that do not follow links.
    #[arg(long)]
    folders: bool,
    /// Print what was done as JSON.
    #[arg(long)]
    json: bool,
}

impl PublishArguments {
    pub(super) fn run(&self, data: &Path, config: impl FnOnce() -> Result<Config>) -> Result<bool> {
        let login = self.put_login.as_deref().map(login).transpose()?;
        let mut taker = Taker::default();
        let request = Request::Publish(PublishAsk { edition: self.edition, until: self.until });
        let well = reach::ask_through(data, config, &request, &mut taker)?;
        let site = taker.site()?;
        let by = if self.folders { By::Folders } else { By::Whatever };
        let placed = put_in_place(&self.out, &site, by).map_err(failed)?;
        let put = match &self.put {
            Some(url) => {
                let posting = Posting { url: url.clone(), login, rest: REST };
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                let runtime = runtime.context("failed to start what puts the site")?;
                Some(runtime.block_on(post(&posting, &site)).map_err(failed)?)
            }
            None => None,
        };
        if self.json {
            let done = json!({ "edition": self.edition, "placed": placed, "put": put });
            say::text(&format!("{done}\n"))?;
            return Ok(well);
        }
        let news = if placed.is_new { "" } else { ", which is what was there already" };
        say::text(&format!(
            "{}: {} files, version {}{news}. Old versions removed: {}.\n",
            placed.site.display(),
            placed.files,
            placed.version,
            placed.removed
        ))?;
        if let (Some(count), Some(url)) = (put, &self.put) {
            say::text(&format!("{url}: {count} files put.\n"))?;
        }
        Ok(well)
    }
}

fn login(path: &Path) -> Result<Login> {
    let text = fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))?;
    Login::new(&text)
        .with_context(|| format!("failed to read {}: its first line is not name:password", path.display()))
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
