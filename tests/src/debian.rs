//! Debian packages: built from the programs under test, and installed into a folder that stands for a machine.
//!
//! The folder has a `dpkg` of its own, users of its own and a debconf of its own. Maintainer scripts run on this machine with `DPKG_ROOT` set, as
//! those of Debian's own packages do when a system is made in a folder; so an installation takes a second and needs no network. What a script
//! does only where systemd runs is for `deploy/try-packages.sh`. Whoever is not root is taken for root there (`fakeroot`).

use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context as _, Result, bail, ensure};
use tempfile::TempDir;

use crate::programs::{self, as_from_a_shell, installed, profile_directory, workspace};

/// Folders that a machine has before its first package.
const FOLDERS: [&str; 9] = [
    "etc",
    "run",
    "tmp",
    "usr/bin",
    "usr/lib/systemd",
    "usr/sbin",
    "var/cache/debconf",
    "var/lib/dpkg/info",
    "var/lib/dpkg/updates",
];

/// Builds packages from the programs under test into a folder: those that are named, and their files in the same order.
pub fn build(packages: &[&str], version: &str, out: &Path) -> Result<Vec<PathBuf>> {
    for program in [programs::aggregator()?, programs::kiosk()?, programs::report()?] {
        ensure!(program.is_file(), "{} is not there", program.display());
    }
    let profile = profile_directory()?;
    let target = profile.parent().context("the profile's folder lies in none")?;
    let is_release = profile.ends_with("release");
    let mut files = Vec::new();
    for &package in packages {
        let mut command = Command::new(workspace().join("deploy/package.sh"));
        command.args(["--profile", if is_release { "release" } else { "dev" }, "--no-build", "--no-install"]);
        command.args(["--only", package, "--version", version]).arg("--out").arg(out);
        command.env("CARGO_TARGET_DIR", target).env("SOURCE_DATE_EPOCH", "1767225600");
        let said = well(&as_from_a_shell(&mut command).output().context("failed to start deploy/package.sh")?)?;
        files.push(PathBuf::from(said.trim()));
    }
    Ok(files)
}

/// The same package with another version, as a later release would be.
pub fn with_version(package: &Path, version: &str, out: &Path) -> Result<PathBuf> {
    let folder = tempfile::tempdir_in(out)?;
    let open =
        |arguments: &[&str]| Command::new("dpkg-deb").args(arguments).output().context("failed to run dpkg-deb");
    let laid = folder.path().join("laid");
    let path = |path: &Path| path.to_str().map(str::to_owned).context("a folder has no plain name");
    well(&open(&["-R", &path(package)?, &path(&laid)?])?)?;
    let control = laid.join("DEBIAN/control");
    let text = fs::read_to_string(&control)?;
    let old = text.lines().find(|line| line.starts_with("Version: ")).context("the package has no version")?;
    fs::write(&control, text.replacen(old, &format!("Version: {version}"), 1))?;
    let file = out.join(format!("{version}.deb"));
    well(&open(&["--root-owner-group", "-Znone", "-b", &path(&laid)?, &path(&file)?])?)?;
    Ok(file)
}

/// A folder that stands for a machine.
#[derive(Debug)]
pub struct Machine {
    root: TempDir,
}

impl Machine {
    /// A machine with nothing on it.
    pub fn new() -> Result<Self> {
        installed("systemd-sysusers", "systemd")?;
        installed("deb-systemd-helper", "init-system-helpers")?;
        let root = tempfile::Builder::new().prefix("wardvoice-machine-").tempdir()?;
        for folder in FOLDERS {
            fs::create_dir_all(root.path().join(folder))?;
        }
        for (link, to) in [("bin", "usr/bin"), ("lib", "usr/lib"), ("sbin", "usr/sbin")] {
            symlink(to, root.path().join(link))?;
        }
        fs::write(root.path().join("var/lib/dpkg/status"), "")?;
        fs::copy("/etc/debconf.conf", root.path().join("etc/debconf.conf")).context("debconf is not installed")?;
        Ok(Self { root })
    }

    /// A path on it.
    pub fn path(&self, inside: &str) -> PathBuf {
        self.root.path().join(inside.trim_start_matches('/'))
    }

    /// Whose a file or folder on it is, by number, with its group and mode.
    pub fn owner(&self, inside: &str) -> Result<(u32, u32, u32)> {
        let mut command = self.as_root("stat", "coreutils")?;
        let said = well(&command.args(["-c", "%u %g %a"]).arg(self.path(inside)).output()?)?;
        let fields: Vec<&str> = said.split_whitespace().collect();
        let [user, group, mode] = fields.as_slice() else { bail!("stat says {said:?}") };
        Ok((user.parse()?, group.parse()?, u32::from_str_radix(mode, 8)?))
    }

    /// The text of a file on it.
    pub fn text(&self, inside: &str) -> Result<String> {
        let path = self.path(inside);
        fs::read_to_string(&path).with_context(|| format!("failed to read {}", path.display()))
    }

    /// Unpacks and configures packages. What they depend on is on no such machine, and is not asked for.
    pub fn install(&self, packages: &[PathBuf]) -> Result<String> {
        let mut command = self.dpkg()?;
        command.args(["--force-confdef", "--force-confold", "--install"]).args(packages);
        all_said(&command.output()?)
    }

    /// Removes packages; their settings and data stay.
    pub fn remove(&self, packages: &[&str]) -> Result<String> {
        all_said(&self.dpkg()?.arg("--remove").args(packages).output()?)
    }

    /// Removes packages with their settings. Nobody is there to answer questions.
    pub fn purge(&self, packages: &[&str]) -> Result<String> {
        all_said(&self.dpkg()?.arg("--purge").args(packages).output()?)
    }

    /// Answers a question before it is asked.
    pub fn answer(&self, package: &str, question: &str, answer: bool) -> Result<()> {
        let file = self.path("tmp/answers");
        fs::write(&file, format!("{package} {question} boolean {answer}\n"))?;
        let mut command = Command::new(installed("debconf-set-selections", "debconf")?);
        well(&command.arg(&file).env("DPKG_ROOT", self.root.path()).output()?)?;
        Ok(())
    }

    /// Looks at a unit as systemd of this machine would read it there: what is wrong with it, nothing when it is sound. What it needs
    /// of the system itself is taken from this machine.
    pub fn check_unit(&self, unit: &str) -> Result<String> {
        let units = self.path("usr/lib/systemd");
        let mut copy = Command::new("cp");
        copy.args(["-a", "-n", "/usr/lib/systemd/system"]).arg(&units);
        well(&copy.output()?)?;
        let mut command = Command::new(installed("systemd-analyze", "systemd")?);
        command.args(["verify", "--man=no"]).arg(format!("--root={}", self.root.path().display()));
        let output = command.arg(unit).output().context("failed to run systemd-analyze")?;
        Ok(String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// How exposed a service is, in tenths: 0 is not at all, 100 is entirely.
    pub fn exposure(&self, unit: &str) -> Result<u32> {
        let mut command = Command::new(installed("systemd-analyze", "systemd")?);
        command.args(["security", "--offline=yes", "--no-pager", "--threshold=100"]);
        command.arg(format!("--root={}", self.root.path().display())).arg(unit);
        let said = well(&command.output().context("failed to run systemd-analyze")?)?;
        let overall = said.lines().find(|line| line.contains("Overall exposure level")).context("it says none")?;
        let level = overall.rsplit(": ").next().and_then(|rest| rest.split_whitespace().next());
        let level = level.and_then(|level| level.split_once('.')).context("its level has no point")?;
        Ok(level.0.parse::<u32>()? * 10 + level.1.parse::<u32>()?)
    }

    /// A program that is run as root, or believes so.
    fn as_root(&self, program: &str, package: &str) -> Result<Command> {
        let program = installed(program, package)?;
        if fs::metadata("/proc/self").context("failed to look at this process")?.uid() == 0 {
            return Ok(Command::new(program));
        }
        let owners = self.path("tmp/owners");
        if !owners.exists() {
            fs::write(&owners, "")?;
        }
        let mut command = Command::new(installed("fakeroot", "fakeroot")?);
        command.arg("-i").arg(&owners).arg("-s").arg(&owners).arg("--").arg(program);
        Ok(command)
    }

    fn dpkg(&self) -> Result<Command> {
        let mut command = self.as_root("dpkg", "dpkg")?;
        command.arg(format!("--root={}", self.root.path().display()));
        command.args(["--force-script-chrootless", "--force-depends", "--no-triggers"]);
        command.arg(format!("--log={}", self.path("tmp/dpkg.log").display()));
        command.env("DEBIAN_FRONTEND", "noninteractive").env("LC_ALL", "C");
        Ok(command)
    }
}

/// Everything a command said, its scripts' words among it; an error when it failed.
fn all_said(output: &Output) -> Result<String> {
    let said = well(output)?;
    Ok(said + &String::from_utf8_lossy(&output.stderr))
}

/// What a command printed; an error with all it said when it failed.
pub fn well(output: &Output) -> Result<String> {
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "it ended with {}: {said}{complaints}", output.status);
    Ok(said)
}
