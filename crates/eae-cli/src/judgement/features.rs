use std::path::Path;

use eae::Features;
use eae::data::Split;

use crate::failure::Failure;

/// What images of `data` are compared on: the classifier in a file, or what there is without one. Vectors are compared as they
/// are.
pub(crate) fn for_data(file: Option<&Path>, data: &Split<f32>, of_vectors: bool) -> Result<Features, Failure> {
    let (_, height, width, channels) = data.test.pixels.dim();
    let image = [height, width, channels];
    let features = match file {
        Some(path) => Features::load(path).map_err(|e| Failure::usage(format!("{}: {e}", path.display())))?,
        None if of_vectors => Features::Columns,
        None if image == [28, 28, 1] => Features::digits(),
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
