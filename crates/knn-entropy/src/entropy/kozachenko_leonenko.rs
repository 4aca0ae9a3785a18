use ndarray::{Array1, Array2, ArrayView2};
use statrs::function::gamma::digamma;

use crate::sum::compensated_sum;
use crate::{Auto, Error, Float, NeighborSearch, Neighbors, Norm, Result, Samples};

/// The k-nearest-neighbour estimator of differential entropy of Kozachenko and Leonenko (1987), for any k (Singh et al.,
/// 2003), in nats:
///
/// ```text
/// H = psi(n) - psi(k) + ln V_d + (d/n) sum_i ln r_i
/// ```
///
/// with `n` samples in `d` dimensions, `r_i` the distance of sample `i` to its k-th nearest other sample, `V_d` the volume
/// of the unit ball of the norm, and `psi` the digamma function. `psi(n) - psi(k)` is exact for every n, not only in the
/// limit: the probability of the ball that just reaches the k-th of n - 1 others has a Beta(k, n - k) distribution, and
/// that is the mean of minus its logarithm. What bias is left comes from the density not being constant within the balls.
///
/// ```
/// use knn_entropy::{KozachenkoLeonenko, Norm};
/// use ndarray::array;
///
/// let x = array![[0.0, 0.0], [1.0, 0.5], [0.3, 2.0], [-1.0, 0.7], [0.4, -1.1]];
/// let estimator = KozachenkoLeonenko::new(2).norm(Norm::LInf);
/// let entropy = estimator.entropy(x.view())?;
/// assert!((entropy - estimator.local(x.view())?.mean().unwrap()).abs() < 1e-12);
/// # Ok::<(), knn_entropy::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct KozachenkoLeonenko<'s> {
    k: usize,
    norm: Norm,
    close_points: ClosePoints,
    search: &'s dyn NeighborSearch,
}

/// What becomes of points that coincide with their k-th neighbour, or nearly so.
///
/// The entropy of a distribution with atoms is minus infinity, and that is what duplicates say.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum ClosePoints {
    /// Coinciding points are an error.
    #[default]
    Error,
    /// Distances below this one, a finite number above 0, count as this one, and have no gradient. It bounds the gradient of
    /// a point by `(1 + m) d / (n floor)`, where `m` is the number of points that have it as their k-th neighbour; in L2 its
    /// length, in the other norms each coordinate.
    Floor(f64),
}

impl KozachenkoLeonenko<'static> {
    /// With the k-th neighbour, Euclidean distances, coinciding points an error, and the fastest exact search.
    ///
    /// A small k has the least bias, a large one the least variance; 3 to 5 is usual, 1 in many dimensions. `k` is checked
    /// when an estimate is made.
    pub fn new(k: usize) -> Self {
        Self { k, norm: Norm::L2, close_points: ClosePoints::Error, search: &Auto }
    }
}

impl<'s> KozachenkoLeonenko<'s> {
    /// With another norm.
    #[must_use]
    pub fn norm(self, norm: Norm) -> Self {
        Self { norm, ..self }
    }

    /// With another rule for points that coincide or nearly so.
    #[must_use]
    pub fn close_points(self, close_points: ClosePoints) -> Self {
        Self { close_points, ..self }
    }

    /// With another way to find neighbours.
    #[must_use]
    pub fn search<'t>(self, search: &'t dyn NeighborSearch) -> KozachenkoLeonenko<'t> {
        KozachenkoLeonenko { k: self.k, norm: self.norm, close_points: self.close_points, search }
    }

    /// The entropy in nats of the distribution that the rows of `samples` `[n, d]` were drawn from.
    ///
    /// # Errors
    ///
    /// Samples that are none, of no dimension or not finite; `k` 0 or not below `n`; coinciding points, unless there is a
    /// floor; a floor that is not a finite number above 0; a distance beyond the largest number.
    pub fn entropy<F: Float>(&self, samples: ArrayView2<'_, F>) -> Result<f64> {
        Ok(mean(&self.local(samples)?))
    }

    /// What each sample contributes, `psi(n) - psi(k) + ln V_d + d ln r_i`: minus the logarithm of the density there,
    /// estimated. [`entropy`](KozachenkoLeonenko::entropy) is their mean.
    ///
    /// # Errors
    ///
    /// As [`entropy`](KozachenkoLeonenko::entropy).
    pub fn local<F: Float>(&self, samples: ArrayView2<'_, F>) -> Result<Array1<f64>> {
        let samples = Samples::new(samples)?;
        let neighbors = self.neighbors(&samples)?;
        Ok(self.local_values(&samples, &neighbors))
    }

    /// The entropy in nats, and its gradient `[n, d]` with respect to every sample.
    ///
    /// With `j` the k-th neighbour of `i`, the pair contributes `(d/n) grad ln |z_i - z_j|` to sample `i` and the negative
    /// to sample `j`; in L2 that is `(d/n) (z_i - z_j) / r_i^2`. So the gradients of all samples add up to 0, and `sum_i
    /// z_i . g_i = d`, as it must be for something that is unchanged by a shift and grows by `d ln a` on scaling by `a`.
    ///
    /// The estimate is smooth as long as no neighbour changes. Where two are equally far it has a kink, and the gradient is
    /// that of the neighbour with the smaller index.
    ///
    /// # Errors
    ///
    /// As [`entropy`](KozachenkoLeonenko::entropy), and if points are so close that the gradient is larger than the largest
    /// `F`.
    pub fn entropy_and_gradient<F: Float>(&self, samples: ArrayView2<'_, F>) -> Result<(f64, Array2<F>)> {
        let samples = Samples::new(samples)?;
        let neighbors = self.neighbors(&samples)?;
        let entropy = mean(&self.local_values(&samples, &neighbors));
        let gradient = self.gradient(&samples, &neighbors).mapv(F::narrow);
        match gradient.indexed_iter().find(|(_, g)| !g.widen().is_finite()) {
            Some(((row, column), _)) => Err(Error::Steep { row, column }),
            None => Ok((entropy, gradient)),
        }
    }

    /// The neighbours, checked: every k-th distance can be used by [`radius`](KozachenkoLeonenko::radius).
    fn neighbors(&self, samples: &Samples<'_>) -> Result<Neighbors> {
        if let ClosePoints::Floor(floor) = self.close_points
            && !(floor.is_finite() && floor > 0.0)
        {
            return Err(Error::Floor(floor));
        }
        let neighbors = self.search.among(samples, self.k, self.norm.into(), 0)?;
        let pair = |first: usize| (first, neighbors.indices[[first, self.k - 1]]);
        let radii = neighbors.distances.column(self.k - 1);
        if let Some(first) = radii.iter().position(|r| r.is_infinite()) {
            let (first, second) = pair(first);
            return Err(Error::Overflow { first, second });
        }
        if self.close_points == ClosePoints::Error
            && let Some(first) = radii.iter().position(|&r| r == 0.0)
        {
            let (first, second) = pair(first);
            let count = radii.iter().filter(|&&r| r == 0.0).count();
            return Err(Error::Duplicates { first, second, count, k: self.k });
        }
        Ok(neighbors)
    }

    /// The distance that counts for a sample, and whether it is the true one.
    fn radius(&self, neighbors: &Neighbors, i: usize) -> (f64, bool) {
        let r = neighbors.distances[[i, self.k - 1]];
        match self.close_points {
            ClosePoints::Floor(floor) if r < floor => (floor, false),
            _ => (r, true),
        }
    }

    fn local_values(&self, samples: &Samples<'_>, neighbors: &Neighbors) -> Array1<f64> {
        let (n, d) = (samples.len(), samples.dimension());
        let constant = digamma(n as f64) - digamma(self.k as f64) + self.norm.log_unit_ball(d);
        Array1::from_shape_fn(n, |i| constant + d as f64 * self.radius(neighbors, i).0.ln())
    }

    fn gradient(&self, samples: &Samples<'_>, neighbors: &Neighbors) -> Array2<f64> {
        let (n, d) = (samples.len(), samples.dimension());
        let weight = d as f64 / n as f64;
        let mut gradient = Array2::zeros((n, d));
        // In the order of the samples, because several add to the same neighbour.
        for i in 0..n {
            let (r, true) = self.radius(neighbors, i) else { continue };
            let j = neighbors.indices[[i, self.k - 1]];
            self.norm.log_gradient(samples.point(i), samples.point(j), r, |coordinate, derivative| {
                gradient[[i, coordinate]] += weight * derivative;
                gradient[[j, coordinate]] -= weight * derivative;
            });
        }
        gradient
    }
}

fn mean(values: &Array1<f64>) -> f64 {
    compensated_sum(values.iter().copied()) / values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digamma_for_every_number_of_samples() {
        let table: serde_json::Value = serde_json::from_str(include_str!("../../tests/data/constants.json")).unwrap();
        for entry in table["digamma"].as_array().unwrap() {
            let [x, psi] = ["x", "psi"].map(|key| entry[key].as_f64().unwrap());
            approx::assert_relative_eq!(digamma(x), psi, max_relative = 1e-13);
        }
    }
}
