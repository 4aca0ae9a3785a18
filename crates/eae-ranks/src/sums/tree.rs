use std::ops::{AddAssign, Range};

use bytemuck::Pod;

use super::{Shards, split};
use crate::{RankResult, Ranks, Typed};

/// Adds arrays of the same length, one for each shard, which are on the ranks of their shards, and
/// returns the sum on every rank.
///
/// The arrays are added by a balanced binary tree over their order: a tree over `n` arrays adds the
/// sum of the first `n - n/2` to the sum of the others. The order of additions depends on the
/// number of shards alone, so the sum has the same bits for any number of ranks. Its rounding error
/// grows as `log n`.
///
/// Each rank adds the arrays of one part of the entries. It gets them from the others, who add
/// their own arrays first where these are a whole branch of the tree.
///
/// # Errors
///
/// [`RankError`](crate::RankError).
///
/// # Panics
///
/// If this rank has no shard, or does not pass one array for each of its shards, or if the arrays
/// have different lengths.
pub fn tree_sum_over<T: Pod + AddAssign>(
    ranks: &(impl Ranks + ?Sized),
    shards: Shards,
    arrays: Vec<Vec<T>>,
) -> RankResult<Vec<T>> {
    let (size, mine) = (ranks.size(), shards.of_rank(ranks.rank(), ranks.size()));
    assert!(!arrays.is_empty() && arrays.len() == mine.len(), "{} arrays for the shards {mine:?}", arrays.len());
    let length = arrays[0].len();
    let mut arrays = arrays;
    let mut leaf =
        |node: &Range<usize>| if node.len() == 1 { take(&mut arrays, node.start - mine.start) } else { None };
    let sums: Vec<Vec<T>> =
        branches(0..shards.count(), &mine).into_iter().map(|branch| sum_of_node(branch, &mut leaf)).collect();
    let part = |rank: usize| split(length, rank, size);
    let message = |rank: usize| sums.iter().flat_map(|sum| &sum[part(rank)]).copied().collect();
    let received = ranks.all_to_all_of::<T>((0..size).map(message).collect())?;
    // The branches of every rank, with its part of their sums.
    let mut known = Vec::new();
    for (rank, numbers) in received.iter().enumerate() {
        let branches = branches(0..shards.count(), &shards.of_rank(rank, size));
        let lengths = numbers.len() / branches.len().max(1);
        known.extend(branches.into_iter().zip(numbers.chunks(lengths.max(1))));
    }
    let mut branch = |node: &Range<usize>| known.iter().find(|(known, _)| known == node).map(|(_, sum)| sum.to_vec());
    let sum = if part(ranks.rank()).is_empty() { Vec::new() } else { sum_of_node(0..shards.count(), &mut branch) };
    Ok(ranks.all_gather_of(&sum)?.concat())
}

impl Shards {
    /// Returns the number of branches of the tree of [`tree_sum_over`] that ranks add by
    /// themselves, and whose sums they send to others.
    pub fn branches(self, ranks: usize) -> usize {
        (0..ranks).map(|rank| branches(0..self.count(), &self.of_rank(rank, ranks)).len()).sum()
    }
}

/// Returns the largest branches of the tree under `node` whose shards are all among `mine`.
fn branches(node: Range<usize>, mine: &Range<usize>) -> Vec<Range<usize>> {
    if node.start >= mine.end || node.end <= mine.start {
        return Vec::new();
    }
    if node.start >= mine.start && node.end <= mine.end {
        return vec![node];
    }
    let [left, right] = halves(node);
    [branches(left, mine), branches(right, mine)].concat()
}

fn halves(node: Range<usize>) -> [Range<usize>; 2] {
    let middle = node.start + node.len().div_ceil(2);
    [node.start..middle, middle..node.end]
}

/// Returns the sum of the arrays of a branch. `known` returns sums that are already there, at least
/// those of single shards.
fn sum_of_node<T: Copy + AddAssign>(
    node: Range<usize>,
    known: &mut dyn FnMut(&Range<usize>) -> Option<Vec<T>>,
) -> Vec<T> {
    if let Some(sum) = known(&node) {
        return sum;
    }
    assert!(node.len() > 1, "there is no array for shard {}", node.start);
    let [left, right] = halves(node);
    let mut sum = sum_of_node(left, known);
    let other = sum_of_node(right, known);
    assert_eq!(sum.len(), other.len(), "the arrays have different lengths");
    sum.iter_mut().zip(other).for_each(|(sum, x)| *sum += x);
    sum
}

fn take<T>(arrays: &mut [Vec<T>], place: usize) -> Option<Vec<T>> {
    Some(std::mem::take(&mut arrays[place]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Counted, Threads};

    /// Adds arrays by the tree in one process.
    fn tree_sum<T: Copy + AddAssign>(mut arrays: Vec<Vec<T>>) -> Vec<T> {
        let count = arrays.len();
        let mut leaf = |node: &Range<usize>| if node.len() == 1 { take(&mut arrays, node.start) } else { None };
        sum_of_node(0..count, &mut leaf)
    }

    #[test]
    fn adds_in_the_order_of_the_tree() {
        let x = [1e16_f64, 1.0, 1.0, -1e16, 3.0];
        let arrays = x.iter().map(|&x| vec![x, 2.0 * x]).collect();
        let expected = ((x[0] + x[1]) + x[2]) + (x[3] + x[4]);
        assert_eq!(tree_sum(arrays), [expected, 2.0 * expected]);
        // In the order of a loop, the result differs.
        assert_ne!(x.iter().sum::<f64>(), expected);
    }

    #[test]
    fn ranks_have_the_sum_of_one_process() {
        for count in [1, 2, 3, 5, 8, 12] {
            for length in [0, 1, 7, 100] {
                let array = |shard: usize| -> Vec<f32> {
                    (0..length).map(|i| ((31 * shard + i) as f32).sin() * 10_f32.powi(i as i32 % 7)).collect()
                };
                let expected = tree_sum((0..count).map(array).collect());
                for size in [1, 2, 3, 5, 8].into_iter().filter(|size| *size <= count) {
                    let shards = Shards::new(count);
                    let sums = Threads::run(size, |ranks| {
                        let mine = shards.of_rank(ranks.rank(), size).map(array).collect();
                        tree_sum_over(ranks, shards, mine).unwrap()
                    });
                    for sum in sums {
                        let bits = |sum: &[f32]| sum.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
                        assert_eq!(bits(&sum), bits(&expected), "{count} shards on {size} ranks");
                    }
                }
            }
        }
    }

    /// With a whole branch on each rank, a rank sends each number about twice, however many shards
    /// there are.
    #[test]
    fn branches_are_added_before_they_are_sent() {
        let bytes = Threads::run(4, |ranks| {
            let counted = Counted::new(ranks);
            tree_sum_over(&counted, Shards::new(64), vec![vec![1.0_f64; 1000]; 16]).unwrap();
            counted.traffic().bytes
        });
        assert_eq!(bytes, [8 * (750 + 750); 4]);
    }
}
