//! `eae features train`: a classifier of a data set's own labels, on whose features its images are
//! compared.

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args, Subcommand};
use eae::data::Split;
use serde::Serialize;

use crate::common::Common;
use crate::dataset::{Data, Flags};
use crate::failure::Failure;
use crate::judgement::labels::{self, HeldOut};
use crate::output::{print_json, within};
use crate::run_folder::Trained;
use crate::table::refused_data;

/// Train a classifier on the labels of images, to compare images on its features.
///
/// Distances between real and generated images say as much as the features that they are measured
/// on. Features that tell the classes of a data set apart notice what principal components of the
/// pixels do not.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Train a classifier and write it to a file for --features.
    Train(Train),
}

/// Train a classifier on labels: the subfolders of an image folder, the labels beside idx files, or
/// the column of a table that --label names.
///
/// The network is small: two convolutions and two dense layers. Its 64 features are those of the
/// first dense layer.
#[derive(Args)]
#[command(
    group(ArgGroup::new("images").args(["run", "data"]).required(true).multiple(true)),
    after_help = "Example:\n  eae features train runs/photos-1 --out photos.safetensors\n  eae evaluate runs/photos-1 --features photos.safetensors\n  eae features train --data mnist:fashion --out clothes.safetensors\n\nIn one command, and without a file: eae evaluate runs/photos-1 --features labels"
)]
struct Train {
    /// A run folder: the classifier is trained on the images of its model, in their shape.
    run: Option<PathBuf>,
    /// Images to train on, as for `eae train --data`; with a run folder, in the place of its own.
    #[arg(long)]
    data: Option<Data>,
    #[command(flatten)]
    images: Flags,
    /// Passes over the images. By default about 300 000 images are seen: 5 to 50 passes.
    #[arg(long)]
    epochs: Option<usize>,
    /// The file for the classifier.
    #[arg(long, value_name = "FILE", default_value = "features.safetensors")]
    out: PathBuf,
    /// No progress on standard error.
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
    common.apply()?;
    if let Some(epochs) = epochs {
        within("--epochs", *epochs, 1..=100_000)?;
    }
    let named = arguments.data.clone().map(|data| data.with(&arguments.images)).transpose()?;
    let (named, data) = match (run, named) {
        (Some(run), named) => Trained::load(run)?.data(named.as_ref())?,
        (None, named) => open(named.expect("clap asks for one of both"), *quiet)?,
    };
    let trained = labels::train(&data, *epochs, common.seed, *quiet || common.json)?;
    trained.classifier.to_weights().save(out).map_err(Failure::other)?;
    let held_out = trained.held_out;
    let (epochs, warning) = (trained.epochs, held_out.warning());
    if common.json {
        print_json(&Report { out, data: named.to_string(), epochs, held_out, warning });
        return Ok(());
    }
    let HeldOut { n, accuracy, .. } = held_out;
    errln!("wrote {}, which is right on {:.1} % of {n} held-out images", out.display(), 100.0 * accuracy);
    if let Some(warning) = warning {
        errln!("warning: {warning}");
    }
    Ok(())
}

/// Reads images, folders in the shape that `eae train` gives them.
fn open(data: Data, quiet: bool) -> Result<(Data, Split<f32>), Failure> {
    if data.is_of_vectors().map_err(refused_data)? {
        return Err(Failure::usage(format!(
            "{data} has vectors, and a classifier takes images; rows that are images need --shape"
        )));
    }
    let data = data.brought_to([32, 32, 3]);
    let Split { train, test } = data.open(quiet).map_err(refused_data)?;
    Ok((data, Split { train: train.in_memory().map_err(refused_data)?, test }))
}
