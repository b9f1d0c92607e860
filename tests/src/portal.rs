//! What stands in the place of a broker where a network wants somebody to sign in first: a captive portal, which answers whatever it is
//! asked with a page. In the clear, or over TLS with a certificate of its own.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::certificates::Certificate;
use crate::loopback;

const PAGE: &str = "HTTP/1.1 302 Found\r\nLocation: http://guests.example/sign-in\r\nContent-Type: text/html\r\n\
Content-Length: 55\r\nConnection: close\r\n\r\n<html><body>Please sign in to the network</body></html>";

/// How long a visitor may say nothing.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the portal has seen.
#[derive(Debug, Default)]
struct Seen {
    visitors: AtomicUsize,
    heard: Mutex<Vec<u8>>,
    closing: AtomicBool,
}

/// A captive portal. Dropping it closes it.
#[derive(Debug)]
pub struct Portal {
    port: u16,
    seen: Arc<Seen>,
    door: Option<JoinHandle<()>>,
}

impl Portal {
    /// Opens one in the clear, or with a certificate of its own.
    pub fn open(certificate: Option<&Certificate>) -> Result<Self> {
        let config = certificate.map(config).transpose()?;
        let listener = TcpListener::bind(loopback::address(0)).context("failed to open the portal's port")?;
        let port = listener.local_addr()?.port();
        let seen = Arc::new(Seen::default());
        let watched = Arc::clone(&seen);
        let door = std::thread::Builder::new().name("portal".to_owned()).spawn(move || {
            for visitor in listener.incoming() {
                if watched.closing.load(Ordering::SeqCst) {
                    return;
                }
                let (Ok(visitor), seen, config) = (visitor, Arc::clone(&watched), config.clone()) else {
                    continue;
                };
                seen.visitors.fetch_add(1, Ordering::SeqCst);
                // Whoever goes away in the middle is no trouble to the next.
                std::thread::spawn(move || drop(receive(visitor, config, &seen)));
            }
        })?;
        Ok(Self { port, seen, door: Some(door) })
    }

    /// The port it answers on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How many have come.
    pub fn visitors(&self) -> usize {
        self.seen.visitors.load(Ordering::SeqCst)
    }

    /// Everything that was said to it that it could read.
    pub fn heard(&self) -> Vec<u8> {
        self.seen.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Portal {
    fn drop(&mut self) {
        self.seen.closing.store(true, Ordering::SeqCst);
        // A last visitor wakes the door.
        drop(TcpStream::connect_timeout(&loopback::address(self.port), PATIENCE));
        if let Some(door) = self.door.take()
            && door.join().is_err()
        {
            tracing::warn!("the portal panicked");
        }
    }
}

fn config(certificate: &Certificate) -> Result<Arc<ServerConfig>> {
    let chain = CertificateDer::pem_file_iter(&certificate.certificate)?.collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_file(&certificate.key)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    Ok(Arc::new(config))
}

fn receive(visitor: TcpStream, config: Option<Arc<ServerConfig>>, seen: &Seen) -> Result<()> {
    visitor.set_read_timeout(Some(PATIENCE))?;
    visitor.set_write_timeout(Some(PATIENCE))?;
    match config {
        Some(config) => answer(StreamOwned::new(ServerConnection::new(config)?, visitor), seen),
        None => answer(visitor, seen),
    }
}

fn answer(mut visitor: impl Read + Write, seen: &Seen) -> Result<()> {
    let mut asked = [0; 4_096];
    let length = visitor.read(&mut asked)?;
    seen.heard.lock().unwrap_or_else(PoisonError::into_inner).extend(asked.iter().take(length));
    visitor.write_all(PAGE.as_bytes())?;
    visitor.flush()?;
    Ok(())
}
