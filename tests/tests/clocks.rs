//! Clocks that jump, on the kiosk and on the server, by a day and by a year in both directions, and clocks that change to summer time and
//! back: no answer is lost or doubled, none is moved to another day, and whoever looks at the tablet is told that its clock is wrong.
//!
//! The programs are those that are shipped; they live by a clock of the story's (`wardvoice_tests::clock`).

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use wardvoice_tests::aggregator::{Aggregator, Carrier};
use wardvoice_tests::clock::WallClock;
use wardvoice_tests::faults::Bedside;
use wardvoice_tests::ledger::Ledger;
use wardvoice_tests::proxy::Proxy;
use wardvoice_tests::wait::until_true;
use wardvoice_tests::ward::{Between, Ward};

const DEADLINE: Duration = Duration::from_mins(1);
const RIGHT: SignedDuration = SignedDuration::ZERO;
const A_DAY: SignedDuration = SignedDuration::from_hours(24);
const A_YEAR: SignedDuration = SignedDuration::from_hours(365 * 24);

fn today() -> Result<Date> {
    Ok(Timestamp::now().to_zoned(TimeZone::get("Europe/London")?).date())
}

/// How many records the server has decided about: taken or, where it cannot say of when they are, kept aside.
fn decided(aggregator: &Aggregator) -> Result<usize> {
    let text = aggregator.http().get(&aggregator.url("/metrics"))?.body;
    let counts = ["wardvoice_records_accepted_total", "wardvoice_records_refused_total"];
    let lines = text.lines().filter(|line| counts.iter().any(|count| line.starts_with(count)));
    lines
        .map(|line| line.rsplit(' ').next().unwrap_or_default().parse::<usize>().context("it is no count"))
        .sum::<Result<usize>>()
}

/// Everything that patients were thanked for until now is there.
fn comes_back(kiosk: &Bedside, aggregator: &Aggregator) -> Result<()> {
    let kept = kiosk.kept();
    until_true("what was kept to arrive", DEADLINE, || Ok(decided(aggregator)? >= kept))
        .with_context(|| format!("{:?}", kiosk.shown()))
}

/// No more patients: the outbox runs empty, the server is stopped, and its export is read.
fn ends(kiosk: &mut Bedside, aggregator: &mut Aggregator) -> Result<Ledger> {
    kiosk.empties_its_outbox()?;
    aggregator.stop()?;
    aggregator.ledger()
}

fn days(ledger: &Ledger) -> BTreeSet<Date> {
    ledger.entries().iter().filter_map(|entry| entry.day).collect()
}

#[test]
fn a_kiosk_whose_clock_jumps_a_day_or_a_year_moves_no_answer() -> Result<()> {
    let mut ward = Ward::open(Between::Embedded)?;
    let wire = Proxy::start(ward.broker_port()?)?;
    let clock = WallClock::make(ward.path(), "kiosk")?;
    let mut kiosk = Bedside::register(1, "W1", &ward.aggregator, &wire.url(), ward.path())?;
    kiosk.live_by(&clock);
    let first = today()?;
    kiosk.start(None)?;
    kiosk.goes_on(3)?;
    // From its first receipt on it knows the hospital's time by a clock that nobody sets.
    comes_back(&kiosk, &ward.aggregator)?;
    for ahead in [A_DAY, -A_DAY, A_YEAR, -A_YEAR, RIGHT] {
        clock.set(ahead)?;
        kiosk.goes_on(3)?;
        wire.cut();
        kiosk.goes_on(3)?;
        comes_back(&kiosk, &ward.aggregator)?;
    }
    let ledger = ends(&mut kiosk, &mut ward.aggregator)?;
    ensure!(ledger.faults().is_empty(), "{:?}", ledger.faults());
    let stored = ledger.marks();
    for mark in kiosk.marks() {
        ensure!(stored.get(mark.as_str()) == Some(&1), "{mark} is stored {:?} times", stored.get(mark.as_str()));
    }
    let wanted = BTreeSet::from([first, today()?]);
    ensure!(days(&ledger).is_subset(&wanted), "answers of {wanted:?} count for {:?}", days(&ledger));
    ward.aggregator.verify()?;
    Ok(())
}

/// Whose clock somebody sets.
enum Whose {
    Kiosk,
    Server,
}

/// A kiosk and a server that show each other certificates, a wire between them, and the clock of one.
struct Certified {
    kiosk: Bedside,
    wire: Proxy,
    clock: WallClock,
    aggregator: Aggregator,
    _directory: TempDir,
}

impl Certified {
    /// The kiosk has delivered, by a clock that is right and by one that is a day ahead, which is within what certificates count for.
    fn open(whose: &Whose) -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("wardvoice-").tempdir()?;
        let mut aggregator = Aggregator::prepare(directory.path(), &Carrier::Certified)?;
        let clock = WallClock::make(directory.path(), "clock")?;
        if matches!(whose, Whose::Server) {
            aggregator.live_by(&clock);
        }
        aggregator.start()?;
        let wire = Proxy::start(aggregator.broker_port()?)?;
        let mut kiosk = Bedside::enrol(1, "W1", &aggregator, directory.path())?;
        kiosk.reach(&format!("mqtts://localhost:{}", wire.port()))?;
        if matches!(whose, Whose::Kiosk) {
            kiosk.live_by(&clock);
        }
        kiosk.start(None)?;
        let mut opened = Self { aggregator, wire, clock, kiosk, _directory: directory };
        opened.goes_on()?;
        opened.clock.set(A_DAY)?;
        opened.wire.cut();
        opened.goes_on()?;
        Ok(opened)
    }

    /// Three more patients, and everything arrives.
    fn goes_on(&mut self) -> Result<()> {
        self.kiosk.goes_on(3)?;
        comes_back(&self.kiosk, &self.aggregator)
    }

    /// The kiosk says why nothing is sent, keeps what patients say, and delivers it once the clock is right. `before` is how much it had said
    /// until the clock was set.
    fn waits_until_it_is_right(&mut self, before: usize, words: &str) -> Result<()> {
        let kiosk = &mut self.kiosk;
        until_true(&format!("the kiosk to say {words:?}"), DEADLINE, || {
            kiosk.must_be_running()?;
            Ok(kiosk.shown().iter().skip(before).any(|said| said.contains(words)))
        })
        .with_context(|| format!("{:?}", self.kiosk.shown()))?;
        self.kiosk.goes_on(5)?;
        self.clock.set(RIGHT)?;
        comes_back(&self.kiosk, &self.aggregator)
    }
}

#[test]
fn a_kiosk_whose_clock_is_further_off_than_certificates_count_says_so_and_waits() -> Result<()> {
    let mut scene = Certified::open(&Whose::Kiosk)?;
    let cases = [
        (-A_DAY, "is not valid yet, or this kiosk's clock is wrong; nothing was sent"),
        (A_YEAR, "has expired, or this kiosk's clock is wrong; nothing was sent"),
        (-A_YEAR, "is not valid yet, or this kiosk's clock is wrong; nothing was sent"),
    ];
    for (ahead, words) in cases {
        let before = scene.kiosk.shown().len();
        scene.clock.set(ahead)?;
        scene.wire.cut();
        scene.waits_until_it_is_right(before, words)?;
    }
    let Certified { aggregator, kiosk, .. } = &mut scene;
    let ledger = ends(kiosk, aggregator)?;
    ensure!(ledger.faults().is_empty(), "{:?}", ledger.faults());
    ensure!(ledger.marks().len() >= kiosk.kept(), "{} of {} are stored", ledger.marks().len(), kiosk.kept());
    aggregator.verify()?;
    Ok(())
}

#[test]
fn a_server_whose_clock_jumps_loses_nothing_and_keeps_aside_what_it_cannot_date() -> Result<()> {
    let mut ward = Ward::prepare(Between::Embedded)?;
    let clock = WallClock::make(ward.path(), "server")?;
    ward.aggregator.live_by(&clock);
    ward.aggregator.start()?;
    let mut kiosk = Bedside::register(1, "W1", &ward.aggregator, &ward.broker_url()?, ward.path())?;
    kiosk.start(None)?;
    kiosk.goes_on(3)?;
    comes_back(&kiosk, &ward.aggregator)?;
    for ahead in [A_DAY, RIGHT, -A_DAY, RIGHT, A_YEAR, RIGHT, -A_YEAR, RIGHT] {
        clock.set(ahead)?;
        kiosk.goes_on(5)?;
        comes_back(&kiosk, &ward.aggregator)?;
    }
    everything_is_stored_or_kept_aside(&mut kiosk, &mut ward.aggregator)
}

/// Every answer is stored once or kept aside because nobody can say of when it is, and those are few.
fn everything_is_stored_or_kept_aside(kiosk: &mut Bedside, aggregator: &mut Aggregator) -> Result<()> {
    let ledger = ends(kiosk, aggregator)?;
    ensure!(ledger.doubled() == 0 && ledger.broken_links().is_empty(), "{:?}", ledger.faults());
    let aside = aggregator.list(&["quarantine", "list"])?;
    ensure!(aside.iter().all(|entry| entry.to_string().contains("clock")), "{aside:?}");
    let stored = ledger.marks();
    let missing = kiosk.marks().iter().filter(|mark| !stored.contains_key(mark.as_str())).count();
    ensure!(missing == aside.len(), "{missing} are not stored and {} are kept aside", aside.len());
    ensure!(stored.values().all(|times| *times == 1), "{stored:?}");
    // What was in the middle of a jump is all there is.
    ensure!(stored.len() > aside.len(), "{} are stored and {} kept aside", stored.len(), aside.len());
    aggregator.verify()?;
    Ok(())
}

/// What the server shows lasts for ninety days; one that its clock has made it issue anew is of another time than the kiosk's.
#[test]
fn a_server_whose_clock_is_further_off_than_certificates_count_is_not_believed_until_it_is_right() -> Result<()> {
    let mut scene = Certified::open(&Whose::Server)?;
    scene.clock.set(RIGHT)?;
    scene.goes_on()?;

    let cases = [
        (A_YEAR, "is not valid yet, or this kiosk's clock is wrong; nothing was sent"),
        (-A_YEAR, "has expired, or this kiosk's clock is wrong; nothing was sent"),
    ];
    for (ahead, words) in cases {
        let before = scene.kiosk.shown().len();
        // Cut first: what is under way when a clock jumps is another test's matter.
        scene.wire.refuse(true);
        scene.wire.cut();
        scene.clock.set(ahead)?;
        scene.wire.refuse(false);
        scene.waits_until_it_is_right(before, words)?;
    }
    everything_is_stored_or_kept_aside(&mut scene.kiosk, &mut scene.aggregator)
}

/// Patients answer before a moment, while it passes and after it, on a ward whose clocks all say so.
fn patients_answer_around(moment: &str, wanted: &[&str]) -> Result<()> {
    let moment: Timestamp = moment.parse()?;
    let mut ward = Ward::prepare(Between::Embedded)?;
    let clock = WallClock::make(ward.path(), "ward")?;
    clock.set_to(moment - SignedDuration::from_mins(5))?;
    ward.aggregator.live_by(&clock);
    ward.aggregator.start()?;
    let mut kiosk = Bedside::register(1, "W1", &ward.aggregator, &ward.broker_url()?, ward.path())?;
    kiosk.live_by(&clock);
    kiosk.start(None)?;
    kiosk.goes_on(3)?;
    let began = Timestamp::now();
    clock.set_to(moment - SignedDuration::from_secs(1))?;
    until_true("the moment to be over", DEADLINE, || {
        kiosk.must_be_running()?;
        Ok(Timestamp::now().duration_since(began) > SignedDuration::from_secs(2))
    })?;
    comes_back(&kiosk, &ward.aggregator)?;
    kiosk.goes_on(3)?;
    let ledger = ends(&mut kiosk, &mut ward.aggregator)?;
    ensure!(ledger.faults().is_empty(), "{:?}", ledger.faults());
    let wanted = wanted.iter().map(|day| day.parse()).collect::<Result<BTreeSet<Date>, _>>()?;
    ensure!(days(&ledger) == wanted, "answers of {wanted:?} count for {:?}", days(&ledger));
    let stored = ledger.marks();
    for mark in kiosk.marks() {
        ensure!(stored.get(mark.as_str()) == Some(&1), "{mark} is stored {:?} times", stored.get(mark.as_str()));
    }
    ward.aggregator.verify()?;
    Ok(())
}

#[test]
fn answers_around_the_change_to_summer_time_are_of_that_day() -> Result<()> {
    patients_answer_around("2027-03-28T01:00:00Z", &["2027-03-28"])
}

#[test]
fn answers_around_the_change_to_winter_time_are_of_that_day() -> Result<()> {
    patients_answer_around("2027-10-31T01:00:00Z", &["2027-10-31"])
}

#[test]
fn a_day_of_summer_time_begins_at_its_own_midnight() -> Result<()> {
    patients_answer_around("2027-03-28T23:00:00Z", &["2027-03-28", "2027-03-29"])
}

/// The day on which clocks went back has 25 hours.
#[test]
fn a_day_on_which_clocks_went_back_ends_at_its_own_midnight() -> Result<()> {
    patients_answer_around("2027-11-01T00:00:00Z", &["2027-10-31", "2027-11-01"])
}
