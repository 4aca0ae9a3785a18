use std::path::Path;

use eae::Autoencoder;
use eae::data::Images;
use eae::metrics::Pca;
use eae::sampler::Sampler;
use ndarray::{Array1, Array2, Array4, ArrayView1, ArrayView4, Axis, Slice, concatenate};
use serde::Serialize;

use crate::dataset::Data;
use crate::failure::Failure;
use crate::run_folder::Trained;

/// Held-out images on the page. More are no better to choose from, and a map of more is a blot.
const MOST_HELD_OUT: usize = 2000;

/// Codes of more numbers have no map: their principal components would take too long to wait for.
const MOST_MAPPED: usize = 512;

/// Pictures a request, and numbers in their codes.
const MOST_CODES: usize = 64;
const MOST_NUMBERS: usize = 1 << 16;

/// A model, its samplers, and held-out images with their codes: all that the page shows.
pub(crate) struct Explorer {
    model: Autoencoder<f32>,
    samplers: Vec<Sampler>,
    held_out: Option<HeldOut>,
    description: Description,
}

struct HeldOut {
    images: Images<f32>,
    codes: Array2<f32>,
    map: Option<Map>,
}

#[derive(Serialize)]
pub(super) struct Description {
    run: String,
    network: Option<&'static str>,
    /// Height, width, channels.
    image: [usize; 3],
    latent: usize,
    samplers: Vec<&'static str>,
    held_out: usize,
    most_codes: usize,
    /// Of each number of the code: over the held-out images, or what a sampler draws where there
    /// are none.
    mean: Vec<f32>,
    sd: Vec<f32>,
}

/// The first two principal components of the held-out images' codes.
#[derive(Serialize)]
pub(super) struct Map {
    points: Vec<[f64; 2]>,
    labels: Option<Vec<u8>>,
    /// The share of the variance that the map shows.
    explained: f64,
    /// Where the code 0 is, and how far each number of a code moves it: where any code is can be
    /// told without asking.
    origin: [f64; 2],
    axes: Vec<[f64; 2]>,
}

impl Explorer {
    /// Of a run folder or a weights file, with the held-out images of the data that are named or of
    /// those that it was trained on. Where these are not to be had the page does without.
    pub(crate) fn open(run: &Path, named: Option<&Data>) -> Result<Self, Failure> {
        let trained = Trained::load(run)?;
        let (samplers, file) = (trained.samplers()?, trained.file.display());
        if trained.model.columns().is_some() {
            return Err(Failure::usage(format!("{file}: a model of vectors, and the page shows images")));
        }
        let [height, width, channels] = trained.model.image_shape();
        if ![1, 3].contains(&channels) {
            let problem = format!("{file}: a picture has 1 channel or 3, the model's have {channels}");
            return Err(Failure::usage(problem));
        }
        let held_out = match trained.data(named) {
            Ok((_, data)) => Some(HeldOut::new(&trained.model, &data.test)),
            Err(problem) if named.is_some() => return Err(problem),
            Err(problem) => {
                errln!("eae: no held-out images on the page: {problem}");
                None
            }
        };
        let model = trained.model;
        let latent = model.latent();
        let drawn = || samplers[0].sample(1000, 0);
        let codes = held_out.as_ref().map_or_else(drawn, |held_out| held_out.codes.clone());
        let description = Description {
            run: run.display().to_string(),
            network: model.preset().map(|preset| preset.name()),
            image: [height, width, channels],
            latent,
            samplers: samplers.iter().map(Sampler::name).collect(),
            held_out: held_out.as_ref().map_or(0, |held_out| held_out.images.len()),
            most_codes: (MOST_NUMBERS / latent).clamp(1, MOST_CODES),
            mean: codes.mean_axis(Axis(0)).expect("some codes").to_vec(),
            sd: codes.std_axis(Axis(0), 0.0).to_vec(),
        };
        Ok(Self { model, samplers, held_out, description })
    }

    pub(super) fn model(&self) -> &Description {
        &self.description
    }

    pub(super) fn latent(&self) -> usize {
        self.description.latent
    }

    pub(super) fn most_codes(&self) -> usize {
        self.description.most_codes
    }

    fn pixels(&self) -> usize {
        self.description.image.iter().product()
    }

    /// In bytes: a picture, or as many codes as may be, each number with all of its digits.
    pub(super) fn largest_request(&self) -> usize {
        self.pixels().max(1024 + 32 * self.most_codes() * self.latent())
    }

    pub(super) fn map(&self) -> Option<&Map> {
        self.held_out.as_ref()?.map.as_ref()
    }

    /// Some held-out images, if there are so many.
    pub(super) fn images(&self, first: usize, n: usize) -> Option<Vec<u8>> {
        let held_out = self.held_out.as_ref()?;
        Some(to_bytes(held_out.images.pixels.slice_axis(Axis(0), self.range(first, n)?)))
    }

    /// Their codes.
    pub(super) fn codes(&self, first: usize, n: usize) -> Option<Array2<f32>> {
        let held_out = self.held_out.as_ref()?;
        Some(held_out.codes.slice_axis(Axis(0), self.range(first, n)?).to_owned())
    }

    fn range(&self, first: usize, n: usize) -> Option<Slice> {
        let last = first.checked_add(n)?;
        let held = (1..=self.most_codes()).contains(&n) && last <= self.description.held_out;
        held.then(|| Slice::from(first..last))
    }

    pub(super) fn decode(&self, codes: &Array2<f32>) -> Vec<u8> {
        to_bytes(self.model.decode(codes.view()).view())
    }

    /// The code of a picture.
    pub(super) fn encode(&self, picture: &[u8]) -> Result<Array1<f32>, String> {
        let [height, width, channels] = self.description.image;
        let pixels: Vec<f32> = picture.iter().map(|&byte| f32::from(byte) / 255.0).collect();
        let picture = Array4::from_shape_vec((1, height, width, channels), pixels).map_err(|_| {
            let (takes, got) = (self.pixels(), picture.len());
            format!("a picture of {height} x {width} x {channels} is {takes} bytes, got {got}")
        })?;
        Ok(self.model.encode(picture.view()).row(0).to_owned())
    }

    /// Draws, as those of `eae sample` at this temperature.
    pub(super) fn sample(&self, name: &str, temperature: f64, seed: u64, n: usize) -> Result<Array2<f32>, String> {
        let sampler = self.samplers.iter().find(|sampler| sampler.name() == name).ok_or_else(|| {
            let known = self.description.samplers.join(", ");
            format!("the model has no sampler {name:?}; it has {known}")
        })?;
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

impl HeldOut {
    fn new(model: &Autoencoder<f32>, images: &Images<f32>) -> Self {
        let images = images.select(&Vec::from_iter(0..images.len().min(MOST_HELD_OUT)));
        let codes = model.encode(images.pixels.view());
        let map = Map::new(&codes, images.labels.clone());
        Self { images, codes, map }
    }
}

impl Map {
    /// None where there are too few codes or of too many numbers, or they are all the same.
    fn new(codes: &Array2<f32>, labels: Option<Vec<u8>>) -> Option<Self> {
        let latent = codes.ncols();
        let pca = (latent <= MOST_MAPPED).then(|| Pca::fit(codes.view(), 2).ok())??;
        // The way is an affine map: it is known from where it takes 0 and each unit.
        let zero = Array2::zeros((1, latent));
        let units = Array2::eye(latent);
        let known = concatenate(Axis(0), &[codes.view(), zero.view(), units.view()]).expect("rows of one length");
        let placed = pca.transform(known.view()).ok()?;
        // A code of one number has one component.
        let place = |row: ArrayView1<'_, f64>| [row[0], row.get(1).copied().unwrap_or(0.0)];
        let mut points: Vec<[f64; 2]> = placed.outer_iter().map(place).collect();
        let mut units = points.split_off(codes.nrows());
        let origin = units.remove(0);
        let axes = units.into_iter().map(|[x, y]| [x - origin[0], y - origin[1]]).collect();
        Some(Self { points, labels, explained: pca.explained(), origin, axes })
    }
}

/// What is beyond black and white is cut off; NaN is black.
fn to_bytes(images: ArrayView4<'_, f32>) -> Vec<u8> {
    images.iter().map(|&x| (x * 255.0).round() as u8).collect()
}
