//! What the commands do, the same whether the running server does it or the command itself.

use std::cell::RefCell;
use std::io;
use std::sync::PoisonError;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use wardvoice_protocol::enrolment::fingerprint;
use wardvoice_protocol::id::{Hash, KioskId, RecordId, WardId};
use wardvoice_protocol::keys::VerifyingKey;
use wardvoice_protocol::receipt::Decision;
use wardvoice_protocol::status::Presence;

use crate::actions::acts;
use crate::log::Seen;
use crate::premises::{House, Premises, failed};
use crate::scoring::Ask;
use crate::{rebuild, transfer, verify};

mod comments;
mod delivery;
#[cfg(test)]
mod heard;
mod identity;
mod keeping;
mod loops;
mod monitor;
mod people;
mod plan;
mod publish;
mod publishing;
mod reports;
mod request;
mod retention;
mod scores;
mod signals;
mod tables;
mod translation;
mod withdrawal;

pub use comments::{CommentLine, CommentsAsk, StaffName, WordLists};
pub use delivery::{DeliveryAsk, TestLine};
pub use identity::{AuthorityLine, IdentityAsk, InvitationLine, IssuedLine, RevokedLine, SealKeysLine};
pub use keeping::{BackedUp, BackupAsk, Restored, restore};
pub use loops::AlertsAsk;
pub use monitor::{MonitorAsk, MonitorMark};
pub use people::{AccountLine, PeopleRequest, SignedOutLine};
pub use plan::{PlanAsk, PlanLine};
pub(crate) use publish::published_site;
pub use publish::{PublishAsk, PublishEnded, PublishedFile, PublishedSite};
pub use publishing::{EligibleLine, ReleaseRequest, ReturnRequest};
pub(crate) use publishing::{plan_releases, release_everything};
pub use request::{Request, note};
pub(crate) use retention::sweep_daily;
pub use retention::{RetentionAsk, Swept};
pub use signals::ActionLine;
pub use tables::{TableLine, TablesRequest, WrittenTable};
pub(crate) use translation::word as translation_word;
pub use translation::{TranslationAsk, TranslationLine};
pub use withdrawal::{WithdrawAsk, Withdrawn};
pub(crate) use withdrawal::{of_code, withdrawn};

/// How many records go by between two words about progress.
const PROGRESS_EVERY: u64 = 1_000;

/// The other end of a command.
pub trait Talk {
    /// Answers with something, as JSON text on one line.
    fn item(&mut self, json: &str) -> Result<()>;
    /// Says how far it is.
    fn progress(&mut self, what: &str, done: u64, of: u64);
    /// The next line to read.
    fn next_line(&mut self) -> Result<Option<String>>;
}

/// A kiosk as `kiosk list` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KioskLine {
    /// Its id.
    pub id: KioskId,
    /// Its ward.
    pub ward: WardId,
    /// Its public key.
    pub signing_key: VerifyingKey,
    /// What the kiosk itself shows of that, to be compared.
    #[serde(default)]
    pub fingerprint: String,
    /// How many keys it had before.
    pub retired_keys: usize,
    /// Whether it introduced itself.
    pub simulated: bool,
    /// What it is told to ask: id and version; none when that is not known here.
    pub questionnaire: Option<String>,
    /// The hash of that.
    pub asked: Option<Hash>,
    /// The hash of what it asks, as it last said; none when it has not said so since the aggregator started, or no aggregator
    /// runs.
    pub applied: Option<Hash>,
    /// When its certificate ends; none where it has none that counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_until: Option<Timestamp>,
    /// How many of its records are in quarantine because others have their numbers, as two tablets send in its name; none where that is not so,
    /// and where no aggregator runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forked: Option<u64>,
}

/// What stands about a request for help.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HelpAnswer {
    /// The request's record id.
    pub record: RecordId,
    /// Who has seen it first, and when.
    pub seen: Seen,
}

/// An entry of the quarantine with what came.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct QuarantineEntry<T> {
    /// The entry.
    pub entry: T,
    /// The payload as text, where it is text.
    pub payload: Option<String>,
    /// The payload as base64, where it is not.
    pub payload_base64: Option<String>,
}

/// What a replay of one entry came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replayed {
    /// The entry's number.
    pub number: u64,
    /// What was decided now.
    pub decision: Decision,
}

/// What a rebuild came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rebuilt {
    /// Records in the log.
    pub records: u64,
    /// Contacts among them.
    pub contacts: u64,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Whether the facts in use were the same.
    pub same: bool,
}

/// Does what needs no log.
pub fn perform_on_premises(premises: &Premises, request: Request, talk: &mut dyn Talk) -> Result<bool> {
    note(premises, &request)?;
    act_on_premises(premises, request, talk)
}

fn act_on_premises(premises: &Premises, request: Request, talk: &mut dyn Talk) -> Result<bool> {
    match request {
        Request::KioskAdd { id, ward, signing_key, questionnaire } => {
            let broker = broker_url(premises)?;
            let asked = questionnaire.map(|name| premises.questionnaires.for_patients(&name));
            let asked = asked.transpose().map_err(failed)?;
            let (registry, directory) = (&premises.registry, &premises.directory);
            registry.add_asking(&id, &ward, signing_key, asked, directory).map_err(failed)?;
            settings(premises, &id, broker, talk)
        }
        Request::KioskAssign { id, questionnaire } => {
            let asked = premises.questionnaires.for_patients(&questionnaire).map_err(failed)?;
            premises.registry.assign(&id, asked).map_err(failed)?;
            list_kiosks(premises, None, Some(&id), talk)
        }
        Request::KioskReplaceKey { id, signing_key } => {
            let broker = broker_url(premises)?;
            premises.registry.replace_key(&id, signing_key).map_err(failed)?;
            settings(premises, &id, broker, talk)
        }
        Request::KioskList => list_kiosks(premises, None, None, talk),
        Request::Identity(asked) => identity::identity(premises, asked, talk),
        Request::People(request) => people::on_premises(premises, request, talk),
        Request::PinSet { role, pin } => {
            premises.pins.set(role, &pin).map_err(failed)?;
            Ok(true)
        }
        Request::ActionAdd(action) => {
            ensure!(
                acts(&premises.directory, &action.unit),
                "failed to take the action: the directory has no ward, department, specialty, site or trust {}",
                action.unit
            );
            let taken = premises.actions.add(action, premises.today());
            signals::say_action(premises, taken, talk)
        }
        Request::ActionDone { number, on } => {
            let on = on.unwrap_or_else(|| premises.today());
            signals::say_action(premises, premises.actions.finish(number, on), talk)
        }
        Request::ActionReopen { number } => signals::say_action(premises, premises.actions.reopen(number), talk),
        Request::Translation(asked) => translation::translation(premises, asked, talk),
        Request::RebaseRemove { number, reason } => {
            say(talk, &premises.rebases.remove(number, reason.as_deref()).map_err(failed)?)?;
            Ok(true)
        }
        Request::RebaseList => {
            premises.rebases.list().iter().try_for_each(|rebase| say(talk, rebase))?;
            Ok(true)
        }
        Request::PublishEnded(PublishEnded { edition, publishing }) => {
            premises.publishings.note(edition, publishing);
            Ok(true)
        }
        Request::Return(request) => publishing::return_on_premises(premises, request, talk),
        Request::Release(ReleaseRequest::List) => publishing::list_releases(premises, talk),
        other => bail!("failed to do {other:?}: it needs the log"),
    }
}

/// Does anything. True means that all is well; false, that a check found a fault.
pub fn perform(house: &House, request: Request, talk: &mut dyn Talk) -> Result<bool> {
    note(&house.premises, &request)?;
    match request {
        Request::People(request) => people::at_home(house, request, talk),
        Request::KioskList => list_kiosks(&house.premises, Some(house), None, talk),
        Request::HelpList => {
            for request in house.help.all(Timestamp::now()) {
                say(talk, &request)?;
            }
            Ok(true)
        }
        Request::HelpTimes => loops::help_times(house, talk),
        Request::Alerts(asked) => loops::alerts(house, &asked, talk),
        Request::Delivery(DeliveryAsk::Test { contact }) => delivery::test(house, &contact, talk),
        Request::HelpSeen { record, by } => {
            say_seen(record, house.acknowledge(record, &by)?.map(|stands| stands.seen), talk)
        }
        Request::Scores { period, unit, cut, definition, as_of, explain, audience } => {
            let period = house.premises.config.calendar.period(&period).context("failed to read the period")?;
            let ask = Ask { period, unit, cut, definition };
            scores::scores(house, &ask, as_of, scores::Wanted { steps: explain, audience }, talk)
        }
        Request::Signal { unit, measures, until } => {
            signals::signals(house, &unit, &measures, until.as_deref(), talk)
        }
        Request::ActionList { unit } => signals::actions(house, unit.as_ref(), talk),
        Request::ActionAdd(action) => {
            signals::check_action(house, &action)?;
            act_on_premises(&house.premises, Request::ActionAdd(action), talk)
        }
        Request::RebaseAdd { unit, measure, from, reason } => {
            signals::rebase(house, unit, measure, &from, reason, talk)
        }
        Request::Plan(asked) => plan::plan(house, asked, talk),
        Request::Comments(asked) => comments::comments(house, asked, talk),
        Request::Report(asked) => reports::report(house, &asked, talk),
        Request::Monitor(asked) => monitor::look(house, &asked, talk),
        Request::Rebuild => rebuild_facts(house, talk),
        Request::QuarantineList => {
            for entry in house.reader().quarantine(0).map_err(failed)? {
                say(talk, &entry.map_err(failed)?)?;
            }
            Ok(true)
        }
        Request::QuarantineShow { number } => {
            let entry = house.reader().refused(number).map_err(failed)?.with_context(|| nothing_at(number))?;
            let payload = std::str::from_utf8(&entry.payload).ok().map(str::to_owned);
            let payload_base64 = payload.is_none().then(|| base64(&entry.payload));
            say(talk, &QuarantineEntry { entry, payload, payload_base64 })?;
            Ok(true)
        }
        Request::QuarantineReplay { number } => replay(house, number, talk),
        Request::Verify { deep } => verify(house, deep, talk),
        Request::Backup(asked) => keeping::back_up(house, &asked, talk),
        Request::Retention(asked) => retention::retain(house, asked, talk),
        Request::Withdraw(asked) => withdrawal::withdraw(house, &asked, talk),
        Request::Export => export(house, talk),
        Request::Import => import(house, talk),
        Request::Return(request) => publishing::national_return(house, request, talk),
        Request::Release(request) => publishing::release(house, &request, talk),
        Request::Tables(request) => tables::tables(house, request, talk),
        Request::Publish(asked) => publish::publish(house, &asked, talk),
        small => act_on_premises(&house.premises, small, talk),
    }
}

/// Says what stands about a request for help; none when there is no such request.
pub fn say_seen(record: RecordId, seen: Option<Seen>, talk: &mut dyn Talk) -> Result<bool> {
    let seen = seen.with_context(|| {
        format!("failed to find request {record}: `help list` shows the requests for help that are open")
    })?;
    say(talk, &HelpAnswer { record, seen })?;
    Ok(true)
}

/// Says every kiosk, or one.
fn list_kiosks(
    premises: &Premises,
    house: Option<&House>,
    only: Option<&KioskId>,
    talk: &mut dyn Talk,
) -> Result<bool> {
    let (authority, now) = (premises.known_authority(), Timestamp::now());
    let certificate_until = |id: &KioskId| Some(authority.as_ref()?.issued().of(id, now).first()?.1.until);
    let forks = house.map(|house| premises.forks.standing(&house.reader(), &premises.registry));
    let forks = forks.transpose().map_err(failed)?.unwrap_or_default();
    for (id, kiosk) in premises.registry.all().iter().filter(|(id, _)| only.is_none_or(|only| only == *id)) {
        let presence = house.and_then(|house| house.fleet.get(id)?.presence);
        let applied = match presence {
            Some(Presence::Online(health)) => health.questionnaire,
            Some(Presence::Offline) | None => None,
        };
        let line = KioskLine {
            id: id.clone(),
            ward: kiosk.ward.clone(),
            signing_key: kiosk.signing_key,
            fingerprint: fingerprint(&kiosk.signing_key),
            retired_keys: kiosk.retired_keys.len(),
            simulated: kiosk.simulated,
            questionnaire: premises.assignments.of(id).map(|assignment| assignment.questionnaire.to_string()),
            asked: premises.assignments.asked(id),
            applied,
            certificate_until: certificate_until(id),
            forked: forks.get(id).map(|fork| fork.records),
        };
        say(talk, &line)?;
    }
    Ok(true)
}

fn say(talk: &mut dyn Talk, value: &impl Serialize) -> Result<()> {
    talk.item(&serde_json::to_string(value)?)
}

fn broker_url(premises: &Premises) -> Result<String> {
    premises.kiosk_broker_url().ok_or_else(|| {
        anyhow!(
            "failed to tell the kiosk where the broker is: set broker.listen to an address and port, or \
             kiosks.broker_url, or start `serve` once so that it has an address"
        )
    })
}

fn settings(premises: &Premises, id: &KioskId, broker: String, talk: &mut dyn Talk) -> Result<bool> {
    let settings = premises.assignments.settings(id, broker);
    say(
        talk,
        &settings.with_context(|| format!("failed to assign kiosk {id}: its ward is not in the directory"))?,
    )?;
    Ok(true)
}

fn rebuild_facts(house: &House, talk: &mut dyn Talk) -> Result<bool> {
    let records = house.reader().position();
    talk.progress("reading the log", 0, records);
    let began = Timestamp::now();
    let (reader, world, facts) = (house.reader(), house.world.clone(), house.facts.clone());
    let disputes = house.premises.disputes.clone();
    // Nothing may come between the reading and the exchange, or it would be forgotten.
    let rebuilt = house.pipeline.while_still(move || {
        let mut fresh = rebuild::rebuild(&reader, &world)?;
        let mut facts = facts.write().unwrap_or_else(PoisonError::into_inner);
        fresh.set_rulings(disputes.rulings(&reader, &world)?);
        let same = facts.digest() == fresh.digest();
        let contacts = fresh.len() as u64;
        *facts = fresh;
        Ok::<_, crate::log::LogError>((reader.position(), contacts, same))
    });
    let (records, contacts, same) = rebuilt.map_err(failed)?.map_err(failed)?;
    talk.progress("reading the log", records, records);
    let seconds = Timestamp::now().duration_since(began).as_secs_f64();
    say(talk, &Rebuilt { records, contacts, seconds, same })?;
    Ok(same)
}

fn replay(house: &House, number: Option<u64>, talk: &mut dyn Talk) -> Result<bool> {
    const AT_ONCE: usize = 256;
    let numbers = match number {
        Some(number) => {
            house.reader().refused(number).map_err(failed)?.with_context(|| nothing_at(number))?;
            vec![number]
        }
        None => house
            .reader()
            .quarantine(0)
            .map_err(failed)?
            .map(|entry| entry.map(|entry| entry.number))
            .collect::<Result<Vec<_>, _>>()
            .map_err(failed)?,
    };
    let mut done = 0;
    for some in numbers.chunks(AT_ONCE) {
        for (number, verdict) in house.pipeline.replay(some, house.premises.today()).map_err(failed)? {
            say(talk, &Replayed { number, decision: verdict.decision })?;
        }
        done += some.len() as u64;
        talk.progress("judging again", done, numbers.len() as u64);
    }
    Ok(true)
}

fn nothing_at(number: u64) -> String {
    format!("failed to find entry {number} of the quarantine: `quarantine list` shows those there are")
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn verify(house: &House, deep: bool, talk: &mut dyn Talk) -> Result<bool> {
    let records = house.reader().position();
    talk.progress("reading the log", 0, records);
    let report = verified(house, deep)?;
    talk.progress("reading the log", records, records);
    say(talk, &report)?;
    Ok(report.is_proved())
}

fn verified(house: &House, deep: bool) -> Result<verify::VerifyReport> {
    let (reader, world, scoring) = (house.reader(), house.world.clone(), house.scoring.clone());
    let (facts, today) = (house.facts.clone(), house.premises.today());
    let disputes = house.premises.disputes.clone();
    // Log, facts and pages must speak of the same moment.
    let report = house.pipeline.while_still(move || {
        let facts = facts.read().unwrap_or_else(PoisonError::into_inner);
        let rulings = disputes.rulings(&reader, &world)?;
        verify::verify(&reader, &world, &scoring, &facts, &rulings, today, deep)
    });
    report.map_err(failed)?.map_err(failed)
}

fn export(house: &House, talk: &mut dyn Talk) -> Result<bool> {
    let reader = house.reader();
    let all = reader.position();
    let mut done = 0;
    let exported = transfer::export_lines(&reader, |line| {
        talk.item(line).map_err(io::Error::other)?;
        done += 1;
        if done % PROGRESS_EVERY == 0 {
            talk.progress("writing records", done, all);
        }
        Ok(())
    });
    exported.map_err(failed)?;
    Ok(true)
}

fn import(house: &House, talk: &mut dyn Talk) -> Result<bool> {
    let talk = RefCell::new(talk);
    let lines = io::BufReader::new(Lines { talk: &talk, line: Vec::new(), given: 0 });
    let settle = |arrivals| house.pipeline.settle(arrivals);
    let newest = house.reader().last_arrival_day().map_err(failed)?;
    let forget = |gone: &[transfer::Gone]| withdrawal::again(house, gone);
    let progress = |lines| talk.borrow_mut().progress("lines taken", lines, 0);
    let imported = transfer::import(lines, newest, settle, forget, progress);
    let imported = imported.map_err(failed)?;
    say(talk.into_inner(), &imported)?;
    Ok(imported.refused == 0)
}

/// The lines of the other end, read as a file.
struct Lines<'a, 'b> {
    talk: &'a RefCell<&'b mut dyn Talk>,
    line: Vec<u8>,
    given: usize,
}

impl io::Read for Lines<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given == self.line.len() {
            let Some(line) = self.talk.borrow_mut().next_line().map_err(io::Error::other)? else { return Ok(0) };
            self.line = line.into_bytes();
            self.line.push(b'\n');
            self.given = 0;
        }
        let mut rest = self.line.get(self.given..).unwrap_or_default();
        let given = io::Read::read(&mut rest, buffer)?;
        self.given += given;
        Ok(given)
    }
}
