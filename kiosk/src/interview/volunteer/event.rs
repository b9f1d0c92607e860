//! What the volunteer's screens are told, and what they ask of the shell.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use wardvoice_protocol::board::Board;
use wardvoice_protocol::contact::{Mode, Outcome};
use wardvoice_protocol::id::{KioskId, WardId};
use wardvoice_protocol::round::{Round, WardName};

use super::door::{DoorKey, Pin, Role, Wrong};
use super::draft::Draft;
use super::unfinished::Unfinished;

/// What the hospital has said about volunteers and wards, as far as it has come.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Briefing {
    /// Who may come in, and where they go.
    pub round: Option<Round>,
    /// The boards that have come.
    pub boards: BTreeMap<WardId, Board>,
}

/// What a volunteer or a manager can do. What a screen does not offer does nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VolunteerTouch {
    /// To the door: a long touch, or Ctrl+Shift+V.
    Knock,
    /// A key of the door.
    Key(DoorKey),
    /// To the screen before.
    Back,
    /// The ward at that place of the list.
    Ward(usize),
    /// Off to the first bed.
    Begin,
    /// The patient is willing.
    Start,
    /// The patient is not interviewed.
    NotToday(Outcome),
    /// Come back to this bed at the end.
    Later,
    /// How it is done.
    Mode(Mode),
    /// The consultant at that place of the list; the place after the last is "not known".
    Team(usize),
    /// More names.
    More,
    /// Go on with an interrupted interview.
    Resume,
    /// End an interrupted interview and keep what was answered.
    EndDraft,
    /// Away from the questions for a moment.
    Pause,
    /// Back to the questions.
    CarryOn,
    /// What to do when somebody tells of harm.
    Harm,
    /// What to say before the first question.
    Script,
    /// Away from one of the two.
    CloseAside,
    /// Call staff of the ward, from the screen about harm.
    AskForHelp,
    /// How this tablet is.
    Tablet,
    /// A picture of nothing personal.
    TestCard,
    /// Keep that picture in a file.
    KeepTestCard,
    /// The next brightness of the screen.
    Brightness,
    /// To move the tablet to another ward.
    Move,
    /// That ward; the place after the last is the ward of its assignment.
    MoveTo(usize),
    /// To take the tablet in again with a new join code.
    JoinAgain,
    /// Out, and locked.
    Lock,
    /// End the program.
    Exit,
}

/// Something the shell found out.
#[derive(Debug, Clone)]
pub enum Word {
    /// A round or a board has come.
    Briefed(Arc<Briefing>),
    /// Wrong PINs of an earlier run.
    DoorRemembered {
        /// How many in a row.
        wrong: Wrong,
    },
    /// A PIN is checked.
    Checked {
        /// Whose it is; none when nobody's.
        role: Option<Role>,
        /// Fresh randomness for the orders of this session's visits.
        seed: u64,
    },
    /// How the tablet is.
    Tablet(Box<TabletState>),
    /// An earlier run left an interrupted interview.
    DraftFound {
        /// The interview.
        draft: Box<Draft>,
        /// How old it is.
        age_ms: u64,
    },
    /// An earlier run left rounds that were not over.
    UnfinishedFound(Vec<Unfinished>),
    /// When the hospital last had everything up to then.
    Reached(Timestamp),
    /// Where the test picture is, or why there is none.
    TestCardKept(Result<String, String>),
}

/// How the tablet is, for its staff corner. What it cannot tell is absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TabletState {
    /// The kiosk.
    pub kiosk: KioskId,
    /// The version of the program.
    pub software: String,
    /// The local day.
    pub today: Date,
    /// The charge of the battery, 0 to 100.
    pub battery_percent: Option<u8>,
    /// Whether it hangs on a charger.
    pub charging: Option<bool>,
    /// The aggregator's clock minus this one, in seconds.
    pub clock_offset_s: Option<i64>,
    /// The free bytes of the disk.
    pub free_disk_bytes: Option<u64>,
    /// How bright the screen is by day, in percent; none where it cannot be set.
    pub brightness_percent: Option<u8>,
    /// The last thing that went wrong, in words.
    pub last_error: Option<String>,
    /// The ward a manager has moved it to.
    pub moved_to: Option<WardName>,
    /// It was taken in with a join code, so another one takes it in again.
    pub can_join_again: bool,
}

/// What the shell is asked to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Errand {
    /// Write down how many PINs were wrong in a row. Durable before the next errand.
    RememberDoor {
        /// How many.
        wrong: Wrong,
    },
    /// Check a PIN and answer with [`Word::Checked`].
    CheckPin {
        /// What was entered.
        pin: Pin,
        /// The hash of the volunteers' PIN.
        volunteer: Option<String>,
        /// The hash of the managers' PIN.
        manager: Option<String>,
    },
    /// Look at the tablet and answer with [`Word::Tablet`].
    LookAtTablet,
    /// Seal the draft onto the disk, in place of an earlier one.
    KeepDraft(Box<Draft>),
    /// Wipe the draft and its key. Done before the next effect.
    WipeDraft,
    /// Write a visit into the visit log.
    LogVisit(VisitNote),
    /// Write down the rounds that are not over, in place of those from before.
    KeepUnfinished(Vec<Unfinished>),
    /// Move the kiosk to another ward, or back to its assignment's.
    MoveTo(Option<WardName>),
    /// Make the screen as bright as the next level says.
    Brighten,
    /// Keep a picture of the screen and answer with [`Word::TestCardKept`].
    KeepTestCard,
    /// Close the outbox as it is, and ask for a join code.
    JoinAgain,
    /// End the program.
    Exit,
}

/// A line of the visit log: enough to draw the order again, and no bed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VisitNote {
    /// The ward.
    pub ward: WardId,
    /// When the board that names its beds was issued; absent when there was no board.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub board: Option<Timestamp>,
    /// How many beds the order has.
    pub beds: usize,
    /// The seed, as a decimal number in text: it has 64 bits.
    pub seed: String,
    /// How the order follows from it.
    pub method: String,
}
