//! The kiosk's session as its unit starts it: a real compositor without a screen, X inside it, and the real window.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;
use wardvoice_tests::process::Process;
use wardvoice_tests::programs::{self, installed, workspace};
use wardvoice_tests::wait::{PATIENCE, until};

/// Somebody who owns nothing: the compositor refuses to be root.
const NOBODY: u32 = 65_534;

/// A folder that is the kiosk's user's, with the program in it, and a place for systemd to listen.
struct Place {
    folder: TempDir,
    systemd: UnixDatagram,
    is_root: bool,
}

impl Place {
    fn make() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let is_root = fs::metadata("/proc/self")?.uid() == 0;
        let path = folder.path();
        for name in ["run", "kiosk"] {
            fs::create_dir(path.join(name))?;
        }
        fs::copy(programs::kiosk()?, path.join("wardvoice-kiosk"))?;
        let systemd = UnixDatagram::bind(path.join("notify"))?;
        systemd.set_read_timeout(Some(PATIENCE))?;
        fs::set_permissions(path.join("run"), fs::Permissions::from_mode(0o700))?;
        if is_root {
            for name in ["", "run", "kiosk", "wardvoice-kiosk", "notify"] {
                chown(path.join(name), Some(NOBODY), Some(NOBODY))?;
            }
        }
        Ok(Self { folder, systemd, is_root })
    }

    fn program(&self) -> PathBuf {
        self.folder.path().join("wardvoice-kiosk")
    }

    /// Starts what the unit starts, as the kiosk's user and with what systemd says to it.
    fn start(&self) -> Result<Process> {
        let path = self.folder.path();
        let unit =
            fs::read_to_string(workspace().join("deploy/debian/wardvoice-kiosk-session/wardvoice-kiosk.service"))?;
        let line =
            unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).context("the unit starts nothing")?;
        let mut words = Vec::new();
        for word in line.split(' ') {
            match word {
                "/usr/bin/cage" => words.push(installed("cage", "cage")?),
                "/usr/bin/wardvoice-kiosk" => words.push(self.program()),
                "/var/lib/wardvoice-kiosk" => words.push(path.join("kiosk")),
                // Whatever becomes of a test, its window ends with its compositor.
                "/usr/bin/env" => {
                    words.push(installed("setpriv", "util-linux")?);
                    words.extend(["--pdeathsig", "KILL", "--", word].map(PathBuf::from));
                }
                _ => words.push(PathBuf::from(word)),
            }
        }
        ensure!(words.contains(&self.program()), "the unit starts another program: {line}");
        installed("Xwayland", "xwayland")?;
        let mut command = Command::new(installed("setpriv", "util-linux")?);
        if self.is_root {
            command.args([format!("--reuid={NOBODY}"), format!("--regid={NOBODY}"), "--clear-groups".to_owned()]);
        }
        command.args(["--pdeathsig", "KILL", "--"]).args(words);
        command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
        command.env("XDG_RUNTIME_DIR", path.join("run")).env("HOME", path);
        command.env("WLR_BACKENDS", "headless").env("WLR_RENDERER", "pixman").env("WLR_LIBINPUT_NO_DEVICES", "1");
        // systemd names its main process, which is the compositor.
        command.env("NOTIFY_SOCKET", path.join("notify")).env("WATCHDOG_USEC", "400000").env("WATCHDOG_PID", "1");
        Process::start("session", command, path)
    }

    /// The next word that systemd hears.
    fn heard(&self) -> Result<String> {
        let mut bytes = [0; 64];
        let length = self.systemd.recv(&mut bytes).context("systemd hears nothing")?;
        Ok(String::from_utf8_lossy(bytes.get(..length).unwrap_or_default()).into_owned())
    }

    /// The window's process.
    fn window(&self) -> Result<String> {
        let program = fs::canonicalize(self.program())?;
        until("the window's process", PATIENCE, || {
            for entry in fs::read_dir("/proc")?.flatten() {
                let name = entry.file_name().to_string_lossy().into_owned();
                if name.parse::<u32>().is_ok() && runs(&entry.path(), &program) {
                    return Ok(Some(name));
                }
            }
            Ok(None)
        })
    }
}

/// Whether a process runs a program.
fn runs(process: &Path, program: &Path) -> bool {
    fs::read_link(process.join("exe")).is_ok_and(|exe| exe == program)
}

#[test]
fn the_session_shows_the_window_and_ends_with_it_so_that_it_is_started_again() -> Result<()> {
    let place = Place::make()?;
    for _ in 0..2 {
        let mut session = place.start()?;
        let first = place.heard().with_context(|| session.last_words())?;
        ensure!(first == "READY=1", "the first word is {first:?}: {}", session.last_words());
        let second = place.heard().with_context(|| session.last_words())?;
        ensure!(second == "WATCHDOG=1", "a window that is well does not say so: {second:?}");
        session.must_be_running()?;
        let window = place.window()?;
        let killed = Command::new("kill").args(["-KILL", &window]).status()?;
        ensure!(killed.success(), "the window {window} cannot be killed");
        // Nobody is left with an empty screen: the unit's main process is gone, and Restart=always starts the next.
        session.wait(PATIENCE).with_context(|| session.last_words())?;
        while place.systemd.set_nonblocking(true).is_ok() && place.systemd.recv(&mut [0; 64]).is_ok() {}
        place.systemd.set_nonblocking(false)?;
    }
    Ok(())
}

/// What `ProtectHome=` makes of /run/user.
#[test]
fn a_session_whose_socket_has_no_place_ends_and_shows_nothing() -> Result<()> {
    let place = Place::make()?;
    let run = place.folder.path().join("run");
    fs::set_permissions(&run, fs::Permissions::from_mode(0o000))?;
    let mut session = place.start()?;
    let ended = session.wait(PATIENCE);
    // Nobody but root could remove the folder as it is.
    fs::set_permissions(&run, fs::Permissions::from_mode(0o700))?;
    ended?;
    ensure!(session.output().contains("Wayland socket"), "it ended for another reason: {}", session.last_words());
    place.systemd.set_nonblocking(true)?;
    ensure!(place.systemd.recv(&mut [0; 64]).is_err(), "a window was there");
    Ok(())
}
