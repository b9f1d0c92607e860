//! Quantiles of the normal, Student's t and beta distributions.

use std::sync::LazyLock;

use statrs::distribution::{ContinuousCDF, Normal};

use super::incomplete_beta::beta_lower;

/// The half-width of a two-sided normal interval in standard errors: 1.959964 at level 0.95.
pub fn normal_two_sided(level: f64) -> f64 {
    // Pages ask for this one thousands of times.
    static AT_95: LazyLock<f64> = LazyLock::new(|| upper_tail(0.95));
    if level.to_bits() == 0.95_f64.to_bits() { *AT_95 } else { upper_tail(level) }
}

/// The lower tail keeps its precision where 1 - level is small.
fn upper_tail(level: f64) -> f64 {
    -Normal::standard().inverse_cdf((1.0 - level) / 2.0)
}

/// The quantile of the standard normal distribution for a probability strictly between 0 and 1.
pub fn normal_lower(probability: f64) -> f64 {
    Normal::standard().inverse_cdf(probability)
}

/// The half-width of a two-sided t interval in standard errors, for 1 or more degrees of freedom.
///
/// Up to 1,000 degrees of freedom the finite series of Abramowitz and Stegun 26.7.3 and 26.7.4 is inverted by Newton's method;
/// above, the expansion around the normal quantile (26.7.5), whose next term is below 1e-15 there. Neither takes differences of
/// logarithms of gamma functions, which lose digits where the degrees of freedom are many.
pub fn student_two_sided(level: f64, degrees_of_freedom: u64) -> f64 {
    let v = degrees_of_freedom as f64;
    if degrees_of_freedom > 1_000 {
        let z = normal_two_sided(level);
        let q = z * z;
        let g1 = z * (q + 1.0) / 4.0;
        let g2 = z * ((5.0 * q + 16.0) * q + 3.0) / 96.0;
        let g3 = z * (((3.0 * q + 19.0) * q + 17.0) * q - 15.0) / 384.0;
        let g4 = z * ((((79.0 * q + 776.0) * q + 1482.0) * q - 1920.0) * q - 945.0) / 92_160.0;
        return z + (g1 + (g2 + (g3 + g4 / v) / v) / v) / v;
    }
    // With t = √v tan θ the two-sided probability is concave in θ, so that Newton's method never passes the root from below.
    let mut angle = 0.0_f64;
    for _ in 0..100 {
        let (probability, slope) = student_at(angle, degrees_of_freedom);
        let next = angle + (level - probability) / slope;
        if next <= angle {
            break;
        }
        angle = next;
    }
    v.sqrt() * angle.tan()
}

/// P(|T| ≤ √v tan θ) and its derivative by θ.
fn student_at(angle: f64, degrees_of_freedom: u64) -> (f64, f64) {
    let (sine, cosine) = angle.sin_cos();
    let square = cosine * cosine;
    let odd = degrees_of_freedom % 2 == 1;
    // The series' terms grow by cos² (j+1)/(j+2) with j even for odd v and odd for even v; the slope's factor by (j+1)/j.
    let (mut term, mut sum, mut slope) =
        if odd { (cosine, 0.0, std::f64::consts::FRAC_2_PI) } else { (1.0, 1.0, cosine) };
    let mut j = if odd { 1 } else { 2 };
    while j < degrees_of_freedom {
        let at = j as f64;
        if odd {
            sum += term;
            term *= square * (at + 1.0) / (at + 2.0);
        } else {
            term *= square * (at - 1.0) / at;
            sum += term;
        }
        slope *= square * (at + 1.0) / at;
        j += 2;
    }
    if odd { (std::f64::consts::FRAC_2_PI * (angle + sine * sum), slope) } else { (sine * sum, slope) }
}

/// The quantile of the beta distribution: x with I(x; a, b) = probability.
///
/// By bisection around the normal approximation. The library's own inverse does not end for some shapes, 1 and 10,000,000 among them.
pub fn inverse_beta(probability: f64, a: f64, b: f64) -> f64 {
    if probability <= 0.0 {
        return 0.0;
    }
    if probability >= 1.0 {
        return 1.0;
    }
    let mean = a / (a + b);
    let guess = mean + normal_lower(probability) * (mean * (1.0 - mean) / (a + b + 1.0)).sqrt();
    let guess = if guess > 0.0 && guess < 1.0 { guess } else { mean };
    let is_below = |x: f64| beta_lower(a, b, x) < probability;
    let (mut low, mut high) = bracket(guess, is_below);
    while high - low > f64::EPSILON * high {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            break;
        }
        if is_below(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    low + (high - low) / 2.0
}

/// A bracket from a guess outwards, in steps that grow: it ends at 0 and at 1.
fn bracket(guess: f64, is_below: impl Fn(f64) -> bool) -> (f64, f64) {
    const FIRST_STEP: f64 = 1e-9;
    const GROWTH: f64 = 8.0;
    let (mut low, mut high) = (guess, guess);
    let mut step = FIRST_STEP;
    while low > 0.0 && !is_below(low) {
        high = low;
        low *= 1.0 - step;
        step = (step * GROWTH).min(0.5);
    }
    step = FIRST_STEP;
    while high < 1.0 && is_below(high) {
        low = high;
        high = (high * (1.0 + step)).min(1.0);
        step = (step * GROWTH).min(1.0);
    }
    (low, high)
}

#[cfg(test)]
mod tests {
    use statrs::function::beta::beta_reg;

    use super::*;

    #[track_caller]
    fn check(found: f64, expected: f64) {
        assert!((found - expected).abs() <= 1e-12 * expected.abs(), "{found:?} is not {expected:?}");
    }

    /// References from the same series in arithmetic of 40 digits, inverted by bisection.
    #[test]
    fn quantiles_match_references() {
        check(normal_two_sided(0.95), 1.959_963_984_540_054);
        check(student_two_sided(0.95, 1), 12.706_204_736_174_704);
        check(student_two_sided(0.95, 2), 4.302_652_729_749_464);
        check(student_two_sided(0.95, 4), 2.776_445_105_197_794);
        check(student_two_sided(0.95, 7), 2.364_624_251_592_785);
        check(student_two_sided(0.95, 10), 2.228_138_851_986_275);
        check(student_two_sided(0.95, 30), 2.042_272_456_301_238);
        check(student_two_sided(0.95, 100), 1.983_971_518_523_552);
        check(student_two_sided(0.95, 1_000), 1.962_339_080_826_408);
    }

    /// The two ways of computing t agree where they meet.
    #[test]
    fn the_expansion_meets_the_inversion() {
        let (below, above) = (student_two_sided(0.95, 1_000), student_two_sided(0.95, 1_001));
        // Between neighbours t falls by (z³ + z)/4v², about 2.4e-6.
        let fall = (1.96_f64.powi(3) + 1.96) / 4e6;
        assert!((below - above - fall).abs() < 1e-2 * fall, "{below} {above}");
    }

    proptest::proptest! {
        #[test]
        fn the_beta_quantile_inverts_the_distribution(p in 0.001..0.999_f64, a in 0.5..300.0_f64, b in 0.5..300.0_f64) {
            let x = inverse_beta(p, a, b);
            proptest::prop_assert!((beta_reg(a, b, x) - p).abs() < 1e-9, "I({x}; {a}, {b}) is not {p}");
        }
    }
}
