//! A desk to test pages with: three wards, generated answers, a day of its own, a real log and a real listener.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, RwLock};

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};
use reqwest::{Client, RequestBuilder, redirect};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use wardvoice_protocol::clock::Clock;
use wardvoice_protocol::contact::{
    Answer, Attribution, AttributionSource, Comment, Contact, Mode, Outcome, Response,
};
use wardvoice_protocol::directory::{Directory, DirectoryFile};
use wardvoice_protocol::fortnight::Calendar;
use wardvoice_protocol::id::{Hash, KioskId, Language, RecordId, WardId};
use wardvoice_protocol::keys::SigningKey;
use wardvoice_protocol::questionnaire::Questionnaire;
use wardvoice_protocol::receipt::{Decision, Reason, Verdict};
use wardvoice_protocol::record::{Body, Need, Place, Record};
use wardvoice_protocol::status::{Health, Presence, Status};

use crate::accounts::{Accounts, OFFICE, Proof};
use crate::actions::Actions;
use crate::alerts::Alerts;
use crate::audit::Audit;
use crate::branding::Branding;
use crate::comments::{Comments, Rules};
use crate::delivery::Delivery;
use crate::display_tokens::DisplayTokens;
use crate::disputes::{Attributed, Disputes};
use crate::facts::{Facts, Vocabulary, fact_of};
use crate::fleet::Fleet;
use crate::help::{HelpDesk, Request};
use crate::ingest::{Change, World};
use crate::log::{DayEvidence, DayMethod, Log, NewRecord, NewRefusal, OpenedRow, Seen};
use crate::metrics::Metrics;
use crate::monitor::{Marks, Observations};
use crate::national_return::{Book, NationalCodes, Recounts};
use crate::planning::Planning;
use crate::policy;
use crate::previews::{self, Previews};
use crate::publish::{By, Destination, Edition};
use crate::questionnaires::Questionnaires;
use crate::rebases::Rebases;
use crate::registry::Registry;
use crate::releases::Releases;
use crate::scoring::ScoringWorld;
use crate::translations::Translations;
use crate::tries::Tries;
use crate::web::{Acknowledge, BrokerConnected, Desk, Replay, Rule, SetPlan, Translate, router};

mod withdrawal;

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
    client: Client,
    dice: Mutex<u64>,
    sequence: u64,
    _folder: tempfile::TempDir,
}

fn directory() -> Directory {
    let file: DirectoryFile = serde_json::from_str(include_str!("../../directory/example.json")).unwrap();
    Directory::try_from(file).unwrap()
}

/// Previews of the first questionnaire, drawn by a script that stands for the kiosk's program.
fn drawn_by_a_script(folder: &Path, questionnaires: &[Questionnaire]) -> Previews {
    let draws = previews::tests::draws(questionnaires.first().unwrap());
    Previews::new(folder.join("previews"), Some(previews::tests::program(folder, &draws)))
}

/// Where everybody's edition goes; the trust's own people have none.
fn published_in(folder: &Path) -> Destination {
    Destination { edition: Edition::Public, out: folder.join("www"), put: None, by: By::Whatever }
}

/// Decides about translations and tells nobody.
fn translate(translations: Arc<Translations>) -> Translate {
    Arc::new(move |questionnaire, language, ruling, reason, by| {
        let decided = translations.decide(questionnaire, language, ruling, reason, by);
        decided.map_err(|error| error.to_string())
    })
}

/// Keeps what somebody has seen in memory alone.
fn acknowledge(help: Arc<HelpDesk>) -> Acknowledge {
    Arc::new(move |record, by| {
        let Some(request) = help.all(noon()).into_iter().find(|request| request.record == record) else {
            return Ok(None);
        };
        help.seen(request.kiosk, record, noon());
        Ok(Some(Seen { at: noon(), by: by.to_string() }))
    })
}

/// Notes what is to be judged again, and says that it is accepted.
fn replay(replayed: &Arc<Mutex<Vec<u64>>>) -> Replay {
    let list = Arc::clone(replayed);
    Arc::new(move |numbers| {
        list.lock().unwrap().extend_from_slice(numbers);
        let verdict = Verdict { envelope: Hash::ZERO, record: None, sequence: None, decision: Decision::Accepted };
        Ok(numbers.iter().map(|number| (*number, verdict.clone())).collect())
    })
}

fn plan(planning: Arc<Planning>) -> SetPlan {
    Arc::new(move |wish, by| {
        planning.decide(wish, by, Date::constant(2026, 11, 20)).map_err(|error| error.to_string())
    })
}

fn rule(disputes: Arc<Disputes>) -> Rule {
    Arc::new(move |number, ruling, note| {
        let today = Date::constant(2026, 11, 20);
        disputes.rule(number, ruling, note, today, noon()).map_err(|error| error.to_string())
    })
}

/// A broker that is there as long as a test says so.
fn connected(broker: &Arc<AtomicBool>) -> BrokerConnected {
    let broker = Arc::clone(broker);
    Arc::new(move || broker.load(Ordering::Relaxed))
}

pub(super) fn ward(id: &str) -> WardId {
    id.parse().unwrap()
}

pub(super) fn kiosk(id: &str) -> KioskId {
    id.parse().unwrap()
}

/// Serves the pages until the desk stops.
pub(super) async fn serve(desk: &Arc<Desk>) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = router(Arc::clone(desk)).into_make_service_with_connect_info::<SocketAddr>();
    let stopping = desk.stopping.clone();
    tokio::spawn(async move {
        axum::serve(listener, service).with_graceful_shutdown(stopping.cancelled_owned()).await.unwrap();
    });
    address
}

/// Two kiosks on W1 and one on W2.
fn three_kiosks(directory: &Directory) -> Registry {
    let registry = Registry::in_memory();
    for (number, id, place) in [(1, "k-1", "W1"), (2, "k-2", "W2"), (3, "k-3", "W1")] {
        let key = SigningKey::from_bytes(&[number; 32]).verifying_key();
        registry.add(&kiosk(id), &ward(place), key, directory).unwrap();
    }
    registry
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
        questionnaires.truncate(if asks_everything { usize::MAX } else { 1 });
        let vocabulary = Arc::new(Vocabulary::new(&directory, &questionnaires).unwrap());
        let calendar = Calendar::new("2026-01-05".parse().unwrap()).unwrap();
        let translations = Arc::new(Translations::open(folder.path().join("approvals.ndjson")).unwrap());
        let previews = drawn_by_a_script(folder.path(), &questionnaires);
        let planning = Planning::open(folder.path().join("plan.ndjson"), &directory, 400, calendar.clone());
        let planning = Arc::new(planning.unwrap());
        let scoring =
            ScoringWorld::inpatient(directory.clone(), calendar.clone(), Arc::clone(&vocabulary), 7).unwrap();
        let scoring = scoring.with_plans(planning.plans());
        let accounts = Accounts::open(folder.path().join("accounts.json")).unwrap();
        accounts.add(&OFFICE.parse().unwrap(), Proof::Chosen(PASSWORD), &[]).unwrap();
        let log = Log::open(&folder.path().join("log")).unwrap();
        let vocabulary_too = Arc::clone(&vocabulary);
        let (registry, open_keys) = (Arc::new(three_kiosks(&directory)), Vec::new());
        let world = World { directory, questionnaires, calendar, vocabulary: vocabulary_too, open_keys, registry };
        let world = Arc::new(world);
        let facts = Arc::new(RwLock::new(Facts::new(vocabulary)));
        let now = Arc::new(Mutex::new(noon()));
        let replayed = Arc::new(Mutex::new(Vec::new()));
        let broker = Arc::new(AtomicBool::new(true));
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
            translate: translate(translations),
            previews: Arc::new(previews),
            planning: Arc::clone(&planning),
            plan: plan(planning),
            actions: Arc::new(Actions::open(folder.path().join("actions.ndjson")).unwrap()),
            rebases: Arc::new(Rebases::open(folder.path().join("rebases.ndjson")).unwrap()),
            metrics: Arc::new(Metrics::new()),
            broker_connected: connected(&broker),
            replay: replay(&replayed),
            help: Arc::clone(&help),
            delivery: Arc::new(
                Delivery::open(folder.path().join("delivery.ndjson"), SignedDuration::from_hours(24)).unwrap(),
            ),
            alerts: Arc::new(Alerts::open(folder.path().join("alerts.ndjson")).unwrap()),
            comments: Arc::new(
                Comments::open(folder.path(), Rules::default(), log.reader(), world, facts).unwrap(),
            ),
            marks: Arc::new(Marks::open(folder.path().join("monitor.ndjson")).unwrap()),
            observations: Observations::default(),
            acknowledge: acknowledge(help),
            releases: Arc::new(Releases::open(folder.path().join("releases.ndjson")).unwrap()),
            published: vec![published_in(folder.path())],
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
            rule: rule(disputes),
            withdraw: withdrawal::take_back(),
            find_by_code: withdrawal::find_by_code(),
            stopping: CancellationToken::new(),
            now: Arc::new(move || *clock.lock().unwrap()),
        });
        let address = serve(&desk).await;
        let client = Client::builder().redirect(redirect::Policy::none()).build().unwrap();
        Self {
            desk,
            address,
            now,
            log,
            replayed,
            broker,
            client,
            dice: Mutex::new(7),
            sequence: 0,
            _folder: folder,
        }
    }

    /// A server with eight fortnights of answers for W1, an old fortnight for W2, and nothing for W3.
    pub(super) async fn lively(demonstration: bool) -> Self {
        Self::empty(demonstration).await.filled()
    }

    /// The same server with eight fortnights of answers for W1, an old fortnight for W2, and nothing for W3.
    pub(super) fn filled(self) -> Self {
        let bench = self;
        for fortnight in 0..8 {
            let start = Date::constant(2026, 8, 3).saturating_add((14 * fortnight).days());
            let many = if fortnight == 7 { 31 } else { 40 };
            for place in 0..many {
                bench.answers(
                    "W1",
                    start.saturating_add((place % 11).days()),
                    if fortnight < 4 { 70 } else { 84 },
                );
            }
        }
        for (outcome, many) in [(Outcome::Declined, 6), (Outcome::Asleep, 4), (Outcome::LacksCapacity, 2)] {
            (0..many).for_each(|_| bench.contact("W1", Date::constant(2026, 11, 12), outcome, Mode::Interview, 0));
        }
        (0..12).for_each(|_| bench.answers("W2", Date::constant(2026, 10, 27), 80));
        bench.desk.fleet.record(&kiosk("k-1"), noon() - SignedDuration::from_mins(4));
        bench.desk.fleet.record(&kiosk("k-2"), "2026-11-02T09:00:00Z".parse().unwrap());
        bench.online("k-1", 2);
        bench
    }

    /// A kiosk says that it is there.
    pub(super) fn online(&self, id: &str, waiting: u64) {
        self.says(id, waiting, None);
    }

    /// A kiosk says which questionnaire it asks.
    pub(super) fn asks(&self, id: &str, questionnaire: Hash) {
        self.says(id, 0, Some(questionnaire));
    }

    fn says(&self, id: &str, waiting: u64, questionnaire: Option<Hash>) {
        let health = Health {
            software: "0.1.0".to_owned(),
            waiting,
            last_sequence: 12,
            clock_offset_s: Some(-3),
            assignment: None,
            tablet: None,
            questionnaire,
        };
        let status = Status::new(kiosk(id), Presence::Online(health));
        self.desk.fleet.status(&status, noon());
    }

    /// Somebody on a ward answers, well with a chance of so many in a hundred a question.
    pub(super) fn answers(&self, place: &str, day: Date, well: u64) {
        let mode = match self.roll(10) {
            0 => Mode::Proxy,
            1 | 2 => Mode::Assisted,
            3 | 4 => Mode::Alone,
            _ => Mode::Interview,
        };
        self.contact(place, day, Outcome::Completed, mode, well);
    }

    fn contact(&self, place: &str, day: Date, outcome: Outcome, mode: Mode, well: u64) {
        let mut contact = self.completed(place, mode, well);
        contact.outcome = outcome;
        if !outcome.has_response() {
            contact.response = None;
        }
        self.insert(&contact, day);
    }

    fn insert(&self, contact: &Contact, day: Date) {
        let fact = fact_of(contact, day.into(), day.into(), self.desk.scoring.vocabulary()).unwrap();
        self.desk.facts.write().unwrap().insert(fact);
    }

    fn completed(&self, place: &str, mode: Mode, well: u64) -> Contact {
        let questionnaire = &Questionnaire::inpatient().unwrap();
        let mut answers = BTreeMap::new();
        for question in questionnaire.questions() {
            let last = question.options.len().saturating_sub(1);
            let place = if self.roll(100) < well { 0 } else { usize::from(self.roll(3) == 0) + 1 };
            let answer = match question.options.get(place.min(last)) {
                _ if question.not_applicable.is_some() && self.roll(4) == 0 => Answer::NotApplicable,
                _ if self.roll(25) == 0 => Answer::Declined,
                Some(option) => Answer::Answered(option.id.clone()),
                None => Answer::Declined,
            };
            answers.insert(question.id.clone(), answer);
        }
        Contact {
            ward: ward(place),
            questionnaire: questionnaire.reference(),
            outcome: Outcome::Completed,
            mode,
            language: Language::english(),
            attribution: None,
            response: Some(Response { answers, minutes: Some(4) }),
        }
    }

    /// Somebody on a ward answers everything well and says something; in the log and in the facts. Gives the comment's name.
    pub(super) fn writes(&mut self, place: &str, at: &str, said: Option<(&str, &str)>) -> String {
        self.writes_of(None, place, at, said)
    }

    /// The same by a patient of a consultant, as the roster says.
    pub(super) fn writes_of(
        &mut self,
        consultant: Option<&str>,
        place: &str,
        at: &str,
        said: Option<(&str, &str)>,
    ) -> String {
        self.writes_in(&Language::english(), consultant, place, at, said)
    }

    /// The same in a language.
    pub(super) fn writes_in(
        &mut self,
        language: &Language,
        consultant: Option<&str>,
        place: &str,
        at: &str,
        said: Option<(&str, &str)>,
    ) -> String {
        self.answers_to(&Questionnaire::inpatient().unwrap(), language, consultant, place, at, said)
    }

    /// The same to a questionnaire; every question with options gets its first.
    pub(super) fn answers_to(
        &mut self,
        questionnaire: &Questionnaire,
        language: &Language,
        consultant: Option<&str>,
        place: &str,
        at: &str,
        said: Option<(&str, &str)>,
    ) -> String {
        self.sequence += 1;
        let claimed: Timestamp = at.parse().unwrap();
        let answers = questionnaire.questions().iter().map(|question| {
            let answer = match (said, question.options.first()) {
                (Some((asked, text)), _) if asked == question.id.as_str() => {
                    Answer::Said(Comment::new(text).unwrap())
                }
                (_, Some(option)) => Answer::Answered(option.id.clone()),
                (_, None) => Answer::Declined,
            };
            (question.id.clone(), answer)
        });
        let contact = Contact {
            ward: ward(place),
            questionnaire: questionnaire.reference(),
            outcome: Outcome::Completed,
            mode: Mode::Alone,
            language: language.clone(),
            attribution: consultant
                .map(|id| Attribution { consultant: id.parse().unwrap(), source: AttributionSource::Roster }),
            response: Some(Response { answers: answers.collect(), minutes: Some(4) }),
        };
        let day = self.desk.world.calendar.day_of(claimed);
        self.insert(&contact, day);
        let json = serde_json::to_vec(&Record { clock: Clock::new(claimed, None), body: Body::Contact(contact) })
            .unwrap();
        let id = RecordId::new(1_795_428_000_000, [u8::try_from(self.sequence % 251).unwrap(); 10]);
        let row = OpenedRow {
            position: 0,
            kiosk: "k-1",
            sequence: self.sequence,
            record_id: id,
            envelope: Hash::of(&self.sequence.to_le_bytes()),
            received: claimed,
            day: day.into(),
            arrival_day: day.into(),
            evidence: DayEvidence { method: DayMethod::Offset, claimed, held_to_arrival: false },
            json: &json,
        };
        let mut batch = self.log.begin();
        let kiosk = kiosk("k-1");
        let new = NewRecord { kiosk: &kiosk, row, envelope: &[1, 0, 42], waits_for: None, asks_for_help: false };
        batch.append(&self.log, new).unwrap();
        self.log.commit(batch).unwrap();
        format!("{id}/{}", said.map_or("good", |(asked, _)| asked))
    }

    /// Somebody on a ward asks for a drink, so many minutes ago.
    pub(super) fn asks_for_help(&self, place: &str, minutes: i64) -> RecordId {
        let record = RecordId::new(1_795_428_000_000, [u8::try_from(minutes % 251).unwrap(); 10]);
        self.desk.help.open(Request {
            record,
            kiosk: kiosk("k-1"),
            ward: ward(place),
            need: Need::Drink,
            place: Some(Place::new("Bay 2").unwrap()),
            asked: noon() - SignedDuration::from_mins(minutes),
            arrived: noon() - SignedDuration::from_mins(minutes),
        });
        self.commit(place);
        record
    }

    /// So many patients of a ward name a consultant and answer the doctors' question well, sometimes or not.
    pub(super) fn patients_of(&self, consultant: &str, day: Date, answers: [usize; 3]) {
        let options = ["always", "sometimes", "no"].into_iter().zip(answers);
        for option in options.flat_map(|(option, many)| std::iter::repeat_n(option, many)) {
            let mut contact = self.completed("W1", Mode::Interview, 80);
            contact.attribution =
                Some(Attribution { consultant: consultant.parse().unwrap(), source: AttributionSource::Roster });
            let answer = Answer::Answered(option.parse().unwrap());
            contact.response.as_mut().unwrap().answers.insert("doctors".parse().unwrap(), answer);
            self.insert(&contact, day);
        }
    }

    /// Tells the pages that a ward has something new.
    pub(super) fn commit(&self, place: &str) {
        drop(self.desk.changes.send(Change { wards: vec![ward(place)], position: 1 }));
    }

    /// Puts something into the quarantine.
    pub(super) fn refuse(&mut self, id: &str, reason: Reason) {
        let mut batch = self.log.begin();
        let new = NewRefusal {
            kiosk: kiosk(id),
            received: noon() - SignedDuration::from_mins(90),
            reason,
            detail: "the clock is 400 days ahead".to_owned(),
            envelope: Hash::of(id.as_bytes()),
            record: None,
            sequence: None,
            payload: format!("{id} {reason}").into_bytes(),
        };
        batch.quarantine(&self.log, new).unwrap().unwrap();
        self.log.commit(batch).unwrap();
    }

    /// Puts so many things into the quarantine.
    pub(super) fn refuse_many(&mut self, many: u64) {
        let mut batch = self.log.begin();
        for number in 0..many {
            let new = NewRefusal {
                kiosk: kiosk(&format!("k-{}", number % 50)),
                received: noon(),
                reason: Reason::UnknownKiosk,
                detail: String::new(),
                envelope: Hash::of(&number.to_le_bytes()),
                record: None,
                sequence: None,
                payload: number.to_le_bytes().to_vec(),
            };
            batch.quarantine(&self.log, new).unwrap().unwrap();
        }
        self.log.commit(batch).unwrap();
    }

    fn roll(&self, sides: u64) -> u64 {
        let mut dice = self.dice.lock().unwrap();
        *dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*dice >> 33) % sides
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
