//! The same numbers as PyTorch, for every kind of layer: values, gradients, and parameters after a step of Adam.
//!
//! The two small files here were written by `make.py` beside them. Files for the presets hold millions of numbers and are
//! made on demand, in the same form with `mlp` or `conv28` as `model` in their description; name them, separated by colons:
//!
//! ```text
//! EAE_PARITY=/tmp/a.safetensors:/tmp/b.safetensors cargo test -p eae parity -- --nocapture
//! ```

use std::path::{Path, PathBuf};

use autodiff_mini::Tape;
use eae::{Autoencoder, Float, Objective};
use ndarray::{Array4, ArrayD, Ix4};
use ndarray_rand::rand::SeedableRng;
use nn_layers::optim::{self, Adam, Optimizer};
use nn_layers::{
    Activation, Affine, BatchNorm, Conv2d, ConvTranspose2d, Dense, Flatten, Sequential, Unflatten, Weights, Window,
};
use rand_chacha::ChaCha8Rng;

/// The largest difference from PyTorch that is allowed, in proportion to the largest number of a tensor.
const SINGLE: f64 = 1e-4;
const DOUBLE: f64 = 1e-9;

#[test]
fn small_network_in_single_precision() {
    check::<f32>(&beside("tiny-k1.safetensors"), SINGLE);
}

#[test]
fn small_network_in_double_precision() {
    check::<f64>(&beside("tiny-k3-double.safetensors"), DOUBLE);
}

#[test]
fn files_named_in_the_environment() {
    let files = std::env::var_os("EAE_PARITY").unwrap_or_default();
    for file in std::env::split_paths(&files).filter(|file| !file.as_os_str().is_empty()) {
        if is_double(&file) { check::<f64>(&file, DOUBLE) } else { check::<f32>(&file, SINGLE) }
    }
}

fn beside(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parity").join(name)
}

/// The Rust twin of `tiny` in `make.py`.
fn tiny<F: Float>(latent: usize) -> Autoencoder<F> {
    let rng = &mut ChaCha8Rng::seed_from_u64(0);
    let (halving, keeping) = (Window::square(4, 2, 1), Window::square(3, 1, 1));
    let encoder = Sequential::on(&[8, 8, 2])
        .then(Conv2d::new(2, 3, halving, rng))
        .then(Activation::Relu)
        .then(Conv2d::new(3, 4, keeping, rng))
        .then(BatchNorm::new(4))
        .then(Affine::new(4))
        .then(Activation::Relu)
        .then(Flatten::new([4, 4, 4]))
        .then(Dense::new(64, 10, rng))
        .then(Activation::Tanh)
        .then(Dense::new(10, latent, rng))
        .then(BatchNorm::new(latent));
    let decoder = Sequential::on(&[latent])
        .then(Dense::new(latent, 10, rng))
        .then(Activation::LeakyRelu(0.1))
        .then(Dense::new(10, 64, rng))
        .then(Activation::Softplus)
        .then(Unflatten::new([4, 4, 4]))
        .then(ConvTranspose2d::new(4, 3, keeping, rng))
        .then(Activation::Relu)
        .then(ConvTranspose2d::new(3, 2, halving, rng))
        .then(Activation::Sigmoid);
    Autoencoder::from_networks(encoder.build().unwrap(), decoder.build().unwrap()).unwrap()
}

/// A parity file, all of it in double precision, which is exact for either.
struct Reference(Weights);

impl Reference {
    fn get(&self, name: &str) -> Option<ArrayD<f64>> {
        Some(self.0.get(name, self.0.shape(name)?).unwrap())
    }

    fn number<T: std::str::FromStr<Err: std::fmt::Debug>>(&self, key: &str) -> T {
        self.0.metadata[key].parse().unwrap()
    }
}

fn check<F: Float>(file: &Path, tolerance: f64) {
    let reference = Reference(Weights::read(file).unwrap());
    let x: Array4<f64> = reference.get("x").unwrap().into_dimensionality::<Ix4>().unwrap();
    let x = x.permuted_axes([0, 2, 3, 1]).as_standard_layout().mapv(F::from_f64);
    let latent = reference.0.shape("z_eval").unwrap()[1];
    let mut model: Autoencoder<F> = match reference.0.metadata["model"].as_str() {
        "tiny" => tiny(latent),
        preset => {
            let (_, height, width, channels) = x.dim();
            Autoencoder::new(preset.parse().unwrap(), [height, width, channels], latent, 0).unwrap()
        }
    };
    model.read(&reference.0).unwrap();

    let mut worst: (f64, String) = (0.0, String::new());
    let mut compare = |name: &str, found: &ArrayD<f64>, expected: &ArrayD<f64>, scale: f64| {
        assert_eq!(found.shape(), expected.shape(), "{name}");
        let largest = (found - expected).fold(0.0_f64, |m, e| if e.is_nan() { f64::INFINITY } else { m.max(e.abs()) });
        assert!(largest <= tolerance * scale, "{}: {name} is off by {largest:e} of {scale:e}", file.display());
        if largest / scale > worst.0 {
            worst = (largest / scale, name.to_owned());
        }
    };
    let size = |array: &ArrayD<f64>| array.fold(0.0_f64, |m, x| m.max(x.abs()));
    let wide = |array: ArrayD<F>| array.mapv(|x| x.into_f64());
    let images =
        |array: Array4<F>| wide(array.permuted_axes([0, 3, 1, 2]).as_standard_layout().into_owned().into_dyn());

    let codes = model.encode(x.view());
    let back = model.decode(codes.view());
    for (name, found) in [("z_eval", wide(codes.into_dyn())), ("y_eval", images(back))] {
        let expected = reference.get(name).unwrap();
        compare(name, &found, &expected, size(&expected));
    }

    let (k, lambda) = (reference.number("k"), reference.number("lambda"));
    let objective = Objective { k, lambda, ..Objective::default() };
    let tape = Tape::new();
    let terms = objective.terms(&mut model, tape.constant(x), lambda).unwrap();
    let output = terms.output.value().into_owned().into_dimensionality().unwrap();
    let scalar = |x: autodiff_mini::Var<'_, F>| ArrayD::from_elem(vec![1], x.scalar().into_f64());
    for (name, found) in [
        ("z", wide(terms.codes.value().into_owned())),
        ("y", images(output)),
        ("loss", scalar(terms.loss)),
        ("mse", scalar(terms.mse)),
        ("entropy", scalar(terms.entropy)),
    ] {
        let Some(expected) = reference.get(name) else { continue };
        compare(name, &found, &expected, size(&expected));
    }

    // Gradients and updated parameters go through the same writer as weights do, and so arrive in PyTorch's layout.
    let loss = terms.loss.id();
    let gradients = tape.backward(loss);
    let parameters = model.parameters();
    let gradients = optim::collect(gradients, &parameters);
    let mut as_weights = model.clone();
    for (parameter, gradient) in as_weights.parameters().into_iter().zip(&gradients) {
        *parameter = gradient.clone().expect("every parameter has a gradient").into_shared();
    }
    let found_gradients = as_weights.to_weights();
    Adam::default().step(1e-3, model.parameters(), &gradients);
    let found_parameters = model.to_weights();

    let names: Vec<&str> = reference.0.names().filter_map(|name| name.strip_prefix("grad.")).collect();
    let steepest = names.iter().map(|name| size(&reference.get(&format!("grad.{name}")).unwrap())).fold(0.0, f64::max);
    for name in names {
        let get = |weights: &Weights| weights.get::<f64>(name, weights.shape(name).unwrap()).unwrap();
        let gradient = reference.get(&format!("grad.{name}")).unwrap();
        let (found, mut updated) = (get(&found_gradients), get(&found_parameters));
        // The bias before a batch normalisation has no influence: its gradient is 0 but for rounding, on both sides.
        let rounding = 300.0 * F::epsilon().into_f64() * steepest;
        if size(&gradient) < rounding {
            assert!(size(&found) < rounding, "{}: grad.{name} is {found}", file.display());
            continue;
        }
        compare(&format!("grad.{name}"), &found, &gradient, size(&gradient));
        // The first step of Adam is the learning rate times the sign of the gradient, nearly. Where the gradient is within
        // the tolerance, the sign means nothing.
        let expected = reference.get(&format!("adam.{name}")).unwrap();
        let blurred = tolerance * size(&gradient);
        ndarray::Zip::from(&mut updated).and(&expected).and(&gradient).for_each(|updated, &expected, &gradient| {
            if gradient.abs() < blurred {
                *updated = expected;
            }
        });
        compare(&format!("adam.{name}"), &updated, &expected, size(&expected));
    }
    println!("{}: at most {:.1e}, in {}", file.display(), worst.0, worst.1);
}

fn is_double(file: &Path) -> bool {
    // Asking for a count names the kind of number that is there instead.
    let weights = Weights::read(file).unwrap();
    weights.get_count("x").unwrap_err().to_string().contains("F64")
}
