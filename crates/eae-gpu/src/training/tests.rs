use super::*;
use ndarray_rand::rand::SeedableRng;
use nn_layers::{Activation, BatchNorm, Conv2d, ConvTranspose2d, Dense, Flatten, Unflatten, Window};
use rand_chacha::ChaCha8Rng;

/// All terms, layers and activations: the layers below take every kernel, without a driver.
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
        let (mut encoder, mut decoder) = (encoder.build().unwrap(), decoder.then(activation).build().unwrap());
        let settings = Settings {
            bank: 20,
            radius: 1.0,
            quantiles: vec![1.0; 8],
            draws: 1.0,
            decoded: 5,
            ..Settings::published(1.0, 8)
        };
        for settings in [Settings::published(1.0, 8), settings] {
            Trainer::new(&gpu, [&mut encoder, &mut decoder], &settings, None).unwrap();
        }
    }
    assert!(gpu.counts().pipelines > 40, "{:?}", gpu.counts());
}

/// Whatever the batch, a step of `mlp` is at most 30 kernels; sums that are cut are added up by one more.
#[test]
fn kernels_of_a_step() {
    let gpu = Gpu::noop();
    let kernels = |preset, settings: Settings| {
        let mut model = eae::Autoencoder::<f32>::new(preset, [28, 28, 1], 16, 0).unwrap();
        Trainer::new(&gpu, model.networks_mut(), &settings, Some(ndarray::Array2::zeros((1, 784)).view()))
            .unwrap()
            .dispatches()
    };
    for batch in [16, 32, 100, 128, 256, 512, 1024] {
        let count = kernels(eae::Preset::Mlp, Settings::published(1.0, batch));
        assert!((25..=30).contains(&count), "{count} for {batch}");
    }
    let default = |batch| {
        let quantiles = vec![1.0; batch];
        Settings { bank: 2000, radius: 3.0, quantiles, draws: 20.0, ..Settings::published(1.0, batch) }
    };
    let counts = [eae::Preset::Mlp, eae::Preset::Conv28].map(|preset| kernels(preset, default(128)));
    assert_eq!(counts, [43, 68], "as the README says");
}

#[test]
fn settings_that_do_not_fit_are_refused() {
    let published = Settings::published(1.0, 8);
    for (settings, expected) in [
        (Settings { weights: vec![0.125; 8], ..published.clone() }, "k is 8, on the GPU it must be from 1 to 7"),
        (Settings { weights: Vec::new(), ..published.clone() }, "k is 0"),
        (Settings { decoded: 9, ..published.clone() }, "9 images are to be decoded, it must be 1 to 8"),
        (Settings { decoded: 1, draws: 1.0, ..published.clone() }, "it must be 2 to 8"),
        (Settings { radius: 1.0, quantiles: vec![1.0; 7], ..published }, "7 quantiles for the radii of 8 codes"),
    ] {
        let error = settings.check().unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}
