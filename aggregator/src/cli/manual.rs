//! `manual`: man pages and completions for shells, made from the commands themselves. Packages are built with it; nobody else needs it.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use clap::{Command, CommandFactory as _};
use clap_complete::aot::{Shell, generate_to};

use super::Arguments;

/// The shells that packages bring completions for.
const SHELLS: [Shell; 3] = [Shell::Bash, Shell::Zsh, Shell::Fish];

/// A page for every command below `man`, a file for every shell below `completions`.
pub(super) fn write(out: &Path) -> Result<()> {
    let mut command = plain(Arguments::command());
    let name = command.get_name().to_owned();
    let (pages, completions) = (out.join("man"), out.join("completions"));
    for folder in [&pages, &completions] {
        fs::create_dir_all(folder).with_context(|| format!("failed to make {}", folder.display()))?;
    }
    for shell in SHELLS {
        generate_to(shell, &mut command, &name, &completions)
            .with_context(|| format!("failed to write the completions for {shell}"))?;
    }
    clap_mangen::generate_to(command, &pages)
        .with_context(|| format!("failed to write the man pages into {}", pages.display()))
}

/// Without the commands that tell about commands, of which there would be a page each.
fn plain(command: Command) -> Command {
    command.disable_help_subcommand(true).mut_subcommands(plain)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;

    #[test]
    fn every_command_has_a_page_and_nothing_hidden_has_one() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path()).unwrap();
        let page = |name: &str| fs::read_to_string(folder.path().join("man").join(name));
        let first = page("wardvoice-aggregator.1").unwrap();
        for command in Arguments::command().get_subcommands() {
            let name = format!("wardvoice-aggregator-{}.1", command.get_name());
            assert_eq!(page(&name).is_ok(), !command.is_hide_set(), "{name}");
        }
        assert!(page("wardvoice-aggregator-kiosk-add.1").unwrap().contains("signing"));
        assert!(!first.contains("manual(1)"), "{first}");
        let shells = fs::read_dir(folder.path().join("completions")).unwrap();
        let mut shells: Vec<_> = shells.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        shells.sort();
        assert_eq!(shells, ["_wardvoice-aggregator", "wardvoice-aggregator.bash", "wardvoice-aggregator.fish"]);
    }
}
