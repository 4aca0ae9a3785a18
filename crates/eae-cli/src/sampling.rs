//! The sampler that flags select.

use std::fmt;

use clap::ValueEnum;
use eae::Autoencoder;
use eae::sampler::{PREFIX, Refinement, Sampler};
use ndarray::Array2;

use crate::failure::Failure;
use crate::run_folder::{LEAST_OF_A_CLASS, Trained};

/// The flags that select a sampler.
#[derive(clap::Args)]
pub(crate) struct Source {
    /// Distribution of the codes [default: the fitted one with the highest likelihood on held-out
    /// codes, or normal].
    #[arg(long, value_enum)]
    pub(crate) sampler: Option<Kind>,
    /// Class of the samples, a label of the training data: draw from the density of its codes.
    #[arg(long, conflicts_with = "sampler")]
    pub(crate) label: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Kind {
    /// N(0, I).
    Normal,
    /// N(0, I), projected to the sphere of radius sqrt(latent).
    Sphere,
    /// A Gaussian, fitted to the codes of the training data.
    Gaussian,
    /// A mixture of Gaussians, fitted to the codes of the training data.
    #[value(alias = "mixture")]
    Gmm,
    /// An invertible map from N(0, I), fitted to the codes of the training data.
    Gaussianization,
    /// N(0, I), with each draw decoded and encoded again.
    Refined,
}

impl Kind {
    /// Returns the value of `--sampler`.
    fn flag(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// Returns the name of the sampler in files.
    fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Sphere => "sphere",
            Self::Gaussian => "gaussian",
            Self::Gmm => "mixture",
            Self::Gaussianization => "gaussianization",
            Self::Refined => Refinement::NAME,
        }
    }
}

/// A sampler, and the refinement of its draws if they are refined.
#[derive(Debug)]
pub(crate) struct Chosen {
    /// N(0, I) if there is a refinement.
    pub(crate) sampler: Sampler,
    pub(crate) refinement: Option<Refinement>,
}

impl From<Sampler> for Chosen {
    fn from(sampler: Sampler) -> Self {
        Self { sampler, refinement: None }
    }
}

impl From<Refinement> for Chosen {
    fn from(refinement: Refinement) -> Self {
        Self { sampler: Sampler::Normal { latent: refinement.mean().len() }, refinement: Some(refinement) }
    }
}

impl fmt::Display for Chosen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let refined = if self.refinement.is_some() { ", refined once" } else { "" };
        write!(f, "{}{refined}", self.sampler)
    }
}

impl Chosen {
    /// Returns the name in files and on the explorer's page.
    pub(crate) fn name(&self) -> &'static str {
        if self.refinement.is_some() { Refinement::NAME } else { self.sampler.name() }
    }

    /// Returns the value of `--sampler`.
    pub(crate) fn flag(&self) -> &'static str {
        if self.refinement.is_some() { Refinement::NAME } else { flag(&self.sampler) }
    }

    /// Draws `n` codes for the model. The temperature acts before the refinement.
    pub(crate) fn sample(&self, model: &Autoencoder<f32>, n: usize, seed: u64, temperature: f64) -> Array2<f32> {
        let codes = self.sampler.sample_tempered(n, seed, temperature);
        match &self.refinement {
            Some(refinement) => refinement.refine(model, codes.view()),
            None => codes,
        }
    }
}

/// Returns the value of `--sampler` for a sampler.
pub(crate) fn flag(sampler: &Sampler) -> &'static str {
    match sampler {
        Sampler::Mixture(_) => "gmm",
        other => other.name(),
    }
}

impl Source {
    /// Returns the sampler for the flags, and the reason if the flags do not name one.
    pub(crate) fn choose(&self, trained: &Trained) -> Result<(Chosen, &'static str), Failure> {
        let (file, latent) = (trained.file.display(), trained.model.latent());
        if let Some(label) = &self.label {
            let classes = trained.class_samplers()?;
            let Some((_, _, sampler)) = classes.iter().find(|(_, name, _)| name == label) else {
                let names = classes.iter().map(|(_, name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
                let problem = match (trained.class_names(), names.as_str()) {
                    (known, "") if known.is_empty() => format!(
                        "the model has no classes, because it was trained on data without labels or with fewer than \
                         {LEAST_OF_A_CLASS} images or rows of each; leave out --label"
                    ),
                    (known, "") if known.contains(label) => format!(
                        "this class, like all others, had fewer than {LEAST_OF_A_CLASS} training images or rows; leave out \
                         --label"
                    ),
                    (_, "") => {
                        format!("no class had {LEAST_OF_A_CLASS} training images or rows; leave out --label")
                    }
                    (known, names) if known.contains(label) => format!(
                        "this class had fewer than {LEAST_OF_A_CLASS} training images or rows; use one of {names}"
                    ),
                    (known, names) if known.is_empty() => format!(
                        "no class of this name had {LEAST_OF_A_CLASS} training images or rows; use one of {names}"
                    ),
                    (_, names) => format!("the model has only the classes {names}; use one of these"),
                };
                return Err(Failure::usage(format!("--label is {label}, but {problem}")));
            };
            return Ok((sampler.clone().into(), " (fitted to the codes of the class)"));
        }
        let Some(kind) = self.sampler else {
            return Ok(match trained.fitted(PREFIX)? {
                Some(fitted) => (
                    fitted.best().sampler.clone().into(),
                    " (the fitted density with the highest likelihood of held-out codes)",
                ),
                None => (Sampler::Normal { latent }.into(), " (no density was fitted to the codes)"),
            });
        };
        let chosen = match kind {
            Kind::Normal => Some(Sampler::Normal { latent }.into()),
            Kind::Sphere => Some(Sampler::Sphere { latent }.into()),
            Kind::Refined => Some(trained.refined()?.into()),
            fitted => trained.sampler(fitted.name())?.map(Chosen::from),
        };
        match chosen {
            Some(chosen) => Ok((chosen, "")),
            None => {
                let names = trained.choices()?.iter().map(Chosen::flag).collect::<Vec<_>>().join(", ");
                let problem =
                    format!("--sampler is {}, but {file} has only the samplers {names}; use one of these", kind.flag());
                Err(Failure::usage(problem))
            }
        }
    }
}
