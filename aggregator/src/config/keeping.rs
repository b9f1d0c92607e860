//! Settings of what is kept.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Config, ConfigError, value};
use crate::backup::age::Recipient;
use crate::retention::Retention;

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

/// The longest time that can be said, in months.
const MOST_MONTHS: u16 = 600;

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_field_names, reason = "they are the settings' names, with their unit")]
pub(super) struct RetentionFile {
    #[serde(skip_serializing_if = "Option::is_none")]
    comments_months: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    responses_months: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contacts_months: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    figures_months: Option<u16>,
}

impl TryFrom<RetentionFile> for Retention {
    type Error = ConfigError;

    fn try_from(file: RetentionFile) -> Result<Self, ConfigError> {
        let RetentionFile { comments_months, responses_months, contacts_months, figures_months } = file;
        let named = [
            ("retention.comments_months", comments_months),
            ("retention.responses_months", responses_months),
            ("retention.contacts_months", contacts_months),
            ("retention.figures_months", figures_months),
        ];
        for (setting, months) in named {
            if let Some(months) = months.filter(|months| !(1..=MOST_MONTHS).contains(months)) {
                let rule = "write a number of months from 1 to 600, or leave it out to keep it for ever";
                return Err(value(setting, months.to_string(), rule));
            }
        }
        // What figures are made of goes last: they would otherwise be gone while their detail is kept.
        let mut later = named.iter().take(3).filter(|(_, months)| {
            figures_months.is_some_and(|figures| months.is_none_or(|months| months > figures))
        });
        if let Some(&(setting, months)) = later.next() {
            let said = months.map_or_else(|| "for ever".to_owned(), |months| months.to_string());
            return Err(value(setting, said, "keep it no longer than retention.figures_months"));
        }
        Ok(Self {
            comments: comments_months,
            responses: responses_months,
            contacts: contacts_months,
            figures: figures_months,
        })
    }
}
