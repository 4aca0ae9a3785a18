use ndarray::{Array1, Array2, Axis};

use super::KozachenkoLeonenko;
use crate::math::compensated_sum;
use crate::math::linalg::{cholesky, log_determinant, moments, solve_lower};
use crate::math::power_of_two;
use crate::math::special::{normal_cdf, normal_quantile, normal_surprise};
use crate::samples::whole_multiples;
use crate::{Error, Result, Samples, ToSamples};

/// A change of variables that makes the entropy easier to estimate.
///
/// Nearest-neighbor estimators assume a constant density within each ball. A map `z = f(x)` changes
/// the entropy by the mean of `ln |det f'|`, which is known or easy to estimate. The *Jacobian
/// term* of a map is minus this mean. So map the samples to a distribution that suits balls,
/// estimate the entropy there, and add the terms. [`correct`] applies several maps one after the
/// other.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Correction {
    /// Scales each column to mean 0 and standard deviation 1 (divisor n - 1). Term:
    /// `sum_j ln sd_j`.
    Standardize,
    /// Maps all columns to mean 0 and identity covariance, by the Cholesky factor of the sample
    /// covariance `S` (divisor n - 1). Term: `1/2 ln det S`. Removes differences of scale and
    /// linear dependence.
    Whiten,
    /// Replaces each column by its ranks, `(rank - 1/2) / n`: the copula of the samples, on the
    /// unit cube. Term: the entropies of the columns, each estimated by [`KozachenkoLeonenko`] with
    /// this k. Removes edges and tails of the columns. Use it from two dimensions on: in one, only
    /// the evenly spaced ranks remain. Equal numbers get the mean of their ranks.
    Ranks {
        /// Number of the neighbor for the entropies of the columns.
        k: usize,
    },
    /// Replaces each coordinate by its probability `Phi(z)` under N(0, 1), on the unit cube. Term:
    /// the mean of `-sum_j ln phi(z_j)`.
    NormalCdf,
    /// Applies the inverse of `Phi` to each coordinate, from the unit cube. Term: the mean of
    /// `sum_j ln phi(z_j)`.
    NormalQuantile,
}

impl Correction {
    /// Whitens, then replaces each coordinate by its probability. Nearly normal samples become
    /// nearly uniform on the unit cube. Use it with
    /// [`Truncated::unit_cube`](crate::Truncated::unit_cube) (Ao and Li, AAAI 2022, who learn the
    /// map).
    pub const WHITENED: [Self; 2] = [Self::Whiten, Self::NormalCdf];

    /// Separates the distributions of the columns from their dependence. Nearly independent columns
    /// of any distribution become nearly uniform on the unit cube.
    pub const COPULA: [Self; 1] = [Self::Ranks { k: 3 }];

    /// Removes the Gaussian part of the copula. Columns of any distribution that depend on each
    /// other like normal variables become nearly uniform on the unit cube.
    pub const GAUSSIAN_COPULA: [Self; 4] = [Self::Ranks { k: 3 }, Self::NormalQuantile, Self::Whiten, Self::NormalCdf];
}

/// Samples after a change of variables.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Corrected {
    /// Samples in the new variables, `[n, d]`.
    pub samples: Array2<f64>,
    /// Jacobian term of each correction in nats. The entropy of the original samples is the entropy
    /// of the new samples plus all terms.
    pub terms: Vec<f64>,
}

impl Corrected {
    /// Returns the sum of the terms.
    pub fn term(&self) -> f64 {
        self.terms.iter().sum()
    }
}

/// Applies corrections one after the other.
///
/// ```
/// use knn_entropy::{Correction, Truncated, correct};
/// use ndarray::array;
///
/// let x = array![[0.1, 900.0], [1.3, 200.0], [-0.4, 300.0], [0.8, -1100.0], [-1.0, -500.0], [0.3, 100.0]];
/// let corrected = correct(x.view(), &Correction::GAUSSIAN_COPULA)?;
/// let entropy = Truncated::unit_cube(2).entropy(corrected.samples.view())? + corrected.term();
/// # assert!(entropy.is_finite());
/// # Ok::<(), knn_entropy::Error>(())
/// ```
///
/// # Errors
///
/// - [`Error::NoSamples`], [`Error::NoDimensions`], [`Error::NotFinite`] for samples that cannot be
///   used.
/// - [`Error::Singular`] for columns without variance of their own.
/// - [`Error::OutOfBox`] for numbers outside 0 to 1 in [`Correction::NormalQuantile`].
/// - For [`Correction::Ranks`], the errors of [`KozachenkoLeonenko::entropy`] on a column.
pub fn correct(samples: impl ToSamples, layers: &[Correction]) -> Result<Corrected> {
    let mut samples = samples.to_samples()?.view().to_owned();
    let mut terms = Vec::with_capacity(layers.len());
    for layer in layers {
        terms.push(layer.apply(&mut samples)?);
        // Report numbers that are out of range before the next correction uses them.
        Samples::new(samples.view())?;
    }
    Ok(Corrected { samples, terms })
}

impl Correction {
    fn apply(self, x: &mut Array2<f64>) -> Result<f64> {
        let n = x.nrows();
        match self {
            Self::Standardize => Ok(standardize(x)?.sum()),
            Self::Whiten => {
                // Standardizing first makes the factor independent of the columns' scales, even at
                // 1e-300.
                let term = standardize(x)?.sum();
                let (mean, covariance) = moments(x.view(), (n - 1) as f64);
                let factor = cholesky(covariance.view()).map_err(|column| Error::Singular { column })?;
                for mut row in x.axis_iter_mut(Axis(0)) {
                    row -= &mean;
                    solve_lower(&factor, row.as_slice_mut().expect("rows in memory order"));
                }
                Ok(term + 0.5 * log_determinant(&factor))
            }
            Self::Ranks { k } => {
                let mut term = 0.0;
                for mut column in x.axis_iter_mut(Axis(1)) {
                    let values = column.to_owned().insert_axis(Axis(1));
                    term += KozachenkoLeonenko::new(k).entropy(values.view())?;
                    let ranks = ranks(&column.to_vec());
                    column.iter_mut().zip(ranks).for_each(|(x, rank)| *x = (rank + 0.5) / n as f64);
                }
                Ok(term)
            }
            Self::NormalCdf => {
                let term = compensated_sum(x.iter().map(|&z| normal_surprise(z))) / n as f64;
                x.mapv_inplace(normal_cdf);
                Ok(term)
            }
            Self::NormalQuantile => {
                // The quantile is infinite at 0 and 1.
                if let Some(((row, column), &value)) = x.indexed_iter().find(|(_, u)| !(**u > 0.0 && **u < 1.0)) {
                    return Err(Error::OutOfBox { row, column, value, low: 0.0, high: 1.0 });
                }
                x.mapv_inplace(normal_quantile);
                Ok(-compensated_sum(x.iter().map(|&z| normal_surprise(z))) / n as f64)
            }
        }
    }
}

/// Scales each column to mean 0 and standard deviation 1, and returns the logarithms of the
/// standard deviations.
fn standardize(x: &mut Array2<f64>) -> Result<Array1<f64>> {
    let n = x.nrows() as f64;
    let mut deviations = Array1::zeros(x.ncols());
    for (column, mut values) in x.axis_iter_mut(Axis(1)).enumerate() {
        let largest = values.fold(0.0_f64, |most, x| most.max(x.abs()));
        if n < 2.0 || largest == 0.0 {
            return Err(Error::Singular { column });
        }
        // Rounded numbers become integer multiples of their step, so that equal differences stay
        // equal.
        let step = match whole_multiples(&values.to_vec()) {
            Some((multiples, step)) => {
                values.assign(&Array1::from(multiples));
                step
            }
            None => 1.0,
        };
        // Subtract the mean before dividing by the standard deviation, because a difference is
        // exact and a quotient is not. Scale by a power of two first, which is exact, so that no
        // sum overflows.
        let unit = power_of_two(largest.log2().floor().clamp(-1000.0, 1000.0) as i32);
        let unit = if step == 1.0 { unit } else { 1.0 };
        values.mapv_inplace(|x| x / unit);
        for _ in 0..2 {
            let mean = compensated_sum(values.iter().copied()) / n;
            values.mapv_inplace(|x| x - mean);
        }
        let sd = (compensated_sum(values.iter().map(|x| x * x)) / (n - 1.0)).sqrt();
        // Rounding alone can give equal numbers a nonzero deviation.
        if sd <= 8.0 * f64::EPSILON * largest / unit / step {
            return Err(Error::Singular { column });
        }
        values.mapv_inplace(|x| x / sd);
        deviations[column] = sd.ln() + unit.ln() + step.ln();
    }
    Ok(deviations)
}

/// Returns the rank of each number, counted from 0. Equal numbers get the mean of their ranks.
fn ranks(numbers: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..numbers.len()).collect();
    order.sort_unstable_by(|&a, &b| numbers[a].total_cmp(&numbers[b]));
    let mut ranks = vec![0.0; numbers.len()];
    let mut first = 0;
    for run in order.chunk_by(|&a, &b| numbers[a] == numbers[b]) {
        let middle = first as f64 + (run.len() - 1) as f64 / 2.0;
        run.iter().for_each(|&i| ranks[i] = middle);
        first += run.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn equal_numbers_have_equal_ranks() {
        assert_eq!(ranks(&[3.0, 1.0, -0.0, 1.0, 0.0]), [4.0, 2.5, 0.5, 2.5, 0.5]);
        assert_eq!(ranks(&[2.0, 1.0, 3.0]), [1.0, 0.0, 2.0]);
    }

    #[test]
    fn standardizing_is_accurate_for_any_offset() {
        // Multiples of 2^-20 stay exact when a billion is added.
        let unit = 2_f64.powi(-20);
        let plain = Array2::from_shape_fn((500, 2), |(i, c)| (i * i * (7919 + c) % 1_048_573) as f64 * unit);
        let [plain, moved] =
            [plain.clone(), plain + 1e9].map(|x| correct(x.view(), &[Correction::Standardize]).unwrap());
        assert_relative_eq!(plain.samples, moved.samples, epsilon = 1e-12);
        assert_relative_eq!(plain.term(), moved.term(), epsilon = 1e-12);
    }

    #[test]
    fn equal_differences_of_rounded_numbers_stay_equal() {
        // Hundredths of a kelvin are not multiples of a power of two.
        let kelvins: Vec<f64> = (0..300).map(|i| 273.15 + f64::from(i * i % 101) / 100.0).collect();
        let standard = correct(&kelvins, &[Correction::Standardize]).unwrap().samples;
        let expected = correct(
            kelvins.iter().map(|x| (100.0 * (x - 273.15)).round()).collect::<Vec<_>>(),
            &[Correction::Standardize],
        )
        .unwrap()
        .samples;
        assert_relative_eq!(standard, expected, epsilon = 4.0 * f64::EPSILON);
    }
}
