//! What a panic comes to: the program takes its own place again, at rest, with the outbox as it was.
//!
//! A kiosk has nobody beside it who would start it again. So a panic on any thread that nobody catches replaces the process by a
//! new one of the same program with the same arguments (`exec`: same process id, so that systemd sees no end; files, locks and
//! sockets are closed by it). Nothing is saved on the way out: what a patient was thanked for is flushed already, and an
//! interrupted interview of a volunteer is on the disk.
//!
//! A panic's message may quote what somebody wrote, so only its place is logged. After [`MOST_IN_A_ROW`] within
//! [`A_ROW`] something is broken for good: the process ends with 101, and what started it (systemd with `Restart=always`) waits
//! before it tries again. A kill, an abort and a hung window are systemd's business too; see `deploy/kiosk`.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::panic;
use std::process::{self, Command};
use std::time::Duration;

use crate::steady::steady_ms;

/// How often in a row the program revives itself.
const MOST_IN_A_ROW: u32 = 5;
/// Within which time revivals are in a row.
const A_ROW: Duration = Duration::from_mins(1);
/// `count:milliseconds since boot of the first`.
const REVIVED: &str = "WARDVOICE_REVIVED";
/// Set for a life that is there to be taken in again.
const TO_JOIN: &str = "WARDVOICE_JOIN_AGAIN";
const BROKEN_STATUS: i32 = 101;

/// What a life is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// Asking patients, as any is that somebody has started.
    Asking,
    /// Joining again, with the outbox closed.
    Joining,
}

/// Revives the program after a panic from now on. For a program with a window; others end as usual.
pub fn after_panics() {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let earlier = std::env::var(REVIVED).ok();
    panic::set_hook(Box::new(move |info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let thread = std::thread::current();
        tracing::error!(%place, thread = thread.name().unwrap_or("unnamed"), "panicked");
        let Some(next) = next(earlier.as_deref(), steady_ms()) else {
            tracing::error!("panicked too often; it ends");
            process::exit(BROKEN_STATUS);
        };
        let error = program(&arguments).env(REVIVED, next).exec();
        tracing::error!(%error, "the program cannot be started again; it ends");
        process::exit(BROKEN_STATUS);
    }));
}

/// What this life is for.
pub fn life() -> Life {
    if std::env::var_os(TO_JOIN).is_some() { Life::Joining } else { Life::Asking }
}

/// Takes the program's own place again on purpose, for another life. Returns only when that fails.
pub fn again(life: Life) -> io::Error {
    reborn(&std::env::args_os().collect::<Vec<_>>(), life).exec()
}

fn reborn(arguments: &[OsString], life: Life) -> Command {
    let mut program = program(arguments);
    match life {
        Life::Asking => program.env_remove(TO_JOIN),
        Life::Joining => program.env(TO_JOIN, "1"),
    };
    program
}

/// This program with the same arguments.
fn program(arguments: &[OsString]) -> Command {
    let mut arguments = arguments.iter();
    let mut program = Command::new("/proc/self/exe");
    if let Some(name) = arguments.next() {
        program.arg0(name);
    }
    program.args(arguments);
    program
}

/// What the next life is told, or none when there have been too many.
fn next(earlier: Option<&str>, now_ms: u64) -> Option<String> {
    let parsed = earlier.and_then(|text| text.split_once(':'));
    let parsed: Option<(u32, u64)> =
        parsed.and_then(|(count, since)| Some((count.parse().ok()?, since.parse().ok()?)));
    let a_row_ms = u64::try_from(A_ROW.as_millis()).unwrap_or(u64::MAX);
    match parsed {
        Some((count, since_ms)) if now_ms.saturating_sub(since_ms) < a_row_ms => {
            (count < MOST_IN_A_ROW).then(|| format!("{}:{since_ms}", count + 1))
        }
        _ => Some(format!("1:{now_ms}")),
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    #[test]
    fn a_life_is_the_same_program_with_the_same_arguments_and_what_it_is_for() {
        let arguments = ["wardvoice-kiosk", "run", "--data", "a folder", "--fullscreen"].map(OsString::from);
        for (life, told) in [(Life::Asking, None), (Life::Joining, Some(OsStr::new("1")))] {
            let program = reborn(&arguments, life);
            assert_eq!(program.get_program(), "/proc/self/exe");
            assert!(program.get_args().eq(["run", "--data", "a folder", "--fullscreen"]));
            assert!(program.get_envs().eq([(OsStr::new(TO_JOIN), told)]), "nothing else changes");
        }
    }

    #[test]
    fn five_lives_a_minute() {
        let mut life = next(None, 1_000);
        for count in 1..=5 {
            assert_eq!(life, Some(format!("{count}:1000")));
            life = next(life.as_deref(), 2_000);
        }
        assert_eq!(life, None);
        assert_eq!(
            next(Some("5:1000"), 61_000),
            Some("1:61000".to_owned()),
            "a minute later the count begins again"
        );
        assert_eq!(next(Some("nonsense"), 9), Some("1:9".to_owned()));
    }
}
