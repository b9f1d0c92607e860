//! What was decided about a comment, and how it stands by that. Pure.
//!
//! ```text
//!            ┌──────────── undo takes back the last decision that stands ───────────┐
//!            ▼                                                                      │
//! waiting ─► proposed (one of two) ─► released ─► waiting again, when the text is edited
//!    └─────► held, escalated ─────────────┘           (each may become each other)
//! ```
//!
//! Undoing lets nothing out: a pass that something else than a coding was decided upon has lapsed once that is taken back, and who
//! wants the text out passes it again, by the rules of that day.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wardvoice_protocol::one_line;

use super::find::Found;
use super::signs::SignKind;
use super::text::{Edit, fit, is_struck};
use super::themes::{Frame, ThemeId};
use crate::help::StaffRole;

/// The longest reason for holding or escalating, in characters.
pub const MAX_REASON_CHARACTERS: usize = 200;
/// The most edits of one text.
const MAX_EDITS: usize = 100;

/// What a comment is, in the eyes of whoever passes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// Praise and nothing else: the name of a member of staff may stay.
    Praise,
    /// Both.
    Mixed,
    /// Something was not good.
    Criticism,
}

/// How far a released text may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// To the staff of the trust.
    Staff,
    /// To everybody: corridor screens, posters, published pages.
    Everybody,
}

/// What somebody wants to happen to a comment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// Show the text with these edits and no others.
    Redact(Vec<Edit>),
    /// Let the text go out as it stands.
    Release(Tone, Reach),
    /// It has been read and stays in the office.
    Hold(String),
    /// Somebody else has to know.
    Escalate(StaffRole, String),
    /// These are its themes and no others.
    Code(BTreeSet<ThemeId>),
    /// Take back the last decision that stands; its number.
    Undo(u64),
}

/// What was decided, as the ledger keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case", deny_unknown_fields)]
pub enum Decision {
    /// The text has these edits and no others.
    Redacted {
        /// In order and apart.
        edits: Vec<Edit>,
    },
    /// The first of two has passed it.
    Proposed {
        /// What it is.
        tone: Tone,
        /// How far it may go.
        reach: Reach,
    },
    /// It may go out.
    Released {
        /// What it is.
        tone: Tone,
        /// How far it may go.
        reach: Reach,
    },
    /// It stays in the office.
    Held {
        /// Why.
        reason: String,
    },
    /// Somebody else has to know.
    Escalated {
        /// The role that was told.
        to: StaffRole,
        /// Why.
        reason: String,
    },
    /// What it is about.
    Coded {
        /// The themes.
        themes: BTreeSet<ThemeId>,
    },
    /// The decision of this number does not stand any more.
    Undone {
        /// The entry's number.
        number: u64,
    },
}

/// A decision with its number, its time and who took it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// Its number in the ledger.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// The role, or the name of the account.
    pub by: StaffRole,
    /// What.
    pub decision: Decision,
}

/// How a comment stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Standing {
    /// Nobody has decided.
    #[default]
    Waiting,
    /// One of two has passed it.
    Proposed {
        /// Who.
        by: StaffRole,
        /// What it is.
        tone: Tone,
        /// How far it may go.
        reach: Reach,
    },
    /// It may go out.
    Released {
        /// What it is.
        tone: Tone,
        /// How far it may go.
        reach: Reach,
    },
    /// It stays in the office.
    Held {
        /// Why.
        reason: String,
    },
    /// Somebody else has to know.
    Escalated {
        /// The role that was told.
        to: StaffRole,
        /// Why.
        reason: String,
    },
}

/// What a trust's settings say about release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rules {
    /// Whether two people have to pass a comment.
    pub two_person_release: bool,
}

/// Everything that was decided about one comment, and how it stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct History {
    entries: Vec<Decided>,
    standing: Standing,
    edits: Vec<Edit>,
    themes: BTreeSet<ThemeId>,
}

/// Why a decision cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecisionError {
    /// Somebody else was quicker.
    #[error("decide: somebody has decided meanwhile (entry {stands}, and entry {seen} was seen); look again")]
    Stale {
        /// The last entry that was seen.
        seen: u64,
        /// The last that there is.
        stands: u64,
    },
    /// The same person has passed it before, and a second one has to.
    #[error("release it: {0} has passed it already, and a second person has to")]
    NeedsAnother(StaffRole),
    /// It is released like that already.
    #[error("release it: it is released like that already")]
    AlreadyReleased,
    /// The name of a member of staff would go out with something that is no praise.
    #[error("release it: it is no praise and names a member of staff; put a role in the name's place first")]
    NameStands,
    /// Edits overlap, are out of order or outside the text, or there are too many.
    #[error("edit the text: spans must be in order, apart, inside the text and at most {MAX_EDITS}")]
    Edits,
    /// A reason is missing or too long.
    #[error(
        "take the reason: write 1 to {MAX_REASON_CHARACTERS} characters on one line, and no patient's words or name"
    )]
    Reason,
    /// The frame has no such theme.
    #[error("code it: the frame has no theme {0}")]
    NoSuchTheme(ThemeId),
    /// There is no such decision, or it does not stand, or another stands after it.
    #[error("undo entry {0}: only the last decision that stands can be taken back")]
    NotTheLast(u64),
}

impl History {
    /// Every decision, the oldest first.
    pub fn entries(&self) -> &[Decided] {
        &self.entries
    }

    /// How the comment stands.
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    /// What is struck out or replaced.
    pub fn edits(&self) -> &[Edit] {
        &self.edits
    }

    /// What it is about.
    pub fn themes(&self) -> &BTreeSet<ThemeId> {
        &self.themes
    }

    /// The number of the last entry; 0 for none.
    pub fn last(&self) -> u64 {
        self.entries.last().map_or(0, |entry| entry.number)
    }

    /// The decision that an undo would take back.
    pub fn undoable(&self) -> Option<&Decided> {
        self.standing_entries().pop()
    }

    /// Whether a decision stands no more: it was taken back, or it is a pass that has lapsed.
    pub fn is_undone(&self, number: u64) -> bool {
        let is_it = |entry: &Decided| entry.number == number && !matches!(entry.decision, Decision::Undone { .. });
        self.entries.iter().any(is_it) && !self.standing_entries().iter().any(|entry| entry.number == number)
    }

    /// What a wish comes to, when it may be had. Nothing is changed.
    pub fn judge(
        &self,
        rules: Rules,
        found: &Found,
        frame: &Frame,
        seen: u64,
        by: &StaffRole,
        wish: &Wish,
    ) -> Result<Decision, DecisionError> {
        if seen != self.last() {
            return Err(DecisionError::Stale { seen, stands: self.last() });
        }
        match wish {
            Wish::Redact(edits) if edits.len() <= MAX_EDITS && fit(edits, &found.text) => {
                Ok(Decision::Redacted { edits: edits.clone() })
            }
            Wish::Redact(_) => Err(DecisionError::Edits),
            Wish::Release(tone, reach) => self.release(rules, found, by, *tone, *reach),
            Wish::Hold(reason) => Ok(Decision::Held { reason: because(reason)? }),
            Wish::Escalate(to, reason) => Ok(Decision::Escalated { to: to.clone(), reason: because(reason)? }),
            Wish::Code(themes) => match themes.iter().find(|theme| frame.theme(theme).is_none()) {
                Some(theme) => Err(DecisionError::NoSuchTheme(theme.clone())),
                None => Ok(Decision::Coded { themes: themes.clone() }),
            },
            Wish::Undo(number) => match self.undoable() {
                Some(last) if last.number == *number => Ok(Decision::Undone { number: *number }),
                _ => Err(DecisionError::NotTheLast(*number)),
            },
        }
    }

    fn release(
        &self,
        rules: Rules,
        found: &Found,
        by: &StaffRole,
        tone: Tone,
        reach: Reach,
    ) -> Result<Decision, DecisionError> {
        let names = found.signs.iter().filter(|sign| sign.kind == SignKind::StaffName);
        let stands = names.filter(|name| !is_struck(&found.text, name.from, name.to, &self.edits)).count();
        if tone != Tone::Praise && stands > 0 {
            return Err(DecisionError::NameStands);
        }
        match &self.standing {
            Standing::Released { tone: was, reach: far } if (*was, *far) == (tone, reach) => {
                Err(DecisionError::AlreadyReleased)
            }
            _ if !rules.two_person_release => Ok(Decision::Released { tone, reach }),
            Standing::Proposed { by: first, tone: was, reach: far } if (*was, *far) == (tone, reach) => {
                if first == by {
                    Err(DecisionError::NeedsAnother(first.clone()))
                } else {
                    Ok(Decision::Released { tone, reach })
                }
            }
            _ => Ok(Decision::Proposed { tone, reach }),
        }
    }

    /// Adds an entry. Fails, and changes nothing, when it takes back what does not stand.
    pub(super) fn push(&mut self, entry: Decided) -> Result<(), DecisionError> {
        if let Decision::Undone { number } = entry.decision {
            let is_it = |last: &Decided| last.number == number;
            // Ledgers from when passes did not lapse take back lapsed ones too.
            let is_last = self.not_taken_back().last().is_some_and(|last| is_it(last.entry));
            if !is_last && !self.undoable().is_some_and(is_it) {
                return Err(DecisionError::NotTheLast(number));
            }
        }
        self.entries.push(entry);
        let (mut standing, mut edits, mut themes) = (Standing::Waiting, Vec::new(), BTreeSet::new());
        for entry in self.standing_entries() {
            match entry.decision.clone() {
                Decision::Redacted { edits: now } => {
                    edits = now;
                    // Who passed it has not seen the text as it is now.
                    if matches!(standing, Standing::Released { .. } | Standing::Proposed { .. }) {
                        standing = Standing::Waiting;
                    }
                }
                Decision::Proposed { tone, reach } => {
                    standing = Standing::Proposed { by: entry.by.clone(), tone, reach };
                }
                Decision::Released { tone, reach } => standing = Standing::Released { tone, reach },
                Decision::Held { reason } => standing = Standing::Held { reason },
                Decision::Escalated { to, reason } => standing = Standing::Escalated { to, reason },
                Decision::Coded { themes: now } => themes = now,
                Decision::Undone { .. } => {}
            }
        }
        (self.standing, self.edits, self.themes) = (standing, edits, themes);
        Ok(())
    }

    /// The entries that stand: neither taken back nor taking back, and not lapsed.
    fn standing_entries(&self) -> Vec<&Decided> {
        self.not_taken_back().into_iter().filter(|kept| !kept.has_lapsed).map(|kept| kept.entry).collect()
    }

    fn not_taken_back(&self) -> Vec<Kept<'_>> {
        let mut stack: Vec<Kept<'_>> = Vec::new();
        for entry in &self.entries {
            let Decision::Undone { number } = entry.decision else {
                stack.push(Kept { entry, has_lapsed: false });
                continue;
            };
            let Some(place) = stack.iter().position(|kept| kept.entry.number == number) else { continue };
            // What lies upon it has lapsed, or it could not have been taken back.
            let undone = stack.drain(place..).next();
            if undone.is_some_and(|undone| !undone.has_lapsed && !undone.is_coding()) {
                stack.iter_mut().filter(|kept| kept.is_pass()).for_each(|kept| kept.has_lapsed = true);
            }
        }
        stack
    }
}

/// An entry that was not taken back.
#[derive(Debug, Clone, Copy)]
struct Kept<'a> {
    entry: &'a Decided,
    has_lapsed: bool,
}

impl Kept<'_> {
    fn is_pass(&self) -> bool {
        matches!(self.entry.decision, Decision::Proposed { .. } | Decision::Released { .. })
    }

    fn is_coding(&self) -> bool {
        matches!(self.entry.decision, Decision::Coded { .. })
    }
}

impl Standing {
    /// One word for it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Proposed { .. } => "proposed",
            Self::Released { .. } => "released",
            Self::Held { .. } => "held",
            Self::Escalated { .. } => "escalated",
        }
    }
}

fn because(text: &str) -> Result<String, DecisionError> {
    one_line::trimmed(text, MAX_REASON_CHARACTERS).map(str::to_owned).ok_or(DecisionError::Reason)
}
