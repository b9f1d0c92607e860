//! A kiosk with a volunteer in front of it: the shell that checks PINs and looks at the tablet, and a ward to go round.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics is a test that fails")]
#![allow(dead_code, reason = "each test file uses the part it needs")]

pub(crate) mod pages;
pub(crate) mod walk;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use wardvoice_kiosk::interview::volunteer::{Briefing, DoorKey, Errand, Role, TabletState, VolunteerTouch, Word};
use wardvoice_kiosk::interview::{Action, Carriage, Happening, Screen};
use wardvoice_protocol::assignment::ConsultantChoice;
use wardvoice_protocol::board::{Bay, Board, WardChange};
use wardvoice_protocol::round::{Round, WardName};

use crate::patient::Patient;

pub(crate) const VOLUNTEER: &str = "2580";
pub(crate) const MANAGER: &str = "13579";

/// The shell: it knows two PINs, and remembers what it was asked to do.
pub(crate) struct Shell<'a> {
    pub(crate) patient: &'a Patient,
    pub(crate) errands: Rc<RefCell<Vec<Errand>>>,
    pub(crate) number: RefCell<u32>,
    /// What did not fit.
    pub(crate) wrong: RefCell<Vec<String>>,
}

pub(crate) fn board(ward: &str) -> Board {
    let bay = |number: usize, consultant: Option<&str>| Bay {
        name: format!("Bay {number}"),
        beds: (1..=6).map(|bed| (6 * (number - 1) + bed).to_string()).collect(),
        consultant: consultant.map(|id| id.parse().unwrap()),
    };
    Board {
        ward: ward.parse().unwrap(),
        ward_name: "Ward 12, care of older people".to_owned(),
        issued: "2026-11-25T09:00:00Z".parse().unwrap(),
        fortnight: "2026-F24".to_owned(),
        first_day: "2026-11-23".parse().unwrap(),
        last_day: "2026-12-06".parse().unwrap(),
        target: 40,
        completed: 31,
        contacts: 44,
        few: vec!["81plus".parse().unwrap()],
        changes: vec![WardChange {
            said: "The lights are on all night.".to_owned(),
            did: "They go down at ten.".to_owned(),
        }],
        bays: vec![bay(1, Some("C002")), bay(2, Some("C002")), bay(3, Some("C002")), bay(4, Some("C002"))],
        consultants: (1..=9)
            .map(|number| ConsultantChoice {
                id: format!("C{number:03}").parse().unwrap(),
                label: format!("Consultant {number:03}, geriatric medicine"),
            })
            .collect(),
    }
}

pub(crate) fn briefing() -> Arc<Briefing> {
    let name = |id: &str, name: &str| WardName { id: id.parse().unwrap(), name: name.to_owned() };
    let wards = vec![
        name("W12", "Ward 12, care of older people"),
        name("W13", "Ward 13, stroke"),
        name("W14", "Ward 14, orthopaedics and trauma"),
    ];
    let round = Round {
        kiosk: "k-0017".parse().unwrap(),
        issued: "2026-11-25T09:00:00Z".parse().unwrap(),
        volunteer_pin: Some("volunteer".to_owned()),
        manager_pin: Some("manager".to_owned()),
        wards,
        safeguarding: Some("Safeguarding team, extension 4321, day and night".to_owned()),
    };
    Arc::new(Briefing { round: Some(round), boards: [("W12".parse().unwrap(), board("W12"))].into() })
}

impl<'a> Shell<'a> {
    pub(crate) fn attends(patient: &'a Patient) -> Self {
        let errands = Rc::new(RefCell::new(Vec::new()));
        let asked = Rc::clone(&errands);
        patient.stage.attended_by(move |errand| asked.borrow_mut().push(errand));
        let shell = Self { patient, errands, number: RefCell::new(0), wrong: RefCell::default() };
        shell.says(Word::Briefed(briefing()));
        patient.meets(Happening::Carriage(Carriage { connected: false, waiting: 12 }));
        shell.says(Word::Reached("2026-11-25T14:05:00Z".parse().unwrap()));
        shell
    }

    pub(crate) fn says(&self, word: Word) {
        self.patient.meets(Happening::Volunteer(word));
    }

    /// Does what has been asked for since the last time.
    pub(crate) fn obliges(&self) {
        let asked: Vec<Errand> = self.errands.borrow_mut().drain(..).collect();
        for errand in asked {
            match errand {
                Errand::CheckPin { pin, volunteer, manager } => {
                    assert!(volunteer.is_some() && manager.is_some());
                    let role = match pin.digits() {
                        VOLUNTEER => Some(Role::Volunteer),
                        MANAGER => Some(Role::Manager),
                        _ => None,
                    };
                    self.says(Word::Checked { role, seed: 11 });
                }
                Errand::LookAtTablet => self.says(Word::Tablet(Box::new(TabletState {
                    kiosk: "k-0017".parse().unwrap(),
                    software: "0.1.0".to_owned(),
                    today: "2026-12-04".parse().unwrap(),
                    battery_percent: Some(81),
                    charging: Some(false),
                    clock_offset_s: Some(-4),
                    free_disk_bytes: Some(9_100_000_000),
                    brightness_percent: Some(75),
                    last_error: Some("no connection: the broker has answered nothing for 30 s".to_owned()),
                    moved_to: None,
                    can_join_again: true,
                }))),
                _ => {}
            }
        }
    }

    pub(crate) fn touches(&self, label: &str) {
        self.patient.touches(label);
        self.obliges();
    }

    pub(crate) fn types(&self, pin: &str) {
        for digit in pin.chars() {
            self.touches(&digit.to_string());
        }
        self.touches("OK");
    }

    pub(crate) fn screen(&self) -> &'static str {
        match self.patient.view().screen {
            Screen::Volunteer(view) => view.page.name(),
            Screen::Door(_) => "door",
            Screen::Question(_) => "question",
            Screen::Rest { .. } => "rest",
            _ => "another",
        }
    }

    /// Touches without looking for what is touched.
    pub(crate) fn does(&self, touch: VolunteerTouch) {
        self.patient.meets(Happening::Touch(Action::Volunteer(touch)));
        self.obliges();
    }

    /// Enters a PIN in the same way.
    pub(crate) fn enters(&self, pin: &str) {
        for digit in pin.bytes() {
            self.does(VolunteerTouch::Key(DoorKey::Digit(digit - b'0')));
        }
        self.does(VolunteerTouch::Key(DoorKey::Enter));
    }
}
