//! Where a site goes: into a folder, and to a web server where there is one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{By, Edition, Login, PlaceError, Placed, PostError, Posting, Site, post, put_in_place};

/// The rest before a file is put a second time.
const REST: Duration = Duration::from_millis(500);

/// Where the site of an edition goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// Whom the site is for.
    pub edition: Edition,
    /// The folder; `site` in it is what web servers and people open.
    pub out: PathBuf,
    /// The web server that it is put to as well.
    pub put: Option<Put>,
    /// How a new version takes the place of the old one.
    pub by: By,
}

/// A web server that a site is put to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Put {
    /// The folder on the server.
    pub url: String,
    /// The file with who we are there.
    pub login: Option<PathBuf>,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// What was put where.
    pub placed: Placed,
    /// How many files were put to the web server; none where there is no such server.
    pub put: Option<usize>,
}

/// Why a site did not get where it should.
#[derive(Debug, thiserror::Error)]
pub enum DeliverError {
    /// Not into the folder.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// Not to the web server. The folder has the new version.
    #[error(transparent)]
    Post(#[from] PostError),
    /// Nobody knows who we are there. Nothing was done.
    #[error("read {path}: {reason}", path = path.display())]
    Login {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Nothing that puts files could be started. The folder has the new version.
    #[error("start what puts the site: {0}")]
    Start(io::Error),
}

/// Lets a site be seen in its folder, and puts it to the web server. Blocks until both are done.
pub fn deliver(destination: &Destination, site: &Site) -> Result<Delivered, DeliverError> {
    // Who we are is read first: a slip in a name must not be found after half of it is done.
    let posting = destination.put.as_ref().map(posting).transpose()?;
    let placed = put_in_place(&destination.out, site, destination.by)?;
    let put = match posting {
        Some(posting) => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            Some(runtime.map_err(DeliverError::Start)?.block_on(post(&posting, site))?)
        }
        None => None,
    };
    Ok(Delivered { placed, put })
}

fn posting(put: &Put) -> Result<Posting, DeliverError> {
    let login = put.login.as_deref().map(login).transpose()?;
    Ok(Posting { url: put.url.clone(), login, rest: REST })
}

fn login(path: &Path) -> Result<Login, DeliverError> {
    let wrong = |reason: String| DeliverError::Login { path: path.to_owned(), reason };
    let text = fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    Login::new(&text).ok_or_else(|| wrong("its first line is not name:password".to_owned()))
}
