//! Measures the error of the nearest-neighbor estimate of entropy on samples of N(0, I), whose
//! entropy is known. The error is small in few dimensions and grows with the dimension.
//!
//! ```text
//! cargo run --release --example entropy
//! ```

use std::f64::consts::{E, PI};

use eae::sampler;
use knn_entropy::{Error, KozachenkoLeonenko};

const REPLICATES: u64 = 40;

fn main() -> Result<(), Error> {
    println!("mean error of the estimate on N(0, I), in nats per dimension");
    println!("{:>4} {:>9} {:>9} {:>9} {:>9}", "d", "n = 128", "n = 512", "n = 2048", "k");
    for d in [1, 2, 4, 8, 16, 32, 64] {
        for k in [1, 5] {
            print!("{d:>4}");
            for n in [128, 512, 2048] {
                print!(" {:>+9.3}", mean_error(n, d, k)? / d as f64);
            }
            println!(" {k:>9}");
        }
    }
    Ok(())
}

fn mean_error(n: usize, d: usize, k: usize) -> Result<f64, Error> {
    let truth = d as f64 / 2.0 * (2.0 * PI * E).ln();
    let estimator = KozachenkoLeonenko::new(k);
    let mut sum = 0.0;
    for seed in 0..REPLICATES {
        sum += estimator.entropy(sampler::normal::<f64>(n, d, seed).view())? - truth;
    }
    Ok(sum / REPLICATES as f64)
}
