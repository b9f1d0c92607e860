//! The random order in which a visit goes from bed to bed.
//!
//! The order is a function of the visit's seed and the number of beds alone, so that whoever has the visit log and the ward's
//! board can draw it again, although no bed was ever written down. It is Fisher and Yates' shuffle from the last place to the
//! first, with numbers from `SplitMix64` (Steele, Lea and Flood, 2014) taken below a bound by rejection, so that every order is
//! equally likely. Changing any of this is a new [`METHOD`].

/// The name of the method in the visit log.
pub const METHOD: &str = "fisher-yates-splitmix64-1";

/// The places 0 to `count` - 1 in the order of a seed.
pub fn order(seed: u64, count: usize) -> Vec<usize> {
    let mut numbers = SplitMix64(seed);
    let mut places: Vec<usize> = (0..count).collect();
    for last in (1..count).rev() {
        places.swap(last, numbers.below(last + 1));
    }
    places
}

/// The seed of a session's visit of that number.
pub(super) fn visit_seed(session_seed: u64, visit: u64) -> u64 {
    SplitMix64(session_seed ^ visit.wrapping_mul(0xd134_2543_de82_ef95)).next()
}

struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below a bound, which is not 0. A draw from the uneven end of the range is thrown away.
    fn below(&mut self, bound: usize) -> usize {
        let bound = bound as u64;
        let even = u64::MAX - u64::MAX % bound;
        loop {
            let drawn = self.next();
            if drawn < even {
                return usize::try_from(drawn % bound).unwrap_or(0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_order_of_a_seed_never_changes() {
        // Drawn by an independent implementation in Python; an audit years later must find the same.
        assert_eq!(SplitMix64(1_234_567).next(), 6_457_827_717_110_365_317);
        assert_eq!(order(7, 8), [1, 4, 5, 2, 6, 0, 3, 7]);
        assert_eq!(order(0, 0), Vec::<usize>::new());
        assert_eq!(order(9, 1), [0]);
    }

    #[test]
    fn every_bed_is_first_about_equally_often() {
        let mut first = [0_u32; 6];
        for seed in 0..6_000 {
            if let Some(count) = order(seed, 6).first().and_then(|place| first.get_mut(*place)) {
                *count += 1;
            }
        }
        // 1,000 expected, standard deviation 29.
        assert!(first.iter().all(|count| (870..1_130).contains(count)), "{first:?}");
    }

    proptest! {
        #[test]
        fn an_order_is_every_place_once(seed: u64, count in 0usize..200) {
            let mut places = order(seed, count);
            prop_assert_eq!(&places, &order(seed, count));
            places.sort_unstable();
            prop_assert_eq!(places, (0..count).collect::<Vec<_>>());
        }
    }
}
