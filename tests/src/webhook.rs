//! A webhook of a story's own: a small HTTP server that takes messages, or is slow, broken or gone.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::loopback;
use crate::wait::until;

/// How a webhook behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// It answers with a status at once.
    Answers(u16),
    /// It takes what comes and never answers.
    Silent,
}

/// A message that came.
#[derive(Debug, Clone)]
pub struct Received {
    /// When all of it was there.
    pub at: Instant,
    /// Its headers, names in small letters.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Value,
}

/// A webhook on a port of its own, the same over every stop and start.
#[derive(Debug)]
pub struct Webhook {
    port: u16,
    shared: Arc<Shared>,
    running: Option<(Arc<AtomicBool>, JoinHandle<()>)>,
}

#[derive(Debug)]
struct Shared {
    manner: Mutex<Manner>,
    received: Mutex<Vec<Received>>,
}

impl Webhook {
    /// A webhook that is not there yet.
    pub fn prepare() -> Result<Self> {
        let shared = Shared { manner: Mutex::new(Manner::Answers(200)), received: Mutex::default() };
        Ok(Self { port: loopback::free_port()?, shared: Arc::new(shared), running: None })
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook", self.port)
    }

    /// Is there from now on.
    pub fn start(&mut self) -> Result<()> {
        let listener = TcpListener::bind(loopback::address(self.port)).context("failed to open a webhook")?;
        let stopped = Arc::new(AtomicBool::new(false));
        let (shared, seen) = (Arc::clone(&self.shared), Arc::clone(&stopped));
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if seen.load(Ordering::Acquire) {
                    return;
                }
                let shared = Arc::clone(&shared);
                if let Ok(stream) = stream {
                    thread::spawn(move || drop(take(&stream, &shared)));
                }
            }
        });
        self.running = Some((stopped, thread));
        Ok(())
    }

    /// Is gone from now on: connections are refused.
    pub fn stop(&mut self) {
        if let Some((stopped, thread)) = self.running.take() {
            stopped.store(true, Ordering::Release);
            // A connection wakes it, and then it sees that it is to stop.
            drop(TcpStream::connect(loopback::address(self.port)));
            drop(thread.join());
        }
    }

    /// Behaves so from now on.
    pub fn behaves(&self, manner: Manner) {
        *lock(&self.shared.manner) = manner;
    }

    /// Everything that has come, in order.
    pub fn received(&self) -> Vec<Received> {
        lock(&self.shared.received).clone()
    }

    /// Waits until so many messages have come, and gives them.
    pub fn until(&self, count: usize, deadline: Duration) -> Result<Vec<Received>> {
        until(&format!("{count} messages at the webhook"), deadline, || {
            Ok(Some(self.received()).filter(|received| received.len() >= count))
        })
    }
}

impl Received {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The id in the header, which must be the one in the body.
    pub fn id(&self) -> Result<&str> {
        let id = self.header("idempotency-key").context("no idempotency key")?;
        anyhow::ensure!(self.body.get("id").and_then(Value::as_str) == Some(id), "another id in {}", self.body);
        Ok(id)
    }
}

impl Drop for Webhook {
    fn drop(&mut self) {
        self.stop();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes requests of a connection until it ends.
fn take(stream: &TcpStream, shared: &Shared) -> Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let length = headers.iter().find(|(name, _)| name == "content-length").context("no length")?;
        let mut body = vec![0; length.1.parse()?];
        reader.read_exact(&mut body)?;
        let body = serde_json::from_slice(&body)?;
        lock(&shared.received).push(Received { at: Instant::now(), headers, body });
        let manner = *lock(&shared.manner);
        match manner {
            Manner::Answers(status) => {
                let mut stream = stream;
                write!(stream, "HTTP/1.1 {status} Said\r\ncontent-length: 0\r\n\r\n")?;
            }
            // The other end gives up first, and then there is nothing more to read.
            Manner::Silent => {}
        }
    }
}
