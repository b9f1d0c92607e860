//! Settings of what is kept.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Config, ConfigError, value};
use crate::backup::age::Recipient;

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct BackupFile {
    recipients: Vec<String>,
}

impl BackupFile {
    pub(super) fn recipients(&self) -> Result<Vec<Recipient>, ConfigError> {
        let read = |text: &String| {
            let rule = "write public keys as `backup new-key` prints them: [\"age1…\"]";
            text.parse().map_err(|_| value("backup.recipients", text, rule))
        };
        self.recipients.iter().map(read).collect()
    }
}

impl Config {
    /// The file that the settings were read from, when it is not the one in the data folder.
    pub fn elsewhere(&self, data: &Path) -> Option<PathBuf> {
        let own = data.join("config.toml");
        self.file.clone().filter(|file| file.canonicalize().ok() != own.canonicalize().ok())
    }
}
