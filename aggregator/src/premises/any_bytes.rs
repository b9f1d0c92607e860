//! Whatever lies in the data folder, opening it answers: with everything, or with an error that says what to do.
#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::LazyLock;

use jiff::SignedDuration;
use proptest::prelude::*;
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::id::WardId;
use wardvoice_protocol::keys::SigningKey;

use super::*;
use crate::actions::NewAction;
use crate::app::Addresses;
use crate::audit::Deed;
use crate::comments::{FRAME_FILE, Frame, NAMES_FILE, Names, SIGNS_FILE, Signs};
use crate::config::ConfigFile;
use crate::garbled;
use crate::rebases::NewRebase;
use crate::translations::Ruling as TranslationRuling;
use crate::tries::Tries;

/// What stands in files that nothing here writes.
const OTHERS: [(&str, &str); 14] = [
    (
        "accounts.json",
        r#"{"version":2,"accounts":{"office":{"password":"$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$wRkZY+tWSY8ObPwnpZ9fB4c/4QZ8Qoyi9eH+WB0E5F4","roles":["office","ward:W1"]}}}"#,
    ),
    (
        "pins.json",
        r#"{"version":1,"pins":{"volunteer":"$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$wRkZY+tWSY8ObPwnpZ9fB4c/4QZ8Qoyi9eH+WB0E5F4"}}"#,
    ),
    (
        "tries.json",
        r#"{"version":1,"addresses":{"127.0.0.1":{"wrong":68,"last":"2026-11-23T08:00:00Z"}},"accounts":{"x":{"wrong":4294967295,"last":"9999-12-30T22:00:00Z"}}}"#,
    ),
    ("addresses.json", r#"{"http":"http://127.0.0.1:8080","mqtt":"mqtt://127.0.0.1:1883"}"#),
    (NAMES_FILE, "# made up\nNurse Placeholder = a nurse\nPorter Example\n"),
    (
        SIGNS_FILE,
        r#"{"format":1,"languages":{"en":{"checked":true,"safeguarding":["hit me","bruis*"],"distress":["suicide"]}}}"#,
    ),
    (FRAME_FILE, r#"{"format":1,"themes":[{"id":"noise","label":"Noise","terms":{"en":["noisy","loud*"]}}]}"#),
    (
        "releases.ndjson",
        r#"{"version":1,"at":"2026-11-23T10:15:00Z","event":{"subject":"friends_and_family","unit":"trust:T1","wards":["W1"],"period":"2026-10","first_day":"2026-10-01","last_day":"2026-10-31","as_of":"2026-11-07","parts":[{"name":"positive","people":18446744073709551615}]}}"#,
    ),
    (
        "disputes.ndjson",
        r#"{"version":1,"at":"2026-11-23T10:15:00Z","event":{"what":"ruled","number":4294967295,"ruling":"upheld","on":"2026-11-23","note":null}}"#,
    ),
    (
        "publishing.json",
        r#"{"version":1,"editions":{"public":{"since":"2026-11-23T10:15:00Z","who":"command","came":{"what":"running"}}}}"#,
    ),
    ("backup.json", r#"{"version":1,"at":"9999-12-30T22:00:00Z"}"#),
    ("delivery.ndjson", r#"{"version":1,"at":"2026-11-23T10:15:00Z","event":{"what":"delivered","id":"x"}}"#),
    (
        "alerts.ndjson",
        r#"{"version":1,"at":"9999-12-30T22:00:00Z","event":{"what":"seen","key":"kiosk","by":"office"}}"#,
    ),
    (
        "forks.ndjson",
        r#"{"version":1,"at":"2026-11-23T10:15:00Z","event":{"what":"looked","kiosk":"k-1","envelope":"0000000000000000000000000000000000000000000000000000000000000000","by":"office"}}"#,
    ),
];

/// The files of a folder in which everything was used once.
static WHOLE: LazyLock<BTreeMap<String, Vec<u8>>> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    fs::write(data.join("directory.json"), directory::example_file()).unwrap();
    use_everything(&open(data).unwrap());
    let mut files = BTreeMap::new();
    collect(data, data, &mut files);
    files
});

fn open(data: &Path) -> Result<Premises> {
    Premises::open(data, Config::try_from(ConfigFile::default()).unwrap())
}

fn use_everything(premises: &Premises) {
    let now: Timestamp = "2026-11-23T10:15:00Z".parse().unwrap();
    let today: Date = "2026-11-23".parse().unwrap();
    let ward: WardId = premises.directory.wards().first().unwrap().id.clone();
    let office: StaffRole = "office".parse().unwrap();
    let key = SigningKey::from_bytes(&[3; 32]).verifying_key();
    premises.registry.add(&"k-1".parse().unwrap(), &ward, key, &premises.directory).unwrap();
    premises.display_tokens.add(&ward, now).unwrap();
    let wish =
        PlanWish { ward: Some(ward.clone()), beds: Some(3), target: None, reason: "bed closures".to_owned() };
    premises.planning.decide(&wish, &office, today).unwrap();
    let action = NewAction {
        unit: Unit::Ward(ward.clone()),
        said: "It is loud at night.".to_owned(),
        did: "Soft bins.".to_owned(),
        owner: None,
        about: None,
        due: Some(today),
        cause: crate::actions::Cause::default(),
    };
    let number = premises.actions.add(action, today).unwrap().number;
    premises.actions.finish(number, today).unwrap();
    let rebase = NewRebase {
        unit: Unit::Ward(ward.clone()),
        measure: None,
        from: "2026-F23".to_owned(),
        first_day: "2026-11-09".parse().unwrap(),
        reason: "a new sister".to_owned(),
    };
    premises.rebases.add(rebase).unwrap();
    premises.returns.note_eligible("2026-10", BTreeMap::from([(ward, 312)]), &premises.directory).unwrap();
    let questionnaire = premises.questionnaires.all().first().unwrap().clone();
    let welsh = "cy".parse().unwrap();
    let approve = TranslationRuling::Approve { words: None };
    premises.translations.decide(&questionnaire, &welsh, approve, "read by a speaker", &office).unwrap();
    premises.audit.note(now, "office", Deed::ChangedPlan, Some("plan:W1"), None).unwrap();
}

fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, files);
        } else {
            let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
            files.insert(name, fs::read(&path).unwrap());
        }
    }
}

fn lay_out(data: &Path, files: impl IntoIterator<Item = (String, Vec<u8>)>) {
    for (name, bytes) in files {
        let path = data.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
}

/// Everything that reads a small file of the folder without the log.
fn read_the_others(data: &Path) -> Vec<Result<()>> {
    let now: Timestamp = "2026-11-23T10:15:00Z".parse().unwrap();
    let tries = Tries::open(data.join("tries.json"));
    tries.note(None, "office", false, now);
    let wait = tries.wait(Some("127.0.0.1".parse().unwrap()), "office", now);
    assert!(wait.is_none_or(|seconds| (1..=60).contains(&seconds)), "{wait:?}");
    drop(Addresses::read(data));
    vec![
        Names::open(&data.join(NAMES_FILE)).map(drop).map_err(failed),
        Signs::open(&data.join(SIGNS_FILE)).map(drop).map_err(failed),
        Frame::open(&data.join(FRAME_FILE)).map(drop).map_err(failed),
        Marks::open(data.join("monitor.ndjson")).map(drop).map_err(failed),
        Delivery::open(data.join("delivery.ndjson"), SignedDuration::from_hours(1)).map(drop).map_err(failed),
        Alerts::open(data.join("alerts.ndjson")).map(drop).map_err(failed),
    ]
}

/// What a folder that opened is asked for at once.
fn look_at(premises: &Premises) {
    let ward = premises.directory.wards().first().map(|ward| ward.id.clone());
    drop((premises.registry.all(), premises.planning.plans(), premises.planning.decisions()));
    assert!(
        ward.is_none_or(|ward| premises.planning.beds(&ward).is_some()),
        "every ward of the directory has a plan"
    );
    drop((premises.actions.list(), premises.rebases.list(), premises.disputes.list(), premises.releases.all()));
    drop((premises.returns.eligible("2026-10"), premises.audit.recent(5), premises.display_tokens.list()));
    drop((premises.accounts.all(), premises.kiosk_broker_url(), premises.last_backup.at()));
}

#[test]
fn a_folder_in_which_everything_was_used_opens_again() {
    let folder = tempfile::tempdir().unwrap();
    lay_out(folder.path(), WHOLE.clone());
    for (name, text) in OTHERS.iter().take(7) {
        lay_out(folder.path(), [((*name).to_owned(), text.as_bytes().to_vec())]);
    }
    look_at(&open(folder.path()).unwrap());
    for read in read_the_others(folder.path()) {
        read.unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn whatever_lies_in_the_folder_it_opens_or_says_what_is_wrong(
        files in {
            let others = OTHERS.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec()));
            let all: BTreeMap<String, Vec<u8>> = WHOLE.clone().into_iter().chain(others).collect();
            let names: Vec<String> = all.keys().cloned().collect();
            let contents = garbled::bytes(all.into_values().collect());
            prop::collection::vec((prop::sample::select(names), contents), 1..4)
        },
        own in any::<bool>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        lay_out(folder.path(), WHOLE.clone());
        for (name, bytes) in files {
            // Every second time it is the file's own content that is damaged.
            let before = WHOLE.get(&name).filter(|_| own).cloned().unwrap_or_default();
            lay_out(folder.path(), [(name, [before, bytes].concat())]);
        }
        match open(folder.path()) {
            Ok(premises) => look_at(&premises),
            Err(error) => prop_assert!(format!("{error:#}").starts_with("failed to "), "{error:#}"),
        }
        for read in read_the_others(folder.path()) {
            if let Err(error) = read {
                prop_assert!(format!("{error:#}").starts_with("failed to "), "{error:#}");
            }
        }
    }
}
