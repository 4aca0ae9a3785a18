//! Other properties of a training on the device: its cost, checkpoints, unsupported models and
//! failures.

use eae::objective::Ae;
use eae::{Autoencoder, Criterion, Eae, MakeStep, OptimizerState, Preset, StepError, Stepper, TrainError, Training};
use eae_gpu::{AdapterChoice, Error, Gpu, GpuStepper};

use crate::Test;
use crate::training::{BATCH, LATENT, OnDevice, close, config, images, mlp};

pub(crate) const TESTS: &[Test] = &[
    ("trainer::resumed", resumed),
    ("trainer::cost_of_a_step", cost_of_a_step),
    ("trainer::unsupported_models", unsupported_models),
    ("trainer::a_failed_step_changes_nothing", a_failed_step_changes_nothing),
    ("trainer::a_device_lost_during_training", a_device_lost_during_training),
];

/// Half of the steps on one device and half on another, with a checkpoint in between, equal all
/// steps on one device.
fn resumed(gpu: &Gpu) {
    for eae in [Eae::default(), Eae::default().coverage(20.0).moments(100.0).critic(3.0)] {
        resumed_with(gpu, eae.bank(40));
    }
}

fn resumed_with(gpu: &Gpu, eae: Eae) {
    let config = config(eae);
    let mut whole = OnDevice::new(gpu, mlp(), config.clone()).unwrap();
    let mut first = OnDevice::new(gpu, mlp(), config.clone()).unwrap();
    for _ in 0..5 {
        assert_eq!(whole.step(), first.step());
    }
    let mut model = Autoencoder::<f32>::new(Preset::Mlp, [28, 28, 1], LATENT, 4).unwrap();
    let (training, optimizer) = Training::read(&mut model, &first.write()).unwrap();
    let mut second = OnDevice { training, ..OnDevice::new(gpu, model, config).unwrap() };
    second.stepper.restore(optimizer.clone()).unwrap();
    for _ in 5..10 {
        assert_eq!(whole.step(), second.step());
    }
    assert!(whole.write() == second.write());
    // Memory banks of another objective are rejected.
    let other = super::training::config(Eae::default().bank(7));
    let refused = OnDevice::new(gpu, mlp(), other).unwrap().stepper.restore(optimizer).unwrap_err().to_string();
    assert!(refused.contains("the bank of codes has 40 rows of 8; expected at most 7 rows of 8"), "{refused}");
    second.stepper.restore(OptimizerState::default()).unwrap();
    assert!(second.stepper.state().unwrap().adam.moments().is_empty());
}

/// A step is one submission of at most 30 kernels. It uploads the indices of the images and 16
/// numbers, downloads eight numbers, and compiles nothing.
fn cost_of_a_step(gpu: &Gpu) {
    let own = gpu.with_limits(gpu.limits(), std::time::Duration::from_secs(60));
    let mut training = OnDevice::new(&own, mlp(), config(Eae::published(1.0))).unwrap();
    training.step();
    let (before, memory) = (own.counts(), own.memory());
    let steps = 3;
    for _ in 0..steps {
        training.step();
    }
    let (cost, dispatches) = (own.counts().since(&before), training.stepper.dispatches());
    assert!(dispatches <= 30, "{dispatches}");
    assert_eq!(cost.dispatches, steps * dispatches as u64);
    assert_eq!(cost.submissions, steps);
    assert_eq!(cost.uploaded, steps * 4 * (16 + BATCH as u64));
    assert_eq!(cost.downloaded, steps * 32);
    assert_eq!(cost.pipelines, 0);
    assert_eq!(own.memory(), memory, "a step must not allocate memory");
    eprintln!("a step of `mlp`: {dispatches} kernels");
}

fn unsupported_models(gpu: &Gpu) {
    let mut paper = Autoencoder::<f32>::new(Preset::Paper32, [32, 32, 1], LATENT, 3).unwrap();
    let error = GpuStepper::new(gpu, &mut paper, &config(Eae::published(1.0)), None).unwrap_err().to_string();
    assert!(error.contains("BatchNorm") && error.contains("train on the CPU"), "{error}");
    let error = OnDevice::new(gpu, mlp(), config(Eae::published(1.0).k(BATCH))).err().unwrap().to_string();
    assert!(error.contains("k is 16") && error.contains("1 to 15"), "{error}");
    // Without an entropy in the loss, with and without normalization of the code.
    for ae in [Ae::default().normalized(true), Ae::default()] {
        let model = Autoencoder::<f32>::with_ending(Preset::Mlp, [28, 28, 1], LATENT, ae.ending(), 3).unwrap();
        let (config, mut on_cpu) = (config(ae), model.clone());
        let mut there = OnDevice::new(gpu, model, config.clone()).unwrap();
        let step = Training::new(config, 320).step(&mut on_cpu, &there.images, &mut Stepper::default());
        let (expected, _) = step.unwrap().unwrap();
        assert!(close(there.step().mse, expected.mse, 1e-5));
    }
}

/// A batch whose loss is not finite changes neither parameters nor running statistics, moments or
/// memory banks.
fn a_failed_step_changes_nothing(gpu: &Gpu) {
    let (good, mut bad) = (images().pixels, images().pixels);
    bad.fill(f32::NAN);
    // Banks that are filling, that are full and that are smaller than a batch.
    for bank in [200, 40, 10] {
        let config = config(Eae::default().coverage(20.0).moments(100.0).critic(3.0).bank(bank));
        let [mut disturbed, mut calm] = [(); 2].map(|()| {
            let mut model = mlp();
            let stepper = GpuStepper::new(gpu, &mut model, &config, None).unwrap();
            (model, Training::new(config.clone(), 320), stepper)
        });
        let write = |(model, training, stepper): &mut (Autoencoder<f32>, Training, GpuStepper)| {
            training.write(model, stepper).unwrap()
        };
        for step in 0..5 {
            let before = write(&mut disturbed);
            let (model, training, stepper) = &mut disturbed;
            let error = training.step(model, bad.view(), stepper).unwrap_err();
            assert!(matches!(error, TrainError::NotFinite { .. }), "{error}");
            assert!(write(&mut disturbed) == before, "a bank of {bank}, step {step}");
            let reports = [&mut disturbed, &mut calm]
                .map(|(model, training, stepper)| training.step(model, good.view(), stepper).unwrap());
            assert_eq!(reports[0], reports[1], "a bank of {bank}, step {step}");
        }
        assert!(write(&mut disturbed) == write(&mut calm), "a bank of {bank}");
    }
}

/// No further step is made, and the checkpoint is resumed on the CPU.
fn a_device_lost_during_training(gpu: &Gpu) {
    let own = Gpu::open(&AdapterChoice::default().adapter(&gpu.adapter().name)).unwrap();
    let mut there = OnDevice::new(&own, mlp(), config(Eae::default().bank(40))).unwrap();
    there.step();
    let kept = there.write();

    own.destroy();
    let OnDevice { model, training, stepper, images } = &mut there;
    let lost = |problem: &(dyn std::error::Error + Send + Sync + 'static)| {
        assert!(matches!(problem.downcast_ref(), Some(Error::Lost(_))), "{problem}");
    };
    match training.step(model, &*images, stepper) {
        Err(TrainError::Device { step: 1, problem }) => lost(&*problem),
        other => panic!("{other:?}"),
    }
    for failed in [stepper.fetch(model), stepper.state().map(drop)] {
        match failed {
            Err(StepError::Device(problem)) => lost(&*problem),
            other => panic!("{other:?}"),
        }
    }
    let mut again = Autoencoder::<f32>::new(Preset::Mlp, [28, 28, 1], LATENT, 4).unwrap();
    let (mut training, optimizer) = Training::read(&mut again, &kept).unwrap();
    let mut cpu = Stepper::default();
    cpu.restore(optimizer).unwrap();
    assert_eq!(training.steps(), 1);
    assert!(training.step(&mut again, &there.images, &mut cpu).unwrap().is_some());
}
