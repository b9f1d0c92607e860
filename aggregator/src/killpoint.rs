//! Named places where a test makes the process die as if the power had gone.
//!
//! A kill point does nothing unless the tests' harness has switched it on by name (crate `fail`, environment variable
//! `FAILPOINTS`, read only when `WARDVOICE_FAILPOINTS` is set). The names are `log.before_flush`, `log.after_flush`,
//! `receipts.before_send` and `receipts.after_send`; `forget.before_commit` and `forget.after_commit` where something is forgotten; and
//! `rewrite.in_the_middle`, `rewrite.before_exchange` and `rewrite.after_exchange` where a log is written anew. The action `return` kills.

use std::process::{Command, Stdio, id};

/// Sends SIGKILL to the own process and never comes back: no destructor runs, nothing is flushed.
pub(crate) fn die() -> ! {
    let pid = id().to_string();
    loop {
        // A shell's kill is the way to send a signal without unsafe code; when it is missing there is still abort.
        let sent = Command::new("kill").args(["-9", &pid]).stdin(Stdio::null()).status();
        if sent.is_err() {
            std::process::abort();
        }
        std::thread::park_timeout(std::time::Duration::from_secs(5));
    }
}
