//! Every test that HAZARDS.md relies on exists, and the clinical hazard log follows from it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context as _, Result, bail, ensure};
use wardvoice_tests::programs::workspace;
use wardvoice_tests::sources;

#[test]
fn every_test_the_hazards_name_exists() -> Result<()> {
    let known = sources::names(workspace())?;
    let page = fs::read_to_string(workspace().join("HAZARDS.md"))?;
    let rows: Vec<_> = page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| #")).collect();
    ensure!(rows.len() >= 20, "HAZARDS.md has {} rows; its table was not read", rows.len());
    for row in rows {
        let test = row.trim_end_matches(" |").rsplit(" | ").next().unwrap_or_default();
        let named: Vec<_> = test.split('`').skip(1).step_by(2).collect();
        ensure!(!named.is_empty(), "no test is named in: {row}");
        for name in named {
            let wanted = match name.rsplit_once("::") {
                Some((_, module)) => format!("module {module}"),
                None => name.to_owned(),
            };
            ensure!(known.contains(&wanted), "HAZARDS.md names {name}, which is no test: {row}");
        }
    }
    Ok(())
}

#[test]
fn every_test_that_the_threat_model_and_what_was_done_to_it_name_exists() -> Result<()> {
    let known = sources::names(workspace())?;
    // Tests have sentences for names; settings and files have shorter ones.
    let is_test = |name: &&str| {
        name.matches('_').count() >= 4 && name.bytes().all(|byte| byte == b'_' || byte.is_ascii_lowercase())
    };
    for document in ["docs/security.md", "docs/reliability.md", "docs/accessibility.md"] {
        let page = fs::read_to_string(workspace().join(document))?;
        let named: BTreeSet<&str> = page.split('`').skip(1).step_by(2).filter(is_test).collect();
        ensure!(named.len() >= 30, "{document} names {} tests; they were not read", named.len());
        let missing: Vec<_> = named.into_iter().filter(|name| !known.contains(*name)).collect();
        ensure!(missing.is_empty(), "{document} names what is no test: {missing:?}");
    }
    Ok(())
}

/// The cells of a row of a table in Markdown.
fn cells(row: &str) -> Vec<&str> {
    row.trim().trim_matches('|').split('|').map(str::trim).collect()
}

/// The risk of each likelihood and severity, as the page's own table says.
fn risks(page: &str) -> Result<BTreeMap<(String, String), u8>> {
    let mut rows =
        page.lines().skip_while(|line| !line.starts_with("| | minor")).take_while(|line| !line.is_empty());
    let severities: Vec<&str> =
        cells(rows.next().context("there is no table of risks")?).into_iter().skip(1).collect();
    let mut risks = BTreeMap::new();
    for row in rows.skip(1) {
        let row = cells(row);
        let (likelihood, levels) = row.split_first().context("a row of the risks is empty")?;
        for (severity, level) in severities.iter().zip(levels) {
            risks.insert((likelihood.trim_matches('*').to_owned(), (*severity).to_owned()), level.parse()?);
        }
    }
    ensure!(risks.len() == 25, "the table has {} risks", risks.len());
    Ok(risks)
}

/// The risk that `considerable, high: 3` says, held against the table.
fn risk(rating: &str, risks: &BTreeMap<(String, String), u8>) -> Result<u8> {
    let (pair, level) = rating.split_once(": ").with_context(|| format!("{rating:?} has no level"))?;
    let (severity, likelihood) = pair.split_once(", ").with_context(|| format!("{rating:?} is no pair"))?;
    let expected = risks.get(&(likelihood.to_owned(), severity.to_owned()));
    let expected = expected.with_context(|| format!("{rating:?} is not in the table of risks"))?;
    ensure!(level.parse::<u8>()? == *expected, "{rating:?} is {expected} by the table");
    Ok(*expected)
}

#[test]
fn the_clinical_hazard_log_rates_every_hazard_once_and_by_its_own_table() -> Result<()> {
    let page = fs::read_to_string(workspace().join("docs/clinical-safety.md"))?;
    let last = page.split("Hazards 1 to ").nth(1).and_then(|rest| rest.split(' ').next());
    let last: u32 = last.context("the log does not say how far it goes")?.parse()?;
    let hazards = fs::read_to_string(workspace().join("HAZARDS.md"))?;
    let numbers = hazards.lines().filter_map(|line| line.strip_prefix("| ")?.split(' ').next()?.parse().ok());
    let expected: BTreeSet<u32> = numbers.filter(|number| *number <= last).collect();
    ensure!(expected.len() >= 100, "only {} hazards are rated", expected.len());
    let risks = risks(&page)?;
    let mut rated = BTreeSet::new();
    for row in
        page.lines().skip_while(|line| !line.starts_with("| hazard |")).skip(2).take_while(|line| !line.is_empty())
    {
        let row = cells(row);
        let [name, effect, reasons, causes, controls, before, after, trusts, status] = row.as_slice() else {
            bail!("a row has other columns: {row:?}")
        };
        let told = [effect, reasons, controls, trusts].into_iter().all(|cell| cell.len() > 10);
        ensure!(told, "{name} is not told in full: {row:?}");
        ensure!(["open", "transferred", "closed"].contains(status), "{name} is {status:?}");
        for number in causes.split(", ") {
            let number: u32 = number.parse().with_context(|| format!("{name} names {number:?}"))?;
            ensure!(rated.insert(number), "hazard {number} is in two lines");
        }
        let (before, after) = (risk(before, &risks)?, risk(after, &risks)?);
        ensure!(
            after <= before && after <= 2,
            "{name} is left with a risk of {after}: say why in a line of its own"
        );
    }
    ensure!(rated == expected, "not in the log: {:?}; no hazards: {:?}", &expected - &rated, &rated - &expected);
    Ok(())
}
