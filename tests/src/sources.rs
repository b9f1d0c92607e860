//! The workspace's own sources: which functions and modules there are, for documents that name tests.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

/// The names of all functions in the sources below a folder, and of all folders and files as `module <name>`.
pub fn names(directory: &Path) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    collect(directory, &mut found)?;
    Ok(found)
}

fn collect(directory: &Path, found: &mut BTreeSet<String>) -> Result<()> {
    for entry in fs::read_dir(directory).with_context(|| format!("failed to list {}", directory.display()))? {
        let path = entry?.path();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if stem != "target" && stem != "node_modules" && !stem.starts_with('.') {
                collect(&path, found)?;
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
