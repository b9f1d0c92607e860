//! Where the programs under test are: in the target directory of the test that asks, in the same profile.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context as _, Result, bail, ensure};

/// The aggregator's program.
pub fn aggregator() -> Result<PathBuf> {
    program("wardvoice-aggregator")
}

/// The kiosk's program.
pub fn kiosk() -> Result<PathBuf> {
    program("wardvoice-kiosk")
}

/// The program that makes PDFs, which has a workspace of its own.
pub fn report() -> Result<PathBuf> {
    static BUILT: OnceLock<Result<(), String>> = OnceLock::new();
    find("wardvoice-report", &BUILT, Some("aggregator/report/Cargo.toml"))
}

/// This crate's own `power` program.
pub fn power() -> Result<PathBuf> {
    program("power")
}

/// Takes away what cargo tells the test about its own package. Build scripts of packages look at it, so a build that is started from a
/// test would otherwise make them, and everything that needs them, once more, and the next build from a shell once again.
pub fn as_from_a_shell(command: &mut Command) -> &mut Command {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let own = names.filter(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"));
    own.fold(command, |command, name| command.env_remove(name))
}

/// The root of the workspace.
pub fn workspace() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// The directory of the profile this test was built with, such as `target/debug`.
pub fn profile_directory() -> Result<PathBuf> {
    let own = std::env::current_exe().context("failed to find the running test's own path")?;
    let directory = own.parent().context("the running test has no directory")?;
    let directory = if directory.ends_with("deps") { directory.parent() } else { Some(directory) };
    Ok(directory.context("the running test is not in a target directory")?.to_path_buf())
}

/// Where a story leaves its pictures and reports: `target/artefacts/<name>`.
pub fn artefacts(name: &str) -> Result<PathBuf> {
    let profile = profile_directory()?;
    let target = profile.parent().unwrap_or(&profile);
    let directory = target.join("artefacts").join(name);
    std::fs::create_dir_all(&directory)
        .with_context(|| format!("failed to make the directory {}", directory.display()))?;
    Ok(directory)
}

/// A program that has to be installed on the machine; says which package brings it when it is missing.
pub fn installed(name: &str, package: &str) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin"), PathBuf::from("/sbin")]);
    for place in places {
        let candidate = place.join(name);
        if candidate.is_file() {
            return Ok(candidate);
        }
    }
    bail!("{name} is not installed: apt-get install {package}")
}

fn program(name: &str) -> Result<PathBuf> {
    static BUILT: OnceLock<Result<(), String>> = OnceLock::new();
    find(name, &BUILT, None)
}

fn find(name: &str, built: &OnceLock<Result<(), String>>, manifest: Option<&str>) -> Result<PathBuf> {
    let path = profile_directory()?.join(name);
    if !path.is_file() {
        let built = built.get_or_init(|| build(manifest).map_err(|error| format!("{error:#}")));
        if let Err(error) = built {
            bail!("failed to build the programs under test: {error}");
        }
    }
    ensure!(path.is_file(), "{} is not there even after building it", path.display());
    Ok(path)
}

/// Builds the programs of the workspace, or those of another manifest.
fn build(manifest: Option<&str>) -> Result<()> {
    let profile = profile_directory()?;
    let lock = File::create(profile.join(".wardvoice-tests-build")).context("failed to make the build's lock")?;
    lock.lock().context("failed to wait for another test that builds")?;
    let mut command = Command::new(option_env!("CARGO").unwrap_or("cargo"));
    command.args(["build", "--bins", "--locked"]).current_dir(workspace());
    match manifest {
        None => command.arg("--workspace"),
        Some(manifest) => command.args(["--manifest-path", manifest]),
    };
    if profile.ends_with("release") {
        command.arg("--release");
    }
    if let Some(target) = profile.parent() {
        command.env("CARGO_TARGET_DIR", target);
    }
    let status = as_from_a_shell(&mut command).status().context("failed to start cargo")?;
    ensure!(status.success(), "cargo build ended with {status}");
    Ok(())
}
