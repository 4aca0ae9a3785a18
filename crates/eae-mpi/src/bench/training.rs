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
    // Both trainings have the additional cost of a first step, such as sending the model.
    let first = measure(ranks, steps, 1)?;
    let all = measure(ranks, steps, 1 + steps.repeats)?;
    let repeats = steps.repeats as f64;
    let of_step = [all.bytes - first.bytes, all.messages - first.messages].map(|count| count as f64 / repeats);
    let sums =
        ranks.all_gather_one(of_step)?.into_iter().fold([0.0; 2], |sum, of_step| [0, 1].map(|i| sum[i] + of_step[i]));
    if ranks.rank() == 0 {
        let [bytes, messages] = sums.map(|sum| sum / size as f64);
        println!(
            "{size} ranks: {:.4} s for a step, of which {:.4} s in messages",
            all.seconds / repeats,
            all.waited / repeats
        );
        println!(
            "{:.0} bytes from all ranks, by the formulas {}; {bytes:.0} bytes and {messages:.1} messages from a rank in {:.0} calls",
            sums[0],
            formulas(steps, size)?,
            (all.calls - first.calls) as f64 / repeats
        );
    }
    Ok(())
}

/// Times of rank 0 after the first step of a training, and counts of this rank from the start on.
struct Measured {
    seconds: f64,
    waited: f64,
    bytes: u64,
    messages: u64,
    calls: u64,
}

/// Makes a training of `count` steps.
fn measure(ranks: &dyn Ranks, steps: &Steps, count: usize) -> Result<Measured, Failure> {
    let mut model = model(steps)?;
    let [height, width, channels] = model.image_shape();
    let pixels = height * width * channels;
    let pixel = |i: usize| 1.0 / (1.0 + (-normal(i as u64)).exp());
    let images = (0..steps.batch * pixels).map(|i| pixel(i) as f32).collect();
    let images = Array4::from_shape_vec((steps.batch, height, width, channels), images).expect("as many numbers");
    let config = TrainConfig::default().batch_size(steps.batch).shards(steps.shards).warm_up(0.0);
    let config = config.epochs(count).objective(Eae::default().critic(0.0));

    let (counted, stop) = (Counted::new(ranks), AtomicBool::new(false));
    let mut since = (Instant::now(), counted.traffic().waited);
    if ranks.rank() > 0 {
        follow(&counted, &mut model, images.view(), &stop).map_err(failure)?;
    } else {
        let mut stepper = RankStepper::new(&counted, &stop);
        let mut training = Training::new(config, steps.batch);
        for step in 0..count {
            training.step(&mut model, images.view(), &mut stepper).map_err(failure)?;
            if step == 0 {
                since = (Instant::now(), counted.traffic().waited);
            }
        }
    }
    let (start, waited) = since;
    let (seconds, traffic) = (start.elapsed().as_secs_f64(), counted.traffic());
    Ok(Measured {
        seconds,
        waited: (traffic.waited - waited).as_secs_f64(),
        bytes: traffic.bytes,
        messages: traffic.messages,
        calls: traffic.calls,
    })
}

fn model(steps: &Steps) -> Result<Autoencoder<f32>, Failure> {
    let preset: Preset = steps.model.parse().map_err(Failure::common)?;
    let shape = if preset == Preset::Conv32 { [32, 32, 3] } else { [28, 28, 1] };
    Autoencoder::new(preset, shape, steps.latent, 0).map_err(Failure::common)
}

/// Returns the bytes of a step by the formulas of docs/distributed.md.
fn formulas(steps: &Steps, ranks: usize) -> Result<usize, Failure> {
    let weights: usize = model(steps)?.parameters().iter().map(|parameter| parameter.len()).sum();
    // The outputs of the last layer before the codes, by which draws are compared with images.
    let features = if steps.model == "conv32" { 4096 } else { 256 };
    let (others, rows) = (ranks - 1, steps.batch);
    let gradients = 4 * weights * others + 4 * weights * Shards::new(steps.shards).branches(ranks) * others / ranks;
    Ok(gradients + 8 * others * (rows * steps.latent + (rows + rows.div_ceil(3)) * features))
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
