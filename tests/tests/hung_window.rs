//! A window that hangs is noticed from outside: the kiosk speaks to systemd's socket from the window's thread alone, so it falls silent
//! with its window, although everything else of it goes on.

use std::io::ErrorKind;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use wardvoice_tests::desktop::Desktop;
use wardvoice_tests::wait::until_true;
use wardvoice_tests::ward::{Between, Ward};
use wardvoice_tests::window::KioskWindow;

const DEADLINE: Duration = Duration::from_secs(30);
/// As `WatchdogSec` would say it: a window that is well says so ten times a second.
const PATIENCE: Duration = Duration::from_millis(200);
/// When nothing has been heard for so long, systemd has lost its patience several times over.
const SILENCE: Duration = Duration::from_secs(1);

/// The one who watches.
struct Systemd {
    socket: UnixDatagram,
}

impl Systemd {
    fn listen(path: &Path) -> Result<Self> {
        Ok(Self { socket: UnixDatagram::bind(path).context("failed to make systemd's socket")? })
    }

    /// The next word, if one comes in time.
    fn hears(&self, within: Duration) -> Result<Option<String>> {
        let mut word = [0; 64];
        self.socket.set_read_timeout(Some(within))?;
        match self.socket.recv(&mut word) {
            Ok(length) => Ok(Some(String::from_utf8_lossy(word.get(..length).unwrap_or_default()).into_owned())),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Ok(None),
            Err(error) => Err(error).context("failed to listen"),
        }
    }

    /// Listens until a word has come so many times.
    fn hears_of(&self, wanted: &str, times: usize) -> Result<()> {
        let mut left = times;
        while left > 0 {
            let word = self.hears(DEADLINE)?.with_context(|| format!("the kiosk never said {wanted}"))?;
            left -= usize::from(word == wanted);
        }
        Ok(())
    }

    /// Forgets what was said before now.
    fn forgets(&self) -> Result<()> {
        while self.hears(Duration::from_millis(1))?.is_some() {}
        Ok(())
    }

    /// Listens until nothing is said any more.
    fn hears_nothing(&self) -> Result<()> {
        let ends = Instant::now() + DEADLINE;
        while self.hears(SILENCE)?.is_some() {
            if Instant::now() > ends {
                bail!("a window that hangs goes on saying that it is well");
            }
        }
        Ok(())
    }
}

#[test]
fn a_window_that_hangs_falls_silent_although_the_kiosk_is_connected() -> Result<()> {
    let ward = Ward::open(Between::Embedded)?;
    let desktop = Desktop::start(1280, 800, ward.path())?;
    let path = ward.path().join("notify");
    let systemd = Systemd::listen(&path)?;
    let mut kiosk = KioskWindow::open_watched(&desktop, &ward, &path, PATIENCE)?;
    let first = systemd.hears(DEADLINE)?;
    ensure!(first.as_deref() == Some("READY=1"), "the first word is {first:?}");
    systemd.hears_of("WATCHDOG=1", 5)?;

    // The next window stops turning as soon as somebody agrees.
    kiosk.kill_and_start(Some("window.agreed=pause"))?;
    systemd.hears_of("READY=1", 1)?;
    let mut shown = kiosk.until("rest", |shown| shown.screen == "rest")?;
    while shown.screen != "consent" {
        let label = if shown.screen == "rest" { "Touch here to start" } else { "English" };
        shown = kiosk.touch_on(&shown, label)?;
    }
    systemd.forgets()?;
    systemd.hears_of("WATCHDOG=1", 5)?;
    kiosk.touch(&shown, "Yes, start")?;
    systemd.hears_nothing()?;

    kiosk.process().must_be_running()?;
    let screen = kiosk.shown().map(|shown| shown.screen);
    ensure!(screen.as_deref() == Some("consent"), "the window does not hang, it shows {screen:?}");
    until_true("the kiosk to be connected all the same", DEADLINE, || {
        let metrics = ward.aggregator.http().get(&ward.aggregator.url("/metrics"))?.body;
        Ok(metrics.lines().any(|line| line == "wardvoice_kiosks_connected 1"))
    })?;
    ensure!(systemd.hears(SILENCE)?.is_none(), "the window turned again by itself");

    // What systemd does then.
    kiosk.kill_and_start(None)?;
    systemd.hears_of("READY=1", 1)?;
    systemd.hears_of("WATCHDOG=1", 5)?;
    let shown = kiosk.until("rest", |shown| shown.screen == "rest")?;
    kiosk.touch_on(&shown, "Touch here to start")?;
    ward.aggregator.verify()?;
    Ok(())
}
