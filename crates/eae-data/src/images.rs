use ndarray::{ArcArray, Axis, Ix4, NdFloat};

/// Images or vectors, and their labels where these are known.
#[derive(Debug, Clone)]
pub struct Images<F> {
    /// `[count, height, width, channels]`, from 0 to 1; `[count, 1, columns, 1]`, standardized, if they are vectors.
    pub pixels: ArcArray<F, Ix4>,
    /// One for each image, or none at all.
    pub labels: Option<Vec<u8>>,
}

/// Images to train on, in memory or another [`Source`](crate::Source), and images held out.
#[derive(Debug, Clone)]
pub struct Split<F, T = Images<F>> {
    /// To train on.
    pub train: T,
    /// Held out, in memory.
    pub test: Images<F>,
}

impl<F: NdFloat> Images<F> {
    /// Returns the number of images.
    pub fn len(&self) -> usize {
        self.pixels.len_of(Axis(0))
    }

    /// Returns true if there are no images.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the images at these places, in this order.
    ///
    /// # Panics
    ///
    /// If a place is out of range.
    pub fn select(&self, places: &[usize]) -> Self {
        Self {
            pixels: self.pixels.select(Axis(0), places).into_shared(),
            labels: self.labels.as_ref().map(|labels| places.iter().map(|&place| labels[place]).collect()),
        }
    }
}
