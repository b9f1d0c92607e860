//! The Debian packages: what is in them, and what becomes of what somebody said when they come, change and go.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::slice;

use anyhow::{Context as _, Result, ensure};
use wardvoice_tests::debian::{self, Machine, well};
use wardvoice_tests::programs::{self, workspace};

const AGGREGATOR: &str = "wardvoice-aggregator";
const KIOSK: &str = "wardvoice-kiosk";
const SESSION: &str = "wardvoice-kiosk-session";

/// The numbers of a user of a machine.
fn user(machine: &Machine, name: &str) -> Result<(u32, u32)> {
    let users = machine.text("etc/passwd")?;
    let line = users.lines().find(|line| line.split(':').next() == Some(name)).context("no such user")?;
    let mut fields = line.split(':').skip(2);
    let mut number = || fields.next().and_then(|field| field.parse().ok()).context("a user has no number");
    Ok((number()?, number()?))
}

/// A folder is there, is its user's, and nobody else looks into it.
fn is_private(machine: &Machine, folder: &str, owner: &str) -> Result<()> {
    let found = machine.owner(folder)?;
    let (user, group) = user(machine, owner)?;
    ensure!(found == (user, group, 0o700), "{folder} is of {found:?} (user, group, mode)");
    Ok(())
}

#[test]
fn the_server_keeps_every_answer_through_upgrade_downgrade_and_removal() -> Result<()> {
    let out = tempfile::tempdir()?;
    let package = debian::build(&[AGGREGATOR], "1.0", out.path())?.remove(0);
    let later = debian::with_version(&package, "1.1", out.path())?;
    let machine = Machine::new()?;
    machine.install(slice::from_ref(&package))?;
    is_private(&machine, "/var/lib/wardvoice", "wardvoice")?;
    ensure!(machine.path("/etc/systemd/system/multi-user.target.wants/wardvoice-aggregator.service").is_symlink());
    let (owner, group) = user(&machine, "wardvoice")?;
    let list = machine.owner("/var/lib/wardvoice-broker")?;
    ensure!(list == (owner, group, 0o755), "the folder that a broker reads in is of {list:?} (user, group, mode)");
    let systemctl = machine.path("/usr/bin/systemctl");
    fs::write(&systemctl, "#!/bin/sh\n")?;
    fs::set_permissions(&systemctl, fs::Permissions::from_mode(0o755))?;
    for unit in ["wardvoice-mosquitto-reload.path", "wardvoice-mosquitto-reload.service"] {
        let wrong = machine.check_unit(unit)?;
        ensure!(wrong.is_empty(), "{wrong}");
    }
    let settings = "/etc/wardvoice/config.toml";
    let program = programs::aggregator()?;
    let check = |settings: PathBuf| {
        Command::new(&program).arg("--config").arg(settings).args(["config", "check"]).output()
    };
    well(&check(machine.path(settings))?).context("the settings that come with the package are refused")?;
    let text = machine.text(settings)?;
    for line in ["listen = \"127.0.0.1:1883\"", "listen = \"127.0.0.1:8080\""] {
        ensure!(text.contains(line), "{line} is not in the settings");
    }

    let answers = machine.path("/var/lib/wardvoice/log");
    fs::write(&answers, "everything anybody said")?;
    let mine = format!("{text}\n# The trust's own line.\n");
    fs::write(machine.path(settings), &mine)?;
    let kept = || -> Result<()> {
        ensure!(
            fs::read_to_string(&answers).ok().as_deref() == Some("everything anybody said"),
            "the answers are gone"
        );
        Ok(())
    };
    for (what, package) in [("upgrade", &later), ("the same again", &later), ("downgrade", &package)] {
        machine.install(slice::from_ref(package)).context(what)?;
        kept().context(what)?;
        ensure!(machine.text(settings)? == mine, "{what}: the settings are not the trust's own any more");
        is_private(&machine, "/var/lib/wardvoice", "wardvoice").context(what)?;
    }

    machine.remove(&[AGGREGATOR])?;
    kept().context("removal")?;
    ensure!(machine.text(settings)? == mine && !machine.path("/usr/bin/wardvoice-aggregator").exists());
    let said = machine.purge(&[AGGREGATOR])?;
    kept().context("a purge that nobody has answered")?;
    ensure!(said.contains("/var/lib/wardvoice stays"), "{said}");
    let for_brokers = machine.path("/var/lib/wardvoice-broker");
    ensure!(for_brokers.is_dir(), "what a broker reads went before the data: {said}");
    ensure!(!machine.path(settings).exists(), "the settings stay after a purge");

    machine.install(slice::from_ref(&package))?;
    kept().context("taken up again")?;
    machine.answer(AGGREGATOR, "wardvoice-aggregator/delete-data", true)?;
    machine.remove(&[AGGREGATOR])?;
    kept().context("a removal asks for nothing and deletes nothing")?;
    let said = machine.purge(&[AGGREGATOR])?;
    ensure!(said.contains("is deleted") && !machine.path("/var/lib/wardvoice").exists(), "{said}");
    ensure!(!for_brokers.exists() && said.contains("a broker whose settings name a file there"), "{said}");
    Ok(())
}

/// How exposed a kiosk may be, in tenths: it needs a screen, its drivers, a session and the network.
const MOST_EXPOSED_KIOSK: u32 = 25;

/// The unit starts at boot, comes back whatever happens, stands alone on its console, and hides nothing that the compositor needs.
fn shows_its_window_alone(machine: &Machine) -> Result<()> {
    let unit = machine.text("usr/lib/systemd/system/wardvoice-kiosk.service")?;
    for (line, why) in [
        // Cage switches consoles with -s alone.
        ("ExecStart=/usr/bin/cage -d -- /usr/bin/env ", "the compositor lets somebody out"),
        ("ExecStartPre=-+/usr/bin/chvt 1", "it does not come back from another console"),
        ("Conflicts=getty@tty1.service display-manager.service", "a login or a desktop stands beside it"),
        ("Restart=always", "it stays away after an end"),
        ("StartLimitIntervalSec=0", "it is given up"),
        ("WatchdogSec=", "a window that hangs stays"),
        ("WantedBy=graphical.target", "it does not start at boot"),
    ] {
        ensure!(unit.contains(&format!("\n{line}")), "{why}: {unit}");
    }
    ensure!(
        unit.contains("\nLimitCORE=0\nMemorySwapMax=0\n"),
        "what somebody answers may come to lie on the disk as it is: {unit}"
    );
    // The compositor's socket is in /run/user, which ProtectHome= hides with the homes.
    let hides_homes = unit.lines().any(|line| line.starts_with("ProtectHome=") && line != "ProtectHome=no");
    ensure!(!hides_homes && unit.contains("\nPAMName="), "the compositor has no place for its socket: {unit}");
    let exposed = machine.exposure("wardvoice-kiosk.service")?;
    ensure!(exposed <= MOST_EXPOSED_KIOSK, "the exposure of the kiosk is {exposed} tenths");
    let start = machine.text("usr/share/doc/wardvoice-kiosk-session/examples/grub.cfg")?;
    ensure!(start.contains("\nGRUB_TIMEOUT=0\n") && start.contains("panic="), "a start stops for a key: {start}");
    Ok(())
}

#[test]
fn a_tablet_becomes_a_kiosk_and_keeps_what_it_has_not_sent() -> Result<()> {
    let out = tempfile::tempdir()?;
    let packages = debian::build(&[KIOSK, SESSION], "1.0", out.path())?;
    let machine = Machine::new()?;
    machine.install(&packages)?;
    is_private(&machine, "/var/lib/wardvoice-kiosk", "wardvoice-kiosk")?;
    ensure!(machine.path("/etc/systemd/system/graphical.target.wants/wardvoice-kiosk.service").is_symlink());
    let ctrl_alt_del = machine.path("/etc/systemd/system/ctrl-alt-del.target");
    ensure!(fs::read_link(&ctrl_alt_del)?.as_os_str() == "/dev/null", "Ctrl, Alt and Delete restart the tablet");
    let logins = machine.text("/usr/lib/systemd/logind.conf.d/50-wardvoice-kiosk.conf")?;
    ensure!(logins.contains("NAutoVTs=0\n") && logins.contains("ReserveVT=0\n"), "logins wait on other consoles");
    for key in ["PowerKey", "RebootKey", "SuspendKey", "HibernateKey"] {
        for pressed in ["", "LongPress"] {
            ensure!(logins.contains(&format!("\nHandle{key}{pressed}=ignore\n")), "{key}{pressed} does something");
        }
    }
    for lid in ["LidSwitch", "LidSwitchExternalPower", "LidSwitchDocked"] {
        ensure!(logins.contains(&format!("\nHandle{lid}=ignore\n")), "{lid} does something");
    }
    ensure!(machine.text("usr/lib/sysctl.d/50-wardvoice-kiosk.conf")?.contains("\nkernel.sysrq = 0\n"));
    ensure!(
        machine
            .text("usr/lib/systemd/system.conf.d/50-wardvoice-kiosk.conf")?
            .contains("\nCtrlAltDelBurstAction=none\n")
    );
    shows_its_window_alone(&machine)?;
    for program in ["cage", "chvt", "env", "kbd_mode"] {
        fs::write(machine.path("/usr/bin").join(program), "#!/bin/sh\n")?;
        fs::set_permissions(machine.path("/usr/bin").join(program), fs::Permissions::from_mode(0o755))?;
    }
    let wrong = machine.check_unit("wardvoice-kiosk.service")?;
    ensure!(wrong.is_empty(), "{wrong}");
    // The same without a compositor.
    let drop_ins = machine.path("/etc/systemd/system/wardvoice-kiosk.service.d");
    fs::create_dir_all(&drop_ins)?;
    let example = machine.path("/usr/share/doc/wardvoice-kiosk-session/examples/linuxkms.conf");
    fs::copy(&example, drop_ins.join("linuxkms.conf")).with_context(|| format!("no {}", example.display()))?;
    let wrong = machine.check_unit("wardvoice-kiosk.service")?;
    ensure!(wrong.is_empty(), "{wrong}");

    let outbox = machine.path("/var/lib/wardvoice-kiosk/outbox");
    fs::write(&outbox, "an answer that waits")?;
    machine.purge(&[SESSION, KIOSK])?;
    ensure!(outbox.exists(), "a purge that nobody has answered took an answer with it");
    ensure!(!ctrl_alt_del.is_symlink(), "Ctrl, Alt and Delete stay taken away");
    Ok(())
}

#[test]
fn packages_bring_a_man_page_for_every_command_and_completions_that_parse() -> Result<()> {
    let out = tempfile::tempdir()?;
    let packages = debian::build(&[AGGREGATOR, "wardvoice-report"], "1.0", out.path())?;
    let machine = Machine::new()?;
    machine.install(&packages)?;
    let help = well(&Command::new(programs::aggregator()?).arg("--help").output()?)?;
    for command in ["serve", "kiosk", "verify", "table", "quarantine"] {
        ensure!(help.contains(command), "the help says nothing of {command}");
        let page = machine.path(&format!("/usr/share/man/man1/wardvoice-aggregator-{command}.1.gz"));
        let text = well(&Command::new("gzip").arg("-dc").arg(&page).output()?)?;
        ensure!(text.contains(".SH NAME"), "{} is no man page", page.display());
    }
    ensure!(!machine.path("/usr/share/man/man1/wardvoice-aggregator-manual.1.gz").exists());
    let completions = machine.path("/usr/share/bash-completion/completions/wardvoice-aggregator");
    well(&Command::new("bash").arg("-n").arg(&completions).output()?)?;
    well(&Command::new("sh").arg("-n").arg(machine.path("/usr/sbin/wardvoice")).output()?)?;

    // This page is written by hand, so it is held against the program.
    let page = fs::read_to_string(workspace().join("deploy/debian/wardvoice-report/wardvoice-report.1"))?;
    let help = well(&Command::new(programs::report()?).arg("--help").output()?)?;
    let options = help.split_whitespace().filter_map(|word| word.strip_prefix("--"));
    let options: Vec<&str> =
        options.map(|name| name.trim_end_matches(|c: char| !c.is_ascii_lowercase())).collect();
    ensure!(options.contains(&"out"), "{help}");
    for option in options {
        ensure!(
            page.contains(&format!("\\-\\-{option}")),
            "the page of wardvoice-report says nothing of --{option}"
        );
    }
    Ok(())
}

#[test]
fn the_same_checkout_gives_the_same_package() -> Result<()> {
    let out = tempfile::tempdir()?;
    let mut made = Vec::new();
    for folder in ["one", "two"] {
        let file = debian::build(&["wardvoice-report"], "1.0", &out.path().join(folder))?.remove(0);
        made.push(fs::read(file)?);
    }
    ensure!(made.first() == made.last(), "two packages of one checkout differ");
    Ok(())
}
