//! Named places where a test may end the process as a power cut would.
//!
//! A place does nothing unless the process was started with `WARDVOICE_FAILPOINTS` set and a fail point of its name
//! configured with the action `return`; then the process sends itself SIGKILL: no destructor, no flush, no last word.

use std::process::Command;

/// Marks a place. `name` is `module.place`, for example `outbox.before_flush`.
pub(crate) fn reach(name: &'static str) {
    fail::fail_point!(name, |_| die());
}

/// Reads the configuration of the fail points from the environment when the process is allowed to have any.
///
/// The scenario must live as long as the process; it is handed back for `main` to keep.
pub fn set_up() -> Option<fail::FailScenario<'static>> {
    std::env::var_os("WARDVOICE_FAILPOINTS").map(|_| fail::FailScenario::setup())
}

fn die() {
    let pid = std::process::id().to_string();
    // Forbidding unsafe code leaves no raw kill(2); the tool does the same. If it cannot be started, abort is next best.
    if Command::new("kill").args(["-9", &pid]).status().is_err() {
        std::process::abort();
    }
    loop {
        std::thread::park();
    }
}
