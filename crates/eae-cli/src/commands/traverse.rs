use std::path::{Path, PathBuf};
use std::str::FromStr;

use eae::interpolation::traversals;
use ndarray::{Array1, Axis};
use serde::Serialize;

use crate::common::Common;
use crate::dataset::{Data, Part};
use crate::failure::Failure;
use crate::output;
use crate::output::print_json;
use crate::run_folder::Trained;

/// Show what each number of a code does: vary it alone, and decode.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  eae traverse runs/digits-1 --out all.png\n  eae traverse runs/digits-1 --image 7 --dims 0,3 --range 2 --steps 15 --out two.png"
)]
pub(crate) struct Arguments {
    /// The run folder that `eae train` left, or a weights file.
    run: PathBuf,
    /// The code to vary about: that of an image, by its number from 0, or `origin`.
    #[arg(long, value_name = "IMAGE", default_value = "origin")]
    image: Centre,
    /// Other data than those that the model was trained on, of which a held-out image is taken: a
    /// name as for `eae train --data`. The images of these data are numbered in their order.
    #[arg(long)]
    data: Option<Data>,
    /// Which numbers of the code, from 0; by default each. A row of the picture for each.
    #[arg(long, value_delimiter = ',')]
    dims: Vec<usize>,
    /// Images in each row.
    #[arg(long, default_value_t = 11)]
    steps: usize,
    /// What is added goes from minus this to this; over codes, each number has mean 0 and standard
    /// deviation 1.
    #[arg(long, default_value_t = 3.0)]
    range: f64,
    #[command(flatten)]
    output: output::Flags,
    #[command(flatten)]
    common: Common,
}

#[derive(Clone, Copy)]
enum Centre {
    Origin,
    Image(usize),
}

impl FromStr for Centre {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "origin" => Ok(Self::Origin),
            _ => text.parse().map(Self::Image).map_err(|_| "it must be the number of an image, from 0, or `origin`"),
        }
    }
}

#[derive(Serialize)]
struct Report<'a> {
    out: &'a Path,
    shape: Vec<usize>,
    /// What each row varies.
    dims: Vec<usize>,
    steps: usize,
    range: f64,
    /// The image that `centre` is the code of, if it is one.
    image: Option<usize>,
    centre: Vec<f32>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let &Arguments { image, ref dims, steps, range, ref output, ref common, .. } = arguments;
    common.apply()?;
    let target = output.target()?;
    if !(range > 0.0 && range <= 1000.0) {
        return Err(Failure::usage(format!("--range is {range}, it must be above 0 and at most 1000")));
    }
    let trained = Trained::load(&arguments.run)?;
    target.fits(&trained.model)?;
    let latent = trained.model.latent();
    if let Some(dim) = dims.iter().find(|dim| **dim >= latent) {
        let last = latent - 1;
        return Err(Failure::usage(format!("--dims has {dim}, the numbers of a code are from 0 to {last}")));
    }
    let dims = if dims.is_empty() { (0..latent).collect() } else { dims.clone() };
    output::rows(dims.len(), steps)?;
    target.has_room(&trained.model, steps * dims.len(), steps)?;
    let (image, centre) = match image {
        Centre::Origin => (None, Array1::zeros(latent)),
        Centre::Image(number) => {
            let used = trained.used(arguments.data.as_ref(), None, Part::Test)?;
            let codes = trained.model.encode(used.at(&[("--image", number)])?.view());
            (Some(number), codes.index_axis_move(Axis(0), 0))
        }
    };
    let images = trained.model.decode(traversals(centre.view(), &dims, range, steps).view());
    target.write(&trained.model, images.view(), steps)?;
    let out = &output.out;
    if common.json {
        let (shape, centre) = (output::shape(&trained.model, images.view()), centre.to_vec());
        print_json(&Report { out, shape, dims, steps, range, image, centre });
    } else {
        errln!("wrote {} rows of {steps} images to {}", dims.len(), out.display());
    }
    Ok(())
}
