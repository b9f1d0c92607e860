//! A real browser looks at every page of every role, in light and dark, on a phone, a desktop, a wall and on paper, and does what each
//! role comes for; `tests/browser` says how. Pictures of everything are in `target/artefacts/browser`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use jiff::Timestamp;
use serde_json::{Value, json};
use wardvoice_protocol::clock::Clock;
use wardvoice_protocol::record::{Body, HelpRequest, Need, Record};
use wardvoice_tests::made_up::MadeUpTrust;
use wardvoice_tests::mqtt::Client;
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

/// A tablet at a bedside, for what has to happen while somebody looks.
struct Bedside {
    tablet: Tablet,
    client: Client,
}

impl Bedside {
    fn open(port: u16) -> Result<Self> {
        let tablet = Tablet::introduce("sim-bedside", Some(WARD), port, 5)?;
        let client = tablet.connect(port)?;
        Ok(Self { tablet, client })
    }

    fn does(&mut self, what: &str) -> Result<()> {
        let envelope = match what {
            "answer" => self.tablet.completes("in between")?,
            "help" => {
                let body = Body::HelpRequest(HelpRequest { ward: WARD.parse()?, need: Need::Drink, place: None });
                self.tablet.seal(&Record { clock: Clock::new(Timestamp::now(), None), body })?
            }
            other => bail!("nobody here can do {other:?}"),
        };
        self.client.publish(&self.tablet.records(), &envelope.to_json())?;
        self.tablet.verdicts(&mut self.client, 1, Duration::from_secs(30)).map(drop)
    }
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
            bedside.as_mut().context("nobody is at the bedside")?.does(need)?;
            writeln!(input, "{{}}")?;
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
            "ward": account("ward-w07"), "office": account("office"), "board": account("board"), "consultant": account("consultant-c07")
        },
        "ward": format!("/ward/{WARD}"),
        "wardName": "Ward 7",
    }))
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
    few["pictures"] = Value::Bool(false);
    run(&few, folder.path(), None)?;

    let demonstration = demonstration.turn_real(folder.path())?;
    let mut bedside = Bedside::open(demonstration.broker_port()?)?;
    bedside.does("help")?;
    let mut roles: Vec<Value> = ACCOUNTS.iter().map(|(name, _)| account(name)).collect();
    roles.push(nobody);
    let mut everything = asked(&demonstration, &roles, &["pages", "figures"], &routes)?;
    everything["everything"] = Value::Bool(true);
    run(&everything, folder.path(), Some(&mut bedside))
}

#[test]
fn what_each_role_comes_for_with_a_mouse_without_javascript_and_with_the_keyboard() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let demonstration = MadeUpTrust::start(folder.path(), 10)?.turn_real(folder.path())?;
    let mut bedside = Bedside::open(demonstration.broker_port()?)?;
    run(&asked(&demonstration, &[], &["live", "stories"], &[])?, folder.path(), Some(&mut bedside))
}
