//! Times the first KSG estimator of mutual information in knn-entropy and in infomeasure, in turns,
//! and prints a table of ratios. It needs the development files of OpenBLAS, such as Debian's
//! `libopenblas-dev`.
//!
//! ```text
//! RAYON_NUM_THREADS=2 cargo run --release --manifest-path benches/information/Cargo.toml
//! ```
//!
//! Both sides must find the same value before anything is timed. Of the crates with this estimator,
//! infomeasure is the fastest that we know of; others compare all pairs.

use std::time::Instant;

use infomeasure::estimators::mutual_information::MutualInformation;
use infomeasure::estimators::traits::GlobalValue;
use knn_entropy::Ksg;
use ndarray::{Array1, Axis};
use ndarray_rand::RandomExt;
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand_distr::StandardNormal;
use rand_chacha::ChaCha8Rng;

/// Number of turns. The fastest of each side counts.
const TURNS: usize = 10;

/// Number of neighbors.
const K: usize = 3;

fn main() {
    println!("| n | infomeasure, ms | here, ms | ratio |");
    println!("|---|---|---|---|");
    for n in [10_000, 100_000, 1_000_000] {
        compare(n);
    }
}

fn compare(n: usize) {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let [x, noise] = [0, 1].map(|_| Array1::<f64>::random_using(n, StandardNormal, &mut rng));
    let y = 0.6 * &x + 0.8 * noise;
    let series = [x.clone(), y.clone()];
    let peer = || MutualInformation::new_ksg(&series, K, 0.0).global_value();
    let [x, y] = [x.insert_axis(Axis(1)), y.insert_axis(Axis(1))];
    let here = || Ksg::new(K).mutual_information(x.view(), y.view()).expect("the samples are valid");
    assert!((here() - peer()).abs() < 1e-12, "infomeasure finds another value");
    let (mut fastest_here, mut fastest_peer) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..TURNS {
        fastest_peer = fastest_peer.min(milliseconds(peer));
        fastest_here = fastest_here.min(milliseconds(here));
    }
    println!("| {n} | {fastest_peer:.1} | {fastest_here:.1} | {:.2} |", fastest_here / fastest_peer);
}

fn milliseconds<T>(work: impl Fn() -> T) -> f64 {
    let start = Instant::now();
    std::hint::black_box(work());
    1e3 * start.elapsed().as_secs_f64()
}
