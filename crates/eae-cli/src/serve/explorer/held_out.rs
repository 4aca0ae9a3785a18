use eae::Autoencoder;
use eae::data::Images;
use ndarray::{Array2, Slice};

use super::Map;

/// Largest number of held-out images on the page. The map is not readable with more points.
const MOST: usize = 2000;

/// Held-out images, or rows of a table, with their codes.
pub(super) struct HeldOut {
    pub(super) images: Images<f32>,
    pub(super) codes: Array2<f32>,
    pub(super) map: Option<Map>,
}

impl HeldOut {
    pub(super) fn new(model: &Autoencoder<f32>, images: &Images<f32>) -> Self {
        let images = images.select(&Vec::from_iter(0..images.len().min(MOST)));
        let codes = model.encode(images.pixels.view());
        let map = Map::new(&codes, &images);
        Self { images, codes, map }
    }

    /// Returns the range of `n` images from `first`, if they exist and `n` is at most `most`.
    pub(super) fn range(&self, first: usize, n: usize, most: usize) -> Option<Slice> {
        let last = first.checked_add(n)?;
        ((1..=most).contains(&n) && last <= self.images.len()).then(|| Slice::from(first..last))
    }
}
