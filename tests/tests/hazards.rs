//! Every test that HAZARDS.md relies on exists.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};
use wardvoice_tests::programs::workspace;

/// The names of all functions in the sources below a folder, with the folders and files as modules they may be named by.
fn names(directory: &Path, found: &mut BTreeSet<String>) -> Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if stem != "target" && !stem.starts_with('.') {
                names(&path, found)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.insert(format!("module {stem}"));
            for line in fs::read_to_string(&path)?.lines() {
                let line = line.trim_start();
                let rest = line.strip_prefix("async fn ").or_else(|| line.strip_prefix("fn "));
                found.extend(rest.and_then(|rest| rest.split_once('(')).map(|(name, _)| name.to_owned()));
            }
        }
    }
    Ok(())
}

#[test]
fn every_test_the_hazards_name_exists() -> Result<()> {
    let mut known = BTreeSet::new();
    names(workspace(), &mut known)?;
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
