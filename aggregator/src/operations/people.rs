//! Commands about people: who may sign in, who did what, what a consultant's figures are, and what is disputed.

use std::sync::PoisonError;

use anyhow::{Context as _, Result, bail, ensure};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use wardvoice_protocol::id::{ConsultantId, Hash, WardId};

use super::{Talk, say};
use crate::accounts::{AccountName, Proof};
use crate::app::Addresses;
use crate::appraisal::{Appraisal, Looker, note_look, released, window_to};
use crate::audit::{self, COMMAND, Deed};
use crate::disputes::Ruling;
use crate::policy::{Audience, Role, Settings};
use crate::premises::{House, Premises, failed};

/// What a command asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeopleRequest {
    /// Adds an account or gives it a new password; answers with it, and with the token when one was drawn.
    UserAdd {
        /// Its name.
        name: AccountName,
        /// The password; a token is drawn when absent.
        password: Option<String>,
        /// What it may be; what it is when empty.
        roles: Vec<Role>,
    },
    /// Answers with every account.
    UserList,
    /// Gives an account other roles and answers with it.
    UserRole {
        /// Its name.
        name: AccountName,
        /// What it may be from now on.
        roles: Vec<Role>,
    },
    /// Removes an account.
    UserRemove {
        /// Its name.
        name: AccountName,
    },
    /// Locks an account and answers with it.
    UserLock {
        /// Its name.
        name: AccountName,
    },
    /// Unlocks an account and answers with it.
    UserUnlock {
        /// Its name.
        name: AccountName,
    },
    /// Ends every session of an account.
    UserSignOut {
        /// Its name; one of the trust's own sign-in, too.
        name: AccountName,
    },
    /// Makes a token for a screen and answers with it.
    DisplayTokenAdd {
        /// The screen's ward.
        ward: WardId,
    },
    /// Answers with every screen's token, without what it opens with.
    DisplayTokenList,
    /// Turns a screen out and answers with what it was.
    DisplayTokenRevoke {
        /// The token's number.
        number: u32,
    },
    /// Answers with the last entries of the audit, the newest first; all of them, oldest first, when no number is given.
    AuditList {
        /// How many.
        last: Option<usize>,
    },
    /// Checks the whole chain of the audit.
    AuditVerify {
        /// An entry that was noted elsewhere: its number and hash must be in the chain.
        expects: Option<(u64, Hash)>,
    },
    /// Answers with every dispute, the newest first.
    DisputeList {
        /// Only those that are to be decided.
        open: bool,
    },
    /// Rules on a dispute and answers with it.
    DisputeRule {
        /// Its number.
        number: u32,
        /// How.
        ruling: Ruling,
        /// Why, for the consultant to read.
        note: String,
    },
    /// Answers with what an audience sees of a consultant.
    Appraisal {
        /// The consultant.
        consultant: ConsultantId,
        /// The last day of the six months; that of the present fortnight when absent.
        until: Option<Date>,
        /// As what.
        audience: Audience,
    },
}

/// An account as commands answer with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountLine {
    /// Its name.
    pub name: AccountName,
    /// What it may be.
    pub roles: Vec<Role>,
    /// Whether it is locked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub locked: bool,
    /// The token that was drawn; it is nowhere else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// Whose sessions were ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedOutLine {
    /// The account.
    pub name: AccountName,
    /// How many there were.
    pub sessions: usize,
}

impl PeopleRequest {
    pub(super) fn needs_only_premises(&self) -> bool {
        !matches!(self, Self::DisputeRule { .. } | Self::Appraisal { .. })
    }

    /// What of it is noted.
    pub(super) fn noted(&self) -> Option<(Deed, String, Option<String>)> {
        let account = |name: &AccountName| format!("account:{name}");
        let listed = |roles: &[Role]| roles.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        match self {
            Self::UserAdd { name, roles, .. } if roles.is_empty() => {
                Some((Deed::ChangedAccount, account(name), Some("a new password".to_owned())))
            }
            Self::UserAdd { name, roles, .. } | Self::UserRole { name, roles } => {
                Some((Deed::ChangedAccount, account(name), Some(listed(roles))))
            }
            Self::UserRemove { name } => Some((Deed::ChangedAccount, account(name), Some("removed".to_owned()))),
            Self::UserLock { name } => Some((Deed::ChangedAccount, account(name), Some("locked".to_owned()))),
            Self::UserUnlock { name } => Some((Deed::ChangedAccount, account(name), Some("unlocked".to_owned()))),
            Self::UserSignOut { name } => {
                Some((Deed::ChangedAccount, account(name), Some("signed out everywhere".to_owned())))
            }
            Self::DisplayTokenAdd { ward } => {
                Some((Deed::ChangedAccount, format!("display:{ward}"), Some("a new token".to_owned())))
            }
            Self::DisplayTokenRevoke { number } => {
                Some((Deed::ChangedAccount, format!("account:screen-{number}"), Some("revoked".to_owned())))
            }
            Self::DisputeRule { number, ruling, .. } => {
                Some((Deed::Ruled, format!("dispute:{number}"), Some(ruling.to_string())))
            }
            // A look is noted where it is taken, when it is known which window it is.
            Self::Appraisal { .. }
            | Self::UserList
            | Self::DisplayTokenList
            | Self::AuditList { .. }
            | Self::AuditVerify { .. }
            | Self::DisputeList { .. } => None,
        }
    }
}

/// Does what needs no log.
pub(super) fn on_premises(premises: &Premises, request: PeopleRequest, talk: &mut dyn Talk) -> Result<bool> {
    match request {
        PeopleRequest::UserAdd { name, password, roles } => {
            check_roles(premises, &roles)?;
            let proof = password.as_deref().map_or(Proof::Drawn, Proof::Chosen);
            let token = premises.accounts.add(&name, proof, &roles).map_err(failed)?;
            account(premises, &name, token, talk)
        }
        PeopleRequest::UserRole { name, roles } => {
            check_roles(premises, &roles)?;
            premises.accounts.set_roles(&name, &roles).map_err(failed)?;
            account(premises, &name, None, talk)
        }
        PeopleRequest::UserRemove { name } => {
            premises.accounts.remove(&name).map_err(failed)?;
            Ok(true)
        }
        PeopleRequest::UserLock { name } => {
            premises.accounts.lock(&name).map_err(failed)?;
            premises.sessions.end_of(&name);
            account(premises, &name, None, talk)
        }
        PeopleRequest::UserUnlock { name } => {
            premises.accounts.unlock(&name).map_err(failed)?;
            account(premises, &name, None, talk)
        }
        PeopleRequest::UserSignOut { name } => {
            let known = premises.accounts.get(name.as_str()).is_some();
            let ended = premises.sessions.end_of(&name);
            ensure!(
                known || ended > 0,
                "failed to sign {name} out: nobody of that name has an account or is signed in"
            );
            say(talk, &SignedOutLine { name, sessions: ended })?;
            Ok(true)
        }
        PeopleRequest::DisplayTokenAdd { ward } => {
            let known = premises.directory.ward(&ward);
            known.with_context(|| format!("failed to find the ward {ward} in the directory"))?;
            let mut line = premises.display_tokens.add(&ward, Timestamp::now()).map_err(failed)?;
            let server = Addresses::read(&premises.data).map(|known| known.http);
            line.address = server.zip(line.path.as_ref()).map(|(server, path)| format!("{server}{path}"));
            say(talk, &line)?;
            Ok(true)
        }
        PeopleRequest::DisplayTokenList => {
            premises.display_tokens.list().iter().try_for_each(|line| say(talk, line))?;
            Ok(true)
        }
        PeopleRequest::DisplayTokenRevoke { number } => {
            say(talk, &premises.display_tokens.revoke(number).map_err(failed)?)?;
            Ok(true)
        }
        PeopleRequest::UserList => {
            for found in premises.accounts.all() {
                let roles = found.roles.into_iter().collect();
                say(talk, &AccountLine { name: found.name, roles, locked: found.locked, token: None })?;
            }
            Ok(true)
        }
        PeopleRequest::AuditList { last } => {
            match last {
                Some(many) => premises.audit.recent(many).iter().try_for_each(|entry| say(talk, entry))?,
                None => {
                    premises.audit.each(|line| talk.item(line).map_err(std::io::Error::other)).map_err(failed)?;
                }
            }
            Ok(true)
        }
        PeopleRequest::AuditVerify { expects } => {
            let report = premises.audit.verify(expects).map_err(failed)?;
            say(talk, &report)?;
            Ok(report.faults.is_empty())
        }
        PeopleRequest::DisputeList { open } => {
            let disputes = premises.disputes.list();
            let asked = disputes.iter().filter(|dispute| !open || dispute.ruled.is_none());
            for dispute in asked {
                say(talk, dispute)?;
            }
            Ok(true)
        }
        other => bail!("failed to do {other:?}: it needs the log"),
    }
}

/// Does anything.
pub(super) fn at_home(house: &House, request: PeopleRequest, talk: &mut dyn Talk) -> Result<bool> {
    match request {
        PeopleRequest::DisputeRule { number, ruling, note } => {
            say(talk, &house.rule(number, ruling, &note)?)?;
            Ok(true)
        }
        PeopleRequest::Appraisal { consultant, until, audience } => {
            say(talk, &look(house, &consultant, until, audience)?)?;
            Ok(true)
        }
        small => on_premises(&house.premises, small, talk),
    }
}

fn check_roles(premises: &Premises, roles: &[Role]) -> Result<()> {
    roles.iter().try_for_each(|role| role.check(&premises.directory)).map_err(failed)
}

fn account(premises: &Premises, name: &AccountName, token: Option<String>, talk: &mut dyn Talk) -> Result<bool> {
    let found = premises.accounts.get(name.as_str()).context("failed to read the account again")?;
    let (roles, locked) = (found.roles.into_iter().collect(), found.locked);
    say(talk, &AccountLine { name: found.name, roles, locked, token })?;
    Ok(true)
}

/// Looks at a consultant as an audience, noted.
pub(super) fn look(
    house: &House,
    consultant: &ConsultantId,
    until: Option<Date>,
    audience: Audience,
) -> Result<Appraisal> {
    let premises = &house.premises;
    let (calendar, today) = (&premises.config.calendar, premises.today());
    let settings = premises.policy();
    let offers = with_looker(house, &settings, today, |looker| looker.offers(consultant)).map_err(failed)?;
    let newest = offers.last(audience).context("failed to find six months that are final: there are none yet")?;
    let chosen = match until {
        None => newest,
        Some(last) => {
            let window = window_to(calendar, last).and_then(|window| offers.of(&window, audience));
            window.with_context(|| {
                format!(
                    "failed to find six months to {last}: they end with a fortnight that is final, the newest with that to {}",
                    newest.window().last()
                )
            })?
        }
    };
    let window = chosen.window();
    released(consultant, &window, audience, (&premises.audit, calendar), (&settings, today)).map_err(failed)?;
    // A look from the server is nobody's first sight of it: only the consultant's own account opens a window for others.
    let noted = note_look(&premises.audit, Timestamp::now(), COMMAND, chosen).map_err(failed)?;
    with_looker(house, &settings, today, |looker| looker.look(noted)).map_err(failed)
}

fn with_looker<T>(house: &House, settings: &Settings, today: Date, work: impl FnOnce(&Looker<'_>) -> T) -> T {
    let facts = house.facts.read().unwrap_or_else(PoisonError::into_inner);
    let disputes = &house.premises.disputes;
    work(&Looker { facts: &facts, world: &house.scoring, settings, disputes, today })
}

/// Notes a look at a consultant's scores by `scores`, which gives everything unless an audience is named.
pub(super) fn note_scores(premises: &Premises, consultant: &ConsultantId, detail: &str) -> Result<()> {
    let about = format!("consultant:{consultant}");
    let noted = premises.audit.note(Timestamp::now(), COMMAND, Deed::SawConsultant, Some(&about), Some(detail));
    noted.map_err(failed)
}

/// How a look by `scores` is noted.
pub(super) fn scores_detail(period: &str, audience: Option<Audience>) -> String {
    audit::look(period, audience.map_or("everything", Audience::as_str))
}
