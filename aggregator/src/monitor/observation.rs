//! A contact as far as the monitor looks at it.

use jiff::civil::{Date, DateTime};
use wardvoice_protocol::contact::{Mode, Outcome};
use wardvoice_protocol::id::{KioskId, WardId};

/// One contact. Holds nothing about the patient but how the sheet was filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// The local day it counts on.
    pub day: Date,
    /// When it was finished; none where the evidence could not be believed.
    pub moment: Option<Moment>,
    /// The kiosk.
    pub kiosk: KioskId,
    /// The ward.
    pub ward: WardId,
    /// How it was done.
    pub mode: Mode,
    /// What came of it.
    pub outcome: Outcome,
    /// What was answered; present exactly when somebody did.
    pub answers: Option<Answers>,
}

/// The quarter of an hour in which a contact was finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// What a clock on the ward's wall showed as the quarter began.
    pub quarter: DateTime,
    /// Whether it is the tablet's own clock that says so, and nothing has corrected it.
    pub uncorrected: bool,
}

/// How a sheet was filled in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Answers {
    /// The mean of what the chosen options of scored questions are worth; none when none was chosen.
    pub score: Option<f64>,
    /// Whether the same option was chosen all the way down; none where too few questions were answered to say.
    pub line: Option<Line>,
}

/// How the options run down a sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// Not the same everywhere.
    Mixed,
    /// The best option in every question: a pleased patient's, or nobody's.
    Best,
    /// The same other option in every question.
    Other,
}

impl Observation {
    /// Its score, where there is one.
    pub(super) fn score(&self) -> Option<f64> {
        self.answers?.score
    }

    /// Whether somebody was there who asked or helped.
    pub(super) fn is_a_volunteers(&self) -> bool {
        matches!(self.mode, Mode::Interview | Mode::Assisted)
    }
}
