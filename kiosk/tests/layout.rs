//! Every screen, in every language, at every text size, in both palettes, on three panels: everything fits. So does every page in
//! front of the door and behind it, at every size too.
//!
//! Where something is being written, its hint stays and its end is visible, on whole lines.
//!
//! Four tests of each kind so that they run beside each other. [`fit`](patient::fit) says what fitting is; a test of its own proves
//! that it objects. The pictures of the same walk are made by `examples/screens.rs`.

mod attending;
mod patient;

use std::collections::BTreeMap;

use attending::pages::judge;
use patient::fit::{Area, GAP, KEY_GAP, Touchable, faults};
use patient::walk::walk;
use patient::{Patient, setting, ward_with_bays};
use slint::{ComponentHandle as _, Model as _};
use wardvoice_kiosk::interview::comfort::TextSize;
use wardvoice_kiosk::interview::{Action, Happening};
use wardvoice_kiosk_ui::{CommentAdapter, FoundControl, FoundText, FoundWriting, Theme, Words, words};

const PANELS: [(u16, u16); 3] = [(1280, 800), (800, 1280), (1024, 600)];

#[test]
fn everything_fits_at_100_percent() {
    everything_fits(TextSize::Normal);
}

#[test]
fn everything_fits_at_125_percent() {
    everything_fits(TextSize::Large);
}

#[test]
fn everything_fits_at_150_percent() {
    everything_fits(TextSize::Larger);
}

#[test]
fn everything_fits_at_200_percent() {
    everything_fits(TextSize::Largest);
}

/// How a screen is shown: with strong contrast, mirrored, with drawings.
const SHOWINGS: [(&str, bool, bool, bool); 4] = [
    ("light", false, false, false),
    ("contrast", true, false, false),
    ("mirrored", false, true, false),
    ("drawn", false, false, true),
];

fn everything_fits(text_size: TextSize) {
    let patient = Patient::arrives_at(ward_with_bays(), 1280, 800);
    let mut wrong = BTreeMap::new();
    let mut seen = 0;
    for language in words::LANGUAGES {
        let mut look = |patient: &Patient, screen: &str| {
            assert_eq!(patient.view().comfort.text_size, text_size, "{screen} has the size that was asked for");
            let theme = patient.window.global::<Theme>();
            let (rtl, pictures) = (theme.get_rtl(), theme.get_pictures());
            for (width, height) in PANELS {
                patient.turns(width.into(), height.into());
                for (showing, contrast, mirrored, drawn) in SHOWINGS {
                    // What a language already is, is not looked at twice; what it is not, English is looked at for.
                    if (mirrored || drawn) && language != "en" {
                        continue;
                    }
                    theme.set_contrast(contrast);
                    theme.set_rtl(mirrored || rtl);
                    theme.set_pictures(drawn || pictures);
                    let mut found = faults_of(patient, screen, width, height);
                    if screen.ends_with("-written") {
                        found.extend(faults_of_writing(patient));
                    }
                    seen += 1;
                    if !found.is_empty() {
                        wrong.insert(format!("{language} {screen} {width}x{height} {showing}"), found);
                    }
                }
                theme.set_contrast(false);
                theme.set_rtl(rtl);
                theme.set_pictures(pictures);
            }
        };
        walk(&patient, language, &|patient| sets_size(patient, text_size), &mut look);
    }
    assert!(seen > 300 * words::LANGUAGES.len(), "{seen} screens were looked at");
    let report: Vec<String> = wrong.iter().map(|(screen, faults)| format!("{screen}: {faults:#?}")).collect();
    assert!(wrong.is_empty(), "{} of {seen} screens:\n{}", wrong.len(), report.join("\n"));
}

#[test]
fn everything_behind_the_door_fits_at_100_percent() {
    everything_behind_the_door_fits(TextSize::Normal);
}

#[test]
fn everything_behind_the_door_fits_at_125_percent() {
    everything_behind_the_door_fits(TextSize::Large);
}

#[test]
fn everything_behind_the_door_fits_at_150_percent() {
    everything_behind_the_door_fits(TextSize::Larger);
}

#[test]
fn everything_behind_the_door_fits_at_200_percent() {
    everything_behind_the_door_fits(TextSize::Largest);
}

/// A page may scroll, but up to the size that the kiosk begins with none does on a tablet that we sell.
fn everything_behind_the_door_fits(text_size: TextSize) {
    let patient = Patient::arrives_at(setting(), 1280, 800);
    let (mut wrong, mut seen) = (BTreeMap::new(), 0);
    let mut look = |patient: &Patient, page: &str| {
        assert_eq!(patient.view().comfort.text_size, text_size, "{page} has the size that was asked for");
        for (width, height) in PANELS {
            patient.turns(width.into(), height.into());
            let judged = judge(patient, width, height, GAP);
            let mut found = judged.faults;
            if judged.scrolls && text_size.percent() <= 125 && width.max(height) == 1280 {
                found.push("it scrolls".to_owned());
            }
            seen += 1;
            if !found.is_empty() {
                wrong.insert(format!("{page} {width}x{height}"), found);
            }
        }
    };
    attending::walk::walk(&patient, text_size, &mut look);
    assert!(seen > 100, "{seen} pages were looked at");
    let report: Vec<String> = wrong.iter().map(|(page, faults)| format!("{page}: {faults:#?}")).collect();
    assert!(wrong.is_empty(), "{} of {seen} pages:\n{}", wrong.len(), report.join("\n"));
}

fn sets_size(patient: &Patient, text_size: TextSize) {
    while patient.view().comfort.text_size != text_size {
        patient.meets(Happening::Touch(Action::TextSize));
    }
}

fn faults_of(patient: &Patient, screen: &str, width: u16, height: u16) -> Vec<String> {
    let (controls, texts) = patient.surveys();
    let window = Area::new(0.0, 0.0, width.into(), height.into());
    let gap = if screen.starts_with("comment") { KEY_GAP } else { GAP };
    faults(window, &controls.into_iter().map(touchable).collect::<Vec<_>>(), &texts, gap)
}

/// What is wrong where somebody has just written something.
fn faults_of_writing(patient: &Patient) -> Vec<String> {
    let mut faults = Vec::new();
    let hint = patient.window.global::<Words>().get_say().comment_hint;
    if !patient.surveys().1.iter().any(|text| text.text == hint) {
        faults.push("nobody is told any more not to write names".to_owned());
    }
    let writing = patient.writing();
    let length = patient.window.global::<CommentAdapter>().get_draft().len();
    if !writing.as_ref().is_some_and(|writing| is_in_sight(writing, length)) {
        faults.push(format!("{writing:?} of {length} bytes"));
    }
    faults
}

/// Without turning the tablet between writing and looking, which would bring the caret back into sight. The last line is in sight too,
/// wherever the toolkit says that the caret is: behind a long comment in Arabic it names the line before.
#[test]
fn what_has_just_been_written_is_in_sight_on_a_tablet_that_stands() {
    let patient = Patient::arrives_at(ward_with_bays(), 800, 1280);
    let mut wrong = BTreeMap::new();
    for language in words::LANGUAGES {
        let mut look = |patient: &Patient, screen: &str| {
            let found = if screen.ends_with("-written") { faults_of_writing(patient) } else { Vec::new() };
            if !found.is_empty() {
                wrong.insert(format!("{language} {screen}"), found);
            }
        };
        walk(&patient, language, &|patient| sets_size(patient, TextSize::Largest), &mut look);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Whoever chose the wrong language finds the list again, however large the text is.
#[test]
fn another_language_can_be_chosen_on_every_question() {
    let patient = Patient::arrives_at(ward_with_bays(), 1280, 800);
    let mut without = Vec::new();
    for language in words::LANGUAGES {
        let mut look = |patient: &Patient, screen: &str| {
            if !["question", "consultant", "comment"].iter().any(|kind| screen.starts_with(kind)) {
                return;
            }
            let wanted = patient.window.global::<Words>().get_say().language_title;
            for (width, height) in PANELS {
                patient.turns(width.into(), height.into());
                if !patient.surveys().0.iter().any(|control| control.label == wanted) {
                    without.push(format!("{language} {screen} {width}x{height}"));
                }
            }
        };
        walk(&patient, language, &|patient| sets_size(patient, TextSize::Largest), &mut look);
    }
    assert!(without.is_empty(), "{without:#?}");
}

/// Whether the caret stands behind what is written, its line is wholly visible, and no line is cut through.
fn is_in_sight(writing: &FoundWriting, length: usize) -> bool {
    const HAIR: f32 = 1.0;
    let whole =
        |height: f32| (height / writing.line - (height / writing.line).round()).abs() * writing.line < HAIR;
    usize::try_from(writing.caret) == Ok(length)
        && writing.caret_y >= writing.y - HAIR
        && writing.caret_y + writing.line <= writing.y + writing.height + HAIR
        && writing.content_height - writing.scrolled <= writing.height + writing.line / 2.0
        && whole(writing.height)
        && whole(writing.scrolled)
}

#[test]
fn the_check_objects_to_a_line_that_is_cut_and_a_caret_out_of_sight() {
    let good = FoundWriting {
        y: 200.0,
        height: 124.0,
        caret_y: 262.0,
        line: 62.0,
        caret: 900,
        scrolled: 310.0,
        content_height: 434.0,
    };
    assert!(is_in_sight(&good, 900));
    let bad = [
        FoundWriting { caret: 0, ..good.clone() },
        FoundWriting { caret_y: 324.0, ..good.clone() },
        FoundWriting { caret_y: 138.0, ..good.clone() },
        FoundWriting { height: 150.0, ..good.clone() },
        FoundWriting { scrolled: 330.0, ..good.clone() },
        FoundWriting { content_height: 496.0, ..good.clone() },
    ];
    assert!(bad.iter().all(|writing| !is_in_sight(writing, 900)));
}

fn touchable(control: FoundControl) -> Touchable {
    let FoundControl { label, x, y, width, height, .. } = control;
    Touchable { label: label.into(), area: Area::new(x, y, width, height) }
}

#[test]
fn what_is_written_from_right_to_left_is_the_mirror_image() {
    let patient = Patient::arrives_at(ward_with_bays(), 1280, 800);
    let mut look = |patient: &Patient, screen: &str| {
        let theme = patient.window.global::<Theme>();
        let keys: Vec<_> =
            patient.window.global::<CommentAdapter>().get_keys().iter().map(|key| key.name).collect();
        for (width, height) in PANELS {
            patient.turns(width.into(), height.into());
            let (straight, _) = patient.surveys();
            theme.set_rtl(true);
            let (mirrored, _) = patient.surveys();
            theme.set_rtl(false);
            assert_eq!(straight.len(), mirrored.len(), "{screen}");
            for (one, other) in straight.iter().zip(&mirrored) {
                assert_eq!(one.label, other.label, "{screen}: the order of reading stays");
                // The keys of a keyboard are where its script has them.
                if screen.starts_with("comment") && keys.contains(&one.label) {
                    continue;
                }
                let reflection = f32::from(width) - one.x - one.width;
                assert!((other.x - reflection).abs() < 1.5, "{screen} {width}x{height}: {one:?} {other:?}");
                assert!((other.y - one.y).abs() < 1.5, "{screen} {width}x{height}: {one:?} {other:?}");
            }
        }
    };
    walk(&patient, "en", &|_| {}, &mut look);
}

#[test]
fn the_check_objects_to_whatever_does_not_fit() {
    let window = Area::new(0.0, 0.0, 800.0, 600.0);
    let control = |label: &str, x, y| Touchable { label: label.to_owned(), area: Area::new(x, y, 200.0, 80.0) };
    let text = |x: f32, y: f32, needs_width: f32, needs_height: f32| FoundText {
        text: "words".into(),
        x,
        y,
        width: 100.0,
        height: 30.0,
        needs_width,
        needs_height,
    };
    let judge = |controls: &[Touchable], texts: &[FoundText]| faults(window, controls, texts, GAP).len();
    assert_eq!(judge(&[control("a", 0.0, 0.0), control("b", 216.0, 0.0)], &[text(10.0, 10.0, 100.0, 30.0)]), 0);
    assert_eq!(judge(&[control("", 0.0, 0.0)], &[]), 1, "no label");
    assert_eq!(judge(&[control("a", 610.0, 0.0)], &[]), 1, "outside");
    assert_eq!(judge(&[control("a", 0.0, 0.0), control("b", 210.0, 0.0)], &[]), 1, "too close");
    let small = Touchable { label: "a".to_owned(), area: Area::new(0.0, 0.0, 200.0, 60.0) };
    assert_eq!(judge(&[small], &[]), 1, "too small");
    assert_eq!(judge(&[], &[text(0.0, 0.0, 120.0, 30.0)]), 1, "a word is cut");
    assert_eq!(judge(&[], &[text(0.0, 0.0, 90.0, 60.0)]), 1, "a line is cut");
    assert_eq!(judge(&[], &[text(750.0, 0.0, 90.0, 30.0)]), 1, "a text is outside");
    assert_eq!(judge(&[], &[text(0.0, 0.0, 90.0, 30.0), text(50.0, 10.0, 90.0, 30.0)]), 1, "two texts overlap");
    assert_eq!(judge(&[control("a", 50.0, 0.0)], &[text(0.0, 10.0, 90.0, 30.0)]), 1, "a text lies over an edge");
}

/// The checks on a real window that is too small for what it shows.
#[test]
fn the_check_objects_to_a_window_that_is_too_small() {
    let patient = Patient::arrives(400, 240);
    assert!(!faults_of(&patient, "rest", 400, 240).is_empty());
}
