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
/// How long a broker has to read its list, or to come back, before somebody is told.
const PATIENCE: Duration = Duration::from_mins(10);
const BETWEEN_TRIES: Duration = Duration::from_secs(1);
const GOODBYE: Duration = Duration::from_secs(5);

/// How it went to take a kiosk's place.
enum Place {
    /// It was had for as long as anybody needs to come back.
    Held,
    /// Somebody of the same name came in.
    PushedOut,
    /// The broker does not let anybody in at the moment.
    Unreached(String),
}

/// Keeps whoever is taken off from going on, until it is told to stop. What was taken off while nobody ran this is put out at the start.
pub async fn keep_out(link: Link, authority: SharedAuthority, stopping: CancellationToken) {
    // Before the question, so that what is taken back meanwhile is not missed.
    let mut news = authority.issued().watch();
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut known: BTreeMap<KioskId, Timestamp> = BTreeMap::new();
    loop {
        let taken_off = authority.issued().taken_off();
        let mut new: Vec<_> = taken_off.iter().filter(|(kiosk, at)| known.get(*kiosk) != Some(*at)).collect();
        // Whoever was taken off last is the likeliest to be on still; at a start there may be hundreds from years ago.
        new.sort_by_key(|(_, at)| Reverse(**at));
        for (kiosk, _) in new {
            let (link, authority) = (link.in_the_place_of(&authority, kiosk), Arc::clone(&authority));
            let (places, stopping, kiosk) = (Arc::clone(&places), stopping.clone(), kiosk.clone());
            tokio::spawn(async move {
                let Ok(_place) = places.acquire_owned().await else { return };
                tokio::select! {
                    () = put_out(&link, &authority, &kiosk) => {}
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

/// Takes a kiosk's place until nobody follows, or until it was taken in again.
async fn put_out(link: &Link, authority: &SharedAuthority, kiosk: &KioskId) {
    let until = Instant::now() + PATIENCE;
    let mut reason = String::new();
    while authority.issued().is_taken_off(kiosk) {
        match take_place(link).await {
            Place::Held => {
                tracing::info!(%kiosk, "a kiosk that was taken off is not on the broker any more");
                return;
            }
            Place::PushedOut => "it was let in again".clone_into(&mut reason),
            Place::Unreached(why) => reason = why,
        }
        if Instant::now() >= until {
            let list = authority.revoked_list();
            tracing::error!(
                %kiosk,
                %reason,
                list = %list.display(),
                "a kiosk that was taken off may still be on the broker: see that the broker reads the list, and restart it"
            );
            return;
        }
        sleep(BETWEEN_TRIES).await;
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
