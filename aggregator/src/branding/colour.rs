//! Colours, and whether they can be read: pure. Formulas are those of WCAG 2.2 (relative luminance, contrast ratio).

use std::fmt;
use std::str::FromStr;

/// The least contrast of text against its ground: WCAG 2.2, criterion 1.4.3 at AA.
pub(super) const READABLE: f64 = 4.5;
/// What text stands on in the light: paper and sheets.
const LIGHT_GROUNDS: [Colour; 2] = [Colour([0xf6, 0xf5, 0xf1]), WHITE];
/// The same in the dark.
const DARK_GROUNDS: [Colour; 2] = [Colour([0x10, 0x16, 0x1b]), Colour([0x1a, 0x23, 0x2b])];
const WHITE: Colour = Colour([0xff, 0xff, 0xff]);
const BLACK: Colour = Colour([0, 0, 0]);

/// A colour without transparency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Colour([u8; 3]);

/// An accent with what goes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shades {
    accent: Colour,
    soft: Colour,
    faint: Colour,
    strong: Colour,
    edge: Colour,
}

impl FromStr for Colour {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6).ok_or(())?;
        // A sign would be read as part of a number.
        let is_hex = digits.chars().all(|digit| digit.is_ascii_hexdigit());
        let [_, red, green, blue] =
            u32::from_str_radix(digits, 16).ok().filter(|_| is_hex).ok_or(())?.to_be_bytes();
        Ok(Self([red, green, blue]))
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self([red, green, blue]) = self;
        write!(formatter, "#{red:02x}{green:02x}{blue:02x}")
    }
}

impl Colour {
    /// The colour with so many hundredths of another in it.
    fn with(self, other: Self, hundredths: u16) -> Self {
        let mix = |own: u8, other: u8| {
            let mixed = (u16::from(own) * (100 - hundredths) + u16::from(other) * hundredths + 50) / 100;
            u8::try_from(mixed).unwrap_or(u8::MAX)
        };
        let (Self([red, green, blue]), Self([other_red, other_green, other_blue])) = (self, other);
        Self([mix(red, other_red), mix(green, other_green), mix(blue, other_blue)])
    }

    fn luminance(self) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        let Self([red, green, blue]) = self;
        0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    }

    /// The contrast of two colours, 1 to 21.
    pub(super) fn contrast(self, other: Self) -> f64 {
        let (one, other) = (self.luminance() + 0.05, other.luminance() + 0.05);
        one.max(other) / one.min(other)
    }

    /// The nearest lighter colour of the kind that can be read in the dark.
    pub(super) fn for_the_dark(self) -> Self {
        let mut lighter = (0..=20).map(|step| self.with(WHITE, step * 5));
        lighter.find(|colour| Shades::dark(*colour).is_ok()).unwrap_or(WHITE)
    }
}

impl Shades {
    /// What goes with an accent in the light; the lowest contrast where it could not be read.
    pub(super) fn light(accent: Colour) -> Result<Self, f64> {
        let shades = Self {
            accent,
            soft: accent.with(WHITE, 65),
            faint: accent.with(WHITE, 88),
            strong: accent.with(BLACK, 30),
            edge: accent.with(BLACK, 50),
        };
        // Text on a button is white.
        shades.checked(&LIGHT_GROUNDS)
    }

    /// The same in the dark.
    pub(super) fn dark(accent: Colour) -> Result<Self, f64> {
        let [paper, _] = DARK_GROUNDS;
        let shades = Self {
            accent,
            soft: accent.with(paper, 60),
            faint: accent.with(paper, 84),
            strong: accent.with(WHITE, 30),
            edge: accent.with(BLACK, 35),
        };
        // Text on a button is of the paper's colour.
        shades.checked(&DARK_GROUNDS)
    }

    fn checked(self, grounds: &[Colour]) -> Result<Self, f64> {
        let grounds = grounds.iter().copied().chain([self.faint]);
        let lowest = grounds.map(|ground| self.accent.contrast(ground)).fold(f64::INFINITY, f64::min);
        if lowest < READABLE { Err(lowest) } else { Ok(self) }
    }

    /// The same as settings of a style sheet.
    pub(super) fn css(&self) -> String {
        let Self { accent, soft, faint, strong, edge } = self;
        format!(
            ":root {{ --accent: {accent}; --accent-soft: {soft}; --accent-faint: {faint}; --accent-strong: {strong}; --accent-edge: {edge}; }}"
        )
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;

    fn colour(text: &str) -> Colour {
        text.parse().unwrap()
    }

    #[test]
    fn contrast_is_that_of_the_guideline() {
        let check = |one: &str, other: &str, expected: f64| {
            let found = colour(one).contrast(colour(other));
            assert!((found - expected).abs() < 0.01, "{one} on {other}: {found}");
        };
        check("#000000", "#ffffff", 21.0);
        check("#ffffff", "#ffffff", 1.0);
        check("#767676", "#ffffff", 4.54);
        check("#777777", "#ffffff", 4.48);
        check("#0000ff", "#ffffff", 8.59);
    }

    #[test]
    fn a_colour_is_six_digits() {
        for wrong in ["", "#fff", "005eb8", "#005eb", "#005eb8ff", "#+05eb8", "#00zeb8", "#é5eb8"] {
            assert_eq!(wrong.parse::<Colour>(), Err(()), "{wrong}");
        }
        assert_eq!(colour("#005EB8").to_string(), "#005eb8");
    }

    #[test]
    fn what_can_be_read_is_taken_and_a_lighter_one_is_found_for_the_dark() {
        for fine in ["#0a5c63", "#003087", "#005eb8", "#7c2855", "#330072"] {
            assert!(Shades::light(colour(fine)).is_ok(), "{fine}");
            let dark = colour(fine).for_the_dark();
            assert!(Shades::dark(dark).is_ok(), "{fine} becomes {dark}");
        }
        for pale in ["#41b6e6", "#ffb81c", "#ffffff", "#78be20"] {
            assert!(Shades::light(colour(pale)).unwrap_err() < READABLE, "{pale}");
        }
        assert!(Shades::dark(colour("#003087")).is_err());
    }
}
