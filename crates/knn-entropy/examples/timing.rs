//! Times the tasks of `benches/neighbors/peers.py` with this crate and prints one line of JSON per
//! task.

use std::time::{Duration, Instant};

use knn_entropy::{Auto, KozachenkoLeonenko, Ksg, NeighborSearch, Norm, Samples};
use ndarray::{Array2, Axis, Slice};
use ndarray_rand::RandomExt;
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand_distr::StandardNormal;
use rand_chacha::ChaCha8Rng;

fn main() {
    let work = std::env::args().nth(1).unwrap_or_default();
    let [n, d, k] = [2, 3, 4].map(|i| std::env::args().nth(i).and_then(|x| x.parse().ok()).unwrap_or(4_usize));
    let x = Array2::<f64>::random_using((n, d), StandardNormal, &mut ChaCha8Rng::seed_from_u64(0));
    let column = |c: usize| x.slice_axis(Axis(1), Slice::from(c..=c));
    let single = x.mapv(|x| x as f32);
    let time = match work.as_str() {
        "neighbors" => {
            let samples = Samples::new(x.view()).expect("normal samples");
            fastest(|| Auto.among(&samples, k, Norm::L2.into(), 0).map(drop))
        }
        "information" => fastest(|| Ksg::new(k).mutual_information(column(0), column(1)).map(drop)),
        "gradient" => fastest(|| KozachenkoLeonenko::new(k).entropy_and_gradient(single.view()).map(drop)),
        _ => {
            eprintln!("usage: timing neighbors|information|gradient N D K");
            std::process::exit(2);
        }
    };
    println!("{{\"work\": \"{work}\", \"n\": {n}, \"d\": {d}, \"k\": {k}, \"ms\": {:.4}}}", 1e3 * time.as_secs_f64());
}

/// Repeats `work` for about a second and returns the time of the fastest run.
fn fastest(mut work: impl FnMut() -> knn_entropy::Result<()>) -> Duration {
    let (start, mut fastest) = (Instant::now(), Duration::MAX);
    while start.elapsed() < Duration::from_secs(1) || fastest == Duration::MAX {
        let run = Instant::now();
        work().expect("normal samples");
        fastest = fastest.min(run.elapsed());
    }
    fastest
}
