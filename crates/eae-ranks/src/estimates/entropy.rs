use std::sync::Mutex;

use knn_entropy::{ClosePoints, KozachenkoLeonenko, Norm};

use super::{Estimated, Progress, Result, Stage, read_rows};
use crate::points::{exchange, samples, send_home};
use crate::{RankResult, Ranks, Rows, Search, Typed};

/// Entropy of Kozachenko and Leonenko from rows on several ranks.
///
/// Value, standard error and local values are bit-identical to those of [`KozachenkoLeonenko`] in
/// one process. Repeated rows are reported only as errors, not as a warning, and columns with
/// different scales are not reported.
#[derive(Debug, Clone, Copy)]
pub struct Entropy<'p> {
    k: usize,
    norm: Norm,
    close_points: ClosePoints,
    questions: Option<u64>,
    progress: Progress<'p>,
}

impl<'p> Entropy<'p> {
    /// Returns the estimator with the k-th neighbor and Euclidean distances. Coinciding points are
    /// an error.
    pub fn new(k: usize) -> Self {
        Self { k, norm: Norm::L2, close_points: ClosePoints::Error, questions: None, progress: Progress(None) }
    }

    /// Sets the norm.
    #[must_use]
    pub fn norm(self, norm: Norm) -> Self {
        Self { norm, ..self }
    }

    /// Sets the rule for coinciding and nearly coinciding points.
    #[must_use]
    pub fn close_points(self, close_points: ClosePoints) -> Self {
        Self { close_points, ..self }
    }

    /// Sets the largest number of questions that a rank asks or answers at once, as in
    /// [`Search::at_once`].
    #[must_use]
    pub fn at_once(self, questions: u64) -> Self {
        Self { questions: Some(questions), ..self }
    }

    /// Sets a function that each rank calls after a stage.
    #[must_use]
    pub fn progress(self, report: &'p (dyn Fn(Stage) + Sync)) -> Self {
        Self { progress: Progress(Some(report)), ..self }
    }

    /// Returns the entropy in nats of the distribution that the rows were drawn from.
    ///
    /// # Errors
    ///
    /// [`Error`](crate::Error), the same on all ranks: those of
    /// [`KozachenkoLeonenko::entropy`], with the same rows, and rows that a rank cannot read.
    pub fn estimate(&self, ranks: &dyn Ranks, data: &dyn Rows) -> Result<Estimated> {
        let (n, d, k) = (data.len(), data.dimension(), self.k);
        let read = read_rows(ranks, data)?;
        let estimator = KozachenkoLeonenko::new(k).norm(self.norm).close_points(self.close_points);
        let local = estimator.local_entropy(n, d)?;
        if self.close_points == ClosePoints::Error {
            read.check_rank(ranks)?;
        }
        let sampled = ranks.set_aside(read.for_rounding(ranks)?.coordinates)?;
        self.progress.finished(Stage::Read);

        let partition = read.partition(ranks)?;
        let (points, _) = exchange(ranks, &partition, read.points, Vec::new(), 0)?;
        self.progress.finished(Stage::Exchange);

        let faults = Faults::new(self.close_points == ClosePoints::Error);
        let value = |row: u64, rows: &[u64], distances: &[f64], values: &mut [f64]| {
            faults.note(row, rows[k - 1], distances[k - 1]);
            values[0] = local.value(distances);
        };
        let search = Search::new(k, self.norm);
        let search = self.questions.map_or(search, |questions| search.at_once(questions));
        let found = search.among(ranks, points, 1, &value)?;
        faults.check(ranks, k)?;
        let values = send_home(ranks, n, found.points.into_rows(), found.values, 1)?;
        self.progress.finished(Stage::Search);

        let mut estimated = Estimated::new(ranks, values, 0.0, n, found.asked)?;
        let distance = local.distance(estimated.value);
        let sampled = sampled.take_back()?;
        estimated.warnings.extend(samples(&sampled, d).and_then(|some| some.rounding_warning(distance)));
        self.progress.finished(Stage::Sum);
        Ok(estimated)
    }
}

/// Distances to the k-th neighbor that cannot be used.
pub(crate) struct Faults {
    apart: bool,
    found: Mutex<[Fault; 2]>,
}

/// Unusable distances of one kind: the first row, its neighbor, and the number of rows.
#[derive(Clone, Copy)]
struct Fault {
    row: u64,
    neighbor: u64,
    count: u64,
}

impl Faults {
    /// `apart` is true if a distance of 0 is an error.
    pub(crate) fn new(apart: bool) -> Self {
        Self { apart, found: Mutex::new([Fault { row: u64::MAX, neighbor: 0, count: 0 }; 2]) }
    }

    pub(crate) fn note(&self, row: u64, neighbor: u64, distance: f64) {
        let kind = match distance {
            f64::INFINITY => 0,
            0.0 if self.apart => 1,
            _ => return,
        };
        let fault = &mut self.found.lock().expect("no thread has panicked")[kind];
        fault.count += 1;
        if row < fault.row {
            (fault.row, fault.neighbor) = (row, neighbor);
        }
    }

    /// Returns the faults of all ranks: infinite distances, and distances of 0.
    fn over(self, ranks: &dyn Ranks) -> RankResult<[Option<Fault>; 2]> {
        let found = self.found.into_inner().expect("no thread has panicked");
        let mine = found.map(|fault| [fault.row, fault.neighbor, fault.count]).concat();
        let all = ranks.all_gather_of(&mine)?;
        Ok([0, 1].map(|kind| {
            let of_kind = all.iter().map(|faults| &faults[3 * kind..]);
            let count = of_kind.clone().map(|fault| fault[2]).sum();
            let first = of_kind.min_by_key(|fault| fault[0]).filter(|fault| fault[2] > 0);
            first.map(|fault| Fault { row: fault[0], neighbor: fault[1], count })
        }))
    }

    /// Returns the error of one process for the distances of all ranks to the k-th neighbor.
    pub(crate) fn check(self, ranks: &dyn Ranks, k: usize) -> Result<()> {
        let [infinite, zero] = self.over(ranks)?;
        let place = |fault: Fault| (fault.row as usize, fault.neighbor as usize);
        if let Some(fault) = infinite {
            let (first, second) = place(fault);
            return Err(knn_entropy::Error::DistanceOverflow { first, second }.into());
        }
        if let Some(fault) = zero {
            let (first, second) = place(fault);
            return Err(knn_entropy::Error::Duplicates { first, second, count: fault.count as usize, k }.into());
        }
        Ok(())
    }

    /// Returns the error of one process for rows of p that are also rows of q.
    pub(crate) fn check_shared(self, ranks: &dyn Ranks) -> Result<()> {
        let [_, zero] = self.over(ranks)?;
        match zero {
            Some(Fault { row, neighbor, count }) => {
                let (count, first, copy) = (count as usize, row as usize, neighbor as usize);
                Err(knn_entropy::Error::SharedRows { count, first, copy }.into())
            }
            None => Ok(()),
        }
    }
}
