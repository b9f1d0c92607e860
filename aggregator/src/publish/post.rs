//! A site put to a web server: a PUT a file, the pages after what they need, and the page to begin with last, so that whoever comes in by it finds
//! everything it leads to.
//!
//! A file that does not get through is tried again, with longer and longer rests; a server that says no is believed. A server cannot be switched at
//! once: while files are being put, old and new pages stand side by side, each of them whole.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Client, StatusCode, Url, header, redirect};

use super::files::{INDEX, MANIFEST};
use super::{File, Site};

/// So often a file is tried.
const TRIES: u32 = 5;
/// So long a try may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where and how a site is put.
#[derive(Debug, Clone)]
pub struct Posting {
    /// The folder on the server, `https://intranet.example/what-patients-say/`.
    pub url: String,
    /// Who we are there.
    pub login: Option<Login>,
    /// The rest before a second try; each further one is twice as long.
    pub rest: Duration,
}

/// A name and a password, `name:password`. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Login(String);

impl Login {
    /// A login from the first line of a file.
    pub fn new(text: &str) -> Option<Self> {
        let line = text.lines().next()?.trim();
        let (name, password) = line.split_once(':')?;
        (!name.is_empty() && !password.is_empty()).then(|| Self(line.to_owned()))
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Login(…)")
    }
}

/// Why a site is not put to a server.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// The address is none.
    #[error("put the site to {url:?}: {rule}")]
    Address {
        /// The address.
        url: String,
        /// What it must be.
        rule: &'static str,
    },
    /// A client cannot be made.
    #[error("put the site: {0}")]
    Client(String),
    /// A file did not get through, however often it was tried.
    #[error(
        "put {name} to {url}: {reason}, {TRIES} times; the page to begin with was not put, so run the command again"
    )]
    NotReached {
        /// The file.
        name: String,
        /// The server.
        url: String,
        /// What happened the last time.
        reason: String,
    },
    /// The server says no.
    #[error("put {name} to {url}: the server says {status}; {next}")]
    Refused {
        /// The file.
        name: String,
        /// The server.
        url: String,
        /// What it said.
        status: StatusCode,
        /// What to do.
        next: &'static str,
    },
}

/// How one try ended.
enum Tried {
    Put,
    Again(String),
    Refused(StatusCode),
}

/// Puts every file of a site to a server; gives how many.
pub async fn post(posting: &Posting, site: &Site) -> Result<usize, PostError> {
    let base = address(posting)?;
    let client = Client::builder().redirect(redirect::Policy::none()).timeout(PATIENCE).build();
    let client = client.map_err(|error| PostError::Client(error.to_string()))?;
    let mut files: Vec<&File> = site.files().iter().collect();
    files.sort_by_key(|file| (order(&file.name), file.name.as_str()));
    for file in &files {
        put(&client, &base, posting, file).await?;
    }
    Ok(files.len())
}

/// What pages need comes before them, and the page to begin with last.
fn order(name: &str) -> u8 {
    match name {
        INDEX => 3,
        MANIFEST => 2,
        page if kind(page).starts_with("text/html") => 1,
        _ => 0,
    }
}

fn address(posting: &Posting) -> Result<Url, PostError> {
    let wrong = |rule| PostError::Address { url: posting.url.clone(), rule };
    let text = if posting.url.ends_with('/') { posting.url.clone() } else { format!("{}/", posting.url) };
    let url = Url::parse(&text).map_err(|_| wrong("write an address as https://server/folder/"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(wrong("write an address as https://server/folder/"));
    }
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() || url.password().is_some()
    {
        return Err(wrong("write server and folder and nothing else; the password comes from a file"));
    }
    let is_here = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    if posting.login.is_some() && url.scheme() == "http" && !is_here {
        return Err(wrong("a password is sent by https only"));
    }
    Ok(url)
}

async fn put(client: &Client, base: &Url, posting: &Posting, file: &File) -> Result<(), PostError> {
    let (name, url) = (file.name.clone(), base.to_string());
    let target = base.join(&file.name).map_err(|error| PostError::Client(error.to_string()))?;
    let mut last = String::new();
    for attempt in 0..TRIES {
        if attempt > 0 {
            tokio::time::sleep(posting.rest * 2_u32.pow(attempt - 1)).await;
        }
        match try_once(client, target.clone(), posting, file).await {
            Tried::Put => return Ok(()),
            Tried::Again(reason) => last = reason,
            Tried::Refused(status) => return Err(PostError::Refused { name, url, status, next: next(status) }),
        }
    }
    Err(PostError::NotReached { name, url, reason: last })
}

async fn try_once(client: &Client, target: Url, posting: &Posting, file: &File) -> Tried {
    let request = client.put(target).header(header::CONTENT_TYPE, kind(&file.name)).body(file.text.clone());
    let request = match &posting.login {
        Some(Login(login)) => request.header(header::AUTHORIZATION, format!("Basic {}", STANDARD.encode(login))),
        None => request,
    };
    match request.send().await {
        Ok(answer) if answer.status().is_success() => Tried::Put,
        Ok(answer) => {
            let status = answer.status();
            let passes = matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS);
            if passes || (status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED) {
                Tried::Again(format!("the server says {status}"))
            } else {
                Tried::Refused(status)
            }
        }
        // An address is no secret, but it stands beside the reason already.
        Err(error) => Tried::Again(reason(&error.without_url())),
    }
}

fn reason(error: &reqwest::Error) -> String {
    let mut said = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(why) = cause {
        said = format!("{said}: {why}");
        cause = why.source();
    }
    said
}

fn next(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            "give a name and password that may write there with --put-login"
        }
        StatusCode::NOT_FOUND | StatusCode::CONFLICT => "make the folder on the server first",
        StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => {
            "it does not take files by PUT at this address"
        }
        StatusCode::PAYLOAD_TOO_LARGE => "it takes no file of this size",
        status if status.is_redirection() => "give the address that it leads to",
        _ => "ask whoever runs it",
    }
}

fn kind(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("json") => "application/json",
        Some("csv") => "text/csv; charset=utf-8",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
