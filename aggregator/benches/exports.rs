//! What tables cost: a million responses as CSV, JSON and Parquet, each to a file, with the most memory that the program had meanwhile.
//!
//! Facts are made in memory from a fixed seed. `WARDVOICE_RECORDS` sets how many (default 1,000,000), `WARDVOICE_FORMS` which formats
//! (default `csv,json,parquet`; a sheet of Excel ends at 1,048,575 rows). Each figure is one line of JSON.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::sync::{Arc, RwLock};
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use jiff::civil::Date;
use serde_json::{Value, json};
use wardvoice_aggregator::actions::Actions;
use wardvoice_aggregator::comments::{Comments, Rules};
use wardvoice_aggregator::demo_data;
use wardvoice_aggregator::export::{Ask, Asker, Form, Ground, Table};
use wardvoice_aggregator::facts::{Fact, Facts, Vocabulary, fact_of};
use wardvoice_aggregator::ingest::World;
use wardvoice_aggregator::log::Log;
use wardvoice_aggregator::policy::{Audience, Settings};
use wardvoice_aggregator::rebases::Rebases;
use wardvoice_aggregator::registry::Registry;
use wardvoice_aggregator::scoring::ScoringWorld;
use wardvoice_protocol::contact::{Answer, Contact, Mode, Outcome, Response};
use wardvoice_protocol::directory::Directory;
use wardvoice_protocol::fortnight::{Calendar, DayNumber};
use wardvoice_protocol::id::Language;
use wardvoice_protocol::questionnaire::{KindFile, Questionnaire};

const TODAY: Date = Date::constant(2026, 12, 31);
const TEMPLATES: usize = 5_000;
const RUNS: usize = 3;

fn main() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let records = number("WARDVOICE_RECORDS", 1_000_000);
    let forms = std::env::var("WARDVOICE_FORMS").unwrap_or_else(|_| "csv,json,parquet".to_owned());
    let directory = Directory::try_from(demo_data::directory(1))?;
    let calendar = Calendar::new(Date::constant(2026, 1, 5))?;
    let questionnaires = Questionnaire::shipped()?;
    let vocabulary = Arc::new(Vocabulary::new(&directory, &questionnaires)?);
    let scoring = ScoringWorld::inpatient(directory.clone(), calendar.clone(), Arc::clone(&vocabulary), 7)?;
    let facts = Arc::new(RwLock::new(spread(&scoring, records)?));
    let log = Log::open(&folder.path().join("log"))?;
    let world = World {
        directory,
        questionnaires,
        calendar,
        vocabulary,
        open_keys: Vec::new(),
        registry: Arc::new(Registry::open(folder.path().join("kiosks.json"))?),
    };
    let comments =
        Comments::open(folder.path(), Rules::default(), log.reader(), Arc::new(world), Arc::clone(&facts))?;
    let (actions, rebases) = (
        Actions::open(folder.path().join("actions.ndjson"))?,
        Rebases::open(folder.path().join("rebases.ndjson"))?,
    );
    let ground = Ground {
        facts: &facts,
        world: &scoring,
        comments: &comments,
        actions: &actions,
        rebases: &rebases,
        today: TODAY,
    };
    let settings = Settings { demonstration: false, shown_to: [].into(), first_days: 14 };
    for form in forms.split(',') {
        let (form, goal) = (form.parse::<Form>()?, goal(form));
        measure(ground, &settings, form, goal, records, folder.path())?;
    }
    Ok(())
}

fn goal(form: &str) -> Option<f64> {
    match form {
        "csv" => Some(3.0),
        "parquet" => Some(5.0),
        _ => None,
    }
}

fn measure(
    ground: Ground<'_>,
    settings: &Settings,
    form: Form,
    goal: Option<f64>,
    records: usize,
    folder: &Path,
) -> Result<()> {
    let asker = Asker { reads: &|_| true, audience: Audience::Office, settings };
    let path = folder.join(format!("responses.{}", form.ending()));
    let mut best = f64::INFINITY;
    let mut columns = 0;
    // What is the most from here on, and not since the facts were made.
    fs::write("/proc/self/clear_refs", "5").context("failed to begin counting memory anew")?;
    for _ in 0..RUNS {
        let began = Instant::now();
        let opened = ground.open(&Ask::all_of(Table::Responses), asker)?;
        columns = opened.head().columns.len();
        let seal = opened.write(form, BufWriter::new(File::create(&path)?), &mut |_, _| ())?;
        best = best.min(began.elapsed().as_secs_f64());
        ensure!(seal.rows == records as u64, "{} rows of {records}", seal.rows);
    }
    say(&json!({
        "bench": "responses_to_a_file", "format": form, "rows": records, "columns": columns, "seconds": best, "goal_seconds": goal,
        "file_mb": fs::metadata(&path)?.len() as f64 / 1e6, "most_memory_mb": most_memory_mb()?, "goal_mb": 200,
    }))
}

/// A draw from 0 to below `most`, always the same ones in the same order.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % most.max(1) as u64).unwrap_or(0)
    }
}

/// So many responses, evenly over a year: two in a hundred decline a question, one in ten has no pain.
fn spread(world: &ScoringWorld, many: usize) -> Result<Facts> {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let first = DayNumber::from(Date::constant(2026, 1, 5)).count();
    let templates = (0..TEMPLATES).map(|_| template(world, &mut dice)).collect::<Result<Vec<_>>>()?;
    let mut facts = Facts::new(Arc::clone(world.vocabulary()));
    for _ in 0..many {
        let contact = templates.get(dice.below(TEMPLATES)).context("no template")?;
        let day = DayNumber::from_count(first + i32::try_from(dice.below(355))?);
        facts.insert(fact(world, contact, day)?);
    }
    Ok(facts)
}

fn fact(world: &ScoringWorld, contact: &Contact, day: DayNumber) -> Result<Fact> {
    fact_of(contact, day, day, world.vocabulary()).context("a template is a fact")
}

fn template(world: &ScoringWorld, dice: &mut Dice) -> Result<Contact> {
    let questionnaire = Questionnaire::inpatient()?;
    let wards = world.directory().wards();
    let answers = questionnaire.questions().iter().map(|question| {
        let few = question.not_applicable.is_some() && dice.below(10) == 0;
        let answer = match question.options.get(dice.below(question.options.len())) {
            _ if few => Answer::NotApplicable,
            _ if dice.below(50) == 0 => Answer::Declined,
            Some(option) if question.kind != KindFile::Comment => Answer::Answered(option.id.clone()),
            _ => Answer::Declined,
        };
        (question.id.clone(), answer)
    });
    let response = Response { answers: answers.collect(), minutes: None };
    Ok(Contact {
        ward: wards.get(dice.below(wards.len())).context("no ward")?.id.clone(),
        questionnaire: questionnaire.reference(),
        outcome: Outcome::Completed,
        mode: Mode::ALL.get(dice.below(4)).copied().unwrap_or(Mode::Alone),
        language: Language::english(),
        attribution: None,
        response: Some(response),
    })
}

/// The most memory that was in use, in megabytes.
fn most_memory_mb() -> Result<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no peak size")?;
    let kilobytes: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kilobytes / 1e3)
}

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn say(result: &Value) -> Result<()> {
    Ok(writeln!(std::io::stdout().lock(), "{result}")?)
}
