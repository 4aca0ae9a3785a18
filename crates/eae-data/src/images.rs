use ndarray::{ArcArray, Axis, Ix4, NdFloat, concatenate};

/// Images or vectors, and their labels where these are known.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Images<F> {
    /// `[count, height, width, channels]`, from 0 to 1; `[count, 1, columns, 1]`, standardized, if
    /// they are vectors.
    pub pixels: ArcArray<F, Ix4>,
    /// One for each image, or none at all.
    pub labels: Option<Vec<u8>>,
    /// The names of the classes, by their labels. Without names, classes are called by their
    /// numbers.
    pub classes: Option<Vec<String>>,
    /// The file of each image within its folder, if each has one.
    pub files: Option<Vec<String>>,
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
    /// Returns images of which nothing is known but their pixels.
    pub fn new(pixels: impl Into<ArcArray<F, Ix4>>) -> Self {
        Self { pixels: pixels.into(), labels: None, classes: None, files: None }
    }

    /// Sets the labels.
    #[must_use]
    pub fn labels(self, labels: Option<Vec<u8>>) -> Self {
        Self { labels, ..self }
    }

    /// Sets the names of the classes.
    #[must_use]
    pub fn classes(self, classes: Option<Vec<String>>) -> Self {
        Self { classes, ..self }
    }

    /// Sets the files that the images are from.
    #[must_use]
    pub fn files(self, files: Option<Vec<String>>) -> Self {
        Self { files, ..self }
    }

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
            classes: self.classes.clone(),
            files: self.files.as_ref().map(|files| places.iter().map(|&place| files[place].clone()).collect()),
        }
    }
}

impl<F: NdFloat> Split<F> {
    /// Returns the images to train on and then those held out, as one.
    ///
    /// # Panics
    ///
    /// If the two are of different shapes.
    pub fn whole(self) -> Images<F> {
        let Self { train, test } = self;
        if train.is_empty() {
            return test;
        }
        let pixels = concatenate(Axis(0), &[train.pixels.view(), test.pixels.view()]).expect("images of one shape");
        Images {
            pixels: pixels.into_shared(),
            labels: joined(train.labels, test.labels),
            classes: train.classes,
            files: joined(train.files, test.files),
        }
    }
}

/// What is known of each image of both parts.
fn joined<T>(train: Option<Vec<T>>, test: Option<Vec<T>>) -> Option<Vec<T>> {
    let (mut all, test) = (train?, test?);
    all.extend(test);
    Some(all)
}
