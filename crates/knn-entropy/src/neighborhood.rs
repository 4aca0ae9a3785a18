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

    /// Whether the distances to these of the neighbours can be used.
    pub(crate) fn checked(&self, neighbors: Neighbors, used: std::ops::Range<usize>) -> Result<Neighbors> {
        for j in used {
            let radii = neighbors.distances.column(j);
            let pair = |first: usize| (first, neighbors.indices[[first, j]]);
            if let Some(first) = radii.iter().position(|r| r.is_infinite()) {
                let (first, second) = pair(first);
                return Err(Error::Overflow { first, second });
            }
            if self.close_points == ClosePoints::Error
                && let Some(first) = radii.iter().position(|&r| r == 0.0)
            {
                let (first, second) = pair(first);
                let count = radii.iter().filter(|&&r| r == 0.0).count();
                return Err(Error::Duplicates { first, second, count, k: j + 1 });
            }
            if let Metric::Torus(_, periods) = self.metric {
                let period = periods.iter().copied().fold(f64::INFINITY, f64::min);
                if let Some((row, &distance)) = radii.indexed_iter().find(|&(_, &r)| r > period / 2.0) {
                    return Err(Error::TorusTooSmall { row, k: j + 1, distance, period });
                }
            }
        }
        Ok(neighbors)
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
