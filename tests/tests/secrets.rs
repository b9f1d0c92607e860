//! What is secret is in no log, open in no backup, and nothing that a program takes among its arguments, where everybody on the machine reads it.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use wardvoice_tests::aggregator::{Aggregator, Carrier, PASSWORD};
use wardvoice_tests::debian::well;
use wardvoice_tests::faults::Bedside;
use wardvoice_tests::programs;
use wardvoice_tests::wait::until_true;

const DEADLINE: Duration = Duration::from_mins(1);
const TOKEN: &str = "the-token-of-a-contact-41";
const PIN: &str = "80417263";
const GUESS: &str = "somebody-else-has-this-password-77";
/// Names of options that may be about a secret.
const SECRET: [&str; 6] = ["code", "key", "password", "pin", "secret", "token"];
/// Those of them that take a value, and why that is no secret.
const HARMLESS: [(&str, &str); 5] = [
    ("--signing-key", "the public half"),
    ("--recipient", "the public half"),
    ("--secret", "the file that it is written to"),
    ("--key", "the file that it is read from"),
    (
        "--code",
        "a patient's withdrawal code, which is worth nothing once it has been used, as it is by that very command",
    ),
];

/// The secrets of a server and of a kiosk, each with its name.
#[derive(Default)]
struct Secrets(Vec<(String, String)>);

impl Secrets {
    fn add(&mut self, name: &str, secret: &str) {
        self.0.push((name.to_owned(), secret.trim().to_owned()));
    }

    /// What is in a file of keys: its longer words, but for what says what it is and what is public.
    fn add_file(&mut self, path: &Path) -> Result<()> {
        let text = fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))?;
        let is_key = |line: &&str| line.len() >= 32 && !line.starts_with("-----") && !line.starts_with('#');
        let before = self.0.len();
        for line in text.lines().filter(is_key) {
            self.add(&path.display().to_string(), line);
        }
        ensure!(self.0.len() > before, "{} holds no key", path.display());
        Ok(())
    }

    /// An error that names those which are in some bytes.
    fn are_not_in(&self, place: &str, bytes: &[u8]) -> Result<()> {
        let holds = |secret: &str| bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        let found: Vec<&str> =
            self.0.iter().filter(|(_, secret)| holds(secret)).map(|(name, _)| name.as_str()).collect();
        ensure!(found.is_empty(), "{place} holds {found:?}");
        Ok(())
    }
}

/// Runs a command and types a line.
fn type_in(aggregator: &Aggregator, arguments: &[&str], line: &str) -> Result<()> {
    let mut command = aggregator.command()?;
    let mut child = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
    writeln!(child.stdin.take().context("no input")?, "{line}")?;
    ensure!(child.wait()?.success(), "{arguments:?} failed");
    Ok(())
}

fn said(value: &Value, name: &str) -> Result<String> {
    value.get(name).and_then(Value::as_str).map(str::to_owned).with_context(|| format!("no {name} in {value}"))
}

/// A server of which everything is used that has a secret, and that says as much as it can.
fn a_talkative_server(directory: &Path) -> Result<Aggregator> {
    let mut aggregator = Aggregator::prepare(directory, &Carrier::Certified)?;
    let settings = aggregator.data().join("config.toml");
    let more = "\n[delivery]\nsecrets_file = \"contact-secrets.toml\"\npages_url = \"https://wardvoice.example\"\n\
                [displays]\nneed_token = true\n[[contacts]]\nname = \"first\"\nurl = \"http://127.0.0.1:9/\"\n";
    fs::write(&settings, fs::read_to_string(&settings)? + more)?;
    let secrets = aggregator.data().join("contact-secrets.toml");
    fs::write(&secrets, format!("[first]\ntoken = \"{TOKEN}\"\n"))?;
    fs::set_permissions(&secrets, fs::Permissions::from_mode(0o600))?;
    aggregator.start_talkative()?;
    Ok(aggregator)
}

#[test]
fn no_secret_is_in_a_log_or_open_in_a_backup() -> Result<()> {
    let directory = tempfile::Builder::new().prefix("wardvoice-").tempdir()?;
    let mut aggregator = a_talkative_server(directory.path())?;
    let mut secrets = Secrets::default();
    secrets.add("the token of a contact", TOKEN);
    aggregator.open_the_office()?;
    secrets.add("a password", PASSWORD);
    let session = aggregator.http().session()?.split_once('=').context("the session has no name")?.1.to_owned();
    secrets.add("a session", &session);
    let form = format!("name=office&password={GUESS}&next=%2F");
    let guessed = aggregator.http().post_form(&aggregator.url(""), "/sign-in", &form)?;
    ensure!(guessed.status != 303, "a wrong password lets somebody in");
    secrets.add("a password that was wrong here and may be right elsewhere", GUESS);
    type_in(&aggregator, &["pin", "set", "--role", "volunteer", "--pin-stdin"], PIN)?;
    secrets.add("a PIN", PIN);
    let machine = aggregator.json(&["user", "add", "machine", "--role", "office", "--token"])?;
    secrets.add("the token of a program", &said(&machine, "token")?);
    let screen = aggregator.json(&["display", "token", "add", "--ward", "W1"])?;
    let path = said(&screen, "path")?;
    secrets.add("the token of a screen", path.rsplit('/').next().context("no token")?);
    aggregator.http().get(&aggregator.url(&path))?;
    aggregator.try_run(&["delivery", "test", "--contact", "first"])?;

    let invitation = aggregator.json(&["kiosk", "enrol", "--id", "k-0002", "--ward", "W2"])?;
    let code = said(&invitation, "code")?;
    secrets.add("a join code that was used", &code);
    let joined = Bedside::try_join(&directory.path().join("k-0002"), &said(&invitation, "aggregator")?, &code)?;
    ensure!(joined.status.success(), "{}", String::from_utf8_lossy(&joined.stderr));
    secrets.are_not_in("what the kiosk says", &[joined.stdout, joined.stderr].concat())?;
    let open = aggregator.json(&["kiosk", "enrol", "--id", "k-0003", "--ward", "W2"])?;
    secrets.add("a join code that is open", &said(&open, "code")?);
    let mut kiosk = Bedside::enrol(1, "W1", &aggregator, directory.path())?;
    kiosk.start(None)?;
    until_true("patients to be thanked", DEADLINE, || Ok(kiosk.kept() >= 3))?;
    until_true("their answers to be stored", DEADLINE, || Ok(aggregator.ledger()?.stored() >= 3))?;
    for file in ["keys/open.key", "keys/signing.key", "authority/authority.key"] {
        secrets.add_file(&aggregator.data().join(file))?;
    }
    secrets.add_file(&kiosk.data().join("kiosk.key"))?;

    let [backup, half] = ["backup.age", "half.txt"].map(|name| directory.path().join(name));
    let text = |path: &Path| path.to_str().map(str::to_owned).context("a strange path");
    let recipient = aggregator.run(&["backup", "new-key", "--secret", &text(&half)?])?;
    secrets.add_file(&half)?;
    aggregator.run(&["backup", "--to", &text(&backup)?, "--recipient", recipient.trim()])?;
    secrets.are_not_in("a backup", &fs::read(&backup)?)?;

    kiosk.kill()?;
    aggregator.stop()?;
    let mut logs = 0;
    for entry in fs::read_dir(directory.path())? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "log") {
            secrets.are_not_in(&path.display().to_string(), &fs::read(&path)?)?;
            logs += 1;
        }
    }
    let log = fs::read_to_string(directory.path().join("aggregator.log"))?;
    ensure!(logs >= 2 && log.contains(" DEBUG "), "{logs} logs were looked at: {log}");
    // What would be found if it were there.
    let leaking = format!("{log}somebody signs in with {PASSWORD}\n");
    ensure!(secrets.are_not_in("a log", leaking.as_bytes()).is_err(), "a password in a log is not seen");
    Ok(())
}

/// The options of a program's man pages that are named like a secret and take a value, and the words that stand without a name.
fn taken(pages: &Path) -> Result<(BTreeSet<String>, BTreeSet<String>)> {
    let (mut options, mut words) = (BTreeSet::new(), BTreeSet::new());
    for entry in fs::read_dir(pages)? {
        let text = fs::read_to_string(entry?.path())?.replace("\\-", "-");
        for line in text.lines() {
            // An option is `\fB--name\fR \fI<VALUE>\fR`, a word `[\fIVALUE\fR]` or `<\fIVALUE\fR>`.
            if let Some((name, value)) = line.strip_prefix("\\fB--").and_then(|rest| rest.split_once("\\fR")) {
                let is_secret = name.split('-').any(|word| SECRET.contains(&word) || word == "recipient");
                if is_secret && value.contains("\\fI") {
                    options.insert(format!("--{name}"));
                }
            } else if let Some(rest) = line.strip_prefix("[\\fI").or_else(|| line.strip_prefix("<\\fI")) {
                words.extend(rest.split("\\fR").next().map(str::to_lowercase));
            }
        }
    }
    Ok((options, words))
}

/// The variables of the environment that the sources below a folder name: children inherit them, and whoever may look at a process reads them.
fn of_the_environment(sources: &Path, found: &mut BTreeSet<String>) -> Result<()> {
    for entry in fs::read_dir(sources)? {
        let path = entry?.path();
        if path.is_dir() {
            of_the_environment(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path)?;
            for (place, _) in text.match_indices("\"WARDVOICE_") {
                let rest = text.get(place + 1..).unwrap_or_default();
                found.extend(rest.split('"').next().map(str::to_lowercase));
            }
        }
    }
    Ok(())
}

#[test]
fn no_command_takes_a_secret_among_its_arguments_or_from_the_environment() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (mut options, mut words, mut variables) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (name, program) in [("aggregator", programs::aggregator()?), ("kiosk", programs::kiosk()?)] {
        let out = folder.path().join(name);
        well(&Command::new(program).arg("manual").arg("--out").arg(&out).output()?)?;
        let found = taken(&out.join("man"))?;
        options.extend(found.0);
        words.extend(found.1);
        of_the_environment(&programs::workspace().join(name).join("src"), &mut variables)?;
    }
    let is_secret = |name: &&String| name.split('_').any(|word| SECRET.contains(&word));
    let secret: Vec<&String> = variables.iter().filter(is_secret).collect();
    let are_found =
        ["wardvoice_data", "wardvoice_kiosk_data", "wardvoice_log"].iter().all(|name| variables.contains(*name));
    ensure!(are_found && secret.is_empty(), "{secret:?} of {variables:?}");
    let harmless: BTreeSet<String> = HARMLESS.map(|(option, _)| option.to_owned()).into();
    ensure!(options == harmless, "these take something secret, or are gone: {options:?}, known are {harmless:?}");
    // `alert seen KEY` names an alert.
    let secret: Vec<&String> =
        words.iter().filter(|word| SECRET.contains(&word.as_str()) && *word != "key").collect();
    ensure!(words.contains("name") && secret.is_empty(), "{secret:?} of {words:?} stand among the arguments");
    Ok(())
}
