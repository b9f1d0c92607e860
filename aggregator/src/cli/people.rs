//! What can be asked about people and screens: `user`, `display`, `appraisal`, `dispute`, `audit`.

use anyhow::{Context as _, Result};
use clap::Subcommand;
use jiff::civil::Date;
use wardvoice_protocol::id::{ConsultantId, Hash, WardId};

use super::input;
use super::say::{self, Style};
use crate::accounts::AccountName;
use crate::disputes::Ruling;
use crate::operations::{PeopleRequest, Request};
use crate::policy::{Audience, Role};

#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Add an account, or give one a new password. Its sessions end.
    Add {
        /// Its name: an id, nobody's real name.
        name: AccountName,
        /// What it may be, as often as needed: office, administrator, board, ward:W12, department:ID, consultant:ID, appraiser:ID (of
        /// that consultant), display:W12. What it is, when absent; `office` is the office.
        #[arg(long = "role", value_name = "ROLE")]
        roles: Vec<Role>,
        /// Read the password from standard input instead of asking for it.
        #[arg(long, conflicts_with = "token")]
        password_stdin: bool,
        /// Draw a token instead of a password, for a screen or a program; it is printed once.
        #[arg(long)]
        token: bool,
        /// Print the account as JSON.
        #[arg(long)]
        json: bool,
    },
    /// List the accounts with their roles.
    List {
        /// Print them as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Give an account other roles instead of those it has. Its sessions end.
    Role {
        /// Its name.
        name: AccountName,
        /// What it may be from now on, as often as needed.
        #[arg(long = "role", value_name = "ROLE", required = true)]
        roles: Vec<Role>,
        /// Print the account as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Remove an account. Its sessions end.
    Remove {
        /// Its name.
        name: AccountName,
    },
    /// Lock an account, at once: its sessions end, and no password opens it until it is unlocked.
    Lock {
        /// Its name.
        name: AccountName,
        /// Print the account as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Unlock an account.
    Unlock {
        /// Its name.
        name: AccountName,
        /// Print the account as JSON.
        #[arg(long)]
        json: bool,
    },
    /// End every session of an account, or of somebody of the trust's own sign-in.
    SignOut {
        /// The name, as the audit has it.
        name: AccountName,
        /// Print how many there were as JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum DisplayCommand {
    /// Say which screens are let in, where displays need a token.
    #[command(subcommand)]
    Token(TokenCommand),
}

#[derive(Debug, Subcommand)]
pub(super) enum TokenCommand {
    /// Make an address to open once, within a week, on the screen in a ward's corridor.
    Add {
        /// The screen's ward.
        #[arg(long)]
        ward: WardId,
        /// Print it as JSON.
        #[arg(long)]
        json: bool,
    },
    /// List the screens.
    List {
        /// Print them as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Turn a screen out, at once.
    Revoke {
        /// Its number, as `display token list` shows it.
        number: u32,
        /// Print what it was as JSON.
        #[arg(long)]
        json: bool,
    },
}

impl DisplayCommand {
    pub(super) fn asked(&self) -> (Request, Style) {
        let Self::Token(command) = self;
        let (request, style) = match command {
            TokenCommand::Add { ward, json } => {
                (PeopleRequest::DisplayTokenAdd { ward: ward.clone() }, Style::one(*json, say::display_token))
            }
            TokenCommand::List { json } => {
                (PeopleRequest::DisplayTokenList, Style::list(*json, say::display_token))
            }
            TokenCommand::Revoke { number, json } => {
                (PeopleRequest::DisplayTokenRevoke { number: *number }, Style::one(*json, say::display_token))
            }
        };
        (Request::People(request), style)
    }
}

impl UserCommand {
    pub(super) fn asked(&self) -> Result<(Request, Style)> {
        let (request, style) = match self {
            Self::Add { name, roles, password_stdin, token, json } => {
                let password = match (token, password_stdin) {
                    (true, _) => None,
                    (false, true) => Some(input::first_line()?),
                    (false, false) => Some(input::ask_for("password (12 characters or more)")?),
                };
                let (name, roles) = (name.clone(), roles.clone());
                (PeopleRequest::UserAdd { name, password, roles }, Style::one(*json, say::account))
            }
            Self::List { json } => (PeopleRequest::UserList, Style::list(*json, say::account)),
            Self::Role { name, roles, json } => {
                let (name, roles) = (name.clone(), roles.clone());
                (PeopleRequest::UserRole { name, roles }, Style::one(*json, say::account))
            }
            Self::Remove { name } => (PeopleRequest::UserRemove { name: name.clone() }, Style::Json),
            Self::Lock { name, json } => {
                (PeopleRequest::UserLock { name: name.clone() }, Style::one(*json, say::account))
            }
            Self::Unlock { name, json } => {
                (PeopleRequest::UserUnlock { name: name.clone() }, Style::one(*json, say::account))
            }
            Self::SignOut { name, json } => {
                (PeopleRequest::UserSignOut { name: name.clone() }, Style::one(*json, say::signed_out))
            }
        };
        Ok((Request::People(request), style))
    }
}

#[derive(Debug, clap::Args)]
pub(super) struct AppraisalArguments {
    /// The consultant.
    #[arg(long, value_name = "ID")]
    consultant: ConsultantId,
    /// The last day of the six months, a fortnight's; that of the last fortnight that is final when absent.
    #[arg(long, value_name = "DATE")]
    until: Option<Date>,
    /// As what to look: consultant, appraiser, board or office. What that audience may not see is withheld, and said.
    #[arg(long, default_value_t = Audience::Consultant)]
    audience: Audience,
    /// Print it as JSON: everything that an appraisal document is made of.
    #[arg(long)]
    json: bool,
}

impl AppraisalArguments {
    pub(super) fn request(&self) -> Request {
        let (consultant, until, audience) = (self.consultant.clone(), self.until, self.audience);
        Request::People(PeopleRequest::Appraisal { consultant, until, audience })
    }

    pub(super) fn style(&self) -> Style {
        Style::one(self.json, say::appraisal)
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum DisputeCommand {
    /// List what consultants dispute, the newest first.
    List {
        /// Only what is to be decided.
        #[arg(long)]
        open: bool,
        /// Print the disputes as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Uphold a dispute: the patient no longer counts for the consultant, from today on.
    Uphold {
        /// Its number.
        number: u32,
        /// Why, for the consultant to read.
        #[arg(long, value_name = "TEXT", default_value = "")]
        note: String,
        /// Print the dispute as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Decline a dispute: the patient counts as before.
    Decline {
        /// Its number.
        number: u32,
        /// Why, for the consultant to read.
        #[arg(long, value_name = "TEXT", default_value = "")]
        note: String,
        /// Print the dispute as JSON.
        #[arg(long)]
        json: bool,
    },
}

impl DisputeCommand {
    pub(super) fn asked(&self) -> (Request, Style) {
        let rule =
            |number: u32, ruling, note: &str| PeopleRequest::DisputeRule { number, ruling, note: note.to_owned() };
        let (request, style) = match self {
            Self::List { open, json } => {
                (PeopleRequest::DisputeList { open: *open }, Style::list(*json, say::dispute))
            }
            Self::Uphold { number, note, json } => {
                (rule(*number, Ruling::Upheld, note), Style::one(*json, say::dispute))
            }
            Self::Decline { number, note, json } => {
                (rule(*number, Ruling::Declined, note), Style::one(*json, say::dispute))
            }
        };
        (Request::People(request), style)
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// List who did what: every entry, or the last ones, the newest first.
    List {
        /// Only so many of the last, at most 1,000.
        #[arg(long, value_name = "NUMBER")]
        last: Option<usize>,
        /// Print the entries as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Prove that no entry was changed, taken out or put in.
    Verify {
        /// An entry that was noted elsewhere, as an earlier run printed it: it must still be there.
        #[arg(long, value_name = "NUMBER:HASH")]
        expects: Option<String>,
        /// Print the report as JSON.
        #[arg(long)]
        json: bool,
    },
}

impl AuditCommand {
    pub(super) fn asked(&self) -> Result<(Request, Style)> {
        let (request, style) = match self {
            Self::List { last, json } => {
                (PeopleRequest::AuditList { last: *last }, Style::list(*json, say::audited))
            }
            Self::Verify { expects, json } => {
                let expects = expects.as_deref().map(head).transpose()?;
                (PeopleRequest::AuditVerify { expects }, Style::one(*json, say::audit_report))
            }
        };
        Ok((Request::People(request), style))
    }
}

fn head(text: &str) -> Result<(u64, Hash)> {
    let read = || {
        let (number, hash) = text.split_once(':')?;
        Some((number.parse().ok()?, hash.parse().ok()?))
    };
    read().with_context(|| {
        format!("failed to read {text:?}: write a number, a colon and a hash, as `audit verify` prints them")
    })
}
