//! The demonstration: two of them side by side, from a path with spaces, as they come and as they go.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use wardvoice_tests::http::Http;
use wardvoice_tests::process::Process;
use wardvoice_tests::programs;
use wardvoice_tests::wait::{until, until_true};

/// Building is most of it when the programs are not there yet.
const BUILT_AND_STARTED: Duration = Duration::from_mins(4);

fn start(name: &str, room: &Path) -> Result<Process> {
    let checkout = room.join("a checkout");
    if !checkout.exists() {
        symlink(programs::workspace(), &checkout)?;
    }
    let home = room.join("home");
    fs::create_dir_all(&home)?;
    let target = programs::profile_directory()?.parent().context("no target directory")?.to_path_buf();
    let mut command = Command::new(checkout.join("deploy/demo.sh"));
    command.args(["--headless", "--no-install", "--dir"]).arg(room.join(name));
    command.env("CARGO_TARGET_DIR", target).current_dir(&home);
    // An empty home shows what is left there; cargo and rustup keep theirs where the machine has them.
    let real_home = PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
    for (variable, folder) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
        if std::env::var_os(variable).is_none() {
            command.env(variable, real_home.join(folder));
        }
    }
    programs::as_from_a_shell(&mut command).env("HOME", &home).env("TMPDIR", &home);
    Process::start(&format!("demonstration-{name}"), command, room)
}

/// The ward page's address, once the demonstration has printed it.
fn address(process: &mut Process) -> Result<String> {
    until("the demonstration to print its addresses", BUILT_AND_STARTED, || {
        process.must_be_running()?;
        let output = process.output();
        let ended = output.contains("Ctrl-C ends it.");
        let line = output.lines().find_map(|line| line.trim().strip_prefix("a ward's page"));
        Ok(line.filter(|_| ended).map(|address| address.trim().to_owned()))
    })
}

/// The processes whose command line names a folder.
fn processes_of(folder: &Path) -> Result<Vec<String>> {
    let folder = folder.to_string_lossy().into_owned();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        // A process may end while we look.
        let Ok(line) = fs::read(entry?.path().join("cmdline")) else { continue };
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        if line.contains(&folder) {
            found.push(line);
        }
    }
    Ok(found)
}

#[test]
fn two_demonstrations_stand_side_by_side_and_leave_nothing_running() -> Result<()> {
    let room = tempfile::Builder::new().prefix("wardvoice demo ").tempdir()?;
    let mut one = start("one", room.path())?;
    let mut two = start("two", room.path())?;
    let first = address(&mut one)?;
    let second = address(&mut two)?;
    ensure!(first != second, "both say they are at {first}");

    let http = Http::new()?;
    for page in [&first, &second] {
        let answer = http.get(page)?;
        ensure!(answer.status == 200, "{page} answered {}", answer.status);
        ensure!(
            answer.body.to_lowercase().contains("generated"),
            "{page} does not say that its data are generated"
        );
    }
    // The fleet is alive: the page changes within a minute. Its own nonces change with every visit, so words are compared.
    let figures = |page: &str| -> Result<String> {
        let body = http.get(page)?.body;
        Ok(body.chars().filter(char::is_ascii_digit).collect())
    };
    let before = metric(&http, &first)?;
    until_true("the simulated fleet to be heard", Duration::from_mins(2), || Ok(metric(&http, &first)? > before))?;
    ensure!(!figures(&second)?.is_empty());

    one.signal("INT")?;
    ensure!(one.wait(Duration::from_mins(1))?.success(), "the first did not end in order: {}", one.last_words());
    ensure!(http.get(&second)?.status == 200, "the second ended with the first");
    two.signal("TERM")?;
    ensure!(two.wait(Duration::from_mins(1))?.success(), "the second did not end in order: {}", two.last_words());
    let left = processes_of(room.path())?;
    ensure!(left.is_empty(), "still running: {left:?}");
    let home: Vec<_> = fs::read_dir(room.path().join("home"))?.filter_map(Result::ok).map(|e| e.path()).collect();
    ensure!(home.is_empty(), "left in the home folder: {home:?}");
    Ok(())
}

/// How many records the aggregator behind a page has accepted.
fn metric(http: &Http, page: &str) -> Result<f64> {
    let base = page.split("/ward/").next().unwrap_or_default();
    let text = http.get(&format!("{base}/metrics"))?.body;
    let line = text
        .lines()
        .filter(|line| !line.starts_with('#') && line.contains("accepted"))
        .find_map(|line| line.rsplit(' ').next()?.parse().ok());
    line.with_context(|| format!("no count of accepted records in the metrics:\n{text}"))
}
