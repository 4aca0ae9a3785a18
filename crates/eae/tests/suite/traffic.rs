use std::sync::atomic::AtomicBool;

use eae::ranks::{Counted, Ranks, Threads};
use eae::{Autoencoder, Eae, Preset, RankStepper, TrainConfig, Training, follow};

/// Number of images, which are a single batch.
const IMAGES: usize = 96;
const SHARDS: usize = 12;
const LATENT: usize = 16;
/// Number of features by which draws are compared with images.
const FEATURES: usize = 256;

/// Returns the bytes that all ranks send in a training of so many steps.
fn bytes(size: usize, steps: usize) -> u64 {
    let images = crate::some_digits(IMAGES).pixels;
    let objective = Eae::default().bank(100).critic(0.0);
    let config = TrainConfig::default().epochs(9).batch_size(IMAGES).shards(SHARDS).warm_up(0.0).objective(objective);
    let sent = Threads::run(size, |ranks| {
        let counted = Counted::new(ranks);
        let (mut model, stop) = (model(), AtomicBool::new(false));
        if ranks.rank() > 0 {
            follow(&counted, &mut model, images.view(), &stop).unwrap();
        } else {
            let mut stepper = RankStepper::new(&counted, &stop);
            let mut training = Training::new(config.clone(), IMAGES);
            for _ in 0..steps {
                training.step(&mut model, images.view(), &mut stepper).unwrap();
            }
        }
        counted.traffic().bytes
    });
    sent.into_iter().sum()
}

fn model() -> Autoencoder<f32> {
    Autoencoder::new(Preset::Mlp, [28, 28, 1], LATENT, 0).unwrap()
}

/// The bytes of a step agree with the formulas of `docs/distributed.md`.
#[test]
fn bytes_of_a_step_are_those_of_the_formulas() {
    let weights: usize = model().parameters().iter().map(|parameter| parameter.len()).sum();
    // With each number of ranks, the number of branches of a tree over 12 shards that they add by
    // themselves. With 3 ranks, for instance, the second has shards 4, 5 and the branch of 6 and 7.
    for (size, branches) in [(1, 1), (2, 2), (3, 7), (4, 4), (6, 10), (12, 12)] {
        let others = size - 1;
        let gradients = 4 * weights * others + 4 * weights * branches * others / size;
        let rows = 8 * others * (IMAGES * LATENT + IMAGES * FEATURES + IMAGES / 3 * FEATURES);
        let step = ((bytes(size, 3) - bytes(size, 1)) / 2) as usize;
        // The moments of each shard, the places of the images, and numbers such as losses.
        let expected = gradients + rows..gradients + rows + 9_000 * others + 1;
        assert!(expected.contains(&step), "{size} ranks: {step} bytes, not {expected:?}");
    }
}
