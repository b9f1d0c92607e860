//! How bright the screen is: what staff chose, less at night, and least while nobody is there.
//!
//! Linux shows each backlight as a folder under `/sys/class/backlight` with `max_brightness` and `brightness`. Where there is
//! none, or it may not be written, the screen stays as bright as it is: dimming is then the dark veil of the window alone.
//! What staff chose is kept in `screen.json`.
//!
//! Night is from 21:00 to 7:00 in the zone of the programme's calendar.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::files;
use crate::interview::comfort::Light;

const BACKLIGHTS: &str = "/sys/class/backlight";
const FILE: &str = "screen.json";
const NIGHT_FROM: i8 = 21;
const NIGHT_UNTIL: i8 = 7;
/// The most at night, in percent: enough to read by, little enough not to wake the next bed.
const AT_NIGHT: u8 = 40;
/// While nobody is there, in percent.
const DIMMED: u8 = 10;
/// What staff can choose from, in percent.
const LEVELS: [u8; 4] = [FULL, 75, 50, 25];
const FULL: u8 = 100;

/// The backlight of this machine.
#[derive(Debug)]
pub(crate) struct Backlight {
    folder: PathBuf,
    most: u64,
    data: PathBuf,
    chosen: u8,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ScreenFile {
    version: u32,
    brightness_percent: u8,
}

impl Backlight {
    /// The backlight, if there is one that can be set.
    pub(crate) fn find(data: &Path) -> Option<Self> {
        Self::find_in(Path::new(BACKLIGHTS), data)
    }

    fn find_in(backlights: &Path, data: &Path) -> Option<Self> {
        let mut folders: Vec<_> = fs::read_dir(backlights).ok()?.flatten().map(|entry| entry.path()).collect();
        folders.sort();
        folders.into_iter().find_map(|folder| {
            let most = fs::read_to_string(folder.join("max_brightness")).ok()?.trim().parse().ok()?;
            // Whether it may be set shows only when it is.
            fs::OpenOptions::new().write(true).open(folder.join("brightness")).ok()?;
            (most > 0).then(|| Self { folder, most, data: data.to_owned(), chosen: chosen(data) })
        })
    }

    /// What staff chose, in percent.
    pub(crate) fn chosen_percent(&self) -> u8 {
        self.chosen
    }

    /// Takes the next level of those staff can choose from, and keeps it.
    pub(crate) fn choose_next(&mut self) -> io::Result<()> {
        let place = LEVELS.iter().position(|level| *level == self.chosen);
        self.chosen = place.and_then(|place| LEVELS.get(place + 1)).copied().unwrap_or(FULL);
        let file = ScreenFile { version: 1, brightness_percent: self.chosen };
        files::replace(&self.data.join(FILE), &serde_json::to_vec(&file)?, 0o600)
    }

    /// Makes the screen so bright.
    pub(crate) fn shine(&self, light: Light) -> io::Result<()> {
        let percent = match light {
            Light::Day => self.chosen,
            Light::Night => self.chosen.min(AT_NIGHT),
            Light::Dimmed => self.chosen.min(DIMMED),
        };
        // Never off: a black tablet looks broken.
        let value = (self.most * u64::from(percent) / 100).max(1);
        fs::write(self.folder.join("brightness"), value.to_string())
    }
}

/// Whether it is night.
pub(crate) fn is_night(now: Timestamp, zone: &TimeZone) -> bool {
    let hour = zone.to_datetime(now).hour();
    !(NIGHT_UNTIL..NIGHT_FROM).contains(&hour)
}

fn chosen(data: &Path) -> u8 {
    let kept = fs::read(data.join(FILE)).ok().and_then(|bytes| serde_json::from_slice::<ScreenFile>(&bytes).ok());
    kept.map(|file| file.brightness_percent).filter(|percent| LEVELS.contains(percent)).unwrap_or(FULL)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;

    #[test]
    fn night_is_that_of_the_clock_on_the_wall() {
        let zone = TimeZone::get("Europe/London").unwrap();
        let check = |at: &str, expected: bool| assert_eq!(is_night(at.parse().unwrap(), &zone), expected, "{at}");
        check("2026-01-10T20:59:59Z", false);
        check("2026-01-10T21:00:00Z", true);
        check("2026-01-11T06:59:59Z", true);
        check("2026-01-11T07:00:00Z", false);
        // In summer the wall is an hour ahead.
        check("2026-07-10T20:00:00Z", true);
        check("2026-07-11T06:00:00Z", false);
    }

    #[test]
    fn the_screen_is_as_bright_as_it_may_be_and_never_off() {
        let (backlights, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let folder = backlights.path().join("panel");
        fs::create_dir(&folder).unwrap();
        assert!(
            Backlight::find_in(backlights.path(), data.path()).is_none(),
            "a folder that says nothing is none"
        );
        fs::write(folder.join("max_brightness"), "937\n").unwrap();
        fs::write(folder.join("brightness"), "937\n").unwrap();
        let mut backlight = Backlight::find_in(backlights.path(), data.path()).unwrap();
        let shows = |backlight: &Backlight, light: Light| {
            backlight.shine(light).unwrap();
            fs::read_to_string(folder.join("brightness")).unwrap()
        };
        assert_eq!(
            [Light::Day, Light::Night, Light::Dimmed].map(|light| shows(&backlight, light)),
            ["937", "374", "93"]
        );
        for expected in [75, 50, 25, 100, 75] {
            backlight.choose_next().unwrap();
            assert_eq!(backlight.chosen_percent(), expected);
        }
        let again = Backlight::find_in(backlights.path(), data.path()).unwrap();
        assert_eq!(again.chosen_percent(), 75, "it outlives a restart");
        fs::write(folder.join("max_brightness"), "4").unwrap();
        let coarse = Backlight::find_in(backlights.path(), data.path()).unwrap();
        assert_eq!(shows(&coarse, Light::Dimmed), "1");
        fs::write(data.path().join(FILE), "{").unwrap();
        assert_eq!(Backlight::find_in(backlights.path(), data.path()).unwrap().chosen_percent(), 100);
    }
}
