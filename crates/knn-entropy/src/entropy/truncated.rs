use ndarray::{Array2, ArrayView2};
use statrs::function::gamma::digamma;

use super::gradient::Gradient;
use crate::math::compensated_sum;
use crate::settings::window::digamma_of_usable;
use crate::settings::{Settings, setters};
use crate::{Error, Estimate, Float, Norm, Result, Samples, ToSamples};

/// The Kozachenko-Leonenko estimator for a distribution on a known box, with neighborhoods
/// truncated at the edges of the box (Ao and Li, "Entropy estimation via uniformization", AAAI
/// 2022), in nats:
///
/// ```text
/// H = psi(n) - psi(k) + (1/n) sum_i sum_j ln(min(x_ij + r_i, high_j) - max(x_ij - r_i, low_j))
/// ```
///
/// Here `r_i` is the distance to the k-th neighbor in the maximum norm. Near an edge, balls reach
/// outside the box, so the plain estimator is too high: for a uniform distribution on a cube in 20
/// dimensions by 5 nats with 1000 samples. For a uniform distribution on the box, this estimator is
/// unbiased for every n, k and d.
///
/// Make other distributions nearly uniform first, with [`correct`](crate::correct).
///
/// ```
/// use knn_entropy::{KozachenkoLeonenko, Truncated};
/// use ndarray::Array2;
/// use ndarray_rand::RandomExt;
/// use ndarray_rand::rand::SeedableRng;
/// use ndarray_rand::rand_distr::StandardUniform;
/// use rand_chacha::ChaCha8Rng;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// // The entropy of the uniform distribution on the unit cube is 0.
/// let x = Array2::<f64>::random_using((500, 10), StandardUniform, &mut rng);
/// assert!(Truncated::unit_cube(3).entropy(x.view())?.abs() < 0.3);
/// assert!(KozachenkoLeonenko::new(3).entropy(x.view())? > 1.0);
/// # Ok::<(), knn_entropy::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Truncated<'s> {
    settings: Settings<'s>,
    /// Lower and upper limits, or `None` for the unit cube.
    limits: Option<(&'s [f64], &'s [f64])>,
}

impl<'s> Truncated<'s> {
    /// Returns the estimator for the cube from 0 to 1 in each coordinate.
    pub fn unit_cube(k: usize) -> Self {
        Self { settings: Settings::new(k, Norm::LInf), limits: None }
    }

    /// Returns the estimator for the box from `low` to `high`, with one number per coordinate.
    pub fn new(k: usize, low: &'s [f64], high: &'s [f64]) -> Self {
        Self { settings: Settings::new(k, Norm::LInf), limits: Some((low, high)) }
    }

    setters!(close);

    /// Returns the entropy in nats of the distribution that the rows of `samples` `[n, d]` were
    /// drawn from.
    ///
    /// # Errors
    ///
    /// - See [`KozachenkoLeonenko::entropy`](crate::KozachenkoLeonenko::entropy).
    /// - [`Error::LimitMismatch`] if the box does not match the coordinates.
    /// - [`Error::InvalidLimits`] if the box is empty or not finite.
    /// - [`Error::OutOfBox`] for a sample outside the box.
    pub fn entropy(&self, samples: impl ToSamples) -> Result<f64> {
        Ok(self.estimate(samples)?.value())
    }

    /// Returns the entropy with local values, standard error, confidence interval and warnings.
    ///
    /// # Errors
    ///
    /// See [`entropy`](Truncated::entropy).
    pub fn estimate(&self, samples: impl ToSamples) -> Result<Estimate> {
        self.estimate_of(&samples.to_samples()?)
    }

    fn estimate_of(&self, samples: &Samples<'_>) -> Result<Estimate> {
        let limits = self.limits(samples)?;
        self.settings.check_rank(samples)?;
        let neighbors = self.settings.among(samples)?;
        let (n, k) = (samples.len(), self.settings.k);
        let (of_rows, of_k) = (digamma_of_usable(self.settings.window, n), digamma(k as f64));
        let local = |i: usize| {
            let r = self.settings.close_points.radius(neighbors.distances[[i, k - 1]]);
            let edges = samples.point(i).iter().zip(&limits).map(|(&x, &limits)| edge(x, r, limits).length.ln());
            of_rows(i) - of_k + compensated_sum(edges)
        };
        let repeated = neighbors.any_coincide().then(|| samples.repetition_warning()).flatten();
        let distance = (compensated_sum(neighbors.distances.column(k - 1).iter().map(|r| r.ln())) / n as f64).exp();
        Ok(Estimate::new((0..n).map(local).collect())?.warn(samples.rounding_warning(distance)).warn(repeated))
    }

    /// Returns the entropy in nats and its gradient `[n, d]` with respect to every sample. The
    /// gradient includes the radius, at both ends of the pair that it joins, and the truncated
    /// edges.
    ///
    /// # Errors
    ///
    /// See [`entropy`](Truncated::entropy). Also if points are so close that the gradient overflows
    /// `F`.
    pub fn entropy_and_gradient<F: Float>(&self, samples: ArrayView2<'_, F>) -> Result<(f64, Array2<F>)> {
        let samples = Samples::new(samples)?;
        let entropy = self.estimate_of(&samples)?.value();
        Ok((entropy, self.gradient(&samples)?.finish()?))
    }

    fn gradient(&self, samples: &Samples<'_>) -> Result<Gradient> {
        let limits = self.limits(samples)?;
        let neighbors = self.settings.among(samples)?;
        let (n, k) = (samples.len(), self.settings.k);
        let mut gradient = Gradient::new(n, samples.dimension());
        let mut push = vec![0.0; samples.dimension()];
        for i in 0..n {
            let (other, distance) = (neighbors.indices[[i, k - 1]], neighbors.distances[[i, k - 1]]);
            let r = self.settings.close_points.radius(distance);
            let mut by_radius = 0.0;
            for (c, (&x, &limits)) in samples.point(i).iter().zip(&limits).enumerate() {
                let edge = edge(x, r, limits);
                by_radius += edge.by_radius / edge.length;
                gradient.row(i)[c] += edge.by_position / edge.length / n as f64;
            }
            // `push_apart` takes the derivative with respect to ln r, which is r times the one with
            // respect to r.
            let weight = by_radius * r / n as f64;
            self.settings.push_apart(samples.point(i), samples.point(other), distance, weight, &mut push);
            gradient.add_pair(i, other, &push);
        }
        Ok(gradient)
    }

    /// Returns the limits of each coordinate after checking them and the samples.
    fn limits(&self, samples: &Samples<'_>) -> Result<Vec<(f64, f64)>> {
        let d = samples.dimension();
        let limits: Vec<(f64, f64)> = match self.limits {
            None => vec![(0.0, 1.0); d],
            Some((low, high)) if low.len() != d || high.len() != d => {
                return Err(Error::LimitMismatch { low: low.len(), high: high.len(), dimension: d });
            }
            Some((low, high)) => low.iter().copied().zip(high.iter().copied()).collect(),
        };
        if let Some(column) = limits.iter().position(|(low, high)| !(low < high && (high - low).is_finite())) {
            let (low, high) = limits[column];
            return Err(Error::InvalidLimits { column, low, high });
        }
        for (row, point) in samples.view().outer_iter().enumerate() {
            for (column, (&value, &(low, high))) in point.iter().zip(&limits).enumerate() {
                if !(low..=high).contains(&value) {
                    return Err(Error::OutOfBox { row, column, value, low, high });
                }
            }
        }
        Ok(limits)
    }
}

/// One edge of a neighborhood.
struct Edge {
    length: f64,
    /// Derivative of the length with respect to the radius. `by_position` is the one with respect
    /// to the position, which changes a truncated side.
    by_radius: f64,
    by_position: f64,
}

fn edge(x: f64, r: f64, (low, high): (f64, f64)) -> Edge {
    // Each side is measured from x to the limit, so no digits are lost if x is large.
    let (up, up_free) = if r < high - x { (r, 1.0) } else { (high - x, 0.0) };
    let (down, down_free) = if r < x - low { (r, 1.0) } else { (x - low, 0.0) };
    Edge { length: up + down, by_radius: up_free + down_free, by_position: up_free - down_free }
}
