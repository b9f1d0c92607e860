//! Backups and the way back from one.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde::Serialize;
use wardvoice_protocol::id::RecordId;
use wardvoice_protocol::withdrawal::WithdrawalCode;

use super::say::{self, Style, Terminal};
use crate::backup::age::{Identity, Recipient};
use crate::config::Config;
use crate::operations::{self, BackupAsk, Request, RetentionAsk, Talk as _, WithdrawAsk};

/// What is backed up, and where to.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct BackupArguments {
    #[command(subcommand)]
    command: Option<BackupCommand>,
    /// The file to write; what has the name before stays until the new one has been tried.
    #[arg(long, value_name = "FILE", required = true)]
    to: Option<PathBuf>,
    /// A public key that opens it, instead of those of the settings; may be given more than once.
    #[arg(long = "recipient", value_name = "KEY")]
    recipients: Vec<Recipient>,
    /// The folder it is tried in, for as long as that takes; the data folder when absent.
    #[arg(long, value_name = "DIR")]
    trial_in: Option<PathBuf>,
    /// Print what is in it as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum BackupCommand {
    /// Draw a key for backups: the secret half into a file, the public half for the settings.
    NewKey {
        /// The file for the secret half. Take it away from this machine.
        #[arg(long, value_name = "FILE")]
        secret: PathBuf,
    },
}

/// Which backup is restored, and where to.
#[derive(Debug, clap::Args)]
pub(super) struct RestoreArguments {
    /// The backup.
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// The data folder to make; it must be empty or not be there.
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// The file with the secret half of a key that the backup was made for.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Print what is in it as JSON.
    #[arg(long)]
    json: bool,
}

/// Whose answer is deleted.
#[derive(Debug, clap::Args)]
pub(super) struct WithdrawArguments {
    /// The record it came in, as `export` names it.
    #[arg(long, value_name = "ID", required_unless_present_any = ["code", "list"], conflicts_with_all = ["code", "list"])]
    record: Option<RecordId>,
    /// The code that the kiosk's thank-you screen showed: twelve letters and digits, the dashes may be left out.
    #[arg(long, value_name = "CODE", conflicts_with = "list")]
    code: Option<WithdrawalCode>,
    /// Only list which records were deleted, a line each, to be kept beside backups: `import` of it deletes them in a restored log.
    #[arg(long, conflicts_with = "json")]
    list: bool,
    /// The file for the list; standard output when absent.
    #[arg(long, value_name = "FILE", requires = "list")]
    to: Option<PathBuf>,
    /// Print what stays as JSON.
    #[arg(long)]
    json: bool,
}

impl WithdrawArguments {
    pub(super) fn asked(&self) -> Result<(Request, Style)> {
        if self.list {
            return Ok((Request::Withdraw(WithdrawAsk::List), Style::Lines { to: self.to.clone() }));
        }
        let asked = match (self.record, self.code) {
            (Some(record), _) => WithdrawAsk::Record(record),
            (None, Some(code)) => WithdrawAsk::Code(code),
            (None, None) => bail!("failed to tell which answer is meant: give --record, --code or --list"),
        };
        Ok((Request::Withdraw(asked), Style::one(self.json, say::withdrawn)))
    }
}

/// Whether what is due is deleted.
#[derive(Debug, clap::Args)]
pub(super) struct RetentionArguments {
    /// Only say how much it is.
    #[arg(long)]
    dry_run: bool,
    /// Print it as JSON.
    #[arg(long)]
    json: bool,
}

impl RetentionArguments {
    pub(super) fn asked(&self) -> (Request, Style) {
        let request = Request::Retention(RetentionAsk { dry_run: self.dry_run });
        (request, Style::one(self.json, say::swept))
    }
}

impl BackupArguments {
    /// Draws a key, or asks whoever has the data folder for a backup; whether what is in it is sound.
    pub(super) fn run(&self, data: &Path, config: impl FnOnce() -> Result<Config>) -> Result<bool> {
        if let Some(BackupCommand::NewKey { secret }) = &self.command {
            return new_key(secret).map(|()| true);
        }
        let to = self.to.as_deref().context("failed to tell where the backup is to be: give --to")?;
        let absolute =
            |path: &Path| std::path::absolute(path).with_context(|| format!("failed to find {}", path.display()));
        let asked = BackupAsk {
            to: absolute(to)?,
            recipients: self.recipients.clone(),
            trial_in: self.trial_in.as_deref().map(absolute).transpose()?,
        };
        super::reach::ask(data, config, &Request::Backup(asked), Style::one(self.json, say::backed_up))
    }
}

impl RestoreArguments {
    /// Restores and says what came of it; whether what is there now is sound. `settings` reads those of a folder.
    pub(super) fn run(&self, settings: impl FnOnce(&Path) -> Result<Config>) -> Result<bool> {
        let key = Identity::read(&self.key);
        let key = key.with_context(|| format!("failed to read the key {}", self.key.display()))?;
        let restored = operations::restore(&self.from, &self.to, &key, settings)?;
        print(self.json, say::restored, &restored)?;
        Ok(restored.sound)
    }
}

fn new_key(secret: &Path) -> Result<()> {
    let key = Identity::draw()?;
    key.write_new(secret).with_context(|| format!("failed to write {}", secret.display()))?;
    say::text(&format!("{}\n", key.recipient()))
}

fn print(json: bool, words: fn(&serde_json::Value) -> String, value: &impl Serialize) -> Result<()> {
    let mut terminal = Terminal::new(Style::one(json, words))?;
    terminal.item(&serde_json::to_string(value)?)?;
    terminal.finish()
}
