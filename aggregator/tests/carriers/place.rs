//! A broker, the aggregator's line to it, and an inbox that says yes to everything.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use wardvoice_aggregator::broker::Broker;
use wardvoice_aggregator::ingest::mqtt::{Inbox, Letter, Line, Link, Messenger, Unconnected};
use wardvoice_protocol::id::Hash;
use wardvoice_protocol::keys::SigningKey;
use wardvoice_protocol::receipt::{Decision, Verdict};
use wardvoice_protocol::status::{Introduction, Presence, Status};

/// What came in, to be looked at.
#[derive(Debug, Clone, Default)]
pub(crate) struct Came(Arc<Mutex<Everything>>);

#[derive(Debug, Default)]
struct Everything {
    records: Vec<(String, Vec<u8>)>,
    statuses: Vec<(String, bool)>,
    introductions: Vec<Introduction>,
}

impl Came {
    pub(crate) fn records(&self) -> Vec<(String, Vec<u8>)> {
        self.0.lock().unwrap().records.clone()
    }

    pub(crate) fn statuses(&self) -> Vec<(String, bool)> {
        self.0.lock().unwrap().statuses.clone()
    }

    pub(crate) fn introductions(&self) -> Vec<Introduction> {
        self.0.lock().unwrap().introductions.clone()
    }

    pub(crate) fn wait(&self, what: &str, patience: Duration, done: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + patience;
        while !done(self) {
            assert!(Instant::now() < deadline, "{what} did not come: {} records came", self.records().len());
            thread::park_timeout(Duration::from_millis(5));
        }
    }
}

struct Yes {
    came: Came,
    messenger: Messenger,
}

impl Inbox for Yes {
    fn records(&mut self, letters: Vec<Letter>) {
        for Letter { arrival, ack } in letters {
            let envelope = Hash::of(&arrival.payload);
            let kept = (arrival.kiosk.to_string(), arrival.payload);
            self.came.0.lock().unwrap().records.push(kept);
            let verdict = Verdict { envelope, record: None, sequence: None, decision: Decision::Accepted };
            self.messenger.receipt(arrival.kiosk, vec![verdict], vec![ack]);
        }
    }

    fn status(&mut self, status: Status) {
        let online = matches!(status.presence, Presence::Online(_));
        self.came.0.lock().unwrap().statuses.push((status.kiosk.to_string(), online));
    }

    fn introductions(&mut self, introductions: Vec<Introduction>) {
        self.came.0.lock().unwrap().introductions.extend(introductions);
    }
}

/// A broker with the aggregator's line to it.
pub(crate) struct Place {
    pub(crate) kiosk_port: u16,
    pub(crate) signing_key: SigningKey,
    pub(crate) inbox: Came,
    link: Link,
    line: Mutex<Option<Line>>,
}

impl Place {
    pub(crate) fn embedded() -> Self {
        let broker = Broker::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
        Self::over(broker.address().port(), broker.own_link().clone())
    }

    pub(crate) fn mosquitto(mosquitto: &Mosquitto) -> Self {
        Self::over(mosquitto.port, Link::new("127.0.0.1", mosquitto.port, "wardvoice-aggregator"))
    }

    fn over(kiosk_port: u16, link: Link) -> Self {
        let signing_key = SigningKey::from_bytes(&[1; 32]);
        let inbox = Came::default();
        let running = line(&link, &signing_key, &inbox);
        let place = Self { kiosk_port, signing_key, inbox, link, line: Mutex::new(Some(running)) };
        place.wait_connected(1);
        place
    }

    pub(crate) fn messenger(&self) -> Messenger {
        self.line.lock().unwrap().as_ref().unwrap().messenger()
    }

    pub(crate) fn wait_connected(&self, times: u64) {
        wait_connected(&self.messenger(), times);
    }

    /// The same client connects again, and what it is told goes to another inbox.
    pub(crate) fn second_line(&self) -> Came {
        let inbox = Came::default();
        let line = line(&self.link, &self.signing_key, &inbox);
        wait_connected(&line.messenger(), 1);
        inbox
    }

    pub(crate) fn finish(&self) {
        let line = self.line.lock().unwrap().take().unwrap();
        line.close_intake();
        line.finish(Duration::from_secs(10));
    }
}

fn line(link: &Link, signing_key: &SigningKey, came: &Came) -> Line {
    let unconnected = Unconnected::new();
    let inbox = Yes { came: came.clone(), messenger: unconnected.messenger() };
    unconnected.connect(link, signing_key.clone(), Box::new(inbox), Box::new(Vec::new)).unwrap()
}

fn wait_connected(messenger: &Messenger, times: u64) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !(messenger.is_connected() && messenger.counts().0 >= times) {
        assert!(Instant::now() < deadline, "the line did not connect");
        thread::park_timeout(Duration::from_millis(5));
    }
}

/// A mosquitto that keeps nothing.
pub(crate) struct Mosquitto {
    pub(crate) port: u16,
    directory: TempDir,
    process: Child,
}

impl Mosquitto {
    pub(crate) fn start() -> Self {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let directory = tempfile::tempdir().unwrap();
        let settings = format!(
            "listener {port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\nmax_queued_messages 0\n\
             max_inflight_messages 1000\n"
        );
        std::fs::write(directory.path().join("mosquitto.conf"), settings).unwrap();
        let process = spawn(directory.path(), port);
        Self { port, directory, process }
    }

    pub(crate) fn kill_and_start(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        self.process = spawn(self.directory.path(), self.port);
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn spawn(directory: &Path, port: u16) -> Child {
    let program = ["/usr/sbin/mosquitto", "/usr/bin/mosquitto", "/usr/local/sbin/mosquitto"]
        .into_iter()
        .find(|path| Path::new(path).exists())
        .unwrap_or_else(|| panic!("mosquitto is not installed: apt-get install mosquitto"));
    let process = Command::new(program)
        .arg("-c")
        .arg(directory.join("mosquitto.conf"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        assert!(Instant::now() < deadline, "mosquitto does not answer");
        thread::park_timeout(Duration::from_millis(10));
    }
    process
}
