//! The settings of this command line: where they are, what a flag says instead, and what `config` and `directory` say of them.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;

use super::{Arguments, checks, routes, say};
use crate::config::{self, Config, ConfigFile, Overrides, Required};
use crate::{directory, premises};

#[derive(Debug, Clone, clap::Args)]
pub(super) struct Places {
    /// Use a broker of your own: mqtt://host:port, or mqtts://host:port for TLS.
    #[arg(long, value_name = "URL")]
    broker: Option<String>,
    /// Certificates (PEM) that the broker's is checked with, for mqtts://; the system's when absent.
    #[arg(long, value_name = "FILE", conflicts_with = "broker_listen")]
    ca: Option<PathBuf>,
    /// Where the broker inside listens; port 0 is any free port.
    #[arg(long, value_name = "ADDRESS", conflicts_with = "broker")]
    broker_listen: Option<String>,
    /// Where pages are served; port 0 is any free port.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Print every setting with its default and its meaning.
    Print,
    /// Say whether the settings can be used.
    Check,
    /// Print every address that is served and the door it stands behind.
    Routes {
        /// Print them as JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum DirectoryCommand {
    /// Print a small directory.
    Example,
    /// Say whether the directory of the data folder can be used.
    Check,
}

impl Places {
    fn overrides(&self) -> Overrides {
        Overrides {
            broker_url: self.broker.clone(),
            broker_ca: self.ca.clone(),
            broker_listen: self.broker_listen.clone(),
            web_listen: self.listen.clone(),
        }
    }
}

impl ConfigCommand {
    pub(super) fn run(&self, arguments: &Arguments) -> Result<ExitCode> {
        match self {
            Self::Print => say::text(&config::template()).map(|()| ExitCode::SUCCESS),
            Self::Check => checks::settings(&arguments.data, &read(arguments)?),
            Self::Routes { json } => routes::run(*json),
        }
    }
}

impl DirectoryCommand {
    pub(super) fn run(&self, data: &Path) -> Result<ExitCode> {
        match self {
            Self::Example => say::text(directory::example_file()).map(|()| ExitCode::SUCCESS),
            Self::Check => checks::directory(data),
        }
    }
}

/// The settings.
pub(super) fn read(arguments: &Arguments) -> Result<Config> {
    of_folder(arguments, &arguments.data)
}

/// The settings of another data folder, unless others were named.
pub(super) fn of_folder(arguments: &Arguments, data: &Path) -> Result<Config> {
    checked(file(arguments, data)?)
}

/// The settings, but for what flags say of places.
pub(super) fn with(arguments: &Arguments, places: &Places) -> Result<Config> {
    checked(file(arguments, &arguments.data)?.with(places.overrides()))
}

/// The same for a demonstration.
pub(super) fn for_demonstration(arguments: &Arguments, places: &Places) -> Result<Config> {
    checked(file(arguments, &arguments.data)?.with(places.overrides()).for_demonstration())
}

fn file(arguments: &Arguments, data: &Path) -> Result<ConfigFile> {
    let (path, required) = match &arguments.config {
        Some(path) => (path.clone(), Required::Yes),
        None => (data.join("config.toml"), Required::No),
    };
    ConfigFile::load(&path, required).map_err(premises::failed)
}

fn checked(file: ConfigFile) -> Result<Config> {
    Config::try_from(file).map_err(premises::failed)
}
