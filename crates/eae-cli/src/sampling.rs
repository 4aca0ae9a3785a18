//! The distribution that codes are drawn from, as flags choose it.

use clap::ValueEnum;
use eae::sampler::{PREFIX, Sampler};

use crate::failure::Failure;
use crate::run_folder::{Trained, class_prefix};

#[derive(clap::Args)]
pub(crate) struct Source {
    /// The distribution that codes are drawn from. By default the one in the file under which codes
    /// that it was not fitted to are likeliest, and N(0, I) where none was fitted.
    #[arg(long, value_enum)]
    pub(crate) sampler: Option<Kind>,
    /// Draw samples of one class, from the density of its codes: a label of the training data.
    #[arg(long, conflicts_with = "sampler")]
    pub(crate) label: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Kind {
    /// N(0, I).
    Normal,
    /// N(0, I), moved to the sphere of radius sqrt(latent).
    Sphere,
    /// The Gaussian of the training images' codes.
    Gaussian,
    /// A mixture of Gaussians fitted to them.
    #[value(alias = "mixture")]
    Gmm,
    /// An invertible map from N(0, I) fitted to them.
    #[value(name = "gaussianisation", alias = "gaussianization")]
    Gaussianization,
}

impl Kind {
    /// The sampler's name in files.
    fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Sphere => "sphere",
            Self::Gaussian => "gaussian",
            Self::Gmm => "mixture",
            Self::Gaussianization => "gaussianisation",
        }
    }
}

/// The name of a sampler as `--sampler` takes it.
pub(crate) fn flag(sampler: &Sampler) -> &'static str {
    match sampler {
        Sampler::Mixture(_) => "gmm",
        other => other.name(),
    }
}

impl Source {
    /// The sampler that the flags ask for, and why where they leave it open.
    pub(crate) fn choose(&self, trained: &Trained) -> Result<(Sampler, &'static str), Failure> {
        let (file, latent) = (trained.file.display(), trained.model.latent());
        if let Some(label) = &self.label {
            let classes = trained.classes();
            let Some((label, _)) = classes.iter().find(|(_, name)| name == label) else {
                let problem = if classes.is_empty() {
                    "the model has no classes: it was trained on data without labels".to_owned()
                } else {
                    let names = classes.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>();
                    format!("the model has the classes {}", names.join(", "))
                };
                return Err(Failure::usage(format!("--label is {label}; {problem}")));
            };
            let fitted = trained.fitted(&class_prefix(*label))?.expect("a class has samplers");
            return Ok((fitted.best().sampler.clone(), ", fitted to the codes of the class"));
        }
        let Some(kind) = self.sampler else {
            return Ok(match trained.fitted(PREFIX)? {
                Some(fitted) => (fitted.best().sampler.clone(), ", under which held-out codes are likeliest"),
                None => (Sampler::Normal { latent }, ", as no density was fitted to the codes"),
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
                let problem = format!("--sampler is {}, but {file} has no such sampler; it has {names}", kind.name());
                Err(Failure::usage(problem))
            }
        }
    }
}
