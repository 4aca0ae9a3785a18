//! Compares the innermost loop of every product in the presets with the multiply-add rate of this
//! core: `cargo bench -p nn-layers --bench loop`. Both are measured in turns on one thread, so the
//! share does not depend on the clock rate.

use std::time::{Duration, Instant};

use ndarray::{Array2, ArrayView2};
use nn_layers::kernels::{instructions, multiply_adds, time_product};

/// Dense layers of the presets: inputs, outputs.
const DENSE: [(&str, usize, usize); 6] = [
    ("mlp", 784, 512),
    ("mlp", 512, 256),
    ("conv28", 3136, 256),
    ("conv28", 256, 3136),
    ("conv32", 4096, 64),
    ("conv32", 64, 4096),
];

/// Convolutions of the presets: positions per block, entries of a patch, filters. A block has as
/// many images as have about 200 positions.
const DIRECT: [(&str, usize, usize, usize); 3] =
    [("conv28", 196, 16, 32), ("conv32", 256, 48, 64), ("paper32", 256, 16, 128)];

/// Convolutions by Winograd's algorithm: tiles per block, entries of a cell, filters.
const WINOGRAD: [(&str, usize, usize, usize); 6] = [
    ("conv28", 48, 128, 64),
    ("conv32", 48, 256, 128),
    ("conv32", 384, 512, 256),
    ("paper32", 384, 512, 256),
    ("paper32", 384, 1024, 512),
    ("paper32", 384, 2048, 1024),
];

fn main() {
    println!("multiply-adds: {:.1} Gflop/s with {}", limit(), instructions());
    for batch in [100, 512] {
        println!("batch {batch}");
        for (preset, inputs, outputs) in DENSE {
            passes(preset, &format!("dense, {inputs} to {outputs}"), [batch, inputs, outputs], batch);
        }
    }
    println!("any batch");
    for (preset, positions, patch, filters) in DIRECT {
        passes(preset, &format!("patches of {patch} to {filters}"), [positions, patch, filters], positions);
    }
    for (preset, tiles, cell, filters) in WINOGRAD {
        passes(preset, &format!("cells of {cell} to {filters}"), [tiles, cell, filters], tiles.max(96));
    }
}

/// Measures the three products of a layer. The gradient of the weights is a sum over `depth` rows.
fn passes(preset: &str, layer: &str, [rows, inputs, outputs]: [usize; 3], depth: usize) {
    let ones = |rows, columns| Array2::<f32>::ones((rows, columns));
    let measure = |pass: &str, a: ArrayView2<'_, f32>, columns: usize| {
        let (b, mut c) = (ones(a.ncols(), columns), ones(a.nrows(), columns));
        let operations = 2.0 * (a.len() * columns) as f64;
        // The limit may change during the measurement, for example if another core begins to work.
        let mut shares: Vec<(f64, f64)> = (0..15)
            .map(|_| {
                let rate = operations / time_product(a, b.view(), c.view_mut(), 5).as_secs_f64() / 1e9;
                (rate / limit(), rate)
            })
            .collect();
        shares.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (share, rate) = shares[shares.len() / 2];
        let [m, k] = [a.nrows(), a.ncols()];
        let shape = format!("{m} x {k} x {columns}");
        println!("  {preset:<8} {layer:<22} {pass:<10} {shape:<20} {rate:>7.1} Gflop/s {:>4.0} %", 100.0 * share);
    };
    measure("forward", ones(rows, inputs).view(), outputs);
    measure("to input", ones(rows, outputs).view(), inputs);
    measure("to weights", ones(depth, outputs).t(), inputs);
}

/// Returns the rate of multiply-adds in registers, in billions of floating-point operations per
/// second.
fn limit() -> f64 {
    let time = |_| {
        let start = Instant::now();
        let operations = multiply_adds(2000);
        operations as f64 / start.elapsed().max(Duration::from_nanos(1)).as_secs_f64()
    };
    (0..5).map(time).fold(0.0, f64::max) / 1e9
}
