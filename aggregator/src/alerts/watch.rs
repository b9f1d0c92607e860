//! The watch: once a minute how things are, what of it is an alert, and who is told. What is more than chance is looked at once an hour,
//! and when a new day begins, because it is of fortnights that have ended.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use wardvoice_protocol::directory::{Directory, Unit, WardEntry};
use wardvoice_protocol::fortnight::FORTNIGHT_DAYS;
use wardvoice_protocol::id::KioskId;
use wardvoice_protocol::status::Presence;

use super::{
    Backups, Cause, Certificate, Disk, Forked, Holder, Kind, Kiosk, Lingering, Quota, Server, Settings, Share,
    Situation, Undelivered, Unpublished, find,
};
use crate::config::BrokerChoice;
use crate::delivery::{End, Ended};
use crate::durable_file;
use crate::facts::Facts;
use crate::forks::Fork;
use crate::log::LogError;
use crate::premises::House;
use crate::publish::Came;
use crate::registry;
use crate::scoring::{Finding, History, Signal, grain, signal};
use crate::statistics::xmr::Variation;

/// How often things are looked at.
const LOOK_EVERY: Duration = Duration::from_mins(1);
/// How often what is more than chance is looked at.
const CAUSES_EVERY: SignedDuration = SignedDuration::from_hours(1);
/// For how long what could not be delivered is an alert.
const UNDELIVERED_FOR: SignedDuration = SignedDuration::from_hours(24);

/// What the watch knows.
pub struct Watch {
    house: Arc<House>,
    settings: Settings,
    causes: Option<(Timestamp, Date, Vec<Cause>)>,
}

impl Watch {
    /// A watch over a house.
    pub fn new(house: Arc<House>) -> Self {
        let settings = house.premises.config.reach.alerts.clone();
        Self { house, settings, causes: None }
    }

    /// Looks once: raises, ends and tells.
    pub fn look(&mut self, now: Timestamp) -> Result<(), LogError> {
        let calendar = self.house.scoring.calendar();
        let today = calendar.day_of(now);
        let is_old = |(looked, day, _): &(Timestamp, Date, Vec<Cause>)| {
            *day != today || now.duration_since(*looked).abs() >= CAUSES_EVERY
        };
        let causes = match self.causes.take().filter(|known| !is_old(known)) {
            Some(known) => known,
            None => (now, today, causes(&self.house, today)),
        };
        let situation = situation(&self.house, &causes.2, now)?;
        self.causes = Some(causes);
        let tell = self.house.alerts.look(find(&situation), now, calendar, &self.settings);
        let messages = tell.iter().flat_map(|tell| tell.messages(&self.settings, now)).collect();
        self.house.delivery.post(messages, now);
        Ok(())
    }
}

/// Looks until it is told to stop.
pub async fn keep(watch: Watch, stopping: CancellationToken) {
    let mut every = interval(LOOK_EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut watch = Some(watch);
    loop {
        tokio::select! {
            () = stopping.cancelled() => return,
            _ = every.tick() => {}
        }
        let Some(mut own) = watch.take() else { return };
        let looked = tokio::task::spawn_blocking(move || {
            if let Err(error) = own.look(Timestamp::now()) {
                tracing::warn!("failed to {error}");
            }
            own
        });
        match looked.await {
            Ok(own) => watch = Some(own),
            Err(error) => tracing::error!(%error, "alerts are not looked for any more"),
        }
    }
}

/// How things are.
fn situation(house: &House, causes: &[Cause], now: Timestamp) -> Result<Situation, LogError> {
    let calendar = house.scoring.calendar();
    let today = calendar.day_of(now);
    let fortnight = calendar.fortnight_of(today).ok();
    let day = fortnight.map_or(1, |fortnight| {
        let gone = fortnight.start().until(today).map_or(0, |span| span.get_days());
        (gone + 1).clamp(1, FORTNIGHT_DAYS)
    });
    let quotas = fortnight.map(|fortnight| quotas(house, fortnight.start(), fortnight.last())).unwrap_or_default();
    let shares = house.reader().sources()?.into_iter().map(|(kiosk, source)| Share {
        kiosk,
        per_cent: source.per_cent(),
        entries: source.entries,
    });
    Ok(Situation {
        now,
        day,
        causes: causes.to_vec(),
        certificates: certificates(house),
        lingering: house.fleet.lingering().into_iter().map(|(id, why)| Lingering { id, why }).collect(),
        forks: forks(house)?,
        kiosks: kiosks(house),
        quotas,
        shares: shares.collect(),
        undelivered: undelivered(&house.delivery.given_up(), now),
        unpublished: unpublished(house),
        server: server(house)?,
    })
}

/// The server itself. A demonstration is made of nothing that could be lost.
fn server(house: &House) -> Result<Server, LogError> {
    let premises = &house.premises;
    let limits = premises.config.reach.server;
    let room = durable_file::room(&premises.data).inspect_err(
        |error| tracing::warn!(%error, "the disk of the data folder does not say how much room it has"),
    );
    let disk = room.ok().map(|room| Disk {
        room,
        limit_bytes: limits.free_bytes,
        is_open: house.alerts.is_any_open(Kind::DiskFilling),
    });
    let unsaved = premises.last_backup.unsaved(&house.reader())?.filter(|_| !premises.demonstration);
    let backups = unsaved.zip(limits.backup_after).map(|(unsaved, after)| Backups { unsaved, after });
    Ok(Server { disk, clock_doubt: house.clock_doubt.why(), backups })
}

/// The broker's certificate as it was last shown (the one inside renews its own), the pages' where it is the trust's own, and those of
/// registered kiosks. Whoever was taken off, or has been away for months, has none.
fn certificates(house: &House) -> Vec<Certificate> {
    let mut found = Vec::new();
    if let BrokerChoice::External(broker) = &house.premises.config.broker
        && let Some(until) = house.fleet.broker_certificate_until()
    {
        let holder = Holder::Broker(format!("{}:{}", broker.url.host, broker.url.port));
        found.push(Certificate { holder, until });
    }
    let pages = house.fleet.pages_certificate_until();
    found.extend(pages.map(|until| Certificate { holder: Holder::Pages, until }));
    let registered = house.premises.registry.all();
    let passes = house.fleet.pass_ends().into_iter();
    found.extend(passes.filter_map(|(id, until)| {
        let ward = ward_name(&house.premises.directory, registered.get(&id)?);
        Some(Certificate { holder: Holder::Kiosk { id, ward }, until })
    }));
    found
}

/// The kiosks in whose name two tablets send.
fn forks(house: &House) -> Result<Vec<Forked>, LogError> {
    let registered = house.premises.registry.all();
    let standing = house.premises.forks.standing(&house.reader(), &house.premises.registry)?;
    let forked = |(id, fork): (KioskId, Fork)| {
        let ward = ward_name(&house.premises.directory, registered.get(&id)?);
        Some(Forked { ward, records: fork.records, about: fork.about(), id })
    };
    Ok(standing.into_iter().filter_map(forked).collect())
}

fn ward_name(directory: &Directory, kiosk: &registry::Kiosk) -> String {
    directory.ward(&kiosk.ward).map_or_else(|| kiosk.ward.to_string(), |ward| ward.name.clone())
}

fn kiosks(house: &House) -> Vec<Kiosk> {
    let sightings = house.fleet.all();
    let directory = &house.premises.directory;
    let kiosk = |(id, entry): (&KioskId, &registry::Kiosk)| {
        let sighting = sightings.get(id).cloned().unwrap_or_default();
        let health = match sighting.presence {
            Some(Presence::Online(health)) => Some(health),
            Some(Presence::Offline) | None => None,
        };
        Kiosk {
            id: id.clone(),
            ward: ward_name(directory, entry),
            last_record: sighting.last_record,
            waiting: health.as_ref().map(|health| health.waiting),
            clock_offset_s: health.and_then(|health| health.clock_offset_s),
        }
    };
    house.premises.registry.all().iter().map(kiosk).collect()
}

fn quotas(house: &House, first: Date, last: Date) -> Vec<Quota> {
    let planned = house.premises.questionnaires.all().first().map(|planned| planned.reference());
    let facts = house.facts.read().unwrap_or_else(PoisonError::into_inner);
    let planned = planned.and_then(|reference| facts.vocabulary().questionnaire_index(&reference));
    let quota = |entry: &WardEntry| {
        let index = facts.vocabulary().ward_index(&entry.id)?;
        let all = facts.ward_days(index, first, last).flatten();
        let done = all.filter(|fact| fact.outcome().has_response() && Some(fact.questionnaire_index()) == planned);
        Some(Quota {
            ward: entry.id.clone(),
            name: entry.name.clone(),
            done: u32::try_from(done.count()).unwrap_or(u32::MAX),
            target: house.scoring.plan(first).quota(index),
        })
    };
    house.premises.directory.wards().iter().filter_map(quota).collect()
}

/// The editions of the settings that could not be published the last time.
fn unpublished(house: &House) -> Vec<Unpublished> {
    let premises = &house.premises;
    let editions = premises.config.published_in(&premises.data).into_iter().map(|destination| destination.edition);
    let failed = |edition| match premises.publishings.of(edition)?.came {
        Came::Failed { why } => Some(Unpublished { edition, why }),
        Came::Running | Came::Done { .. } => None,
    };
    editions.filter_map(failed).collect()
}

fn undelivered(given_up: &[Ended], now: Timestamp) -> Vec<Undelivered> {
    let mut found: Vec<Undelivered> = Vec::new();
    let recent =
        |ended: &&Ended| matches!(ended.end, End::GivenUp(_)) && now.duration_since(ended.at) <= UNDELIVERED_FOR;
    for ended in given_up.iter().filter(recent) {
        match found.iter_mut().find(|one| one.contact == ended.contact) {
            Some(one) => one.messages += 1,
            None => found.push(Undelivered { contact: ended.contact.clone(), messages: 1 }),
        }
    }
    found
}

/// What of the last fortnight that ended is more than chance, for every ward, every department and the trust. Facts are let go of between units, so that
/// what comes in need not wait.
fn causes(house: &House, today: Date) -> Vec<Cause> {
    let directory = &house.premises.directory;
    let wards = directory.wards().iter().map(|ward| Unit::Ward(ward.id.clone()));
    let departments = directory.file().departments.iter().map(|entry| Unit::Department(entry.id.clone()));
    let mut causes = Vec::new();
    let trust = Unit::Trust(directory.file().trust.id.clone());
    for unit in wards.chain(departments).chain([trust]) {
        let facts = house.facts.read().unwrap_or_else(PoisonError::into_inner);
        let signals = signals(house, &facts, &unit, today);
        drop(facts);
        causes.extend(signals.iter().filter_map(|signal| cause(signal, directory)));
    }
    causes
}

/// Of scores and friends and family; a problem rate is a second look at the same answers.
fn signals(house: &House, facts: &Facts, unit: &Unit, today: Date) -> Vec<Signal> {
    let scoring = &house.scoring;
    let Ok(until) = scoring.calendar().fortnight_of(today) else { return Vec::new() };
    let mut grains = |ward, fortnight| grain(facts, scoring, ward, fortnight, today).map(Arc::new);
    let history = match History::new(facts, scoring, unit, until, today, &mut grains) {
        Ok(history) => history,
        Err(error) => {
            tracing::warn!("failed to {error}");
            return Vec::new();
        }
    };
    let measures = history.measures().into_iter().filter(|measure| !measure.is_problem());
    let told = measures.filter_map(|measure| {
        let rebasings = house.premises.rebases.in_force(unit, &measure);
        signal(&history, &measure, &rebasings).ok()
    });
    told.collect()
}

fn cause(signal: &Signal, directory: &Directory) -> Option<Cause> {
    let better = match signal.variation? {
        Variation::Improvement(_) => true,
        Variation::Concern(_) => false,
        Variation::Neutral(_) | Variation::Common => return None,
    };
    let department = match &signal.unit {
        Unit::Ward(ward) => directory.ward(ward).map(|entry| entry.department.clone()),
        _ => None,
    };
    (signal.finding == Finding::Signal).then(|| Cause {
        unit: signal.unit.clone(),
        department,
        name: signal.unit_name.clone(),
        measure: signal.measure.to_string(),
        better,
        words: signal.words.clone(),
    })
}
