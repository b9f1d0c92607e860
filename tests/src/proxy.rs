//! A wire that can be cut: a TCP proxy on loopback between a client and a broker.
//!
//! `cut` ends every connection in order, `reset` ends them with RST and so loses what is under way, `stall` keeps them
//! open and lets nothing through, `refuse` lets nobody in. The port stays the same over the broker's restarts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use anyhow::{Context as _, Result};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

use crate::loopback;

/// What may be done to the connections there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Cut,
    Reset,
}

#[derive(Debug)]
struct Wire {
    upstream: u16,
    /// The number and kind of the last end; a connection that sees it change ends that way.
    ends: watch::Sender<(u64, End)>,
    stalled: watch::Sender<bool>,
    refusing: AtomicBool,
    carried: AtomicU64,
}

/// A proxy. Dropping it ends every connection and closes its port.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    wire: Arc<Wire>,
    _runtime: Runtime,
}

impl Proxy {
    /// Starts a proxy to a port of this machine.
    pub fn start(upstream: u16) -> Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("proxy")
            .enable_all()
            .build()
            .context("failed to start the proxy's runtime")?;
        let listener = runtime
            .block_on(TcpListener::bind(loopback::address(0)))
            .context("failed to open the proxy's port")?;
        let port = listener.local_addr()?.port();
        let wire = Arc::new(Wire {
            upstream,
            ends: watch::Sender::new((0, End::Cut)),
            stalled: watch::Sender::new(false),
            refusing: AtomicBool::new(false),
            carried: AtomicU64::new(0),
        });
        runtime.spawn(accept(listener, Arc::clone(&wire)));
        Ok(Self { port, wire, _runtime: runtime })
    }

    /// The port to connect to.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The broker's address as kiosks and the aggregator take it.
    pub fn url(&self) -> String {
        format!("mqtt://127.0.0.1:{}", self.port)
    }

    /// Ends every connection in order.
    pub fn cut(&self) {
        self.wire.ends.send_modify(|(number, end)| (*number, *end) = (*number + 1, End::Cut));
    }

    /// Ends every connection with RST: what was under way is lost.
    pub fn reset(&self) {
        self.wire.ends.send_modify(|(number, end)| (*number, *end) = (*number + 1, End::Reset));
    }

    /// Keeps the connections and carries nothing until [`Proxy::flow`].
    pub fn stall(&self) {
        self.wire.stalled.send_replace(true);
    }

    /// Carries again.
    pub fn flow(&self) {
        self.wire.stalled.send_replace(false);
    }

    /// Whether new connections are turned away.
    pub fn refuse(&self, refusing: bool) {
        self.wire.refusing.store(refusing, Ordering::SeqCst);
    }

    /// How many bytes were carried, both ways together.
    pub fn carried(&self) -> u64 {
        self.wire.carried.load(Ordering::Relaxed)
    }
}

async fn accept(listener: TcpListener, wire: Arc<Wire>) {
    while let Ok((near, _)) = listener.accept().await {
        if wire.refusing.load(Ordering::SeqCst) {
            continue;
        }
        tokio::spawn(carry(near, Arc::clone(&wire)));
    }
}

async fn carry(mut near: TcpStream, wire: Arc<Wire>) {
    let Ok(mut far) = TcpStream::connect(loopback::address(wire.upstream)).await else { return };
    if near.set_nodelay(true).is_err() || far.set_nodelay(true).is_err() {
        return;
    }
    let mut ends = wire.ends.subscribe();
    let ended = {
        let (near_read, near_write) = near.split();
        let (far_read, far_write) = far.split();
        tokio::select! {
            // Either direction's end is the connection's end.
            () = copy(near_read, far_write, &wire) => End::Cut,
            () = copy(far_read, near_write, &wire) => End::Cut,
            _ = ends.changed() => ends.borrow().1,
        }
    };
    if ended == End::Reset {
        // A socket that is already gone cannot be reset and need not be.
        drop(near.set_zero_linger());
        drop(far.set_zero_linger());
    }
}

async fn copy(mut from: ReadHalf<'_>, mut to: WriteHalf<'_>, wire: &Wire) {
    let mut stalled = wire.stalled.subscribe();
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length) = from.read(&mut buffer).await {
        let Some(piece) = buffer.get(..length).filter(|piece| !piece.is_empty()) else { break };
        if stalled.wait_for(|stalled| !stalled).await.is_err() || to.write_all(piece).await.is_err() {
            break;
        }
        wire.carried.fetch_add(length as u64, Ordering::Relaxed);
    }
}
