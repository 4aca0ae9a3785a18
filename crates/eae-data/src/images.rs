use ndarray::{ArcArray, Axis, Ix4, NdFloat, concatenate};

/// Images or vectors, with labels if they are known.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Images<F> {
    /// The pixels `[count, height, width, channels]`, from 0 to 1. Vectors are standardized,
    /// `[count, 1, columns, 1]`.
    pub pixels: ArcArray<F, Ix4>,
    /// The label of each image, if known.
    pub labels: Option<Vec<u8>>,
    /// The names of the classes, indexed by label. Without names, classes are identified by their
    /// numbers.
    pub classes: Option<Vec<String>>,
    /// The file of each image within its folder, if known.
    pub files: Option<Vec<String>>,
}

/// Images for training, in memory or another [`Source`](crate::Source), and held-out images.
#[derive(Debug, Clone)]
pub struct Split<F, T = Images<F>> {
    /// The training images.
    pub train: T,
    /// The held-out images, in memory.
    pub test: Images<F>,
}

impl<F: NdFloat> Images<F> {
    /// Creates images without labels, classes and files.
    pub fn new(pixels: impl Into<ArcArray<F, Ix4>>) -> Self {
        Self { pixels: pixels.into(), labels: None, classes: None, files: None }
    }

    /// Sets the labels.
    ///
    /// # Panics
    ///
    /// If the numbers of labels and images differ.
    #[must_use]
    pub fn labels(self, labels: Option<Vec<u8>>) -> Self {
        check("labels", labels.as_ref().map(Vec::len), self.len());
        Self { labels, ..self }
    }

    /// Sets the names of the classes.
    #[must_use]
    pub fn classes(self, classes: Option<Vec<String>>) -> Self {
        Self { classes, ..self }
    }

    /// Sets the files of the images.
    ///
    /// # Panics
    ///
    /// If the numbers of files and images differ.
    #[must_use]
    pub fn files(self, files: Option<Vec<String>>) -> Self {
        check("files", files.as_ref().map(Vec::len), self.len());
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

    /// Returns the images at these indices, in this order.
    ///
    /// # Panics
    ///
    /// If an index is out of range.
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
    /// Returns the training images followed by the held-out images.
    ///
    /// # Panics
    ///
    /// If the shapes differ.
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

/// Panics if the number of items is not that of the images.
fn check(items: &str, count: Option<usize>, images: usize) {
    assert!(count.is_none_or(|count| count == images), "{} {items} for {images} images", count.unwrap_or(0));
}

/// Joins the metadata of both parts.
fn joined<T>(train: Option<Vec<T>>, test: Option<Vec<T>>) -> Option<Vec<T>> {
    let (mut all, test) = (train?, test?);
    all.extend(test);
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array4;

    #[test]
    #[should_panic(expected = "2 labels for 3 images")]
    fn every_image_has_a_label() {
        let images = Images::<f32>::new(Array4::zeros((3, 1, 1, 1)));
        let _ = images.files(Some(vec![String::new(); 3])).labels(Some(vec![0, 1]));
    }
}
