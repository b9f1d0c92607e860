//! The distribution function of the beta distribution, for shapes of any size.
//!
//! The library's takes differences of logarithms of gamma functions, which lose a digit for every digit of the shapes, and 140
//! steps of the continued fraction, which are too few for large ones: from a thousand million on, intervals made with it did not
//! contain their own estimate. Here the factor in front comes from C. Loader's deviances (*Fast and Accurate Computation of
//! Binomial Probabilities*, 2000; R's `dbinom`), in which nothing cancels, and the fraction (M. Abramowitz and I. A. Stegun,
//! 26.5.8, by the method of Lentz) goes on until it stands.

use std::f64::consts::TAU;

use statrs::function::gamma::ln_gamma;

/// More steps of the fraction than any tail of 25 % or less needs, whatever the shapes.
const MOST_STEPS: u32 = 20_000;

/// From here on the series of what Stirling's formula leaves has all its digits.
const SERIES_FROM: f64 = 10.0;

/// I(x; a, b): the probability of x or less. Both shapes are above 0; x is between 0 and 1.
pub(super) fn beta_lower(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 {
        0.0
    } else if x >= 1.0 {
        1.0
    } else if x < (a + 1.0) / (a + b + 2.0) {
        near_tail(a, b, x)
    } else {
        1.0 - near_tail(b, a, 1.0 - x)
    }
}

/// The same where x is not above the mean, so that the fraction is quick.
fn near_tail(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = f64::MIN_POSITIVE / f64::EPSILON;
    let not_zero = |number: f64| if number.abs() < TINY { TINY } else { number };
    let mut above = 1.0;
    let mut below = 1.0 / not_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = below;
    for step in 1..=MOST_STEPS {
        let step = f64::from(step);
        let place = a + 2.0 * step;
        let even = step * (b - step) * x / ((place - 1.0) * place);
        let odd = -(a + step) * (a + b + step) * x / (place * (place + 1.0));
        for term in [even, odd] {
            below = 1.0 / not_zero(1.0 + term * below);
            above = not_zero(1.0 + term / above);
            fraction *= above * below;
        }
        if (above * below - 1.0).abs() <= f64::EPSILON {
            break;
        }
    }
    front(a, b, x) * fraction / a
}

/// `x^a (1 - x)^b / B(a, b)`, as what it is at the mean times what is lost away from it.
fn front(a: f64, b: f64, x: f64) -> f64 {
    let mean = a / (a + b);
    let rise = (x - mean) / mean;
    let fall = (mean - x) * (a + b) / b;
    let lost = a * ln_less_linear(rise) + b * ln_less_linear(fall);
    let rest = stirling_rest(a + b) - stirling_rest(a) - stirling_rest(b);
    (lost + rest).exp() * (mean * b / TAU).sqrt()
}

/// ln(1 + u) - u.
fn ln_less_linear(u: f64) -> f64 {
    if u.abs() > 0.1 {
        return u.ln_1p() - u;
    }
    -(u * u) * (2..20_i32).rev().fold(0.0, |sum, power| 1.0 / f64::from(power) - u * sum)
}

/// What Stirling's formula leaves of the logarithm of the gamma function.
fn stirling_rest(z: f64) -> f64 {
    if z < SERIES_FROM {
        return ln_gamma(z) - ((z - 0.5) * z.ln() - z + 0.5 * TAU.ln());
    }
    let coefficients: [f64; 6] =
        [691.0 / 360_360.0, 1.0 / 1_188.0, 1.0 / 1_680.0, 1.0 / 1_260.0, 1.0 / 360.0, 1.0 / 12.0];
    let square = 1.0 / (z * z);
    coefficients.iter().fold(0.0, |sum, coefficient| coefficient - square * sum) / z
}

#[cfg(test)]
mod tests {
    use statrs::function::beta::beta_reg;

    use super::*;

    #[test]
    fn ends_are_exact_and_whole_shapes_have_closed_forms() {
        for (a, b, x, expected) in
            [(2.0, 3.0, 0.0, 0.0), (2.0, 3.0, 1.0, 1.0), (1.0, 1.0, 0.3, 0.3), (2.0, 1.0, 0.3, 0.09)]
        {
            let found = beta_lower(a, b, x);
            assert!((found - expected).abs() < 1e-14, "I({x}; {a}, {b}) = {found}");
        }
    }

    proptest::proptest! {
        /// The library is right where shapes are small.
        #[test]
        fn small_shapes_are_as_the_library_has_them(a in 0.5..300.0_f64, b in 0.5..300.0_f64, x in 0.0..1.0_f64) {
            let (found, expected) = (beta_lower(a, b, x), beta_reg(a, b, x));
            proptest::prop_assert!((found - expected).abs() < 1e-10, "I({x}; {a}, {b}) = {found}, not {expected}");
        }
    }
}
