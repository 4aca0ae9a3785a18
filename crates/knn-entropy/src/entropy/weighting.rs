use crate::math::special::ln_gamma_ratio;
use crate::{Error, Result};

/// Weights of the neighbors up to the k-th: `H = sum_j w_j H_j`, where `H_j` is the estimate by the
/// j-th neighbor and the weights add up to 1.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum Weighting {
    /// The k-th neighbor alone.
    #[default]
    Kth,
    /// Equal weights: less variance than the first neighbor alone, and less bias than the k-th.
    Mean,
    /// Weights of both signs that cancel the leading terms of the bias (Berrett, Samworth and Yuan,
    /// Annals of Statistics 47, 2019): the weights of least square sum with
    ///
    /// ```text
    /// sum_j w_j = 1,    sum_j w_j Gamma(j + 2 l / d) / Gamma(j) = 0    for l = 1 to d/4, rounded down.
    /// ```
    ///
    /// For a smooth density, and k growing with n, the estimate is efficient in any dimension.
    /// Below four dimensions, the k-th neighbor alone is already efficient. The weights grow
    /// quickly with the dimension, and the variance with them. Therefore conditions are dropped,
    /// starting with the last, until `sum_j |w_j|` is at most `bound`.
    Efficient {
        /// Largest sum of the absolute weights, at least 1. A reasonable choice is 5.
        bound: f64,
    },
}

impl Weighting {
    /// Returns the weights for neighbors 1 to k in d dimensions.
    ///
    /// # Errors
    ///
    /// [`Error::ZeroK`] and [`Error::InvalidWeightBound`].
    pub fn weights(self, k: usize, d: usize) -> Result<Vec<f64>> {
        if k == 0 {
            return Err(Error::ZeroK);
        }
        let last = || {
            let mut weights = vec![0.0; k];
            weights[k - 1] = 1.0;
            weights
        };
        match self {
            Self::Kth => Ok(last()),
            Self::Mean => Ok(vec![1.0 / k as f64; k]),
            Self::Efficient { bound } if bound.is_nan() || bound < 1.0 => Err(Error::InvalidWeightBound(bound)),
            Self::Efficient { .. } if d < 4 => Ok(last()),
            Self::Efficient { bound } => {
                // Without conditions the weights are equal and positive.
                let weights = (0..=(d / 4).min(k - 1)).rev().map(|conditions| least_squares(k, d, conditions));
                let size = |weights: &Vec<f64>| weights.iter().map(|w| w.abs()).sum::<f64>();
                let fits = |weights: &Vec<f64>| size(weights) <= bound.max(1.0 + 1e-12);
                Ok(weights.flatten().find(fits).unwrap_or_else(|| vec![1.0 / k as f64; k]))
            }
        }
    }
}

/// Returns the shortest `w` that satisfies the first `conditions` conditions, or `None` if they
/// contradict each other to within rounding.
fn least_squares(k: usize, d: usize, conditions: usize) -> Option<Vec<f64>> {
    // The rows of the conditions are orthonormalized one after the other, because the shortest
    // solution lies in their span. The condition that the sum is 1 comes last: its remainder,
    // orthogonal to all others, is the direction of the solution.
    let mut basis: Vec<Vec<f64>> = Vec::new();
    for l in (1..=conditions).rev().chain([0]) {
        let exponent = 2.0 * l as f64 / d as f64;
        let mut row: Vec<f64> = (1..=k).map(|j| ln_gamma_ratio(j as f64, exponent).exp()).collect();
        let length = norm(&row);
        row.iter_mut().for_each(|x| *x /= length);
        // Project twice, because the first pass leaves a small remainder with relatively large
        // rounding errors.
        for _ in 0..2 {
            for direction in &basis {
                let along = dot(&row, direction);
                row.iter_mut().zip(direction).for_each(|(x, b)| *x -= along * b);
            }
        }
        let left = norm(&row);
        if left < 1e-13 {
            return None;
        }
        row.iter_mut().for_each(|x| *x /= left);
        basis.push(row);
    }
    let mut weights = basis.pop()?;
    let sum: f64 = crate::math::compensated_sum(weights.iter().copied());
    weights.iter_mut().for_each(|w| *w /= sum);
    Some(weights)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    crate::math::compensated_sum(a.iter().zip(b).map(|(a, b)| a * b))
}

fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;

    #[test]
    fn weights_equal_those_of_the_authors() {
        let table: serde_json::Value = serde_json::from_str(include_str!("../../tests/data/constants.json")).unwrap();
        let entries = table["bsy_weights"].as_array().unwrap();
        assert_eq!(entries.len(), 5);
        for entry in entries {
            let [k, d] = ["k", "d"].map(|key| entry[key].as_u64().unwrap() as usize);
            let weights = Weighting::Efficient { bound: f64::INFINITY }.weights(k, d).unwrap();
            let largest = weights.iter().fold(0.0_f64, |most, w| most.max(w.abs()));
            for (w, expected) in weights.iter().zip(entry["w"].as_array().unwrap()) {
                assert_abs_diff_eq!(*w, expected.as_f64().unwrap(), epsilon = 1e-9 * largest);
            }
        }
    }

    #[test]
    fn weights_respect_their_bound() {
        for (k, d) in [(1, 1), (1, 64), (5, 16), (30, 20), (100, 50), (40, 4)] {
            for bound in [1.0, 1.5, 5.0, 100.0] {
                let weights = Weighting::Efficient { bound }.weights(k, d).unwrap();
                assert_eq!(weights.len(), k);
                assert_abs_diff_eq!(weights.iter().sum::<f64>(), 1.0, epsilon = 1e-12);
                assert!(weights.iter().map(|w| w.abs()).sum::<f64>() <= bound + 1e-12);
            }
        }
        for bound in [0.5, f64::NAN, -1.0] {
            assert!(matches!(Weighting::Efficient { bound }.weights(5, 8), Err(Error::InvalidWeightBound(_))));
        }
        assert_eq!(Weighting::Mean.weights(0, 8), Err(Error::ZeroK));
    }
}
