//! Measures the time of searches and estimates: `cargo bench -p knn-entropy --bench entropy`. Each
//! line shows the seconds of the fastest of ten runs. The folder `benches/neighbors` of the
//! repository compares them with other libraries, and `docs/benchmarks.md` has the results.

use std::hint::black_box;
use std::time::Instant;

use knn_entropy::{Auto, KozachenkoLeonenko, Ksg, NeighborSearch, Norm, Samples};
use ndarray::{Array2, Axis, Slice};
use ndarray_rand::RandomExt;
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand_distr::StandardNormal;
use rand_chacha::ChaCha8Rng;

fn main() {
    println!("4 neighbors");
    for (n, d) in [(100_000, 1), (100_000, 2), (100_000, 3), (1_000_000, 3), (20_000, 8), (10_000, 64), (10_000, 512)] {
        let x = normal(n, d);
        let samples = Samples::new(x.view()).expect("finite numbers");
        time(&format!("n = {n}, d = {d}"), || Auto.among(&samples, 4, Norm::L2.into(), 0));
    }
    println!("mutual information, k = 3");
    let x = normal(100_000, 2);
    let column = |c: usize| x.slice_axis(Axis(1), Slice::from(c..=c));
    time("n = 100000, 1 + 1 dimensions", || Ksg::new(3).mutual_information(column(0), column(1)));
    println!("entropy and gradient, k = 1, f32");
    for n in [128, 512, 2048, 8192] {
        for d in [16, 64, 128] {
            let x = normal(n, d).mapv(|x| x as f32);
            time(&format!("n = {n}, d = {d}"), || KozachenkoLeonenko::new(1).entropy_and_gradient(x.view()));
        }
    }
}

fn normal(n: usize, d: usize) -> Array2<f64> {
    Array2::random_using((n, d), StandardNormal, &mut ChaCha8Rng::seed_from_u64(0))
}

fn time<T>(what: &str, work: impl Fn() -> knn_entropy::Result<T>) {
    let run = |_| {
        let start = Instant::now();
        black_box(work().expect("the samples are valid"));
        start.elapsed().as_secs_f64()
    };
    println!("  {what:<30} {:>10.6} s", (0..10).map(run).fold(f64::INFINITY, f64::min));
}
