//! A volunteer's afternoon, and what no sequence of events may do behind the door.
#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use std::collections::BTreeSet;

use proptest::prelude::*;
use wardvoice_protocol::assignment::ConsultantChoice;
use wardvoice_protocol::board::{Bay, Board, WardChange};
use wardvoice_protocol::contact::{AttributionSource, Contact};
use wardvoice_protocol::record::Need;
use wardvoice_protocol::round::{Round, WardName};

use super::super::HelpView;
use super::super::comfort::Light;
use super::super::event::{Carriage, Event, Happening, StoreFailed, Ticket};
use super::super::tests::{assignment, setting};
use super::super::{CONFIRMATION_MS, IDLE_MS, STILL_THERE_MS, THANKS_MS, WIPE_MS};
use super::*;

mod any;
mod codes;
mod door;
mod drafts;
mod help;
mod looks;
mod tablet;

const PIN: &str = "2580";
const MANAGER: &str = "10357";
/// A name that would be found anywhere it had leaked to.
const BED: &str = "bed-secret-";

fn as_contact(body: &Body) -> Option<&Contact> {
    match body {
        Body::Contact(contact) => Some(contact),
        Body::HelpRequest(_) | Body::Cleaning(_) => None,
    }
}

fn board(ward: &str, beds: usize) -> Board {
    let beds: Vec<String> = (0..beds).map(|number| format!("{BED}{number}")).collect();
    let bay = |(place, beds): (usize, &[String])| Bay {
        name: format!("Bay {place}"),
        beds: beds.to_vec(),
        consultant: (place == 0).then(|| "C3".parse().unwrap()),
    };
    Board {
        ward: ward.parse().unwrap(),
        ward_name: format!("Ward {ward}"),
        issued: "2026-11-25T09:00:00Z".parse().unwrap(),
        fortnight: "2026-F24".to_owned(),
        first_day: "2026-11-23".parse().unwrap(),
        last_day: "2026-12-06".parse().unwrap(),
        target: 40,
        completed: 31,
        contacts: 44,
        few: vec!["81plus".parse().unwrap()],
        changes: Vec::new(),
        bays: beds.chunks(4).enumerate().map(bay).collect(),
        consultants: (0..4)
            .map(|number| ConsultantChoice {
                id: format!("C{number}").parse().unwrap(),
                label: format!("Consultant {number}"),
            })
            .collect(),
    }
}

fn briefing(beds: usize) -> Arc<Briefing> {
    let name = |id: &str| WardName { id: id.parse().unwrap(), name: format!("Ward {id}") };
    let round = Round {
        kiosk: "k-1".parse().unwrap(),
        issued: "2026-11-25T09:00:00Z".parse().unwrap(),
        volunteer_pin: Some("hash of 2580".to_owned()),
        manager_pin: Some("hash of 10357".to_owned()),
        wards: vec![name("W1"), name("W2")],
        safeguarding: Some("extension 4321".to_owned()),
    };
    let boards = ["W1", "W2"].map(|ward| (ward.parse().unwrap(), board(ward, beds)));
    Arc::new(Briefing { round: Some(round), boards: boards.into() })
}

/// A kiosk and its shell: PINs are checked, stores are answered, drafts lie on a disk.
struct Tablet {
    interview: Interview,
    now_ms: u64,
    stored: Vec<Body>,
    tickets: Vec<Ticket>,
    errands: Vec<Errand>,
    /// The draft on the disk, and what else happened to it in order.
    disk: Option<Draft>,
    /// The rounds that are not over, as they lie there.
    unfinished: Vec<Unfinished>,
    order: Vec<&'static str>,
    answers_stores: bool,
}

impl Tablet {
    fn new(beds: usize) -> Self {
        let mut tablet = Self {
            interview: Interview::new(setting(), 0),
            now_ms: 0,
            stored: Vec::new(),
            tickets: Vec::new(),
            errands: Vec::new(),
            disk: None,
            unfinished: Vec::new(),
            order: Vec::new(),
            answers_stores: true,
        };
        tablet.hears(Word::Briefed(briefing(beds)));
        tablet
    }

    /// In front of the list of wards.
    fn opened(beds: usize) -> Self {
        let mut tablet = Self::new(beds);
        tablet.enters(PIN);
        tablet
    }

    /// After a restart: what was stored and what lies on the disk is there.
    fn again(&mut self, beds: usize) -> Self {
        self.meets(Happening::Closing);
        let mut again = Self::new(beds);
        again.stored = std::mem::take(&mut self.stored);
        again.unfinished = std::mem::take(&mut self.unfinished);
        again.hears(Word::UnfinishedFound(again.unfinished.clone()));
        if let Some(draft) = self.disk.take() {
            again.disk = Some(draft.clone());
            again.hears(Word::DraftFound { draft: Box::new(draft), age_ms: 1_000 });
        }
        again
    }

    /// At the first bed of a round.
    fn at_a_bed(beds: usize) -> Self {
        let mut tablet = Self::opened(beds);
        tablet.does([VolunteerTouch::Ward(0), VolunteerTouch::Begin]);
        tablet
    }

    fn meets(&mut self, happening: Happening) {
        if matches!(happening, Happening::Touch(_)) && self.interview.view(self.now_ms).light == Light::Dimmed {
            // The first touch of a dimmed screen only wakes it.
            self.interview.apply(Event::touch(self.now_ms, Action::Dismiss));
        }
        let mut answers = Vec::new();
        for effect in self.interview.apply(Event { now_ms: self.now_ms, happening }) {
            match effect {
                Effect::Store { ticket, body, keepsake } => {
                    self.order.push("store");
                    self.stored.push(body);
                    if self.answers_stores {
                        answers.push(Happening::Stored { ticket, result: Ok(codes::given(keepsake)) });
                    } else {
                        self.tickets.push(ticket);
                    }
                }
                Effect::Errand(errand) => {
                    match &errand {
                        Errand::CheckPin { pin, volunteer, manager } => {
                            let opens = |hash: &Option<String>| {
                                hash.as_deref() == Some(format!("hash of {}", pin.digits()).as_str())
                            };
                            let role = if opens(manager) {
                                Some(Role::Manager)
                            } else {
                                opens(volunteer).then_some(Role::Volunteer)
                            };
                            answers.push(Happening::Volunteer(Word::Checked { role, seed: 7 }));
                        }
                        Errand::KeepUnfinished(rounds) => self.unfinished.clone_from(rounds),
                        Errand::KeepDraft(draft) => self.disk = Some((**draft).clone()),
                        Errand::WipeDraft => {
                            self.order.push("wipe");
                            self.disk = None;
                        }
                        Errand::LookAtTablet => {
                            let state = TabletState {
                                kiosk: "k-1".parse().unwrap(),
                                software: "0".to_owned(),
                                today: "2026-12-04".parse().unwrap(),
                                battery_percent: None,
                                charging: None,
                                clock_offset_s: None,
                                free_disk_bytes: None,
                                brightness_percent: Some(75),
                                last_error: None,
                                moved_to: None,
                                can_join_again: true,
                            };
                            answers.push(Happening::Volunteer(Word::Tablet(Box::new(state))));
                        }
                        _ => {}
                    }
                    self.errands.push(errand);
                }
                Effect::Asks(_) | Effect::ReadAloud(_) | Effect::Hush | Effect::Show | Effect::MoveFocus => {}
            }
        }
        for answer in answers {
            self.meets(answer);
        }
    }

    fn hears(&mut self, word: Word) {
        self.meets(Happening::Volunteer(word));
    }

    fn touches(&mut self, action: Action) {
        self.now_ms += 1_000;
        self.meets(Happening::Touch(action));
    }

    fn does(&mut self, touches: impl IntoIterator<Item = VolunteerTouch>) {
        for touch in touches {
            self.touches(Action::Volunteer(touch));
        }
    }

    fn types(&mut self, pin: &str) {
        for digit in pin.bytes() {
            self.does([VolunteerTouch::Key(DoorKey::Digit(digit - b'0'))]);
        }
        self.does([VolunteerTouch::Key(DoorKey::Enter)]);
    }

    fn enters(&mut self, pin: &str) {
        self.does([VolunteerTouch::Knock]);
        self.types(pin);
    }

    fn waits(&mut self, ms: u64) {
        let until_ms = self.now_ms + ms;
        while let Some(deadline_ms) = self.interview.deadline_ms(self.now_ms).filter(|at| *at <= until_ms) {
            self.now_ms = self.now_ms.max(deadline_ms);
            self.meets(Happening::Tick);
        }
        self.now_ms = until_ms;
    }

    fn screen(&self) -> Screen {
        self.interview.view(self.now_ms).screen
    }

    fn page(&self) -> Page {
        match self.screen() {
            Screen::Volunteer(view) => view.page,
            screen => panic!("no page: {screen:?}"),
        }
    }

    fn bed(&self) -> BedView {
        match self.page() {
            Page::Bed(bed) => bed,
            page => panic!("no bed: {page:?}"),
        }
    }

    fn asks(&mut self, mode: Mode, team: usize) {
        self.does([VolunteerTouch::Start, VolunteerTouch::Mode(mode), VolunteerTouch::Team(team)]);
        self.touches(Action::ChooseLanguage("en".parse().unwrap()));
        self.touches(Action::Agree);
    }

    /// Answers with the first choice to the end, and wipes the tablet.
    fn answers_all(&mut self) {
        for _ in 0..60 {
            match self.screen() {
                Screen::Question(_) | Screen::Consultant(_) => {
                    // "No" at the end: nobody needs help, and nobody knows the consultant.
                    let last = matches!(self.screen(), Screen::Question(question)
                        if ["help", "consultant"].contains(&question.id.as_str()));
                    self.touches(Action::Choose(usize::from(last)));
                    self.waits(CONFIRMATION_MS);
                }
                Screen::Comment(_) => self.touches(Action::Skip),
                Screen::Thanks { .. } => self.waits(THANKS_MS),
                Screen::Wipe => return self.touches(Action::Wiped),
                screen => panic!("{screen:?}"),
            }
        }
    }

    fn contacts(&self) -> Vec<&Contact> {
        self.stored.iter().filter_map(as_contact).collect()
    }
}

#[test]
fn a_round_sees_every_bed_once_and_writes_none_down() {
    let mut tablet = Tablet::at_a_bed(10);
    let mut beds = BTreeSet::new();
    while let Page::Bed(bed) = tablet.page() {
        assert_eq!((bed.number, bed.of), (beds.len() + 1, 10));
        assert!(beds.insert(bed.bed.unwrap()), "a bed came twice");
        if beds.len() % 3 == 0 {
            tablet.asks(Mode::Interview, 4);
            tablet.answers_all();
        } else {
            tablet.does([VolunteerTouch::NotToday(Outcome::Asleep)]);
        }
    }
    assert_eq!(beds.len(), 10);
    assert_eq!(tablet.page(), Page::Round { answered: 3, approached: 10 });
    let outcomes: Vec<_> = tablet.contacts().iter().map(|contact| contact.outcome).collect();
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Outcome::Completed).count(), 3);
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Outcome::Asleep).count(), 7);
    assert!(tablet.contacts().iter().all(|contact| contact.mode == Mode::Interview));
    let everything = format!("{:?} {:?}", tablet.stored, tablet.errands);
    assert!(!everything.contains(BED), "a bed left the screen");
}

#[test]
fn the_order_is_the_one_of_the_noted_seed() {
    let mut tablet = Tablet::at_a_bed(8);
    let note = tablet.errands.iter().find_map(|errand| match errand {
        Errand::LogVisit(note) => Some(note.clone()),
        _ => None,
    });
    let note = note.unwrap();
    assert_eq!((note.beds, note.method.as_str(), note.ward.as_str()), (8, METHOD, "W1"));
    for place in order(note.seed.parse().unwrap(), 8) {
        assert_eq!(tablet.bed().bed, Some(format!("{BED}{place}")));
        tablet.does([VolunteerTouch::NotToday(Outcome::Away)]);
    }
    tablet.does([VolunteerTouch::Back, VolunteerTouch::Ward(1), VolunteerTouch::Begin]);
    let notes = tablet.errands.iter().filter(|errand| matches!(errand, Errand::LogVisit(_))).count();
    assert_eq!(notes, 2, "another ward is another visit with a seed of its own");
    assert_eq!(tablet.interview.setting.ward().as_str(), "W2");
}

#[test]
fn later_puts_a_bed_at_the_end() {
    let mut tablet = Tablet::at_a_bed(3);
    let first = tablet.bed().bed;
    tablet.does([VolunteerTouch::Later]);
    assert_ne!(tablet.bed().bed, first);
    tablet.does([VolunteerTouch::NotToday(Outcome::Away), VolunteerTouch::NotToday(Outcome::Away)]);
    assert_eq!(tablet.bed().bed, first);
    assert!(!tablet.bed().can_wait);
}

#[test]
fn a_ward_without_a_list_of_beds_goes_on_for_ever() {
    let mut tablet = Tablet::opened(4);
    let known = briefing(4);
    tablet.hears(Word::Briefed(Arc::new(Briefing { round: known.round.clone(), ..Briefing::default() })));
    tablet.does([VolunteerTouch::Ward(1)]);
    assert!(matches!(tablet.page(), Page::Plan(PlanView { plan: None, beds: 0, .. })));
    tablet.does([VolunteerTouch::Begin]);
    for number in 1..50 {
        assert_eq!((tablet.bed().number, tablet.bed().bed), (number, None));
        tablet.does([VolunteerTouch::NotToday(Outcome::Unwell)]);
    }
    assert_eq!(tablet.contacts().last().unwrap().ward.as_str(), "W2");
    tablet.does([VolunteerTouch::Start, VolunteerTouch::Mode(Mode::Proxy)]);
    assert!(matches!(tablet.screen(), Screen::Language { .. }), "no consultants are known: nobody asks for one");
}

#[test]
fn the_contact_says_how_and_whose_and_who_said_so() {
    let check = |mode: Mode, team: usize, expected: Option<(&str, AttributionSource)>| {
        let mut tablet = Tablet::at_a_bed(4);
        tablet.asks(mode, team);
        tablet.answers_all();
        let contacts = tablet.contacts();
        let contact = contacts.first().unwrap();
        assert_eq!((contact.mode, contact.ward.as_str()), (mode, "W1"));
        let said = contact.attribution.as_ref().map(|said| (said.consultant.as_str(), said.source));
        assert_eq!(said, expected, "{mode:?} {team}");
    };
    check(Mode::Interview, 3, Some(("C3", AttributionSource::Roster)));
    check(Mode::Assisted, 1, Some(("C1", AttributionSource::Volunteer)));
    check(Mode::Proxy, 4, None);
}

#[test]
fn what_the_patient_says_about_the_consultant_stands() {
    let mut tablet = Tablet::at_a_bed(4);
    tablet.asks(Mode::Interview, 1);
    while !matches!(tablet.screen(), Screen::Consultant(_)) {
        tablet.touches(Action::Choose(0));
        tablet.waits(CONFIRMATION_MS);
    }
    tablet.touches(Action::Choose(2));
    tablet.waits(CONFIRMATION_MS);
    tablet.touches(Action::Stop);
    tablet.touches(Action::StopNow);
    let contacts = tablet.contacts();
    let said = contacts.first().unwrap().attribution.as_ref().unwrap();
    assert_eq!((said.consultant.as_str(), said.source), ("C2", AttributionSource::Patient));
}

#[test]
fn declining_is_a_contact_and_going_back_is_none() {
    let mut tablet = Tablet::at_a_bed(4);
    let bed = tablet.bed().bed;
    tablet.does([VolunteerTouch::Start, VolunteerTouch::Mode(Mode::Interview), VolunteerTouch::Team(0)]);
    tablet.touches(Action::Back);
    assert_eq!(tablet.bed().bed, bed, "nothing came of it: the same bed again");
    assert!(tablet.contacts().is_empty());
    tablet.does([VolunteerTouch::Start, VolunteerTouch::Mode(Mode::Interview), VolunteerTouch::Team(0)]);
    tablet.touches(Action::ChooseLanguage("cy".parse().unwrap()));
    tablet.touches(Action::Decline);
    tablet.waits(THANKS_MS + WIPE_MS);
    assert_eq!(tablet.bed().number, 2);
    let contacts = tablet.contacts();
    let contact = contacts.first().unwrap();
    assert_eq!((contact.outcome, contact.mode), (Outcome::Declined, Mode::Interview));
}

#[test]
fn the_script_stands_beside_the_questions_unless_the_patient_holds_the_tablet() {
    let margin = |mode: Mode| {
        let mut tablet = Tablet::at_a_bed(4);
        tablet.asks(mode, 4);
        tablet.interview.view(tablet.now_ms).margin
    };
    assert_eq!(margin(Mode::Interview).unwrap().mode, Mode::Interview);
    assert!(!margin(Mode::Assisted).unwrap().before_questions);
    assert_eq!(margin(Mode::Alone), None);
    let mut tablet = Tablet::new(4);
    tablet.touches(Action::Start);
    assert_eq!(tablet.interview.view(tablet.now_ms).margin, None, "a patient alone sees nothing of volunteers");
}

#[test]
fn a_pause_keeps_the_answers_and_nobody_is_asked_whether_they_are_there() {
    let mut tablet = Tablet::at_a_bed(4);
    tablet.asks(Mode::Interview, 4);
    tablet.touches(Action::Choose(0));
    tablet.waits(IDLE_MS + STILL_THERE_MS);
    assert!(matches!(tablet.screen(), Screen::Question(_)), "no wipe: a volunteer is here");
    tablet.waits(PAUSE_MS);
    assert_eq!(tablet.page(), Page::Paused { handed_over: false });
    assert!(tablet.disk.is_some());
    tablet.does([VolunteerTouch::CarryOn]);
    assert!(matches!(tablet.screen(), Screen::Question(question) if question.id.as_str() == "coordination"));
    tablet.does([VolunteerTouch::Pause, VolunteerTouch::EndDraft]);
    assert_eq!(tablet.contacts().first().unwrap().outcome, Outcome::Partial);
    assert_eq!(tablet.disk, None);
}

#[test]
fn a_patient_who_holds_the_tablet_reaches_nothing_of_the_volunteers() {
    let mut tablet = Tablet::at_a_bed(4);
    tablet.asks(Mode::Alone, 4);
    tablet.touches(Action::Choose(0));
    tablet.waits(PAUSE_MS);
    assert_eq!(tablet.page(), Page::Paused { handed_over: true });
    let before = tablet.screen();
    tablet.does([
        VolunteerTouch::EndDraft,
        VolunteerTouch::Harm,
        VolunteerTouch::Lock,
        VolunteerTouch::Back,
        VolunteerTouch::Begin,
    ]);
    assert_eq!(tablet.screen(), before);
    tablet.does([VolunteerTouch::CarryOn]);
    tablet.answers_all();
    assert!(matches!(tablet.screen(), Screen::Door(_)), "the next bed is behind the door");
    tablet.types(PIN);
    assert_eq!(tablet.bed().number, 2, "and the round goes on");
    assert_eq!(tablet.contacts().first().unwrap().mode, Mode::Alone);
}

#[test]
fn the_volunteer_can_take_the_tablet_back() {
    let mut tablet = Tablet::at_a_bed(4);
    tablet.asks(Mode::Alone, 4);
    tablet.does([VolunteerTouch::Knock]);
    assert!(matches!(tablet.screen(), Screen::Door(_)));
    tablet.types(PIN);
    assert_eq!(tablet.page(), Page::Paused { handed_over: false });
    tablet.does([VolunteerTouch::CarryOn, VolunteerTouch::Harm]);
    assert!(matches!(tablet.screen(), Screen::Question(_)), "handed over again");
}

#[test]
fn harm_is_one_touch_away_and_staff_can_be_called_from_it() {
    let mut tablet = Tablet::at_a_bed(4);
    tablet.does([VolunteerTouch::Ward(1), VolunteerTouch::Harm]);
    assert_eq!(tablet.page(), Page::Harm { safeguarding: Some("extension 4321".to_owned()) });
    tablet.does([VolunteerTouch::AskForHelp]);
    assert!(matches!(tablet.screen(), Screen::Help(_)));
    tablet.touches(Action::Need(wardvoice_protocol::record::Need::Talk));
    tablet.touches(Action::CloseHelp);
    assert!(matches!(tablet.stored.last(), Some(Body::HelpRequest(request)) if request.ward.as_str() == "W1"));
    tablet.does([VolunteerTouch::CloseAside]);
    tablet.asks(Mode::Interview, 4);
    tablet.does([VolunteerTouch::Harm, VolunteerTouch::CloseAside]);
    assert!(matches!(tablet.screen(), Screen::Question(_)));
}

#[test]
fn while_the_store_refuses_nobody_is_asked_and_the_page_says_why() {
    let mut tablet = Tablet::at_a_bed(4);
    tablet.meets(Happening::Storing(Storing::Refusing));
    tablet.does([VolunteerTouch::Start, VolunteerTouch::NotToday(Outcome::Asleep)]);
    assert!(
        matches!(tablet.screen(), Screen::Volunteer(view) if view.refusing && matches!(view.page, Page::Bed(_)))
    );
    assert!(tablet.stored.is_empty());
    tablet.meets(Happening::Storing(Storing::Ready));
    tablet.does([VolunteerTouch::NotToday(Outcome::Asleep)]);
    assert_eq!(tablet.contacts().len(), 1);
}

#[test]
fn a_store_that_fails_in_mid_round_is_told_and_the_round_goes_on() {
    let mut tablet = Tablet::at_a_bed(4);
    tablet.asks(Mode::Interview, 4);
    tablet.answers_stores = false;
    tablet.touches(Action::Stop);
    tablet.touches(Action::StopNow);
    let ticket = *tablet.tickets.last().unwrap();
    tablet.meets(Happening::Stored { ticket, result: Err(StoreFailed) });
    assert!(matches!(tablet.screen(), Screen::Staff(_)));
    tablet.touches(Action::Dismiss);
    assert!(matches!(tablet.page(), Page::Bed(_)));
}

#[test]
fn the_home_ward_is_back_when_the_session_ends() {
    let mut tablet = Tablet::opened(4);
    tablet.does([VolunteerTouch::Ward(1), VolunteerTouch::Begin, VolunteerTouch::NotToday(Outcome::Away)]);
    assert_eq!(tablet.contacts().first().unwrap().ward.as_str(), "W2");
    let elsewhere = wardvoice_protocol::assignment::Assignment { ward: "W3".parse().unwrap(), ..assignment(0) };
    let questionnaire = Arc::new(wardvoice_protocol::questionnaire::Questionnaire::inpatient().unwrap());
    let elsewhere = Setting::new(&elsewhere, questionnaire, |_| true).unwrap();
    tablet.meets(Happening::Assigned(Arc::new(elsewhere)));
    tablet.does([VolunteerTouch::NotToday(Outcome::Away)]);
    assert_eq!(tablet.contacts().last().unwrap().ward.as_str(), "W2", "the visit goes on where it is");
    tablet.does([VolunteerTouch::Lock]);
    assert!(matches!(tablet.screen(), Screen::Rest { .. }));
    assert_eq!(tablet.interview.setting.ward().as_str(), "W3");
}

#[test]
fn the_standing_is_on_every_page() {
    let mut tablet = Tablet::opened(4);
    tablet.meets(Happening::Carriage(Carriage { connected: false, waiting: 12 }));
    tablet.hears(Word::Reached("2026-11-25T14:05:00Z".parse().unwrap()));
    let Screen::Volunteer(view) = tablet.screen() else { panic!("no page") };
    assert_eq!((view.waiting, view.reached.is_some(), view.connected), (12, true, false));
}

#[test]
fn a_board_brings_the_wards_bays_and_changes_to_the_patients_screens_between_interviews() {
    let mut tablet = Tablet::new(8);
    let improvements = |tablet: &Tablet| match tablet.screen() {
        Screen::Rest { improvements, .. } => improvements,
        screen => panic!("{screen:?}"),
    };
    assert_eq!(improvements(&tablet), []);
    let change = |said: &str| WardChange { said: said.to_owned(), did: "We changed it.".to_owned() };
    let mut news = Briefing::clone(&briefing(8));
    let board = news.boards.get_mut(&"W1".parse().unwrap()).unwrap();
    board.changes = ["It is loud at night.", "b", "c", "too old"].map(change).to_vec();
    tablet.meets(Happening::Touch(Action::Start));
    tablet.meets(Happening::Volunteer(Word::Briefed(Arc::new(news))));
    while !matches!(tablet.screen(), Screen::Rest { .. }) {
        tablet.meets(Happening::Touch(Action::Back));
    }
    let shown = improvements(&tablet);
    assert_eq!((shown.len(), shown.first().unwrap().you_said.as_str()), (3, "It is loud at night."));
    tablet.meets(Happening::Touch(Action::Help));
    tablet.meets(Happening::Touch(Action::Need(Need::Drink)));
    match tablet.screen() {
        Screen::Help(HelpView::Placing { names, .. }) => assert_eq!(names, ["Bay 0", "Bay 1"]),
        screen => panic!("{screen:?}"),
    }
}
