//! Counts in a row of periods: a column each, in one or two kinds that differ in shape. What is not to be shown is left blank.

use maud::{Markup, html};

use super::palette::{INK, ORANGE, TEAL};
use super::round;
use crate::web::words;

const WIDTH: f64 = 240.0;
const HEIGHT: f64 = 64.0;

/// One row of counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Counts {
    /// What is counted: "Noise and rest".
    pub(crate) name: String,
    /// The columns, oldest first.
    pub(crate) columns: Vec<Column>,
}

/// One period. Both counts are none where they are not shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    /// The period in words.
    pub(crate) label: String,
    /// The first kind, drawn as a full column.
    pub(crate) first: Option<u64>,
    /// The second kind, drawn as a hollow column above it.
    pub(crate) second: Option<u64>,
}

impl Column {
    fn all(&self) -> Option<u64> {
        match (self.first, self.second) {
            (None, None) => None,
            (first, second) => Some(first.unwrap_or(0) + second.unwrap_or(0)),
        }
    }
}

/// What the drawing says, in words.
pub(crate) fn said(counts: &Counts) -> String {
    let shown: Vec<(&Column, u64)> = counts
        .columns
        .iter()
        .filter_map(|column| Some((column, column.all()?)))
        .filter(|(_, all)| *all > 0)
        .collect();
    let total = shown.iter().map(|(_, all)| all).sum();
    let Some((most, at)) = shown.iter().max_by_key(|(_, all)| *all) else {
        return format!("{}: no column to show", counts.name);
    };
    format!(
        "{}: {} in {}, most in {} ({})",
        counts.name,
        words::of(total, "comment", "comments"),
        words::of(shown.len() as u64, "fortnight", "fortnights"),
        most.label,
        words::count(*at)
    )
}

/// The drawing. `top` is the height of the highest column of all drawings beside each other, so that they can be compared.
pub(crate) fn counts(counts: &Counts, top: u64) -> Markup {
    let step = WIDTH / counts.columns.len().max(1) as f64;
    let height = |count: u64| HEIGHT * count as f64 / top.max(1) as f64;
    html! {
        svg role="img" viewBox=(format!("0 0 {WIDTH} {}", HEIGHT + 6.0)) fill="none" {
            title { (said(counts)) }
            @for (place, column) in counts.columns.iter().enumerate() {
                @let (x, wide) = (place as f64 * step + step * 0.15, step * 0.7);
                @let (full, hollow) = (height(column.first.unwrap_or(0)), height(column.second.unwrap_or(0)));
                @if full > 0.0 { rect x=(round(x)) y=(round(HEIGHT + 3.0 - full)) width=(round(wide)) height=(round(full)) fill=(TEAL) {} }
                @if hollow > 0.0 { rect x=(round(x + 0.75)) y=(round(HEIGHT + 3.0 - full - hollow)) width=(round(wide - 1.5)) height=(round(hollow)) stroke=(ORANGE) stroke-width="1.5" {} }
            }
            line x1="0" x2=(WIDTH) y1=(HEIGHT + 3.5) y2=(HEIGHT + 3.5) stroke=(INK) stroke-opacity="0.5" stroke-width="1" {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(counts: &[(Option<u64>, Option<u64>)]) -> Counts {
        let columns = counts.iter().enumerate().map(|(place, (first, second))| Column {
            label: format!("fortnight {place}"),
            first: *first,
            second: *second,
        });
        Counts { name: "Noise and rest".to_owned(), columns: columns.collect() }
    }

    #[test]
    fn what_is_drawn_is_said() {
        let found = row(&[(Some(3), Some(4)), (None, None), (Some(8), Some(0))]);
        assert_eq!(said(&found), "Noise and rest: 15 comments in 2 fortnights, most in fortnight 2 (8)");
        let drawn = counts(&found, 8).into_string();
        assert_eq!(drawn.matches("<rect").count(), 3);
        assert!(drawn.contains("height=\"64\"") && !drawn.contains("NaN"), "{drawn}");
    }

    #[test]
    fn what_is_not_shown_is_blank() {
        let found = row(&[(None, None), (Some(0), Some(0))]);
        assert_eq!(said(&found), "Noise and rest: no column to show");
        assert_eq!(counts(&found, 0).into_string().matches("<rect").count(), 0);
    }
}
