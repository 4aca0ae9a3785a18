//! Training over shards in one process, compared with training on whole batches.

use eae::objective::{Ae, Rae, Vae, Wae};
use eae::{
    Autoencoder, Criterion, Eae, Float, MakeStep, Network, Objective, StepReport, Stepper, TrainConfig, Training,
};
use ndarray::Array4;

/// Returns objectives with every term.
pub(crate) fn objectives() -> Vec<Objective> {
    let published = || Eae::published(2.0);
    vec![
        Ae::default().into(),
        Ae::default().normalized(true).into(),
        Vae::default().into(),
        Vae::default().learned_variance(true).into(),
        Wae::default().into(),
        Rae::default().beta(1.0).decay(0.1).into(),
        Rae::default().beta(1.0).gradient(0.3).into(),
        published().into(),
        published().marginal(true).k(3).mean(true).decoded(4).into(),
        published().bank(20).radius(3.0).draws(5.0).critic(5.0).into(),
        published().critic(5.0).decoded(3).into(),
        published().bank(7).draws(2.0).coverage(3.0).moments(1.5).critic(1.0).k(2).into(),
    ]
}

/// Returns a model with convolutions and with batch normalization in both networks.
pub(crate) fn model<F: Float>(objective: &Objective) -> Autoencoder<F> {
    let layers = |layers: &[&str]| layers.iter().map(|layer| layer.parse().unwrap()).collect();
    let network = Network {
        encoder: layers(&["conv 4 kernel=3 padding=1", "batch-norm", "affine", "leaky-relu", "dense 9", "leaky-relu"]),
        decoder: layers(&["dense 9", "batch-norm", "affine", "leaky-relu", "dense 12", "sigmoid"]),
    };
    Autoencoder::with_ending(network, [4, 3, 1], 2, objective.ending(), 3).unwrap()
}

/// Returns images, two of which are equal.
pub(crate) fn images<F: Float>(count: usize) -> Array4<F> {
    Array4::from_shape_fn((count, 4, 3, 1), |(n, i, j, _)| {
        let n = if n == 4 { 1 } else { n };
        F::from_f64(0.5 + 0.5 * ((17 * n * n + 5 * n * i + 3 * j) as f64 + 0.3 * i as f64).sin())
    })
}

/// Returns a configuration in which penalties have their full weight from the first step on.
pub(crate) fn config(objective: &Objective, batch_size: usize, shards: usize) -> TrainConfig {
    TrainConfig::default().warm_up(0.0).batch_size(batch_size).shards(shards).objective(objective.clone())
}

/// Returns the report of the first step, and its gradient.
fn first_step<F: Float>(objective: &Objective, images: &Array4<F>, shards: usize) -> (StepReport, Vec<f64>) {
    let (mut model, mut stepper) = (model::<F>(objective), Stepper::default());
    let count = images.dim().0;
    let mut training = Training::new(config(objective, count, shards), count);
    let (report, _) = training.step(&mut model, images.view(), &mut stepper).unwrap().unwrap();
    let adam = &stepper.state().unwrap().into_owned().adam;
    // The first mean gradient is (1 - beta1) times the gradient.
    let gradients = adam.moments().iter().flatten().flat_map(|moments| moments.first.iter());
    (report, gradients.map(|x| x.into_f64() / 0.1).collect())
}

fn compare<F: Float>(count: usize, tolerance: f64) {
    let images = images::<F>(count);
    for objective in objectives() {
        let (report, gradient) = first_step(&objective, &images, 1);
        let norm = |gradient: &mut dyn Iterator<Item = f64>| gradient.map(|x| x * x).sum::<f64>().sqrt();
        let size = norm(&mut gradient.iter().copied());
        for shards in [2, 3, 5, 8] {
            let (other, found) = first_step(&objective, &images, shards);
            assert_eq!(found.len(), gradient.len(), "{objective:?}, {shards} shards");
            let off = norm(&mut found.iter().zip(&gradient).map(|(a, b)| a - b));
            assert!(off <= tolerance * size, "{objective:?}, {shards} shards: off by {off} of {size}");
            for (a, b) in [(other.mse, report.mse), (other.entropy, report.entropy), (other.penalty, report.penalty)] {
                assert!((a - b).abs() <= tolerance * (1.0 + b.abs()), "{objective:?}, {shards} shards: {a}, not {b}");
            }
        }
    }
}

#[test]
fn first_gradients_are_those_of_the_whole_batch() {
    compare::<f64>(11, 1e-12);
    // Fewer images than shards.
    compare::<f64>(6, 1e-12);
}

#[test]
fn first_gradients_are_those_of_the_whole_batch_in_single_precision() {
    compare::<f32>(13, 1e-5);
}

#[test]
fn a_wrong_number_of_shards_is_an_error() {
    let objective = Objective::default();
    for (shards, expected) in [
        (0, "number of shards is 0; it must be at least 1"),
        (9, "number of shards is 9; it must be at most the batch size, 8"),
    ] {
        let error = config(&objective, 8, shards).check(&model(&objective), images::<f64>(8).view()).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn a_failed_step_changes_nothing() {
    let objective = objectives()[11].clone();
    let images = images::<f64>(16);
    let mut broken = images.clone();
    broken.fill(f64::NAN);
    let mut still = images.clone();
    still.fill(0.5);
    let (mut model, mut stepper) = (model(&objective), Stepper::default());
    let mut training = Training::new(config(&objective, 8, 3).epochs(3), 16);
    let state = |training: &Training, model: &mut _, stepper: &mut Stepper<f64>| {
        training.write(model, stepper).unwrap().to_bytes().unwrap()
    };
    for _ in 0..2 {
        training.step(&mut model, images.view(), &mut stepper).unwrap().unwrap();
        let before = state(&training, &mut model, &mut stepper);
        training.step(&mut model, broken.view(), &mut stepper).unwrap_err();
        assert!(state(&training, &mut model, &mut stepper) == before);
        // Codes that coincide have an entropy, because of the floor, but no NaN.
        let _ = training.step(&mut model.clone(), still.view(), &mut Stepper::default());
    }
}
