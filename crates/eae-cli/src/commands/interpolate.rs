use std::path::{Path, PathBuf};

use clap::ValueEnum;
use eae::interpolation;
use serde::Serialize;

use crate::common::Common;
use crate::dataset::{Data, Part};
use crate::failure::Failure;
use crate::output::{self, Input, counted, print_json};
use crate::run_folder::{Trained, inputs};

/// Interpolate between the codes of held-out images.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  eae interpolate runs/digits-1 --out paths.png\n  eae interpolate runs/digits-1 --from 3 --to 17 --steps 20 --out path.png\n  eae interpolate runs/digits-1 --n 5 --way linear --out paths.npy"
)]
pub(crate) struct Arguments {
    /// Run folder written by `eae train`, or a weights file.
    run: PathBuf,
    /// Data to use instead of the training data's held-out part: a path or KIND:PATH, as for `eae
    /// train --data`.
    #[arg(long)]
    data: Option<Data>,
    /// Image at the start of the path, numbered from 0.
    #[arg(long, value_name = "IMAGE", requires = "to", conflicts_with = "n")]
    from: Option<usize>,
    /// Image at the end of the path.
    #[arg(long, value_name = "IMAGE", requires = "from")]
    to: Option<usize>,
    /// Number of pairs without --from and --to: images 0 and 1, 2 and 3, and so on.
    #[arg(long, value_name = "PAIRS", default_value_t = 10)]
    n: usize,
    /// Images on each path, including both ends; each path is a row of the picture.
    #[arg(long, default_value_t = 10)]
    steps: usize,
    /// Shape of the path between two codes.
    #[arg(long, value_enum, default_value_t = Way::Spherical)]
    way: Way,
    #[command(flatten)]
    output: output::Flags,
    #[command(flatten)]
    common: Common,
}

#[derive(Clone, Copy, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
enum Way {
    /// A straight line.
    Linear,
    /// A rotation at a constant rate, while the norm changes evenly from that of one code to that
    /// of the other.
    Spherical,
}

impl From<Way> for interpolation::Way {
    fn from(way: Way) -> Self {
        match way {
            Way::Linear => Self::Linear,
            Way::Spherical => Self::Spherical,
        }
    }
}

#[derive(Serialize)]
struct Report<'a> {
    out: &'a Path,
    shape: Vec<usize>,
    data: String,
    /// The numbers of the images at the ends of each row.
    pairs: Vec<[usize; 2]>,
    steps: usize,
    way: Way,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let &Arguments { from, to, n, steps, way, ref output, ref common, .. } = arguments;
    let target = output.target()?;
    let chosen = from.zip(to);
    output::within("--n", n, 1..=output::MOST)?;
    output::rows(if chosen.is_some() { 1 } else { n }, steps)?;
    let read = Input::data(arguments.data.as_ref(), "the data with the images");
    output::keep(&[("--out", Some(&output.out))], read.into_iter().chain(inputs(&arguments.run)))?;
    let trained = Trained::load(&arguments.run)?;
    target.fits(&trained.model)?;
    target.has_room(&trained.model, steps * if chosen.is_some() { 1 } else { n }, steps)?;
    let used = trained.used(arguments.data.as_ref(), None, Part::Test)?;
    let (pairs, ends) = match chosen {
        Some((from, to)) => (vec![[from, to]], used.at(&[("--from", from), ("--to", to)])?),
        None => {
            let first = used.first(2 * n, &format!("--n is {n}, which takes {}", used.how_many(2 * n)))?;
            ((0..n).map(|i| [2 * i, 2 * i + 1]).collect(), first)
        }
    };
    let ends = trained.model.encode(ends.view());
    let images = trained.model.decode(interpolation::Way::from(way).between(ends.view(), steps).view());
    target.write(&trained.model, images.view(), steps)?;
    let out = &output.out;
    if common.json {
        let (shape, data) = (output::shape(&trained.model, images.view()), used.data.to_string());
        print_json(&Report { out, shape, data, pairs, steps, way });
    } else {
        let (paths, each) = (counted(pairs.len(), "path"), output::how_many(&trained.model, steps));
        errln!("wrote {paths} of {each} to {}", out.display());
    }
    Ok(())
}
