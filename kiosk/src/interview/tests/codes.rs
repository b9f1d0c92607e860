//! The code with which an answer can be deleted: who is given one, how long it stays, and that nothing of it is left.

use super::*;

impl Patient {
    /// Comes to a kiosk that gives codes, and agrees.
    fn who_may_take_a_code() -> Self {
        let setting = Setting::clone(&setting()).with_withdrawal_codes(true);
        let mut patient = Self { interview: Interview::new(Arc::new(setting), 0), ..Self::arrives() };
        patient.touches(Action::Start);
        patient.touches(Action::ChooseLanguage(language("en")));
        patient.touches(Action::Agree);
        patient
    }

    /// What is taken along for what one touch hands out for storing.
    fn takes_along(&mut self, action: Action) -> Vec<Keepsake> {
        self.now_ms += 1_000;
        let effects = self.interview.apply(Event { now_ms: self.now_ms, happening: Happening::Touch(action) });
        let stored = effects.into_iter().filter_map(|effect| match effect {
            Effect::Store { ticket, body, keepsake } => Some((ticket, body, keepsake)),
            _ => None,
        });
        let mut keepsakes = Vec::new();
        for (ticket, body, keepsake) in stored {
            self.tickets.push(ticket);
            self.stored.push(body);
            keepsakes.push(keepsake);
        }
        keepsakes
    }

    fn given(&self) -> Option<WithdrawalCode> {
        match self.screen() {
            Screen::Thanks { code, .. } => code,
            screen => panic!("{screen:?}"),
        }
    }
}

fn code() -> WithdrawalCode {
    WithdrawalCode::from_random([7; 7])
}

#[test]
fn whoever_has_answered_is_given_a_code_and_nobody_else() {
    let mut patient = Patient::who_may_take_a_code();
    patient.chooses(0);
    patient.touches(Action::Stop);
    assert_eq!(patient.takes_along(Action::StopNow), [Keepsake::Code]);
    patient.stores(Ok(Some(code())));
    assert_eq!(patient.screen(), Screen::Thanks { farewell: Farewell::Stopped, code: Some(code()) });
    assert_eq!(patient.takes_along(Action::Dismiss), []);
    assert_eq!(patient.takes_along(Action::Wiped), [Keepsake::Nothing], "a wiped tablet is nobody's answer");

    patient.touches(Action::Start);
    patient.touches(Action::ChooseLanguage(language("en")));
    assert_eq!(patient.takes_along(Action::Decline), [Keepsake::Nothing], "nothing was answered");
    patient.stores(Ok(None));
    assert_eq!(patient.given(), None);
    patient.touches(Action::Dismiss);
    patient.touches(Action::Wiped);
    patient.touches(Action::Help);
    assert_eq!(patient.takes_along(Action::Need(Need::Drink)), [Keepsake::Nothing]);

    let mut elsewhere = Patient::agrees();
    elsewhere.touches(Action::Stop);
    assert_eq!(elsewhere.takes_along(Action::StopNow), [Keepsake::Nothing], "the trust has not switched codes on");
}

#[test]
fn a_code_that_could_not_be_made_keeps_nobody_from_being_thanked() {
    let mut patient = Patient::who_may_take_a_code();
    patient.goes_to("help");
    patient.chooses(1);
    patient.stores(Ok(None));
    assert_eq!(patient.screen(), Screen::Thanks { farewell: Farewell::Completed, code: None });
    patient.waits(THANKS_MS);
    assert_eq!(patient.screen(), Screen::Wipe);
}

#[test]
fn what_was_not_kept_has_no_code() {
    let mut patient = Patient::who_may_take_a_code();
    patient.goes_to("help");
    patient.chooses(1);
    patient.waits(STORE_LIMIT_MS);
    patient.stores(Ok(Some(code())));
    assert_eq!(patient.screen(), Screen::Staff(Trouble::NotKept), "too late to give anybody a code");
}

#[test]
fn a_code_stays_while_somebody_may_be_writing_it_down_and_then_nothing_of_it_is_left() {
    let mut patient = Patient::who_may_take_a_code();
    patient.goes_to("help");
    patient.chooses(1);
    patient.stores(Ok(Some(code())));
    patient.waits(CODE_MS - 1_000);
    assert_eq!(patient.given(), Some(code()), "long enough to find a pen");
    // Any touch gives as long again, and so does help that was looked at meanwhile.
    patient.touches(Action::TextSize);
    patient.waits(CODE_MS - 2_000);
    assert_eq!(patient.given(), Some(code()));
    patient.touches(Action::Help);
    patient.touches(Action::CloseHelp);
    assert_eq!(patient.given(), Some(code()));
    patient.waits(CODE_MS);
    assert_eq!(patient.screen(), Screen::Wipe, "nobody is there any more");
    let rest = |patient: &mut Patient| {
        patient.waits(WIPE_MS);
        patient.interview.view(patient.now_ms)
    };
    let mut fresh = Patient::who_may_take_a_code();
    fresh.waits(IDLE_MS + STILL_THERE_MS + WIPE_MS);
    assert_eq!(rest(&mut patient), rest(&mut fresh), "the next person finds what they would find on any day");
    assert!(!format!("{:?}", patient.interview.stage).contains("Thanks"));
}

#[test]
fn whoever_leaves_in_the_middle_has_an_answer_and_no_code_for_the_next_one_to_see() {
    let mut patient = Patient::who_may_take_a_code();
    patient.chooses(0);
    let mut keepsakes = Vec::new();
    let until_ms = patient.now_ms + IDLE_MS + STILL_THERE_MS + 1_000;
    while let Some(at_ms) = patient.interview.deadline_ms(patient.now_ms).filter(|at_ms| *at_ms <= until_ms) {
        patient.now_ms = patient.now_ms.max(at_ms);
        for effect in patient.interview.apply(Event::tick(patient.now_ms)) {
            if let Effect::Store { ticket, keepsake, .. } = effect {
                patient.tickets.push(ticket);
                keepsakes.push(keepsake);
            }
        }
    }
    assert_eq!(keepsakes, [Keepsake::Nothing]);
    patient.stores(Ok(Some(code())));
    assert_eq!(patient.screen(), Screen::Wipe, "whatever the store says");
}
