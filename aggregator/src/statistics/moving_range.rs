//! How far a series moves from one point to the next: the width of control charts.
//!
//! A moving range is `|y_i - y_i-1|` and is missing where either point is: a gap is never bridged. Screening leaves out ranges
//! of 3.267 times their mean and more, once (L. S. Nelson, *Control Charts for Individual Measurements*, Journal of Quality
//! Technology 14, 1982; 3.267 is D4 for two points, the constant of the range's own chart), so that one jump does not hide
//! the next.

use super::sum::mean;

/// Moving ranges of this many times their mean are not of the process: D4 for subgroups of two.
const SCREENING_FACTOR: f64 = 3.267;

/// Whether large moving ranges are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screening {
    /// All are kept.
    Off,
    /// One pass: those below 3.267 times the mean of all are kept.
    On,
}

/// The average moving range of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MovingRange {
    /// The average, in the series' unit; 0 only where nothing moves.
    pub average: f64,
    /// Why screening was asked for and not done.
    pub unscreened: Option<Unscreened>,
}

/// Why screening would have been worse than none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unscreened {
    /// No range would be left: the series changes only across gaps.
    NothingLeft,
    /// Only ranges of 0 would be left, and the series is not constant.
    ZeroWidth,
}

/// Why there is no average moving range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoMovingRange {
    /// There are no points at all.
    NoPoints,
    /// There is one point.
    OnePoint,
    /// No two points follow each other.
    NoNeighbours,
    /// All points are equal and screening leaves nothing.
    Constant,
}

/// The average moving range of a series in which `None` is a missing point.
///
/// Without screening a constant series has the average 0. With it there is none, as in `NHSRplotthedots`, where the mean of
/// nothing is no number.
pub fn moving_range(points: &[Option<f64>], screening: Screening) -> Result<MovingRange, NoMovingRange> {
    let ranges: Vec<f64> = points
        .iter()
        .zip(points.iter().skip(1))
        .filter_map(|(earlier, later)| Some(((*later)? - (*earlier)?).abs()))
        .collect();
    let Some(average) = mean(&ranges) else {
        return Err(match points.iter().flatten().count() {
            0 => NoMovingRange::NoPoints,
            1 => NoMovingRange::OnePoint,
            _ => NoMovingRange::NoNeighbours,
        });
    };
    if screening == Screening::Off || !average.is_finite() {
        return Ok(MovingRange { average, unscreened: None });
    }
    if is_constant(points) {
        return Err(NoMovingRange::Constant);
    }
    let kept: Vec<f64> = ranges.into_iter().filter(|range| *range < SCREENING_FACTOR * average).collect();
    Ok(match mean(&kept) {
        None => MovingRange { average, unscreened: Some(Unscreened::NothingLeft) },
        Some(screened) if screened <= 0.0 => MovingRange { average, unscreened: Some(Unscreened::ZeroWidth) },
        Some(screened) => MovingRange { average: screened, unscreened: None },
    })
}

fn is_constant(points: &[Option<f64>]) -> bool {
    let mut values = points.iter().flatten();
    let first = values.next();
    values.all(|value| Some(value) == first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(
        points: &[Option<f64>],
        screening: Screening,
        expected: Result<(f64, Option<Unscreened>), NoMovingRange>,
    ) {
        let found = moving_range(points, screening).map(|found| (found.average, found.unscreened));
        assert_eq!(found, expected, "{points:?}");
    }

    fn all(values: &[f64]) -> Vec<Option<f64>> {
        values.iter().copied().map(Some).collect()
    }

    #[test]
    fn gaps_are_not_bridged() {
        check(&[Some(1.0), Some(3.0), None, Some(9.0), Some(8.0)], Screening::Off, Ok((1.5, None)));
        check(&[Some(1.0), None, Some(9.0)], Screening::Off, Err(NoMovingRange::NoNeighbours));
        check(&[None, None], Screening::On, Err(NoMovingRange::NoPoints));
        check(&[None, Some(1.0)], Screening::On, Err(NoMovingRange::OnePoint));
        check(&[], Screening::Off, Err(NoMovingRange::NoPoints));
    }

    #[test]
    fn a_constant_series_has_a_width_of_nothing_or_none() {
        check(&all(&[8.7; 5]), Screening::Off, Ok((0.0, None)));
        check(&all(&[8.7; 5]), Screening::On, Err(NoMovingRange::Constant));
    }

    #[test]
    fn screening_falls_back_where_it_would_leave_nothing_or_no_width() {
        let mut jump = vec![1.0; 10];
        jump.push(5.0);
        check(&all(&jump), Screening::On, Ok((0.4, Some(Unscreened::ZeroWidth))));
        let plateaus = [Some(1.0), Some(1.0), None, Some(2.0), Some(2.0)];
        check(&plateaus, Screening::On, Ok((0.0, Some(Unscreened::NothingLeft))));
    }

    /// Screening is strict: a range of exactly 3.267 times the mean goes.
    #[test]
    fn screening_keeps_what_is_strictly_below() {
        check(&all(&[0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 10.0]), Screening::On, Ok((1.0, None)));
        check(&all(&[0.0, 1.0, 0.0, 2.0]), Screening::On, Ok((4.0 / 3.0, None)));
    }
}
