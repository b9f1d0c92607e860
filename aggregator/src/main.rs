//! The aggregator's program: see [`wardvoice_aggregator::cli`].

use std::io::IsTerminal as _;
use std::process::ExitCode;

use tracing_subscriber::EnvFilter;
use wardvoice_aggregator::log_lines::{self, JsonLines, OneLine};

fn main() -> ExitCode {
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        tracing::debug!("another provider of cryptography was there first");
    }
    let filter = EnvFilter::try_from_env("WARDVOICE_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let colour = std::io::stderr().is_terminal();
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if log_lines::wanted() {
        logs.event_format(JsonLines).init();
    } else {
        logs.fmt_fields(OneLine).with_ansi(colour).init();
    }
    // Kill points do nothing unless the tests' harness says so; reading them costs a look at the environment.
    let armed = std::env::var_os("WARDVOICE_FAILPOINTS").is_some().then(fail::FailScenario::setup);
    let code = wardvoice_aggregator::cli::run();
    if let Some(armed) = armed {
        armed.teardown();
    }
    code
}
