//! How fast ingest is without a broker: sealed beforehand; opened, verified, stored, fsynced, counted.
//!
//! `cargo bench -p wardvoice-aggregator --bench ingest -- [records] [folder]`. Prints one JSON object. CPU time is of the
//! whole process; nothing else runs in it. The folder must be on a disk for the figures to mean anything.
#![expect(clippy::print_stdout, reason = "a bench says what it measured")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock, mpsc};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use jiff::civil::Date;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::sync::broadcast;
use wardvoice_aggregator::directory;
use wardvoice_aggregator::facts::{Facts, Rulings, Vocabulary};
use wardvoice_aggregator::ingest::{Arrival, Pipeline, Sinks, Unacked, World};
use wardvoice_aggregator::log::{Log, Reader};
use wardvoice_aggregator::registry::Registry;
use wardvoice_aggregator::{rebuild, verify};
use wardvoice_protocol::clock::Clock;
use wardvoice_protocol::contact::{Answer, Contact, Mode, Outcome, Response};
use wardvoice_protocol::directory::{Directory, DirectoryFile};
use wardvoice_protocol::envelope::{ChainHead, Envelope};
use wardvoice_protocol::fortnight::Calendar;
use wardvoice_protocol::id::{KioskId, Language, RecordId};
use wardvoice_protocol::keys::{OpenKey, SigningKey};
use wardvoice_protocol::questionnaire::{KindFile, Questionnaire};
use wardvoice_protocol::record::{Body, Record};

const KIOSKS: usize = 50;
/// How many messages the broker's side hands on at once.
const TOGETHER: usize = 64;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let count: usize = arguments.next().map_or(Ok(50_000), |count| count.parse())?;
    let parent = arguments.next().map_or_else(|| PathBuf::from("."), PathBuf::from);
    let folder = tempfile::tempdir_in(parent)?;
    let world = Arc::new(world()?);
    let arrivals = sealed(&world, count)?;
    let ingest = ingest(folder.path(), &world, arrivals)?;
    let opening = opening(folder.path(), &world)?;
    println!("{}", serde_json::json!({ "records": count, "ingest": ingest, "after": opening }));
    Ok(())
}

fn world() -> Result<World> {
    let directory = Directory::try_from(serde_json::from_str::<DirectoryFile>(directory::example_file())?)?;
    let questionnaires = vec![Questionnaire::inpatient()?];
    let vocabulary = Arc::new(Vocabulary::new(&directory, &questionnaires)?);
    let calendar = Calendar::new(Date::constant(2026, 1, 5))?;
    let open_keys = vec![OpenKey::generate(&mut StdRng::seed_from_u64(1))];
    let registry = Arc::new(Registry::in_memory());
    Ok(World { directory, questionnaires, calendar, vocabulary, open_keys, registry })
}

fn contact(world: &World, rng: &mut StdRng) -> Result<Contact> {
    let questionnaire = world.questionnaires.first().context("a questionnaire")?;
    let answers: BTreeMap<_, _> = questionnaire
        .questions()
        .iter()
        .map(|question| {
            let place = rng.random_range(0..question.options.len().max(1));
            let answer = match (&question.kind, question.options.get(place)) {
                (KindFile::Comment, _) | (_, None) => Answer::Declined,
                (_, Some(option)) => Answer::Answered(option.id.clone()),
            };
            (question.id.clone(), answer)
        })
        .collect();
    let ward = world.directory.wards().get(rng.random_range(0..world.directory.wards().len()));
    Ok(Contact {
        ward: ward.context("a ward")?.id.clone(),
        questionnaire: questionnaire.reference(),
        outcome: Outcome::Completed,
        mode: Mode::Alone,
        language: Language::english(),
        attribution: None,
        response: Some(Response { answers, minutes: Some(4) }),
    })
}

/// The kiosks' records, sealed on all cores, in turns as they would come.
fn sealed(world: &World, count: usize) -> Result<Vec<Arrival>> {
    let seal_key = world.open_keys.first().context("a key")?.seal_key().clone();
    let ward = world.directory.wards().first().context("a ward")?.id.clone();
    let kiosks: Vec<(KioskId, SigningKey)> = (0..KIOSKS)
        .map(|number| {
            let key = SigningKey::from_bytes(&StdRng::seed_from_u64(1_000 + number as u64).random());
            Ok((KioskId::new(format!("k-{number:04}"))?, key))
        })
        .collect::<Result<_>>()?;
    for (kiosk, key) in &kiosks {
        world.registry.add(kiosk, &ward, key.verifying_key(), &world.directory)?;
    }
    let now = Timestamp::now();
    let seal = |number: usize, kiosk: &KioskId, key: &SigningKey| -> Result<Vec<Arrival>> {
        let mut rng = StdRng::seed_from_u64(number as u64);
        let mut head = ChainHead::EMPTY;
        let share = count / KIOSKS + usize::from(number < count % KIOSKS);
        (0..share)
            .map(|_| {
                let body = Body::Contact(contact(world, &mut rng)?);
                let record = Record { clock: Clock::new(now, None), body };
                let id = RecordId::new(u64::try_from(now.as_millisecond())?, rng.random());
                let envelope = Envelope::seal(&record, id, kiosk, head, &seal_key, key, &mut rng)?;
                head = envelope.chain_head();
                Ok(Arrival { kiosk: kiosk.clone(), payload: envelope.to_json(), received: now, not_before: None })
            })
            .collect()
    };
    let chains: Vec<Vec<Arrival>> = std::thread::scope(|scope| {
        let halves: Vec<_> = [0, 1]
            .map(|half| {
                let (kiosks, seal) = (&kiosks, &seal);
                scope.spawn(move || {
                    let mine = kiosks.iter().enumerate().filter(|(number, _)| number % 2 == half);
                    mine.map(|(number, (kiosk, key))| seal(number, kiosk, key)).collect::<Result<Vec<_>>>()
                })
            })
            .into_iter()
            .collect();
        let mut chains = Vec::new();
        for half in halves {
            chains.extend(half.join().map_err(|_| anyhow::anyhow!("sealing panicked"))??);
        }
        Ok::<_, anyhow::Error>(chains)
    })?;
    let mut chains: Vec<_> = chains.into_iter().map(Vec::into_iter).collect();
    let mut arrivals = Vec::with_capacity(count);
    while arrivals.len() < count {
        arrivals.extend(chains.iter_mut().filter_map(Iterator::next));
    }
    Ok(arrivals)
}

fn ingest(folder: &Path, world: &Arc<World>, arrivals: Vec<Arrival>) -> Result<serde_json::Value> {
    let facts = Arc::new(RwLock::new(Facts::new(Arc::clone(&world.vocabulary))));
    let (tell, told) = mpsc::channel::<Vec<Duration>>();
    let (changes, _) = broadcast::channel(16);
    let receipts = Box::new(move |_, _, tokens: Vec<Instant>| {
        let waited: Vec<Duration> = tokens.iter().map(Instant::elapsed).collect();
        assert!(tell.send(waited).is_ok(), "the bench listens to the end");
    });
    let sinks = Sinks { receipts, changes, metrics: Arc::default(), help: Arc::default() };
    let pipeline = Pipeline::start(Log::open(folder)?, Arc::clone(world), facts, sinks)?;
    let count = arrivals.len();
    let (began, cpu) = (Instant::now(), cpu_seconds()?);
    let mut waiting = Vec::with_capacity(TOGETHER);
    for arrival in arrivals {
        waiting.push(Unacked::new(arrival, Instant::now()));
        if waiting.len() == TOGETHER {
            pipeline.submit(std::mem::take(&mut waiting))?;
        }
    }
    pipeline.submit(waiting)?;
    let mut waited = Vec::with_capacity(count);
    while waited.len() < count {
        waited.extend(told.recv()?);
    }
    waited.sort_unstable();
    let (seconds, cpu) = (began.elapsed().as_secs_f64(), cpu_seconds()? - cpu);
    let stop = Instant::now();
    let end = pipeline.stop()?.end();
    anyhow::ensure!(end.position == count as u64, "{} records are stored", end.position);
    Ok(serde_json::json!({
        "seconds": seconds,
        "records_a_second": count as f64 / seconds,
        "cpu_ms_a_record": cpu * 1_000.0 / count as f64,
        "p50_ms": at(&waited, 50),
        "p99_ms": at(&waited, 99),
        "stop_seconds": stop.elapsed().as_secs_f64(),
        "bytes_a_record": folder_bytes(folder)? / count as u64,
    }))
}

/// A percentile in milliseconds. Everything is submitted as fast as it is taken, so this is the time in a full pipeline.
fn at(sorted: &[Duration], percent: usize) -> Option<f64> {
    sorted.get(sorted.len() * percent / 100).map(|time| time.as_secs_f64() * 1_000.0)
}

fn opening(folder: &Path, world: &World) -> Result<serde_json::Value> {
    let began = Instant::now();
    let log = Log::open(folder)?;
    let opened = began.elapsed().as_secs_f64();
    let reader = log.reader();
    let (facts, origin) = rebuild::load(folder, &reader, world)?;
    let loaded = began.elapsed().as_secs_f64();
    let (began, cpu) = (Instant::now(), cpu_seconds()?);
    let rebuilt = rebuild::rebuild(&reader, world)?;
    let rebuild_seconds = began.elapsed().as_secs_f64();
    let rebuild_cpu = cpu_seconds()? - cpu;
    anyhow::ensure!(rebuilt.digest() == facts.digest(), "the facts differ");
    let deep = deep(&reader, world, &facts)?;
    drop((reader, log));
    let (began, cpu) = (Instant::now(), cpu_seconds()?);
    drop(Log::open(folder)?);
    Ok(serde_json::json!({
        "first_open_seconds": opened,
        "second_open_cpu_seconds": cpu_seconds()? - cpu,
        "rebuild_cpu_us_a_response": rebuild_cpu * 1e6 / rebuilt.len() as f64,
        "open_and_facts_seconds": loaded,
        "facts_from": format!("{origin:?}"),
        "second_open_seconds": began.elapsed().as_secs_f64(),
        "rebuild_seconds": rebuild_seconds,
        "rebuild_responses_a_second": rebuilt.len() as f64 / rebuild_seconds,
        "verify_deep_seconds": deep,
    }))
}

fn deep(reader: &Reader, world: &World, facts: &Facts) -> Result<f64> {
    let scoring = wardvoice_aggregator::scoring::ScoringWorld::inpatient(
        world.directory.clone(),
        world.calendar.clone(),
        Arc::clone(&world.vocabulary),
        7,
    )?;
    let began = Instant::now();
    let today = world.calendar.day_of(Timestamp::now());
    let report = verify::verify(reader, world, &scoring, facts, &Rulings::default(), today, true)?;
    anyhow::ensure!(report.is_proved(), "{:?}", report.told);
    Ok(began.elapsed().as_secs_f64())
}

fn folder_bytes(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        bytes += if entry.file_type()?.is_dir() { folder_bytes(&entry.path())? } else { entry.metadata()?.len() };
    }
    Ok(bytes)
}

/// The processor time of this process so far, in the kernel's ticks of 10 ms.
fn cpu_seconds() -> Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_, after_name) = stat.rsplit_once(')').context("a process has a name")?;
    let ticks: Vec<f64> = after_name.split_whitespace().skip(11).take(2).filter_map(|n| n.parse().ok()).collect();
    Ok(ticks.iter().sum::<f64>() / 100.0)
}
