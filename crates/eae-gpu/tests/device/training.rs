//! Whole steps against the processor's, and what they cost.

use eae::metrics::chi_quantiles;
use eae::network::Architecture;
use eae::objective::{Banks, Context, Objective};
use eae::{Autoencoder, Due, Eae, Preset, Step, TrainConfig, TrainError, Training, data};
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
];

pub(crate) const BATCH: usize = 16;
pub(crate) const DUE: DueThere<'_> = DueThere { share: 1.0, learning_rate: 1e-3, draws: None };
pub(crate) const LATENT: usize = 8;

pub(crate) fn images() -> data::Images<f32> {
    data::digits::<f32>().train.select(&(0..320).collect::<Vec<_>>())
}

pub(crate) fn rows(images: ArrayView4<'_, f32>) -> Array2<f32> {
    let count = images.dim().0;
    images.to_owned().into_shape_with_order((count, images.len() / count)).unwrap()
}

pub(crate) fn places(step: usize) -> Vec<usize> {
    (0..BATCH).map(|i| (step * BATCH + i * 7) % 320).collect()
}

pub(crate) fn settings(eae: &Eae) -> Settings {
    let weight = |j: usize| if eae.mean { 1.0 / eae.k as f64 } else { f64::from(u8::from(j == eae.k)) };
    let weights = (1..=eae.k).map(weight).collect();
    let &Eae { lambda, floor, bank, radius, draws, .. } = eae;
    let decoded = if eae.decoded == 0 { BATCH } else { eae.decoded };
    let quantiles = chi_quantiles(LATENT, BATCH);
    Settings { lambda, weights, floor, batch: BATCH, decoded, bank, radius, quantiles, draws }
}

pub(crate) fn trainer(gpu: &Gpu, model: &mut Autoencoder<f32>, eae: &Eae) -> Result<Trainer, Error> {
    let [encoder, decoder] = model.networks_mut();
    Trainer::new(gpu, [encoder, decoder], &settings(eae), Some(rows(images().pixels.view()).view()))
}

pub(crate) fn close(a: f64, b: f64, tolerance: f64) -> bool {
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
        for step in 0..4 {
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

pub(crate) fn made(trainer: &mut Trainer, eae: &Eae, seed: u64, due: Due<'_>) -> Result<Step, TrainError> {
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
        let [encoder, decoder] = model.networks_mut();
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
        let [encoder, decoder] = on_device.networks_mut();
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
