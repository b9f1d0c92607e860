//! What the settings say about kiosks.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct KiosksFile {
    pub(super) languages: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) broker_url: Option<String>,
    pub(super) accept_simulated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) preview_program: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) withdrawal_codes: Option<bool>,
}

impl Default for KiosksFile {
    fn default() -> Self {
        Self {
            languages: vec!["en".to_owned()],
            broker_url: None,
            accept_simulated: false,
            preview_program: None,
            withdrawal_codes: None,
        }
    }
}
