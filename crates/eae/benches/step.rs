//! Measures a training step on fresh weights and on trained ones: `cargo bench -p eae`.
//!
//! Training produces tiny numbers, in the tails of the sigmoid and in Adam's averages. CPUs can be
//! a hundred times slower on subnormal numbers. Both measurements should take the same time.

use std::time::Instant;

use eae::{Autoencoder, Eae, Preset, Stepper, data};

const BATCH: usize = 100;

/// Number of steps after which the weights count as trained: ten passes over the digits.
const TRAINED: usize = 900;

/// Number of timed steps.
const TIMED: usize = 200;

fn main() {
    let digits = data::digits::<f32>().train.pixels;
    for preset in [Preset::Mlp, Preset::Conv28] {
        for (name, steps) in [("fresh weights", 1), ("trained weights", TRAINED)] {
            let mut model = Autoencoder::<f32>::new(preset, [28, 28, 1], 16, 0).expect("a preset for digits");
            let mut stepper = Stepper::default();
            let mut step = |taken: usize, learning_rate: f64| {
                let start = taken * BATCH % (digits.dim().0 - BATCH);
                let batch =
                    stepper.batch(digits.view(), &(start..start + BATCH).collect::<Vec<_>>()).expect("in memory");
                let made = stepper.step(&mut model, batch, &Eae::published(2.0), 1.0, learning_rate);
                made.expect("codes apart");
            };
            (0..steps).for_each(|taken| step(taken, 1e-3));
            // Measure without further training.
            let mut milliseconds: Vec<f64> = (steps..steps + TIMED)
                .map(|taken| {
                    let start = Instant::now();
                    step(taken, 0.0);
                    1e3 * start.elapsed().as_secs_f64()
                })
                .collect();
            milliseconds.sort_by(f64::total_cmp);
            let [fast, median, slow] = [TIMED / 20, TIMED / 2, TIMED - TIMED / 20].map(|place| milliseconds[place]);
            println!("{preset}, batch {BATCH}, {name}: {median:.2} ms ({fast:.2} to {slow:.2})");
        }
    }
}
