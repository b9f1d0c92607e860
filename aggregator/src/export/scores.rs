//! Scores and response rates, unit by unit and period by period, as score sheets say them.

use jiff::civil::Date;
use wardvoice_protocol::contact::{Mode, Outcome};
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::fortnight::Period;
use wardvoice_protocol::id::DomainId;

use super::ground::{Progress, Rows, Take};
use super::{Asker, Cell, Column, ExportError, Ground, Head, Kind};
use crate::policy;
use crate::scoring::{DomainSheet, Figure, ScoreSheet, Standing, score_all};

/// Sheets of periods, as far as somebody may see them.
struct Sheets<'a> {
    ground: Ground<'a>,
    asker: Asker<'a>,
    periods: Vec<Period>,
    as_of: Date,
}

impl Sheets<'_> {
    /// Gives every sheet that may be seen; consultants' never.
    fn each(
        &self,
        progress: &mut Progress<'_>,
        mut see: impl FnMut(&ScoreSheet) -> Result<(), ExportError>,
    ) -> Result<(), ExportError> {
        let (world, all) = (self.ground.world, self.periods.len() as u64);
        for (period, done) in self.periods.iter().zip(1..) {
            let sheets = score_all(&self.ground.facts(), world, period, None, self.as_of)?;
            for sheet in sheets {
                let unit = sheet.unit.clone();
                if matches!(unit, Unit::Consultant(_)) || !(self.asker.reads)(&unit) {
                    continue;
                }
                let decision = policy::of_sheet(world, &sheet, self.asker.audience, self.asker.settings);
                if let Some(sheet) = policy::withhold(sheet, &decision) {
                    see(&sheet)?;
                }
            }
            progress(done, all);
        }
        Ok(())
    }

    fn days(&self) -> String {
        match (self.periods.first(), self.periods.last()) {
            (Some(first), Some(last)) => format!("{} to {}", first.start(), last.last()),
            _ => "no days".to_owned(),
        }
    }
}

/// The table of scores.
pub(super) struct Scores<'a>(Sheets<'a>);

/// The table of contacts.
pub(super) struct Contacts<'a>(Sheets<'a>);

impl<'a> Scores<'a> {
    pub(super) fn new(ground: Ground<'a>, asker: Asker<'a>, periods: Vec<Period>, as_of: Date) -> Self {
        Self(Sheets { ground, asker, periods, as_of })
    }
}

impl<'a> Contacts<'a> {
    pub(super) fn new(ground: Ground<'a>, asker: Asker<'a>, periods: Vec<Period>, as_of: Date) -> Self {
        Self(Sheets { ground, asker, periods, as_of })
    }
}

fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Provisional => "provisional",
        Standing::Final => "final",
    }
}

/// What every row of a period begins with.
fn period_columns() -> [Column; 3] {
    [
        Column::new(
            "period",
            Kind::Text,
            "The period: 2026-F23 is the 23rd fortnight of 2026, 2026-11 a month, 2026-H2 a half year.",
        ),
        Column::new("first_day", Kind::Day, "Its first local day."),
        Column::new("last_day", Kind::Day, "Its last local day, inclusive."),
    ]
}

impl Rows for Scores<'_> {
    fn head(&self) -> Head {
        let mut columns = period_columns().to_vec();
        columns.extend([
            Column::new("unit", Kind::Text, "The unit: ward:W12, department:D1, site:S1, specialty:SP1 or trust:T1."),
            Column::new("unit_name", Kind::Text, "What it is called."),
            Column::new(
                "measure",
                Kind::Text,
                "overall, domain:ID or question:ID in points, standardised:overall and standardised:domain:ID the same for another mix of \
                 people (case mix); best:question:ID, problem:question:ID, friends_and_family, \
                 friends_and_family_negative or response_rate in per cent.",
            ),
            Column::new("label", Kind::Text, "The same in words."),
            Column::new("scale", Kind::Text, "points or per cent."),
            Column::new("value", Kind::Number, "The value; empty where there is none, which is not zero."),
            Column::new("n", Kind::Count, "The number of people behind it."),
            Column::new("lower", Kind::Number, "The lower end of its 95 % interval."),
            Column::new("upper", Kind::Number, "The upper end of its 95 % interval."),
            Column::new("why", Kind::Text, "Why there is no value or no interval, or what the value leaves out."),
            Column::new("standing", Kind::Text, "provisional while records of the period are expected, final afterwards."),
            Column::new("revision", Kind::Count, "0 while provisional, 1 when final, one more for each later day on which records came."),
            Column::new("definition", Kind::Text, "The rules it was made by, with their version."),
            Column::new("definition_sha256", Kind::Text, "The hash of those rules."),
            Column::new("questionnaire", Kind::Text, "What was asked, with its version."),
            Column::new("questionnaire_sha256", Kind::Text, "The hash of that."),
        ]);
        Head {
            name: "scores",
            title: format!("Scores, {}, as of {}", self.0.days(), self.0.as_of),
            notes: vec![
                "A value stands with its n and interval, and says little without them. No order of units is meant.".to_owned(),
                "Named consultants are not here: what is shown of them has rules of its own.".to_owned(),
                "The same facts, rules and day give the same values; `scores --explain` shows how one came to be.".to_owned(),
            ],
            columns,
        }
    }

    fn each(&self, take: &mut Take<'_>, progress: &mut Progress<'_>) -> Result<(), ExportError> {
        self.0.each(progress, |sheet| {
            let unit = sheet.unit.to_string();
            let definition = (reference(&sheet.definition), sheet.definition.hash.to_string());
            let questionnaire = (reference(&sheet.questionnaire), sheet.questionnaire.hash.to_string());
            for (measure, label, scale, figure) in figures(sheet) {
                take(&[
                    Cell::Text(&sheet.period),
                    Cell::Day(sheet.first_day),
                    Cell::Day(sheet.last_day),
                    Cell::Text(&unit),
                    Cell::text(Some(&sheet.unit_name)),
                    Cell::Text(&measure),
                    Cell::text(Some(&label)),
                    Cell::Text(scale),
                    Cell::number(figure.value),
                    Cell::Count(figure.n),
                    Cell::number(figure.lower),
                    Cell::number(figure.upper),
                    Cell::text(figure.why.as_deref()),
                    Cell::Text(standing(sheet.standing)),
                    Cell::Count(u64::from(sheet.revision)),
                    Cell::Text(&definition.0),
                    Cell::Text(&definition.1),
                    Cell::Text(&questionnaire.0),
                    Cell::Text(&questionnaire.1),
                ])?;
            }
            Ok(())
        })
    }
}

fn reference(version: &crate::scoring::VersionSheet) -> String {
    format!("{}@{}", version.id, version.version)
}

type Named<'s> = (String, String, &'static str, &'s Figure);

/// What pages call a scale, whether it stands by itself or inside another.
fn label_of<'s>(domains: &'s [DomainSheet], id: &DomainId) -> Option<&'s str> {
    let of = |domain: &'s DomainSheet| {
        if domain.id == *id { Some(domain.label.as_str()) } else { label_of(&domain.parts, id) }
    };
    domains.iter().find_map(of)
}

/// Every figure of a sheet with its name.
fn figures(sheet: &ScoreSheet) -> Vec<Named<'_>> {
    const POINTS: &str = "points";
    const PER_CENT: &str = "per cent";
    fn of_domain<'s>(domain: &'s DomainSheet, all: &mut Vec<Named<'s>>) {
        all.push((format!("domain:{}", domain.id), domain.label.to_string(), POINTS, &domain.figure));
        for question in &domain.questions {
            let (id, label) = (&question.id, question.label);
            all.push((format!("question:{id}"), label.to_string(), POINTS, &question.figure));
            all.push((
                format!("best:question:{id}"),
                format!("Best answer: {label}"),
                PER_CENT,
                &question.top_box.figure,
            ));
            all.push((
                format!("problem:question:{id}"),
                format!("A problem: {label}"),
                PER_CENT,
                &question.problem.figure,
            ));
        }
        domain.parts.iter().for_each(|part| of_domain(part, all));
    }
    let mut all = vec![("overall".to_owned(), "Overall".to_owned(), POINTS, &sheet.overall)];
    sheet.domains.iter().for_each(|domain| of_domain(domain, &mut all));
    if let Some(standardised) = &sheet.standardised {
        all.push((
            "standardised:overall".to_owned(),
            "Like for like: Overall".to_owned(),
            POINTS,
            &standardised.overall,
        ));
        for scale in &standardised.domains {
            let label = label_of(&sheet.domains, &scale.id).unwrap_or(scale.id.as_str());
            let name = format!("standardised:domain:{}", scale.id);
            all.push((name, format!("Like for like: {label}"), POINTS, &scale.figure));
        }
    }
    let test = &sheet.friends_and_family;
    let named = |name: &str, label: &str| (name.to_owned(), label.to_owned());
    for ((name, label), figure) in [
        (named("friends_and_family", "Friends and family test: very good or good"), &test.positive),
        (named("friends_and_family_negative", "Friends and family test: poor or very poor"), &test.negative),
        (named("response_rate", "Response rate"), &sheet.response_rate),
    ] {
        all.push((name, label, PER_CENT, figure));
    }
    all
}

impl Rows for Contacts<'_> {
    fn head(&self) -> Head {
        let mut columns = period_columns().to_vec();
        columns.extend([
            Column::new("site", Kind::Text, "The site's id."),
            Column::new("department", Kind::Text, "The department's id."),
            Column::new("ward", Kind::Text, "The ward's id."),
            Column::new("ward_name", Kind::Text, "What it is called."),
        ]);
        let outcome = |outcome: Outcome| {
            let says = match outcome {
                Outcome::Completed => "Approaches that gave a whole response.",
                Outcome::Partial => "Approaches that gave a response that was stopped before its end.",
                _ => "Approaches that came to this and gave no response.",
            };
            Column::new(outcome.as_str(), Kind::Count, says)
        };
        columns.extend(Outcome::ALL.map(outcome));
        columns.extend([
            Column::new("approached", Kind::Count, "Approaches to patients who had not been asked already."),
            Column::new("response_rate", Kind::Number, "Per cent of those who gave a response."),
            Column::new("response_rate_lower", Kind::Number, "The lower end of its 95 % interval."),
            Column::new("response_rate_upper", Kind::Number, "The upper end of its 95 % interval."),
        ]);
        let mode = |mode: Mode| {
            Column::new(format!("mode_{mode}"), Kind::Count, "Scored responses that were given in this way.")
        };
        columns.extend(Mode::ALL.map(mode));
        columns.push(Column::new(
            "planned",
            Kind::Count,
            "Responses planned for the fortnight; empty for other periods.",
        ));
        columns.push(Column::new(
            "standing",
            Kind::Text,
            "provisional while records are expected, final afterwards.",
        ));
        Head {
            name: "contacts",
            title: format!("Contacts, {}, as of {}", self.0.days(), self.0.as_of),
            notes: vec![
                "A contact is one approach to one patient, whatever came of it. A ward with no contacts at all is silent, which is not the same as \
                 unchanged."
                    .to_owned(),
            ],
            columns,
        }
    }

    fn each(&self, take: &mut Take<'_>, progress: &mut Progress<'_>) -> Result<(), ExportError> {
        let directory = self.0.ground.world.directory();
        self.0.each(progress, |sheet| {
            let Unit::Ward(ward) = &sheet.unit else { return Ok(()) };
            let Some(entry) = directory.ward(ward) else { return Ok(()) };
            let mut row = vec![
                Cell::Text(&sheet.period),
                Cell::Day(sheet.first_day),
                Cell::Day(sheet.last_day),
                Cell::Text(entry.site.as_str()),
                Cell::Text(entry.department.as_str()),
                Cell::Text(ward.as_str()),
                Cell::text(Some(&entry.name)),
            ];
            let count = |outcome: Outcome| Cell::Count(sheet.contacts.get(&outcome).copied().unwrap_or(0));
            row.extend(Outcome::ALL.map(count));
            let rate = &sheet.response_rate;
            row.extend([
                Cell::Count(rate.n),
                Cell::number(rate.value),
                Cell::number(rate.lower),
                Cell::number(rate.upper),
            ]);
            row.extend(Mode::ALL.map(|mode| Cell::Count(sheet.modes.get(&mode).copied().unwrap_or(0))));
            row.push(Cell::count(sheet.plan.map(|plan| plan.quota)));
            row.push(Cell::Text(standing(sheet.standing)));
            take(&row)
        })
    }
}
