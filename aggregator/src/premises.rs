//! The data folder: what is in it, and what of it a command needs.
//!
//! [`Premises`] are the small files (settings, keys, kiosks, accounts, directory). A [`House`] is the same with the log
//! open and the pipeline running: what `serve` serves, and what a command without a server opens for itself. Only one
//! process can have the house open.
//!
//! ```text
//! data/config.toml  directory.json  kiosks.json  accounts.json  tries.json  displays.json  pins.json  addresses.json  control.sock
//!      plan.ndjson  approvals.ndjson  previews/…  actions.ndjson  rebases.ndjson  disputes.ndjson  audit.ndjson  comments.ndjson
//!      forks.ndjson  monitor.ndjson  returns.ndjson  releases.ndjson  publishing.json  backup.json  delivery.ndjson
//!      alerts.ndjson
//!      branding/…  questionnaires/…  questionnaires-in-use/…  definitions/…  definitions-in-use/…
//!      keys/open.key  keys/signing.key  authority/…  join-codes.json  log/…
//! ```

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use jiff::civil::Date;
use tokio::sync::broadcast;
use wardvoice_protocol::directory::Directory;
use wardvoice_protocol::id::{KioskId, RecordId};
use wardvoice_protocol::questionnaire::Questionnaire;

use crate::accounts::Accounts;
use crate::actions::Actions;
use crate::alerts::Alerts;
use crate::assignments::Assignments;
use crate::audit::Audit;
use crate::authority::{Authority, SharedAuthority};
use crate::backup::{LastBackup, RESTORING};
use crate::branding::Branding;
use crate::clock_doubt::ClockDoubt;
use crate::comments::Comments;
use crate::config::{BrokerChoice, Config};
use crate::delivery::Delivery;
use crate::display_tokens::DisplayTokens;
use crate::disputes::{Dispute, Disputes, Ruling};
use crate::enrolment::JoinCodes;
use crate::facts::{Facts, Rulings, Vocabulary};
use crate::fleet::Fleet;
use crate::forks::Forks;
use crate::help::{HelpDesk, StaffRole};
use crate::ingest::mqtt::Ack;
use crate::ingest::pipeline::TellKiosk;
use crate::ingest::{Change, Pipeline, Sinks, World};
use crate::keys::{Keys, Missing};
use crate::log::{Log, Reader, Seen};
use crate::metrics::Metrics;
use crate::monitor::Marks;
use crate::national_return::Book;
use crate::pins::Pins;
use crate::planning::{PlanDecision, PlanWish, Planning, PlanningError};
use crate::publish::Publishings;
use crate::questionnaires::Questionnaires;
use crate::rebases::Rebases;
use crate::rebuild::{self, Origin};
use crate::registry::Registry;
use crate::releases::Releases;
use crate::scoring::ScoringWorld;
use crate::sessions::Sessions;
use crate::translations::Translations;
use crate::{definitions, directory, policy};

/// The small files of a data folder.
#[derive(Debug)]
pub struct Premises {
    /// The folder.
    pub data: PathBuf,
    /// The settings.
    pub config: Config,
    /// The secrets.
    pub keys: Keys,
    /// The trust.
    pub directory: Directory,
    /// What can be asked; the first is what is planned for, and asked where nothing else was said.
    pub questionnaires: Arc<Questionnaires>,
    /// The kiosks.
    pub registry: Arc<Registry>,
    /// Who may sign in.
    pub accounts: Arc<Accounts>,
    /// Who has signed in to the pages of this process.
    pub sessions: Arc<Sessions>,
    /// The screens that have been let in.
    pub display_tokens: Arc<DisplayTokens>,
    /// The PINs of volunteers and managers.
    pub pins: Arc<Pins>,
    /// What the office has decided about the fortnight's plan.
    pub planning: Arc<Planning>,
    /// Which translations people have approved.
    pub translations: Arc<Translations>,
    /// What is done about what patients said.
    pub actions: Arc<Actions>,
    /// What was noted about national returns.
    pub returns: Arc<Book>,
    /// What the public may see.
    pub releases: Arc<Releases>,
    /// How the last publishings went.
    pub publishings: Arc<Publishings>,
    /// When the last backup was made.
    pub last_backup: Arc<LastBackup>,
    /// From when on which charts start afresh.
    pub rebases: Arc<Rebases>,
    /// What consultants dispute.
    pub disputes: Arc<Disputes>,
    /// Who did what.
    pub audit: Arc<Audit>,
    /// What kiosks are told.
    pub assignments: Arc<Assignments>,
    /// The trust's own look on pages, where it has one.
    pub branding: Option<Arc<Branding>>,
    /// What kiosks join with.
    pub join_codes: Arc<JoinCodes>,
    /// Who has looked at which kiosk's forked chain.
    pub forks: Arc<Forks>,
    /// Whether everything in the folder is generated.
    pub demonstration: bool,
    authority: OnceLock<SharedAuthority>,
}

/// The data folder with its log open.
pub struct House {
    /// The small files.
    pub premises: Premises,
    /// What ingest judges by.
    pub world: Arc<World>,
    /// What scores are made by.
    pub scoring: Arc<ScoringWorld>,
    /// The facts of every contact in the log.
    pub facts: Arc<RwLock<Facts>>,
    /// Where the facts came from.
    pub origin: Origin,
    /// What is known of each kiosk.
    pub fleet: Arc<Fleet>,
    /// The requests for help.
    pub help: Arc<HelpDesk>,
    /// The messages to people outside the pages.
    pub delivery: Arc<Delivery>,
    /// What somebody should look at.
    pub alerts: Arc<Alerts>,
    /// What people wrote, and what was decided about it.
    pub comments: Arc<Comments>,
    /// What people noted about what the monitor found.
    pub marks: Arc<Marks>,
    /// Tells pages that something is new.
    pub changes: broadcast::Sender<Change>,
    /// The way into the log.
    pub pipeline: Pipeline<Ack>,
    /// Somebody has deleted by hand, and so by the clock: it is right.
    pub clock_is_right: AtomicBool,
    /// Why the clock is not believed, as retention has found.
    pub clock_doubt: Arc<ClockDoubt>,
}

/// What stands about a request for help that was acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledged {
    /// The kiosk it was asked on.
    pub kiosk: KioskId,
    /// Who has seen it first, and when.
    pub seen: Seen,
}

/// Where the log of a data folder is.
pub fn log_folder(data: &Path) -> PathBuf {
    data.join("log")
}

impl Premises {
    /// Opens the small files. Draws keys in a folder that has none and no log.
    pub fn open(data: &Path, config: Config) -> Result<Self> {
        anyhow::ensure!(
            !data.join(RESTORING).exists(),
            "failed to open {}: a restore into it did not come to its end; empty it and restore again",
            data.display()
        );
        let directory = directory::load(&data.join("directory.json")).map_err(failed)?;
        let missing = if log_folder(data).exists() { Missing::Refuse } else { Missing::Draw };
        let keys = Keys::of(data, missing).map_err(failed)?;
        let registry = Arc::new(Registry::open(data.join("kiosks.json")).map_err(failed)?);
        let accounts = Arc::new(Accounts::open(data.join("accounts.json")).map_err(failed)?);
        let display_tokens = Arc::new(DisplayTokens::open(data.join("displays.json")).map_err(failed)?);
        if let Some(openid) = &config.openid {
            openid.roles.check(&directory).map_err(failed)?;
        }
        let pins = Arc::new(Pins::open(data.join("pins.json")).map_err(failed)?);
        let planning = Planning::open(
            data.join("plan.ndjson"),
            &directory,
            config.contacts_per_fortnight,
            config.calendar.clone(),
        );
        let planning = Arc::new(planning.map_err(failed)?);
        let translations = Arc::new(Translations::open(data.join("approvals.ndjson")).map_err(failed)?);
        let actions = Arc::new(Actions::open(data.join("actions.ndjson")).map_err(failed)?);
        let returns = Arc::new(Book::open(data.join("returns.ndjson")).map_err(failed)?);
        let releases = Arc::new(Releases::open(data.join("releases.ndjson")).map_err(failed)?);
        let publishings = Arc::new(Publishings::open(data.join("publishing.json")));
        let last_backup = Arc::new(LastBackup::open(data.join("backup.json")));
        let rebases = Arc::new(Rebases::open(data.join("rebases.ndjson")).map_err(failed)?);
        let disputes = Arc::new(Disputes::open(data.join("disputes.ndjson")).map_err(failed)?);
        let audit = Arc::new(Audit::open(data.join("audit.ndjson")).map_err(failed)?);
        let questionnaires = Questionnaires::open(data, config.questionnaires.as_deref()).map_err(failed)?;
        let questionnaire = questionnaires.all().first().context("failed to find a questionnaire")?.reference();
        let questionnaires = Arc::new(questionnaires);
        let demonstration = data.join(DEMONSTRATION).exists();
        let assignments = Arc::new(Assignments {
            registry: Arc::clone(&registry),
            directory: directory.clone(),
            questionnaire,
            questionnaires: Arc::clone(&questionnaires),
            languages: config.languages.clone(),
            seal_key: keys.seal_key().clone(),
            signing_key: keys.signing_key().clone(),
            fortnight_anchor: config.calendar.anchor(),
            demonstration,
            pins: Arc::clone(&pins),
            planning: Arc::clone(&planning),
            translations: Arc::clone(&translations),
            safeguarding: config.safeguarding.clone(),
            withdrawal_codes: config.withdrawal_codes,
        });
        let branding = Branding::of(data);
        let join_codes = Arc::new(JoinCodes::open(data.join("join-codes.json")).map_err(failed)?);
        let forks = Arc::new(Forks::open(data.join("forks.ndjson")).map_err(failed)?);
        let data = data.to_owned();
        Ok(Self {
            data,
            config,
            keys,
            directory,
            questionnaires,
            registry,
            accounts,
            sessions: Arc::default(),
            display_tokens,
            pins,
            planning,
            translations,
            actions,
            returns,
            releases,
            publishings,
            last_backup,
            rebases,
            disputes,
            audit,
            assignments,
            branding,
            join_codes,
            forks,
            demonstration,
            authority: OnceLock::new(),
        })
    }

    /// The built-in authority; made when it is first asked for.
    pub fn authority(&self) -> Result<SharedAuthority> {
        if let Some(authority) = self.authority.get() {
            return Ok(Arc::clone(authority));
        }
        let told = match &self.config.broker {
            BrokerChoice::External(broker) => broker.revoked_file.as_ref().map(|path| self.data.join(path)),
            BrokerChoice::Embedded { .. } => None,
        };
        let opened = Arc::new(Authority::open_telling(&self.data.join("authority"), told).map_err(failed)?);
        Ok(Arc::clone(self.authority.get_or_init(|| opened)))
    }

    /// The built-in authority, if there is one.
    pub fn known_authority(&self) -> Option<SharedAuthority> {
        let is_there = self.data.join("authority/authority.pem").exists();
        is_there.then(|| self.authority().inspect_err(|error| tracing::warn!("{error:#}")).ok()).flatten()
    }

    /// The local day it is.
    pub fn today(&self) -> Date {
        self.config.calendar.day_of(Timestamp::now())
    }

    /// What the trust has decided about who may see what.
    pub fn policy(&self) -> policy::Settings {
        policy::Settings {
            demonstration: self.demonstration,
            displays_need_token: self.config.displays_need_token,
            shown_to: self.config.consultants_shown_to.clone(),
            first_days: self.config.consultants_first_days,
        }
    }

    /// What kiosks are told to connect to, as far as it is known.
    pub fn kiosk_broker_url(&self) -> Option<String> {
        if let Some(url) = &self.config.kiosk_broker_url {
            return Some(url.to_string());
        }
        match &self.config.broker {
            BrokerChoice::External(external) => Some(external.url.to_string()),
            // "Every address" is where to listen, not where to connect to.
            BrokerChoice::Embedded { listen, encrypted } => {
                let known = || crate::app::Addresses::read(&self.data).map(|known| known.mqtt);
                let port = match listen.port() {
                    0 => known()?.rsplit_once(':')?.1.parse().ok()?,
                    port => port,
                };
                let name = self.config.names.first().filter(|_| *encrypted);
                let scheme = if *encrypted { "mqtts" } else { "mqtt" };
                match name {
                    Some(name) => Some(format!("{scheme}://{}", with_port(name, port))),
                    // "Every address" is where to listen, not where to connect to.
                    None if listen.ip().is_unspecified() => None,
                    None => Some(format!("{scheme}://{}", SocketAddr::new(listen.ip(), port))),
                }
            }
        }
    }

    /// What kiosks are told to join at, as far as it is known.
    pub fn enrolment_address(&self) -> Option<String> {
        let listen = self.config.enrolment_listen?;
        let known = || crate::app::Addresses::read(&self.data)?.enrolment;
        let port = match listen.port() {
            0 => known()?.rsplit_once(':')?.1.parse().ok()?,
            port => port,
        };
        match self.config.names.first() {
            Some(name) => Some(with_port(name, port)),
            None if listen.ip().is_unspecified() => None,
            None => Some(SocketAddr::new(listen.ip(), port).to_string()),
        }
    }
}

/// A host's name or address with a port behind it.
fn with_port(name: &str, port: u16) -> String {
    match name.parse::<IpAddr>() {
        Ok(address) => SocketAddr::new(address, port).to_string(),
        Err(_) => format!("{name}:{port}"),
    }
}

/// The file that marks a folder whose trust and patients are made up.
pub const DEMONSTRATION: &str = "demonstration";

impl House {
    /// Opens the log and brings the facts up to it.
    pub fn open(
        premises: Premises,
        receipts: TellKiosk<Ack>,
        fleet: Arc<Fleet>,
        metrics: Arc<Metrics>,
    ) -> Result<Self> {
        premises.config.reach.check(&premises.directory).map_err(failed)?;
        let log = Log::open(&log_folder(&premises.data)).map_err(failed)?;
        let questionnaires: Vec<Questionnaire> = premises
            .questionnaires
            .all()
            .iter()
            .map(|questionnaire| Questionnaire::clone(questionnaire))
            .collect();
        let vocabulary = Arc::new(Vocabulary::new(&premises.directory, &questionnaires).map_err(failed)?);
        let world = Arc::new(World {
            directory: premises.directory.clone(),
            questionnaires,
            calendar: premises.config.calendar.clone(),
            vocabulary: Arc::clone(&vocabulary),
            open_keys: premises.keys.open_keys(),
            registry: Arc::clone(&premises.registry),
        });
        let config = &premises.config;
        let (folder, series) = (config.definitions.as_deref(), &config.series);
        let definitions =
            definitions::load(&premises.data, folder, &premises.questionnaires, series).map_err(failed)?;
        let scoring = ScoringWorld::with(
            premises.directory.clone(),
            config.calendar.clone(),
            vocabulary,
            definitions,
            series.clone(),
            u16::from(config.final_after_days),
        );
        let plans = premises.planning.plans();
        let scoring = scoring.map_err(failed)?.with_plans(plans).with_targets(config.targets.clone());
        if let Some(measure) = config.targets.keys().find(|measure| !scoring.has_measure(measure)) {
            anyhow::bail!("failed to use the setting targets.measure = \"{measure}\": no definition has it");
        }
        let scoring = Arc::new(scoring);
        let (facts, origin) = rebuild::load(log.directory(), &log.reader(), &world).map_err(failed)?;
        let mut facts = facts;
        facts.set_rulings(premises.disputes.rulings(&log.reader(), &world).map_err(failed)?);
        let facts = Arc::new(RwLock::new(facts));
        let (changes, _) = broadcast::channel(1_024);
        let comments =
            Comments::open(&premises.data, config.comments, log.reader(), Arc::clone(&world), Arc::clone(&facts));
        let comments = Arc::new(comments.map_err(failed)?);
        let marks = Arc::new(Marks::open(premises.data.join("monitor.ndjson")).map_err(failed)?);
        let help = Arc::new(HelpDesk::load(&log.reader(), Timestamp::now()).map_err(failed)?);
        let patience = config.reach.delivery.give_up_after;
        let delivery = Delivery::open(premises.data.join("delivery.ndjson"), patience).map_err(failed)?;
        let alerts = Alerts::open(premises.data.join("alerts.ndjson")).map_err(failed)?;
        let (delivery, alerts) = (Arc::new(delivery), Arc::new(alerts));
        let sinks = Sinks { receipts, changes: changes.clone(), metrics, help: Arc::clone(&help) };
        let pipeline = Pipeline::start(log, Arc::clone(&world), Arc::clone(&facts), sinks)
            .context("failed to start the threads of ingest")?;
        Ok(Self {
            premises,
            world,
            scoring,
            facts,
            origin,
            fleet,
            help,
            delivery,
            alerts,
            comments,
            marks,
            changes,
            pipeline,
            clock_is_right: AtomicBool::new(false),
            clock_doubt: Arc::default(),
        })
    }

    /// A reader of the log.
    pub fn reader(&self) -> Reader {
        self.pipeline.reader()
    }

    /// Somebody has seen a request for help: durable when this returns, and the pages know. What stands is given, with the
    /// kiosk; `None` when the record is not a request for help. The first acknowledgement stays.
    pub fn acknowledge(&self, record: RecordId, by: &StaffRole) -> Result<Option<Acknowledged>> {
        let now = Timestamp::now();
        let at = Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now);
        let seen = Seen { at, by: by.to_string() };
        let Some((seen, _)) = self.pipeline.acknowledge(record, seen).map_err(failed)? else { return Ok(None) };
        let reader = self.reader();
        let position = reader.find(&record).map_err(failed)?;
        let stored = position.map(|position| reader.record(position)).transpose().map_err(failed)?.flatten();
        let stored = stored.context("failed to read the request that was acknowledged")?;
        self.help.seen(stored.kiosk.clone(), record, seen.at);
        let change = Change { wards: vec![stored.record.ward().clone()], position: reader.position() };
        // Nobody has to be looking.
        drop(self.changes.send(change));
        Ok(Some(Acknowledged { kiosk: stored.kiosk, seen }))
    }

    /// What was upheld, as the facts want it.
    pub fn rulings(&self) -> Result<Rulings> {
        self.premises.disputes.rulings(&self.reader(), &self.world).map_err(failed)
    }

    /// Rules on a dispute: durable and in the facts when this returns, and the pages know.
    pub fn rule(&self, number: u32, ruling: Ruling, note: &str) -> Result<Dispute> {
        let now = Timestamp::now();
        let dispute =
            self.premises.disputes.rule(number, ruling, note, self.premises.today(), now).map_err(failed)?;
        {
            // Made under the lock, so that of two rulings at once neither takes the other back.
            let mut facts = self.facts.write().unwrap_or_else(PoisonError::into_inner);
            facts.set_rulings(self.rulings()?);
        }
        let change = Change { wards: dispute.ward.iter().cloned().collect(), position: self.reader().position() };
        // Nobody has to be looking.
        drop(self.changes.send(change));
        Ok(dispute)
    }

    /// Changes the fortnight's plan: durable when this returns, and pages and boards know. Kiosks' directory is the caller's to say.
    pub fn plan(&self, wish: &PlanWish, by: &StaffRole) -> Result<Vec<PlanDecision>, PlanningError> {
        let decided = self.premises.planning.decide(wish, by, self.premises.today())?;
        let wards = self.world.directory.wards().iter().map(|ward| ward.id.clone()).collect();
        // Nobody has to be looking.
        drop(self.changes.send(Change { wards, position: self.reader().position() }));
        Ok(decided)
    }

    /// Lets what is under way finish, saves the facts and closes the log.
    pub fn close(self) -> Result<()> {
        self.pipeline.stop().map_err(failed).map(drop)
    }
}

/// Module errors are fragments that complete "failed to".
pub fn failed(error: impl std::error::Error) -> anyhow::Error {
    anyhow::anyhow!("failed to {error}")
}

#[cfg(test)]
mod any_bytes;
