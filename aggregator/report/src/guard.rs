//! The guard: the program runs itself once more inside limits and watches.
//!
//! What happens inside cannot be trusted to end by itself: memory that is refused aborts a program and says little. So the outer process
//! does nothing but wait, ends the inner one when its time is over, and turns every end into one sentence and an exit code of 1.

use std::io::{self, Read as _};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, Signal, set_parent_process_death_signal, setrlimit};

/// The most bytes that are kept of what the inner process says.
const MOST_SAID: u64 = 64 * 1024;
/// The exit code of a program that panicked.
const PANICKED: i32 = 101;

/// What a report may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// From start to end, reading included.
    pub(crate) seconds: u32,
    /// Address space and data.
    pub(crate) megabytes: u32,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GuardError {
    /// The inner process did not start.
    #[error("start inside limits: {0}")]
    Start(io::Error),
    /// It took too long.
    #[error("set the report: it took longer than {0} s, reading the input included; --seconds allows more")]
    TooSlow(u32),
    /// It needed too much memory.
    #[error("set the report: it needed more than {0} MB of memory; --megabytes allows more")]
    TooLarge(u32),
    /// It ended otherwise.
    #[error("set the report: the inner process ended by {0}")]
    Ended(&'static str),
}

/// Runs this program again with the same arguments and `inside`, and says how it ended; what it said, too.
pub(crate) fn run(arguments: &[String], inside: &str, limits: Limits) -> Result<(ExitCode, String), GuardError> {
    let mut child = Command::new("/proc/self/exe")
        .arg(inside)
        .args(arguments)
        .env_clear()
        // Each thread reserves address space, of which there is a limit.
        .env("RAYON_NUM_THREADS", "2")
        .env("MALLOC_ARENA_MAX", "2")
        .stderr(Stdio::piped())
        .spawn()
        .map_err(GuardError::Start)?;
    let said = listen(&mut child);
    let Ok(said) = said.recv_timeout(Duration::from_secs(limits.seconds.into())) else {
        child.kill().and_then(|()| child.wait()).map_err(GuardError::Start)?;
        return Err(GuardError::TooSlow(limits.seconds));
    };
    let status = child.wait().map_err(GuardError::Start)?;
    ended(status, &said, limits).map(|code| (code, said))
}

/// Hears what the inner process says until it has ended.
fn listen(child: &mut Child) -> mpsc::Receiver<String> {
    let (tell, said) = mpsc::channel();
    if let Some(mut stderr) = child.stderr.take() {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            // A pipe that breaks ends the inner process too, which its status says.
            drop(stderr.by_ref().take(MOST_SAID).read_to_end(&mut bytes));
            drop(io::copy(&mut stderr, &mut io::sink()));
            // Nobody listens any more when the time is over.
            drop(tell.send(String::from_utf8_lossy(&bytes).into_owned()));
        });
    }
    said
}

fn ended(status: ExitStatus, said: &str, limits: Limits) -> Result<ExitCode, GuardError> {
    use std::os::unix::process::ExitStatusExt as _;
    let out_of_memory = said.contains("memory allocation of");
    match (status.code(), status.signal()) {
        (Some(0), _) => Ok(ExitCode::SUCCESS),
        (Some(PANICKED), _) => Err(GuardError::Ended("a panic")),
        (Some(_), _) => Ok(ExitCode::FAILURE),
        _ if out_of_memory => Err(GuardError::TooLarge(limits.megabytes)),
        (None, Some(signal)) if signal == Signal::XCPU.as_raw() => Err(GuardError::TooSlow(limits.seconds)),
        (None, _) => Err(GuardError::Ended("a signal")),
    }
}

/// Puts this process inside its limits. It ends with the one that watches it.
pub(crate) fn enter(limits: Limits) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    let bytes = u64::from(limits.megabytes) * 1024 * 1024;
    let both = |limit: u64| Rlimit { current: Some(limit), maximum: Some(limit) };
    setrlimit(Resource::As, both(bytes))?;
    setrlimit(Resource::Data, both(bytes))?;
    // Two threads work; a file that is left where it crashed would hold what patients said.
    setrlimit(Resource::Cpu, both(u64::from(limits.seconds) * 2))?;
    setrlimit(Resource::Core, both(0))?;
    Ok(())
}
