use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use super::{KernelDistance, KernelSettings, MetricError, Prdc, frechet_distance};
use crate::Float;

/// Generated samples beside real ones, on their features: everything that is usually reported.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Quality {
    /// How many real samples, and how many generated.
    pub n: [usize; 2],
    /// The [`frechet_distance`].
    pub frechet: f64,
    /// The kernel distance, of 100 subsets of a tenth of the samples, but at most 1 000.
    pub kernel: KernelDistance,
    /// Precision, recall, density and coverage, for k = 5.
    #[serde(rename = "neighbours", alias = "neighbors")]
    pub neighbors: Prdc,
}

impl Quality {
    /// Of features `[n, d]`.
    ///
    /// # Errors
    ///
    /// If there are fewer than 6 of a kind, dimensions differ, or numbers are not finite or too
    /// large.
    pub fn new<F: Float>(real: ArrayView2<'_, F>, generated: ArrayView2<'_, F>) -> Result<Self, MetricError> {
        const NEIGHBOURS: usize = 5;
        let n = [real.nrows(), generated.nrows()];
        let settings = KernelSettings::default();
        let size = (n[0].min(n[1]) / 10).clamp(2, settings.size);
        Ok(Self {
            n,
            frechet: frechet_distance(real, generated)?,
            neighbors: Prdc::new(real, generated, NEIGHBOURS)?,
            kernel: KernelDistance::new(real, generated, &settings.size(size))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampler::normal;

    #[test]
    fn the_metrics_themselves() {
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
