//! Who may see what: the one place that decides.
//!
//! Purpose: pages, streams, answers of the API, exports and commands with an audience ask here, and nowhere else is it decided what
//! somebody may open ([`enter`]) and how much of a unit is shown with n people behind it ([`decide`]).
//!
//! Vocabulary: a *[viewer](Viewer)* is nobody, or an account with its [roles](Role); a *[place](Place)* is what can be opened; an
//! *[audience](Audience)* is as what somebody looks at a consultant; a *[decision](Decision)* is how much is shown, and why in words.
//!
//! Invariants:
//! - Pure: the same viewer, place, rows and n give the same answer; nothing is read and no time is known here.
//! - What no line here allows is refused. An account that has several roles may what any one of them may.
//! - How much of a consultant is shown at which n is data: the rows of the scoring definition. From where on others see everything
//!   is a setting of the trust ([`Settings::shown_to`]), and without it nobody does.
//! - A reason given to anybody but the consultant and the appraiser names no number of the consultant's.

use std::collections::BTreeSet;

use jiff::ToSpan as _;
use jiff::civil::Date;
use wardvoice_protocol::directory::{Directory, Unit};
use wardvoice_protocol::id::{ConsultantId, WardId};

use crate::accounts::AccountName;
use crate::alerts;
use crate::export::Table;
use crate::scoring::UnitKind;

mod audience;
mod role;
mod sheets;

pub(crate) use audience::consultants_table;
pub use audience::{Audience, AudienceError, AudienceRow, Show};
pub use role::{Role, RoleError};
pub use sheets::{of_own_unit, of_sheet, refused_field, withhold};

/// What the trust has decided about who may see what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Whether wards may be read by anybody because everything is made up.
    pub demonstration: bool,
    /// Whether the screens in wards' corridors are for those alone that have been let in.
    pub displays_need_token: bool,
    /// To whom else a consultant's figures are shown where the table says that it takes an explicit policy.
    pub shown_to: BTreeSet<Audience>,
    /// After how many days a window is the appraiser's although the consultant has not opened it.
    pub first_days: u16,
}

/// Who is looking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Viewer {
    /// Nobody we know.
    Nobody,
    /// An account.
    Account {
        /// Its name.
        name: AccountName,
        /// What it may be.
        roles: BTreeSet<Role>,
    },
}

/// What can be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'a> {
    /// What everybody may see: health, signing in, style sheets.
    Open,
    /// What the API can be asked, described.
    Description,
    /// The list of wards and the periods; a list shows only what its viewer may read.
    Units,
    /// What the patients of a unit said.
    Unit(&'a Unit),
    /// What the staff of a unit said of working there.
    Staff(&'a Unit),
    /// What all patients of the trust said: its page and the board's.
    Trust,
    /// Taking on and changing what a unit does about what patients said.
    Actions(&'a Unit),
    /// The same for the whole trust.
    TrustActions,
    /// Saying that a request for help on a ward was seen.
    Help(&'a WardId),
    /// The requests for help of all wards.
    AllHelp,
    /// The office's pages: kiosks, gaps and the quarantine.
    Office,
    /// The office's programme: the plan, the contact log, questionnaires and their translations, the coding frame.
    Programme,
    /// How answers were gathered: what was found names scores and numbers of people.
    Monitor,
    /// What patients wrote, before it is released.
    Comments,
    /// Disputes about who was in charge, of all consultants.
    Disputes,
    /// Who did what.
    Audit,
    /// Who may sign in, and as what.
    Accounts,
    /// The list of alerts; it shows only those that its viewer may see.
    Alerts,
    /// An alert, by whom it concerns: to see it, and to say that it was seen.
    Alert(&'a alerts::Audience),
    /// The list of the consultants whose pages somebody may open.
    Consultants,
    /// A consultant's page; how much of it is another question.
    Consultant(&'a ConsultantId),
    /// What only the consultant may do there.
    OwnPage(&'a ConsultantId),
    /// The screen in a ward's corridor.
    Display(&'a WardId),
    /// A table for people's own programs; what is in it of which unit is asked for again.
    Table(Table),
}

/// Whether somebody may open a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entrance {
    /// Yes.
    Open,
    /// Not without saying who is looking.
    SignIn,
    /// No, and why, in plain words.
    Refused(&'static str),
}

/// How much is shown, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// How much; never [`Show::ByPolicy`], which is decided here.
    pub show: Show,
    /// Why, in plain words.
    pub why: String,
}

impl Viewer {
    /// As what it looks at wards and what is above them: as the one of its roles that sees most. Nobody is the public.
    pub fn audience(&self) -> Audience {
        match self {
            Self::Nobody => Audience::Public,
            Self::Account { .. } if self.is(&Role::Office) => Audience::Office,
            Self::Account { .. } if self.is(&Role::Board) => Audience::Board,
            Self::Account { .. } => Audience::Ward,
        }
    }

    /// The roles; nobody has none.
    pub fn roles(&self) -> impl Iterator<Item = &Role> {
        let roles = match self {
            Self::Nobody => None,
            Self::Account { roles, .. } => Some(roles),
        };
        roles.into_iter().flatten()
    }

    /// Whether it has a role.
    pub fn is(&self, role: &Role) -> bool {
        self.roles().any(|own| own == role)
    }

    /// As what it looks at a consultant: as the one of its roles that sees most. `None` when it has no business there.
    pub fn audience_of(&self, consultant: &ConsultantId) -> Option<Audience> {
        let order = [Audience::Consultant, Audience::Appraiser, Audience::Office, Audience::Board];
        let found: Vec<_> = self.roles().filter_map(|role| role.audience_of(consultant)).collect();
        order.into_iter().find(|audience| found.contains(audience))
    }
}

/// The fewest people or comments that a cell may count where others than the office see it: our rule is stricter than the national one.
pub const FEWEST_SHOWN: u64 = 6;

/// Never fewer of a consultant's patients come into figures together, or leave them.
const FEWEST_TOGETHER: u64 = 5;

/// How many of a consultant's patients have to come into figures together, and leave them: as many as it takes for figures to be shown.
pub fn fewest_together(rows: &[AudienceRow]) -> u64 {
    let shown = rows.iter().filter(|row| row.unit == UnitKind::Consultant && row.consultant.distribution());
    shown.map(|row| row.from).min().unwrap_or_default().max(FEWEST_TOGETHER)
}

/// A count as others than the office may see it; none where it is too small, and none where it is nothing, so that the two look alike.
pub fn shown_count(count: u64) -> Option<u64> {
    (count >= FEWEST_SHOWN).then_some(count)
}

/// Whether somebody may open a place.
pub fn enter(viewer: &Viewer, place: Place<'_>, settings: &Settings, directory: &Directory) -> Entrance {
    let any = |may: &dyn Fn(&Role) -> bool| viewer.roles().any(may);
    let reads = |unit: &Unit| any(&|role| role.reads(unit, directory));
    // The board looks on; who works there or leads there does something.
    let leads = |unit: &Unit| any(&|role| *role != Role::Board && role.reads(unit, directory));
    let trust = || Unit::Trust(directory.file().trust.id.clone());
    let allowed = match place {
        Place::Open => true,
        Place::Description => settings.demonstration || *viewer != Viewer::Nobody,
        // Rows of single patients are the office's, like what they wrote; they stand before the other tables.
        Place::AllHelp
        | Place::Comments
        | Place::Disputes
        | Place::Monitor
        | Place::Programme
        | Place::Table(Table::Responses) => viewer.is(&Role::Office),
        Place::Units | Place::Table(_) => {
            settings.demonstration || directory.wards().iter().any(|ward| reads(&Unit::Ward(ward.id.clone())))
        }
        Place::Trust => settings.demonstration || reads(&trust()),
        Place::Unit(Unit::Consultant(_)) | Place::Staff(Unit::Consultant(_)) => {
            return Entrance::Refused(NOT_AMONG_SCORES);
        }
        // Not for whoever leads few people and could tell who said what, and in a demonstration not for everybody either.
        Place::Staff(_) => viewer.is(&Role::Office) || viewer.is(&Role::Board),
        Place::Unit(unit) => settings.demonstration || reads(unit),
        Place::Help(ward) => leads(&Unit::Ward(ward.clone())),
        Place::Actions(Unit::Consultant(_)) => false,
        Place::Actions(unit) => leads(unit),
        Place::TrustActions => leads(&trust()),
        Place::Accounts => viewer.is(&Role::Administrator),
        Place::Alerts => any(&|role| {
            matches!(role, Role::Office | Role::Administrator | Role::Board | Role::Ward(_) | Role::Department(_))
        }),
        Place::Alert(audience) => concerns(viewer, audience, directory),
        Place::Office | Place::Audit => viewer.is(&Role::Office) || viewer.is(&Role::Administrator),
        Place::Consultants => directory.consultants().iter().any(|entry| viewer.audience_of(&entry.id).is_some()),
        Place::Consultant(consultant) => viewer.audience_of(consultant).is_some(),
        Place::OwnPage(consultant) => viewer.is(&Role::Consultant(consultant.clone())),
        Place::Display(ward) => {
            let everybodys = settings.demonstration || !settings.displays_need_token;
            everybodys || viewer.is(&Role::Display(ward.clone())) || reads(&Unit::Ward(ward.clone()))
        }
    };
    if allowed { Entrance::Open } else { refused(viewer, NOT_YOURS) }
}

const NOT_YOURS: &str =
    "Your account is not for this. If it should be, ask whoever runs Wardvoice to change its roles.";
const NOT_AMONG_SCORES: &str = "A consultant's score is first for the consultant, over six months, and only where n can carry it: \
    ask for /api/v1/consultants/ID/appraisal.";

fn refused(viewer: &Viewer, why: &'static str) -> Entrance {
    match viewer {
        Viewer::Nobody => Entrance::SignIn,
        Viewer::Account { .. } => Entrance::Refused(why),
    }
}

/// Whether an alert is for somebody: for its audience, and for the office.
fn concerns(viewer: &Viewer, audience: &alerts::Audience, directory: &Directory) -> bool {
    let of_audience = |role: &Role| match audience {
        alerts::Audience::Board => *role == Role::Board,
        alerts::Audience::It => *role == Role::Administrator,
        alerts::Audience::Office => false,
        alerts::Audience::Department(department) => {
            *role != Role::Board && role.reads(&Unit::Department(department.clone()), directory)
        }
        alerts::Audience::Ward(ward) => *role != Role::Board && role.reads(&Unit::Ward(ward.clone()), directory),
    };
    viewer.roles().any(|role| *role == Role::Office || of_audience(role))
}

/// What a definition's rows say of a unit with n people behind it, before the trust's policy; everything where no row speaks of its kind.
pub fn by_rows(rows: &[AudienceRow], unit: UnitKind, n: u64, audience: Audience) -> Show {
    let mut of_kind = rows.iter().filter(|row| row.unit == unit).peekable();
    if of_kind.peek().is_none() {
        return Show::Everything;
    }
    let row = of_kind.filter(|row| row.from <= n).max_by_key(|row| row.from);
    row.map_or(Show::Nothing, |row| row.of(audience))
}

/// How much is shown to an audience of a unit with n people behind it; everything where no row speaks of its kind.
pub fn decide(all: &[AudienceRow], unit: UnitKind, n: u64, audience: Audience, settings: &Settings) -> Decision {
    let mut rows: Vec<&AudienceRow> = all.iter().filter(|row| row.unit == unit).collect();
    rows.sort_by_key(|row| row.from);
    if rows.is_empty() {
        return Decision { show: Show::Everything, why: format!("everything of a {unit} is shown") };
    }
    let resolved = |show: Show| match show {
        Show::ByPolicy if settings.shown_to.contains(&audience) => Show::Everything,
        Show::ByPolicy => Show::SpecialtyOnly,
        show => show,
    };
    let show = resolved(by_rows(all, unit, n, audience));
    let from = |wanted: &dyn Fn(Show) -> bool| {
        rows.iter().find(|row| wanted(resolved(row.of(audience)))).map(|row| row.from)
    };
    let own = matches!(audience, Audience::Consultant | Audience::Appraiser);
    let why = if own { own_words(show, n, &from) } else { others_words(show, &from) };
    Decision { show, why }
}

/// Whether a window that ended on a day is an audience's: the consultant's always, anybody else's once it has ended and the consultant has
/// opened it since, or `first_days` have passed. Otherwise the day from which it is shown anyhow.
pub fn release(
    audience: Audience,
    last: Date,
    opened: Option<Date>,
    today: Date,
    settings: &Settings,
) -> Result<(), Date> {
    let anyhow = last.saturating_add(i64::from(settings.first_days).days());
    let anyhow = anyhow.max(last.tomorrow().unwrap_or(last));
    let since_its_end = opened.is_some_and(|opened| opened > last);
    if audience == Audience::Consultant || today >= anyhow || (today > last && since_its_end) {
        Ok(())
    } else {
        Err(anyhow)
    }
}

/// From how many people on something is shown.
type From<'a> = dyn Fn(&dyn Fn(Show) -> bool) -> Option<u64> + 'a;

/// Why the consultant and the appraiser see so much: with the number, and from where on it is more.
fn own_words(show: Show, n: u64, from: &From<'_>) -> String {
    let patients = if n == 1 { "1 patient".to_owned() } else { format!("{n} patients") };
    let later =
        |what: &str, from: Option<u64>| from.map_or_else(String::new, |from| format!("; {what} from {from}"));
    match show {
        Show::Nothing | Show::Count | Show::SpecialtyOnly | Show::ByPolicy => {
            format!("{patients}: too few to show what they said{}", later("shown", from(&Show::distribution)))
        }
        Show::GreyedScore => {
            format!("{patients}: too few for a reliable score yet{}", later("shown", from(&Show::score)))
        }
        Show::Score => {
            format!("{patients}: enough for a score{}", later("everything is shown", from(&Show::parts)))
        }
        Show::Everything => format!("{patients}: enough to show everything"),
    }
}

/// Why anybody else sees so much: without a number of the consultant's.
fn others_words(show: Show, from: &From<'_>) -> String {
    match show {
        Show::Nothing => {
            let from = from(&|show| show != Show::Nothing);
            let until = from.map_or_else(String::new, |from| format!(" below {from} patients"));
            format!("nothing is shown of one consultant to anybody else{until}")
        }
        Show::SpecialtyOnly | Show::ByPolicy => {
            "only the figures of the whole specialty are shown to anybody else, as the trust has no policy that says more".to_owned()
        }
        Show::Count | Show::GreyedScore | Show::Score => "as much is shown as the scoring definition says".to_owned(),
        Show::Everything => "shown by the trust's explicit policy".to_owned(),
    }
}

#[cfg(test)]
mod tests;
