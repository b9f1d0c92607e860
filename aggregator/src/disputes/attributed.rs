//! The contacts that are attributed to a consultant, by handles.
//!
//! Facts know no record, and a record id knows the hour it was made in, so neither may stand on a page. A handle is a keyed hash of the
//! record id: the same contact has the same handle for as long as the key lasts, and nobody without the key can go from one to the other.
//!
//! Whose patients they are [`InCharge`](crate::scoring::InCharge) decides, as for the figures: what does not count for a consultant is not there
//! to be disputed.
//!
//! The contacts are read from the log once, and what is new in it before every answer. Those of days longer ago than [`KEPT_DAYS`] are
//! passed over without reading them.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::civil::Date;
use serde::Serialize;
use wardvoice_protocol::contact::AttributionSource;
use wardvoice_protocol::fortnight::{DayNumber, Period};
use wardvoice_protocol::id::{ConsultantId, Hash, RecordId, WardId};
use wardvoice_protocol::keys::SigningKey;
use wardvoice_protocol::record::{Body, Record};

use crate::facts::{Fact, fact_of};
use crate::ingest::World;
use crate::log::{LogError, OpenedRow, Reader};
use crate::scoring::ScoringWorld;

/// For so many days a contact can be disputed.
const KEPT_DAYS: i32 = 400;
const LABEL: &[u8] = b"wardvoice handle of an attributed contact, version 1\n";

/// What a page calls a contact: 32 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Handle(String);

/// A text that is no handle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("find the contact: choose one from the page")]
pub struct HandleError;

/// A contact that holds a response and is attributed to a consultant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributedContact {
    /// What pages call it.
    pub handle: Handle,
    /// The consultant.
    pub consultant: ConsultantId,
    /// The ward.
    pub ward: WardId,
    /// The fortnight's name.
    pub fortnight: String,
    /// Who said that the consultant was in charge.
    pub source: AttributionSource,
    pub(super) record: RecordId,
}

/// The attributed contacts of a log. Shared by reference.
pub struct Attributed {
    reader: Reader,
    world: Arc<World>,
    secret: [u8; 64],
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    position: u64,
    /// How many records had been forgotten when it was read.
    forgotten: u64,
    /// By the consultant's number and by local day.
    contacts: BTreeMap<u16, BTreeMap<i32, Vec<(RecordId, Fact)>>>,
}

impl Attributed {
    /// Those of a log; nothing is read yet. Handles follow from the aggregator's key.
    pub fn new(reader: Reader, world: Arc<World>, key: &SigningKey) -> Self {
        // A signature over a fixed text is a secret that only the key gives, the same each time, and says nothing of the key.
        let secret = *key.sign(LABEL).as_bytes();
        Self { reader, world, secret, known: Mutex::default() }
    }

    /// The contacts that count for a consultant in a period, in the order of their fortnights, wards and handles: not in the order in which they
    /// came.
    pub fn of(
        &self,
        consultant: &ConsultantId,
        period: &Period,
        scoring: &ScoringWorld,
        today: Date,
    ) -> Result<Vec<AttributedContact>, LogError> {
        let (Some(in_charge), Some(index)) =
            (scoring.in_charge(period), scoring.vocabulary().consultant_index(consultant))
        else {
            return Ok(Vec::new());
        };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        self.read_on(&mut known, today)?;
        let span = DayNumber::from(period.start()).count()..=DayNumber::from(period.last()).count();
        let days = known.contacts.get(&index).into_iter().flat_map(|days| days.range(span.clone()));
        let counting = days
            .flat_map(|(_, contacts)| contacts)
            .filter(|(_, row)| in_charge.consultant_of_response(row) == Some(index));
        let mut found: Vec<_> = counting.filter_map(|(record, row)| self.contact(*record, row)).collect();
        drop(known);
        found.sort_by(|left, right| {
            let wards = || left.ward.cmp(&right.ward);
            right.fortnight.cmp(&left.fortnight).then_with(wards).then_with(|| left.handle.cmp(&right.handle))
        });
        Ok(found)
    }

    /// Reads what has come to the log since the last reading. Whoever asks for contacts does so by itself.
    pub fn catch_up(&self, today: Date) -> Result<(), LogError> {
        self.read_on(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner), today)
    }

    fn read_on(&self, known: &mut Known, today: Date) -> Result<(), LogError> {
        let (from_day, end) = (DayNumber::from(today).count() - KEPT_DAYS, self.reader.position());
        let forgotten = self.reader.forgotten();
        if known.forgotten != forgotten {
            *known = Known { forgotten, ..Known::default() };
        }
        if end > known.position {
            let mut new = Vec::new();
            self.reader.each_row::<LogError>(known.position + 1..=end, |row| {
                if row.day.count() >= from_day
                    && let Ok(record) = serde_json::from_slice::<Record>(row.json)
                {
                    new.extend(self.attributed(&row, &record));
                }
                Ok(())
            })?;
            for (consultant, record, row) in new {
                let days = known.contacts.entry(consultant).or_default();
                days.entry(row.day().count()).or_default().push((record, row));
            }
            known.position = end;
        }
        for days in known.contacts.values_mut() {
            *days = days.split_off(&from_day);
        }
        Ok(())
    }

    /// Whom a record names, if it holds a response. What facts do not know counts for nobody.
    fn attributed(&self, row: &OpenedRow<'_>, record: &Record) -> Option<(u16, RecordId, Fact)> {
        let Body::Contact(contact) = &record.body else { return None };
        let fact = fact_of(contact, row.day, row.arrival_day, &self.world.vocabulary)?;
        contact.response.as_ref()?;
        Some((fact.consultant_index()?, row.record_id, fact))
    }

    fn contact(&self, record: RecordId, row: &Fact) -> Option<AttributedContact> {
        let vocabulary = &self.world.vocabulary;
        let fortnight = self.world.calendar.fortnight_of(row.day().date()?).ok()?;
        Some(AttributedContact {
            handle: self.handle(record),
            consultant: vocabulary.consultant(row.consultant_index()?)?.clone(),
            ward: vocabulary.ward(row.ward_index())?.clone(),
            fortnight: Period::Fortnight(fortnight).to_string(),
            source: row.attribution_source()?,
            record,
        })
    }

    fn handle(&self, id: RecordId) -> Handle {
        let hash = Hash::of(&[self.secret.as_slice(), id.as_bytes()].concat());
        Handle(hash.to_string().chars().take(32).collect())
    }
}

impl fmt::Debug for Attributed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Attributed").finish_non_exhaustive()
    }
}

impl Handle {
    /// Its first eight digits, to tell contacts apart by.
    pub fn short(&self) -> &str {
        self.0.get(..8).unwrap_or_default()
    }
}

impl FromStr for Handle {
    type Err = HandleError;

    fn from_str(text: &str) -> Result<Self, HandleError> {
        let fits =
            text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase());
        if fits { Ok(Self(text.to_owned())) } else { Err(HandleError) }
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
