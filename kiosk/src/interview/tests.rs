//! The journeys of a patient alone, and what no sequence of events may do.
#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use std::sync::Arc;

use proptest::prelude::*;
use wardvoice_protocol::assignment::{Assignment, ConsultantChoice, KioskAudience};
use wardvoice_protocol::contact::{Answer, AttributionSource, Contact, Mode, Outcome};
use wardvoice_protocol::id::{ConsultantId, KioskId, Language, OptionId, QuestionId, WardId};
use wardvoice_protocol::keys::{OpenKey, SigningKey};
use wardvoice_protocol::questionnaire::Questionnaire;
use wardvoice_protocol::record::{Body, Need};

use super::*;

mod codes;
mod comments;
mod ease;
mod reading;
mod update;

fn language(tag: &str) -> Language {
    Language::new(tag).unwrap()
}

pub(super) fn assignment(consultants: usize) -> Assignment {
    Assignment {
        kiosk: KioskId::new("k-1").unwrap(),
        ward: WardId::new("W1").unwrap(),
        ward_name: "Ward 1".to_owned(),
        audience: KioskAudience::Patients,
        questionnaire: Questionnaire::inpatient().unwrap().reference(),
        languages: vec![language("en"), language("cy")],
        consultants: (0..consultants)
            .map(|number| ConsultantChoice {
                id: ConsultantId::new(format!("C{number}")).unwrap(),
                label: format!("Consultant {number}"),
            })
            .collect(),
        seal_key: OpenKey::from_bytes(&[7; 32]).unwrap().seal_key().clone(),
        aggregator_key: SigningKey::from_bytes(&[8; 32]).verifying_key(),
        fortnight_anchor: jiff::civil::date(2026, 1, 5),
        demonstration: true,
    }
}

pub(super) fn setting() -> Arc<Setting> {
    let questionnaire = Arc::new(Questionnaire::inpatient().unwrap());
    Arc::new(Setting::new(&assignment(10), questionnaire, |_| true).unwrap())
}

/// Somebody in front of the screen, with a clock and everything the interview handed out for storing.
struct Patient {
    interview: Interview,
    now_ms: u64,
    stored: Vec<Body>,
    tickets: Vec<Ticket>,
}

impl Patient {
    fn arrives() -> Self {
        Self { interview: Interview::new(setting(), 0), now_ms: 0, stored: Vec::new(), tickets: Vec::new() }
    }

    fn agrees() -> Self {
        let mut patient = Self::arrives();
        patient.touches(Action::Start);
        patient.touches(Action::ChooseLanguage(language("en")));
        patient.touches(Action::Agree);
        patient
    }

    fn meets(&mut self, happening: Happening) {
        for effect in self.interview.apply(Event { now_ms: self.now_ms, happening }) {
            if let Effect::Store { ticket, body, .. } = effect {
                self.tickets.push(ticket);
                self.stored.push(body);
            }
        }
    }

    fn touches(&mut self, action: Action) {
        self.now_ms += 1_000;
        self.meets(Happening::Touch(action));
    }

    fn waits(&mut self, ms: u64) {
        let until_ms = self.now_ms + ms;
        while let Some(deadline_ms) = self.interview.deadline_ms(self.now_ms).filter(|at| *at <= until_ms) {
            self.now_ms = self.now_ms.max(deadline_ms);
            self.meets(Happening::Tick);
        }
        self.now_ms = until_ms;
    }

    fn chooses(&mut self, choice: usize) {
        self.touches(Action::Choose(choice));
        self.waits(CONFIRMATION_MS);
    }

    /// Answers with the first choice until the question of that id is on the screen.
    fn goes_to(&mut self, id: &str) {
        while self.question() != id {
            match self.screen() {
                Screen::Comment(_) => self.touches(Action::Next),
                _ => self.chooses(0),
            }
        }
    }

    fn stores(&mut self, result: Stored) {
        let ticket = *self.tickets.last().unwrap();
        self.meets(Happening::Stored { ticket, result });
    }

    fn screen(&self) -> Screen {
        self.interview.view(self.now_ms).screen
    }

    fn question(&self) -> String {
        match self.screen() {
            Screen::Question(question) => question.id.to_string(),
            Screen::Comment(comment) => comment.id.to_string(),
            screen => format!("{screen:?}"),
        }
    }

    fn contacts(&self) -> Vec<&Contact> {
        self.stored.iter().filter_map(as_contact).collect()
    }
}

fn as_contact(body: &Body) -> Option<&Contact> {
    match body {
        Body::Contact(contact) => Some(contact),
        Body::HelpRequest(_) | Body::Cleaning(_) => None,
    }
}

fn answer<'a>(contact: &'a Contact, id: &str) -> &'a Answer {
    contact.response.as_ref().unwrap().answers.get(&QuestionId::new(id).unwrap()).unwrap()
}

fn option(id: &str) -> Answer {
    Answer::Answered(OptionId::new(id).unwrap())
}

#[test]
fn a_whole_interview_is_one_complete_contact() {
    let mut patient = Patient::agrees();
    patient.goes_to("consultant");
    patient.chooses(0);
    assert!(matches!(patient.screen(), Screen::Consultant(_)));
    patient.touches(Action::More);
    patient.chooses(1);
    patient.goes_to("good");
    patient.touches(Action::Write("The nurses.\u{7} Kind".to_owned()));
    patient.touches(Action::Next);
    patient.goes_to("help");
    patient.chooses(1);
    assert_eq!(patient.screen(), Screen::Saving);

    let [contact] = patient.contacts()[..] else { panic!("one contact") };
    Questionnaire::inpatient().unwrap().check_answers(&contact.response.as_ref().unwrap().answers).unwrap();
    assert_eq!(contact.outcome, Outcome::Completed);
    assert_eq!(contact.mode, Mode::Alone);
    assert_eq!(answer(contact, "respect"), &option("always"));
    assert!(matches!(answer(contact, "good"), Answer::Said(said) if said.as_str() == "The nurses. Kind"));
    assert_eq!(answer(contact, "better"), &Answer::Declined);
    assert_eq!(answer(contact, "noise"), &Answer::NotShown, "no night has been spent here");
    let attribution = contact.attribution.as_ref().unwrap();
    assert_eq!(attribution.consultant.as_str(), "C9");
    assert_eq!(attribution.source, AttributionSource::Patient);
}

#[test]
fn thanked_means_flushed() {
    let mut patient = Patient::agrees();
    patient.goes_to("help");
    patient.chooses(1);
    patient.waits(STORE_LIMIT_MS - CONFIRMATION_MS - 1);
    assert_eq!(patient.screen(), Screen::Saving, "no word from the store, no thanks");
    patient.stores(Ok(None));
    assert_eq!(patient.screen(), Screen::Thanks { farewell: Farewell::Completed, code: None });
    patient.waits(THANKS_MS);
    assert_eq!(patient.screen(), Screen::Wipe);
    patient.touches(Action::Wiped);
    assert!(matches!(patient.screen(), Screen::Rest { .. }));
    assert!(matches!(patient.stored.last(), Some(Body::Cleaning(cleaning)) if cleaning.confirmed));
}

#[test]
fn a_failed_store_shows_staff_and_keeps_nothing() {
    let mut patient = Patient::agrees();
    patient.goes_to("help");
    patient.chooses(1);
    patient.stores(Err(StoreFailed));
    patient.meets(Happening::Storing(Storing::Ready));
    assert_eq!(patient.screen(), Screen::Staff(Trouble::NotKept), "it stays until somebody has read it");
    patient.touches(Action::Dismiss);
    assert!(matches!(patient.screen(), Screen::Rest { .. }));
}

#[test]
fn a_store_that_never_answers_counts_as_failed() {
    let mut patient = Patient::agrees();
    patient.goes_to("help");
    patient.chooses(1);
    patient.waits(STORE_LIMIT_MS);
    assert_eq!(patient.screen(), Screen::Staff(Trouble::NotKept));
    patient.stores(Ok(None));
    assert_eq!(patient.screen(), Screen::Staff(Trouble::NotKept), "too late to thank anybody");
}

#[test]
fn nobody_is_asked_while_the_store_refuses() {
    let mut patient = Patient::arrives();
    patient.meets(Happening::Storing(Storing::Refusing));
    patient.touches(Action::Start);
    patient.touches(Action::Dismiss);
    patient.touches(Action::Start);
    assert_eq!(patient.screen(), Screen::Staff(Trouble::CannotKeep));
    patient.meets(Happening::Storing(Storing::Ready));
    assert!(matches!(patient.screen(), Screen::Rest { .. }));
}

#[test]
fn declining_stores_a_contact_without_a_response() {
    let mut patient = Patient::arrives();
    patient.touches(Action::Start);
    patient.touches(Action::ChooseLanguage(language("cy")));
    patient.touches(Action::Decline);
    patient.stores(Ok(None));
    assert_eq!(patient.screen(), Screen::Thanks { farewell: Farewell::Declined, code: None });
    let [contact] = patient.contacts()[..] else { panic!("one contact") };
    assert_eq!((contact.outcome, &contact.response), (Outcome::Declined, &None));
    assert_eq!(contact.language, language("cy"));
}

#[test]
fn going_back_shows_what_was_chosen_and_keeps_it() {
    let mut patient = Patient::agrees();
    patient.chooses(1);
    patient.touches(Action::Skip);
    patient.touches(Action::Back);
    assert!(
        matches!(patient.screen(), Screen::Question(question) if question.skipped && question.chosen.is_none())
    );
    patient.touches(Action::Back);
    assert!(matches!(patient.screen(), Screen::Question(question) if question.chosen == Some(1)));
    patient.touches(Action::Back);
    assert_eq!(patient.question(), "consistency", "there is nothing before the first question");
    patient.touches(Action::Next);
    assert_eq!(patient.question(), "coordination");
}

#[test]
fn a_second_touch_changes_the_choice_and_skips_nothing() {
    let mut patient = Patient::agrees();
    patient.meets(Happening::Touch(Action::Choose(0)));
    patient.meets(Happening::Touch(Action::Choose(2)));
    patient.meets(Happening::Touch(Action::Skip));
    patient.waits(CONFIRMATION_MS);
    assert_eq!(patient.question(), "coordination");
    patient.touches(Action::Back);
    assert!(matches!(patient.screen(), Screen::Question(question) if question.chosen == Some(2)));
}

#[test]
fn progress_counts_the_questions_that_are_asked() {
    let mut patient = Patient::agrees();
    patient.goes_to("nights");
    let of = |patient: &Patient| match patient.screen() {
        Screen::Question(question) => question.progress,
        screen => panic!("{screen:?}"),
    };
    assert_eq!(of(&patient), Progress { number: 12, of: 21 });
    patient.chooses(0);
    assert_eq!((patient.question().as_str(), of(&patient)), ("kindness", Progress { number: 13, of: 20 }));
    patient.touches(Action::Back);
    patient.chooses(3);
    assert_eq!((patient.question().as_str(), of(&patient)), ("noise", Progress { number: 13, of: 21 }));
}

#[test]
fn an_answer_that_a_later_one_takes_back_is_not_shown() {
    let mut patient = Patient::agrees();
    patient.goes_to("nights");
    patient.chooses(1);
    patient.chooses(0);
    patient.touches(Action::Back);
    patient.touches(Action::Back);
    patient.chooses(0);
    patient.touches(Action::Stop);
    patient.touches(Action::StopNow);
    let [contact] = patient.contacts()[..] else { panic!("one contact") };
    assert_eq!(contact.outcome, Outcome::Partial);
    assert_eq!(answer(contact, "noise"), &Answer::NotShown);
    assert_eq!(answer(contact, "kindness"), &Answer::Declined, "it was on the screen");
    assert_eq!(answer(contact, "good"), &Answer::NotShown);
}

#[test]
fn another_language_in_the_middle_keeps_the_answers() {
    let mut patient = Patient::agrees();
    patient.chooses(0);
    patient.chooses(1);
    let before = patient.question();
    patient.touches(Action::Languages);
    assert!(matches!(patient.screen(), Screen::Language { .. }));
    patient.touches(Action::Choose(0));
    patient.touches(Action::Back);
    assert_eq!(patient.question(), before, "back to the question, unanswered");
    patient.touches(Action::Languages);
    patient.touches(Action::ChooseLanguage(language("cy")));
    assert_eq!(patient.question(), before, "nobody is asked again whether they agree");
    assert_eq!(patient.interview.view(patient.now_ms).language, language("cy"));
    patient.touches(Action::Back);
    let Screen::Question(question) = patient.screen() else { panic!("{:?}", patient.screen()) };
    assert_eq!(question.chosen, Some(1), "what was answered stands");
    patient.touches(Action::Languages);
    patient.touches(Action::Stop);
    assert!(matches!(patient.screen(), Screen::Language { .. }), "one thing at a time");
    patient.waits(IDLE_MS + STILL_THERE_MS);
    let contacts = patient.contacts();
    let [contact] = &contacts[..] else { panic!("{} contacts", contacts.len()) };
    assert_eq!((contact.outcome, contact.language.as_str()), (Outcome::Partial, "cy"));
}

#[test]
fn stopping_is_asked_once() {
    let mut patient = Patient::agrees();
    patient.touches(Action::Stop);
    assert_eq!(patient.screen(), Screen::StopAsked);
    patient.touches(Action::CarryOn);
    assert_eq!(patient.question(), "consistency");
    patient.touches(Action::Stop);
    patient.touches(Action::StopNow);
    patient.stores(Ok(None));
    assert_eq!(patient.screen(), Screen::Thanks { farewell: Farewell::Stopped, code: None });
}

#[test]
fn left_alone_it_asks_then_wipes_and_stores_what_there_is() {
    let mut patient = Patient::agrees();
    patient.chooses(2);
    patient.waits(IDLE_MS);
    assert!(matches!(patient.screen(), Screen::StillThere { seconds_left: 29..=30 }));
    patient.touches(Action::Choose(1));
    assert_eq!(patient.question(), "coordination", "the touch only says that somebody is there");
    patient.waits(IDLE_MS + STILL_THERE_MS);
    assert_eq!(patient.screen(), Screen::Wipe);
    let [contact] = patient.contacts()[..] else { panic!("one contact") };
    assert_eq!(contact.outcome, Outcome::Partial);
    assert_eq!(answer(contact, "consistency"), &option("no"));
    patient.waits(WIPE_MS);
    assert!(matches!(patient.screen(), Screen::Rest { .. }));
    assert!(matches!(patient.stored.last(), Some(Body::Cleaning(cleaning)) if !cleaning.confirmed));
}

#[test]
fn closing_the_window_stores_what_was_agreed_to() {
    let mut patient = Patient::agrees();
    patient.chooses(0);
    patient.meets(Happening::Closing);
    patient.meets(Happening::Closing);
    let [contact] = patient.contacts()[..] else { panic!("one contact") };
    assert_eq!(contact.outcome, Outcome::Partial);
}

#[test]
fn leaving_before_agreeing_stores_nothing() {
    let mut patient = Patient::arrives();
    patient.touches(Action::Start);
    patient.touches(Action::ChooseLanguage(language("cy")));
    patient.waits(IDLE_MS + STILL_THERE_MS);
    assert!(matches!(patient.screen(), Screen::Rest { .. }));
    assert_eq!(patient.interview.view(patient.now_ms).language, language("en"));
    assert!(patient.stored.is_empty());
}

#[test]
fn help_is_a_record_of_its_own_and_the_interview_goes_on() {
    let mut patient = Patient::agrees();
    patient.chooses(0);
    patient.touches(Action::Help);
    patient.touches(Action::Need(Need::Pain));
    assert_eq!(patient.screen(), Screen::Help(HelpView::Sending));
    patient.stores(Ok(None));
    assert_eq!(patient.screen(), Screen::Help(HelpView::Kept { connected: false }));
    patient.meets(Happening::Carriage(Carriage { connected: true, waiting: 0 }));
    assert_eq!(patient.screen(), Screen::Help(HelpView::Kept { connected: true }), "nobody has said so of it");
    // One that is refused again and again waits on.
    patient.meets(Happening::Carriage(Carriage { connected: true, waiting: 1 }));
    patient.meets(Happening::HelpDelivered);
    assert_eq!(patient.screen(), Screen::Help(HelpView::Delivered));
    patient.touches(Action::CloseHelp);
    assert_eq!(patient.question(), "coordination");
    assert!(matches!(&patient.stored[..], [Body::HelpRequest(request)] if request.need == Need::Pain));
}

#[test]
fn yes_to_the_help_question_asks_what_is_needed_and_then_ends() {
    let mut patient = Patient::agrees();
    patient.goes_to("help");
    patient.chooses(0);
    assert_eq!(patient.screen(), Screen::Help(HelpView::Choosing { connected: false }));
    patient.touches(Action::Need(Need::Talk));
    patient.stores(Err(StoreFailed));
    assert_eq!(patient.screen(), Screen::Help(HelpView::Failed));
    patient.touches(Action::CloseHelp);
    assert_eq!(patient.screen(), Screen::Saving);
}

#[test]
fn an_assignment_waits_for_the_interview_to_end() {
    let mut patient = Patient::agrees();
    let questionnaire = Arc::new(Questionnaire::inpatient().unwrap());
    let other = Assignment { ward: WardId::new("W2").unwrap(), ..assignment(0) };
    let other = Setting::new(&other, questionnaire, |_| true).unwrap();
    patient.meets(Happening::Assigned(Arc::new(other)));
    patient.touches(Action::Stop);
    patient.touches(Action::StopNow);
    patient.stores(Ok(None));
    patient.waits(THANKS_MS + WIPE_MS);
    assert_eq!(patient.contacts().first().unwrap().ward.as_str(), "W1");
    patient.touches(Action::Help);
    patient.touches(Action::Need(Need::Drink));
    assert!(matches!(patient.stored.last(), Some(Body::HelpRequest(request)) if request.ward.as_str() == "W2"));
}

#[test]
fn an_unapproved_translation_is_for_demonstrations_only() {
    let questionnaire = Arc::new(Questionnaire::inpatient().unwrap());
    let real = Assignment { demonstration: false, ..assignment(0) };
    let setting = Setting::new(&real, questionnaire, |_| true).unwrap();
    assert_eq!(setting.languages(), [language("en")]);
}

fn any_action() -> impl Strategy<Value = Action> {
    prop_oneof![
        1 => Just(Action::Start),
        1 => prop_oneof![Just("en"), Just("cy"), Just("xx")].prop_map(|tag| Action::ChooseLanguage(language(tag))),
        4 => Just(Action::Agree),
        1 => Just(Action::Decline),
        20 => (0usize..10).prop_map(Action::Choose),
        4 => any::<String>().prop_map(Action::Write),
        1 => Just(Action::More),
        6 => Just(Action::Next),
        4 => Just(Action::Skip),
        3 => Just(Action::Back),
        1 => Just(Action::Stop),
        1 => Just(Action::StopNow),
        2 => Just(Action::CarryOn),
        1 => Just(Action::Help),
        1 => Just(Action::Need(Need::Other)),
        2 => Just(Action::CloseHelp),
        1 => Just(Action::Wiped),
        1 => Just(Action::Dismiss),
        1 => Just(Action::TextSize),
        1 => prop_oneof![Just(Action::Contrast), Just(Action::Movement), Just(Action::Wake)],
        1 => prop_oneof![Just(Action::Switch), Just(Action::OtherKey)],
    ]
}

#[derive(Debug, Clone)]
enum Step {
    Touch(Action),
    Wait(u64),
    Stored(bool),
    Storing(bool),
    Carriage(bool, u64),
    Close,
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        40 => any_action().prop_map(Step::Touch),
        20 => (0u64..500).prop_map(Step::Wait),
        1 => (0u64..100_000).prop_map(Step::Wait),
        3 => prop::bool::weighted(0.9).prop_map(Step::Stored),
        1 => prop::bool::weighted(0.9).prop_map(Step::Storing),
        1 => Just(Step::Close),
        1 => (any::<bool>(), 0u64..3).prop_map(|(connected, waiting)| Step::Carriage(connected, waiting)),
    ]
}

fn has_nothing_of_answers(interview: &Interview) -> bool {
    !format!("{:?}", interview.stage).contains("Sheet")
}

proptest! {
    #[test]
    fn no_sequence_of_events_breaks_the_promises(steps in prop::collection::vec(any_step(), 1..400)) {
        let questionnaire = Questionnaire::inpatient().unwrap();
        let mut patient = Patient::arrives();
        let (mut agreed, mut refused_while_asking) = (0usize, 0usize);
        for step in steps {
            let before = patient.screen();
            let asking_before = matches!(patient.interview.stage, Stage::Asking(_));
            let contacts_before = patient.contacts().len();
            let confirmed = matches!(step, Step::Stored(true));
            match step {
                Step::Touch(action) => patient.touches(action),
                Step::Wait(ms) => patient.waits(ms),
                Step::Stored(kept) => {
                    if !patient.tickets.is_empty() {
                        patient.stores(if kept { Ok(None) } else { Err(StoreFailed) });
                    }
                }
                Step::Storing(ready) => patient.meets(Happening::Storing(
                    if ready { Storing::Ready } else { Storing::Refusing },
                )),
                Step::Close => patient.meets(Happening::Closing),
                Step::Carriage(connected, waiting) => {
                    patient.meets(Happening::Carriage(Carriage { connected, waiting }));
                }
            }
            let asking = matches!(patient.interview.stage, Stage::Asking(_));
            agreed += usize::from(asking && !asking_before);
            let ended_by_refusal = asking_before && matches!(patient.interview.stage, Stage::Staff(_))
                && patient.contacts().len() == contacts_before;
            refused_while_asking += usize::from(ended_by_refusal);
            let thanked_before = matches!(before, Screen::Thanks { .. } | Screen::Help(_));
            if matches!(patient.screen(), Screen::Thanks { .. }) && !thanked_before {
                prop_assert!(confirmed, "thanked without a flush");
            }
            if !asking {
                prop_assert!(has_nothing_of_answers(&patient.interview));
            }
            let view = patient.interview.view(patient.now_ms);
            if let Screen::Question(question) = &view.screen {
                prop_assert!(question.progress.number >= 1 && question.progress.number <= question.progress.of);
                prop_assert!(question.chosen.is_none_or(|chosen| chosen < question.choices.len()));
            }
        }
        let with_response = patient.contacts().iter().filter(|contact| contact.response.is_some()).count();
        let still_asking = usize::from(matches!(patient.interview.stage, Stage::Asking(_)));
        prop_assert_eq!(agreed, with_response + refused_while_asking + still_asking);
        for contact in patient.contacts() {
            if let Some(response) = &contact.response {
                questionnaire.check_answers(&response.answers).unwrap();
            }
            prop_assert_eq!(contact.outcome.has_response(), contact.response.is_some());
        }
    }

    #[test]
    fn answering_to_the_end_is_always_one_completed_contact(choices in prop::collection::vec(0usize..6, 40)) {
        let mut patient = Patient::agrees();
        for choice in choices.iter().cycle().take(120) {
            match patient.screen() {
                Screen::Comment(_) => patient.touches(Action::Skip),
                Screen::Help(_) => patient.touches(Action::CloseHelp),
                Screen::Saving => break,
                Screen::Question(question) => patient.chooses(choice % question.choices.len()),
                _ => patient.chooses(*choice),
            }
        }
        prop_assert_eq!(patient.screen(), Screen::Saving);
        let [contact] = patient.contacts()[..] else { panic!("one contact") };
        prop_assert_eq!(contact.outcome, Outcome::Completed);
        patient.stores(Ok(None));
        patient.waits(THANKS_MS + WIPE_MS);
        let rest = Interview::new(setting(), patient.now_ms);
        prop_assert_eq!(patient.interview.view(patient.now_ms), rest.view(patient.now_ms));
    }
}
