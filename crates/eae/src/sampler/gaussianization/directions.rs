//! The directions in which codes are furthest from normal.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use ndarray_rand::rand::Rng;
use ndarray_rand::rand_distr::StandardNormal;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::marginal::normal_quantile;

/// Random directions that a search starts from the best of.
const CANDIDATES: usize = 16;

/// Steps up the gradient from there.
const STEPS: usize = 12;

/// Orthonormal directions as rows `[d, d]`: the first the one found with the greatest distance from
/// N(0, 1), the next the one among those perpendicular to it, and so on.
///
/// The distance is the square of the 2-Wasserstein distance along `a`, `mean (a x_(i) - z_i)^2`
/// with the codes in the order of their projections and the normal quantiles `z_i`; its gradient is
/// `2 mean (a x_(i) - z_i) x_(i)` (Dai and Seljak, ICML 2021, who climb it for all directions
/// together).
pub(super) fn worst(codes: ArrayView2<'_, f64>, rng: &mut ChaCha8Rng) -> Array2<f64> {
    let (n, d) = codes.dim();
    let quantiles: Vec<f64> = (0..n).map(|i| normal_quantile((i as f64 + 0.5) / n as f64)).collect();
    let mut basis = Array2::<f64>::zeros((0, d));
    for chosen in 0..d {
        // The last direction is what the others leave.
        let candidates = if chosen + 1 < d { CANDIDATES } else { 1 };
        let starts: Vec<Array1<f64>> = (0..candidates).map(|_| perpendicular(basis.view(), rng)).collect();
        let searched = if candidates == 1 {
            starts.into_iter().next()
        } else {
            let scored: Vec<Score> = starts.into_par_iter().map(|a| Score::new(codes, &quantiles, a)).collect();
            let best = scored.into_iter().max_by(|a, b| a.distance.total_cmp(&b.distance));
            best.map(|best| climb(codes, &quantiles, basis.view(), best))
        };
        basis.push_row(searched.expect("at least one candidate").view()).expect("d numbers");
    }
    basis
}

/// A direction and how far codes are from normal in it.
struct Score {
    direction: Array1<f64>,
    distance: f64,
    /// `a x_(i) - z_i` by code.
    differences: Array1<f64>,
}

impl Score {
    fn new(codes: ArrayView2<'_, f64>, quantiles: &[f64], direction: Array1<f64>) -> Self {
        let projections = codes.dot(&direction);
        let mut order: Vec<usize> = (0..projections.len()).collect();
        order.sort_unstable_by(|&a, &b| projections[a].total_cmp(&projections[b]).then(a.cmp(&b)));
        let mut differences = projections;
        order.iter().zip(quantiles).for_each(|(&i, z)| differences[i] -= z);
        let distance = differences.dot(&differences) / differences.len() as f64;
        Self { direction, distance, differences }
    }
}

/// Steps by an angle along the gradient, which is halved when one does not increase the distance.
fn climb(codes: ArrayView2<'_, f64>, quantiles: &[f64], basis: ArrayView2<'_, f64>, mut at: Score) -> Array1<f64> {
    let mut angle: f64 = 0.5;
    for _ in 0..STEPS {
        let mut gradient = at.differences.dot(&codes);
        project_out(&mut gradient, basis);
        project_out(&mut gradient, at.direction.view().insert_axis(Axis(0)));
        let length = gradient.dot(&gradient).sqrt();
        if length < f64::MIN_POSITIVE {
            break;
        }
        let mut direction = &at.direction * angle.cos() + gradient * (angle.sin() / length);
        project_out(&mut direction, basis);
        let next = Score::new(codes, quantiles, unit(direction.view()));
        if next.distance > at.distance {
            at = next;
        } else {
            angle /= 2.0;
        }
    }
    at.direction
}

/// A random direction perpendicular to the rows of `basis`.
fn perpendicular(basis: ArrayView2<'_, f64>, rng: &mut ChaCha8Rng) -> Array1<f64> {
    loop {
        let mut direction: Array1<f64> = (0..basis.ncols()).map(|_| rng.sample::<f64, _>(StandardNormal)).collect();
        project_out(&mut direction, basis);
        // What is left of a direction that was almost within the rows is mostly rounding.
        if direction.dot(&direction) > 1e-12 {
            direction = unit(direction.view());
            project_out(&mut direction, basis);
            return unit(direction.view());
        }
    }
}

/// Twice: the second time takes away what the first left by rounding.
fn project_out(direction: &mut Array1<f64>, basis: ArrayView2<'_, f64>) {
    for _ in 0..2 {
        for row in basis.axis_iter(Axis(0)) {
            let along = direction.dot(&row);
            direction.scaled_add(-along, &row);
        }
    }
}

fn unit(direction: ArrayView1<'_, f64>) -> Array1<f64> {
    &direction / direction.dot(&direction).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linalg::{eigen, moments, orthogonality_error};
    use crate::sampler::normal;
    use ndarray_rand::rand::SeedableRng;

    #[test]
    fn finds_the_direction_that_is_not_normal() {
        // Two clusters along one direction of eight, with mean 0 and variance 1, and nothing else.
        let d = 8;
        let truth = unit(Array1::from_iter((1..=d).map(|i| i as f64)).view());
        let mut codes = normal::<f64>(2_000, d, 1);
        for (i, mut code) in codes.outer_iter_mut().enumerate() {
            let along = code.dot(&truth);
            let side = if i % 2 == 0 { 0.95 } else { -0.95 };
            code.scaled_add(0.31 * along + side - along, &truth);
        }
        // As a fit does: what the mean and the covariance of a sample are off would draw the search to it.
        let (mean, covariance) = moments(codes.view());
        let (variances, vectors) = eigen(covariance.view()).unwrap();
        codes = ((codes - &mean).dot(&vectors) / variances.mapv(f64::sqrt)).dot(&vectors.t());
        let found = |seed: &u64| {
            let basis = worst(codes.view(), &mut ChaCha8Rng::seed_from_u64(*seed));
            assert!(orthogonality_error(basis.view()) < 1e-13);
            basis.row(0).dot(&truth).abs() > 0.99
        };
        // A random direction comes as close in 3 of 10^7 tries. The search may end at another, lower
        // maximum.
        let count = (0..10).filter(found).count();
        assert!(count >= 8, "{count} of 10");
    }

    #[test]
    fn one_dimension() {
        let basis = worst(normal::<f64>(10, 1, 0).view(), &mut ChaCha8Rng::seed_from_u64(0));
        assert_eq!(basis.mapv(f64::abs), Array2::<f64>::ones((1, 1)));
    }
}
