//! Looking through who did what: a page of entries at a time, the newest first, by account, by deed and by whom they are about.
//!
//! Where every entry stands in the file and what it is about is kept in brief ([`Index`](super::index::Index)), from the first look on; a page reads its own
//! entries and what was written since the last look. That the chain is whole is checked when it is opened and by `verify`, which read all of it.

use std::sync::PoisonError;

use super::index::Index;
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
    /// Whether an entry is looked for.
    pub(super) fn takes(&self, entry: &Entry) -> bool {
        let is = |wanted: &Option<String>, text: &str| wanted.as_ref().is_none_or(|wanted| wanted == text);
        let about = entry.about.as_deref().unwrap_or_default();
        is(&self.who, &entry.who)
            && is(&self.did, &entry.did)
            && (is(&self.about, about) || is(&self.about, of_a_kind(about)))
    }
}

/// Whom or what an entry is about, of whatever kind: `C07` of `consultant:C07`.
pub(super) fn of_a_kind(about: &str) -> &str {
    about.split_once(':').map_or(about, |(_, what)| what)
}

impl Audit {
    /// So many of the entries that are wanted, the newest of those before a line of the file, or of all.
    pub fn leaf(&self, wanted: &Wanted, before: Option<u64>, many: usize) -> Result<Leaf, AuditError> {
        let failed = |source| AuditError::File { path: self.path.clone(), source };
        let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        index.catch_up(&self.path).map_err(failed)?;
        if let Some(leaf) = index.leaf(&self.path, wanted, before, many).map_err(failed)? {
            return Ok(leaf);
        }
        // Somebody has written the file anew under us: it is looked through once more, from its beginning.
        *index = Index::default();
        index.catch_up(&self.path).map_err(failed)?;
        let leaf = index.leaf(&self.path, wanted, before, many).map_err(failed)?;
        Ok(leaf.unwrap_or(Leaf { entries: Vec::new(), matching: 0, older: None }))
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

    /// What was written since the last look is read, and no more; a file that was written anew is looked through anew.
    #[test]
    fn a_look_goes_on_where_the_last_one_ended() {
        let (folder, audit) = written();
        let path = folder.path().join("audit.ndjson");
        let other = Audit::open(&path).unwrap();
        let all = |audit: &Audit| numbers(&audit.leaf(&Wanted::default(), None, 100).unwrap());
        let office = Wanted { who: Some("office".to_owned()), ..Wanted::default() };
        assert_eq!(all(&audit), [7, 6, 5, 4, 3, 2, 1]);
        other.note(Timestamp::UNIX_EPOCH, "office", Deed::SignedOut, None, None).unwrap();
        assert_eq!(all(&audit).first(), Some(&8), "another process has written it");
        assert_eq!(numbers(&audit.leaf(&office, None, 2).unwrap()), [8, 7]);
        assert_eq!(audit.leaf(&office, None, 2).unwrap().matching, 4);
        // Longer than it was, other in the middle.
        let text = std::fs::read_to_string(&path).unwrap();
        let changed = text.replacen("\"who\":\"appraiser\"", "\"who\":\"office, as it were\"", 1);
        std::fs::write(&path, &changed).unwrap();
        assert_eq!(all(&audit), [8, 7, 6, 5, 4, 3, 2, 1]);
        assert_eq!(numbers(&audit.leaf(&office, None, 9).unwrap()), [8, 7, 2, 1]);
        // Shorter than it was.
        let second_ends = changed.match_indices('\n').nth(1).unwrap().0;
        std::fs::write(&path, changed.split_at(second_ends + 1).0).unwrap();
        assert_eq!(all(&audit), [2, 1]);
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
