//! What makes the screen easier to use: comfort, dimming, scanning, bays, and staff who have seen a request.

use wardvoice_protocol::record;

use super::*;
use crate::interview::comfort::{Contrast, Light, Movement, SCANNING_MS, TextSize};

impl Patient {
    fn arrives_at(setting: Setting) -> Self {
        Self { interview: Interview::new(Arc::new(setting), 0), ..Self::arrives() }
    }

    fn comfort(&self) -> Comfort {
        self.interview.view(self.now_ms).comfort
    }

    fn is_dimmed(&self) -> bool {
        self.interview.view(self.now_ms).light == Light::Dimmed
    }

    /// How often the focus moved by itself.
    fn scans(&mut self, ms: u64) -> usize {
        let until_ms = self.now_ms + ms;
        let mut moves = 0;
        while let Some(deadline_ms) = self.interview.deadline_ms(self.now_ms).filter(|at| *at <= until_ms) {
            self.now_ms = self.now_ms.max(deadline_ms);
            for effect in self.interview.apply(Event::tick(self.now_ms)) {
                match effect {
                    Effect::MoveFocus => moves += 1,
                    Effect::Store { ticket, body, .. } => {
                        self.tickets.push(ticket);
                        self.stored.push(body);
                    }
                    Effect::Asks(_) | Effect::ReadAloud(_) | Effect::Hush | Effect::Show | Effect::Errand(_) => {}
                }
            }
        }
        self.now_ms = until_ms;
        moves
    }
}

fn own_setting() -> Setting {
    Setting::clone(&setting())
}

fn place(name: &str) -> record::Place {
    record::Place::new(name).unwrap()
}

#[test]
fn comfort_is_the_persons_own_and_goes_with_the_visit() {
    let mut patient = Patient::arrives();
    assert_eq!(patient.comfort().text_size, TextSize::Large);
    patient.touches(Action::TextSize);
    patient.touches(Action::Contrast);
    patient.touches(Action::Movement);
    let comfort = patient.comfort();
    assert_eq!(
        (comfort.text_size, comfort.contrast, comfort.movement),
        (TextSize::Larger, Contrast::Strong, Movement::None)
    );
    patient.touches(Action::Start);
    patient.touches(Action::ChooseLanguage(language("cy")));
    patient.touches(Action::Back);
    patient.touches(Action::Back);
    assert!(matches!(patient.screen(), Screen::Rest { .. }));
    assert_eq!(patient.comfort(), comfort, "the same person has only gone back");
    patient.touches(Action::Help);
    patient.touches(Action::CloseHelp);
    assert_eq!(patient.comfort(), comfort, "nor does a look at help end the visit");
    patient.touches(Action::Start);
    patient.touches(Action::ChooseLanguage(language("en")));
    patient.touches(Action::Agree);
    assert_eq!(patient.comfort(), comfort);
    patient.touches(Action::TextSize);
    assert_eq!(patient.question(), "consistency", "a larger text answers nothing");
    patient.touches(Action::Stop);
    patient.touches(Action::StopNow);
    patient.stores(Ok(None));
    patient.waits(THANKS_MS);
    assert_ne!(patient.comfort(), Comfort::default(), "thanks are for the same person");
    patient.touches(Action::Wiped);
    assert_eq!(patient.comfort(), Comfort::default(), "the next person finds the default");
}

#[test]
fn comfort_set_at_rest_and_left_there_is_not_the_next_persons() {
    let mut patient = Patient::arrives();
    patient.touches(Action::Contrast);
    patient.waits(IDLE_MS - 1);
    assert_eq!(patient.comfort().contrast, Contrast::Strong);
    patient.waits(1);
    assert_eq!(patient.comfort(), Comfort::default());
}

#[test]
fn text_sizes_go_round() {
    let mut patient = Patient::arrives();
    let mut seen = Vec::new();
    for _ in TextSize::ALL {
        seen.push(patient.comfort().text_size.percent());
        patient.touches(Action::TextSize);
    }
    assert_eq!(seen, [125, 150, 200, 100]);
    assert_eq!(patient.comfort().text_size, TextSize::Large);
}

#[test]
fn larger_names_are_fewer_on_a_page_and_the_first_stays_in_sight() {
    let mut patient = Patient::agrees();
    patient.goes_to("consultant");
    patient.chooses(0);
    let names = |patient: &Patient| match patient.screen() {
        Screen::Consultant(consultant) => consultant.names,
        screen => panic!("{screen:?}"),
    };
    assert_eq!(names(&patient).len(), 8);
    patient.touches(Action::More);
    assert_eq!(names(&patient).first().unwrap(), "Consultant 8");
    patient.touches(Action::TextSize);
    assert_eq!(names(&patient).len(), 4, "the second page of six holds the rest");
    assert!(names(&patient).contains(&"Consultant 8".to_owned()));
    patient.touches(Action::TextSize);
    assert!(names(&patient).len() <= 4);
    patient.chooses(0);
    assert!(patient.screen() != Screen::Saving, "the interview has gone on");
}

#[test]
fn a_screen_at_rest_dims_and_the_first_touch_only_wakes_it() {
    let mut patient = Patient::arrives_at(own_setting().with_dimming_after_ms(120_000));
    patient.waits(119_999);
    assert!(!patient.is_dimmed());
    patient.waits(1);
    assert!(patient.is_dimmed());
    patient.touches(Action::Start);
    assert!(!patient.is_dimmed());
    assert!(matches!(patient.screen(), Screen::Rest { .. }), "the touch was for waking");
    patient.touches(Action::Start);
    assert_eq!(patient.screen(), Screen::Language { languages: vec![language("en"), language("cy")] });
    patient.waits(IDLE_MS + STILL_THERE_MS);
    assert!(!patient.is_dimmed(), "dimming counts from the last touch");
}

#[test]
fn trouble_lights_up_a_dimmed_screen() {
    let mut patient = Patient::arrives();
    patient.waits(DIM_MS);
    assert!(patient.is_dimmed());
    patient.meets(Happening::Storing(Storing::Refusing));
    assert!(!patient.is_dimmed());
    assert_eq!(patient.screen(), Screen::Staff(Trouble::CannotKeep));
}

#[test]
fn a_switch_sets_the_focus_going_round() {
    let mut patient = Patient::arrives();
    assert_eq!(patient.scans(10_000), 0);
    patient.touches(Action::Switch);
    assert_eq!(patient.scans(5 * SCANNING_MS), 5);
    patient.touches(Action::Start);
    assert_eq!(patient.scans(SCANNING_MS - 1), 0, "what was chosen begins a new round");
    assert_eq!(patient.scans(1), 1);
    patient.touches(Action::OtherKey);
    assert_eq!(patient.scans(10_000), 0, "who has a Tab key needs no scanning");
}

#[test]
fn scanning_keeps_nobody_from_being_asked_whether_they_are_there() {
    let mut patient = Patient::agrees();
    patient.touches(Action::Switch);
    assert!(patient.scans(IDLE_MS) >= 20);
    assert!(matches!(patient.screen(), Screen::StillThere { .. }));
    patient.scans(STILL_THERE_MS + WIPE_MS);
    assert_eq!(patient.comfort(), Comfort::default());
    assert_eq!(patient.contacts().len(), 1);
}

#[test]
fn whoever_is_asked_whether_they_are_there_can_ask_for_help() {
    let mut patient = Patient::agrees();
    patient.chooses(2);
    patient.waits(IDLE_MS);
    assert!(matches!(patient.screen(), Screen::StillThere { .. }));
    patient.touches(Action::Help);
    assert!(matches!(patient.screen(), Screen::Help(HelpView::Choosing { .. })));
    patient.touches(Action::CloseHelp);
    assert_eq!(patient.question(), "coordination", "and goes on afterwards");
}

#[test]
fn a_bay_goes_with_the_request_and_nothing_else() {
    let places: Vec<record::Place> = (1..=10).map(|number| place(&format!("Bay {number}"))).collect();
    let mut patient = Patient::arrives_at(own_setting().with_places(places));
    patient.touches(Action::Help);
    patient.touches(Action::Need(Need::Pain));
    let Screen::Help(HelpView::Placing { names, has_more: true }) = patient.screen() else { panic!("no bays") };
    assert_eq!(names.len(), 8);
    patient.touches(Action::CloseHelp);
    assert_eq!(patient.screen(), Screen::Help(HelpView::Choosing { connected: false }), "back is one step");
    patient.touches(Action::Need(Need::Drink));
    patient.touches(Action::More);
    patient.touches(Action::Choose(7));
    assert!(matches!(patient.screen(), Screen::Help(HelpView::Placing { .. })), "there is no such bay");
    patient.touches(Action::Choose(1));
    assert_eq!(patient.screen(), Screen::Help(HelpView::Sending));
    let [Body::HelpRequest(request)] = &patient.stored[..] else { panic!("one request") };
    assert_eq!((request.need, request.place.clone()), (Need::Drink, Some(place("Bay 10"))));
}

#[test]
fn nobody_has_to_say_where_they_are() {
    let mut patient = Patient::arrives_at(own_setting().with_places(vec![place("Bay 1"), place("Bay 2")]));
    patient.touches(Action::Help);
    patient.touches(Action::Need(Need::Talk));
    patient.touches(Action::Choose(2));
    assert!(matches!(&patient.stored[..], [Body::HelpRequest(request)] if request.place.is_none()));
}

#[test]
fn staff_can_only_have_seen_what_is_stored() {
    let mut patient = Patient::arrives();
    patient.touches(Action::Help);
    patient.meets(Happening::HelpSeen);
    patient.touches(Action::Need(Need::Pain));
    patient.meets(Happening::HelpDelivered);
    patient.meets(Happening::HelpSeen);
    assert_eq!(patient.screen(), Screen::Help(HelpView::Sending));
    patient.stores(Ok(None));
    patient.meets(Happening::HelpSeen);
    assert_eq!(patient.screen(), Screen::Help(HelpView::Seen));
    patient.meets(Happening::HelpDelivered);
    assert_eq!(patient.screen(), Screen::Help(HelpView::Seen), "a receipt says less than that");
    patient.touches(Action::CloseHelp);
    assert!(matches!(patient.screen(), Screen::Rest { .. }));
}

#[test]
fn at_night_a_screen_that_nobody_touches_is_dark_sooner() {
    let mut patient = Patient::arrives();
    patient.meets(Happening::Night(true));
    assert_eq!(patient.interview.view(patient.now_ms).light, Light::Night);
    patient.waits(DIM_AT_NIGHT_MS - 1);
    assert!(!patient.is_dimmed());
    patient.waits(1);
    assert!(patient.is_dimmed());
    patient.touches(Action::Start);
    assert!(!patient.is_dimmed() && matches!(patient.screen(), Screen::Rest { .. }), "a touch only wakes it");
    patient.meets(Happening::Night(false));
    patient.waits(DIM_AT_NIGHT_MS);
    assert!(!patient.is_dimmed());
    patient.waits(DIM_MS);
    assert!(patient.is_dimmed());
}
