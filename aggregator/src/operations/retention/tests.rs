#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::fortnight::Period;
use wardvoice_protocol::id::Hash;

use super::*;
use crate::comments::CommentId;
use crate::ingest::testing::ward;
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
