//! The demonstration: a made-up trust, and past fortnights, ten unless told otherwise, that went the way every answer goes.
//!
//! The past is sealed by demonstration kiosks with keys of their own, judged, logged and counted like any other record; the
//! only difference is the time of arrival, which lies in the past with the contact. Nothing in it is about a real place or
//! person: see [`crate::demo_data`].
//!
//! A folder is filled once. The file `demonstration` says how far that is; a folder whose filling was interrupted is filled
//! afresh, a folder that holds anything else is left alone.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use jiff::{SignedDuration, Timestamp};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use wardvoice_protocol::clock::Clock;
use wardvoice_protocol::contact::Contact;
use wardvoice_protocol::directory::Directory;
use wardvoice_protocol::envelope::{ChainHead, Envelope};
use wardvoice_protocol::id::{Hash, KioskId, RecordId, WardId};
use wardvoice_protocol::keys::{SealKey, SigningKey};
use wardvoice_protocol::receipt::Decision;
use wardvoice_protocol::record::{Body, Record};

use crate::accounts::{Accounts, OFFICE, Proof};
use crate::comments::{Found, NAMES_FILE, Reach, Tone, Wish, suggested};
use crate::config::Config;
use crate::demo_data;
use crate::durable_file::{self, Readers};
use crate::fleet::Fleet;
use crate::help::StaffRole;
use crate::ingest::Arrival;
use crate::operations::{self, Talk};
use crate::pins::{self, Pins};
use crate::policy::Role;
use crate::premises::{DEMONSTRATION, House, Premises, failed, log_folder};

/// How many fortnights of past there are, unless told otherwise.
pub(crate) const FORTNIGHTS: u32 = 10;
/// A kiosk takes so many times the patients of a ward of the demonstration, some ten a day.
const TIMES_A_KIOSK: u32 = 8;
/// How many records are taken in at once.
const AT_ONCE: usize = 512;
/// The PINs of a demonstration. They open nothing else.
const PINS: [(pins::Role, &str); 2] = [(pins::Role::Volunteer, "2580"), (pins::Role::Manager, "13579")];
/// The accounts of a demonstration, one a role, each with its password. They open nothing else.
const ACCOUNTS: [(&str, &str, &str); 9] = [
    ("office", "office", "demonstration-office"),
    ("administrator", "administrator", "demonstration-administrator"),
    ("board", "board", "demonstration-board"),
    ("ward-w07", "ward:W07", "demonstration-ward"),
    ("department", "department:medicine", "demonstration-department"),
    ("consultant-c07", "consultant:C07", "demonstration-consultant"),
    ("consultant-c12", "consultant:C12", "demonstration-consultant"),
    ("appraiser", "appraiser:C07", "demonstration-appraiser"),
    ("display-w07", "display:W07", "demonstration-display"),
];
/// Nobody's name: what the made-up comments call a nurse.
const STAFF_NAMES: &str = "# Made up for the demonstration.\nNurse Placeholder = a nurse\n";
const FILLING: &str = "filling\n";
const FILLED: &str = "filled\n";

/// Which past is made up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Past {
    /// What patients say follows from it.
    pub(crate) seed: u64,
    /// How many fortnights there are.
    pub(crate) fortnights: u32,
    /// How many times as many patients as the demonstration's: for measurements.
    pub(crate) times: u32,
}

/// Fills a data folder with a made-up trust and its past, unless that was done before.
pub(crate) fn prepare(data: &Path, config: &Config, past: Past, talk: &mut dyn Talk) -> Result<()> {
    let mark = data.join(DEMONSTRATION);
    match fs::read_to_string(&mark) {
        Ok(text) if text == FILLED => return open_doors(data),
        Ok(_) => empty(data)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let real = ["directory.json", "kiosks.json", "log"].iter().find(|name| data.join(name).exists());
            if let Some(name) = real {
                let folder = data.display();
                anyhow::bail!(
                    "failed to make up a trust in {folder}: it holds a {name} that is not of a demonstration; \
                     give another folder with --data"
                );
            }
        }
        Err(error) => return Err(error).with_context(|| format!("failed to read {}", mark.display())),
    }
    let say = |text: &str| {
        durable_file::replace(&mark, text.as_bytes(), Readers::Anyone)
            .with_context(|| format!("failed to write {}", mark.display()))
    };
    say(FILLING)?;
    fill(data, config, past, talk)?;
    open_doors(data)?;
    say(FILLED)
}

/// The accounts in words, to be printed.
pub(crate) fn accounts_in_words() -> String {
    let line = |(name, role, password): &(&str, &str, &str)| format!("  {name:<16} {password:<28} {role}\n");
    let lines: String = ACCOUNTS.iter().map(line).collect();
    format!("Sign in (name, password, role):\n{lines}")
}

/// Sets the PINs and passwords that are printed, unless somebody has set others.
fn open_doors(data: &Path) -> Result<()> {
    let accounts = Accounts::open(data.join("accounts.json")).map_err(failed)?;
    for (name, role, password) in ACCOUNTS {
        if accounts.get(name).is_none() {
            let role: Role = role.parse().map_err(failed)?;
            accounts.add(&name.parse().map_err(failed)?, Proof::Chosen(password), &[role]).map_err(failed)?;
        }
    }

    let pins = Pins::open(data.join("pins.json")).map_err(failed)?;
    for (role, pin) in PINS.into_iter().filter(|(role, _)| pins.hash(*role).is_none()) {
        pins.set(role, pin).map_err(failed)?;
    }
    Ok(())
}

/// Removes what an interrupted filling left.
fn empty(data: &Path) -> Result<()> {
    let gone = |result: io::Result<()>, path: PathBuf| match result {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("failed to remove {}", path.display()))
        }
        _ => Ok(()),
    };
    gone(fs::remove_dir_all(log_folder(data)), log_folder(data))?;
    for lines in [
        "actions.ndjson",
        "comments.ndjson",
        "comments.ndjson.head",
        "monitor.ndjson",
        "monitor.ndjson.head",
        "disputes.ndjson",
        "forks.ndjson",
        "rebases.ndjson",
        "returns.ndjson",
        "releases.ndjson",
    ]
    .map(|name| data.join(name))
    {
        gone(fs::remove_file(&lines), lines)?;
    }
    let registry = data.join("kiosks.json");
    gone(fs::remove_file(&registry), registry)
}

fn fill(data: &Path, config: &Config, past: Past, talk: &mut dyn Talk) -> Result<()> {
    let Past { seed, fortnights, times } = past;
    let file = serde_json::to_vec_pretty(&demo_data::directory(seed))?;
    let path = data.join("directory.json");
    durable_file::replace(&path, &file, Readers::Anyone)
        .with_context(|| format!("failed to write {}", path.display()))?;
    let names = data.join(NAMES_FILE);
    durable_file::replace(&names, STAFF_NAMES.as_bytes(), Readers::Owner)
        .with_context(|| format!("failed to write {}", names.display()))?;
    let premises = Premises::open(data, config.clone())?;
    let questionnaire = premises.questionnaires.all().first().context("failed to find a questionnaire")?;
    let questionnaire = questionnaire.clone();
    let directory = &premises.directory;
    let mut kiosks = Kiosks::new(past, directory, premises.keys.seal_key().clone())?;
    premises.registry.add_simulated(kiosks.introductions(), directory).map_err(failed)?;

    for (action, opened, done) in demo_data::actions(directory, premises.today()) {
        let action = premises.actions.add(action, opened).map_err(failed)?;
        if let Some(done) = done {
            premises.actions.finish(action.number, done).map_err(failed)?;
        }
    }

    let house = House::open(premises, Box::new(|_, _, _| ()), Arc::new(Fleet::new()), Arc::default())?;
    let (directory, calendar) = (&house.premises.directory, &config.calendar);
    let (today, all) = (house.premises.today(), u64::from(fortnights));
    // The oldest fortnight first and one at a time, so that a dense past needs no more memory than one of them.
    for back in (0..fortnights).rev() {
        talk.progress("making up past fortnights", all - u64::from(back) - 1, all);
        let mut contacts = Vec::new();
        for more in 0..u64::from(times) {
            let some = demo_data::fortnight(seed + more, directory, &questionnaire, calendar, today, back);
            contacts.extend(some.map_err(failed)?);
        }
        contacts.sort_by_key(|(moment, _)| *moment);
        for some in contacts.chunks(AT_ONCE) {
            let arrivals = some.iter().map(|(moment, contact)| kiosks.seal(*moment, contact));
            let verdicts = house.pipeline.settle(arrivals.collect::<Result<_>>()?).map_err(failed)?;
            let refused = verdicts.iter().find(|verdict| verdict.decision != Decision::Accepted);
            ensure!(refused.is_none(), "failed to store the made-up past: {refused:?}");
        }
    }
    talk.progress("making up past fortnights", all, all);
    // The display pages of the made-up wards have something to show.
    operations::release_everything(&house)?;
    moderate(&house)?;
    house.close()
}

/// Decides about the made-up comments of all but the last past fortnight, as an office would have that read them.
fn moderate(house: &House) -> Result<()> {
    let calendar = &house.premises.config.calendar;
    let last = calendar.before(calendar.fortnight_of(house.premises.today())?)?;
    let office: StaffRole = OFFICE.parse().map_err(failed)?;
    let is_past = |found: &Found| found.day < last.start();
    let frame = house.comments.frame();
    let now = Timestamp::now();
    let code = |found: &Found| is_past(found).then(|| Wish::Code(suggested(&frame, found)));
    house.comments.decide_unread(&office, now, code).map_err(failed)?;
    let pass = |found: &Found| {
        is_past(found).then(|| match (found.signs.is_empty(), found.id.question().as_str() == "good") {
            (_, true) => Wish::Release(Tone::Praise, Reach::Everybody),
            (true, false) => Wish::Release(Tone::Criticism, Reach::Staff),
            (false, false) => Wish::Hold("made up for the demonstration: looked into at the time".to_owned()),
        })
    };
    house.comments.decide_unread(&office, now, pass).map_err(failed)?;
    Ok(())
}

/// The kiosks of the wards, with keys that follow from the seed. One a ward, and more where there are many patients.
struct Kiosks {
    by_ward: BTreeMap<WardId, Vec<PastKiosk>>,
    /// How many contacts were sealed; kiosks of a ward take turns.
    sealed: usize,
    seal_key: SealKey,
    random: StdRng,
}

struct PastKiosk {
    id: KioskId,
    signing_key: SigningKey,
    head: ChainHead,
}

impl Kiosks {
    fn new(past: Past, directory: &Directory, seal_key: SealKey) -> Result<Self> {
        let Past { seed, times, .. } = past;
        let kiosk = |ward: &WardId, number: u32| -> Result<PastKiosk> {
            let name = if number == 0 { ward.to_string() } else { format!("{ward}-{number}") };
            let id = KioskId::new(format!("sim-past-{name}"))?;
            let secret = Hash::of(format!("wardvoice demonstration {seed} {name}").as_bytes());
            let signing_key = SigningKey::from_bytes(secret.as_bytes());
            Ok(PastKiosk { id, signing_key, head: ChainHead::EMPTY })
        };
        let of_ward = |ward: &WardId| -> Result<(WardId, Vec<PastKiosk>)> {
            let numbers = 0..times.div_ceil(TIMES_A_KIOSK);
            Ok((ward.clone(), numbers.map(|number| kiosk(ward, number)).collect::<Result<_>>()?))
        };
        let by_ward = directory.wards().iter().map(|ward| of_ward(&ward.id)).collect::<Result<_>>()?;
        Ok(Self { by_ward, sealed: 0, seal_key, random: StdRng::seed_from_u64(seed) })
    }

    fn introductions(&self) -> Vec<(KioskId, WardId, wardvoice_protocol::keys::VerifyingKey)> {
        let introduce = |(ward, kiosk): (&WardId, &PastKiosk)| {
            (kiosk.id.clone(), ward.clone(), kiosk.signing_key.verifying_key())
        };
        let all = self.by_ward.iter().flat_map(|(ward, kiosks)| kiosks.iter().map(move |kiosk| (ward, kiosk)));
        all.map(introduce).collect()
    }

    /// A contact as it would have arrived, half a minute after it was completed.
    fn seal(&mut self, moment: Timestamp, contact: &Contact) -> Result<Arrival> {
        let kiosks = self.by_ward.get_mut(&contact.ward);
        let turn = kiosks.map(|kiosks| (self.sealed % kiosks.len().max(1), kiosks));
        let kiosk = turn.and_then(|(turn, kiosks)| kiosks.get_mut(turn));
        let kiosk = kiosk.context("failed to find the ward of a made-up contact")?;
        self.sealed += 1;
        let mut drawn = [0; 10];
        self.random.fill_bytes(&mut drawn);
        let id = RecordId::new(u64::try_from(moment.as_millisecond()).unwrap_or(0), drawn);
        let record = Record { clock: Clock::new(moment, None), body: Body::Contact(contact.clone()) };
        let envelope = Envelope::seal(
            &record,
            id,
            &kiosk.id,
            kiosk.head,
            &self.seal_key,
            &kiosk.signing_key,
            &mut self.random,
        )
        .map_err(failed)?;
        kiosk.head = envelope.chain_head();
        let received = moment.checked_add(SignedDuration::from_secs(30)).unwrap_or(moment);
        Ok(Arrival { kiosk: kiosk.id.clone(), payload: envelope.to_json(), received, not_before: None })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;
    use crate::config::ConfigFile;

    struct Quiet;

    impl Talk for Quiet {
        fn item(&mut self, _json: &str) -> Result<()> {
            Ok(())
        }
        fn progress(&mut self, _what: &str, _done: u64, _of: u64) {}
        fn next_line(&mut self) -> Result<Option<String>> {
            Ok(None)
        }
    }

    fn past(seed: u64) -> Past {
        Past { seed, fortnights: FORTNIGHTS, times: 1 }
    }

    fn contacts(data: &Path, config: &Config) -> (u64, Hash) {
        let premises = Premises::open(data, config.clone()).unwrap();
        assert!(premises.demonstration);
        let house = House::open(premises, Box::new(|_, _, _| ()), Arc::new(Fleet::new()), Arc::default()).unwrap();
        let digest = house.facts.read().unwrap().digest();
        let counted = (house.reader().position(), digest);
        house.close().unwrap();
        counted
    }

    #[test]
    fn a_folder_is_filled_once_whatever_interrupts_it_and_never_over_real_data() {
        let config = Config::try_from(ConfigFile::default().for_demonstration()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        prepare(data, &config, past(5), &mut Quiet).unwrap();
        let filled = contacts(data, &config);
        assert!((3_000..5_000).contains(&filled.0), "{}", filled.0);
        let pins = Pins::open(data.join("pins.json")).unwrap();
        assert!(pins.hash(pins::Role::Volunteer).is_some() && pins.hash(pins::Role::Manager).is_some());
        let accounts = Accounts::open(data.join("accounts.json")).unwrap();
        assert!(accounts.verify("consultant-c07", "demonstration-consultant").is_some());
        prepare(data, &config, past(6), &mut Quiet).unwrap();
        assert_eq!(contacts(data, &config), filled, "a second start adds nothing");

        fs::write(data.join(DEMONSTRATION), FILLING).unwrap();
        prepare(data, &config, past(5), &mut Quiet).unwrap();
        assert_eq!(
            contacts(data, &config),
            filled,
            "an interrupted filling is made afresh, and the seed says all"
        );

        fs::remove_file(data.join(DEMONSTRATION)).unwrap();
        let refused = prepare(data, &config, past(5), &mut Quiet).unwrap_err().to_string();
        assert!(refused.contains("--data"), "{refused}");
    }

    #[test]
    fn a_dense_past_is_of_more_patients_and_more_kiosks() {
        let config = Config::try_from(ConfigFile::default().for_demonstration()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let dense = Past { seed: 5, fortnights: 1, times: TIMES_A_KIOSK + 1 };
        prepare(folder.path(), &config, dense, &mut Quiet).unwrap();
        let (stored, _) = contacts(folder.path(), &config);
        assert!((3_000..4_500).contains(&stored), "{stored}");
        let premises = Premises::open(folder.path(), config).unwrap();
        assert_eq!(premises.registry.all().len(), 2 * premises.directory.wards().len());
    }
}
