use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::RngCore;

/// The kind of surrogates of a [`PermutationTest`](crate::PermutationTest). It determines which
/// dependence is preserved when the rows of one variable are rearranged.
///
/// A surrogate must preserve every dependence except the one that is tested. Otherwise the test
/// finds dependence where there is none:
///
/// | rows | surrogates | preserves |
/// |---|---|---|
/// | independent observations | [`Shuffle`](Surrogates::Shuffle) | the distribution of the variable |
/// | a series | [`Rotate`](Surrogates::Rotate) | its autocorrelation, except at one seam |
/// | a series too short for enough rotations | [`Blocks`](Surrogates::Blocks) | its autocorrelation within blocks |
/// | observations of `x`, `y` and `z`, for `I(x; y | z)` | [`Local`](Surrogates::Local) | the dependence of `x` on `z` |
///
/// [`autocorrelation`](crate::autocorrelation()) distinguishes independent rows from a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Surrogates {
    /// Shuffles the rows. Rows must be independent of each other: with two autocorrelated series,
    /// nearly every test finds a dependence that does not exist.
    #[default]
    Shuffle,
    /// Rotates the series: row `i` becomes row `i + shift`, and the start follows the end. The
    /// shifts of the surrogates are drawn without replacement from `min_shift..=n - min_shift`.
    Rotate {
        /// The smallest shift, in either direction. 0 acts as 1, because a surrogate must differ
        /// from the observed rows.
        /// [`Autocorrelation::min_shift`](crate::Autocorrelation::min_shift) suggests a value.
        min_shift: usize,
    },
    /// Cuts the series into blocks of consecutive rows and shuffles the blocks. The first cut is
    /// random for every surrogate, so the first and the last block may be shorter.
    Blocks {
        /// The number of rows of a block, at most half of all rows.
        /// [`Autocorrelation::block_length`](crate::Autocorrelation::block_length) suggests a
        /// value.
        length: usize,
    },
    /// Replaces each row by a row with nearly equal `z` (Runge, AISTATS 2018). In random order,
    /// each row draws one of its candidates, which are the row itself and its `k` nearest neighbors
    /// in `z` (maximum norm). Candidates that no other row has drawn are preferred. Rows tied with
    /// the k-th neighbor are candidates as well. If `z` is discrete, the rows with each value of
    /// `z` are therefore permuted among themselves.
    ///
    /// The paper counts the row itself in its number of neighbors, `k_perm = k + 1`. Usual values
    /// of `k_perm` are 5 to 10. Columns of `z` with different units should be standardized. Rows
    /// must be independent, as for [`Shuffle`](Surrogates::Shuffle).
    ///
    /// The neighbors must be so near in `z` that the difference in `z` hardly changes `x`. This
    /// fails if there are few rows, `z` has several dimensions, and `z` nearly determines `x` and
    /// `y`. Every test then finds dependence. For example, 200 rows suffice if `z` has one
    /// dimension and the residuals of `x` and `y` are 5 % of the spread of `z`. They do not suffice
    /// if `z` has three dimensions, even if the residuals are 50 %.
    Local {
        /// The number of neighbors.
        k: usize,
    },
}

/// Returns a number from `0..end`, uniform except for a bias of `end / 2^64`.
pub(super) fn below(end: usize, rng: &mut ChaCha8Rng) -> usize {
    // Take the high half of the product.
    ((u128::from(rng.next_u64()) * end as u128) >> 64) as usize
}

/// Shuffles the items by the Fisher-Yates algorithm.
pub(crate) fn shuffle<T>(items: &mut [T], rng: &mut ChaCha8Rng) {
    for last in (1..items.len()).rev() {
        items.swap(last, below(last + 1, rng));
    }
}

/// Returns `count` different numbers from `0..end`.
pub(super) fn draw_without_replacement(count: usize, end: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
    let mut numbers: Vec<usize> = (0..end).collect();
    for place in 0..count {
        numbers.swap(place, place + below(end - place, rng));
    }
    numbers.truncate(count);
    numbers
}

/// Returns the rows `0..n` in shuffled blocks of `length` rows.
pub(crate) fn shuffled_blocks(n: usize, length: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
    let phase = below(length, rng);
    let whole = (phase..n).step_by(length).map(|start| start..n.min(start + length));
    let mut blocks: Vec<_> = std::iter::once(0..phase).chain(whole).collect();
    shuffle(&mut blocks, rng);
    blocks.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::rand_core::SeedableRng;

    #[test]
    fn draws_are_different_and_uniform() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut counts = [0_i32; 6];
        for _ in 0..3000 {
            let drawn = draw_without_replacement(2, 6, &mut rng);
            assert_ne!(drawn[0], drawn[1]);
            drawn.iter().for_each(|&number| counts[number] += 1);
        }
        // The expected count is 1000, with a standard deviation of 26.
        assert!(counts.iter().all(|count| (count - 1000).abs() < 104), "{counts:?}");
        let mut all = draw_without_replacement(6, 6, &mut rng);
        all.sort_unstable();
        assert_eq!(all, [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn blocks_stay_whole() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        for (n, length) in [(12, 4), (13, 4), (7, 1), (9, 4)] {
            let mut first_cuts = vec![false; length];
            for _ in 0..100 {
                let order = shuffled_blocks(n, length, &mut rng);
                let mut sorted = order.clone();
                sorted.sort_unstable();
                assert!(sorted.into_iter().eq(0..n));
                // Consecutive rows are also consecutive in the series, except at the end of a
                // block. All block ends lie `length` rows apart.
                let ends = order.windows(2).filter(|pair| pair[1] != pair[0] + 1 && pair[0] + 1 != n);
                let mut cuts: Vec<usize> = ends.map(|pair| (pair[0] + 1) % length).collect();
                cuts.dedup();
                assert!(cuts.len() <= 1, "{order:?}");
                cuts.iter().for_each(|&cut| first_cuts[cut] = true);
            }
            assert!(first_cuts.iter().all(|&seen| seen), "n = {n}, length {length}: {first_cuts:?}");
        }
    }
}
