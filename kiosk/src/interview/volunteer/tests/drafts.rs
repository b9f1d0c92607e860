//! An interrupted interview: kept for half an hour, sealed, and then stored and gone.

use super::*;

#[test]
fn ten_minutes_without_a_touch_lock_and_the_draft_waits_behind_the_pin() {
    let mut tablet = Tablet::at_a_bed(4);
    tablet.asks(Mode::Interview, 1);
    tablet.touches(Action::Choose(2));
    tablet.waits(LOCK_MS + 1_000);
    assert!(matches!(tablet.screen(), Screen::Rest { .. }));
    assert!(tablet.contacts().is_empty() && tablet.disk.is_some());
    tablet.touches(Action::Start);
    tablet.touches(Action::ChooseLanguage("en".parse().unwrap()));
    tablet.touches(Action::Agree);
    assert!(
        matches!(tablet.screen(), Screen::Question(question) if question.chosen.is_none()),
        "a patient alone finds nothing of it"
    );
    tablet.waits(IDLE_MS + STILL_THERE_MS + WIPE_MS);
    tablet.enters(PIN);
    let Page::Resume { minutes: 12..=14, answered: 1 } = tablet.page() else { panic!("{:?}", tablet.page()) };
    tablet.does([VolunteerTouch::Resume]);
    assert!(matches!(tablet.screen(), Screen::Question(question) if question.id.as_str() == "coordination"));
    tablet.touches(Action::Back);
    assert!(matches!(tablet.screen(), Screen::Question(question) if question.chosen == Some(2)));
    tablet.answers_all();
    let contacts = tablet.contacts();
    let contact = contacts.last().unwrap();
    assert_eq!((contact.mode, contact.outcome), (Mode::Interview, Outcome::Completed));
    assert_eq!(contact.attribution.as_ref().unwrap().consultant.as_str(), "C1");
    assert_eq!(tablet.disk, None);
    assert_eq!((tablet.bed().number, tablet.bed().of), (2, 4), "on to the next bed of the same order");
}

/// Goes to every bed that is left, and says which they were.
fn sees_the_rest(tablet: &mut Tablet) -> Vec<String> {
    let mut beds = Vec::new();
    while let Page::Bed(bed) = tablet.page() {
        beds.push(bed.bed.unwrap());
        tablet.does([VolunteerTouch::NotToday(Outcome::Asleep)]);
    }
    beds
}

#[test]
fn a_lock_or_a_restart_sends_nobody_to_a_bed_twice() {
    let lock: fn(&mut Tablet) = |tablet| tablet.does([VolunteerTouch::Lock]);
    let wait: fn(&mut Tablet) = |tablet| tablet.waits(LOCK_MS + 1_000);
    let restart: fn(&mut Tablet) = |tablet| *tablet = tablet.again(8);
    let ways = [("lock", lock), ("wait", wait), ("restart", restart)];
    for (way, interrupt) in ways {
        let mut tablet = Tablet::at_a_bed(8);
        let expected: Vec<String> = {
            let mut other = Tablet::at_a_bed(8);
            sees_the_rest(&mut other)
        };
        tablet.does([VolunteerTouch::NotToday(Outcome::Away), VolunteerTouch::Later]);
        tablet.does([VolunteerTouch::NotToday(Outcome::Asleep)]);
        // The patient who was asked has gone; the tablet waits to be wiped.
        tablet.asks(Mode::Interview, 4);
        tablet.touches(Action::Stop);
        tablet.touches(Action::StopNow);
        interrupt(&mut tablet);
        tablet.waits(WIPE_MS + THANKS_MS);
        tablet.enters(PIN);
        tablet.does([VolunteerTouch::Ward(0)]);
        assert!(matches!(tablet.page(), Page::Plan(PlanView { beds: 8, left: Some(5), .. })), "{way}");
        let notes = tablet.errands.iter().filter(|errand| matches!(errand, Errand::LogVisit(_))).count();
        tablet.does([VolunteerTouch::Begin]);
        assert_eq!(tablet.bed().number, 4, "{way}");
        let mut rest = expected.get(4..).unwrap().to_vec();
        rest.extend(expected.get(1).cloned());
        assert_eq!(sees_the_rest(&mut tablet), rest, "{way}: the same order, and the one put off at its end");
        assert_eq!(tablet.page(), Page::Round { answered: 1, approached: 8 }, "{way}");
        let after = tablet.errands.iter().filter(|errand| matches!(errand, Errand::LogVisit(_))).count();
        assert_eq!(after, notes, "{way}: nothing new was drawn");
        assert_eq!(tablet.unfinished, [], "{way}: a round that is over is forgotten");
    }
}

#[test]
fn a_round_of_another_day_or_of_other_beds_begins_anew() {
    let mut tablet = Tablet::at_a_bed(8);
    tablet.does([VolunteerTouch::NotToday(Outcome::Away)]);
    let [round] = &tablet.unfinished[..] else { panic!("{:?}", tablet.unfinished) };
    assert_eq!((round.beds, round.left.len(), round.approached, round.answered), (8, 7, 1, 0));
    let check = |change: &dyn Fn(&mut Unfinished), beds: usize, left: Option<usize>| {
        let mut round = round.clone();
        change(&mut round);
        let mut again = Tablet::new(beds);
        again.hears(Word::UnfinishedFound(vec![round]));
        again.enters(PIN);
        again.does([VolunteerTouch::Ward(0)]);
        let Page::Plan(plan) = again.page() else { panic!("{:?}", again.page()) };
        assert_eq!(plan.left, left);
    };
    check(&|_| {}, 8, Some(7));
    check(&|_| {}, 9, None);
    check(&|round| round.day = "2026-12-03".parse().unwrap(), 8, None);
    check(&|round| round.left.extend(round.left.clone()), 8, None);
    check(&|round| round.left = vec![8], 8, None);
    check(&|round| "another".clone_into(&mut round.method), 8, None);
    check(&|round| round.ward = "W2".parse().unwrap(), 8, None);
}

#[test]
fn a_bed_whose_draft_ends_by_itself_has_been_seen() {
    let mut tablet = Tablet::at_a_bed(4);
    let bed = tablet.bed().bed.unwrap();
    tablet.asks(Mode::Interview, 4);
    tablet.touches(Action::Choose(2));
    tablet.waits(KEEP_MS + 1_000);
    assert_eq!(tablet.contacts().len(), 1);
    tablet.enters(PIN);
    tablet.does([VolunteerTouch::Ward(0), VolunteerTouch::Begin]);
    assert_eq!(tablet.bed().number, 2);
    let rest = sees_the_rest(&mut tablet);
    assert!(rest.len() == 3 && !rest.contains(&bed), "{rest:?}");
    assert_eq!(tablet.page(), Page::Round { answered: 1, approached: 4 });
}

#[test]
fn going_to_another_ward_and_back_goes_on_where_the_round_was() {
    let mut tablet = Tablet::at_a_bed(4);
    tablet.does([VolunteerTouch::NotToday(Outcome::Away)]);
    let next = tablet.bed();
    tablet.does([VolunteerTouch::Back, VolunteerTouch::Back, VolunteerTouch::Ward(1), VolunteerTouch::Begin]);
    assert_eq!(tablet.bed().number, 1);
    tablet.does([VolunteerTouch::Back, VolunteerTouch::Back, VolunteerTouch::Ward(0), VolunteerTouch::Begin]);
    assert_eq!(tablet.bed(), next);
    assert_eq!(tablet.unfinished.len(), 2);
}

#[test]
fn after_half_an_hour_a_draft_is_stored_as_partial_and_gone() {
    let mut tablet = Tablet::at_a_bed(4);
    tablet.asks(Mode::Assisted, 4);
    tablet.touches(Action::Choose(2));
    tablet.waits(KEEP_MS - 1);
    assert!(tablet.contacts().is_empty());
    tablet.waits(2);
    let contacts = tablet.contacts();
    let [contact] = contacts[..] else { panic!("{} contacts", contacts.len()) };
    assert_eq!((contact.outcome, contact.mode), (Outcome::Partial, Mode::Assisted));
    assert_eq!(tablet.disk, None);
    let ends = tablet.order.len() - 2;
    assert_eq!(tablet.order.get(ends..).unwrap(), ["wipe", "store"], "wiped before it is handed over");
    tablet.enters(PIN);
    assert!(matches!(tablet.page(), Page::Wards(_)));
}

#[test]
fn a_battery_swap_in_mid_interview_costs_nothing() {
    let mut tablet = Tablet::at_a_bed(4);
    tablet.does([VolunteerTouch::Back, VolunteerTouch::Back, VolunteerTouch::Ward(1), VolunteerTouch::Begin]);
    tablet.asks(Mode::Proxy, 2);
    tablet.touches(Action::Choose(1));
    tablet.waits(CONFIRMATION_MS);
    tablet.touches(Action::Skip);
    let question = tablet.screen();
    let json = serde_json::to_vec(tablet.disk.as_ref().unwrap()).unwrap();
    assert!(!String::from_utf8_lossy(&json).contains(BED));

    let mut again = Tablet::new(4);
    let draft: Draft = serde_json::from_slice(&json).unwrap();
    again.hears(Word::DraftFound { draft: Box::new(draft), age_ms: 240_000 });
    assert!(matches!(again.screen(), Screen::Rest { .. }), "nothing of it without the PIN");
    again.enters(PIN);
    assert!(matches!(again.page(), Page::Resume { minutes: 4, answered: 2 }));
    again.does([VolunteerTouch::Resume]);
    assert_eq!(again.screen(), question);
    assert_eq!(again.interview.setting.ward().as_str(), "W2");
    again.answers_all();
    let contacts = again.contacts();
    let contact = contacts.first().unwrap();
    assert_eq!((contact.mode, contact.ward.as_str()), (Mode::Proxy, "W2"));
}

/// A slip of the finger to "skip" and then an empty battery: what was written is there on going back, and is no answer before.
#[test]
fn what_was_written_before_a_slip_to_skip_outlives_an_interruption() {
    let comment = |tablet: &Tablet| match tablet.screen() {
        Screen::Comment(comment) => Some(comment.draft),
        _ => None,
    };
    let mut tablet = Tablet::at_a_bed(4);
    tablet.asks(Mode::Assisted, 4);
    while comment(&tablet).is_none() {
        tablet.touches(Action::Skip);
    }
    let untouched = serde_json::to_string(tablet.disk.as_ref().unwrap()).unwrap();
    assert!(!untouched.contains("withdrawn"), "an older program reads every draft without: {untouched}");
    tablet.touches(Action::Write("Everybody is kind.".to_owned()));
    tablet.touches(Action::Skip);
    let mut again = tablet.again(4);
    again.enters(PIN);
    again.does([VolunteerTouch::Resume]);
    again.touches(Action::Back);
    assert_eq!(comment(&again).as_deref(), Some("Everybody is kind."));
    again.touches(Action::Stop);
    again.touches(Action::StopNow);
    let contacts = again.contacts();
    let answers = &contacts.last().unwrap().response.as_ref().unwrap().answers;
    let said = answers.values().any(|answer| matches!(answer, wardvoice_protocol::contact::Answer::Said(_)));
    assert!(!said, "whoever does not go on with it has said nothing: {answers:?}");
}

#[test]
fn a_draft_that_is_too_old_or_of_other_questions_is_wiped() {
    let draft = {
        let mut tablet = Tablet::at_a_bed(4);
        tablet.asks(Mode::Interview, 4);
        tablet.disk.unwrap()
    };
    let mut tablet = Tablet::new(4);
    tablet.hears(Word::DraftFound { draft: Box::new(draft.clone()), age_ms: KEEP_MS });
    assert_eq!(tablet.order, ["wipe"]);
    let other = serde_json::to_string(&draft).unwrap().replace("\"consistency\"", "\"no_such_question\"");
    let mut tablet = Tablet::new(4);
    tablet.hears(Word::DraftFound { draft: Box::new(serde_json::from_str(&other).unwrap()), age_ms: 0 });
    assert_eq!(tablet.order, ["wipe"]);
    tablet.enters(PIN);
    assert!(matches!(tablet.page(), Page::Wards(_)));
}

#[test]
fn ending_the_program_keeps_the_draft_for_the_next_start() {
    let mut tablet = Tablet::at_a_bed(4);
    tablet.asks(Mode::Interview, 4);
    tablet.touches(Action::Choose(0));
    tablet.meets(Happening::Closing);
    assert!(tablet.contacts().is_empty(), "it is not over");
    assert!(tablet.disk.is_some());
}
