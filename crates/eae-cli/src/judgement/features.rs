//! Features that images are compared on.

use std::convert::Infallible;
use std::path::PathBuf;
use std::str::FromStr;

use eae::Features;
use eae::data::{Images, Split};
use eae::features::digit_classifier;

use super::labels;
use crate::failure::Failure;

/// The flag of the commands that compare images.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct FeaturesFlag {
    /// Features that images are compared on: `digits` for a classifier of handwritten digits,
    /// `labels` for a classifier that is trained first, on the labels of the data, `pca` for
    /// principal components of the pixels, `pixels`, or a file that `eae features train` left. By
    /// default `digits` for images that are digits by their labels, and `pca` for others. Vectors
    /// are compared as they are.
    #[arg(id = "features", long = "features", value_name = "FEATURES")]
    named: Option<Choice>,
}

/// A value of `--features`.
#[derive(Debug, Clone, PartialEq)]
enum Choice {
    Digits,
    Labels,
    Pca,
    Pixels,
    File(PathBuf),
}

impl FromStr for Choice {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "digits" => Self::Digits,
            "labels" => Self::Labels,
            "pca" => Self::Pca,
            "pixels" => Self::Pixels,
            file => Self::File(file.into()),
        })
    }
}

/// Labels that the classifier of digits must find for images to be digits. It finds 99 % of those
/// of digits, and a tenth of ten other classes by chance.
const DIGITS: f64 = 0.8;
/// Images that it is tried on.
const TRIED: usize = 1000;

impl FeaturesFlag {
    /// Returns true if the flag is given.
    pub(crate) fn is_given(&self) -> bool {
        self.named.is_some()
    }

    /// Returns true if the features are those of a classifier that is to be trained.
    pub(crate) fn takes_training(&self) -> bool {
        self.named == Some(Choice::Labels)
    }

    /// Returns the features that images of `data` are compared on, and the warning that they
    /// deserve, if they deserve one. `seed` and `quiet` are for a classifier that is trained.
    pub(crate) fn of(
        &self,
        data: &Split<f32>,
        of_vectors: bool,
        seed: u64,
        quiet: bool,
    ) -> Result<(Features, Option<String>), Failure> {
        let mut warning = None;
        let (_, height, width, channels) = data.test.pixels.dim();
        let image = [height, width, channels];
        // Without training images the components are those of the images that samples are compared
        // with.
        let train = if data.train.is_empty() { &data.test } else { &data.train };
        let features = match &self.named {
            Some(_) if of_vectors => {
                return Err(Failure::usage("--features is for images, these are vectors; leave it out"));
            }
            None if of_vectors => Features::Columns,
            Some(Choice::File(path)) => Features::load(path).map_err(|e| {
                let name = path.display().to_string();
                let (text, way_out) =
                    (e.to_string(), "there are `digits`, `labels`, `pca`, `pixels` and files of eae features train");
                let text = if text.contains(&name) { text } else { format!("{name}: {text}") };
                Failure::usage(format!("--features {text}; {way_out}"))
            })?,
            Some(Choice::Labels) => {
                if data.train.is_empty() {
                    return Err(Failure::usage(
                        "there are no training images beside these to train a classifier on; name the file of one \
                         that eae features train leaves, or use --features pca",
                    ));
                }
                let trained = labels::train(data, None, seed, quiet)?;
                warning = trained.held_out.warning();
                Features::Labels(trained.classifier)
            }
            Some(Choice::Pixels) => Features::Pixels,
            Some(Choice::Digits) => Features::digits(),
            None if are_digits(&data.test) => Features::digits(),
            None | Some(Choice::Pca) => Features::pca(train.pixels.view()).map_err(Failure::other)?,
        };
        match features.image_shape() {
            Some(takes) if takes != image => Err(Failure::usage(format!(
                "{features} takes images of shape {takes:?}, these are {image:?}; use --features pca, or train a classifier of \
                 these with eae features train"
            ))),
            _ => Ok((features, warning)),
        }
    }
}

/// True if the labels of images are those of the digits on them. Without labels nothing tells
/// digits from clothes.
fn are_digits(images: &Images<f32>) -> bool {
    let (n, height, width, channels) = images.pixels.dim();
    if images.labels.is_none() || [height, width, channels] != [28, 28, 1] || n == 0 {
        return false;
    }
    let some = images.select(&Vec::from_iter(0..n.min(TRIED)));
    digit_classifier().accuracy(&some) > DIGITS
}

#[cfg(test)]
mod tests {
    use super::*;
    use eae::data::digits;

    #[test]
    fn digits_are_digits_by_their_labels() {
        let mut images = digits::<f32>().test;
        assert!(are_digits(&images));
        assert!(!are_digits(&images.clone().labels(None)));
        // Ten classes, but not those of the digits.
        let others = images.labels.as_ref().map(|labels| labels.iter().map(|label| (label + 3) % 10).collect());
        images.labels = others;
        assert!(!are_digits(&images));
    }
}
