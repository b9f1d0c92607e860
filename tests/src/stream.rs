//! A reader of server-sent events that notes when each arrives.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use crate::loopback;

/// An open stream. Dropping it closes the connection.
#[derive(Debug)]
pub struct EventStream {
    connection: TcpStream,
    events: Receiver<Event>,
}

/// An event.
#[derive(Debug, Clone)]
pub struct Event {
    /// When its last line was read.
    pub at: Instant,
    /// Its name, empty when it has none.
    pub name: String,
    /// Its data, lines joined by line feeds.
    pub data: String,
}

/// Nothing more comes.
#[derive(Debug)]
pub struct Ended;

impl EventStream {
    /// Opens `http://127.0.0.1:<port><path>` in a session and waits for the head of the answer.
    pub fn open(url: &str, session: &str) -> Result<Self> {
        let rest = url.strip_prefix("http://127.0.0.1:").context("the stream is not on this machine")?;
        let (port, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let mut connection = TcpStream::connect(loopback::address(port.parse()?))?;
        connection.set_nodelay(true)?;
        write!(connection, "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: text/event-stream\r\n")?;
        write!(connection, "Cookie: {session}\r\n\r\n")?;
        let mut reader = BufReader::new(connection.try_clone()?);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            ensure!(reader.read_line(&mut head)? > 0, "{url} closed the connection: {head}");
        }
        ensure!(head.contains(" 200 ") && head.contains("text/event-stream"), "{url} is no stream: {head}");
        let (sender, events) = mpsc::channel();
        std::thread::Builder::new().name("events".to_owned()).spawn(move || {
            let (mut name, mut data) = (String::new(), Vec::new());
            for line in reader.lines().map_while(Result::ok) {
                // Chunk sizes stand on lines of their own and match no field.
                if let Some(text) = line.strip_prefix("event:") {
                    text.trim().clone_into(&mut name);
                } else if let Some(text) = line.strip_prefix("data:") {
                    data.push(text.strip_prefix(' ').unwrap_or(text).to_owned());
                } else if line.trim_end().is_empty() && !data.is_empty() {
                    let event =
                        Event { at: Instant::now(), name: std::mem::take(&mut name), data: data.join("\n") };
                    data.clear();
                    if sender.send(event).is_err() {
                        return;
                    }
                }
            }
        })?;
        Ok(Self { connection, events })
    }

    /// The next event, nothing when none comes in time, and the end once nothing more comes.
    pub fn hear(&self, deadline: Duration) -> Result<Option<Event>, Ended> {
        match self.events.recv_timeout(deadline) {
            Ok(event) => Ok(Some(event)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(Ended),
        }
    }

    /// The next event, `None` when none comes in time.
    pub fn next(&self, deadline: Duration) -> Option<Event> {
        self.hear(deadline).ok().flatten()
    }
}

impl Drop for EventStream {
    fn drop(&mut self) {
        // The other side may have closed it before.
        drop(self.connection.shutdown(Shutdown::Both));
    }
}
