//! What somebody sees of a named consultant: the one way to a consultant's figures for pages, the API and commands.
//!
//! Purpose: [`Looker::look`] gives an [`Appraisal`], which holds what the policy shows to an audience at this n and says of everything else
//! why it is withheld. It is also what an appraisal document is made of: same facts, same bytes.
//!
//! Vocabulary: a *window* is the six months to the last day of a fortnight, 13 fortnights, named `6m-2026-11-22`.
//!
//! Invariants:
//! - Nobody looks without being noted: a look takes what [`note_look`] gives once the audit has it on the disk.
//! - The consultant sees it first: a window is anybody else's once it has ended and the consultant has opened it since, or so many days have
//!   passed ([`crate::policy::release`]).
//! - A figure that is not shown is not in the appraisal, under no other name and in no sum.
//! - What is shown of a window stands, and beside what is shown of other windows it tells nothing of a few patients: [`Offers`] alone says which
//!   window can be looked at.

use jiff::Timestamp;
use jiff::civil::Date;
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::fortnight::{Calendar, Period};
use wardvoice_protocol::id::ConsultantId;

use crate::audit::{self, Audit, AuditError, Deed};
use crate::comments::{Comments, CommentsError, Patients, Released};
use crate::disputes::Disputes;
use crate::facts::Facts;
use crate::policy::{self, Audience, Settings};
use crate::scoring::{ScoreError, ScoringWorld};

mod crowd;
mod offers;
mod sheet;

pub use offers::{Chosen, Offers};
pub(crate) use sheet::Gathered;
pub use sheet::{Appraisal, CoverageCounts, DomainFigures, InsteadOf, SpecialtyFigures, Withheld};

/// What a look rests on.
pub struct Looker<'a> {
    /// The facts.
    pub facts: &'a Facts,
    /// The rules of scoring.
    pub world: &'a ScoringWorld,
    /// What the trust has decided about who may see what.
    pub settings: &'a Settings,
    /// What is disputed.
    pub disputes: &'a Disputes,
    /// The local day it is.
    pub today: Date,
}

/// That a look is in the audit. Only [`note_look`] makes one.
#[derive(Debug)]
#[must_use = "a look that was noted is to be taken"]
pub struct Looked(Chosen);

/// Why nothing can be seen.
#[derive(Debug, thiserror::Error)]
pub enum AppraisalError {
    /// The directory has no such consultant, or facts and rules do not fit.
    #[error(transparent)]
    Score(#[from] ScoreError),
    /// The window is the consultant's alone until it has ended, and for some days more unless the consultant has opened it.
    #[error(
        "show {window} to anybody but the consultant: it is theirs first; anybody else's from {from}, or once they have opened it"
    )]
    NotYet {
        /// The window.
        window: String,
        /// The day from which it is shown anyhow.
        from: Date,
    },
}

/// Whether a window of a consultant is an audience's already.
pub fn released(
    consultant: &ConsultantId,
    window: &Period,
    audience: Audience,
    (audit, calendar): (&Audit, &Calendar),
    (settings, today): (&Settings, Date),
) -> Result<(), AppraisalError> {
    let opened = audit.opened(&Unit::Consultant(consultant.clone()).to_string(), &window.to_string());
    let opened = opened.map(|at| calendar.day_of(at));
    policy::release(audience, window.last(), opened, today, settings)
        .map_err(|from| AppraisalError::NotYet { window: window.to_string(), from })
}

/// Notes that somebody looks at a consultant, durably. Without that there is no look.
pub fn note_look(audit: &Audit, at: Timestamp, who: &str, chosen: Chosen) -> Result<Looked, AuditError> {
    let about = Unit::Consultant(chosen.consultant.clone()).to_string();
    let detail = audit::look(&chosen.window.to_string(), chosen.audience.as_str());
    audit.note(at, who, Deed::SawConsultant, Some(&about), Some(&detail))?;
    Ok(Looked(chosen))
}

/// The six months to a day.
pub fn window_to(calendar: &Calendar, last: Date) -> Option<Period> {
    calendar.period(&Period::RollingHalfYear { last }.to_string()).ok()
}

impl Looker<'_> {
    /// What an audience sees of a consultant in a window.
    pub fn look(&self, looked: Looked) -> Result<Appraisal, AppraisalError> {
        let gathered = self.gather(&looked.0)?;
        self.look_at(&gathered, looked)
    }

    /// What a look is made of, before the policy has decided what of it is shown.
    pub(crate) fn gather(&self, chosen: &Chosen) -> Result<Gathered, AppraisalError> {
        sheet::gather(self, chosen)
    }

    /// The same as [`look`](Self::look), of what was gathered for such a look before.
    #[expect(clippy::needless_pass_by_value, reason = "a note is for one look")]
    pub(crate) fn look_at(&self, gathered: &Gathered, looked: Looked) -> Result<Appraisal, AppraisalError> {
        sheet::appraisal(self, &looked.0, gathered)
    }
}

/// What patients wrote about doctors, to stand beside what the same patients answered: for the consultant and the appraiser, where the policy
/// shows them the answers.
pub fn comments(
    seen: &Appraisal,
    comments: &Comments,
    world: &ScoringWorld,
    disputes: &Disputes,
) -> Result<Vec<Released>, CommentsError> {
    let own = matches!(seen.audience, Audience::Consultant | Audience::Appraiser);
    let window = world.calendar().period(&seen.window).ok().filter(|_| own && seen.show.distribution());
    let Some(window) = window else { return Ok(Vec::new()) };
    let consultant = world.vocabulary().consultant_index(&seen.consultant);
    let (Some(consultant), Some(in_charge)) = (consultant, world.in_charge(&window)) else {
        return Ok(Vec::new());
    };
    let not_theirs = disputes.not_theirs(&seen.consultant);
    comments.of_patients(&Patients { consultant, window, as_of: seen.as_of, in_charge, not_theirs })
}

#[cfg(test)]
mod tests;
