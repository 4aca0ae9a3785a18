use std::path::{Path, PathBuf};
use std::str::FromStr;

use eae::interpolation::traversals;
use ndarray::{Array1, Axis};
use serde::Serialize;

use crate::common::Common;
use crate::dataset::{Data, Part};
use crate::failure::Failure;
use crate::output::{self, Input, counted, print_json};
use crate::run_folder::{Trained, inputs};

/// Vary one latent dimension at a time and decode.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  eae traverse runs/digits-1 --out all.png\n  eae traverse runs/digits-1 --image 7 --dims 0,3 --range 2 --steps 15 --out two.png"
)]
pub(crate) struct Arguments {
    /// Run folder written by `eae train`, or a weights file.
    run: PathBuf,
    /// Code to start from: `origin`, or the number of an image, from 0.
    #[arg(long, value_name = "IMAGE", default_value = "origin")]
    image: Center,
    /// Data with the image instead of the training data's held-out part: a path or KIND:PATH, as
    /// for `eae train --data`.
    #[arg(long)]
    data: Option<Data>,
    /// Latent dimensions to vary, numbered from 0; each is a row of the picture [default: all].
    #[arg(long, value_delimiter = ',')]
    dims: Vec<usize>,
    /// Images in each row.
    #[arg(long, default_value_t = 11)]
    steps: usize,
    /// Largest change: each dimension varies by -RANGE to RANGE. With the objectives eae and bn-ae,
    /// a dimension has mean 0 and standard deviation 1 over the training data.
    #[arg(long, default_value_t = 3.0)]
    range: f64,
    #[command(flatten)]
    output: output::Flags,
    #[command(flatten)]
    common: Common,
}

#[derive(Clone, Copy)]
enum Center {
    Origin,
    Image(usize),
}

impl FromStr for Center {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "origin" => Ok(Self::Origin),
            _ => text.parse().map(Self::Image).map_err(|_| "expected `origin` or the number of an image, from 0"),
        }
    }
}

#[derive(Serialize)]
struct Report<'a> {
    out: &'a Path,
    shape: Vec<usize>,
    /// The latent dimension that each row varies.
    dims: Vec<usize>,
    steps: usize,
    range: f64,
    /// Number of the image with the code `center`, if there is one.
    image: Option<usize>,
    center: Vec<f32>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let &Arguments { image, ref dims, steps, range, ref output, ref common, .. } = arguments;
    let target = output.target()?;
    if !(range > 0.0 && range <= 1000.0) {
        return Err(Failure::usage(format!("--range is {range}; it must be above 0 and at most 1000")));
    }
    let read = Input::data(arguments.data.as_ref(), "the data with the images");
    output::keep(&[("--out", Some(&output.out))], read.into_iter().chain(inputs(&arguments.run)))?;
    let trained = Trained::load(&arguments.run)?;
    target.fits(&trained.model)?;
    let latent = trained.model.latent();
    if let Some(dim) = dims.iter().find(|dim| **dim >= latent) {
        let last = latent - 1;
        return Err(Failure::usage(format!(
            "--dims has {dim}, but the latent dimensions are numbered from 0 to {last}"
        )));
    }
    let dims = if dims.is_empty() { (0..latent).collect() } else { dims.clone() };
    output::rows(dims.len(), steps)?;
    target.has_room(&trained.model, steps * dims.len(), steps)?;
    let (image, center) = match image {
        Center::Origin => (None, Array1::zeros(latent)),
        Center::Image(number) => {
            let used = trained.used(arguments.data.as_ref(), None, Part::Test)?;
            let codes = trained.model.encode(used.at(&[("--image", number)])?.view());
            (Some(number), codes.index_axis_move(Axis(0), 0))
        }
    };
    let images = trained.model.decode(traversals(center.view(), &dims, range, steps).view());
    target.write(&trained.model, images.view(), steps)?;
    let out = &output.out;
    if common.json {
        let (shape, center) = (output::shape(&trained.model, images.view()), center.to_vec());
        print_json(&Report { out, shape, dims, steps, range, image, center });
    } else {
        let (rows, each) = (counted(dims.len(), "traversal"), output::how_many(&trained.model, steps));
        errln!("wrote {rows} of {each} to {}", out.display());
    }
    Ok(())
}
