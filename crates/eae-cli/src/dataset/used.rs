//! Images that a trained model is used on.

use std::borrow::Cow;

use clap::ValueEnum;
use eae::Autoencoder;
use eae::data::{Split, select};
use ndarray::Array4;
use serde::Serialize;

use super::{Data, TrainingSet};
use crate::failure::Failure;
use crate::table::refused_data;

/// A part of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Part {
    /// Those that a training sees.
    Train,
    /// Those that are held out.
    Test,
    /// All of them, in the order of the data.
    All,
}

/// The images of a part of a data set, and what is known of each.
pub(crate) struct Used {
    pub(crate) data: Data,
    pub(crate) part: Part,
    pub(crate) images: TrainingSet,
    files: Option<Vec<String>>,
    labels: Option<Vec<u8>>,
    classes: Option<Vec<String>>,
}

impl Used {
    /// Opens a part of a data set for a model. Nothing is split off of all of it.
    pub(crate) fn new(data: Data, part: Part, model: &Autoencoder<f32>) -> Result<Self, Failure> {
        let images = match part {
            Part::All => data.whole_for(model)?,
            Part::Train => data.open_for(model)?.train,
            Part::Test => {
                let Split { train, test } = data.open_for(model)?;
                match train {
                    TrainingSet::Vectors(_, columns) => TrainingSet::Vectors(test, columns),
                    _ => TrainingSet::Memory(test),
                }
            }
        };
        let (files, labels, classes) = match &images {
            TrainingSet::Memory(images) | TrainingSet::Vectors(images, _) => {
                (images.files.clone(), images.labels.clone(), images.classes.clone())
            }
            TrainingSet::File(stored) => (Some(stored.files()), stored.labels(), stored.classes()),
        };
        Ok(Self { data, part, images, files, labels, classes })
    }

    pub(crate) fn len(&self) -> usize {
        self.images.source().len()
    }

    /// The files of the images, where each has one.
    pub(crate) fn files(&self) -> Option<&[String]> {
        self.files.as_deref()
    }

    /// The label of an image: the name of its class, or else its number.
    pub(crate) fn label(&self, image: usize) -> Option<Cow<'_, str>> {
        let label = usize::from(*self.labels.as_ref()?.get(image)?);
        let name = self.classes.as_ref().and_then(|classes| classes.get(label));
        Some(name.map_or_else(|| label.to_string().into(), |name| name.as_str().into()))
    }

    /// The labels of all images, where they are known.
    pub(crate) fn labels(&self) -> Option<Vec<Cow<'_, str>>> {
        self.labels.as_ref()?;
        (0..self.len()).map(|image| self.label(image)).collect()
    }

    /// Names an image in a sentence: by its number, and its file if it has one.
    pub(crate) fn name(&self, image: usize) -> String {
        let one = if self.of_vectors() { "row" } else { "image" };
        match &self.files {
            Some(files) => format!("{one} {image}, {}", files[image]),
            None => format!("{one} {image}"),
        }
    }

    /// Whether they are vectors.
    pub(crate) fn of_vectors(&self) -> bool {
        matches!(self.images, TrainingSet::Vectors(..))
    }

    /// Returns `n` if there are that many; `wanted` says who wants them.
    pub(crate) fn at_least(&self, n: usize, wanted: &str) -> Result<usize, Failure> {
        if n > self.len() {
            return Err(Failure::usage(format!("{wanted}, {}", self.counted())));
        }
        Ok(n)
    }

    /// The first `n`; `wanted` says who wants them.
    pub(crate) fn first(&self, n: usize, wanted: &str) -> Result<Array4<f32>, Failure> {
        self.at_least(n, wanted)?;
        self.select(&Vec::from_iter(0..n))
    }

    /// Those with these numbers, each said by a flag.
    pub(crate) fn at(&self, numbers: &[(&str, usize)]) -> Result<Array4<f32>, Failure> {
        let (data, len) = (&self.data, self.len());
        if let Some((flag, number)) = numbers.iter().find(|(_, number)| *number >= len) {
            let images = if self.part == Part::Test { "held-out images" } else { "images" };
            let problem = format!("{flag} is {number}, the {images} of {data} are numbered from 0 to {}", len - 1);
            return Err(Failure::usage(problem));
        }
        self.select(&Vec::from_iter(numbers.iter().map(|(_, number)| *number)))
    }

    /// The images at these places.
    pub(crate) fn select(&self, places: &[usize]) -> Result<Array4<f32>, Failure> {
        select(self.images.source(), places).map_err(refused_data)
    }

    /// The images from `0` to `n` in batches, so that no more than these are in memory.
    pub(crate) fn batches(&self, n: usize) -> impl Iterator<Item = Result<Array4<f32>, Failure>> {
        const SIZE: usize = 250;
        (0..n).step_by(SIZE).map(move |start| self.select(&Vec::from_iter(start..n.min(start + SIZE))))
    }

    /// `n` of them in words: `1 image`, `7 rows`.
    pub(crate) fn how_many(&self, n: usize) -> String {
        let one = if self.of_vectors() { "row" } else { "image" };
        format!("{n} {one}{}", if n == 1 { "" } else { "s" })
    }

    /// The number of images, in a sentence that ends with it.
    fn counted(&self) -> String {
        let (data, len) = (&self.data, self.len());
        match self.part {
            Part::Test => format!("{len} images of {data} are held out"),
            Part::Train => format!("{len} images of {data} are trained on"),
            Part::All => format!("{data} has {len}"),
        }
    }
}

/// The squared error of each of the first `n` images, summed over its pixels.
pub(crate) fn errors(model: &Autoencoder<f32>, used: &Used, n: usize) -> Result<Vec<f64>, Failure> {
    let mut errors = Vec::with_capacity(n);
    for images in used.batches(n) {
        let images = images?;
        errors.extend(eae::metrics::reconstruction_errors(images.view(), model.reconstruct(images.view()).view()));
    }
    Ok(errors)
}

/// The places of the `count` greatest errors, the greatest first.
pub(crate) fn greatest(errors: &[f64], count: usize) -> Vec<usize> {
    let mut places = Vec::from_iter(0..errors.len());
    places.sort_by(|&a, &b| errors[b].total_cmp(&errors[a]));
    places.truncate(count);
    places
}
