use std::path::{Path, PathBuf};

use clap::ValueEnum;
use eae::sampler::{PREFIX, Sampler};
use serde::Serialize;

use crate::common::Common;
use crate::failure::Failure;
use crate::output::print_json;
use crate::output::{self, Codes};
use crate::run_folder::{Trained, class_prefix};

/// Decode new codes with a trained model: draws from the density under which codes are likeliest,
/// or from N(0, I).
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  eae sample runs/digits-1 --n 100 --out samples.png\n  eae sample runs/digits-1 --sampler normal --out samples.png     # what the entropy alone achieves\n  eae sample runs/digits-1 --label 3 --out threes.png\n  eae sample runs/digits-1 --n 10000 --out samples.npy\n  eae sample runs/digits-1 --n 500 --temperature 0.8 --out samples/"
)]
pub(crate) struct Arguments {
    /// The run folder that `eae train` left, or a weights file.
    run: PathBuf,
    /// Number of samples.
    #[arg(long, default_value_t = 100)]
    n: usize,
    /// The distribution that codes are drawn from. By default the one in the file under which codes
    /// that it was not fitted to are likeliest, and N(0, I) where none was fitted.
    #[arg(long, value_enum)]
    sampler: Option<Kind>,
    /// Draw samples of one class, from the density of its codes: a label of the training data.
    #[arg(long, conflicts_with = "sampler")]
    label: Option<String>,
    /// Scales how far draws are from their mean: below 1 images are more alike, above 1 more
    /// unlike, at 0 they are one image.
    ///
    /// What is scaled is the draw z of N(0, I) that each code is made of. For `normal` the code is
    /// T z, which is N(0, T^2 I); for `sphere` the radius is T sqrt(latent); for `gaussian` the
    /// code's deviation from the mean is scaled; for `gmm` its deviation from the mean of the
    /// component that it is drawn from; for `gaussianisation` T z is mapped to the code.
    #[arg(long, value_name = "T", default_value_t = 1.0)]
    temperature: f64,
    #[command(flatten)]
    output: output::Flags,
    /// Write the codes, too: a .npy array or a .csv table [n, latent], which `eae decode` reads.
    #[arg(long, value_name = "FILE")]
    codes: Option<PathBuf>,
    /// Images in a row of the picture.
    #[arg(long, default_value_t = 10)]
    columns: usize,
    #[command(flatten)]
    common: Common,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
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
fn flag(sampler: &Sampler) -> &'static str {
    match sampler {
        Sampler::Mixture(_) => "gmm",
        other => other.name(),
    }
}

/// The sampler that the flags ask for, and why where they leave it open.
fn chosen(trained: &Trained, arguments: &Arguments) -> Result<(Sampler, &'static str), Failure> {
    let (file, latent) = (trained.file.display(), trained.model.latent());
    if let Some(label) = &arguments.label {
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
    let Some(kind) = arguments.sampler else {
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
    let there = || -> Result<String, Failure> {
        let names = trained.samplers()?.iter().map(flag).collect::<Vec<_>>().join(", ");
        Ok(format!("{file} has no such sampler; it has {names}"))
    };
    match sampler {
        Some(sampler) => Ok((sampler, "")),
        None => Err(Failure::usage(format!("--sampler is {}, but {}", kind.name(), there()?))),
    }
}

#[derive(Serialize)]
struct Report<'a> {
    out: &'a Path,
    shape: Vec<usize>,
    sampler: &'static str,
    /// The sampler in words.
    draws_from: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    temperature: f64,
    seed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    codes: Option<&'a Path>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let &Arguments { n, temperature, ref output, ref codes, ref common, .. } = arguments;
    common.apply()?;
    let target = output.target()?;
    let codes_target = codes.as_deref().map(|path| Codes::new("--codes", path)).transpose()?;
    output::within("--n", n, 1..=output::MOST)?;
    if !(0.0..=100.0).contains(&temperature) {
        return Err(Failure::usage(format!("--temperature is {temperature}, it must be from 0 to 100")));
    }
    let trained = Trained::load(&arguments.run)?;
    let model = &trained.model;
    target.fits(model)?;
    target.has_room(model, n, arguments.columns)?;
    let (source, why) = chosen(&trained, arguments)?;
    let drawn = source.sample_tempered(n, common.seed, temperature);
    let images = model.decode(drawn.view());
    target.write(model, images.view(), arguments.columns)?;
    if let Some(target) = codes_target {
        target.write(drawn.view())?;
    }
    let out = &output.out;
    if common.json {
        let (shape, seed, codes) = (output::shape(model, images.view()), common.seed, codes.as_deref());
        let (draws_from, label) = (source.to_string(), arguments.label.as_deref());
        print_json(&Report { out, shape, sampler: flag(&source), draws_from, label, temperature, seed, codes });
    } else {
        errln!("wrote {n} samples, decoded draws from {source}{why}, to {}", out.display());
    }
    Ok(())
}
