use std::path::{Path, PathBuf};

use clap::ValueEnum;
use eae::sampler::{self, Sampler};
use nn_layers::Weights;
use serde::Serialize;

use crate::common::Common;
use crate::failure::Failure;
use crate::output::print_json;
use crate::output::{self, Codes};
use crate::run_folder::Trained;

/// Decode draws from N(0, I), or from a density fitted to the codes, with a trained model.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  eae sample runs/digits-1 --n 100 --out samples.png\n  eae sample runs/digits-1 --n 10000 --sampler gmm --out samples.npy\n  eae sample runs/digits-1 --n 500 --temperature 0.8 --out samples/"
)]
pub(crate) struct Arguments {
    /// The run folder that `eae train` left, or a weights file.
    run: PathBuf,
    /// How many.
    #[arg(long, default_value_t = 100)]
    n: usize,
    /// Where the codes come from.
    #[arg(long, value_enum, default_value_t = Kind::Normal)]
    sampler: Kind,
    /// Scales how far draws are from their mean: below 1 images are more alike, above 1 more unlike, at 0 they are one image.
    ///
    /// What is scaled is the draw z of N(0, I) that each code is made of. For `normal` the code is T z, which is N(0, T^2 I);
    /// for `sphere` the radius is T sqrt(latent); for `gaussian` the code's deviation from the mean is scaled; for `gmm` its
    /// deviation from the mean of the component that it is drawn from; for `gaussianisation` T z is mapped to the code.
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

#[derive(Clone, Copy, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
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
    #[serde(rename = "gaussianisation")]
    Gaussianization,
}

impl Kind {
    fn sampler(self, latent: usize, weights: &Weights) -> Result<Sampler, sampler::ReadError> {
        match self {
            Self::Normal => Ok(Sampler::Normal { latent }),
            Self::Sphere => Ok(Sampler::Sphere { latent }),
            Self::Gaussian => Sampler::read(sampler::PREFIX, "gaussian", weights),
            Self::Gmm => Sampler::read(sampler::PREFIX, "mixture", weights),
            Self::Gaussianization => Sampler::read(sampler::PREFIX, "gaussianisation", weights),
        }
    }
}

#[derive(Serialize)]
struct Report<'a> {
    out: &'a Path,
    shape: Vec<usize>,
    sampler: Kind,
    temperature: f64,
    seed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    codes: Option<&'a Path>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let &Arguments { n, sampler, temperature, ref output, ref codes, ref common, .. } = arguments;
    common.apply()?;
    let target = output.target()?;
    let codes_target = codes.as_deref().map(|path| Codes::new("--codes", path)).transpose()?;
    output::within("--n", n, 1..=output::MOST)?;
    if !(0.0..=100.0).contains(&temperature) {
        return Err(Failure::usage(format!("--temperature is {temperature}, it must be from 0 to 100")));
    }
    let Trained { file, model, weights, .. } = Trained::load(&arguments.run)?;
    target.fits(&model)?;
    target.has_room(&model, n, arguments.columns)?;
    let source = sampler.sampler(model.latent(), &weights);
    let source = source.map_err(|e| Failure::usage(format!("{}: {e}", file.display())))?;
    if source.latent() != model.latent() {
        let (codes, takes) = (source.latent(), model.latent());
        let problem = format!("{}: a sampler of codes of {codes} numbers, the model takes {takes}", file.display());
        return Err(Failure::usage(problem));
    }
    let drawn = source.sample_tempered(n, common.seed, temperature);
    let images = model.decode(drawn.view());
    target.write(&model, images.view(), arguments.columns)?;
    if let Some(target) = codes_target {
        target.write(drawn.view())?;
    }
    let out = &output.out;
    if common.json {
        let (shape, seed, codes) = (output::shape(&model, images.view()), common.seed, codes.as_deref());
        print_json(&Report { out, shape, sampler, temperature, seed, codes });
    } else {
        errln!("wrote {n} samples to {}", out.display());
    }
    Ok(())
}
