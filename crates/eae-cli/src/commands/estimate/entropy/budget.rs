//! The memory of an estimate, and the number of parts that keeps it within a bound.

/// Largest number of parts. Each pair of parts exchanges messages.
const MOST_PARTS: usize = 200;

/// Rows whose entropy is estimated.
#[derive(Clone, Copy)]
pub(super) struct Estimate {
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) k: usize,
}

impl Estimate {
    /// Returns the smallest number of parts for which the program needs at most `limit` bytes.
    ///
    /// # Errors
    ///
    /// The least limit for which there is one.
    pub(super) fn parts(self, limit: usize) -> Result<usize, usize> {
        let least = || (1..=MOST_PARTS).map(|parts| self.bytes(parts)).min().expect("there is at least one part");
        (1..=MOST_PARTS).find(|&parts| self.bytes(parts) <= limit).ok_or_else(least)
    }

    /// Returns the most bytes that the program needs with this many parts. The measured peaks for 1
    /// to 20 columns are lower, by a tenth for all rows at once, and by more for parts of which few
    /// points ask others.
    fn bytes(self, parts: usize) -> usize {
        let Self { rows, columns, k } = self;
        // Lists of the pairs that pass a filter, if all pairs are compared.
        let lists = if columns <= 3 { 0 } else { 8 * columns + 40 * k + 448 };
        if parts == 1 {
            return PROGRAM.saturating_add(rows.saturating_mul(16 * columns + 160 + lists));
        }
        // The regions of a sample have unequal shares.
        let largest = rows.div_ceil(parts).saturating_mul(11) / 10;
        // The points, a tree, as many questions of others, the neighbors, and their answers.
        let of_row = 24 * columns + 48 + 32 * k + lists;
        // Every part gathers a sample of all parts, several copies of which exist for a moment.
        let of_part = 5 * 8 * (columns + 1) * SAMPLE.min(largest) + THREAD;
        let between = parts * parts * CHANNEL;
        PROGRAM.saturating_add(largest.saturating_mul(of_row)).saturating_add(parts * of_part + between)
    }
}

/// Bytes of the program without rows.
const PROGRAM: usize = 16 << 20;

/// Number of rows that each part contributes to the sample that divides space.
const SAMPLE: usize = 2048;

/// Bytes of a thread.
const THREAD: usize = 1 << 16;

/// Bytes of the channel between two parts.
const CHANNEL: usize = 2 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_memory_needs_fewer_parts() {
        for (columns, k) in [(1, 1), (3, 4), (8, 4), (20, 50)] {
            let estimate = Estimate { rows: 3_000_000, columns, k };
            let mut before = MOST_PARTS;
            for limit in (6..40).map(|power| 1 << power) {
                match estimate.parts(limit) {
                    Ok(parts) => {
                        assert!(parts <= before && estimate.bytes(parts) <= limit);
                        before = parts;
                    }
                    Err(least) => assert!(least > limit && estimate.parts(least).is_ok()),
                }
            }
            assert_eq!(before, 1);
        }
    }
}
