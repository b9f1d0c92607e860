//! What the service manager is told: that the aggregator is there, that it still turns, and that it ends.
//!
//! Vocabulary: systemd gives a socket (`NOTIFY_SOCKET`) and its *patience* (`WATCHDOG_USEC`); without a word in that time it ends the
//! program and starts it again.
//!
//! Invariants:
//! - It is there when pages and commands are answered, and not before; whoever waits for the service may use it.
//! - It still turns only while the threads of the pages come round and the facts can be read: a lock that is never given back is
//!   as bad as a program that has ended, and ends it. What takes long and is well (a rebuild, a deep verification) must fit into the patience
//!   that the unit gives.
//!
//! Failure modes: outside systemd there is nobody to tell, and nothing is said; a socket that takes nothing is no reason to stop.

use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::facts::Facts;

/// The service manager that started this process.
#[derive(Debug)]
pub(crate) struct Manager {
    socket: UnixDatagram,
    address: SocketAddr,
    every: Option<Duration>,
}

impl Manager {
    /// The one that the environment names; none outside systemd.
    pub(crate) fn from_environment() -> Option<Self> {
        let path = std::env::var("NOTIFY_SOCKET").ok()?;
        let usec = std::env::var("WATCHDOG_USEC").ok().and_then(|text| text.parse().ok());
        // The variable may have been meant for a parent.
        let meant = std::env::var("WATCHDOG_PID").map_or(true, |pid| pid == std::process::id().to_string());
        let found = Self::new(&path, usec.filter(|_| meant));
        found.inspect_err(|error| tracing::warn!(%error, "the service manager is told nothing")).ok()
    }

    fn new(path: &str, usec: Option<u64>) -> io::Result<Self> {
        let address = match path.strip_prefix('@') {
            Some(name) => SocketAddr::from_abstract_name(name)?,
            None => SocketAddr::from_pathname(path)?,
        };
        // Twice within its patience, as systemd asks for.
        let every = usec.filter(|usec| *usec > 0).map(|usec| Duration::from_micros(usec / 2));
        let socket = UnixDatagram::unbound()?;
        // One that does not read must hold up neither a thread of the pages nor the end.
        socket.set_nonblocking(true)?;
        Ok(Self { socket, address, every })
    }

    /// Pages and commands are answered; a line in words for `systemctl status`.
    pub(crate) fn ready(&self, status: &str) {
        let line = status.lines().next().unwrap_or_default();
        self.say(&format!("READY=1\nSTATUS={line}"));
    }

    /// The end has begun.
    pub(crate) fn stopping(&self) {
        self.say("STOPPING=1\nSTATUS=finishing what is under way");
    }

    fn turns(&self) {
        self.say("WATCHDOG=1");
    }

    fn say(&self, words: &str) {
        if let Err(error) = self.socket.send_to_addr(words.as_bytes(), &self.address) {
            tracing::debug!(%error, words, "the service manager does not listen");
        }
    }
}

/// Says that the program still turns, as long as it does.
pub(crate) async fn keep(manager: Arc<Manager>, facts: Arc<RwLock<Facts>>, stopping: CancellationToken) {
    let Some(every) = manager.every else { return };
    loop {
        let facts = Arc::clone(&facts);
        // On a thread of its own, so that waiting for the lock holds up nothing but these words.
        let read = tokio::task::spawn_blocking(move || {
            facts.read().unwrap_or_else(PoisonError::into_inner).len();
        });
        if read.await.is_ok() {
            manager.turns();
        }
        tokio::select! {
            () = stopping.cancelled() => return,
            () = tokio::time::sleep(every) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use std::sync::mpsc;

    use wardvoice_protocol::questionnaire::Questionnaire;

    use super::*;
    use crate::directory;
    use crate::facts::Vocabulary;

    fn facts() -> Arc<RwLock<Facts>> {
        let questionnaires = [Questionnaire::inpatient().unwrap()];
        let vocabulary = Vocabulary::new(&directory::example(), &questionnaires).unwrap();
        Arc::new(RwLock::new(Facts::new(Arc::new(vocabulary))))
    }

    fn heard(systemd: &UnixDatagram) -> String {
        let mut heard = [0; 256];
        let length = systemd.recv(&mut heard).unwrap();
        String::from_utf8(heard.get(..length).unwrap().to_vec()).unwrap()
    }

    #[test]
    fn systemd_hears_that_it_is_there_and_that_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let systemd = UnixDatagram::bind(&path).unwrap();
        let manager = Manager::new(path.to_str().unwrap(), Some(20_000_000)).unwrap();
        assert_eq!(manager.every, Some(Duration::from_secs(10)));
        manager.ready("pages at http://127.0.0.1:8080\nand no second line");
        manager.stopping();
        assert_eq!(heard(&systemd), "READY=1\nSTATUS=pages at http://127.0.0.1:8080");
        assert_eq!(heard(&systemd), "STOPPING=1\nSTATUS=finishing what is under way");
        let name = format!("wardvoice-aggregator-{}", std::process::id());
        let abstract_name = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        let manager = Manager::new(&format!("@{name}"), None).unwrap();
        assert_eq!(manager.every, None);
        manager.turns();
        assert_eq!(heard(&abstract_name), "WATCHDOG=1");
    }

    #[tokio::test]
    async fn it_turns_only_while_the_facts_can_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let systemd = tokio::net::UnixDatagram::bind(&path).unwrap();
        let manager = Arc::new(Manager::new(path.to_str().unwrap(), Some(20_000)).unwrap());
        let (facts, stopping) = (facts(), CancellationToken::new());
        let keeping = tokio::spawn(keep(manager, Arc::clone(&facts), stopping.clone()));
        let mut heard = [0; 64];
        for _ in 0..2 {
            let length = systemd.recv(&mut heard).await.unwrap();
            assert_eq!(heard.get(..length), Some(&b"WATCHDOG=1"[..]));
        }
        // Somebody takes the lock and does not give it back: what was under way is said, and nothing after it.
        let (give_back, until_given_back) = mpsc::channel::<()>();
        let (say_taken, is_taken) = mpsc::channel::<()>();
        let locked = Arc::clone(&facts);
        let holder = std::thread::spawn(move || {
            let _lock = locked.write().unwrap();
            say_taken.send(()).unwrap();
            // Ends with an error, once it is given back.
            let _given_back = until_given_back.recv();
        });
        is_taken.recv().unwrap();
        let patience = Duration::from_millis(400);
        let quiet = async { while tokio::time::timeout(patience, systemd.recv(&mut heard)).await.is_ok() {} };
        tokio::time::timeout(Duration::from_secs(20), quiet).await.unwrap();
        drop(give_back);
        holder.join().unwrap();
        let length = systemd.recv(&mut heard).await.unwrap();
        assert_eq!(heard.get(..length), Some(&b"WATCHDOG=1"[..]));
        stopping.cancel();
        keeping.await.unwrap();
    }
}
