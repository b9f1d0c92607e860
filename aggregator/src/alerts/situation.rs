//! How things are at a moment, as far as alerts are made of it.

use jiff::{SignedDuration, Timestamp};
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::fortnight::FORTNIGHT_DAYS;
use wardvoice_protocol::id::{DepartmentId, KioskId, WardId};

use crate::backup::Unsaved;
use crate::delivery::ContactName;
use crate::durable_file::Room;
use crate::publish::Edition;

/// How things are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Situation {
    /// When.
    pub now: Timestamp,
    /// Which day of the fortnight it is, from 1 to [`FORTNIGHT_DAYS`].
    pub day: i32,
    /// What is more than chance, up to the last fortnight that ended.
    pub causes: Vec<Cause>,
    /// The certificates that are known.
    pub certificates: Vec<Certificate>,
    /// Kiosks that were taken off and that a broker of the trust's own may still let in.
    pub lingering: Vec<Lingering>,
    /// Kiosks in whose name two tablets send.
    pub forks: Vec<Forked>,
    /// The kiosks that are registered.
    pub kiosks: Vec<Kiosk>,
    /// What the wards have of their plans.
    pub quotas: Vec<Quota>,
    /// What senders have of their shares of the quarantine.
    pub shares: Vec<Share>,
    /// Contacts that messages of the last day could not be delivered to.
    pub undelivered: Vec<Undelivered>,
    /// Sites whose last publishing failed.
    pub unpublished: Vec<Unpublished>,
    /// The server itself.
    pub server: Server,
}

/// The server itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Server {
    /// The disk of the data folder, where it says how much room it has.
    pub disk: Option<Disk>,
    /// Why its clock is doubted and nothing is deleted by it.
    pub clock_doubt: Option<String>,
    /// What of it is in no backup; none where that is nothing, or where nobody wants to be told.
    pub backups: Option<Backups>,
}

/// The disk of the data folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disk {
    /// How much room it has.
    pub room: Room,
    /// With less than this it is nearly full, by the settings.
    pub limit_bytes: u64,
    /// Whether that has been said and has not ended yet.
    pub is_open: bool,
}

/// What is in no backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backups {
    /// Since when.
    pub unsaved: Unsaved,
    /// After how long that is too long, by the settings.
    pub after: SignedDuration,
}

/// A measure of a unit that has become better or worse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// The unit.
    pub unit: Unit,
    /// The department that it belongs to, where it is a ward.
    pub department: Option<DepartmentId>,
    /// Its name.
    pub name: String,
    /// The measure.
    pub measure: String,
    /// Which way.
    pub better: bool,
    /// The finding as charts say it.
    pub words: String,
}

/// A certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Who shows it.
    pub holder: Holder,
    /// Until when it is valid.
    pub until: Timestamp,
}

/// Who shows a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// The broker at this address.
    Broker(String),
    /// The pages, where their certificate is the trust's own.
    Pages,
    /// A kiosk.
    Kiosk {
        /// Its id.
        id: KioskId,
        /// The name of its ward.
        ward: String,
    },
}

/// A kiosk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kiosk {
    /// Its id.
    pub id: KioskId,
    /// The name of its ward.
    pub ward: String,
    /// When its last record came, as far back as that is known.
    pub last_record: Option<Timestamp>,
    /// How many records wait on it, where it is connected and says so.
    pub waiting: Option<u64>,
    /// Its clock's offset in seconds (aggregator minus kiosk), where it is connected and says so.
    pub clock_offset_s: Option<i64>,
}

/// A kiosk that was taken off and that a broker may still let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lingering {
    /// Its id.
    pub id: KioskId,
    /// Why that is feared.
    pub why: String,
}

/// A kiosk in whose name two tablets send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forked {
    /// Its id.
    pub id: KioskId,
    /// The name of its ward.
    pub ward: String,
    /// How many of its records are in quarantine because others have their numbers.
    pub records: u64,
    /// What the alert is known by.
    pub about: String,
}

/// A ward's plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quota {
    /// The ward.
    pub ward: WardId,
    /// Its name.
    pub name: String,
    /// How many have answered in this fortnight.
    pub done: u32,
    /// How many are planned.
    pub target: u32,
}

/// A sender's share of the quarantine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// The sender.
    pub kiosk: KioskId,
    /// How full it is, in per cent.
    pub per_cent: u64,
    /// How many records are in it.
    pub entries: u64,
}

/// A contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undelivered {
    /// Its name.
    pub contact: ContactName,
    /// How many messages were given up.
    pub messages: usize,
}

/// A site that was not published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpublished {
    /// Whom it is for.
    pub edition: Edition,
    /// Why it failed.
    pub why: String,
}

impl Situation {
    /// How many days of the fortnight come after this one.
    pub fn days_left(&self) -> i32 {
        (FORTNIGHT_DAYS - self.day).max(0)
    }
}
