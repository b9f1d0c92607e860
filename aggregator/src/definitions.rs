//! The scoring definitions of a trust: those that are shipped, and those of its own in a folder.
//!
//! Purpose: what a sheet was made by is known here by its hash, and a version that periods are published by never changes. A file
//! of the folder is read at the start, once; after a change the aggregator is started again.
//!
//! Vocabulary: a *series* of the settings says from which day on periods are published by which definition. A version that a series
//! names is copied to `definitions-in-use/` in the data folder, and from there it is known even when the folder has lost it or says
//! something else under the same number. Any other version of the folder is a draft: it can be shown beside, and changed.
//!
//! Failure modes: every file must read, fit its questionnaire and be the only one of its id and version; any other is an error
//! that names the file, and nothing starts.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use wardvoice_protocol::questionnaire::QuestionnaireRef;

use crate::questionnaires::Questionnaires;
use crate::scoring::{Definition, DefinitionError, DefinitionRef, SeriesStart, Unchecked};
use crate::versions::{self, Missing, Versions};

/// The folder of the data folder that is looked at when the settings name none.
pub const FOLDER: &str = "definitions";
const IN_USE: &str = "definitions-in-use";

/// Why definitions cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum DefinitionsError {
    /// A file or folder cannot be read or written.
    #[error("read or write {path}: {source}", path = path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is not a definition, or does not fit its questionnaire.
    #[error("use {path}: failed to {source}", path = path.display())]
    NotDefinition {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: DefinitionError,
    },
    /// Its questionnaire is not here.
    #[error("use {path}: it scores {questionnaire}, which is not among the questionnaires", path = path.display())]
    NoQuestionnaire {
        /// The file.
        path: PathBuf,
        /// What it scores.
        questionnaire: QuestionnaireRef,
    },
    /// Two files are one version and differ.
    #[error(
        "use {path}: {reference} is already {other} and says something else; a version never changes once periods are published by \
         it, so give this one another version",
        path = path.display()
    )]
    Changed {
        /// The file.
        path: PathBuf,
        /// The version.
        reference: DefinitionRef,
        /// Where the other one is.
        other: String,
    },
    /// The shipped ones do not read.
    #[error("read the scoring definitions of this program: failed to {0}")]
    Shipped(#[from] DefinitionError),
}

/// Loads every definition of a data folder, the shipped ones first. `named` is the folder that the settings name; it must be there.
/// What a series names is in use from now on.
pub fn load(
    data: &Path,
    named: Option<&Path>,
    questionnaires: &Questionnaires,
    series: &[SeriesStart],
) -> Result<Vec<Definition>, DefinitionsError> {
    let mut known = Versions::default();
    let mut all = Vec::new();
    for unchecked in Definition::shipped()? {
        // Every shipped questionnaire is among them, so nothing is left out.
        let Some(questionnaire) = questionnaires.get(unchecked.questionnaire()) else { continue };
        let definition = unchecked.check(questionnaire)?;
        known.ship(definition.reference(), definition.hash());
        all.push(definition);
    }
    let in_use = data.join(IN_USE);
    let folder = named.map_or_else(|| data.join(FOLDER), |named| data.join(named));
    let files = |folder: &Path, missing| {
        versions::files(folder, missing)
            .map_err(|source| DefinitionsError::File { path: folder.to_owned(), source })
    };
    let kept = files(&in_use, Missing::Nothing)?;
    let own = files(&folder, if named.is_some() { Missing::Fails } else { Missing::Nothing })?;
    for path in kept.into_iter().chain(own) {
        let definition = read(&path, questionnaires)?;
        let reference = definition.reference();
        match known.admit(reference.clone(), definition.hash(), &path) {
            Ok(false) => {}
            Ok(true) => all.push(definition),
            Err(other) => return Err(DefinitionsError::Changed { path, reference, other }),
        }
    }
    let own = all.iter().filter(|one| series.iter().any(|start| start.definition == one.reference()));
    for definition in own {
        keep(&in_use, definition)?;
    }
    Ok(all)
}

/// Reads one file and checks it against its questionnaire.
pub fn read(path: &Path, questionnaires: &Questionnaires) -> Result<Definition, DefinitionsError> {
    let bytes = fs::read(path).map_err(|source| DefinitionsError::File { path: path.to_owned(), source })?;
    let wrong = |source| DefinitionsError::NotDefinition { path: path.to_owned(), source };
    let unchecked = Unchecked::from_json(&bytes).map_err(wrong)?;
    let questionnaire =
        questionnaires.get(unchecked.questionnaire()).ok_or_else(|| DefinitionsError::NoQuestionnaire {
            path: path.to_owned(),
            questionnaire: unchecked.questionnaire().clone(),
        })?;
    unchecked.check(questionnaire).map_err(wrong)
}

/// Keeps a copy of a version that periods are published by, also of a shipped one: a later program may not have it any more.
fn keep(in_use: &Path, definition: &Definition) -> Result<(), DefinitionsError> {
    // A definition of format 1 is only in force as this program ships it, and its own form is what its hash is of.
    if Unchecked::new(definition.file().clone()).is_ok_and(|same| same.hash() != definition.hash()) {
        return Ok(());
    }
    let path = in_use.join(format!("{}.json", definition.reference()));
    versions::keep(&path, definition.file()).map_err(|source| DefinitionsError::File { path, source })
}

#[cfg(test)]
mod tests;
