//! What scores cost: every unit of a fortnight, one new response, control charts, a half year for the board, and the same question means as
//! `DuckDB` and Polars compute them.
//!
//! Facts are made in memory from a fixed seed. `WARDVOICE_RECORDS` sets how many (default 10,000,000; the fortnight is measured over a
//! tenth of them, spread over 26 fortnights). `WARDVOICE_PYTHON` names a Python that has what `benches/scores/requirements.txt`
//! lists (default `python3`). Each figure is one line of JSON.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use jiff::civil::Date;
use serde_json::{Value, json};
use wardvoice_aggregator::demo_data;
use wardvoice_aggregator::facts::{Code, Facts, Vocabulary};
use wardvoice_aggregator::scoring::{
    Grain, GrainStamp, History, Live, Measure, Peers, ScoreError, ScoringWorld, WardFortnight, grain, grain_stamp,
    grains as together, question_means, score, score_all, signal,
};
use wardvoice_protocol::contact::Contact;
use wardvoice_protocol::directory::{Directory, Unit};
use wardvoice_protocol::fortnight::{Calendar, DayNumber, Fortnight, Period};
use wardvoice_protocol::questionnaire::{KindFile, Questionnaire};

#[path = "scores/contacts.rs"]
mod contacts;

use contacts::{Dice, fact, templates};

const TODAY: Date = Date::constant(2026, 12, 31);
const TEMPLATES: usize = 20_000;
const RUNS: usize = 5;

/// Wards' fortnights, each with the stamp under which it was made.
type Grains = HashMap<(u16, Fortnight), (GrainStamp, Arc<Grain>)>;

fn main() -> Result<()> {
    let records = number("WARDVOICE_RECORDS", 10_000_000);
    let world = world()?;
    let templates = templates(&world, TEMPLATES)?;
    let year = world.calendar().period("2026-F01")?.start();
    let spread_over_a_year = spread(&world, &templates, records / 10, year, 364)?;
    fortnight(&world, &spread_over_a_year)?;
    charts(&world, &spread_over_a_year)?;
    drop(spread_over_a_year);
    let start = world.calendar().period("2026-F14")?.start();
    let facts = spread(&world, &templates, records, start, 182)?;
    half_year(&world, &facts)?;
    against(&world, &facts)
}

fn world() -> Result<ScoringWorld> {
    let directory = Directory::try_from(demo_data::directory(1))?;
    let calendar = Calendar::new(Date::constant(2026, 1, 5))?;
    let vocabulary = Arc::new(Vocabulary::new(&directory, &Questionnaire::shipped()?)?);
    Ok(ScoringWorld::inpatient(directory, calendar, vocabulary, 7)?)
}

/// So many responses, evenly over some days.
fn spread(world: &ScoringWorld, templates: &[Contact], many: usize, first: Date, days: usize) -> Result<Facts> {
    let mut facts = Facts::new(Arc::clone(world.vocabulary()));
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    let first = DayNumber::from(first).count();
    for _ in 0..many {
        let contact = templates.get(dice.below(templates.len())).context("no template")?;
        let day = DayNumber::from_count(first + i32::try_from(dice.below(days))?);
        facts.insert(fact(world, contact, day)?);
    }
    Ok(facts)
}

fn fortnight(world: &ScoringWorld, facts: &Facts) -> Result<()> {
    let period = world.calendar().period("2026-F20")?;
    let (seconds, sheets) = fastest(|| Ok(score_all(facts, world, &period, None, TODAY)?))?;
    let in_it = facts.days(period.start(), period.last()).count();
    say(&json!({
        "bench": "all_units_of_a_fortnight", "stored": facts.len(), "in_the_fortnight": in_it, "sheets": sheets.len(),
        "ms": seconds * 1e3, "goal_ms": 100,
    }))?;
    let unit = "ward:W12".parse()?;
    let (seconds, _) = fastest(|| Ok(score(facts, world, &period, &unit, TODAY)?))?;
    say(&json!({ "bench": "one_ward_of_a_fortnight", "stored": facts.len(), "ms": seconds * 1e3 }))?;

    let names = ["2026-F20", "2026-10", "2026-H2", "6m-2026-10-11"];
    let periods: Vec<Period> = names.iter().map(|name| world.calendar().period(name)).collect::<Result<_, _>>()?;
    let mut live = Live::default();
    let mut facts = facts.clone();
    let templates = templates(world, TEMPLATES)?;
    let day = DayNumber::from(Date::constant(2026, 10, 5));
    let mut times = Vec::new();
    let mut sheets = 0;
    for contact in templates.iter().take(500) {
        let touched = touched(world, contact)?;
        facts.insert(fact(world, contact, day)?);
        // The first time its units are tallied; a second one like it is what is measured.
        live.sheets(&facts, world, &periods, &touched, TODAY)?;
        facts.insert(fact(world, contact, day)?);
        let began = Instant::now();
        sheets = live.sheets(&facts, world, &periods, &touched, TODAY)?.len();
        times.push(began.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    say(&json!({
        "bench": "one_new_response", "stored": facts.len(), "periods": names, "sheets_made": sheets,
        "p50_ms": times.get(times.len() / 2).map(|t| t * 1e3), "p99_ms": times.get(times.len() * 99 / 100).map(|t| t * 1e3),
        "goal_ms": 1,
    }))
}

/// The units that a contact belongs to.
fn touched(world: &ScoringWorld, contact: &Contact) -> Result<Vec<Unit>> {
    let directory = world.directory();
    let ward = directory.ward(&contact.ward).context("no ward")?;
    let consultant = contact.attribution.as_ref().context("no consultant")?.consultant.clone();
    let specialty = ward.specialties.first().context("no specialty")?.clone();
    Ok(vec![
        Unit::Trust(directory.file().trust.id.clone()),
        Unit::Site(ward.site.clone()),
        Unit::Department(ward.department.clone()),
        Unit::Specialty(specialty),
        Unit::Ward(ward.id.clone()),
        Unit::Consultant(consultant),
    ])
}

/// What pages compute: a ward's control charts, the trust's, and the board's table with its funnel; the first time, when grains are made
/// together as pages do, and again while closed fortnights are kept.
fn charts(world: &ScoringWorld, facts: &Facts) -> Result<()> {
    let until = world.calendar().fortnight(2026, 26)?;
    let kept: RefCell<Grains> = RefCell::default();
    let stamp = |ward: u16, fortnight: Fortnight| grain_stamp(facts, ward, fortnight, TODAY);
    let known = |ward: u16, fortnight: Fortnight| {
        let kept = kept.borrow();
        let known = kept.get(&(ward, fortnight)).filter(|(under, _)| *under == stamp(ward, fortnight));
        known.map(|(_, known)| Arc::clone(known))
    };
    let keep = |ward: u16, fortnight: Fortnight, made: Grain| {
        let made = Arc::new(made);
        kept.borrow_mut().insert((ward, fortnight), (stamp(ward, fortnight), Arc::clone(&made)));
        made
    };
    let mut grains = |ward: u16, fortnight: Fortnight| -> Result<Arc<Grain>, ScoreError> {
        match known(ward, fortnight) {
            Some(known) => Ok(known),
            None => Ok(keep(ward, fortnight, grain(facts, world, ward, fortnight, TODAY)?)),
        }
    };
    // Fortnight by fortnight, as pages do where a unit has several wards.
    let prepare = || -> Result<()> {
        for fortnight in world.run_up_to(facts, until) {
            let wards = 0..world.vocabulary().ward_count();
            let missing: Vec<_> =
                wards.filter(|ward| known(*ward, fortnight).is_none()).map(|ward| (ward, fortnight)).collect();
            for ((ward, fortnight), made) in missing.iter().zip(together(facts, world, &missing, TODAY)?) {
                keep(*ward, *fortnight, made);
            }
        }
        Ok(())
    };
    let mut all = |unit: &Unit| -> Result<usize> {
        let history = History::new(facts, world, unit, until, TODAY, &mut grains)?;
        let measures = history.measures();
        measures.iter().map(|measure| Ok(signal(&history, measure, &[])?.points.len())).sum()
    };
    let mut board = || -> Result<usize> {
        prepare()?;
        let wards = world.directory().wards().iter().map(|ward| Unit::Ward(ward.id.clone()));
        let units = wards.chain([Unit::Trust(world.directory().file().trust.id.clone())]);
        units.map(|unit| all(&unit)).sum()
    };
    let began = Instant::now();
    let points = board()?;
    let first = began.elapsed().as_secs_f64();
    let (again, _) = fastest(&mut board)?;
    say(&json!({
        "bench": "signals_for_the_board", "stored": facts.len(), "points": points, "first_ms": first * 1e3, "ms": again * 1e3,
        "goal_ms": 100,
    }))?;
    for unit in ["ward:W12", "department:surgery", "trust:DEMO"] {
        let unit: Unit = unit.parse()?;
        let (seconds, points) = fastest(|| all(&unit))?;
        let name = unit.to_string();
        say(
            &json!({ "bench": "signals_of_a_unit", "unit": name, "points": points, "ms": seconds * 1e3, "goal_ms": 20 }),
        )?;
    }
    let fortnights: Vec<Fortnight> =
        (14..=26).map(|number| world.calendar().fortnight(2026, number)).collect::<Result<_, _>>()?;
    let trust = Unit::Trust(world.directory().file().trust.id.clone());
    let (seconds, wards) = fastest(|| {
        let peers = Peers::new(facts, world, &trust, &fortnights, TODAY, &mut grains)?;
        Ok(peers.compare(&Measure::Overall).map_or(0, |found| found.wards.len()))
    })?;
    say(&json!({ "bench": "a_funnel_of_the_trust", "wards": wards, "ms": seconds * 1e3, "goal_ms": 20 }))
}

fn half_year(world: &ScoringWorld, facts: &Facts) -> Result<()> {
    let (first, last) = span(world)?;
    let half = world.calendar().period(&format!("{}..{}", first.start(), last.last()))?;
    let (seconds, made) = fastest(|| {
        let sheets = score_all(facts, world, &half, None, TODAY)?.len();
        Ok((sheets, question_means(facts, world, first, last, None)?.len()))
    })?;
    say(&json!({
        "bench": "half_year_for_the_board", "responses": facts.len(), "sheets": made.0, "ward_fortnights": made.1,
        "seconds": seconds, "goal_seconds": 1, "resident_mb": resident_mb()?, "goal_mb": 1_500,
    }))
}

fn span(world: &ScoringWorld) -> Result<(Fortnight, Fortnight)> {
    let fortnight = |number| world.calendar().fortnight(2026, number);
    Ok((fortnight(14)?, fortnight(26)?))
}

/// The same means over the same responses, by us and by them in the same run.
fn against(world: &ScoringWorld, facts: &Facts) -> Result<()> {
    let (first, last) = span(world)?;
    let (seconds, means) = fastest(|| Ok(question_means(facts, world, first, last, None)?))?;
    let folder = tempfile::tempdir()?;
    let table = folder.path().join("responses.csv");
    write_table(world, facts, &table)?;
    // What it takes us to be ready: facts from a snapshot, as at a start.
    let snapshot = facts.encode();
    let began = Instant::now();
    let again = Facts::decode(&snapshot, Arc::clone(world.vocabulary()))?;
    let set_up = began.elapsed().as_secs_f64();
    ensure!(again.len() == facts.len(), "the snapshot lost facts");
    drop((again, snapshot));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/scores/question_means.py");
    let python = std::env::var("WARDVOICE_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let anchor = DayNumber::from(first.start()).count();
    let output = Command::new(&python)
        .arg(&script)
        .arg(&table)
        .arg(anchor.to_string())
        .output()
        .with_context(|| format!("failed to start {python}; name one with WARDVOICE_PYTHON"))?;
    ensure!(
        output.status.success(),
        "{python} failed; it needs the packages of benches/scores/requirements.txt:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let sum = checksum(&means);
    for line in String::from_utf8(output.stdout)?.lines() {
        let theirs: Value = serde_json::from_str(line)?;
        let number = |name: &str| theirs.get(name).and_then(Value::as_f64).context("a number is missing");
        let (query, their_set_up) = (number("query_seconds")?, number("set_up_seconds")?);
        ensure!((number("checksum")? - sum).abs() < 1e-6 * sum.abs().max(1.0), "the means differ: {theirs} {sum}");
        say(&json!({
            "bench": "question_means_by_ward_and_fortnight", "responses": facts.len(), "ours_seconds": seconds,
            "ours_set_up_seconds": set_up, "theirs": theirs, "times_faster": query / seconds,
            "times_faster_with_set_up": (query + their_set_up) / (seconds + set_up), "goal_times_faster": 5,
        }))?;
    }
    Ok(())
}

/// The sum of all means and of all counts: two programs with the same are not likely to differ.
fn checksum(means: &[WardFortnight]) -> f64 {
    let questions = means.iter().flat_map(|one| &one.questions);
    questions.map(|(n, mean)| mean.unwrap_or(0.0) + *n as f64).sum()
}

fn write_table(world: &ScoringWorld, facts: &Facts, path: &Path) -> Result<()> {
    let questionnaire = Questionnaire::inpatient()?;
    let scored: Vec<usize> = questionnaire
        .questions()
        .iter()
        .enumerate()
        .filter(|(_, question)| matches!(question.kind, KindFile::Domain(_)))
        .map(|(place, _)| place)
        .collect();
    let mut out = BufWriter::new(std::fs::File::create(path)?);
    let header: Vec<String> = (0..scored.len()).map(|question| format!("q{question}")).collect();
    writeln!(out, "day,ward,{}", header.join(","))?;
    let (first, last) = span(world)?;
    for fact in facts.days(first.start(), last.last()) {
        write!(out, "{},{}", fact.day().count(), fact.ward_index())?;
        for position in &scored {
            let nibble = u8::try_from(fact.answers() >> (4 * position) & 0xf)?;
            match Code::from_nibble(nibble) {
                Code::Option(place) => write!(out, ",{}", 10 - 5 * i32::from(place))?,
                _ => write!(out, ",")?,
            }
        }
        writeln!(out)?;
    }
    Ok(out.flush()?)
}

/// The fastest of some runs, in seconds, and what the last gave.
fn fastest<T>(mut run: impl FnMut() -> Result<T>) -> Result<(f64, T)> {
    let mut best = f64::INFINITY;
    let mut last = None;
    for _ in 0..RUNS {
        let began = Instant::now();
        last = Some(run()?);
        best = best.min(began.elapsed().as_secs_f64());
    }
    Ok((best, last.context("there was no run")?))
}

fn resident_mb() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no resident size")?;
    let kilobytes: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kilobytes / 1e3)
}

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn say(result: &Value) -> Result<()> {
    Ok(writeln!(std::io::stdout().lock(), "{result}")?)
}
