//! The trust's directory on disk: `directory.json` in the data folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use wardvoice_protocol::directory::{Directory, DirectoryError, DirectoryFile};

const EXAMPLE: &str = include_str!("directory/example.json");

/// Why the directory cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryFileError {
    /// There is none.
    #[error(
        "find the directory of wards {path}: write one, starting from `wardvoice-aggregator directory example`; \
         `wardvoice-aggregator demo` makes up a trust of its own",
        path = .0.display()
    )]
    Missing(PathBuf),
    /// It cannot be read.
    #[error("read {path}: {source}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is not a directory in JSON.
    #[error("read {path}: {reason}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column.
        reason: String,
    },
    /// It contradicts itself.
    #[error("use {path}: {source}", path = path.display())]
    Contradictory {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: DirectoryError,
    },
}

/// Loads and checks a directory.
pub fn load(path: &Path) -> Result<Directory, DirectoryFileError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(DirectoryFileError::Missing(path.to_owned()));
        }
        Err(source) => return Err(DirectoryFileError::File { path: path.to_owned(), source }),
    };
    let file: DirectoryFile = serde_json::from_slice(&bytes)
        .map_err(|error| DirectoryFileError::Unreadable { path: path.to_owned(), reason: error.to_string() })?;
    Directory::try_from(file).map_err(|source| DirectoryFileError::Contradictory { path: path.to_owned(), source })
}

/// A small directory to start from, as its file.
pub fn example_file() -> &'static str {
    EXAMPLE
}

/// The same, checked.
#[cfg(test)]
pub(crate) fn example() -> Directory {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]
    Directory::try_from(serde_json::from_str::<DirectoryFile>(EXAMPLE).unwrap()).unwrap()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;

    #[test]
    fn the_example_is_a_directory() {
        assert_eq!(example().wards().len(), 3);
    }

    #[test]
    fn what_is_wrong_is_said_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("directory.json");
        let said = load(&path).unwrap_err().to_string();
        assert!(said.contains("directory example"), "{said}");
        fs::write(&path, "{").unwrap();
        let said = load(&path).unwrap_err().to_string();
        assert!(said.contains("line 1"), "{said}");
        fs::write(&path, EXAMPLE.replace("\"site\": \"S2\"", "\"site\": \"S9\"")).unwrap();
        let said = load(&path).unwrap_err().to_string();
        assert!(said.contains("S9"), "{said}");
    }
}
