//! A story's place: a directory, an aggregator, and the broker between it and its kiosks.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use crate::aggregator::{Aggregator, Carrier};
use crate::broker::{Broker, Setup};

/// Which broker stands between kiosks and aggregator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Between {
    /// The one inside the aggregator.
    Embedded,
    /// A mosquitto set up for a hospital.
    Mosquitto,
    /// A mosquitto as Debian ships it, which loses things.
    MosquittoDefault,
}

/// A directory, an aggregator and a broker. Dropping it ends everything and removes the directory, unless the story
/// failed: then the directory stays and its name is said.
#[derive(Debug)]
pub struct Ward {
    /// The aggregator.
    pub aggregator: Aggregator,
    /// The broker, when it is a process of its own.
    pub broker: Option<Broker>,
    directory: Option<TempDir>,
    path: PathBuf,
}

impl Ward {
    /// Lays out a ward and starts its broker, if it has one of its own; the aggregator is not started.
    pub fn prepare(between: Between) -> Result<Self> {
        let directory =
            tempfile::Builder::new().prefix("wardvoice-").tempdir().context("failed to make a directory")?;
        let path = directory.path().to_path_buf();
        let broker = match between {
            Between::Embedded => None,
            Between::Mosquitto => Some(Broker::start(&path, Setup::Tuned)?),
            Between::MosquittoDefault => Some(Broker::start(&path, Setup::Default)?),
        };
        let carrier = broker
            .as_ref()
            .map_or(Carrier::Embedded, |broker| Carrier::External(format!("mqtt://127.0.0.1:{}", broker.port())));
        let aggregator = Aggregator::prepare(&path, &carrier)?;
        Ok(Self { aggregator, broker, directory: Some(directory), path })
    }

    /// A ward with everything started.
    pub fn open(between: Between) -> Result<Self> {
        let mut ward = Self::prepare(between)?;
        ward.aggregator.start()?;
        Ok(ward)
    }

    /// The port that kiosks connect to.
    pub fn broker_port(&self) -> Result<u16> {
        self.broker.as_ref().map_or_else(|| self.aggregator.broker_port(), |broker| Ok(broker.port()))
    }

    /// The address that kiosks connect to.
    pub fn broker_url(&self) -> Result<String> {
        Ok(format!("mqtt://127.0.0.1:{}", self.broker_port()?))
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Leaves the directory where it is, for a look at what went wrong.
    pub fn keep(&mut self) -> &Path {
        if let Some(directory) = self.directory.take() {
            self.path = directory.keep();
        }
        &self.path
    }
}

impl Drop for Ward {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let path = self.keep().display().to_string();
            tracing::error!("the story's directory is left in {path}");
        }
    }
}
