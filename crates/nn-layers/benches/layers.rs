//! Measures the kernels on all threads or on `RAYON_NUM_THREADS`: `cargo bench -p nn-layers`.
//! Prints the fastest of forty runs of each kernel, in billions of floating-point operations per
//! second.

use std::hint::black_box;
use std::time::Instant;

use autodiff_mini::Pool;
use ndarray::{Array2, Array4};
use nn_layers::Window;
use nn_layers::kernels::{
    Finish, conv2d, conv2d_backward_input, conv2d_backward_weight, dense, dense_backward_input, dense_backward_weight,
};

/// Convolutions of the presets: image size, input channels, output channels. A transposed
/// convolution is the gradient with respect to the input.
const CONVOLUTIONS: [(usize, usize, usize); 6] =
    [(28, 1, 32), (14, 32, 64), (32, 3, 64), (16, 64, 128), (8, 128, 256), (16, 256, 512)];

/// Dense layers of the presets: inputs, outputs.
const DENSE: [(usize, usize); 3] = [(784, 512), (3136, 256), (256, 3136)];

const BATCH: usize = 100;

fn main() {
    let (window, nothing) = (Window::square(4, 2, 1), Finish::default());
    for (size, inputs, outputs) in CONVOLUTIONS {
        let x = Array4::<f32>::from_elem((BATCH, size, size, inputs), 0.5);
        let w = Array4::<f32>::from_elem((outputs, 4, 4, inputs), 0.5);
        let g = conv2d(x.view(), w.view(), window, nothing, &Pool::default());
        println!("convolution, {inputs} to {outputs} channels, {size} x {size}");
        let operations = 2 * g.len() * 16 * inputs;
        let rate = |what, kernel: &dyn Fn(&Pool<f32>) -> Array4<f32>| {
            let pool = Pool::default();
            time(what, operations, || pool.recycle(black_box(kernel(&pool))));
        };
        rate("forward", &|pool| conv2d(x.view(), w.view(), window, nothing, pool));
        rate("backward, input", &|pool| conv2d_backward_input(g.view(), w.view(), window, [size, size], nothing, pool));
        rate("backward, weight", &|pool| conv2d_backward_weight(x.view(), g.view(), window, pool));
    }
    for (inputs, outputs) in DENSE {
        let (x, w) = (Array2::<f32>::ones((BATCH, inputs)), Array2::<f32>::ones((outputs, inputs)));
        let g = Array2::<f32>::ones((BATCH, outputs));
        println!("dense, {inputs} to {outputs}");
        let rate = |what, kernel: &dyn Fn(&Pool<f32>) -> Array2<f32>| {
            let pool = Pool::default();
            time(what, 2 * BATCH * inputs * outputs, || pool.recycle(black_box(kernel(&pool))));
        };
        rate("forward", &|pool| dense(x.view(), w.view(), nothing, pool));
        rate("backward, input", &|pool| dense_backward_input(g.view(), w.view(), pool));
        rate("backward, weight", &|pool| dense_backward_weight(x.view(), g.view(), pool));
    }
}

fn time(what: &str, operations: usize, mut work: impl FnMut()) {
    let mut run = || {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    };
    let fastest = (0..40).map(|_| run()).fold(f64::INFINITY, f64::min);
    println!("  {what:<20} {:>8.1} Gflop/s", operations as f64 / fastest / 1e9);
}
