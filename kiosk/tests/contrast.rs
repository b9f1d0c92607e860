//! Every text stands out from its ground, in both palettes: computed from the theme's own colours.
#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use i_slint_backend_testing::init_no_event_loop;
use slint::{Color, ComponentHandle as _};
use wardvoice_kiosk_ui::{KioskWindow, Theme};

type Token = fn(&Theme<'_>) -> Color;

const INK: (&str, Token) = ("ink", |theme| theme.get_ink());
const INK_SOFT: (&str, Token) = ("ink-soft", |theme| theme.get_ink_soft());
const PAPER: (&str, Token) = ("paper", |theme| theme.get_paper());
const CARD: (&str, Token) = ("card", |theme| theme.get_card());
const PRESSED: (&str, Token) = ("pressed", |theme| theme.get_pressed());
const NOTICE: (&str, Token) = ("notice", |theme| theme.get_notice());
const READING: (&str, Token) = ("reading", |theme| theme.get_reading());
const PRIMARY: (&str, Token) = ("primary", |theme| theme.get_primary());
const PRIMARY_PRESSED: (&str, Token) = ("primary-pressed", |theme| theme.get_primary_pressed());
const ON_PRIMARY: (&str, Token) = ("on-primary", |theme| theme.get_on_primary());
const HELP: (&str, Token) = ("help", |theme| theme.get_help());
const ON_HELP: (&str, Token) = ("on-help", |theme| theme.get_on_help());
const LINE: (&str, Token) = ("line", |theme| theme.get_line());
const FOCUS: (&str, Token) = ("focus", |theme| theme.get_focus());
const TRACK: (&str, Token) = ("track", |theme| theme.get_track());

/// Text and its ground (7:1, WCAG 2.2 success criterion 1.4.6).
const TEXTS: [[(&str, Token); 2]; 19] = [
    [INK, PAPER],
    [INK, CARD],
    [INK, PRESSED],
    [INK, NOTICE],
    [INK, READING],
    [INK_SOFT, PAPER],
    [INK_SOFT, CARD],
    [INK_SOFT, READING],
    // The margin beside a volunteer's questions.
    [INK_SOFT, PRESSED],
    [PRIMARY, CARD],
    [PRIMARY, PRESSED],
    [PRIMARY, READING],
    [ON_PRIMARY, PRIMARY],
    [ON_PRIMARY, PRIMARY_PRESSED],
    [ON_HELP, HELP],
    [HELP, CARD],
    [HELP, PRESSED],
    // What went wrong, on the pages of staff.
    [HELP, PAPER],
    [PRIMARY, PAPER],
];
/// Lines and marks and theirs (3:1, WCAG 2.2 success criterion 1.4.11).
const MARKS: [[(&str, Token); 2]; 8] = [
    [LINE, CARD],
    [LINE, PAPER],
    [LINE, READING],
    [FOCUS, PAPER],
    [FOCUS, CARD],
    [FOCUS, READING],
    [FOCUS, PRESSED],
    [PRIMARY, TRACK],
];

#[test]
fn texts_and_marks_stand_out_in_both_palettes() {
    init_no_event_loop();
    let window = KioskWindow::new().unwrap();
    let theme = window.global::<Theme>();
    for strong in [false, true] {
        theme.set_contrast(strong);
        for (pairs, least) in [(&TEXTS[..], 7.0), (&MARKS[..], 3.0)] {
            for [(mark, of_mark), (ground, of_ground)] in pairs {
                let contrast = contrast(of_mark(&theme), of_ground(&theme));
                assert!(
                    contrast >= least,
                    "{mark} on {ground} is {contrast:.2}:1, less than {least}:1 ({strong})"
                );
            }
        }
    }
}

/// WCAG 2.2, "contrast ratio" and "relative luminance".
fn contrast(one: Color, other: Color) -> f64 {
    let luminance = |colour: Color| {
        let channel = |value: u8| {
            let value = f64::from(value) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(colour.red()) + 0.7152 * channel(colour.green()) + 0.0722 * channel(colour.blue())
    };
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn the_ratio_is_that_of_the_guidelines() {
    let [black, white, grey] = [0, 255, 0x77].map(|value| Color::from_rgb_u8(value, value, value));
    assert!((contrast(black, white) - 21.0).abs() < 0.001);
    assert!((contrast(grey, white) - 4.48).abs() < 0.01);
}
