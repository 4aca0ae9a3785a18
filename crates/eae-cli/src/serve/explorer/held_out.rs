use eae::Autoencoder;
use eae::data::Images;
use ndarray::{Array2, Slice};

use super::Map;

/// Held-out images on the page. More are no better to choose from, and a map of more is a blot.
const MOST: usize = 2000;

/// Images, or rows of a table, that the model was not trained on, with their codes.
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

    /// Returns a range of them, if there are so many and no more than a request may have.
    pub(super) fn range(&self, first: usize, n: usize, most: usize) -> Option<Slice> {
        let last = first.checked_add(n)?;
        ((1..=most).contains(&n) && last <= self.images.len()).then(|| Slice::from(first..last))
    }
}
