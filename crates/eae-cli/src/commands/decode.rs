use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::common::Common;
use crate::failure::Failure;
use crate::output::print_json;
use crate::output::{self, Codes, Input};
use crate::run_folder::{Trained, inputs};

/// Decode the codes in a file.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  eae encode runs/digits-1 --part test --out codes.npy\n  eae decode runs/digits-1 --codes codes.npy --out images.npy\n  eae decode runs/digits-1 --codes my.csv --out images.png"
)]
pub(crate) struct Arguments {
    /// Run folder written by `eae train`, or a weights file.
    run: PathBuf,
    /// File with one code per row: a .npy array [n, latent], or text with commas, semicolons, tabs,
    /// | or spaces between the numbers.
    #[arg(long, value_name = "FILE")]
    codes: PathBuf,
    #[command(flatten)]
    output: output::Flags,
    /// Images in each row of the picture.
    #[arg(long, default_value_t = 10)]
    columns: usize,
    #[command(flatten)]
    common: Common,
}

#[derive(Serialize)]
struct Report<'a> {
    out: &'a Path,
    shape: Vec<usize>,
    codes: &'a Path,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let Arguments { codes, output, common, .. } = arguments;
    let target = output.target()?;
    let read = Input::file(codes, "the file of the codes to decode");
    output::keep(&[("--out", Some(&output.out))], [read].into_iter().chain(inputs(&arguments.run)))?;
    let model = Trained::load(&arguments.run)?.model;
    target.fits(&model)?;
    let read = Codes::read(codes, model.latent())?;
    output::within("the number of codes", read.nrows(), 1..=output::MOST)?;
    target.has_room(&model, read.nrows(), arguments.columns)?;
    let images = model.decode(read.view());
    target.write(&model, images.view(), arguments.columns)?;
    let out = &output.out;
    if common.json {
        print_json(&Report { out, shape: output::shape(&model, images.view()), codes });
    } else {
        errln!("wrote {} to {}", output::how_many(&model, read.nrows()), out.display());
    }
    Ok(())
}
