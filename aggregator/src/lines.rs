//! Files of lines that only grow.
//!
//! A line is whole and synced before anybody is told of it; a last line that a power cut left unfinished is cut off when the file is
//! opened, as nobody was told of it. After a write or a sync that failed nothing more is written until the file has been opened anew:
//! what the disk then holds is not known.
//!
//! Where no server runs, two commands may have a file open at once. Each writes under a lock and sees what the other has written first.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::Serialize;

/// A file of lines, open for writing.
#[derive(Debug)]
pub(crate) struct Lines {
    file: File,
    /// The length of what is known here.
    end: u64,
    broken: Option<String>,
}

impl Lines {
    /// Opens a file, or makes it where there was none, and gives the lines it holds, without their ends.
    pub(crate) fn open(path: &Path) -> io::Result<(Self, Vec<Vec<u8>>)> {
        let is_new = !path.exists();
        let file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
        if is_new {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            file.sync_all().and_then(|()| File::open(folder)?.sync_all())?;
        }
        let mut lines = Self { file, end: 0, broken: None };
        let held = lines.alone(|_, held| Ok(held))?;
        Ok((lines, held))
    }

    /// Writes values as lines of JSON and syncs them, all of them or none. Fails when another process has written since, because what is
    /// written here may rest on what was there before.
    pub(crate) fn append_all(&mut self, values: &[impl Serialize]) -> io::Result<()> {
        self.alone(|lines, news| {
            if !news.is_empty() {
                lines.end -= news.iter().map(|line| line.len() as u64 + 1).sum::<u64>();
                return Err(io::Error::other("another process has written to it meanwhile; start again"));
            }
            lines.write(values).map(drop)
        })
    }

    /// Writes a value that follows what is there: `see` is shown the lines that another process has written since, then `make` makes it. Gives
    /// the line.
    pub(crate) fn follow<T: Serialize>(
        &mut self,
        mut see: impl FnMut(&[u8]),
        make: impl FnOnce() -> T,
    ) -> io::Result<(T, Vec<u8>)> {
        self.alone(|lines, news| {
            for line in &news {
                see(line);
            }
            let value = make();
            let mut line = lines.write(std::slice::from_ref(&value))?;
            line.pop();
            Ok((value, line))
        })
    }

    /// Does something while no other process writes, with the lines that are new since the last time.
    fn alone<R>(&mut self, act: impl FnOnce(&mut Self, Vec<Vec<u8>>) -> io::Result<R>) -> io::Result<R> {
        self.file.lock()?;
        let done = self.news().and_then(|news| act(self, news));
        let unlocked = self.file.unlock();
        done.and_then(|done| unlocked.map(|()| done))
    }

    fn news(&mut self) -> io::Result<Vec<Vec<u8>>> {
        let length = self.file.seek(SeekFrom::End(0))?;
        if length < self.end {
            return Err(io::Error::other("it has become shorter since it was opened"));
        }
        self.file.seek(SeekFrom::Start(self.end))?;
        let mut bytes = Vec::new();
        self.file.read_to_end(&mut bytes)?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        if whole < bytes.len() {
            tracing::warn!("an unfinished last line of a file was cut off");
            self.file.set_len(self.end + whole as u64).and_then(|()| self.file.sync_all())?;
            bytes.truncate(whole);
        }
        self.end += whole as u64;
        Ok(bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(<[u8]>::to_vec).collect())
    }

    /// Writes lines and syncs them. What fails is taken back as far as the disk allows. Gives the lines with their ends.
    fn write(&mut self, values: &[impl Serialize]) -> io::Result<Vec<u8>> {
        if let Some(why) = &self.broken {
            return Err(io::Error::other(format!("an earlier line could not be written ({why}); start again")));
        }
        let mut bytes = Vec::new();
        for value in values {
            serde_json::to_writer(&mut bytes, value)?;
            bytes.push(b'\n');
        }
        if let Err(error) = self.file.write_all(&bytes).and_then(|()| self.file.sync_all()) {
            self.broken = Some(error.to_string());
            // Whether this works or not, the next opening cuts off what is not whole.
            drop(self.file.set_len(self.end));
            return Err(error);
        }
        self.end += bytes.len() as u64;
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
        lines.append_all(&["one"]).unwrap();
        lines.append_all(&[2]).unwrap();
        fs::write(&path, [fs::read(&path).unwrap(), b"\"half of".to_vec()].concat()).unwrap();
        let (mut lines, before) = Lines::open(&path).unwrap();
        assert_eq!(before, [b"\"one\"".to_vec(), b"2".to_vec()]);
        lines.append_all(&[3]).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "\"one\"\n2\n3\n");
    }

    #[test]
    fn two_who_write_see_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        let ((mut one, _), (mut two, _)) = (Lines::open(&path).unwrap(), Lines::open(&path).unwrap());
        one.append_all(&[1]).unwrap();
        for _ in 0..2 {
            let refused = two.append_all(&[2]).unwrap_err().to_string();
            assert!(refused.contains("another process"), "it rests on what it has not seen: {refused}");
        }
        let mut seen = Vec::new();
        let (value, line) = two.follow(|line| seen.push(line.to_vec()), || 3).unwrap();
        assert_eq!((seen, value, line), (vec![b"1".to_vec()], 3, b"3".to_vec()));
        assert_eq!(fs::read_to_string(&path).unwrap(), "1\n3\n");
    }

    #[test]
    fn after_a_failure_nothing_is_written_until_it_is_opened_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        let (mut lines, _) = Lines::open(&path).unwrap();
        lines.append_all(&[1]).unwrap();
        // A file that is open for reading alone fails as a full disk does.
        lines.file = File::open(&path).unwrap();
        assert!(lines.append_all(&[2]).is_err());
        lines.file = OpenOptions::new().read(true).append(true).open(&path).unwrap();
        assert!(lines.append_all(&[3]).unwrap_err().to_string().contains("start again"));
        let (mut lines, before) = Lines::open(&path).unwrap();
        assert_eq!(before.len(), 1);
        lines.append_all(&[4]).unwrap();
    }
}
