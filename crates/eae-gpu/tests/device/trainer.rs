//! What else a training on the device must do: cost no more than it says, be kept and gone on with, refuse what it cannot, and end well.

use eae::objective::{Ae, Objective};
use eae::{Autoencoder, Criterion, Eae, Preset, Stepper, TrainConfig, Training};
use eae_gpu::Due as DueThere;
use eae_gpu::{Choice, Error, Gpu, Trainer};
use ndarray::Array2;
use nn_layers::Weights;

use crate::Test;
use crate::training::{BATCH, DUE, LATENT, close, images, made, places, rows, settings, trainer as begin};

pub(crate) const TESTS: &[Test] = &[
    ("trainer::goes_on_with_the_others_moments", goes_on_with_the_others_moments),
    ("trainer::what_a_step_costs", what_a_step_costs),
    ("trainer::what_is_not_trained_here", what_is_not_trained_here),
    ("trainer::a_loss_that_is_no_number", a_loss_that_is_no_number),
    ("trainer::a_device_that_is_lost_on_the_way", a_device_that_is_lost_on_the_way),
];

/// Half on one, half on the other: as if it had been one of them all the time.
fn goes_on_with_the_others_moments(gpu: &Gpu) {
    let objective = Eae::published(1.0);
    let mut model = Autoencoder::<f32>::new(Preset::Mlp, [28, 28, 1], LATENT, 3).unwrap();
    let mut whole = model.clone();
    let mut all = begin(gpu, &mut whole, &objective).unwrap();
    let mut first = begin(gpu, &mut model, &objective).unwrap();
    for step in 0..5 {
        assert_eq!(all.step(&places(step), DUE).unwrap(), first.step(&places(step), DUE).unwrap());
    }
    let mut weights = Weights::default();
    first.write("training", &mut weights).unwrap();
    let [encoder, decoder] = model.networks_mut();
    first.fetch([encoder, decoder]).unwrap();
    let mut second = begin(gpu, &mut model, &objective).unwrap();
    second.read("training", &weights).unwrap();
    assert_eq!(second.steps(), 5);
    for step in 5..10 {
        assert_eq!(all.step(&places(step), DUE).unwrap(), second.step(&places(step), DUE).unwrap());
    }
    // And the processor's file is read.
    let shapes: Vec<Vec<usize>> = model.parameters().iter().map(|parameter| parameter.shape().to_vec()).collect();
    nn_layers::optim::Adam::<f32>::default().read("training.adam", &weights, &shapes).unwrap();
    let other = Weights::default();
    second.read("training", &other).unwrap();
    assert_eq!(second.steps(), 0);
}

/// One submission of at most 30 kernels, the places of the images and eight numbers up, four numbers down, and nothing compiled.
fn what_a_step_costs(gpu: &Gpu) {
    let mut model = Autoencoder::<f32>::new(Preset::Mlp, [28, 28, 1], LATENT, 3).unwrap();
    let own = gpu.with_limits(gpu.limits(), std::time::Duration::from_secs(60));
    let mut trainer = begin(&own, &mut model, &Eae::published(1.0)).unwrap();
    trainer.step(&places(0), DUE).unwrap();
    let (before, memory) = (own.counts(), own.memory());
    let steps = 3;
    for step in 1..=steps {
        trainer.step(&places(step), DUE).unwrap();
    }
    let cost = own.counts().since(&before);
    let steps = steps as u64;
    assert!(trainer.dispatches() <= 30, "{}", trainer.dispatches());
    assert_eq!(cost.dispatches, steps * trainer.dispatches() as u64);
    assert_eq!(cost.submissions, steps);
    assert_eq!(cost.uploaded, steps * 4 * (8 + BATCH as u64));
    assert_eq!(cost.downloaded, steps * 16);
    assert_eq!(cost.pipelines, 0);
    assert_eq!(own.memory(), memory, "nothing more is taken");
    eprintln!("a step of `mlp`: {} kernels", trainer.dispatches());
}

fn what_is_not_trained_here(gpu: &Gpu) {
    let mut paper = Autoencoder::<f32>::new(Preset::Paper32, [32, 32, 1], LATENT, 3).unwrap();
    let error = begin(gpu, &mut paper, &Eae::published(1.0)).unwrap_err().to_string();
    assert!(error.contains("BatchNorm") && error.contains("train on the CPU"), "{error}");
    let mut mlp = Autoencoder::<f32>::new(Preset::Mlp, [28, 28, 1], LATENT, 3).unwrap();
    let error = begin(gpu, &mut mlp, &Eae { k: BATCH, ..Eae::published(1.0) }).unwrap_err().to_string();
    assert!(error.contains("k is 16") && error.contains("1 to 15"), "{error}");
    let mut trainer = begin(gpu, &mut mlp, &Eae::published(1.0)).unwrap();
    for (places, expected) in [(vec![0; BATCH - 1], "of 15"), (vec![320; BATCH], "no image 320")] {
        let error = trainer.step(&places, DUE).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    // Without an entropy in the loss it is the plain one with a normalised code.
    let ae = Objective::Ae(Ae { normalised: true });
    let mut on_processor = Autoencoder::<f32>::with_ending(Preset::Mlp, [28, 28, 1], LATENT, ae.ending(), 3).unwrap();
    let mut on_device = on_processor.clone();
    let mut stepper = Stepper::new(0);
    let batch = stepper.batch(images(), &places(0)).unwrap();
    let expected = stepper.step(&mut on_processor, batch, &ae, 1.0, 1e-3).unwrap();
    let mut trainer = begin(gpu, &mut on_device, &Eae::published(0.0)).unwrap();
    assert!(close(trainer.step(&places(0), DUE).unwrap().mse, expected.mse, 1e-5));
}

/// The parameters are left as they were.
fn a_loss_that_is_no_number(gpu: &Gpu) {
    let mut model = Autoencoder::<f32>::new(Preset::Mlp, [28, 28, 1], LATENT, 3).unwrap();
    let [encoder, decoder] = model.networks_mut();
    let mut trainer = Trainer::new(gpu, [encoder, decoder], &settings(&Eae::published(1.0)), None).unwrap();
    let good = rows(images().pixels.view());
    let good = good.slice_axis(ndarray::Axis(0), ndarray::Slice::from(..BATCH));
    trainer.step_on(good, DUE).unwrap();
    trainer.fetch([encoder, decoder]).unwrap();
    let before = encoder.parameters()[0].clone();
    let mut bad = good.to_owned();
    bad[[3, 400]] = f32::NAN;
    let found = trainer.step_on(bad.view(), DUE).unwrap();
    assert!(!found.mse.is_finite());
    trainer.fetch([encoder, decoder]).unwrap();
    assert_eq!(encoder.parameters()[0], &before);
    assert_eq!(trainer.steps(), 1);
    assert!(trainer.step_on(good, DUE).unwrap().mse.is_finite());
}

/// No step is made any more, and what was kept before is gone on with on the processor.
fn a_device_that_is_lost_on_the_way(gpu: &Gpu) {
    let own = Gpu::open(&Choice { adapter: Some(gpu.adapter().name.clone()), ..Choice::default() }).unwrap();
    let eae = Eae { bank: 40, ..Eae::default() };
    let config = TrainConfig { batch_size: BATCH, objective: Objective::Eae(eae), ..TrainConfig::default() };
    let mut model = Autoencoder::<f32>::new(Preset::Mlp, [28, 28, 1], LATENT, 3).unwrap();
    let mut trainer = begin(&own, &mut model, &eae).unwrap();
    let images = images();
    let mut training = Training::<f32>::new(config, images.len());
    training.step_with(|due| made(&mut trainer, &eae, config.seed, due)).unwrap().unwrap();
    let [encoder, decoder] = model.networks_mut();
    trainer.fetch([encoder, decoder]).unwrap();
    let mut kept = training.write(&model);
    trainer.write("training", &mut kept).unwrap();

    own.destroy();
    let draws = Array2::zeros((BATCH, LATENT));
    let due = DueThere { draws: Some(draws.view()), ..DUE };
    assert!(matches!(trainer.step(&places(1), due), Err(Error::Lost(_))));
    let [encoder, decoder] = model.networks_mut();
    assert!(matches!(trainer.fetch([encoder, decoder]), Err(Error::Lost(_))));
    assert!(matches!(trainer.write("training", &mut Weights::default()), Err(Error::Lost(_))));
    let mut again = Autoencoder::<f32>::new(Preset::Mlp, [28, 28, 1], LATENT, 4).unwrap();
    let mut training = Training::read(&mut again, &kept).unwrap();
    assert_eq!(training.steps(), 1);
    assert!(training.step(&mut again, images.pixels.view()).unwrap().is_some());
}
