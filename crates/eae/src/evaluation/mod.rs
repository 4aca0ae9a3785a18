//! The quality of a model: its reconstructions, its codes and its samples.

mod samples;

use std::fmt;

use ndarray::{ArrayView2, ArrayView4, Axis};
use serde::Serialize;
use thiserror::Error;

use crate::data::{DataError, Source};
use crate::metrics::{CodeReport, LatentReport, MetricError, mean_image_error, reconstruction_error};
use crate::{Autoencoder, Criterion, Float};

pub use samples::{Judge, SampleQuality, SampleReport};

/// The evaluation of a model on held-out images or vectors.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Evaluation {
    /// The squared error, averaged over the samples. It is summed over the pixels of an image, or
    /// over the standardized columns of a vector.
    pub reconstruction_error: f64,
    /// The squared error of the mean training image or vector, for comparison.
    pub mean_image_error: f64,
    /// True for vectors, whose errors are in squared standard deviations of their columns.
    pub standardized: bool,
    /// Statistics of the codes, compared with N(0, I).
    pub codes: CodeReport,
    /// Tests of whether the codes follow N(0, I), if requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tests: Option<LatentReport>,
}

/// A reason why a model cannot be evaluated.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EvaluationError {
    /// The training images cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The entropy of the codes cannot be estimated.
    #[error("the entropy of the codes cannot be estimated: {0}")]
    Entropy(knn_entropy::Error),
    /// The codes cannot be tested, or the samples cannot be compared.
    #[error(transparent)]
    Metric(#[from] MetricError),
}

impl From<knn_entropy::Error> for EvaluationError {
    fn from(problem: knn_entropy::Error) -> Self {
        Self::Entropy(problem)
    }
}

impl Evaluation {
    /// Evaluates `model`, trained on `train` with `objective`, on the images `test`.
    ///
    /// # Errors
    ///
    /// If the training images cannot be read, there are fewer than two images `test`, or the
    /// entropy of their codes cannot be estimated.
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
        let n = test.len_of(Axis(0));
        if n < 2 {
            return Err(MetricError::TooFew { set: "held-out images", n, needed: 2 }.into());
        }
        let codes = model.encode(test);
        let report = CodeReport::new(codes.view(), objective.k())?;
        Self::of_codes(model, codes.view(), report, None, train, test)
    }

    /// Evaluates `model` and tests whether its `codes` of the images `test` follow N(0, I), as
    /// [`LatentReport::new`] does.
    ///
    /// # Errors
    ///
    /// If the training images cannot be read, or the codes cannot be tested.
    ///
    /// # Panics
    ///
    /// If the codes or the images are not of the model's shape.
    pub fn with_tests<F: Float>(
        model: &Autoencoder<F>,
        codes: ArrayView2<'_, F>,
        k: usize,
        seed: u64,
        train: impl Source<F>,
        test: ArrayView4<'_, F>,
    ) -> Result<Self, EvaluationError> {
        let (report, tests) = LatentReport::with_codes(codes, k, seed)?;
        Self::of_codes(model, codes, report, Some(tests), train, test)
    }

    fn of_codes<F: Float>(
        model: &Autoencoder<F>,
        codes: ArrayView2<'_, F>,
        report: CodeReport,
        tests: Option<LatentReport>,
        train: impl Source<F>,
        test: ArrayView4<'_, F>,
    ) -> Result<Self, EvaluationError> {
        Ok(Self {
            reconstruction_error: reconstruction_error(test, model.decode(codes).view()),
            mean_image_error: mean_image_error(train, test)?,
            standardized: model.columns().is_some(),
            codes: report,
            tests,
        })
    }
}

/// Formats the evaluation as a small table.
impl fmt::Display for Evaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CodeReport { n, d, k, .. } = self.codes;
        let codes = self.codes;
        let (images, summed, image) = match self.standardized {
            true => ("vectors", "reconstruction error, standardized", "vector"),
            false => ("images", "reconstruction error, summed over pixels", "image"),
        };
        writeln!(f, "{:<48}model    compare with", format!("on {n} {images} that were held out"))?;
        let (error, mean) = (self.reconstruction_error, self.mean_image_error);
        // A standardized error can be small.
        let digits = if error < 0.1 { 4 } else { 2 };
        writeln!(f, "{summed:<40}  {error:9.digits$}  {mean:9.2}  (the mean {image})")?;
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
