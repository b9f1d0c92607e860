//! Who can be told: webhooks with a name, their addresses and their secrets.
//!
//! Names and kinds are settings. An address that is a secret itself, as those of Teams are, and tokens stand in a file of their own, a table
//! a contact:
//!
//! ```toml
//! [site-manager]
//! url = "https://…"
//! token = "…"
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::io;
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

const MAX_NAME_CHARACTERS: usize = 40;
/// The most contacts there may be.
const MOST_CONTACTS: usize = 500;

/// What a contact is called: `site-manager`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ContactName(String);

/// Why a text is not the name of a contact.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "write 1 to {MAX_NAME_CHARACTERS} small letters, digits and hyphens, as in site-manager; {0:?} is not that"
)]
pub struct ContactNameError(String);

/// What a contact is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Our own JSON.
    Json,
    /// A card as Teams shows it.
    Teams,
}

/// A contact as the settings list it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: ContactName,
    /// What it is sent.
    pub kind: Kind,
    /// Where, unless the secrets say so.
    pub url: Option<Address>,
}

/// What the settings say of delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// How long a message is tried.
    pub give_up_after: SignedDuration,
    /// The file of secrets, relative to the data folder.
    pub secrets_file: Option<PathBuf>,
    /// Where people reach the pages, for links; none is given when absent.
    pub pages_url: Option<String>,
    /// The proxy on the way out.
    pub proxy: Option<String>,
    /// The contacts.
    pub contacts: Vec<Listed>,
}

/// A contact with everything that is needed to reach it.
#[derive(Debug, Clone)]
pub struct Contact {
    /// Its name.
    pub name: ContactName,
    /// What it is sent.
    pub kind: Kind,
    /// Where.
    pub(super) address: Address,
    /// What it knows us by.
    pub(super) token: Option<Token>,
}

/// Every contact. Shared by reference.
#[derive(Debug, Clone, Default)]
pub struct Contacts(BTreeMap<ContactName, Contact>);

/// Where a webhook is. It is not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(reqwest::Url);

/// What a webhook knows us by. It is not printed.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Token(String);

/// Why contacts cannot be used. No address and no token is in it.
#[derive(Debug, thiserror::Error)]
pub enum ContactsError {
    /// The file of secrets cannot be read.
    #[error("read the secrets of contacts {path}: {source}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Everybody on the machine can read it.
    #[error("use the secrets of contacts {path}: everybody on this machine can read it; run `chmod o= FILE`", path = .0.display())]
    Open(PathBuf),
    /// It is not TOML of the right shape.
    #[error("read the secrets of contacts {path}: line {line} is not as it should be; write [NAME] and below it token = \"…\" or url = \"…\"", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Where.
        line: usize,
    },
    /// It speaks of a contact that the settings do not list.
    #[error("use the secrets of contacts {path}: there is no contact {name:?} in the settings", path = path.display())]
    Unknown {
        /// The file.
        path: PathBuf,
        /// Who.
        name: String,
    },
    /// A contact's secret is not usable.
    #[error("use the {what} of contact {name} in the secrets of contacts: {rule}")]
    Secret {
        /// Who.
        name: ContactName,
        /// `url` or `token`.
        what: &'static str,
        /// What it should be.
        rule: &'static str,
    },
    /// Nobody says where a contact is.
    #[error(
        "reach contact {0}: give its url in the settings, or in the file of secrets where the url is a secret itself"
    )]
    Nowhere(ContactName),
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct SecretFile {
    url: Option<String>,
    token: Option<String>,
}

/// What an address has to be.
pub(crate) const ADDRESS_RULE: &str =
    "write https://… without a user's name in it; http:// only goes to this machine, http://127.0.0.1:8080/…";

impl Address {
    /// Reads an address; none where it is not one.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let url = reqwest::Url::parse(text).ok()?;
        let host = url.host_str()?.trim_matches(['[', ']']);
        let is_here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|host| host.is_loopback());
        let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_here);
        (is_safe && url.username().is_empty() && url.password().is_none()).then_some(Self(url))
    }

    pub(super) fn url(&self) -> reqwest::Url {
        self.0.clone()
    }
}

impl Token {
    fn read(text: &str) -> Option<Self> {
        let is_one = (1..=2_000).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        is_one.then(|| Self(text.to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Contacts {
    /// The contacts of the settings with their secrets. A relative path of the file is taken in the data folder.
    pub fn open(settings: &Settings, data: &Path) -> Result<Self, ContactsError> {
        let path = settings.secrets_file.as_ref().map(|path| data.join(path));
        let mut secrets = path.as_deref().map(read_secrets).transpose()?.unwrap_or_default();
        let mut contacts = BTreeMap::new();
        for Listed { name, kind, url } in &settings.contacts {
            let SecretFile { url: secret, token } = secrets.remove(name.as_str()).unwrap_or_default();
            let wrong = |what, rule| ContactsError::Secret { name: name.clone(), what, rule };
            let secret = secret.map(|text| Address::read(&text).ok_or_else(|| wrong("url", ADDRESS_RULE)));
            let token_rule = "write 1 to 2000 characters without spaces";
            let token = token.map(|text| Token::read(&text).ok_or_else(|| wrong("token", token_rule)));
            let address = secret.transpose()?.or_else(|| url.clone());
            let address = address.ok_or_else(|| ContactsError::Nowhere(name.clone()))?;
            let contact = Contact { name: name.clone(), kind: *kind, address, token: token.transpose()? };
            contacts.insert(name.clone(), contact);
        }
        match (path, secrets.into_keys().next()) {
            (Some(path), Some(name)) => Err(ContactsError::Unknown { path, name }),
            _ => Ok(Self(contacts)),
        }
    }

    /// One contact.
    pub fn get(&self, name: &ContactName) -> Option<&Contact> {
        self.0.get(name)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Their names.
    pub fn names(&self) -> BTreeSet<ContactName> {
        self.0.keys().cloned().collect()
    }
}

/// Whether so many contacts are too many.
pub(crate) fn too_many(count: usize) -> Option<String> {
    (count > MOST_CONTACTS).then(|| format!("there may be {MOST_CONTACTS} at most"))
}

fn read_secrets(path: &Path) -> Result<BTreeMap<String, SecretFile>, ContactsError> {
    let failed = |source| ContactsError::File { path: path.to_owned(), source };
    let text = fs::read_to_string(path).map_err(failed)?;
    if fs::metadata(path).map_err(failed)?.permissions().mode() & 0o007 != 0 {
        return Err(ContactsError::Open(path.to_owned()));
    }
    toml::from_str(&text).map_err(|error: toml::de::Error| {
        // What the reader says quotes the line, which may hold a secret.
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        ContactsError::Unreadable { path: path.to_owned(), line }
    })
}

impl ContactName {
    /// Its letters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ContactName {
    type Err = ContactNameError;

    fn from_str(text: &str) -> Result<Self, ContactNameError> {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if (1..=MAX_NAME_CHARACTERS).contains(&text.len()) && text.bytes().all(is_plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ContactNameError(text.to_owned()))
        }
    }
}

impl TryFrom<String> for ContactName {
    type Error = ContactNameError;
    fn try_from(text: String) -> Result<Self, ContactNameError> {
        text.parse()
    }
}

impl From<ContactName> for String {
    fn from(name: ContactName) -> String {
        name.0
    }
}

impl fmt::Display for ContactName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Address(…)")
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token(…)")
    }
}
