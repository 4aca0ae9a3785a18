//! Measures the steps of a training.

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use clap::Args;
use eae::ndarray::Array4;
use eae::{Autoencoder, Eae, Preset, RankStepper, TrainConfig, TrainError, Training, follow};
use eae_ranks::{Counted, RankError, Ranks, Shards, Typed};

use super::normal::normal;
use crate::failure::Failure;

/// A training to measure, with the default objective apart from the critic.
#[derive(Args)]
pub(super) struct Steps {
    /// Network: mlp, conv28 or conv32.
    #[arg(long, default_value = "mlp", value_parser = ["mlp", "conv28", "conv32"])]
    model: String,
    /// Number of images of a batch.
    #[arg(long, default_value_t = 96)]
    batch: usize,
    /// Number of shards of a batch.
    #[arg(long, default_value_t = 12)]
    shards: usize,
    /// Number of dimensions of a code.
    #[arg(long, default_value_t = 16)]
    latent: usize,
    /// Number of measured steps, after one that is not measured.
    #[arg(long, default_value_t = 3)]
    repeats: usize,
}

/// Number of features of an image by which these networks compare draws with images.
const FEATURES: usize = 256;

/// Makes steps with images of random pixels and prints the time of a step, the time in messages,
/// and the bytes and messages that a rank sends, beside the bytes of the formulas in
/// docs/distributed.md.
pub(super) fn run(ranks: &dyn Ranks, steps: &Steps) -> Result<(), Failure> {
    let (size, shards) = (ranks.size(), steps.shards);
    if steps.repeats == 0 || shards == 0 || shards > steps.batch {
        return Err(Failure::common(
            "--repeats, --shards and --batch must be at least 1, and --shards at most --batch",
        ));
    }
    if size > shards {
        return Err(Failure::common(format!("there are {size} ranks, but --shards is {shards}; use more shards")));
    }
    // What the first step costs more, such as sending the model, is in both.
    let first = measure(ranks, steps, 1)?;
    let all = measure(ranks, steps, 1 + steps.repeats)?;
    let of_step: Vec<f64> = all.iter().zip(first).map(|(all, first)| (all - first) / steps.repeats as f64).collect();
    let every = ranks.all_gather_of(&of_step)?;
    if ranks.rank() == 0 {
        let sum = |i: usize| every.iter().map(|numbers| numbers[i]).sum::<f64>();
        let mean = |i: usize| sum(i) / size as f64;
        let compute = every.iter().map(|numbers| numbers[0] - numbers[1]);
        let (least, most) = compute.fold((f64::MAX, 0.0_f64), |(least, most), x| (least.min(x), most.max(x)));
        println!(
            "{size} ranks: {:.4} s for a step, of which {:.4} s in messages; the ranks compute for {least:.4} to {most:.4} s",
            mean(0),
            mean(1)
        );
        println!(
            "{:.0} bytes from all ranks, by the formulas {}; {:.0} bytes and {:.1} messages from a rank in {:.0} calls",
            sum(2),
            formulas(steps, size)?,
            mean(2),
            mean(3),
            every[0][4]
        );
    }
    Ok(())
}

/// Makes a training of so many steps. Returns its seconds, those in messages, and the numbers of
/// bytes, messages and calls of this rank.
fn measure(ranks: &dyn Ranks, steps: &Steps, count: usize) -> Result<[f64; 5], Failure> {
    let mut model = model(steps)?;
    let [height, width, channels] = model.image_shape();
    let pixels = height * width * channels;
    let pixel = |i: usize| 1.0 / (1.0 + (-normal(i as u64)).exp());
    let images = (0..steps.batch * pixels).map(|i| pixel(i) as f32).collect();
    let images = Array4::from_shape_vec((steps.batch, height, width, channels), images).expect("as many numbers");
    let config = TrainConfig::default().batch_size(steps.batch).shards(steps.shards).warm_up(0.0);
    let config = config.epochs(count).objective(Eae::default().critic(0.0));

    let (counted, stop) = (Counted::new(ranks), AtomicBool::new(false));
    let start = Instant::now();
    if ranks.rank() > 0 {
        follow(&counted, &mut model, images.view(), &stop).map_err(failure)?;
    } else {
        let mut stepper = RankStepper::new(&counted, &stop);
        let mut training = Training::new(config, steps.batch);
        for _ in 0..count {
            training.step(&mut model, images.view(), &mut stepper).map_err(failure)?;
        }
    }
    let (seconds, traffic) = (start.elapsed().as_secs_f64(), counted.traffic());
    let [bytes, messages, calls] = [traffic.bytes, traffic.messages, traffic.calls].map(|count| count as f64);
    Ok([seconds, traffic.waited.as_secs_f64(), bytes, messages, calls])
}

fn model(steps: &Steps) -> Result<Autoencoder<f32>, Failure> {
    let preset: Preset = steps.model.parse().map_err(Failure::common)?;
    let shape = if preset == Preset::Conv32 { [32, 32, 3] } else { [28, 28, 1] };
    Autoencoder::new(preset, shape, steps.latent, 0).map_err(Failure::common)
}

/// Returns the bytes of a step by the formulas of docs/distributed.md.
fn formulas(steps: &Steps, ranks: usize) -> Result<usize, Failure> {
    let weights: usize = model(steps)?.parameters().iter().map(|parameter| parameter.len()).sum();
    let (others, rows) = (ranks - 1, steps.batch);
    let gradients = 4 * weights * others + 4 * weights * Shards::new(steps.shards).branches(ranks) * others / ranks;
    Ok(gradients + 8 * others * (rows * steps.latent + (rows + rows / 2) * FEATURES))
}

/// An error of a step is that of all ranks, unless a rank has ended.
fn failure(error: TrainError) -> Failure {
    match error {
        TrainError::Ranks { problem: problem @ (RankError::Lost(_) | RankError::Garbled { .. }), .. } => {
            Failure::alone(problem)
        }
        error => Failure::common(error),
    }
}
