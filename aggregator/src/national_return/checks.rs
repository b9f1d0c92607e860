//! What somebody should look at before a return is sent.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};
use serde::Serialize;
use wardvoice_protocol::directory::Directory;
use wardvoice_protocol::id::{Hash, KioskId, WardId};

use super::book::Exported;
use super::codes::{NationalCodes, is_organisation, is_specialty};
use super::count::Tally;
use super::recount::Recount;
use super::tables::Return;
use crate::log::Gap;

/// The working day of the next month by which a return is sent.
const DUE_WORKING_DAY: usize = 9;

/// Every check with what it makes sure of, in the order in which they are looked at.
pub const CHECKS: [(&str, &str); 15] = [
    ("reconcile", "The return and the log give the same answers"),
    ("month_not_over", "The month is over"),
    ("provisional", "No more answers are expected"),
    ("gap", "No kiosk’s records are missing"),
    ("silent_kiosk", "Every kiosk sent something about the month"),
    ("quarantine", "Nothing was refused since the month began"),
    ("no_answers", "Somebody answered on every ward"),
    ("eligible_missing", "The eligible patients of every ward are known"),
    ("more_answers_than_eligible", "No ward has more answers than patients"),
    ("unknown_ward", "Eligible patients are noted for wards that there are"),
    ("ward_twice", "No two wards could be taken for one"),
    ("code_missing", "Every national code is set"),
    ("code_shape", "National codes look like national codes"),
    ("unknown_code", "National codes are set for what there is"),
    ("differs_from_export", "What was made before is still so"),
];

/// Something to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Which check found it.
    pub check: &'static str,
    /// The ward, site, specialty or kiosk it is about.
    pub about: Option<String>,
    /// What is the matter.
    pub says: String,
    /// What to do.
    pub next: String,
}

/// Everything the checks look at.
pub struct Evidence<'a> {
    /// The return.
    pub made: &'a Return,
    /// The hash of what would be sent.
    pub digest: Hash,
    /// The same counted from the log.
    pub recount: &'a Recount,
    /// The trust.
    pub directory: &'a Directory,
    /// The national codes.
    pub codes: &'a NationalCodes,
    /// The eligible patients that were noted for the month.
    pub eligible: &'a BTreeMap<WardId, u64>,
    /// Local days after the month's last before no more answers are expected.
    pub final_after_days: u16,
    /// The kiosks that stand on wards.
    pub kiosks: &'a [(KioskId, WardId)],
    /// The numbers that are missing of each kiosk's chain.
    pub gaps: &'a [(KioskId, Vec<Gap>)],
    /// Refused envelopes that came since the month began.
    pub refused: u64,
    /// The last export of the month, if there was one.
    pub exported: Option<&'a Exported>,
}

/// Everything that should be looked at, the worst first.
pub fn check(evidence: &Evidence<'_>) -> Vec<Finding> {
    let mut findings = Findings(Vec::new());
    counts(evidence, &mut findings);
    days(evidence, &mut findings);
    carriage(evidence, &mut findings);
    eligible(evidence, &mut findings);
    names(evidence, &mut findings);
    codes(evidence, &mut findings);
    exports(evidence, &mut findings);
    findings.0
}

/// The day by which a month's return is sent: its ninth working day after, Monday to Friday. Bank holidays are not known here.
pub fn due(last_day: Date) -> Date {
    let days = (1..).map(|day: i32| last_day.saturating_add(day.days()));
    let working = |day: &Date| !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
    days.filter(working).nth(DUE_WORKING_DAY - 1).unwrap_or(last_day)
}

struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, check: &'static str, about: Option<&str>, says: impl Into<String>, next: impl Into<String>) {
        debug_assert!(CHECKS.iter().any(|(known, _)| *known == check), "{check} is not among the checks");
        let about = about.map(str::to_owned);
        self.0.push(Finding { check, about, says: says.into(), next: next.into() });
    }
}

/// Whether the two counts agree, ward by ward and answer by answer.
fn counts(evidence: &Evidence<'_>, findings: &mut Findings) {
    let (made, recount) = (evidence.made, evidence.recount);
    let counted: BTreeMap<&WardId, Tally> = made
        .wards
        .iter()
        .filter(|ward| ward.answers != Tally::default())
        .map(|ward| (&ward.ward, ward.answers))
        .collect();
    let wards: BTreeSet<&WardId> = counted.keys().copied().chain(recount.wards.keys()).collect();
    for ward in wards {
        let here = counted.get(ward).copied().unwrap_or_default();
        let log = recount.wards.get(ward).copied().unwrap_or_default();
        if here == log {
            continue;
        }
        let says = format!(
            "the return counts {} answers and the log holds {}",
            here.answers.total(),
            log.answers.total()
        );
        let next = if made.wards.iter().any(|row| row.ward == *ward) {
            "Do not send it. Run `verify`, then `rebuild`, and look again."
        } else {
            "The directory does not have this ward. Put it back into directory.json, or its answers are sent for no ward."
        };
        findings.add("reconcile", Some(ward.as_str()), says, next);
    }
    if recount.unreadable > 0 {
        let says = format!("{} records of the month could not be read again", recount.unreadable);
        findings.add("reconcile", None, says, "Do not send it. Run `verify --deep`.");
    }
}

/// Whether the month is over and whether answers may still come.
fn days(evidence: &Evidence<'_>, findings: &mut Findings) {
    let made = evidence.made;
    let settled = made.last_day.saturating_add(i32::from(evidence.final_after_days).days());
    if made.as_of < made.last_day {
        let says = format!("the month is not over: this counts up to {}", made.as_of);
        findings.add("month_not_over", None, says, format!("Wait until {} is over.", made.last_day));
    } else if made.as_of < settled {
        let says = format!("answers may still come from kiosks that were away: the month settles on {settled}");
        let next = format!("Wait until {settled} is over if you can; it is due on {}.", due(made.last_day));
        findings.add("provisional", None, says, next);
    }
}

/// Whether everything that kiosks wrote has come.
fn carriage(evidence: &Evidence<'_>, findings: &mut Findings) {
    for (kiosk, gaps) in evidence.gaps.iter().filter(|(_, gaps)| !gaps.is_empty()) {
        let missing: u64 = gaps.iter().map(|gap| gap.last - gap.first + 1).sum();
        let says = format!("{missing} records of its chain have not come, and may be of this month");
        let next = "Let the kiosk reach the hospital's network until `verify` names no gap.";
        findings.add("gap", Some(kiosk.as_str()), says, next);
    }
    for (kiosk, ward) in evidence.kiosks.iter().filter(|(kiosk, _)| !evidence.recount.heard.contains(kiosk)) {
        let says = format!("this kiosk on ward {ward} sent nothing about the month");
        let next = "Find out whether it was used: what is still in its outbox is not in the return.";
        findings.add("silent_kiosk", Some(kiosk.as_str()), says, next);
    }
    if evidence.refused > 0 {
        let says =
            format!("{} envelopes were refused since the month began and may hold answers", evidence.refused);
        findings.add(
            "quarantine",
            None,
            says,
            "Look at them with `quarantine list`, mend the cause and replay them.",
        );
    }
    for ward in evidence.made.wards.iter().filter(|ward| ward.answers.answers.total() == 0) {
        let next = "Send it with 0 if nobody was asked; else find out where the answers are.";
        findings.add("no_answers", Some(ward.ward.as_str()), "nobody on this ward answered the test", next);
    }
}

fn eligible(evidence: &Evidence<'_>, findings: &mut Findings) {
    let month = &evidence.made.month;
    for ward in &evidence.made.wards {
        let about = Some(ward.ward.as_str());
        match ward.eligible {
            None => {
                let next = format!(
                    "Get it from the patient system, then `fft eligible set --month {month} --ward {} --count N`.",
                    ward.ward
                );
                findings.add(
                    "eligible_missing",
                    about,
                    "how many patients were eligible is not known: the cell is empty",
                    next,
                );
            }
            Some(eligible) if eligible < ward.answers.answers.total() => {
                let says =
                    format!("{} answers and only {eligible} eligible patients", ward.answers.answers.total());
                let next = "Check the count of the patient system, and whether a kiosk stood on another ward than it said.";
                findings.add("more_answers_than_eligible", about, says, next);
            }
            Some(_) => {}
        }
    }
    let is_known = |ward: &WardId| evidence.made.wards.iter().any(|row| row.ward == *ward);
    for ward in evidence.eligible.keys().filter(|ward| !is_known(ward)) {
        let says = "eligible patients are noted for a ward that the directory no longer has";
        findings.add("unknown_ward", Some(ward.as_str()), says, "Put the ward back, or note them for another.");
    }
}

/// Whether two wards of a site could be taken for one.
fn names(evidence: &Evidence<'_>, findings: &mut Findings) {
    let plain = |name: &str| name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let mut seen: BTreeMap<(&str, String), &WardId> = BTreeMap::new();
    for ward in &evidence.made.wards {
        let place = ward.site_code.as_deref().unwrap_or(ward.site.as_str());
        if let Some(first) = seen.insert((place, plain(&ward.ward_name)), &ward.ward) {
            let says = format!(
                "it has the same site and name as ward {first}: the collection takes them for one ward sent twice"
            );
            findings.add(
                "ward_twice",
                Some(ward.ward.as_str()),
                says,
                "Give one of them another name in directory.json.",
            );
        }
    }
}

/// Whether the national codes are there and have their shapes.
fn codes(evidence: &Evidence<'_>, findings: &mut Findings) {
    let (codes, file) = (evidence.codes, evidence.directory.file());
    let mut look = |about: &str, code: Option<&String>, is_code: &dyn Fn(&str) -> bool, setting: &str| match code {
        None => {
            let next = format!("Set {setting} in config.toml.");
            findings.add(
                "code_missing",
                Some(about),
                "it has no national code: the cell is empty or only a name",
                next,
            );
        }
        Some(code) if !is_code(code) => {
            let says = format!("{code:?} does not look like a national code");
            findings.add("code_shape", Some(about), says, format!("Check {setting} in config.toml."));
        }
        Some(_) => {}
    };
    look("board", codes.icb.as_ref(), &|code| is_organisation(code, 3), "national.icb_code");
    look("trust", codes.trust.as_ref(), &|code| is_organisation(code, 3), "national.trust_code");
    for site in &file.sites {
        let is_code = |code: &str| is_organisation(code, 5);
        look(site.id.as_str(), codes.sites.get(&site.id), &is_code, &format!("national.sites.{}", site.id));
    }
    let used: BTreeSet<_> = directory_specialties(evidence.directory);
    for id in used {
        let setting = format!("national.specialties.{id}");
        look(id.as_str(), codes.specialties.get(id), &is_specialty, &setting);
    }
    let sites = codes.sites.keys().filter(|id| !file.sites.iter().any(|site| site.id == **id));
    let specialties =
        codes.specialties.keys().filter(|id| !file.specialties.iter().any(|specialty| specialty.id == **id));
    let unknown = sites.map(ToString::to_string).chain(specialties.map(ToString::to_string));
    for id in unknown {
        let next = "Correct the id in config.toml, or remove the line.";
        findings.add(
            "unknown_code",
            Some(&id),
            "the settings give a code to something that the directory does not have",
            next,
        );
    }
}

/// The specialties that the return names: the first two of each ward.
fn directory_specialties(directory: &Directory) -> BTreeSet<&wardvoice_protocol::id::SpecialtyId> {
    directory.wards().iter().flat_map(|ward| ward.specialties.iter().take(2)).collect()
}

/// Whether what was exported before still is what the log says.
fn exports(evidence: &Evidence<'_>, findings: &mut Findings) {
    let Some(exported) = evidence.exported.filter(|exported| exported.digest != evidence.digest) else { return };
    let (before, now) = (exported.responses, evidence.made.trust.answers.answers.total());
    let wards = evidence.made.wards.iter().filter(|ward| {
        exported.wards.get(&ward.ward).copied().unwrap_or_default() != ward.answers.answers.total()
    });
    let named: Vec<&str> = wards.map(|ward| ward.ward.as_str()).collect();
    let says = if named.is_empty() {
        format!(
            "the export as of {} had the same answers; codes, names or eligible patients have changed",
            exported.as_of
        )
    } else {
        format!(
            "the export as of {} had {before} answers and this has {now}; wards {}",
            exported.as_of,
            named.join(", ")
        )
    };
    let next = "Send it again while the collection is open; after publication nothing is corrected nationally.";
    findings.add("differs_from_export", None, says, next);
}

#[cfg(test)]
mod tests;
