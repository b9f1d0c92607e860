//! Files of lines that only grow.
//!
//! A line is whole and synced before anybody is told of it; a last line that a power cut left unfinished is cut off when the file is
//! opened, as nobody was told of it. After a write or a sync that failed nothing more is written until the file has been opened anew:
//! what the disk then holds is not known.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::Serialize;

/// A file of lines, open for writing.
#[derive(Debug)]
pub(crate) struct Lines {
    file: File,
    broken: Option<String>,
}

impl Lines {
    /// Opens a file, or makes it where there was none, and gives the lines it holds, without their ends.
    pub(crate) fn open(path: &Path) -> io::Result<(Self, Vec<Vec<u8>>)> {
        let is_new = !path.exists();
        let mut file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
        if is_new {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            file.sync_all().and_then(|()| File::open(folder)?.sync_all())?;
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        if whole < bytes.len() {
            tracing::warn!(path = %path.display(), "an unfinished last line was cut off");
            file.set_len(whole as u64).and_then(|()| file.sync_all())?;
            bytes.truncate(whole);
        }
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(<[u8]>::to_vec);
        let lines = lines.collect();
        Ok((Self { file, broken: None }, lines))
    }

    /// Writes a value as a line of JSON and syncs it; gives the line. A line that fails is taken back as far as the disk allows.
    pub(crate) fn append(&mut self, value: &impl Serialize) -> io::Result<Vec<u8>> {
        let mut bytes = self.append_all(std::slice::from_ref(&value))?;
        bytes.pop();
        Ok(bytes)
    }

    /// Writes values as lines of JSON and syncs them, all of them or none; gives the lines with their ends.
    pub(crate) fn append_all(&mut self, values: &[impl Serialize]) -> io::Result<Vec<u8>> {
        if let Some(why) = &self.broken {
            return Err(io::Error::other(format!("an earlier line could not be written ({why}); start again")));
        }
        let mut bytes = Vec::new();
        for value in values {
            serde_json::to_writer(&mut bytes, value)?;
            bytes.push(b'\n');
        }
        let end = self.file.seek(SeekFrom::End(0))?;
        if let Err(error) = self.file.write_all(&bytes).and_then(|()| self.file.sync_all()) {
            self.broken = Some(error.to_string());
            // Whether this works or not, the next opening cuts off what is not whole.
            drop(self.file.set_len(end));
            return Err(error);
        }
        Ok(bytes)
    }
}

#[cfg(test)]
impl Lines {
    /// Lets every further line fail.
    pub(crate) fn break_for_a_test(&mut self) {
        self.broken = Some("for a test".to_owned());
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use std::fs;

    use super::*;

    #[test]
    fn whole_lines_are_there_again_and_half_of_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        let (mut lines, before) = Lines::open(&path).unwrap();
        assert!(before.is_empty());
        assert_eq!(lines.append(&"one").unwrap(), b"\"one\"");
        lines.append(&2).unwrap();
        fs::write(&path, [fs::read(&path).unwrap(), b"\"half of".to_vec()].concat()).unwrap();
        let (mut lines, before) = Lines::open(&path).unwrap();
        assert_eq!(before, [b"\"one\"".to_vec(), b"2".to_vec()]);
        lines.append(&3).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "\"one\"\n2\n3\n");
    }

    #[test]
    fn after_a_failure_nothing_is_written_until_it_is_opened_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        let (mut lines, _) = Lines::open(&path).unwrap();
        lines.append(&1).unwrap();
        // A file that is open for reading alone fails as a full disk does.
        lines.file = File::open(&path).unwrap();
        assert!(lines.append(&2).is_err());
        lines.file = OpenOptions::new().append(true).open(&path).unwrap();
        assert!(lines.append(&3).unwrap_err().to_string().contains("start again"));
        let (mut lines, before) = Lines::open(&path).unwrap();
        assert_eq!(before.len(), 1);
        lines.append(&4).unwrap();
    }
}
