//! Retention: what has been kept for long enough is deleted, every day while a server runs, or by a command.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use wardvoice_protocol::fortnight::DayNumber;
use wardvoice_protocol::id::KioskId;
use wardvoice_protocol::record::Record;

use self::clock::{Believed, Doubt, Tablets, says_the_same, steady};
use super::{Talk, say};
use crate::audit::Deed;
use crate::ingest::Forgetting;
use crate::log::{Left, LogError, OpenedRow};
use crate::premises::{House, failed};
use crate::rebuild;
use crate::retention::Layer;

mod clock;

/// Among so many of the last records the newest is looked for.
const LOOKED_BACK_ON: u64 = 1_000;
/// Who deletes what is due while a server runs.
const SWEEPER: &str = "retention";
/// How many records are looked at, and what is due of them deleted, at once.
const TOGETHER: u64 = 512;
/// How often it is looked whether a new day has begun.
const LOOK_EVERY: Duration = Duration::from_mins(1);

/// Whether what is due is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetentionAsk {
    /// Only to say how much it is.
    pub dry_run: bool,
}

/// What was due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Swept {
    /// The local day.
    pub on: Date,
    /// Whether nothing was deleted.
    pub dry_run: bool,
    /// Of how many responses the words of comments.
    pub comments: u64,
    /// Of how many responses the detail.
    pub responses: u64,
    /// Of how many contacts without a response the detail.
    pub contacts: u64,
    /// Of how many contacts everything.
    pub figures: u64,
}

impl Swept {
    fn count(&mut self, layer: Layer) {
        let count = match layer {
            Layer::Comments => &mut self.comments,
            Layer::Response => &mut self.responses,
            Layer::Contact => &mut self.contacts,
            Layer::Figures => &mut self.figures,
        };
        *count += 1;
    }

    fn is_nothing(self) -> bool {
        self.comments + self.responses + self.contacts + self.figures == 0
    }
}

pub(super) fn retain(house: &House, asked: RetentionAsk, talk: &mut dyn Talk) -> Result<bool> {
    let progress = |done, of| talk.progress("looking for what is due", done, of);
    let swept = sweep(house, house.premises.today(), asked.dry_run, progress)?;
    if !asked.dry_run {
        // Whoever deletes by the clock has looked at it.
        house.clock_is_right.store(true, Ordering::Relaxed);
    }
    say(talk, &swept)?;
    Ok(true)
}

/// Deletes what is due on a local day, or only counts it.
fn sweep(house: &House, today: Date, dry_run: bool, mut progress: impl FnMut(u64, u64)) -> Result<Swept> {
    let rules = house.premises.config.retention;
    let mut swept = Swept { on: today, dry_run, comments: 0, responses: 0, contacts: 0, figures: 0 };
    let Some(kept_from) = rules.nothing_due_from(today) else { return Ok(swept) };
    let (reader, kept_from) = (house.reader(), DayNumber::from(kept_from));
    let (mut from, last) = (1, reader.position());
    while from <= last {
        let until = from.saturating_add(TOGETHER - 1).min(last);
        let mut due = Vec::new();
        let see = |row: OpenedRow<'_>| {
            if row.is_forgotten() || row.day >= kept_from {
                return Ok(());
            }
            due.extend(look(&row, house, today, &mut swept)?);
            Ok::<(), LogError>(())
        };
        reader.each_row(from..=until, see).map_err(failed)?;
        if !dry_run && !due.is_empty() {
            house.pipeline.forget(due, DayNumber::from(today)).map_err(failed)?;
        }
        progress(until, last);
        from = until + 1;
    }
    if !dry_run && !swept.is_nothing() {
        let mut facts = house.facts.write().unwrap_or_else(PoisonError::into_inner);
        facts.set_rulings(house.rulings()?);
        drop(facts);
        house.comments.catch_up().map_err(failed)?;
    }
    Ok(swept)
}

fn look(
    row: &OpenedRow<'_>,
    house: &House,
    today: Date,
    swept: &mut Swept,
) -> Result<Option<Forgetting>, LogError> {
    let unreadable = || LogError::Unreadable(format!("the opened record {}", row.position));
    let record: Record = serde_json::from_slice(row.json).map_err(|_| unreadable())?;
    let (ward, day) = (record.ward().clone(), row.day.date().ok_or_else(unreadable)?);
    let Some((layer, left)) = house.premises.config.retention.due(row.json, record, day, today) else {
        return Ok(None);
    };
    swept.count(layer);
    let fact = if left == Left::Nothing { rebuild::fact(row, &house.world)? } else { None };
    Ok(Some(Forgetting { position: row.position, ward, day: row.day, fact, left }))
}

/// Shows the last records up to the end of the log, and from a position on, with the tablet's own clock.
fn each_lately(house: &House, from: u64, mut see: impl FnMut(&OpenedRow<'_>, Timestamp)) -> Result<(), LogError> {
    let reader = house.reader();
    let last = reader.position();
    let first = last.saturating_sub(LOOKED_BACK_ON).max(1).max(from);
    if first > last {
        return Ok(());
    }
    reader.each_row(first..=last, |row| {
        // What was forgotten says nothing any more.
        if let Ok(record) = serde_json::from_slice::<Record>(row.json) {
            see(&row, record.clock.wall);
        }
        Ok(())
    })
}

/// When the last record arrived, as far as the log can be read. Those whose tablet said the same go before any other: what arrived by a
/// clock that was wrong proves nothing about it after a restart.
fn newest_arrival(house: &House) -> Option<Timestamp> {
    let (mut newest, mut agreed): (Option<Timestamp>, Option<Timestamp>) = (None, None);
    let see = |row: &OpenedRow<'_>, tablet: Timestamp| {
        newest = Some(row.received);
        if has_own_clock(row) && says_the_same(tablet, row.received) {
            // What was imported is older than what stands before it.
            agreed = agreed.max(Some(row.received));
        }
    };
    each_lately(house, 1, see).ok()?;
    agreed.or(newest)
}

/// Whether the tablets whose records have arrived since the clock was doubted say that it is right. Records that were imported or replayed
/// since arrived before, when our clock may have been another.
fn tablets_say_so(house: &House, doubted: Doubted) -> bool {
    let mut tablets = Tablets::default();
    let see = |row: &OpenedRow<'_>, tablet: Timestamp| {
        if has_own_clock(row) && row.received >= doubted.at {
            tablets.hear(row.kiosk, tablet, row.received);
        }
    };
    match each_lately(house, doubted.position + 1, see) {
        Ok(()) => tablets.say_it_is_right(),
        Err(error) => {
            tracing::error!("failed to {error}");
            false
        }
    }
}

/// Simulated kiosks go by the clock of the machine that they run on, which may be ours.
fn has_own_clock(row: &OpenedRow<'_>) -> bool {
    KioskId::new(row.kiosk).is_ok_and(|kiosk| !kiosk.is_simulated())
}

/// The clock while a server runs, and since when it is doubted.
struct Watched {
    believed: Believed,
    doubted: Option<Doubted>,
}

/// Where the log ended, and what the clock said, when it was first doubted.
#[derive(Debug, Clone, Copy)]
struct Doubted {
    position: u64,
    at: Timestamp,
}

impl Watched {
    fn new(house: &House, now: Timestamp, steady: Duration) -> Self {
        Self { believed: Believed::at_a_start(now, steady, newest_arrival(house)), doubted: None }
    }

    /// Looks at the clock: why it is doubted, if it is and nobody has known better since. Whoever has to hear of it does.
    fn look(&mut self, house: &House, now: Timestamp, steady: Duration) -> Option<Doubt> {
        let doubt = self.judge(house, now, steady);
        house.clock_doubt.set(doubt.map(|doubt| doubt.to_string()));
        doubt
    }

    fn judge(&mut self, house: &House, now: Timestamp, steady: Duration) -> Option<Doubt> {
        let by_hand = house.clock_is_right.swap(false, Ordering::Relaxed);
        let Some(doubt) = self.believed.doubt(now, steady) else {
            self.doubted = None;
            return None;
        };
        let Doubted { position, at } =
            self.doubted.unwrap_or_else(|| Doubted { position: house.reader().position(), at: now });
        // One that is set back while it is doubted goes on from there.
        let doubted = *self.doubted.insert(Doubted { position, at: at.min(now) });
        let who = if by_hand {
            "somebody deleted by hand"
        } else if tablets_say_so(house, doubted) {
            "the tablets' own clocks say the same"
        } else {
            return Some(doubt);
        };
        tracing::info!("the clock is believed again, because {who}; it was not, because {doubt}");
        self.believed.believe(now, steady);
        self.doubted = None;
        None
    }
}

/// Deletes what is due once a day, soon after it has begun, until told to stop. What fails is tried again the next day, and said. By a clock
/// that is doubted nothing is deleted; once it is believed again, what was due that day is.
pub(crate) async fn sweep_daily(house: Arc<House>, stopping: CancellationToken) {
    if house.premises.config.retention.is_for_ever() {
        return;
    }
    let (mut swept_on, mut said_on) = (None, None);
    let mut watched = Watched::new(&house, Timestamp::now(), steady());
    loop {
        tokio::select! {
            () = stopping.cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        let doubt = watched.look(&house, Timestamp::now(), steady());
        let today = house.premises.today();
        if let Some(doubt) = doubt {
            if said_on != Some(today) {
                said_on = Some(today);
                tracing::error!(
                    "nothing is deleted by itself: {doubt}; if the clock is right, run `retention`, or wait until two \
                     kiosks' own clocks say so"
                );
            }
            continue;
        }
        if swept_on == Some(today) {
            continue;
        }
        swept_on = Some(today);
        let house = Arc::clone(&house);
        let swept = tokio::task::spawn_blocking(move || sweep_noted(&house, today)).await;
        match swept {
            Ok(Ok(swept)) => tracing::info!(?swept, "what had been kept for long enough was deleted"),
            Ok(Err(error)) => tracing::error!("failed to delete what has been kept for long enough: {error:#}"),
            Err(error) => tracing::error!("failed to delete what has been kept for long enough: {error}"),
        }
    }
}

fn sweep_noted(house: &House, today: Date) -> Result<Swept> {
    let due = sweep(house, today, true, |_, _| ())?;
    if due.is_nothing() {
        return Ok(due);
    }
    let detail = format!(
        "comments {}, responses {}, contacts {}, figures {}",
        due.comments, due.responses, due.contacts, due.figures
    );
    let noted =
        house.premises.audit.note(Timestamp::now(), SWEEPER, Deed::Swept, Some("retention"), Some(&detail));
    noted.map_err(failed)?;
    sweep(house, today, false, |_, _| ())
}

#[cfg(test)]
mod tests;
