use std::borrow::Cow;
use std::path::{Path, PathBuf};

use eae::gallery;
use serde::Serialize;

use crate::common::Common;
use crate::dataset::{Data, Part, Used, errors, greatest};
use crate::failure::Failure;
use crate::output::{self, Images, Names, needs_csv, print_json, write_table};
use crate::run_folder::Trained;

/// Say how well images come back from their codes, and show them.
///
/// Those that come back worst are unlike what the model was trained on: with --worst it finds
/// outliers.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  eae reconstruct runs/digits-1 --out reconstructions.png\n  eae reconstruct runs/photos-1 --data images:FOLDER --worst 20 --out worst.png\n  eae reconstruct runs/photos-1 --data images:FOLDER --errors errors.csv\n  eae reconstruct model.safetensors --data images:photo.png --out back.png"
)]
pub(crate) struct Arguments {
    /// The run folder that `eae train` left, or a weights file.
    run: PathBuf,
    /// Other data than those that the model was trained on: a file, a folder or a name, as for `eae
    /// train --data`. All of them are taken, in their order.
    #[arg(long)]
    data: Option<Data>,
    /// The part of the data to take. By default what is held out of the data that the model was
    /// trained on, and all of others.
    #[arg(long, value_enum)]
    part: Option<Part>,
    /// The number of images, from the first on. By default all of --data and with --worst or
    /// --errors, or else 50.
    #[arg(long)]
    n: Option<usize>,
    /// The number of images with the greatest error to show and write alone, the greatest first.
    #[arg(long, value_name = "IMAGES")]
    worst: Option<usize>,
    /// A .csv table to write, with the error of each image and its file and label where these are
    /// known.
    #[arg(long, value_name = "FILE")]
    errors: Option<PathBuf>,
    /// The file or folder to write, if any: a .png picture with each reconstruction right of its
    /// image; or the reconstructions alone, as a .npy array [n, channels, height, width] of
    /// 32-bit numbers from 0 to 1 or, ending in /, in a folder, new or empty, of
    /// single pictures; of vectors as a .csv table or a .npy array.
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
    part: Part,
    n: usize,
    /// The mean of those below.
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
}

/// An image that does not come back well.
#[derive(Serialize)]
struct Worst<'a> {
    image: usize,
    error: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<Cow<'a, str>>,
}

/// Images that are shown where nothing is said.
const USUAL: usize = 50;

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let &Arguments { n, worst, ref out, ref common, .. } = arguments;
    common.apply()?;
    let target = out.as_deref().map(|out| Images::new(out, arguments.zoom)).transpose()?;
    if let Some(path) = &arguments.errors {
        needs_csv("--errors", path)?;
    }
    for (flag, n) in [("--n", n), ("--worst", worst)] {
        n.map_or(Ok(()), |n| output::within(flag, n, 1..=output::MOST))?;
    }
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
        errln!("wrote {} reconstructions to {}", shown.len(), out.display());
    }
    if let Some(path) = &arguments.errors {
        errln!("wrote {n} errors to {}", path.display());
    }
    Ok(())
}

/// The errors of images, and which of them are shown as the worst.
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
        }
    }

    fn print(&self) {
        let Self { used, errors, worst } = self;
        let n = errors.len();
        let by_error = |a: &usize, b: &usize| errors[*a].total_cmp(&errors[*b]);
        let least = (0..n).min_by(by_error).expect("one image at least");
        let greatest = (0..n).max_by(by_error).expect("one image at least");
        let held_out = if used.part == Part::Test { "held-out " } else { "" };
        let of = if used.of_vectors() { "standardised" } else { "summed over pixels" };
        outln!("squared error of {}, {of}", used.how_many(n).replacen(' ', &format!(" {held_out}"), 1));
        outln!("mean      {:10.2}", self.mean());
        outln!("least     {:10.2}  ({})", errors[least], used.name(least));
        outln!("greatest  {:10.2}  ({})", errors[greatest], used.name(greatest));
        let Some(worst) = worst else { return };
        outln!("\nthe greatest errors");
        for &image in *worst {
            let label = used.label(image).map_or_else(String::new, |label| format!(", label {label}"));
            outln!("{:10.2}  {}{label}", errors[image], used.name(image));
        }
    }
}
