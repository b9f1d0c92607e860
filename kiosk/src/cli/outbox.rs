//! `wardvoice-kiosk outbox`: what waits, and the way back from damage.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde::Serialize;
use wardvoice_protocol::envelope::ChainHead;
use wardvoice_protocol::id::{Hash, KioskId};

use super::say;
use crate::identity::{self, Identity};
use crate::outbox::{self, OutboxError, Recovered};
use crate::settings::Settings;

#[derive(Debug, Args)]
pub(super) struct Outbox {
    /// Where the kiosk keeps its key, settings and outbox
    #[arg(
        long,
        value_name = "DIR",
        env = "WARDVOICE_KIOSK_DATA",
        global = true,
        required = false,
        default_value = "."
    )]
    data: PathBuf,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say what waits and whether the outbox is sound (the default)
    Status,
    /// Put a damaged store aside and continue the chain after it, so that the aggregator sees the gap
    Recover {
        /// Where the aggregator says that this kiosk's chain stands (`highest` and `head` of `wardvoice-aggregator verify --json`);
        /// only needed when nothing on the kiosk reads any more
        #[arg(long, value_name = "NUMBER:HASH")]
        after: Option<After>,
    },
}

#[derive(Debug, Clone, Copy)]
struct After(ChainHead);

impl FromStr for After {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let head = text.split_once(':').and_then(|(sequence, hash)| {
            Some(ChainHead { sequence: sequence.parse().ok()?, hash: hash.parse::<Hash>().ok()? })
        });
        head.map(Self).ok_or_else(|| "write the last number, a colon, and the 64 digits of its hash".to_owned())
    }
}

#[derive(Serialize)]
struct Status {
    kiosk: KioskId,
    in_use: bool,
    last_sequence: u64,
    head: Hash,
    waiting: Option<u64>,
    oldest_waiting: Option<u64>,
    size_bytes: Option<u64>,
}

#[derive(Serialize)]
struct Recovery {
    kiosk: KioskId,
    recovered: bool,
    last_sequence: u64,
    head: Hash,
    carried: u64,
    aside: Option<PathBuf>,
}

impl Outbox {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let identity = identity_of(&self.data)?;
        match &self.command {
            None | Some(Command::Status) => self.status(identity),
            Some(Command::Recover { after }) => self.recover(&identity, after.map(|after| after.0)),
        }
    }

    fn status(&self, identity: Identity) -> anyhow::Result<ExitCode> {
        let kiosk = identity.kiosk.clone();
        let status = match outbox::Outbox::open_with_reserve(&self.data, identity, 0) {
            Ok(outbox) => Status {
                kiosk,
                in_use: false,
                last_sequence: outbox.head().sequence,
                head: outbox.head().hash,
                waiting: Some(outbox.waiting().len() as u64),
                oldest_waiting: outbox.waiting().next().map(|waiting| waiting.sequence),
                size_bytes: Some(outbox.size_bytes()),
            },
            Err(OutboxError::InUse(_)) => {
                let (_, head) = outbox::peek(&self.data)?.context("read the outbox's marker")?;
                Status {
                    kiosk,
                    in_use: true,
                    last_sequence: head.sequence,
                    head: head.hash,
                    waiting: None,
                    oldest_waiting: None,
                    size_bytes: None,
                }
            }
            Err(error) => return Err(error.into()),
        };
        if self.json {
            say(&serde_json::to_string(&status)?)?;
        } else if let Some(waiting) = status.waiting {
            say(&format!(
                "{}: sound; {waiting} records wait; the last record is number {}",
                status.kiosk, status.last_sequence
            ))?;
        } else {
            say(&format!(
                "{}: in use by a running kiosk; the last record is number {}",
                status.kiosk, status.last_sequence
            ))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn recover(&self, identity: &Identity, after: Option<ChainHead>) -> anyhow::Result<ExitCode> {
        let recovered = outbox::recover(&self.data, identity, after)?;
        let kiosk = identity.kiosk.clone();
        let (recovery, words) = match recovered {
            Recovered::NotNeeded { waiting, head } => (
                Recovery {
                    kiosk,
                    recovered: false,
                    last_sequence: head.sequence,
                    head: head.hash,
                    carried: waiting,
                    aside: None,
                },
                format!("nothing to recover: the outbox is sound and {waiting} records wait"),
            ),
            Recovered::Continued { aside, carried, head } => {
                let place = aside.as_ref().map_or("there was no store".to_owned(), |aside| {
                    format!("the broken store is now in {}", aside.display())
                });
                let words = format!(
                    "recovered: {place}; {carried} records were carried over; the next record is number {}. \
                     What is missing shows as a gap in `wardvoice-aggregator verify`.",
                    head.next_sequence()
                );
                let (last_sequence, head) = (head.sequence, head.hash);
                (Recovery { kiosk, recovered: true, last_sequence, head, carried, aside }, words)
            }
        };
        say(&if self.json { serde_json::to_string(&recovery)? } else { words })?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Whose outbox it is: the settings say so, or the marker where there are none (a simulated kiosk).
fn identity_of(data: &Path) -> anyhow::Result<Identity> {
    let signing_key = identity::load(data)?;
    let kiosk = match outbox::peek(data)? {
        Some((kiosk, _)) => kiosk,
        None => Settings::load(data)?.kiosk().clone(),
    };
    Ok(Identity { kiosk, signing_key })
}
