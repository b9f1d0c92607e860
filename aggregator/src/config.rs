//! What the aggregator is told: `config.toml` in the data folder, or the file named by `--config`.
//!
//! What the file says ([`ConfigFile`]) is one type, what the program trusts ([`Config`]) is another; the conversion
//! between them checks everything, so nothing later does. Every setting has a default, and the printed template
//! (`config print`) holds them all with their meaning.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use wardvoice_protocol::fortnight::{Calendar, CalendarError};
use wardvoice_protocol::id::Language;
use wardvoice_protocol::one_line;

use crate::backup::age::Recipient;
use crate::comments::Rules;
use crate::national_return::{CodesError, NationalCodes, NationalFile};
use crate::network::Network;
use crate::policy::Audience;
use crate::publish::Destination;
use crate::retention::Retention;
use crate::scoring::{Measure, SeriesStart, definition_ref};

mod broker;
mod keeping;
mod kiosks;
mod openid;
mod publish;
mod reach;
mod targets;
mod template;
mod transport;

pub use broker::BrokerUrl;
use keeping::{BackupFile, RetentionFile};
use kiosks::KiosksFile;
use openid::OpenIdFile;
#[cfg(feature = "openid")]
pub(crate) use openid::is_safe_address;
pub use openid::{OpenIdSettings, RoleRules};
use publish::PublishFile;
pub use reach::Reach;
use reach::{AlertsFile, ContactFile, DeliveryFile, HelpFile};
use targets::TargetFile;
pub use template::template;
pub use transport::PagesTransport;
use transport::{AuthorityFile, EnrolmentFile};

/// The settings as a file says them. A field that is absent has its default.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConfigFile {
    broker: BrokerFile,
    web: WebFile,
    authority: AuthorityFile,
    enrolment: EnrolmentFile,
    programme: ProgrammeFile,
    kiosks: KiosksFile,
    volunteers: VolunteersFile,
    national: NationalFile,
    consultants: ConsultantsFile,
    comments: CommentsFile,
    displays: DisplaysFile,
    backup: BackupFile,
    retention: RetentionFile,
    /// Where it was read.
    #[serde(skip)]
    file: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    openid: Option<OpenIdFile>,
    delivery: DeliveryFile,
    help: HelpFile,
    alerts: AlertsFile,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    contacts: Vec<ContactFile>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    series: Vec<SeriesFile>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    targets: Vec<TargetFile>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    publish: Vec<PublishFile>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
struct BrokerFile {
    listen: String,
    encrypted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password_file: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ca_file: Option<PathBuf>,
    show_certificate: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_file: Option<PathBuf>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
struct WebFile {
    listen: String,
    encrypted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate_file: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_file: Option<PathBuf>,
    trusted_proxies: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
struct ProgrammeFile {
    fortnight_anchor: String,
    contacts_per_fortnight: u32,
    final_after_days: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    questionnaires: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    definitions: Option<PathBuf>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct SeriesFile {
    from: String,
    definition: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
struct VolunteersFile {
    #[serde(skip_serializing_if = "Option::is_none")]
    safeguarding: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
struct ConsultantsFile {
    shown_to: Vec<String>,
    first_days: u16,
}

impl Default for ConsultantsFile {
    fn default() -> Self {
        Self { shown_to: Vec::new(), first_days: 14 }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
struct CommentsFile {
    two_person_release: bool,
}

impl Default for BrokerFile {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:0".to_owned(),
            encrypted: false,
            url: None,
            username: None,
            password_file: None,
            ca_file: None,
            show_certificate: false,
            revoked_file: None,
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
struct DisplaysFile {
    need_token: bool,
}

impl Default for WebFile {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:0".to_owned(),
            encrypted: false,
            certificate_file: None,
            key_file: None,
            trusted_proxies: Vec::new(),
        }
    }
}

impl Default for ProgrammeFile {
    fn default() -> Self {
        Self {
            fortnight_anchor: "2026-01-05".to_owned(),
            contacts_per_fortnight: 400,
            final_after_days: 7,
            questionnaires: None,
            definitions: None,
        }
    }
}

/// The settings the program works by.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Where messages come from.
    pub broker: BrokerChoice,
    /// Where pages are served. Port 0 takes a free port, the same again after a restart when it can.
    pub web_listen: SocketAddr,
    /// Whose certificate pages show.
    pub web_transport: PagesTransport,
    /// What browsers and kiosks call this machine; the first is what kiosks are told.
    pub names: Vec<String>,
    /// Where kiosks are taken in, if they are. Port 0 takes a free port, the same again after a restart when it can.
    pub enrolment_listen: Option<SocketAddr>,
    /// The proxies whose word about the caller's address is believed.
    pub trusted_proxies: Vec<Network>,
    /// Whether the screens in wards' corridors are for those alone that have been let in.
    pub displays_need_token: bool,
    /// The trust's own sign-in.
    pub openid: Option<OpenIdSettings>,
    /// Days, fortnights and the zone.
    pub calendar: Calendar,
    /// How many contacts the trust plans a fortnight.
    pub contacts_per_fortnight: u32,
    /// Local days after a period's last before it is final.
    pub final_after_days: u8,
    /// The folder of the trust's own questionnaires, relative to the data folder; by default `questionnaires` there.
    pub questionnaires: Option<PathBuf>,
    /// The folder of the trust's own scoring definitions, relative to the data folder; by default `definitions` there.
    pub definitions: Option<PathBuf>,
    /// What the national return calls the trust, its sites and specialties.
    pub national: NationalCodes,
    /// From which day on periods are published by which definition.
    pub series: Vec<SeriesStart>,
    /// What measures are to reach: points, or per cent.
    pub targets: BTreeMap<Measure, f64>,
    /// What kiosks offer; the first is the default.
    pub languages: Vec<Language>,
    /// What kiosks are told to connect to; by default the broker's own address.
    pub kiosk_broker_url: Option<BrokerUrl>,
    /// Whether `sim-` kiosks may introduce themselves.
    pub accept_simulated: bool,
    /// The kiosk's program, which draws previews; by default the one beside this program.
    pub preview_program: Option<PathBuf>,
    /// Whether kiosks give whoever has answered a code with which the answer can be deleted.
    pub withdrawal_codes: bool,
    /// Whom volunteers call when somebody tells of harm, as kiosks show it.
    pub safeguarding: Option<String>,
    /// To whom else consultants' figures are shown from where on it takes an explicit policy.
    pub consultants_shown_to: BTreeSet<Audience>,
    /// After how many days a consultant's window is the appraiser's although the consultant has not opened it.
    pub consultants_first_days: u16,
    /// What the release of comments needs.
    pub comments: Rules,
    /// Who is reached outside the pages.
    pub reach: Reach,
    /// Where published sites go; folders and files relative to the data folder.
    pub publish: Vec<Destination>,
    /// The keys that backups are sealed for.
    pub backup_recipients: Vec<Recipient>,
    /// How long what is kept.
    pub retention: Retention,
    /// The file that all this was read from, where there was one.
    pub file: Option<PathBuf>,
}

/// Which broker carries the messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BrokerChoice {
    /// The one inside.
    Embedded {
        /// Where kiosks reach it. Port 0 takes a free port, the same again after a restart when it can.
        listen: SocketAddr,
        /// Whether kiosks show certificates and everything is encrypted.
        encrypted: bool,
    },
    /// Another one.
    External(ExternalBroker),
}

/// How to reach a broker that is a program of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalBroker {
    /// Where it is.
    pub url: BrokerUrl,
    /// Who the aggregator says it is.
    pub username: Option<String>,
    /// The file with its password.
    pub password_file: Option<PathBuf>,
    /// The certificate authority of an `mqtts` broker; the system's when absent.
    pub ca_file: Option<PathBuf>,
    /// Whether the aggregator shows it a certificate of the built-in authority, and believes what that vouches for.
    pub show_certificate: bool,
    /// Where it reads which certificates were taken back.
    pub revoked_file: Option<PathBuf>,
}

/// Whether a broker learns by itself that a certificate was taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// It is the one inside, which asks.
    AtOnce,
    /// It has the list; something has to let it read that.
    ByList,
    /// Somebody has to bring it the list.
    ByHand,
    /// It asks kiosks for no certificates.
    NotAtAll,
}

impl BrokerChoice {
    /// Whether this broker learns by itself that a certificate was taken back.
    pub fn is_told(&self) -> Told {
        match self {
            Self::Embedded { encrypted: true, .. } => Told::AtOnce,
            Self::External(ExternalBroker { revoked_file: Some(_), .. }) => Told::ByList,
            Self::External(ExternalBroker { show_certificate: true, .. }) => Told::ByHand,
            Self::Embedded { encrypted: false, .. } | Self::External(_) => Told::NotAtAll,
        }
    }
}

/// Why settings are not usable.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("read the settings {path}: {source}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is not TOML of the right shape.
    #[error("read the settings {path}:\n{reason}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong, with the line.
        reason: String,
    },
    /// A setting has no usable value.
    #[error("use the setting {setting} = {value:?}: {rule}")]
    Value {
        /// Its name with its section.
        setting: &'static str,
        /// What it says.
        value: String,
        /// What it should say.
        rule: String,
    },
}

fn value(setting: &'static str, value: impl Into<String>, rule: impl Into<String>) -> ConfigError {
    ConfigError::Value { setting, value: value.into(), rule: rule.into() }
}

impl ConfigFile {
    /// Reads a file. `required` says whether a missing one is an error or all defaults.
    pub fn load(path: &Path, required: Required) -> Result<Self, ConfigError> {
        match fs::read_to_string(path) {
            Ok(text) => toml::from_str(&text)
                .map(|file| Self { file: Some(path.to_owned()), ..file })
                .map_err(|error| ConfigError::Unreadable { path: path.to_owned(), reason: error.to_string() }),
            Err(error) if error.kind() == io::ErrorKind::NotFound && required == Required::No => {
                Ok(Self::default())
            }
            Err(source) => Err(ConfigError::File { path: path.to_owned(), source }),
        }
    }
}

/// What the command line says instead of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// A broker of one's own.
    pub broker_url: Option<String>,
    /// Whose certificates that broker's is checked with.
    pub broker_ca: Option<PathBuf>,
    /// Where the broker inside listens; overrides a broker of one's own in the file.
    pub broker_listen: Option<String>,
    /// Where pages are served.
    pub web_listen: Option<String>,
}

impl ConfigFile {
    /// The settings with what the command line says.
    #[must_use]
    pub fn with(mut self, overrides: Overrides) -> Self {
        if let Some(listen) = overrides.broker_listen {
            self.broker = BrokerFile { listen, encrypted: self.broker.encrypted, ..BrokerFile::default() };
        }
        if overrides.broker_url.is_some() {
            self.broker.url = overrides.broker_url;
        }
        if overrides.broker_ca.is_some() {
            self.broker.ca_file = overrides.broker_ca;
        }
        if let Some(listen) = overrides.web_listen {
            self.web.listen = listen;
        }
        self
    }

    /// The settings of a demonstration: simulated kiosks may introduce themselves, kiosks offer every language there is and give
    /// withdrawal codes, and there are some targets, unless others were chosen.
    #[must_use]
    pub fn for_demonstration(mut self) -> Self {
        self.kiosks.accept_simulated = true;
        self.kiosks.withdrawal_codes.get_or_insert(true);
        if self.targets.is_empty() {
            self.targets = targets::made_up();
        }
        let made_up = || "Safeguarding team, extension 0000 (made up for the demonstration)".to_owned();
        self.volunteers.safeguarding.get_or_insert_with(made_up);
        if self.kiosks.languages == KiosksFile::default().languages {
            self.kiosks.languages = SHIPPED_LANGUAGES.map(str::to_owned).to_vec();
        }
        self
    }
}

/// Every language that the shipped questionnaires and the kiosk's own words exist in, English first and then as often spoken.
const SHIPPED_LANGUAGES: [&str; 13] =
    ["en", "en-simple", "cy", "pl", "ro", "pa", "ur", "pt", "es", "ar", "bn", "gu", "it"];

/// Whether a file must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Required {
    /// It was named by hand.
    Yes,
    /// It is only looked for.
    No,
}

impl TryFrom<ConfigFile> for Config {
    type Error = ConfigError;

    fn try_from(file: ConfigFile) -> Result<Self, ConfigError> {
        let ConfigFile {
            broker,
            web,
            authority,
            enrolment,
            programme,
            kiosks,
            volunteers,
            consultants,
            national,
            series,
            targets,
            comments,
            displays,
            backup,
            retention,
            file,
            openid,
            delivery,
            help,
            alerts,
            contacts,
            publish,
        } = file;
        let anchor: Date = programme.fortnight_anchor.parse().map_err(|_| {
            value("programme.fortnight_anchor", &programme.fortnight_anchor, "write a date as 2026-01-05")
        })?;
        let calendar = Calendar::new(anchor).map_err(|error| {
            let rule = match error {
                CalendarError::NotMonday(_) => "it must be a Monday".to_owned(),
                other => other.to_string(),
            };
            value("programme.fortnight_anchor", &programme.fortnight_anchor, rule)
        })?;
        if !(1..=1_000_000).contains(&programme.contacts_per_fortnight) {
            let contacts = programme.contacts_per_fortnight.to_string();
            return Err(value("programme.contacts_per_fortnight", contacts, "write a number from 1 to 1000000"));
        }
        if programme.final_after_days > 60 {
            let days = programme.final_after_days.to_string();
            return Err(value("programme.final_after_days", days, "write a number of days from 0 to 60"));
        }
        let languages = kiosks
            .languages
            .iter()
            .map(|tag| {
                Language::new(tag.clone()).map_err(|error| value("kiosks.languages", tag, error.to_string()))
            })
            .collect::<Result<Vec<_>, _>>()?;
        if languages.is_empty() {
            return Err(value("kiosks.languages", "[]", "name at least one language, the first is the default"));
        }
        let kiosk_broker_url =
            kiosks.broker_url.map(|url| BrokerUrl::parse("kiosks.broker_url", &url)).transpose()?;
        let web_listen = address("web.listen", &web.listen)?;
        if let Some(text) = volunteers.safeguarding.as_ref().filter(|text| !one_line::fits(text, 200)) {
            return Err(value("volunteers.safeguarding", text, "write one line of 1 to 200 characters"));
        }
        if consultants.first_days > 200 {
            let days = consultants.first_days.to_string();
            return Err(value("consultants.first_days", days, "write a number of days from 0 to 200"));
        }
        Ok(Self {
            consultants_shown_to: consultants
                .shown_to
                .iter()
                .map(|word| shown_to(word))
                .collect::<Result<_, _>>()?,
            consultants_first_days: consultants.first_days,
            broker: broker.try_into()?,
            web_listen,
            web_transport: PagesTransport::read(web_listen, web.encrypted, web.certificate_file, web.key_file)?,
            names: transport::names(authority)?,
            enrolment_listen: transport::enrolment(enrolment)?,
            trusted_proxies: web.trusted_proxies.iter().map(|text| network(text)).collect::<Result<_, _>>()?,
            displays_need_token: displays.need_token,
            openid: openid.map(TryInto::try_into).transpose()?,
            calendar,
            contacts_per_fortnight: programme.contacts_per_fortnight,
            final_after_days: programme.final_after_days,
            questionnaires: programme.questionnaires,
            definitions: programme.definitions,
            national: national
                .try_into()
                .map_err(|error: CodesError| value(error.setting, error.value, error.rule))?,
            series: series.iter().map(series_start).collect::<Result<_, _>>()?,
            targets: targets::read(&targets)?,
            languages,
            kiosk_broker_url,
            accept_simulated: kiosks.accept_simulated,
            preview_program: kiosks.preview_program,
            withdrawal_codes: kiosks.withdrawal_codes.unwrap_or(false),
            safeguarding: volunteers.safeguarding,
            comments: Rules { two_person_release: comments.two_person_release },
            reach: Reach::read(delivery, &contacts, help, alerts)?,
            publish: publish::read(&publish)?,
            backup_recipients: backup.recipients()?,
            retention: retention.try_into()?,
            file,
        })
    }
}

/// Nobody but the board and the office has a page on which a consultant could be shown.
fn shown_to(word: &str) -> Result<Audience, ConfigError> {
    let known = word.parse().ok().filter(|audience| matches!(audience, Audience::Board | Audience::Office));
    known.ok_or_else(|| value("consultants.shown_to", word, "name the audiences: board, office, or none"))
}

fn series_start(file: &SeriesFile) -> Result<SeriesStart, ConfigError> {
    let from = file.from.parse().map_err(|_| value("series.from", &file.from, "write a date as 2027-01-04"))?;
    let definition = definition_ref(&file.definition).map_err(|_| {
        value("series.definition", &file.definition, "write an id and a version, as in inpatient@2")
    })?;
    Ok(SeriesStart { from, definition })
}

fn network(text: &str) -> Result<Network, ConfigError> {
    text.parse().map_err(|_| {
        let rule = "write the addresses or networks of proxies, as in [\"127.0.0.1\", \"10.1.0.0/16\"]";
        value("web.trusted_proxies", text, rule)
    })
}

fn address(setting: &'static str, text: &str) -> Result<SocketAddr, ConfigError> {
    text.parse().map_err(|_| {
        value(setting, text, "write an address and a port as 127.0.0.1:8080; port 0 is any free port")
    })
}

#[cfg(test)]
mod tests;
