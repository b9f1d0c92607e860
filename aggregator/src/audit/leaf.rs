//! Looking through who did what: a page of entries at a time, the newest first, by account, by deed and by whom they are about.
//!
//! The file is read from its beginning for every page, entry by entry, and no more is kept of it than a page; who looks for an old entry may
//! wait for a moment, and nobody else does.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead as _, BufReader};

use super::{Audit, AuditError, Entry};

/// What is looked for; where nothing is said, everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The account, or `command`.
    pub who: Option<String>,
    /// The deed, as entries say it.
    pub did: Option<String>,
    /// What it is about: `consultant:C07`, or `C07` of whatever kind.
    pub about: Option<String>,
}

/// A page of entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// The entries, the newest first.
    pub entries: Vec<Entry>,
    /// How many entries are wanted, on all pages.
    pub matching: u64,
    /// The line that the page of older ones ends before; none where there are none.
    pub older: Option<u64>,
}

impl Wanted {
    fn takes(&self, entry: &Entry) -> bool {
        let is = |wanted: &Option<String>, text: &str| wanted.as_ref().is_none_or(|wanted| wanted == text);
        let about = entry.about.as_deref().unwrap_or_default();
        let of_a_kind = about.split_once(':').map_or(about, |(_, what)| what);
        is(&self.who, &entry.who)
            && is(&self.did, &entry.did)
            && (is(&self.about, about) || is(&self.about, of_a_kind))
    }
}

impl Audit {
    /// So many of the entries that are wanted, the newest of those before a line of the file, or of all.
    pub fn leaf(&self, wanted: &Wanted, before: Option<u64>, many: usize) -> Result<Leaf, AuditError> {
        let failed = |source| AuditError::File { path: self.path.clone(), source };
        // What is being written meanwhile is not a whole line yet and so no entry; the page after this one has it.
        let mut file = BufReader::new(File::open(&self.path).map_err(failed)?);
        let (mut line, mut number, mut matching) = (Vec::new(), 0, 0);
        let mut kept: VecDeque<(u64, Entry)> = VecDeque::new();
        let mut has_older = false;
        while file.read_until(b'\n', &mut line).map_err(failed)? > 0 {
            number += 1;
            // A line that is no entry was changed by somebody; `verify` names it.
            let entry = serde_json::from_slice::<Entry>(&line).ok().filter(|entry| wanted.takes(entry));
            line.clear();
            let Some(entry) = entry else { continue };
            matching += 1;
            if before.is_none_or(|before| number < before) {
                kept.push_back((number, entry));
                if kept.len() > many {
                    kept.pop_front();
                    has_older = true;
                }
            }
        }
        let older = kept.front().filter(|_| has_older).map(|(line, _)| *line);
        Ok(Leaf { entries: kept.into_iter().rev().map(|(_, entry)| entry).collect(), matching, older })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use jiff::Timestamp;

    use super::*;
    use crate::audit::{COMMAND, Deed};

    /// Seven entries of three accounts.
    fn written() -> (tempfile::TempDir, Audit) {
        let folder = tempfile::tempdir().unwrap();
        let audit = Audit::open(folder.path().join("audit.ndjson")).unwrap();
        for (who, deed, about) in [
            ("office", Deed::SignedIn, None),
            ("office", Deed::SawConsultant, Some("consultant:C07")),
            ("appraiser", Deed::SawConsultant, Some("consultant:C07")),
            ("appraiser", Deed::SawConsultant, Some("consultant:C1")),
            ("appraiser", Deed::SawConsultant, Some("consultant:C11")),
            (COMMAND, Deed::ChangedKiosk, Some("kiosk:C07")),
            ("office", Deed::SawConsultant, Some("consultant:C07")),
        ] {
            audit.note(Timestamp::UNIX_EPOCH, who, deed, about, None).unwrap();
        }
        (folder, audit)
    }

    fn numbers(leaf: &Leaf) -> Vec<u64> {
        leaf.entries.iter().map(|entry| entry.number).collect()
    }

    #[test]
    fn entries_are_found_by_account_deed_and_whom_they_are_about() {
        let (_folder, audit) = written();
        let check = |who: &str, did: &str, about: &str, expected: &[u64]| {
            let said = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            let wanted = Wanted { who: said(who), did: said(did), about: said(about) };
            let leaf = audit.leaf(&wanted, None, 100).unwrap();
            assert_eq!(numbers(&leaf), expected, "{wanted:?}");
            assert_eq!((leaf.matching, leaf.older), (expected.len() as u64, None));
        };
        check("", "", "", &[7, 6, 5, 4, 3, 2, 1]);
        check("office", "", "", &[7, 2, 1]);
        check("command", "", "", &[6]);
        check("", "saw_consultant", "", &[7, 5, 4, 3, 2]);
        check("", "", "C07", &[7, 6, 3, 2]);
        check("", "", "consultant:C07", &[7, 3, 2]);
        check("", "", "C1", &[4]);
        check("office", "saw_consultant", "C07", &[7, 2]);
        check("offic", "", "", &[]);
        check("", "", "c07", &[]);
    }

    #[test]
    fn every_entry_is_on_one_page_and_what_comes_meanwhile_moves_none() {
        let (_folder, audit) = written();
        let wanted = Wanted { did: Some("saw_consultant".to_owned()), ..Wanted::default() };
        let first = audit.leaf(&wanted, None, 2).unwrap();
        assert_eq!((numbers(&first), first.matching), (vec![7, 5], 5));
        audit.note(Timestamp::UNIX_EPOCH, "office", Deed::SawConsultant, Some("consultant:C9"), None).unwrap();
        let second = audit.leaf(&wanted, first.older, 2).unwrap();
        assert_eq!((numbers(&second), second.matching), (vec![4, 3], 6));
        let last = audit.leaf(&wanted, second.older, 2).unwrap();
        assert_eq!((numbers(&last), last.older), (vec![2], None));
        // A page that is exactly full is the last one where nothing is older.
        assert_eq!(audit.leaf(&wanted, Some(5), 3).unwrap().older, None);
        assert!(audit.leaf(&wanted, Some(1), 3).unwrap().entries.is_empty());
        assert_eq!(numbers(&audit.leaf(&wanted, Some(u64::MAX), 1).unwrap()), [8]);
    }

    #[test]
    fn a_line_that_is_no_entry_hides_none() {
        let (folder, audit) = written();
        let path = folder.path().join("audit.ndjson");
        let text = std::fs::read_to_string(&path).unwrap();
        let changed: String = text
            .lines()
            .enumerate()
            .map(|(at, line)| if at == 2 { "{}\n".to_owned() } else { format!("{line}\n") })
            .collect();
        std::fs::write(&path, changed + "{\"version\":1,\"num").unwrap();
        let leaf = audit.leaf(&Wanted::default(), None, 3).unwrap();
        assert_eq!((numbers(&leaf), leaf.matching), (vec![7, 6, 5], 6));
        assert_eq!(numbers(&audit.leaf(&Wanted::default(), leaf.older, 9).unwrap()), [4, 2, 1]);
    }
}
