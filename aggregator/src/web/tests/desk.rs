//! A desk to test pages with: three wards, generated answers, a day of its own, a real log and a real listener.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, RwLock};

use axum::Router;
use jiff::{SignedDuration, Timestamp};
use reqwest::{Client, RequestBuilder, redirect};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use wardvoice_protocol::directory::{Directory, DirectoryFile};
use wardvoice_protocol::fortnight::Calendar;
use wardvoice_protocol::id::{KioskId, Language, WardId};
use wardvoice_protocol::keys::SigningKey;
use wardvoice_protocol::questionnaire::Questionnaire;

use crate::accounts::{Accounts, OFFICE, Proof};
use crate::actions::Actions;
use crate::alerts::Alerts;
use crate::audit::Audit;
use crate::backup::LastBackup;
use crate::branding::Branding;
use crate::comments::{Comments, Rules};
use crate::delivery::Delivery;
use crate::display_tokens::DisplayTokens;
use crate::disputes::{Attributed, Disputes};
use crate::facts::{Facts, Vocabulary};
use crate::fleet::Fleet;
use crate::forks::Forks;
use crate::help::HelpDesk;
use crate::ingest::World;
use crate::log::Log;
use crate::metrics::Metrics;
use crate::monitor::{Marks, Observations};
use crate::national_return::{Book, NationalCodes, Recounts};
use crate::planning::Planning;
use crate::policy;
use crate::publish::Publishings;
use crate::questionnaires::Questionnaires;
use crate::rebases::Rebases;
use crate::reception;
use crate::releases::Releases;
use crate::scoring::ScoringWorld;
use crate::translations::Translations;
use crate::tries::Tries;
use crate::web::{Desk, router};

mod alerts;
mod answers;
mod changes;
mod kiosks;
mod ways;
mod withdrawal;

pub(super) use alerts::{AMPLE, alert};
pub(super) use withdrawal::{given, taken_back};

pub(super) const PASSWORD: &str = "correct horse battery";

/// The moment every test looks from: a Friday, in fortnight 23.
pub(super) fn noon() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

/// A running server and everything behind it.
pub(super) struct Bench {
    pub(super) desk: Arc<Desk>,
    pub(super) address: SocketAddr,
    pub(super) now: Arc<Mutex<Timestamp>>,
    pub(super) log: Log,
    pub(super) replayed: Arc<Mutex<Vec<u64>>>,
    /// Whether the broker is there.
    pub(super) broker: Arc<AtomicBool>,
    /// How much room is left on the disk.
    pub(super) free_bytes: Arc<AtomicU64>,
    client: Client,
    dice: Mutex<u64>,
    sequence: u64,
    _folder: tempfile::TempDir,
}

fn directory() -> Directory {
    let file: DirectoryFile = serde_json::from_str(include_str!("../../directory/example.json")).unwrap();
    Directory::try_from(file).unwrap()
}

pub(super) fn ward(id: &str) -> WardId {
    id.parse().unwrap()
}

pub(super) fn kiosk(id: &str) -> KioskId {
    id.parse().unwrap()
}

/// Serves the pages until the desk stops.
pub(super) async fn serve(desk: &Arc<Desk>) -> SocketAddr {
    serve_pages(desk, router(Arc::clone(desk))).await
}

/// Serves pages as they were made until the desk stops.
pub(super) async fn serve_pages(desk: &Desk, pages: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stopping = desk.stopping.clone();
    let proxies = desk.trusted_proxies.clone();
    tokio::spawn(async move {
        reception::serve(listener, pages, &proxies, stopping.cancelled_owned()).await.unwrap();
    });
    address
}

/// Another test of this process may have chosen it before.
fn choose_the_provider() {
    drop(rustls::crypto::ring::default_provider().install_default());
}

/// What a trust may have set beyond the defaults.
#[derive(Default)]
pub(super) struct Trust {
    pub(super) demonstration: bool,
    pub(super) displays_need_token: bool,
    /// Whether every shipped questionnaire is asked, and not the inpatients' alone.
    pub(super) asks_everything: bool,
    pub(super) trusted_proxies: &'static [&'static str],
    pub(super) branding: Option<Branding>,
    #[cfg(feature = "openid")]
    pub(super) openid: Option<crate::openid::OpenId>,
}

/// A questionnaire that is asked here and that no definition scores.
pub(super) fn scored_by_nothing() -> Questionnaire {
    let mut file = Questionnaire::friends_and_family().unwrap().file().clone();
    file.version += 1;
    Questionnaire::try_from(file).unwrap()
}

impl Bench {
    /// A server with no answers yet.
    pub(super) async fn empty(demonstration: bool) -> Self {
        Self::of(Trust { demonstration, ..Trust::default() }).await
    }

    /// A server of a trust, with no answers yet.
    pub(super) async fn of(trust: Trust) -> Self {
        let Trust { demonstration, displays_need_token, asks_everything, trusted_proxies, .. } = trust;
        choose_the_provider();
        let folder = tempfile::tempdir().unwrap();
        let directory = directory();
        let mut questionnaires = Questionnaire::shipped().unwrap();
        if asks_everything {
            questionnaires.push(scored_by_nothing());
        } else {
            questionnaires.truncate(1);
        }
        let vocabulary = Arc::new(Vocabulary::new(&directory, &questionnaires).unwrap());
        let calendar = Calendar::new("2026-01-05".parse().unwrap()).unwrap();
        let translations = Arc::new(Translations::open(folder.path().join("approvals.ndjson")).unwrap());
        let previews = ways::drawn_by_a_script(folder.path(), &questionnaires);
        let plan = folder.path().join("plan.ndjson");
        let planning = Arc::new(Planning::open(plan, &directory, 400, calendar.clone()).unwrap());
        let scoring =
            ScoringWorld::inpatient(directory.clone(), calendar.clone(), Arc::clone(&vocabulary), 7).unwrap();
        let scoring = scoring.with_plans(planning.plans());
        let accounts = Accounts::open(folder.path().join("accounts.json")).unwrap();
        accounts.add(&OFFICE.parse().unwrap(), Proof::Chosen(PASSWORD), &[]).unwrap();
        let log = Log::open(&folder.path().join("log")).unwrap();
        let facts = Arc::new(RwLock::new(Facts::new(Arc::clone(&vocabulary))));
        let (registry, open_keys) = (Arc::new(kiosks::three_kiosks(&directory)), Vec::new());
        let world = Arc::new(World { directory, questionnaires, calendar, vocabulary, open_keys, registry });
        let now = Arc::new(Mutex::new(noon()));
        let replayed = Arc::new(Mutex::new(Vec::new()));
        let broker = Arc::new(AtomicBool::new(true));
        let free_bytes = Arc::new(AtomicU64::new(1 << 40));
        let help = Arc::new(HelpDesk::default());
        let clock = Arc::clone(&now);
        let disputes = Arc::new(Disputes::open(folder.path().join("disputes.ndjson")).unwrap());
        let key = SigningKey::from_bytes(&[9; 32]);
        let attributed = Attributed::new(log.reader(), Arc::clone(&world), &key);
        let desk = Arc::new(Desk {
            world: Arc::clone(&world),
            scoring: Arc::new(scoring),
            facts: Arc::clone(&facts),
            reader: log.reader(),
            changes: broadcast::channel(64).0,
            fleet: Arc::new(Fleet::new()),
            accounts: Arc::new(accounts),
            questionnaires: Arc::new(Questionnaires::shipped().unwrap()),
            languages: vec![Language::english(), "pl".parse().unwrap()],
            translations: Arc::clone(&translations),
            translate: ways::translate(translations),
            previews: Arc::new(previews),
            planning: Arc::clone(&planning),
            plan: ways::plan(planning),
            actions: Arc::new(Actions::open(folder.path().join("actions.ndjson")).unwrap()),
            rebases: Arc::new(Rebases::open(folder.path().join("rebases.ndjson")).unwrap()),
            metrics: Arc::new(Metrics::new()),
            broker_connected: ways::connected(&broker),
            free_bytes: ways::free_bytes(&free_bytes),
            last_backup: Arc::new(LastBackup::open(folder.path().join("backup.json"))),
            clock_doubt: Arc::default(),
            replay: ways::replay(&replayed),
            help: Arc::clone(&help),
            delivery: Arc::new(
                Delivery::open(folder.path().join("delivery.ndjson"), SignedDuration::from_hours(24)).unwrap(),
            ),
            alerts: Arc::new(Alerts::open(folder.path().join("alerts.ndjson")).unwrap()),
            forks: Arc::new(Forks::open(folder.path().join("forks.ndjson")).unwrap()),
            comments: Arc::new(
                Comments::open(folder.path(), Rules::default(), log.reader(), world, facts).unwrap(),
            ),
            marks: Arc::new(Marks::open(folder.path().join("monitor.ndjson")).unwrap()),
            observations: Observations::default(),
            acknowledge: ways::acknowledge(help),
            releases: Arc::new(Releases::open(folder.path().join("releases.ndjson")).unwrap()),
            published: vec![ways::published_in(folder.path())],
            publishings: Arc::new(Publishings::open(folder.path().join("publishing.json"))),
            returns: Arc::new(Book::open(folder.path().join("returns.ndjson")).unwrap()),
            recounts: Recounts::default(),
            national: NationalCodes::default(),
            demonstration,
            branding: trust.branding.map(Arc::new),
            policy: policy::Settings { demonstration, displays_need_token, shown_to: [].into(), first_days: 14 },
            audit: Arc::new(Audit::open(folder.path().join("audit.ndjson")).unwrap()),
            tries: Arc::new(Tries::open(folder.path().join("tries.json"))),
            sessions: Arc::default(),
            display_tokens: Arc::new(DisplayTokens::open(folder.path().join("displays.json")).unwrap()),
            trusted_proxies: trusted_proxies.iter().map(|text| text.parse().unwrap()).collect(),
            #[cfg(feature = "openid")]
            openid: trust.openid.map(Arc::new),
            disputes: Arc::clone(&disputes),
            attributed: Arc::new(attributed),
            rule: ways::rule(disputes),
            withdraw: withdrawal::take_back(),
            find_by_code: withdrawal::find_by_code(),
            stopping: CancellationToken::new(),
            now: Arc::new(move || *clock.lock().unwrap()),
        });
        let address = serve(&desk).await;
        let client = Client::builder().redirect(redirect::Policy::none()).build().unwrap();
        let (dice, sequence) = (Mutex::new(7), 0);
        Self { desk, address, now, log, replayed, broker, free_bytes, client, dice, sequence, _folder: folder }
    }

    /// A server with eight fortnights of answers for W1, an old fortnight for W2, and nothing for W3.
    pub(super) async fn lively(demonstration: bool) -> Self {
        Self::empty(demonstration).await.filled()
    }

    pub(super) fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(self.url(path))
    }

    pub(super) fn post(&self, path: &str, form: &str) -> RequestBuilder {
        let request = self.client.post(self.url(path)).body(form.to_owned());
        request.header("content-type", "application/x-www-form-urlencoded").header("sec-fetch-site", "same-origin")
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A page's text; it must be there.
    pub(super) async fn text(&self, path: &str) -> String {
        let response = self.get(path).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        response.text().await.unwrap()
    }

    /// Signs the office in and gives the cookie.
    pub(super) async fn sign_in(&self) -> String {
        self.sign_in_as(OFFICE).await
    }

    /// Signs an account in and gives the cookie.
    pub(super) async fn sign_in_as(&self, name: &str) -> String {
        let form = format!("name={name}&password={}&next=/office", PASSWORD.replace(' ', "+"));
        let response = self.post("/sign-in", &form).send().await.unwrap();
        assert_eq!(response.status(), 303);
        assert_eq!(response.headers()["location"], "/office");
        let cookie = response.headers()["set-cookie"].to_str().unwrap();
        for part in ["HttpOnly", "SameSite=Strict", "Path=/"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        cookie.split(';').next().unwrap().to_owned()
    }
}
