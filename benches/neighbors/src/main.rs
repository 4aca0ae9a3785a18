//! Times a search for nearest neighbors in knn-entropy and in kiddo, in turns, and prints a table
//! of ratios.
//!
//! ```text
//! RAYON_NUM_THREADS=2 cargo run --release --manifest-path benches/neighbors/Cargo.toml
//! ```
//!
//! Each side builds its tree and looks up all points, on all threads. kiddo is asked for five
//! neighbors, because it counts the point itself as the first. Both sides must find the same
//! distances before anything is timed. `peers.py`, next to `Cargo.toml`, times Python libraries.

use std::num::NonZero;
use std::time::Instant;

use kiddo::{ImmutableKdTree, SquaredEuclidean};
use knn_entropy::{Auto, NeighborSearch, Norm, Samples};
use ndarray::Array2;
use ndarray_rand::RandomExt;
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand_distr::StandardNormal;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// Number of turns. The fastest of each side counts.
const TURNS: usize = 10;

/// Number of neighbors.
const K: usize = 4;

fn main() {
    println!("| n | d | kiddo, ms | here, ms | ratio |");
    println!("|---|---|---|---|---|");
    compare::<2>(100_000);
    compare::<3>(100_000);
    compare::<3>(1_000_000);
}

fn compare<const D: usize>(n: usize) {
    let x = Array2::<f64>::random_using((n, D), StandardNormal, &mut ChaCha8Rng::seed_from_u64(0));
    let samples = Samples::new(x.view()).expect("finite numbers");
    let points: Vec<[f64; D]> = x.outer_iter().map(|row| std::array::from_fn(|c| row[c])).collect();
    let here = || Auto.among(&samples, K, Norm::L2.into(), 0).expect("enough points").distances.column(K - 1).to_vec();
    let kiddo = || {
        let tree = ImmutableKdTree::<f64, D>::new_from_slice(&points).expect("finite numbers");
        let with_itself = NonZero::new(K + 1).expect("a positive number");
        let farthest = |point| tree.query(point).nearest_n::<SquaredEuclidean<f64>>(with_itself).execute()[K].distance;
        points.par_iter().map(|point| farthest(point).sqrt()).collect::<Vec<f64>>()
    };
    assert!(
        here().iter().zip(kiddo()).all(|(ours, theirs)| (ours - theirs).abs() < 1e-14),
        "kiddo finds other distances"
    );
    let (mut fastest_here, mut fastest_kiddo) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..TURNS {
        fastest_kiddo = fastest_kiddo.min(milliseconds(kiddo));
        fastest_here = fastest_here.min(milliseconds(here));
    }
    println!("| {n} | {D} | {fastest_kiddo:.1} | {fastest_here:.1} | {:.2} |", fastest_here / fastest_kiddo);
}

fn milliseconds<T>(work: impl Fn() -> T) -> f64 {
    let start = Instant::now();
    std::hint::black_box(work());
    1e3 * start.elapsed().as_secs_f64()
}
