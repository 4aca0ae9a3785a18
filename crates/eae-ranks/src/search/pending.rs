//! Points that ask other ranks, and the answers.

use crate::{Aside, RankResult, Ranks, Typed};

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
    pub(super) fn push(&mut self, point: u64, rows: &[u64], distances: &[f64]) {
        let missing = self.k - rows.len();
        self.points.push(point);
        self.rows.extend_from_slice(rows);
        self.rows.extend(std::iter::repeat_n(NOBODY, missing));
        self.distances.extend_from_slice(distances);
        self.distances.extend(std::iter::repeat_n(f64::INFINITY, missing));
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

    /// Merges answers by distance and then by row. Returns the number of questions that were
    /// answered with a point.
    pub(super) fn merge(&mut self, askers: &[Vec<usize>], answers: Answers) -> u64 {
        let (mut answered, k) = (0, self.k);
        let all = answers.counts.into_iter().zip(answers.rows).zip(answers.distances);
        for (askers, ((counts, rows), distances)) in askers.iter().zip(all) {
            let mut start = 0;
            for (&p, count) in askers.iter().zip(counts) {
                let new = start..start + count as usize;
                start = new.end;
                if new.is_empty() {
                    continue;
                }
                answered += 1;
                let known = self.distances(p).iter().zip(self.rows(p));
                let mut both: Vec<(f64, u64)> =
                    known.chain(distances[new.clone()].iter().zip(&rows[new])).map(|(&r, &row)| (r, row)).collect();
                both.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                for (j, (r, row)) in both.into_iter().take(k).enumerate() {
                    self.distances[p * k + j] = r;
                    self.rows[p * k + j] = row;
                }
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

pub(super) struct PendingAside {
    k: usize,
    points: Aside<u64>,
    rows: Aside<u64>,
    distances: Aside<f64>,
}

impl PendingAside {
    pub(super) fn take_back(self, ranks: &dyn Ranks) -> RankResult<Pending> {
        let Self { k, points, rows, distances } = self;
        let (points, rows) = (ranks.take_back(points)?, ranks.take_back(rows)?);
        Ok(Pending { k, points, rows, distances: ranks.take_back(distances)? })
    }
}

/// Answers to, or from, each rank.
#[derive(Default)]
pub(super) struct Answers {
    /// Number of points for each question.
    pub(super) counts: Vec<Vec<u32>>,
    pub(super) rows: Vec<Vec<u64>>,
    pub(super) distances: Vec<Vec<f64>>,
}

impl Answers {
    pub(super) fn exchange(self, ranks: &dyn Ranks) -> RankResult<Self> {
        Ok(Self {
            counts: ranks.all_to_all_of(self.counts)?,
            rows: ranks.all_to_all_of(self.rows)?,
            distances: ranks.all_to_all_of(self.distances)?,
        })
    }
}
