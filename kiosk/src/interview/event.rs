//! What an interview is told, and what it answers.

use std::collections::BTreeSet;
use std::sync::Arc;

use wardvoice_protocol::id::{Hash, Language};
use wardvoice_protocol::record::{Body, Need};
use wardvoice_protocol::withdrawal::WithdrawalCode;

use super::reading::{ReadingNumber, Spoken};
use super::setting::Setting;
use super::volunteer::{Errand, VolunteerTouch, Word};

/// Something that happened, and when.
#[derive(Debug, Clone)]
pub struct Event {
    /// The moment, in milliseconds of a monotonic clock.
    pub now_ms: u64,
    /// What happened.
    pub happening: Happening,
}

impl Event {
    /// Somebody touched something.
    pub fn touch(now_ms: u64, action: Action) -> Self {
        Self { now_ms, happening: Happening::Touch(action) }
    }

    /// Time has passed.
    pub fn tick(now_ms: u64) -> Self {
        Self { now_ms, happening: Happening::Tick }
    }

    /// The store has answered.
    pub fn stored(now_ms: u64, ticket: Ticket, result: Stored) -> Self {
        Self { now_ms, happening: Happening::Stored { ticket, result } }
    }
}

/// What can happen to an interview.
#[derive(Debug, Clone)]
pub enum Happening {
    /// Somebody touched something.
    Touch(Action),
    /// The store has answered: `Ok` means flushed to disk.
    Stored {
        /// Which body it is about.
        ticket: Ticket,
        /// Whether it is flushed.
        result: Stored,
    },
    /// The store began or ceased to refuse.
    Storing(Storing),
    /// How the way to the hospital stands.
    Carriage(Carriage),
    /// The hospital has the request for help that is on the screen, whatever else may wait.
    HelpDelivered,
    /// A member of staff has seen the request for help that is on the screen.
    HelpSeen,
    /// There are voices on this kiosk that read these languages aloud.
    Voices(BTreeSet<Language>),
    /// A screen is being read aloud.
    Spoken {
        /// Which reading it is about.
        reading: ReadingNumber,
        /// How far it is.
        spoken: Spoken,
    },
    /// It has become night, or day.
    Night(bool),
    /// The kiosk is told to be something else.
    Assigned(Arc<Setting>),
    /// The shell found out something for the volunteer's screens.
    Volunteer(Word),
    /// The window is closing: as if the person had left.
    Closing,
    /// Time has passed. Due at [`Interview::deadline_ms`]; harmless at any other time.
    Tick,
}

/// What somebody can do on a screen. An action that the screen does not offer does nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Begin, at rest.
    Start,
    /// Choose a language.
    ChooseLanguage(Language),
    /// Which languages are there? In the middle of the questions, whose answers stay.
    Languages,
    /// "Yes, start", at consent.
    Agree,
    /// "No, thank you", at consent.
    Decline,
    /// Choose the answer, the consultant or the bay at that place of the list.
    Choose(usize),
    /// The comment now reads so.
    Write(String),
    /// More names or bays.
    More,
    /// On to the next question, keeping what stands.
    Next,
    /// Rather not say.
    Skip,
    /// To the screen before.
    Back,
    /// Stop the interview; it is asked once whether that is meant.
    Stop,
    /// Yes, stop.
    StopNow,
    /// No, carry on; or: yes, I am still here.
    CarryOn,
    /// "I need someone to help me".
    Help,
    /// That is what is needed.
    Need(Need),
    /// Away from the help screen.
    CloseHelp,
    /// The next larger text; the smallest after the largest.
    TextSize,
    /// The other contrast.
    Contrast,
    /// Without movement, or with it again.
    Movement,
    /// Read the screen aloud, or stop reading.
    ReadAloud,
    /// A switch was pressed where nothing has the focus: it goes round by itself from now on.
    Switch,
    /// A key was pressed that only somebody with more than a switch has.
    OtherKey,
    /// A dimmed screen was touched.
    Wake,
    /// The tablet has been wiped.
    Wiped,
    /// A screen that only says something has been read.
    Dismiss,
    /// Something that only a volunteer or a manager does.
    Volunteer(VolunteerTouch),
}

/// What the shell has to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Store this and report back with [`Happening::Stored`].
    Store {
        /// To name it by.
        ticket: Ticket,
        /// What to store.
        body: Body,
        /// What whoever answered takes along.
        keepsake: Keepsake,
    },
    /// Something for the volunteer's screens is to be done.
    Errand(Errand),
    /// Read the screen as it is now aloud and report back with [`Happening::Spoken`].
    ReadAloud(ReadingNumber),
    /// Be silent at once.
    Hush,
    /// Another questionnaire is asked from now on: the one of this hash.
    Asks(Hash),
    /// What the screen shows has changed.
    Show,
    /// The keyboard's focus goes on to the next control.
    MoveFocus,
}

/// What somebody takes along for what is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keepsake {
    /// Nothing.
    Nothing,
    /// A code with which it can be deleted.
    Code,
}

/// What the store says: flushed to disk, with the code where one was wanted and could be made; or not flushed.
pub type Stored = Result<Option<WithdrawalCode>, StoreFailed>;

/// Ties a body handed out to the word about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(pub(super) u64);

/// A body is not flushed. The reason is logged where it arose; no screen shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the record is not flushed to disk")]
pub struct StoreFailed;

/// Whether the store takes records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storing {
    /// It does.
    Ready,
    /// It does not, and says why to the log.
    Refusing,
}

/// How the way to the hospital stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Carriage {
    /// Whether the broker is connected.
    pub connected: bool,
    /// How many records wait for a receipt.
    pub waiting: u64,
}

/// Which goodbye is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Farewell {
    /// Every question was shown.
    Completed,
    /// The person stopped before the end.
    Stopped,
    /// The person did not want to take part.
    Declined,
}

/// What has gone wrong, for staff.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The answers of the person before could not be kept.
    NotKept,
    /// The kiosk cannot keep answers now.
    CannotKeep,
    /// The kiosk has never had the questionnaire that it is to ask.
    Waiting,
}
