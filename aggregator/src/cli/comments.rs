//! What `comments` can be asked.

use anyhow::{Result, anyhow};
use clap::{Subcommand, ValueEnum};
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::id::{Language, WardId};

use super::input;
use super::say::{self, Style};
use crate::comments::{CommentId, ListChange, ListedWord, Reach, ThemeId, Tone, Which, Wish, WordKind};
use crate::help::StaffRole;
use crate::operations::CommentsAsk;

#[derive(Debug, Clone, Subcommand)]
pub(super) enum CommentsCommand {
    /// List comments in the order in which they are to be read: the likely serious ones first.
    List {
        /// How they stand.
        #[arg(long, value_enum, default_value_t = Stands::Waiting)]
        standing: Stands,
        /// Of one ward; of all when absent.
        #[arg(long)]
        ward: Option<WardId>,
        /// Print them as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show one with everything that was decided about it.
    Show {
        /// Its name, as `comments list` prints it.
        comment: CommentId,
        /// Print it as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Strike words out of it, or put a role in their place.
    Redact {
        /// Its name.
        comment: CommentId,
        /// The words, as they stand in the text; without them it is shown unedited again.
        #[arg(long, value_name = "WORDS")]
        strike: Option<String>,
        /// The role that takes their place, for example "a nurse".
        #[arg(long, value_name = "ROLE", requires = "strike")]
        role: Option<StaffRole>,
        #[command(flatten)]
        decided: DecidedBy,
    },
    /// Let it go out as it stands.
    Release {
        /// Its name.
        comment: CommentId,
        /// What it is; only in praise may the name of a member of staff stay.
        #[arg(long, value_enum)]
        tone: AskedTone,
        /// How far it may go.
        #[arg(long, value_enum)]
        reach: AskedReach,
        #[command(flatten)]
        decided: DecidedBy,
    },
    /// Keep it in the office.
    Hold {
        /// Its name.
        comment: CommentId,
        /// Why, on one line, without a name.
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        decided: DecidedBy,
    },
    /// Note that somebody else has to know, and was told.
    Escalate {
        /// Its name.
        comment: CommentId,
        /// The role that was told, for example "safeguarding lead".
        #[arg(long, value_name = "ROLE")]
        to: StaffRole,
        /// Why, on one line, without a name.
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        decided: DecidedBy,
    },
    /// Say what it is about.
    Code {
        /// Its name.
        comment: CommentId,
        /// A theme of the coding frame; as often as there are themes, never for none.
        #[arg(long = "theme", value_name = "ID")]
        themes: Vec<String>,
        #[command(flatten)]
        decided: DecidedBy,
    },
    /// Take the last decision that stands back.
    Undo {
        /// Its name.
        comment: CommentId,
        #[command(flatten)]
        decided: DecidedBy,
    },
    /// Count what comments are about.
    Themes {
        /// ward:W12, department:, site:, trust: or specialty: and an id.
        #[arg(long)]
        unit: Unit,
        /// 2026-F23, 2026-11, 2026-H2 or 2026-11-01..2026-11-14.
        #[arg(long)]
        period: String,
        /// Print the counts as JSON.
        #[arg(long)]
        json: bool,
    },
    /// See the words that comments are looked through for, or change one.
    Words {
        /// The language, by its tag.
        #[arg(long, value_name = "TAG", default_value = "en")]
        language: Language,
        /// A word more, or a few; a star at the end for any ending.
        #[arg(long, value_name = "WORD", requires = "of", conflicts_with_all = ["remove", "checked"])]
        add: Option<String>,
        /// A word less.
        #[arg(long, value_name = "WORD", requires = "of", conflicts_with = "checked")]
        remove: Option<String>,
        /// Its list: safeguarding or distress.
        #[arg(long, value_name = "LIST")]
        of: Option<WordKind>,
        /// Whether somebody who speaks the language has checked its lists: true or false.
        #[arg(long, value_name = "WHETHER")]
        checked: Option<bool>,
        /// Print the lists as JSON.
        #[arg(long)]
        json: bool,
    },
    /// See the names of staff that are highlighted, or change one.
    Names {
        /// Add the name on the first line of standard input, in a form that patients use.
        #[arg(long, conflicts_with = "remove")]
        add: bool,
        /// The role that takes its place, for example "a nurse".
        #[arg(long, value_name = "ROLE", requires = "add")]
        role: Option<StaffRole>,
        /// Take the name on the first line of standard input off.
        #[arg(long)]
        remove: bool,
        /// Print the names as JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Clone, clap::Args)]
pub(super) struct DecidedBy {
    /// The role of whoever decides, for example "office"; never a name.
    #[arg(long, value_name = "ROLE")]
    by: StaffRole,
    /// Print the comment as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Stands {
    Waiting,
    Proposed,
    Escalated,
    Held,
    Released,
    All,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum AskedTone {
    Praise,
    Mixed,
    Criticism,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum AskedReach {
    Staff,
    Everybody,
}

impl CommentsCommand {
    pub(super) fn request(&self) -> Result<CommentsAsk> {
        let decide = |comment: &CommentId, wish, decided: &DecidedBy| CommentsAsk::Decide {
            comment: comment.clone(),
            wish,
            by: decided.by.clone(),
        };
        Ok(match self {
            Self::List { standing, ward, .. } => {
                CommentsAsk::List(Which { standing: standing.word().map(str::to_owned), ward: ward.clone() })
            }
            Self::Show { comment, .. } => CommentsAsk::Show(comment.clone()),
            Self::Redact { comment, strike, role, decided } => CommentsAsk::Strike {
                comment: comment.clone(),
                words: strike.clone(),
                role: role.clone(),
                by: decided.by.clone(),
            },
            Self::Release { comment, tone, reach, decided } => {
                decide(comment, Wish::Release(tone.meant(), reach.meant()), decided)
            }
            Self::Hold { comment, reason, decided } => decide(comment, Wish::Hold(reason.clone()), decided),
            Self::Escalate { comment, to, reason, decided } => {
                decide(comment, Wish::Escalate(to.clone(), reason.clone()), decided)
            }
            Self::Code { comment, themes, decided } => {
                let themes = themes.iter().map(|theme| theme.parse::<ThemeId>().map_err(|error| anyhow!(error)));
                decide(comment, Wish::Code(themes.collect::<Result<_>>()?), decided)
            }
            Self::Undo { comment, decided } => {
                CommentsAsk::Undo { comment: comment.clone(), by: decided.by.clone() }
            }
            Self::Themes { unit, period, .. } => {
                CommentsAsk::Themes { unit: unit.clone(), period: period.clone() }
            }
            Self::Words { language, add, remove, of, checked, .. } => {
                let listed = |word: &String| {
                    of.map(|kind| ListedWord { language: language.clone(), kind, word: word.clone() })
                };
                let change = match (add, remove, checked) {
                    (Some(word), _, _) => listed(word).map(ListChange::AddWord),
                    (None, Some(word), _) => listed(word).map(ListChange::RemoveWord),
                    (None, None, Some(checked)) => {
                        Some(ListChange::Checked { language: language.clone(), checked: *checked })
                    }
                    (None, None, None) => None,
                };
                CommentsAsk::Words { language: language.clone(), change }
            }
            // A name on the command line would stand in the shell's history and in every list of processes.
            Self::Names { add: true, role, .. } => {
                let change = ListChange::AddName { name: input::first_line()?, role: role.clone() };
                CommentsAsk::Names { change: Some(change) }
            }
            Self::Names { remove: true, .. } => {
                CommentsAsk::Names { change: Some(ListChange::RemoveName { name: input::first_line()? }) }
            }
            Self::Names { .. } => CommentsAsk::Names { change: None },
        })
    }

    pub(super) fn style(&self) -> Style {
        match self {
            Self::List { json, .. } => Style::list(*json, say::comment_line),
            Self::Themes { json, .. } => Style::list(*json, say::theme_count),
            Self::Show { json, .. } => Style::one(*json, say::comment),
            Self::Words { json, .. } => Style::one(*json, say::word_lists),
            Self::Names { json, .. } => Style::list(*json, say::staff_name),
            Self::Redact { decided, .. }
            | Self::Release { decided, .. }
            | Self::Hold { decided, .. }
            | Self::Escalate { decided, .. }
            | Self::Code { decided, .. }
            | Self::Undo { decided, .. } => Style::one(decided.json, say::comment),
        }
    }
}

impl Stands {
    fn word(self) -> Option<&'static str> {
        match self {
            Self::Waiting => Some("waiting"),
            Self::Proposed => Some("proposed"),
            Self::Escalated => Some("escalated"),
            Self::Held => Some("held"),
            Self::Released => Some("released"),
            Self::All => None,
        }
    }
}

impl AskedTone {
    fn meant(self) -> Tone {
        match self {
            Self::Praise => Tone::Praise,
            Self::Mixed => Tone::Mixed,
            Self::Criticism => Tone::Criticism,
        }
    }
}

impl AskedReach {
    fn meant(self) -> Reach {
        match self {
            Self::Staff => Reach::Staff,
            Self::Everybody => Reach::Everybody,
        }
    }
}
