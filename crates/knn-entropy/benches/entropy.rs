//! The estimate with its gradient: `cargo bench -p knn-entropy`.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use knn_entropy::KozachenkoLeonenko;
use ndarray::Array2;
use ndarray_rand::RandomExt;
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand_distr::StandardNormal;
use rand_chacha::ChaCha8Rng;

fn entropy_and_gradient(c: &mut Criterion) {
    let mut group = c.benchmark_group("entropy and gradient, k = 1");
    for (n, d) in [(128, 16), (1024, 3), (1024, 16), (4096, 64)] {
        let x = Array2::<f64>::random_using((n, d), StandardNormal, &mut ChaCha8Rng::seed_from_u64(0));
        group.bench_function(BenchmarkId::from_parameter(format!("n = {n}, d = {d}")), |b| {
            b.iter(|| KozachenkoLeonenko::new(1).entropy_and_gradient(x.view()).unwrap());
        });
    }
    group.finish();
}

criterion_group!(benches, entropy_and_gradient);
criterion_main!(benches);
