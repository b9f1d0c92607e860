//! `docs/accessibility.md` speaks of every criterion of WCAG 2.2 at levels A and AA, and names tests that exist.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context as _, Result, ensure};
use wardvoice_tests::programs::workspace;
use wardvoice_tests::sources;

/// Every success criterion of WCAG 2.2 (W3C Recommendation of 12 December 2024) at level A, then at level AA. 4.1.1 is obsolete.
const CRITERIA: [(&str, &[&str]); 2] = [
    (
        "A",
        &[
            "1.1.1", "1.2.1", "1.2.2", "1.2.3", "1.3.1", "1.3.2", "1.3.3", "1.4.1", "1.4.2", "2.1.1", "2.1.2",
            "2.1.4", "2.2.1", "2.2.2", "2.3.1", "2.4.1", "2.4.2", "2.4.3", "2.4.4", "2.5.1", "2.5.2", "2.5.3",
            "2.5.4", "3.1.1", "3.2.1", "3.2.2", "3.2.6", "3.3.1", "3.3.2", "3.3.7", "4.1.2",
        ],
    ),
    (
        "AA",
        &[
            "1.2.4", "1.2.5", "1.3.4", "1.3.5", "1.4.3", "1.4.4", "1.4.5", "1.4.10", "1.4.11", "1.4.12", "1.4.13",
            "2.4.5", "2.4.6", "2.4.7", "2.4.11", "2.5.7", "2.5.8", "3.1.2", "3.2.3", "3.2.4", "3.3.3", "3.3.4",
            "3.3.8", "4.1.3",
        ],
    ),
];

/// What a row may say of a criterion.
const VERDICTS: [&str; 4] = ["met", "partly", "not met", "does not arise"];

fn page() -> Result<String> {
    Ok(fs::read_to_string(workspace().join("docs/accessibility.md"))?)
}

#[test]
fn every_criterion_at_a_and_aa_has_its_row() -> Result<()> {
    let page = page()?;
    let rows = page.lines().filter_map(|line| line.strip_prefix("| "));
    let cells: Vec<Vec<&str>> = rows.map(|row| row.split(" | ").collect()).collect();
    for (level, criteria) in CRITERIA {
        for criterion in criteria {
            let mut of = cells
                .iter()
                .filter(|cells| cells.first().and_then(|cell| cell.split(' ').next()) == Some(criterion));
            let row = of.next().with_context(|| format!("{criterion} has no row"))?;
            ensure!(of.next().is_none(), "{criterion} has two rows");
            ensure!(row.get(1) == Some(&level), "{criterion} is at level {level}: {row:?}");
            let verdict = row.get(2).copied().unwrap_or_default();
            ensure!(VERDICTS.contains(&verdict), "{criterion} is {verdict:?}");
            ensure!(row.get(3).is_some_and(|how| how.len() > 10), "{criterion} does not say how");
        }
    }
    Ok(())
}

/// What is written as code and looks like a function is one.
#[test]
fn every_test_the_page_names_exists() -> Result<()> {
    let known = sources::names(workspace())?;
    let page = page()?;
    let named: BTreeSet<&str> = page.split('`').skip(1).step_by(2).filter(|name| is_function(name)).collect();
    ensure!(named.len() > 20, "only {named:?} was read");
    for name in named {
        ensure!(known.contains(name), "docs/accessibility.md names {name}, which is no test");
    }
    Ok(())
}

fn is_function(name: &str) -> bool {
    name.contains('_')
        && name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
}
