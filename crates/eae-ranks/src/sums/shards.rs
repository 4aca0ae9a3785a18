use std::ops::Range;

/// Fixed parts of the work, dealt out to ranks in order.
///
/// A sum over images depends on its order. So a batch is cut into a fixed number of shards, which
/// is a setting of the computation, and each shard is computed by one rank. Any number of ranks up
/// to the number of shards then computes the same numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shards {
    count: usize,
}

impl Shards {
    /// Returns `count` shards.
    ///
    /// # Panics
    ///
    /// If `count` is 0.
    pub fn new(count: usize) -> Self {
        assert!(count > 0, "there must be at least one shard");
        Self { count }
    }

    /// Returns the number of shards.
    pub fn count(self) -> usize {
        self.count
    }

    /// Returns the shards of a rank: from `rank S / P` to `(rank + 1) S / P`. With more ranks than
    /// shards, some ranks have none.
    pub fn of_rank(self, rank: usize, ranks: usize) -> Range<usize> {
        split(self.count, rank, ranks)
    }

    /// Returns the rank of a shard.
    pub fn rank_of(self, shard: usize, ranks: usize) -> usize {
        // The last rank r with r S / P <= shard, rounded down.
        ((shard + 1) * ranks).div_ceil(self.count) - 1
    }

    /// Returns the items of a shard if `items` are divided as evenly as possible. With more shards
    /// than items, some shards are empty.
    pub fn items(self, shard: usize, items: usize) -> Range<usize> {
        split(items, shard, self.count)
    }
}

/// Returns part `part` of `parts` nearly equal ranges of `0..n`.
pub(crate) fn split(n: usize, part: usize, parts: usize) -> Range<usize> {
    let at = |part: usize| (n as u128 * part as u128 / parts as u128) as usize;
    at(part)..at(part + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shard_has_one_rank() {
        for count in 1..20 {
            for ranks in 1..25 {
                let shards = Shards::new(count);
                let mut next = 0;
                for rank in 0..ranks {
                    for shard in shards.of_rank(rank, ranks) {
                        assert_eq!((shard, shards.rank_of(shard, ranks)), (next, rank));
                        next += 1;
                    }
                }
                assert_eq!(next, count);
            }
        }
    }

    #[test]
    fn items_are_divided_without_gaps() {
        for items in 0..30 {
            let shards = Shards::new(7);
            let all: Vec<usize> = (0..7).flat_map(|shard| shards.items(shard, items)).collect();
            assert_eq!(all, (0..items).collect::<Vec<_>>());
            let lengths: Vec<usize> = (0..7).map(|shard| shards.items(shard, items).len()).collect();
            assert!(lengths.iter().max().unwrap() - lengths.iter().min().unwrap() <= 1);
        }
    }
}
