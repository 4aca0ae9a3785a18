//! The critic of decoded draws: its training beside that of the model, compared with the CPU's.

use eae::network::Architecture;
use eae::objective::Critic;
use eae::rand_chacha::ChaCha8Rng;
use eae::rand_chacha::rand_core::SeedableRng;
use eae::{Eae, MakeStep, OptimizerState, Preset, Stepper, TrainError, Training};
use eae_gpu::Gpu;

use crate::Test;
use crate::training::{OnDevice, compare_with_the_cpu, config, images, mlp, odd_windows};

pub(crate) const TESTS: &[Test] = &[
    ("training_critic::both_players", both_players),
    ("training_critic::convolutions", convolutions),
    ("training_critic::moved_between_devices", moved_between_devices),
    ("training_critic::own_loss_not_finite", own_loss_not_finite),
];

/// Large weights, so that a wrong gradient shows beside that of the squared error.
fn alone() -> Eae {
    Eae::published(1.0).critic(50.0)
}

fn with_all_terms() -> Eae {
    Eae::default().coverage(20.0).moments(100.0).critic(50.0)
}

fn network(text: &str) -> Architecture {
    serde_json::from_str(text).unwrap()
}

/// Tests the critic of images themselves, alone and with the other terms, for whole and partly
/// decoded batches. With a warm-up the first step has a weight of 0, and the critic makes its first
/// step later than the model.
fn both_players(gpu: &Gpu) {
    for (eae, warm_up, steps) in [
        (alone(), 0.0, 3),
        (alone().decoded(1).bank(40), 0.2, 2),
        (Eae::default().critic(3.0).bank(40), 0.2, 2),
        (with_all_terms().decoded(11).bank(40), 0.2, 5),
    ] {
        compare_with_the_cpu(gpu, &Preset::Mlp.into(), eae, warm_up, steps);
    }
    // Without a trunk all terms compare the pictures themselves.
    let linear = network(r#"{"encoder": [], "decoder": ["dense 784", "sigmoid"]}"#);
    for eae in [alone().decoded(11), with_all_terms().decoded(11)] {
        compare_with_the_cpu(gpu, &linear, eae.bank(40), 0.0, 2);
    }
}

/// Tests the critic of the outputs of convolutions.
fn convolutions(gpu: &Gpu) {
    // With all terms on the same outputs, and with a dense layer after them.
    let whole_trunk = network(
        r#"{"encoder": ["conv 3 kernel=5 stride=4", "leaky-relu 0.1"], "decoder": ["dense 20", "tanh", "dense 784", "sigmoid"]}"#,
    );
    for (networks, eae) in
        [(&whole_trunk, with_all_terms()), (&whole_trunk, alone().decoded(11)), (&odd_windows(), alone().decoded(11))]
    {
        compare_with_the_cpu(gpu, networks, eae.bank(40), 0.0, 2);
    }
    compare_with_the_cpu(gpu, &Preset::Conv28.into(), Eae::default().critic(50.0).bank(40), 0.0, 1);
}

/// A state of the CPU is the same after it was on the device, and a critic of other features is
/// rejected.
fn moved_between_devices(gpu: &Gpu) {
    let config = config(Eae::default().critic(3.0).bank(40)).warm_up(0.2);
    let (mut model, mut here, mut cpu) = (mlp(), Training::new(config.clone(), 320), Stepper::default());
    // The first step has no critic yet.
    for step in 0..3 {
        here.step(&mut model, images(), &mut cpu).unwrap().unwrap();
        let state = here.write(&mut model, &mut cpu).unwrap();
        let mut again = mlp();
        let (training, optimizer) = Training::read(&mut again, &state).unwrap();
        assert_eq!(optimizer.banks.critic.is_some(), step > 0);
        let mut there = OnDevice { training, ..OnDevice::new(gpu, again, config.clone()).unwrap() };
        there.stepper.restore(optimizer).unwrap();
        assert!(there.write() == state, "step {step}");
    }
    let mut there = OnDevice::new(gpu, model, config).unwrap();
    there.stepper.restore(cpu.state().unwrap().into_owned()).unwrap();
    let mut other = OptimizerState::default();
    other.banks.critic = Some(Critic::new(5, &ChaCha8Rng::seed_from_u64(0)));
    let refused = there.stepper.restore(other).unwrap_err().to_string();
    assert!(refused.contains("the critic is for rows of [5] features; expected [784]"), "{refused}");
    assert!(there.stepper.state().unwrap().banks.critic.is_some());
    there.stepper.restore(OptimizerState::default()).unwrap();
    assert!(there.stepper.state().unwrap().banks.critic.is_none());
}

/// A step changes nothing if only the critic's own loss is not finite: it takes draws for images
/// with certainty, so nothing is left for the decoder.
fn own_loss_not_finite(gpu: &Gpu) {
    let config = config(Eae::published(1.0).critic(3.0).bank(40));
    let mut there = OnDevice::new(gpu, mlp(), config).unwrap();
    there.step();
    let mut state = there.stepper.state().unwrap().into_owned();
    let critic = state.banks.critic.as_mut().unwrap();
    critic.parameters()[3].fill(f32::INFINITY);
    there.stepper.restore(state).unwrap();
    let before = there.write();
    let OnDevice { model, training, stepper, images } = &mut there;
    let error = training.step(model, &*images, stepper).unwrap_err();
    assert!(matches!(error, TrainError::NotFinite { .. }), "{error}");
    assert!(there.write() == before);
}
