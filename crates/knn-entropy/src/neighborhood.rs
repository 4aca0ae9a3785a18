use std::sync::Mutex;

use crate::{Auto, ClosePoints, Error, Metric, NeighborSearch, Neighbors, Norm, Result, Samples};

/// What estimators of entropy and divergence have in common: how a neighbourhood is measured and found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Neighborhood<'s> {
    pub(crate) k: usize,
    pub(crate) metric: Metric<'s>,
    pub(crate) window: usize,
    pub(crate) close_points: ClosePoints,
    pub(crate) search: &'s dyn NeighborSearch,
}

impl<'s> Neighborhood<'s> {
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

    /// The neighbours among the samples, every distance fit for a logarithm.
    pub(crate) fn among(&self, samples: &Samples<'_>) -> Result<Neighbors> {
        self.close_points.check()?;
        let neighbors = self.search.among(samples, self.k, self.metric, self.window)?;
        self.checked(neighbors, self.k - 1..self.k)
    }

    /// Hands the distances of the neighbours of each sample to `visit`, with the row, in any order and from any thread, and
    /// keeps none. Those that cannot be used are visited, too, before the error.
    ///
    /// The neighbors used are the k-th and all from `first` on, counted from 0.
    pub(crate) fn distances_among(
        &self,
        samples: &Samples<'_>,
        first: usize,
        visit: &(dyn Fn(usize, &[f64]) + Sync),
    ) -> Result<()> {
        self.close_points.check()?;
        let period = self.shortest_period();
        let faults = Mutex::new(vec![Faults::default(); self.k.saturating_sub(first)]);
        self.search.for_each_among(samples, self.k, self.metric, self.window, &|row, indices, distances| {
            // They are sorted, so that the first and the last one used tell of all.
            if self.is_fault(distances[first], period) || self.is_fault(distances[self.k - 1], period) {
                let mut faults = faults.lock().expect("no thread has panicked");
                for (j, faults) in (first..).zip(faults.iter_mut()) {
                    faults.note(self, row, indices[j], distances[j], period);
                }
            }
            visit(row, distances);
        })?;
        let faults = faults.into_inner().expect("no thread has panicked");
        let numbered = || (first + 1..).zip(&faults);
        // The last one first, as when there are lists.
        numbered().last().into_iter().chain(numbered()).try_for_each(|(k, faults)| faults.check(k, period))
    }

    /// Checks that the samples do not lie in a plane, unless there is a rule for close points, which bounds the entropy of
    /// those that do.
    pub(crate) fn check_rank(&self, samples: &Samples<'_>) -> Result<()> {
        if self.close_points == ClosePoints::Error { samples.check_rank(&self.metric) } else { Ok(()) }
    }

    /// Whether the distances to these of the neighbours can be used.
    pub(crate) fn checked(&self, neighbors: Neighbors, used: std::ops::Range<usize>) -> Result<Neighbors> {
        let period = self.shortest_period();
        for j in used {
            let mut faults = Faults::default();
            for (row, &r) in neighbors.distances.column(j).iter().enumerate() {
                if self.is_fault(r, period) {
                    faults.note(self, row, neighbors.indices[[row, j]], r, period);
                }
            }
            faults.check(j + 1, period)?;
        }
        Ok(neighbors)
    }

    /// Infinite if no coordinate is periodic.
    fn shortest_period(&self) -> f64 {
        match self.metric {
            Metric::Torus(_, periods) => periods.iter().copied().fold(f64::INFINITY, f64::min),
            _ => f64::INFINITY,
        }
    }

    /// Returns whether a distance has no logarithm, or belongs to a ball that reaches around the torus.
    fn is_fault(&self, r: f64, period: f64) -> bool {
        r.is_infinite() || r > period / 2.0 || (r == 0.0 && self.close_points == ClosePoints::Error)
    }

    /// `ln V_d` of the norm, with which `d ln r` is the logarithm of the volume of a ball.
    pub(crate) fn log_unit_ball(&self, d: usize) -> f64 {
        self.norm().log_unit_ball(d)
    }

    /// Writes `weight` times the gradient of `ln r` with respect to `a`, where `r` is the distance that counts; with respect
    /// to `b` it is the negative.
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

/// The distances to one of the neighbours that cannot be used, each kind by the first row that has one.
#[derive(Debug, Clone, Default)]
struct Faults {
    /// A row and its neighbour.
    infinite: Option<(usize, usize)>,
    zero: Option<(usize, usize)>,
    zeros: usize,
    /// A row and its distance.
    around: Option<(usize, f64)>,
}

impl Faults {
    fn note(&mut self, around: &Neighborhood<'_>, row: usize, neighbor: usize, r: f64, period: f64) {
        let earlier = |other: Option<(usize, usize)>| other.is_none_or(|(other, _)| row < other);
        if r.is_infinite() && earlier(self.infinite) {
            self.infinite = Some((row, neighbor));
        }
        if r == 0.0 && around.close_points == ClosePoints::Error {
            self.zeros += 1;
            if earlier(self.zero) {
                self.zero = Some((row, neighbor));
            }
        }
        if r > period / 2.0 && self.around.is_none_or(|(other, _)| row < other) {
            self.around = Some((row, r));
        }
    }

    fn check(&self, k: usize, period: f64) -> Result<()> {
        if let Some((first, second)) = self.infinite {
            return Err(Error::Overflow { first, second });
        }
        if let Some((first, second)) = self.zero {
            return Err(Error::Duplicates { first, second, count: self.zeros, k });
        }
        match self.around {
            Some((row, distance)) => Err(Error::TorusTooSmall { row, k, distance, period }),
            None => Ok(()),
        }
    }
}

/// The settings that estimators share, each a method of its own on them.
macro_rules! neighborhood_settings {
    () => {
        $crate::neighborhood::neighborhood_settings!(periodic);
        $crate::neighborhood::neighborhood_settings!(close);
    };
    (periodic) => {
        /// With another norm. Only in L2 does the estimate not depend on the axes.
        #[must_use]
        pub fn norm(mut self, norm: $crate::Norm) -> Self {
            self.around = self.around.with_norm(norm);
            self
        }

        /// On a torus: each coordinate is periodic, with its own period. There is no boundary then.
        #[must_use]
        pub fn period(mut self, periods: &'s [f64]) -> Self {
            self.around.metric = $crate::Metric::Torus(self.around.norm(), periods);
            self
        }
    };
    (blocks) => {
        /// With another norm within blocks.
        #[must_use]
        pub fn norm(mut self, norm: $crate::Norm) -> Self {
            self.around = self.around.with_norm(norm);
            self
        }

        /// With periodic coordinates, such as angles: a period for each coordinate, those of the first block first.
        /// `f64::INFINITY` is the period of a coordinate that is not periodic.
        #[must_use]
        pub fn periods(self, periods: &'s [f64]) -> Self {
            Self { periods, ..self }
        }

        $crate::neighborhood::neighborhood_settings!(search);
    };
    (close) => {
        /// With another rule for points that coincide, or nearly so.
        #[must_use]
        pub fn close_points(mut self, close_points: $crate::ClosePoints) -> Self {
            self.around.close_points = close_points;
            self
        }

        $crate::neighborhood::neighborhood_settings!(search);
    };
    (search) => {
        /// For a series: samples up to so many rows before and after one are not its neighbours (Theiler, 1986).
        #[must_use]
        pub fn window(mut self, rows: usize) -> Self {
            self.around.window = rows;
            self
        }

        /// With another way to find neighbours.
        #[must_use]
        pub fn search(mut self, search: &'s dyn $crate::NeighborSearch) -> Self {
            self.around.search = search;
            self
        }
    };
}

pub(crate) use neighborhood_settings;
