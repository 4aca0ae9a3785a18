//! Compares whole steps with those of the CPU.

use eae::network::Architecture;
use eae::{Autoencoder, Eae, MakeStep, Objective, Preset, StepReport, Stepper, TrainConfig, Training, data};
use eae_gpu::{AdapterChoice, Error, Gpu, GpuStepper};
use ndarray::ArrayD;
use nn_layers::Weights;

use crate::Test;

pub(crate) const TESTS: &[Test] = &[
    ("training::losses_of_the_cpu", losses_of_the_cpu),
    ("training::terms_of_the_default", terms_of_the_default),
    ("training::coverage_and_moments", coverage_and_moments),
    ("training::memory_banks", memory_banks),
    ("training::convolutions", convolutions),
    ("training::checked_and_not", checked_and_not),
];

pub(crate) const BATCH: usize = 16;
pub(crate) const LATENT: usize = 8;

/// A training on the device, with its model and images.
pub(crate) struct OnDevice {
    pub(crate) model: Autoencoder<f32>,
    pub(crate) training: Training,
    pub(crate) stepper: GpuStepper,
    pub(crate) images: data::Images<f32>,
}

impl OnDevice {
    pub(crate) fn new(gpu: &Gpu, mut model: Autoencoder<f32>, config: TrainConfig) -> Result<Self, Error> {
        let images = images();
        let stepper = GpuStepper::new(gpu, &mut model, &config, Some(images.pixels.view()))?;
        Ok(Self { model, training: Training::new(config, images.len()), stepper, images })
    }

    pub(crate) fn step(&mut self) -> StepReport {
        let Self { model, training, stepper, images } = self;
        training.step(model, &*images, stepper).unwrap().unwrap().0
    }

    pub(crate) fn write(&mut self) -> Weights {
        self.training.write(&mut self.model, &mut self.stepper).unwrap()
    }
}

pub(crate) fn images() -> data::Images<f32> {
    data::digits::<f32>().train.select(&(0..320).collect::<Vec<_>>())
}

pub(crate) fn mlp() -> Autoencoder<f32> {
    Autoencoder::new(Preset::Mlp, [28, 28, 1], LATENT, 3).unwrap()
}

/// Returns a configuration without a warm-up.
pub(crate) fn config(objective: impl Into<Objective>) -> TrainConfig {
    TrainConfig::default().batch_size(BATCH).epochs(20).objective(objective).warm_up(0.0).seed(5)
}

pub(crate) fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * b.abs().max(1.0)
}

/// Makes fifty steps on both, each from the state of the device. Error and entropy must agree to
/// 1e-5, and the parameters after the step must agree.
///
/// Without this synchronization the two would diverge, as single and double precision do on the
/// CPU: they differ by 1e-4 after one step and by 1e-3 after five. Parameters whose gradient is
/// only rounding error, such as the bias of a unit that is active on a whole batch before batch
/// normalization, are moved by Adam as far as all others, and affect the next batch.
fn losses_of_the_cpu(gpu: &Gpu) {
    let mean = Eae::published(2.0).k(3).mean(true);
    for (eae, steps) in [(Eae::published(1.0), 50), (Eae::published(1.0).k(2), 2), (mean, 2)] {
        compare_with_the_cpu(gpu, &Preset::Mlp.into(), eae, 0.0, steps);
    }
}

/// Tests the terms of the default beyond the paper's objective, with a weight that rises from 0,
/// and with banks that are filling, wrapping around, and smaller than a batch.
fn terms_of_the_default(gpu: &Gpu) {
    let published = Eae::published(1.0);
    for (eae, warm_up, steps) in [
        (published.clone().bank(10).k(2), 0.0, 2),
        (published.clone().decoded(7).radius(3.0), 0.0, 2),
        (published.clone().decoded(10).draws(5.0).bank(40), 0.0, 2),
        (Eae::default().bank(40), 0.2, 5),
    ] {
        compare_with_the_cpu(gpu, &Preset::Mlp.into(), eae, warm_up, steps);
    }
}

/// Tests each of the terms that compare images with draws of this step and of previous steps, and
/// all together: with banks that are filling, wrapping around, smaller than a batch, and absent.
fn coverage_and_moments(gpu: &Gpu) {
    let published = Eae::published(1.0);
    for (eae, warm_up, steps) in [
        (published.clone().coverage(20.0).bank(40), 0.0, 5),
        (published.clone().moments(100.0).bank(40), 0.0, 5),
        (published.clone().coverage(20.0).decoded(1), 0.0, 2),
        (published.moments(100.0).decoded(11), 0.0, 2),
        (Eae::default().coverage(20.0).moments(100.0).bank(10), 0.0, 3),
        (Eae::default().coverage(20.0).moments(100.0).decoded(11).bank(40), 0.2, 6),
    ] {
        compare_with_the_cpu(gpu, &Preset::Mlp.into(), eae, warm_up, steps);
    }
    // Without a trunk the features are the pictures themselves.
    let linear = serde_json::from_str(r#"{"encoder": [], "decoder": ["dense 784", "sigmoid"]}"#).unwrap();
    // The draws begin at an unaligned place of the decoded pictures if these are 11.
    let [all, two] = [Eae::default().moments(100.0), Eae::published(1.0).coverage(20.0).moments(100.0)];
    for eae in [all.clone(), two, all.decoded(11)] {
        compare_with_the_cpu(gpu, &linear, eae.bank(40), 0.0, 2);
    }
}

/// Tests the banks without downloading them in between. The steps are so small that only the codes
/// and features change.
fn memory_banks(gpu: &Gpu) {
    for bank in [40, 10] {
        let eae = Eae::default().coverage(20.0).moments(100.0).critic(3.0).bank(bank);
        let config = config(eae).learning_rate(1e-30).warm_up(0.2);
        let (mut on_cpu, mut here, mut cpu) = (mlp(), Training::new(config.clone(), 320), Stepper::default());
        let mut there = OnDevice::new(gpu, on_cpu.clone(), config).unwrap();
        for step in 0..4 {
            let (expected, _) = here.step(&mut on_cpu, &there.images, &mut cpu).unwrap().unwrap();
            let found = there.step();
            assert!(
                close(found.penalty, expected.penalty, 1e-5),
                "{bank}, step {step}: {found:?}; expected {expected:?}"
            );
        }
        let (found, expected) = (there.write(), here.write(&mut on_cpu, &mut cpu).unwrap());
        for name in ["training.codes", "training.features", "training.draws"] {
            let shape = expected.shape(name).unwrap();
            let [a, b] = [&found, &expected].map(|weights| weights.get::<f32>(name, shape).unwrap());
            assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-4), "{name} of {bank}");
            let next = format!("{name}.next");
            assert_eq!(found.get_count(&next).unwrap(), expected.get_count(&next).unwrap(), "{next} of {bank}");
        }
    }
}

/// Convolutions, including windows that are not square, overlap, skip pixels, or extend past the
/// edge.
fn convolutions(gpu: &Gpu) {
    let all = Eae::default().coverage(20.0).moments(100.0).bank(50);
    compare_with_the_cpu(gpu, &Preset::Conv28.into(), all, 0.0, 1);
    let own = odd_windows();
    for eae in [Eae::published(1.0), Eae::default().decoded(11).draws(0.0)] {
        compare_with_the_cpu(gpu, &own, eae, 0.0, 2);
    }
}

/// Returns a small network with every kind of layer.
pub(crate) fn odd_windows() -> Architecture {
    let own = r#"{
        "encoder": ["conv 3 kernel=3x5 stride=2x3 padding=1x2", "tanh", "conv 5 kernel=2", "leaky-relu 0.1", "dense 9", "softplus"],
        "decoder": ["dense 36", "unflatten 4 3 3", "conv-transpose 4 kernel=3x4 stride=2x3 padding=1", "sigmoid",
            "conv-transpose 2 kernel=4 stride=4", "relu", "conv 1 kernel=3 padding=1", "sigmoid", "dense 784"]
    }"#;
    serde_json::from_str(own).unwrap()
}

/// Results without run-time bounds checks equal those with checks, to the last bit.
fn checked_and_not(gpu: &Gpu) {
    let checked = Gpu::open(&AdapterChoice::default().adapter(&gpu.adapter().name).checked(true)).unwrap();
    let [here, there] = [gpu, &checked].map(|gpu| {
        let model = Autoencoder::new(odd_windows(), [28, 28, 1], LATENT, 3).unwrap();
        let eae = Eae::default().coverage(20.0).moments(100.0).critic(3.0).bank(40).decoded(11);
        let mut training = OnDevice::new(gpu, model, config(eae)).unwrap();
        let reports = [(); 2].map(|()| training.step());
        (reports, training.write())
    });
    assert!(here == there, "{:?} and {:?}", here.0, there.0);
}

/// Makes steps on both, each from the state of the device.
pub(crate) fn compare_with_the_cpu(gpu: &Gpu, networks: &Architecture, eae: Eae, warm_up: f64, steps: usize) {
    let config = config(eae.clone()).warm_up(warm_up);
    let mut on_cpu = Autoencoder::<f32>::new(networks.clone(), [28, 28, 1], LATENT, 3).unwrap();
    let mut there = OnDevice::new(gpu, on_cpu.clone(), config).unwrap();
    for step in 0..steps {
        let state = there.write();
        let (mut here, optimizer) = Training::read(&mut on_cpu, &state).unwrap();
        // The state is large, so compare it less often.
        let whole = step < 2 || step + 1 == steps;
        if whole {
            // The restored state equals the written one.
            there.stepper.restore(optimizer.clone()).unwrap();
        }
        let mut cpu = Stepper::default();
        cpu.restore(optimizer).unwrap();
        let (expected, _) = here.step(&mut on_cpu, &there.images, &mut cpu).unwrap().unwrap();
        let found = there.step();
        for (what, found, expected) in [
            ("error", found.mse, expected.mse),
            ("entropy", found.entropy, expected.entropy),
            ("penalty", found.penalty, expected.penalty),
        ] {
            assert!(close(found, expected, 1e-5), "{eae:?}, step {step}, {what}: {found}; expected {expected}");
        }
        if whole {
            same_state(&there.write(), &here.write(&mut on_cpu, &mut cpu).unwrap());
        }
    }
}

/// Compares Adam's moments, which reflect the gradients, and the statistics. A ReLU whose input is
/// 0 up to rounding may be active on one side only, so gradients are compared by their norm. A
/// parameter whose gradient is only rounding error moves as far as the others and in any direction,
/// so parameters may differ by up to such a step. Most of the critic's have a larger gradient.
fn same_state(found: &Weights, expected: &Weights) {
    assert!(found.names().eq(expected.names()), "the states differ in their arrays");
    for name in expected.names().filter(|name| expected.shape(name).unwrap().is_empty()) {
        assert_eq!(found.get_count(name).ok(), expected.get_count(name).ok(), "{name}");
    }
    let array = |weights: &Weights, name: &str| weights.get::<f64>(name, expected.shape(name).unwrap()).unwrap();
    let largest = |array: &ArrayD<f64>| array.fold(0.0_f64, |most, x| most.max(x.abs()));
    let norm = |array: &ArrayD<f64>| array.fold(0.0_f64, |sum, x| sum + x * x).sqrt();
    let (adam, own): (Vec<&str>, Vec<&str>) = expected
        .names()
        .filter(|name| !expected.shape(name).unwrap().is_empty())
        .partition(|name| name.contains("adam"));
    for of in ["first", "second"] {
        let moments = || adam.iter().filter(|name| name.ends_with(of));
        let overall = moments().fold(0.0_f64, |most, name| most.max(norm(&array(expected, name))));
        for name in moments() {
            let (found, expected) = (array(found, name), array(expected, name));
            let off = norm(&(&found - &expected));
            // A bias before batch normalization has only rounding error as its gradient.
            let allowed = 1e-3 * norm(&expected) + 1e-5 * overall;
            assert!(off <= allowed, "{name}: {off} off, of {} and {overall}", norm(&expected));
        }
    }
    let (of_training, of_model): (Vec<&str>, Vec<&str>) =
        own.into_iter().partition(|name| name.starts_with("training"));
    for name in of_training.into_iter().filter(|name| name.contains("critic")) {
        let (a, b) = (array(found, name), array(expected, name));
        let apart = norm(&(&a - &b)) / (a.len() as f64).sqrt();
        assert!(apart <= 1e-4, "{name}: {apart} apart");
    }
    for name in of_model {
        let (a, b) = (array(found, name), array(expected, name));
        let tolerance = if name.contains("running") { 1e-5 * largest(&b).max(1.0) } else { 2.1e-3 };
        assert!(largest(&(&a - &b)) <= tolerance, "{name}");
    }
}
