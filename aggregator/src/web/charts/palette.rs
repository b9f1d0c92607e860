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

    /// Where a colour stands on the wheel, in degrees; none for what is nearly grey.
    fn hue(colour: &str) -> Option<f64> {
        let long: String = if colour.len() == 4 {
            colour.chars().skip(1).flat_map(|digit| [digit; 2]).collect()
        } else {
            colour.chars().skip(1).collect()
        };
        let channel = |from: usize| {
            let digits = long.get(from..from + 2).unwrap_or("00");
            f64::from(u8::from_str_radix(digits, 16).unwrap_or(0))
        };
        let (red, green, blue) = (channel(0), channel(2), channel(4));
        let (most, least) = (red.max(green).max(blue), red.min(green).min(blue));
        let spread = most - least;
        if spread < 0.15 * most.max(1.0) {
            return None;
        }
        let sixths = if red >= most {
            (green - blue) / spread
        } else if green >= most {
            2.0 + (blue - red) / spread
        } else {
            4.0 + (red - green) / spread
        };
        Some((60.0 * sixths).rem_euclid(360.0))
    }

    /// Every colour that a style sheet names by its digits.
    fn colours(style: &str) -> Vec<String> {
        let parts = style.split('#').skip(1);
        let digits = parts.map(|part| part.chars().take_while(char::is_ascii_hexdigit).collect::<String>());
        digits.filter(|digits| [3, 6].contains(&digits.len())).map(|digits| format!("#{digits}")).collect()
    }

    /// Without red and green nobody can read a page as a traffic light.
    #[test]
    fn no_colour_of_a_drawing_a_page_or_a_display_is_red_or_green() {
        let styles = [
            include_str!("../../../assets/style.css"),
            include_str!("../../../assets/display.css"),
            include_str!("../../../assets/publish.css"),
        ];
        let mut all: Vec<String> = styles.into_iter().flat_map(colours).collect();
        assert!(all.len() > 40, "{all:?}");
        all.extend([TEAL, ORANGE].map(str::to_owned));
        for colour in all {
            let Some(hue) = hue(&colour) else { continue };
            assert!((20.0..=60.0).contains(&hue) || (165.0..=300.0).contains(&hue), "{colour} is at {hue:.0}");
        }
        assert!(hue("#d5281b").is_some_and(|red| red < 20.0) && hue("#00a000").is_some_and(|green| green > 60.0));
        assert_eq!(hue("#999"), None);
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
