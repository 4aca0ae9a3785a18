//! Points that ask other ranks, and the answers.

use bytemuck::Pod;

use crate::{Aside, RankError, RankResult, Ranks, Typed};

/// Row that stands for a neighbor that has not been found yet.
const NOBODY: u64 = u64::MAX;

/// Points that have not asked all ranks yet, with the k nearest so far.
pub(super) struct Pending {
    k: usize,
    /// The points, as indices on this rank.
    points: Vec<u64>,
    /// k rows for each point. Missing neighbors are [`NOBODY`] at an infinite distance.
    rows: Vec<u64>,
    distances: Vec<f64>,
}

impl Pending {
    pub(super) fn new(k: usize) -> Self {
        Self { k, points: Vec::new(), rows: Vec::new(), distances: Vec::new() }
    }

    /// Adds a point with at most k neighbors, the nearest first.
    pub(super) fn push(&mut self, point: usize, rows: impl Iterator<Item = u64>, distances: &[f64]) {
        let missing = self.k - distances.len();
        self.points.push(point as u64);
        self.rows.extend(rows);
        self.rows.extend(std::iter::repeat_n(NOBODY, missing));
        self.distances.extend_from_slice(distances);
        self.distances.extend(std::iter::repeat_n(f64::INFINITY, missing));
    }

    /// Puts the points in order.
    pub(super) fn sorted(self) -> Self {
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.sort_unstable_by_key(|&p| self.points[p]);
        let Self { k, points, rows, distances } = self;
        Self {
            k,
            points: reordered(points, &order, 1),
            rows: reordered(rows, &order, k),
            distances: reordered(distances, &order, k),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.points.len()
    }

    /// Returns a point, as an index on this rank.
    pub(super) fn point(&self, p: usize) -> usize {
        self.points[p] as usize
    }

    pub(super) fn rows(&self, p: usize) -> &[u64] {
        &self.rows[p * self.k..(p + 1) * self.k]
    }

    pub(super) fn distances(&self, p: usize) -> &[f64] {
        &self.distances[p * self.k..(p + 1) * self.k]
    }

    /// Returns the distance to the k-th neighbor so far.
    pub(super) fn radius(&self, p: usize) -> f64 {
        self.distances[(p + 1) * self.k - 1]
    }

    /// Merges the answers of one rank by distance and then by row. `askers` are the points that
    /// asked it. Returns the number of questions that were answered with a point.
    pub(super) fn merge(&mut self, askers: &[u64], answers: Answers) -> u64 {
        let (mut answered, mut start, k) = (0, 0, self.k);
        for (&p, count) in askers.iter().zip(answers.counts) {
            let new = start..start + count as usize;
            start = new.end;
            if new.is_empty() {
                continue;
            }
            answered += 1;
            let p = p as usize;
            let known = self.distances(p).iter().zip(self.rows(p));
            let new = answers.distances[new.clone()].iter().zip(&answers.rows[new]);
            let mut both: Vec<(f64, u64)> = known.chain(new).map(|(&r, &row)| (r, row)).collect();
            both.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            for (j, (r, row)) in both.into_iter().take(k).enumerate() {
                self.distances[p * k + j] = r;
                self.rows[p * k + j] = row;
            }
        }
        answered
    }

    pub(super) fn set_aside(self, ranks: &dyn Ranks) -> RankResult<PendingAside> {
        let Self { k, points, rows, distances } = self;
        let (points, rows) = (ranks.set_aside(points)?, ranks.set_aside(rows)?);
        Ok(PendingAside { k, points, rows, distances: ranks.set_aside(distances)? })
    }
}

/// Returns groups of `width` numbers in another order.
fn reordered<T: Copy>(numbers: Vec<T>, order: &[usize], width: usize) -> Vec<T> {
    let mut ordered = Vec::with_capacity(numbers.len());
    order.iter().for_each(|&p| ordered.extend_from_slice(&numbers[p * width..(p + 1) * width]));
    ordered
}

pub(super) struct PendingAside {
    k: usize,
    points: Aside<u64>,
    rows: Aside<u64>,
    distances: Aside<f64>,
}

impl PendingAside {
    pub(super) fn take_back(self) -> RankResult<Pending> {
        let Self { k, points, rows, distances } = self;
        Ok(Pending { k, points: points.take_back()?, rows: rows.take_back()?, distances: distances.take_back()? })
    }
}

/// Answers to the questions of one rank.
pub(super) struct Answers {
    /// Number of points for each question.
    counts: Vec<u32>,
    rows: Vec<u64>,
    distances: Vec<f64>,
}

impl Answers {
    /// Returns the message of answers. Each has the rows and distances of some points.
    pub(super) fn to_bytes<'a, I: Iterator<Item = (u64, f64)>>(
        answers: impl Iterator<Item = I> + Clone + 'a,
    ) -> Vec<u8> {
        // Three walks, because copies of the numbers would need as much memory as the message.
        let points = || answers.clone().flatten();
        let counts = answers.clone().map(|points| (points.count() as u32).to_ne_bytes());
        let mut bytes: Vec<u8> = counts.flatten().collect();
        bytes.extend(points().flat_map(|(row, _)| row.to_ne_bytes()));
        bytes.extend(points().flat_map(|(_, distance)| distance.to_ne_bytes()));
        bytes
    }

    /// Reads the answers to so many questions.
    pub(super) fn from_bytes(bytes: &[u8], questions: usize) -> RankResult<Self> {
        let garbled = || RankError::Garbled { bytes: bytes.len() };
        let (counts, rest) = bytes.split_at_checked(4 * questions).ok_or_else(garbled)?;
        let counts: Vec<u32> = numbers(counts);
        let points: usize = counts.iter().map(|&count| count as usize).sum();
        if rest.len() != 16 * points {
            return Err(garbled());
        }
        let (rows, distances) = rest.split_at(8 * points);
        Ok(Self { counts, rows: numbers(rows), distances: numbers(distances) })
    }
}

fn numbers<T: Pod>(bytes: &[u8]) -> Vec<T> {
    bytes.chunks_exact(size_of::<T>()).map(bytemuck::pod_read_unaligned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_as_written() {
        let found = [vec![(7, 0.5), (2, 1.5)], vec![], vec![(u64::MAX - 1, f64::INFINITY)]];
        let bytes = Answers::to_bytes(found.iter().map(|points| points.iter().copied()));
        let answers = Answers::from_bytes(&bytes, 3).unwrap();
        assert_eq!((answers.counts, answers.rows), (vec![2, 0, 1], vec![7, 2, u64::MAX - 1]));
        assert_eq!(answers.distances, [0.5, 1.5, f64::INFINITY]);
        assert!(Answers::from_bytes(&bytes, 2).is_err() && Answers::from_bytes(&bytes[..8], 3).is_err());
    }
}
