//! What stands in a folder now, and what of it another site would change.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use jiff::Timestamp;
use serde::Deserialize;
use wardvoice_protocol::id::Hash;

use super::Site;
use super::files::MANIFEST;
use super::switch::SITE;

/// The largest manifest that is read, in bytes: some ten thousand files.
const MOST_BYTES: u64 = 2 << 20;

/// The site that stands in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its version.
    pub version: String,
    /// Since when it is seen; none where the file share does not say.
    pub since: Option<Timestamp>,
    files: BTreeMap<String, Hash>,
}

/// What another site would change, by the names of files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    /// Those that are new.
    pub added: Vec<String>,
    /// Those that say something else.
    pub changed: Vec<String>,
    /// Those that are gone.
    pub removed: Vec<String>,
    /// How many stay as they are.
    pub same: usize,
}

#[derive(Debug, Deserialize)]
struct Manifest {
    version: String,
    files: BTreeMap<String, Hash>,
}

impl Standing {
    /// What stands in a folder; none where nothing of ours does.
    pub fn of(folder: &Path) -> Option<Self> {
        let site = folder.join(SITE);
        let mut bytes = Vec::new();
        File::open(site.join(MANIFEST)).ok()?.take(MOST_BYTES).read_to_end(&mut bytes).ok()?;
        let Manifest { version, files } = serde_json::from_slice(&bytes).ok()?;
        // Where there are links, the link is as old as the switch; else the folder is as old as what is in it.
        let since = site.symlink_metadata().and_then(|found| found.modified()).ok();
        Some(Self { version, since: since.and_then(|since| Timestamp::try_from(since).ok()), files })
    }

    /// How many files it has, the manifest among them.
    pub fn files(&self) -> usize {
        self.files.len() + 1
    }
}

impl Difference {
    /// What a site would change of what stands.
    pub fn between(standing: Option<&Standing>, site: &Site) -> Self {
        let nothing = BTreeMap::new();
        let old = standing.map_or(&nothing, |standing| &standing.files);
        let mut found = Self::default();
        let new: BTreeMap<&str, Hash> = site
            .files()
            .iter()
            .filter(|file| file.name != MANIFEST)
            .map(|file| (file.name.as_str(), Hash::of(file.text.as_bytes())))
            .collect();
        for (name, hash) in &new {
            match old.get(*name) {
                None => found.added.push((*name).to_owned()),
                Some(known) if known == hash => found.same += 1,
                Some(_) => found.changed.push((*name).to_owned()),
            }
        }
        found.removed = old.keys().filter(|name| !new.contains_key(name.as_str())).cloned().collect();
        found
    }

    /// Whether it would change nothing.
    pub fn is_nothing(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }
}
