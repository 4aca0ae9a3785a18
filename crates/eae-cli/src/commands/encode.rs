use std::path::{Path, PathBuf};

use clap::ValueEnum;
use eae::Autoencoder;
use eae::data::Split;
use ndarray::{Array2, Axis, concatenate};
use serde::Serialize;

use crate::common::Common;
use crate::dataset::Data;
use crate::failure::Failure;
use crate::output::Codes;
use crate::output::print_json;
use crate::run_folder::Trained;

/// Write the codes of images.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  eae encode runs/digits-1 --part test --out codes.npy\n  eae encode runs/digits-1 --data npy:images.npy --out codes.csv\n  eae entropy codes.csv"
)]
pub(crate) struct Arguments {
    /// The run folder that `eae train` left, or a weights file.
    run: PathBuf,
    /// The images, as in `eae train --data`; by default those that the model was trained on.
    #[arg(long)]
    data: Option<Data>,
    /// Which of them, in the order of the data.
    #[arg(long, value_enum, default_value_t = Part::All)]
    part: Part,
    /// What to write: a .npy array [n, latent] of 32-bit numbers, or a .csv table with a header.
    #[arg(long)]
    out: PathBuf,
    #[command(flatten)]
    common: Common,
}

#[derive(Clone, Copy, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
enum Part {
    /// Those that a training sees.
    Train,
    /// Those that are held out.
    Test,
    /// Those that a training sees, then those that are held out.
    All,
}

#[derive(Serialize)]
struct Report<'a> {
    out: &'a Path,
    shape: [usize; 2],
    data: String,
    part: Part,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let &Arguments { part, ref out, ref common, .. } = arguments;
    common.apply()?;
    let target = Codes::new("--out", out)?;
    let trained = Trained::load(&arguments.run)?;
    let (data, split) = trained.data(arguments.data.as_ref())?;
    let codes = codes(&trained.model, &split, part);
    target.write(codes.view())?;
    if common.json {
        let shape = codes.dim().into();
        print_json(&Report { out, shape, data: data.to_string(), part });
    } else {
        errln!("wrote the codes of {} images to {}", codes.nrows(), out.display());
    }
    Ok(())
}

fn codes(model: &Autoencoder<f32>, split: &Split<f32>, part: Part) -> Array2<f32> {
    let train = || model.encode(split.train.pixels.view());
    let test = || model.encode(split.test.pixels.view());
    match part {
        Part::Train => train(),
        Part::Test => test(),
        Part::All => concatenate(Axis(0), &[train().view(), test().view()]).expect("codes of one model"),
    }
}
