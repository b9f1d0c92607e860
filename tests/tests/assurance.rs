//! What assessors ask for: each question has its line, and each line says something.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context as _, Result, bail, ensure};
use wardvoice_tests::programs::workspace;

/// The questions of the NHS's form for digital technology, version 2.0: a part and what stands behind its point.
const DTAC: [(&str, &str); 7] = [
    ("A", "1 2 3 4 5 6 7 8 9 10 11 12"),
    ("B", "1 2 3 4"),
    ("C1.", "1.1 1.2 2 2.1 2.2 2.3 2.4 2.5"),
    ("C2.", "1 2 2.1 2.2 2.3 2.4 2.5 2.6"),
    ("C3.", "1 2 3 4 5 5.1 6"),
    ("C4.", "1 1.1 1.2 1.3 2 2.1 2.2 2.3 2.4 2.5 2.6"),
    ("D1.", "1 2 3 4 4.1 4.2 4.3 5"),
];

/// What the Information Commissioner's template has steps for, and NHS England's asks besides, as the headings and rows of our own.
const ASSESSMENT: [&str; 22] = [
    "| controller |",
    "| processor |",
    "**Nature.**",
    "**Scope.**",
    "**Context.**",
    "**Purposes.**",
    "## 3. Asked",
    "**Lawful basis.**",
    "**Duty of confidence.**",
    "**Less would not do.**",
    "**Kept good.**",
    "**Kept short.**",
    "### Rights",
    "### Who gets what",
    "## 5. and 6. Risks",
    "**Measures that hold for all of them**",
    "| measures approved by |",
    "| advice of the data protection officer |",
    "| advice of the Caldicott Guardian |",
    "# Data map",
    "# Retention",
    "# What patients are told",
];

fn page(name: &str) -> Result<String> {
    let path = workspace().join("docs").join(name);
    fs::read_to_string(&path).with_context(|| format!("failed to read {}", path.display()))
}

#[test]
fn every_question_of_the_form_is_answered_once_or_said_to_be_somebodys() -> Result<()> {
    let page = page("dtac.md")?;
    let mut asked = BTreeSet::new();
    for (part, numbers) in DTAC {
        asked.extend(numbers.split(' ').map(|number| format!("{part}{number}")));
    }
    let mut answered = BTreeSet::new();
    let rows = page.lines().filter(|line| {
        let mut letters = line.strip_prefix("| ").unwrap_or_default().chars();
        letters.next().is_some_and(|letter| letter.is_ascii_uppercase())
            && letters.next().is_some_and(|digit| digit.is_ascii_digit())
    });
    for row in rows {
        let cells: Vec<&str> = row.trim().trim_matches('|').split('|').map(str::trim).collect();
        let [code, question, answer, _] = cells.as_slice() else { bail!("a row has other columns: {row}") };
        ensure!(answered.insert((*code).to_owned()), "{code} is answered twice");
        ensure!(question.len() > 4 && answer.len() > 1, "{code} says nothing: {row}");
    }
    ensure!(asked == answered, "no line for {:?}; no questions: {:?}", &asked - &answered, &answered - &asked);
    Ok(())
}

#[test]
fn the_assessment_of_privacy_has_every_part_that_templates_ask_for() -> Result<()> {
    let page = page("privacy.md")?;
    for part in ASSESSMENT {
        let (_, behind) = page.split_once(part).with_context(|| format!("docs/privacy.md has no {part}"))?;
        let said = behind.split("\n#").next().unwrap_or_default();
        ensure!(said.trim().len() > 20, "docs/privacy.md says nothing behind {part}");
    }
    // A risk that nobody has to accept, or of which nothing is said to be left, was not assessed.
    let risks = page.lines().skip_while(|line| !line.starts_with("| risk | likelihood")).skip(2);
    let risks: Vec<&str> = risks.take_while(|line| !line.is_empty()).collect();
    ensure!(risks.len() >= 12, "only {} risks are assessed", risks.len());
    for risk in risks {
        let cells: Vec<&str> = risk.trim().trim_matches('|').split('|').map(str::trim).collect();
        let [what, before, measures, left, accepted] = cells.as_slice() else {
            bail!("a risk has other columns: {risk}")
        };
        for rating in [before, left] {
            let likelihood = ["remote", "possible", "probable"].iter().any(|word| rating.starts_with(word));
            let harm = ["minor", "significant", "severe"].iter().any(|word| rating.contains(word));
            ensure!(likelihood && harm, "{what} is rated {rating:?}");
        }
        ensure!(measures.len() > 20 && accepted.starts_with('['), "{what} is left to nobody: {risk}");
    }
    Ok(())
}
