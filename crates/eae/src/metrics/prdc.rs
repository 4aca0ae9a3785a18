use knn_entropy::{Auto, Metric, NeighborSearch, Norm, Samples};
use ndarray::{Array1, Array2, ArrayView2, Axis};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::MetricError;
use super::error::{at_least, checked_pair};
use crate::Float;

/// Precision, recall, density and coverage: measures of how well two sets of features cover each
/// other. They use balls around samples that reach to the k-th nearest other sample of the same
/// set. With `r_i` the radius around the real sample `x_i` and `s_j` the radius around the fake
/// sample `y_j`:
///
/// ```text
/// precision  share of j with |x_i - y_j| < r_i for some i
/// recall     share of i with |x_i - y_j| < s_j for some j
/// density    1/(k m) sum_{i, j} [|x_i - y_j| < r_i]
/// coverage   share of i with |x_i - y_j| < r_i for some j
/// ```
///
/// Precision and recall are due to Kynkaanniemi et al. (NeurIPS 2019), density and coverage to
/// Naeem et al. (ICML 2020). Density and coverage are robust to an outlier with a large ball. For
/// equal distributions the density is 1 on average. The coverage is
/// `1 - (n-1)...(n-k) / ((2n-1)...(2n-k))` for n samples in each set, close to `1 - 2^-k`.
/// Precision and recall depend on the dimension.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Prdc {
    /// The share of fake samples that lie in a ball around a real sample.
    pub precision: f64,
    /// The share of real samples that lie in a ball around a fake sample.
    pub recall: f64,
    /// The mean number of balls around real samples that contain a fake sample, divided by k. The
    /// density can exceed 1.
    pub density: f64,
    /// The share of balls around real samples that contain a fake sample.
    pub coverage: f64,
}

impl Prdc {
    /// Compares features `[n, d]` and `[m, d]`. Every comparison has the result of distances
    /// computed from differences in double precision. A matrix product decides where its bounded
    /// error cannot affect the result. `O(n m d)`.
    ///
    /// # Errors
    ///
    /// [`MetricError::Samples`], [`MetricError::Dimensions`], [`MetricError::TooFew`] unless each
    /// set has more than `k` samples, [`MetricError::Setting`] if `k` is 0.
    pub fn new<F: Float>(real: ArrayView2<'_, F>, fake: ArrayView2<'_, F>, k: usize) -> Result<Self, MetricError> {
        at_least("k", k, 1)?;
        let (real, fake) = checked_pair(real, fake, k.saturating_add(1))?;
        let radii = |set: &Samples<'_>| -> Result<Vec<f64>, MetricError> {
            Ok(Auto.among(set, k, Norm::L2.into(), 0)?.distances.column(k - 1).to_vec())
        };
        let (real_radii, fake_radii) = (radii(&real)?, radii(&fake)?);
        let Within { of_real, covered, recalled } = within(&real, &fake, &real_radii, &fake_radii);
        let (n, m) = (real.len() as f64, fake.len() as f64);
        let count = |flags: &[bool]| flags.iter().filter(|&&flag| flag).count() as f64;
        Ok(Self {
            precision: of_real.iter().filter(|&&balls| balls > 0).count() as f64 / m,
            recall: count(&recalled) / n,
            density: of_real.iter().sum::<usize>() as f64 / (k as f64 * m),
            coverage: count(&covered) / n,
        })
    }
}

/// The samples that lie in balls of the other set.
struct Within {
    /// For each fake sample, the number of balls around real samples that contain it.
    of_real: Vec<usize>,
    /// For each real sample, true if its ball contains a fake sample.
    covered: Vec<bool>,
    /// For each real sample, true if a ball around a fake sample contains it.
    recalled: Vec<bool>,
}

/// Numbers of real and fake samples in one matrix product.
const ROWS: usize = 128;
const COLUMNS: usize = 512;

fn within(real: &Samples<'_>, fake: &Samples<'_>, real_radii: &[f64], fake_radii: &[f64]) -> Within {
    let metric = Metric::from(Norm::L2);
    // The terms of |x|^2 + |y|^2 - 2 x.y cancel least near the origin.
    let center = real.view().mean_axis(Axis(0)).expect("there are samples");
    let centered = |set: &Samples<'_>| -> (Array2<f64>, Array1<f64>) {
        let points = &set.view() - &center;
        let squares = points.outer_iter().map(|x| x.dot(&x)).collect();
        (points, squares)
    };
    let ((x, x_squares), (y, y_squares)) = (centered(real), centered(fake));
    // A generous bound for the rounding errors of the differences to the center, of d products and
    // of their sum.
    let relative = 8.0 * (real.dimension() + 8) as f64 * f64::EPSILON;
    let of_real: Vec<AtomicUsize> = (0..fake.len()).map(|_| AtomicUsize::new(0)).collect();
    let mut flags = vec![(false, false); real.len()];
    flags.par_chunks_mut(ROWS).enumerate().for_each(|(block, flags)| {
        let first = block * ROWS;
        let rows = x.slice_axis(Axis(0), (first..first + flags.len()).into());
        for start in (0..fake.len()).step_by(COLUMNS) {
            let end = (start + COLUMNS).min(fake.len());
            let products = rows.dot(&y.slice_axis(Axis(0), (start..end).into()).t());
            for ((row, (covered, recalled)), products) in flags.iter_mut().enumerate().zip(products.outer_iter()) {
                let i = first + row;
                for (j, product) in (start..end).zip(products) {
                    let squares = x_squares[i] + y_squares[j];
                    let (square, bound) = (squares - 2.0 * product, relative * squares);
                    let mut exact = None;
                    let mut is_within = |radius: f64| {
                        let gap = square - radius * radius;
                        // Values whose squares overflow or underflow need the exact distance.
                        let sure = gap.is_finite() && bound > 1e-280 && gap.abs() > bound + 1e-14 * radius * radius;
                        match sure {
                            true => gap < 0.0,
                            false => {
                                *exact.get_or_insert_with(|| metric.distance(real.point(i), fake.point(j))) < radius
                            }
                        }
                    };
                    if is_within(real_radii[i]) {
                        *covered = true;
                        // The order does not matter for a sum of integers.
                        of_real[j].fetch_add(1, Ordering::Relaxed);
                    }
                    *recalled = *recalled || is_within(fake_radii[j]);
                }
            }
        }
    });
    let (covered, recalled) = flags.into_iter().unzip();
    Within { of_real: of_real.into_iter().map(AtomicUsize::into_inner).collect(), covered, recalled }
}

#[cfg(test)]
mod tests {
    use super::super::test_data::{skewed, uniform};
    use super::*;
    use crate::sampler;

    /// Computes every distance, by the definition.
    fn brute_force(real: &Array2<f64>, fake: &Array2<f64>, k: usize) -> Prdc {
        let distance =
            |a: &Array2<f64>, i: usize, b: &Array2<f64>, j: usize| (&a.row(i) - &b.row(j)).mapv(|x| x * x).sum().sqrt();
        let radii = |a: &Array2<f64>| -> Vec<f64> {
            let others = |i: usize| (0..a.nrows()).filter(move |&j| j != i);
            let radius = |i: usize| {
                let mut all: Vec<f64> = others(i).map(|j| distance(a, i, a, j)).collect();
                all.sort_by(f64::total_cmp);
                all[k - 1]
            };
            (0..a.nrows()).map(radius).collect()
        };
        let (r, s) = (radii(real), radii(fake));
        let (n, m) = (real.nrows(), fake.nrows());
        let among_real = |i: usize, j: usize| distance(real, i, fake, j) < r[i];
        let share = |count: usize, of: usize| count as f64 / of as f64;
        Prdc {
            precision: share((0..m).filter(|&j| (0..n).any(|i| among_real(i, j))).count(), m),
            recall: share((0..n).filter(|&i| (0..m).any(|j| distance(real, i, fake, j) < s[j])).count(), n),
            density: share((0..m).map(|j| (0..n).filter(|&i| among_real(i, j)).count()).sum(), k * m),
            coverage: share((0..n).filter(|&i| (0..m).any(|j| among_real(i, j))).count(), n),
        }
    }

    #[test]
    fn matches_the_definition() {
        for (n, m, d, k) in [(300, 200, 8, 3), (150, 700, 2, 5), (40, 30, 90, 1)] {
            let (real, fake) = (uniform(n, d, 1), skewed(m, d, 2));
            let expected = brute_force(&real, &fake, k);
            assert_eq!(Prdc::new(real.view(), fake.view(), k).unwrap(), expected);
            // The result depends neither on the scale, even where squares overflow, nor on the
            // location.
            for scale in [2_f64.powi(600), 2_f64.powi(-600)] {
                let found = Prdc::new((&real * scale).view(), (&fake * scale).view(), k).unwrap();
                assert_eq!(found, expected, "{scale}");
            }
        }
        // Rows of small integers: many distances equal a radius, and count as outside.
        let grid = |seed| uniform(200, 3, seed).mapv(|x| (x * 4.0).round() + 1e6);
        let (real, fake) = (grid(3), grid(4));
        assert_eq!(Prdc::new(real.view(), fake.view(), 4).unwrap(), brute_force(&real, &fake, 4));
    }

    #[test]
    fn matches_scipy() {
        // The distances of scipy.spatial.distance.cdist, the radii by numpy.sort, and the four
        // comparisons counted.
        let (real, fake) = (skewed(300, 8, 1), skewed(200, 8, 2) * 0.8);
        let expected =
            Prdc { precision: 191.0 / 200.0, recall: 219.0 / 300.0, density: 810.0 / 600.0, coverage: 232.0 / 300.0 };
        assert_eq!(Prdc::new(real.view(), fake.view(), 3).unwrap(), expected);
    }

    #[test]
    fn invalid_input_is_an_error() {
        let x = uniform(5, 3, 1);
        let error = |n, k| Prdc::new(x.view(), x.slice_axis(Axis(0), (..n).into()), k).unwrap_err();
        assert_eq!(error(3, 3), MetricError::TooFew { set: "fake", n: 3, needed: 4 });
        assert_eq!(error(3, 0), MetricError::Setting { setting: "k", value: 0, least: 1 });
        assert!(matches!(error(3, usize::MAX), MetricError::TooFew { .. }));
        // All samples coincide, so every ball is empty.
        let zeros = Array2::<f32>::zeros((5, 2));
        let nothing = Prdc { precision: 0.0, recall: 0.0, density: 0.0, coverage: 0.0 };
        assert_eq!(Prdc::new(zeros.view(), zeros.view(), 2).unwrap(), nothing);
    }

    /// Repeats the example in the README of the authors' implementation: N(0, I), 10 000 samples in
    /// each set, d = 1000, k = 5. Takes 200 billion multiplications.
    #[test]
    #[ignore = "takes 15 seconds"]
    fn matches_the_authors_example() {
        let [real, fake] = [1, 2].map(|seed| sampler::normal::<f64>(10_000, 1000, seed));
        let found = Prdc::new(real.view(), fake.view(), 5).unwrap();
        // The random samples differ from theirs. A share of 10 000 has a standard error of at most
        // 0.005, and neighbors are shared.
        for (value, published, bound) in [
            (found.precision, 0.477, 0.03),
            (found.recall, 0.471, 0.03),
            (found.density, 1.056, 0.06),
            (found.coverage, 0.974, 0.01),
        ] {
            assert!((value - published).abs() < bound, "{found:?}");
        }
    }
}
