//! Dice that fall the same way for ever: `SplitMix64` (G. L. Steele, D. Lea, C. H. Flood, *Fast splittable pseudorandom number
//! generators*, OOPSLA 2014). A library's generator may change between versions; a demonstration's past may not.

/// Seeded dice.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64, purpose: u64) -> Self {
        let mut dice = Self(seed ^ purpose.wrapping_mul(0xd134_2543_de82_ef95));
        dice.next();
        dice
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A part of one, 0 included and 1 not.
    pub(super) fn part(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Between two ends.
    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.part()
    }

    /// A whole number from 0 and below `count`.
    pub(super) fn below(&mut self, count: usize) -> usize {
        // The high half of a product is uniform enough for counts this small, and has no rounding.
        usize::try_from((u128::from(self.next()) * count as u128) >> 64).unwrap_or(0)
    }

    /// Whether something with this probability happens.
    pub(super) fn happens(&mut self, probability: f64) -> bool {
        self.part() < probability
    }

    /// One of some.
    pub(super) fn one<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.below(from.len()))
    }

    /// One of some by weight.
    pub(super) fn weighted<T: Copy>(&mut self, from: &[(T, f64)]) -> Option<T> {
        let mut left = self.part() * from.iter().map(|(_, weight)| weight).sum::<f64>();
        from.iter()
            .find(|(_, weight)| {
                left -= weight;
                left < 0.0
            })
            .or(from.last())
            .map(|(thing, _)| *thing)
    }
}
