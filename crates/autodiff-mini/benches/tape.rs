//! What the tape itself costs, beside the arithmetic: `cargo bench -p autodiff-mini`.

use autodiff_mini::{Cpu, Gemm, Tape};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ndarray::Array2;

/// A chain of operations on one number: all overhead.
fn overhead(c: &mut Criterion) {
    let mut group = c.benchmark_group("overhead");
    group.throughput(Throughput::Elements(1000));
    let x = ndarray::arr0(1.0_f32).into_shared();
    group.bench_function("1000 nodes, forward and backward", |b| {
        b.iter(|| {
            let tape = Tape::new();
            let end = (0..1000).fold(tape.parameter(&x), |x, _| x * 0.999).id();
            tape.backward(end)
        });
    });
    group.finish();
}

fn gemm(c: &mut Criterion) {
    let mut group = c.benchmark_group("gemm f32");
    for (m, k, n) in [(100, 784, 512), (100, 3136, 256), (512, 512, 512)] {
        let (a, b) = (Array2::<f32>::ones((m, k)), Array2::ones((k, n)));
        let mut out = Array2::zeros((m, n));
        group.throughput(Throughput::Elements(2 * (m * k * n) as u64));
        group.bench_function(BenchmarkId::from_parameter(format!("{m}x{k}x{n}")), |bench| {
            bench.iter(|| Cpu.gemm(1.0, a.view(), b.view(), 0.0, out.view_mut()));
        });
    }
    group.finish();
}

criterion_group!(benches, overhead, gemm);
criterion_main!(benches);
