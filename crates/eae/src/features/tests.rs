use ndarray::{Array2, Array4, ArrayD};
use nn_layers::{Weights, WeightsError};

use super::*;
use crate::data::digits;

/// What PyTorch 2.15 finds in double precision with the embedded file, for the image below: the features that are not 0.
const FEATURES: [(usize, f64); 17] = [
    (3, 0.216623945),
    (7, 1.250644192),
    (8, 7.984579507),
    (10, 4.653231735),
    (12, 4.63892123),
    (16, 3.821058481),
    (20, 3.038786892),
    (22, 0.782396878),
    (25, 3.688543481),
    (28, 3.940418421),
    (31, 6.239344068),
    (35, 3.687322377),
    (37, 0.815388528),
    (41, 7.353531483),
    (45, 8.749070874),
    (47, 3.937288331),
    (48, 5.495670089),
];
/// Its largest logit.
const CLASS: u8 = 3;

fn image() -> Array4<f64> {
    Array4::from_shape_fn((1, 28, 28, 1), |(_, y, x, _)| ((3 * y * y + 5 * x * y + 7 * x) % 256) as f64 / 255.0)
}

#[test]
fn the_features_are_those_that_pytorch_finds_with_the_same_file() {
    let mut expected = Array2::zeros((1, 64));
    for (place, value) in FEATURES {
        expected[[0, place]] = value;
    }
    let double = Features::Digits.of(image().view()).unwrap();
    let close = |found: Array2<f64>, most: f64| (found - &expected).iter().all(|difference| difference.abs() < most);
    assert!(close(double, 1e-8));
    let single = Features::Digits.of(image().mapv(|x| x as f32).view()).unwrap();
    assert!(close(single.mapv(f64::from), 1e-4));
    assert_eq!(Classifier::digits().classify(image().view()).unwrap(), [CLASS]);
}

#[test]
fn the_embedded_classifier_knows_digits_that_it_was_not_trained_on() {
    let (classifier, images) = (Classifier::<f32>::digits(), digits());
    assert_eq!((classifier.image_shape(), classifier.classes()), ([28, 28, 1], 10));
    let accuracy = classifier.accuracy(&images.test).unwrap();
    assert!(accuracy >= 0.99, "{accuracy}");
    // Of all 10 000 test images of MNIST, which both halves are, 9 941.
    let right = accuracy * 1_000.0 + classifier.accuracy(&images.train).unwrap() * 9_000.0;
    assert!((right - 9_941.0).abs() < 3.0, "{right}");
}

#[test]
fn pixels_are_rows() {
    let images = Array4::from_shape_fn((2, 2, 3, 2), |(n, y, x, c)| (100 * n + 6 * y + 2 * x + c) as f32);
    let rows = Features::Pixels.of(images.view()).unwrap();
    assert_eq!(rows, Array2::from_shape_fn((2, 12), |(n, i)| (100 * n + i) as f32));
    let mirrored = images.slice_axis(ndarray::Axis(2), ndarray::Slice::new(0, None, -1));
    assert_eq!(Features::Pixels.of(mirrored).unwrap()[[1, 1]], 105.0);
    assert_eq!(Features::Pixels.of(Array4::<f32>::zeros((0, 2, 3, 2)).view()).unwrap().dim(), (0, 12));
}

#[test]
fn saved_and_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("classifier.safetensors");
    let images = Array4::from_shape_fn((3, 9, 6, 2), |(n, y, x, c)| ((n + 2 * y + 3 * x + 5 * c) as f32).sin());
    let classifier = Classifier::<f32>::new([9, 6, 2], 3, 5).unwrap();
    classifier.save(&path).unwrap();
    let expected = classifier.features(images.view()).unwrap();
    assert_eq!(expected.dim(), (3, 64));
    assert_eq!(Features::load(&path).unwrap().of(images.view()).unwrap(), expected);
    let weights = Weights::read(&path).unwrap();
    let same = Classifier::<f32>::from_weights([9, 6, 2], 3, &weights).unwrap();
    assert_eq!(same.classify(images.view()).unwrap(), classifier.classify(images.view()).unwrap());
}

#[test]
fn files_of_something_else_are_named_with_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("odd.safetensors");
    let classifier = Classifier::<f32>::new([8, 8, 1], 3, 0).unwrap();
    let load = || Features::<f32>::load(&path).unwrap_err();
    let start = format!("{}: ", path.display());
    assert!(matches!(load(), ClassifierError::Weights(WeightsError::Io { .. })));

    classifier.save(&path).unwrap();
    let mut weights = Weights::read(&path).unwrap();
    weights.insert("head.0.bias", &ArrayD::<f32>::zeros(vec![4]));
    weights.save(&path).unwrap();
    assert_eq!(load().to_string(), format!("{start}`head.0.bias` has shape [4], the network needs [3]"));

    let mut without = Weights::default();
    without.metadata.clone_from(&weights.metadata);
    without.insert("body.0.weight", &ArrayD::<f32>::zeros(vec![16, 1, 4, 4]));
    without.save(&path).unwrap();
    assert!(load().to_string().starts_with(&format!("{start}no tensor `body.0.bias`")));
    assert!(matches!(load(), ClassifierError::Weights(WeightsError::Missing { name, .. }) if name == "body.0.bias"));

    let described = |description: &str| {
        let mut weights = weights.clone();
        weights.metadata.insert("eae".into(), description.into());
        weights.save(&path).unwrap();
        load().to_string()
    };
    let model = described(r#"{"model":"conv28","image":[28,28,1],"latent":16,"ending":"normalised"}"#);
    assert!(model.starts_with(&start) && model.contains("unknown variant `conv28`, expected `classifier`"), "{model}");
    let large = described(r#"{"model":"classifier","image":[4294967295,4294967295,4294967295],"classes":3}"#);
    assert!(large.contains("is too large for the"), "{large}");
    let small = described(r#"{"model":"classifier","image":[8,3,1],"classes":3}"#);
    assert!(small.ends_with("not [height, width, channels] = [8, 3, 1]"), "{small}");
    weights.metadata.clear();
    weights.save(&path).unwrap();
    assert!(load().to_string().starts_with(&format!("{start}it has no description; ")));
    std::fs::write(&path, "PNG").unwrap();
    assert!(matches!(load(), ClassifierError::Weights(WeightsError::Format { .. })));
}

#[test]
fn other_images_and_classes_are_errors() {
    let said = Features::Digits.of(Array4::<f32>::zeros((2, 32, 32, 3)).view()).unwrap_err().to_string();
    assert_eq!(said, "the features are of images of shape [28, 28, 1], these are [32, 32, 3]");
    for image in [[3, 8, 1], [8, 3, 1], [8, 8, 0]] {
        assert!(matches!(Classifier::<f32>::new(image, 2, 0), Err(ClassifierError::Image(_))));
    }
    for classes in [0, 1, 257] {
        assert!(matches!(Classifier::<f32>::new([4, 4, 1], classes, 0), Err(ClassifierError::Classes(_))));
    }
    for side in [4, 5, 6, 7, 9, 30] {
        Classifier::<f32>::new([side, 8, 1], 256, 0).unwrap();
    }
}
