use std::path::Path;

use ndarray::{Array2, ArrayView4, Axis};
use ndarray_rand::rand::SeedableRng;
use nn_layers::{Activation, Conv2d, Dense, Flatten, Sequential, Tensor, Weights, Window};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::ClassifierError;
use crate::Float;
use crate::data::Images;
use crate::model::in_batches;

/// Labels are bytes.
pub(super) const MOST_CLASSES: usize = 256;

/// Height and width of the smallest images: two convolutions that halve it leave one pixel.
pub(super) const SMALLEST: usize = 4;

/// The entry of a file's metadata that holds the [`Description`], as in the files of models.
pub(super) const DESCRIPTION: &str = "eae";

/// The filters of the two convolutions.
const FILTERS: [usize; 2] = [16, 32];

/// A small network that tells classes of images apart, for the sake of its last layer but one: images that look alike to
/// somebody who knows the classes lie close together there, which they need not as rows of pixels.
///
/// ```text
/// image  -> convolution to 16 channels, 4 x 4, stride 2, padding 1 -> ReLU
///        -> convolution to 32 channels, 4 x 4, stride 2, padding 1 -> ReLU
///        -> dense to 64 -> ReLU -> the features
///        -> dense to the classes -> softmax
/// ```
///
/// In a file the layers are numbered as PyTorch numbers those of two `nn.Sequential`, `body` up to the features and `head`
/// from them on: `body.0.weight`, `body.2.weight`, `body.5.weight`, `head.0.weight`, and the biases.
#[derive(Debug, Clone)]
pub struct Classifier<F: Float> {
    /// From images `[batch, height, width, channels]` to features `[batch, 64]`.
    pub body: Sequential<F>,
    /// From features to the logits of the classes, `[batch, classes]`.
    pub head: Sequential<F>,
}

/// What a file says of the classifier that it is of.
#[derive(Debug, Serialize, Deserialize)]
struct Description {
    model: Model,
    /// Height, width, channels.
    image: [usize; 3],
    classes: usize,
}

/// So that the file of an autoencoder is known as one.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Model {
    Classifier,
}

impl<F: Float> Classifier<F> {
    /// The numbers of an image's features.
    pub const FEATURES: usize = 64;

    /// For images `[height, width, channels]` of so many classes, its weights drawn by `seed`.
    ///
    /// # Errors
    ///
    /// If the images are of fewer than 4 x 4 pixels or no channel, or `classes` is not from 2 to 256.
    pub fn new(image: [usize; 3], classes: usize, seed: u64) -> Result<Self, ClassifierError> {
        let [height, width, channels] = image;
        if height < SMALLEST || width < SMALLEST || channels == 0 {
            return Err(ClassifierError::Image(image));
        }
        if !(2..=MOST_CLASSES).contains(&classes) {
            return Err(ClassifierError::Classes(classes));
        }
        let (halving, [first, second]) = (Window::square(4, 2, 1), FILTERS);
        let small = [height / 4, width / 4, second];
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let body = Sequential::on(&image)
            .then(Conv2d::new(channels, first, halving, rng))
            .then(Activation::Relu)
            .then(Conv2d::new(first, second, halving, rng))
            .then(Activation::Relu)
            .then(Flatten::new(small))
            .then(Dense::new(small.iter().product(), Self::FEATURES, rng))
            .then(Activation::Relu)
            .build()
            .expect("each halving rounds down");
        let head = Sequential::on(&[Self::FEATURES]).then(Dense::new(Self::FEATURES, classes, rng)).build();
        Ok(Self { body, head: head.expect("a layer on its own") })
    }

    /// Height, width and channels of the images.
    pub fn image_shape(&self) -> [usize; 3] {
        self.body.input_shape().try_into().expect("the body takes images")
    }

    /// How many classes it tells apart.
    pub fn classes(&self) -> usize {
        self.head.output_shape()[0]
    }

    /// The features `[n, 64]` of images `[n, height, width, channels]`: what the head makes its decision of, none of them
    /// negative.
    ///
    /// # Errors
    ///
    /// If the images are not of [`image_shape`](Classifier::image_shape).
    pub fn features(&self, images: ArrayView4<'_, F>) -> Result<Array2<F>, ClassifierError> {
        self.check_images(images)?;
        Ok(in_batches(&self.body, images))
    }

    /// The class that each of the images most likely shows.
    ///
    /// # Errors
    ///
    /// As [`features`](Classifier::features).
    pub fn classify(&self, images: ArrayView4<'_, F>) -> Result<Vec<u8>, ClassifierError> {
        let logits: Array2<F> = in_batches(&self.head, self.features(images)?.view());
        let largest = logits.outer_iter().map(|row| {
            let best = row.iter().enumerate().fold((0, F::neg_infinity()), |(best, largest), (class, &logit)| {
                if logit > largest { (class, logit) } else { (best, largest) }
            });
            u8::try_from(best.0).expect("at most 256 classes")
        });
        Ok(largest.collect())
    }

    /// The part of the images, from 0 to 1, whose label it finds; NaN of no images.
    ///
    /// # Errors
    ///
    /// As [`features`](Classifier::features), or if there is not a label for each image.
    pub fn accuracy(&self, images: &Images<F>) -> Result<f64, ClassifierError> {
        let labels = self.check_labels(images)?;
        let found = self.classify(images.pixels.view())?;
        let right = found.iter().zip(labels).filter(|(found, label)| found == label).count();
        Ok(right as f64 / labels.len() as f64)
    }

    /// What an optimiser changes, in a fixed order.
    pub fn parameters(&mut self) -> Vec<&mut Tensor<F>> {
        let mut parameters = self.body.parameters();
        parameters.extend(self.head.parameters());
        parameters
    }

    /// Writes the weights and what they are of to a file, whole or not at all.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), ClassifierError> {
        let mut weights = Weights::default();
        self.body.write("body", &mut weights);
        self.head.write("head", &mut weights);
        let description = Description { model: Model::Classifier, image: self.image_shape(), classes: self.classes() };
        let description = serde_json::to_string(&description).expect("plain data");
        weights.metadata.insert(DESCRIPTION.into(), description);
        Ok(weights.save(path)?)
    }

    /// Reads what [`save`](Classifier::save) wrote.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, does not say what images and classes it is for, or lacks a tensor or has one of another
    /// shape: then with the names of both.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, ClassifierError> {
        let path = path.as_ref();
        Self::described(&Weights::read(path)?, path)
    }

    /// Weights with a description, under the name that errors call them.
    pub(super) fn described(weights: &Weights, path: &Path) -> Result<Self, ClassifierError> {
        let wrong = |problem: String| ClassifierError::Description { path: path.display().to_string(), problem };
        let description = weights.metadata.get(DESCRIPTION).ok_or_else(|| wrong("it has no description".into()))?;
        let description = serde_json::from_str(description).map_err(|e| wrong(format!("`{description}`: {e}")))?;
        let Description { model: Model::Classifier, image, classes } = description;
        // The description says how large the network is; nothing is made that the file's tensors could not fill.
        let numbers = weights.element_count();
        let pixels = image.iter().try_fold(1_usize, |product, &side| product.checked_mul(side));
        if pixels.is_none_or(|pixels| pixels > numbers) {
            return Err(wrong(format!("image {image:?} is too large for the {numbers} numbers in it")));
        }
        Self::from_weights(image, classes, weights)
    }

    /// A classifier with given weights, for instance of a PyTorch model of the same layers.
    ///
    /// # Errors
    ///
    /// As [`new`](Classifier::new), or if the tensors `body.` and `head.` are not those of such a classifier.
    pub fn from_weights(image: [usize; 3], classes: usize, weights: &Weights) -> Result<Self, ClassifierError> {
        let mut classifier = Self::new(image, classes, 0)?;
        classifier.body.read("body", weights)?;
        classifier.head.read("head", weights)?;
        Ok(classifier)
    }

    pub(super) fn check_images(&self, images: ArrayView4<'_, F>) -> Result<(), ClassifierError> {
        let (_, height, width, channels) = images.dim();
        let (expected, found) = (self.image_shape(), [height, width, channels]);
        if expected == found { Ok(()) } else { Err(ClassifierError::ImageShape { expected, found }) }
    }

    /// The labels, one for each image and each of them a class.
    pub(super) fn check_labels<'a>(&self, images: &'a Images<F>) -> Result<&'a [u8], ClassifierError> {
        let labels = images.labels.as_deref().ok_or(ClassifierError::NoLabels)?;
        let (count, classes) = (images.pixels.len_of(Axis(0)), self.classes());
        if labels.len() != count {
            return Err(ClassifierError::Labels { labels: labels.len(), images: count });
        }
        match labels.iter().enumerate().find(|(_, label)| usize::from(**label) >= classes) {
            Some((image, &label)) => Err(ClassifierError::Label { image, label, classes }),
            None => Ok(labels),
        }
    }
}
