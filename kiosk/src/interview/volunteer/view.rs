//! What the volunteer's and the staff's screens show. Their words are the window's; these are figures and names.

use jiff::Timestamp;
use jiff::civil::Date;
use wardvoice_protocol::contact::Mode;

use super::event::TabletState;

/// A screen behind the door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolunteerView {
    /// What it is about.
    pub page: Page,
    /// How many records wait for the hospital.
    pub waiting: u64,
    /// When the hospital last had everything up to then; none when never.
    pub reached: Option<Timestamp>,
    /// Whether the hospital's broker is connected.
    pub connected: bool,
    /// The tablet cannot keep records now: nobody is asked anything.
    pub refusing: bool,
}

/// The screens behind the door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Page {
    /// An interrupted interview is here.
    Resume {
        /// Since when.
        minutes: u64,
        /// How many questions have an answer.
        answered: usize,
    },
    /// My wards today.
    Wards(Vec<WardLine>),
    /// The ward's plan.
    Plan(PlanView),
    /// The next bed.
    Bed(BedView),
    /// How is it done?
    How,
    /// Which consultant's team?
    Team(TeamView),
    /// The questions wait.
    Paused {
        /// The patient holds the tablet: nothing else is offered without the PIN.
        handed_over: bool,
    },
    /// Every bed was seen.
    Round {
        /// Answered questionnaires of this visit.
        answered: u32,
        /// Patients approached in this visit.
        approached: u32,
    },
    /// Somebody tells of harm.
    Harm {
        /// Whom to call.
        safeguarding: Option<String>,
    },
    /// What to say before the first question.
    Script,
    /// How this tablet is.
    Tablet(TabletView),
    /// A picture of nothing personal.
    TestCard {
        /// Where it was kept, or why it was not.
        kept: Option<Result<String, String>>,
    },
    /// To which ward?
    Move(Vec<String>),
}

impl Page {
    /// The name of the page, for tests and pictures.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Resume { .. } => "volunteer_resume",
            Self::Wards(_) => "volunteer_wards",
            Self::Plan(_) => "volunteer_plan",
            Self::Bed(_) => "volunteer_bed",
            Self::How => "volunteer_how",
            Self::Team(_) => "volunteer_team",
            Self::Paused { .. } => "volunteer_paused",
            Self::Round { .. } => "volunteer_round",
            Self::Harm { .. } => "volunteer_harm",
            Self::Script => "volunteer_script",
            Self::Tablet(_) => "staff_tablet",
            Self::TestCard { .. } => "staff_test_card",
            Self::Move(_) => "staff_move",
        }
    }
}

/// A ward in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WardLine {
    /// Its name.
    pub name: String,
    /// How far its fortnight is; none while no board has come.
    pub plan: Option<Plan>,
}

/// How far a fortnight is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// How many answered questionnaires there are.
    pub completed: u32,
    /// How many there should be.
    pub target: u32,
    /// How many days it goes on, today included; none when it is over or today is not known.
    pub days_left: Option<u32>,
    /// The day the figures are of.
    pub figures_of: Date,
    /// The figures are of an earlier fortnight.
    pub is_over: bool,
}

/// The ward's plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanView {
    /// The ward.
    pub ward: String,
    /// How far it is; none while no board has come.
    pub plan: Option<Plan>,
    /// Age bands that have answered little, in words.
    pub few: Vec<String>,
    /// How many beds a visit has.
    pub beds: usize,
    /// How many of them are left of a visit that was begun; none before it begins.
    pub left: Option<usize>,
    /// What the ward has changed: said and done.
    pub changes: Vec<(String, String)>,
}

/// The next bed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BedView {
    /// Its bay; empty on a ward that has no bays.
    pub bay: String,
    /// What it is called; none when the ward has no list of beds.
    pub bed: Option<String>,
    /// Its place in this visit, from 1.
    pub number: usize,
    /// How many beds this visit has.
    pub of: usize,
    /// Age bands that have answered little, in words.
    pub few: Vec<String>,
    /// Whether there is another bed to go to before this one.
    pub can_wait: bool,
}

/// Which consultant's team?
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamView {
    /// The names on this page. One place further is "not known".
    pub names: Vec<String>,
    /// The one that the roster says.
    pub by_roster: Option<usize>,
    /// There are more names.
    pub has_more: bool,
}

/// How this tablet is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TabletView {
    /// What the shell found; none until it has looked.
    pub state: Option<TabletState>,
    /// The ward it works for.
    pub ward: String,
    /// Whether the hospital's broker is connected.
    pub connected: bool,
}

/// What stands beside the questions while a volunteer asks them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Margin {
    /// How it is done.
    pub mode: Mode,
    /// How many records wait for the hospital.
    pub waiting: u64,
    /// When the hospital last had everything up to then.
    pub reached: Option<Timestamp>,
    /// The screen before the questions: what is read aloud is explained there.
    pub before_questions: bool,
}
