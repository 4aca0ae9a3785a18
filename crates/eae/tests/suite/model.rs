//! Saving and loading models, and models of the user's own networks.

use eae::data::Columns;
use eae::network::{Architecture, LayerSpec};
use eae::{Autoencoder, Ending, ModelError, Network, Preset, TrainConfig, train};
use ndarray::{Array2, Array4, Axis};
use ndarray_rand::rand::SeedableRng;
use nn_layers::{BatchNorm, Dense, Flatten, Sequential, Unflatten, Weights};
use rand_chacha::ChaCha8Rng;

use crate::some_digits;

#[test]
fn saved_models_are_loaded_again() {
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
        // Loading in double precision agrees up to rounding.
        let double = Autoencoder::<f64>::load(&path).unwrap();
        let difference = double.encode(images.mapv(f64::from).view()) - model.encode(images.view()).mapv(f64::from);
        assert!(difference.iter().all(|e| e.abs() < 1e-4));
    }
}

#[test]
fn errors_name_files_that_are_not_models() {
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
        error(&|weights| weights.metadata.clear())
            .starts_with("the file has no description, which only `Autoencoder::read` can do without; a model file")
    );
    assert!(error(&say("{")).starts_with("`{`: EOF while parsing"));
    let unknown = error(&say(r#"{"model": "conv29", "image": [4, 4, 1], "latent": 2}"#));
    assert!(
        unknown.contains("unknown variant `conv29`, expected one of `mlp`, `conv28`, `deep28`, `conv32`, `paper32`"),
        "{unknown}"
    );
    // A description does not cause allocations beyond the size of the file.
    let large = "weights, but the file holds only";
    for (huge, expected) in [
        (r#"{"model": "mlp", "image": [4, 4, 1], "latent": 1152921504606846976}"#, "it must be from 1 to 65536"),
        (r#"{"model": "mlp", "image": [4294967296, 4294967296, 4294967296], "latent": 2}"#, "samples of 1 to 16777216"),
        (r#"{"model": "mlp", "image": [4, 4000, 1], "latent": 2}"#, large),
        (
            r#"{"model": {"encoder": ["dense 20000", "dense 20000"], "decoder": ["dense 16"]}, "image": [4, 4, 1], "latent": 2}"#,
            large,
        ),
        (
            r#"{"model": {"encoder": ["dense 9999999", "dense 9999999"], "decoder": []}, "image": [4, 4, 1], "latent": 2}"#,
            "brings the number of weights to 100000",
        ),
        (
            r#"{"model": "mlp", "image": [4, 4, 1], "latent": 2, "columns": {"mean": [1], "scale": [1]}}"#,
            "1 columns do not fit",
        ),
    ] {
        let error = error(&say(huge));
        assert!(error.contains(expected), "{error}");
    }
    let other = error(&say(r#"{"model": "mlp", "image": [4, 4, 1], "latent": 3}"#));
    assert_eq!(other, "`encoder.5.weight` has shape [2, 256], but the network needs [3, 256]");
    assert!(matches!(Autoencoder::<f32>::load(folder.path().join("none")), Err(ModelError::Weights(_))));
}

#[test]
fn impossible_models_are_errors() {
    let error = Autoencoder::<f32>::new(Preset::Mlp, [28, 28, 1], 0, 0).unwrap_err();
    assert_eq!(error.to_string(), "the latent dimension is 0; it must be from 1 to 65536");
    let error = Autoencoder::<f32>::new(Preset::Conv28, [28, 30, 1], 2, 0).unwrap_err();
    assert_eq!(error.to_string(), "conv28 takes images whose sides are multiples of 4, but these are 28 x 30; use mlp");
}

#[test]
fn user_defined_networks() {
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
    assert!(error.to_string().ends_with("these map [3, 2, 1] to [3] and [2] to [3, 2, 1]"), "{error}");
    let mut model = Autoencoder::from_networks(encoder, decoder).unwrap();
    let images = ndarray::Array4::from_shape_fn((9, 3, 2, 1), |(n, y, x, _)| ((n * n + y) * (x + 1)) as f64 / 70.0);
    model.recalibrate(images.view()).unwrap();
    assert!(model.encode(images.view()).mean_axis(Axis(0)).unwrap().iter().all(|m| m.abs() < 1e-12));
    // Without a description in the file, the caller provides the networks.
    let weights = model.to_weights();
    let mut again = model.clone();
    again.parameters()[0].fill(0.0);
    again.read(&weights).unwrap();
    assert_eq!(again.reconstruct(images.view()), model.reconstruct(images.view()));
}

/// Checks that the description of a preset and its random weights for a seed never change.
#[test]
fn presets_do_not_change() {
    use Ending::{MeanAndLogVariance, Normalized, Plain};
    let (gray, color) = ([28, 28, 1], [32, 32, 3]);
    for (preset, image, ending, expected) in [
        (Preset::Mlp, gray, Normalized, 0x3f4f_4f53_69a8_c6af),
        (Preset::Mlp, gray, Plain, 0x23ff_d361_c454_42e7),
        (Preset::Mlp, gray, MeanAndLogVariance, 0x6228_f9d0_ed74_5250),
        (Preset::Conv28, gray, Normalized, 0xdc35_4f41_008e_6107),
        (Preset::Deep28, gray, Normalized, 0x0ac6_031a_56fb_f15c),
        (Preset::Conv32, color, Normalized, 0xf312_de73_31d2_0e08),
        (Preset::Paper32, color, Normalized, 0x14bd_e459_2e62_8e49),
    ] {
        let weights = Autoencoder::<f32>::with_ending(preset, image, 5, ending, 3).unwrap().to_weights();
        let ending = serde_json::to_string(&ending).unwrap();
        let (name, [height, width, channels]) = (preset.name(), image);
        let description =
            format!(r#"{{"model":"{name}","image":[{height},{width},{channels}],"latent":5,"ending":{ending}}}"#);
        assert_eq!(weights.metadata["eae"], description);
        // The FNV hash, with words in place of bytes.
        let step = |sum: u64, word: u64| (sum ^ word).wrapping_mul(0x0100_0000_01b3);
        assert_eq!(words(&weights).into_iter().fold(0xcbf2_9ce4_8422_2325, step), expected, "{preset}");
    }
}

/// Returns the names and bits of all tensors except counts.
fn words(weights: &Weights) -> Vec<u64> {
    let mut words = Vec::new();
    for name in weights.names() {
        words.extend(name.bytes().map(u64::from));
        let Ok(values) = weights.get::<f32>(name, weights.shape(name).unwrap()) else { continue };
        words.extend(values.iter().map(|value| u64::from(value.to_bits())));
    }
    words
}

fn layers(text: &[&str]) -> Vec<LayerSpec> {
    text.iter().map(|layer| layer.parse().unwrap()).collect()
}

#[test]
fn described_networks_round_trip() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let network = Network {
        encoder: layers(&["conv 3 kernel=3x2 stride=2", "batch-norm", "affine", "leaky-relu 0.1", "dense 9", "tanh"]),
        decoder: layers(&["dense 6", "relu", "unflatten 2 3 1", "conv-transpose 1 kernel=3x2 stride=2x1"]),
    };
    let mut model = Autoencoder::<f32>::new(network.clone(), [5, 4, 1], 2, 3).unwrap();
    let images = Array4::from_shape_fn((9, 5, 4, 1), |(n, y, x, _)| ((n * n + y) * (x + 1)) as f32 / 300.0);
    model.recalibrate(images.view()).unwrap();
    model.save(&path).unwrap();
    let loaded = Autoencoder::<f32>::load(&path).unwrap();
    assert_eq!((loaded.architecture(), loaded.preset()), (Some(&network.into()), None));
    assert_eq!(loaded.ending(), Some(Ending::Normalized));
    assert_eq!(loaded.reconstruct(images.view()), model.reconstruct(images.view()));
}

/// Checks that a preset written out as layers has the same weights and trains the same way.
#[test]
fn a_description_of_a_preset_equals_the_preset() {
    let network = Network {
        encoder: layers(&["flatten", "dense 512", "relu", "dense 256", "relu"]),
        decoder: layers(&["dense 256", "relu", "dense 512", "relu", "dense 784", "sigmoid", "unflatten 28 28 1"]),
    };
    let images = some_digits(60).pixels;
    let config = TrainConfig::default().epochs(2).batch_size(30);
    let trained = |architecture: Architecture| {
        let mut model = Autoencoder::<f32>::new(architecture, [28, 28, 1], 4, 1).unwrap();
        train(&mut model, images.view(), &config, &mut ()).unwrap();
        words(&model.to_weights())
    };
    assert!(trained(network.into()) == trained(Preset::Mlp.into()));
}

#[test]
fn models_of_vectors_keep_their_columns() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let rows = Array2::from_shape_fn((30, 3), |(i, j)| 1e6 + (i * i * (j + 1) % 17) as f64);
    let columns = Columns::fit(rows.view(), Some(["a", "b", "c"].map(str::to_owned).to_vec()));
    let mut model = Autoencoder::<f32>::for_vectors(Preset::Mlp, columns.clone(), 2, Ending::Plain, 0).unwrap();
    let images = columns.standardize::<f32>(rows.view());
    model.recalibrate(images.view()).unwrap();
    // Decoded values are not limited to the range from 0 to 1.
    assert!(model.reconstruct(images.view()).iter().any(|&x| x < 0.0));
    model.save(&path).unwrap();
    let loaded = Autoencoder::<f32>::load(&path).unwrap();
    assert_eq!((loaded.columns(), loaded.image_shape()), (Some(&columns), [1, 3, 1]));
    assert_eq!(loaded.reconstruct(images.view()), model.reconstruct(images.view()));

    let sigmoid = Network { encoder: Vec::new(), decoder: layers(&["dense 3", "sigmoid"]) };
    let error = Autoencoder::<f32>::for_vectors(sigmoid, columns.clone(), 2, Ending::Plain, 0).unwrap_err().to_string();
    let expected = "the described network does not take vectors of 3 columns: the decoder ends in `sigmoid`, but";
    assert!(error.starts_with(expected), "{error}");
    let error = Autoencoder::<f32>::for_vectors(Preset::Conv28, columns, 2, Ending::Plain, 0).unwrap_err().to_string();
    assert!(
        error.contains("does not take vectors of 3 columns: `conv 32 kernel=4 stride=2 padding=1` of the"),
        "{error}"
    );
}
