//! The two colours and the ink. Both colours have a contrast of more than 3 to 1 on white and on the dark page, as WCAG 2.2
//! asks of drawings; neither is red, amber or green, and no two things differ in colour alone.

/// What the text of the page is drawn with.
pub(super) const INK: &str = "currentColor";
/// Better, and what is measured.
pub(super) const TEAL: &str = "#14808a";
/// Worse.
pub(super) const ORANGE: &str = "#c05a00";
/// What stands on either colour.
pub(super) const ON_COLOUR: &str = "#ffffff";
/// The letters of a drawing.
pub(super) const FONT: &str = "system-ui, 'Liberation Sans', 'DejaVu Sans', sans-serif";

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance (WCAG 2.2).
    fn luminance(colour: &str) -> f64 {
        let channel = |from: usize| {
            let value = colour.get(from..from + 2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
            let value = f64::from(value.unwrap_or(0)) / 255.0;
            if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    fn contrast(one: &str, other: &str) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn both_colours_are_legible_on_light_and_dark_sheets() {
        let style = include_str!("../../../assets/style.css");
        for sheet in ["#ffffff", "#1a232b"] {
            assert!(style.contains(sheet), "{sheet} is no sheet of the pages any more");
            for colour in [TEAL, ORANGE] {
                assert!(contrast(colour, sheet) >= 3.0, "{colour} on {sheet}: {}", contrast(colour, sheet));
            }
        }
        for colour in [TEAL, ORANGE] {
            assert!(contrast(colour, ON_COLOUR) >= 4.4, "{colour}: {}", contrast(colour, ON_COLOUR));
        }
    }
}
