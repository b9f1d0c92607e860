//! Ends the connections of kiosks that were taken off, on a broker that is a program of its own.
//!
//! A broker holds a certificate against its list when somebody comes in and never again: mosquitto 2.0 reads a new list at a SIGHUP, lets
//! nobody in who is on it, and lets whoever is in go on. But a name has one connection on a broker, and the newest has it. So the
//! aggregator takes the kiosk's place: it connects with a pass in the kiosk's name, says nothing, hears nothing, and thereby ends the connection
//! that was there, with all that waited for it. If it is pushed out of that place, the kiosk has come back in, so the broker has not read its list
//! yet; then it is done again. Whoever holds the place for a while without being pushed out is followed by nobody.
//!
//! This relies on nothing but MQTT (3.1.1, section 3.1.4: a second client of the same id ends the first). It costs no other kiosk its
//! connection, as a restart of the broker would.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rumqttc::{AsyncClient, Event, EventLoop, Packet};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use wardvoice_protocol::id::KioskId;

use super::link::Link;
use super::tls;
use crate::authority::SharedAuthority;

/// How many are put out at once.
const AT_ONCE: usize = 64;
/// Whoever is still let in comes back within this time: more than the longest wait of a kiosk between two tries.
const HOLD: Duration = Duration::from_mins(1);
const WAITS: Waits = Waits {
    patience: Duration::from_mins(10),
    between_tries: Duration::from_secs(1),
    between_late_tries: Duration::from_secs(30),
};
const GOODBYE: Duration = Duration::from_secs(5);

/// How long is waited for what.
#[derive(Debug, Clone, Copy)]
struct Waits {
    /// For a broker to read its list, or to come back, before somebody is told: in the log once, by an alert for as long as it is so.
    patience: Duration,
    between_tries: Duration,
    /// Once somebody was told.
    between_late_tries: Duration,
}

/// How it went to take a kiosk's place.
enum Place {
    /// It was had for as long as anybody needs to come back.
    Held,
    /// Somebody of the same name came in.
    PushedOut,
    /// The broker does not let anybody in at the moment.
    Unreached(String),
}

/// Hears of a kiosk that was taken off why it may still be on the broker, or that it is not.
pub type TellLingering = Arc<dyn Fn(&KioskId, Option<&str>) + Send + Sync>;

/// Keeps whoever is taken off from going on, until it is told to stop. What was taken off while nobody ran this is put out at the start.
pub async fn keep_out(link: Link, authority: SharedAuthority, tell: TellLingering, stopping: CancellationToken) {
    // Before the question, so that what is taken back meanwhile is not missed.
    let mut news = authority.issued().watch();
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut known: BTreeMap<KioskId, Timestamp> = BTreeMap::new();
    loop {
        let taken_off = authority.issued().taken_off();
        let mut new: Vec<_> = taken_off.iter().filter(|(kiosk, at)| known.get(*kiosk) != Some(*at)).collect();
        // Whoever was taken off last is the likeliest to be on still; at a start there may be hundreds from years ago.
        new.sort_by_key(|(_, at)| Reverse(**at));
        for (kiosk, at) in new {
            let eviction = Eviction {
                link: link.in_the_place_of(&authority, kiosk),
                authority: Arc::clone(&authority),
                places: Arc::clone(&places),
                tell: Arc::clone(&tell),
                kiosk: kiosk.clone(),
                taken_off: *at,
                waits: WAITS,
            };
            let stopping = stopping.clone();
            tokio::spawn(async move {
                tokio::select! {
                    () = eviction.run() => {}
                    () = stopping.cancelled() => {}
                }
            });
        }
        known = taken_off;
        tokio::select! {
            () = stopping.cancelled() => return,
            heard = news.changed() => if heard.is_err() { return },
        }
    }
}

/// One kiosk that is being put out.
struct Eviction {
    link: Link,
    authority: SharedAuthority,
    places: Arc<Semaphore>,
    tell: TellLingering,
    kiosk: KioskId,
    taken_off: Timestamp,
    waits: Waits,
}

impl Eviction {
    /// Takes the kiosk's place until nobody follows, or until it was taken in again. Somebody is told when that takes long, and it goes on.
    async fn run(&self) {
        let mut until = None;
        let mut is_told = false;
        while self.is_wanted() {
            let Ok(place) = self.places.acquire().await else { return };
            // A crowd that waits for its turn is no fault of the broker's.
            let until = *until.get_or_insert_with(|| Instant::now() + self.waits.patience);
            let went = take_place(&self.link).await;
            drop(place);
            let reason = match went {
                Place::Held => {
                    tracing::info!(kiosk = %self.kiosk, "a kiosk that was taken off is not on the broker any more");
                    break;
                }
                Place::PushedOut => "it was let in again".to_owned(),
                Place::Unreached(why) => why,
            };
            if Instant::now() < until {
                sleep(self.waits.between_tries).await;
                continue;
            }
            (self.tell)(&self.kiosk, Some(&reason));
            if !std::mem::replace(&mut is_told, true) {
                let list = self.authority.revoked_list();
                tracing::error!(
                    kiosk = %self.kiosk,
                    %reason,
                    list = %list.display(),
                    "a kiosk that was taken off may still be on the broker: see that the broker reads the list, and restart it"
                );
            }
            sleep(self.waits.between_late_tries).await;
        }
        (self.tell)(&self.kiosk, None);
    }

    /// Whether it is still off by what was taken back then; what came afterwards is another's affair.
    fn is_wanted(&self) -> bool {
        self.authority.issued().taken_off().get(&self.kiosk) == Some(&self.taken_off)
    }
}

async fn take_place(link: &Link) -> Place {
    let mut options = match link.options() {
        Ok(options) => options,
        Err(error) => return Place::Unreached(error.to_string()),
    };
    options.set_keep_alive(Duration::from_secs(10));
    let (client, mut events) = AsyncClient::new(options, 4);
    events.network_options.set_connection_timeout(5);
    if let Err(reason) = come_in(&mut events).await {
        return Place::Unreached(reason);
    }
    // Dropping the poll here is safe: nothing is under way but pings.
    let held = timeout(HOLD, stay(&mut events)).await.is_err();
    if !held {
        return Place::PushedOut;
    }
    if client.disconnect().await.is_ok() {
        // Whether the goodbye arrives is of no matter: the place is empty either way.
        drop(timeout(GOODBYE, stay(&mut events)).await);
    }
    Place::Held
}

/// Polls until the broker has let us in.
async fn come_in(events: &mut EventLoop) -> Result<(), String> {
    loop {
        match events.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(_))) => return Ok(()),
            Ok(_) => {}
            Err(error) => return Err(tls::why(&error)),
        }
    }
}

/// Polls until the connection ends.
async fn stay(events: &mut EventLoop) {
    while events.poll().await.is_ok() {}
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use std::net::TcpListener;

    use tokio::sync::mpsc;

    use super::*;
    use crate::authority::{Authority, CertificateRequest, testing};

    /// A broker that does not answer may let in whom it likes.
    #[tokio::test]
    async fn whoever_cannot_be_put_out_is_told_of_until_that_is_over() {
        let folder = tempfile::tempdir().unwrap();
        let authority: SharedAuthority = Arc::new(Authority::open(&folder.path().join("authority")).unwrap());
        let kiosk: KioskId = "k-0017".parse().unwrap();
        let now = Timestamp::now();
        let admit =
            || authority.admit(&kiosk, &CertificateRequest::read(&testing::request()).unwrap(), now).unwrap();
        admit();
        authority.revoke(&kiosk, now).unwrap();
        // A port that somebody had and that nobody listens on.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (heard, mut news) = mpsc::unbounded_channel();
        let eviction = Eviction {
            link: Link::new("127.0.0.1", port, kiosk.to_string()),
            authority: Arc::clone(&authority),
            places: Arc::new(Semaphore::new(1)),
            tell: Arc::new(move |kiosk: &KioskId, why: Option<&str>| {
                heard.send((kiosk.clone(), why.map(str::to_owned))).unwrap();
            }),
            kiosk: kiosk.clone(),
            taken_off: authority.issued().taken_off().get(&kiosk).copied().unwrap(),
            waits: Waits {
                patience: Duration::ZERO,
                between_tries: Duration::from_millis(1),
                between_late_tries: Duration::from_millis(1),
            },
        };
        let putting_out = tokio::spawn(async move { eviction.run().await });
        for _ in 0..2 {
            let (who, why) = news.recv().await.unwrap();
            assert_eq!(who, kiosk);
            assert!(why.is_some_and(|why| !why.is_empty()), "it is not said why, or that it is over");
        }
        // Taken in again: it may be where it is.
        admit();
        putting_out.await.unwrap();
        let mut last = None;
        while let Some(told) = news.recv().await {
            last = Some(told);
        }
        assert_eq!(last, Some((kiosk, None)), "nobody is told that it is over");
    }
}
