use std::fmt;

use ndarray::ArrayView4;
use serde::Serialize;
use thiserror::Error;

use crate::data::{DataError, Source};
use crate::metrics::{CodeReport, mean_image_error, reconstruction_error};
use crate::{Autoencoder, Criterion, Float};

/// A model on images, or vectors, that it was not trained on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Evaluation {
    /// The squared error, summed over pixels and averaged over images; of vectors summed over columns, each standardised.
    pub reconstruction_error: f64,
    /// That of the mean training image, or vector.
    pub mean_image_error: f64,
    /// Whether it is of vectors, and errors are in squared standard deviations of their columns.
    #[serde(rename = "standardised")]
    pub standardized: bool,
    /// The codes beside N(0, I).
    pub codes: CodeReport,
}

/// Why a model could not be judged.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EvaluationError {
    /// The images that it was trained on cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The entropy of the codes cannot be estimated.
    #[error("the entropy of the codes cannot be estimated: {0}")]
    Entropy(knn_entropy::Error),
}

impl From<knn_entropy::Error> for EvaluationError {
    fn from(problem: knn_entropy::Error) -> Self {
        Self::Entropy(problem)
    }
}

impl Evaluation {
    /// Of `model` on the images `test`, having been trained on `train` by `objective`.
    ///
    /// # Errors
    ///
    /// If the training images cannot be read, or the entropy of the codes cannot be estimated.
    ///
    /// # Panics
    ///
    /// If the images are not of the model's shape.
    pub fn new<F: Float>(
        model: &Autoencoder<F>,
        objective: &impl Criterion,
        train: impl Source<F>,
        test: ArrayView4<'_, F>,
    ) -> Result<Self, EvaluationError> {
        let codes = model.encode(test);
        let reconstructions = model.decode(codes.view());
        Ok(Self {
            reconstruction_error: reconstruction_error(test, reconstructions.view()),
            mean_image_error: mean_image_error(train, test)?,
            standardized: model.columns().is_some(),
            codes: CodeReport::new(codes.view(), objective.k())?,
        })
    }
}

/// A small table.
impl fmt::Display for Evaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CodeReport { n, d, k, .. } = self.codes;
        let codes = self.codes;
        let (images, summed, image) = match self.standardized {
            true => ("vectors", "reconstruction error, standardised", "vector"),
            false => ("images", "reconstruction error, summed over pixels", "image"),
        };
        writeln!(f, "{:<48}model    compare with", format!("on {n} {images} that were held out"))?;
        let (error, mean) = (self.reconstruction_error, self.mean_image_error);
        writeln!(f, "{summed:<40}  {error:9.2}  {mean:9.2}  (the mean {image})")?;
        let (entropy, normal) = (codes.entropy, codes.normal_entropy);
        writeln!(
            f,
            "entropy of the code in nats (k = {k}, d = {d}) {entropy:8.2}  {normal:9.2}  (N(0, I), same n and k)"
        )?;
        let (radius, normal) = (codes.radius_mean, codes.normal_radius_mean);
        writeln!(f, "radius of the code, mean                  {radius:9.3}  {normal:9.3}  (N(0, I))")?;
        let (radius, normal) = (codes.radius_sd, codes.normal_radius_sd);
        write!(f, "radius of the code, standard deviation    {radius:9.3}  {normal:9.3}  (N(0, I))")
    }
}
