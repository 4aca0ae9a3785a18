use std::collections::HashMap;
use std::hash::Hash;

use crate::math::compensated_sum;
use crate::{Error, Result};

/// Returns the plug-in estimate of the mutual information between two labels, in nats: the
/// information of the distribution of the counts,
///
/// ```text
/// I = sum_ab (n_ab / n) ln(n n_ab / (n_a n_b))
/// ```
///
/// Here `n_ab` is the number of rows with the labels `a` and `b`, and `n_a` and `n_b` are the
/// numbers of rows with each of them. The estimate is never negative. For independent labels with
/// `A` and `B` values it is too high by about `(A - 1)(B - 1) / (2 n)` (Miller, "Note on the bias
/// of information estimates", 1955), which
/// [`corrected_label_information`](crate::corrected_label_information) corrects.
///
/// ```
/// use knn_entropy::label_information;
///
/// // Two fair coins that agree three times in four.
/// let (a, b) = ([0, 0, 0, 0, 1, 1, 1, 1], ["x", "x", "x", "y", "y", "y", "y", "x"]);
/// let information = label_information(&a, &b)?;
/// assert!((information - (0.75 * 1.5_f64.ln() + 0.25 * 0.5_f64.ln())).abs() < 1e-15);
/// # Ok::<(), knn_entropy::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::NoSamples`] and [`Error::RowMismatch`].
pub fn label_information<A: Eq + Hash, B: Eq + Hash>(a: &[A], b: &[B]) -> Result<f64> {
    if a.len() != b.len() {
        return Err(Error::RowMismatch { one: a.len(), other: b.len() });
    }
    if a.is_empty() {
        return Err(Error::NoSamples);
    }
    let (a, b) = (numbered(a), numbered(b));
    let (of_a, of_b) = (counts(&a), counts(&b));
    let mut of_both: HashMap<(usize, usize), usize> = HashMap::new();
    for pair in a.iter().copied().zip(b.iter().copied()) {
        *of_both.entry(pair).or_default() += 1;
    }
    // A hash map has a random order, and the order of a sum affects its last bits.
    let mut of_both: Vec<_> = of_both.into_iter().collect();
    of_both.sort_unstable();
    let n = a.len() as f64;
    let term = |&((a, b), count): &((usize, usize), usize)| {
        let count = count as f64;
        count / n * (n * count / (of_a[a] as f64 * of_b[b] as f64)).ln()
    };
    Ok(compensated_sum(of_both.iter().map(term)).max(0.0))
}

/// Numbers the labels in the order of their first rows.
pub(super) fn numbered<L: Eq + Hash>(labels: &[L]) -> Vec<usize> {
    let mut numbers = HashMap::new();
    labels
        .iter()
        .map(|label| {
            let next = numbers.len();
            *numbers.entry(label).or_insert(next)
        })
        .collect()
}

/// Counts the rows of each numbered label.
pub(super) fn counts(numbers: &[usize]) -> Vec<usize> {
    let mut counts = vec![0; numbers.iter().max().map_or(0, |most| most + 1)];
    numbers.iter().for_each(|&number| counts[number] += 1);
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Entropy of the counts of labels.
    fn entropy<L: Eq + Hash>(labels: &[L]) -> f64 {
        let n = labels.len() as f64;
        let counts = counts(&numbered(labels));
        -counts.iter().map(|&count| count as f64 / n * (count as f64 / n).ln()).sum::<f64>()
    }

    #[test]
    fn information_is_the_sum_of_the_entropies_minus_the_joint_entropy() {
        let a: Vec<i32> = (0..97).map(|i| i * i % 7).collect();
        let b: Vec<i32> = (0..97).map(|i| i % 5).collect();
        let both: Vec<_> = a.iter().zip(&b).collect();
        let expected = entropy(&a) + entropy(&b) - entropy(&both);
        approx::assert_relative_eq!(label_information(&a, &b).unwrap(), expected, epsilon = 1e-12);
        approx::assert_relative_eq!(label_information(&a, &a).unwrap(), entropy(&a), epsilon = 1e-12);
    }

    #[test]
    fn independent_labels_have_the_known_bias() {
        use rand_chacha::ChaCha8Rng;
        use rand_chacha::rand_core::{RngCore, SeedableRng};
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let (values, rows, tables) = (6, 400, 400);
        let mut draw = || -> Vec<u64> { (0..rows).map(|_| rng.next_u64() % values).collect() };
        let mean = (0..tables).map(|_| label_information(&draw(), &draw()).unwrap()).sum::<f64>() / tables as f64;
        // 2 n I has a chi-square distribution with 25 degrees of freedom, of variance 50.
        let bias = (values - 1).pow(2) as f64 / (2 * rows) as f64;
        let deviation = 50_f64.sqrt() / (2 * rows) as f64 / f64::from(tables).sqrt();
        approx::assert_abs_diff_eq!(mean, bias, epsilon = 5.0 * deviation);
    }

    #[test]
    fn labels_must_exist_and_match() {
        assert_eq!(label_information::<i32, i32>(&[], &[]), Err(Error::NoSamples));
        assert_eq!(label_information(&[1], &[1, 2]), Err(Error::RowMismatch { one: 1, other: 2 }));
        assert_eq!(label_information(&[3, 3], &["a", "b"]), Ok(0.0));
    }
}
