//! What can be asked about certificates: `authority`, `kiosk enrol` and `kiosk revoke`.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use serde_json::Value;
use wardvoice_protocol::id::{KioskId, WardId};
use wardvoice_protocol::questionnaire::QuestionnaireName;

use super::say;
use crate::operations::{IdentityAsk, Request};

#[derive(Debug, Clone, clap::Subcommand)]
pub(super) enum AuthorityCommand {
    /// Print the authority's fingerprint and where its certificate is.
    Show {
        /// Print it as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Draw a new key for kiosks to seal records to, from the next start on; what was sealed before can still be read.
    NewSealKey {
        /// Print how many keys there are as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Write a certificate with its key for a broker of your own: see deploy/mosquitto.
    Issue {
        /// What kiosks call the broker: a host's name or an address. May be given more than once.
        #[arg(long = "name", value_name = "HOST", required = true)]
        names: Vec<String>,
        /// The folder for server.pem, server.key, authority.pem and revoked.pem.
        #[arg(long, value_name = "DIR")]
        into: PathBuf,
        /// Print the files as JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Clone, clap::Args)]
pub(super) struct Enrol {
    /// Its id, for example k-0017.
    #[arg(long)]
    id: KioskId,
    /// The ward it stands on, for one that is new.
    #[arg(long)]
    ward: Option<WardId>,
    /// What it asks, for one that is new: an id for the newest version, or inpatient@1; inpatient when absent.
    #[arg(long, value_name = "ID[@VERSION]")]
    questionnaire: Option<QuestionnaireName>,
    /// How long the code works.
    #[arg(long, default_value_t = 60)]
    minutes: u32,
    /// Print the code as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, clap::Args)]
pub(super) struct Revoke {
    /// Its id.
    #[arg(long)]
    id: KioskId,
    /// Print what was taken back as JSON.
    #[arg(long)]
    json: bool,
}

impl AuthorityCommand {
    pub(super) fn asked(&self) -> Result<(Request, say::Style)> {
        Ok(match self.clone() {
            Self::Show { json } => (Request::Identity(IdentityAsk::Authority), say::Style::one(json, authority)),
            Self::NewSealKey { json } => {
                (Request::Identity(IdentityAsk::NewSealKey), say::Style::one(json, seal_keys))
            }
            Self::Issue { names, into, json } => {
                // A running server has another working folder.
                let into = std::path::absolute(&into)
                    .with_context(|| format!("failed to find the folder {}", into.display()))?;
                (Request::Identity(IdentityAsk::Issue { names, into }), say::Style::one(json, issued))
            }
        })
    }
}

impl Enrol {
    pub(super) fn asked(self) -> (Request, say::Style) {
        let Self { id, ward, questionnaire, minutes, json } = self;
        let asked = IdentityAsk::Enrol { id, ward, questionnaire, minutes };
        (Request::Identity(asked), say::Style::one(json, invitation))
    }
}

impl Revoke {
    pub(super) fn asked(self) -> (Request, say::Style) {
        let Self { id, json } = self;
        (Request::Identity(IdentityAsk::Revoke { id }), say::Style::one(json, revoked))
    }
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// A moment to the minute, for people: "27 November 2026, 00:50 UTC".
fn minute(moment: &str) -> String {
    let read = moment.parse::<Timestamp>();
    read.map_or_else(|_| moment.to_owned(), |moment| moment.strftime("%-d %B %Y, %H:%M UTC").to_string())
}

fn authority(value: &Value) -> String {
    format!(
        "Fingerprint (SHA-256): {}\nCertificate: {}\nRevoked certificates: {}",
        text(value, "/fingerprint"),
        text(value, "/certificate"),
        text(value, "/revoked")
    )
}

fn seal_keys(value: &Value) -> String {
    let keys = value.pointer("/keys").and_then(Value::as_u64).unwrap_or(0);
    format!(
        "There are {keys} keys now; kiosks seal to the new one once the aggregator was restarted. Back the keys up."
    )
}

fn issued(value: &Value) -> String {
    format!(
        "Certificate: {}\nKey: {}\nAuthority: {}\nRevoked certificates: {}\nIt counts for 397 days: issue it again before that.",
        text(value, "/certificate"),
        text(value, "/key"),
        text(value, "/authority"),
        text(value, "/revoked")
    )
}

fn invitation(value: &Value) -> String {
    let (kiosk, code) = (text(value, "/kiosk"), text(value, "/code"));
    let (aggregator, until) = (text(value, "/aggregator"), minute(text(value, "/until")));
    format!(
        "Join code of {kiosk}: {code}\nIt works once, until {until}. On the kiosk, run this and type the code:\n\
         wardvoice-kiosk join --aggregator {aggregator}"
    )
}

fn revoked(value: &Value) -> String {
    let count = value.pointer("/certificates").and_then(Value::as_u64).unwrap_or(0);
    let certificates = if count == 1 { "certificate" } else { "certificates" };
    let list = text(value, "/revoked");
    let broker = match text(value, "/broker") {
        "by_list" => {
            format!("\nIt is in {list}; your broker lets it in no more once it has read that (docs/enrolment.md).")
        }
        "by_hand" => format!("\nYour broker needs the new {list}, and has to read it: see docs/enrolment.md."),
        _ => String::new(),
    };
    format!(
        "Took back {count} {certificates} of {}. `kiosk enrol` takes it in again.{broker}",
        text(value, "/kiosk"),
    )
}
