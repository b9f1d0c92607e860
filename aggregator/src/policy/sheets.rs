//! A score sheet as an audience may see it.

use super::{Audience, Decision, Settings, Show, decide};
use crate::scoring::{Definition, DomainSheet, Figure, ScoreSheet, ScoringWorld, kind_of};

/// How much an audience sees of a sheet, by the rows that its definition has for such a unit.
pub fn of_sheet(world: &ScoringWorld, sheet: &ScoreSheet, audience: Audience, settings: &Settings) -> Decision {
    let made_by = format!("{}@{}", sheet.definition.id, sheet.definition.version);
    let definition = world.definitions().find(|one| one.reference().to_string() == made_by);
    let rows = definition.map(Definition::file).map(|file| file.audiences.as_slice()).unwrap_or_default();
    decide(rows, kind_of(&sheet.unit), sheet.responses, audience, settings)
}

/// A unit's sheet as a decision lets it be seen; `None` where no score of the unit is shown. Where scores are not reliable yet every
/// one says so, and what is about a part of the people or about another period is left out.
pub fn withhold(mut sheet: ScoreSheet, decision: &Decision) -> Option<ScoreSheet> {
    match decision.show {
        Show::Nothing | Show::SpecialtyOnly | Show::ByPolicy | Show::Count => None,
        Show::Score | Show::Everything => Some(sheet),
        Show::GreyedScore => {
            sheet.coverage.languages.clear();
            sheet.coverage.groups.clear();
            sheet.coverage.under_represented.clear();
            sheet.standardised = None;
            sheet.previous = None;
            sheet.norm = None;
            grey(&mut sheet.overall, &decision.why);
            sheet.domains.iter_mut().for_each(|domain| grey_domain(domain, &decision.why));
            Some(sheet)
        }
    }
}

/// A unit's sheet for somebody who may not read the trust: without what the rest of the trust is like. The standard population is who answered
/// in the whole trust, so its cells, and any share of it, would say of other wards' patients who they are; with a cut, what they said.
#[must_use]
pub fn of_own_unit(mut sheet: ScoreSheet) -> ScoreSheet {
    if let Some(standardised) = &mut sheet.standardised {
        standardised.cells.clear();
    }
    if sheet.cut.is_some() {
        sheet.standardised = None;
    }
    sheet.coverage.under_represented.clear();
    let of_people = sheet.coverage.groups.iter_mut().filter(|group| group.field != "ward");
    of_people.for_each(|group| group.expected = None);
    sheet
}

/// Whether somebody who may not read the trust may ask for a part of a unit's people by a field. What people answered is none: on one ward
/// few people give the same answers, and those could be recognised.
pub fn may_cut_by(field: &str) -> bool {
    matches!(field, "mode" | "language")
}

fn grey(figure: &mut Figure, why: &str) {
    figure.why = Some(format!("not reliable yet: {why}"));
}

fn grey_domain(domain: &mut DomainSheet, why: &str) {
    grey(&mut domain.figure, why);
    domain.norm = None;
    for question in &mut domain.questions {
        let shares = [&mut question.top_box.figure, &mut question.problem.figure];
        shares.into_iter().chain([&mut question.figure]).for_each(|figure| grey(figure, why));
    }
    domain.parts.iter_mut().for_each(|part| grey_domain(part, why));
}
