use std::path::{Path, PathBuf};

use clap::ValueEnum;
use eae::interpolation;
use serde::Serialize;

use crate::common::Common;
use crate::dataset::{Data, Part};
use crate::failure::Failure;
use crate::output;
use crate::output::print_json;
use crate::run_folder::Trained;

/// Decode the codes on the way from one held-out image to another.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  eae interpolate runs/digits-1 --out ways.png\n  eae interpolate runs/digits-1 --from 3 --to 17 --steps 20 --out way.png\n  eae interpolate runs/digits-1 --n 5 --way linear --out ways.npy"
)]
pub(crate) struct Arguments {
    /// The run folder that `eae train` left, or a weights file.
    run: PathBuf,
    /// Other data than those that the model was trained on, of which the held-out images are taken:
    /// a name as for `eae train --data`. Of these data all images are taken, in their order.
    #[arg(long)]
    data: Option<Data>,
    /// The image where the way begins, by its number from 0.
    #[arg(long, value_name = "IMAGE", requires = "to", conflicts_with = "n")]
    from: Option<usize>,
    /// The one where it ends.
    #[arg(long, value_name = "IMAGE", requires = "from")]
    to: Option<usize>,
    /// In their place, ways between so many pairs: from image 0 to 1, from 2 to 3 and so on.
    #[arg(long, value_name = "PAIRS", default_value_t = 10)]
    n: usize,
    /// Images on each way, both ends included: a row of the picture.
    #[arg(long, default_value_t = 10)]
    steps: usize,
    /// Which way.
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
    /// The straight line.
    Linear,
    /// Turning at an even rate, which keeps to the radius where codes are.
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
    /// The images that each row is between.
    pairs: Vec<[usize; 2]>,
    steps: usize,
    way: Way,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let &Arguments { from, to, n, steps, way, ref output, ref common, .. } = arguments;
    common.apply()?;
    let target = output.target()?;
    let chosen = from.zip(to);
    output::within("--n", n, 1..=output::MOST)?;
    output::rows(if chosen.is_some() { 1 } else { n }, steps)?;
    let trained = Trained::load(&arguments.run)?;
    target.fits(&trained.model)?;
    target.has_room(&trained.model, steps * if chosen.is_some() { 1 } else { n }, steps)?;
    let used = trained.used(arguments.data.as_ref(), None, Part::Test)?;
    let (pairs, ends) = match chosen {
        Some((from, to)) => (vec![[from, to]], used.at(&[("--from", from), ("--to", to)])?),
        None => {
            let first = used.first(2 * n, &format!("--n is {n}, which takes {} images", 2 * n))?;
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
        errln!("wrote {} ways of {steps} images to {}", pairs.len(), out.display());
    }
    Ok(())
}
