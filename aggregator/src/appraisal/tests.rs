#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use std::sync::Arc;

use jiff::ToSpan as _;
use wardvoice_protocol::contact::{Attribution, AttributionSource, Contact};

use super::*;
use crate::facts::{Fact, Rulings, fact_of};
use crate::ingest::testing::Trust;

fn calendar() -> Calendar {
    Calendar::new("2026-01-05".parse().unwrap()).unwrap()
}

/// A trust with consultant C1 and what was answered.
struct Scene {
    world: ScoringWorld,
    facts: Facts,
    contact: Contact,
    disputes: Disputes,
    audit: Audit,
    _folder: tempfile::TempDir,
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn consultant() -> ConsultantId {
    "C1".parse().unwrap()
}

fn settings() -> Settings {
    Settings { demonstration: false, displays_need_token: false, shown_to: [].into(), first_days: 14 }
}

impl Scene {
    fn new() -> Self {
        let trust = Trust::new(5);
        let vocabulary = Arc::clone(&trust.world.vocabulary);
        let facts = Facts::new(Arc::clone(&vocabulary));
        let world = ScoringWorld::inpatient(trust.world.directory.clone(), calendar(), vocabulary, 7).unwrap();
        let mut contact = trust.contact();
        contact.attribution = Some(Attribution { consultant: consultant(), source: AttributionSource::Roster });
        let folder = tempfile::tempdir().unwrap();
        let disputes = Disputes::open(folder.path().join("disputes.ndjson")).unwrap();
        let audit = Audit::open(folder.path().join("audit.ndjson")).unwrap();
        Self { world, facts, contact, disputes, audit, _folder: folder }
    }

    /// So many patients answer on a day, and are heard of on another.
    fn answer(&mut self, many: usize, on: Date, arrives: Date) {
        for _ in 0..many {
            self.facts.insert(self.row(on, arrives));
        }
    }

    fn row(&self, on: Date, arrives: Date) -> Fact {
        fact_of(&self.contact, on.into(), arrives.into(), self.world.vocabulary()).unwrap()
    }

    fn looks<T>(&self, today: Date, work: impl FnOnce(&Looker<'_>) -> T) -> T {
        let (facts, world, disputes) = (&self.facts, &self.world, &self.disputes);
        work(&Looker { facts, world, settings: &settings(), disputes, today })
    }

    fn offers(&self, today: Date) -> Offers {
        self.looks(today, |looker| looker.offers(&consultant()).unwrap())
    }

    /// What the consultant sees of six months: their last day, the number of patients, and the last day that was asked for instead.
    fn sees(&self, today: &str, asked: &str) -> (String, Option<u64>, bool) {
        let asked = window_to(&calendar(), day(asked)).unwrap();
        let chosen = self.offers(day(today)).of(&asked, Audience::Consultant).unwrap();
        let looked = note_look(&self.audit, "2026-12-24T12:00:00Z".parse().unwrap(), "c1", chosen).unwrap();
        let seen = self.looks(day(today), |looker| looker.look(looked).unwrap());
        (seen.last_day.to_string(), seen.patients, seen.instead_of.is_some())
    }
}

#[test]
fn windows_end_with_fortnights_that_are_final_the_newest_first() {
    let scene = Scene::new();
    let names = |today: &str| -> Vec<_> {
        scene.offers(day(today)).list(Audience::Consultant).iter().map(ToString::to_string).collect()
    };
    assert_eq!(names("2026-11-20").len(), 13);
    assert_eq!(names("2026-11-20").get(..2).unwrap(), ["6m-2026-11-08", "6m-2026-10-25"]);
    assert_eq!(names("2026-11-29").first().unwrap(), "6m-2026-11-08");
    assert_eq!(names("2026-11-30").first().unwrap(), "6m-2026-11-22");
    let window = window_to(&calendar(), day("2026-11-22")).unwrap();
    assert_eq!((window.start(), window.last()), (day("2026-05-25"), day("2026-11-22")));
    let offers = scene.offers(day("2026-11-20"));
    for (last, is_there) in [("2026-11-22", false), ("2026-11-08", true), ("2026-11-07", false)] {
        let window = window_to(&calendar(), day(last)).unwrap();
        assert_eq!(offers.of(&window, Audience::Consultant).is_some(), is_there, "{last}");
    }
}

#[test]
fn six_months_move_on_when_five_have_come_and_five_or_nobody_left() {
    let mut scene = Scene::new();
    let moved = |scene: &Scene, asked: &str| scene.sees("2026-12-24", asked);
    scene.answer(4, day("2026-04-15"), day("2026-04-15"));
    assert_eq!(moved(&scene, "2026-04-26"), ("2026-04-26".into(), Some(4), false), "a number and no figures");
    scene.answer(6, day("2026-04-28"), day("2026-04-28"));
    assert_eq!(moved(&scene, "2026-05-10"), ("2026-05-10".into(), Some(10), false));
    scene.answer(4, day("2026-05-12"), day("2026-05-12"));
    assert_eq!(moved(&scene, "2026-05-24"), ("2026-05-10".into(), Some(10), true), "four have come");
    scene.answer(1, day("2026-05-26"), day("2026-05-26"));
    assert_eq!(moved(&scene, "2026-06-07"), ("2026-06-07".into(), Some(15), false), "and one more");
    // Four of those ten are older than six months then, and the other six are not.
    assert_eq!(moved(&scene, "2026-10-25"), ("2026-10-11".into(), Some(15), true));
    assert_eq!(moved(&scene, "2026-11-08"), ("2026-11-08".into(), Some(5), false), "all ten");
}

/// What was shown once is shown again with the same figures, whatever comes late or is ruled; and that comes with the next.
#[test]
fn what_comes_late_or_is_ruled_is_in_the_next_six_months() {
    let mut scene = Scene::new();
    scene.answer(9, day("2026-10-12"), day("2026-10-12"));
    let before = scene.sees("2026-11-10", "2026-10-25");
    assert_eq!(before, ("2026-10-25".into(), Some(9), false));
    // Heard of on the day that the fortnight becomes final.
    scene.answer(1, day("2026-10-20"), day("2026-11-02"));
    let mut rulings = Rulings::default();
    rulings.add(scene.row(day("2026-10-12"), day("2026-10-12")), day("2026-11-05").into());
    scene.facts.set_rulings(rulings);
    for today in ["2026-11-10", "2026-11-20", "2026-12-24"] {
        assert_eq!(scene.sees(today, "2026-10-25"), before, "{today}");
    }
    assert_eq!(scene.sees("2026-12-24", "2026-11-08"), ("2026-10-25".into(), Some(9), true), "one came, one left");
    scene.answer(5, day("2026-11-12"), day("2026-11-12"));
    assert_eq!(scene.sees("2026-12-24", "2026-11-22"), ("2026-10-25".into(), Some(9), true), "one left");
}

/// Which windows are shown does not change as days go by and answers come, however many, late or not.
#[test]
fn what_was_offered_once_stays_offered() {
    let mut scene = Scene::new();
    let mut dice = 7_u64;
    let mut roll = |sides: u64| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (dice >> 33) % sides
    };
    let mut known = Vec::<bool>::new();
    let mut today = day("2025-01-06");
    while today < day("2026-12-24") {
        for _ in 0..roll(4) {
            let late = if roll(10) == 0 { i64::try_from(roll(30)).unwrap() } else { 0 };
            scene.answer(1, today.saturating_sub(late.days()), today);
        }
        today = today.tomorrow().unwrap();
        if today.day() != 1 {
            continue;
        }
        let offers = scene.offers(today);
        let lasts = (0_i64..).map(|place| day("2025-01-19").saturating_add((14 * place).days()));
        let windows = lasts.map_while(|last| offers.of(&window_to(&calendar(), last)?, Audience::Consultant));
        let now: Vec<bool> = windows.map(|chosen| chosen.instead_of.is_none()).collect();
        assert!(now.starts_with(&known), "{today}: {known:?}, then {now:?}");
        known = now;
    }
    let shown = known.iter().filter(|is_shown| **is_shown).count();
    assert!(known.len() == 49 && shown > 13 && shown < known.len(), "{known:?}");
}

#[test]
fn a_command_on_the_server_does_not_open_a_window_for_others() {
    let folder = tempfile::tempdir().unwrap();
    let audit = Audit::open(folder.path().join("audit.ndjson")).unwrap();
    let (consultant, calendar) = (consultant(), calendar());
    let window = window_to(&calendar, "2026-11-22".parse().unwrap()).unwrap();
    let settings = settings();
    let at: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
    let may = || {
        let today = "2026-11-24".parse().unwrap();
        released(&consultant, &window, Audience::Appraiser, (&audit, &calendar), (&settings, today)).is_ok()
    };
    for (who, opens) in [(crate::audit::COMMAND, false), ("c1", true)] {
        let (consultant, audience) = (consultant.clone(), Audience::Consultant);
        let chosen = Chosen { consultant, window, audience, instead_of: None, shows_figures: true };
        let noted = note_look(&audit, at, who, chosen);
        drop(noted.unwrap());
        assert_eq!(may(), opens, "{who}");
    }
}
