//! Models on disk, and models of one's own.

use eae::{Autoencoder, ModelError, Preset};
use ndarray::Axis;
use ndarray_rand::rand::SeedableRng;
use nn_layers::{BatchNorm, Dense, Flatten, Sequential, Unflatten, Weights};
use rand_chacha::ChaCha8Rng;

use crate::some_digits;

#[test]
fn what_is_saved_is_loaded_again() {
    let folder = tempfile::tempdir().unwrap();
    let images = some_digits(300).pixels;
    for preset in [Preset::Mlp, Preset::Conv28] {
        let path = folder.path().join(format!("{preset}.safetensors"));
        let mut model = Autoencoder::<f32>::new(preset, [28, 28, 1], 7, 3).unwrap();
        model.recalibrate(images.view()).unwrap();
        model.save(&path).unwrap();
        let loaded = Autoencoder::<f32>::load(&path).unwrap();
        assert_eq!((loaded.preset(), loaded.latent(), loaded.image_shape()), (Some(preset), 7, [28, 28, 1]));
        assert_eq!(loaded.reconstruct(images.view()), model.reconstruct(images.view()));
        // And in double precision to rounding.
        let double = Autoencoder::<f64>::load(&path).unwrap();
        let difference = double.encode(images.mapv(f64::from).view()) - model.encode(images.view()).mapv(f64::from);
        assert!(difference.iter().all(|e| e.abs() < 1e-4));
    }
}

#[test]
fn files_that_are_something_else_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let good = Autoencoder::<f32>::new(Preset::Mlp, [4, 4, 1], 2, 0).unwrap().to_weights();
    let error = |change: &dyn Fn(&mut Weights)| {
        let mut weights = good.clone();
        change(&mut weights);
        weights.save(&path).unwrap();
        let message = Autoencoder::<f32>::load(&path).unwrap_err().to_string();
        message.strip_prefix(&format!("{}: ", path.display())).expect("the file is named").to_owned()
    };
    let say = |description: &'static str| {
        move |weights: &mut Weights| drop(weights.metadata.insert("eae".into(), description.into()))
    };
    assert!(
        error(&|weights| weights.metadata.clear()).starts_with("it has no description; a file of this program says")
    );
    assert!(error(&say("{")).starts_with("`{`: EOF while parsing"));
    let unknown = error(&say(r#"{"model": "conv29", "image": [4, 4, 1], "latent": 2}"#));
    assert!(
        unknown.contains("unknown variant `conv29`, expected one of `mlp`, `conv28`, `conv32`, `paper32`"),
        "{unknown}"
    );
    // Nothing is allocated on the description's word.
    for huge in [
        r#"{"model": "mlp", "image": [4, 4, 1], "latent": 1152921504606846976}"#,
        r#"{"model": "mlp", "image": [4294967296, 4294967296, 4294967296], "latent": 2}"#,
    ] {
        assert!(error(&say(huge)).contains("are too large for the"));
    }
    let other = error(&say(r#"{"model": "mlp", "image": [4, 4, 1], "latent": 3}"#));
    assert_eq!(other, "`encoder.5.weight` has shape [2, 256], the network needs [3, 256]");
    assert!(matches!(Autoencoder::<f32>::load(folder.path().join("none")), Err(ModelError::Weights(_))));
}

#[test]
fn a_model_that_cannot_be_is_refused() {
    let error = Autoencoder::<f32>::new(Preset::Mlp, [28, 28, 1], 0, 0).unwrap_err();
    assert_eq!(error.to_string(), "a code of 0 numbers; it must have from 1 to 65536");
    let error = Autoencoder::<f32>::new(Preset::Conv28, [28, 32, 1], 2, 0).unwrap_err();
    assert_eq!(
        error.to_string(),
        "conv28 does not take images of shape [28, 32, 1]: layer 4: Flatten takes [7, 7, 64], got shape [7, 8, 64]"
    );
}

#[test]
fn networks_of_ones_own() {
    let rng = &mut ChaCha8Rng::seed_from_u64(0);
    let mut encoder = |image: [usize; 3], latent| {
        let pixels = image.iter().product();
        let layers = Sequential::<f64>::on(&image).then(Flatten::new(image)).then(Dense::new(pixels, latent, rng));
        layers.then(BatchNorm::new(latent)).build().unwrap()
    };
    let (encoder, other) = (encoder([3, 2, 1], 2), encoder([3, 2, 1], 3));
    let rng = &mut ChaCha8Rng::seed_from_u64(1);
    let decoder = Sequential::on(&[2]).then(Dense::new(2, 6, rng)).then(Unflatten::new([3, 2, 1])).build().unwrap();
    let error = Autoencoder::from_networks(other, decoder.clone()).unwrap_err();
    assert!(error.to_string().ends_with("these take [3, 2, 1] to [3] and [2] to [3, 2, 1]"), "{error}");
    let mut model = Autoencoder::from_networks(encoder, decoder).unwrap();
    let images = ndarray::Array4::from_shape_fn((9, 3, 2, 1), |(n, y, x, _)| ((n * n + y) * (x + 1)) as f64 / 70.0);
    model.recalibrate(images.view()).unwrap();
    assert!(model.encode(images.view()).mean_axis(Axis(0)).unwrap().iter().all(|m| m.abs() < 1e-12));
    // Without a preset the file does not say what it is of; the networks do.
    let weights = model.to_weights();
    let mut again = model.clone();
    again.parameters()[0].fill(0.0);
    again.read(&weights).unwrap();
    assert_eq!(again.reconstruct(images.view()), model.reconstruct(images.view()));
}
