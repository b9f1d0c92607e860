//! What the programs say and what the server keeps: nothing of it grows without end, and each file is where the data map says.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use wardvoice_tests::debian::{self, Machine, well};
use wardvoice_tests::process::what_is_open;
use wardvoice_tests::programs::{installed, workspace};
use wardvoice_tests::ward::{Between, Ward};

const SESSION: &str = "wardvoice-kiosk-session";
/// What is in a data folder only once there were answers, or the trust has lists, questionnaires, scores or a look of its own.
const COME_WITH_USE: [&str; 5] =
    ["facts.snapshot", "comment-themes.json", "questionnaires", "definitions", "branding"];
/// How often somebody looks at eight pages.
const LOOKS: u64 = 25;
/// Where systemd's own settings for its journal may be, with every key it knows.
const SHIPPED: [&str; 2] = ["/etc/systemd/journald.conf", "/usr/lib/systemd/journald.conf"];

/// The settings `Key=value` of a text, without comments.
fn settings(text: &str) -> BTreeMap<&str, &str> {
    text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('=')).collect()
}

/// A size as systemd writes it, in megabytes.
fn megabytes(size: &str) -> Result<u64> {
    let (number, unit) = size.split_at_checked(size.len().saturating_sub(1)).context("a size is empty")?;
    let number: u64 = number.parse().with_context(|| format!("{size:?} is no size"))?;
    match unit {
        "M" => Ok(number),
        "G" => Ok(number * 1024),
        _ => bail!("{size:?} is in no unit that is known here"),
    }
}

#[test]
fn a_tablets_journal_is_bounded_where_systemd_reads_it() -> Result<()> {
    let out = tempfile::tempdir()?;
    let packages = debian::build(&[SESSION], "1.0", out.path())?;
    let machine = Machine::new()?;
    machine.install(&packages)?;
    // A machine without settings of its own: the bounds have to come from the package.
    fs::create_dir_all(machine.path("/etc/systemd"))?;
    fs::write(machine.path("/etc/systemd/journald.conf"), "")?;
    let mut command = Command::new(installed("systemd-analyze", "systemd")?);
    command.arg(format!("--root={}", machine.path("/").display())).args(["cat-config", "systemd/journald.conf"]);
    let read = well(&command.output()?)?;
    ensure!(read.contains("\n[Journal]\n"), "systemd does not read the bounds: {read}");
    let bounds = settings(&read);
    let on_disk = megabytes(bounds.get("SystemMaxUse").context("the journal on the disk is not bounded")?)?;
    let in_memory = megabytes(bounds.get("RuntimeMaxUse").context("the journal in memory is not bounded")?)?;
    ensure!((10..=200).contains(&on_disk) && (10..=100).contains(&in_memory), "{on_disk} MB and {in_memory} MB");
    ensure!(bounds.contains_key("MaxRetentionSec"), "what is old stays for as long as there is room");
    let known =
        SHIPPED.iter().find_map(|path| fs::read_to_string(path).ok()).context("systemd is not installed")?;
    for key in bounds.keys() {
        ensure!(known.contains(&format!("\n#{key}=")), "systemd knows no {key} and would take no notice of it");
    }
    Ok(())
}

/// What would let a service write its output past the journal, into a file that nobody turns over.
#[test]
fn no_unit_writes_its_output_into_a_file() -> Result<()> {
    let mut units = 0;
    for folder in [
        "deploy/debian/wardvoice-aggregator",
        "deploy/debian/wardvoice-kiosk-session",
        "deploy/kiosk",
        "deploy/mosquitto",
    ] {
        for entry in fs::read_dir(workspace().join(folder))? {
            let path = entry?.path();
            let text = fs::read_to_string(&path)?;
            if path.extension().is_some_and(|extension| extension == "service" || extension == "conf") {
                units += 1;
                for key in ["StandardOutput", "StandardError"] {
                    let to = settings(&text).get(key).copied().unwrap_or("journal");
                    ensure!(to == "journal", "{} sends {key} to {to}", path.display());
                }
                // A mosquitto logs where Debian lets it, and Debian turns that over.
                ensure!(!text.lines().any(|line| line.starts_with("log_dest")), "{}", path.display());
            }
        }
    }
    ensure!(units >= 5, "only {units} units were read");
    Ok(())
}

/// The files below a folder with their sizes, without the log of records, which grows with records.
fn sizes(folder: &Path) -> Result<BTreeMap<PathBuf, u64>> {
    let mut found = BTreeMap::new();
    let mut next = vec![folder.to_path_buf()];
    while let Some(folder) = next.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() && entry.file_name() != "log" {
                next.push(entry.path());
            } else if kind.is_file() {
                found.insert(entry.path(), entry.metadata()?.len());
            }
        }
    }
    Ok(found)
}

#[test]
fn asking_for_pages_lets_no_file_grow_and_the_server_writes_no_log_of_its_own() -> Result<()> {
    let mut ward = Ward::open(Between::Embedded)?;
    ward.aggregator.open_the_office()?;
    let ask = |ward: &Ward| -> Result<()> {
        for path in ["/", "/ward/W1", "/board", "/fleet", "/office", "/metrics", "/healthz", "/no/such/page"] {
            let answer = ward.aggregator.http().get(&ward.aggregator.url(path))?;
            ensure!(answer.status == 200 || answer.status == 404, "{path} answered {}", answer.status);
        }
        Ok(())
    };
    ask(&ward)?;
    let before = sizes(ward.aggregator.data())?;
    for _ in 0..LOOKS {
        ask(&ward)?;
    }
    let after = sizes(ward.aggregator.data())?;
    // A line for each look would be more; what the server notes meanwhile for a reason of its own is less.
    let grew = |(path, size): (&PathBuf, &u64)| size.saturating_sub(before.get(path).copied().unwrap_or_default());
    let grown: u64 = after.iter().map(grew).sum();
    ensure!(grown < 100 * LOOKS, "files grew because somebody looked: {before:?} and {after:?}");
    ensure!(before.len() > 5, "only {before:?} were looked at");

    let own = fs::canonicalize(ward.path())?;
    let server = ward.aggregator.process()?;
    // Whoever runs the tests may have left files open that everybody inherits.
    let inherited = what_is_open(std::process::id())?;
    let mut files: BTreeSet<PathBuf> = what_is_open(server.id())?.into_iter().collect();
    files.retain(|target| target.is_file() && !inherited.contains(target));
    ensure!(files.iter().any(|file| file.starts_with(&own)), "{files:?}");
    let elsewhere: Vec<_> = files.iter().filter(|file| !file.starts_with(&own)).collect();
    ensure!(elsewhere.is_empty(), "it keeps {elsewhere:?} open");
    ensure!(server.output().contains("the log is open"), "it says nothing where systemd listens");
    Ok(())
}

#[test]
fn the_data_map_names_every_file_of_the_data_folder() -> Result<()> {
    let mut ward = Ward::open(Between::Embedded)?;
    ward.aggregator.open_the_office()?;
    let map = fs::read_to_string(workspace().join("docs/privacy.md"))?;
    let mut names = BTreeSet::from(COME_WITH_USE.map(str::to_owned));
    let mut look = |ward: &Ward| -> Result<()> {
        for entry in fs::read_dir(ward.aggregator.data())? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            // How far a file of lines reaches stands beside it.
            names.insert(name.trim_end_matches(".head").to_owned());
        }
        Ok(())
    };
    look(&ward)?;
    ward.aggregator.stop()?;
    look(&ward)?;
    let missing: Vec<_> = names.iter().filter(|name| !map.contains(&format!("`{name}`"))).collect();
    ensure!(names.len() > 15, "only {names:?} are in the data folder");
    ensure!(missing.is_empty(), "docs/privacy.md says nothing of {missing:?}");
    Ok(())
}
