//! A mosquitto of a story's own: on a free port, its state in the story's directory, killed and started at will.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::certificates::Certificate;
use crate::loopback;
use crate::process::Process;
use crate::programs;
use crate::wait::{PATIENCE, until_true};

/// How a mosquitto is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setup {
    /// As Debian ships it: nothing persists, at most 1,000 messages wait for a client. It loses what it acknowledged.
    Default,
    /// As `deploy/mosquitto/wardvoice.conf` sets it up for a hospital: it saves every second and drops nothing.
    Tuned,
}

/// A mosquitto.
#[derive(Debug)]
pub struct Broker {
    directory: PathBuf,
    setup: Setup,
    port: u16,
    process: Option<Process>,
}

impl Broker {
    /// Starts a mosquitto and waits until it answers.
    pub fn start(directory: &Path, setup: Setup) -> Result<Self> {
        Self::start_with(directory, setup, None)
    }

    /// Starts a mosquitto that speaks TLS and nothing else.
    pub fn start_encrypted(directory: &Path, setup: Setup, certificate: &Certificate) -> Result<Self> {
        Self::start_with(directory, setup, Some(certificate))
    }

    fn start_with(directory: &Path, setup: Setup, certificate: Option<&Certificate>) -> Result<Self> {
        let port = loopback::free_port()?;
        let mut broker = Self { directory: directory.to_path_buf(), setup, port, process: None };
        let state = broker.state();
        fs::create_dir_all(&state).with_context(|| format!("failed to make {}", state.display()))?;
        broker.configure(certificate)?;
        broker.start_again()?;
        Ok(broker)
    }

    /// Starts a mosquitto with exactly the configuration that is shipped; only port, folders and user are the story's own. The folder
    /// holds what `authority issue` wrote.
    pub fn start_as_shipped(directory: &Path, certificates: &Path, port: u16) -> Result<Self> {
        let mut broker = Self { directory: directory.to_path_buf(), setup: Setup::Tuned, port, process: None };
        let state = broker.state();
        fs::create_dir_all(&state).with_context(|| format!("failed to make {}", state.display()))?;
        let shipped = programs::workspace().join("deploy/mosquitto");
        fs::copy(shipped.join("wardvoice.acl"), certificates.join("wardvoice.acl"))?;
        let text = fs::read_to_string(shipped.join("wardvoice.conf"))?;
        let text = text
            .replace("listener 8883", &format!("listener {port} 127.0.0.1"))
            .replace("/etc/mosquitto/wardvoice/", &format!("{}/", certificates.display()))
            .replace("/var/lib/wardvoice-broker/", &format!("{}/", certificates.display()))
            .replace("/var/lib/mosquitto/", &format!("{}/", state.display()));
        // As root, mosquitto would become a user that may not write to the story's directory.
        fs::write(directory.join("mosquitto.conf"), format!("user {}\n{text}", user()?))?;
        broker.start_again()?;
        Ok(broker)
    }

    /// Kills it and starts it again on the same port with another certificate.
    pub fn present(&mut self, certificate: &Certificate) -> Result<()> {
        self.kill()?;
        self.configure(Some(certificate))?;
        self.start_again()
    }

    /// What it and its predecessors have printed.
    pub fn output(&self) -> Result<String> {
        let path = self.directory.join("mosquitto.log");
        let bytes = fs::read(&path).with_context(|| format!("failed to read {}", path.display()))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The port it listens on, the same over restarts.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// SIGKILL.
    pub fn kill(&mut self) -> Result<()> {
        if let Some(mut process) = self.process.take() {
            process.kill()?;
        }
        Ok(())
    }

    /// Starts it again on the same port, with whatever it kept.
    pub fn start_again(&mut self) -> Result<()> {
        let program = programs::installed("mosquitto", "mosquitto")?;
        let mut command = Command::new(program);
        command.arg("-c").arg(self.directory.join("mosquitto.conf"));
        let mut process = Process::start("mosquitto", command, &self.directory)?;
        let port = self.port;
        until_true("mosquitto to answer", PATIENCE, || {
            process.must_be_running()?;
            Ok(loopback::answers(port))
        })?;
        self.process = Some(process);
        Ok(())
    }

    /// Reads its certificates and lists again, as `deploy/mosquitto/wardvoice-mosquitto-reload.service` makes it.
    pub fn reload(&self) -> Result<()> {
        let process = self.process.as_ref().context("mosquitto does not run")?;
        let before = process.output().matches("Reloading config").count();
        process.signal("HUP")?;
        until_true("mosquitto to read its configuration again", PATIENCE, || {
            Ok(process.output().matches("Reloading config").count() > before)
        })
    }

    /// Forgets every session and every waiting message: killed, emptied, started.
    pub fn drop_sessions(&mut self) -> Result<()> {
        self.kill()?;
        let state = self.state();
        fs::remove_dir_all(&state).with_context(|| format!("failed to empty {}", state.display()))?;
        fs::create_dir_all(&state)?;
        self.start_again()
    }

    /// The process, while it runs.
    pub fn process(&self) -> Option<&Process> {
        self.process.as_ref()
    }

    fn state(&self) -> PathBuf {
        self.directory.join("mosquitto")
    }

    fn configure(&self, certificate: Option<&Certificate>) -> Result<()> {
        let text = configuration(self.setup, self.port, &self.state(), certificate)?;
        fs::write(self.directory.join("mosquitto.conf"), text)?;
        Ok(())
    }
}

fn configuration(setup: Setup, port: u16, state: &Path, certificate: Option<&Certificate>) -> Result<String> {
    let mut text = format!("listener {port} 127.0.0.1\nallow_anonymous true\n");
    if let Some(Certificate { certificate, key }) = certificate {
        writeln!(text, "certfile {}\nkeyfile {}", certificate.display(), key.display())?;
    }
    // As root, mosquitto would become a user that may not write to the story's directory.
    writeln!(text, "user {}", user()?)?;
    if setup == Setup::Tuned {
        let shipped = programs::workspace().join("deploy/mosquitto/wardvoice.conf");
        let shipped =
            fs::read_to_string(&shipped).with_context(|| format!("failed to read {}", shipped.display()))?;
        // Who is let in is another story; here everybody is.
        let ours = [
            "listener ",
            "cafile ",
            "certfile ",
            "keyfile ",
            "crlfile ",
            "require_certificate ",
            "use_identity_as_username ",
            "use_username_as_clientid ",
            "allow_anonymous ",
            "acl_file ",
            "persistence_location ",
            "#",
        ];
        for line in shipped.lines().filter(|line| !ours.iter().any(|start| line.starts_with(start))) {
            writeln!(text, "{line}")?;
        }
        writeln!(text, "persistence_location {}/", state.display())?;
    }
    Ok(text)
}

fn user() -> Result<String> {
    let output = Command::new("id").arg("-un").output().context("failed to ask who runs this test")?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
