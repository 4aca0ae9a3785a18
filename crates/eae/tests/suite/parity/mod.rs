//! Compares every kind of layer with PyTorch: values, gradients, and parameters after a step of
//! Adam.
//!
//! `make.py` wrote the two small files in this folder. Files for the presets hold millions of
//! numbers and are made on demand, in the same form with a preset's name as `model` in the
//! metadata. Name them, separated by colons:
//!
//! ```text
//! EAE_PARITY=/tmp/a.safetensors:/tmp/b.safetensors cargo test -p eae parity -- --nocapture
//! ```

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use autodiff_mini::{Tape, Var};
use eae::objective::{Banks, Context, Criterion};
use eae::{Autoencoder, Eae, Float};
use ndarray::{Array4, ArrayD, Ix4};
use ndarray_rand::rand::{Rng, SeedableRng};
use nn_layers::optim::{self, Adam, Optimizer};
use nn_layers::{
    Activation, Affine, BatchNorm, Conv2d, ConvTranspose2d, Dense, Flatten, Sequential, Unflatten, Weights, Window,
};
use rand_chacha::ChaCha8Rng;

/// Largest allowed difference from PyTorch, relative to the largest absolute value of a tensor.
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
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/parity").join(name)
}

/// The Rust counterpart of `tiny` in `make.py`.
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

/// The results of a model for a parity file's images, under the names used in the file.
struct Computed {
    /// Codes, images, loss and its terms.
    values: Vec<(&'static str, ArrayD<f64>)>,
    /// The gradient of each parameter, and each parameter after a step of Adam.
    gradients: Weights,
    updated: Weights,
}

/// Computes the results. With a `seed` every parameter is first perturbed by the typical error of
/// sums in single precision.
fn compute<F: Float>(reference: &Weights, seed: Option<u64>) -> Computed {
    let x = read(reference, "x").into_dimensionality::<Ix4>().unwrap();
    let x = x.permuted_axes([0, 2, 3, 1]).as_standard_layout().mapv(F::from_f64);
    let latent = reference.shape("z_eval").unwrap()[1];
    let mut model: Autoencoder<F> = match reference.metadata["model"].as_str() {
        "tiny" => tiny(latent),
        preset => {
            let (_, height, width, channels) = x.dim();
            Autoencoder::new(preset.parse::<eae::Preset>().unwrap(), [height, width, channels], latent, 0).unwrap()
        }
    };
    model.read(reference).unwrap();
    if let Some(seed) = seed {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        for parameter in model.parameters() {
            parameter.mapv_inplace(|x| x * F::from_f64(1.0 + 1e-6 * rng.random_range(-1.0..1.0)));
        }
    }
    let wide = |array: ArrayD<F>| array.mapv(|x| x.into_f64());
    let images =
        |array: Array4<F>| wide(array.permuted_axes([0, 3, 1, 2]).as_standard_layout().into_owned().into_dyn());
    let scalar = |x: Var<'_, F>| ArrayD::from_elem(vec![1], x.scalar().into_f64());

    let codes = model.encode(x.view());
    let back = model.decode(codes.view());
    let (k, lambda) = (reference.metadata["k"].parse().unwrap(), reference.metadata["lambda"].parse().unwrap());
    let tape = Tape::new();
    let objective = Eae::published(lambda).k(k);
    let bank = &mut Banks::default();
    let terms = objective.terms(&mut model, tape.constant(x), &mut Context::new(1.0, 0, 0, bank)).unwrap();
    let values = vec![
        ("z_eval", wide(codes.into_dyn())),
        ("y_eval", images(back)),
        ("z", wide(terms.codes.value().into_owned())),
        ("y", images(terms.output.value().into_owned().into_dimensionality().unwrap())),
        ("loss", scalar(terms.loss)),
        ("mse", scalar(terms.mse)),
        ("entropy", scalar(terms.entropy.expect("its objective has one"))),
    ];

    let loss = terms.loss.id();
    let gradients = tape.backward(loss);
    let parameters = model.parameters();
    let gradients = optim::collect(gradients, &parameters);
    // Written as if they were weights, the gradients have PyTorch's layout.
    let mut as_weights = model.clone();
    for (parameter, gradient) in as_weights.parameters().into_iter().zip(&gradients) {
        *parameter = gradient.clone().expect("every parameter has a gradient").into_shared();
    }
    Adam::default().update(1e-3, model.parameters(), &gradients);
    Computed { values, gradients: as_weights.to_weights(), updated: model.to_weights() }
}

/// Reads a tensor in double precision, which represents both types exactly.
fn read(weights: &Weights, name: &str) -> ArrayD<f64> {
    weights.get(name, weights.shape(name).unwrap_or(&[])).unwrap()
}

fn size(array: &ArrayD<f64>) -> f64 {
    array.fold(0.0_f64, |m, x| if x.is_nan() { f64::INFINITY } else { m.max(x.abs()) })
}

fn check<F: Float>(file: &Path, tolerance: f64) {
    let reference = Weights::read(file).unwrap();
    let computed = compute::<F>(&reference, None);
    let mut worst: (f64, String) = (0.0, String::new());
    let mut compare = |name: &str, found: &ArrayD<f64>, expected: &ArrayD<f64>| {
        assert_eq!(found.shape(), expected.shape(), "{name}");
        let error = size(&(found - expected)) / size(expected);
        if error > worst.0 {
            worst = (error, name.to_owned());
        }
        error <= tolerance
    };
    for (name, found) in &computed.values {
        if reference.shape(name).is_some() {
            assert!(compare(name, found, &read(&reference, name)), "{}: {name}", file.display());
        }
    }

    let names: Vec<&str> = reference.names().filter_map(|name| name.strip_prefix("grad.")).collect();
    let steepest = names.iter().map(|name| size(&read(&reference, &format!("grad.{name}")))).fold(0.0, f64::max);
    // Computed only where it is needed to distinguish rounding from an error.
    let double = OnceCell::new();
    for name in names {
        let (found, expected) = (read(&computed.gradients, name), read(&reference, &format!("grad.{name}")));
        let compute_double =
            || [None, Some(1), Some(2), Some(3)].map(|seed| compute::<f64>(&reference, seed).gradients);
        let doubles = || double.get_or_init(compute_double).each_ref().map(|gradients| read(gradients, name));
        let exact = || doubles()[0].clone();
        // The bias before a batch normalization has no influence. Its gradient is 0 up to rounding,
        // on both sides.
        if size(&expected) < 1e-3 * steepest && size(&exact()) < 1e-9 * steepest {
            assert!(size(&found) < tolerance * steepest, "{}: grad.{name} is {found}", file.display());
            continue;
        }
        if !compare(&format!("grad.{name}"), &found, &expected) {
            // Where the input of a ReLU is 0 up to rounding, a whole path of the gradient is
            // present or absent, both in PyTorch and here. In this case compare with double
            // precision, and with the change of its gradient when the parameters are perturbed by
            // the error of sums in single precision.
            let [exact, others @ ..] = doubles();
            let off = |g: &ArrayD<f64>| size(&(g - &exact)) / size(&exact);
            let (ours, theirs, moves) = (off(&found), off(&expected), others.iter().map(off).fold(0.0, f64::max));
            println!(
                "{}: grad.{name} is off by {theirs:.1e} in PyTorch, by {ours:.1e} here; double precision moves by {moves:.1e}",
                file.display()
            );
            let undetermined = moves > tolerance && ours <= 10.0 * moves;
            assert!(ours <= tolerance || undetermined, "{}: grad.{name} is off by {ours:e}", file.display());
            continue;
        }
        // The first step of Adam is almost the learning rate times the sign of the gradient. For a
        // gradient within the tolerance the sign is arbitrary.
        let (mut found, gradient) = (read(&computed.updated, name), expected);
        let expected = read(&reference, &format!("adam.{name}"));
        let blurred = tolerance * size(&gradient);
        ndarray::Zip::from(&mut found).and(&expected).and(&gradient).for_each(|found, &expected, &gradient| {
            if gradient.abs() < blurred {
                *found = expected;
            }
        });
        assert!(compare(&format!("adam.{name}"), &found, &expected), "{}: adam.{name}", file.display());
    }
    println!("{}: at most {:.1e}, in {}", file.display(), worst.0, worst.1);
}

fn is_double(file: &Path) -> bool {
    // The error of reading a count names the type of the tensor.
    Weights::read(file).unwrap().get_count("x").unwrap_err().to_string().contains("F64")
}
