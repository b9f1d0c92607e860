//! The steps about people and single questions.

use std::fmt::Write as _;

use super::{Step, interval, number, said};
use crate::scoring::scheme::Rule;
use crate::scoring::sheet::ScoreSheet;
use crate::scoring::tally::{NibbleCounts, Tally};
use crate::scoring::world::Edition;

pub(super) fn people(sheet: &ScoreSheet) -> Step {
    let contacts: Vec<_> = sheet
        .contacts
        .iter()
        .filter(|(_, count)| **count > 0)
        .map(|(outcome, count)| format!("{outcome} {count}"))
        .collect();
    let modes: Vec<_> = sheet.modes.iter().map(|(mode, count)| format!("{mode} {count}")).collect();
    let mut lines = vec![
        format!("Contacts: {}.", if contacts.is_empty() { "none".to_owned() } else { contacts.join(", ") }),
        format!("Scored responses: {}; {}.", sheet.responses, modes.join(", ")),
        format!(
            "Response rate: completed and partial, over all but \"already asked\": {} %.",
            said(&sheet.response_rate)
        ),
    ];
    lines.extend(sheet.coverage.under_represented.iter().map(|group| format!("Too few of {group}.")));
    Step { title: "Who was asked and who answered".to_owned(), lines }
}

pub(super) fn questions(edition: &Edition, tally: &Tally) -> Step {
    let scheme = edition.definition.scheme();
    let mut lines = Vec::new();
    for rule in &scheme.rules {
        let Some(question) = edition.questionnaire.questions().get(rule.position) else { continue };
        let counts = tally.nibbles.get(rule.position).copied().unwrap_or_default();
        let name = |nibble: usize| match nibble {
            1 => "not applicable".to_owned(),
            other => {
                let option = other.checked_sub(4).and_then(|place| question.options.get(place));
                option.map_or_else(String::new, |option| option.id.to_string())
            }
        };
        lines.extend(question_lines(question.id.as_str(), rule, &counts, &name));
    }
    Step { title: "Each question".to_owned(), lines }
}

fn question_lines(id: &str, rule: &Rule, counts: &NibbleCounts, name: &dyn Fn(usize) -> String) -> Vec<String> {
    let scored: Vec<(usize, f64, u64)> = rule
        .points
        .iter()
        .zip(counts)
        .enumerate()
        .filter_map(|(nibble, (points, count))| Some((nibble, (*points)? as f64 / 1000.0, *count)))
        .collect();
    let n: u64 = scored.iter().map(|(_, _, count)| count).sum();
    let missing: u64 = counts.iter().sum::<u64>() - n;
    let products: Vec<_> = scored
        .iter()
        .filter(|(_, _, count)| *count > 0)
        .map(|(nibble, points, count)| format!("{} {count} × {}", name(*nibble), number(*points)))
        .collect();
    if n == 0 {
        return vec![format!("{id}: nobody answered ({missing} without an answer that counts).")];
    }
    let sum: f64 = scored.iter().map(|(_, points, count)| points * *count as f64).sum();
    let mean = sum / n as f64;
    let mut line =
        format!("{id}: {} = {}; {} / {n} = {}", products.join(" + "), number(sum), number(sum), number(mean));
    write!(line, "; {missing} do not count").unwrap_or_default();
    let mut lines = vec![line];
    if n > 1 {
        let squares: f64 = scored.iter().map(|(_, points, count)| *count as f64 * (points - mean).powi(2)).sum();
        let error = (squares / (n - 1) as f64 / n as f64).sqrt();
        lines.push(format!(
            "  squares of the distances from the mean: {}; error √({} / {} / {n}) = {}; {}",
            number(squares),
            number(squares),
            n - 1,
            number(error),
            interval(mean, n, error)
        ));
    }
    lines
}

pub(super) fn friends_and_family(sheet: &ScoreSheet) -> Step {
    let test = &sheet.friends_and_family;
    let counts = test.counts;
    let lines = vec![
        format!(
            "Very good {}, good {}, neither {}, poor {}, very poor {}, don't know {}: {} in all.",
            counts.very_good,
            counts.good,
            counts.neither,
            counts.poor,
            counts.very_poor,
            counts.dont_know,
            counts.total()
        ),
        format!("Positive: {} of {}, in per cent {}.", counts.positive(), counts.total(), said(&test.positive)),
        format!("Negative: {} of {}, in per cent {}.", counts.negative(), counts.total(), said(&test.negative)),
    ];
    Step { title: "Friends and family test".to_owned(), lines }
}
