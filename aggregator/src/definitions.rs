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

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use wardvoice_protocol::id::Hash;
use wardvoice_protocol::questionnaire::QuestionnaireRef;

use crate::durable_file::{self, Readers};
use crate::questionnaires::Questionnaires;
use crate::scoring::{Definition, DefinitionError, DefinitionRef, SeriesStart, Unchecked};

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
    let mut sources: BTreeMap<DefinitionRef, (String, Hash)> = BTreeMap::new();
    let mut all = Vec::new();
    for unchecked in Definition::shipped()? {
        // Every shipped questionnaire is among them, so nothing is left out.
        let Some(questionnaire) = questionnaires.get(unchecked.questionnaire()) else { continue };
        let definition = unchecked.check(questionnaire)?;
        sources.insert(definition.reference(), ("part of this program".to_owned(), definition.hash()));
        all.push(definition);
    }
    let in_use = data.join(IN_USE);
    let folder = named.map_or_else(|| data.join(FOLDER), |named| data.join(named));
    let kept = files(&in_use, false)?;
    let own = files(&folder, named.is_some())?;
    for path in kept.into_iter().chain(own) {
        let definition = read(&path, questionnaires)?;
        let reference = definition.reference();
        match sources.get(&reference) {
            Some((_, hash)) if *hash == definition.hash() => {}
            Some((other, _)) => return Err(DefinitionsError::Changed { path, reference, other: other.clone() }),
            None => {
                sources.insert(reference, (format!("in {}", path.display()), definition.hash()));
                all.push(definition);
            }
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
    let path = in_use.join(format!("{}.json", definition.reference()));
    if path.exists() {
        return Ok(());
    }
    let bytes = serde_json::to_vec(definition.file()).map_err(io::Error::from);
    // A definition of format 1 is only in force as this program ships it, and its own form is what its hash is of.
    if Unchecked::new(definition.file().clone()).is_ok_and(|same| same.hash() != definition.hash()) {
        return Ok(());
    }
    bytes
        .and_then(|bytes| {
            fs::create_dir_all(in_use)?;
            durable_file::replace(&path, &bytes, Readers::Anyone)
        })
        .map_err(|source| DefinitionsError::File { path, source })
}

/// The `.json` files of a folder by name.
fn files(folder: &Path, must_be_there: bool) -> Result<Vec<PathBuf>, DefinitionsError> {
    let failed = |source| DefinitionsError::File { path: folder.to_owned(), source };
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && !must_be_there => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path.extension().is_some_and(|extension| extension == "json") && !hidden {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests;
