//! The kernels alone, one thread and all: `cargo bench -p nn-layers`. Throughput is in floating-point operations.

use autodiff_mini::Pool;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ndarray::{Array2, Array4};
use nn_layers::Window;
use nn_layers::kernels::{
    Finish, conv2d, conv2d_backward_input, conv2d_backward_weight, dense, dense_backward_input, dense_backward_weight,
};

/// The convolutions of the presets: image size, inputs, outputs. A transposed one is the other gradient of these.
const LAYERS: [(usize, usize, usize); 6] =
    [(28, 1, 32), (14, 32, 64), (32, 3, 64), (16, 64, 128), (8, 128, 256), (16, 256, 512)];

/// The dense ones: inputs, outputs.
const DENSE: [(usize, usize); 3] = [(784, 512), (3136, 256), (256, 3136)];

const BATCH: usize = 100;

fn convolution(c: &mut Criterion) {
    let window = Window::square(4, 2, 1);
    for (size, inputs, outputs) in LAYERS {
        let x = Array4::<f32>::from_elem((BATCH, size, size, inputs), 0.5);
        let w = Array4::<f32>::from_elem((outputs, 4, 4, inputs), 0.5);
        let (pool, nothing) = (Pool::default(), Finish::default());
        let g = conv2d(x.view(), w.view(), window, nothing, &pool);
        let mut group = c.benchmark_group(format!("conv {inputs} to {outputs}, {size} x {size}, batch {BATCH}"));
        group.throughput(Throughput::Elements((2 * g.len() * 16 * inputs) as u64)).sample_size(10);
        group.bench_function(BenchmarkId::from_parameter("forward"), |b| {
            b.iter(|| pool.recycle(conv2d(x.view(), w.view(), window, nothing, &pool)));
        });
        group.bench_function(BenchmarkId::from_parameter("backward, input"), |b| {
            b.iter(|| pool.recycle(conv2d_backward_input(g.view(), w.view(), window, [size, size], nothing, &pool)));
        });
        group.bench_function(BenchmarkId::from_parameter("backward, weight"), |b| {
            b.iter(|| pool.recycle(conv2d_backward_weight(x.view(), g.view(), window, &pool)));
        });
        group.finish();
    }
}

fn products(c: &mut Criterion) {
    for (inputs, outputs) in DENSE {
        let (x, w) = (Array2::<f32>::ones((BATCH, inputs)), Array2::<f32>::ones((outputs, inputs)));
        let (pool, g) = (Pool::default(), Array2::<f32>::ones((BATCH, outputs)));
        let mut group = c.benchmark_group(format!("dense {inputs} to {outputs}, batch {BATCH}"));
        group.throughput(Throughput::Elements((2 * BATCH * inputs * outputs) as u64)).sample_size(10);
        group.bench_function(BenchmarkId::from_parameter("forward"), |b| {
            b.iter(|| pool.recycle(dense(x.view(), w.view(), Finish::default(), &pool)));
        });
        group.bench_function(BenchmarkId::from_parameter("backward, input"), |b| {
            b.iter(|| pool.recycle(dense_backward_input(g.view(), w.view(), &pool)));
        });
        group.bench_function(BenchmarkId::from_parameter("backward, weight"), |b| {
            b.iter(|| pool.recycle(dense_backward_weight(x.view(), g.view(), &pool)));
        });
        group.finish();
    }
}

criterion_group!(benches, convolution, products);
criterion_main!(benches);
