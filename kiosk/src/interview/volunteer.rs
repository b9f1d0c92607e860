//! The volunteer's round and the staff corner, behind one PIN door. Pure, as the interview is; it lies around it.
//!
//! The journey: a long touch opens the *door*; a PIN opens a *session*; my wards, the ward's plan, then bed after bed in an
//! order drawn for this *visit*; for each a reason why not, or how it is done, whose patient it is, and the interview's own
//! screens; next bed. The questions and what is stored are the interview's; what is put on top is the mode, the ward and the
//! consultant of the contact ([`Interview::stamp`]).
//!
//! Vocabulary: a *visit* is one walk round one ward; an *aside* lies over a screen (harm, what to say); a *draft* is an
//! interrupted interview; *handed over* means that the patient holds the tablet, so that nothing but the questions is
//! reachable without the PIN.
//!
//! Invariants, each with a test:
//! - Nothing behind the door is shown or done without a PIN; ten minutes without a touch close it again.
//! - Every bed of a visit comes up once, over locks and restarts of its day too; every outcome is one contact; the bed is in no
//!   record, effect or note.
//! - A draft exists only while an interview is interrupted or under way in a session, and is gone half an hour after the last
//!   touch: what was answered is then stored as partial, for the patient had agreed.
//! - The wipe of a draft goes out before its record does.
//!
//! Failure modes: no round has come yet: the door says so. No board has come for a ward: the visit goes on without bed names.
//! The store refuses: nobody is asked, and the pages say why.

use std::sync::Arc;

use jiff::Timestamp;
use wardvoice_protocol::board::Board;
use wardvoice_protocol::contact::{Mode, Outcome};
use wardvoice_protocol::id::{Language, WardId};
use wardvoice_protocol::record::Body;

use super::comfort::Comfort;
use super::event::{Action, Effect, Keepsake};
use super::setting::Setting;
use super::view::Screen;
use super::{Asking, Interview, Stage, Storing, sheet};

mod door;
mod draft;
mod event;
mod looks;
mod order;
mod pages;
mod session;
#[cfg(test)]
mod tests;
mod unfinished;
mod view;

pub use door::{DOOR_OPEN_MS, DoorKey, DoorState, DoorView, Pin, Role, Wrong};
pub use draft::{Draft, KEEP_MS};
pub use event::{Briefing, Errand, TabletState, VisitNote, VolunteerTouch, Word};
pub use order::{METHOD, order};
pub use unfinished::Unfinished;
pub use view::{BedView, Margin, Page, Plan, PlanView, TabletView, TeamView, VolunteerView, WardLine};

use door::Door;
use session::{Purpose, Session, Step};

/// How long nothing may be touched before a session ends and the door closes.
pub const LOCK_MS: u64 = 600_000;
/// How long nothing may be touched before the questions make room for the volunteer's screen.
pub const PAUSE_MS: u64 = 180_000;

/// Everything behind the door.
#[derive(Debug, Default)]
pub(super) struct Volunteer {
    briefing: Arc<Briefing>,
    reached: Option<Timestamp>,
    door: Door,
    purpose: Purpose,
    /// How whoever came to the door last wants their screens.
    looks: Comfort,
    session: Option<Session>,
    /// The kiosk's own setting while it works for a visited ward.
    home: Option<Arc<Setting>>,
    parked: Option<Parked>,
    /// The draft as the shell has it on the disk.
    on_disk: Option<Draft>,
    unfinished: unfinished::Rounds,
    unfinished_on_disk: unfinished::Rounds,
}

/// An interrupted interview, until somebody goes on with it or its time is over.
#[derive(Debug)]
struct Parked {
    draft: Draft,
    expires_ms: u64,
}

impl Volunteer {
    /// Whether somebody has come in.
    pub(super) fn is_in(&self) -> bool {
        self.session.is_some()
    }

    /// Whether the kiosk works for a visited ward, so that its own setting must wait.
    pub(super) fn is_away(&self) -> bool {
        self.home.is_some()
    }

    /// What is known about a ward.
    pub(super) fn board(&self, ward: &WardId) -> Option<&Board> {
        self.briefing.boards.get(ward)
    }

    fn is_asking(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.step == Step::Interview && session.aside.is_none())
    }
}

impl Interview {
    /// Takes a touch that is not the patient's to make; false for all others.
    pub(super) fn volunteer_takes(&mut self, action: &Action, now_ms: u64, effects: &mut Vec<Effect>) -> bool {
        match action {
            Action::Volunteer(touch) => {
                if self.help.is_none() {
                    self.volunteer_touch(touch.clone(), now_ms, effects);
                }
                true
            }
            // Whoever is in front of the door, or holds a tablet on which the questions wait, may need help.
            Action::Help if self.shows_a_patient(now_ms) => false,
            // The screens behind the door offer none of the patient's actions; a key may still send one.
            _ if self.help.is_none() && self.volunteer_screen(now_ms).is_some() => {
                if *action == Action::Back {
                    self.volunteer_touch(VolunteerTouch::Back, now_ms, effects);
                }
                true
            }
            _ => false,
        }
    }

    /// Takes in what the shell found out.
    pub(super) fn volunteer_hears(&mut self, word: Word, now_ms: u64, effects: &mut Vec<Effect>) {
        match word {
            Word::Briefed(briefing) => {
                self.volunteer.briefing = briefing;
                if matches!(self.stage, Stage::Rest) && self.help.is_none() {
                    self.read_board();
                }
            }
            Word::DoorRemembered { wrong } => self.volunteer.door.remember(wrong, now_ms),
            Word::Reached(reached) => self.volunteer.reached = Some(reached),
            Word::Checked { role, seed } => {
                if self.volunteer.door.checked(role, now_ms)
                    && let Some(role) = role
                {
                    let wrong = self.volunteer.door.wrong();
                    effects.push(Effect::Errand(Errand::RememberDoor { wrong }));
                    self.come_in(role, seed, now_ms, effects);
                }
            }
            Word::Tablet(state) => {
                self.begin_day(state.today);
                if let Some(session) = &mut self.volunteer.session {
                    session.tablet = Some(*state);
                }
            }
            Word::UnfinishedFound(found) => self.find_unfinished(found),
            Word::TestCardKept(kept) => {
                if let Some(session) = &mut self.volunteer.session {
                    session.test_card = Some(kept);
                }
            }
            Word::DraftFound { draft, age_ms } => {
                let fits = age_ms < KEEP_MS && draft.fits(&self.setting);
                if fits && self.volunteer.parked.is_none() {
                    let expires_ms = now_ms + (KEEP_MS - age_ms);
                    self.volunteer.parked = Some(Parked { draft: (*draft).clone(), expires_ms });
                }
                self.volunteer.on_disk = Some(*draft);
            }
        }
    }

    /// Time has passed.
    pub(super) fn volunteer_tick(&mut self, now_ms: u64, effects: &mut Vec<Effect>) {
        if self.volunteer.parked.as_ref().is_some_and(|parked| now_ms >= parked.expires_ms) {
            self.end_draft(now_ms, effects);
        }
        if self.door_times_out() && now_ms >= self.touched_ms + DOOR_OPEN_MS {
            self.leave_door(now_ms);
        }
        if self.volunteer.is_in() && now_ms >= self.touched_ms + LOCK_MS {
            self.end_session(now_ms);
        }
        if self.volunteer.is_asking() && self.somebody_is_asked() && now_ms >= self.touched_ms + PAUSE_MS {
            self.set_step(Step::Paused);
        }
    }

    /// When the next tick is due for what is here.
    pub(super) fn volunteer_deadline_ms(&self, now_ms: u64) -> Option<u64> {
        let volunteer = &self.volunteer;
        let pauses = volunteer.is_asking() && self.somebody_is_asked();
        [
            volunteer.parked.as_ref().map(|parked| parked.expires_ms),
            volunteer.door.deadline_ms(now_ms),
            self.door_times_out().then_some(self.touched_ms + DOOR_OPEN_MS),
            volunteer.is_in().then_some(self.touched_ms + LOCK_MS),
            pauses.then_some(self.touched_ms + PAUSE_MS),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// The screen in front of the interview's own, if there is one.
    pub(super) fn volunteer_screen(&self, now_ms: u64) -> Option<Screen> {
        let volunteer = &self.volunteer;
        let round = volunteer.briefing.round.as_ref();
        let has_pin = round.is_some_and(|round| match volunteer.door.wanted() {
            Some(Role::Manager) => round.manager_pin.is_some(),
            _ => round.volunteer_pin.is_some() || round.manager_pin.is_some(),
        });
        if let Some(door) = volunteer.door.view(has_pin, now_ms) {
            return Some(Screen::Door(door));
        }
        let page = self.page(now_ms)?;
        let (waiting, reached) = (self.carriage.waiting, volunteer.reached);
        Some(Screen::Volunteer(Box::new(VolunteerView {
            page,
            waiting,
            reached,
            connected: self.carriage.connected,
            refusing: self.storing == Storing::Refusing,
        })))
    }

    /// What stands beside the interview's screens while a volunteer asks.
    pub(super) fn margin(&self) -> Option<Margin> {
        let session = self.volunteer.session.as_ref().filter(|_| self.volunteer.is_asking())?;
        let doing = session.doing.as_ref().filter(|doing| doing.mode != Mode::Alone)?;
        self.somebody_is_asked().then_some(Margin {
            mode: doing.mode,
            waiting: self.carriage.waiting,
            reached: self.volunteer.reached,
            before_questions: !matches!(self.stage, Stage::Asking(_)),
        })
    }

    /// Makes a body the one of the visit: its mode, and the consultant when the patient has not named one.
    pub(super) fn stamp(&mut self, mut body: Body) -> Body {
        if let (Some(session), Body::Contact(contact)) = (&mut self.volunteer.session, &mut body) {
            contact.mode = session.doing.as_ref().map_or(Mode::Interview, |doing| doing.mode);
            if contact.attribution.is_none() {
                contact.attribution = session.doing.as_ref().and_then(|doing| doing.attribution.clone());
            }
            session.count(contact.outcome);
        }
        body
    }

    /// The interview is back at its beginning: on to the next bed, or back to this one when nothing came of it.
    pub(super) fn patient_left(&mut self) {
        let Some(session) = &mut self.volunteer.session else { return };
        if session.step != Step::Interview {
            return;
        }
        let handed_over = session.patient_left();
        if handed_over {
            self.volunteer.purpose = Purpose::Return;
            self.volunteer.door.open(Role::Volunteer);
        }
    }

    /// The program ends: an interview of a session is not over, it goes on after the next start.
    pub(super) fn volunteer_parks(&mut self, now_ms: u64) -> bool {
        let parks = self.volunteer.is_in() && matches!(self.stage, Stage::Asking(_));
        if parks {
            self.end_session(now_ms);
        }
        parks
    }

    /// Brings the draft on the disk up to what is here. The last thing of every event.
    pub(super) fn keep_draft(&mut self, effects: &mut Vec<Effect>) {
        let draft = match &self.stage {
            Stage::Asking(asking) if self.volunteer.is_in() => self.draft_of(asking),
            _ => self.volunteer.parked.as_ref().map(|parked| parked.draft.clone()),
        };
        if draft == self.volunteer.on_disk {
            return;
        }
        match &draft {
            Some(draft) => effects.push(Effect::Errand(Errand::KeepDraft(Box::new(draft.clone())))),
            // Before the record that comes of it is handed over.
            None => effects.insert(0, Effect::Errand(Errand::WipeDraft)),
        }
        self.volunteer.on_disk = draft;
    }

    /// Whether a patient may be in front of what the session shows: the door, or the questions that wait.
    fn shows_a_patient(&self, now_ms: u64) -> bool {
        let screen = self.volunteer_screen(now_ms);
        screen.is_some_and(|screen| matches!(screen, Screen::Door(_)) || !screen.is_for_staff())
    }

    fn draft_of(&self, asking: &Asking) -> Option<Draft> {
        let doing = self.volunteer.session.as_ref()?.doing.clone()?;
        Draft::of(&asking.sheet, asking.place, &self.setting, &self.language, doing.mode, doing.attribution)
    }

    /// A tablet that comes back from a patient waits for its volunteer as long as the session does.
    fn door_times_out(&self) -> bool {
        self.volunteer.door.is_open() && self.volunteer.purpose != Purpose::Return
    }

    /// Whether one of the interview's own screens waits for an answer.
    fn somebody_is_asked(&self) -> bool {
        matches!(self.stage, Stage::Language | Stage::Consent | Stage::Asking(_))
    }

    /// Whether it is the patient who reads the screen, so that what it gives to keep is given to nobody else.
    pub(super) fn patient_holds_tablet(&self) -> bool {
        let Some(session) = &self.volunteer.session else { return true };
        session.doing.as_ref().is_none_or(|doing| match doing.mode {
            Mode::Alone => !session.trusted,
            Mode::Assisted => true,
            Mode::Interview | Mode::Proxy => false,
        })
    }

    fn set_step(&mut self, step: Step) {
        if let Some(session) = &mut self.volunteer.session {
            session.step = step;
            session.aside = None;
        }
    }

    fn come_in(&mut self, role: Role, seed: u64, now_ms: u64, effects: &mut Vec<Effect>) {
        self.touched_ms = now_ms;
        if matches!(self.stage, Stage::Thanks { .. }) {
            // What the patient was given with the thanks is not for whoever comes in.
            self.stage = Stage::Wipe { since_ms: now_ms };
        }
        match std::mem::take(&mut self.volunteer.purpose) {
            Purpose::ComeIn => {
                let step = if self.volunteer.parked.is_some() { Step::Resume } else { Step::Wards };
                self.volunteer.session = Some(Session::new(role, seed, step));
                effects.push(Effect::Errand(Errand::LookAtTablet));
            }
            Purpose::Return => {
                if let Some(session) = &mut self.volunteer.session {
                    session.trusted = true;
                }
            }
            Purpose::Manage(what) => self.managed(what, effects),
        }
    }

    /// Nobody came in. A patient's tablet that waited for its volunteer goes back to rest.
    fn leave_door(&mut self, now_ms: u64) {
        self.volunteer.door.close();
        if std::mem::take(&mut self.volunteer.purpose) == Purpose::Return && !self.somebody_is_asked() {
            self.end_session(now_ms);
        }
    }

    fn end_session(&mut self, now_ms: u64) {
        self.note_round();
        if let Stage::Asking(asking) = &self.stage
            && let Some(draft) = self.draft_of(asking)
        {
            let since_ms = self.touched_ms.min(now_ms);
            self.volunteer.parked = Some(Parked { draft, expires_ms: since_ms + KEEP_MS });
        }
        self.volunteer.door.close();
        self.volunteer.purpose = Purpose::default();
        self.volunteer.session = None;
        self.go_home();
        self.help = None;
        if self.somebody_is_asked() {
            self.stage = Stage::Rest;
        }
        if matches!(self.stage, Stage::Rest) {
            self.rest();
        }
    }

    /// Ends an interrupted interview: what was answered is stored as partial.
    fn end_draft(&mut self, now_ms: u64, effects: &mut Vec<Effect>) {
        let Some(Parked { draft, .. }) = self.volunteer.parked.take() else { return };
        let ward = draft.ward.clone();
        let setting = self.setting_of(&ward);
        let (language, mode, attribution) = (draft.language.clone(), draft.mode, draft.attribution.clone());
        if let Some((sheet, _)) = draft.restore(&setting, now_ms) {
            let mut contact = sheet.into_contact(&setting, &language, Outcome::Partial, now_ms);
            contact.mode = mode;
            contact.attribution = contact.attribution.or(attribution);
            self.hand_out(Body::Contact(contact), Keepsake::Nothing, effects);
            self.leave_unfinished_bed(&ward, Outcome::Partial);
        }
    }

    fn resume(&mut self, now_ms: u64) {
        let Some(Parked { draft, .. }) = self.volunteer.parked.take() else { return };
        self.enter_ward(&draft.ward.clone());
        let language = draft.language.clone();
        let doing = draft::Doing { mode: draft.mode, attribution: draft.attribution.clone() };
        match draft.restore(&self.setting, now_ms) {
            Some((sheet, place)) => {
                self.language = language;
                self.stage = Stage::Asking(Asking::new(sheet, place));
                if let Some(session) = &mut self.volunteer.session {
                    session.doing = Some(doing);
                }
                self.set_step(Step::Interview);
            }
            None => self.set_step(Step::Wards),
        }
    }

    /// Works for a ward from here on, until the session ends or goes to another.
    fn enter_ward(&mut self, ward: &WardId) {
        let setting = self.setting_of(ward);
        let own = std::mem::replace(&mut self.setting, Arc::new(setting));
        self.volunteer.home.get_or_insert(own);
        let mut visit = session::Visit::new(ward, self.setting.ward_name(), &self.volunteer.briefing);
        if let Some(round) = self.unfinished(ward, visit.beds.len()) {
            visit.go_on_with(round);
        }
        if let Some(session) = &mut self.volunteer.session {
            session.visit = Some(visit);
        }
    }

    fn go_home(&mut self) {
        if let Some(home) = self.volunteer.home.take() {
            self.setting = self.next_setting.take().unwrap_or(home);
        }
    }

    /// The kiosk's own setting as it is for a ward.
    fn setting_of(&self, ward: &WardId) -> Setting {
        let home = self.volunteer.home.as_ref().unwrap_or(&self.setting);
        if let Some(board) = self.volunteer.briefing.boards.get(ward) {
            let visiting = home.visiting(ward.clone(), board.ward_name.clone(), board.consultants.clone());
            return visiting.under(board).unwrap_or(visiting);
        }
        if ward == home.ward() {
            return Setting::clone(home);
        }
        let named =
            self.volunteer.briefing.round.iter().flat_map(|round| &round.wards).find(|named| named.id == *ward);
        let name = named.map_or_else(|| ward.to_string(), |named| named.name.clone());
        home.visiting(ward.clone(), name, Vec::new())
    }

    /// A contact that holds no response, in the language nobody was spoken to in.
    fn not_today(&mut self, outcome: Outcome, effects: &mut Vec<Effect>) {
        let language: Language = self.setting.default_language();
        let contact = sheet::without_response(&self.setting, &language, outcome);
        self.store(Body::Contact(contact), effects);
        if let Some(session) = &mut self.volunteer.session {
            session.next_bed();
        }
    }
}
