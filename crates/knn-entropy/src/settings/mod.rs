//! Settings shared by the estimators, and neighbor searches with these settings.

mod close_points;
mod faults;
mod ties;
pub(crate) mod trials;
pub(crate) mod window;

use std::sync::Mutex;

use self::faults::{Faults, Usable};
use crate::{Auto, Metric, NeighborSearch, Neighbors, Norm, Result, Samples, SearchTask};

pub use close_points::ClosePoints;
pub use ties::Ties;

/// The settings of every estimator: the metric and the neighbor search.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings<'s> {
    pub(crate) k: usize,
    pub(crate) metric: Metric<'s>,
    pub(crate) window: usize,
    pub(crate) close_points: ClosePoints,
    pub(crate) search: &'s dyn NeighborSearch,
}

impl<'s> Settings<'s> {
    pub(crate) fn new(k: usize, norm: Norm) -> Self {
        Self { k, metric: norm.into(), window: 0, close_points: ClosePoints::Error, search: &Auto }
    }

    pub(crate) fn norm(&self) -> Norm {
        self.metric.norm()
    }

    pub(crate) fn with_norm(self, norm: Norm) -> Self {
        let metric = match self.metric {
            Metric::Torus(_, periods) | Metric::TorusBlocks(_, _, periods) => Metric::Torus(norm, periods),
            Metric::Norm(_) | Metric::Blocks(..) => Metric::Norm(norm),
        };
        Self { metric, ..self }
    }

    pub(crate) fn with_periods(self, periods: &'s [f64]) -> Self {
        let norm = self.norm();
        let flat = periods.iter().all(|&period| period == f64::INFINITY);
        Self { metric: if flat { Metric::Norm(norm) } else { Metric::Torus(norm, periods) }, ..self }
    }

    /// Checks the settings and the samples, and returns the task of finding the neighbors among the
    /// samples.
    pub(crate) fn task<'a>(&'a self, samples: &'a Samples<'_>) -> Result<SearchTask<'a>> {
        self.close_points.check()?;
        SearchTask::among(samples, self.k, self.metric, self.window)
    }

    /// Returns the neighbors among the samples, after checking that the distances to the k-th are
    /// usable.
    pub(crate) fn among(&self, samples: &Samples<'_>) -> Result<Neighbors> {
        self.checked(self.search.find(&self.task(samples)?), self.k - 1)
    }

    /// Returns the neighbors of the samples among the other samples and a bank, whose rows are
    /// numbered after the samples. Together there must be more than `k`.
    pub(crate) fn nearest_of_both(&self, samples: &Samples<'_>, bank: &Samples<'_>) -> Result<Neighbors> {
        let (n, k) = (samples.len(), self.k);
        let of_bank = self.search.between(samples, bank, k.min(bank.len()), self.metric)?;
        let of_own = match k.min(n - 1) {
            0 => Neighbors::zeros(n, 0),
            k => self.search.among(samples, k, self.metric, 0)?,
        };
        Ok(of_own.merged(&of_bank, n, k))
    }

    /// Passes the row and the neighbor distances of each sample to `visit`, in any order and from
    /// any thread, without storing them. Unusable distances are visited, too, before the error is
    /// returned.
    ///
    /// The estimate uses all neighbors from `first` to the k-th, counted from 0.
    pub(crate) fn distances_among(
        &self,
        task: &SearchTask<'_>,
        first: usize,
        visit: &(dyn Fn(usize, &[f64]) + Sync),
    ) -> Result<()> {
        let (used, usable) = (self.used(first), self.usable());
        let faults = Mutex::new(used.map(|j| Faults::new(usable, j + 1)));
        self.search.find_each(task, &|row, indices, distances| {
            if used.iter().any(|&j| usable.refuses(distances[j])) {
                let mut faults = faults.lock().expect("no thread has panicked");
                faults.iter_mut().zip(used).for_each(|(faults, j)| faults.note(row, indices[j], distances[j]));
            }
            visit(row, distances);
        });
        faults.into_inner().expect("no thread has panicked").iter().try_for_each(Faults::check)
    }

    /// Checks that the samples do not lie in a plane, unless a rule for close points bounds the
    /// entropy.
    pub(crate) fn check_rank(&self, samples: &Samples<'_>) -> Result<()> {
        // On a torus, linear dependence does not make the entropy infinite.
        let bounded = self.close_points != ClosePoints::Error || self.metric.is_periodic();
        if bounded { Ok(()) } else { samples.check_rank() }
    }

    /// Checks that the distances to all neighbors from `first` to the k-th, counted from 0, are
    /// usable.
    pub(crate) fn checked(&self, neighbors: Neighbors, first: usize) -> Result<Neighbors> {
        let usable = self.usable();
        for j in self.used(first) {
            let mut faults = Faults::new(usable, j + 1);
            for (row, &r) in neighbors.distances.column(j).iter().enumerate().filter(|(_, r)| usable.refuses(**r)) {
                faults.note(row, neighbors.indices[[row, j]], r);
            }
            faults.check()?;
        }
        Ok(neighbors)
    }

    /// Returns the two neighbors to check for all from `first` to the k-th. Distances are sorted:
    /// if any is too large, so is the last, and if any is 0, so is the first.
    fn used(&self, first: usize) -> [usize; 2] {
        [self.k - 1, first]
    }

    fn usable(&self) -> Usable {
        let period = self.metric.periods().unwrap_or(&[]).iter().copied().fold(f64::INFINITY, f64::min);
        Usable { apart: self.close_points == ClosePoints::Error, period }
    }

    /// Returns `ln V_d` of the norm. Adding `d ln r` gives the logarithm of the volume of a ball.
    pub(crate) fn log_unit_ball(&self, d: usize) -> f64 {
        self.norm().log_unit_ball(d)
    }

    /// Writes `weight` times the gradient of the logarithm of the radius with respect to `a`. The
    /// gradient with respect to `b` is the negative.
    pub(crate) fn push_apart(&self, a: &[f64], b: &[f64], r: f64, weight: f64, push: &mut [f64]) {
        let slope = self.close_points.slope(r);
        if slope == 0.0 {
            push.fill(0.0);
            return;
        }
        for (c, push) in push.iter_mut().enumerate() {
            *push = self.metric.difference(c, a[c], b[c]);
        }
        // grad ln(r + softening) = grad r / (r + softening).
        self.norm().log_gradient(push, r, weight * slope * (r / self.close_points.radius(r)));
    }
}

/// Defines the setters of the settings that estimators share.
macro_rules! setters {
    () => {
        $crate::settings::setters!(periodic);
        $crate::settings::setters!(close);
    };
    (periodic) => {
        /// Sets the norm. Only in L2 is the estimate independent of the choice of axes.
        #[must_use]
        pub fn norm(mut self, norm: $crate::Norm) -> Self {
            self.settings = self.settings.with_norm(norm);
            self
        }

        /// Sets the period of each coordinate, for periodic coordinates such as angles.
        /// `f64::INFINITY` stands for a coordinate that is not periodic. By default, there are no
        /// periods and no coordinate is periodic.
        #[must_use]
        pub fn periods(mut self, periods: &'s [f64]) -> Self {
            self.settings = self.settings.with_periods(periods);
            self
        }
    };
    (blocks) => {
        /// Sets the norm within blocks.
        #[must_use]
        pub fn norm(mut self, norm: $crate::Norm) -> Self {
            self.settings = self.settings.with_norm(norm);
            self
        }

        /// Sets the period of each coordinate, for periodic coordinates such as angles. The periods
        /// of the first block come first. `f64::INFINITY` stands for a coordinate that is not
        /// periodic.
        #[must_use]
        pub fn periods(self, periods: &'s [f64]) -> Self {
            Self { periods, ..self }
        }

        $crate::settings::setters!(series);
    };
    (close) => {
        /// Sets the rule for points that coincide or nearly coincide.
        #[must_use]
        pub fn close_points(mut self, close_points: $crate::ClosePoints) -> Self {
            self.settings.close_points = close_points;
            self
        }

        $crate::settings::setters!(series);
    };
    (series) => {
        /// Sets the Theiler window for series (Theiler, 1986): samples up to `rows` rows before or
        /// after a sample are not its neighbors.
        #[must_use]
        pub fn window(mut self, rows: usize) -> Self {
            self.settings.window = rows;
            self
        }

        $crate::settings::setters!(search);
    };
    (search) => {
        /// Sets the neighbor search.
        #[must_use]
        pub fn search(mut self, search: &'s dyn $crate::NeighborSearch) -> Self {
            self.settings.search = search;
            self
        }
    };
}

pub(crate) use setters;
