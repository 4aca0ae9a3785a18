use std::time::Instant;

use clap::{Args, Subcommand, ValueEnum};
use eae::{Autoencoder, Eae, Preset, Stepper, sampler};
use knn_entropy::{Auto, NeighborSearch, Norm, Samples};
use serde::Serialize;

use crate::common::Common;
use crate::failure::Failure;
use crate::model::Model;
use crate::output::print_json;

/// Time the neighbor search or a training step.
#[derive(Args)]
#[command(after_help = "Examples:\n  eae bench knn --n 100000 --d 3\n  eae bench step --model conv28 --batch 100")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Time the search for the k nearest neighbors of each of n normal samples.
    Knn(Knn),
    /// Time a training step, from the batch to the updated parameters.
    Step(Step),
}

#[derive(Args)]
#[command(after_help = "Example:\n  eae bench knn --n 100000 --d 3 --k 4 --threads 2")]
struct Knn {
    /// Number of samples.
    #[arg(long, default_value_t = 100_000)]
    n: usize,
    /// Number of dimensions.
    #[arg(long, default_value_t = 3)]
    d: usize,
    /// Number of neighbors of each sample.
    #[arg(long, default_value_t = 4)]
    k: usize,
    /// Number of runs; the fastest counts.
    #[arg(long, default_value_t = 3)]
    repeat: usize,
    #[command(flatten)]
    common: Common,
}

#[derive(Args)]
#[command(after_help = "Example:\n  eae bench step --model conv28 --batch 100 --latent 16 --threads 2 --steps 30")]
struct Step {
    /// Networks: a preset, or a .toml file for gray images of 28 x 28 pixels.
    #[arg(long, default_value = "conv28")]
    model: Model,
    /// Batch size.
    #[arg(long, default_value_t = 100)]
    batch: usize,
    /// Latent dimension.
    #[arg(long, default_value_t = 16)]
    latent: usize,
    /// Objective of the step.
    #[arg(long, value_enum, default_value_t = Timed::Published)]
    objective: Timed,
    /// Number of timed steps.
    #[arg(long, default_value_t = 30)]
    steps: usize,
    /// Number of untimed steps before the timed steps.
    #[arg(long, default_value_t = 3)]
    warmup: usize,
    #[command(flatten)]
    common: Common,
}

/// An objective whose step is timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
enum Timed {
    /// The paper's objective: the squared error and the entropy of the batch.
    Published,
    /// The objective of `eae train`. To fill its memory bank with images in batches of 100, use
    /// --warmup 20.
    Default,
}

impl Timed {
    fn objective(self) -> Eae {
        match self {
            Self::Published => Eae::published(0.5),
            Self::Default => Eae::default(),
        }
    }
}

/// Timing of the neighbor search. The names are those of the PyTorch benchmark.
#[derive(Serialize)]
struct KnnTiming {
    peer: &'static str,
    n: usize,
    d: usize,
    k: usize,
    threads: usize,
    min_ms: f64,
    mean_log_r: f64,
}

#[derive(Serialize)]
struct StepTiming {
    peer: &'static str,
    model: String,
    batch: usize,
    latent: usize,
    objective: Timed,
    threads: usize,
    instructions: &'static str,
    parameters: usize,
    median_ms: f64,
    min_ms: f64,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    // Programs read the output, so it is JSON with and without `--json`.
    match &arguments.what {
        What::Knn(knn) => print_json(&time_knn(knn)?),
        What::Step(step) => print_json(&time_step(step)?),
    }
    Ok(())
}

fn time_step(arguments: &Step) -> Result<StepTiming, Failure> {
    let Step { ref model, batch, latent, objective, steps, warmup, .. } = *arguments;
    if !(2..=1 << 16).contains(&batch) || steps == 0 {
        return Err(Failure::usage(format!(
            "--batch is {batch} and --steps is {steps}; --batch must be between 2 and 65536, and --steps at least 1"
        )));
    }
    let (named, architecture) = (model.to_string(), model.architecture()?);
    let (side, channels) = match model {
        Model::Preset(preset) => (preset.side(), if *preset == Preset::Conv32 { 3 } else { 1 }),
        Model::File(_) => (28, 1),
    };
    let model = Autoencoder::<f32>::new(architecture, [side, side, channels], latent, arguments.common.seed);
    let mut model = model.map_err(Failure::usage)?;
    let parameters = model.parameters().iter().map(|parameter| parameter.len()).sum();
    let pixels = sampler::normal::<f32>(batch, side * side * channels, arguments.common.seed);
    let pixels = pixels.mapv_into(|x| 1.0 / (1.0 + (-x).exp()));
    let images = pixels.into_shape_with_order((batch, side, side, channels)).expect("the shape has as many pixels");
    let (mut stepper, all, eae) = (Stepper::default(), (0..batch).collect::<Vec<_>>(), objective.objective());
    let mut times = Vec::with_capacity(steps);
    for step in 0..warmup + steps {
        let start = Instant::now();
        let images = stepper.batch(images.view(), &all).map_err(Failure::other)?;
        let made = stepper.step(&mut model, images, &eae, 1.0, 1e-3).map_err(Failure::other)?;
        if !made.finite {
            return Err(Failure::other(format!("step {step}: the loss is not finite")));
        }
        if step >= warmup {
            times.push(1e3 * start.elapsed().as_secs_f64());
        }
    }
    times.sort_by(f64::total_cmp);
    let median_ms = (times[(steps - 1) / 2] + times[steps / 2]) / 2.0;
    Ok(StepTiming {
        peer: "eae f32",
        model: named,
        batch,
        latent,
        objective,
        threads: rayon::current_num_threads(),
        instructions: nn_layers::kernels::instructions(),
        parameters,
        median_ms,
        min_ms: times[0],
    })
}

fn time_knn(knn: &Knn) -> Result<KnnTiming, Failure> {
    let Knn { n, d, k, repeat, .. } = *knn;
    if n.checked_mul(d).is_none_or(|numbers| numbers > 1 << 30) || repeat == 0 {
        return Err(Failure::usage(format!(
            "--n is {n}, --d is {d} and --repeat is {repeat}; --n times --d must be at most 2^30, and --repeat at least 1"
        )));
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
    Ok(KnnTiming { peer: "knn-entropy f64", n, d, k, threads: rayon::current_num_threads(), min_ms, mean_log_r })
}
