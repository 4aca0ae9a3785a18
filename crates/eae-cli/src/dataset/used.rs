//! Data on which a trained model is used.

use std::borrow::Cow;

use clap::ValueEnum;
use eae::Autoencoder;
use eae::data::{Split, select};
use ndarray::Array4;
use serde::Serialize;

use super::unlike::unlike;
use super::{Data, TrainingSet};
use crate::failure::Failure;
use crate::output::counted;
use crate::table::refused_data;

/// A part of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Part {
    /// The part that the model was trained on.
    Train,
    /// The held-out part.
    Test,
    /// All of the data, in its order.
    All,
}

/// The images or vectors of a part of a data set, with their files and labels.
pub(crate) struct Used {
    pub(crate) data: Data,
    pub(crate) part: Part,
    pub(crate) images: TrainingSet,
    /// True for a part of a data set whose training part is not what the model was trained on.
    pub(crate) changed: bool,
    /// Doubts about the data, and a note about rows that were left out.
    pub(crate) warnings: Vec<String>,
    /// True if vectors are unlike those of the training, which the warnings say.
    pub(crate) is_unlike: bool,
    /// The first few files of a folder that were skipped, and a remark about all of them.
    skipped: Option<(Vec<String>, String)>,
    files: Option<Vec<String>>,
    labels: Option<Vec<u8>>,
    classes: Option<Vec<String>>,
}

impl Used {
    /// Opens a part of a data set for a model. If it is the data of the training, `fingerprint` is
    /// that of the images on which the model was trained.
    pub(crate) fn new(
        data: Data,
        part: Part,
        model: &Autoencoder<f32>,
        fingerprint: Option<u64>,
    ) -> Result<Self, Failure> {
        let mut changed = false;
        let skipped;
        let images = match part {
            Part::All => {
                let whole = data.whole_for(model)?;
                skipped = whole.skipped(&data);
                whole
            }
            Part::Train | Part::Test => {
                let Split { train, test } = data.open_for(model)?;
                changed = train.differs(fingerprint)?;
                skipped = train.skipped(&data);
                match train {
                    train if part == Part::Train => train,
                    TrainingSet::Vectors(_, columns, left_out) => TrainingSet::Vectors(test, columns, left_out),
                    _ => TrainingSet::Memory(test),
                }
            }
        };
        let (files, labels, classes) = match &images {
            TrainingSet::Memory(images) | TrainingSet::Vectors(images, ..) => {
                (images.files.clone(), images.labels.clone(), images.classes.clone())
            }
            TrainingSet::File(stored) => (Some(stored.files()), stored.labels(), stored.classes()),
        };
        let name = data.path().map_or_else(|| data.to_string(), |path| path.display().to_string());
        let mut warnings = match &images {
            TrainingSet::Vectors(rows, columns, _) => unlike(&name, rows.pixels.view(), columns),
            _ => Vec::new(),
        };
        let is_unlike = !warnings.is_empty();
        warnings.extend(images.left_out().map(str::to_owned));
        Ok(Self { data, part, images, changed, warnings, is_unlike, skipped, files, labels, classes })
    }

    pub(crate) fn len(&self) -> usize {
        self.images.source().len()
    }

    /// Returns the warnings for a report: those about the data, and the remark about skipped files.
    pub(crate) fn all_warnings(&self) -> Vec<String> {
        self.warnings.iter().chain(self.skipped.as_ref().map(|(_, remark)| remark)).cloned().collect()
    }

    /// Returns the first few files of a folder that were skipped because they are not images.
    pub(crate) fn skipped(&self) -> &[String] {
        self.skipped.as_ref().map_or(&[], |(files, _)| files)
    }

    /// Returns the files of the images, if each has one.
    pub(crate) fn files(&self) -> Option<&[String]> {
        self.files.as_deref()
    }

    /// Returns the label of an image: the name of its class, or else its number.
    pub(crate) fn label(&self, image: usize) -> Option<Cow<'_, str>> {
        let label = usize::from(*self.labels.as_ref()?.get(image)?);
        let name = self.classes.as_ref().and_then(|classes| classes.get(label));
        Some(name.map_or_else(|| label.to_string().into(), |name| name.as_str().into()))
    }

    /// Returns the labels of all images, if they are known.
    pub(crate) fn labels(&self) -> Option<Vec<Cow<'_, str>>> {
        self.labels.as_ref()?;
        (0..self.len()).map(|image| self.label(image)).collect()
    }

    /// Returns the number of an image as text, with its file if it has one.
    pub(crate) fn name(&self, image: usize) -> String {
        let one = if self.of_vectors() { "row" } else { "image" };
        match &self.files {
            Some(files) => format!("{one} {image}, {}", files[image]),
            None => format!("{one} {image}"),
        }
    }

    /// Returns true for vectors.
    pub(crate) fn of_vectors(&self) -> bool {
        matches!(self.images, TrainingSet::Vectors(..))
    }

    /// Returns `n` if there are that many images, or else an error that begins with `wanted`.
    pub(crate) fn at_least(&self, n: usize, wanted: &str) -> Result<usize, Failure> {
        if n > self.len() {
            return Err(Failure::usage(format!("{wanted}, but {}", self.counted())));
        }
        Ok(n)
    }

    /// Returns the first `n` images, or else an error that begins with `wanted`.
    pub(crate) fn first(&self, n: usize, wanted: &str) -> Result<Array4<f32>, Failure> {
        self.at_least(n, wanted)?;
        self.select(&Vec::from_iter(0..n))
    }

    /// Returns the images with these numbers, each from a flag.
    pub(crate) fn at(&self, numbers: &[(&str, usize)]) -> Result<Array4<f32>, Failure> {
        let (data, len) = (&self.data, self.len());
        if let Some((flag, number)) = numbers.iter().find(|(_, number)| *number >= len) {
            let held_out = if self.part == Part::Test { "held-out " } else { "" };
            let items = if self.of_vectors() { "rows" } else { "images" };
            let last = len - 1;
            let problem =
                format!("{flag} is {number}, but the {held_out}{items} of {data} are numbered from 0 to {last}");
            return Err(Failure::usage(problem));
        }
        self.select(&Vec::from_iter(numbers.iter().map(|(_, number)| *number)))
    }

    /// Returns the images at these positions.
    pub(crate) fn select(&self, places: &[usize]) -> Result<Array4<f32>, Failure> {
        select(self.images.source(), places).map_err(refused_data)
    }

    /// Returns the first `n` images in batches, to limit memory.
    pub(crate) fn batches(&self, n: usize) -> impl Iterator<Item = Result<Array4<f32>, Failure>> {
        const SIZE: usize = 250;
        (0..n).step_by(SIZE).map(move |start| self.select(&Vec::from_iter(start..n.min(start + SIZE))))
    }

    /// Returns a number of images or rows as text: `1 image`, `7 rows`.
    pub(crate) fn how_many(&self, n: usize) -> String {
        counted(n, if self.of_vectors() { "row" } else { "image" })
    }

    /// Returns the number of images as the end of a sentence.
    fn counted(&self) -> String {
        let (data, len) = (&self.data, self.len());
        let (found, are) = (self.how_many(len), if len == 1 { "is" } else { "are" });
        match self.part {
            Part::Test => format!("only {found} of {data} {are} held out"),
            Part::Train => format!("only {found} of {data} {are} trained on"),
            Part::All => format!("{data} has only {len}"),
        }
    }
}

/// Returns the squared error of each of the first `n` images, summed over pixels.
pub(crate) fn errors(model: &Autoencoder<f32>, used: &Used, n: usize) -> Result<Vec<f64>, Failure> {
    let mut errors = Vec::with_capacity(n);
    for images in used.batches(n) {
        let images = images?;
        errors.extend(eae::metrics::reconstruction_errors(images.view(), model.reconstruct(images.view()).view()));
    }
    Ok(errors)
}

/// Returns the positions of the `count` largest errors, the largest first.
pub(crate) fn greatest(errors: &[f64], count: usize) -> Vec<usize> {
    let mut places = Vec::from_iter(0..errors.len());
    places.sort_by(|&a, &b| errors[b].total_cmp(&errors[a]));
    places.truncate(count);
    places
}
