//! A model with its samplers and held-out data: all that the page shows.

mod columns;
mod description;
mod draws;
mod held_out;
mod map;

use std::fs;
use std::path::{Path, PathBuf};

use eae::Autoencoder;
use ndarray::{Array1, Array2, Array4, ArrayView4, Axis};

use crate::dataset::Data;
use crate::failure::Failure;
use crate::run_folder::{REPORT, Trained};
use columns::spreads;
use description::{Code, Description};
use draws::Draws;
pub(super) use draws::Source;
use held_out::HeldOut;
pub(super) use map::Map;

/// Pictures a request, and numbers in their codes.
const MOST_CODES: usize = 64;
const MOST_NUMBERS: usize = 1 << 16;

/// Codes that are drawn for their moments where there are no held-out ones.
const DRAWN: usize = 1000;

/// A model, its samplers, and held-out data with their codes.
pub(crate) struct Explorer {
    model: Autoencoder<f32>,
    draws: Draws,
    held_out: Option<HeldOut>,
    report: PathBuf,
    description: Description,
}

/// Pictures or rows of a table, as the page takes them.
#[derive(Debug, PartialEq)]
pub(super) enum Shown {
    /// Bytes, row by row, each pixel's channels together.
    Pictures(Vec<u8>),
    /// In the units of the table.
    Rows(Array2<f64>),
}

impl Explorer {
    /// Opens a run folder or a weights file, with the held-out part of the data that are named or
    /// of those that the model was trained on. Where these are not to be had the page does without.
    pub(crate) fn open(run: &Path, named: Option<&Data>) -> Result<Self, Failure> {
        let trained = Trained::load(run)?;
        let (draws, file) = (Draws::new(&trained)?, trained.file.display());
        let columns = trained.model.columns();
        let [_, _, channels] = trained.model.image_shape();
        if columns.is_none() && ![1, 3].contains(&channels) {
            let problem = format!("{file}: a picture has 1 channel or 3, the model's have {channels}");
            return Err(Failure::usage(problem));
        }
        let data = match trained.data(named) {
            Ok((_, data)) => Some(data),
            Err(problem) if named.is_some() => return Err(problem),
            Err(problem) => {
                let what = if columns.is_some() { "rows" } else { "images" };
                errln!("eae: no held-out {what} on the page: {problem}");
                None
            }
        };
        let columns = columns.map(|columns| spreads(columns, data.as_ref().map(|data| data.train.pixels.view())));
        let held_out = data.map(|data| HeldOut::new(&trained.model, &data.test));
        let report = run.join(REPORT);
        let model = trained.model;
        let code = match &held_out {
            Some(held_out) => Code::new(&model, held_out.codes.view()),
            None => Code::new(&model, draws.usual().sample(DRAWN, 0).view()),
        };
        let description = Description {
            run: run.display().to_string(),
            report: report.is_file().then_some("/report.html"),
            network: model.preset().map(|preset| preset.name()),
            image: model.image_shape(),
            columns,
            samplers: draws.names(),
            likeliest: draws.likeliest,
            classes: draws.classes(),
            held_out: held_out.as_ref().map_or(0, |held_out| held_out.images.len()),
            most_codes: (MOST_NUMBERS / model.latent()).clamp(1, MOST_CODES),
            code,
        };
        Ok(Self { model, draws, held_out, report, description })
    }

    pub(super) fn description(&self) -> &Description {
        &self.description
    }

    pub(super) fn latent(&self) -> usize {
        self.model.latent()
    }

    pub(super) fn most_codes(&self) -> usize {
        self.description.most_codes
    }

    /// In bytes: a picture, a row, or as many codes as may be, each number with all of its digits.
    pub(super) fn largest_request(&self) -> usize {
        let numbers = self.model.image_shape().iter().product::<usize>();
        let of_data = if self.model.columns().is_some() { 32 * numbers } else { numbers };
        of_data.max(32 * self.most_codes() * self.latent()) + 1024
    }

    pub(super) fn map(&self) -> Option<&Map> {
        self.held_out.as_ref()?.map.as_ref()
    }

    /// Returns the report as it is now: another may have been made since.
    pub(super) fn report(&self) -> Option<Vec<u8>> {
        fs::read(&self.report).ok()
    }

    /// Returns some of the held-out data, if there is as much.
    pub(super) fn images(&self, first: usize, n: usize) -> Option<Shown> {
        let range = self.held_out.as_ref()?.range(first, n, self.most_codes())?;
        Some(self.shown(self.held_out.as_ref()?.images.pixels.slice_axis(Axis(0), range)))
    }

    /// Returns their codes.
    pub(super) fn codes(&self, first: usize, n: usize) -> Option<Array2<f32>> {
        let held_out = self.held_out.as_ref()?;
        Some(held_out.codes.slice_axis(Axis(0), held_out.range(first, n, self.most_codes())?).to_owned())
    }

    pub(super) fn decode(&self, codes: &Array2<f32>) -> Shown {
        self.shown(self.model.decode(codes.view()).view())
    }

    /// Brings images to what can be seen. What is beyond black and white is cut off; NaN is black.
    fn shown(&self, images: ArrayView4<'_, f32>) -> Shown {
        match self.model.columns() {
            Some(columns) => Shown::Rows(columns.restore(images)),
            None => Shown::Pictures(images.iter().map(|&x| (x * 255.0).round() as u8).collect()),
        }
    }

    /// Returns whether the model is of rows of a table, and not of pictures.
    pub(super) fn is_of_rows(&self) -> bool {
        self.model.columns().is_some()
    }

    /// Returns the code of a picture.
    pub(super) fn encode(&self, picture: &[u8]) -> Result<Array1<f32>, String> {
        let [height, width, channels] = self.model.image_shape();
        let pixels: Vec<f32> = picture.iter().map(|&byte| f32::from(byte) / 255.0).collect();
        let picture = Array4::from_shape_vec((1, height, width, channels), pixels).map_err(|_| {
            let (takes, got) = (height * width * channels, picture.len());
            format!("a picture of {height} x {width} x {channels} is {takes} bytes, got {got}")
        })?;
        Ok(self.model.encode(picture.view()).row(0).to_owned())
    }

    /// Returns the code of a row of the model's table.
    pub(super) fn encode_row(&self, row: Vec<f64>) -> Result<Array1<f32>, String> {
        let columns = self.model.columns().ok_or("the model takes pictures")?;
        if row.len() != columns.len() {
            return Err(format!("a row of {} numbers, the model takes {}", row.len(), columns.len()));
        }
        let row = Array2::from_shape_vec((1, row.len()), row).expect("one row");
        let code = self.model.encode(columns.standardize::<f32>(row.view()).view()).row(0).to_owned();
        if code.iter().all(|z| z.is_finite()) {
            Ok(code)
        } else {
            Err("the row is too far from the data to have a code".to_owned())
        }
    }

    /// Returns draws, those of `eae sample` at this temperature.
    pub(super) fn sample(
        &self,
        source: Source<'_>,
        temperature: f64,
        seed: u64,
        n: usize,
    ) -> Result<Array2<f32>, String> {
        let sampler = self.draws.find(source)?;
        if !(0.0..=100.0).contains(&temperature) {
            return Err(format!("temperature is {temperature}, it must be from 0 to 100"));
        }
        let most = self.most_codes();
        if !(1..=most).contains(&n) {
            return Err(format!("n is {n}, it must be from 1 to {most}"));
        }
        Ok(sampler.sample_tempered(n, seed, temperature))
    }
}
