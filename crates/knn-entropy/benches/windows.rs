//! Measures the cost of a Theiler window: `cargo bench -p knn-entropy --bench windows`.
//!
//! Each line is for a kind of series, a dimension and a window. It shows the seconds of a search
//! for 4 neighbors, of counts within the distances found, and of counts within the distances found
//! without a window, each with its ratio to the time without a window.

use std::time::Instant;

use knn_entropy::{Auto, NeighborSearch, Norm, Samples};
use ndarray::{Array2, Axis};
use ndarray_rand::RandomExt;
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand_distr::StandardNormal;
use rand_chacha::ChaCha8Rng;

const N: usize = 100_000;

fn main() {
    println!("series   d  window    search ratio    counts ratio     fixed ratio");
    for walk in [true, false] {
        for d in [1, 2, 3] {
            let mut x = Array2::<f64>::random_using((N, d), StandardNormal, &mut ChaCha8Rng::seed_from_u64(0));
            if walk {
                x.accumulate_axis_inplace(Axis(0), |before, x| *x += before);
            }
            let x = Samples::new(x.view()).expect("finite numbers");
            let series = if walk { "walk" } else { "normal" };
            let (mut fixed, mut without) = (Vec::new(), None);
            for window in [0, 2, 10, 100, 5000, N / 3] {
                let mut radii = Vec::new();
                let search = fastest(|| {
                    let found = Auto.among(&x, 4, Norm::L2.into(), window).expect("enough points");
                    radii = found.distances.column(3).to_vec();
                });
                if window == 0 {
                    fixed.clone_from(&radii);
                }
                let counts = |radii: &[f64]| {
                    fastest(|| {
                        Auto.count_shells(&x, radii, radii, Norm::L2.into(), window).expect("each point has a radius");
                    })
                };
                let times = [search, counts(&radii), counts(&fixed)];
                let without: [f64; 3] = *without.get_or_insert(times);
                print!("{series:<6} {d:>3} {window:>7}");
                for (time, without) in times.iter().zip(without) {
                    print!(" {time:>9.4} {:>5.1}", time / without);
                }
                println!();
            }
        }
    }
}

/// Returns the seconds of the fastest of three runs.
fn fastest(mut work: impl FnMut()) -> f64 {
    let mut run = || {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    };
    (0..3).map(|_| run()).fold(f64::INFINITY, f64::min)
}
