//! The reception: where browsers' connections are taken in, so many and for so long, before anything is known of who they are.
//!
//! `axum::serve` waits for ever: for a head that comes a byte an hour, for a form, for another request, for somebody who takes nothing of
//! what is sent. Each costs whoever lets it wait nothing, and us a socket and its buffers. So here
//!
//! - there are [`MOST`] connections, of which one address has [`MOST_OF_ONE`] (proxies of the settings and this machine have as many as
//!   there are: behind them stand many); whoever has its share is turned away, and everybody else waits for a place;
//! - a head, a form and a rest between two requests have a time each ([`Patience`]), and so has whoever takes nothing;
//! - a head has a length.
//!
//! What is being answered has no time: an open page is answered for hours. A pulse ([`pulse`]) knows which of the two it is, because the socket
//! alone cannot.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, BodyDataStream, Bytes, HttpBody as _};
use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, Request};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::serve::{IncomingStream, Listener};
use futures_util::{Stream, StreamExt as _, stream};
use tokio::time::{Instant, sleep};

use self::pulse::{Answering, Pulse};
use self::visit::Visit;
use crate::gate::places::Places;
use crate::network::Network;

mod pulse;
mod visit;

/// How many connections there are at once: two thousand open pages, and as many that come and go.
const MOST: usize = 4_096;
/// How many of them one address may have: a browser that loads a page has five or six for a minute, and behind an address that many share
/// two hundred people may come to work at the same time.
const MOST_OF_ONE: usize = MOST / 4;
/// How often it is said that an address has its share: whoever floods us must not flood the log too.
const TELL_EVERY: Duration = Duration::from_mins(1);

/// How long is waited for what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// For the head of a request, from its first byte on; of the first one, from the connection on.
    head: Duration,
    /// For a form, from its head on.
    form: Duration,
    /// For another request.
    idle: Duration,
    /// For somebody who takes nothing.
    stalled: Duration,
}

/// Of a network on which everything is slow.
const PATIENCE: Patience = Patience {
    head: Duration::from_secs(10),
    form: Duration::from_secs(20),
    // Longer than proxies keep a connection that nobody uses, which is a minute: a form that they send on one that we have just ended is lost.
    idle: Duration::from_secs(75),
    stalled: Duration::from_mins(1),
};

/// Who has connected.
#[derive(Debug, Clone)]
pub(crate) struct Visitor {
    address: SocketAddr,
    pulse: Pulse,
    patience: Patience,
}

/// Takes connections in at an entrance.
pub(crate) struct Reception<L> {
    entrance: L,
    places: Places,
    patience: Patience,
    /// When it was last said that an address has its share.
    told: Option<Instant>,
}

/// Serves pages to whoever comes in at an entrance, until it is told that enough is drained. Handlers learn the address of who connected.
pub(crate) async fn serve<L: Listener<Addr = SocketAddr>>(
    entrance: L,
    router: Router,
    proxies: &[Network],
    drained: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let places = Places::new(MOST, MOST_OF_ONE, proxies);
    serve_at(Reception { entrance, places, patience: PATIENCE, told: None }, router, drained).await
}

async fn serve_at<L: Listener<Addr = SocketAddr>>(
    reception: Reception<L>,
    router: Router,
    drained: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let router = router.layer(from_fn(attend)).into_make_service_with_connect_info::<Visitor>();
    axum::serve(reception, router).with_graceful_shutdown(drained).await
}

impl<L> Reception<L> {
    /// Says that somebody was turned away who may be many people.
    fn tell(&mut self, from: IpAddr) {
        if self.told.is_none_or(|told| told.elapsed() >= TELL_EVERY) {
            self.told = Some(Instant::now());
            tracing::warn!(
                %from,
                "an address has the {MOST_OF_ONE} connections that one may have, and others from there are turned away; if it is a \
                 proxy of the trust's, name it in web.trusted_proxies"
            );
        }
    }
}

impl<L: Listener<Addr = SocketAddr>> Listener for Reception<L> {
    type Io = Visit<L::Io>;
    type Addr = Visitor;

    async fn accept(&mut self) -> (Visit<L::Io>, Visitor) {
        loop {
            let free = self.places.free().await;
            let (stream, address) = self.entrance.accept().await;
            let Some(place) = self.places.take(free, address.ip()) else {
                self.tell(address.ip());
                continue;
            };
            let (pulse, patience) = (Pulse::new(), self.patience);
            let visit = Visit::new(stream, pulse.clone(), patience, place);
            return (visit, Visitor { address, pulse, patience });
        }
    }

    fn local_addr(&self) -> io::Result<Visitor> {
        let address = self.entrance.local_addr()?;
        Ok(Visitor { address, pulse: Pulse::new(), patience: self.patience })
    }
}

impl<L: Listener<Addr = SocketAddr>> Connected<IncomingStream<'_, Reception<L>>> for Visitor {
    fn connect_info(stream: IncomingStream<'_, Reception<L>>) -> Self {
        stream.remote_addr().clone()
    }
}

/// Lets the connection know what is being answered, and waits for a form for so long and no longer.
async fn attend(ConnectInfo(visitor): ConnectInfo<Visitor>, mut request: Request, next: Next) -> Response {
    let answering = visitor.pulse.answering();
    request.extensions_mut().insert(ConnectInfo(visitor.address));
    let response = next.run(request.map(|body| within(body, visitor.patience.form))).await;
    if response.body().size_hint().exact().is_some() {
        // It is all there; what is left is to write it, which has a time of its own.
        return response;
    }
    response.map(|body| Body::from_stream(Answer { parts: body.into_data_stream(), _answering: answering }))
}

/// An answer whose end is not known: until it is over or dropped, it is being made.
struct Answer {
    parts: BodyDataStream,
    _answering: Answering,
}

impl Stream for Answer {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().parts.poll_next_unpin(context)
    }
}

/// A body that fails when it has not come in time.
fn within(body: Body, patience: Duration) -> Body {
    if body.is_end_stream() {
        return body;
    }
    let state = Some((body.into_data_stream(), Box::pin(sleep(patience))));
    Body::from_stream(stream::unfold(state, |state| async move {
        let (mut parts, mut late) = state?;
        tokio::select! {
            biased;
            part = parts.next() => part.map(|part| (part.map_err(io::Error::other), Some((parts, late)))),
            () = late.as_mut() => Some((too_slow(), None)),
        }
    }))
}

fn too_slow() -> io::Result<Bytes> {
    Err(io::Error::new(io::ErrorKind::TimedOut, "what was sent did not come in time"))
}

#[cfg(test)]
mod tests;
