use std::ops::Range;

/// A set of integers below a bound that counts its members in a range. Each integer has a bit, and
/// the words of bits are summed in a Fenwick tree ("A new data structure for cumulative frequency
/// tables", 1994).
#[derive(Debug, Clone)]
pub(super) struct Ranks {
    words: Vec<u64>,
    /// Element `i - 1` is the number of bits in the words from `i - (i & -i)` to `i - 1`.
    sums: Vec<usize>,
}

impl Ranks {
    /// Creates the set of all numbers below `n`.
    pub(super) fn full(n: usize) -> Self {
        let words = (0..n.div_ceil(64)).map(|word| match n - 64 * word {
            64.. => u64::MAX,
            rest => (1 << rest) - 1,
        });
        let words: Vec<u64> = words.collect();
        let sums = (1..=words.len()).map(|i| (64 * i).min(n) - 64 * (i - lowest_bit(i)));
        Self { sums: sums.collect(), words }
    }

    pub(super) fn insert(&mut self, place: usize) {
        self.words[place / 64] |= 1 << (place % 64);
        self.add(place, 1);
    }

    pub(super) fn remove(&mut self, place: usize) {
        self.words[place / 64] &= !(1 << (place % 64));
        self.add(place, -1);
    }

    fn add(&mut self, place: usize, change: isize) {
        let mut i = place / 64 + 1;
        while i <= self.sums.len() {
            self.sums[i - 1] = self.sums[i - 1].wrapping_add_signed(change);
            i += lowest_bit(i);
        }
    }

    pub(super) fn count(&self, range: Range<usize>) -> usize {
        if range.is_empty() { 0 } else { self.below(range.end) - self.below(range.start) }
    }

    fn below(&self, end: usize) -> usize {
        let mut i = end / 64;
        let mut sum = match end % 64 {
            0 => 0,
            bits => (self.words[i] & ((1 << bits) - 1)).count_ones() as usize,
        };
        while i > 0 {
            sum += self.sums[i - 1];
            i -= lowest_bit(i);
        }
        sum
    }
}

fn lowest_bit(i: usize) -> usize {
    i & i.wrapping_neg()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn counts_equal_those_of_an_array(
            n in 1..700_usize,
            changes in prop::collection::vec(any::<(prop::sample::Index, bool)>(), 0..200),
        ) {
            let (mut ranks, mut present) = (Ranks::full(n), vec![true; n]);
            for (place, keep) in changes {
                let place = place.index(n);
                match (present[place], keep) {
                    (true, false) => ranks.remove(place),
                    (false, true) => ranks.insert(place),
                    _ => {}
                }
                present[place] = keep;
                for (start, end) in [(0, n), (0, place), (place, n), (place / 2, place), (place, place / 2)] {
                    let expected = (start..end).filter(|&i| present[i]).count();
                    prop_assert_eq!(ranks.count(start..end), expected);
                }
            }
        }
    }
}
