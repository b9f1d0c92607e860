//! The interview: what a kiosk shows and asks, and when it stores something. Pure.
//!
//! One [`Interview`] lives as long as the window. It is told what happened and when ([`Event`]), answers with what is
//! to be done ([`Effect`]) and says at any time what the screen shows ([`View`]). It reads no clock, opens no file and
//! knows no window; the window, the tests and the simulated fleet drive it in the same way.
//!
//! The journey of a patient alone: rest, language, consent, one question a screen, thank you, please wipe the tablet,
//! rest. "I need someone to help me" lies over any of these screens and its record never holds an answer.
//!
//! What lies around it when a volunteer carries the tablet from bed to bed is in [`volunteer`].
//!
//! Vocabulary: a *sheet* is what one person has answered so far; a *ticket* ties a body handed out for storing to the
//! word that comes back about it.
//!
//! Invariants, each with a test:
//! - *Thanked means flushed.* [`Screen::Thanks`] appears only after [`Happening::Stored`] said `Ok` for that contact.
//! - A person who agreed and comes to an end (finished, stopped, left) is stored as exactly one contact.
//! - Nobody who did not agree has an answer stored; declining stores a contact without a response.
//! - Once a person's interview is over, nothing they answered is left in here or in the view; one that a volunteer interrupts
//!   is not over for half an hour.
//! - While the store refuses, nobody is asked anything.
//! - A new assignment takes effect between interviews only.
//! - A kiosk whose questionnaire has not come yet says so and asks nothing.
//!
//! Units: every time is in milliseconds of one monotonic clock, of any beginning.
//! Failure: a failed or overdue store shows [`Screen::Staff`]; nothing is kept in memory in the hope of later.

use std::sync::Arc;

use wardvoice_protocol::contact::Outcome;
use wardvoice_protocol::id::{Hash, Language};
use wardvoice_protocol::record::{Body, Cleaning};
use wardvoice_protocol::withdrawal::WithdrawalCode;

pub mod comfort;
mod event;
mod help;
mod picture;
mod reading;
mod setting;
mod sheet;
#[cfg(test)]
mod tests;
mod view;
pub mod volunteer;

pub use comfort::Comfort;
pub use event::{
    Action, Carriage, Effect, Event, Farewell, Happening, Keepsake, StoreFailed, Stored, Storing, Ticket, Trouble,
};
use help::{Help, HelpStep};
pub use picture::Picture;
pub use reading::{Aloud, ReadingNumber, Spoken};
pub use setting::{Improvement, Setting, SettingError};
use sheet::{Place, Sheet};
pub use view::{Choice, CommentView, ConsultantView, HelpView, Progress, QuestionView, Screen, View};

/// How long a choice is shown before the interview moves on by itself.
pub const CONFIRMATION_MS: u64 = 300;
/// How long nothing may be touched before the kiosk asks whether anybody is there.
pub const IDLE_MS: u64 = 60_000;
/// How long that question waits before everything is wiped.
pub const STILL_THERE_MS: u64 = 30_000;
/// How long a store may take before it counts as failed.
pub const STORE_LIMIT_MS: u64 = 20_000;
/// How long the thank-you stays.
pub const THANKS_MS: u64 = 8_000;
/// How long it stays with a code that somebody may be writing down, after the last touch.
pub const CODE_MS: u64 = 90_000;
/// How long a kiosk at rest stays bright when nobody touches it, unless its setting says otherwise.
pub const DIM_MS: u64 = 300_000;
/// The same at night, when a bright screen is for nobody.
pub const DIM_AT_NIGHT_MS: u64 = 30_000;
/// How long the kiosk waits for somebody to say that it was wiped.
pub const WIPE_MS: u64 = 60_000;

#[derive(Debug)]
enum Stage {
    Rest,
    Language,
    Consent,
    Asking(Asking),
    Saving { ticket: Ticket, farewell: Farewell, since_ms: u64 },
    Thanks { farewell: Farewell, code: Option<WithdrawalCode>, since_ms: u64 },
    Wipe { since_ms: u64 },
    Staff(Trouble),
}

#[derive(Debug)]
struct Asking {
    sheet: Sheet,
    place: Place,
    /// A choice was made and is being shown until then.
    confirmed_until_ms: Option<u64>,
    aside: Aside,
}

/// What lies over the question for a moment; the answers stay as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Aside {
    #[default]
    Nothing,
    /// Is stopping meant?
    Stopping,
    /// In which language?
    Languages,
}

/// The state machine of one kiosk's screen.
#[derive(Debug)]
pub struct Interview {
    setting: Arc<Setting>,
    next_setting: Option<Arc<Setting>>,
    language: Language,
    storing: Storing,
    carriage: Carriage,
    tickets: u64,
    stage: Stage,
    help: Option<Help>,
    touched_ms: u64,
    comfort: Comfort,
    reader: reading::Reader,
    /// Nobody has been here for long.
    dimmed: bool,
    night: bool,
    /// The questionnaire has not come yet: what stands in for it is never asked.
    lacks_questions: bool,
    /// When the focus last moved by itself.
    scanned_ms: u64,
    /// Since when it is being asked whether anybody is there.
    asked_since_ms: Option<u64>,
    volunteer: volunteer::Volunteer,
}

impl Interview {
    /// A kiosk at rest.
    pub fn new(setting: Arc<Setting>, now_ms: u64) -> Self {
        Self {
            language: setting.default_language(),
            setting,
            next_setting: None,
            storing: Storing::Ready,
            carriage: Carriage { connected: false, waiting: 0 },
            tickets: 0,
            stage: Stage::Rest,
            help: None,
            touched_ms: now_ms,
            comfort: Comfort::default(),
            reader: reading::Reader::default(),
            dimmed: false,
            night: false,
            lacks_questions: false,
            scanned_ms: now_ms,
            asked_since_ms: None,
            volunteer: volunteer::Volunteer::default(),
        }
    }

    /// Asks nothing until it is assigned something: there is no questionnaire yet.
    pub fn wait_for_questions(&mut self) {
        self.lacks_questions = true;
        self.stage = Stage::Staff(Trouble::Waiting);
    }

    /// Takes in what happened and says what is to be done about it, in order.
    pub fn apply(&mut self, event: Event) -> Vec<Effect> {
        let before = self.view(event.now_ms);
        let asked = self.asks();
        let mut effects = Vec::new();
        let now_ms = event.now_ms;
        match event.happening {
            Happening::Touch(action) => self.touch(action, now_ms, &mut effects),
            Happening::Stored { ticket, result } => self.stored(ticket, result, now_ms),
            Happening::Storing(storing) => self.storing(storing),
            Happening::Carriage(carriage) => self.carriage = carriage,
            Happening::HelpDelivered => self.help_delivered(),
            Happening::HelpSeen => self.help_seen(),
            Happening::Night(night) => self.night = night,
            Happening::Voices(voices) => self.reader.learn_voices(voices),
            Happening::Spoken { reading, spoken } => self.hear(reading, spoken, now_ms),
            Happening::Assigned(setting) => self.assign(setting),
            Happening::Volunteer(word) => self.volunteer_hears(word, now_ms, &mut effects),
            Happening::Closing if self.volunteer_parks(now_ms) => {}
            Happening::Closing => self.leave(now_ms, &mut effects),
            Happening::Tick => self.tick(now_ms, &mut effects),
        }
        if let Some(asks) = self.asks().filter(|asks| Some(*asks) != asked) {
            effects.push(Effect::Asks(asks));
        }
        self.keep_draft(&mut effects);
        self.keep_unfinished(&mut effects);
        let mut now = self.view(now_ms);
        self.read_on(&before, &mut now, &mut effects);
        if now != before {
            effects.push(Effect::Show);
        }
        effects
    }

    /// The hash of the questionnaire that is asked now; none before it has come.
    pub fn asks(&self) -> Option<Hash> {
        (!self.lacks_questions).then(|| self.setting.questionnaire().hash())
    }

    /// When the next [`Happening::Tick`] is due, if one is.
    pub fn deadline_ms(&self, now_ms: u64) -> Option<u64> {
        let stage = match &self.stage {
            Stage::Asking(asking) => asking.confirmed_until_ms,
            Stage::Saving { since_ms, .. } => Some(since_ms + STORE_LIMIT_MS),
            Stage::Thanks { code, since_ms, .. } => Some(self.thanks_until_ms(*code, *since_ms)),
            Stage::Wipe { since_ms } => Some(since_ms + WIPE_MS),
            Stage::Rest | Stage::Language | Stage::Consent | Stage::Staff(_) => None,
        };
        let help = self.help.as_ref().and_then(|help| match help.step {
            HelpStep::Sending { since_ms, .. } => Some(since_ms + STORE_LIMIT_MS),
            _ => None,
        });
        let idle = match self.asked_since_ms {
            // The seconds are counted down on the screen.
            Some(since_ms) => Some(now_ms + 1_000 - now_ms.saturating_sub(since_ms) % 1_000),
            None => self.somebody_may_be_here().then_some(self.touched_ms + IDLE_MS),
        };
        let own = [self.rest_deadline_ms(), self.scan_deadline_ms(), self.volunteer_deadline_ms(now_ms)];
        [stage, help, idle].into_iter().chain(own).flatten().min()
    }

    fn somebody_may_be_here(&self) -> bool {
        // In a session the volunteer is: it pauses and locks by itself.
        !self.volunteer.is_in()
            && (self.help.is_some() || matches!(self.stage, Stage::Language | Stage::Consent | Stage::Asking(_)))
    }

    fn touch(&mut self, action: Action, now_ms: u64, effects: &mut Vec<Effect>) {
        self.touched_ms = now_ms;
        // A key or a switch that chose something starts the round of the focus anew.
        self.scanned_ms = now_ms;
        let was_reading = self.reader.hush(effects);
        if self.wakes() {
            return;
        }
        if self.asked_since_ms.take().is_some() && action != Action::Help {
            // Whatever else was touched, it says that somebody is there; it was not meant for the screen beneath.
            return;
        }
        if action == Action::ReadAloud {
            return self.touch_reading(was_reading, now_ms, effects);
        }
        if self.touch_looks(&action, now_ms)
            || self.touch_comfort(&action)
            || self.volunteer_takes(&action, now_ms, effects)
        {
            return;
        }
        if self.help.is_some() {
            return self.touch_help(&action, now_ms, effects);
        }
        if action == Action::Help {
            if let Stage::Asking(asking) = &mut self.stage {
                asking.confirmed_until_ms = None;
            }
            return self.open_help(false);
        }
        match (&mut self.stage, action) {
            (Stage::Rest, Action::Start) => {
                self.stage = if self.setting.languages().len() > 1 { Stage::Language } else { Stage::Consent };
            }
            (Stage::Language, Action::ChooseLanguage(language))
                if self.setting.languages().contains(&language) =>
            {
                self.language = language;
                self.stage = Stage::Consent;
            }
            (Stage::Language, Action::Back) => self.rest_with_comfort(),
            (Stage::Staff(_), Action::Dismiss) => self.rest(),
            (Stage::Consent, Action::Back) => {
                self.stage = if self.setting.languages().len() > 1 { Stage::Language } else { Stage::Rest };
            }
            (Stage::Consent, Action::Agree) => match Sheet::new(&self.setting, now_ms) {
                Some((sheet, place)) => {
                    self.stage = Stage::Asking(Asking::new(sheet, place));
                }
                None => self.rest(),
            },
            (Stage::Consent, Action::Decline) => {
                let contact = sheet::without_response(&self.setting, &self.language, Outcome::Declined);
                self.save(Body::Contact(contact), Keepsake::Nothing, Farewell::Declined, now_ms, effects);
            }
            (Stage::Asking(_), action) => self.touch_question(action, now_ms, effects),
            (Stage::Thanks { .. }, Action::Dismiss) => self.stage = Stage::Wipe { since_ms: now_ms },
            (Stage::Wipe { .. }, Action::Wiped) => self.cleaned(true, effects),
            _ => {}
        }
    }

    fn touch_question(&mut self, action: Action, now_ms: u64, effects: &mut Vec<Effect>) {
        let Stage::Asking(asking) = &mut self.stage else { return };
        match (asking.aside, action) {
            (Aside::Nothing, action) => self.touch_sheet(action, now_ms, effects),
            (Aside::Stopping, Action::StopNow) => {
                self.finish(Outcome::Partial, Farewell::Stopped, now_ms, now_ms, effects);
            }
            (Aside::Languages, Action::ChooseLanguage(language))
                if self.setting.languages().contains(&language) =>
            {
                asking.aside = Aside::Nothing;
                self.language = language;
            }
            (Aside::Stopping, Action::CarryOn) | (Aside::Languages, Action::Back) => asking.aside = Aside::Nothing,
            _ => {}
        }
    }

    fn touch_sheet(&mut self, action: Action, now_ms: u64, effects: &mut Vec<Effect>) {
        let Stage::Asking(asking) = &mut self.stage else { return };
        // A second touch while the choice is being shown may change the choice; it must not skip a question.
        let confirming = asking.confirmed_until_ms.is_some();
        match action {
            Action::Choose(choice) => asking.choose(choice, &self.setting, self.comfort, now_ms),
            Action::Write(text) => asking.sheet.write(&self.setting, asking.place, &text),
            Action::More => asking.place = sheet::more(&self.setting, asking.place, self.comfort.text_size),
            Action::Skip if !confirming => {
                asking.sheet.skip(&self.setting, asking.place);
                self.advance(now_ms, effects);
            }
            Action::Next if !confirming => {
                asking.sheet.settle(&self.setting, asking.place);
                self.advance(now_ms, effects);
            }
            Action::Back if !confirming => {
                if let Some(place) = asking.sheet.before(&self.setting, asking.place) {
                    asking.go_to(place, &self.setting);
                }
            }
            Action::Stop => {
                asking.confirmed_until_ms = None;
                asking.aside = Aside::Stopping;
            }
            Action::Languages if !confirming && self.setting.languages().len() > 1 => {
                asking.aside = Aside::Languages;
            }
            _ => {}
        }
    }

    /// Goes on from an answered or skipped question.
    fn advance(&mut self, now_ms: u64, effects: &mut Vec<Effect>) {
        let Stage::Asking(asking) = &mut self.stage else { return };
        asking.confirmed_until_ms = None;
        if asking.sheet.asks_for_help(&self.setting, asking.place) {
            return self.open_help(true);
        }
        self.go_on(now_ms, effects);
    }

    fn go_on(&mut self, now_ms: u64, effects: &mut Vec<Effect>) {
        let Stage::Asking(asking) = &mut self.stage else { return };
        match asking.sheet.after(&self.setting, asking.place, self.comfort.text_size) {
            Some(place) => asking.go_to(place, &self.setting),
            None => self.finish(Outcome::Completed, Farewell::Completed, now_ms, now_ms, effects),
        }
    }

    fn finish(
        &mut self,
        outcome: Outcome,
        farewell: Farewell,
        until_ms: u64,
        now_ms: u64,
        effects: &mut Vec<Effect>,
    ) {
        // The sheet leaves the stage here, whatever becomes of the contact.
        if let Stage::Asking(asking) = std::mem::replace(&mut self.stage, Stage::Rest) {
            let contact = asking.sheet.into_contact(&self.setting, &self.language, outcome, until_ms);
            let gives_code = self.setting.gives_withdrawal_codes() && self.patient_holds_tablet();
            let keepsake = if gives_code { Keepsake::Code } else { Keepsake::Nothing };
            self.save(Body::Contact(contact), keepsake, farewell, now_ms, effects);
        }
    }

    fn save(
        &mut self,
        body: Body,
        keepsake: Keepsake,
        farewell: Farewell,
        now_ms: u64,
        effects: &mut Vec<Effect>,
    ) {
        let body = self.stamp(body);
        let ticket = self.hand_out(body, keepsake, effects);
        self.stage = Stage::Saving { ticket, farewell, since_ms: now_ms };
    }

    fn store(&mut self, body: Body, effects: &mut Vec<Effect>) -> Ticket {
        let body = self.stamp(body);
        self.hand_out(body, Keepsake::Nothing, effects)
    }

    fn hand_out(&mut self, body: Body, keepsake: Keepsake, effects: &mut Vec<Effect>) -> Ticket {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        effects.push(Effect::Store { ticket, body, keepsake });
        ticket
    }

    /// When the thank-you goes by itself. Whoever writes a code down may touch the screen to be given longer.
    fn thanks_until_ms(&self, code: Option<WithdrawalCode>, since_ms: u64) -> u64 {
        if code.is_some() { since_ms.max(self.touched_ms) + CODE_MS } else { since_ms + THANKS_MS }
    }

    fn stored(&mut self, stored: Ticket, result: Stored, now_ms: u64) {
        if let Some(help) = &mut self.help
            && matches!(help.step, HelpStep::Sending { ticket, .. } if ticket == stored)
        {
            help.step = if result.is_ok() { HelpStep::Kept } else { HelpStep::Failed };
            return;
        }
        match (&self.stage, result) {
            (Stage::Saving { ticket, farewell, .. }, Ok(code)) if *ticket == stored => {
                // Somebody may have taken the tablet from the patient meanwhile.
                let code = code.filter(|_| self.patient_holds_tablet());
                self.stage = Stage::Thanks { farewell: *farewell, code, since_ms: now_ms };
            }
            (_, Ok(_)) => {}
            (Stage::Saving { ticket, .. }, Err(StoreFailed)) if *ticket == stored => {
                self.stage = Stage::Staff(Trouble::NotKept);
            }
            // Something smaller could not be kept: nobody is asked anything before somebody has looked at it.
            (_, Err(StoreFailed)) => self.storing(Storing::Refusing),
        }
    }

    fn storing(&mut self, storing: Storing) {
        self.storing = storing;
        match (storing, &self.stage) {
            (Storing::Refusing, Stage::Rest | Stage::Language | Stage::Consent | Stage::Asking(_)) => {
                self.stage = Stage::Staff(Trouble::CannotKeep);
                self.asked_since_ms = None;
                self.dimmed = false;
            }
            (Storing::Ready, Stage::Staff(Trouble::CannotKeep)) => self.rest(),
            // What is being stored will be answered for; a thank-you was earned.
            _ => {}
        }
    }

    fn assign(&mut self, setting: Arc<Setting>) {
        self.next_setting = Some(setting);
        if std::mem::take(&mut self.lacks_questions) {
            self.stage = Stage::Rest;
        }
        if matches!(self.stage, Stage::Rest) && self.help.is_none() {
            self.rest_with_comfort();
        }
    }

    /// Shows what the ward's newest board says about its bays and its changes. Only between interviews.
    fn read_board(&mut self) {
        if let Some(setting) =
            self.volunteer.board(self.setting.ward()).and_then(|board| self.setting.under(board))
        {
            self.setting = Arc::new(setting);
        }
    }

    /// Back to the beginning: the next person finds nothing of the one before.
    fn rest(&mut self) {
        if !self.volunteer.is_away()
            && let Some(setting) = self.next_setting.take()
        {
            self.setting = setting;
        }
        self.patient_left();
        self.read_board();
        self.language = self.setting.default_language();
        self.comfort = Comfort::default();
        self.asked_since_ms = None;
        self.stage = match self.storing {
            _ if self.lacks_questions => Stage::Staff(Trouble::Waiting),
            Storing::Ready => Stage::Rest,
            Storing::Refusing => Stage::Staff(Trouble::CannotKeep),
        };
    }

    fn cleaned(&mut self, confirmed: bool, effects: &mut Vec<Effect>) {
        let cleaning = Cleaning { ward: self.setting.ward().clone(), confirmed };
        self.store(Body::Cleaning(cleaning), effects);
        self.rest();
    }

    fn tick(&mut self, now_ms: u64, effects: &mut Vec<Effect>) {
        self.volunteer_tick(now_ms, effects);
        if let Some(Help { step: HelpStep::Sending { since_ms, .. }, .. }) = &self.help
            && now_ms >= since_ms + STORE_LIMIT_MS
        {
            self.set_help_step(HelpStep::Failed);
        }
        match &self.stage {
            Stage::Asking(Asking { confirmed_until_ms: Some(until_ms), .. }) if now_ms >= *until_ms => {
                self.advance(now_ms, effects);
            }
            Stage::Saving { since_ms, .. } if now_ms >= since_ms + STORE_LIMIT_MS => {
                self.stage = Stage::Staff(Trouble::NotKept);
            }
            Stage::Thanks { code, since_ms, .. } if now_ms >= self.thanks_until_ms(*code, *since_ms) => {
                self.stage = Stage::Wipe { since_ms: now_ms };
            }
            Stage::Wipe { since_ms } if now_ms >= since_ms + WIPE_MS => self.cleaned(false, effects),
            _ => {}
        }
        self.tick_rest(now_ms);
        self.scan(now_ms, effects);
        match self.asked_since_ms {
            Some(since_ms) if now_ms >= since_ms + STILL_THERE_MS => self.leave(now_ms, effects),
            None if self.somebody_may_be_here() && now_ms >= self.touched_ms + IDLE_MS => {
                self.asked_since_ms = Some(now_ms);
            }
            Some(_) | None => {}
        }
    }

    /// Nobody is there any more: wipes the screen and stores what a person who had agreed has answered.
    fn leave(&mut self, now_ms: u64, effects: &mut Vec<Effect>) {
        self.asked_since_ms = None;
        self.help = None;
        match std::mem::replace(&mut self.stage, Stage::Rest) {
            Stage::Asking(asking) => {
                let contact =
                    asking.sheet.into_contact(&self.setting, &self.language, Outcome::Partial, self.touched_ms);
                self.store(Body::Contact(contact), effects);
                self.stage = Stage::Wipe { since_ms: now_ms };
            }
            Stage::Rest | Stage::Language | Stage::Consent => self.rest(),
            stage => self.stage = stage,
        }
    }
}

impl Asking {
    fn new(sheet: Sheet, place: Place) -> Self {
        Self { sheet, place, confirmed_until_ms: None, aside: Aside::default() }
    }

    fn choose(&mut self, choice: usize, setting: &Setting, comfort: Comfort, now_ms: u64) {
        if self.sheet.choose(setting, self.place, choice, comfort.text_size) {
            self.confirmed_until_ms = Some(now_ms + CONFIRMATION_MS);
        }
    }

    fn go_to(&mut self, place: Place, setting: &Setting) {
        self.confirmed_until_ms = None;
        self.place = place;
        self.sheet.show(setting, place);
    }
}
