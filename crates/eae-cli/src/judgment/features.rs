//! The features on which images are compared.

use std::convert::Infallible;
use std::path::PathBuf;
use std::str::FromStr;

use eae::Features;
use eae::data::{Images, Split};
use eae::features::digit_classifier;

use super::labels;
use crate::failure::Failure;

/// Text of `--features` in `--help`, in lines that fit beside its indent.
const FEATURES: &str = "\
Features on which images are compared:

digits  a classifier of handwritten digits, built into the program
labels  a classifier that is first trained on the labels of the data
pca     principal components of the pixels
pixels  the pixels
FILE    a classifier that `eae features train` wrote

The default is digits for labeled images of handwritten digits, and
pca for other images. Vectors are compared as they are.";

/// The flag of the commands that compare images.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct FeaturesFlag {
    /// Features on which images are compared: digits, labels, pca, pixels, or a file written by
    /// `eae features train` [default: digits for images of digits, pca for others].
    #[arg(id = "features", long = "features", value_name = "FEATURES", long_help = FEATURES)]
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

/// Smallest accuracy of the classifier of digits on images of digits. It is 99 % for digits, and a
/// tenth by chance for ten other classes.
const DIGITS: f64 = 0.8;
/// Number of images to which the classifier of digits is applied.
const TRIED: usize = 1000;

impl FeaturesFlag {
    /// Returns true if the flag is given.
    pub(crate) fn is_given(&self) -> bool {
        self.named.is_some()
    }

    /// Returns true if a classifier must be trained for the features.
    pub(crate) fn takes_training(&self) -> bool {
        self.named == Some(Choice::Labels)
    }

    /// Returns the features for the images of `data`, and a warning if they are of little use.
    /// `seed` and `quiet` apply to the training of a classifier.
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
        // Without training images the principal components are those of the held-out images.
        let train = if data.train.is_empty() { &data.test } else { &data.train };
        let features = match &self.named {
            Some(_) if of_vectors => {
                return Err(Failure::usage("--features applies to images, but these are vectors; leave it out"));
            }
            None if of_vectors => Features::Columns,
            Some(Choice::File(path)) => Features::load(path).map_err(|e| {
                let name = path.display().to_string();
                let (text, advice) =
                    (e.to_string(), "use `digits`, `labels`, `pca`, `pixels` or a file written by eae features train");
                let text = if text.contains(&name) { text } else { format!("{name}: {text}") };
                Failure::usage(format!("--features {text}; {advice}"))
            })?,
            Some(Choice::Labels) => {
                if data.train.is_empty() {
                    return Err(Failure::usage(
                        "there are no training images to train a classifier on; name a file written by eae features \
                         train, or use --features pca",
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
                "{features} need images of shape {takes:?}, but these have shape {image:?}; use --features pca, or train a \
                 classifier on these images with eae features train"
            ))),
            _ => Ok((features, warning)),
        }
    }
}

/// Returns true if the labels of the images are the digits that they show. Images without labels
/// could be anything.
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
    fn digits_are_recognized_by_their_labels() {
        let mut images = digits::<f32>().test;
        assert!(are_digits(&images));
        assert!(!are_digits(&images.clone().labels(None)));
        // Ten classes, but not those of the digits.
        let others = images.labels.as_ref().map(|labels| labels.iter().map(|label| (label + 3) % 10).collect());
        images.labels = others;
        assert!(!are_digits(&images));
    }
}
