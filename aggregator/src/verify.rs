//! Verify: proof that everything is here, once, unchanged, and that what is shown follows from it.
//!
//! Nothing is taken on trust: the positions and the running hash, every envelope's hash against the record beside it,
//! every kiosk's chain link by link, the index of record ids, the facts in use against facts made anew from the log, and
//! the score sheets in use against sheets made from those, byte for byte. *Deep* also checks every signature, opens every
//! envelope and decides its day again.
//!
//! Two answers: *sound* means that nothing contradicts anything; *complete* means that no kiosk's chain has a gap. A
//! refused envelope in the quarantine is neither a fault nor a gap: it is here, and it is told.
//!
//! Call it while nothing is being written ([`Pipeline::while_still`](crate::ingest::Pipeline::while_still)): the log, the
//! facts and the pages must speak of the same moment.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::Serialize;
use wardvoice_protocol::fortnight::{Fortnight, Period};
use wardvoice_protocol::id::{Hash, KioskId};

use crate::facts::{Facts, Rulings};
use crate::ingest::World;
use crate::log::{Gap, LogError, Reader};
use crate::rebuild;
use crate::scoring::{ScoreSheet, ScoringWorld, score_all};

mod chains;
mod envelopes;

/// How many faults are told in words; all are counted.
const TOLD_FAULTS: usize = 100;

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VerifyReport {
    /// Whether nothing contradicts anything.
    pub sound: bool,
    /// Whether no kiosk's chain has a gap.
    pub complete: bool,
    /// Whether signatures were checked and envelopes opened.
    pub deep: bool,
    /// How many records there are.
    pub records: u64,
    /// How many of them were forgotten or reduced: their place in the chain is proved, and their envelopes are gone.
    pub forgotten: u64,
    /// How many envelopes are in the quarantine.
    pub quarantined: u64,
    /// How many envelopes were read, and opened when deep.
    pub envelopes_checked: u64,
    /// Every kiosk's chain.
    pub kiosks: Vec<KioskReport>,
    /// The facts in use and the facts made anew.
    pub facts: FactsReport,
    /// The score sheets in use and those made anew.
    pub scores: ScoresReport,
    /// How many faults there are.
    pub faults: u64,
    /// The first of them, in words.
    pub told: Vec<String>,
}

/// One kiosk's chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KioskReport {
    /// The kiosk.
    pub kiosk: KioskId,
    /// The highest number.
    pub highest: u64,
    /// The hash of the envelope that holds it: where a kiosk that has lost everything goes on by hand.
    pub head: Hash,
    /// How many records there are.
    pub stored: u64,
    /// How many numbers are held by refused envelopes that were linked.
    pub refused: u64,
    /// How many numbers are held by refused envelopes that broke the chain.
    pub unlinked: u64,
    /// The numbers that nothing has come for.
    pub gaps: Vec<Gap>,
}

/// The facts in use and the facts made anew from the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FactsReport {
    /// How many there are in use.
    pub live: u64,
    /// How many the log gives.
    pub rebuilt: u64,
    /// The digest of those in use.
    pub live_digest: Hash,
    /// The digest of those the log gives.
    pub rebuilt_digest: Hash,
}

/// The score sheets in use and those made anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScoresReport {
    /// How many sheets were compared, byte for byte.
    pub compared: u64,
    /// Those that differ, as `period unit`.
    pub different: Vec<String>,
}

/// Collects what is wrong.
#[derive(Debug, Default)]
struct Faults {
    count: u64,
    told: Vec<String>,
}

impl Faults {
    fn add(&mut self, fault: String) {
        self.count += 1;
        if self.told.len() < TOLD_FAULTS {
            self.told.push(fault);
        }
    }

    fn absorb(&mut self, other: Self) {
        self.count += other.count;
        let room = TOLD_FAULTS.saturating_sub(self.told.len());
        self.told.extend(other.told.into_iter().take(room));
    }
}

impl VerifyReport {
    /// Whether everything is proved: sound and complete.
    pub fn is_proved(&self) -> bool {
        self.sound && self.complete
    }
}

/// Verifies the log, and that `live` and the sheets made from it follow from the log and what was ruled about disputes.
pub fn verify(
    reader: &Reader,
    world: &World,
    scoring: &ScoringWorld,
    live: &Facts,
    rulings: &Rulings,
    today: Date,
    deep: bool,
) -> Result<VerifyReport, LogError> {
    let mut faults = Faults::default();
    let records = reader.position();
    let (links, read_faults) = envelopes::check(reader, world, deep)?;
    faults.absorb(read_faults);
    let (kiosks, chain_faults) = chains::check(reader, &links)?;
    faults.absorb(chain_faults);
    // What follows needs room for the facts once more, and no links.
    let (checked, forgotten, days) = (links.count() - links.forgotten(), links.forgotten(), links.into_days());
    let quarantined = check_quarantine(reader, &mut faults)?;
    let mut rebuilt = rebuild::rebuild(reader, world)?;
    rebuilt.set_rulings(rulings.clone());
    let facts = FactsReport {
        live: live.len() as u64,
        rebuilt: rebuilt.len() as u64,
        live_digest: live.digest(),
        rebuilt_digest: rebuilt.digest(),
    };
    if facts.live_digest != facts.rebuilt_digest {
        faults.add("the facts in use are not those that the log gives".to_owned());
    }
    let scores = check_scores(scoring, live, &rebuilt, &days, today, &mut faults);
    Ok(VerifyReport {
        sound: faults.count == 0,
        complete: kiosks.iter().all(|kiosk| kiosk.gaps.is_empty()),
        deep,
        records,
        forgotten,
        quarantined,
        envelopes_checked: checked,
        kiosks,
        facts,
        scores,
        faults: faults.count,
        told: faults.told,
    })
}

fn check_quarantine(reader: &Reader, faults: &mut Faults) -> Result<u64, LogError> {
    let mut count = 0;
    for entry in reader.quarantine(0)? {
        if let Err(error) = entry {
            faults.add(error.to_string());
            break;
        }
        count += 1;
    }
    let said = reader.quarantined()?;
    if said != count {
        faults.add(format!("the quarantine has {count} entries and the log counts {said}"));
    }
    Ok(count)
}

fn check_scores(
    scoring: &ScoringWorld,
    live: &Facts,
    rebuilt: &Facts,
    days: &BTreeSet<Date>,
    today: Date,
    faults: &mut Faults,
) -> ScoresReport {
    let fortnights: BTreeSet<Fortnight> =
        days.iter().filter_map(|day| scoring.calendar().fortnight_of(*day).ok()).collect();
    let mut report = ScoresReport { compared: 0, different: Vec::new() };
    for fortnight in fortnights {
        let period = Period::Fortnight(fortnight);
        let sheets =
            |facts: &Facts| score_all(facts, scoring, &period, None, today).map_err(|error| error.to_string());
        let (in_use, anew) = (sheets(live), sheets(rebuilt));
        let bytes = |sheets: &Result<Vec<ScoreSheet>, String>, place: usize| -> Result<Vec<u8>, String> {
            let sheet = sheets.as_ref().map_err(String::clone)?.get(place);
            serde_json::to_vec(&sheet).map_err(|error| error.to_string())
        };
        for (place, (unit, _)) in scoring.units().iter().enumerate() {
            report.compared += 1;
            if bytes(&in_use, place) != bytes(&anew, place) {
                report.different.push(format!("{period} {unit}"));
                faults.add(format!("the score sheet {period} {unit} in use does not follow from the log"));
            }
        }
    }
    report
}

#[cfg(test)]
mod tests;
