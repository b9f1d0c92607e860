//! Power cuts: what is promised is on the disk, whatever moment the power fails at and whatever the disk kept.
//!
//! A store lives its life in a process of its own under `strace`, which records every change of a file, every fsync and
//! every promise in the order in which they happened ([`trace`]). The recording is played on a [`disk`] that keeps to
//! what POSIX promises and to nothing more, and is [`cut`] at moments drawn from a seed, half of them right after a
//! promise and a quarter while the store is opened. Each image is opened by the store's own code and held against the promises made before the cut. The next
//! life begins with one of the images, so that what a store does after a cut is cut as well.
//!
//! It needs no root and no device; a machine that writes honestly is assumed, as every store must. That a loss would be
//! seen is shown by playing the same recordings on a disk for which an fsync is nothing, and by a writer that promises
//! before it syncs.

use std::fmt::{Display, Write as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde::Serialize;

pub mod cut;
pub mod disk;
mod forgetting;
mod log;
mod outbox;
pub mod recording;
pub mod trace;

pub use disk::Barriers;
pub use forgetting::ForgettingLog;
pub use log::AggregatorLog;
pub use outbox::{End, KioskOutbox, Temper, write_an_outbox};

use cut::Weather;
use disk::{Disk, Effect};
use recording::Process;
use trace::{Descriptor, Moment};

/// How many faults a report describes.
const TOLD: usize = 20;

/// What a run is asked to do.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How many cuts.
    pub cuts: usize,
    /// How many lives they are spread over.
    pub lives: usize,
    /// Where the drawing starts.
    pub seed: u64,
    /// What an fsync is taken for.
    pub barriers: Barriers,
}

/// How a run ended.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// Whose store.
    pub store: &'static str,
    /// How often the power was cut.
    pub cuts: usize,
    /// How many lives the store had.
    pub lives: usize,
    /// Changes of the disk, syncs and promises that were recorded.
    pub moments: usize,
    /// Promises that were to be kept, over all cuts.
    pub promised: usize,
    /// Promises that were not kept, over all cuts.
    pub lost: usize,
    /// Things in a store that nobody gave it, or that it had promised to have deleted.
    pub invented: usize,
    /// Images that opened as they were.
    pub opened: usize,
    /// Images that were refused with a way back, which was taken.
    pub mended: usize,
    /// Why they were refused, the first few.
    pub refusals: Vec<String>,
    /// Images that neither opened nor could be brought back.
    pub stuck: usize,
    /// What was wrong, the first few.
    pub faults: Vec<String>,
    /// The seed, for the same run again.
    pub seed: u64,
    /// How long it took.
    pub seconds: u64,
}

impl Report {
    /// Whether every promise was kept.
    pub fn holds(&self) -> bool {
        self.lost == 0 && self.invented == 0 && self.stuck == 0 && self.faults.is_empty() && self.promised > 0
    }
}

/// How an image was found.
#[derive(Debug, Default)]
pub struct Finding {
    /// Whether it opened as it was, only by the way back that the error named, or not at all.
    state: State,
    /// Why it did not open.
    refused: Option<String>,
    lost: usize,
    invented: usize,
    /// What was wrong, in words.
    faults: Vec<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Opened,
    Mended,
    Stuck,
}

/// A store that is recorded and looked at.
pub trait Subject {
    /// What it has promised so far.
    type Promises: Clone + Default;
    /// Its name.
    const NAME: &'static str;

    /// Lays out what is there before the first life.
    fn prepare(&mut self, directory: &Path) -> Result<PathBuf>;

    /// Lives once on a data directory. A life may be several processes, one killed after the other, with what the system
    /// had in memory handed from each to the next; their recordings are left in a directory and named in order.
    fn live(&mut self, data: &Path, recordings: &Path, seed: u64) -> Result<Vec<Process>>;

    /// Hears what was said outside.
    fn hear(&self, promises: &mut Self::Promises, to: Descriptor, bytes: &[u8]) -> Result<()>;

    /// Nothing more will be said there.
    fn hung(&self, _promises: &mut Self::Promises, _to: Descriptor) {}

    /// A process is gone, and everything that it had open with it: the next one has other descriptors.
    fn gone(&self, _promises: &mut Self::Promises) {}

    /// How many promises there are to keep.
    fn count(promises: &Self::Promises) -> usize;

    /// Opens an image and holds it against what was promised.
    fn examine(&self, image: &Path, promises: &Self::Promises) -> Result<Finding>;
}

/// A moment of a process, or its end with what it left to the next.
enum Step {
    Moment(Moment),
    Killed(PathBuf),
}

fn play(disk: &mut Disk, step: &Step) -> Result<Effect> {
    match step {
        Step::Moment(moment) => disk.play(moment),
        Step::Killed(left) => {
            disk.process_ended(left)?;
            Ok(Effect::None)
        }
    }
}

struct Heir<P> {
    data: PathBuf,
    promises: P,
}

/// Cuts a store's power as planned, in a scratch directory.
pub fn run<S: Subject>(subject: &mut S, plan: &Plan, scratch: &Path) -> Result<Report> {
    let began = Instant::now();
    let mut chance = StdRng::seed_from_u64(plan.seed);
    let mut report = Report { store: S::NAME, seed: plan.seed, ..Report::default() };
    let mut heir = Heir { data: subject.prepare(scratch)?, promises: S::Promises::default() };
    for life in 0..plan.lives.max(1) {
        let share = plan.cuts / plan.lives.max(1) + usize::from(life < plan.cuts % plan.lives.max(1));
        let place = scratch.join(format!("life-{life}"));
        std::fs::create_dir_all(&place)?;
        heir = live(subject, heir, share, plan.barriers, &place, &mut chance, &mut report)
            .with_context(|| format!("in life {life} of {} with seed {}", S::NAME, plan.seed))?;
    }
    report.seconds = began.elapsed().as_secs();
    Ok(report)
}

fn live<S: Subject>(
    subject: &mut S,
    before: Heir<S::Promises>,
    cuts: usize,
    barriers: Barriers,
    place: &Path,
    chance: &mut StdRng,
    report: &mut Report,
) -> Result<Heir<S::Promises>> {
    let mut disk = Disk::of(&before.data, barriers)?;
    let mut moments = Vec::new();
    for process in subject.live(&before.data, place, chance.random())? {
        moments.extend(trace::read(&process.recording)?.into_iter().map(Step::Moment));
        moments.extend(process.left.map(Step::Killed));
    }
    let chosen = choose(subject, &disk, &before.promises, &moments, cuts, chance, report)?;
    let mut chosen = chosen.into_iter().peekable();
    let mut promises = before.promises.clone();
    subject.gone(&mut promises);
    let mut heir = None;
    for (number, moment) in moments.iter().enumerate() {
        if matches!(moment, Step::Killed(_)) {
            subject.gone(&mut promises);
        }
        match play(&mut disk, moment)? {
            Effect::Said(to, bytes) => subject.hear(&mut promises, to, &bytes)?,
            Effect::Hung(to) => subject.hung(&mut promises, to),
            Effect::None | Effect::Disk => {}
        }
        while chosen.next_if_eq(&number).is_some() {
            let weather = [Weather::Calm, Weather::Bolt, Weather::Storm, Weather::Storm, Weather::Storm];
            let weather = weather.get(chance.random_range(0..weather.len())).copied().unwrap_or(Weather::Storm);
            let image = disk.cut(weather, chance);
            let data = place.join(format!("cut-{}", report.cuts));
            image.write(&data)?;
            let finding = subject.examine(&data, &promises)?;
            let whole = finding.faults.is_empty();
            report.take(number, weather, S::count(&promises), finding);
            std::fs::remove_dir_all(&data)?;
            if !whole {
                // As it was found, for whoever looks for the cause.
                image.write(&data)?;
            }
            if whole && S::count(&promises) > 0 && (heir.is_none() || chance.random_ratio(1, 3)) {
                let data = place.join("heir");
                if data.exists() {
                    std::fs::remove_dir_all(&data)?;
                }
                image.write(&data)?;
                heir = Some(Heir { data, promises: promises.clone() });
            }
        }
    }
    // Where no image was whole, the life as it ended goes on: its files are as a kill left them.
    Ok(heir.unwrap_or(Heir { data: before.data, promises }))
}

/// The moments to cut at, in order: half of them right after a promise, a quarter anywhere, and a quarter while the store is
/// opened, which is when it changes what it had promised long ago.
fn choose<S: Subject>(
    subject: &S,
    disk: &Disk,
    promises: &S::Promises,
    moments: &[Step],
    cuts: usize,
    chance: &mut StdRng,
    report: &mut Report,
) -> Result<Vec<usize>> {
    let (mut disk, mut promises) = (disk.clone(), promises.clone());
    let (mut kept, mut changed, mut opening) = (Vec::new(), Vec::new(), Vec::new());
    let mut opens = true;
    subject.gone(&mut promises);
    for (number, moment) in moments.iter().enumerate() {
        if matches!(moment, Step::Killed(_)) {
            subject.gone(&mut promises);
            opens = true;
        }
        match play(&mut disk, moment)? {
            Effect::None => {}
            Effect::Disk => {
                changed.push(number);
                if opens {
                    opening.push(number);
                }
            }
            Effect::Hung(to) => subject.hung(&mut promises, to),
            Effect::Said(to, bytes) => {
                let before = S::count(&promises);
                subject.hear(&mut promises, to, &bytes)?;
                if S::count(&promises) > before {
                    kept.push(number);
                    opens = false;
                }
            }
        }
    }
    report.moments += kept.len() + changed.len();
    report.lives += 1;
    ensure!(!kept.is_empty() && !opening.is_empty(), "the recording shows no promise or no change of the disk");
    let mut chosen: Vec<usize> = (0..cuts)
        .filter_map(|number| {
            let from = match number % 4 {
                0 | 2 => &kept,
                1 => &changed,
                _ => &opening,
            };
            from.get(chance.random_range(0..from.len())).copied()
        })
        .collect();
    chosen.sort_unstable();
    Ok(chosen)
}

impl Report {
    fn take(&mut self, moment: usize, weather: Weather, promised: usize, finding: Finding) {
        self.cuts += 1;
        self.promised += promised;
        self.lost += finding.lost;
        self.invented += finding.invented;
        match finding.state {
            State::Opened => self.opened += 1,
            State::Mended => self.mended += 1,
            State::Stuck => self.stuck += 1,
        }
        if let Some(why) = finding.refused
            && self.refusals.len() < TOLD
        {
            self.refusals.push(format!("cut {} (moment {moment}, {weather:?}): {why}", self.cuts));
        }
        for fault in finding.faults {
            if self.faults.len() < TOLD {
                self.faults.push(format!("cut {} (moment {moment}, {weather:?}): {fault}", self.cuts));
            }
        }
    }
}

impl Finding {
    fn stuck(why: &dyn Display, promised: usize) -> Self {
        Self { state: State::Stuck, lost: promised, faults: vec![format!("{why}")], ..Self::default() }
    }

    fn mended(&mut self, why: &dyn Display) {
        self.state = State::Mended;
        self.refused = Some(why.to_string());
    }

    fn lost(&mut self, what: &[String]) {
        self.lost += what.len();
        self.fault("lost", what);
    }

    fn invented(&mut self, what: &[String]) {
        self.invented += what.len();
        self.fault("there and should not be", what);
    }

    fn fault(&mut self, kind: &str, what: &[String]) {
        let Some(first) = what.first() else { return };
        let mut text = format!("{} {kind}, the first is {first}", what.len());
        if self.state == State::Mended && write!(text, " (after the way back)").is_err() {
            return;
        }
        self.faults.push(text);
    }
}
