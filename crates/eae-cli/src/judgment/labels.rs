//! Training of classifiers on the labels of a data set.

use std::ops::ControlFlow;

use eae::data::{Images, Split};
use eae::features::Classifier;
use serde::Serialize;

use crate::failure::Failure;

/// Default number of images in a training of a classifier, which takes a minute for small images.
const SEEN: usize = 300_000;

/// A classifier, and its accuracy on held-out images.
pub(crate) struct Trained {
    pub(crate) classifier: Classifier,
    pub(crate) epochs: usize,
    pub(crate) held_out: HeldOut,
}

/// The result of a classifier on held-out images.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct HeldOut {
    /// Number of images.
    pub(crate) n: usize,
    /// Fraction that is classified correctly.
    pub(crate) accuracy: f64,
    /// Fraction of the class that has the most training images: the accuracy of always answering
    /// with that class.
    pub(crate) most_frequent: f64,
}

impl HeldOut {
    /// Returns a warning if the classifier is not better than always guessing one class.
    pub(crate) fn warning(&self) -> Option<String> {
        let &Self { n, accuracy, most_frequent } = self;
        // Two standard errors of a fraction.
        let noise = 2.0 * (most_frequent * (1.0 - most_frequent) / n.max(1) as f64).sqrt();
        (n == 0 || accuracy <= most_frequent + noise).then(|| {
            format!(
                "the classifier has an accuracy of {:.0} % on {n} held-out images, but always guessing the most frequent class \
                 has {:.0} %; the features of this classifier say little, so use --features pca",
                100.0 * accuracy,
                100.0 * most_frequent
            )
        })
    }
}

/// Trains a classifier on labeled images, and shows the progress unless `quiet`.
pub(crate) fn train(data: &Split<f32>, epochs: Option<usize>, seed: u64, quiet: bool) -> Result<Trained, Failure> {
    let Split { train, test } = data;
    let (Some(labels), Some(test_labels)) = (&train.labels, &test.labels) else {
        return Err(Failure::usage(
            "the images have no labels to train a classifier on; labels are the subfolders of an image folder, the \
             labels beside idx files, or the column that --label names; --features pca needs none",
        ));
    };
    let count = |labels: &[u8], class: u8| labels.iter().filter(|label| **label == class).count();
    let classes = labels.iter().chain(test_labels).max().map_or(0, |most| usize::from(*most) + 1);
    let frequent = (0..=u8::MAX).max_by_key(|class| count(labels, *class)).unwrap_or_default();
    if count(labels, frequent) == labels.len() {
        return Err(Failure::usage(format!(
            "all {} training images have the label {frequent}, but a classifier needs two classes; use --features pca",
            labels.len()
        )));
    }
    let (_, height, width, channels) = train.pixels.dim();
    let mut classifier = Classifier::new([height, width, channels], classes, seed)
        .map_err(|e| Failure::usage(format!("the images are too small for a classifier: {e}; use --features pca")))?;
    let epochs = epochs.unwrap_or((SEEN / train.len().max(1)).clamp(5, 50));
    classifier.train(train, epochs, seed, |epoch| {
        if !quiet {
            errln!("classifier: epoch {} of {epochs}, cross-entropy {:.3}", epoch.epoch, epoch.loss);
        }
        ControlFlow::Continue(())
    });
    let n = test.len();
    let accuracy = if n == 0 { 0.0 } else { classifier.accuracy(test) };
    let held_out = HeldOut { n, accuracy, most_frequent: count(test_labels, frequent) as f64 / n.max(1) as f64 };
    Ok(Trained { classifier, epochs, held_out })
}

/// Splits images into nine tenths to train on and a tenth to hold out.
pub(crate) fn split(images: &Images<f32>) -> Split<f32> {
    let (test, train): (Vec<_>, Vec<_>) = (0..images.len()).partition(|place| place % 10 == 9);
    Split { train: images.select(&train), test: images.select(&test) }
}
