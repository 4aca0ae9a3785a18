use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::common::Common;
use crate::dataset::{Data, Part};
use crate::failure::Failure;
use crate::output::{Codes, Input, Names, keep, needs_csv, print_json, write_table};
use crate::run_folder::{Trained, inputs};
use crate::table::refused_data;

/// Write the codes of images or vectors to a file.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  eae encode runs/digits-1 --part test --out codes.npy\n  eae encode runs/photos-1 --data images:FOLDER --out codes.csv\n  eae entropy codes.csv"
)]
pub(crate) struct Arguments {
    /// Run folder written by `eae train`, or a weights file.
    run: PathBuf,
    /// Data to encode instead of the training data: a path or KIND:PATH, as for `eae train --data`.
    #[arg(long)]
    data: Option<Data>,
    /// Part of the data to encode [default: all].
    #[arg(long, value_enum)]
    part: Option<Part>,
    /// Output: a .npy array [n, latent] of 32-bit numbers, or a .csv table with a header, which
    /// begins with the columns `file` and `label` if these are known.
    #[arg(long)]
    out: PathBuf,
    /// File for a .csv table with the file and label of each row, for use with a .npy array.
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
    /// Doubts about the data.
    warnings: Vec<String>,
    /// The first few files of a folder that were skipped because they are not images.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    skipped: &'a [String],
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let Arguments { out, names: names_to, common, .. } = arguments;
    let target = Codes::new("--out", out)?;
    if let Some(path) = names_to {
        needs_csv("--names", path)?;
    }
    let read = Input::data(arguments.data.as_ref(), "the data to encode");
    keep(&[("--out", Some(out)), ("--names", names_to.as_deref())], read.into_iter().chain(inputs(&arguments.run)))?;
    let trained = Trained::load(&arguments.run)?;
    let used = trained.used(arguments.data.as_ref(), arguments.part, Part::All)?;
    let codes = trained.model.encode_all(used.images.source()).map_err(refused_data)?;
    let names = Names::of(&used);
    if names_to.is_some() && names.is_empty() {
        return Err(Failure::usage(format!("--names: {} has neither file names nor labels", used.data)));
    }
    target.write_named(codes.view(), &names)?;
    if let Some(path) = names_to {
        write_table(path, &names, codes.nrows(), &[])?;
    }
    if common.json {
        let (shape, data, part) = (codes.dim().into(), used.data.to_string(), used.part);
        let (warnings, skipped) = (used.all_warnings(), used.skipped());
        print_json(&Report { out, shape, data, part, names: names_to.as_deref(), warnings, skipped });
        return Ok(());
    }
    errln!("wrote the codes of {} to {}", used.how_many(codes.nrows()), out.display());
    if names_to.is_none() && !target.is_table() && used.files().is_some() {
        errln!("a .npy array cannot hold file names; add --names names.csv, or write a .csv table");
    }
    Ok(())
}
