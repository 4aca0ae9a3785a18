use std::borrow::Cow;
use std::path::{Path, PathBuf};

use eae::gallery;
use serde::Serialize;

use crate::common::Common;
use crate::dataset::{Data, Part, Used, errors, greatest};
use crate::failure::Failure;
use crate::output::{self, Images, Input, Names, counted, needs_csv, print_json, write_table};
use crate::run_folder::{Trained, inputs};

/// Text of `--out` in `--help`, in lines that fit beside its indent.
const OUT: &str = "\
Output: NAME.png, NAME.npy, NAME.csv or NAME/. The name decides what is
written. For a model of images:

NAME.png  one picture, with each reconstruction right of its image
NAME.npy  the reconstructions as an array [n, channels, height, width]
          of 32-bit numbers from 0 to 1
NAME/     the reconstructions as single pictures, in a new or empty
          folder

For a model of vectors, in the units of the training data:

NAME.csv  the reconstructions as a table
NAME.npy  the reconstructions as an array [n, columns]";

/// Reconstruct images or vectors and measure the errors.
///
/// The largest errors belong to images that are unlike the training data, so --worst finds
/// outliers.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  eae reconstruct runs/digits-1 --out reconstructions.png\n  eae reconstruct runs/photos-1 --data images:FOLDER --worst 20 --out worst.png\n  eae reconstruct runs/photos-1 --data images:FOLDER --errors errors.csv\n  eae reconstruct model.safetensors --data images:photo.png --out back.png"
)]
pub(crate) struct Arguments {
    /// Run folder written by `eae train`, or a weights file.
    run: PathBuf,
    /// Data to reconstruct instead of the training data's held-out part: a path or KIND:PATH, as
    /// for `eae train --data`.
    #[arg(long)]
    data: Option<Data>,
    /// Part of the data to reconstruct [default: test, or all with --data].
    #[arg(long, value_enum)]
    part: Option<Part>,
    /// Number of images, from the first on [default: 50, or all with --data, --worst or --errors].
    #[arg(long)]
    n: Option<usize>,
    /// Show and write only this many images, those with the largest errors first.
    #[arg(long, value_name = "IMAGES")]
    worst: Option<usize>,
    /// Write a .csv table with the error of each image, and its file and label if these are known.
    #[arg(long, value_name = "FILE")]
    errors: Option<PathBuf>,
    /// Output: NAME.png for pairs of image and reconstruction; NAME.npy or NAME/ for the
    /// reconstructions alone; NAME.csv or NAME.npy for a model of vectors.
    #[arg(long, long_help = OUT)]
    out: Option<PathBuf>,
    /// Pairs in each row of the picture.
    #[arg(long, default_value_t = 5)]
    columns: usize,
    /// Enlarge each pixel to a square of this side [default: 3 in one picture, 1 in a folder of
    /// pictures].
    #[arg(long)]
    zoom: Option<usize>,
    #[command(flatten)]
    common: Common,
}

#[derive(Serialize)]
struct Report<'a> {
    data: String,
    part: Part,
    n: usize,
    /// The mean of `errors`.
    reconstruction_error: f64,
    /// The squared error of each image, summed over its pixels.
    errors: Vec<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<Vec<Cow<'a, str>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    worst: Option<Vec<Worst<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    out: Option<&'a Path>,
    shape: Vec<usize>,
    /// Doubts about the data.
    warnings: Vec<String>,
    /// The first few files of a folder that were skipped because they are not images.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    skipped: &'a [String],
}

/// An image with a large error.
#[derive(Serialize)]
struct Worst<'a> {
    image: usize,
    error: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<Cow<'a, str>>,
}

/// Default number of images.
const USUAL: usize = 50;

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let &Arguments { n, worst, ref out, ref common, .. } = arguments;
    let target = out.as_deref().map(|out| Images::new(out, arguments.zoom)).transpose()?;
    if let Some(path) = &arguments.errors {
        needs_csv("--errors", path)?;
    }
    for (flag, n) in [("--n", n), ("--worst", worst)] {
        n.map_or(Ok(()), |n| output::within(flag, n, 1..=output::MOST))?;
    }
    let read = Input::data(arguments.data.as_ref(), "the data to reconstruct");
    let written = [("--out", out.as_deref()), ("--errors", arguments.errors.as_deref())];
    output::keep(&written, read.into_iter().chain(inputs(&arguments.run)))?;
    let trained = Trained::load(&arguments.run)?;
    let model = &trained.model;
    if let Some(target) = &target {
        target.fits(model)?;
    }
    let used = trained.used(arguments.data.as_ref(), arguments.part, Part::Test)?;
    let all = arguments.data.is_some() || worst.is_some() || arguments.errors.is_some();
    let n = match n {
        Some(n) => used.at_least(n, &format!("--n is {n}"))?,
        None => used.len().min(if all { usize::MAX } else { USUAL }),
    };
    if let Some(target) = &target {
        let shown = worst.map_or(n, |worst| worst.min(n));
        output::within("the number of images to write", shown, 1..=output::MOST)?;
        let (images, columns) = if target.is_grid() { (2, arguments.columns.saturating_mul(2)) } else { (1, 1) };
        target.has_room(model, images * shown, columns)?;
    }
    let errors = errors(model, &used, n)?;
    let worst = worst.map(|count| greatest(&errors, count));
    let shown = worst.clone().unwrap_or_else(|| (0..n).collect());
    if let Some(target) = target {
        let images = used.select(&shown)?;
        if target.is_grid() {
            let pairs = gallery::reconstructions(model, images.view());
            target.write(model, pairs.view(), arguments.columns.saturating_mul(2))?;
        } else {
            target.write(model, model.reconstruct(images.view()).view(), arguments.columns)?;
        }
    }
    if let Some(path) = &arguments.errors {
        write_table(path, &Names::of(&used), n, &[("error", &errors)])?;
    }
    let found = Found { used: &used, errors: &errors, worst: worst.as_deref() };
    if common.json {
        let shape = output::shape_of(model, shown.len());
        print_json(&found.report(out.as_deref(), shape));
        return Ok(());
    }
    found.print();
    if let Some(out) = out {
        errln!("wrote {} to {}", counted(shown.len(), "reconstruction"), out.display());
    }
    if let Some(path) = &arguments.errors {
        errln!("wrote {} to {}", counted(n, "error"), path.display());
    }
    Ok(())
}

/// The errors of images, and the numbers of the images with the largest ones.
struct Found<'a> {
    used: &'a Used,
    errors: &'a [f64],
    worst: Option<&'a [usize]>,
}

impl<'a> Found<'a> {
    fn mean(&self) -> f64 {
        self.errors.iter().sum::<f64>() / self.errors.len() as f64
    }

    fn report(&self, out: Option<&'a Path>, shape: Vec<usize>) -> Report<'a> {
        let Self { used, errors, worst } = *self;
        let n = errors.len();
        let file = |image: usize| Some(used.files()?[image].as_str());
        let one = |&image: &usize| Worst { image, error: errors[image], file: file(image), label: used.label(image) };
        Report {
            data: used.data.to_string(),
            part: used.part,
            n,
            reconstruction_error: self.mean(),
            errors: errors.to_vec(),
            files: used.files().map(|files| &files[..n]),
            labels: used.labels().map(|mut labels| {
                labels.truncate(n);
                labels
            }),
            worst: worst.map(|worst| worst.iter().map(one).collect()),
            out,
            shape,
            warnings: used.all_warnings(),
            skipped: used.skipped(),
        }
    }

    fn print(&self) {
        let Self { used, errors, worst } = self;
        let n = errors.len();
        let by_error = |a: &usize, b: &usize| errors[*a].total_cmp(&errors[*b]);
        let least = (0..n).min_by(by_error).expect("at least one image");
        let greatest = (0..n).max_by(by_error).expect("at least one image");
        let held_out = if used.part == Part::Test { "held-out " } else { "" };
        let of = if used.of_vectors() { "standardized" } else { "summed over pixels" };
        outln!("squared error of {}, {of}", used.how_many(n).replacen(' ', &format!(" {held_out}"), 1));
        outln!("mean      {:10.2}", self.mean());
        outln!("smallest  {:10.2}  ({})", errors[least], used.name(least));
        outln!("largest   {:10.2}  ({})", errors[greatest], used.name(greatest));
        let Some(worst) = worst else { return };
        outln!("\nlargest errors");
        for &image in *worst {
            let label = used.label(image).map_or_else(String::new, |label| format!(", label {label}"));
            outln!("{:10.2}  {}{label}", errors[image], used.name(image));
        }
    }
}
