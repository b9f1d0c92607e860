//! What is encrypted, and by whose certificate: on a network everything is, in the clear only what stays on this machine.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{ConfigError, address, value};
use crate::authority::is_server_name;

/// What the settings say about the built-in authority.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AuthorityFile {
    pub(super) names: Vec<String>,
}

/// What the settings say about how kiosks are taken in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct EnrolmentFile {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) listen: Option<String>,
}

/// Whose certificate pages show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PagesTransport {
    /// None: they are in the clear, for this machine alone.
    Plain,
    /// One of the built-in authority.
    BuiltIn,
    /// One of the trust's own.
    Files {
        /// The certificate with what vouches for it, PEM.
        certificate: PathBuf,
        /// Its private key, PEM.
        key: PathBuf,
    },
}

impl PagesTransport {
    pub(super) fn read(
        listen: SocketAddr,
        encrypted: bool,
        certificate: Option<PathBuf>,
        key: Option<PathBuf>,
    ) -> Result<Self, ConfigError> {
        match (certificate, key) {
            (Some(certificate), Some(key)) => Ok(Self::Files { certificate, key }),
            (None, None) if encrypted => Ok(Self::BuiltIn),
            (None, None) => {
                let rule = "pages on a network are encrypted: set web.encrypted = true for a certificate of the built-in \
                            authority, or web.certificate_file and web.key_file for one of your own; or listen on 127.0.0.1, \
                            behind a proxy on this machine that speaks TLS";
                only_here("web.listen", listen, rule).map(|()| Self::Plain)
            }
            (certificate, key) => {
                let named = certificate.or(key).unwrap_or_default().display().to_string();
                Err(value("web.certificate_file", named, "certificate_file and key_file go together"))
            }
        }
    }
}

/// What is not encrypted may only listen where nobody else hears it.
pub(super) fn only_here(setting: &'static str, listen: SocketAddr, rule: &str) -> Result<(), ConfigError> {
    if listen.ip().to_canonical().is_loopback() {
        return Ok(());
    }
    Err(value(setting, listen.to_string(), rule))
}

pub(super) fn names(file: AuthorityFile) -> Result<Vec<String>, ConfigError> {
    const MOST: usize = 20;
    if let Some(wrong) = file.names.iter().find(|name| !is_server_name(name)) {
        let rule =
            "write what browsers and kiosks call this machine: names and addresses, as in [\"wardvoice.example\"]";
        return Err(value("authority.names", wrong, rule));
    }
    if file.names.len() > MOST {
        return Err(value("authority.names", file.names.len().to_string(), format!("name at most {MOST}")));
    }
    Ok(file.names)
}

pub(super) fn enrolment(file: EnrolmentFile) -> Result<Option<SocketAddr>, ConfigError> {
    file.listen.map(|listen| address("enrolment.listen", &listen)).transpose()
}
