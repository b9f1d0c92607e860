//! `manual`: man pages and completions for shells, made from the commands themselves. Packages are built with it; nobody else needs it.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use clap::{Command, CommandFactory as _};
use clap_complete::aot::{Shell, generate_to};

use super::Cli;

/// The shells that packages bring completions for.
const SHELLS: [Shell; 3] = [Shell::Bash, Shell::Zsh, Shell::Fish];

/// A page for every command below `man`, a file for every shell below `completions`.
pub(super) fn write(out: &Path) -> Result<()> {
    let mut command = plain(Cli::command());
    let name = command.get_name().to_owned();
    let (pages, completions) = (out.join("man"), out.join("completions"));
    for folder in [&pages, &completions] {
        fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
    }
    for shell in SHELLS {
        generate_to(shell, &mut command, &name, &completions)
            .with_context(|| format!("write the completions for {shell}"))?;
    }
    clap_mangen::generate_to(command, &pages)
        .with_context(|| format!("write the man pages into {}", pages.display()))
}

/// Without the commands that tell about commands, of which there would be a page each.
fn plain(command: Command) -> Command {
    command.disable_help_subcommand(true).mut_subcommands(plain)
}
