//! The steps about scales, the overall score and the case mix.

use super::{Step, interval, number, said};
use crate::scoring::results::Results;
use crate::scoring::scheme::{Node, Part, Scheme};
use crate::scoring::standardised::StandardisedSheet;
use crate::scoring::world::Edition;
use crate::statistics::joint_sums::JointSums;

pub(super) fn scales(edition: &Edition, everybody: &JointSums, found: &Results) -> Step {
    let scheme = edition.definition.scheme();
    let mut lines = Vec::new();
    if scheme.per_person {
        lines.push(
            "Of each person: the mean of the answered parts, where enough are answered; scale by scale, upwards."
                .to_owned(),
        );
        for (place, node) in scheme.nodes.iter().enumerate() {
            lines.extend(per_person(scheme, place, node, everybody));
        }
        return Step { title: "Each scale and the overall score".to_owned(), lines };
    }
    lines.push(
        "A person moves a scale by z, the sum over its questions of share × (answer - mean) / (people who answered the question); the \
         error is √(n / (n - 1) × sum of z²), which is the sum over pairs of questions of share × share × c."
            .to_owned(),
    );
    let id = |rule: usize| {
        let question =
            scheme.rules.get(rule).and_then(|rule| edition.questionnaire.questions().get(rule.position));
        question.map_or_else(String::new, |question| question.id.to_string())
    };
    for (place, node) in scheme.nodes.iter().enumerate() {
        lines.extend(over_people(scheme, place, node, found, &id));
    }
    lines.push("c of each pair of questions, in millionths; a question with itself first:".to_owned());
    for first in 0..scheme.rules.len() {
        let row = (first..scheme.rules.len()).map(|second| number(found.linearised.square(first, second) * 1e6));
        lines.push(format!("  {}: {}", id(first), row.collect::<Vec<_>>().join(" ")));
    }
    Step { title: "Each scale and the overall score".to_owned(), lines }
}

fn over_people(
    scheme: &Scheme,
    place: usize,
    node: &Node,
    found: &Results,
    id: &dyn Fn(usize) -> String,
) -> Vec<String> {
    let Some(scale) = found.scales.get(place) else { return Vec::new() };
    let Some(estimate) = scale.estimate else {
        return vec![format!("{}: no score; {} people answered any of it.", node.label, scale.n)];
    };
    let parts = node.parts.iter().filter(|part| !scale.left_out.contains(part));
    let values: Vec<String> = parts
        .filter_map(|part| match part {
            Part::Question(rule) => {
                let question = found.questions.get(*rule).copied().flatten()?;
                Some(format!("{} {}", id(*rule), number(question.mean)))
            }
            Part::Scale(inner) => {
                let inside = found.scales.get(*inner)?.estimate?;
                Some(format!("{} {}", scheme.nodes.get(*inner)?.label, number(inside.mean)))
            }
        })
        .collect();
    let mut lines =
        vec![format!("{}: ({}) / {} = {}", node.label, values.join(" + "), values.len(), number(estimate.mean))];
    if let Some(error) = estimate.standard_error() {
        lines.push(format!(
            "  n {}; sum of z² {} millionths; {}",
            estimate.n,
            number(estimate.squares * 1e6),
            interval(estimate.mean, estimate.n, error)
        ));
    }
    lines
}

fn per_person(scheme: &Scheme, place: usize, node: &Node, everybody: &JointSums) -> Vec<String> {
    let own = everybody.own(scheme.rules.len() + place);
    let unit = node.per_milli as f64 * 1000.0;
    let needed = format!("{} of {} parts needed", node.minimum_answered, node.parts.len());
    if own.both == 0 {
        return vec![format!("{} ({needed}): nobody has a score.", node.label)];
    }
    let (n, sum, squares) = (own.both as f64, own.left as f64 / unit, own.product as f64 / unit / unit);
    let mean = sum / n;
    let mut lines = vec![format!(
        "{} ({needed}): {} people, sum {}, sum of squares {}; {} / {} = {}",
        node.label,
        own.both,
        number(sum),
        number(squares),
        number(sum),
        own.both,
        number(mean)
    )];
    if own.both > 1 {
        let error = ((squares - sum * sum / n).max(0.0) / (n - 1.0) / n).sqrt();
        lines.push(format!("  in points, {}", interval(mean, own.both, error)));
    }
    if scheme.report.from != scheme.report.to {
        lines.push(format!("  reported: {}", number(scheme.report.point(mean))));
    }
    lines
}

pub(super) fn standardised(sheet: &StandardisedSheet) -> Step {
    let mut lines = vec![
        format!("To be like {}; no weight above {}.", sheet.population, number(sheet.cap)),
        format!(
            "{} people have a cell, {} who answered have none and are left out.",
            sheet.people, sheet.without_cell
        ),
    ];
    let everybody: u64 = sheet.people;
    for cell in &sheet.cells {
        lines.push(format!(
            "  {}: {} of {everybody} here, {} in the population; weight {}",
            cell.cell.join(" "),
            cell.n,
            cell.population,
            number(cell.weight)
        ));
    }
    lines.push("Then as above, with each person counted by weight.".to_owned());
    lines.push(format!("Overall: {}.", said(&sheet.overall)));
    let scales = sheet.domains.iter().map(|scale| format!("{}: {}.", scale.id, said(&scale.figure)));
    lines.extend(scales);
    if let Some(n) = sheet.n_effective {
        lines.push(format!("As much is said by {} equally weighted people.", number(n)));
    }
    Step { title: super::STANDARDISED.to_owned(), lines }
}
