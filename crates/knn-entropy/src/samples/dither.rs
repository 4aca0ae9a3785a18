use ndarray::Array2;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use super::{Samples, ToSamples};
use crate::{Error, Result};

/// Spreads rounded numbers uniformly within their steps, `x + step (u - 1/2)` with `u` uniform on 0
/// to 1, so that no two coincide. A step of 0 leaves a column unchanged. The result depends only on
/// the samples, the steps and the seed.
///
/// The density of a dithered column is a histogram with cells of width `step`. The entropy of the
/// column is that of the cells plus `ln step`. This is close to the entropy before rounding if the
/// step is small compared with the features of the density. The mutual information between dithered
/// columns is that between the cells.
///
/// ```
/// use knn_entropy::{KozachenkoLeonenko, dither};
/// use ndarray::Array1;
///
/// // Uniform on 0 to 1, rounded to tenths: the entropy is 0.
/// let x: Array1<f64> = (0..500).map(|i| (0.618 * f64::from(i)).fract()).map(|x| (10.0 * x).floor() / 10.0 + 0.05).collect();
/// assert!(KozachenkoLeonenko::new(3).entropy(&x).is_err());
/// let entropy = KozachenkoLeonenko::new(3).entropy(&dither(&x, &[0.1], 0)?)?;
/// assert!(entropy.abs() < 0.1);
/// # Ok::<(), knn_entropy::Error>(())
/// ```
///
/// # Errors
///
/// - [`Error::NoSamples`], [`Error::NoDimensions`], [`Error::NotFinite`] for samples that cannot be
///   used.
/// - [`Error::InvalidSteps`] unless there is one step for each column, finite and not negative.
pub fn dither(samples: impl ToSamples, steps: &[f64], seed: u64) -> Result<Array2<f64>> {
    let samples = samples.to_samples()?;
    Ok(dithered(&samples, steps, seed, 0)?.view().to_owned())
}

/// Dithers the columns. Each column uses its own stream of random numbers, starting with stream
/// `first`, so that blocks of columns can be dithered separately.
pub(crate) fn dithered(samples: &Samples<'_>, steps: &[f64], seed: u64, first: usize) -> Result<Samples<'static>> {
    let d = samples.dimension();
    if steps.len() != d || steps.iter().any(|step| !(step.is_finite() && *step >= 0.0)) {
        return Err(Error::InvalidSteps { steps: steps.to_vec(), dimension: d });
    }
    let mut spread = samples.view().to_owned();
    for (c, mut column) in spread.columns_mut().into_iter().enumerate().filter(|(c, _)| steps[*c] > 0.0) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream((first + c) as u64);
        // The noise is proportional to the step, so numbers in another unit are spread in
        // proportion.
        column.mapv_inplace(|x| x + steps[c] * (uniform(&mut rng) - 0.5));
    }
    Samples::owned(spread)
}

/// Returns a number uniform on 0 to 1, with 53 bits.
fn uniform(rng: &mut ChaCha8Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 * (f64::EPSILON / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array1;

    #[test]
    fn dithering_spreads_within_the_step() {
        let mut rng = ChaCha8Rng::seed_from_u64(500);
        let x = Array1::from_shape_simple_fn(500, || (10.0 * uniform(&mut rng) - 4.0).round());
        let spread = dither(&x, &[1.0], 7).unwrap();
        let moved: Vec<f64> = spread.iter().zip(&x).map(|(a, b)| a - b).collect();
        assert!(moved.iter().all(|u| (-0.5..=0.5).contains(u)));
        // The mean of 500 has a standard deviation of 0.013, the mean square one of 0.0034.
        assert!(moved.iter().sum::<f64>().abs() / 500.0 < 0.06);
        assert!((moved.iter().map(|u| u * u).sum::<f64>() / 500.0 - 1.0 / 12.0).abs() < 0.014);
        assert_eq!(dither(&x, &[1.0], 7).unwrap(), spread);
        assert_ne!(dither(&x, &[1.0], 8).unwrap(), spread);
        assert_eq!(dither(&x, &[0.0], 7).unwrap().column(0), x);
        for steps in [&[][..], &[-1.0], &[f64::NAN], &[1.0, 1.0]] {
            assert!(matches!(dither(&x, steps, 0), Err(Error::InvalidSteps { .. })));
        }
    }
}
