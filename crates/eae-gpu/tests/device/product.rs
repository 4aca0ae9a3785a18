//! Compares products with the CPU in double precision.

use std::time::Duration;

use autodiff_mini::{Cpu, Gemm};
use eae_gpu::{Gpu, GpuGemm, Limits, Product, Tile, Transposed};
use ndarray::{Array2, ArrayView2, Axis};
use ndarray_rand::RandomExt;
use ndarray_rand::rand::{Rng, SeedableRng};
use ndarray_rand::rand_distr::Uniform;
use nn_layers::Activation;
use rand_chacha::ChaCha8Rng;

use crate::Test;

pub(crate) const TESTS: &[Test] = &[
    ("product::odd_shapes", odd_shapes),
    ("product::every_tile_and_cut", every_tile_and_cut),
    ("product::finished", finished),
    ("product::old_values", old_values),
    ("product::nan_and_infinity", nan_and_infinity),
    ("product::larger_than_a_view", larger_than_a_view),
    ("product::the_same_bits_again_and_checked", the_same_bits_again_and_checked),
    ("product::behind_the_tape", behind_the_tape),
    ("product::distances_far_from_the_origin", distances),
];

const LAYOUTS: [Transposed; 3] = [Transposed::Neither, Transposed::Left, Transposed::Right];

pub(crate) fn random(rows: usize, columns: usize, seed: u64) -> Array2<f32> {
    let uniform = Uniform::new(-1.0, 1.0).unwrap();
    Array2::random_using((rows, columns), uniform, &mut ChaCha8Rng::seed_from_u64(seed))
}

/// Returns a factor as stored, and as used in the product.
fn factors(transposed: Transposed, [m, n, k]: [usize; 3], seed: u64) -> [(Array2<f32>, Array2<f64>); 2] {
    let of = |rows, columns, transposed: bool, seed| {
        let counts = random(rows, columns, seed);
        let lies = if transposed { counts.t().as_standard_layout().to_owned() } else { counts.clone() };
        (lies, counts.mapv(f64::from))
    };
    [of(m, k, transposed == Transposed::Left, seed), of(k, n, transposed == Transposed::Right, seed + 1)]
}

fn multiply(gpu: &Gpu, product: &Product<'_>, a: &Array2<f32>, b: &Array2<f32>, c: &Array2<f32>) -> Array2<f32> {
    let [a, b, c] = [a, b, c].map(|matrix| gpu.upload(matrix.view()).unwrap());
    let mut batch = gpu.batch();
    batch.product(product, &a, &b, &c).unwrap();
    batch.submit().unwrap();
    c.read().unwrap()
}

/// The error must not exceed the rounding of a sum of `k` products in single precision, each at
/// most 1.
fn assert_near(found: &Array2<f32>, expected: ArrayView2<'_, f64>, k: usize, what: &str) {
    assert_eq!(found.dim(), expected.dim(), "{what}");
    let bound = 1e-6 + 1.2e-7 * (k as f64).max(4.0);
    for (place, (&found, &expected)) in found.iter().zip(expected).enumerate() {
        assert!((f64::from(found) - expected).abs() <= bound, "{what}, number {place}: {found}; expected {expected}");
    }
}

fn check(gpu: &Gpu, transposed: Transposed, shape: [usize; 3], cut: Option<(Tile, usize)>) {
    let [(a, of_a), (b, of_b)] = factors(transposed, shape, 7);
    let product = Product { transposed, cut, ..Product::default() };
    let found = multiply(gpu, &product, &a, &b, &Array2::from_elem((shape[0], shape[1]), f32::NAN));
    assert_near(&found, of_a.dot(&of_b).view(), shape[2], &format!("{transposed:?}, {shape:?}, {cut:?}"));
}

fn odd_shapes(gpu: &Gpu) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut shapes =
        vec![[1, 1, 1], [1, 5, 3], [200, 1, 31], [3, 2, 0], [64, 64, 64], [128, 128, 8], [33, 65, 17], [100, 16, 256]];
    // Empty factors give an empty result, or zeros.
    shapes.extend([[0, 5, 3], [5, 0, 3]]);
    shapes.extend((0..12).map(|_| [0; 3].map(|_| rng.random_range(1..90))));
    for shape in shapes {
        LAYOUTS.into_iter().for_each(|transposed| check(gpu, transposed, shape, None));
    }
}

fn every_tile_and_cut(gpu: &Gpu) {
    for tile in Tile::ALL {
        for transposed in LAYOUTS {
            for shape in [[68, 36, 100], [67, 35, 99]] {
                [1, 2, 5].into_iter().for_each(|splits| check(gpu, transposed, shape, Some((tile, splits))));
            }
        }
    }
}

/// Compares bias, activation and derivative with their definitions.
fn finished(gpu: &Gpu) {
    type Function = fn(f64) -> f64;
    let sigmoid: Function = |x| 1.0 / (1.0 + (-x).exp());
    let activations: [(Activation, Function, Function); 5] = [
        (Activation::Relu, |x| x.max(0.0), |y| if y > 0.0 { 1.0 } else { 0.0 }),
        (Activation::LeakyRelu(0.2), |x| if x > 0.0 { x } else { 0.2 * x }, |y| if y > 0.0 { 1.0 } else { 0.2 }),
        (Activation::Sigmoid, sigmoid, |y| y * (1.0 - y)),
        (Activation::Tanh, f64::tanh, |y| 1.0 - y * y),
        (Activation::Softplus, |x| x.exp().ln_1p(), |y| 1.0 - (-y).exp()),
    ];
    for shape in [[20, 12, 40], [21, 13, 600]] {
        let [m, n, k] = shape;
        let [(a, of_a), (b, of_b)] = factors(Transposed::Neither, shape, 3);
        let (bias, values) = (random(1, n, 5), random(m, n, 6).mapv(f32::abs));
        let (on_bias, on_values) = (gpu.upload(bias.view()).unwrap(), gpu.upload(values.view()).unwrap());
        let sum = of_a.dot(&of_b) * 0.5;
        for (activation, function, derivative) in activations {
            for cut in [None, Some((Tile::SMALL, 3))] {
                let base = Product { alpha: 0.5, cut, ..Product::default() };
                let nothing = Array2::zeros((m, n));
                let forward = Product { bias: Some(&on_bias), activation: Some(activation), ..base };
                let expected = (&sum + &bias.mapv(f64::from)).mapv(function);
                let found = multiply(gpu, &forward, &a, &b, &nothing);
                assert_near(&found, expected.view(), k, &format!("{activation:?}, {cut:?}"));
                let back = Product { derivative: Some((activation, &on_values)), ..base };
                let expected = &sum * &values.mapv(f64::from).mapv(derivative);
                let found = multiply(gpu, &back, &a, &b, &nothing);
                assert_near(&found, expected.view(), k, &format!("derivative of {activation:?}, {cut:?}"));
            }
        }
    }
}

fn old_values(gpu: &Gpu) {
    for (shape, splits) in [([20, 12, 40], 1), ([21, 13, 40], 1), ([21, 13, 40], 2)] {
        let [(a, of_a), (b, of_b)] = factors(Transposed::Neither, shape, 3);
        let c = random(shape[0], shape[1], 4);
        let product = Product { alpha: 2.0, beta: -0.5, cut: Some((Tile::SMALL, splits)), ..Product::default() };
        let expected = 2.0 * of_a.dot(&of_b) - 0.5 * c.mapv(f64::from);
        assert_near(&multiply(gpu, &product, &a, &b, &c), expected.view(), 80, "with old values");
    }
}

/// NaN and infinity are preserved, and do not reach other rows.
fn nan_and_infinity(gpu: &Gpu) {
    for shape in [[8, 8, 8], [9, 7, 5]] {
        let [(mut a, _), (b, _)] = factors(Transposed::Neither, shape, 9);
        a[[1, 2]] = f32::NAN;
        a[[3, 4]] = f32::INFINITY;
        for activation in [None, Some(Activation::Relu), Some(Activation::Softplus)] {
            let product = Product { activation, ..Product::default() };
            let found = multiply(gpu, &product, &a, &b, &Array2::zeros((shape[0], shape[1])));
            for (row, numbers) in found.outer_iter().enumerate() {
                match row {
                    1 => assert!(numbers.iter().all(|x| x.is_nan()), "{activation:?}: {numbers}"),
                    3 => assert!(numbers.iter().any(|x| x.is_infinite()), "{activation:?}: {numbers}"),
                    _ => assert!(numbers.iter().all(|x| x.is_finite()), "{activation:?}: {numbers}"),
                }
            }
        }
    }
}

/// Matrices of which a kernel can access only a part are multiplied in pieces.
fn larger_than_a_view(gpu: &Gpu) {
    let limits = Limits { binding: 64 * 40 * 4, ..gpu.limits() };
    let narrow = gpu.with_limits(limits, Duration::from_secs(60));
    for (transposed, shape) in [
        (Transposed::Neither, [300, 20, 40]),
        (Transposed::Neither, [300, 40, 20]),
        (Transposed::Right, [200, 21, 33]),
        (Transposed::Left, [30, 20, 500]),
    ] {
        check(&narrow, transposed, shape, None);
    }
    let [(a, of_a), (b, of_b)] = factors(Transposed::Neither, [300, 20, 40], 3);
    let values = random(300, 20, 4).mapv(f32::abs);
    let on_device = narrow.upload(values.view()).unwrap();
    let product = Product { derivative: Some((Activation::Tanh, &on_device)), ..Product::default() };
    let expected = of_a.dot(&of_b) * values.mapv(|y| 1.0 - f64::from(y) * f64::from(y));
    assert_near(&multiply(&narrow, &product, &a, &b, &Array2::zeros((300, 20))), expected.view(), 40, "derivative");
    // A right factor cannot be divided by rows of the result.
    let [a, b, c] = [(2, 40), (40, 400), (2, 400)].map(|(rows, columns)| narrow.zeros(rows, columns).unwrap());
    let error = narrow.batch().product(&Product::default(), &a, &b, &c).unwrap_err();
    assert!(matches!(error, eae_gpu::Error::Limit { need: 64_000, have: 10_240, .. }), "{error}");
}

fn the_same_bits_again_and_checked(gpu: &Gpu) {
    let choice = eae_gpu::AdapterChoice::default().adapter(&gpu.adapter().name).checked(true);
    let checked = Gpu::open(&choice).unwrap();
    for (transposed, shape) in [(Transposed::Neither, [70, 50, 600]), (Transposed::Left, [33, 20, 1000])] {
        let [(a, _), (b, _)] = factors(transposed, shape, 3);
        let product = Product { transposed, ..Product::default() };
        let run = |gpu| multiply(gpu, &product, &a, &b, &Array2::zeros((shape[0], shape[1])));
        let first = run(gpu);
        assert_eq!(first, run(gpu), "the second run differs");
        assert_eq!(first, run(&checked), "shaders with checks differ");
    }
}

/// Tests every arrangement of the tape's products.
fn behind_the_tape(gpu: &Gpu) {
    let device = GpuGemm::new(gpu.clone());
    let (a, b) = (random(30, 20, 1), random(20, 25, 2));
    let (at, bt) = (a.t().as_standard_layout().to_owned(), b.t().as_standard_layout().to_owned());
    let (every_other, wide) = (random(60, 20, 1), random(20, 50, 2));
    let every_other = every_other.slice_axis(Axis(0), ndarray::Slice::new(0, None, 2));
    let wide = wide.slice_axis(Axis(1), ndarray::Slice::new(3, Some(28), 1));
    for (a, b) in [
        (a.view(), b.view()),
        (at.t(), b.view()),
        (a.view(), bt.t()),
        (at.t(), bt.t()),
        (every_other, wide),
        (every_other, bt.t()),
    ] {
        for beta in [0.0, 1.0] {
            let old = random(30, 25, 3);
            let (mut found, mut expected) = (old.clone(), old.mapv(f64::from));
            device.gemm(0.5, a, b, beta, found.view_mut());
            let [a, b] = [a, b].map(|matrix| matrix.mapv(f64::from));
            Cpu.gemm(0.5, a.view(), b.view(), f64::from(beta), expected.view_mut());
            assert_near(&found, expected.view(), 20, "behind the tape");
        }
    }
    assert_eq!(device.fault(), None);
}

fn distances(gpu: &Gpu) {
    for (n, m, d) in [(40, 30, 16), (33, 50, 7)] {
        let [a, b] = [random(n, d, 1) + 10_000.0, random(m, d, 2) + 10_000.0];
        let [on_a, on_b, c] = [gpu.upload(a.view()), gpu.upload(b.view()), gpu.zeros(n, m)].map(Result::unwrap);
        let mut batch = gpu.batch();
        batch.distances(&on_a, &on_b, &c).unwrap();
        batch.submit().unwrap();
        let found = c.read().unwrap();
        for ((i, j), &found) in found.indexed_iter() {
            let square = |(&x, &y): (&f32, &f32)| (f64::from(x) - f64::from(y)).powi(2);
            let expected: f64 = a.row(i).iter().zip(b.row(j)).map(square).sum();
            assert!((f64::from(found) - expected).abs() <= 1e-5 * expected, "{i}, {j}: {found}; expected {expected}");
        }
    }
}
