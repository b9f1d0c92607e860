//! Thirty days of rounds without a network: nothing expires, nothing is dropped, everything arrives in order, on its own day.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use serde_json::Value;
use wardvoice_kiosk::dispatch::{Dispatch, DispatchConfig, Trust};
use wardvoice_kiosk::identity::{self, Identity};
use wardvoice_kiosk::interview::volunteer::{DoorKey, Errand, Page, Role, VolunteerTouch, Word};
use wardvoice_kiosk::interview::{Action, Effect, Event, Happening, Interview, Screen, Setting};
use wardvoice_kiosk::outbox::Outbox;
use wardvoice_kiosk::settings::Settings;
use wardvoice_protocol::clock::Clock;
use wardvoice_protocol::contact::{Mode, Outcome};
use wardvoice_protocol::fortnight::Calendar;
use wardvoice_protocol::questionnaire::Questionnaire;
use wardvoice_protocol::record::Body;
use wardvoice_tests::aggregator::Aggregator;
use wardvoice_tests::wait::until_true;
use wardvoice_tests::ward::{Between, Ward};

const DAYS: i64 = 30;
const BEDS_A_DAY: usize = 12;
const PIN: &str = "2580";
const DEADLINE: Duration = Duration::from_mins(2);

/// A tablet that has been to the hospital's network once: it knows its round and its boards.
fn briefed(ward: &Ward, kiosk: &str) -> Result<DispatchConfig> {
    let data = ward.path().join(kiosk);
    let key = identity::load_or_create(&data)?;
    let public = key.verifying_key().to_string();
    let printed =
        ward.aggregator.run(&["kiosk", "add", "--id", kiosk, "--ward", "W1", "--signing-key", &public])?;
    let file = ward.path().join("settings.json");
    std::fs::write(&file, printed)?;
    Settings::install(&data, &file)?;
    let settings = Settings::load(&data)?;
    let broker = ward.broker_url()?.parse()?;
    let identity = Identity { kiosk: settings.kiosk().clone(), signing_key: key };
    let trust = Trust::Pinned { assignment: settings.assignment.clone(), origin: settings.origin() };
    let mut config = DispatchConfig::new(data, identity, broker, trust);
    config.reserve_bytes = 0;
    let dispatch = Dispatch::start(clone(&config))?;
    until_true("the round and the board of ward W1 to come", DEADLINE, || {
        let briefing = dispatch.briefing();
        let pin = briefing.round.as_ref().is_some_and(|round| round.volunteer_pin.is_some());
        Ok(pin && briefing.boards.contains_key(&"W1".parse()?))
    })?;
    dispatch.stop();
    Ok(config)
}

fn clone(config: &DispatchConfig) -> DispatchConfig {
    let mut copy = DispatchConfig::new(
        config.data.clone(),
        config.identity.clone(),
        config.broker.clone(),
        config.trust.clone(),
    );
    copy.reserve_bytes = config.reserve_bytes;
    copy
}

/// A volunteer with a tablet and no network.
struct Afternoon {
    interview: Interview,
    now_ms: u64,
    bodies: Vec<Body>,
}

impl Afternoon {
    fn meets(&mut self, happening: Happening) {
        self.now_ms += 500;
        let mut answers = Vec::new();
        for effect in self.interview.apply(Event { now_ms: self.now_ms, happening }) {
            match effect {
                Effect::Store { ticket, body, .. } => {
                    self.bodies.push(body);
                    answers.push(Happening::Stored { ticket, result: Ok(None) });
                }
                // Whether argon2id opens is tested where it is done; this volunteer knows the PIN.
                Effect::Errand(Errand::CheckPin { .. }) => {
                    answers.push(Happening::Volunteer(Word::Checked { role: Some(Role::Volunteer), seed: 5 }));
                }
                Effect::Errand(_)
                | Effect::Asks(_)
                | Effect::ReadAloud(_)
                | Effect::Hush
                | Effect::Show
                | Effect::MoveFocus => {}
            }
        }
        for answer in answers {
            self.meets(answer);
        }
    }

    fn does(&mut self, touch: VolunteerTouch) {
        self.meets(Happening::Touch(Action::Volunteer(touch)));
    }

    /// Goes to so many beds: every third patient answers two questions, the others are asleep.
    fn goes_round(&mut self, beds: usize) -> Result<()> {
        self.does(VolunteerTouch::Knock);
        for digit in PIN.bytes() {
            self.does(VolunteerTouch::Key(DoorKey::Digit(digit - b'0')));
        }
        self.does(VolunteerTouch::Key(DoorKey::Enter));
        self.does(VolunteerTouch::Ward(0));
        self.does(VolunteerTouch::Begin);
        for bed in 0..beds {
            let Screen::Volunteer(view) = self.interview.view(self.now_ms).screen else {
                anyhow::bail!("no bed but {:?}", self.interview.view(self.now_ms).screen)
            };
            ensure!(matches!(view.page, Page::Bed(_)), "{:?}", view.page);
            if bed % 3 != 0 {
                self.does(VolunteerTouch::NotToday(Outcome::Asleep));
                continue;
            }
            self.does(VolunteerTouch::Start);
            self.does(VolunteerTouch::Mode(Mode::Interview));
            self.does(VolunteerTouch::Team(0));
            for action in [Action::Agree, Action::Choose(0), Action::Next, Action::Choose(1), Action::Stop] {
                self.meets(Happening::Touch(action));
                self.meets(Happening::Tick);
            }
            self.meets(Happening::Touch(Action::StopNow));
            self.meets(Happening::Touch(Action::Dismiss));
            self.meets(Happening::Touch(Action::Wiped));
        }
        self.does(VolunteerTouch::Lock);
        Ok(())
    }
}

fn set_pin(aggregator: &Aggregator) -> Result<()> {
    use std::io::Write as _;
    let mut command = aggregator.command()?;
    command.args(["pin", "set", "--role", "volunteer", "--pin-stdin"]);
    let mut child = command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::null()).spawn()?;
    writeln!(child.stdin.take().context("no input")?, "{PIN}")?;
    ensure!(child.wait()?.success(), "`pin set` failed");
    Ok(())
}

#[test]
fn thirty_days_without_a_network_arrive_in_order_and_on_their_days() -> Result<()> {
    let ward = Ward::open(Between::Embedded)?;
    set_pin(&ward.aggregator)?;
    let config = briefed(&ward, "k-month")?;

    // The network is away. A new process every morning: it opens what the one before has left.
    let calendar = Calendar::new("2026-01-05".parse()?)?;
    let now = Timestamp::now();
    let mut expected: Vec<Date> = Vec::new();
    for day in (1..=DAYS).rev() {
        // Nobody connects: the address is one where nobody listens.
        let mut offline = clone(&config);
        offline.broker = "mqtt://127.0.0.1:9".parse()?;
        let dispatch = Dispatch::start(offline)?;
        let briefing = dispatch.briefing();
        let assignment = dispatch.assignment().context("no assignment")?;
        dispatch.stop();
        ensure!(briefing.round.is_some(), "the round is forgotten after {} days", DAYS - day);
        let questionnaire = Arc::new(Questionnaire::inpatient()?);
        let setting = Setting::new(&assignment, questionnaire, |_| true)?;
        let interview = Interview::new(Arc::new(setting), 0);
        let mut afternoon = Afternoon { interview, now_ms: 0, bodies: Vec::new() };
        afternoon.meets(Happening::Volunteer(Word::Briefed(briefing)));
        afternoon.goes_round(BEDS_A_DAY)?;
        let local = calendar.day_of(now).checked_sub(day.days())?;
        // A quarter to midnight by the local clock, winter or summer: the day is a calendar day.
        let late = calendar.start_of(local.tomorrow()?)?.checked_sub(15.minutes())?;
        let mut outbox = Outbox::open_with_reserve(&config.data, config.identity.clone(), 0)?;
        for body in afternoon.bodies {
            if matches!(body, Body::Contact(_)) {
                expected.push(local);
            }
            outbox.append(body, Clock::new(late, None), &assignment.seal_key)?;
        }
    }
    ensure!(expected.len() == usize::try_from(DAYS)? * BEDS_A_DAY, "{} contacts", expected.len());

    // The network is back.
    let dispatch = Dispatch::start(clone(&config))?;
    let waiting = dispatch.state().waiting;
    ensure!(waiting >= expected.len() as u64, "only {waiting} wait: something was dropped");
    until_true("everything to be settled", DEADLINE, || Ok(dispatch.state().waiting == 0))?;
    let state = dispatch.state();
    dispatch.stop();

    let ledger = ward.aggregator.ledger()?;
    ensure!(ledger.faults().is_empty(), "{:?}", ledger.faults());
    let kiosk = config.identity.kiosk.clone();
    ensure!(ledger.of(&kiosk).len() as u64 == state.last_sequence, "some are missing");
    let mut arrived: Vec<(u64, Date)> = Vec::new();
    for line in ward.aggregator.run(&["export"])?.lines() {
        let line: Value = serde_json::from_str(line)?;
        if line.pointer("/record/body/contact").is_some() {
            let sequence = line.get("sequence").and_then(Value::as_u64).context("no sequence")?;
            let day = line.get("day").and_then(Value::as_str).context("no day")?;
            arrived.push((sequence, day.parse()?));
        }
    }
    arrived.sort_unstable();
    let days: Vec<Date> = arrived.into_iter().map(|(_, day)| day).collect();
    ensure!(days == expected, "the days are {days:?} and should be {expected:?}");
    ensure!(ward.aggregator.list(&["quarantine", "list"])?.is_empty(), "something was refused");
    ward.aggregator.verify()?;
    Ok(())
}
