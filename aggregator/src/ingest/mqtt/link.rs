//! How the aggregator reaches its broker.

use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use rumqttc::{MqttOptions, Transport};
use wardvoice_protocol::id::KioskId;

use super::certificate::NoteCertificate;
use super::tls::{self, Authority};
use crate::authority::{ClientPass, SharedAuthority};
use crate::config::ExternalBroker;

/// Where the broker is and who the aggregator is to it.
#[derive(Clone)]
pub struct Link {
    host: String,
    port: u16,
    client_id: String,
    credentials: Option<(String, String)>,
    clean_session: bool,
    tls: Option<Authority>,
    note_certificate: Option<NoteCertificate>,
    pass: Option<Arc<ClientPass>>,
}

/// Why the line cannot start.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// A file it needs cannot be read.
    #[error("read {path}: {reason}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The system trusts nobody, so nobody can be believed.
    #[error("check the broker's certificate: this system trusts no authority{0}; set broker.ca_file")]
    NoAuthority(String),
    /// The thread or its runtime could not be made.
    #[error("start the line to the broker: {0}")]
    Start(String),
}

impl Link {
    /// A plain connection whose session outlives it.
    pub fn new(host: impl Into<String>, port: u16, client_id: impl Into<String>) -> Self {
        let (host, client_id) = (host.into(), client_id.into());
        Self {
            host,
            port,
            client_id,
            credentials: None,
            clean_session: false,
            tls: None,
            note_certificate: None,
            pass: None,
        }
    }

    /// The link to a broker that is a program of its own. Its session outlives a connection, so that what kiosks send
    /// meanwhile comes sooner; nothing depends on it.
    pub fn external(broker: &ExternalBroker) -> Result<Self, LinkError> {
        let mut link = Self::new(broker.url.host.clone(), broker.url.port, "wardvoice-aggregator");
        if let (Some(username), Some(path)) = (&broker.username, &broker.password_file) {
            let password = fs::read_to_string(path)
                .map_err(|error| LinkError::File { path: path.clone(), reason: error.to_string() })?;
            link = link.with_credentials(username.clone(), password.trim_end_matches(['\r', '\n']));
        }
        if broker.url.tls {
            link.tls = Some(broker.ca_file.clone().map_or(Authority::System, Authority::File));
        }
        Ok(link)
    }

    /// Shows the broker a pass of the built-in authority, and believes what that vouches for unless the settings name another.
    #[must_use]
    pub fn showing_pass_of(mut self, authority: &SharedAuthority) -> Self {
        self.pass = Some(Arc::new(ClientPass::new(Arc::clone(authority))));
        if matches!(self.tls, Some(Authority::System)) {
            self.tls = Some(Authority::BuiltIn(authority.certificate().clone()));
        }
        self
    }

    /// Says who the aggregator is.
    #[must_use]
    pub fn with_credentials(mut self, username: impl Into<String>, password: impl Into<String>) -> Self {
        self.credentials = Some((username.into(), password.into()));
        self
    }

    /// The same broker, as a kiosk: with a pass in its name and a session that begins and ends with the connection.
    #[must_use]
    pub(super) fn in_the_place_of(&self, authority: &SharedAuthority, kiosk: &KioskId) -> Self {
        Self {
            client_id: kiosk.to_string(),
            credentials: None,
            clean_session: true,
            note_certificate: None,
            pass: Some(Arc::new(ClientPass::in_the_name_of(Arc::clone(authority), kiosk))),
            ..self.clone()
        }
    }

    /// Begins afresh with every connection.
    #[must_use]
    pub fn with_clean_session(mut self) -> Self {
        self.clean_session = true;
        self
    }

    /// Tells at every connection over TLS until when the broker's certificate is valid.
    #[must_use]
    pub fn telling_certificate(mut self, note: NoteCertificate) -> Self {
        self.note_certificate = Some(note);
        self
    }

    pub(super) fn options(&self) -> Result<MqttOptions, LinkError> {
        let mut options = MqttOptions::new(self.client_id.clone(), self.host.clone(), self.port);
        options.set_clean_session(self.clean_session);
        if let Some((username, password)) = &self.credentials {
            options.set_credentials(username.clone(), password.clone());
        }
        if let Some(authority) = &self.tls {
            options.set_transport(Transport::tls_with_config(tls::trusting(
                authority,
                self.note_certificate.as_ref(),
                self.pass.as_ref(),
            )?));
        }
        Ok(options)
    }
}

impl fmt::Display for Link {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.host, self.port)
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The password stays out of every log.
        write!(formatter, "Link({self} as {})", self.client_id)
    }
}
