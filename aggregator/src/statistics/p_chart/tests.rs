#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics is a test that fails")]

use proptest::prelude::*;

use super::*;

fn parts(of: &[(u64, u64)]) -> Vec<Part> {
    of.iter().map(|(numerator, denominator)| Part { numerator: *numerator, denominator: *denominator }).collect()
}

#[track_caller]
fn close(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-12, "{found} is not {expected}");
}

#[test]
fn limits_depend_on_the_denominator() {
    let chart = p_chart(&parts(&[(10, 100), (30, 100), (80, 400)]), Width::Binomial);
    assert_eq!(chart.centre, Some(0.2));
    let (wide, narrow) = (chart.points[0].unwrap().limits.unwrap(), chart.points[2].unwrap().limits.unwrap());
    close(wide.lower, 0.2 - 3.0 * 0.04);
    close(wide.upper_95, 0.2 + 2.0 * 0.04);
    close(narrow.upper, 0.2 + 3.0 * 0.02);
    assert!(!chart.points.iter().any(|point| point.unwrap().is_signal()));
    let signal = p_chart(&parts(&[(5, 100), (35, 100), (80, 400)]), Width::Binomial);
    assert_eq!(
        signal.points.iter().map(|point| point.unwrap().is_signal()).collect::<Vec<_>>(),
        [true, true, false]
    );
}

#[test]
fn limits_are_clipped() {
    let chart = p_chart(&parts(&[(1, 4), (3, 4)]), Width::Binomial);
    let limits = chart.points[0].unwrap().limits.unwrap();
    assert_eq!((limits.lower, limits.upper), (0.0, 1.0));
}

/// Worked by hand: z is -2.5 and 2.5, so that sigma z is 5 / 1.128.
#[test]
fn laneys_width() {
    let chart = p_chart(&parts(&[(10, 100), (30, 100)]), Width::Laney(Screening::Off));
    close(chart.sigma_z.unwrap(), 5.0 / 1.128);
    close(chart.points[0].unwrap().limits.unwrap().lower_95, (0.2 - 2.0 * 0.04 * 5.0 / 1.128_f64).max(0.0));
    let calm = p_chart(&parts(&[(20, 100), (21, 100), (20, 100), (21, 100)]), Width::Laney(Screening::Off));
    assert!(calm.sigma_z.unwrap() < 0.5, "it is not floored at 1");
}

#[test]
fn edges() {
    let none = p_chart(&parts(&[(0, 0), (0, 0)]), Width::Laney(Screening::On));
    assert_eq!((none.centre, none.points), (None, vec![None, None]));
    let missing = p_chart(&parts(&[(1, 10), (0, 0), (9, 10)]), Width::Laney(Screening::Off));
    assert_eq!(missing.sigma_z, Err(NoWidth::NoMovingRange(NoMovingRange::NoNeighbours)));
    assert_eq!(missing.points[1], None);
    for (x, certain) in [(0, 0.0), (10, 1.0)] {
        let plain = p_chart(&parts(&[(x, 10), (x, 10)]), Width::Binomial).points[0].unwrap();
        let limits = plain.limits.unwrap();
        assert_eq!((limits.lower, limits.upper, plain.is_signal()), (certain, certain, false));
        let laney = p_chart(&parts(&[(x, 10), (x, 10)]), Width::Laney(Screening::Off));
        assert_eq!((laney.sigma_z, laney.points[0].unwrap().limits), (Err(NoWidth::Certain), None));
    }
    let one = p_chart(&parts(&[(1, 10)]), Width::Laney(Screening::Off));
    assert_eq!(one.sigma_z, Err(NoWidth::NoMovingRange(NoMovingRange::OnePoint)));
}

proptest! {
    /// Equal proportions of any size are exactly the centre, so that they never become a signal.
    #[test]
    fn equal_proportions_are_no_signal(part in 1_u64..50, more in 1_u64..50, sizes in prop::collection::vec(1_u64..1_000, 1..20)) {
        let counts: Vec<_> = sizes.iter().map(|size| (part * size, (part + more) * size)).collect();
        for width in [Width::Binomial, Width::Laney(Screening::Off), Width::Laney(Screening::On)] {
            let chart = p_chart(&parts(&counts), width);
            prop_assert!(chart.points.iter().all(|point| !point.unwrap().is_signal()));
            prop_assert!(chart.points.iter().all(|point| Some(point.unwrap().rate) == chart.centre));
        }
    }
}
