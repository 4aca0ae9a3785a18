use knn_entropy::{LocalDivergence, Norm};

use super::entropy::Faults;
use super::{Estimated, Progress, Result, Stage, read_rows};
use crate::points::{exchange, send_home};
use crate::search::check_k;
use crate::{Partition, RankResult, Ranks, Rows, Search, Typed, row_range};

/// Kullback-Leibler divergence from samples of two distributions on several ranks.
///
/// Value, standard error and local values are bit-identical to those of
/// [`Divergence`](knn_entropy::Divergence) in one process. Rows that coincide are an error, and
/// there are no warnings.
#[derive(Debug, Clone, Copy)]
pub struct Divergence<'p> {
    k: usize,
    norm: Norm,
    progress: Progress<'p>,
}

impl<'p> Divergence<'p> {
    /// Returns the estimator with the k-th neighbor in both sets and Euclidean distances.
    pub fn new(k: usize) -> Self {
        Self { k, norm: Norm::L2, progress: Progress(None) }
    }

    /// Sets the norm.
    #[must_use]
    pub fn norm(self, norm: Norm) -> Self {
        Self { norm, ..self }
    }

    /// Sets a function that each rank calls after a stage.
    #[must_use]
    pub fn progress(self, report: &'p (dyn Fn(Stage) + Sync)) -> Self {
        Self { progress: Progress(Some(report)), ..self }
    }

    /// Returns the divergence `E_p ln(p/q)` in nats of the distributions that the rows of `p` and
    /// of `q` were drawn from.
    ///
    /// # Errors
    ///
    /// [`Error`](crate::Error), the same on all ranks: those of
    /// [`Divergence::divergence`](knn_entropy::Divergence::divergence), and rows that a rank cannot
    /// read.
    pub fn estimate(&self, ranks: &dyn Ranks, p: &dyn Rows, q: &dyn Rows) -> Result<Estimated> {
        let (n, m, d, k) = (p.len(), q.len(), p.dimension(), self.k);
        let p = read_rows(ranks, p)?;
        if q.dimension() != d && q.dimension() > 0 && m > 0 {
            return Err(knn_entropy::Error::DimensionMismatch { queries: d, references: q.dimension() }.into());
        }
        let q = read_rows(ranks, q)?;
        check_k(k, n - 1)?;
        [&p, &q].into_iter().try_for_each(|set| set.check_rank(ranks))?;
        self.progress.finished(Stage::Read);

        // One tree divides both sets. Rows of q are numbered on from those of p in its sample.
        let (mut rows, mut coordinates) = p.sample()?;
        let (of_q, more) = q.sample()?;
        rows.extend(of_q.into_iter().map(|row| n as u64 + row));
        coordinates.extend(more);
        let partition = Partition::new(ranks, &coordinates, &rows, d)?;
        let (p, _) = exchange(ranks, &partition, p.points, Vec::new(), 0)?;
        let (q, _) = exchange(ranks, &partition, q.points, Vec::new(), 0)?;
        self.progress.finished(Stage::Exchange);

        let search = Search::new(k, self.norm);
        let faults = Faults::new(true);
        let radius = |row: u64, rows: &[u64], distances: &[f64], values: &mut [f64]| {
            faults.note(row, rows[k - 1], distances[k - 1]);
            values[0] = distances[k - 1];
        };
        let within = search.among(ranks, p, 1, &radius)?;
        faults.check(ranks, k)?;
        // One process checks k against the rows of q after the distances in p.
        let local = LocalDivergence::new([k, k], [n, m], d)?;
        let (shared, faults) = (Faults::new(true), Faults::new(true));
        // The numbers of rows are exact in double precision.
        let radius = |row: u64, rows: &[u64], distances: &[f64], values: &mut [f64]| {
            shared.note(row, rows[0], distances[0]);
            faults.note(row, rows[k - 1], distances[k - 1]);
            values[0] = distances[k - 1];
            values[1..].iter_mut().zip(rows).for_each(|(value, &row)| *value = row as f64);
        };
        let across = search.between(ranks, within.points, q, 1 + k, &radius)?;
        shared.check_shared(ranks)?;
        faults.check(ranks, k)?;
        let (of_p, of_q) = (within.values.take_back()?, across.values.take_back()?);
        let of_q: Vec<&[f64]> = of_q.chunks_exact(1 + k).collect();
        let squares = squared_uses(ranks, m, of_q.iter().flat_map(|of_q| &of_q[1..]).map(|&row| row as usize))?;
        let values = of_p.into_iter().zip(of_q).map(|(r, of_q)| local.value(r, of_q[0])).collect();
        let values = send_home(ranks, n, across.points.into_rows(), ranks.set_aside(values)?, 1)?;
        self.progress.finished(Stage::Search);

        let over_q = LocalDivergence::variance_over_q(squares, k, [n, m]);
        let estimated = Estimated::new(ranks, values, over_q, n, within.asked.plus(across.asked))?;
        self.progress.finished(Stage::Sum);
        Ok(estimated)
    }
}

/// Returns the sum over all rows of `q` of the squared number of times that the row is a neighbor.
/// `rows` are the neighbors of this rank's points. Each rank counts for a range of rows.
fn squared_uses(ranks: &dyn Ranks, m: usize, rows: impl Iterator<Item = usize>) -> RankResult<u64> {
    let size = ranks.size();
    let starts: Vec<usize> = (0..size).map(|rank| row_range(m, rank, size).start).collect();
    let mut messages = vec![Vec::new(); size];
    for row in rows {
        // The last of several ranks with the same start is the one that is not empty.
        messages[starts.partition_point(|&start| start <= row) - 1].push(row as u64);
    }
    let received = ranks.all_to_all_of(messages)?;
    let mine = row_range(m, ranks.rank(), size);
    let mut uses = vec![0_u64; mine.len()];
    received.into_iter().flatten().for_each(|row| uses[row as usize - mine.start] += 1);
    ranks.sum(uses.into_iter().map(|uses| uses * uses).sum())
}
