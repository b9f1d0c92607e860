//! What the programs that run for long, and are run by hand, begin with.

/// Says what happens on stderr: from this level up, unless `RUST_LOG` asks for another.
pub fn speaks_from(level: &str) {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| level.into()))
        .with_writer(std::io::stderr)
        .init();
}
