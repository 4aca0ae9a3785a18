use std::path::{Path, PathBuf};

use eae::gallery;
use eae::metrics::reconstruction_errors;
use serde::Serialize;

use crate::common::Common;
use crate::dataset::Data;
use crate::failure::Failure;
use crate::output::print_json;
use crate::output::{self, Images};
use crate::run_folder::Trained;

/// Say how well held-out images come back from their codes, and show them.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  eae reconstruct runs/digits-1 --out reconstructions.png\n  eae reconstruct runs/digits-1 --n 1000 --json\n  eae reconstruct model.safetensors --data mnist:FOLDER --out reconstructions.npy"
)]
pub(crate) struct Arguments {
    /// The run folder that `eae train` left, or a weights file.
    run: PathBuf,
    /// The data whose held-out images are taken; by default those that the model was trained on.
    #[arg(long)]
    data: Option<Data>,
    /// How many of the held-out images.
    #[arg(long, default_value_t = 50)]
    n: usize,
    /// What to write, if anything: a .png picture with each reconstruction right of its image; or the reconstructions alone, as a
    /// .npy array [n, channels, height, width] of 32-bit numbers from 0 to 1 or, ending in /, in a folder, new or empty, of
    /// single pictures.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Pairs in a row of the picture.
    #[arg(long, default_value_t = 5)]
    columns: usize,
    /// Each pixel as a square of so many; by default 3 in a picture of all, and 1 in single ones.
    #[arg(long)]
    zoom: Option<usize>,
    #[command(flatten)]
    common: Common,
}

#[derive(Serialize)]
struct Report<'a> {
    data: String,
    n: usize,
    /// The mean of those below.
    reconstruction_error: f64,
    /// The squared error of each image, summed over its pixels.
    errors: Vec<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    out: Option<&'a Path>,
    shape: Vec<usize>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let &Arguments { n, ref out, ref common, .. } = arguments;
    common.apply()?;
    let target = out.as_deref().map(|out| Images::new(out, arguments.zoom)).transpose()?;
    output::within("--n", n, 1..=output::MOST)?;
    let trained = Trained::load(&arguments.run)?;
    if let Some(target) = &target {
        target.fits(&trained.model)?;
    }
    let held_out = trained.held_out(arguments.data.as_ref())?;
    let images = held_out.first(n, &format!("--n is {n}"))?;
    let back = trained.model.reconstruct(images);
    let errors = reconstruction_errors(images, back.view());
    if let Some(target) = target {
        if target.is_grid() {
            let pairs = gallery::reconstructions(&trained.model, images);
            target.write(&trained.model, pairs.view(), arguments.columns.saturating_mul(2))?;
        } else {
            target.write(&trained.model, back.view(), arguments.columns)?;
        }
    }
    let reconstruction_error = errors.iter().sum::<f64>() / n as f64;
    if common.json {
        let (data, shape) = (held_out.data.to_string(), output::shape(&trained.model, back.view()));
        print_json(&Report { data, n, reconstruction_error, errors, out: out.as_deref(), shape });
        return Ok(());
    }
    let by_error = |a: &usize, b: &usize| errors[*a].total_cmp(&errors[*b]);
    let least = (0..n).min_by(by_error).expect("one image at least");
    let greatest = (0..n).max_by(by_error).expect("one image at least");
    let of = if trained.model.columns().is_some() { "vectors, standardised" } else { "images, summed over pixels" };
    outln!("squared error of {n} held-out {of}");
    outln!("mean      {reconstruction_error:10.2}");
    outln!("least     {:10.2}  (image {least})", errors[least]);
    outln!("greatest  {:10.2}  (image {greatest})", errors[greatest]);
    if let Some(out) = out {
        errln!("wrote {n} reconstructions to {}", out.display());
    }
    Ok(())
}
