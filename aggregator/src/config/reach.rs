//! Who is reached outside the pages: contacts, the chains of help, and who is told of alerts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use wardvoice_protocol::directory::Directory;
use wardvoice_protocol::id::WardId;

use super::{ConfigError, value};
use crate::alerts::{self, Audience, Budgets, Limits};
use crate::delivery::{self, ADDRESS_RULE, Address, ContactName, Kind, Listed};
use crate::help::escalation::{Chain, Chains, MOST_STEPS};

/// The longest patience: three days.
const MOST_HOURS: u16 = 72;
/// The longest time until the next is told: a day.
const MOST_MINUTES: u16 = 24 * 60;
/// The least and the most free megabytes that a full disk may be told of with.
const FREE_MEGABYTES: std::ops::RangeInclusive<u32> = 64..=1_000_000;
/// The longest time without a backup: a year.
const MOST_DAYS: u16 = 366;
/// The largest budget of a week.
const MOST_ALERTS: u32 = 1_000;

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct DeliveryFile {
    pub(super) give_up_after_hours: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    secrets_file: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pages_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proxy: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ContactFile {
    name: String,
    #[serde(default = "json")]
    kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct HelpFile {
    contacts: Vec<String>,
    pub(super) escalate_after_minutes: u16,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    wards: BTreeMap<String, WardHelpFile>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct WardHelpFile {
    #[serde(default)]
    contacts: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    escalate_after_minutes: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AlertsFile {
    pub(super) digest_hour: u8,
    pub(super) disk_free_mb: u32,
    pub(super) backup_after_days: u16,
    pub(super) a_week: BudgetsFile,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tell: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct BudgetsFile {
    pub(super) ward: u32,
    pub(super) department: u32,
    pub(super) office: u32,
    pub(super) board: u32,
    pub(super) it: u32,
}

fn json() -> String {
    "json".to_owned()
}

impl Default for DeliveryFile {
    fn default() -> Self {
        Self { give_up_after_hours: 24, secrets_file: None, pages_url: None, proxy: None }
    }
}

impl Default for HelpFile {
    fn default() -> Self {
        Self { contacts: Vec::new(), escalate_after_minutes: 5, wards: BTreeMap::new() }
    }
}

impl Default for AlertsFile {
    fn default() -> Self {
        Self {
            digest_hour: 8,
            disk_free_mb: 1_024,
            backup_after_days: 3,
            a_week: BudgetsFile::default(),
            tell: BTreeMap::new(),
        }
    }
}

impl Default for BudgetsFile {
    fn default() -> Self {
        Self { ward: 3, department: 3, office: 10, board: 2, it: 10 }
    }
}

/// Who is reached outside the pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// The contacts, and how long messages to them are tried.
    pub delivery: delivery::Settings,
    /// Who is told of requests for help.
    pub help: Chains,
    /// Who is told of alerts, how many a week and when of the rest.
    pub alerts: alerts::Settings,
    /// From when on alerts are about the server itself.
    pub server: Limits,
}

impl Reach {
    /// Reads what the file says of all of them.
    pub(super) fn read(
        delivery: DeliveryFile,
        contacts: &[ContactFile],
        help: HelpFile,
        alerts: AlertsFile,
    ) -> Result<Self, ConfigError> {
        let listed = contacts.iter().map(listed).collect::<Result<Vec<_>, _>>()?;
        let mut names = BTreeSet::new();
        if let Some(twice) = listed.iter().find(|contact| !names.insert(contact.name.clone())) {
            return Err(value("contacts.name", twice.name.to_string(), "it stands twice"));
        }
        if let Some(rule) = delivery::too_many(listed.len()) {
            return Err(value("contacts", listed.len().to_string(), rule));
        }
        Ok(Self {
            delivery: settings(delivery, listed)?,
            help: chains(help, &names)?,
            server: limits(&alerts)?,
            alerts: told(alerts, &names)?,
        })
    }

    /// Whether the directory knows the wards and departments that are named.
    pub fn check(&self, directory: &Directory) -> Result<(), ConfigError> {
        let unknown = |setting, ward: &WardId| value(setting, ward.to_string(), "the directory has no such ward");
        if let Some(ward) = self.help.unknown_ward(directory) {
            return Err(unknown("help.wards", ward));
        }
        if let Some(ward) = self.alerts.wards().find(|ward| directory.ward(ward).is_none()) {
            return Err(unknown("alerts.tell", ward));
        }
        let departments = &directory.file().departments;
        match self.alerts.departments().find(|id| departments.iter().all(|known| known.id != **id)) {
            Some(id) => Err(value("alerts.tell", id.to_string(), "the directory has no such department")),
            None => Ok(()),
        }
    }
}

fn settings(file: DeliveryFile, contacts: Vec<Listed>) -> Result<delivery::Settings, ConfigError> {
    let hours = file.give_up_after_hours;
    if !(1..=MOST_HOURS).contains(&hours) {
        let rule = format!("write a number of hours from 1 to {MOST_HOURS}");
        return Err(value("delivery.give_up_after_hours", hours.to_string(), rule));
    }
    let pages_url = file.pages_url.map(|text| {
        let is_one = Address::read(&text).is_some() && !text.contains(['?', '#']);
        let rule = "write where people reach the pages, as https://wardvoice.example";
        if is_one {
            Ok(text.trim_end_matches('/').to_owned())
        } else {
            Err(value("delivery.pages_url", text, rule))
        }
    });
    let proxy = file.proxy.map(|text| {
        let is_one = delivery::is_proxy(&text);
        if is_one { Ok(text) } else { Err(value("delivery.proxy", text, "write http://host:port")) }
    });
    Ok(delivery::Settings {
        give_up_after: SignedDuration::from_hours(i64::from(hours)),
        secrets_file: file.secrets_file,
        pages_url: pages_url.transpose()?,
        proxy: proxy.transpose()?,
        contacts,
    })
}

fn listed(file: &ContactFile) -> Result<Listed, ConfigError> {
    let name: ContactName = file
        .name
        .parse()
        .map_err(|error: delivery::ContactNameError| value("contacts.name", &file.name, error.to_string()))?;
    let kind = match file.kind.as_str() {
        "json" => Kind::Json,
        "teams" => Kind::Teams,
        other => return Err(value("contacts.kind", other, format!("contact {name} is json or teams"))),
    };
    // The address may be a secret, so the error names the contact instead.
    let wrong = || value("contacts.url", format!("(of contact {name})"), ADDRESS_RULE);
    let url = file.url.as_deref().map(|text| Address::read(text).ok_or_else(wrong)).transpose()?;
    Ok(Listed { name, kind, url })
}

/// Contacts that are listed, each once.
fn known(
    setting: &'static str,
    texts: &[String],
    names: &BTreeSet<ContactName>,
) -> Result<Vec<ContactName>, ConfigError> {
    let mut found = Vec::new();
    for text in texts {
        let name = names.iter().find(|name| name.as_str() == text.as_str());
        let name = name.ok_or_else(|| value(setting, text, "list a contact of that name under [[contacts]]"))?;
        if found.contains(name) {
            return Err(value(setting, text, "it stands twice"));
        }
        found.push(name.clone());
    }
    if found.len() > MOST_STEPS {
        return Err(value(setting, found.len().to_string(), format!("name {MOST_STEPS} contacts at most")));
    }
    Ok(found)
}

fn minutes(setting: &'static str, minutes: u16) -> Result<SignedDuration, ConfigError> {
    if (1..=MOST_MINUTES).contains(&minutes) {
        return Ok(SignedDuration::from_mins(i64::from(minutes)));
    }
    Err(value(setting, minutes.to_string(), format!("write a number of minutes from 1 to {MOST_MINUTES}")))
}

fn chains(file: HelpFile, names: &BTreeSet<ContactName>) -> Result<Chains, ConfigError> {
    let after = minutes("help.escalate_after_minutes", file.escalate_after_minutes)?;
    let default = Chain { contacts: known("help.contacts", &file.contacts, names)?, after };
    let mut wards = BTreeMap::new();
    for (ward, own) in file.wards {
        let id = WardId::new(ward.clone()).map_err(|error| value("help.wards", &ward, error.to_string()))?;
        let contacts = known("help.wards.contacts", &own.contacts, names)?;
        let own = own.escalate_after_minutes.map(|own| minutes("help.wards.escalate_after_minutes", own));
        wards.insert(id, Chain { contacts, after: own.transpose()?.unwrap_or(after) });
    }
    Ok(Chains { default, wards })
}

fn limits(file: &AlertsFile) -> Result<Limits, ConfigError> {
    let (megabytes, days) = (file.disk_free_mb, file.backup_after_days);
    if !FREE_MEGABYTES.contains(&megabytes) {
        let rule = "write a number of megabytes from 64 to 1000000";
        return Err(value("alerts.disk_free_mb", megabytes.to_string(), rule));
    }
    if days > MOST_DAYS {
        let rule = "write a number of days from 1 to 366, or 0 to hear nothing of backups";
        return Err(value("alerts.backup_after_days", days.to_string(), rule));
    }
    let backup_after = (days > 0).then(|| SignedDuration::from_hours(24 * i64::from(days)));
    Ok(Limits { free_bytes: u64::from(megabytes) * 1024 * 1024, backup_after })
}

fn told(file: AlertsFile, names: &BTreeSet<ContactName>) -> Result<alerts::Settings, ConfigError> {
    if file.digest_hour > 23 {
        return Err(value("alerts.digest_hour", file.digest_hour.to_string(), "write an hour from 0 to 23"));
    }
    let BudgetsFile { ward, department, office, board, it } = file.a_week;
    for (setting, budget) in [
        ("alerts.a_week.ward", ward),
        ("alerts.a_week.department", department),
        ("alerts.a_week.office", office),
        ("alerts.a_week.board", board),
        ("alerts.a_week.it", it),
    ] {
        if budget > MOST_ALERTS {
            return Err(value(setting, budget.to_string(), format!("write a number from 0 to {MOST_ALERTS}")));
        }
    }
    let (mut tell, mut every_ward, mut every_department) = (BTreeMap::new(), Vec::new(), Vec::new());
    for (audience, contacts) in file.tell {
        let contacts = known("alerts.tell", &contacts, names)?;
        match audience.as_str() {
            "ward" => every_ward = contacts,
            "department" => every_department = contacts,
            text => {
                let rule = "write office, board, it, ward or department for every one, or \"ward:W12\" for one";
                let audience: Audience = text.parse().map_err(|_| value("alerts.tell", text, rule))?;
                tell.insert(audience, contacts);
            }
        }
    }
    let budgets = Budgets { ward, department, office, board, it };
    Ok(alerts::Settings { digest_hour: file.digest_hour, budgets, tell, every_ward, every_department })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use crate::config::{Config, ConfigFile};
    use crate::delivery::ContactName;

    fn read(text: &str) -> Result<Config, String> {
        let file: ConfigFile = toml::from_str(text).map_err(|error| error.to_string())?;
        Config::try_from(file).map_err(|error| error.to_string())
    }

    const CONTACTS: &str = "[[contacts]]\nname = \"a\"\nurl = \"https://a.example/hook\"\n[[contacts]]\nname = \"b\"\nkind = \"teams\"\n";

    #[test]
    fn what_is_wrong_is_named_and_no_address_is_told() {
        let check = |text: &str, says: &str| {
            let said = read(&format!("{text}\n{CONTACTS}")).unwrap_err();
            assert!(said.contains(says) && !said.contains("s3cret"), "{text} said {said}");
        };
        check("[delivery]\ngive_up_after_hours = 0", "delivery.give_up_after_hours");
        check("[delivery]\npages_url = \"wardvoice\"", "delivery.pages_url");
        check("[delivery]\nproxy = \"socks\"", "delivery.proxy");
        check("[help]\ncontacts = [\"c\"]", "help.contacts = \"c\": list a contact of that name");
        check("[help]\ncontacts = [\"a\", \"a\"]", "it stands twice");
        check("[help]\nescalate_after_minutes = 0", "help.escalate_after_minutes");
        check("[help.wards.\"W 1\"]\ncontacts = [\"a\"]", "help.wards");
        check("[help.wards.W1]\ncontacts = [\"c\"]", "help.wards.contacts");
        check("[help.wards.W1]\nescalate_after_minutes = 2000", "help.wards.escalate_after_minutes");
        check("[help.wards.W1]\nphone = 1", "unknown field `phone`");
        check("[alerts]\ndigest_hour = 24", "alerts.digest_hour");
        check("[alerts]\ndisk_free_mb = 63", "alerts.disk_free_mb");
        check("[alerts]\nbackup_after_days = 367", "alerts.backup_after_days");
        check("[alerts.a_week]\nboard = 1001", "alerts.a_week.board");
        check("[alerts.tell]\nsister = [\"a\"]", "alerts.tell = \"sister\"");
        check("[alerts.tell]\nit = [\"c\"]", "alerts.tell = \"c\"");
        check("[[contacts]]\nname = \"A\"", "contacts.name");
        check("[[contacts]]\nname = \"a\"", "it stands twice");
        check("[[contacts]]\nname = \"c\"\nkind = \"pager\"", "contact c is json or teams");
        for url in ["http://s3cret.example/", "s3cret", "https://s3cret:x@a.example/", "ftp://s3cret.example"] {
            check(&format!("[[contacts]]\nname = \"c\"\nurl = \"{url}\""), "of contact c");
        }
    }

    #[test]
    fn from_when_on_the_server_itself_is_an_alert_is_read() {
        let limits = |text: &str| read(text).unwrap().reach.server;
        let ours = limits("");
        assert_eq!((ours.free_bytes, ours.backup_after.map(|after| after.as_hours())), (1 << 30, Some(72)));
        let theirs = limits("[alerts]\ndisk_free_mb = 64\nbackup_after_days = 0");
        assert_eq!((theirs.free_bytes, theirs.backup_after), (64 << 20, None));
    }

    #[test]
    fn chains_and_audiences_are_read() {
        let text = "[help]\ncontacts = [\"b\"]\nescalate_after_minutes = 7\n[help.wards.W1]\ncontacts = [\"a\"]\n\
            [alerts.tell]\nward = [\"b\"]\n\"ward:W1\" = [\"a\"]\nit = [\"a\", \"b\"]\n";
        let reach = read(&format!("{text}{CONTACTS}")).unwrap().reach;
        let chain = reach.help.of(&"W1".parse().unwrap());
        assert_eq!(chain.contacts.iter().map(ContactName::as_str).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(chain.after.as_mins(), 7);
        let told = |audience: &str| {
            let contacts = reach.alerts.contacts(&audience.parse().unwrap());
            contacts.iter().map(ContactName::as_str).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(["ward:W1", "ward:W2", "it", "board"].map(told), ["a", "b", "a b", ""].map(str::to_owned));
        let directory = crate::directory::example();
        assert!(reach.check(&directory).is_ok());
        let elsewhere = read("[help.wards.W99]\nescalate_after_minutes = 3").unwrap();
        let said = elsewhere.reach.check(&directory).unwrap_err().to_string();
        assert!(said.contains("W99") && said.contains("no such ward"), "{said}");
    }

    #[test]
    fn departments_are_told_by_their_own_contacts_or_those_of_every_one() {
        let text = "[alerts.a_week]\ndepartment = 4\n\
             [alerts.tell]\ndepartment = [\"b\"]\n\"department:elsewhere\" = [\"a\"]\nward = [\"b\"]";
        let alerts = read(&format!("{text}\n{CONTACTS}")).unwrap().reach.alerts;
        assert_eq!(alerts.budgets.department, 4);
        for (audience, expected) in [("department:medicine", "b"), ("department:elsewhere", "a"), ("board", "")] {
            let contacts = alerts.contacts(&audience.parse().unwrap());
            let names: Vec<&str> = contacts.iter().map(ContactName::as_str).collect();
            assert_eq!(names.join(" "), expected, "{audience}");
        }
        let reach = read(&format!("{text}\n{CONTACTS}")).unwrap().reach;
        let said = reach.check(&crate::directory::example()).unwrap_err().to_string();
        assert!(said.contains("elsewhere") && said.contains("no such department"), "{said}");
    }
}
