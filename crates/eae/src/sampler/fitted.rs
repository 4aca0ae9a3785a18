//! Samplers fitted to the codes of a model, and the choice among them.

use ndarray::{ArrayView2, Axis, arr0};
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand::seq::SliceRandom;
use nn_layers::Weights;
use rand_chacha::ChaCha8Rng;

use super::error::checked;
use super::{FitError, Gaussian, Gaussianization, Mixture, ReadError, Sampler};
use crate::Float;

/// Numbers of components of the candidate mixtures.
const COMPONENTS: [usize; 4] = [3, 10, 50, 200];
/// Number of layers of the candidate map for codes of up to this many dimensions. The time for a
/// layer grows with the dimensions, so there are fewer layers for more dimensions.
const LAYERS: usize = 40;
const DIMENSIONS: usize = 32;
/// Smallest number of layers that is worth its time.
const FEWEST_LAYERS: usize = 8;
/// Smallest number of codes to fit to. A Gaussianization needs four fifths of them. N(0, I) needs
/// none.
const LEAST: usize = 25;
/// Number of codes below which every code is held out once, so that the choice does not depend on a
/// few codes.
const FEW: usize = 1000;

/// Samplers of one model's codes, each with the log-likelihood of codes to which it was not fitted.
///
/// N(0, I), a Gaussian, mixtures of 3, 10, 50 and 200 Gaussians and a Gaussianization are fitted to
/// most of the codes of the training images and judged by the mean log density of the rest. Codes
/// of more than 160 dimensions have no Gaussianization, which would take minutes. With fewer than
/// 1000 codes each fifth is held out in turn; with more, one tenth is held out. Only the best
/// mixture is kept, and all remaining samplers are fitted again to all codes. The images on which a
/// model is evaluated play no part in the choice.
///
/// ```
/// use eae::sampler::{Fitted, normal};
///
/// let mut codes = normal::<f64>(600, 2, 0);
/// codes.outer_iter_mut().step_by(2).for_each(|mut code| code += 20.0);
/// let fitted = Fitted::new(codes.view(), 0)?;
/// assert_eq!(fitted.best().sampler.name(), "mixture");
/// # Ok::<(), eae::sampler::FitError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// The samplers, best first; never empty.
    candidates: Vec<Candidate>,
}

/// A sampler and its log-likelihood.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Candidate {
    /// The sampler, fitted to all codes.
    pub sampler: Sampler,
    /// The mean log density of held-out codes, in nats.
    pub log_likelihood: f64,
}

/// A kind of sampler to fit.
#[derive(Clone, Copy)]
enum Kind {
    Normal,
    Gaussian,
    Mixture(usize),
    Gaussianization,
}

impl Kind {
    fn fit(self, codes: ArrayView2<'_, f64>, seed: u64) -> Result<Sampler, FitError> {
        Ok(match self {
            Self::Normal => Sampler::Normal { latent: codes.ncols() },
            Self::Gaussian => Sampler::Gaussian(Gaussian::fit(codes)?),
            Self::Mixture(components) => Sampler::Mixture(Mixture::fit(codes, components, seed)?),
            Self::Gaussianization => {
                Sampler::Gaussianization(Gaussianization::fit(codes, layers(codes.ncols()), seed)?)
            }
        })
    }
}

impl Fitted {
    /// Fits samplers to the rows of `codes` `[n, d]`. With fewer than 25 codes, N(0, I) is the only
    /// one.
    ///
    /// # Errors
    ///
    /// If there are no codes or no columns, or the codes are not finite.
    pub fn new<F: Float>(codes: ArrayView2<'_, F>, seed: u64) -> Result<Self, FitError> {
        Self::among(&[Kind::Normal], &[Kind::Gaussian, Kind::Gaussianization], codes, seed)
    }

    /// Fits a Gaussian and mixtures to the codes of one class. N(0, I) is not a candidate because
    /// it describes the codes of all classes together.
    ///
    /// # Errors
    ///
    /// If there are fewer than two codes or no columns, or the codes are not finite.
    pub fn to_class<F: Float>(codes: ArrayView2<'_, F>, seed: u64) -> Result<Self, FitError> {
        Self::among(&[Kind::Gaussian], &[], codes, seed)
    }

    /// Fits some samplers to any number of codes, and mixtures and others if there are enough
    /// codes.
    fn among<F: Float>(
        always: &[Kind],
        of_enough: &[Kind],
        codes: ArrayView2<'_, F>,
        seed: u64,
    ) -> Result<Self, FitError> {
        let codes = checked(codes, 1)?;
        let (n, d) = codes.dim();
        let mut kinds = always.to_vec();
        if n >= LEAST {
            let is_worth = |kind: &&Kind| !matches!(kind, Kind::Gaussianization) || layers(d) >= FEWEST_LAYERS;
            kinds.extend(of_enough.iter().filter(is_worth));
            // A component with this many codes can have its own covariance.
            let fits = |components: &usize| components * (2 * (d + 1)).max(30) <= n;
            kinds.extend(COMPONENTS.into_iter().filter(fits).map(Kind::Mixture));
        }
        let splits = splits(n, seed);
        let mut best: Vec<(Kind, f64)> = Vec::new();
        for kind in kinds {
            let mut sum = 0.0;
            for (held_out, rest) in &splits {
                let [held_out, rest] = [held_out, rest].map(|rows| codes.select(Axis(0), rows));
                sum += kind.fit(rest.view(), seed)?.log_likelihood(held_out.view()).expect("a density")
                    * held_out.nrows() as f64;
            }
            let log_likelihood = sum / splits.iter().map(|(held_out, _)| held_out.len()).sum::<usize>() as f64;
            // Keep only the best of the mixtures.
            let rival =
                best.iter().position(|(other, _)| matches!((other, kind), (Kind::Mixture(_), Kind::Mixture(_))));
            match rival {
                Some(rival) if best[rival].1 >= log_likelihood => {}
                Some(rival) => best[rival] = (kind, log_likelihood),
                None => best.push((kind, log_likelihood)),
            }
        }
        let candidates = best
            .into_iter()
            .map(|(kind, log_likelihood)| Ok(Candidate { sampler: kind.fit(codes.view(), seed)?, log_likelihood }));
        Ok(Self::ordered(candidates.collect::<Result<_, _>>()?))
    }

    fn ordered(mut candidates: Vec<Candidate>) -> Self {
        // NaN ranks last.
        let rank = |likelihood: f64| if likelihood.is_nan() { f64::NEG_INFINITY } else { likelihood };
        candidates.sort_by(|a, b| rank(b.log_likelihood).total_cmp(&rank(a.log_likelihood)));
        Self { candidates }
    }

    /// Returns the sampler with the highest log-likelihood of held-out codes.
    pub fn best(&self) -> &Candidate {
        &self.candidates[0]
    }

    /// Returns all samplers, best first.
    pub fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    /// Adds the samplers under `prefix`, as [`Sampler::write`] does, and their log-likelihoods
    /// under `prefix.log_likelihood`.
    pub fn write(&self, prefix: &str, weights: &mut Weights) {
        for Candidate { sampler, log_likelihood } in &self.candidates {
            sampler.write(prefix, weights);
            let name = format!("{prefix}.log_likelihood.{}", sampler.name());
            // Files hold only finite numbers.
            weights.insert(name, &arr0(log_likelihood.clamp(f64::MIN, f64::MAX)).into_dyn());
        }
    }

    /// Reads the samplers that [`write`](Fitted::write) added, or returns `None` if there are none.
    ///
    /// # Errors
    ///
    /// If a sampler is damaged, or its codes do not have dimension `latent`.
    pub fn read(prefix: &str, latent: usize, weights: &Weights) -> Result<Option<Self>, ReadError> {
        let mut candidates = Vec::new();
        for kind in Sampler::NAMES {
            let name = format!("{prefix}.log_likelihood.{kind}");
            if weights.shape(&name).is_none() {
                continue;
            }
            let log_likelihood = *weights.get::<f64>(&name, &[])?.first().expect("a single number");
            let sampler = Sampler::read(prefix, kind, weights)?;
            if sampler.latent() != latent {
                let (name, found) = (format!("{prefix}.{kind}"), vec![sampler.latent()]);
                return Err(ReadError::Shape { name, found, expected: "the latent dimension of the model" });
            }
            candidates.push(Candidate { sampler, log_likelihood });
        }
        Ok(if candidates.is_empty() { None } else { Some(Self::ordered(candidates)) })
    }
}

/// Returns the number of layers of the candidate map for codes of `d` dimensions.
fn layers(d: usize) -> usize {
    (LAYERS * DIMENSIONS / d.max(1)).min(LAYERS)
}

/// Returns pairs of held-out rows and the other rows: one pair or five. Few rows are all on both
/// sides.
fn splits(n: usize, seed: u64) -> Vec<(Vec<usize>, Vec<usize>)> {
    let mut order: Vec<usize> = (0..n).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    if n < LEAST {
        // There is one candidate, so nothing is chosen.
        return vec![(order.clone(), order)];
    }
    let (folds, size) = if n < FEW { (5, n / 5) } else { (1, n / 10) };
    let split = |fold: usize| {
        let held_out = fold * size..(fold + 1) * size;
        (order[held_out.clone()].to_vec(), [&order[..held_out.start], &order[held_out.end..]].concat())
    };
    (0..folds).map(split).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normal::normal_entropy;
    use crate::sampler::normal;
    use ndarray::Array2;

    #[test]
    fn normal_codes_select_a_sampler_close_to_the_truth() {
        let codes = normal::<f64>(3000, 4, 0);
        let fitted = Fitted::new(codes.view(), 0).unwrap();
        let of = |name: &str| fitted.candidates().iter().find(|c| c.sampler.name() == name).unwrap().log_likelihood;
        // The log-likelihood is minus the entropy, up to the error of 300 codes: the standard
        // deviation of the log density of a code is sqrt(2).
        assert!((of("normal") + normal_entropy(4)).abs() < 4.0 * (2.0_f64 / 300.0).sqrt());
        // Estimating a Gaussian from 3000 codes costs 14 parameters / (2 * 2700) nats.
        assert!((of("normal") - of("gaussian")).abs() < 0.02, "{} {}", of("normal"), of("gaussian"));
        assert!(fitted.best().log_likelihood - of("normal") < 0.02);
    }

    #[test]
    fn the_samplers_depend_on_the_number_of_codes() {
        let names = |n: usize| {
            let fitted = Fitted::new(normal::<f64>(n, 3, 1).view(), 0).unwrap();
            let mut names: Vec<_> = fitted.candidates().iter().map(|c| c.sampler.name()).collect();
            names.sort_unstable();
            names
        };
        assert_eq!(names(1), ["normal"]);
        assert_eq!(names(24), ["normal"]);
        assert_eq!(names(25), ["gaussian", "gaussianization", "normal"]);
        assert_eq!(names(90), ["gaussian", "gaussianization", "mixture", "normal"]);
        let of_many = Fitted::new(normal::<f64>(30, 200, 1).view(), 0).unwrap();
        assert!(of_many.candidates().iter().all(|c| c.sampler.name() != "gaussianization"));
        assert!(Fitted::new(Array2::<f32>::zeros((0, 3)).view(), 0).is_err());
        for n in 2..30 {
            let of_class = Fitted::to_class(normal::<f64>(n, 3, 1).view(), 0).unwrap();
            assert_eq!((of_class.best().sampler.name(), of_class.candidates().len()), ("gaussian", 1), "{n} codes");
        }
        // If all codes coincide, only N(0, I) and samplers with a floor have a finite density
        // there.
        assert!(Fitted::new(Array2::<f64>::zeros((40, 2)).view(), 0).unwrap().best().log_likelihood.is_finite());
    }

    #[test]
    fn round_trip_through_weights() {
        let mut codes = normal::<f64>(200, 2, 3);
        codes.outer_iter_mut().step_by(2).for_each(|mut code| code += 9.0);
        let fitted = Fitted::new(codes.view(), 0).unwrap();
        let mut weights = Weights::default();
        fitted.write("sampler.class.7", &mut weights);
        assert_eq!(Fitted::read("sampler.class.7", 2, &weights).unwrap().unwrap(), fitted);
        assert!(Fitted::read("sampler", 2, &weights).unwrap().is_none());
        assert!(
            Fitted::read("sampler.class.7", 3, &weights)
                .unwrap_err()
                .to_string()
                .contains("expected the latent dimension")
        );
    }
}
