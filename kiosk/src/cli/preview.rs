//! `preview`: every screen of a questionnaire in a language, as pictures.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use wardvoice_protocol::id::Language;
use wardvoice_protocol::questionnaire::Questionnaire;

use crate::preview;

/// Draw every screen of a questionnaire in a language, as a patient will see them
#[derive(Debug, Args)]
pub(super) struct Preview {
    /// The questionnaire's file
    #[arg(long, value_name = "FILE")]
    questionnaire: PathBuf,
    /// The language, for example pl
    #[arg(long, value_name = "LANGUAGE")]
    language: Language,
    /// The folder for the pictures and index.json; it is made
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The screen's size in pixels
    #[arg(long, value_name = "WIDTHxHEIGHT", value_parser = super::size, default_value = "1280x800")]
    size: (u32, u32),
    /// Print the index as JSON
    #[arg(long)]
    json: bool,
}

impl Preview {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let path = &self.questionnaire;
        let bytes = fs::read(path).with_context(|| format!("read {}", path.display()))?;
        let questionnaire = Questionnaire::from_json(&bytes).with_context(|| format!("use {}", path.display()))?;
        let index = preview::draw(Arc::new(questionnaire), &self.language, self.size, &self.out)
            .context("draw the preview")?;
        if self.json {
            super::say(&serde_json::to_string(&index)?)?;
        } else {
            super::say(&format!("{} pictures are in {}", index.screens.len(), self.out.display()))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
