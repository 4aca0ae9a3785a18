use crate::{RankResult, Ranks, Typed};

/// A division of space into one region for each rank, by a kd-tree that all ranks know.
///
/// The tree is built from samples of the points. Each node splits the widest coordinate of its
/// sample, at the quantile that matches the number of ranks on each side, so any number of ranks
/// works. Points with equal coordinates are divided by their rows, so that even identical points
/// are spread evenly.
#[derive(Debug, Clone, PartialEq)]
pub struct Partition {
    /// Nodes in the order of a walk that visits a node before its left and then its right side.
    splits: Vec<Split>,
    ranks: usize,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Split {
    coordinate: usize,
    /// Points below this value, or at it with a row below, are on the left.
    value: f64,
    row: u64,
}

/// Number of sampled points of each rank.
pub(crate) const SAMPLE: usize = 2048;

impl Partition {
    /// Builds the tree from points of all ranks. Each rank passes a few of its points and their
    /// rows.
    ///
    /// # Errors
    ///
    /// [`RankError`](crate::RankError).
    pub fn new(ranks: &dyn Ranks, coordinates: &[f64], rows: &[u64], dimension: usize) -> RankResult<Self> {
        // One message, so that no rank holds a sample of all ranks while it waits for others.
        let points = rows.iter().zip(coordinates.chunks_exact(dimension.max(1)));
        let words = points.flat_map(|(&row, point)| [row].into_iter().chain(point.iter().map(|x| x.to_bits())));
        let gathered = ranks.all_gather_of(&words.collect::<Vec<u64>>())?;
        let count = gathered.iter().map(Vec::len).sum::<usize>() / (1 + dimension);
        let (mut rows, mut coordinates) = (Vec::with_capacity(count), Vec::with_capacity(count * dimension));
        for words in gathered {
            for point in words.chunks_exact(1 + dimension) {
                rows.push(point[0]);
                coordinates.extend(point[1..].iter().map(|&bits| f64::from_bits(bits)));
            }
        }
        let mut order: Vec<usize> = (0..rows.len()).collect();
        let mut splits = Vec::new();
        let sample = Sample { coordinates: &coordinates, rows: &rows, dimension };
        sample.split(&mut order, ranks.size(), &mut splits);
        Ok(Self { splits, ranks: ranks.size() })
    }

    /// Returns the rank whose region contains a point.
    pub fn rank_of(&self, point: &[f64], row: u64) -> usize {
        let (mut first, mut ranks, mut node) = (0, self.ranks, 0);
        while ranks > 1 {
            let left = ranks / 2;
            let Split { coordinate, value, row: at } = self.splits[node];
            if point[coordinate].total_cmp(&value).then(row.cmp(&at)).is_lt() {
                (ranks, node) = (left, node + 1);
            } else {
                // The left side has one node fewer than it has ranks.
                (first, ranks, node) = (first + left, ranks - left, node + left);
            }
        }
        first
    }
}

struct Sample<'s> {
    coordinates: &'s [f64],
    rows: &'s [u64],
    dimension: usize,
}

impl Sample<'_> {
    fn split(&self, order: &mut [usize], ranks: usize, splits: &mut Vec<Split>) {
        if ranks < 2 {
            return;
        }
        let left = ranks / 2;
        let x = |i: usize, c: usize| self.coordinates[i * self.dimension + c];
        let side = |c: usize| {
            let bounds = order.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &i| {
                (f64::min(low, x(i, c)), f64::max(high, x(i, c)))
            });
            // Halve before subtracting, because the difference of two numbers can overflow.
            bounds.1 * 0.5 - bounds.0 * 0.5
        };
        let widest = (0..self.dimension).max_by(|&a, &b| side(a).total_cmp(&side(b)).then(b.cmp(&a))).unwrap_or(0);
        let at = order.len() * left / ranks;
        if at < order.len() {
            let key =
                |a: &usize, b: &usize| x(*a, widest).total_cmp(&x(*b, widest)).then(self.rows[*a].cmp(&self.rows[*b]));
            order.select_nth_unstable_by(at, key);
        }
        // Without a sample, all points are on the left.
        let split = order.get(at).map_or(Split { coordinate: 0, value: f64::INFINITY, row: u64::MAX }, |&i| Split {
            coordinate: widest,
            value: x(i, widest),
            row: self.rows[i],
        });
        splits.push(split);
        let (below, above) = order.split_at_mut(at);
        self.split(below, left, splits);
        self.split(above, ranks - left, splits);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Threads;

    /// Returns the number of points in each region.
    fn shares(size: usize, n: usize, point: impl Fn(usize) -> [f64; 2] + Sync) -> Vec<usize> {
        let partitions = Threads::run(size, |ranks| {
            let rows: Vec<u64> = (0..n as u64).skip(ranks.rank()).step_by(size).collect();
            let coordinates: Vec<f64> = rows.iter().flat_map(|&row| point(row as usize)).collect();
            Partition::new(ranks, &coordinates, &rows, 2).unwrap()
        });
        assert!(partitions.iter().all(|partition| *partition == partitions[0]));
        let mut shares = vec![0; size];
        (0..n).for_each(|row| shares[partitions[0].rank_of(&point(row), row as u64)] += 1);
        shares
    }

    #[test]
    fn regions_have_equal_shares() {
        for size in 1..12 {
            let scattered = shares(size, 1200, |i| [(0.618 * i as f64).fract(), (0.414 * (i * i) as f64).fract()]);
            let identical = shares(size, 1200, |_| [1.0, 2.0]);
            for share in [scattered, identical].concat() {
                assert!(share.abs_diff(1200 / size) <= 4, "{size} ranks: a share of {share}");
            }
        }
    }

    #[test]
    fn more_ranks_than_points() {
        for n in 0..4 {
            assert_eq!(shares(7, n, |i| [i as f64, 0.0]).iter().sum::<usize>(), n);
        }
    }
}
