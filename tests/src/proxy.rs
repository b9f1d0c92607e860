//! A wire that can be cut: a TCP proxy on loopback between a client and a broker.
//!
//! `cut` ends every connection in order, `reset` ends them with RST and so loses what is under way, `stall` keeps them
//! open and lets nothing through, `refuse` lets nobody in, `drip` carries a few bytes at a time, `lead_to` leads whoever
//! comes elsewhere. The port stays the same over the broker's restarts.
//!
//! `lose` is a wire that loses packets, as programs at its ends see it: TCP loses no bytes, it sends again. So of the attempts to connect
//! the share that is lost fails; of the pieces that are carried the share that is lost comes a fifth of a second later, and later still if
//! it is lost twice; and one that is lost three times ends its connection with RST. It is a model: what is under it is loopback.

use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

use crate::loopback;

/// After how long Linux sends again what was lost, the first time.
const AGAIN: Duration = Duration::from_millis(200);
/// After how many losses in a row a connection is dead. Linux goes on for a quarter of an hour; that would be a stalled wire.
const GIVEN_UP: u32 = 3;
/// Between two pieces of a wire that drips.
const DRIP: Duration = Duration::from_millis(1);

/// What may be done to the connections there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Cut,
    Reset,
}

#[derive(Debug)]
struct Wire {
    upstream: AtomicU16,
    /// The number and kind of the last end; a connection that sees it change ends that way.
    ends: watch::Sender<(u64, End)>,
    stalled: watch::Sender<bool>,
    refusing: AtomicBool,
    carried: AtomicU64,
    /// How many bytes go at a time; 0 where it does not drip.
    drip: AtomicUsize,
    /// How many of a hundred are lost.
    loss: AtomicU32,
    random: Mutex<StdRng>,
    lost: AtomicU64,
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
            upstream: AtomicU16::new(upstream),
            ends: watch::Sender::new((0, End::Cut)),
            stalled: watch::Sender::new(false),
            refusing: AtomicBool::new(false),
            carried: AtomicU64::new(0),
            drip: AtomicUsize::new(0),
            loss: AtomicU32::new(0),
            random: Mutex::new(StdRng::seed_from_u64(u64::from(upstream))),
            lost: AtomicU64::new(0),
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

    /// Leads whoever comes from now on to another port of this machine.
    pub fn lead_to(&self, port: u16) {
        self.wire.upstream.store(port, Ordering::SeqCst);
    }

    /// Carries so many bytes at a time and rests a millisecond after each; 0 carries as fast as it can again.
    pub fn drip(&self, bytes: usize) {
        self.wire.drip.store(bytes, Ordering::SeqCst);
    }

    /// Loses so many of a hundred attempts to connect and pieces that are carried, drawn from a seed; 0 loses nothing any more.
    pub fn lose(&self, percent: u32, seed: u64) {
        *self.wire.random.lock().unwrap_or_else(PoisonError::into_inner) = StdRng::seed_from_u64(seed);
        self.wire.loss.store(percent, Ordering::SeqCst);
    }

    /// How many attempts and pieces were lost.
    pub fn lost(&self) -> u64 {
        self.wire.lost.load(Ordering::Relaxed)
    }

    /// How many bytes were carried, both ways together.
    pub fn carried(&self) -> u64 {
        self.wire.carried.load(Ordering::Relaxed)
    }
}

impl Wire {
    /// Whether the next thing is lost.
    fn loses(&self) -> bool {
        let percent = self.loss.load(Ordering::SeqCst);
        let lost = percent > 0
            && self.random.lock().unwrap_or_else(PoisonError::into_inner).random_range(0..100) < percent;
        self.lost.fetch_add(u64::from(lost), Ordering::Relaxed);
        lost
    }
}

async fn accept(listener: TcpListener, wire: Arc<Wire>) {
    while let Ok((near, _)) = listener.accept().await {
        if wire.refusing.load(Ordering::SeqCst) || wire.loses() {
            // A socket that is already gone cannot be reset and need not be.
            drop(near.set_zero_linger());
            continue;
        }
        tokio::spawn(carry(near, Arc::clone(&wire)));
    }
}

async fn carry(mut near: TcpStream, wire: Arc<Wire>) {
    let Ok(mut far) = TcpStream::connect(loopback::address(wire.upstream.load(Ordering::SeqCst))).await else {
        return;
    };
    if near.set_nodelay(true).is_err() || far.set_nodelay(true).is_err() {
        return;
    }
    let mut ends = wire.ends.subscribe();
    let ended = {
        let (near_read, near_write) = near.split();
        let (far_read, far_write) = far.split();
        tokio::select! {
            // Either direction's end is the connection's end.
            end = copy(near_read, far_write, &wire) => end,
            end = copy(far_read, near_write, &wire) => end,
            _ = ends.changed() => ends.borrow().1,
        }
    };
    if ended == End::Reset {
        // A socket that is already gone cannot be reset and need not be.
        drop(near.set_zero_linger());
        drop(far.set_zero_linger());
    }
}

/// Carries one way until that ends; how.
async fn copy(mut from: ReadHalf<'_>, mut to: WriteHalf<'_>, wire: &Wire) -> End {
    let mut stalled = wire.stalled.subscribe();
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length) = from.read(&mut buffer).await {
        let Some(piece) = buffer.get(..length).filter(|piece| !piece.is_empty()) else { break };
        if stalled.wait_for(|stalled| !stalled).await.is_err() {
            break;
        }
        let mut losses = 0;
        while wire.loses() {
            losses += 1;
            if losses == GIVEN_UP {
                return End::Reset;
            }
            tokio::time::sleep(AGAIN * losses).await;
        }
        if write(&mut to, piece, wire).await.is_err() {
            break;
        }
        wire.carried.fetch_add(length as u64, Ordering::Relaxed);
    }
    End::Cut
}

async fn write(to: &mut WriteHalf<'_>, piece: &[u8], wire: &Wire) -> std::io::Result<()> {
    let mut rest = piece;
    while !rest.is_empty() {
        // Looked at each time, because it may stop dripping in the middle.
        let few = Some(wire.drip.load(Ordering::SeqCst)).filter(|few| *few > 0).unwrap_or(rest.len());
        let (now, later) = rest.split_at(few.min(rest.len()));
        to.write_all(now).await?;
        rest = later;
        if !rest.is_empty() {
            tokio::time::sleep(DRIP).await;
        }
    }
    Ok(())
}
