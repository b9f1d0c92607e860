//! The tables of a return: the trust, and its wards with what is suppressed of them when they are published.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;
use wardvoice_protocol::directory::{Directory, WardEntry};
use wardvoice_protocol::fortnight::Period;
use wardvoice_protocol::id::{SiteId, WardId};

use super::codes::NationalCodes;
use super::count::Tally;
use crate::facts::Vocabulary;
use crate::publication::{Circle, Told};
use crate::statistics::national_suppression::{Row, Verdict, suppress_nationally};

/// The steps of the friends and family test's ladder that the national tables show.
const TOTAL: usize = 0;
const PERCENTAGES: usize = 2;
const COUNTS: usize = 3;

/// A month's return.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Return {
    /// The month, `2026-10`.
    pub month: String,
    /// Its first day.
    pub first_day: Date,
    /// Its last day.
    pub last_day: Date,
    /// Whoever had arrived by the end of this day is in it.
    pub as_of: Date,
    /// The trust.
    pub trust: TrustRow,
    /// Its wards in the directory's order.
    pub wards: Vec<WardRow>,
    #[serde(skip)]
    sites: Vec<(Vec<WardId>, Suppressed)>,
}

/// The trust's row.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrustRow {
    /// The board's code.
    pub icb_code: Option<String>,
    /// The trust's code.
    pub trust_code: Option<String>,
    /// The trust's name.
    pub trust_name: String,
    /// The eligible patients of all wards; none when any ward's are not known.
    pub eligible: Option<u64>,
    /// The answers of all wards.
    pub answers: Tally,
    /// How many answers and what per cent of them are positive and negative.
    pub figures: Figures,
    /// What is suppressed of it, as far as one trust can tell.
    pub suppressed: Suppressed,
}

/// A ward's row.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WardRow {
    /// The ward.
    pub ward: WardId,
    /// Its name.
    pub ward_name: String,
    /// Its site.
    pub site: SiteId,
    /// The site's code.
    pub site_code: Option<String>,
    /// The site's name.
    pub site_name: String,
    /// Its main specialty as the national tables write it.
    pub first_speciality: Option<String>,
    /// Its second specialty, where it has one.
    pub second_speciality: Option<String>,
    /// The patients who could have answered.
    pub eligible: Option<u64>,
    /// The answers.
    pub answers: Tally,
    /// How many answers and what per cent of them are positive and negative.
    pub figures: Figures,
    /// What is suppressed of it when it is published.
    pub suppressed: Suppressed,
}

/// The figures that follow from a row's answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Figures {
    /// All six answers.
    pub total: u64,
    /// Per cent very good and good of all six; none without answers.
    pub positive: Option<f64>,
    /// Per cent poor and very poor of all six; none without answers.
    pub negative: Option<f64>,
}

impl Figures {
    fn of(tally: &Tally) -> Self {
        let answers = &tally.answers;
        Self { total: answers.total(), positive: answers.percent_positive(), negative: answers.percent_negative() }
    }
}

/// What the national rules make of a row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Suppressed {
    /// For its own small number: counts and percentages.
    pub first: bool,
    /// Because the smallest beside it is: counts.
    pub second: bool,
    /// Because its parent is: counts.
    pub cascade: bool,
}

impl Suppressed {
    /// Whether counts are masked.
    pub fn masks_counts(self) -> bool {
        self.first || self.second || self.cascade
    }

    /// Whether percentages are masked.
    pub fn masks_percentages(self) -> bool {
        self.first
    }

    fn of(verdict: Verdict) -> Self {
        Self { first: verdict.first, second: verdict.second, cascade: verdict.cascade }
    }
}

/// Makes the tables of a month from its counts.
pub fn tables(
    directory: &Directory,
    codes: &NationalCodes,
    (month, as_of): (&Period, Date),
    counts: &BTreeMap<WardId, Tally>,
    eligible: &BTreeMap<WardId, u64>,
) -> Return {
    let file = directory.file();
    let mut wards: Vec<WardRow> =
        directory.wards().iter().map(|ward| ward_row(directory, codes, ward, counts, eligible)).collect();
    let mut all = Tally::default();
    for ward in &wards {
        all += ward.answers;
    }
    let mut trust = TrustRow {
        icb_code: codes.icb.clone(),
        trust_code: codes.trust.clone(),
        trust_name: file.trust.name.clone(),
        eligible: wards.iter().map(|ward| ward.eligible).sum(),
        answers: all,
        figures: Figures::of(&all),
        suppressed: Suppressed::default(),
    };
    let row = |code: &str, parent: Option<&str>, total: u64, tie_break: Vec<String>| Row {
        code: code.to_owned(),
        parent: parent.map(str::to_owned),
        total,
        tie_break,
    };
    let trust_id = file.trust.id.as_str();
    let of_site = |site: &SiteId| {
        wards.iter().filter(|ward| ward.site == *site).map(|ward| ward.answers.answers.total()).sum()
    };
    let site_rows =
        file.sites.iter().map(|site| row(site.id.as_str(), Some(trust_id), of_site(&site.id), Vec::new()));
    let ward_rows = wards.iter().map(|ward| {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let tie = vec![text(&ward.first_speciality), text(&ward.second_speciality), ward.ward_name.clone()];
        row(ward.ward.as_str(), Some(ward.site.as_str()), ward.answers.answers.total(), tie)
    });
    let levels = [
        vec![row(trust_id, None, all.answers.total(), Vec::new())],
        site_rows.collect::<Vec<_>>(),
        ward_rows.collect::<Vec<_>>(),
    ];
    let [of_trust, of_sites, of_wards] =
        <[Vec<Verdict>; 3]>::try_from(suppress_nationally(&levels)).unwrap_or_default();
    if let Some(verdict) = of_trust.first() {
        trust.suppressed = Suppressed::of(*verdict);
    }
    for (ward, verdict) in wards.iter_mut().zip(of_wards) {
        ward.suppressed = Suppressed::of(verdict);
    }
    let sites = file.sites.iter().zip(of_sites).map(|(site, verdict)| {
        let here = wards.iter().filter(|ward| ward.site == site.id).map(|ward| ward.ward.clone());
        (here.collect(), Suppressed::of(verdict))
    });
    let sites = sites.collect();
    Return {
        month: month.to_string(),
        first_day: month.start(),
        last_day: month.last(),
        as_of,
        trust,
        wards,
        sites,
    }
}

fn ward_row(
    directory: &Directory,
    codes: &NationalCodes,
    ward: &WardEntry,
    counts: &BTreeMap<WardId, Tally>,
    eligible: &BTreeMap<WardId, u64>,
) -> WardRow {
    let file = directory.file();
    let site_name = file.sites.iter().find(|site| site.id == ward.site).map(|site| site.name.clone());
    let specialty = |place: usize| {
        let id = ward.specialties.get(place)?;
        let name = || {
            file.specialties.iter().find(|specialty| specialty.id == *id).map(|specialty| specialty.name.clone())
        };
        codes.specialties.get(id).cloned().or_else(name)
    };
    let answers = counts.get(&ward.id).copied().unwrap_or_default();
    WardRow {
        ward: ward.id.clone(),
        ward_name: ward.name.clone(),
        site: ward.site.clone(),
        site_code: codes.sites.get(&ward.site).cloned(),
        site_name: site_name.unwrap_or_default(),
        first_speciality: specialty(0),
        second_speciality: specialty(1),
        eligible: eligible.get(&ward.id).copied(),
        answers,
        figures: Figures::of(&answers),
        suppressed: Suppressed::default(),
    }
}

/// What everybody knows of a month once its return is published: the totals of all wards, sites and of the trust, and of those that are
/// not suppressed the answers.
pub fn published_nationally(made: &Return, vocabulary: &Vocabulary) -> Vec<Told> {
    let told = |wards: &[&WardId], suppressed: Suppressed| {
        let indexes = wards.iter().filter_map(|id| vocabulary.ward_index(id));
        let circle = Circle::of_wards(indexes, made.first_day.into(), made.last_day.into());
        let step = if suppressed.masks_percentages() {
            TOTAL
        } else if suppressed.masks_counts() {
            PERCENTAGES
        } else {
            COUNTS
        };
        Told { circle: circle.as_of(made.as_of.into()), step, counts: None }
    };
    let wards = made.wards.iter().map(|ward| told(&[&ward.ward], ward.suppressed));
    let sites = made.sites.iter().map(|(wards, suppressed)| told(&wards.iter().collect::<Vec<_>>(), *suppressed));
    let all: Vec<&WardId> = made.wards.iter().map(|ward| &ward.ward).collect();
    wards.chain(sites).chain([told(&all, made.trust.suppressed)]).collect()
}
