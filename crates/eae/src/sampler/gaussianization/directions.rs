//! The directions in which codes are least normal.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use ndarray_rand::rand::Rng;
use ndarray_rand::rand_distr::StandardNormal;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::marginal::normal_quantile;

/// Number of random directions, the best of which starts a search.
const CANDIDATES: usize = 16;

/// Number of gradient ascent steps.
const STEPS: usize = 12;

/// Returns orthonormal directions as rows `[d, d]`. The first row is the found direction with the
/// greatest distance from N(0, 1), the next row the best direction perpendicular to it, and so on.
///
/// The distance is the squared 2-Wasserstein distance along `a`, `mean (a x_(i) - z_i)^2`, with the
/// codes in the order of their projections and the normal quantiles `z_i`. Its gradient is
/// `2 mean (a x_(i) - z_i) x_(i)` (Dai and Seljak, ICML 2021, who ascend it for all directions
/// together).
pub(super) fn worst(codes: ArrayView2<'_, f64>, rng: &mut ChaCha8Rng) -> Array2<f64> {
    let (n, d) = codes.dim();
    let quantiles: Vec<f64> = (0..n).map(|i| normal_quantile((i as f64 + 0.5) / n as f64)).collect();
    let mut basis = Array2::<f64>::zeros((0, d));
    for chosen in 0..d {
        // The last direction is determined by the others.
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

/// A direction and the distance of the codes from normal along it.
struct Score {
    direction: Array1<f64>,
    distance: f64,
    /// The difference `a x_(i) - z_i` of each code.
    differences: Array1<f64>,
}

impl Score {
    fn new(codes: ArrayView2<'_, f64>, quantiles: &[f64], direction: Array1<f64>) -> Self {
        let projections = codes.dot(&direction);
        // Most of a search is this sort. Integers sort faster than indices by their projections.
        let mut order: Vec<(i64, usize)> = projections.iter().enumerate().map(|(i, x)| (in_order(*x), i)).collect();
        order.sort_unstable();
        let mut differences = projections;
        order.iter().zip(quantiles).for_each(|(&(_, i), z)| differences[i] -= z);
        let distance = differences.dot(&differences) / differences.len() as f64;
        Self { direction, distance, differences }
    }
}

/// An integer whose order is that of [`f64::total_cmp`].
fn in_order(x: f64) -> i64 {
    let bits = x.to_bits() as i64;
    bits ^ (((bits >> 63) as u64) >> 1) as i64
}

/// Ascends the distance by rotating the direction toward the gradient. The angle is halved whenever
/// a step does not increase the distance.
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

/// Returns a random direction perpendicular to the rows of `basis`.
fn perpendicular(basis: ArrayView2<'_, f64>, rng: &mut ChaCha8Rng) -> Array1<f64> {
    loop {
        let mut direction: Array1<f64> = (0..basis.ncols()).map(|_| rng.sample::<f64, _>(StandardNormal)).collect();
        project_out(&mut direction, basis);
        // The remainder of a direction that lies almost in the span of the rows is mostly rounding
        // error.
        if direction.dot(&direction) > 1e-12 {
            direction = unit(direction.view());
            project_out(&mut direction, basis);
            return unit(direction.view());
        }
    }
}

/// Removes the components along `basis`. The second pass removes the rounding error of the first.
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

    #[test]
    fn integers_are_in_the_order_of_their_numbers() {
        let numbers = [f64::NEG_INFINITY, -2.5, -1e-300, -0.0, 0.0, 1e-300, 1.0, 1.5, f64::INFINITY];
        assert!(numbers.windows(2).all(|pair| in_order(pair[0]) < in_order(pair[1])));
    }

    use crate::linalg::{eigen, moments, orthogonality_error};
    use crate::sampler::normal;
    use ndarray_rand::rand::SeedableRng;

    #[test]
    fn finds_the_non_normal_direction() {
        // Two clusters along one of eight directions, with mean 0 and variance 1. The other
        // directions are normal.
        let d = 8;
        let truth = unit(Array1::from_iter((1..=d).map(|i| i as f64)).view());
        let mut codes = normal::<f64>(2_000, d, 1);
        for (i, mut code) in codes.outer_iter_mut().enumerate() {
            let along = code.dot(&truth);
            let side = if i % 2 == 0 { 0.95 } else { -0.95 };
            code.scaled_add(0.31 * along + side - along, &truth);
        }
        // Standardize as a fit does. Otherwise the sample mean and covariance would attract the
        // search.
        let (mean, covariance) = moments(codes.view());
        let (variances, vectors) = eigen(covariance.view()).unwrap();
        codes = ((codes - &mean).dot(&vectors) / variances.mapv(f64::sqrt)).dot(&vectors.t());
        let found = |seed: &u64| {
            let basis = worst(codes.view(), &mut ChaCha8Rng::seed_from_u64(*seed));
            assert!(orthogonality_error(basis.view()) < 1e-13);
            basis.row(0).dot(&truth).abs() > 0.99
        };
        // A random direction comes as close in 3 of 10^7 tries. The search may end in another,
        // lower maximum.
        let count = (0..10).filter(found).count();
        assert!(count >= 8, "{count} of 10");
    }

    #[test]
    fn one_dimension_has_one_direction() {
        let basis = worst(normal::<f64>(10, 1, 0).view(), &mut ChaCha8Rng::seed_from_u64(0));
        assert_eq!(basis.mapv(f64::abs), Array2::<f64>::ones((1, 1)));
    }
}
