//! The aggregator as a service: what systemd is told, and what its unit lets it do.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Error, Result, bail, ensure};
use serde_json::Value;
use wardvoice_tests::debian::{Machine, well};
use wardvoice_tests::fleet::Fleet;
use wardvoice_tests::process::Process;
use wardvoice_tests::programs::{self, installed};
use wardvoice_tests::unit::{self, said};
use wardvoice_tests::wait::{PATIENCE, until_true};
use wardvoice_tests::ward::{Between, Ward};

/// 2.0 or better, in tenths.
const MOST_EXPOSED: u32 = 20;
/// What libraries try and do without: the C library asks the kernel for its addresses before it looks up a name.
const DONE_WITHOUT: [&str; 1] = ["AF_NETLINK"];

/// A machine with the unit on it, and a program for it to start.
fn machine_with(text: &str) -> Result<Machine> {
    let machine = Machine::new()?;
    fs::create_dir_all(machine.path("/usr/lib/systemd/system"))?;
    fs::write(machine.path("/usr/lib/systemd/system").join(unit::NAME), text)?;
    let program = machine.path("/usr/bin/wardvoice-aggregator");
    fs::write(&program, "#!/bin/sh\n")?;
    fs::set_permissions(program, fs::Permissions::from_mode(0o755))?;
    Ok(machine)
}

#[test]
fn the_unit_is_sound_and_confines_the_server() -> Result<()> {
    let unit = unit::text()?;
    let machine = machine_with(&unit)?;
    let wrong = machine.check_unit(unit::NAME)?;
    ensure!(wrong.is_empty(), "{wrong}");
    let exposed = machine.exposure(unit::NAME)?;
    ensure!(exposed <= MOST_EXPOSED, "the exposure is {exposed} tenths");
    // A check that nothing can fail would say nothing.
    let machine = machine_with(&unit.replace("ProtectSystem=", "ProtectSytem=").replace("PrivateUsers=yes", ""))?;
    ensure!(machine.check_unit(unit::NAME)?.contains("ProtectSytem"), "a slip in the unit is not seen");
    ensure!(machine.exposure(unit::NAME)? > exposed, "a unit that confines less is as well confined");
    Ok(())
}

/// As many kiosks as the largest trusts have, beside all the pages that are let in at once, and as much again.
#[test]
fn the_unit_lets_two_thousand_kiosks_in() -> Result<()> {
    let unit = unit::text()?;
    let limits = said(&unit, "LimitNOFILE");
    let [limit] = limits.as_slice() else { bail!("the unit limits open files by {limits:?}") };
    // Three a kiosk, as docs/reliability.md says; connections to pages and handshakes as docs/security.md does.
    let needed = 2_000 * 3 + 4_096 + 1_024;
    ensure!(limit.parse::<u32>()? >= 2 * needed, "{limit} open files are too few for {needed}");
    Ok(())
}

/// The C library would keep a store of memory for each of many threads, and would come to take large pieces out of them and keep those too.
#[test]
fn the_unit_lets_the_c_library_keep_little_of_what_is_given_back() -> Result<()> {
    let environment = unit::environment()?;
    let number = |name: &str| -> Result<u64> {
        let found = environment.iter().find(|(known, _)| known == name);
        let (_, value) = found.with_context(|| format!("the unit does not set {name}"))?;
        value.parse::<u64>().with_context(|| format!("{name} is {value}"))
    };
    let (stores, large) = (number("MALLOC_ARENA_MAX")?, number("MALLOC_MMAP_THRESHOLD_")?);
    ensure!((1..=2).contains(&stores), "{stores} stores of memory");
    // The store under the log takes pieces of half a megabyte and more again and again.
    ensure!((1..=256 * 1024).contains(&large), "pieces below {large} bytes are kept");
    Ok(())
}

/// How many runtimes the server's sources start, those of its tests aside.
fn runtimes(folder: &Path) -> Result<u64> {
    let mut found = 0;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.file_stem().is_some_and(|name| name == "tests") {
            continue;
        }
        if path.is_dir() {
            found += runtimes(&path)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found += fs::read_to_string(&path)?.matches("runtime::Builder::new_").count() as u64;
        }
    }
    Ok(found)
}

/// A runtime starts threads for what waits as it needs them. A thread that the system refuses is a panic, so the limit is none of them.
#[test]
fn the_unit_lets_every_runtime_have_all_its_threads() -> Result<()> {
    let unit = unit::text()?;
    let limits = said(&unit, "TasksMax");
    let [limit] = limits.as_slice() else { bail!("the unit limits tasks by {limits:?}") };
    let runtimes = runtimes(&programs::workspace().join("aggregator/src"))?;
    ensure!(runtimes >= 3, "only {runtimes} runtimes were found");
    // 512 that wait and a worker for each processor, as tokio has them; beside them the stores', the commands' and the programs that are started.
    let needed = runtimes * (512 + 8) + 256;
    ensure!(limit.parse::<u64>()? >= needed, "{limit} tasks are too few for {needed}");
    Ok(())
}

/// The system calls of a set of systemd's, with those of the sets in it.
fn calls_of(set: &str, found: &mut BTreeSet<String>) -> Result<()> {
    if !set.starts_with('@') {
        found.insert(set.to_owned());
        return Ok(());
    }
    let mut command = Command::new(installed("systemd-analyze", "systemd")?);
    let listed = well(&command.args(["syscall-filter", "--no-pager", set]).output()?)?;
    for name in listed.lines().map(str::trim).filter(|line| *line != set) {
        if !name.is_empty() && !name.starts_with('#') {
            calls_of(name, found)?;
        }
    }
    Ok(())
}

/// The system calls that the unit allows.
fn allowed(unit: &str) -> Result<BTreeSet<String>> {
    let mut allowed = BTreeSet::new();
    for line in said(unit, "SystemCallFilter") {
        let mut sets = BTreeSet::new();
        let (taken_away, names) = line.strip_prefix('~').map_or((false, line), |names| (true, names));
        for set in names.split_whitespace() {
            calls_of(set, &mut sets)?;
        }
        if taken_away {
            allowed.retain(|call| !sets.contains(call));
        } else {
            allowed.extend(sets);
        }
    }
    calls_of("@default", &mut allowed)?;
    ensure!(allowed.len() > 100, "only {} calls are allowed; the filter was not read", allowed.len());
    Ok(allowed)
}

/// Lets a server do everything it does, recorded.
fn recorded(recording: &Path) -> Result<Ward> {
    let mut ward = Ward::prepare(Between::Embedded)?;
    programs::report()?;
    programs::kiosk()?;
    let plain = ward.aggregator.command()?;
    let mut command = Command::new(installed("strace", "strace")?);
    // With -D the process is the server itself, which takes the signal.
    command.args(["-D", "-f", "-q", "-s", "256", "-o"]).arg(recording).arg("--");
    command.arg(plain.get_program()).args(plain.get_args()).arg("serve");
    let mut server = Process::start("recorded", command, ward.path())?;
    let url = ward.aggregator.url("/readyz");
    until_true("the recorded server to be ready", PATIENCE, || {
        server.must_be_running()?;
        Ok(ward.aggregator.http().get(&url).is_ok_and(|answer| answer.status == 200))
    })?;
    Fleet::run(ward.broker_port()?, &["--kiosks", "2", "--responses", "20", "--seed", "3"])?;
    ward.aggregator.open_the_office()?;
    ward.aggregator.verify()?;
    ward.aggregator.run(&["rebuild"])?;
    for page in
        ["/", "/ward/W1", "/board", "/ward/W1/poster.pdf", "/api/v1/tables/responses?format=xlsx", "/metrics"]
    {
        let answer = ward.aggregator.http().get(&ward.aggregator.url(page))?;
        ensure!(answer.status == 200, "{page} answered {}: {:.300}", answer.status, answer.body);
    }
    let path = "/office/questionnaires/inpatient@1/preview";
    let answer = ward.aggregator.http().post_form(&ward.aggregator.url(""), path, "language=pl")?;
    ensure!(answer.status == 303, "{path} answered {}: {:.300}", answer.status, answer.body);
    let status = server.terminate(PATIENCE)?;
    ensure!(status.success(), "the recorded server ended with {status}:\n{}", server.last_words());
    let id = server.id();
    until_true("the recording to be whole", PATIENCE, || {
        let text = fs::read_to_string(recording).unwrap_or_default();
        Ok(text
            .lines()
            .rev()
            .take(50)
            .any(|line| line.starts_with(&format!("{id} ")) && line.contains("+++ exited")))
    })?;
    Ok(ward)
}

/// The name and the arguments of the call that begins in a line of the recording.
fn call(line: &str) -> Option<(&str, &str)> {
    let (_, rest) = line.split_once(' ')?;
    let (name, arguments) = rest.trim_start().split_once('(')?;
    name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_').then_some((name, arguments))
}

#[test]
fn the_unit_allows_everything_the_server_does() -> Result<()> {
    let unit = unit::text()?;
    let allowed = allowed(&unit)?;
    let folder = tempfile::tempdir()?;
    let recording = folder.path().join("recording");
    let ward = recorded(&recording)?;
    let text = fs::read_to_string(&recording)?;
    let families: BTreeSet<&str> =
        said(&unit, "RestrictAddressFamilies").into_iter().flat_map(|line| line.split(' ')).collect();
    let own = ward.path().to_str().context("the folder has no plain name")?;
    let (mut wrong, mut calls) = (BTreeSet::new(), BTreeSet::new());
    for (name, arguments) in text.lines().filter_map(call) {
        calls.insert(name);
        if !allowed.contains(name) {
            wrong.insert(format!("{name} is not in SystemCallFilter"));
        }
        let family = arguments.split([',', ')']).next().unwrap_or_default();
        if name == "socket" && !families.contains(family) && !DONE_WITHOUT.contains(&family) {
            wrong.insert(format!("{family} is not in RestrictAddressFamilies"));
        }
        if arguments.contains("PROT_WRITE|PROT_EXEC") {
            wrong.insert("memory is written and run, which MemoryDenyWriteExecute forbids".to_owned());
        }
        let writes = ["O_WRONLY", "O_RDWR", "O_CREAT"].iter().any(|flag| arguments.contains(flag));
        let path = arguments.split('"').nth(1).unwrap_or_default();
        // Nameless files are opened by their folder.
        let may = path == "/tmp" || ["/tmp/", "/dev/null", own].iter().any(|place| path.starts_with(place));
        if name == "openat" && writes && path.starts_with('/') && !may {
            wrong.insert(format!("{path} is written, which ProtectSystem=strict forbids"));
        }
    }
    ensure!(calls.len() > 40, "only {calls:?} were recorded");
    ensure!(wrong.is_empty(), "the unit would stop the server: {wrong:#?}");
    Ok(())
}

#[test]
fn systemd_hears_when_the_server_is_there_that_it_turns_and_that_it_ends() -> Result<()> {
    let ward = Ward::prepare(Between::Embedded)?;
    let path = ward.path().join("notify");
    let systemd = UnixDatagram::bind(&path)?;
    systemd.set_read_timeout(Some(PATIENCE))?;
    let mut command = ward.aggregator.command()?;
    command.arg("serve").env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "200000");
    command.env("WARDVOICE_LOG_FORMAT", "json");
    let mut server = Process::start("service", command, ward.path())?;
    let hear = || -> Result<String> {
        let mut bytes = [0; 512];
        let length = systemd.recv(&mut bytes).context("systemd hears nothing")?;
        Ok(String::from_utf8_lossy(bytes.get(..length).unwrap_or_default()).into_owned())
    };
    let first = hear()?;
    ensure!(first.starts_with("READY=1\nSTATUS=pages at http"), "{first}");
    let answer = ward.aggregator.http().get(&ward.aggregator.url("/readyz"))?;
    ensure!(answer.status == 200, "it said that it is there and answers {}: {}", answer.status, answer.body);
    for _ in 0..3 {
        let said = hear()?;
        ensure!(said == "WATCHDOG=1", "{said}");
    }
    server.signal("TERM")?;
    loop {
        match hear()?.as_str() {
            "WATCHDOG=1" => {}
            said if said.starts_with("STOPPING=1") => break,
            said => bail!("{said}"),
        }
    }
    let status = server.wait(Duration::from_secs(30))?;
    ensure!(status.success(), "it ended with {status}");
    let output = server.output();
    let lines = output.lines().filter(|line| line.starts_with('{')).map(serde_json::from_str);
    let lines: Vec<Value> = lines.collect::<Result<_, _>>().context("a line of the log is no JSON")?;
    let told =
        |message: &str| lines.iter().any(|line| line.get("message").and_then(Value::as_str) == Some(message));
    ensure!(told("the log is open") && told("ending: finishing what is under way"), "{output}");
    Ok(())
}

#[test]
fn keys_that_systemd_hands_over_count_and_need_not_lie_beside_the_records() -> Result<()> {
    let mut ward = Ward::open(Between::Embedded)?;
    Fleet::run(ward.broker_port()?, &["--kiosks", "1", "--responses", "3", "--seed", "3"])?;
    let shown = ward.aggregator.json(&["authority", "show"])?;
    ward.aggregator.stop()?;
    let credentials = ward.path().join("credentials");
    fs::rename(ward.aggregator.data().join("keys"), &credentials)?;
    let of_the_authority = ward.aggregator.data().join("authority/authority.key");
    fs::rename(&of_the_authority, credentials.join("authority.key"))?;
    for name in ["open.key", "signing.key", "authority.key"] {
        // As newer systemds give them: an access list for the service's user shows as its group's.
        fs::set_permissions(credentials.join(name), fs::Permissions::from_mode(0o440))?;
    }
    let without = ward.aggregator.try_run(&["verify"])?;
    let complaint = String::from_utf8_lossy(&without.stderr).into_owned();
    ensure!(!without.status.success() && complaint.contains("failed to find the key"), "{complaint}");

    let mut command = ward.aggregator.command()?;
    command.arg("serve").env("CREDENTIALS_DIRECTORY", &credentials);
    let mut server = Process::start("service", command, ward.path())?;
    let url = ward.aggregator.url("/readyz");
    until_true("the server to be ready", PATIENCE, || {
        server.must_be_running()?;
        Ok(ward.aggregator.http().get(&url).is_ok_and(|answer| answer.status == 200))
    })?;
    // Deep: every record is opened again.
    ward.aggregator.verify()?;
    ensure!(!ward.aggregator.data().join("keys").exists(), "keys were drawn beside those that were handed over");
    ensure!(
        !of_the_authority.exists() && ward.aggregator.json(&["authority", "show"])? == shown,
        "another authority"
    );
    // A backup has them in it: without them it could not be restored anywhere.
    let place = |name: &str| Ok::<_, Error>(ward.path().join(name).to_str().context("no plain name")?.to_owned());
    let (secret, file, restored) = (place("secret")?, place("backup.age")?, place("restored")?);
    let drawn = ward.aggregator.run(&["backup", "new-key", "--secret", &secret])?;
    let recipient = drawn.split_whitespace().find(|word| word.starts_with("age1")).context("no public half")?;
    ward.aggregator.run(&["backup", "--to", &file, "--recipient", recipient])?;
    let status = server.terminate(PATIENCE)?;
    ensure!(status.success(), "it ended with {status}:\n{}", server.last_words());
    ward.aggregator.run(&["restore", "--from", &file, "--to", &restored, "--key", &secret])?;
    for key in ["keys/open.key", "authority/authority.key"] {
        let found =
            fs::metadata(Path::new(&restored).join(key)).with_context(|| format!("{key} is in no backup"))?;
        let mode = found.permissions().mode() & 0o777;
        ensure!(mode.trailing_zeros() >= 6, "others can read the restored {key}: {mode:o}");
    }
    Ok(())
}
