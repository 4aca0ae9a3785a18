//! Readers for each format that also check the result. The tests of broken files
//! (`suite/hostile.rs`) and the fuzzer (`fuzz/run.sh`) use them.

use std::fmt::Display;
use std::fs;
use std::path::Path;

use eae::network::{Architecture, LayerSpec};
use eae::{Autoencoder, MakeStep, Network, Stepper, Training};
use ndarray::{Array2, Array4, ArrayView2, Axis};
use nn_layers::Weights;

/// Reads a file, or returns a message with the problem.
pub(crate) type Reader = fn(&Path) -> Result<(), String>;

/// The reader of each format.
pub(crate) const READERS: [(&str, Reader); 3] =
    [("safetensors", safetensors), ("checkpoint", checkpoint), ("network", network)];

fn text(problem: impl Display) -> String {
    problem.to_string()
}

/// Adds the file name where the library reads a text and does not know the file.
fn named(path: &Path) -> impl Fn(&dyn Display) -> String {
    move |problem| format!("{}: {problem}", path.display())
}

/// Reads the weights of a model.
fn safetensors(path: &Path) -> Result<(), String> {
    let weights = Weights::read(path).map_err(text)?;
    for name in weights.names() {
        let shape = weights.shape(name).expect("the tensor of a name");
        if let Ok(array) = weights.get::<f32>(name, shape) {
            assert_eq!(array.shape(), shape);
        }
    }
    let model = Autoencoder::load(path).map_err(text)?;
    let architecture = model.architecture().expect("a model out of a file is described");
    if is_small(&architecture.network(model.image_shape()), model.image_shape(), model.latent()) {
        go_through(&model);
    }
    Ok(())
}

/// Reads a checkpoint and continues the training on the same number of images.
fn checkpoint(path: &Path) -> Result<(), String> {
    let weights = Weights::read(path).map_err(text)?;
    let layers = |layers: &[&str]| layers.iter().map(|layer| layer.parse().expect("a layer")).collect();
    let network = Network { encoder: layers(&["dense 3", "tanh"]), decoder: layers(&["dense 4", "sigmoid"]) };
    let mut model = Autoencoder::<f32>::new(network, [2, 2, 1], 2, 0).expect("a network for such images");
    let (mut training, state) = Training::read(&mut model, &weights).map_err(|e| named(path)(&e))?;
    let mut stepper = Stepper::default();
    stepper.restore(state).expect("the CPU takes every state");
    let (count, config) = (training.images(), training.config().clone());
    // Finding the order of the images shuffles all previous epochs.
    if count > 64 || training.epochs() > 1000 {
        return Ok(());
    }
    let images = Array4::from_shape_fn((count, 2, 2, 1), |(n, y, x, _)| ((7 * n + 3 * y + x) % 10) as f32 / 10.0);
    config.check(&model, images.view()).map_err(|e| named(path)(&e))?;
    let before = training.steps();
    if let Ok(Some((report, _))) = training.step(&mut model, images.view(), &mut stepper) {
        assert_eq!((report.step, training.steps()), (before, before + 1));
    }
    Ok(())
}

/// Reads a description of networks for images of 30 values.
fn network(path: &Path) -> Result<(), String> {
    const IMAGE: [usize; 3] = [6, 5, 1];
    let written = fs::read_to_string(path).map_err(|e| named(path)(&e))?;
    let network: Network = toml::from_str(&written).map_err(|e| named(path)(&e))?;
    let again = toml::to_string(&network).expect("plain data");
    assert_eq!(toml::from_str::<Network>(&again).expect("what was written"), network);

    // Plan the shapes first, as for a file without weights. No description may cause an allocation.
    let folder = tempfile::tempdir().map_err(text)?;
    let file = folder.path().join("described.safetensors");
    let mut weights = Weights::default();
    let description = serde_json::json!({ "model": network, "image": IMAGE, "latent": 2 });
    weights.metadata.insert("eae".to_owned(), description.to_string());
    weights.save(&file).map_err(text)?;
    let problem = text(Autoencoder::<f32>::load(&file).expect_err("no weights"));
    if !problem.contains("but the file holds only 0") {
        return Err(named(path)(&problem));
    }
    if is_small(&network, IMAGE, 2) {
        go_through(&Autoencoder::new(Architecture::Own(network), IMAGE, 2, 0).expect("networks that were planned"));
    }
    Ok(())
}

/// Returns true if the networks can be built and evaluated quickly. Slower networks are not a
/// defect.
fn is_small(network: &Network, [height, width, channels]: [usize; 3], latent: usize) -> bool {
    let largest = |layer: &LayerSpec| match *layer {
        LayerSpec::Dense(n) => n,
        LayerSpec::Conv(n, window) | LayerSpec::ConvTranspose(n, window) => {
            [window.kernel, window.stride, window.padding].as_flattened().iter().fold(n, |most, &side| most.max(side))
        }
        LayerSpec::Unflatten(image) => image.into_iter().max().unwrap_or(0),
        _ => 0,
    };
    let is_small = |layers: &Vec<LayerSpec>| {
        let growing = layers.iter().filter(|layer| matches!(layer, LayerSpec::ConvTranspose(..))).count();
        layers.len() <= 8 && growing <= 1 && layers.iter().all(|layer| largest(layer) <= 8)
    };
    let numbers = height.saturating_mul(width).saturating_mul(channels);
    numbers <= 256 && latent <= 64 && is_small(&network.encoder) && is_small(&network.decoder)
}

/// Evaluates every layer, which checks the planned shapes.
fn go_through(model: &Autoencoder<f32>) {
    let [height, width, channels] = model.image_shape();
    let codes: Array2<f32> = model.encode(Array4::zeros((1, height, width, channels)).view());
    assert_eq!(codes.dim(), (1, model.latent()));
    let zeros = ArrayView2::from_shape((1, model.latent()), &[0.0; 64][..model.latent()]).expect("at most 64");
    assert_eq!(model.decode(zeros).index_axis(Axis(0), 0).shape(), [height, width, channels]);
}
