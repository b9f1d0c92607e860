//! The kiosk's outbox under power cuts: a writer that keeps, settles, opens again and fails, and says each promise.
//!
//! Said on standard output, a line each: `keeping <number>` before a record is kept, `kept <number> <hash>` when it is,
//! `settling <numbers>` before records are deleted, `settled <numbers>` when they are.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use wardvoice_kiosk::identity::{self, Identity};
use wardvoice_kiosk::outbox::{Outbox, OutboxError, Recovered, Waiting, recover};
use wardvoice_protocol::clock::Clock;
use wardvoice_protocol::envelope::Envelope;
use wardvoice_protocol::id::{Hash, Sequence};
use wardvoice_protocol::keys::{OpenKey, SealKey};
use wardvoice_protocol::receipt::{Decision, Verdict};
use wardvoice_protocol::record::Body;

use super::recording::{Process, copy, record};
use super::trace::Descriptor;
use super::{Finding, Subject};
use crate::programs;
use crate::tablet::interview;

const KIOSK: &str = "k-power";
const STANDARD_OUTPUT: Descriptor = 1;
/// A fail point of the outbox: the disk says no at the flush.
const FAILING_FLUSH: &str = "outbox.flush_error";

/// When the writer makes its promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Temper {
    /// When the outbox says that the record is kept.
    Patient,
    /// Before it asks the outbox: what must not pass.
    Hasty,
}

/// How a writer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// At once, with a record handed to the system and not synced.
    BeforeFlush,
    /// At once, with a record synced that the marker does not name yet.
    AfterFlush,
    /// By itself.
    InOrder,
}

impl End {
    const ALL: [Self; 3] = [Self::BeforeFlush, Self::AfterFlush, Self::InOrder];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::BeforeFlush => "outbox.before_flush",
            Self::AfterFlush => "outbox.after_flush",
            Self::InOrder => "in-order",
        }
    }

    /// The end of that name.
    pub fn named(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|end| end.name() == name).with_context(|| format!("there is no end {name}"))
    }
}

/// The outbox as a subject.
#[derive(Debug)]
pub struct KioskOutbox {
    /// How many things the writer does in a life.
    pub steps: usize,
    /// When it promises.
    pub temper: Temper,
}

/// What the writer has said.
#[derive(Debug, Clone, Default)]
pub struct Said {
    /// The numbers it has tried to use.
    tried: BTreeSet<u64>,
    /// Numbers that are kept, with the hash of their envelope where it was known.
    kept: BTreeMap<u64, Option<Hash>>,
    /// Numbers that may be gone: their deletion has begun.
    settling: BTreeSet<u64>,
    /// Numbers that must be gone.
    settled: BTreeSet<u64>,
    line: Vec<u8>,
}

impl Subject for KioskOutbox {
    type Promises = Said;
    const NAME: &'static str = "outbox";

    fn prepare(&mut self, directory: &Path) -> Result<PathBuf> {
        let data = directory.join("kiosk");
        identity::load_or_create(&data)?;
        Ok(data)
    }

    fn live(&mut self, data: &Path, recordings: &Path, seed: u64) -> Result<Vec<Process>> {
        let mut processes = Vec::new();
        for (number, end) in (0_u64..).zip([End::BeforeFlush, End::AfterFlush, End::InOrder]) {
            let recording = recordings.join(format!("recording-{number}"));
            let mut command = Command::new(programs::power()?);
            command.arg("write-outbox").arg("--data").arg(data).args(["--end", end.name()]);
            command.args(["--seed", &seed.wrapping_add(number).to_string()]);
            command.args(["--steps", &(self.steps / 3).to_string()]);
            if self.temper == Temper::Hasty {
                command.arg("--hasty");
            }
            record(&command, &recording, end == End::InOrder)?;
            let left = recordings.join(format!("left-{number}"));
            let left = if end == End::InOrder { None } else { Some(left) };
            if let Some(left) = &left {
                copy(data, left)?;
            }
            processes.push(Process { recording, left });
        }
        Ok(processes)
    }

    fn hear(&self, said: &mut Said, to: Descriptor, bytes: &[u8]) -> Result<()> {
        if to != STANDARD_OUTPUT {
            return Ok(());
        }
        said.line.extend_from_slice(bytes);
        while let Some(end) = said.line.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = said.line.drain(..=end).collect();
            said.take(String::from_utf8(line)?.trim_end())?;
        }
        Ok(())
    }

    fn count(said: &Said) -> usize {
        said.must_be_there().count()
    }

    fn examine(&self, image: &Path, said: &Said) -> Result<Finding> {
        let identity = identity_of(image)?;
        let mut finding = Finding::default();
        let mut outbox = match Outbox::open_with_reserve(image, identity.clone(), 0) {
            Ok(outbox) => outbox,
            Err(OutboxError::Damaged { damage, .. }) => {
                let way_back = recover(image, &identity, None);
                if !matches!(way_back, Ok(Recovered::Continued { .. })) {
                    let promised = Self::count(said);
                    return Ok(Finding::stuck(
                        &format!("{damage}, and the way back ended with {way_back:?}"),
                        promised,
                    ));
                }
                finding.mended(&damage);
                Outbox::open_with_reserve(image, identity.clone(), 0)?
            }
            Err(error) => return Ok(Finding::stuck(&error, Self::count(said))),
        };
        let waiting: BTreeMap<u64, Waiting> =
            outbox.waiting().map(|waiting| (waiting.sequence, *waiting)).collect();
        let is_there = |number: u64, hash: Option<Hash>| {
            waiting.get(&number).is_some_and(|waiting| hash.is_none_or(|hash| hash == waiting.hash))
        };
        let lost = said.must_be_there().filter(|(number, hash)| !is_there(*number, *hash));
        finding.lost(&lost.map(|(number, _)| format!("record {number}")).collect::<Vec<_>>());
        let foreign =
            waiting.keys().filter(|number| !said.tried.contains(number) || said.settled.contains(number));
        finding.invented(&foreign.map(|number| format!("record {number}")).collect::<Vec<_>>());
        let highest = said.kept.keys().next_back().copied().unwrap_or(0);
        if outbox.head().sequence < highest {
            finding
                .faults
                .push(format!("the chain ends at {} and {highest} was promised", outbox.head().sequence));
        }
        finding.faults.extend(read_all(&mut outbox, &identity, &waiting)?);
        drop(outbox);
        finding.faults.extend(goes_on(image, identity, waiting.len())?);
        Ok(finding)
    }
}

impl Said {
    fn take(&mut self, line: &str) -> Result<()> {
        let mut words = line.split(' ');
        let what = words.next().unwrap_or_default();
        let words: Vec<&str> = words.collect();
        let numbers = || words.iter().map(|word| Ok(word.parse()?)).collect::<Result<Vec<u64>>>();
        match (what, words.as_slice()) {
            ("keeping", _) => self.tried.extend(numbers()?),
            ("kept", [number, hash]) => {
                let hash = if *hash == "-" { None } else { Some(hash.parse()?) };
                self.kept.insert(number.parse()?, hash);
            }
            ("settling", _) => self.settling.extend(numbers()?),
            ("settled", _) => self.settled.extend(numbers()?),
            _ => bail!("the writer said {line:?}"),
        }
        Ok(())
    }

    fn must_be_there(&self) -> impl Iterator<Item = (u64, Option<Hash>)> {
        let there = self.kept.iter().filter(|(number, _)| !self.settling.contains(number));
        there.map(|(number, hash)| (*number, *hash))
    }
}

/// Reads every envelope and holds it against its neighbours with the protocol alone.
fn read_all(outbox: &mut Outbox, identity: &Identity, waiting: &BTreeMap<u64, Waiting>) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    let mut before: Option<Waiting> = None;
    for (number, named) in waiting {
        let payload =
            outbox.payload(*number)?.with_context(|| format!("record {number} waits and is not there"))?;
        let envelope = Envelope::read(&payload)?;
        let signed = envelope.is_signed_by(&identity.signing_key.verifying_key());
        let follows =
            before.is_none_or(|before| before.sequence + 1 != *number || before.hash == envelope.previous());
        if !signed || !follows || envelope.hash() != named.hash {
            faults.push(format!("record {number} is not what was written"));
        }
        before = Some(*named);
    }
    Ok(faults)
}

/// Keeps one more and finds it again.
fn goes_on(image: &Path, identity: Identity, waiting: usize) -> Result<Vec<String>> {
    let mut outbox = Outbox::open_with_reserve(image, identity.clone(), 0)?;
    let next = outbox.append(body("one more")?, clock(), &seal_key())?.sequence().get();
    drop(outbox);
    let outbox = Outbox::open_with_reserve(image, identity, 0)?;
    let found = outbox.waiting().any(|waiting| waiting.sequence == next);
    let fault = !found || outbox.waiting().len() != waiting + 1;
    Ok(fault
        .then(|| format!("{} wait after one more than {waiting}", outbox.waiting().len()))
        .into_iter()
        .collect())
}

/// What the recorded process does.
pub fn write_an_outbox(data: &Path, seed: u64, steps: usize, temper: Temper, end: End) -> Result<()> {
    let mut chance = StdRng::seed_from_u64(seed);
    let seal_key = seal_key();
    let mut outbox = open(data)?;
    for step in 0..steps {
        match chance.random_range(0..100) {
            0..5 => {
                drop(outbox);
                outbox = open(data)?;
            }
            5..8 => {
                // The disk says no: the outbox is poisoned and the next opening writes everything into a new store.
                fail::cfg(FAILING_FLUSH, "return").map_err(anyhow::Error::msg)?;
                say(&format!("keeping {}", outbox.head().next_sequence()))?;
                let kept = outbox.append(body("not kept")?, clock(), &seal_key);
                fail::remove(FAILING_FLUSH);
                ensure!(matches!(kept, Err(OutboxError::Poisoned(_))), "a failing flush gave {kept:?}");
                drop(outbox);
                outbox = open(data)?;
            }
            8..28 => settle(&mut outbox, &mut chance)?,
            _ => {
                let words = "x".repeat(chance.random_range(0..900));
                let next = outbox.head().next_sequence();
                say(&format!("keeping {next}"))?;
                if temper == Temper::Hasty {
                    say(&format!("kept {next} -"))?;
                }
                let envelope = outbox.append(body(&format!("{step} {words}"))?, clock(), &seal_key)?;
                if temper == Temper::Patient {
                    say(&format!("kept {} {}", envelope.sequence(), envelope.hash()))?;
                }
            }
        }
    }
    if end != End::InOrder {
        // No last word of anybody's: the process is gone in the middle of keeping a record.
        fail::cfg_callback(end.name(), || std::process::abort()).map_err(anyhow::Error::msg)?;
        say(&format!("keeping {}", outbox.head().next_sequence()))?;
        outbox.append(body("never kept")?, clock(), &seal_key)?;
        bail!("the process outlived {}", end.name());
    }
    Ok(())
}

fn settle(outbox: &mut Outbox, chance: &mut StdRng) -> Result<()> {
    let count = chance.random_range(1..6);
    let chosen: Vec<Waiting> = outbox.waiting().take(count).copied().collect();
    if chosen.is_empty() {
        return Ok(());
    }
    let numbers: String =
        chosen.iter().map(|waiting| format!(" {}", waiting.sequence)).collect::<Vec<_>>().concat();
    let verdict = |waiting: &Waiting| Verdict {
        envelope: waiting.hash,
        record: Some(waiting.record),
        sequence: Sequence::new(waiting.sequence),
        decision: Decision::Accepted,
    };
    let verdicts: Vec<Verdict> = chosen.iter().map(verdict).collect();
    say(&format!("settling{numbers}"))?;
    let settled = outbox.settle(&verdicts)?;
    ensure!(settled.len() == chosen.len(), "{} of {} were settled", settled.len(), chosen.len());
    say(&format!("settled{numbers}"))
}

fn open(data: &Path) -> Result<Outbox> {
    let identity = identity_of(data)?;
    match Outbox::open_with_reserve(data, identity.clone(), 0) {
        Err(OutboxError::Damaged { .. }) => {
            recover(data, &identity, None)?;
            Ok(Outbox::open_with_reserve(data, identity, 0)?)
        }
        other => Ok(other?),
    }
}

fn identity_of(data: &Path) -> Result<Identity> {
    Ok(Identity { kiosk: KIOSK.parse()?, signing_key: identity::load(data)? })
}

fn seal_key() -> SealKey {
    OpenKey::generate(&mut StdRng::seed_from_u64(1)).seal_key().clone()
}

fn body(words: &str) -> Result<Body> {
    Ok(Body::Contact(interview(&"W1".parse()?, words)?))
}

fn clock() -> Clock {
    Clock::new(Timestamp::now(), None)
}

/// One write of one line.
fn say(line: &str) -> Result<()> {
    let mut output = std::io::stdout().lock();
    output.write_all(format!("{line}\n").as_bytes())?;
    Ok(output.flush()?)
}
