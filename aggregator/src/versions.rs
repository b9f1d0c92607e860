//! Files of which each is one version of something: a folder of the trust's own, and the copies of what was used.
//!
//! A version never changes once it is used, so two files of one version must be the same. A copy of what was used is kept beside,
//! and from there it is known even when the folder has lost it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use wardvoice_protocol::id::Hash;

use crate::durable_file::{self, Readers};

/// What a folder that is not there means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// That it holds nothing.
    Nothing,
    /// That somebody has named a wrong one.
    Fails,
}

/// The versions that are known, each with its content's hash and where it stands.
#[derive(Debug)]
pub(crate) struct Versions<R> {
    known: BTreeMap<R, (Hash, String)>,
}

impl<R: Ord> Default for Versions<R> {
    fn default() -> Self {
        Self { known: BTreeMap::new() }
    }
}

impl<R: Ord> Versions<R> {
    /// Takes a version that is part of this program.
    pub(crate) fn ship(&mut self, reference: R, hash: Hash) {
        self.known.insert(reference, (hash, "part of this program".to_owned()));
    }

    /// Takes the version of a file: whether it is new. The error says where the same version says something else.
    pub(crate) fn admit(&mut self, reference: R, hash: Hash, path: &Path) -> Result<bool, String> {
        match self.known.get(&reference) {
            Some((known, _)) if *known == hash => Ok(false),
            Some((_, place)) => Err(place.clone()),
            None => {
                self.known.insert(reference, (hash, format!("in {}", path.display())));
                Ok(true)
            }
        }
    }
}

/// The `.json` files of a folder by name.
pub(crate) fn files(folder: &Path, missing: Missing) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && missing == Missing::Nothing => {
            return Ok(Vec::new());
        }
        entries => entries?,
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path.extension().is_some_and(|extension| extension == "json") && !hidden {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// Keeps a copy of what is used, durably, unless there is one.
pub(crate) fn keep(path: &Path, file: &impl Serialize) -> io::Result<()> {
    if path.exists() {
        return Ok(());
    }
    durable_file::replace(path, &serde_json::to_vec(file)?, Readers::Anyone)
}
