//! What is behind the door: a session with its visit, and what each touch does to it.

use std::collections::VecDeque;

use jiff::Timestamp;
use jiff::civil::Date;
use wardvoice_protocol::assignment::ConsultantChoice;
use wardvoice_protocol::contact::{Attribution, AttributionSource, Mode, Outcome};
use wardvoice_protocol::id::{ConsultantId, WardId};

use super::super::event::{Effect, Farewell};
use super::super::{Interview, Stage, Storing};
use super::door::{DoorKey, Role, Try};
use super::draft::Doing;
use super::event::{Briefing, Errand, TabletState, VisitNote, VolunteerTouch};
use super::order::{METHOD, order, visit_seed};
use super::pages::CONSULTANTS_A_PAGE;
use super::unfinished::Unfinished;

/// Why the door is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Purpose {
    /// Somebody comes in.
    #[default]
    ComeIn,
    /// The volunteer takes the tablet back from a patient.
    Return,
    /// Something that only a manager may do.
    Manage(Manages),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manages {
    Move,
    JoinAgain,
    Exit,
}

/// Where a session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Resume,
    Wards,
    Plan,
    Bed,
    How,
    Team {
        page: usize,
    },
    /// The interview's own screens.
    Interview,
    Paused,
    RoundDone,
    Tablet,
    TestCard,
    Move,
}

/// What lies over a screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aside {
    Harm,
    Script,
}

#[derive(Debug)]
pub(super) struct Session {
    pub(super) role: Role,
    seed: u64,
    visits: u64,
    pub(super) step: Step,
    pub(super) aside: Option<Aside>,
    pub(super) visit: Option<Visit>,
    pub(super) doing: Option<Doing>,
    /// The volunteer has taken the tablet back from the patient.
    pub(super) trusted: bool,
    pub(super) tablet: Option<TabletState>,
    pub(super) test_card: Option<Result<String, String>>,
}

/// One walk round one ward.
#[derive(Debug)]
pub(super) struct Visit {
    pub(super) ward: WardId,
    pub(super) name: String,
    pub(super) consultants: Vec<ConsultantChoice>,
    pub(super) beds: Vec<Bed>,
    board: Option<Timestamp>,
    /// The places in `beds` that are still to be seen, the present one first; none before the order is drawn.
    pub(super) to_see: Option<VecDeque<usize>>,
    /// What the order was drawn from, as a decimal number.
    pub(super) seed: String,
    /// The day it was drawn on, where that is known.
    pub(super) day: Option<Date>,
    pub(super) seen: usize,
    pub(super) answered: u32,
    pub(super) approached: u32,
    /// A contact of the patient in the present bed is stored.
    pub(super) contacted: bool,
}

#[derive(Debug)]
pub(super) struct Bed {
    pub(super) bay: String,
    pub(super) name: String,
    pub(super) consultant: Option<ConsultantId>,
}

impl Session {
    pub(super) fn new(role: Role, seed: u64, step: Step) -> Self {
        Self {
            role,
            seed,
            visits: 0,
            step,
            aside: None,
            visit: None,
            doing: None,
            trusted: false,
            tablet: None,
            test_card: None,
        }
    }

    /// The local day, as far as the shell has said it.
    pub(super) fn today(&self) -> Option<Date> {
        self.tablet.as_ref().map(|tablet| tablet.today)
    }

    /// Whether the patient holds the tablet.
    pub(super) fn is_handed_over(&self) -> bool {
        let alone = self.doing.as_ref().is_some_and(|doing| doing.mode == Mode::Alone);
        alone && !self.trusted && matches!(self.step, Step::Interview | Step::Paused)
    }

    /// A contact of the visit is handed out.
    pub(super) fn count(&mut self, outcome: Outcome) {
        if let Some(visit) = &mut self.visit {
            visit.contacted = true;
            visit.approached += 1;
            visit.answered += u32::from(outcome.has_response());
        }
    }

    /// The interview is over; says whether the tablet is still in the patient's hands.
    pub(super) fn patient_left(&mut self) -> bool {
        let handed_over = self.is_handed_over();
        self.trusted = false;
        self.doing = None;
        match &self.visit {
            Some(visit) if visit.to_see.is_none() => self.step = Step::Plan,
            Some(visit) if !visit.contacted => self.step = Step::Bed,
            _ => self.next_bed(),
        }
        handed_over
    }

    pub(super) fn next_bed(&mut self) {
        self.step = Step::Bed;
        self.doing = None;
        let Some(visit) = &mut self.visit else { return };
        visit.contacted = false;
        visit.seen += 1;
        if let Some(to_see) = &mut visit.to_see
            && !visit.beds.is_empty()
        {
            to_see.pop_front();
            if to_see.is_empty() {
                self.step = Step::RoundDone;
            }
        }
    }

    /// Draws the order of the visit, unless it is drawn already.
    fn draw(&mut self) -> Option<VisitNote> {
        let today = self.today();
        let visit = self.visit.as_mut().filter(|visit| visit.to_see.is_none())?;
        self.visits += 1;
        let seed = visit_seed(self.seed, self.visits);
        visit.to_see = Some(order(seed, visit.beds.len()).into());
        visit.seed = seed.to_string();
        visit.day = today;
        Some(VisitNote {
            ward: visit.ward.clone(),
            board: visit.board,
            beds: visit.beds.len(),
            seed: visit.seed.clone(),
            method: METHOD.to_owned(),
        })
    }

    fn later(&mut self) {
        if let Some(to_see) = self.visit.as_mut().and_then(|visit| visit.to_see.as_mut()) {
            to_see.rotate_left(to_see.len().min(1));
        }
    }
}

impl Visit {
    pub(super) fn new(ward: &WardId, name: &str, briefing: &Briefing) -> Self {
        let board = briefing.boards.get(ward);
        let only_one = board.is_some_and(|board| board.bays.len() == 1);
        let bays = board.iter().flat_map(|board| &board.bays);
        let beds = bays.flat_map(|bay| {
            bay.beds.iter().map(|bed| Bed {
                // A ward that is one room needs no name for it.
                bay: if only_one { String::new() } else { bay.name.clone() },
                name: bed.clone(),
                consultant: bay.consultant.clone(),
            })
        });
        Self {
            ward: ward.clone(),
            name: name.to_owned(),
            consultants: board.map(|board| board.consultants.clone()).unwrap_or_default(),
            beds: beds.collect(),
            board: board.map(|board| board.issued),
            to_see: None,
            seed: String::new(),
            day: None,
            seen: 0,
            answered: 0,
            approached: 0,
            contacted: false,
        }
    }

    /// Takes up a round that is not over.
    pub(super) fn go_on_with(&mut self, round: &Unfinished) {
        self.seed.clone_from(&round.seed);
        self.day = Some(round.day);
        self.seen = self.beds.len().saturating_sub(round.left.len());
        self.to_see = Some(round.left.iter().copied().collect());
        (self.approached, self.answered) = (round.approached, round.answered);
    }

    /// The bed to go to; none when the ward has no list of beds.
    pub(super) fn bed(&self) -> Option<&Bed> {
        self.beds.get(*self.to_see.as_ref()?.front()?)
    }

    /// The page of consultants that the roster's is on.
    fn first_page(&self) -> usize {
        let by_roster = self.bed().and_then(|bed| bed.consultant.as_ref());
        let at = self.consultants.iter().position(|choice| Some(&choice.id) == by_roster);
        at.unwrap_or(0) / CONSULTANTS_A_PAGE
    }

    pub(super) fn consultants_of_page(&self, page: usize) -> &[ConsultantChoice] {
        self.consultants.chunks(CONSULTANTS_A_PAGE).nth(page).unwrap_or_default()
    }
}

impl Interview {
    pub(super) fn volunteer_touch(&mut self, touch: VolunteerTouch, now_ms: u64, effects: &mut Vec<Effect>) {
        if self.volunteer.door.is_open() {
            return self.touch_door(&touch, now_ms, effects);
        }
        let Some(session) = &self.volunteer.session else {
            let may_come_in =
                matches!(self.stage, Stage::Rest | Stage::Thanks { .. } | Stage::Wipe { .. } | Stage::Staff(_));
            if touch == VolunteerTouch::Knock && may_come_in && !self.lacks_questions {
                self.open_door(Purpose::ComeIn, Role::Volunteer);
            }
            return;
        };
        match (touch, session.step) {
            (VolunteerTouch::Knock, _) if session.is_handed_over() => self.take_back(),
            (VolunteerTouch::Knock | VolunteerTouch::Pause, Step::Interview) if self.somebody_is_asked() => {
                self.set_step(Step::Paused);
            }
            // The store has failed in the middle of it: the volunteer's screens say more than the patient's.
            (VolunteerTouch::Knock, Step::Interview) if matches!(self.stage, Stage::Staff(_)) => {
                self.patient_left();
            }
            (VolunteerTouch::CarryOn, Step::Paused) => {
                if let Some(session) = &mut self.volunteer.session {
                    session.trusted = false;
                }
                self.set_step(Step::Interview);
            }
            // A patient who holds the tablet can do no more than that.
            _ if session.is_handed_over() => {}
            (VolunteerTouch::Harm, _) => self.set_aside(Some(Aside::Harm)),
            (VolunteerTouch::Script, _) => self.set_aside(Some(Aside::Script)),
            (VolunteerTouch::CloseAside | VolunteerTouch::Back, _) if session.aside.is_some() => {
                self.set_aside(None);
            }
            (VolunteerTouch::AskForHelp, _) => self.open_help(false),
            (VolunteerTouch::Lock, _) => self.end_session(now_ms),
            (touch, step) => self.touch_page(&touch, step, now_ms, effects),
        }
    }

    fn touch_page(&mut self, touch: &VolunteerTouch, step: Step, now_ms: u64, effects: &mut Vec<Effect>) {
        match (touch, step) {
            (VolunteerTouch::Resume, Step::Resume) if self.storing == Storing::Ready => self.resume(now_ms),
            (VolunteerTouch::EndDraft, Step::Resume) if self.storing == Storing::Ready => {
                self.end_draft(now_ms, effects);
                self.set_step(Step::Wards);
            }
            (VolunteerTouch::EndDraft, Step::Paused) => self.stop_here(now_ms, effects),
            (VolunteerTouch::Ward(place), Step::Wards) => self.choose_ward(*place),
            (VolunteerTouch::Tablet, Step::Wards) => {
                effects.push(Effect::Errand(Errand::LookAtTablet));
                self.set_step(Step::Tablet);
            }
            (VolunteerTouch::Begin, Step::Plan) => {
                if let Some(session) = &mut self.volunteer.session {
                    let note = session.draw();
                    let over = session.visit.as_ref().is_some_and(|visit| {
                        !visit.beds.is_empty() && visit.to_see.as_ref().is_some_and(VecDeque::is_empty)
                    });
                    session.step = if over { Step::RoundDone } else { Step::Bed };
                    effects.extend(note.map(|note| Effect::Errand(Errand::LogVisit(note))));
                }
            }
            (VolunteerTouch::Back, Step::Plan | Step::RoundDone | Step::Tablet) => self.set_step(Step::Wards),
            (VolunteerTouch::Back, Step::Bed) => self.set_step(Step::Plan),
            (VolunteerTouch::Back, Step::How) => self.set_step(Step::Bed),
            (VolunteerTouch::Back, Step::Team { .. }) => self.set_step(Step::How),
            (VolunteerTouch::Back, Step::TestCard | Step::Move) => self.set_step(Step::Tablet),
            (VolunteerTouch::Start, Step::Bed) if self.storing == Storing::Ready => self.set_step(Step::How),
            (VolunteerTouch::NotToday(outcome), Step::Bed)
                if self.storing == Storing::Ready && !outcome.has_response() =>
            {
                self.not_today(*outcome, effects);
            }
            (VolunteerTouch::Later, Step::Bed) => {
                if let Some(session) = &mut self.volunteer.session {
                    session.later();
                }
            }
            (VolunteerTouch::Mode(mode), Step::How) => self.choose_mode(*mode),
            (VolunteerTouch::Team(place), Step::Team { page }) => self.choose_team(page, *place),
            (VolunteerTouch::More, Step::Team { page }) => {
                let visit = self.volunteer.session.as_ref().and_then(|session| session.visit.as_ref());
                let more = visit.is_some_and(|visit| !visit.consultants_of_page(page + 1).is_empty());
                self.set_step(Step::Team { page: if more { page + 1 } else { 0 } });
            }
            (VolunteerTouch::TestCard, Step::Tablet) => {
                if let Some(session) = &mut self.volunteer.session {
                    session.test_card = None;
                }
                self.set_step(Step::TestCard);
            }
            (VolunteerTouch::KeepTestCard, Step::TestCard) => effects.push(Effect::Errand(Errand::KeepTestCard)),
            (VolunteerTouch::Brightness, Step::Tablet) => {
                effects.push(Effect::Errand(Errand::Brighten));
                effects.push(Effect::Errand(Errand::LookAtTablet));
            }
            (VolunteerTouch::Move, Step::Tablet) => self.manage(Manages::Move, effects),
            (VolunteerTouch::JoinAgain, Step::Tablet) if self.can_join_again() => {
                self.manage(Manages::JoinAgain, effects);
            }
            (VolunteerTouch::Exit, Step::Tablet) => self.manage(Manages::Exit, effects),
            (VolunteerTouch::MoveTo(place), Step::Move) => self.move_to(*place, effects),
            _ => {}
        }
    }

    fn touch_door(&mut self, touch: &VolunteerTouch, now_ms: u64, effects: &mut Vec<Effect>) {
        match touch {
            VolunteerTouch::Key(key) => self.press(*key, now_ms, effects),
            VolunteerTouch::Back => self.leave_door(now_ms),
            _ => {}
        }
    }

    fn press(&mut self, key: DoorKey, now_ms: u64, effects: &mut Vec<Effect>) {
        let Some(round) = &self.volunteer.briefing.round else { return };
        let (volunteer, manager) = (round.volunteer_pin.clone(), round.manager_pin.clone());
        if volunteer.is_none() && manager.is_none() {
            return;
        }
        if let Some(Try { pin, wrong, as_manager }) = self.volunteer.door.press(key, now_ms) {
            let manager = manager.filter(|_| as_manager);
            effects.push(Effect::Errand(Errand::RememberDoor { wrong }));
            effects.push(Effect::Errand(Errand::CheckPin { pin, volunteer, manager }));
        }
    }

    fn open_door(&mut self, purpose: Purpose, wanted: Role) {
        if purpose == Purpose::ComeIn {
            self.bring_looks();
        }
        self.volunteer.purpose = purpose;
        self.volunteer.door.open(wanted);
    }

    /// The volunteer takes the tablet back from a patient who is not done.
    fn take_back(&mut self) {
        if self.somebody_is_asked() {
            self.set_step(Step::Paused);
        }
        self.open_door(Purpose::Return, Role::Volunteer);
    }

    fn can_join_again(&self) -> bool {
        let tablet = self.volunteer.session.as_ref().and_then(|session| session.tablet.as_ref());
        tablet.is_some_and(|tablet| tablet.can_join_again)
    }

    fn manage(&mut self, what: Manages, effects: &mut Vec<Effect>) {
        if self.volunteer.session.as_ref().is_none_or(|session| session.role < Role::Manager) {
            return self.open_door(Purpose::Manage(what), Role::Manager);
        }
        self.managed(what, effects);
    }

    /// A manager has said so.
    pub(super) fn managed(&mut self, what: Manages, effects: &mut Vec<Effect>) {
        match what {
            Manages::Move => self.set_step(Step::Move),
            Manages::JoinAgain => effects.push(Effect::Errand(Errand::JoinAgain)),
            Manages::Exit => effects.push(Effect::Errand(Errand::Exit)),
        }
    }

    fn move_to(&mut self, place: usize, effects: &mut Vec<Effect>) {
        let wards = self.volunteer.briefing.round.as_ref().map(|round| round.wards.as_slice()).unwrap_or_default();
        let ward = match wards.get(place) {
            Some(ward) => Some(ward.clone()),
            None if place == wards.len() => None,
            None => return,
        };
        effects.push(Effect::Errand(Errand::MoveTo(ward)));
        effects.push(Effect::Errand(Errand::LookAtTablet));
        self.set_step(Step::Tablet);
    }

    fn set_aside(&mut self, aside: Option<Aside>) {
        if let Some(session) = &mut self.volunteer.session {
            session.aside = aside;
        }
    }

    fn choose_ward(&mut self, place: usize) {
        let Some((ward, _)) = self.wards().into_iter().nth(place) else { return };
        let visit = self.volunteer.session.as_ref().and_then(|session| session.visit.as_ref());
        // Back to the ward that is being visited: its round goes on.
        if visit.is_none_or(|visit| visit.ward != ward) {
            self.enter_ward(&ward);
        }
        self.set_step(Step::Plan);
    }

    /// The wards that are visited with this kiosk, by name; its own where no round has come.
    pub(super) fn wards(&self) -> Vec<(WardId, String)> {
        let round = self.volunteer.briefing.round.as_ref();
        let wards: Vec<_> =
            round.iter().flat_map(|round| &round.wards).map(|ward| (ward.id.clone(), ward.name.clone())).collect();
        if wards.is_empty() {
            let home = self.volunteer.home.as_ref().unwrap_or(&self.setting);
            return vec![(home.ward().clone(), home.ward_name().to_owned())];
        }
        wards
    }

    fn choose_mode(&mut self, mode: Mode) {
        let Some(session) = &mut self.volunteer.session else { return };
        session.doing = Some(Doing { mode, attribution: None });
        session.trusted = false;
        match session.visit.as_ref().filter(|visit| !visit.consultants.is_empty()) {
            Some(visit) => session.step = Step::Team { page: visit.first_page() },
            None => self.ask(),
        }
    }

    fn choose_team(&mut self, page: usize, place: usize) {
        let Some(session) = &mut self.volunteer.session else { return };
        let (Some(visit), Some(doing)) = (&session.visit, &mut session.doing) else { return };
        let names = visit.consultants_of_page(page);
        doing.attribution = match names.get(place) {
            Some(choice) => {
                let by_roster = visit.bed().is_some_and(|bed| bed.consultant.as_ref() == Some(&choice.id));
                let source = if by_roster { AttributionSource::Roster } else { AttributionSource::Volunteer };
                Some(Attribution { consultant: choice.id.clone(), source })
            }
            None if place == names.len() => None,
            None => return,
        };
        self.ask();
    }

    /// On to the interview's own screens.
    fn ask(&mut self) {
        if self.storing == Storing::Refusing {
            return self.set_step(Step::Bed);
        }
        self.set_step(Step::Interview);
        self.language = self.setting.default_language();
        self.comfort = super::super::Comfort::default();
        self.stage = if self.setting.languages().len() > 1 { Stage::Language } else { Stage::Consent };
    }

    /// Ends the interview that is paused and keeps what was answered.
    fn stop_here(&mut self, now_ms: u64, effects: &mut Vec<Effect>) {
        self.set_step(Step::Interview);
        if matches!(self.stage, Stage::Asking(_)) {
            let until_ms = self.touched_ms;
            self.finish(Outcome::Partial, Farewell::Stopped, until_ms, now_ms, effects);
        } else {
            self.rest();
        }
    }
}
