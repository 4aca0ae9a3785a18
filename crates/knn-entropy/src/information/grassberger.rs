use std::collections::HashMap;
use std::hash::Hash;

use statrs::function::gamma::digamma;

use super::labels::{counts, numbered};
use crate::{Error, Estimate, Result, Warning};

/// Share of rows alone with their labels above which the bias can be more than a few hundredths of
/// a nat.
const MANY_ALONE: f64 = 0.2;

/// Returns the mutual information between labels, or their conditional information given a third
/// label, in nats, from entropies whose bias is corrected (Grassberger, "Entropy estimates from
/// insufficient samplings", arXiv:physics/0307138, 2003):
///
/// ```text
/// I(X; Y)      = < G(n_xy) + ln n - G(n_x) - G(n_y) >
/// I(X; Y | Z)  = < G(n_xyz) + G(n_z) - G(n_xz) - G(n_yz) >
/// G(m) = psi(m) + (-1)^m / 2 (psi((m + 1) / 2) - psi(m / 2))
/// ```
///
/// The mean is over the rows. `n_xy` is the number of rows with the labels `x` and `y` of a row,
/// and so on. `G(m)` is near `ln m` for large `m`, where the estimate is the plug-in estimate of
/// [`label_information`](crate::label_information). That estimate is too high by about
/// `(A - 1)(B - 1) / (2 n)` for independent labels with `A` and `B` values, and this one is 0 on
/// average. It can be negative.
///
/// If many rows are alone with their pair of labels, even this estimate is too high, and it carries
/// [`Warning::RareLabels`].
///
/// ```
/// use knn_entropy::corrected_label_information;
///
/// // 50 labels and 4 labels that do not depend on each other, in 1000 rows.
/// let x: Vec<u64> = (0..1000_u64).map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40).map(|x| x % 50).collect();
/// let y: Vec<u64> = (0..1000_u64).map(|i| i.wrapping_mul(0xd1b5_4a32_d192_ed03) >> 40).map(|y| y % 4).collect();
/// let information = corrected_label_information(&x, &y, None)?;
/// assert!(information.value().abs() < 0.05);
/// # Ok::<(), knn_entropy::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::NoSamples`] and [`Error::RowMismatch`].
pub fn corrected_label_information<L: Eq + Hash>(x: &[L], y: &[L], z: Option<&[L]>) -> Result<Estimate> {
    for other in [Some(y), z].into_iter().flatten() {
        if other.len() != x.len() {
            return Err(Error::RowMismatch { one: x.len(), other: other.len() });
        }
    }
    let n = x.len();
    let (x, y, z) = (numbered(x), numbered(y), z.map_or_else(|| vec![0; n], numbered));
    let (xz, yz) = (joined(&x, &z), joined(&y, &z));
    let all = joined(&xz, &y);
    let [of_xz, of_yz, of_all, of_z] = [&xz, &yz, &all, &z].map(|labels| counts(labels));
    let mut known: HashMap<usize, f64> = HashMap::new();
    let mut g = |count: usize| *known.entry(count).or_insert_with(|| corrected_log(count));
    // A single condition is known exactly, so its count needs no correction.
    let given = |count: usize, g: f64| if of_z.len() == 1 { (count as f64).ln() } else { g };
    let local = (0..n).map(|i| {
        let of_given = of_z[z[i]];
        g(of_all[all[i]]) + given(of_given, g(of_given)) - g(of_xz[xz[i]]) - g(of_yz[yz[i]])
    });
    let estimate = Estimate::new(local.collect())?;
    let alone = of_all.iter().filter(|&&count| count == 1).count();
    let rare = alone as f64 > MANY_ALONE * n as f64;
    Ok(estimate.warn(rare.then_some(Warning::RareLabels { alone, rows: n })))
}

/// Numbers the pairs of two labels.
fn joined(a: &[usize], b: &[usize]) -> Vec<usize> {
    numbered(&a.iter().copied().zip(b.iter().copied()).collect::<Vec<_>>())
}

/// Returns Grassberger's `G`, which replaces the logarithm of a count.
fn corrected_log(count: usize) -> f64 {
    let m = count as f64;
    let half = 0.5 * (digamma(0.5 * (m + 1.0)) - digamma(0.5 * m));
    digamma(m) + if count.is_multiple_of(2) { half } else { -half }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{RngCore, SeedableRng};

    /// Returns the mean and the standard error of estimates from 40 tables.
    fn mean(of: impl Fn(&mut ChaCha8Rng) -> f64) -> (f64, f64) {
        let found: Vec<f64> = (0..40).map(|seed| of(&mut ChaCha8Rng::seed_from_u64(seed))).collect();
        let mean = found.iter().sum::<f64>() / 40.0;
        (mean, (found.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 39.0 / 40.0).sqrt())
    }

    fn draw(values: u64, rows: usize, rng: &mut ChaCha8Rng) -> Vec<u64> {
        (0..rows).map(|_| rng.next_u64() % values).collect()
    }

    #[test]
    fn corrected_logarithms_have_the_published_values() {
        // G(1) = -gamma - ln 2 and G(2) = 2 - gamma - ln 2 (equation 31 of the paper); G(2 m + 1) =
        // G(2 m).
        let first = -0.577_215_664_901_532_9 - 2_f64.ln();
        for (count, expected) in [(1, first), (2, first + 2.0), (3, first + 2.0), (4, first + 2.0 + 2.0 / 3.0)] {
            approx::assert_abs_diff_eq!(corrected_log(count), expected, epsilon = 1e-12);
        }
        approx::assert_abs_diff_eq!(corrected_log(100_000), 100_000_f64.ln(), epsilon = 1e-9);
    }

    #[test]
    fn independent_labels_have_no_information() {
        for (a, b, rows) in [(3, 4, 300), (100, 5, 3000), (100, 5, 1000)] {
            let (mean, error) = mean(|rng| {
                let (x, y) = (draw(a, rows, rng), draw(b, rows, rng));
                corrected_label_information(&x, &y, None).unwrap().value()
            });
            approx::assert_abs_diff_eq!(mean, 0.0, epsilon = 3.0 * error + 0.005);
        }
    }

    #[test]
    fn a_function_of_a_label_and_a_condition() {
        // The second label is the first modulo 5: ln 5 nats, and none given a copy of itself.
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let x = draw(500, 3000, &mut rng);
        let y: Vec<u64> = x.iter().map(|x| x % 5).collect();
        let found = corrected_label_information(&x, &y, None).unwrap();
        approx::assert_abs_diff_eq!(found.value(), 5_f64.ln(), epsilon = 0.003);
        assert!(found.warnings().is_empty() && found.standard_error() < 0.003);
        let given = corrected_label_information(&x, &y, Some(&y)).unwrap();
        approx::assert_abs_diff_eq!(given.value(), 0.0, epsilon = 1e-12);
        // Exclusive or: none alone, ln 2 given the third.
        let [a, b] = [draw(2, 3000, &mut rng), draw(2, 3000, &mut rng)];
        let both: Vec<u64> = a.iter().zip(&b).map(|(a, b)| a ^ b).collect();
        approx::assert_abs_diff_eq!(
            corrected_label_information(&a, &both, None).unwrap().value(),
            0.0,
            epsilon = 0.003
        );
        let given = corrected_label_information(&a, &both, Some(&b)).unwrap().value();
        approx::assert_abs_diff_eq!(given, 2_f64.ln(), epsilon = 0.003);
    }

    #[test]
    fn the_standard_error_covers_the_error() {
        // Half of the labels are copies: ln 5 - H with probabilities 0.6 and four times 0.1.
        let truth = 5_f64.ln() + 0.6 * 0.6_f64.ln() + 0.4 * 0.1_f64.ln();
        let of = |seed: u64| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let x = draw(5, 500, &mut rng);
            let y: Vec<u64> = x.iter().map(|x| if rng.next_u64() % 2 == 0 { *x } else { rng.next_u64() % 5 }).collect();
            corrected_label_information(&x, &y, None).unwrap()
        };
        let covered = (0..200).filter(|&seed| {
            let found = of(seed);
            (found.value() - truth).abs() < 2.0 * found.standard_error()
        });
        // 95 % of 200 is 190, with a standard deviation of 3.
        assert!((180..=200).contains(&covered.count()));
    }

    #[test]
    fn rare_pairs_carry_a_warning() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let (x, y) = (draw(750, 3000, &mut rng), draw(63, 3000, &mut rng));
        let found = corrected_label_information(&x, &y, None).unwrap();
        assert!(found.value() > 1.0);
        assert!(matches!(found.warnings(), [Warning::RareLabels { alone, rows: 3000 }] if *alone > 2500));
        assert_eq!(corrected_label_information::<u64>(&[], &[], None), Err(Error::NoSamples));
        let mismatch = Err(Error::RowMismatch { one: 1, other: 2 });
        assert_eq!(corrected_label_information(&[1], &[1, 2], None), mismatch);
        assert_eq!(corrected_label_information(&[1], &[1], Some(&[1, 2])), mismatch);
    }
}
