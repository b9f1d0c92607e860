//! How many gave each answer to a question: a bar an answer, with the same numbers beside it. The most frequent is filled, the others
//! are hollow, and words say which it is.

use maud::{Markup, html};

use super::palette::{INK, TEAL};
use super::round;
use crate::scoring::{OptionCount, QuestionSheet};
use crate::web::words;

const WIDTH: f64 = 300.0;

/// The table of a question's answers with their bars. `top` is the count that a whole bar stands for, the same on all of a page.
pub(crate) fn answers(question: &QuestionSheet, top: u64) -> Markup {
    let silent = [
        (question.not_applicable, "did not apply"),
        (question.dont_know, "did not know"),
        (question.declined, "would rather not say"),
        (question.not_shown, "not asked"),
    ];
    let most = most(&question.distribution);
    html! {
        table.answers {
            caption { (question.label) " " strong { (said(&question.distribution)) } }
            tbody {
                @for option in &question.distribution {
                    tr {
                        th scope="row" { (option.label) }
                        td { (bar(option.count, top, most == Some(option.count))) }
                        td.n { (words::count(option.count)) }
                    }
                }
                @for (count, word) in silent.into_iter().filter(|(count, _)| *count > 0) {
                    tr.not { th scope="row" { (word) } td {} td.n { (words::count(count)) } }
                }
            }
        }
    }
}

/// The count of the most frequent answer; none where nobody has answered.
fn most(distribution: &[OptionCount]) -> Option<u64> {
    distribution.iter().map(|option| option.count).max().filter(|most| *most > 0)
}

/// Which answer is the most frequent, in words: "Most said “Yes, always” (n 31)."
fn said(distribution: &[OptionCount]) -> String {
    let all: u64 = distribution.iter().map(|option| option.count).sum();
    let Some(most) = most(distribution) else { return "Nobody has answered it (n 0).".to_owned() };
    let labels: Vec<String> = distribution
        .iter()
        .filter(|option| option.count == most)
        .map(|option| format!("“{}”", option.label))
        .collect();
    let often = if most * 2 > all { "Most said" } else { "Most often said:" };
    format!("{often} {} (n {}).", labels.join(" and "), words::count(all))
}

/// One bar. What the words and the number say is not said a third time.
fn bar(count: u64, top: u64, is_most: bool) -> Markup {
    let share = (count as f64 / top.max(1) as f64).min(1.0);
    html! {
        svg aria-hidden="true" viewBox="0 0 300 12" preserveAspectRatio="none" {
            rect y="1" width=(round((WIDTH - 1.0) * share)) height="10" fill=(if is_most { TEAL } else { "none" }) fill-opacity="0.6" stroke=(INK) stroke-opacity="0.6" vector-effect="non-scaling-stroke" {}
        }
    }
}

/// The next round number: what a whole bar stands for, so that one more answer moves one bar and not all of them.
pub(crate) fn round_top(count: u64) -> u64 {
    const STEPS: [u64; 9] = [10, 12, 15, 20, 25, 30, 40, 60, 80];
    let mut times = 1_u64;
    loop {
        let mut steps = STEPS.into_iter().map(|step| step.saturating_mul(times));
        if let Some(step) = steps.find(|step| *step >= count) {
            return step;
        }
        times = times.saturating_mul(10);
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;
    use crate::scoring::{Figure, ShareSheet, Word};

    fn question(counts: &[u64]) -> QuestionSheet {
        let labels = ["Yes, always", "Sometimes", "No <never>"];
        let none = Figure { value: None, n: 0, lower: None, upper: None, why: None };
        let options = labels.into_iter().zip(["always", "sometimes", "no"]).zip(counts);
        QuestionSheet {
            id: "rest".parse().unwrap(),
            label: Word::of("Could you rest?"),
            figure: none.clone(),
            top_box: ShareSheet { count: 0, figure: none.clone() },
            problem: ShareSheet { count: 0, figure: none },
            distribution: options
                .map(|((label, id), count)| OptionCount {
                    option: Word::of(id),
                    label: Word::of(label),
                    count: *count,
                })
                .collect(),
            not_applicable: 0,
            dont_know: 2,
            declined: 0,
            not_shown: 0,
        }
    }

    #[test]
    fn the_most_frequent_answer_is_said_and_has_another_shape() {
        for (counts, words) in [
            ([25, 4, 2], "Most said “Yes, always” (n 31)."),
            ([4, 5, 4], "Most often said: “Sometimes” (n 13)."),
            ([5, 5, 0], "Most often said: “Yes, always” and “Sometimes” (n 10)."),
            ([0, 0, 0], "Nobody has answered it (n 0)."),
        ] {
            let question = question(&counts);
            assert_eq!(said(&question.distribution), words);
            let drawn = answers(&question, 50).into_string();
            let most = counts.iter().max().filter(|most| **most > 0);
            let filled = counts.iter().filter(|count| Some(*count) == most).count();
            assert_eq!(drawn.matches("fill=\"#14808a\"").count(), filled, "{drawn}");
            assert_eq!(drawn.matches("fill=\"none\"").count(), 3 - filled, "{drawn}");
            assert!(drawn.contains("<th scope=\"row\">did not know</th>") && !drawn.contains("would rather"));
            assert!(drawn.contains("No &lt;never&gt;") && !drawn.contains("NaN"));
        }
    }

    #[test]
    fn one_more_answer_moves_one_bar() {
        for (count, top) in [(0, 10), (10, 10), (11, 12), (31, 40), (81, 100), (101, 120), (4_001, 6_000)] {
            assert_eq!(round_top(count), top, "{count}");
        }
        assert_eq!(round_top(u64::MAX), u64::MAX);
        let widths = |counts: &[u64]| -> Vec<String> {
            let drawn = answers(&question(counts), round_top(34)).into_string();
            drawn
                .split(" width=\"")
                .skip(1)
                .map(|rest| rest.chars().take_while(|letter| *letter != '"').collect())
                .collect()
        };
        let (before, after) = (widths(&[25, 4, 2]), widths(&[26, 4, 2]));
        assert_eq!(before.iter().zip(&after).filter(|(before, after)| before != after).count(), 1);
        assert_eq!(before.len(), 3);
    }
}
