//! Where codes to decode come from.
//!
//! Training drives codes towards N(0, I), and [`normal()`] draws from it. How close they come can
//! be seen in a [`CodeReport`](crate::metrics::CodeReport); what is left is codes that no image
//! has, and images that look like none. The other samplers are fitted to the codes of the training
//! images, without touching the model:
//!
//! | sampler | parameters | when |
//! |---|---|---|
//! | [`normal()`] | none | the codes are close to N(0, I); the samples to compare others with |
//! | [`sphere()`] | none | as `normal`, in many dimensions, without codes of unusual length |
//! | [`Gaussian`] | `d^2 / 2` | the coordinates are correlated, or their variances are not 1 |
//! | [`Mixture`] | `k d^2 / 2` | the codes have clusters or gaps; it also gives a density |
//! | [`Gaussianization`] | `L d (d + 2 knots)` | the codes lie along curved sheets; it also maps codes to N(0, I) and back |
//!
//! The more parameters, the more codes it takes, and the closer draws can come to codes of the
//! training images themselves.

mod error;
mod fitted;
mod gaussian;
mod gaussianization;
mod mixture;
mod noise;
mod normal;
mod sphere;
mod tensors;

use std::fmt;

use ndarray::{Array2, ArrayView2};
use nn_layers::Weights;

use crate::Float;
use crate::normal::log_density;

pub use error::{FitError, ReadError};
pub use fitted::{Candidate, Fitted};
pub use gaussian::Gaussian;
pub use gaussianization::Gaussianization;
pub use mixture::Mixture;
pub use normal::{normal, normal_from};
pub use sphere::sphere;

/// Where a model's file has its samplers.
pub const PREFIX: &str = "sampler";

/// More numbers in a code than this are a slip in a file, as in a model's.
const MOST_LATENT: u64 = 1 << 16;

/// Any of the samplers.
///
/// ```
/// use eae::sampler::{Gaussian, Sampler, normal};
///
/// let codes = normal::<f32>(100, 8, 0) * 2.0;
/// let sampler = Sampler::Gaussian(Gaussian::fit(codes.view())?);
/// assert_eq!(sampler.sample::<f32>(5, 1).dim(), (5, 8));
///
/// let mut weights = nn_layers::Weights::default();
/// sampler.write("sampler", &mut weights);
/// assert_eq!(Sampler::read("sampler", "gaussian", &weights)?, sampler);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
#[expect(clippy::large_enum_variant, reason = "a program has one or two of them")]
pub enum Sampler {
    /// N(0, I).
    Normal {
        /// The numbers in a code.
        latent: usize,
    },
    /// The sphere of radius `sqrt(latent)`.
    Sphere {
        /// The numbers in a code.
        latent: usize,
    },
    /// A fitted Gaussian.
    Gaussian(Gaussian),
    /// A fitted mixture of Gaussians.
    Mixture(Mixture),
    /// A fitted map from N(0, I).
    Gaussianization(Gaussianization),
}

/// In words: `N(0, I)`, `a mixture of 50 Gaussians`.
impl fmt::Display for Sampler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Normal { .. } => f.write_str("N(0, I)"),
            Self::Sphere { latent } => write!(f, "the sphere of radius {:.2}", (*latent as f64).sqrt()),
            Self::Gaussian(_) => f.write_str("a Gaussian"),
            Self::Mixture(mixture) => write!(f, "a mixture of {} Gaussians", mixture.components()),
            Self::Gaussianization(map) => write!(f, "a Gaussianization of {} layers", map.layers()),
        }
    }
}

impl Sampler {
    /// What [`name`](Sampler::name) can be.
    pub const NAMES: [&str; 5] = ["normal", "sphere", "gaussian", "mixture", "gaussianisation"];

    /// Which it is, in one lower-case word.
    pub fn name(&self) -> &'static str {
        Self::NAMES[match self {
            Self::Normal { .. } => 0,
            Self::Sphere { .. } => 1,
            Self::Gaussian(_) => 2,
            Self::Mixture(_) => 3,
            Self::Gaussianization(_) => 4,
        }]
    }

    /// The numbers in a code.
    pub fn latent(&self) -> usize {
        match self {
            Self::Normal { latent } | Self::Sphere { latent } => *latent,
            Self::Gaussian(gaussian) => gaussian.latent(),
            Self::Mixture(mixture) => mixture.latent(),
            Self::Gaussianization(map) => map.latent(),
        }
    }

    /// `n` codes `[n, latent]`.
    ///
    /// A seed gives the same codes in both precisions, and the first rows of a larger draw are
    /// those of a smaller one.
    pub fn sample<F: Float>(&self, n: usize, seed: u64) -> Array2<F> {
        self.sample_tempered(n, seed, 1.0)
    }

    /// The same draws at another `temperature`: below 1 they are closer to the mean and to each
    /// other, above 1 they are further apart, at 0 they are the mean. What is scaled is the
    /// draw of N(0, I) that each code is made of:
    ///
    /// | sampler | code |
    /// |---|---|
    /// | normal | `T z`, which is N(0, T^2 I) |
    /// | sphere | on the sphere of radius `T sqrt(latent)` |
    /// | Gaussian | `m + T R z`, its deviation from the mean scaled by T |
    /// | mixture | its deviation from the mean of the component that it is drawn from, scaled by T |
    /// | Gaussianization | the code that `T z` belongs to |
    pub fn sample_tempered<F: Float>(&self, n: usize, seed: u64, temperature: f64) -> Array2<F> {
        match self {
            Self::Normal { latent } => (normal::<f64>(n, *latent, seed) * temperature).mapv(F::from_f64),
            Self::Sphere { latent } => (sphere::<f64>(n, *latent, seed) * temperature).mapv(F::from_f64),
            Self::Gaussian(gaussian) => gaussian.tempered(n, seed, temperature),
            Self::Mixture(mixture) => mixture.tempered(n, seed, temperature),
            Self::Gaussianization(map) => map.tempered(n, seed, temperature),
        }
    }

    /// Returns the mean over the rows of `codes` of the logarithm of their density, in nats; `None`
    /// for the sphere, which has no density in the space around it.
    ///
    /// # Panics
    ///
    /// If the codes are not of [`latent`](Sampler::latent) numbers.
    pub fn log_likelihood<F: Float>(&self, codes: ArrayView2<'_, F>) -> Option<f64> {
        match self {
            Self::Normal { latent } => {
                let (n, d) = codes.dim();
                assert!(d == *latent, "codes of {d} numbers under N(0, I) in {latent} dimensions");
                Some(log_density(codes.mapv(F::into_f64).view()) / n as f64)
            }
            Self::Sphere { .. } => None,
            Self::Gaussian(gaussian) => Some(gaussian.log_likelihood(codes)),
            Self::Mixture(mixture) => Some(mixture.log_likelihood(codes)),
            Self::Gaussianization(map) => Some(map.log_likelihood(codes)),
        }
    }

    /// Puts its parameters under `prefix.name.`, in double precision: what is read back draws the
    /// same codes. The prefix should be no other tensors'; in a model's file not `encoder` or
    /// `decoder`.
    pub fn write(&self, prefix: &str, weights: &mut Weights) {
        let prefix = format!("{prefix}.{}", self.name());
        match self {
            Self::Normal { latent } | Self::Sphere { latent } => {
                weights.insert_count(format!("{prefix}.latent"), *latent as u64);
            }
            Self::Gaussian(gaussian) => gaussian.write(&prefix, weights),
            Self::Mixture(mixture) => mixture.write(&prefix, weights),
            Self::Gaussianization(map) => map.write(&prefix, weights),
        }
    }

    /// The sampler of a [`name`](Sampler::name) that [`write`](Sampler::write) put there; others
    /// may be there, too.
    ///
    /// # Errors
    ///
    /// If there is none of the name, a tensor is missing, unknown or of the wrong shape, or its
    /// numbers are not those of such a sampler.
    pub fn read(prefix: &str, kind: &str, weights: &Weights) -> Result<Self, ReadError> {
        let own = format!("{prefix}.{kind}");
        let under = format!("{own}.");
        if !Self::NAMES.contains(&kind) || !weights.names().any(|name| name.starts_with(&under)) {
            return Err(ReadError::NoSampler { name: own });
        }
        let latent = || {
            let name = format!("{own}.latent");
            match weights.get_count(&name)? {
                latent @ 1..=MOST_LATENT => Ok(latent as usize),
                latent => Err(ReadError::Value {
                    name,
                    value: latent as f64,
                    position: 0,
                    needed: "a code has from 1 to 65536 numbers",
                }),
            }
        };
        let sampler = match kind {
            "normal" => Self::Normal { latent: latent()? },
            "sphere" => Self::Sphere { latent: latent()? },
            "gaussian" => Self::Gaussian(Gaussian::read(&own, weights)?),
            "mixture" => Self::Mixture(Mixture::read(&own, weights)?),
            _ => Self::Gaussianization(Gaussianization::read(&own, weights)?),
        };
        // What it would write again is all that may be there.
        let mut known = Weights::default();
        sampler.write(prefix, &mut known);
        match weights.names().find(|name| name.starts_with(&under) && known.shape(name).is_none()) {
            Some(name) => Err(ReadError::Unexpected { name: name.to_owned() }),
            None => Ok(sampler),
        }
    }
}

#[cfg(test)]
mod tests;
