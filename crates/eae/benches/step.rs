//! A training step, on fresh weights and on trained ones: `cargo bench -p eae`.
//!
//! Training makes tiny numbers, at the tails of the sigmoid and in Adam's averages, and processors can be a hundred times slower
//! on those below the smallest normal one. The two should take the same time.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use eae::{Autoencoder, Eae, Preset, Stepper, data};

const BATCH: usize = 100;

/// Steps after which the weights count as trained: ten times through the digits.
const TRAINED: usize = 900;

fn step(c: &mut Criterion) {
    let digits = data::digits::<f32>().train.pixels;
    for preset in [Preset::Mlp, Preset::Conv28] {
        let mut group = c.benchmark_group(format!("{preset}, batch {BATCH}"));
        group.throughput(Throughput::Elements(BATCH as u64)).sample_size(20);
        for (name, steps) in [("fresh weights", 1), ("trained weights", TRAINED)] {
            let mut model = Autoencoder::<f32>::new(preset, [28, 28, 1], 16, 0).expect("a preset for digits");
            let mut stepper = Stepper::default();
            let mut taken = 0;
            let mut step = |learning_rate: f64| {
                let start = taken * BATCH % (digits.dim().0 - BATCH);
                let batch =
                    stepper.batch(digits.view(), &(start..start + BATCH).collect::<Vec<_>>()).expect("in memory");
                let made = stepper.step(&mut model, batch, &Eae::published(2.0), 1.0, learning_rate);
                taken += 1;
                made.expect("codes apart").mse
            };
            for _ in 0..steps {
                step(1e-3);
            }
            // Measured without learning any further.
            group.bench_function(BenchmarkId::from_parameter(name), |b| b.iter(|| step(0.0)));
        }
        group.finish();
    }
}

criterion_group!(benches, step);
criterion_main!(benches);
