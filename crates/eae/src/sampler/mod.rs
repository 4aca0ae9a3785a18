//! Distributions from which codes are drawn.
//!
//! Training drives codes toward N(0, I), and [`normal()`] draws from it.
//! [`CodeReport`](crate::metrics::CodeReport) shows the remaining difference: some draws are codes
//! that no image has, and they decode to unlikely images. The other samplers are fitted to the
//! codes of the training images, without changing the model:
//!
//! | sampler | parameters | use |
//! |---|---|---|
//! | [`normal()`] | none | the codes are close to N(0, I); the reference for other samplers |
//! | [`sphere()`] | none | like `normal` in many dimensions, without codes of unusual length |
//! | [`Gaussian`] | `d^2 / 2` | the coordinates are correlated, or their variances are not 1 |
//! | [`Mixture`] | `k d^2 / 2` | the codes have clusters or gaps; gives a density, too |
//! | [`Gaussianization`] | `L d (d + 2 knots)` | the codes lie along curved sheets; maps codes to N(0, I), too |
//!
//! The more parameters a sampler has, the more codes it needs, and the closer its draws can come to
//! the codes of training images.
//!
//! [`Refinement`] needs no codes of images: it replaces each draw from N(0, I) by the code of the
//! decoded draw. It runs the networks of the model, so it is not a [`Sampler`], and the density of
//! its draws is not known.

mod error;
mod fitted;
mod gaussian;
mod gaussianization;
mod mixture;
mod normal;
mod refined;
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
pub use refined::Refinement;
pub use sphere::sphere;

/// Prefix of the samplers in a model file.
pub const PREFIX: &str = "sampler";

/// Largest latent dimension. A larger one in a file is an error, as in a model's description.
const MOST_LATENT: u64 = 1 << 16;

/// One of the samplers.
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
        /// The latent dimension.
        latent: usize,
    },
    /// The sphere of radius `sqrt(latent)`.
    Sphere {
        /// The latent dimension.
        latent: usize,
    },
    /// A fitted Gaussian.
    Gaussian(Gaussian),
    /// A fitted mixture of Gaussians.
    Mixture(Mixture),
    /// A fitted map from N(0, I).
    Gaussianization(Gaussianization),
}

/// Formats the sampler in words, such as `N(0, I)` or `a mixture of 50 Gaussians`.
impl fmt::Display for Sampler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Normal { .. } => f.write_str("N(0, I)"),
            Self::Sphere { latent } => write!(f, "the sphere of radius {:.2}", (*latent as f64).sqrt()),
            Self::Gaussian(_) => f.write_str("a Gaussian"),
            Self::Mixture(mixture) => match mixture.components() {
                1 => f.write_str("a mixture of 1 Gaussian"),
                components => write!(f, "a mixture of {components} Gaussians"),
            },
            Self::Gaussianization(map) => match map.layers() {
                1 => f.write_str("a Gaussianization of 1 layer"),
                layers => write!(f, "a Gaussianization of {layers} layers"),
            },
        }
    }
}

impl Sampler {
    /// The possible values of [`name`](Sampler::name).
    pub const NAMES: [&str; 5] = ["normal", "sphere", "gaussian", "mixture", "gaussianization"];

    /// Returns the kind of sampler as one lower-case word.
    pub fn name(&self) -> &'static str {
        Self::NAMES[match self {
            Self::Normal { .. } => 0,
            Self::Sphere { .. } => 1,
            Self::Gaussian(_) => 2,
            Self::Mixture(_) => 3,
            Self::Gaussianization(_) => 4,
        }]
    }

    /// Returns the latent dimension.
    pub fn latent(&self) -> usize {
        match self {
            Self::Normal { latent } | Self::Sphere { latent } => *latent,
            Self::Gaussian(gaussian) => gaussian.latent(),
            Self::Mixture(mixture) => mixture.latent(),
            Self::Gaussianization(map) => map.latent(),
        }
    }

    /// Draws `n` codes `[n, latent]`.
    ///
    /// A seed gives the same codes in both precisions, and the first rows of a larger sample equal
    /// those of a smaller one.
    pub fn sample<F: Float>(&self, n: usize, seed: u64) -> Array2<F> {
        self.sample_tempered(n, seed, 1.0)
    }

    /// Draws codes at another `temperature`. Below 1 they are closer to the mean and to each other,
    /// above 1 farther apart, and at 0 they equal the mean. The temperature scales the draw from
    /// N(0, I) that underlies each code:
    ///
    /// | sampler | code |
    /// |---|---|
    /// | normal | `T z`, which is N(0, T^2 I) |
    /// | sphere | on the sphere of radius `T sqrt(latent)` |
    /// | Gaussian | `m + T R z`, its deviation from the mean scaled by T |
    /// | mixture | its deviation from the mean of its component, scaled by T |
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

    /// Returns the mean log density of the rows of `codes`, in nats, or `None` for the sphere,
    /// which has no density in the surrounding space.
    ///
    /// # Panics
    ///
    /// If the codes do not have dimension [`latent`](Sampler::latent).
    pub fn log_likelihood<F: Float>(&self, codes: ArrayView2<'_, F>) -> Option<f64> {
        match self {
            Self::Normal { latent } => {
                let (n, d) = codes.dim();
                assert!(d == *latent, "the codes have dimension {d}, the sampler {latent}");
                Some(log_density(codes.mapv(F::into_f64).view()) / n as f64)
            }
            Self::Sphere { .. } => None,
            Self::Gaussian(gaussian) => Some(gaussian.log_likelihood(codes)),
            Self::Mixture(mixture) => Some(mixture.log_likelihood(codes)),
            Self::Gaussianization(map) => Some(map.log_likelihood(codes)),
        }
    }

    /// Adds the parameters under `prefix.name.`, in double precision, so that a sampler that is
    /// read back draws the same codes. Use a prefix that other tensors do not have; in a model file
    /// neither `encoder` nor `decoder`.
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

    /// Reads the sampler of this [`name`](Sampler::name) that [`write`](Sampler::write) added.
    /// Other samplers may be present.
    ///
    /// # Errors
    ///
    /// If the sampler is absent, a tensor is missing, unknown or of the wrong shape, or its values
    /// are invalid.
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
                    needed: "the latent dimension is from 1 to 65536",
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
        // Only tensors that this sampler would write are allowed.
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
