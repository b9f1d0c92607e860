//! `definition list`, `print` and `check`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Subcommand;

use crate::config::Config;
use crate::definitions;
use crate::premises::failed;
use crate::questionnaires::Questionnaires;
use crate::scoring::DefinitionRef;

#[derive(Debug, Subcommand)]
pub(super) enum DefinitionCommand {
    /// List the definitions there are, with what each scores and its hash.
    List,
    /// Print one as a file to start from.
    Print {
        /// Its id and version, for example inpatient@2.
        definition: DefinitionRef,
    },
    /// Say whether a file can be used, without using it.
    Check {
        /// The file.
        file: PathBuf,
    },
}

pub(super) fn run(command: &DefinitionCommand, data: &Path, config: &Config) -> Result<ExitCode> {
    let questionnaires = Questionnaires::open(data, config.questionnaires.as_deref()).map_err(failed)?;
    // Nothing is in use because somebody looks.
    let all = || definitions::load(data, config.definitions.as_deref(), &questionnaires, &[]).map_err(failed);
    let said = match command {
        DefinitionCommand::List => {
            let mut said = String::new();
            for one in all()? {
                let file = one.file();
                writeln!(
                    said,
                    "{:<26} scores {:<26} {}  {}",
                    one.reference().to_string(),
                    file.questionnaire.to_string(),
                    one.hash(),
                    file.title
                )?;
            }
            for start in &config.series {
                writeln!(said, "From {} on periods are published by {}.", start.from, start.definition)?;
            }
            said
        }
        DefinitionCommand::Print { definition } => {
            let all = all()?;
            let found = all.iter().find(|one| one.reference() == *definition);
            let found = found.with_context(|| {
                format!("failed to find {definition}: `definition list` shows those there are")
            })?;
            serde_json::to_string_pretty(found.file())? + "\n"
        }
        DefinitionCommand::Check { file } => {
            let found = definitions::read(file, &questionnaires).map_err(failed)?;
            format!("{} can be used; its hash is {}.\n", found.reference(), found.hash())
        }
    };
    super::say::text(&said).map(|()| ExitCode::SUCCESS)
}
