//! The convolution kernels against the definition, and against each other as linear maps and their transposes.

use ndarray::{Array1, Array4, Ix4};
use nn_layers::Window;
use nn_layers::kernels::{conv2d, conv2d_backward_input, conv2d_backward_weight, sum_pixels};
use proptest::prelude::*;

use crate::random;

#[derive(Debug, Clone)]
struct Case {
    x: Array4<f64>,
    w: Array4<f64>,
    b: Array1<f64>,
    /// A gradient of the output's shape.
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

/// Windows smaller and larger than their step, steps that do not divide, images of a single pixel, and C = H = W, where a
/// wrong layout would go unnoticed by its shape.
fn cases() -> impl Strategy<Value = Case> {
    let pair = |from: usize, to: usize| [from..=to, from..=to];
    let window =
        (pair(1, 4), pair(1, 3), pair(0, 2)).prop_map(|(kernel, stride, padding)| Window { kernel, stride, padding });
    let odd = (1..4_usize, pair(1, 7), pair(1, 5), window.clone(), 0..u64::MAX / 2);
    let cubes =
        (1..4_usize, 1..5_usize, window, 0..u64::MAX / 2).prop_map(|(n, c, w, seed)| (n, [c, c], [c, c], w, seed));
    prop_oneof![odd, cubes]
        .prop_filter("no position", |(_, size, _, window, _)| window.convolved(*size).is_some())
        .prop_map(|(batch, size, channels, window, seed)| case(batch, size, channels, window, seed))
}

/// The definition, written out.
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

fn close(a: f64, b: f64, scale: f64) -> bool {
    (a - b).abs() <= 1e-13 * scale
}

/// The value by definition; and `<conv(x, w), g> = <x, conv_t(g, w)> = <w, dw(x, g)>`, which no wrong index survives.
fn holds(case: &Case) -> Result<(), TestCaseError> {
    let Case { x, w, b, g, window } = case;
    let expected = naive(case);
    let scale = (w.len() + 1) as f64;
    let y = conv2d(x.view(), w.view(), Some(b.view()), *window);
    prop_assert_eq!(y.shape(), expected.shape());
    prop_assert!(y.iter().zip(&expected).all(|(&a, &b)| close(a, b, scale)));

    let linear = (&conv2d(x.view(), w.view(), None, *window) * g).sum();
    let (_, height, width, _) = x.dim();
    let dx = conv2d_backward_input(g.view(), w.view(), *window, [height, width]);
    let dw = conv2d_backward_weight(x.view(), g.view(), *window);
    let scale = scale * (x.len() + g.len()) as f64;
    prop_assert!(close(linear, (&dx * x).sum(), scale), "x: {} and {}", linear, (&dx * x).sum());
    prop_assert!(close(linear, (&dw * w).sum(), scale), "w: {} and {}", linear, (&dw * w).sum());
    prop_assert!(close((&sum_pixels(g.view()) * b).sum(), (&y * g).sum() - linear, scale));
    Ok(())
}

proptest! {
    #[test]
    fn equals_its_definition_and_its_transposes(case in cases()) {
        holds(&case)?;
    }
}

#[test]
fn blocks_and_parts_join_without_a_seam() {
    // 14 x 14 positions are 2 images a block; 37 images are 19 blocks, the last one smaller, in 8 parts.
    holds(&case(37, [28, 28], [1, 3], Window::square(4, 2, 1), 5)).unwrap();
    // One image is more than a block.
    holds(&case(3, [40, 41], [2, 3], Window::square(3, 1, 1), 6)).unwrap();
}

#[test]
fn an_empty_batch_gives_an_empty_batch() {
    let case = case(0, [5, 5], [2, 3], Window::square(3, 1, 1), 7);
    assert_eq!(conv2d(case.x.view(), case.w.view(), None, case.window).shape(), [0, 5, 5, 3]);
    assert_eq!(conv2d_backward_input(case.g.view(), case.w.view(), case.window, [5, 5]).shape(), [0, 5, 5, 2]);
    assert_eq!(conv2d_backward_weight(case.x.view(), case.g.view(), case.window).sum(), 0.0);
}

#[test]
fn the_same_bits_for_every_number_of_threads() {
    let case = case(50, [14, 14], [3, 8], Window::square(4, 2, 1), 8);
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            (
                conv2d(case.x.view(), case.w.view(), None, case.window),
                conv2d_backward_input(case.g.view(), case.w.view(), case.window, [14, 14]),
                conv2d_backward_weight(case.x.view(), case.g.view(), case.window),
            )
        })
    };
    let one = run(1);
    assert!(one == run(2) && one == run(3));
}
