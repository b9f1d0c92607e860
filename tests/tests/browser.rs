//! A real browser looks at every page of every role, in light and dark, on a phone, a desktop, a wall and on paper, and does what each
//! role comes for; `tests/browser` says how. Pictures of everything are in `target/artefacts/browser`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use jiff::Timestamp;
use serde_json::{Value, json};
use wardvoice_protocol::clock::Clock;
use wardvoice_protocol::id::KioskId;
use wardvoice_protocol::keys::SigningKey;
use wardvoice_protocol::receipt::Decision;
use wardvoice_protocol::record::{Body, HelpRequest, Need, Record};
use wardvoice_protocol::status::{Health, Presence, Status};
use wardvoice_protocol::topic::{Channel, Topic};
use wardvoice_tests::made_up::MadeUpTrust;
use wardvoice_tests::mqtt::{Client, Options};
use wardvoice_tests::process::Process;
use wardvoice_tests::programs;
use wardvoice_tests::tablet::Tablet;

const WARD: &str = "W07";
/// The accounts of the demonstration: their names and passwords.
const ACCOUNTS: [(&str, &str); 8] = [
    ("office", "demonstration-office"),
    ("administrator", "demonstration-administrator"),
    ("board", "demonstration-board"),
    ("ward-w07", "demonstration-ward"),
    ("department", "demonstration-department"),
    ("consultant-c07", "demonstration-consultant"),
    ("appraiser", "demonstration-appraiser"),
    ("display-w07", "demonstration-display"),
];

fn account(name: &str) -> Value {
    let password = ACCOUNTS.iter().find(|(found, _)| *found == name).map(|(_, password)| *password);
    json!({ "name": name, "password": password })
}

/// Kiosks of the made-up past whose clocks are set wrong, one for each way in which somebody comes to see it.
const WRONG_CLOCKS: [&str; 3] = ["sim-past-W08", "sim-past-W09", "sim-past-W10"];

/// A tablet at a bedside, and whatever else has to happen while somebody looks.
struct Bedside {
    tablet: Tablet,
    client: Client,
    port: u16,
    data: PathBuf,
    /// The kiosks that nobody knew when they sent something.
    strangers: Vec<SigningKey>,
}

impl Bedside {
    fn open(port: u16, folder: &Path) -> Result<Self> {
        let tablet = Tablet::introduce("sim-bedside", Some(WARD), port, 5)?;
        let client = tablet.connect(port)?;
        Ok(Self { tablet, client, port, data: folder.join("aggregator"), strangers: Vec::new() })
    }

    /// Does what is needed, and says what somebody who looks has to know about it.
    fn does(&mut self, what: &str) -> Result<String> {
        let body = match what {
            "answer" => None,
            "help" => Some(Body::HelpRequest(HelpRequest { ward: WARD.parse()?, need: Need::Drink, place: None })),
            "wrong clocks" => return self.sets_clocks_wrong(),
            "a stranger's record" => return self.a_stranger_sends(),
            "the stranger is registered" => return self.registers_the_stranger(),
            other => bail!("nobody here can do {other:?}"),
        };
        let envelope = match body {
            None => self.tablet.completes("in between")?,
            Some(body) => self.tablet.seal(&Record { clock: Clock::new(Timestamp::now(), None), body })?,
        };
        self.client.publish(&self.tablet.records(), &envelope.to_json())?;
        self.tablet.verdicts(&mut self.client, 1, Duration::from_secs(30))?;
        Ok(String::new())
    }

    /// Kiosks say that their clocks are ten minutes slow.
    fn sets_clocks_wrong(&self) -> Result<String> {
        for kiosk in WRONG_CLOCKS {
            let kiosk = KioskId::new(kiosk)?;
            let health = Health {
                software: "0.1.0".to_owned(),
                waiting: 0,
                last_sequence: 0,
                clock_offset_s: Some(600),
                assignment: None,
                tablet: None,
                questionnaire: None,
            };
            let status = Status { version: 1, kiosk: kiosk.clone(), presence: Presence::Online(health) };
            let mut client = Client::connect(self.port, &Options::clean(format!("{kiosk}.hand")))?;
            let topic = Topic::Kiosk(kiosk, Channel::Status).to_string();
            client.publish(&topic, &serde_json::to_vec(&status)?)?;
            client.wait_acknowledged(1, Duration::from_secs(30))?;
            client.disconnect()?;
        }
        Ok(String::new())
    }

    /// A kiosk that nobody has registered sends a good record, which is kept and not counted.
    fn a_stranger_sends(&mut self) -> Result<String> {
        let number = u8::try_from(self.strangers.len() + 1)?;
        let key = SigningKey::from_bytes(&[100 + number; 32]);
        self.strangers.push(key.clone());
        let name = stranger(self.strangers.len());
        let seal_key = self.tablet.seal_key.clone();
        let mut tablet = Tablet::new(&name, WARD, key, seal_key, u64::from(number))?;
        let mut client = tablet.connect(self.port)?;
        let envelope = tablet.completes("before it was known")?;
        client.publish(&tablet.records(), &envelope.to_json())?;
        let verdicts = tablet.verdicts(&mut client, 1, Duration::from_secs(30))?;
        let refused = |decision: &Decision| matches!(decision, Decision::Refused(_));
        ensure!(verdicts.iter().all(|verdict| refused(&verdict.decision)), "a stranger's record: {verdicts:?}");
        Ok(name)
    }

    /// Whoever runs the kiosks registers the last stranger.
    fn registers_the_stranger(&self) -> Result<String> {
        let name = stranger(self.strangers.len());
        let key = self.strangers.last().context("there is no stranger")?.verifying_key().to_string();
        let mut command = Command::new(programs::aggregator()?);
        command.arg("--data").arg(&self.data);
        command.args(["kiosk", "add", "--id", &name, "--ward", WARD, "--signing-key", &key]);
        let output = command.output()?;
        ensure!(output.status.success(), "{name} is not registered: {}", String::from_utf8_lossy(&output.stderr));
        Ok(name)
    }
}

fn stranger(number: usize) -> String {
    format!("k-late-{number}")
}

/// The paths of everything that can be read.
fn routes() -> Result<Vec<String>> {
    let output = Command::new(programs::aggregator()?).args(["config", "routes", "--json"]).output()?;
    let routes: Vec<Value> = serde_json::from_slice(&output.stdout).context("`config routes` printed no JSON")?;
    let text = |route: &Value, name: &str| route.get(name).and_then(Value::as_str).map(str::to_owned);
    let read = routes.iter().filter(|route| text(route, "method").as_deref() == Some("GET"));
    let paths: Vec<String> = read.filter_map(|route| text(route, "path")).collect();
    ensure!(paths.len() > 20, "only {paths:?}");
    Ok(paths)
}

/// Runs the script with what it is to look at; every fault it finds is one of the test's.
fn run(asked: &Value, folder: &Path, mut bedside: Option<&mut Bedside>) -> Result<()> {
    let scripts = programs::workspace().join("tests/browser");
    let tools = scripts.join("node_modules/playwright-core/package.json");
    ensure!(tools.is_file(), "the browser's tools are not there: (cd tests/browser && npm ci)");
    let mut command = Command::new(programs::installed("node", "nodejs")?);
    command.arg("run.mjs").current_dir(&scripts);
    let mut process = Process::start_piped("node", command, folder)?;
    let mut input = process.child().stdin.take().context("no input")?;
    let output = process.child().stdout.take().context("no output")?;
    writeln!(input, "{asked}")?;
    let mut faults = Vec::new();
    let mut ended = false;
    for line in BufReader::new(output).lines() {
        let message: Value = serde_json::from_str(&line?).context("the script does not speak JSON")?;
        if let Some(fault) = message.get("fault").and_then(Value::as_str) {
            faults.push(fault.to_owned());
        } else if let Some(need) = message.get("need").and_then(Value::as_str) {
            let said = bedside.as_mut().context("nobody is at the bedside")?.does(need)?;
            writeln!(input, "{}", json!({ "said": said }))?;
        } else {
            ended |= message.get("ended").is_some();
            wardvoice_tests::bench::say(&message)?;
        }
    }
    ensure!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    ensure!(ended, "the script ended early:\n{}", process.last_words());
    Ok(())
}

fn asked(demonstration: &MadeUpTrust, roles: &[Value], parts: &[&str], routes: &[String]) -> Result<Value> {
    Ok(json!({
        "base": demonstration.url(""),
        "chromium": programs::installed("chromium", "chromium")?,
        "routes": routes,
        "roles": roles,
        "parts": parts,
        "pictures": true,
        "artefacts": programs::artefacts("browser")?,
        "accounts": {
            "ward": account("ward-w07"), "office": account("office"), "board": account("board"), "consultant": account("consultant-c07"),
            "department": account("department"), "appraiser": account("appraiser"), "administrator": account("administrator"),
            "display": account("display-w07"),
        },
        "ward": format!("/ward/{WARD}"),
        "wardName": "Ward 7",
    }))
}

fn set(asked: &mut Value, name: &str, is: Value) -> Result<()> {
    let fields = asked.as_object_mut().context("what is asked has no fields")?;
    fields.insert(name.to_owned(), is);
    Ok(())
}

/// Publishes both editions where the settings say, and gives their folders.
fn publish(folder: &Path) -> Result<Value> {
    let data = folder.join("aggregator");
    let mut sites = Vec::new();
    for edition in ["public", "trust"] {
        let mut command = Command::new(programs::aggregator()?);
        let output =
            command.arg("--data").arg(&data).args(["publish", "--edition", edition, "--json"]).output()?;
        ensure!(output.status.success(), "{edition}: {}", String::from_utf8_lossy(&output.stderr));
        let said: Value = serde_json::from_slice(&output.stdout).context("`publish` printed no JSON")?;
        let site = said.pointer("/placed/site").and_then(Value::as_str).context("there is no site")?;
        sites.push(json!({ "name": edition, "folder": site }));
    }
    Ok(Value::Array(sites))
}

#[test]
fn every_page_of_every_role_in_a_real_browser() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let routes = routes()?;
    let nobody = json!({ "name": null });
    let demonstration = MadeUpTrust::start(folder.path(), 26)?;
    let mut few = asked(
        &demonstration,
        std::slice::from_ref(&nobody),
        &["pages"],
        &["/", "/ward/{id}", "/display/{ward}"].map(String::from),
    )?;
    set(&mut few, "pictures", Value::Bool(false))?;
    run(&few, folder.path(), None)?;

    let demonstration = demonstration.turn_real(folder.path())?;
    let mut bedside = Bedside::open(demonstration.broker_port()?, folder.path())?;
    bedside.does("help")?;
    let mut roles: Vec<Value> = ACCOUNTS.iter().map(|(name, _)| account(name)).collect();
    roles.push(nobody);
    let mut everything = asked(&demonstration, &roles, &["pages", "sites", "figures"], &routes)?;
    set(&mut everything, "everything", Value::Bool(true))?;
    set(&mut everything, "sites", publish(folder.path())?)?;
    run(&everything, folder.path(), Some(&mut bedside))
}

#[test]
fn what_each_role_comes_for_with_a_mouse_without_javascript_and_with_the_keyboard() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let demonstration = MadeUpTrust::start(folder.path(), 10)?.turn_real(folder.path())?;
    let mut bedside = Bedside::open(demonstration.broker_port()?, folder.path())?;
    run(&asked(&demonstration, &[], &["live", "stories"], &[])?, folder.path(), Some(&mut bedside))
}
