//! Model, samplers and held-out data that the page shows.

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
pub(super) use map::{MOST_MAPPED, Map};

/// Largest number of codes in a request, and of numbers in all of them together.
const MOST_CODES: usize = 64;
const MOST_NUMBERS: usize = 1 << 16;

/// Number of codes that are drawn to estimate moments if there are no held-out data.
const DRAWN: usize = 1000;

/// Model with its samplers, and held-out data with their codes.
pub(crate) struct Explorer {
    model: Autoencoder<f32>,
    draws: Draws,
    held_out: Option<HeldOut>,
    report: PathBuf,
    description: Description,
}

/// Pictures or rows of a table, in the format of the page.
#[derive(Debug, PartialEq)]
pub(super) enum Shown {
    /// Bytes in row-major order, channels last.
    Pictures(Vec<u8>),
    /// Values in the units of the table.
    Rows(Array2<f64>),
}

impl Explorer {
    /// Opens a run folder or a weights file, with the held-out part of the data `named` or of the
    /// training data. If the training data are not available, the page has no held-out data.
    pub(crate) fn open(run: &Path, named: Option<&Data>) -> Result<Self, Failure> {
        let trained = Trained::load(run)?;
        let (draws, file) = (Draws::new(&trained)?, trained.file.display());
        let columns = trained.model.columns();
        let [_, _, channels] = trained.model.image_shape();
        if columns.is_none() && ![1, 3].contains(&channels) {
            let problem = format!(
                "{file}: the model's images have {channels} channels, but the page shows images of 1 or 3 channels"
            );
            return Err(Failure::usage(problem));
        }
        let data = match trained.data(named) {
            Ok((_, data, changed)) => {
                if let Some(warning) = changed {
                    errln!("warning: {warning}");
                }
                Some(data)
            }
            Err(problem) if named.is_some() => return Err(problem),
            Err(problem) => {
                let what = if columns.is_some() { "rows" } else { "images" };
                errln!("warning: the page shows no held-out {what}: {problem}");
                None
            }
        };
        let columns = columns.map(|columns| spreads(columns, data.as_ref().map(|data| data.train.pixels.view())));
        let held_out = data.map(|data| HeldOut::new(&trained.model, &data.test));
        let report = run.join(REPORT);
        let model = trained.model;
        let code = match &held_out {
            Some(held_out) => Code::new(&model, held_out.codes.view()),
            None => Code::new(&model, draws.usual().sample(&model, DRAWN, 0, 1.0).view()),
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

    /// Returns the largest size of a request in bytes: that of a picture, of a row, or of
    /// `most_codes` codes with all digits.
    pub(super) fn largest_request(&self) -> usize {
        let numbers = self.model.image_shape().iter().product::<usize>();
        let of_data = if self.model.columns().is_some() { 32 * numbers } else { numbers };
        of_data.max(32 * self.most_codes() * self.latent()) + 1024
    }

    pub(super) fn map(&self) -> Option<&Map> {
        self.held_out.as_ref()?.map.as_ref()
    }

    /// Reads the report again at each request, because it may have changed.
    pub(super) fn report(&self) -> Option<Vec<u8>> {
        fs::read(&self.report).ok()
    }

    /// Returns `n` of the held-out images or rows, if there are that many.
    pub(super) fn images(&self, first: usize, n: usize) -> Option<Shown> {
        let range = self.held_out.as_ref()?.range(first, n, self.most_codes())?;
        Some(self.shown(self.held_out.as_ref()?.images.pixels.slice_axis(Axis(0), range)))
    }

    /// Returns the codes of `n` of the held-out images or rows.
    pub(super) fn codes(&self, first: usize, n: usize) -> Option<Array2<f32>> {
        let held_out = self.held_out.as_ref()?;
        Some(held_out.codes.slice_axis(Axis(0), held_out.range(first, n, self.most_codes())?).to_owned())
    }

    pub(super) fn decode(&self, codes: &Array2<f32>) -> Shown {
        self.shown(self.model.decode(codes.view()).view())
    }

    /// Converts decoder outputs to bytes or to rows. Pixels are clipped to 0 to 255; NaN becomes 0.
    fn shown(&self, images: ArrayView4<'_, f32>) -> Shown {
        match self.model.columns() {
            Some(columns) => Shown::Rows(columns.restore(images)),
            None => Shown::Pictures(images.iter().map(|&x| (x * 255.0).round() as u8).collect()),
        }
    }

    /// Returns true for a model of rows of a table, false for a model of pictures.
    pub(super) fn is_of_rows(&self) -> bool {
        self.model.columns().is_some()
    }

    /// Returns the code of a picture.
    pub(super) fn encode(&self, picture: &[u8]) -> Result<Array1<f32>, String> {
        let [height, width, channels] = self.model.image_shape();
        let pixels: Vec<f32> = picture.iter().map(|&byte| f32::from(byte) / 255.0).collect();
        let picture = Array4::from_shape_vec((1, height, width, channels), pixels).map_err(|_| {
            let (takes, got) = (height * width * channels, picture.len());
            format!("the picture has {got} bytes; it must have {takes} ({height} x {width} x {channels})")
        })?;
        Ok(self.model.encode(picture.view()).row(0).to_owned())
    }

    /// Returns the code of a row of the table.
    pub(super) fn encode_row(&self, row: Vec<f64>) -> Result<Array1<f32>, String> {
        let columns = self.model.columns().ok_or("the model takes pictures, not rows")?;
        if row.len() != columns.len() {
            return Err(format!(
                "the length of the row is {}; the model takes rows of length {}",
                row.len(),
                columns.len()
            ));
        }
        let row = Array2::from_shape_vec((1, row.len()), row).expect("one row");
        let code = self.model.encode(columns.standardize::<f32>(row.view()).view()).row(0).to_owned();
        if code.iter().all(|z| z.is_finite()) {
            Ok(code)
        } else {
            Err("the row is too far from the training data to have a code; use smaller numbers".to_owned())
        }
    }

    /// Draws codes. The result equals that of `eae sample` with these options.
    pub(super) fn sample(
        &self,
        source: Source<'_>,
        temperature: f64,
        seed: u64,
        n: usize,
    ) -> Result<Array2<f32>, String> {
        let sampler = self.draws.find(source)?;
        if !(0.0..=100.0).contains(&temperature) {
            return Err(format!("temperature is {temperature}; it must be from 0 to 100"));
        }
        let most = self.most_codes();
        if !(1..=most).contains(&n) {
            return Err(format!("n is {n}; it must be from 1 to {most}"));
        }
        Ok(sampler.sample(&self.model, n, seed, temperature))
    }
}
