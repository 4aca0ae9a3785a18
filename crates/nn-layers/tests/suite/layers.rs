//! Compares the gradients of every layer with finite differences, and tests the other documented
//! properties of layers.

use approx::assert_relative_eq;
use autodiff_mini::{Tape, Var, gradcheck};
use ndarray::{ArrayD, Axis, array};
use ndarray_rand::rand::SeedableRng;
use nn_layers::{
    Activation, Affine, BatchNorm, Content, Conv2d, ConvTranspose2d, Dense, Flatten, Layer, Sequential, Tensor,
    Unflatten, Window,
};
use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;

use crate::random;

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(11)
}

/// Checks the gradients of a layer in training mode with respect to its input and each of its
/// parameters. Parameters are identified by their buffers, so a layer made from the check's own
/// inputs has its gradients checked with them.
fn check<L: Layer<f64> + Clone>(layer: &L, x: ArrayD<f64>) {
    let mut inputs = vec![x];
    inputs.extend(parameters(&mut layer.clone()).into_iter().map(|p| p.to_owned()));
    fn apply<'t>(mut layer: impl Layer<f64>, x: &[Var<'t, f64>]) -> Var<'t, f64> {
        parameters(&mut layer).into_iter().zip(&x[1..]).for_each(|(p, x)| *p = x.value());
        layer.train(x[0])
    }
    gradcheck(|x| apply(layer.clone(), x), &inputs).unwrap();
}

fn parameters(layer: &mut impl Layer<f64>) -> Vec<&mut Tensor<f64>> {
    let entries = layer.state().into_iter();
    entries
        .filter_map(|entry| if let Content::Parameter(tensor) = entry.content { Some(tensor) } else { None })
        .collect()
}

#[test]
#[should_panic(expected = "batch normalization of 0 features; there must be at least 1")]
fn batch_normalization_needs_features() {
    BatchNorm::<f32>::new(0);
}

/// The fields of a window are public, so they can hold anything.
#[test]
fn unusable_windows_are_errors_of_build() {
    let mut rng = rng();
    let zero = "no image (a side or a stride of its window is 0)";
    for (change, takes) in [
        ((|w| w.stride[1] = 0) as fn(&mut Window), zero),
        (|w| w.kernel[0] = 0, zero),
        (
            |w| w.padding = [1 << 62; 2],
            "no image (its padding of 4611686018427387904 x 4611686018427387904 does not fit",
        ),
    ] {
        let mut window = Window::square(3, 1, 1);
        change(&mut window);
        let network = Sequential::<f32>::on(&[5, 5, 1]).then(Conv2d::new(1, 2, window, &mut rng)).build();
        assert!(network.unwrap_err().takes.starts_with(takes));
        let network = Sequential::<f32>::on(&[5, 5, 1]).then(ConvTranspose2d::new(1, 2, window, &mut rng)).build();
        assert!(network.unwrap_err().takes.starts_with(takes));
    }
}

#[test]
fn gradients_of_every_layer() {
    check(&Dense::new(4, 3, &mut rng()), random(&[5, 4], 1));
    check(&Conv2d::new(2, 3, Window::square(3, 2, 1), &mut rng()), random(&[2, 5, 4, 2], 2));
    check(&ConvTranspose2d::new(3, 2, Window::square(4, 2, 1), &mut rng()), random(&[2, 2, 3, 3], 3));
    check(&BatchNorm::new(3), random(&[6, 3], 4));
    check(&BatchNorm::new(2), random(&[2, 3, 2, 2], 5));
    let mut affine = Affine::new(3);
    affine.weight = random(&[3], 6).into_shared();
    check(&affine, random(&[2, 2, 2, 3], 7));
    check(&Flatten::new([2, 1, 3]), random(&[2, 2, 1, 3], 8));
    check(&Unflatten::new([2, 1, 3]), random(&[2, 6], 9));
    let activations =
        [Activation::Relu, Activation::LeakyRelu(0.1), Activation::Sigmoid, Activation::Tanh, Activation::Softplus];
    for activation in activations {
        check(&activation, random(&[3, 4], 10));
    }
}

/// Compares activations in single precision with the functions and their derivatives in double
/// precision: alone and fused into a layer, in the tails, at the corner, and for NaN. A derivative
/// computed from a value near 1 has the rounding error of that value.
#[test]
fn activations_match_their_definitions() {
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let positive = |x: f64| if x > 0.0 { 1.0 } else { 0.0 };
    type Function = Box<dyn Fn(f64) -> [f64; 2]>;
    let functions: [(Activation, Function); 6] = [
        (Activation::Relu, Box::new(move |x| [x.max(0.0), positive(x)])),
        (Activation::LeakyRelu(0.1), Box::new(|x| if x > 0.0 { [x, 1.0] } else { [0.1 * x, 0.1] })),
        (Activation::LeakyRelu(-0.5), Box::new(|x| if x > 0.0 { [x, 1.0] } else { [-0.5 * x, -0.5] })),
        (Activation::Sigmoid, Box::new(move |x| [sigmoid(x), sigmoid(x) * sigmoid(-x)])),
        (Activation::Tanh, Box::new(|x| [x.tanh(), 4.0 / ((x).exp() + (-x).exp()).powi(2)])),
        (Activation::Softplus, Box::new(move |x| [x.max(0.0) + (-x.abs()).exp().ln_1p(), sigmoid(x)])),
    ];
    let points: Vec<f32> = (-200..=200).map(|i| i as f32 / 8.0).chain([-1e30, -100.0, 1e-30, 100.0, 1e30]).collect();
    for (activation, function) in functions {
        let x = ArrayD::from_shape_vec(vec![points.len(), 1], points.clone()).unwrap().into_shared();
        let identity = Dense {
            weight: array![[1.0_f32]].into_dyn().into_shared(),
            bias: array![0.0_f32].into_dyn().into_shared(),
        };
        for alone in [true, false] {
            let tape = Tape::new();
            let input = tape.parameter(&x);
            let y = if alone { activation.forward(input) } else { last_step(&identity, input, activation) };
            let (values, sum) = (y.value(), y.sum().id());
            let gradients = tape.backward(sum);
            for ((&x, &y), &slope) in points.iter().zip(&values).zip(gradients.wrt(&x).unwrap()) {
                let [value, derivative] = function(f64::from(x));
                let close = |found: f32, exact: f64| (f64::from(found) - exact).abs() <= 2e-7 + 1e-6 * exact.abs();
                assert!(
                    close(y, value) && close(slope, derivative),
                    "{activation:?} of {x}: {y} {slope}, not {value} {derivative}"
                );
            }
        }
        let tape = Tape::new();
        let bad = tape.constant(array![f32::NAN, f32::INFINITY, f32::NEG_INFINITY].into_dyn());
        let y = activation.forward(bad).value();
        assert!(y[0].is_nan() && !y[1].is_nan() && !y[2].is_nan(), "{activation:?}: {y}");
    }
}

/// Applies an activation as a network does.
fn last_step<'t>(layer: &Dense<f32>, x: Var<'t, f32>, activation: Activation) -> Var<'t, f32> {
    layer.forward_then(x, activation).unwrap_or_else(|| activation.forward(layer.forward(x)))
}

#[test]
fn batch_normalization_has_a_gradient_in_evaluation_mode() {
    let mut norm = BatchNorm::<f64>::new(3);
    (norm.running_mean, norm.running_var) = (random(&[3], 1).into_shared(), (random(&[3], 2) + 1.5).into_shared());
    gradcheck(|x| norm.forward(x[0]), &[random(&[4, 3], 3)]).unwrap();
}

#[test]
fn transposed_convolution_is_the_transpose() {
    // Checks <conv(x), y> = <x, conv_t(y)> with the same filters and no biases, through the layers.
    let window = Window::square(4, 2, 1);
    let mut conv = Conv2d::<f64>::new(2, 3, window, &mut rng());
    conv.bias.fill(0.0);
    let mut transposed = ConvTranspose2d::new(3, 2, window, &mut rng());
    (transposed.weight, transposed.bias) = (conv.weight.clone(), Tensor::zeros(vec![2]));
    let tape = Tape::without_gradients();
    let (x, y) = (tape.constant(random(&[2, 6, 8, 2], 1)), tape.constant(random(&[2, 3, 4, 3], 2)));
    let (left, right) = ((conv.forward(x) * y).sum().scalar(), (x * transposed.forward(y)).sum().scalar());
    assert_relative_eq!(left, right, max_relative = 1e-12);
}

proptest! {
    #[test]
    fn batch_normalization_gives_mean_zero_and_variance_one(
        rows in 2..40_usize, features in 1..6_usize, offset in -1e4..1e4_f64, scale in 0.1..1e3_f64, seed: u64
    ) {
        let mut norm = BatchNorm::<f64>::new(features);
        let x = random(&[rows, features], seed) * scale + offset;
        let variance = x.var_axis(Axis(0), 0.0);
        let tape = Tape::new();
        let y = norm.train(tape.constant(x)).value();
        for ((mean, var), &variance) in y.mean_axis(Axis(0)).unwrap().iter().zip(&y.var_axis(Axis(0), 0.0)).zip(&variance) {
            prop_assert!(mean.abs() < 1e-7);
            prop_assert!((var - variance / (variance + 1e-5)).abs() < 1e-6);
        }
    }
}

#[test]
fn running_statistics_match_pytorch() {
    // torch 2.15: m = nn.BatchNorm1d(2, affine=False); m(x); m.running_mean, m.running_var,
    // m.eval()(x)
    let x = array![[1.0, -2.0], [3.0, 0.5], [8.0, 4.5]].into_dyn();
    let mut norm = BatchNorm::<f64>::new(2);
    let tape = Tape::new();
    norm.train(tape.constant(x.clone()));
    assert_relative_eq!(norm.running_mean, array![0.4, 0.1].into_dyn().into_shared(), max_relative = 1e-12);
    assert_relative_eq!(norm.running_var, array![2.2, 1.975].into_dyn().into_shared(), max_relative = 1e-12);
    assert_eq!(norm.batches, 1);
    let y = norm.forward(tape.constant(x)).value();
    assert_relative_eq!(y[[2, 0]], (8.0 - 0.4) / (2.2_f64 + 1e-5).sqrt(), max_relative = 1e-12);
}

#[test]
fn train_through_returns_inner_values_and_the_output() {
    let rng = &mut rng();
    let network = Sequential::<f64>::on(&[3])
        .then(Dense::new(3, 4, rng))
        .then(Activation::Relu)
        .then(Dense::new(4, 2, rng))
        .then(BatchNorm::new(2));
    let mut network = network.build().unwrap();
    let (tape, mut other) = (Tape::new(), network.clone());
    let x = tape.constant(random(&[5, 3], 1));
    let output = other.train(x).value();
    for layers in 0..=network.len() {
        let ([first, second], end) = network.train_through([layers / 2, layers], x);
        assert_eq!(end.value(), output, "{layers}");
        if layers < network.len() {
            let found = network.forward_through([layers / 2, layers], x).map(|inner| inner.value());
            assert_eq!([first.value(), second.value()], found, "{layers}");
        }
    }
}

#[test]
fn restoring_statistics_leaves_parameters_unchanged() {
    let mut network = Sequential::<f64>::on(&[3])
        .then(BatchNorm::new(3))
        .then(Affine::new(3))
        .then(Dense::new(3, 2, &mut rng()))
        .then(BatchNorm::new(2))
        .build()
        .unwrap();
    let statistics = |network: &mut Sequential<f64>| -> Vec<Vec<f64>> {
        let numbers = |content: Content<'_, f64>| match content {
            Content::Parameter(_) => None,
            Content::Statistic(array) => Some(array.iter().copied().collect()),
            Content::Count(count) => Some(vec![*count as f64]),
        };
        network.state().filter_map(|entry| numbers(entry.content)).collect()
    };
    network.train(Tape::new().constant(random(&[5, 3], 1)));
    let (before, saved) = (statistics(&mut network), network.statistics());
    network.train(Tape::new().constant(random(&[5, 3], 2) * 100.0));
    network.parameters()[0].fill(7.0);
    assert!(before.len() == 6 && before.iter().zip(statistics(&mut network)).all(|(before, after)| *before != after));
    network.restore(saved);
    assert_eq!(statistics(&mut network), before);
    assert_eq!(network.parameters()[0][0], 7.0);
}

#[test]
#[should_panic(expected = "the statistics are from another network: there is no `running_mean` of shape [3]")]
fn statistics_of_another_network_are_an_error() {
    let network = |features| Sequential::<f32>::on(&[features]).then(BatchNorm::new(features)).build().unwrap();
    network(3).restore(network(2).statistics());
}

#[test]
fn variance_is_accurate_for_a_large_mean() {
    let mut norm = BatchNorm::<f32>::new(1);
    let x = array![[10_000.0_f32], [10_001.0], [10_002.0]].into_dyn();
    let y = norm.train(Tape::new().constant(x)).value();
    assert_relative_eq!(y[[2, 0]], 1.5_f32.sqrt(), max_relative = 1e-5);
}

#[test]
#[should_panic(expected = "at least two values per feature but got shape [1, 3]")]
fn a_single_value_is_an_error() {
    BatchNorm::<f32>::new(3).train(Tape::new().constant(ndarray::Array2::zeros((1, 3))));
}

#[test]
fn recalibration_is_exact_for_every_layer() {
    let mut network = Sequential::<f64>::on(&[3])
        .then(Dense::new(3, 4, &mut rng()))
        .then(BatchNorm::new(4))
        .then(Affine::new(4))
        .then(Activation::Tanh)
        .then(Dense::new(4, 2, &mut rng()))
        .then(BatchNorm::new(2))
        .build()
        .unwrap();
    let x = random(&[37, 3], 1) * 5.0 + 2.0;
    // With batches of unequal size, an average of averages would be wrong.
    let batches = || x.axis_chunks_iter(Axis(0), 10).map(|batch| batch.to_owned());
    network.recalibrate(batches);
    let y = network.forward(Tape::without_gradients().constant(x.clone())).value();
    for (mean, var) in y.mean_axis(Axis(0)).unwrap().iter().zip(&y.var_axis(Axis(0), 0.0)) {
        assert!(mean.abs() < 1e-12 && (var - 1.0).abs() < 1e-3, "mean {mean}, variance {var}");
    }
}

#[test]
fn recalibration_without_data_changes_nothing() {
    let mut network = Sequential::<f64>::on(&[3]).then(BatchNorm::new(3)).build().unwrap();
    network.recalibrate(std::iter::empty);
    network.recalibrate(|| std::iter::once(ArrayD::zeros(vec![0, 3])));
    let x = random(&[2, 3], 1);
    let tape = Tape::without_gradients();
    assert_relative_eq!(network.forward(tape.constant(x.clone())).value().into_owned(), x, max_relative = 1e-5);
}

#[test]
fn shapes_are_checked_when_a_network_is_built() {
    let on = Sequential::<f32>::on;
    let (rng, window) = (&mut rng(), Window::square(5, 1, 1));
    let cases = [
        (on(&[7]).then(Dense::new(8, 2, rng)), "Dense(8 to 2) takes [8] but got shape [7]"),
        (
            on(&[2, 9, 3]).then(Conv2d::new(3, 4, window, rng)),
            "Conv2d(3 to 4, 5 x 5) takes [height, width, 3] of at least 3 x 3 pixels but got shape [2, 9, 3]",
        ),
        (
            on(&[9, 9, 1]).then(Conv2d::new(3, 4, window, rng)),
            "Conv2d(3 to 4, 5 x 5) takes [height, width, 3] of at least 3 x 3 pixels but got shape [9, 9, 1]",
        ),
        (
            on(&[9]).then(ConvTranspose2d::new(3, 4, window, rng)),
            "ConvTranspose2d(3 to 4, 5 x 5) takes [height, width, 3] that leaves at least one pixel but got shape [9]",
        ),
        (on(&[4]).then(BatchNorm::new(3)), "BatchNorm(3) takes [.., 3] but got shape [4]"),
        (on(&[4]).then(Affine::new(3)), "Affine(3) takes [.., 3] but got shape [4]"),
        (on(&[2, 2, 4]).then(Flatten::new([4, 2, 2])), "Flatten takes [4, 2, 2] but got shape [2, 2, 4]"),
        (on(&[15]).then(Unflatten::new([4, 2, 2])), "Unflatten to [4, 2, 2] takes [16] but got shape [15]"),
    ];
    for (network, message) in cases {
        assert_eq!(network.build().unwrap_err().to_string(), format!("layer 0: {message}"));
    }
    let second = on(&[4]).then(Activation::Relu).then(BatchNorm::new(3)).build();
    assert!(second.unwrap_err().to_string().starts_with("layer 1: BatchNorm(3)"));
}

#[test]
fn clones_share_arrays_until_one_changes() {
    let mut network = Sequential::<f64>::on(&[2]).then(Dense::new(2, 2, &mut rng())).build().unwrap();
    let copy = network.clone();
    let x = array![[1.0, 2.0]].into_dyn();
    let value = |network: &Sequential<f64>| network.forward(Tape::without_gradients().constant(x.clone())).value();
    let before = value(&network);
    network.parameters()[0].fill(0.0);
    assert!(value(&network) != before && value(&copy) == before);
}

#[test]
fn layers_are_listed_with_shapes_and_parameter_counts() {
    let network = Sequential::<f32>::on(&[28, 28, 1])
        .then(Conv2d::new(1, 8, Window::square(4, 2, 1), &mut rng()))
        .then(Activation::LeakyRelu(0.2))
        .then(Flatten::new([14, 14, 8]))
        .then(Dense::new(14 * 14 * 8, 10, &mut rng()))
        .then(BatchNorm::new(10))
        .then(Affine::new(10))
        .build()
        .unwrap();
    let counts = network.parameter_counts();
    let listed: Vec<_> = network.layers().zip(counts).map(|(l, n)| (l.kind.to_string(), l.shapes[1], n)).collect();
    let expected: [(&str, &[usize], usize); 6] = [
        ("Conv2d(1 to 8, 4 x 4)", &[14, 14, 8], 8 * 4 * 4 + 8),
        ("LeakyRelu(0.2)", &[14, 14, 8], 0),
        ("Flatten", &[1568], 0),
        ("Dense(1568 to 10)", &[10], 1568 * 10 + 10),
        // Running statistics are not parameters.
        ("BatchNorm(10)", &[10], 0),
        ("Affine(10)", &[10], 20),
    ];
    assert_eq!(listed, expected.map(|(layer, output, parameters)| (layer.to_owned(), output, parameters)));
}
