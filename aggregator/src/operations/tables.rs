//! Tables for people's own programs, by command: whole, because whoever can open the socket could read the log as well.

use std::io::{self, Write};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use wardvoice_protocol::directory::Unit;

use super::{Talk, say};
use crate::export::{Ask, Asker, Column, ExportError, Form, Ground, Seal, Table};
use crate::policy::Audience;
use crate::premises::{House, failed};

/// So many bytes are sent at once.
const TOGETHER: usize = 192 * 1024;
/// So many of these may wait.
const WAITING: usize = 4;

/// What can be asked about tables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TablesRequest {
    /// Answers with every table there is.
    List,
    /// Answers with the bytes of one, as JSON strings of base64, and at the end with a [`WrittenTable`].
    Write {
        /// What is asked of it.
        ask: Ask,
        /// How it is written.
        form: Form,
    },
}

/// A table as `table list` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableLine {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub says: &'static str,
    /// Whom it is for.
    pub is_for: &'static str,
    /// Its columns.
    pub columns: Vec<Column>,
}

/// A table that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WrittenTable {
    /// Its name.
    pub table: Table,
    /// How it was written.
    pub format: Form,
    /// How many rows it has.
    pub rows: u64,
    /// Its hash, as the documents say of what.
    pub sha256: String,
}

/// Does what is asked about tables.
pub(super) fn tables(house: &House, request: TablesRequest, talk: &mut dyn Talk) -> Result<bool> {
    match request {
        TablesRequest::List => {
            let settings = house.premises.policy();
            let asker = Asker { reads: &reads, audience: Audience::Office, settings: &settings };
            for table in Table::ALL {
                let opened = ground(house).open(&Ask::all_of(table), asker).map_err(failed)?;
                let columns = opened.head().columns;
                let line = TableLine { name: table.as_str(), says: table.says(), is_for: table.is_for(), columns };
                say(talk, &line)?;
            }
        }
        TablesRequest::Write { ask, form } => {
            let seal = write(house, &ask, form, talk)?;
            let written =
                WrittenTable { table: ask.table, format: form, rows: seal.rows, sha256: seal.sha256.to_string() };
            say(talk, &written)?;
        }
    }
    Ok(true)
}

/// Everything but consultants, of whom no table says anything.
fn reads(unit: &Unit) -> bool {
    !matches!(unit, Unit::Consultant(_))
}

fn ground(house: &House) -> Ground<'_> {
    Ground {
        facts: &house.facts,
        world: &house.scoring,
        comments: &house.comments,
        actions: &house.premises.actions,
        rebases: &house.premises.rebases,
        today: house.premises.today(),
    }
}

/// What comes from the thread that writes.
enum Part {
    Bytes(Vec<u8>),
    Progress(u64, u64),
}

/// Writes on a thread of its own, so that a format's library may want whatever it takes, and sends what comes.
fn write(house: &House, ask: &Ask, form: Form, talk: &mut dyn Talk) -> Result<Seal> {
    let (ground, settings) = (ground(house), house.premises.policy());
    let (sender, parts) = sync_channel(WAITING);
    thread::scope(|scope| {
        let writing = scope.spawn(|| -> Result<Seal, ExportError> {
            let asker = Asker { reads: &reads, audience: Audience::Office, settings: &settings };
            let tell = sender.clone();
            // Nobody to tell: the next bytes find that out.
            let mut progress = |done, of| drop(tell.send(Part::Progress(done, of)));
            let outlet = Outlet { sender, bytes: Vec::with_capacity(TOGETHER) };
            ground.open(ask, asker)?.write(form, outlet, &mut progress)
        });
        for part in parts {
            match part {
                Part::Bytes(bytes) => talk.item(&format!("\"{}\"", STANDARD.encode(bytes)))?,
                Part::Progress(done, of) => talk.progress("writing the table", done, of),
            }
        }
        let written = writing.join().ok().context("failed to write the table: its thread broke off")?;
        written.map_err(failed)
    })
}

/// Sends what is written, many bytes at a time.
struct Outlet {
    sender: SyncSender<Part>,
    bytes: Vec<u8>,
}

impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() >= TOGETHER {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.bytes.is_empty() {
            return Ok(());
        }
        let bytes = std::mem::replace(&mut self.bytes, Vec::with_capacity(TOGETHER));
        let gone = |_| io::Error::new(io::ErrorKind::BrokenPipe, "nobody takes it any more");
        self.sender.send(Part::Bytes(bytes)).map_err(gone)
    }
}
