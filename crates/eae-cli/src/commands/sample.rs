use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use eae::picture::{self, PictureError};
use eae::sampler::{self, Sampler};
use eae::{Autoencoder, run};
use ndarray::Array4;
use ndarray_npy::WriteNpyExt;
use nn_layers::Weights;
use serde::Serialize;

use crate::failure::Failure;
use crate::{Common, print_json, vectors};

/// Decode draws from N(0, I), or from a density fitted to the codes, with a trained model.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  eae sample runs/digits-1 --n 100 --out samples.png\n  eae sample runs/digits-1 --n 10000 --out samples.npy"
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
    /// The file to write: a .png picture, or a .npy array [n, channels, height, width] of 32-bit numbers from 0 to 1.
    /// Of vectors a .csv text, or a .npy array [n, columns] of 64-bit numbers, in the units of the training data.
    #[arg(long)]
    out: PathBuf,
    /// Images in a row of the picture.
    #[arg(long, default_value_t = 10)]
    columns: usize,
    /// Each pixel as a square of so many.
    #[arg(long, default_value_t = 3)]
    zoom: usize,
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
    Gaussianisation,
}

impl Kind {
    fn sampler(self, latent: usize, weights: &Weights) -> Result<Sampler, sampler::ReadError> {
        match self {
            Self::Normal => Ok(Sampler::Normal { latent }),
            Self::Sphere => Ok(Sampler::Sphere { latent }),
            Self::Gaussian => Sampler::read(sampler::PREFIX, "gaussian", weights),
            Self::Gmm => Sampler::read(sampler::PREFIX, "mixture", weights),
            Self::Gaussianisation => Sampler::read(sampler::PREFIX, "gaussianisation", weights),
        }
    }
}

#[derive(Serialize)]
struct Report<'a> {
    out: &'a Path,
    shape: Vec<usize>,
    sampler: Kind,
    seed: u64,
}

/// What is decoded is held in memory, 3 kB a digit.
const MOST_SAMPLES: usize = 1_000_000;

enum Format {
    Png,
    Npy,
    Csv,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let Arguments { n, sampler, out, common, .. } = arguments;
    common.apply()?;
    let format = match out.extension().and_then(|extension| extension.to_str()) {
        Some("png") => Format::Png,
        Some("npy") => Format::Npy,
        Some("csv") => Format::Csv,
        _ => {
            let must = "it must end in .png or .npy, or of vectors in .csv or .npy";
            return Err(Failure::usage(format!("--out is {}, {must}", out.display())));
        }
    };
    if !(1..=MOST_SAMPLES).contains(n) {
        return Err(Failure::usage(format!("--n is {n}, it must be from 1 to {MOST_SAMPLES}")));
    }
    let file = if arguments.run.is_dir() { arguments.run.join(run::MODEL) } else { arguments.run.clone() };
    let model = Autoencoder::<f32>::load(&file).map_err(Failure::usage)?;
    let must = match (&format, model.columns()) {
        (Format::Png, Some(_)) => Some("vectors make no picture, it must end in .csv or .npy"),
        (Format::Csv, None) => Some("images make no table, it must end in .png or .npy"),
        _ => None,
    };
    if let Some(must) = must {
        return Err(Failure::usage(format!("--out is {}, {must}", out.display())));
    }
    let weights = Weights::read(&file).map_err(Failure::usage)?;
    let source = sampler.sampler(model.latent(), &weights);
    let source = source.map_err(|e| Failure::usage(format!("{}: {e}", file.display())))?;
    if source.latent() != model.latent() {
        let (codes, takes) = (source.latent(), model.latent());
        let problem = format!("{}: a sampler of codes of {codes} numbers, the model takes {takes}", file.display());
        return Err(Failure::usage(problem));
    }
    let codes = source.sample(*n, common.seed);
    let images = model.decode(codes.view());
    match (format, model.columns()) {
        (_, Some(columns)) => vectors::write(out, columns, images.view())?,
        (Format::Png, None) => {
            let written = picture::write_grid(out, images.view(), arguments.columns, arguments.zoom);
            written
                .map_err(|e| if let PictureError::Write { .. } = e { Failure::other(e) } else { Failure::usage(e) })?;
        }
        (Format::Npy | Format::Csv, None) => {
            write_npy(out, &images).map_err(|e| Failure::other(format!("{}: {e}", out.display())))?
        }
    }
    let (count, height, width, channels) = images.dim();
    let shape = if model.columns().is_some() { vec![count, width] } else { vec![count, channels, height, width] };
    if common.json {
        print_json(&Report { out, shape, sampler: *sampler, seed: common.seed });
    } else {
        eprintln!("wrote {n} samples to {}", out.display());
    }
    Ok(())
}

/// Channels first, as everybody's arrays of images on disk are.
fn write_npy(path: &Path, images: &Array4<f32>) -> Result<(), Box<dyn std::error::Error>> {
    let mut file = BufWriter::new(File::create(path)?);
    images.view().permuted_axes([0, 3, 1, 2]).as_standard_layout().write_npy(&mut file)?;
    Ok(file.flush()?)
}
