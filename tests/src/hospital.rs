//! A hospital that takes kiosks in: a server with certificates, and the broker inside or a mosquitto of its own.

use std::fmt;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::aggregator::{Aggregator, Carrier};
use crate::broker::Broker;
use crate::faults::Bedside;
use crate::loopback;

/// A hospital that takes kiosks in.
pub struct Hospital {
    /// Its server.
    pub aggregator: Aggregator,
    broker: Option<Broker>,
    // Goes last: what still runs would write into it.
    directory: TempDir,
}

impl Hospital {
    /// One that kiosks reach by the broker in its server.
    pub fn with_the_broker_inside() -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("wardvoice-").tempdir()?;
        let mut aggregator = Aggregator::prepare(directory.path(), &Carrier::Certified)?;
        aggregator.start()?;
        Ok(Self { aggregator, broker: None, directory })
    }

    /// One with a mosquitto that is set up as `deploy/mosquitto` says.
    pub fn with_a_mosquitto() -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("wardvoice-").tempdir()?;
        let port = loopback::free_port()?;
        let mut aggregator = Aggregator::prepare(directory.path(), &Carrier::CertifiedExternal(port))?;
        let certificates = directory.path().join("certificates");
        let into = certificates.to_string_lossy().into_owned();
        aggregator.run(&["authority", "issue", "--name", "localhost", "--into", &into])?;
        let broker = Broker::start_as_shipped(directory.path(), &certificates, port)?;
        aggregator.start()?;
        Ok(Self { aggregator, broker: Some(broker), directory })
    }

    /// Where everything of it lies.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Takes in a kiosk, which does not run yet.
    pub fn enrol(&self, number: usize, ward: &str) -> Result<Bedside> {
        Bedside::enrol(number, ward, &self.aggregator, self.path())
    }

    /// Where kiosks reach the broker, as they were told.
    pub fn broker_port(&self) -> Result<u16> {
        match &self.broker {
            Some(broker) => Ok(broker.port()),
            None => self.aggregator.broker_port(),
        }
    }

    /// What its server has written.
    pub fn log(&self) -> Result<String> {
        Ok(fs::read_to_string(self.path().join("aggregator.log"))?)
    }

    /// Takes a kiosk off. A broker of the trust's own finds the new list where it reads it, and is told to read it as the units in
    /// `deploy/mosquitto` do.
    pub fn revoke(&self, id: &str) -> Result<()> {
        let list = self.path().join("certificates/revoked.pem");
        let before = fs::read(&list).ok();
        let revoked = self.aggregator.json(&["kiosk", "revoke", "--id", id])?;
        ensure!(revoked.get("certificates").and_then(Value::as_u64) == Some(1), "{revoked}");
        let told = revoked.get("broker").and_then(Value::as_str);
        if let Some(broker) = &self.broker {
            ensure!(told == Some("by_list"), "{revoked}");
            ensure!(revoked.get("revoked").and_then(Value::as_str) == list.to_str(), "{revoked}");
            ensure!(fs::read(&list).ok() != before, "the list is the old one");
            ensure!(fs::metadata(&list)?.permissions().mode() & 0o777 == 0o644, "mosquitto cannot read the list");
            broker.reload()?;
        } else {
            ensure!(told == Some("at_once"), "{revoked}");
        }
        Ok(())
    }
}

impl fmt::Debug for Hospital {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Hospital")
    }
}
