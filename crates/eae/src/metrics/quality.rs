use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use super::{KernelDistance, KernelSettings, MetricError, Prdc, frechet_distance};
use crate::Float;

/// The usual metrics of generated samples, compared with real ones on features.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Quality {
    /// Numbers of real and of generated samples.
    pub n: [usize; 2],
    /// The Frechet distance, see [`frechet_distance`].
    pub frechet: f64,
    /// The kernel distance, over 100 subsets of a tenth of the samples, at most 1 000.
    pub kernel: KernelDistance,
    /// Precision, recall, density and coverage, for k = 5.
    pub neighbors: Prdc,
}

impl Quality {
    /// Computes the metrics on features `[n, d]`.
    ///
    /// # Errors
    ///
    /// If a set has fewer than 6 samples, dimensions differ, or values are not finite or too large.
    pub fn new<F: Float>(real: ArrayView2<'_, F>, generated: ArrayView2<'_, F>) -> Result<Self, MetricError> {
        const NEIGHBORS: usize = 5;
        let n = [real.nrows(), generated.nrows()];
        let settings = KernelSettings::default();
        let size = (n[0].min(n[1]) / 10).clamp(2, settings.size);
        Ok(Self {
            n,
            frechet: frechet_distance(real, generated)?,
            neighbors: Prdc::new(real, generated, NEIGHBORS)?,
            kernel: KernelDistance::new(real, generated, &settings.size(size))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampler::normal;

    #[test]
    fn equals_the_separate_metrics() {
        let (real, generated) = (normal::<f64>(80, 5, 0), normal::<f64>(60, 5, 1) * 1.5);
        let quality = Quality::new(real.view(), generated.view()).unwrap();
        assert_eq!(quality.n, [80, 60]);
        assert_eq!(quality.frechet, frechet_distance(real.view(), generated.view()).unwrap());
        assert_eq!(quality.neighbors, Prdc::new(real.view(), generated.view(), 5).unwrap());
        assert!(quality.kernel.mean.is_finite());
        let text = serde_json::to_string(&quality).unwrap();
        assert_eq!(serde_json::from_str::<Quality>(&text).unwrap(), quality);
        assert!(Quality::new(real.view(), normal::<f64>(5, 5, 1).view()).is_err());
    }
}
