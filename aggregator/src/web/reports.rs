//! Reports: what pages say, gathered for paper. `wardvoice-report` sets it ([`crate::press`]); nothing here draws a page.
//!
//! Purpose: a ward's fortnight, a consultant's appraisal, the board's report, the half year and posters come from the functions that pages
//! are drawn from ([`Books`]), by command and by download alike, so that no figure stands on paper that is not on a page.
//!
//! Invariants:
//! - What is withheld from an audience is not in its paper: a consultant's is made of an [`Appraisal`], comments of what was released.
//! - Posters are for everybody. They read the ledger of releases and the wards' changes and never the facts, as displays do.
//! - The same facts, day and rules give the same paper, byte for byte.
//!
//! [`Appraisal`]: crate::appraisal::Appraisal

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use wardvoice_paper::{Paper, Size};
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::fortnight::{CalendarError, Period};
use wardvoice_protocol::id::{ConsultantId, Language, WardId};

use super::books::{Books, BooksError};
use super::histories::Histories;
use super::sheets::Sheets;
use crate::comments::CommentsError;
use crate::policy::Audience;
use crate::premises::House;
use crate::scoring;

mod consultant;
mod downloads;
mod parts;
mod posters;
mod trust;
mod ward;

pub(super) use downloads::{Presses, links, routes};

pub(crate) use consultant::paper as consultant_paper;

/// What a report is asked of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportAsk {
    /// A ward's fortnight, or another period of it.
    Ward {
        /// The ward.
        ward: WardId,
        /// The period's name; the present fortnight when absent.
        period: Option<String>,
        /// The local day to look on it from; today when absent.
        as_of: Option<Date>,
    },
    /// Six months of a consultant.
    Consultant {
        /// The consultant.
        consultant: ConsultantId,
        /// The last day of the six months, a fortnight's; that of the last fortnight that is final when absent.
        until: Option<Date>,
        /// As what.
        audience: Audience,
    },
    /// What the board reviews.
    Board {
        /// The period's name; the present fortnight when absent.
        period: Option<String>,
        /// The local day to look on it from; today when absent.
        as_of: Option<Date>,
    },
    /// A half year of the trust.
    HalfYear {
        /// Its name, `2026-H1`; the last that has ended when absent.
        half: Option<String>,
        /// The local day to look on it from; today when absent.
        as_of: Option<Date>,
    },
    /// What patients of a ward say.
    Poster(PosterAsk),
    /// What patients of a unit said and what was done.
    YouSaid(YouSaidAsk),
}

/// What a poster is asked of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PosterAsk {
    /// The ward.
    pub ward: WardId,
    /// The language.
    pub language: Language,
    /// The sheet.
    pub size: Size,
    /// Whether somebody who speaks the language has read it.
    pub approved: bool,
}

/// What a poster of changes is asked of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct YouSaidAsk {
    /// Whose changes: a ward's, a department's, a specialty's, a site's or the trust's.
    pub unit: Unit,
    /// The language.
    pub language: Language,
    /// The sheet.
    pub size: Size,
    /// Whether somebody who speaks the language has read it.
    pub approved: bool,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReportError {
    /// Something cannot be told.
    #[error(transparent)]
    Books(#[from] BooksError),
    /// Comments cannot be read.
    #[error(transparent)]
    Comments(#[from] CommentsError),
    /// There is no such period.
    #[error("read the period {name}: {source}")]
    Period {
        /// What was asked for.
        name: String,
        /// What is wrong with it.
        source: CalendarError,
    },
    /// It has not begun, or has not come.
    #[error("report on {0}: it is still to come")]
    ToCome(String),
    /// It is no half year.
    #[error("report on the half year {0}: write 2026-H1 or 2026-H2")]
    NoHalfYear(String),
    /// The directory has no such ward.
    #[error("find ward {0} in the directory")]
    NoWard(WardId),
    /// The directory has no such unit, or it takes no actions on.
    #[error(
        "find {0} in the directory: posters of changes are of a ward, a department, a specialty, a site or the trust"
    )]
    NoUnit(Unit),
    /// No change was made.
    #[error("make the poster of {0}: no action of it is done yet; `action done` says that one is")]
    NoChange(Unit),
    /// Questions have no wording in the language.
    #[error("make the poster in {0}: posters are made in {1}")]
    NoLanguage(Language, String),
}

/// Gathers a report of anything but a consultant, whose look is noted first.
pub(crate) fn gather(books: &Books<'_>, ask: &ReportAsk) -> Result<Option<Paper>, ReportError> {
    match ask {
        ReportAsk::Ward { ward, period, .. } => ward::paper(books, ward, self::period(books, period.as_deref())?),
        ReportAsk::Board { period, .. } => trust::board(books, self::period(books, period.as_deref())?),
        ReportAsk::HalfYear { half, .. } => trust::half_year(books, half_year(books, half.as_deref())?),
        ReportAsk::Poster(ask) => posters::ward(books, ask),
        ReportAsk::YouSaid(ask) => posters::you_said(books, ask),
        ReportAsk::Consultant { .. } => return Ok(None),
    }
    .map(Some)
}

/// Does something with the books of a house, seen from a day.
pub(crate) fn with_books<T>(house: &House, today: Date, work: impl FnOnce(&Books<'_>) -> T) -> T {
    let premises = &house.premises;
    let (sheets, histories) = (Sheets::default(), Histories::default());
    work(&Books {
        directory: &premises.directory,
        scoring: &house.scoring,
        facts: &house.facts,
        actions: &premises.actions,
        rebases: &premises.rebases,
        releases: &premises.releases,
        comments: &house.comments,
        disputes: &premises.disputes,
        help: &house.help,
        delivery: &house.delivery,
        sheets: &sheets,
        histories: &histories,
        demonstration: premises.demonstration,
        now: jiff::Timestamp::now(),
        today,
    })
}

impl ReportAsk {
    /// The day to look from, where one was asked for.
    pub(crate) fn as_of(&self) -> Option<Date> {
        match self {
            Self::Ward { as_of, .. } | Self::Board { as_of, .. } | Self::HalfYear { as_of, .. } => *as_of,
            Self::Consultant { .. } | Self::Poster(_) | Self::YouSaid(_) => None,
        }
    }
}

/// A period by its name; the present fortnight when none was asked for.
fn period(books: &Books<'_>, name: Option<&str>) -> Result<Period, ReportError> {
    let calendar = books.scoring.calendar();
    let Some(name) = name else {
        return Ok(Period::Fortnight(calendar.fortnight_of(books.today).map_err(BooksError::from)?));
    };
    let wrong = |source| ReportError::Period { name: name.to_owned(), source };
    begun(books, calendar.period(name).map_err(wrong)?)
}

/// A half year by its name; the last that has ended when none was asked for.
fn half_year(books: &Books<'_>, name: Option<&str>) -> Result<Period, ReportError> {
    let calendar = books.scoring.calendar();
    let (year, half) = (books.today.year(), if books.today.month() <= 6 { 1 } else { 2 });
    let present = format!("{year:04}-H{half}");
    let asked = name.unwrap_or(&present);
    let wrong = |source| ReportError::Period { name: asked.to_owned(), source };
    let period = calendar.period(asked).map_err(wrong)?;
    if !matches!(period, Period::HalfYear { .. }) {
        return Err(ReportError::NoHalfYear(asked.to_owned()));
    }
    let ended = scoring::previous(calendar, &period).filter(|_| name.is_none());
    begun(books, ended.unwrap_or(period))
}

fn begun(books: &Books<'_>, period: Period) -> Result<Period, ReportError> {
    if period.start() > books.today { Err(ReportError::ToCome(period.to_string())) } else { Ok(period) }
}
