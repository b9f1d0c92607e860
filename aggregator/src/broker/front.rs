//! The front of the broker on a network: TLS with a pass of the built-in authority, and behind it the broker on loopback.
//!
//! rmqtt can speak TLS, but with aws-lc, with certificates it reads once, and without a list of revoked ones. So the front ends the
//! encryption here and hands the bytes to the broker over a socket of its own on loopback. Who that is, the broker learns from the
//! socket's address: it is noted before the first byte goes through and forgotten before the socket closes, and no other
//! socket can have it meanwhile. Whoever connects to the broker behind the front's back has no such note and is refused.
//!
//! A pass that is taken back ends its connection at once, and one that ends does so with its last second: whoever has been given the next one by then
//! comes back with that. How long that is, is worked out when somebody comes in and goes by no clock that can be set, so that a clock that jumps
//! costs nobody a connection. One pass is good for [`MOST_OF_ONE`] connections at a time, so that a stolen one
//! cannot take all that there are.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::io::{AsyncWriteExt as _, copy, split};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use wardvoice_protocol::id::KioskId;

use crate::authority::{Bearer, SharedAuthority};
use crate::gate::{self, Arrival, Gate};

/// How many connections one kiosk may have. It needs one; after a network that comes and goes, the broker may not have noticed the
/// end of some.
const MOST_OF_ONE: usize = 16;
/// How long the last bytes may take.
const GOODBYE: Duration = Duration::from_secs(5);

/// Who is behind each of the front's sockets.
#[derive(Debug, Clone, Default)]
pub(super) struct Certified(Arc<Mutex<HashMap<SocketAddr, KioskId>>>);

/// A note that is forgotten when it is dropped.
struct Note<'a> {
    certified: &'a Certified,
    socket: SocketAddr,
}

impl Certified {
    /// Who is behind a socket.
    pub(super) fn of(&self, socket: SocketAddr) -> Option<KioskId> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&socket).cloned()
    }

    /// Notes who is behind a socket; nothing where it is one too many of the kiosk's.
    fn note(&self, socket: SocketAddr, kiosk: KioskId) -> Option<Note<'_>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.values().filter(|other| **other == kiosk).count() >= MOST_OF_ONE {
            return None;
        }
        known.insert(socket, kiosk);
        Some(Note { certified: self, socket })
    }
}

impl Drop for Note<'_> {
    fn drop(&mut self) {
        self.certified.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.socket);
    }
}

/// Lets kiosks through to the broker until the process ends.
pub(super) async fn stand(mut gate: Gate, broker: SocketAddr, certified: Certified, authority: SharedAuthority) {
    while let Some(arrival) = gate.next().await {
        let (certified, authority) = (certified.clone(), Arc::clone(&authority));
        tokio::spawn(async move {
            if let Err(error) = carry(arrival, broker, &certified, &authority).await {
                tracing::debug!(%error, "a kiosk's connection ended");
            }
        });
    }
}

async fn carry(
    (outside, from): Arrival,
    broker: SocketAddr,
    certified: &Certified,
    authority: &SharedAuthority,
) -> std::io::Result<()> {
    let Some(bearer) = gate::bearer(&outside) else {
        tracing::warn!(%from, "somebody with a certificate that is no kiosk's was refused");
        return Ok(());
    };
    // Before the question, so that what is taken back meanwhile is not missed.
    let mut changes = authority.issued().watch();
    let counts = |Bearer { kiosk, serial }: &Bearer| authority.issued().counts(serial.as_ref(), kiosk);
    if !counts(&bearer) {
        tracing::warn!(kiosk = %bearer.kiosk, %from, "a certificate that was taken back was refused");
        return Ok(());
    }
    let left = left(gate::pass_end(&outside), Timestamp::now());
    let inside = TcpStream::connect(broker).await?;
    inside.set_nodelay(true)?;
    let socket = inside.local_addr()?;
    let (mut from_broker, mut to_broker) = inside.into_split();
    let (mut from_kiosk, mut to_kiosk) = split(outside);
    // Dropped before the socket is.
    let Some(_note) = certified.note(socket, bearer.kiosk.clone()) else {
        tracing::warn!(kiosk = %bearer.kiosk, %from, "a kiosk with {MOST_OF_ONE} connections was refused another");
        return Ok(());
    };
    let taken_back = async {
        while changes.changed().await.is_ok() {
            if !counts(&bearer) {
                return;
            }
        }
        // The authority is there as long as the process.
        std::future::pending::<()>().await;
    };
    let over = async {
        match left {
            Some(left) => sleep(left).await,
            None => std::future::pending().await,
        }
    };
    let ended = tokio::select! {
        copied = copy(&mut from_kiosk, &mut to_broker) => copied.map(drop),
        copied = copy(&mut from_broker, &mut to_kiosk) => copied.map(drop),
        () = taken_back => {
            tracing::warn!(kiosk = %bearer.kiosk, %from, "a connection ended because its certificate was taken back");
            Ok(())
        }
        () = over => {
            tracing::info!(kiosk = %bearer.kiosk, %from, "a connection ended because its certificate has ended");
            Ok(())
        }
    };
    // Whoever is gone without a word does not take the goodbye.
    drop(timeout(GOODBYE, to_kiosk.shutdown()).await);
    ended
}

/// How long a pass counts from a moment on, its last second included; for ever where it has no end.
fn left(until: Option<Timestamp>, now: Timestamp) -> Option<Duration> {
    let left = until?.duration_since(now) + SignedDuration::from_secs(1);
    Some(if left.is_positive() { left.unsigned_abs() } else { Duration::ZERO })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;

    fn socket(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    #[test]
    fn a_pass_is_over_when_its_last_second_is() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let until = at("2027-04-04T12:00:00Z");
        for (now, seconds) in [
            ("2027-04-04T11:59:30Z", 31),
            ("2027-04-04T12:00:00Z", 1),
            ("2027-04-04T12:00:01Z", 0),
            ("2028-04-04T12:00:00Z", 0),
        ] {
            assert_eq!(left(Some(until), at(now)), Some(Duration::from_secs(seconds)), "{now}");
        }
        assert_eq!(left(None, until), None);
    }

    #[test]
    fn one_kiosk_has_a_bounded_number_of_connections_and_the_others_theirs() {
        let certified = Certified::default();
        let [one, other] = ["k-0001", "k-0002"].map(|id| KioskId::new(id).unwrap());
        let ports = 1..=u16::try_from(MOST_OF_ONE).unwrap();
        let notes: Vec<_> = ports.map(|port| certified.note(socket(port), one.clone()).unwrap()).collect();
        assert!(certified.note(socket(1_000), one.clone()).is_none());
        assert_eq!(certified.of(socket(1_000)), None, "it is nobody's");
        let _theirs = certified.note(socket(1_001), other.clone()).unwrap();
        assert_eq!(certified.of(socket(1_001)), Some(other));
        drop(notes);
        assert!(certified.note(socket(1_000), one).is_some());
        assert_eq!(certified.of(socket(1)), None);
    }
}
