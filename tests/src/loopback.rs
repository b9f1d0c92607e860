//! Ports of this machine that nobody holds.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, bail};

static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// Below the range from which the system takes the near end of connections (32768 and up): a port found free here is not
/// taken by a connection before the program it is meant for has opened it.
const PORTS: std::ops::Range<u16> = 12_000..32_000;

/// A port that nobody listens on and that this process has not given away before.
pub fn free_port() -> Result<u16> {
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    for _ in 0..1_000 {
        let port = u16::try_from(getrandom::u32()? % u32::from(PORTS.end - PORTS.start))? + PORTS.start;
        let is_free = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
        if is_free && given.insert(port) {
            return Ok(port);
        }
    }
    bail!("found no free port in a thousand tries")
}

/// Whether somebody accepts connections there.
pub fn answers(port: u16) -> bool {
    TcpStream::connect_timeout(&address(port), Duration::from_millis(200)).is_ok()
}

/// The loopback address of a port.
pub fn address(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}
