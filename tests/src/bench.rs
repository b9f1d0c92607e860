//! Measuring: quantiles, the machine, and a line of result.

use std::fs;
use std::io::Write as _;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::Value;

/// The q-quantile by rank (nearest above), of a list that is sorted here.
pub fn quantile(times: &mut [Duration], q: f64) -> Duration {
    times.sort_unstable();
    let mut rank = 0;
    // Ranks are below 2^52: counting up avoids a cast that could lose.
    while ((rank + 1) as f64) < q * times.len() as f64 {
        rank += 1;
    }
    times.get(rank).or_else(|| times.last()).copied().unwrap_or_default()
}

/// Milliseconds, for a result.
pub fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// The machine in words: processors, model, memory, system.
pub fn machine() -> Result<String> {
    let processors = fs::read_to_string("/proc/cpuinfo").context("failed to read /proc/cpuinfo")?;
    let model =
        processors.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':')).map_or("", |m| m.1);
    let count = std::thread::available_parallelism()?.get();
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let memory: u64 = memory
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:")?.trim().trim_end_matches("kB").trim().parse().ok())
        .unwrap_or(0);
    let system = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let system = system.lines().find_map(|line| line.strip_prefix("PRETTY_NAME=")).unwrap_or("").trim_matches('"');
    Ok(format!("{count} processors ({}), {} GB, {system}", model.trim(), memory / 1_000_000))
}

/// Prints one result as a line of JSON on stdout.
pub fn say(result: &Value) -> Result<()> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{result}").context("failed to print a result")
}

/// A number from the environment, so that a long and a short run are one program.
pub fn number(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}
