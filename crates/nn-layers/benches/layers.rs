//! The kernels alone: `cargo bench -p nn-layers`. Throughput is in floating-point operations.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ndarray::Array4;
use nn_layers::Window;
use nn_layers::kernels::{conv2d, conv2d_backward_input, conv2d_backward_weight};

/// The layers of the 28 x 28 preset: image size, inputs, outputs.
const LAYERS: [(usize, usize, usize); 2] = [(28, 1, 32), (14, 32, 64)];

fn convolution(c: &mut Criterion) {
    let window = Window::square(4, 2, 1);
    for (size, inputs, outputs) in LAYERS {
        let x = Array4::<f32>::from_elem((100, size, size, inputs), 0.5);
        let w = Array4::<f32>::from_elem((outputs, 4, 4, inputs), 0.5);
        let g = conv2d(x.view(), w.view(), None, window);
        let mut group = c.benchmark_group(format!("conv {inputs} to {outputs}, {size} x {size}, batch 100"));
        group.throughput(Throughput::Elements((2 * g.len() * 16 * inputs) as u64));
        group.bench_function(BenchmarkId::from_parameter("forward"), |b| {
            b.iter(|| conv2d(x.view(), w.view(), None, window));
        });
        group.bench_function(BenchmarkId::from_parameter("backward, input"), |b| {
            b.iter(|| conv2d_backward_input(g.view(), w.view(), window, [size, size]));
        });
        group.bench_function(BenchmarkId::from_parameter("backward, weight"), |b| {
            b.iter(|| conv2d_backward_weight(x.view(), g.view(), window));
        });
        group.finish();
    }
}

criterion_group!(benches, convolution);
criterion_main!(benches);
