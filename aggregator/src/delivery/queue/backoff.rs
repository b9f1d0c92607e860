//! How long a message rests after a try that failed.

use jiff::SignedDuration;

use crate::delivery::Urgency;

/// After the first try.
const FIRST: SignedDuration = SignedDuration::from_secs(1);
/// Somebody waits: a receiver that comes back is told within half a minute.
const LONGEST_FOR_HELP: SignedDuration = SignedDuration::from_secs(30);
/// Everything else.
pub(super) const LONGEST: SignedDuration = SignedDuration::from_mins(10);

/// Twice as long after every try, up to a bound, of which chance takes up to a half, so that not everything comes back at once. A
/// receiver that says how long it wants to be left alone is.
pub(super) fn pause(urgency: Urgency, tries: u32, jitter: f64, wait_s: Option<u32>) -> SignedDuration {
    let longest = match urgency {
        Urgency::Help => LONGEST_FOR_HELP,
        Urgency::Ordinary => LONGEST,
    };
    let doubled = FIRST.saturating_mul(1_i32 << tries.saturating_sub(1).min(16));
    let share = 1.0 - 0.5 * jitter.clamp(0.0, 1.0);
    let pause = doubled.min(longest).mul_f64(share);
    let wanted = wait_s.map_or(SignedDuration::ZERO, |seconds| SignedDuration::from_secs(i64::from(seconds)));
    pause.max(wanted.min(longest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_bound_and_chance_takes_at_most_half() {
        let seconds = |urgency, tries, jitter, wait| pause(urgency, tries, jitter, wait).as_millis();
        for (urgency, tries, jitter, wait, expected) in [
            (Urgency::Help, 1, 0.0, None, 1_000),
            (Urgency::Help, 1, 1.0, None, 500),
            (Urgency::Help, 3, 0.0, None, 4_000),
            (Urgency::Help, 3, 0.5, None, 3_000),
            (Urgency::Help, 40, 0.0, None, 30_000),
            (Urgency::Ordinary, 10, 0.0, None, 512_000),
            (Urgency::Ordinary, 4_000_000_000, 0.0, None, 600_000),
            (Urgency::Help, 1, 0.0, Some(7), 7_000),
            (Urgency::Help, 1, 0.0, Some(4_000_000_000), 30_000),
            (Urgency::Ordinary, 5, 0.0, Some(2), 16_000),
        ] {
            assert_eq!(seconds(urgency, tries, jitter, wait), expected, "{urgency:?} {tries} {jitter} {wait:?}");
        }
    }
}
