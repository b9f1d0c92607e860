//! The door for commands: a Unix socket in the data folder, so that they work while the server runs.
//!
//! One connection is one [`Request`]: a line of JSON, then for an import the lines to read. The answer is lines of JSON,
//! one [`Frame`] each: items as they come, progress while it takes, and one end. Only the user the aggregator runs as
//! can open the socket (mode 0600).
//!
//! Without a server the same commands open the data folder themselves; both ways run [`crate::operations`].

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use serde::{Deserialize, Serialize};

use crate::operations::{Request, Talk};

/// The longest path a socket may have, less some room.
const LONGEST_PATH: usize = 100;

/// One line of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Frame {
    /// Something asked for, as JSON text kept byte for byte.
    Item(String),
    /// How far it is.
    Progress {
        /// What is being done.
        what: String,
        /// How much is done.
        done: u64,
        /// Of how much.
        of: u64,
    },
    /// It is over; whether all was well.
    Done {
        /// False when a check found a fault.
        well: bool,
    },
    /// It is over, with an error.
    Failed(String),
}

/// Performs a request; returns whether all is well. Called on a thread of its own for each connection.
pub type Perform = dyn Fn(Request, &mut dyn Talk) -> anyhow::Result<bool> + Send + Sync;

/// The path of the socket of a data folder.
pub fn socket_path(data: &Path) -> PathBuf {
    data.join("control.sock")
}

/// Listens for commands until the process ends. The caller holds the log, so a socket that is there is a dead one's.
pub fn listen(data: &Path, perform: Arc<Perform>) -> io::Result<()> {
    let path = socket_path(data);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = at_short_path(&path, |path| UnixListener::bind(path))?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
    thread::Builder::new().name("control".to_owned()).spawn(move || {
        for stream in listener.incoming() {
            let perform = Arc::clone(&perform);
            let answered = stream.and_then(|stream| {
                thread::Builder::new().name("command".to_owned()).spawn(move || answer(&stream, &*perform))
            });
            if let Err(error) = answered {
                tracing::warn!(%error, "a command could not be taken");
            }
        }
    })?;
    Ok(())
}

/// Connects to the server of a data folder; `None` when there is none.
pub fn connect(data: &Path) -> io::Result<Option<UnixStream>> {
    match at_short_path(&socket_path(data), |path| UnixStream::connect(path)) {
        Ok(stream) => Ok(Some(stream)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Sends a request and what there is to read, and hands on the answer; returns whether all was well.
pub fn ask(stream: &UnixStream, request: &Request, talk: &mut dyn Talk) -> anyhow::Result<bool> {
    let mut to_server = BufWriter::new(stream);
    write_line(&mut to_server, request)?;
    to_server.flush()?;
    if request.reads() {
        while let Some(line) = talk.next_line()? {
            to_server.write_all(line.as_bytes())?;
            to_server.write_all(b"\n")?;
        }
        to_server.flush()?;
    }
    stream.shutdown(std::net::Shutdown::Write)?;
    for line in BufReader::new(stream).lines() {
        match serde_json::from_str(&line?)? {
            Frame::Item(text) => talk.item(&text)?,
            Frame::Progress { what, done, of } => talk.progress(&what, done, of),
            Frame::Done { well } => return Ok(well),
            Frame::Failed(reason) => anyhow::bail!(reason),
        }
    }
    anyhow::bail!("hear the end of the answer: the server ended; run the command again")
}

fn answer(stream: &UnixStream, perform: &Perform) {
    let mut lines = BufReader::new(stream);
    let mut request = String::new();
    let read = lines.read_line(&mut request);
    let mut talk = OverSocket { lines, out: BufWriter::new(stream) };
    let request = read.map_err(anyhow::Error::from).and_then(|_| Ok(serde_json::from_str(&request)?));
    let frame = match request.and_then(|request| perform(request, &mut talk)) {
        Ok(well) => Frame::Done { well },
        Err(error) => Frame::Failed(format!("{error:#}")),
    };
    let said = write_line(&mut talk.out, &frame).and_then(|()| talk.out.flush());
    if let Err(error) = said {
        tracing::debug!(%error, "a command went away before its answer");
    }
}

struct OverSocket<'a> {
    lines: BufReader<&'a UnixStream>,
    out: BufWriter<&'a UnixStream>,
}

impl Talk for OverSocket<'_> {
    fn item(&mut self, json: &str) -> anyhow::Result<()> {
        Ok(write_line(&mut self.out, &Frame::Item(json.to_owned()))?)
    }

    fn progress(&mut self, what: &str, done: u64, of: u64) {
        let said = write_line(&mut self.out, &Frame::Progress { what: what.to_owned(), done, of });
        if let Err(error) = said.and_then(|()| self.out.flush()) {
            tracing::debug!(%error, "progress could not be told");
        }
    }

    fn next_line(&mut self) -> anyhow::Result<Option<String>> {
        let mut line = String::new();
        let read = self.lines.read_line(&mut line)?;
        Ok((read > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned()))
    }
}

fn write_line(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

/// A socket's path has at most 108 bytes; a longer one is reached through its open folder.
fn at_short_path<T>(path: &Path, reach: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    if path.as_os_str().len() <= LONGEST_PATH {
        return reach(path);
    }
    let folder = File::open(path.parent().unwrap_or(Path::new(".")))?;
    let name = path.file_name().unwrap_or_default();
    reach(&Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string()).join(name))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;

    #[derive(Default)]
    struct Ears {
        items: Vec<String>,
        progress: Vec<(String, u64, u64)>,
        lines: Vec<&'static str>,
    }

    impl Talk for Ears {
        fn item(&mut self, json: &str) -> anyhow::Result<()> {
            self.items.push(json.to_owned());
            Ok(())
        }
        fn progress(&mut self, what: &str, done: u64, of: u64) {
            self.progress.push((what.to_owned(), done, of));
        }
        fn next_line(&mut self) -> anyhow::Result<Option<String>> {
            Ok((!self.lines.is_empty()).then(|| self.lines.remove(0).to_owned()))
        }
    }

    fn echo() -> Arc<Perform> {
        Arc::new(|request, talk: &mut dyn Talk| match request {
            Request::Import => {
                while let Some(line) = talk.next_line()? {
                    talk.progress("reading", 1, 2);
                    talk.item(&line)?;
                }
                Ok(true)
            }
            Request::KioskList => Ok(false),
            other => anyhow::bail!("do {other:?}"),
        })
    }

    #[test]
    fn items_progress_faults_and_errors_come_through() {
        let folder = tempfile::tempdir().unwrap();
        // A folder with a long name must work too.
        let data = folder.path().join("a-folder-with-a-rather-long-name".repeat(4));
        fs::create_dir_all(&data).unwrap();
        assert!(connect(&data).unwrap().is_none(), "no server yet");
        for _ in 0..2 {
            listen(&data, echo()).unwrap();
            let mut ears = Ears { lines: vec!["{\"value\":0.1}", "two"], ..Ears::default() };
            assert!(ask(&connect(&data).unwrap().unwrap(), &Request::Import, &mut ears).unwrap());
            assert_eq!(ears.items, ["{\"value\":0.1}", "two"]);
            assert_eq!(ears.progress, [("reading".to_owned(), 1, 2), ("reading".to_owned(), 1, 2)]);
            assert!(!ask(&connect(&data).unwrap().unwrap(), &Request::KioskList, &mut ears).unwrap());
            let failed = ask(&connect(&data).unwrap().unwrap(), &Request::Export, &mut ears).unwrap_err();
            assert_eq!(failed.to_string(), "do Export");
        }
        let mode = fs::metadata(socket_path(&data)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
