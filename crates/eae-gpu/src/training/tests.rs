use eae::{Autoencoder, Eae, Preset, TrainConfig};
use ndarray::Array4;
use ndarray_rand::rand::SeedableRng;
use nn_layers::{Activation, BatchNorm, Conv2d, ConvTranspose2d, Dense, Flatten, Sequential, Unflatten, Window};
use rand_chacha::ChaCha8Rng;

use super::GpuStepper;
use crate::Gpu;

/// Compiles every kernel without a driver, with all terms, layers and activations.
#[test]
fn every_kernel_is_valid() {
    let gpu = Gpu::noop();
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let window = Window::square(3, 1, 1);
    for activation in
        [Activation::Relu, Activation::LeakyRelu(0.1), Activation::Sigmoid, Activation::Tanh, Activation::Softplus]
    {
        let encoder = Sequential::on(&[4, 4, 1]).then(Conv2d::new(1, 2, window, &mut rng)).then(activation);
        let encoder = encoder.then(Flatten::new([4, 4, 2])).then(Dense::new(32, 3, &mut rng)).then(BatchNorm::new(3));
        let decoder = Sequential::on(&[3]).then(Dense::new(3, 32, &mut rng)).then(activation);
        let decoder = decoder.then(Unflatten::new([4, 4, 2])).then(ConvTranspose2d::new(2, 1, window, &mut rng));
        let (encoder, decoder) = (encoder.build().unwrap(), decoder.then(activation).build().unwrap());
        let mut model = Autoencoder::from_networks(encoder, decoder).unwrap();
        let all = Eae::published(1.0).bank(20).radius(1.0).draws(1.0).coverage(1.0).moments(1.0).critic(1.0).decoded(5);
        for objective in [Eae::published(1.0), all] {
            let config = TrainConfig::default().batch_size(8).objective(objective);
            GpuStepper::new(&gpu, &mut model, &config, None).unwrap();
        }
    }
    assert!(gpu.counts().pipelines > 40, "{:?}", gpu.counts());
}

/// For any batch size, a step of `mlp` has at most 30 kernels. A split sum needs one more kernel.
#[test]
fn number_of_kernels_in_a_step() {
    let gpu = Gpu::noop();
    let kernels = |preset: Preset, objective: Eae, batch: usize| {
        let mut model = Autoencoder::<f32>::new(preset, [28, 28, 1], 16, 0).unwrap();
        let config = TrainConfig::default().batch_size(batch).objective(objective);
        let images = Array4::zeros((1, 28, 28, 1));
        GpuStepper::new(&gpu, &mut model, &config, Some(images.view())).unwrap().dispatches()
    };
    for batch in [16, 32, 100, 128, 256, 512, 1024] {
        let count = kernels(Preset::Mlp, Eae::published(1.0), batch);
        assert!((25..=30).contains(&count), "{count} for {batch}");
    }
    let draws = Eae::default().critic(0.0);
    let counts = [Preset::Mlp, Preset::Conv28].map(|preset| kernels(preset, draws.clone(), 128));
    assert_eq!(counts, [43, 67], "the README states these numbers");
    let all = draws.clone().coverage(20.0).moments(1.0);
    let counts = [Preset::Mlp, Preset::Conv28].map(|preset| kernels(preset, all.clone(), 128));
    assert_eq!(counts, [59, 83], "the README states these numbers");
    for eae in [draws, all] {
        let counts = [Preset::Mlp, Preset::Conv28].map(|preset| {
            let [with, without] = [3.0, 0.0].map(|critic| kernels(preset, eae.clone().critic(critic), 128));
            with - without
        });
        assert_eq!(counts, [17, 17], "the README states these numbers");
    }
}
