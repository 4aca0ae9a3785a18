//! Samplers as maps from noise, for programs with noise of their own.

use ndarray::{Array2, ArrayView1, ArrayView2};

use super::Sampler;

impl Sampler {
    /// Maps each row of `noise` `[n, d]`, draws from N(0, I), to a code. A mixture selects its
    /// components by `uniform` `[n]`, draws from U(0, 1). Other samplers ignore `uniform`.
    ///
    /// ```
    /// use eae::sampler::{Gaussian, Sampler, normal};
    /// use ndarray::Array1;
    ///
    /// let sampler = Sampler::Gaussian(Gaussian::fit(normal::<f64>(100, 8, 0).view())?);
    /// let codes = sampler.of_noise(normal(5, 8, 1).view(), Array1::zeros(5).view());
    /// assert_eq!(codes, sampler.sample::<f64>(5, 1));
    /// # Ok::<(), eae::sampler::FitError>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If `d` is not [`latent`](Sampler::latent), or the two differ in `n`.
    pub fn of_noise(&self, noise: ArrayView2<'_, f64>, uniform: ArrayView1<'_, f64>) -> Array2<f64> {
        let (n, d) = noise.dim();
        assert!(d == self.latent(), "noise of {d} numbers for codes of {}", self.latent());
        assert!(uniform.len() == n, "{} numbers from 0 to 1 for {n} rows of noise", uniform.len());
        let mut codes = noise.to_owned();
        for (mut code, &uniform) in codes.outer_iter_mut().zip(uniform) {
            let moved = match self {
                Self::Normal { .. } => continue,
                Self::Sphere { latent } => {
                    let length = code.dot(&code).sqrt();
                    &code * ((*latent as f64).sqrt() / length)
                }
                Self::Gaussian(gaussian) => gaussian.code(code.view()),
                Self::Mixture(mixture) => mixture.code(code.view(), uniform),
                Self::Gaussianization(map) => return map.inverse(noise),
            };
            code.assign(&moved);
        }
        codes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampler::{Gaussian, Gaussianization, Mixture, normal};
    use ndarray::{Array1, Axis};

    #[test]
    fn noise_becomes_what_is_drawn_from_it() {
        let codes = normal::<f64>(300, 3, 1).mapv(|x| x.powi(3));
        let samplers = [
            Sampler::Normal { latent: 3 },
            Sampler::Sphere { latent: 3 },
            Sampler::Gaussian(Gaussian::fit(codes.view()).unwrap()),
            Sampler::Gaussianization(Gaussianization::fit(codes.view(), 4, 0).unwrap()),
        ];
        let noise = normal::<f64>(50, 3, 7);
        for sampler in samplers {
            let found = sampler.of_noise(noise.view(), Array1::zeros(50).view());
            let expected = sampler.sample::<f64>(50, 7);
            assert!((found - expected).iter().all(|e| e.abs() < 1e-12), "{}", sampler.name());
        }
    }

    #[test]
    fn components_have_their_shares_of_the_interval() {
        let mut codes = normal::<f64>(400, 2, 0);
        codes.outer_iter_mut().step_by(4).for_each(|mut code| code += 20.0);
        let mixture = Mixture::fit(codes.view(), 2, 0).unwrap();
        let (weights, means) = (mixture.weights().to_owned(), mixture.means().to_owned());
        // Around the border, and at both ends.
        let uniform = Array1::from(vec![0.0, weights[0] - 1e-9, weights[0] + 1e-9, 1.0]);
        let factors = mixture.factors();
        let sampler = Sampler::Mixture(mixture);
        let centers = sampler.of_noise(Array2::zeros((4, 2)).view(), uniform.view());
        for (row, component) in [0, 0, 1, 1].into_iter().enumerate() {
            assert_eq!(centers.row(row), means.row(component));
            // And around them the component's own covariance, in the units of the codes.
            let unit = ndarray::array![[0.6, -0.3]];
            let code = sampler.of_noise(unit.view(), uniform.slice_axis(Axis(0), (row..row + 1).into()));
            let expected = factors.index_axis(Axis(0), component).dot(&unit.row(0)) + means.row(component);
            assert!((&code.row(0) - &expected).iter().all(|e| e.abs() < 1e-12));
        }
    }
}
