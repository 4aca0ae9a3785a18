//! Compares the convolution kernels with the definition, and with each other as linear maps and
//! their transposes.

use autodiff_mini::Pool;
use ndarray::{Array1, Array4, Ix4};
use nn_layers::kernels::{Finish, conv2d, conv2d_backward_input, conv2d_backward_weight};
use nn_layers::{Activation, Real, Window};
use proptest::prelude::*;

use crate::random;

#[derive(Debug, Clone)]
struct Case {
    x: Array4<f64>,
    w: Array4<f64>,
    b: Array1<f64>,
    /// A gradient with the shape of the output.
    g: Array4<f64>,
    window: Window,
}

fn case(batch: usize, size: [usize; 2], channels: [usize; 2], window: Window, seed: u64) -> Case {
    let images = |shape: [usize; 4], seed| random(&shape, seed).into_dimensionality::<Ix4>().unwrap();
    let [inputs, outputs] = channels;
    let [kh, kw] = window.kernel;
    let [height, width] = window.convolved(size).unwrap();
    Case {
        x: images([batch, size[0], size[1], inputs], seed),
        w: images([outputs, kh, kw, inputs], seed + 1),
        b: random(&[outputs], seed + 2).into_dimensionality().unwrap(),
        g: images([batch, height, width, outputs], seed + 3),
        window,
    }
}

/// Windows smaller and larger than their stride, strides that do not divide the image, images of a
/// single pixel, and images with C = H = W, where the shape would not reveal a wrong layout.
fn cases() -> impl Strategy<Value = Case> {
    let pair = |from: usize, to: usize| [from..=to, from..=to];
    let window =
        (pair(1, 4), pair(1, 3), pair(0, 2)).prop_map(|(kernel, stride, padding)| Window::new(kernel, stride, padding));
    let odd = (1..4_usize, pair(1, 7), pair(1, 5), window.clone(), 0..u64::MAX / 2);
    let cubes =
        (1..4_usize, 1..5_usize, window, 0..u64::MAX / 2).prop_map(|(n, c, w, seed)| (n, [c, c], [c, c], w, seed));
    prop_oneof![odd, cubes]
        .prop_filter("no position", |(_, size, _, window, _)| window.convolved(*size).is_some())
        .prop_map(|(batch, size, channels, window, seed)| case(batch, size, channels, window, seed))
}

/// Computes the definition directly.
fn naive(Case { x, w, b, window, .. }: &Case) -> Array4<f64> {
    let (batch, height, width, inputs) = x.dim();
    let (outputs, kh, kw, _) = w.dim();
    let [rows, columns] = window.convolved([height, width]).unwrap();
    Array4::from_shape_fn((batch, rows, columns, outputs), |(n, i, j, o)| {
        let mut sum = b[o];
        for u in 0..kh {
            for v in 0..kw {
                let y = (i * window.stride[0] + u).checked_sub(window.padding[0]).filter(|&y| y < height);
                let z = (j * window.stride[1] + v).checked_sub(window.padding[1]).filter(|&z| z < width);
                if let (Some(y), Some(z)) = (y, z) {
                    sum += (0..inputs).map(|c| x[[n, y, z, c]] * w[[o, u, v, c]]).sum::<f64>();
                }
            }
        }
        sum
    })
}

/// Runs the three kernels in one precision and returns their results in `f64`: the value with and
/// without bias and activation, and the gradients.
fn kernels<F: Real>(case: &Case) -> [Array4<f64>; 4] {
    let narrow = |x: &Array4<f64>| x.mapv(F::from_f64);
    let (x, w, g) = (narrow(&case.x), narrow(&case.w), narrow(&case.g));
    let bias: Vec<F> = case.b.iter().map(|&b| F::from_f64(b)).collect();
    let finish = Finish::new(Some(&bias), Some(Activation::LeakyRelu(0.5)));
    let (window, pool, nothing, size) = (case.window, Pool::default(), Finish::default(), [x.dim().1, x.dim().2]);
    let run = |x: &Array4<F>, w: &Array4<F>, g: &Array4<F>| {
        [
            conv2d(x.view(), w.view(), window, finish, &pool),
            conv2d(x.view(), w.view(), window, nothing, &pool),
            conv2d_backward_input(g.view(), w.view(), window, size, nothing, &pool),
            conv2d_backward_weight(x.view(), g.view(), window, &pool),
        ]
    };
    // The old content of a buffer must not matter.
    let spoiled = |array: &Array4<F>| array.mapv(|_| F::nan());
    run(&spoiled(&x), &spoiled(&w), &spoiled(&g)).into_iter().for_each(|array| pool.recycle(array));
    run(&x, &w, &g).map(|array| array.mapv(F::into_f64))
}

/// Checks the value against the definition, and
/// `<conv(x, w), g> = <x, conv_t(g, w)> = <w, dw(x, g)>`, which any wrong index would violate.
fn holds<F: Real>(case: &Case) -> Result<(), TestCaseError> {
    // Evaluate the definition in double precision on inputs rounded to single precision.
    let round = |x: &Array4<f64>| x.mapv(|x| F::from_f64(x).into_f64());
    let case = Case { x: round(&case.x), w: round(&case.w), g: round(&case.g), ..case.clone() };
    let [finished, y, dx, dw] = kernels::<F>(&case);
    let epsilon = F::epsilon().into_f64();
    let close = |a: f64, b: f64, terms: usize| (a - b).abs() <= epsilon * terms as f64;
    let expected = naive(&case);
    let leak = |x: f64| if x > 0.0 { x } else { 0.5 * x };
    prop_assert_eq!(finished.shape(), expected.shape());
    prop_assert!(finished.iter().zip(&expected).all(|(&a, &b)| close(a, leak(b), case.w.len() + 8)));
    prop_assert!((&expected - &case.b).iter().zip(&y).all(|(&a, &b)| close(a, b, case.w.len() + 8)));

    let linear = (&y * &case.g).sum();
    let terms = (case.w.len() + 8) * (case.x.len() + case.g.len());
    prop_assert!(close(linear, (&dx * &case.x).sum(), terms), "x: {} and {}", linear, (&dx * &case.x).sum());
    prop_assert!(close(linear, (&dw * &case.w).sum(), terms), "w: {} and {}", linear, (&dw * &case.w).sum());
    Ok(())
}

proptest! {
    #[test]
    fn matches_the_definition_and_the_transposes(case in cases()) {
        holds::<f64>(&case)?;
        holds::<f32>(&case)?;
    }
}

#[test]
fn results_are_correct_across_blocks_tiles_and_parts() {
    for case in [
        // 37 images form blocks of different sizes, in several parts.
        case(37, [28, 28], [1, 3], Window::square(4, 2, 1), 5),
        // One image is larger than a block.
        case(3, [80, 81], [8, 3], Window::square(4, 1, 1), 6),
        // More channels than a tile has columns, and not a multiple of them.
        case(9, [9, 7], [19, 37], Window::square(3, 2, 1), 7),
        case(5, [8, 8], [64, 33], Window::square(4, 2, 1), 8),
        case(7, [15, 12], [17, 40], Window::square(4, 2, 1), 9),
    ] {
        holds::<f64>(&case).unwrap();
        holds::<f32>(&case).unwrap();
    }
}

#[test]
fn an_empty_batch_gives_an_empty_batch() {
    let case = case(0, [5, 5], [2, 3], Window::square(3, 1, 1), 7);
    let [_, y, dx, dw] = kernels::<f32>(&case);
    assert_eq!((y.shape(), dx.shape(), dw.sum()), (&[0, 5, 5, 3][..], &[0, 5, 5, 2][..], 0.0));
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    for case in [
        case(50, [14, 14], [3, 8], Window::square(4, 2, 1), 8),
        case(20, [10, 10], [33, 40], Window::square(4, 2, 1), 9),
    ] {
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| kernels::<f32>(&case))
        };
        let one = run(1);
        assert!(one == run(2) && one == run(3));
    }
}
