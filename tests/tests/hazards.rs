//! Every test that HAZARDS.md relies on exists.

use std::fs;

use anyhow::{Result, ensure};
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
