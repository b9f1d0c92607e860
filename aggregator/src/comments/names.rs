//! Names of staff that the trust has listed, so that they are highlighted: `staff-names.txt` in the data folder, a name a line, `= role`
//! after it where a role takes its place. The file is the trust's own and nothing of it is stored anywhere else.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::terms::{Term, Terms};
use crate::help::StaffRole;

const MAX_NAMES: usize = 5_000;
const MIN_CHARACTERS: usize = 2;

/// The names of staff.
#[derive(Debug, Default)]
pub struct Names(Terms<Option<StaffRole>>);

/// Why a list of names cannot be used. Says the line and not what is on it.
#[derive(Debug, thiserror::Error)]
#[error("read the names of staff in {path}: {reason}", path = path.display())]
pub struct NamesError {
    path: PathBuf,
    reason: String,
}

impl Names {
    /// The names of a file; none when there is no file.
    pub fn open(path: &Path) -> Result<Self, NamesError> {
        let failed = |reason: String| NamesError { path: path.to_owned(), reason };
        match fs::read_to_string(path) {
            Ok(text) => Self::read(&text).map_err(failed),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(failed(error.to_string())),
        }
    }

    fn read(text: &str) -> Result<Self, String> {
        let mut names = Vec::new();
        for (place, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong = |what: &str| format!("line {}: {what}", place + 1);
            let (name, role) = match line.split_once('=') {
                Some((name, role)) => (name.trim(), Some(role.trim())),
                None => (line, None),
            };
            let term =
                (name.chars().count() >= MIN_CHARACTERS && !name.contains('*')).then(|| Term::new(name)).flatten();
            let term =
                term.ok_or_else(|| wrong("write a name of 2 to 60 characters, and = and a role if you like"))?;
            let role = role
                .map(str::parse)
                .transpose()
                .map_err(|_| wrong("write a role of 1 to 40 characters after ="))?;
            names.push((term, role));
        }
        if names.len() > MAX_NAMES {
            return Err(format!("it has more than {MAX_NAMES} names"));
        }
        Ok(Self(Terms::new(names)))
    }

    /// The names in a text, each with the role that takes its place.
    pub(super) fn find<'a>(
        &'a self,
        text: &'a [char],
    ) -> impl Iterator<Item = (&'a Option<StaffRole>, usize, usize)> + 'a {
        self.0.find(text)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.len() == 0
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;
    use crate::comments::terms::folded;

    #[test]
    fn names_stand_a_line_each_with_the_role_that_takes_their_place() {
        let names = Names::read("# made up\n\nNurse Placeholder = a nurse\n  Porter Example  \n").unwrap();
        assert_eq!(names.len(), 2);
        let letters = folded("nurse placeholder and PORTER EXAMPLE, not Porter Examples");
        let found: Vec<_> = names
            .find(&letters)
            .map(|(role, from, to)| ((from, to), role.as_ref().map(ToString::to_string)))
            .collect();
        assert_eq!(found, [((0, 17), Some("a nurse".to_owned())), ((22, 36), None)]);
    }

    #[test]
    fn a_list_that_cannot_be_used_names_the_line_and_not_the_name() {
        for (text, line) in
            [("A", "line 1"), ("Nurse Placeholder\nPorter Example =", "line 2"), ("Nurse*", "line 1")]
        {
            let error = Names::read(text).unwrap_err();
            assert!(error.contains(line) && !error.contains("Nurse") && !error.contains("Porter"), "{error}");
        }
        assert!(Names::open(Path::new("/nowhere/staff-names.txt")).unwrap().is_empty());
    }
}
