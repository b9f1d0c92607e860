//! The kiosk's program; see `wardvoice_kiosk::cli`.

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::Parser as _;
use tracing_subscriber::EnvFilter;
use wardvoice_kiosk::cli::Cli;
use wardvoice_kiosk::killpoint;
use wardvoice_kiosk::log_lines::OneLine;

fn main() -> ExitCode {
    // An error would mean that a provider is there already, which is what is wanted.
    let _installed_before = rustls::crypto::ring::default_provider().install_default();
    let _fail_points = killpoint::set_up();
    let filter = EnvFilter::try_from_env("WARDVOICE_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    logs.fmt_fields(OneLine).with_ansi(io::stderr().is_terminal()).init();
    Cli::parse().run().unwrap_or_else(|error| {
        // Errors are fragments that complete "failed to"; some contexts say it themselves.
        let text = format!("{error:#}");
        let text = text.strip_prefix("failed to ").unwrap_or(&text);
        let _closed = writeln!(io::stderr(), "wardvoice-kiosk: failed to {text}");
        ExitCode::FAILURE
    })
}
