//! Every page with a million responses stored, while answers come: how long the first view takes and how long the next ones.
//!
//! A made-up year is written with the times at which it would have come, with comments, attributions and contacts without an answer, so
//! many times as dense as the demonstration's. Then it is served as an installation, and every route that is read (`config routes`) is asked
//! for by an office, a board, a consultant and a ward, one after another over HTTP on one connection, while one answer a second arrives. A
//! page that a role may not see is passed over.
//!
//! `WARDVOICE_RECORDS` sets how many responses (default 1,000,000), `WARDVOICE_VISITS` how often each page is asked for after the first
//! time (default 100; fewer where that would take longer than [`LONGEST`]).

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};
use serde_json::{Value, json};
use wardvoice_tests::bench::{machine, ms, number, quantile, say};
use wardvoice_tests::http::Http;
use wardvoice_tests::made_up::MadeUpTrust;
use wardvoice_tests::programs;
use wardvoice_tests::tablet::Tablet;
use wardvoice_tests::wait::{let_pass, until};

/// A year.
const FORTNIGHTS: u32 = 26;
/// About so many contacts the demonstration's own trust has in a year.
const CONTACTS_A_YEAR: usize = 10_400;
/// About so many of a hundred contacts hold a response.
const RESPONSES_OF_100: usize = 84;
/// So long the log may be looked through for comments.
const LONGEST_SEARCH: Duration = Duration::from_mins(10);
/// Whatever takes longer is not asked for again.
const LONGEST: Duration = Duration::from_secs(20);
const GOAL_MS: f64 = 20.0;
const GOAL_OF_THE_BOARD_MS: f64 = 100.0;

/// Who looks, with the demonstration's passwords.
const ROLES: [(&str, &str); 4] = [
    ("office", "demonstration-office"),
    ("board", "demonstration-board"),
    ("consultant-c07", "demonstration-consultant"),
    ("ward-w07", "demonstration-ward"),
];

/// What stands for `{id}` behind each door.
const IDS: [(&str, &str); 8] = [
    ("ward", "W07"),
    ("actions", "W07"),
    ("help", "W07"),
    ("display", "W07"),
    ("open", "W07"),
    ("consultant", "C07"),
    ("own page", "C07"),
    ("department", "medicine"),
];

/// What is asked for where a route says nothing by itself.
const QUERIES: [(&str, &str); 7] = [
    ("/signal", "unit=ward:W07&measure=overall"),
    ("/beside", "unit=ward:W07"),
    ("/api/v1/scores", "unit=ward:W07"),
    ("/api/v1/scores/explain", "unit=ward:W07"),
    ("/api/v1/signals", "unit=ward:W07"),
    ("/api/v1/comparison", "unit=trust:DEMO"),
    ("/api/v1/comments", "unit=ward:W07"),
];

fn main() -> Result<()> {
    let records = number("WARDVOICE_RECORDS", 1_000_000);
    let times = (records * 100).div_ceil(CONTACTS_A_YEAR * RESPONSES_OF_100).max(1);
    let folder = tempfile::tempdir()?;
    let began = Instant::now();
    let dense = MadeUpTrust::start_dense(folder.path(), FORTNIGHTS, u32::try_from(times)?)?;
    let mut trust = dense.turn_real(folder.path())?;
    let machine = machine()?;
    let stored = stored(&trust)?;
    say(&json!({
        "bench": "pages_filling", "machine": machine, "contacts": stored, "seconds": began.elapsed().as_secs_f64(),
    }))?;
    say(&while_comments_are_found(&trust, &machine, stored)?)?;
    // What else is read at a start beside everything should not be measured as a page.
    let_pass(Duration::from_secs(10));

    let routes = routes(folder.path())?;
    let trickle = Trickle::start(&trust)?;
    let mut over = Vec::new();
    for (name, password) in ROLES {
        let mut http = Http::new()?;
        http.sign_in(&trust.url(""), name, password)?;
        let role = Role { name, http, machine: &machine, stored, trust: &trust };
        over.extend(role.asks_everything(&routes)?);
    }
    let arrived = trickle.stop()?;
    let resident = trust.process().resident_bytes()? / 1_000_000;
    say(&json!({
        "bench": "pages_over_their_goal", "machine": machine, "contacts": stored, "arrived_meanwhile": arrived,
        "resident_mb": resident, "pages": over,
    }))
}

/// A ward's page again and again until it has every comment: how long that is after the start, and the longest that anybody waited meanwhile.
fn while_comments_are_found(trust: &MadeUpTrust, machine: &str, stored: u64) -> Result<Value> {
    let [(name, password), ..] = ROLES;
    let mut http = Http::new()?;
    let began = Instant::now();
    http.sign_in(&trust.url(""), name, password)?;
    let mut times = Vec::new();
    until("every comment to be found", LONGEST_SEARCH, || {
        let asked = Instant::now();
        let page = http.get(&trust.url("/ward/W07"))?;
        times.push(asked.elapsed());
        ensure!(page.status == 200, "the ward's page answered {}", page.status);
        Ok((!page.body.contains("is still being read after a start")).then_some(()))
    })?;
    let (visits, found) = (times.len(), began.elapsed());
    Ok(json!({
        "bench": "pages_while_comments_are_found", "machine": machine, "contacts": stored, "visits": visits,
        "found_after_seconds": found.as_secs_f64(), "p50_ms": ms(quantile(&mut times, 0.5)),
        "worst_ms": ms(quantile(&mut times, 1.0)),
    }))
}

/// A path with the door it stands behind.
struct Route {
    path: String,
    door: String,
}

/// Every route that is read.
fn routes(folder: &Path) -> Result<Vec<Route>> {
    let mut command = std::process::Command::new(programs::aggregator()?);
    command.arg("--data").arg(folder.join("aggregator")).args(["config", "routes", "--json"]);
    let output = command.output().context("failed to ask for the routes")?;
    ensure!(output.status.success(), "`config routes` ended with {}", output.status);
    let listed: Vec<Value> = serde_json::from_slice(&output.stdout).context("the routes are no JSON")?;
    let text =
        |route: &Value, field: &str| route.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let read = listed.iter().filter(|route| text(route, "method") == "GET");
    let routes: Vec<_> =
        read.map(|route| Route { path: text(route, "path"), door: text(route, "door") }).collect();
    ensure!(!routes.is_empty(), "there are no routes");
    Ok(routes)
}

struct Role<'a> {
    name: &'static str,
    http: Http,
    machine: &'a str,
    stored: u64,
    trust: &'a MadeUpTrust,
}

impl Role<'_> {
    /// Asks for every page, and says which of them are over their goal.
    fn asks_everything(&self, routes: &[Route]) -> Result<Vec<String>> {
        let (mut links, mut over, mut passed_over) = (BTreeSet::new(), Vec::new(), BTreeMap::new());
        // Pages with links to others come first, so that an address that nobody can make up is found before it is needed.
        let (plain, named): (Vec<_>, Vec<_>) = routes.iter().partition(|route| !route.path.contains('{'));
        for route in plain.into_iter().chain(named) {
            if route.path.ends_with("/stream") {
                passed_over.insert(route.path.clone(), "it stays open".to_owned());
                continue;
            }
            if route.path.starts_with("/api/v1/tables/") {
                passed_over.insert(route.path.clone(), "it is a table and no page".to_owned());
                continue;
            }
            let Some(path) = address(route, &links) else {
                passed_over.insert(route.path.clone(), "no page links to one".to_owned());
                continue;
            };
            match self.asks(route, &path, &mut links) {
                Ok(Asked::Measured { over: true }) => over.push(format!("{} {}", self.name, route.path)),
                Ok(Asked::Measured { over: false }) => {}
                Ok(Asked::Refused(status)) => {
                    passed_over.insert(route.path.clone(), format!("{path} answered {status}"));
                }
                Err(error) => {
                    over.push(format!("{} {}", self.name, route.path));
                    passed_over.insert(route.path.clone(), format!("{error:#}"));
                }
            }
        }
        say(&json!({ "bench": "pages_passed_over", "role": self.name, "routes": passed_over }))?;
        Ok(over)
    }

    fn asks(&self, route: &Route, path: &str, links: &mut BTreeSet<String>) -> Result<Asked> {
        let url = self.trust.url(path);
        let began = Instant::now();
        let first = self.http.get(&url)?;
        let first_took = began.elapsed();
        if first.status != 200 {
            return Ok(Asked::Refused(first.status));
        }
        links.extend(links_of(&first.body));
        let visits = number("WARDVOICE_VISITS", 100);
        let (mut times, mut bytes) = (Vec::with_capacity(visits), first.body.len());
        while times.len() < visits && began.elapsed() < LONGEST {
            let asked = Instant::now();
            let answer = self.http.get(&url)?;
            times.push(asked.elapsed());
            ensure!(answer.status == 200, "{url} answered {} after it had answered 200", answer.status);
            bytes = answer.body.len();
        }
        let goal = if route.path == "/board" { GOAL_OF_THE_BOARD_MS } else { GOAL_MS };
        // A paper is typeset, which has a goal of its own.
        let is_page = !route.path.to_lowercase().contains(".pdf");
        let visits = times.len();
        let (p50, p99) = (ms(quantile(&mut times, 0.5)), ms(quantile(&mut times, 0.99)));
        say(&json!({
            "bench": "pages", "machine": self.machine, "contacts": self.stored, "role": self.name, "route": route.path,
            "asked": path, "bytes": bytes, "first_ms": ms(first_took), "visits": visits, "p50_ms": p50, "p99_ms": p99,
            "goal_ms": is_page.then_some(goal),
        }))?;
        Ok(Asked::Measured { over: is_page && p99 > goal })
    }
}

enum Asked {
    Measured { over: bool },
    Refused(u16),
}

/// A route with something in the place of its names: what the door says, or what a page links to.
fn address(route: &Route, links: &BTreeSet<String>) -> Option<String> {
    if !route.path.contains('{') {
        let query = QUERIES.iter().find(|(path, _)| *path == route.path);
        return Some(query.map_or_else(|| route.path.clone(), |(path, query)| format!("{path}?{query}")));
    }
    let linked = links.iter().find(|link| is_of(&route.path, link));
    if route.path.matches('{').count() == 1 && route.path.contains("{id}") {
        let id = IDS.iter().find(|(door, _)| *door == route.door).map(|(_, id)| *id);
        return id.map(|id| route.path.replace("{id}", id)).or_else(|| linked.cloned());
    }
    linked.cloned()
}

/// Whether an address is one of a route.
fn is_of(route: &str, link: &str) -> bool {
    let path = link.split(['?', '#']).next().unwrap_or_default();
    let (route, path): (Vec<_>, Vec<_>) = (route.split('/').collect(), path.split('/').collect());
    route.len() == path.len() && route.iter().zip(&path).all(|(name, part)| name.starts_with('{') || name == part)
}

/// The addresses that a page links to, on its own server.
fn links_of(page: &str) -> impl Iterator<Item = String> {
    let quoted = |mark: &'static str| page.split(mark).skip(1).filter_map(|rest| rest.split('"').next());
    let all = quoted("href=\"").chain(quoted("src=\""));
    all.filter(|link| link.starts_with('/')).map(|link| link.replace("&amp;", "&"))
}

fn stored(trust: &MadeUpTrust) -> Result<u64> {
    let health = Http::new()?.json(&trust.url("/healthz"))?;
    health.get("position").and_then(Value::as_u64).context("the aggregator does not say how many there are")
}

/// One answer a second, from wards in turn, until it is stopped.
struct Trickle {
    stopping: Arc<AtomicBool>,
    sent: Arc<AtomicUsize>,
    thread: std::thread::JoinHandle<Result<()>>,
}

impl Trickle {
    fn start(trust: &MadeUpTrust) -> Result<Self> {
        let port = trust.broker_port()?;
        let (stopping, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let mut tablets = ["W07", "W01", "W15"]
            .into_iter()
            .zip(1..)
            .map(|(ward, seed)| Tablet::introduce(&format!("sim-trickle-{ward}"), Some(ward), port, seed))
            .collect::<Result<Vec<_>>>()?;
        let (stop, count) = (Arc::clone(&stopping), Arc::clone(&sent));
        let thread = std::thread::spawn(move || -> Result<()> {
            let mut clients = tablets.iter().map(|tablet| tablet.connect(port)).collect::<Result<Vec<_>>>()?;
            let mut lanes = tablets.iter_mut().zip(&mut clients).collect::<Vec<_>>();
            let many = lanes.len();
            while !stop.load(Ordering::Relaxed) {
                let at = count.load(Ordering::Relaxed);
                let (tablet, client) = lanes.get_mut(at % many).context("there are no tablets")?;
                let payload = tablet.completes(&format!("trickle {at}"))?.to_json();
                client.publish(&tablet.records(), &payload)?;
                tablet.verdicts(client, 1, Duration::from_secs(30))?;
                count.fetch_add(1, Ordering::Relaxed);
                let_pass(Duration::from_secs(1));
            }
            Ok(())
        });
        Ok(Self { stopping, sent, thread })
    }

    /// How many came.
    fn stop(self) -> Result<usize> {
        self.stopping.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| anyhow!("the trickle panicked"))??;
        Ok(self.sent.load(Ordering::Relaxed))
    }
}
