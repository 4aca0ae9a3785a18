use ndarray::{Array2, Axis};

use super::normal;
use crate::Float;

/// Draws `n` codes of dimension `latent` from the uniform distribution on the sphere of radius
/// `sqrt(latent)`: the draws of [`normal()`] with the same seed, each scaled to that radius. In
/// many dimensions N(0, I) is concentrated near this sphere, which has no codes of unusual length.
///
/// A seed gives the same codes in both precisions, and the first rows of a larger sample equal
/// those of a smaller one.
pub fn sphere<F: Float>(n: usize, latent: usize, seed: u64) -> Array2<F> {
    let mut codes = normal::<f64>(n, latent, seed);
    for mut code in codes.axis_iter_mut(Axis(0)) {
        let length = code.iter().map(|z| z * z).sum::<f64>().sqrt();
        code *= (latent as f64).sqrt() / length;
    }
    codes.mapv(F::from_f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn uniform_on_the_sphere() {
        let (n, d) = (20_000, 3);
        let codes = sphere::<f64>(n, d, 2);
        for code in codes.axis_iter(Axis(0)) {
            assert_relative_eq!(code.dot(&code), d as f64, max_relative = 1e-14);
        }
        // In three dimensions a coordinate is uniform from -sqrt(3) to sqrt(3) (Archimedes). Four
        // standard errors of x, x^2 and x^4, whose means are 0, 1 and 9/5 and whose variances are
        // 1, 4/5 and 9 - (9/5)^2.
        for column in codes.axis_iter(Axis(1)) {
            for (p, expected, variance) in [(1, 0.0, 1.0_f64), (2, 1.0, 0.8), (4, 1.8, 9.0 - 3.24)] {
                let moment = column.mapv(|x| x.powi(p)).mean().unwrap();
                assert!((moment - expected).abs() < 4.0 * (variance / n as f64).sqrt(), "moment {p}: {moment}");
            }
        }
    }

    #[test]
    fn independent_of_precision_and_sample_size() {
        let codes = sphere::<f64>(100, 5, 3);
        let first = codes.slice_axis(Axis(0), (..7).into());
        assert_eq!(sphere::<f64>(7, 5, 3), first);
        assert_eq!(sphere::<f32>(7, 5, 3), first.mapv(|x| x as f32));
        assert_eq!(sphere::<f64>(3, 0, 3).dim(), (3, 0));
    }
}
