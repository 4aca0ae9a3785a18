//! The sampler that flags select.

use clap::ValueEnum;
use eae::sampler::{PREFIX, Sampler};

use crate::failure::Failure;
use crate::run_folder::{Trained, class_prefix};

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
    #[value(alias = "gaussianisation")]
    Gaussianization,
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
    pub(crate) fn choose(&self, trained: &Trained) -> Result<(Sampler, &'static str), Failure> {
        let (file, latent) = (trained.file.display(), trained.model.latent());
        if let Some(label) = &self.label {
            let classes = trained.classes();
            let Some((label, _)) = classes.iter().find(|(_, name)| name == label) else {
                let problem = if classes.is_empty() {
                    "the model has no classes because it was trained on data without labels".to_owned()
                } else {
                    let names = classes.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>();
                    format!("the model has the classes {}", names.join(", "))
                };
                return Err(Failure::usage(format!("--label is {label}, but {problem}")));
            };
            let fitted = trained.fitted(&class_prefix(*label))?.expect("a class has samplers");
            return Ok((fitted.best().sampler.clone(), " (fitted to the codes of the class)"));
        }
        let Some(kind) = self.sampler else {
            return Ok(match trained.fitted(PREFIX)? {
                Some(fitted) => (
                    fitted.best().sampler.clone(),
                    " (the fitted density with the highest likelihood of held-out codes)",
                ),
                None => (Sampler::Normal { latent }, " (no density was fitted to the codes)"),
            });
        };
        let sampler = match kind {
            Kind::Normal => Some(Sampler::Normal { latent }),
            Kind::Sphere => Some(Sampler::Sphere { latent }),
            fitted => trained.sampler(fitted.name())?,
        };
        match sampler {
            Some(sampler) => Ok((sampler, "")),
            None => {
                let names = trained.samplers()?.iter().map(flag).collect::<Vec<_>>().join(", ");
                let problem = format!("--sampler is {}, but {file} has only the samplers {names}", kind.flag());
                Err(Failure::usage(problem))
            }
        }
    }
}
