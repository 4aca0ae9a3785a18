use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::common::Common;
use crate::failure::Failure;
use crate::output::{self, Codes, counted, print_json};
use crate::run_folder::{Trained, inputs};
use crate::sampling;

/// Generate new images or vectors with a trained model.
///
/// Draws codes at random and decodes them.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  eae sample runs/digits-1 --n 100 --out samples.png\n  eae sample runs/digits-1 --sampler normal --out samples.png\n  eae sample runs/digits-1 --label 3 --out threes.png\n  eae sample runs/digits-1 --n 10000 --out samples.npy\n  eae sample runs/digits-1 --n 500 --temperature 0.8 --out samples/"
)]
pub(crate) struct Arguments {
    /// Run folder written by `eae train`, or a weights file.
    run: PathBuf,
    /// Number of samples.
    #[arg(long, default_value_t = 100)]
    n: usize,
    #[command(flatten)]
    source: sampling::Source,
    /// Temperature: samples are more alike below 1, more diverse above 1, and equal at 0.
    ///
    /// Each code is computed from a draw z from N(0, I), and T z replaces z. For normal the code is
    /// T z, which is distributed as N(0, T^2 I). For sphere the radius is T sqrt(latent). For
    /// gaussian the deviation from the mean is scaled by T, and for gmm the deviation from the mean
    /// of a component. For gaussianization T z is mapped to the code. For refined T z is refined.
    #[arg(long, value_name = "T", default_value_t = 1.0)]
    temperature: f64,
    #[command(flatten)]
    output: output::Flags,
    /// File for the codes of the samples: a .npy array or a .csv table [n, latent] for `eae
    /// decode`.
    #[arg(long, value_name = "FILE")]
    codes: Option<PathBuf>,
    /// Number of images in each row of the picture.
    #[arg(long, default_value_t = 10)]
    columns: usize,
    /// Tables: write the numbers that the decoder gives. By default they are limited to the range
    /// of the training rows, and rounded in columns of whole numbers.
    #[arg(long)]
    unrounded: bool,
    #[command(flatten)]
    common: Common,
}

#[derive(Serialize)]
struct Report<'a> {
    out: &'a Path,
    shape: Vec<usize>,
    sampler: &'static str,
    /// Description of the sampler.
    draws_from: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    temperature: f64,
    seed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    codes: Option<&'a Path>,
    /// The columns of a table that were rounded to whole numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    rounded: Option<Vec<String>>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let &Arguments { n, temperature, ref output, ref codes, ref common, .. } = arguments;
    let target = output.target()?;
    let codes_target = codes.as_deref().map(|path| Codes::new("--codes", path)).transpose()?;
    output::within("--n", n, 1..=output::MOST)?;
    if !(0.0..=100.0).contains(&temperature) {
        return Err(Failure::usage(format!("--temperature is {temperature}; it must be between 0 and 100")));
    }
    output::keep(&[("--out", Some(&output.out)), ("--codes", codes.as_deref())], inputs(&arguments.run))?;
    let trained = Trained::load(&arguments.run)?;
    let model = &trained.model;
    target.fits(model)?;
    if arguments.unrounded && model.columns().is_none() {
        return Err(Failure::usage("--unrounded applies to tables, but the model makes images; leave it out"));
    }
    target.has_room(model, n, arguments.columns)?;
    let (source, why) = arguments.source.choose(&trained)?;
    let drawn = source.sample(model, n, common.seed, temperature);
    let images = model.decode(drawn.view());
    let plausible = model.columns().filter(|columns| !arguments.unrounded && columns.has_ranges());
    target.plausible(plausible.is_some()).write(model, images.view(), arguments.columns)?;
    if let Some(target) = codes_target {
        target.write(drawn.view())?;
    }
    let rounded =
        plausible.map(|columns| columns.whole().iter().map(|&column| columns.name(column)).collect::<Vec<_>>());
    let out = &output.out;
    if common.json {
        let (shape, seed, codes) = (output::shape(model, images.view()), common.seed, codes.as_deref());
        let (draws_from, label) = (source.to_string(), arguments.source.label.as_deref());
        print_json(&Report {
            out,
            shape,
            sampler: source.flag(),
            draws_from,
            label,
            temperature,
            seed,
            codes,
            rounded,
        });
    } else {
        errln!("wrote {} to {}, decoded from draws from {source}{why}", counted(n, "sample"), out.display());
        if let Some(rounded) = rounded {
            let whole = match &rounded[..] {
                [] => String::new(),
                names => format!(", and whole numbers in {}", names.join(", ")),
            };
            errln!("the columns have the ranges of the training rows{whole}; --unrounded writes the decoder's numbers");
        }
    }
    Ok(())
}
