//! `eae features train`: a classifier of the labels of a data set, whose features compare images.

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args, Subcommand};
use eae::data::Split;
use serde::Serialize;

use crate::common::Common;
use crate::dataset::{Data, Flags};
use crate::failure::Failure;
use crate::judgment::labels::{self, HeldOut};
use crate::output::{Input, keep, print_json, within};
use crate::run_folder::{Trained, inputs};
use crate::table::refused_data;

/// Train a classifier to compare images by its features.
///
/// A distance between real and generated images is only as informative as the features that it
/// compares. Features that separate the classes of a data set show differences that principal
/// components of the pixels miss.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  eae features train runs/photos-1 --out photos.safetensors\n  eae evaluate runs/photos-1 --features photos.safetensors"
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Train(Train),
}

/// Train a classifier and write it to a file for --features.
///
/// Labels are the subfolders of an image folder, the labels beside idx files, or the column of a
/// table that --label names. The network has two convolutions and two dense layers; the features
/// are the 64 outputs of the first dense layer.
#[derive(Args)]
#[command(
    group(ArgGroup::new("images").args(["run", "data"]).required(true).multiple(true)),
    after_help = "Examples:\n  eae features train runs/photos-1 --out photos.safetensors\n  eae evaluate runs/photos-1 --features photos.safetensors\n  eae features train --data mnist:fashion --out clothes.safetensors\n\nWithout a file, in one command: eae evaluate runs/photos-1 --features labels"
)]
struct Train {
    /// Run folder: train on the images of its model, in their shape.
    run: Option<PathBuf>,
    /// Images to train on, as for `eae train --data`; with a run folder, instead of its images.
    #[arg(long)]
    data: Option<Data>,
    #[command(flatten)]
    images: Flags,
    /// Passes over the images [default: 5 to 50, for about 300 000 images in total].
    #[arg(long)]
    epochs: Option<usize>,
    /// Output file for the classifier.
    #[arg(long, value_name = "FILE", default_value = "features.safetensors")]
    out: PathBuf,
    /// Do not show progress.
    #[arg(long)]
    quiet: bool,
    #[command(flatten)]
    common: Common,
}

#[derive(Serialize)]
struct Report<'a> {
    out: &'a Path,
    data: String,
    epochs: usize,
    held_out: HeldOut,
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let Command::Train(arguments) = &arguments.command;
    let Train { run, out, epochs, quiet, common, .. } = arguments;
    if let Some(epochs) = epochs {
        within("--epochs", *epochs, 1..=100_000)?;
    }
    let read = Input::data(arguments.data.as_ref(), "the data to train on");
    let of_run = run.as_deref().map(inputs).unwrap_or_default();
    keep(&[("--out", Some(out))], read.into_iter().chain(of_run))?;
    let named = arguments.data.clone().map(|data| data.with(&arguments.images)).transpose()?;
    let (named, data, changed) = match (run, named) {
        (Some(run), named) => Trained::load(run)?.data(named.as_ref())?,
        (None, named) => {
            let (named, data) = open(named.expect("clap requires one of the two"), *quiet)?;
            (named, data, None)
        }
    };
    let trained = labels::train(&data, *epochs, common.seed, *quiet || common.json)?;
    trained.classifier.to_weights().save(out).map_err(Failure::other)?;
    let held_out = trained.held_out;
    let epochs = trained.epochs;
    let warnings = Vec::from_iter(changed.into_iter().chain(held_out.warning()));
    if common.json {
        let warning = (!warnings.is_empty()).then(|| warnings.join("; "));
        print_json(&Report { out, data: named.to_string(), epochs, held_out, warning });
        return Ok(());
    }
    let HeldOut { n, accuracy, .. } = held_out;
    errln!(
        "wrote {}; the classifier has an accuracy of {:.1} % on {n} held-out images",
        out.display(),
        100.0 * accuracy
    );
    for warning in warnings {
        errln!("warning: {warning}");
    }
    Ok(())
}

/// Reads images. Those of a folder are resized to 32 x 32 pixels.
fn open(data: Data, quiet: bool) -> Result<(Data, Split<f32>), Failure> {
    if data.is_of_vectors().map_err(refused_data)? {
        return Err(Failure::usage(format!(
            "{data} has vectors, but a classifier takes images; if the rows are images, give their --shape"
        )));
    }
    let data = data.brought_to([32, 32, 3]);
    let Split { train, test } = data.open(quiet).map_err(refused_data)?;
    Ok((data, Split { train: train.in_memory().map_err(refused_data)?, test }))
}
