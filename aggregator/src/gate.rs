//! The gate: where others come in over TLS. Pages, kiosks and enrolment stand behind one each.
//!
//! A handshake takes as long as whoever is outside likes, so each has a task of its own, a time within which it must be over, and
//! a place among those that may be under way ([`places`]), of which one address has a quarter at most; who comes in is handed on
//! one by one, and has its place until then. What is behind the gate never waits for a stranger who says nothing.
//!
//! [`Passes`] says whether whoever comes in has to show a pass of the built-in authority. A pass may end, or be taken back, at any moment
//! afterwards, which is for whoever is behind the gate to watch ([`pass_end`], [`Issued::watch`](crate::authority::Issued::watch)).

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, ResolvesServerCert, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use self::places::Places;
use self::standing::Standing;
use crate::authority::{Bearer, SharedAuthority, not_after};

pub(crate) mod places;
mod standing;

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How many handshakes may be under way.
const MOST_HANDSHAKES: usize = 1_024;
/// How many of them may be one address's.
const MOST_OF_ONE: usize = MOST_HANDSHAKES / 4;
/// How many that have come in may wait for whoever is behind the gate.
const WAITING: usize = 64;
/// How long a socket that gives errors is left alone.
const AFTER_ERROR: Duration = Duration::from_millis(500);

/// Somebody who has come in, and from where.
pub(crate) type Arrival = (TlsStream<TcpStream>, SocketAddr);

/// A gate that is open.
#[derive(Debug)]
pub(crate) struct Gate {
    arrivals: mpsc::Receiver<Arrival>,
    address: SocketAddr,
}

/// Who has to show a pass.
pub(crate) enum Passes<'a> {
    /// Nobody: browsers have none.
    None,
    /// Whoever has one: who joins has none yet.
    IfAny(&'a SharedAuthority),
    /// Everybody, and one that was not taken back.
    Needed(&'a SharedAuthority),
}

/// Why there is no gate.
#[derive(Debug, thiserror::Error)]
#[error("set up TLS: {0}")]
pub(crate) struct GateError(String);

/// What TLS is told. `protocols` are offered by name, for those who ask.
pub(crate) fn rules(
    shown: Arc<dyn ResolvesServerCert>,
    passes: &Passes<'_>,
    protocols: &[&str],
) -> Result<Arc<ServerConfig>, GateError> {
    let failed = |error: &dyn std::error::Error| GateError(error.to_string());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(&error))?;
    let checked = match passes {
        Passes::None => None,
        Passes::IfAny(authority) | Passes::Needed(authority) => Some(*authority),
    };
    let mut config = if let Some(authority) = checked {
        let mut roots = RootCertStore::empty();
        roots.add(authority.certificate().clone()).map_err(|error| failed(&error))?;
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        let verifier: Arc<dyn ClientCertVerifier> = if let Passes::Needed(authority) = passes {
            let verifier = verifier.build().map_err(|error| failed(&error))?;
            Arc::new(Standing::new(verifier, Arc::clone(authority)))
        } else {
            verifier.allow_unauthenticated().build().map_err(|error| failed(&error))?
        };
        let mut config = builder.with_client_cert_verifier(verifier).with_cert_resolver(shown);
        // A session that goes on is not held against the clock again, and a pass may have ended meanwhile.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        config
    } else {
        builder.with_no_client_auth().with_cert_resolver(shown)
    };
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    Ok(Arc::new(config))
}

/// Whose pass was shown, if any was.
pub(crate) fn bearer(stream: &TlsStream<TcpStream>) -> Option<Bearer> {
    let (_, session) = stream.get_ref();
    Bearer::of(session.peer_certificates()?.first()?)
}

/// Until when the pass counts that was shown; none where none was, or it has no end.
pub(crate) fn pass_end(stream: &TlsStream<TcpStream>) -> Option<Timestamp> {
    let (_, session) = stream.get_ref();
    not_after(session.peer_certificates()?.first()?)
}

impl Gate {
    /// Opens a gate on a socket that listens. It closes when this is dropped.
    pub(crate) fn open(listener: TcpListener, rules: Arc<ServerConfig>) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let (let_in, arrivals) = mpsc::channel(WAITING);
        tokio::spawn(stand(listener, TlsAcceptor::from(rules), let_in));
        Ok(Self { arrivals, address })
    }

    /// Whoever comes in next; none when the gate is closed, which only its drop does.
    pub(crate) async fn next(&mut self) -> Option<Arrival> {
        self.arrivals.recv().await
    }

    /// Where it is.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn stand(listener: TcpListener, acceptor: TlsAcceptor, let_in: mpsc::Sender<Arrival>) {
    let places = Places::new(MOST_HANDSHAKES, MOST_OF_ONE, &[]);
    loop {
        let free = places.free().await;
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = let_in.closed() => return,
        };
        let (stream, from) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "nobody can come in at the moment");
                tokio::time::sleep(AFTER_ERROR).await;
                continue;
            }
        };
        let Some(place) = places.take(free, from.ip()) else {
            tracing::debug!(%from, "somebody has too many handshakes under way and was not let in");
            continue;
        };
        let (acceptor, let_in) = (acceptor.clone(), let_in.clone());
        tokio::spawn(async move {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "a connection was gone at once");
            }
            match timeout(HANDSHAKE, acceptor.accept(stream)).await {
                // Nobody is behind the gate any more only when everything ends.
                Ok(Ok(stream)) => drop(let_in.send((stream, from)).await),
                Ok(Err(error)) => tracing::debug!(%from, %error, "somebody was not let in"),
                Err(_) => tracing::debug!(%from, "somebody took too long to come in"),
            }
            // Not before: whoever has come in and is not taken over yet still has a socket.
            drop(place);
        });
    }
}

impl axum::serve::Listener for Gate {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> Arrival {
        match self.next().await {
            Some(arrival) => arrival,
            // The gate stands as long as this does.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}
