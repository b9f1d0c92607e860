//! A disk that is small, fills up and can be made read-only: a real one, in memory, that only its story sees.
//!
//! The story starts its own test anew in a mount namespace of its own (`unshare` of util-linux), where it may mount one.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::programs;

/// Names the disk to the test that runs inside.
const DISK: &str = "WARDVOICE_TESTS_SMALL_DISK";

/// The disk.
#[derive(Debug)]
pub struct SmallDisk {
    path: PathBuf,
}

impl SmallDisk {
    /// Has a story happen on a disk of so many MB. `test` is the name of the test that asks, which is started anew.
    pub fn story(test: &str, megabytes: u32, story: impl FnOnce(&Self) -> Result<()>) -> Result<()> {
        if let Some(path) = std::env::var_os(DISK) {
            return story(&Self { path: path.into() });
        }
        let disk = tempfile::tempdir()?;
        let mount = format!("mount -t tmpfs -o size={megabytes}m wardvoice \"$0\" && exec \"$@\"");
        let status = Command::new(programs::installed("unshare", "util-linux")?)
            .args(["--user", "--map-root-user", "--mount", "sh", "-c", &mount])
            .arg(disk.path())
            .arg(std::env::current_exe()?)
            .args(["--exact", test, "--nocapture"])
            .env(DISK, disk.path())
            .status()
            .context("failed to start the story on its own disk")?;
        ensure!(status.success(), "the story on a small disk ended with {status}");
        Ok(())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Fills it to the last byte: what fits in a corner would be written.
    pub fn fill(&self) -> Result<()> {
        let mut file = File::create(self.filler())?;
        let mut block = vec![0x5a; 1 << 16];
        while !block.is_empty() {
            match file.write_all(&block) {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::StorageFull => block.truncate(block.len() / 2),
                Err(error) => return Err(error).context("failed to fill the disk"),
            }
        }
        Ok(())
    }

    /// Takes away what it was filled with.
    pub fn make_room(&self) -> Result<()> {
        fs::remove_file(self.filler()).context("failed to make room on the disk")
    }

    /// Lets nothing more be written, as a file system does by itself after an error of its disk.
    pub fn make_read_only(&self) -> Result<()> {
        self.remount("ro")
    }

    /// Lets things be written again.
    pub fn make_writable(&self) -> Result<()> {
        self.remount("rw")
    }

    fn remount(&self, how: &str) -> Result<()> {
        let status = Command::new(programs::installed("mount", "mount")?)
            .arg("-o")
            .arg(format!("remount,{how}"))
            .arg(&self.path)
            .status()
            .context("failed to run mount")?;
        ensure!(status.success(), "mounting the disk {how} ended with {status}");
        Ok(())
    }

    fn filler(&self) -> PathBuf {
        self.path.join("filler")
    }
}
