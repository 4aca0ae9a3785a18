//! Whole steps against the processor's, and what they cost.

use eae::metrics::chi_quantiles;
use eae::network::Architecture;
use eae::objective::{Ae, Banks, Context, Objective};
use eae::{Autoencoder, Criterion, Due, Eae, Preset, Step, Stepper, TrainConfig, TrainError, Training, data};
use eae_gpu::Due as DueThere;
use eae_gpu::{Choice, Error, Found, Gpu, Settings, Trainer};
use ndarray::{Array2, ArrayD, ArrayView4};
use nn_layers::Weights;

use crate::Test;
use crate::product::random;

pub(crate) const TESTS: &[Test] = &[
    ("training::losses_of_the_processor", losses_of_the_processor),
    ("training::terms_of_the_default", terms_of_the_default),
    ("training::what_is_kept_of_the_steps_before", what_is_kept_of_the_steps_before),
    ("training::convolutions", convolutions),
    ("training::checked_and_not", checked_and_not),
    ("training::a_device_that_is_lost_on_the_way", a_device_that_is_lost_on_the_way),
    ("training::goes_on_with_the_others_moments", goes_on_with_the_others_moments),
    ("training::what_a_step_costs", what_a_step_costs),
    ("training::what_is_not_trained_here", what_is_not_trained_here),
    ("training::a_loss_that_is_no_number", a_loss_that_is_no_number),
];

const BATCH: usize = 16;
const DUE: DueThere<'_> = DueThere { share: 1.0, learning_rate: 1e-3, draws: None };
const LATENT: usize = 8;

fn images() -> data::Images<f32> {
    data::digits::<f32>().train.select(&(0..320).collect::<Vec<_>>())
}

fn rows(images: ArrayView4<'_, f32>) -> Array2<f32> {
    let count = images.dim().0;
    images.to_owned().into_shape_with_order((count, images.len() / count)).unwrap()
}

fn places(step: usize) -> Vec<usize> {
    (0..BATCH).map(|i| (step * BATCH + i * 7) % 320).collect()
}

fn settings(eae: &Eae) -> Settings {
    let weight = |j: usize| if eae.mean { 1.0 / eae.k as f64 } else { f64::from(u8::from(j == eae.k)) };
    let weights = (1..=eae.k).map(weight).collect();
    let &Eae { lambda, floor, bank, radius, draws, .. } = eae;
    let decoded = if eae.decoded == 0 { BATCH } else { eae.decoded };
    let quantiles = chi_quantiles(LATENT, BATCH);
    Settings { lambda, weights, floor, batch: BATCH, decoded, bank, radius, quantiles, draws }
}

fn trainer(gpu: &Gpu, model: &mut Autoencoder<f32>, eae: &Eae) -> Result<Trainer, Error> {
    let Autoencoder { encoder, decoder, .. } = model;
    Trainer::new(gpu, [encoder, decoder], &settings(eae), Some(rows(images().pixels.view()).view()))
}

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * b.abs().max(1.0)
}

/// Fifty steps, each on both from where the device stands: the same error and entropy to 1e-5, and the same parameters after it.
///
/// Left to themselves, the two would part, as single and double precision do on the processor, which are 1e-4 apart after one
/// step and 1e-3 after five: what has no gradient but rounding errors, such as the bias of a unit that is active on all of a
/// batch before batch normalisation, is moved by Adam as far as everything else, and matters for the next batch.
fn losses_of_the_processor(gpu: &Gpu) {
    let mean = Eae { k: 3, mean: true, ..Eae::published(2.0) };
    for (eae, steps) in [(Eae::published(1.0), 50), (Eae { k: 2, ..Eae::published(1.0) }, 2), (mean, 2)] {
        as_the_processor(gpu, &Preset::Mlp.into(), eae, 0.0, steps);
    }
}

/// What the default has beyond the paper's objective, and all of it with a weight that rises from nothing, and banks that are
/// filled, turned over, and smaller than a batch.
fn terms_of_the_default(gpu: &Gpu) {
    let published = Eae::published(1.0);
    for (eae, warm_up, steps) in [
        (Eae { bank: 10, k: 2, ..published }, 0.0, 2),
        (Eae { decoded: 7, radius: 3.0, ..published }, 0.0, 2),
        (Eae { decoded: 10, draws: 5.0, bank: 40, ..published }, 0.0, 2),
        (Eae { bank: 40, ..Eae::default() }, 0.2, 5),
    ] {
        as_the_processor(gpu, &Preset::Mlp.into(), eae, warm_up, steps);
    }
}

/// Without being read in between: steps so small that nothing else changes leave the same codes and features behind.
fn what_is_kept_of_the_steps_before(gpu: &Gpu) {
    for bank in [40, 10] {
        let eae = Eae { bank, ..Eae::default() };
        let objective = Objective::Eae(eae);
        let config = TrainConfig {
            batch_size: BATCH,
            learning_rate: 1e-30,
            objective,
            warm_up: 0.2,
            seed: 5,
            ..TrainConfig::default()
        };
        let mut on_processor = Autoencoder::<f32>::new(Preset::Mlp, [28, 28, 1], LATENT, 3).unwrap();
        let mut on_device = on_processor.clone();
        let mut trainer = trainer(gpu, &mut on_device, &eae).unwrap();
        let images = images();
        let [mut here, mut there] = [(); 2].map(|()| Training::<f32>::new(config, images.len()));
        for step in 0..5 {
            let (expected, _) = here.step(&mut on_processor, images.pixels.view()).unwrap().unwrap();
            let (found, _) = there.step_with(|due| made(&mut trainer, &eae, config.seed, due)).unwrap().unwrap();
            assert!(close(found.penalty, expected.penalty, 1e-5), "{bank}, step {step}: {found:?}, not {expected:?}");
        }
        let (mut found, expected) = (there.write(&on_device), here.write(&on_processor));
        trainer.write("training", &mut found).unwrap();
        for name in ["training.codes", "training.features"] {
            let shape = expected.shape(name).unwrap();
            let [a, b] = [&found, &expected].map(|weights| weights.get::<f32>(name, shape).unwrap());
            assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-4), "{name} of {bank}");
            let next = format!("{name}.next");
            assert_eq!(found.get_count(&next).unwrap(), expected.get_count(&next).unwrap(), "{next} of {bank}");
        }
    }
}

fn made(trainer: &mut Trainer, eae: &Eae, seed: u64, due: Due<'_>) -> Result<Step, TrainError> {
    let Due { step, places, share, learning_rate, .. } = due;
    let decoded = if eae.decoded == 0 { BATCH } else { eae.decoded };
    let draws = Context::<f32>::new(share, seed, step as u64, &mut Banks::default()).normal(decoded, LATENT);
    let due = DueThere { share, learning_rate, draws: Some(draws.view()) };
    let Found { mse, entropy, penalty } = trainer.step(places, due).unwrap();
    Ok(Step { mse, entropy, penalty, finite: true })
}

/// Convolutions, also with windows that are not square, overlap, leave pixels out, or look past the edge.
fn convolutions(gpu: &Gpu) {
    as_the_processor(gpu, &Preset::Conv28.into(), Eae { bank: 50, ..Eae::default() }, 0.0, 1);
    let own = odd_windows();
    for eae in [Eae::published(1.0), Eae { decoded: 11, draws: 0.0, ..Eae::default() }] {
        as_the_processor(gpu, &own, eae, 0.0, 2);
    }
}

/// A small network of everything that there is.
fn odd_windows() -> Architecture {
    let own = r#"{
        "encoder": ["conv 3 kernel=3x5 stride=2x3 padding=1x2", "tanh", "conv 5 kernel=2", "leaky-relu 0.1", "dense 9", "softplus"],
        "decoder": ["dense 36", "unflatten 4 3 3", "conv-transpose 4 kernel=3x4 stride=2x3 padding=1", "sigmoid",
            "conv-transpose 2 kernel=4 stride=4", "relu", "conv 1 kernel=3 padding=1", "sigmoid", "dense 784"]
    }"#;
    serde_json::from_str(own).unwrap()
}

/// Without the checks at run time that keep indices within buffers, to the last bit what it is with them.
fn checked_and_not(gpu: &Gpu) {
    let adapter = Some(gpu.adapter().name.clone());
    let checked = Gpu::open(&Choice { adapter, checked: true, ..Choice::default() }).unwrap();
    let eae = Eae { bank: 40, decoded: 11, ..Eae::default() };
    let [here, there] = [gpu, &checked].map(|gpu| {
        let mut model = Autoencoder::<f32>::new(odd_windows(), [28, 28, 1], LATENT, 3).unwrap();
        let mut trainer = trainer(gpu, &mut model, &eae).unwrap();
        let draws = random(11, LATENT, 1);
        let due = DueThere { draws: Some(draws.view()), ..DUE };
        let found = [0, 1].map(|step| trainer.step(&places(step), due).unwrap());
        let Autoencoder { encoder, decoder, .. } = &mut model;
        trainer.fetch([encoder, decoder]).unwrap();
        (found, model.parameters().into_iter().map(|parameter| parameter.clone()).collect::<Vec<_>>())
    });
    assert_eq!(here, there);
}

/// Steps of both, each from where the device stands.
fn as_the_processor(gpu: &Gpu, networks: &Architecture, eae: Eae, warm_up: f64, steps: usize) {
    let objective = Objective::Eae(eae);
    let config = TrainConfig { batch_size: BATCH, epochs: 20, objective, warm_up, seed: 5, ..TrainConfig::default() };
    let mut on_processor = Autoencoder::<f32>::new(networks.clone(), [28, 28, 1], LATENT, 3).unwrap();
    let mut on_device = on_processor.clone();
    let mut trainer = trainer(gpu, &mut on_device, &eae).unwrap();
    let images = images();
    let mut there = Training::<f32>::new(config, images.len());
    for step in 0..steps {
        let mut state = there.write(&on_device);
        trainer.write("training", &mut state).unwrap();
        let mut here = Training::read(&mut on_processor, &state).unwrap();
        // Large, and compared less often.
        let whole = step < 2 || step + 1 == steps;
        if whole {
            // What is read is what was written.
            trainer.read("training", &state).unwrap();
        }
        let (expected, _) = here.step(&mut on_processor, images.pixels.view()).unwrap().unwrap();
        let (found, _) = there.step_with(|due| made(&mut trainer, &eae, config.seed, due)).unwrap().unwrap();
        for (what, found, expected) in [
            ("error", found.mse, expected.mse),
            ("entropy", found.entropy, expected.entropy),
            ("penalty", found.penalty, expected.penalty),
        ] {
            assert!(close(found, expected, 1e-5), "{eae:?}, step {step}, {what}: {found}, not {expected}");
        }
        let Autoencoder { encoder, decoder, .. } = &mut on_device;
        trainer.fetch([encoder, decoder]).unwrap();
        if whole {
            let mut found = there.write(&on_device);
            trainer.write("training", &mut found).unwrap();
            same_state(&found, &here.write(&on_processor));
        }
    }
    // What both keep of the steps is the same, too.
    let mut state = there.write(&on_device);
    trainer.write("training", &mut state).unwrap();
    let mut again = on_processor.clone();
    assert!(Training::read(&mut again, &state).is_ok());
}

/// Adam's moments, which are the gradients, and the statistics. A rectifier of which the input is 0 but for rounding may be on here and
/// off there: of gradients it is the norm that is compared. A parameter whose gradient is rounding alone is moved as far as the others
/// and in any direction, so that of parameters it can only be said that they are not farther apart than such a step.
fn same_state(found: &Weights, expected: &Weights) {
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
            // A bias before batch normalisation has no gradient but rounding.
            let allowed = 1e-3 * norm(&expected) + 1e-5 * overall;
            assert!(off <= allowed, "{name}: {off} off, of {} and {overall}", norm(&expected));
        }
    }
    for name in own.into_iter().filter(|name| !name.starts_with("training")) {
        let (a, b) = (array(found, name), array(expected, name));
        let tolerance = if name.contains("running") { 1e-5 * largest(&b).max(1.0) } else { 2.1e-3 };
        assert!(largest(&(&a - &b)) <= tolerance, "{name}");
    }
}

/// Half on one, half on the other: as if it had been one of them all the time.
fn goes_on_with_the_others_moments(gpu: &Gpu) {
    let objective = Eae::published(1.0);
    let mut model = Autoencoder::<f32>::new(Preset::Mlp, [28, 28, 1], LATENT, 3).unwrap();
    let mut whole = model.clone();
    let mut all = trainer(gpu, &mut whole, &objective).unwrap();
    let mut first = trainer(gpu, &mut model, &objective).unwrap();
    for step in 0..5 {
        assert_eq!(all.step(&places(step), DUE).unwrap(), first.step(&places(step), DUE).unwrap());
    }
    let mut weights = Weights::default();
    first.write("training", &mut weights).unwrap();
    let Autoencoder { encoder, decoder, .. } = &mut model;
    first.fetch([encoder, decoder]).unwrap();
    let mut second = trainer(gpu, &mut model, &objective).unwrap();
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
    let mut trainer = trainer(&own, &mut model, &Eae::published(1.0)).unwrap();
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
    let error = trainer(gpu, &mut paper, &Eae::published(1.0)).unwrap_err().to_string();
    assert!(error.contains("BatchNorm") && error.contains("train on the CPU"), "{error}");
    let mut mlp = Autoencoder::<f32>::new(Preset::Mlp, [28, 28, 1], LATENT, 3).unwrap();
    let error = trainer(gpu, &mut mlp, &Eae { k: BATCH, ..Eae::published(1.0) }).unwrap_err().to_string();
    assert!(error.contains("k is 16") && error.contains("1 to 15"), "{error}");
    let mut trainer = trainer(gpu, &mut mlp, &Eae::published(1.0)).unwrap();
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
    let mut trainer = self::trainer(gpu, &mut on_device, &Eae::published(0.0)).unwrap();
    assert!(close(trainer.step(&places(0), DUE).unwrap().mse, expected.mse, 1e-5));
}

/// The parameters are left as they were.
fn a_loss_that_is_no_number(gpu: &Gpu) {
    let mut model = Autoencoder::<f32>::new(Preset::Mlp, [28, 28, 1], LATENT, 3).unwrap();
    let Autoencoder { encoder, decoder, .. } = &mut model;
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
    let mut trainer = trainer(&own, &mut model, &eae).unwrap();
    let images = images();
    let mut training = Training::<f32>::new(config, images.len());
    training.step_with(|due| made(&mut trainer, &eae, config.seed, due)).unwrap().unwrap();
    let Autoencoder { encoder, decoder, .. } = &mut model;
    trainer.fetch([encoder, decoder]).unwrap();
    let mut kept = training.write(&model);
    trainer.write("training", &mut kept).unwrap();

    own.destroy();
    let draws = Array2::zeros((BATCH, LATENT));
    let due = DueThere { draws: Some(draws.view()), ..DUE };
    assert!(matches!(trainer.step(&places(1), due), Err(Error::Lost(_))));
    let Autoencoder { encoder, decoder, .. } = &mut model;
    assert!(matches!(trainer.fetch([encoder, decoder]), Err(Error::Lost(_))));
    assert!(matches!(trainer.write("training", &mut Weights::default()), Err(Error::Lost(_))));
    let mut again = Autoencoder::<f32>::new(Preset::Mlp, [28, 28, 1], LATENT, 4).unwrap();
    let mut training = Training::read(&mut again, &kept).unwrap();
    assert_eq!(training.steps(), 1);
    assert!(training.step(&mut again, images.pixels.view()).unwrap().is_some());
}
