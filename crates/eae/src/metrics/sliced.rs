use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;
use serde::Serialize;

use super::MetricError;
use super::error::{at_least, checked_pair, finite};
use crate::{Float, sampler};

/// The sliced Wasserstein distance of order 2 between two sets (Rabin et al., 2011; Bonneel et al.,
/// 2015):
///
/// ```text
/// SW^2 = E W^2(u.X, u.Y)    W^2(a, b) = integral over q from 0 to 1 of (a_q - b_q)^2
/// ```
///
/// with `u` uniform on the unit sphere and `a_q` the quantiles of a projection. For sets of
/// different sizes each value has its weight, so this is the distance of the sets themselves and
/// not of a resampling.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SlicedWasserstein {
    /// SW, the root of the mean over the sampled directions.
    pub distance: f64,
    /// The standard error of SW^2 due to the directions, not due to the samples.
    pub square_error: f64,
}

/// Number of directions in one matrix product.
const CHUNK: usize = 16;

impl SlicedWasserstein {
    /// Computes the distance between the rows of `real` `[n, d]` and `fake` `[m, d]`, along this
    /// many random directions. `O(directions (n + m) (d + log n))`.
    ///
    /// # Errors
    ///
    /// [`MetricError::Samples`], [`MetricError::Dimensions`], [`MetricError::Setting`] for fewer
    /// than two directions, [`MetricError::OutOfRange`].
    pub fn new<F: Float>(
        real: ArrayView2<'_, F>,
        fake: ArrayView2<'_, F>,
        directions: usize,
        seed: u64,
    ) -> Result<Self, MetricError> {
        at_least("the number of directions", directions, 2)?;
        let (real, fake) = checked_pair(real, fake, 1)?;
        let units = unit_directions(directions, real.dimension(), seed);
        let squares: Vec<f64> = units
            .axis_chunks_iter(ndarray::Axis(0), CHUNK)
            .into_par_iter()
            .flat_map_iter(|units| {
                let (a, b) = (sorted_projections(real.view(), units), sorted_projections(fake.view(), units));
                a.into_iter().zip(b).map(|(a, b)| squared_wasserstein(&a, &b))
            })
            .collect();
        let count = directions as f64;
        let mean = finite("the sliced Wasserstein distance", squares.iter().sum::<f64>() / count)?;
        let variance = squares.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (count - 1.0);
        Ok(Self {
            distance: mean.sqrt(),
            square_error: finite("the error of the sliced Wasserstein distance", (variance / count).sqrt())?,
        })
    }
}

/// Returns points that are uniform on the unit sphere, as rows.
pub(super) fn unit_directions(count: usize, d: usize, seed: u64) -> Array2<f64> {
    let mut units = sampler::normal::<f64>(count, d, seed);
    units.outer_iter_mut().for_each(|mut u| u /= u.dot(&u).sqrt());
    units
}

/// Returns the sorted projections of all points on each direction.
fn sorted_projections(points: ArrayView2<'_, f64>, units: ArrayView2<'_, f64>) -> Vec<Vec<f64>> {
    let sorted = |row: ndarray::ArrayView1<'_, f64>| {
        let mut values = row.to_vec();
        values.sort_unstable_by(f64::total_cmp);
        values
    };
    units.dot(&points.t()).outer_iter().map(sorted).collect()
}

/// Returns `W^2` of sorted values.
fn squared_wasserstein(a: &[f64], b: &[f64]) -> f64 {
    let (n, m) = (a.len() as u64, b.len() as u64);
    // Quantiles in units of 1 / (n m): each of the `a` has the width m and each of the `b` the
    // width n.
    let (mut i, mut j, mut from, mut sum) = (0, 0, 0, 0.0);
    while i < n && j < m {
        let to = ((i + 1) * m).min((j + 1) * n);
        sum += (to - from) as f64 * (a[i as usize] - b[j as usize]).powi(2);
        i += u64::from(to == (i + 1) * m);
        j += u64::from(to == (j + 1) * n);
        from = to;
    }
    sum / (n as f64 * m as f64)
}

#[cfg(test)]
mod tests {
    use super::super::test_data::{skewed, uniform};
    use super::*;
    use approx::assert_relative_eq;
    use ndarray::{Axis, concatenate};

    #[test]
    fn sets_may_have_different_sizes() {
        // The result equals that of 2 and 3 copies of the values.
        let (a, b) = ([0.0, 1.0, 5.0], [-1.0, 2.0]);
        let copies = [(0.0, -1.0), (0.0, -1.0), (1.0, -1.0), (1.0, 2.0), (5.0, 2.0), (5.0, 2.0)];
        let expected = copies.map(|(a, b): (f64, f64)| (a - b).powi(2)).iter().sum::<f64>() / 6.0;
        assert_relative_eq!(squared_wasserstein(&a, &b), expected, max_relative = 1e-15);
        // Repeating every point three times does not change the distance.
        let (x, y) = (uniform(50, 4, 1), skewed(70, 4, 2));
        let of = |x: &Array2<f64>, y: &Array2<f64>| SlicedWasserstein::new(x.view(), y.view(), 20, 3).unwrap();
        let (once, thrice) = (of(&x, &y), of(&concatenate![Axis(0), x, x, x], &y));
        assert_relative_eq!(once.distance, thrice.distance, max_relative = 1e-12);
    }

    #[test]
    fn matches_numpy() {
        // In one dimension every direction is 1 or -1, and the distance is numpy's
        // sqrt(mean((sort(x) - sort(y))^2)).
        const WASSERSTEIN: f64 = 0.11154327933805516;
        let found = SlicedWasserstein::new(uniform(60, 1, 1).view(), skewed(60, 1, 2).view(), 4, 0).unwrap();
        assert_relative_eq!(found.distance, WASSERSTEIN, max_relative = 1e-12);
    }

    #[test]
    fn distance_of_a_shifted_set() {
        // W^2 along u is (u.shift)^2, whose mean is |shift|^2 / d.
        let x = sampler::normal::<f32>(200, 5, 1);
        let shifted = &x + &ndarray::array![3.0, 0.0, 0.0, 4.0, 0.0];
        let found = SlicedWasserstein::new(x.view(), shifted.view(), 2000, 2).unwrap();
        assert!((found.distance.powi(2) - 5.0).abs() < 4.0 * found.square_error, "{found:?}");
        // (u.shift)^2 is 25 times a Beta(1/2, 2) variable of variance 0.2 0.8 / 3.5. The error is
        // the standard error over 2000 directions.
        assert_relative_eq!(found.square_error, 25.0 * (0.16_f64 / 3.5 / 2000.0).sqrt(), max_relative = 0.1);
        assert_eq!(SlicedWasserstein::new(x.view(), x.view(), 9, 2).unwrap().distance, 0.0);
    }

    #[test]
    fn invalid_input_is_an_error() {
        let x = uniform(5, 3, 1);
        let of = |scale: f64, directions| SlicedWasserstein::new(x.view(), (&x * scale).view(), directions, 0);
        assert!(matches!(of(1.0, 1), Err(MetricError::Setting { .. })));
        assert!(matches!(of(1e200, 2), Err(MetricError::OutOfRange { .. })));
        assert!(matches!(of(f64::INFINITY, 2), Err(MetricError::Samples { set: "fake", .. })));
    }
}
