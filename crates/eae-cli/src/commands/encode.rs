use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::common::Common;
use crate::dataset::{Data, Part};
use crate::failure::Failure;
use crate::output::{Codes, Names, needs_csv, print_json, write_table};
use crate::run_folder::Trained;
use crate::table::refused_data;

/// Write the codes of images or vectors.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  eae encode runs/digits-1 --part test --out codes.npy\n  eae encode runs/photos-1 --data images:FOLDER --out codes.csv\n  eae entropy codes.csv"
)]
pub(crate) struct Arguments {
    /// The run folder that `eae train` left, or a weights file.
    run: PathBuf,
    /// Other images than those that the model was trained on: a file, a folder or a name, as for
    /// `eae train --data`. All of them are encoded, in their order.
    #[arg(long)]
    data: Option<Data>,
    /// The part of the data to encode. By default all.
    #[arg(long, value_enum)]
    part: Option<Part>,
    /// The file to write: a .npy array [n, latent] of 32-bit numbers, or a .csv table with a
    /// header. A table begins with the columns `file` and `label` where these are known.
    #[arg(long)]
    out: PathBuf,
    /// A .csv table of the rows' files and labels, to go with a .npy array.
    #[arg(long, value_name = "FILE")]
    names: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

#[derive(Serialize)]
struct Report<'a> {
    out: &'a Path,
    shape: [usize; 2],
    data: String,
    part: Part,
    #[serde(skip_serializing_if = "Option::is_none")]
    names: Option<&'a Path>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let Arguments { out, names: names_to, common, .. } = arguments;
    common.apply()?;
    let target = Codes::new("--out", out)?;
    if let Some(path) = names_to {
        needs_csv("--names", path)?;
    }
    let trained = Trained::load(&arguments.run)?;
    let used = trained.used(arguments.data.as_ref(), arguments.part, Part::All)?;
    let codes = trained.model.encode_all(used.images.source()).map_err(refused_data)?;
    let names = Names::of(&used);
    if names_to.is_some() && names.is_empty() {
        return Err(Failure::usage(format!("--names: the images of {} have neither files nor labels", used.data)));
    }
    target.write_named(codes.view(), &names)?;
    if let Some(path) = names_to {
        write_table(path, &names, codes.nrows(), &[])?;
    }
    if common.json {
        let (shape, data, part) = (codes.dim().into(), used.data.to_string(), used.part);
        print_json(&Report { out, shape, data, part, names: names_to.as_deref() });
        return Ok(());
    }
    errln!("wrote the codes of {} to {}", used.how_many(codes.nrows()), out.display());
    if names_to.is_none() && !target.is_table() && used.files().is_some() {
        errln!("an array has no room for the names of the files: --names names.csv writes them, or --out a .csv table");
    }
    Ok(())
}
