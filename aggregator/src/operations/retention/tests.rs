#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use jiff::SignedDuration;
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::fortnight::Period;
use wardvoice_protocol::id::Hash;

use super::*;
use crate::comments::CommentId;
use crate::ingest::testing::{NOW, ward};
use crate::operations::heard::Heard;
use crate::operations::withdrawal::tests::{Scene, WORDS, asked};
use crate::retention::Retention;
use crate::scoring::score;

const RULES: Retention = Retention { comments: Some(12), responses: Some(24), contacts: None, figures: Some(60) };

fn on(scene: &Scene, day: &str, dry_run: bool) -> [u64; 4] {
    let swept = sweep(&scene.house, day.parse().unwrap(), dry_run, |_, _| ()).unwrap();
    [swept.comments, swept.responses, swept.contacts, swept.figures]
}

/// The digest of the facts, and the sheet of their ward and fortnight.
fn figures(scene: &Scene) -> (Hash, String) {
    let (facts, house) = (scene.house.facts.read().unwrap(), &scene.house);
    let day: Date = "2026-11-23".parse().unwrap();
    let period = Period::Fortnight(house.world.calendar.fortnight_of(day).unwrap());
    let sheet = score(&facts, &house.scoring, &period, &Unit::Ward(ward()), day).unwrap();
    (facts.digest(), serde_json::to_string(&sheet).unwrap())
}

#[test]
fn what_was_kept_for_long_enough_goes_layer_by_layer_and_no_figure_changes() {
    let mut scene = Scene::new(11);
    let (record, _) = scene.sends(Some(WORDS));
    scene.sends(Some("other words"));
    scene.sends(None);
    scene.house.premises.config.retention = RULES;
    let before = figures(&scene);
    assert_eq!(on(&scene, "2027-11-23", false), [0; 4], "a year is not over on its last day");
    assert_eq!(on(&scene, "2027-11-24", true), [2, 0, 0, 0]);
    assert!(scene.export().contains(WORDS), "a dry run deletes nothing");
    assert_eq!(on(&scene, "2027-11-24", false), [2, 0, 0, 0]);
    assert_eq!(on(&scene, "2027-11-24", false), [0; 4], "what is gone is not due again");
    scene.is_proved_with(3, 2);
    assert_eq!(figures(&scene), before);
    assert!(!scene.export().contains(WORDS), "the words are still in the log");
    assert!(scene.house.comments.one(&CommentId::new(record, asked())).is_err(), "the comment is still there");

    assert_eq!(on(&scene, "2028-11-24", false), [0, 3, 0, 0]);
    assert_eq!(figures(&scene), before);
    let mut scene = scene.reopen();
    scene.house.premises.config.retention = RULES;
    scene.is_proved_with(3, 3);
    assert_eq!(figures(&scene).0, before.0);
    std::fs::remove_file(scene.folder.path().join("log/facts.snapshot")).unwrap();
    let mut scene = scene.reopen();
    scene.house.premises.config.retention = RULES;
    assert_eq!(figures(&scene).0, before.0, "the facts follow from what is left");

    assert_eq!(on(&scene, "2031-11-24", false), [0, 0, 0, 3]);
    scene.is_proved_with(0, 3);
    assert!(scene.house.facts.read().unwrap().is_empty());
}

/// A machine that stood still for three days need not be started again for what is due to be deleted.
#[test]
fn a_doubted_clock_is_believed_again_when_tablets_say_the_same_or_somebody_deletes_by_hand() {
    let mut scene = Scene::new(12);
    scene.sends(None);
    let (jumped, booted) = (NOW.parse::<Timestamp>().unwrap(), Duration::from_secs(7));
    let start = jumped - SignedDuration::from_hours(72);
    let mut watched = Watched::new(&scene.house, start, booted);
    assert_eq!(watched.look(&scene.house, start, booted), None);
    assert!(watched.look(&scene.house, jumped, booted).is_some(), "a jump of three days");
    let why = scene.house.clock_doubt.why().unwrap();
    assert!(why.contains("72 hours"), "{why}");
    scene.sends(None);
    assert!(watched.look(&scene.house, jumped, booted).is_some(), "one tablet may be as wrong as we are");
    scene.another_sends(2, 20);
    assert!(watched.look(&scene.house, jumped, booted).is_some(), "the other says something else");
    scene.another_sends(3, 0);
    assert_eq!(watched.look(&scene.house, jumped, booted), None, "two of three say the same");
    assert!(!scene.house.clock_doubt.is_doubted(), "nobody is told of what is over");
    assert_eq!(watched.look(&scene.house, jumped, booted), None, "and that is that");

    let jumped = jumped + SignedDuration::from_hours(72);
    assert!(watched.look(&scene.house, jumped, booted).is_some(), "what was said before counts no more");
    scene.another_sends(4, 0);
    scene.another_sends(5, 0);
    let imported = "they arrived three days ago by our clock, as what is imported does";
    assert!(watched.look(&scene.house, jumped, booted).is_some(), "{imported}");
    let by_hand = |dry_run| retain(&scene.house, RetentionAsk { dry_run }, &mut Heard::default()).unwrap();
    by_hand(true);
    assert!(watched.look(&scene.house, jumped, booted).is_some(), "somebody only looked what is due");
    by_hand(false);
    assert_eq!(watched.look(&scene.house, jumped, booted), None, "somebody deleted by this clock");
}

/// A clock that is a month ahead is not believed for what arrived while it was.
#[test]
fn what_tablets_contradict_does_not_speak_for_the_clock_after_a_restart() {
    let mut scene = Scene::new(13);
    assert_eq!(newest_arrival(&scene.house), None);
    scene.another_sends(2, 40);
    let now = NOW.parse::<Timestamp>().unwrap();
    let ahead = now + SignedDuration::from_hours(24 * 40);
    assert_eq!(newest_arrival(&scene.house), Some(ahead), "there is nothing else to go by");
    scene.sends(None);
    scene.another_sends(3, 40);
    assert_eq!(newest_arrival(&scene.house), Some(now));
    scene.another_sends(4, -1);
    assert_eq!(newest_arrival(&scene.house), Some(now), "what is imported after it is older");
}
