/// A set of integers below a bound that finds the next or the previous member in a few steps.
///
/// Each number has one bit. Each higher level has one bit for each nonzero word of 64 bits in the
/// level below.
#[derive(Debug, Clone)]
pub(super) struct Places {
    levels: Vec<Vec<u64>>,
}

impl Places {
    /// Creates the set of all numbers below `n`.
    pub(super) fn full(n: usize) -> Self {
        let mut levels = Vec::new();
        let mut bits = n;
        loop {
            // One more bit is allocated, because `previous` may start after the last number.
            let mut level = vec![u64::MAX; bits / 64];
            level.push((1 << (bits % 64)) - 1);
            let words = level.len();
            levels.push(level);
            if words == 1 {
                return Self { levels };
            }
            bits = bits.div_ceil(64);
        }
    }

    pub(super) fn insert(&mut self, mut place: usize) {
        for level in &mut self.levels {
            let word = &mut level[place / 64];
            let known = *word != 0;
            *word |= 1 << (place % 64);
            if known {
                return;
            }
            place /= 64;
        }
    }

    pub(super) fn remove(&mut self, mut place: usize) {
        for level in &mut self.levels {
            let word = &mut level[place / 64];
            *word &= !(1 << (place % 64));
            if *word != 0 {
                return;
            }
            place /= 64;
        }
    }

    /// Returns the smallest number in the set that is not below `from`.
    pub(super) fn next(&self, mut from: usize) -> Option<usize> {
        for (l, level) in self.levels.iter().enumerate() {
            let word = level.get(from / 64)? & (u64::MAX << (from % 64));
            if word != 0 {
                let found = from / 64 * 64 + word.trailing_zeros() as usize;
                // Descend to the first number below.
                let down = self.levels[..l].iter().rev();
                return Some(down.fold(found, |at, level| 64 * at + level[at].trailing_zeros() as usize));
            }
            from = from / 64 + 1;
        }
        None
    }

    /// Returns the largest number in the set below `before`.
    pub(super) fn previous(&self, mut before: usize) -> Option<usize> {
        for (l, level) in self.levels.iter().enumerate() {
            let (at, bit) = (before / 64, before % 64);
            let word = level.get(at).map_or(0, |word| word & ((1 << bit) - 1));
            if word != 0 {
                let found = at * 64 + word.ilog2() as usize;
                // Descend to the last number below.
                let down = self.levels[..l].iter().rev();
                return Some(down.fold(found, |at, level| 64 * at + level[at].ilog2() as usize));
            }
            before = at;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn behaves_like_a_standard_library_set(
            n in prop_oneof![1..200_usize, 4090..4200_usize, Just(4096), Just(64 * 4096)],
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 0..300),
            mostly_empty: bool,
        ) {
            let (mut places, mut set) = (Places::full(n), (0..n).collect::<BTreeSet<_>>());
            if mostly_empty {
                for place in 0..n {
                    places.remove(place);
                }
                set.clear();
            }
            for (place, present) in changes {
                let place = place.index(n);
                if present {
                    places.insert(place);
                    set.insert(place);
                } else {
                    places.remove(place);
                    set.remove(&place);
                }
                for at in [0, 1, place, place + 1, place.saturating_sub(64), n - 1, n] {
                    prop_assert_eq!(places.next(at), set.range(at..).next().copied());
                    prop_assert_eq!(places.previous(at), set.range(..at).next_back().copied());
                }
            }
        }
    }
}
