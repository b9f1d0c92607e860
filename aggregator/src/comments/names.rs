//! Names of staff that the trust has listed, so that they are highlighted: `staff-names.txt` in the data folder, a name a line, `= role`
//! after it where a role takes its place. The file is the trust's own and nothing of it is stored anywhere else. The office adds and removes
//! names on a page; what else stands in the file (remarks, empty lines) stays.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use wardvoice_protocol::one_line;

use super::lists::ListError;
use super::terms::{MAX_TERM_CHARACTERS, Term, Terms, folded};
use crate::durable_file::{self, Readers};
use crate::help::StaffRole;

const MAX_NAMES: usize = 5_000;
const MIN_CHARACTERS: usize = 2;

/// The names of staff.
#[derive(Debug, Default)]
pub struct Names {
    terms: Terms<Option<StaffRole>>,
    listed: Vec<(String, Option<StaffRole>)>,
    /// What the file says, to be written again with a change.
    text: String,
}

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
        let (mut names, mut listed) = (Vec::new(), Vec::new());
        for (place, line) in text.lines().enumerate() {
            let Some((name, role)) = parts(line) else { continue };
            let wrong = |what: &str| format!("line {}: {what}", place + 1);
            let term =
                (name.chars().count() >= MIN_CHARACTERS && !name.contains('*')).then(|| Term::new(name)).flatten();
            let term =
                term.ok_or_else(|| wrong("write a name of 2 to 60 characters, and = and a role if you like"))?;
            let role: Option<StaffRole> = role
                .map(str::parse)
                .transpose()
                .map_err(|_| wrong("write a role of 1 to 40 characters after ="))?;
            listed.push((name.to_owned(), role.clone()));
            names.push((term, role));
        }
        if names.len() > MAX_NAMES {
            return Err(format!("it has more than {MAX_NAMES} names"));
        }
        Ok(Self { terms: Terms::new(names), listed, text: text.to_owned() })
    }

    /// Every name in alphabetical order, each with the role that takes its place. For the page of the lists and the command, and for no other.
    pub fn listed(&self) -> Vec<&(String, Option<StaffRole>)> {
        let mut listed: Vec<_> = self.listed.iter().collect();
        listed.sort_by_cached_key(|(name, _)| folded(name));
        listed
    }

    /// The list with a name more.
    pub(super) fn with(&self, name: &str, role: Option<&StaffRole>) -> Result<Self, ListError> {
        let name = one_line::trimmed(name, MAX_TERM_CHARACTERS).ok_or(ListError::NoName)?;
        if name.contains(['=', '*']) || name.starts_with('#') {
            return Err(ListError::NoName);
        }
        if self.len() >= MAX_NAMES {
            return Err(ListError::Full(MAX_NAMES));
        }
        let letters = folded(name);
        if self.listed.iter().any(|(known, _)| folded(known) == letters) {
            return Err(ListError::Already);
        }
        let mut text = self.text.clone();
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(name);
        if let Some(role) = role {
            text.push_str(" = ");
            text.push_str(&role.to_string());
        }
        text.push('\n');
        Self::read(&text).map_err(|_| ListError::NoName)
    }

    /// The list with a name less.
    pub(super) fn without(&self, name: &str) -> Result<Self, ListError> {
        let letters = folded(name.trim());
        let is_it = |line: &&str| parts(line).is_some_and(|(known, _)| folded(known) == letters);
        if !self.text.lines().any(|line| is_it(&line)) {
            return Err(ListError::NotThere);
        }
        let text: String = self.text.lines().filter(|line| !is_it(line)).flat_map(|line| [line, "\n"]).collect();
        Self::read(&text).map_err(|_| ListError::NotThere)
    }

    /// Writes the list, durably, for nobody else on the machine to read.
    pub(super) fn keep(&self, path: &Path) -> Result<(), NamesError> {
        let kept = durable_file::replace(path, self.text.as_bytes(), Readers::Owner);
        kept.map_err(|error| NamesError { path: path.to_owned(), reason: error.to_string() })
    }

    /// The names in a text, each with the role that takes its place.
    pub(super) fn find<'a>(
        &'a self,
        text: &'a [char],
    ) -> impl Iterator<Item = (&'a Option<StaffRole>, usize, usize)> + 'a {
        self.terms.find(text)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.terms.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.listed.is_empty()
    }
}

/// The name of a line and what stands after its =; none for a line that names nobody.
fn parts(line: &str) -> Option<(&str, Option<&str>)> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    Some(match line.split_once('=') {
        Some((name, role)) => (name.trim(), Some(role.trim())),
        None => (line, None),
    })
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
    fn a_name_comes_and_goes_and_remarks_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("staff-names.txt");
        let names = Names::read("# made up\n\nPorter Example").unwrap();
        let role = "a nurse".parse().unwrap();
        let names = names.with(" Nurse Placeholder ", Some(&role)).unwrap();
        names.keep(&path).unwrap();
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            "# made up\n\nPorter Example\nNurse Placeholder = a nurse\n"
        );
        let names = Names::open(&path).unwrap();
        let listed: Vec<&str> = names.listed().into_iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(listed, ["Nurse Placeholder", "Porter Example"]);
        assert!(matches!(names.with("nurse placeholder", None), Err(ListError::Already)));
        let names = names.without("PORTER example").unwrap();
        assert_eq!(names.text, "# made up\n\nNurse Placeholder = a nurse\n");
        assert!(matches!(names.without("Porter Example"), Err(ListError::NotThere)));
        for wrong in ["", "A", "# Nurse", "Nurse = a nurse", "Nurse*", "Nurse\nPlaceholder"] {
            assert!(matches!(names.with(wrong, None), Err(ListError::NoName)), "{wrong:?}");
        }
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
