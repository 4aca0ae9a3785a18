//! What images are compared on.

use std::path::Path;

use eae::Features;
use eae::data::{Images, Split};
use eae::features::digit_classifier;

use crate::failure::Failure;

/// Labels that the classifier of digits must find for images to be digits. It finds 99 % of those
/// of digits, and of ten other classes a tenth by chance.
const DIGITS: f64 = 0.8;
/// Images that it is tried on.
const TRIED: usize = 1000;

/// Returns the features that images of `data` are compared on: those of the classifier in a file,
/// of the classifier of digits for images that are digits by their labels, or else principal
/// components of the pixels. Vectors are compared as they are.
pub(crate) fn for_data(file: Option<&Path>, data: &Split<f32>, of_vectors: bool) -> Result<Features, Failure> {
    let (_, height, width, channels) = data.test.pixels.dim();
    let image = [height, width, channels];
    let features = match file {
        Some(path) => Features::load(path).map_err(|e| Failure::usage(format!("{}: {e}", path.display())))?,
        None if of_vectors => Features::Columns,
        None if are_digits(&data.test) => Features::digits(),
        None => {
            // Without training images the components are those of the images that samples are compared with.
            let train = if data.train.is_empty() { &data.test } else { &data.train };
            Features::pca(train.pixels.view()).map_err(Failure::other)?
        }
    };
    match features.image_shape() {
        Some(takes) if takes != image => {
            Err(Failure::usage(format!("{features} takes images of shape {takes:?}, these are {image:?}")))
        }
        _ => Ok(features),
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
