//! The tablet as a machine: its battery, its disk, and the watchdog that restarts it when its window hangs.
//!
//! Whatever the machine does not tell is absent, without fuss: a demonstration on a desktop has no battery and no watchdog.

use std::fs;
use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::Path;
use std::time::Duration;

const POWER_SUPPLIES: &str = "/sys/class/power_supply";

/// How the power stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Power {
    /// The charge, 0 to 100.
    pub(crate) battery_percent: Option<u8>,
    /// Whether it hangs on a charger.
    pub(crate) charging: Option<bool>,
}

/// Looks at the power.
pub(crate) fn power() -> Power {
    power_at(Path::new(POWER_SUPPLIES))
}

/// Linux shows each supply as a folder of one-line files. The first battery that tells its charge speaks for all; it is charging
/// when it says so, or when it does not say that it discharges and a mains or USB supply is there.
fn power_at(supplies: &Path) -> Power {
    let line = |folder: &Path, name: &str| -> Option<String> {
        fs::read_to_string(folder.join(name)).ok().map(|text| text.trim().to_owned())
    };
    let entries = fs::read_dir(supplies).into_iter().flatten().flatten();
    let mut folders: Vec<_> = entries.map(|entry| entry.path()).collect();
    folders.sort();
    let of_kind =
        |kind: &str| folders.iter().filter(|folder| line(folder, "type").as_deref() == Some(kind)).collect();
    let batteries: Vec<_> = of_kind("Battery");
    // A mouse or a pen has a battery too, and says that it powers a device only.
    let own = batteries.into_iter().filter(|folder| line(folder, "scope").as_deref() != Some("Device"));
    let battery = own.into_iter().find_map(|folder| {
        let percent = line(folder, "capacity")?.parse::<u8>().ok().filter(|percent| *percent <= 100)?;
        Some((percent, line(folder, "status")))
    });
    let plugged = ["Mains", "USB"].into_iter().flat_map(|kind| -> Vec<_> { of_kind(kind) });
    let plugged = plugged.filter_map(|folder| line(folder, "online")).map(|online| online == "1");
    let plugged = plugged.fold(None, |any: Option<bool>, one| Some(any.unwrap_or(false) || one));
    let charging = match battery.as_ref().and_then(|(_, status)| status.as_deref()) {
        Some("Charging" | "Full") => Some(true),
        Some("Discharging") => Some(false),
        _ => plugged,
    };
    Power { battery_percent: battery.map(|(percent, _)| percent), charging }
}

/// The free bytes of the disk that a folder is on.
pub(crate) fn free_disk_bytes(folder: &Path) -> Option<u64> {
    let statistics = rustix::fs::statvfs(folder).ok()?;
    Some(statistics.f_bavail.saturating_mul(statistics.f_frsize))
}

/// Tells systemd that the program is up, and from then on that its window still turns.
///
/// Ping it from the thread of the window and from nowhere else: what is watched is that the event loop comes round. A systemd that
/// does not read holds nobody up: what it has no room for is not said.
#[derive(Debug)]
pub struct Watchdog {
    socket: UnixDatagram,
    address: SocketAddr,
    every: Option<Duration>,
}

impl Watchdog {
    /// The watchdog that the environment names; none outside systemd.
    pub fn from_environment() -> Option<Self> {
        let path = std::env::var("NOTIFY_SOCKET").ok()?;
        let usec = std::env::var("WATCHDOG_USEC").ok().and_then(|text| text.parse().ok());
        // The variable may have been meant for a parent.
        let meant = std::env::var("WATCHDOG_PID").map_or(true, |pid| pid == std::process::id().to_string());
        Self::new(&path, usec.filter(|_| meant)).inspect_err(|error| tracing::warn!(%error, "no watchdog")).ok()
    }

    fn new(path: &str, usec: Option<u64>) -> io::Result<Self> {
        let address = match path.strip_prefix('@') {
            Some(name) => SocketAddr::from_abstract_name(name)?,
            None => SocketAddr::from_pathname(path)?,
        };
        // Twice within its patience, as systemd asks for.
        let every = usec.filter(|usec| *usec > 0).map(|usec| Duration::from_micros(usec / 2));
        let socket = UnixDatagram::unbound()?;
        socket.set_nonblocking(true)?;
        Ok(Self { socket, address, every })
    }

    /// How often to ping; none when systemd does not watch.
    pub fn every(&self) -> Option<Duration> {
        self.every
    }

    /// The window is there.
    pub fn ready(&self) {
        self.say("READY=1");
    }

    /// The window still turns.
    pub fn ping(&self) {
        self.say("WATCHDOG=1");
    }

    fn say(&self, word: &str) {
        if let Err(error) = self.socket.send_to_addr(word.as_bytes(), &self.address) {
            tracing::debug!(%error, word, "systemd does not listen");
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;

    fn supplies(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, format!("{text}\n")).unwrap();
        }
        folder
    }

    #[test]
    fn power_reads_as_linux_shows_it() {
        let check = |files: &[(&str, &str)], battery_percent, charging| {
            let folder = supplies(files);
            assert_eq!(power_at(folder.path()), Power { battery_percent, charging }, "{files:?}");
        };
        check(&[], None, None);
        check(&[("AC/type", "Mains"), ("AC/online", "1")], None, Some(true));
        let battery = |status| [("BAT0/type", "Battery"), ("BAT0/capacity", "81"), ("BAT0/status", status)];
        check(&battery("Discharging"), Some(81), Some(false));
        check(&battery("Charging"), Some(81), Some(true));
        check(&battery("Unknown"), Some(81), None);
        let [kind, capacity, status] = battery("Not charging");
        check(&[kind, capacity, status, ("AC/type", "Mains"), ("AC/online", "1")], Some(81), Some(true));
        check(&[("pen/type", "Battery"), ("pen/capacity", "9"), ("pen/scope", "Device")], None, None);
        check(&[("BAT0/type", "Battery"), ("BAT0/capacity", "?")], None, None);
        assert_eq!(power_at(Path::new("/nowhere")), Power::default());
    }

    #[test]
    fn the_watchdog_speaks_to_systemds_socket() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let systemd = UnixDatagram::bind(&path).unwrap();
        let watchdog = Watchdog::new(path.to_str().unwrap(), Some(20_000_000)).unwrap();
        assert_eq!(watchdog.every(), Some(Duration::from_secs(10)));
        watchdog.ready();
        watchdog.ping();
        let mut heard = [0; 64];
        let mut next = || {
            let length = systemd.recv(&mut heard).unwrap();
            String::from_utf8(heard.get(..length).unwrap().to_vec()).unwrap()
        };
        assert_eq!([next(), next()], ["READY=1", "WATCHDOG=1"]);
        // Nobody reads these, and the socket holds some hundreds at most.
        for _ in 0..2_000 {
            watchdog.ping();
        }
        let name = format!("wardvoice-watchdog-{}", std::process::id());
        let abstract_name = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        Watchdog::new(&format!("@{name}"), None).unwrap().ping();
        let mut heard = [0; 64];
        assert_eq!(abstract_name.recv(&mut heard).unwrap(), "WATCHDOG=1".len());
    }
}
