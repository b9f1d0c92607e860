//! A file of lines that only grows: what was written is never changed, so it is its own audit.
//!
//! A line is whole and synced before anybody is told of it; a last line that a power cut left unfinished is cut off when the file
//! is opened, as nobody was told of it.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

/// An open file.
#[derive(Debug)]
pub(crate) struct GrowingFile {
    file: File,
}

/// Lines with their numbers, from 1.
pub(crate) type Lines = Vec<(usize, Vec<u8>)>;

impl GrowingFile {
    /// Opens a file and gives its lines; one that is not there is made and has none.
    pub(crate) fn open(path: &Path) -> io::Result<(Self, Lines)> {
        let is_new = !path.exists();
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
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
        let lines = bytes.split(|byte| *byte == b'\n').enumerate().filter(|(_, line)| !line.is_empty());
        let lines = lines.map(|(place, line)| (place + 1, line.to_vec())).collect();
        Ok((Self { file }, lines))
    }

    /// Writes a line and syncs it; a line that fails is taken back, so that the next one does not follow half of it.
    pub(crate) fn append(&mut self, mut line: Vec<u8>) -> io::Result<()> {
        line.push(b'\n');
        let end = self.file.seek(SeekFrom::End(0))?;
        let written = self.file.write_all(&line).and_then(|()| self.file.sync_all());
        if written.is_err() {
            self.file.set_len(end)?;
        }
        written
    }
}
