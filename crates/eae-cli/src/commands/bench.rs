use std::time::Instant;

use clap::{Args, Subcommand};
use eae::sampler;
use knn_entropy::{Auto, NeighborSearch, Norm, Samples};
use serde::Serialize;

use crate::failure::Failure;
use crate::{Common, print_json};

/// Time what takes the time.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// The k nearest neighbours of normal samples among themselves, as the estimators find them.
    Knn(Knn),
}

#[derive(Args)]
#[command(after_help = "Example:\n  eae bench knn --n 100000 --d 3 --k 4 --threads 2")]
struct Knn {
    /// Samples.
    #[arg(long, default_value_t = 100_000)]
    n: usize,
    /// Dimensions.
    #[arg(long, default_value_t = 3)]
    d: usize,
    /// Neighbours of each.
    #[arg(long, default_value_t = 4)]
    k: usize,
    /// Runs, of which the fastest counts.
    #[arg(long, default_value_t = 3)]
    repeat: usize,
    #[command(flatten)]
    common: Common,
}

#[derive(Serialize)]
struct Timing {
    peer: &'static str,
    n: usize,
    d: usize,
    k: usize,
    threads: usize,
    min_ms: f64,
    mean_log_r: f64,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let What::Knn(knn) = &arguments.what;
    knn.common.apply()?;
    let Knn { n, d, k, repeat, .. } = *knn;
    if n.checked_mul(d).is_none_or(|numbers| numbers > 1 << 30) || repeat == 0 {
        return Err(Failure::usage("--n times --d must be at most 2^30, and --repeat at least 1"));
    }
    let x = sampler::normal::<f64>(n, d, knn.common.seed);
    let refuse = |error: knn_entropy::Error| Failure::usage(error);
    let samples = Samples::new(x.view()).map_err(refuse)?;
    let (mut min_ms, mut mean_log_r) = (f64::INFINITY, 0.0);
    for _ in 0..repeat {
        let start = Instant::now();
        let neighbors = Auto.among(&samples, k, Norm::L2.into(), 0).map_err(refuse)?;
        min_ms = (1e3 * start.elapsed().as_secs_f64()).min(min_ms);
        mean_log_r = neighbors.distances.column(k - 1).mapv(f64::ln).mean().unwrap_or(0.0);
    }
    let timing = Timing { peer: "knn-entropy f64", n, d, k, threads: rayon::current_num_threads(), min_ms, mean_log_r };
    // One line in either case: it is read by programs.
    print_json(&timing);
    Ok(())
}
