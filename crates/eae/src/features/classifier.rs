use std::ops::ControlFlow;
use std::path::Path;

use autodiff_mini::{Pool, Tape};
use ndarray::{Array2, Array4, ArrayView4, Axis, Slice};
use ndarray_rand::rand::seq::SliceRandom;
use ndarray_rand::rand::{Rng, SeedableRng};
use nn_layers::optim::{Adam, Optimizer, Schedule};
use nn_layers::{Activation, Conv2d, Dense, Flatten, Sequential, ShapeError, Weights, WeightsError, Window};
use rand_chacha::ChaCha8Rng;
use thiserror::Error;

use super::cross_entropy;
use crate::data::Images;
use crate::model::in_batches;

/// Number of features of a classifier.
pub(super) const FEATURES: usize = 64;

/// A small image classifier: two convolutions of 4 x 4 with stride 2 and 16 and 32 filters, a dense
/// layer of 64, and a dense layer with one output per class, with ReLU between. The outputs of the
/// dense layer of 64 are the features on which generated images are compared with real ones.
///
/// Two sets of images that agree on these features agree in what distinguishes the classes. In
/// pixels they would differ by every shift of a stroke.
#[derive(Debug, Clone)]
pub struct Classifier {
    features: Sequential<f32>,
    scores: Sequential<f32>,
}

/// Metadata key of the shape: height, width, channels and classes.
const SHAPE: &str = "classifier";

/// A reason why a classifier cannot be made or loaded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ClassifierError {
    /// The images are too small.
    #[error("the images are too small for a classifier, which halves them twice: {0}")]
    Small(ShapeError),
    /// The weights cannot be read, or belong to another network.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The file does not have the metadata of a classifier.
    #[error("the metadata entry `{SHAPE}` is `{0}`; a classifier file has height,width,channels,classes there")]
    Shape(String),
}

impl From<ShapeError> for ClassifierError {
    fn from(problem: ShapeError) -> Self {
        Self::Small(problem)
    }
}

/// The report of one pass over the images.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct ClassifierEpoch {
    /// The epoch, counted from 1.
    pub epoch: usize,
    /// The mean cross-entropy in nats.
    pub loss: f64,
}

impl Classifier {
    /// Creates a classifier for images `[height, width, channels]` with random weights.
    ///
    /// # Errors
    ///
    /// If the images are too small to be halved twice.
    pub fn new([height, width, channels]: [usize; 3], classes: usize, seed: u64) -> Result<Self, ShapeError> {
        let (rng, halving) = (&mut ChaCha8Rng::seed_from_u64(seed), Window::square(4, 2, 1));
        let small = [height / 4, width / 4, 32];
        let features = Sequential::on(&[height, width, channels])
            .then(Conv2d::new(channels, 16, halving, rng))
            .then(Activation::Relu)
            .then(Conv2d::new(16, 32, halving, rng))
            .then(Activation::Relu)
            .then(Flatten::new(small))
            .then(Dense::new(small.iter().product(), FEATURES, rng))
            .then(Activation::Relu)
            .build()?;
        let scores = Sequential::on(&[FEATURES]).then(Dense::new(FEATURES, classes, rng)).build()?;
        Ok(Self { features, scores })
    }

    /// Returns the height, width and channels of the images.
    pub fn image_shape(&self) -> [usize; 3] {
        self.features.input_shape().try_into().expect("classifiers take images")
    }

    /// Returns the features `[count, 64]` of images `[count, height, width, channels]`.
    ///
    /// # Panics
    ///
    /// If the images are not of [`image_shape`](Classifier::image_shape).
    pub fn features(&self, images: ArrayView4<'_, f32>) -> Array2<f32> {
        in_batches(&self.features, images)
    }

    /// Returns the class of each image.
    ///
    /// # Panics
    ///
    /// See [`features`](Classifier::features).
    pub fn classify(&self, images: ArrayView4<'_, f32>) -> Vec<u8> {
        let scores: Array2<f32> = in_batches(&self.scores, self.features(images).view());
        let best = |row: ndarray::ArrayView1<'_, f32>| {
            (0..row.len()).max_by(|&a, &b| row[a].total_cmp(&row[b])).expect("at least one class") as u8
        };
        scores.outer_iter().map(best).collect()
    }

    /// Returns the share of the images that are classified correctly.
    ///
    /// # Panics
    ///
    /// If the images have no labels, or are not of [`image_shape`](Classifier::image_shape).
    pub fn accuracy(&self, images: &Images<f32>) -> f64 {
        let labels = images.labels.as_ref().expect("labeled images");
        let found = self.classify(images.pixels.view());
        found.iter().zip(labels).filter(|(found, label)| found == label).count() as f64 / labels.len() as f64
    }

    /// Minimizes the cross-entropy with Adam, in batches of 100, or of all images if there are
    /// fewer, and on a one-cycle schedule with a maximum learning rate of 2e-3. Each batch is
    /// shifted by -2 to 2 pixels along both axes, so that features depend less on the position of a
    /// digit. Training ends early if `observer` breaks.
    ///
    /// # Panics
    ///
    /// If the images have no labels, a label is not a class, or the images are not of
    /// [`image_shape`](Classifier::image_shape).
    pub fn train(
        &mut self,
        images: &Images<f32>,
        epochs: usize,
        seed: u64,
        mut observer: impl FnMut(ClassifierEpoch) -> ControlFlow<()>,
    ) {
        let labels = images.labels.as_ref().expect("labeled images");
        let size = images.len().clamp(1, 100);
        let batches = images.len() / size;
        let schedule = Schedule::OneCycle { peak: 2e-3, steps: epochs * batches };
        let (mut adam, pool, rng) = (Adam::default(), Pool::default(), &mut ChaCha8Rng::seed_from_u64(seed));
        let mut order: Vec<usize> = (0..images.len()).collect();
        let mut step = 0;
        for epoch in 1..=epochs {
            order.shuffle(rng);
            let mut loss = 0.0;
            for batch in order.chunks_exact(size) {
                let pixels = moved(images.pixels.select(Axis(0), batch).view(), [shift(rng), shift(rng)]);
                let labels: Vec<u8> = batch.iter().map(|&image| labels[image]).collect();
                let tape = Tape::with_pool(&pool);
                let features = self.features.train(tape.constant(pixels));
                let error = cross_entropy(self.scores.train(features), &labels);
                loss += f64::from(error.scalar()) / batches as f64;
                let error = error.id();
                let gradients = tape.backward(error);
                let mut parameters = self.features.parameters();
                parameters.extend(self.scores.parameters());
                adam.step(schedule.at(step), &mut parameters, gradients);
                step += 1;
            }
            if observer(ClassifierEpoch { epoch, loss }).is_break() {
                return;
            }
        }
    }

    /// Returns all weights, under `features.` and `scores.`, and the shapes in the metadata.
    pub fn to_weights(&self) -> Weights {
        let mut weights = Weights::default();
        self.features.write("features", &mut weights);
        self.scores.write("scores", &mut weights);
        let shape: Vec<String> =
            self.features.input_shape().iter().chain(self.scores.output_shape()).map(ToString::to_string).collect();
        weights.metadata.insert(SHAPE.into(), shape.join(","));
        weights
    }

    /// Reads the weights that [`to_weights`](Classifier::to_weights) made.
    ///
    /// # Errors
    ///
    /// If a tensor is missing, has another shape or is not finite, or if there is an unknown
    /// tensor.
    pub fn from_weights(weights: &Weights) -> Result<Self, ClassifierError> {
        let text = weights.metadata.get(SHAPE).map_or("", String::as_str);
        let shape: Result<Vec<usize>, _> = text.split(',').map(str::parse).collect();
        // Allocate only what the numbers in the file can fill.
        let fits = |numbers: &[usize]| {
            let product = numbers.iter().try_fold(1_usize, |product, &x| product.checked_mul(x));
            product.is_some_and(|product| product <= weights.element_count())
        };
        match shape.as_deref() {
            Ok(&[height, width, channels, classes])
                if fits(&[height / 4, width / 4, 32, FEATURES]) && fits(&[channels, classes]) =>
            {
                let mut new = Self::new([height, width, channels], classes, 0)?;
                new.features.read("features", weights)?;
                new.scores.read("scores", weights)?;
                Ok(new)
            }
            _ => Err(ClassifierError::Shape(text.to_owned())),
        }
    }

    /// Reads a classifier from a file.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or in the cases of [`from_weights`](Classifier::from_weights).
    pub fn load(path: impl AsRef<Path>) -> Result<Self, ClassifierError> {
        Self::from_weights(&Weights::read(path)?)
    }
}

fn shift(rng: &mut ChaCha8Rng) -> isize {
    rng.random_range(-2_i32..=2) as isize
}

/// Returns the images moved down and to the right by a number of pixels, or up and to the left if
/// it is negative. The pixels that move in are 0.
fn moved(images: ArrayView4<'_, f32>, [down, right]: [isize; 2]) -> Array4<f32> {
    let mut moved = Array4::zeros(images.raw_dim());
    let (_, height, width, _) = images.dim();
    // The target range of one axis of length n, and the source range.
    let part = |n: usize, by: isize| {
        let (n, start) = (n as isize, by.max(0));
        let end = (n + by.min(0)).max(start);
        (Slice::from(start..end), Slice::from(start - by..end - by))
    };
    let ((to_rows, rows), (to_columns, columns)) = (part(height, down), part(width, right));
    let from = images.slice_axis_move(Axis(1), rows).slice_axis_move(Axis(2), columns);
    moved.slice_axis_mut(Axis(1), to_rows).slice_axis_mut(Axis(2), to_columns).assign(&from);
    moved
}

#[cfg(all(test, feature = "digits"))]
mod tests {
    use super::*;
    use crate::data::digits;

    #[test]
    fn images_move_by_whole_pixels() {
        let images = Array4::from_shape_fn((1, 4, 3, 1), |(_, y, x, _)| (10 * y + x + 1) as f32);
        let down = moved(images.view(), [1, -2]);
        let expected = |y: usize, x: usize| if y >= 1 && x < 1 { images[[0, y - 1, x + 2, 0]] } else { 0.0 };
        assert_eq!(down, Array4::from_shape_fn((1, 4, 3, 1), |(_, y, x, _)| expected(y, x)));
        assert_eq!(moved(images.view(), [0, 0]), images);
    }

    #[test]
    fn training_and_round_trip_through_weights() {
        let data = digits::<f32>();
        let mut classifier = Classifier::new([28, 28, 1], 10, 0).unwrap();
        let before = classifier.accuracy(&data.test);
        let mut losses = Vec::new();
        classifier.train(&data.train, 3, 0, |epoch| {
            losses.push(epoch.loss);
            ControlFlow::Continue(())
        });
        // Random weights classify one digit in ten correctly.
        let after = classifier.accuracy(&data.test);
        assert!(before < 0.3 && after > 0.85, "{before}, {after}: {losses:?}");
        let again = Classifier::from_weights(&classifier.to_weights()).unwrap();
        assert_eq!(again.features(data.test.pixels.view()), classifier.features(data.test.pixels.view()));
    }

    #[test]
    fn files_that_are_not_classifiers() {
        let weights = Classifier::new([8, 8, 3], 2, 0).unwrap().to_weights();
        let with = |shape: &str| {
            let mut weights = weights.clone();
            weights.metadata.insert(SHAPE.into(), shape.into());
            Classifier::from_weights(&weights).unwrap_err().to_string()
        };
        assert!(with("8,8,3,5").contains("`scores.0.weight` has shape [2, 64], but the network needs [5, 64]"));
        for shape in ["", "8,8,3", "8,8,-3,2", "99999999,99999999,3,2", "8,8,3,99999999"] {
            assert!(with(shape).contains(&format!("`{shape}`")), "{}", with(shape));
        }
        assert!(Classifier::new([3, 8, 1], 2, 0).is_err());
    }
}
