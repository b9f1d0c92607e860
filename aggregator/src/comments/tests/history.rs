//! The state machine alone.

use proptest::prelude::*;

use super::office::{now, role};
use super::*;
use crate::comments::find::Found;

fn found(text: &str) -> Found {
    Found {
        id: "01a207d9-2100-7707-8707-070707070707/better".parse().unwrap(),
        position: 1,
        ward: "W1".parse().unwrap(),
        day: "2026-11-12".parse().unwrap(),
        language: "en".parse().unwrap(),
        asked: "What could be better?".to_owned(),
        of_patients: true,
        row: None,
        text: text.to_owned(),
        signs: Vec::new(),
    }
}

/// A comment that somebody works on.
struct Desk {
    rules: Rules,
    frame: Frame,
    found: Found,
    history: History,
}

impl Desk {
    fn new(two_person_release: bool) -> Self {
        let frame = Frame::open(std::path::Path::new("/nowhere/themes.json")).unwrap();
        Self {
            rules: Rules { two_person_release },
            frame,
            found: found("It was noisy."),
            history: History::default(),
        }
    }

    fn wishes(&mut self, by: &str, wish: &Wish) -> Result<Decision, DecisionError> {
        let seen = self.history.last();
        let decision = self.history.judge(self.rules, &self.found, &self.frame, seen, &role(by), wish)?;
        let decided = Decided { number: seen + 3, at: now(), by: role(by), decision: decision.clone() };
        self.history.push(decided).map(|()| decision)
    }

    fn undoes(&mut self) -> Result<Decision, DecisionError> {
        let last = self.history.undoable().unwrap().number;
        self.wishes("office", &Wish::Undo(last))
    }
}

const RELEASE: Wish = Wish::Release(Tone::Criticism, Reach::Staff);

fn strike(from: usize, to: usize) -> Wish {
    Wish::Redact(vec![Edit { from, to, role: None }])
}

#[test]
fn where_the_trust_says_so_two_people_pass_a_comment() {
    let mut desk = Desk::new(true);
    assert!(matches!(desk.wishes("first", &RELEASE), Ok(Decision::Proposed { .. })));
    assert_eq!(desk.wishes("first", &RELEASE), Err(DecisionError::NeedsAnother(role("first"))));
    assert!(matches!(desk.wishes("second", &RELEASE), Ok(Decision::Released { .. })));
    assert_eq!(desk.wishes("third", &RELEASE), Err(DecisionError::AlreadyReleased));
    // Whoever wants it to go further begins anew.
    let further = Wish::Release(Tone::Criticism, Reach::Everybody);
    assert!(matches!(desk.wishes("second", &further), Ok(Decision::Proposed { .. })));
    assert_eq!(desk.history.standing().as_str(), "proposed");
    // So does whoever takes it for something else than the first did.
    let otherwise = Wish::Release(Tone::Mixed, Reach::Everybody);
    assert!(matches!(desk.wishes("first", &otherwise), Ok(Decision::Proposed { .. })));
}

#[test]
fn who_passed_a_text_has_not_passed_another() {
    let mut desk = Desk::new(false);
    desk.wishes("office", &RELEASE).unwrap();
    desk.wishes("office", &strike(0, 2)).unwrap();
    assert_eq!(*desk.history.standing(), Standing::Waiting);
    assert_eq!(apply(&desk.found.text, desk.history.edits()), "[…] was noisy.");
    let mut two = Desk::new(true);
    two.wishes("first", &RELEASE).unwrap();
    two.wishes("second", &strike(0, 2)).unwrap();
    assert!(
        matches!(two.wishes("second", &RELEASE), Ok(Decision::Proposed { .. })),
        "the first passed another text"
    );
}

#[test]
fn undoing_goes_back_step_by_step_and_is_a_decision_itself() {
    let mut desk = Desk::new(false);
    desk.wishes("office", &strike(0, 2)).unwrap();
    desk.wishes("office", &RELEASE).unwrap();
    desk.wishes("office", &Wish::Hold("second thoughts".to_owned())).unwrap();
    assert_eq!(desk.history.standing().as_str(), "held");
    desk.undoes().unwrap();
    assert_eq!(*desk.history.standing(), Standing::Waiting, "undoing releases nothing");
    assert_eq!(desk.history.edits().len(), 1);
    assert_eq!([3, 6, 9].map(|number| desk.history.is_undone(number)), [false, true, true]);
    desk.undoes().unwrap();
    assert_eq!(desk.history.edits().len(), 0);
    assert_eq!(desk.history.undoable(), None);
    assert_eq!(desk.history.entries().len(), 5, "nothing is ever taken out");
    assert_eq!(desk.wishes("office", &Wish::Undo(3)), Err(DecisionError::NotTheLast(3)));
}

#[test]
fn undoing_lets_nothing_out() {
    let off = |reach| Wish::Release(Tone::Criticism, reach);
    for upon in [
        Wish::Hold("the patient asked for it".to_owned()),
        Wish::Escalate(role("matron"), "harm".to_owned()),
        strike(0, 2),
        off(Reach::Everybody),
    ] {
        for two in [true, false] {
            let mut desk = Desk::new(two);
            desk.wishes("first", &off(Reach::Staff)).unwrap();
            drop(desk.wishes("second", &off(Reach::Staff)));
            assert_eq!(desk.history.standing().as_str(), "released");
            desk.wishes("first", &upon).unwrap();
            let last = desk.history.undoable().unwrap().number;
            desk.wishes("second", &Wish::Undo(last)).unwrap();
            assert_eq!(*desk.history.standing(), Standing::Waiting, "{upon:?}");
            let again = desk.wishes("second", &off(Reach::Staff)).unwrap();
            assert_eq!(matches!(again, Decision::Proposed { .. }), two, "{upon:?}");
        }
    }
    // A coding says nothing of whether the text may be seen.
    let mut desk = Desk::new(false);
    desk.wishes("office", &RELEASE).unwrap();
    desk.wishes("office", &Wish::Code(["noise".parse().unwrap()].into())).unwrap();
    desk.undoes().unwrap();
    assert_eq!(desk.history.standing().as_str(), "released");
}

#[test]
fn a_ledger_that_took_back_what_has_lapsed_is_read() {
    let (tone, reach) = (Tone::Praise, Reach::Staff);
    let edits = vec![Edit { from: 0, to: 2, role: None }];
    let mut history = History::default();
    for (number, decision) in (1..).zip([
        Decision::Redacted { edits },
        Decision::Released { tone, reach },
        Decision::Held { reason: "why".to_owned() },
        Decision::Undone { number: 3 },
        Decision::Undone { number: 2 },
    ]) {
        history.push(Decided { number, at: now(), by: role("office"), decision }).unwrap();
    }
    assert_eq!((history.standing(), history.edits().len()), (&Standing::Waiting, 1));
    assert_eq!(history.undoable().unwrap().number, 1);
}

#[test]
fn what_cannot_be_decided_is_refused_and_changes_nothing() {
    let mut desk = Desk::new(false);
    for (wish, expected) in [
        (strike(0, 0), DecisionError::Edits),
        (strike(5, 99), DecisionError::Edits),
        (
            Wish::Redact(vec![Edit { from: 3, to: 5, role: None }, Edit { from: 0, to: 2, role: None }]),
            DecisionError::Edits,
        ),
        (Wish::Hold(" ".to_owned()), DecisionError::Reason),
        (Wish::Hold("two\nlines".to_owned()), DecisionError::Reason),
        (Wish::Escalate(role("matron"), "x".repeat(201)), DecisionError::Reason),
        (Wish::Undo(1), DecisionError::NotTheLast(1)),
    ] {
        assert_eq!(desk.wishes("office", &wish), Err(expected), "{wish:?}");
    }
    assert_eq!(desk.history, History::default());
}

fn wish() -> impl Strategy<Value = Wish> {
    prop_oneof![
        (0_usize..14, 0_usize..14).prop_map(|(from, to)| strike(from, to)),
        Just(RELEASE),
        Just(Wish::Release(Tone::Praise, Reach::Everybody)),
        Just(Wish::Hold("why".to_owned())),
        Just(Wish::Escalate("matron".parse().unwrap(), "why".to_owned())),
        Just(Wish::Code(["noise".parse().unwrap()].into())),
        (0_u64..30).prop_map(Wish::Undo),
    ]
}

proptest! {
    /// How a comment stands follows from its entries alone, and undoing everything leaves it as it was at first.
    #[test]
    fn a_history_read_again_stands_the_same(wishes in prop::collection::vec((wish(), 0_u8..2), 0..20), two in any::<bool>()) {
        let mut desk = Desk::new(two);
        for (wish, by) in &wishes {
            let was_out = matches!(desk.history.standing(), Standing::Released { .. });
            // What is refused is refused; the rest has to be read again alike.
            drop(desk.wishes(if *by == 0 { "first" } else { "second" }, wish));
            let is_out = matches!(desk.history.standing(), Standing::Released { .. });
            prop_assert!(was_out || !is_out || matches!(wish, Wish::Release(..)), "{:?} let it out", wish);
        }
        let mut again = History::default();
        for entry in desk.history.entries() {
            prop_assert_eq!(again.push(entry.clone()), Ok(()));
        }
        prop_assert_eq!(&again, &desk.history);
        while desk.history.undoable().is_some() {
            prop_assert!(desk.undoes().is_ok());
        }
        prop_assert_eq!(desk.history.standing(), &Standing::Waiting);
        prop_assert!(desk.history.edits().is_empty() && desk.history.themes().is_empty());
    }
}
