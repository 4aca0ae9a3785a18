//! Searches and estimates, beside the fastest kd-tree there is in Rust: `cargo bench -p knn-entropy`. The Python peers are in
//! `peers.py`, next to this file; `docs/benchmarks.md` has the results.

use std::num::NonZero;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use kiddo::{ImmutableKdTree, SquaredEuclidean};
use knn_entropy::{Auto, KozachenkoLeonenko, Ksg, NeighborSearch, Norm, Samples};
use ndarray::{Array2, Axis, Slice};
use ndarray_rand::RandomExt;
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand_distr::StandardNormal;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

fn normal(n: usize, d: usize) -> Array2<f64> {
    Array2::random_using((n, d), StandardNormal, &mut ChaCha8Rng::seed_from_u64(0))
}

fn neighbors(c: &mut Criterion) {
    let mut group = c.benchmark_group("4 neighbours");
    group.sample_size(10);
    for (n, d) in [(100_000, 1), (100_000, 2), (100_000, 3), (1_000_000, 3), (20_000, 8), (10_000, 64), (10_000, 512)] {
        let x = normal(n, d);
        let samples = Samples::new(x.view()).unwrap();
        group.bench_function(BenchmarkId::new("knn-entropy", format!("n = {n}, d = {d}")), |b| {
            b.iter(|| Auto.among(&samples, 4, Norm::L2.into(), 0).unwrap());
        });
        if d == 2 {
            kiddo::<2>(&mut group, &x);
        }
        if d == 3 {
            kiddo::<3>(&mut group, &x);
        }
    }
    group.finish();
}

/// Build and all queries, shared out by rayon, the nearest being the point itself.
fn kiddo<const D: usize>(group: &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>, x: &Array2<f64>) {
    let points: Vec<[f64; D]> = x.outer_iter().map(|row| std::array::from_fn(|c| row[c])).collect();
    let five = NonZero::new(5_usize).expect("not 0");
    group.bench_function(BenchmarkId::new("kiddo", format!("n = {}, d = {D}", x.nrows())), |b| {
        b.iter(|| {
            let tree = ImmutableKdTree::<f64, D>::new_from_slice(&points).unwrap();
            let query = |point| tree.query(point).nearest_n::<SquaredEuclidean<f64>>(five).execute()[4].distance.sqrt();
            points.par_iter().map(query).collect::<Vec<f64>>()
        });
    });
}

fn information(c: &mut Criterion) {
    let mut group = c.benchmark_group("mutual information, k = 3");
    group.sample_size(10);
    let x = normal(100_000, 2);
    let column = |c: usize| x.slice_axis(Axis(1), Slice::from(c..=c));
    group.bench_function("n = 100000, 1 + 1 dimensions", |b| {
        b.iter(|| Ksg::new(3).mutual_information(column(0), column(1)).unwrap());
    });
    group.finish();
}

fn entropy_and_gradient(c: &mut Criterion) {
    let mut group = c.benchmark_group("entropy and gradient, k = 1, f32");
    for n in [128, 512, 2048, 8192] {
        for d in [16, 64, 128] {
            let x = normal(n, d).mapv(|x| x as f32);
            group.bench_function(BenchmarkId::from_parameter(format!("n = {n}, d = {d}")), |b| {
                b.iter(|| KozachenkoLeonenko::new(1).entropy_and_gradient(x.view()).unwrap());
            });
        }
    }
    group.finish();
}

criterion_group!(benches, neighbors, information, entropy_and_gradient);
criterion_main!(benches);
