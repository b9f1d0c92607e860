//! A wall clock of a story's own: programs that are started with it see the machine's wall clock moved by as much as the story says, from
//! any moment on. Steady clocks go on as they are, as on a machine whose clock somebody sets by hand.
//!
//! It is a small library that is loaded into the program before the C library (`tests/clock/wall.c`, compiled when it is needed), so the
//! programs under test are exactly those that are shipped.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use jiff::{SignedDuration, Timestamp};

use crate::programs;

/// How the library is told where the clock's file is.
const PLACE: &str = "WARDVOICE_TESTS_CLOCK";
const SOURCE: &str = include_str!("../clock/wall.c");

/// A clock that a story sets.
#[derive(Debug, Clone)]
pub struct WallClock {
    library: PathBuf,
    place: PathBuf,
}

impl WallClock {
    /// Makes a clock that is right, with its files in a directory.
    pub fn make(directory: &Path, name: &str) -> Result<Self> {
        let source = directory.join(format!("{name}-clock.c"));
        let clock = Self {
            library: directory.join(format!("{name}-clock.so")),
            place: directory.join(format!("{name}-clock.seconds")),
        };
        fs::write(&source, SOURCE).with_context(|| format!("failed to write {}", source.display()))?;
        let output = Command::new(programs::installed("cc", "gcc")?)
            .args(["-shared", "-fPIC", "-O2", "-o"])
            .args([&clock.library, &source])
            .output()
            .context("failed to start the C compiler")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "the clock does not compile: {said}");
        fs::write(&clock.place, 0_i64.to_ne_bytes())?;
        Ok(clock)
    }

    /// Moves it: so far ahead of the machine's clock, or behind it, from this moment on.
    pub fn set(&self, ahead: SignedDuration) -> Result<()> {
        let file = File::options().write(true).open(&self.place).context("failed to open the clock's file")?;
        // In place and in one write: the programs look at the very same bytes.
        file.write_all_at(&ahead.as_secs().to_ne_bytes(), 0).context("failed to set the clock")
    }

    /// Moves it such that it says this now.
    pub fn set_to(&self, now: Timestamp) -> Result<()> {
        self.set(now.duration_since(Timestamp::now()))
    }

    /// Lets a program live by it.
    pub fn wind(&self, command: &mut Command) {
        command.env("LD_PRELOAD", &self.library).env(PLACE, &self.place);
    }
}
