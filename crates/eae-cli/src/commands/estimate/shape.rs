//! The shapes of columns: numbers that repeat among others, heavy tails, and normal scores.

use knn_entropy::{Correction, correct};
use ndarray::{Array1, ArrayView1};

use super::rounding::MANY_TIES;

/// A number is a point mass if at least this fraction of the rows, and at least this many rows,
/// have it.
const MASS: f64 = 0.05;
const ROWS_OF_MASS: usize = 5;
/// Ratio of the range of 99 % of the numbers to that of the middle half above which tails are
/// heavy. The ratio is 3.8 for normal, 4.8 for exponential and 8.8 for lognormal numbers with a
/// logarithm of standard deviation 1, none of which bias an estimate. From about 20 on, estimates
/// from a few hundred rows are too low.
const HEAVY: f64 = 15.0;
/// Smallest number of rows whose quantiles are compared.
const ROWS: usize = 20;

/// Returns the number that most rows share and their fraction, if the other numbers hardly repeat.
/// An example is a column with many zeros and otherwise continuous numbers.
pub(super) fn point_mass(column: ArrayView1<'_, f64>) -> Option<(f64, f64)> {
    let n = column.len() as f64;
    let (masses, others): (Vec<_>, Vec<_>) =
        runs(column).into_iter().partition(|(_, count)| *count >= ROWS_OF_MASS && *count as f64 >= MASS * n);
    let (number, count) = masses.into_iter().max_by_key(|(_, count)| *count)?;
    let rows: usize = others.iter().map(|(_, count)| count).sum();
    let repeated: usize = others.iter().map(|(_, count)| count).filter(|count| **count > 1).sum();
    let is_continuous = rows as f64 >= MASS * n && repeated as f64 <= MANY_TIES * rows as f64;
    is_continuous.then_some((number, count as f64 / n))
}

/// Returns the ratio of the range of 99 % of a column's numbers to that of the middle half, if the
/// ratio is large. Numbers that many rows share do not count.
pub(super) fn heavy_tails(column: ArrayView1<'_, f64>) -> Option<f64> {
    let n = column.len() as f64;
    let rest = runs(column).into_iter().filter(|(_, count)| (*count as f64) < MASS * n);
    let rest: Vec<f64> = rest.flat_map(|(x, count)| std::iter::repeat_n(x, count)).collect();
    let at = |share: f64| rest[(share * (rest.len() - 1) as f64).round() as usize];
    if rest.len() < ROWS {
        return None;
    }
    let ratio = (at(0.995) - at(0.005)) / (at(0.75) - at(0.25));
    (ratio.is_finite() && ratio > HEAVY).then_some(ratio)
}

/// Returns the quantiles of N(0, 1) at the ranks of the numbers. Equal numbers have the mean of
/// their ranks.
pub(super) fn normal_scores(column: ArrayView1<'_, f64>) -> Array1<f64> {
    let n = column.len();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_unstable_by(|&a, &b| column[a].total_cmp(&column[b]));
    let mut shares = Array1::zeros(n);
    let mut first = 0;
    for run in order.chunk_by(|&a, &b| column[a] == column[b]) {
        let middle = first as f64 + 0.5 * run.len() as f64;
        run.iter().for_each(|&row| shares[row] = middle / n as f64);
        first += run.len();
    }
    let scores = correct(&shares, &[Correction::NormalQuantile]).expect("shares between 0 and 1").samples;
    scores.column(0).to_owned()
}

/// Returns the different numbers in increasing order, each with its count. 0 and -0 are equal.
pub(super) fn runs<'a>(numbers: impl IntoIterator<Item = &'a f64>) -> Vec<(f64, usize)> {
    let mut sorted: Vec<f64> = numbers.into_iter().map(|x| x + 0.0).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.chunk_by(|a, b| a == b).map(|equal| (equal[0], equal.len())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use eae::sampler::normal;

    #[test]
    fn a_number_that_repeats_among_others_is_a_mass() {
        let z = normal::<f64>(1000, 1, 0).column(0).to_owned();
        let of = |share: f64| {
            point_mass(
                z.iter()
                    .enumerate()
                    .map(|(i, z)| if (i as f64) < 1000.0 * share { 0.0 } else { *z })
                    .collect::<Array1<_>>()
                    .view(),
            )
        };
        assert_eq!([of(0.0), of(0.04), of(0.5), of(1.0)], [None, None, Some((0.0, 0.5)), None]);
        // Rounded numbers and codes are discrete.
        assert_eq!(point_mass(z.mapv(f64::round).view()), None);
        assert_eq!(point_mass(z.mapv(|z| (10.0 * z).round()).view()), None);
    }

    #[test]
    fn tails_are_heavy_in_any_unit() {
        let z = normal::<f64>(1000, 1, 0).column(0).to_owned();
        for light in [z.clone(), z.mapv(f64::exp), z.mapv(|z| z.exp() + 1e6)] {
            assert_eq!(heavy_tails(light.view()), None);
        }
        // sinh(3 * 2.5758) / sinh(3 * 0.6745) = 306, from the normal quantiles at 0.995 and 0.75.
        for factor in [-1e-3, 1.0, 1e9] {
            let ratio = heavy_tails(z.mapv(|z| factor * (3.0 * z).exp()).view()).unwrap();
            assert!((150.0..600.0).contains(&ratio), "{ratio}");
        }
    }

    #[test]
    fn scores_are_quantiles_of_mean_ranks() {
        let found = normal_scores(ndarray::array![7.0, -0.0, 1e9, 0.0].view());
        // The quantiles at 5/8, 2/8, 7/8, by SciPy's ndtri.
        let expected =
            [0.318_639_363_964_375_1, -0.674_489_750_196_081_7, 1.150_349_380_376_008, -0.674_489_750_196_081_7];
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{found}");
    }
}
