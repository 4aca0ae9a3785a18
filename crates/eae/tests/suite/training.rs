//! Training: that it learns, what it refuses, and that it depends on nothing that it should not.

use std::cell::Cell;
use std::ops::ControlFlow;

use eae::data::{self, Channels, DataError, ImageFolder, Source};
use eae::objective::Vae;
use eae::picture::write_grid;
use eae::{
    Autoencoder, Criterion, Eae, EpochReport, Evaluation, Objective, Observer, Preset, StepReport, TrainConfig,
    TrainError, Training, metrics, train,
};
use ndarray::{Array4, ArrayView4, ArrayViewMut4, Axis};
use nn_layers::Weights;

use crate::some_digits;

/// Small batches and steps, for the few images of a test.
fn config() -> TrainConfig {
    let objective = Objective::Eae(Eae::published(1.0));
    TrainConfig { epochs: 20, batch_size: 100, learning_rate: 1e-3, objective, ..TrainConfig::default() }
}

fn mlp(latent: usize) -> Autoencoder<f32> {
    Autoencoder::new(Preset::Mlp, [28, 28, 1], latent, 1).unwrap()
}

#[test]
fn it_learns_to_reconstruct_and_the_code_comes_close_to_normal() {
    let images = some_digits(1_000);
    let mut model = mlp(4);
    let config = config();
    let outcome = train(&mut model, images.pixels.view(), &config, &mut ()).unwrap();
    assert_eq!((outcome.steps, outcome.interrupted), (200, false));
    let evaluation = Evaluation::new(&model, &config.objective, images.pixels.view(), images.pixels.view()).unwrap();
    assert!(evaluation.reconstruction_error < 0.7 * evaluation.mean_image_error, "{evaluation}");
    // Without the entropy the code of a fresh network is far from filling its four dimensions.
    let codes = evaluation.codes;
    assert!(codes.entropy > codes.normal_entropy - 0.5, "{evaluation}");
    assert!((codes.radius_sd / codes.normal_radius_sd - 1.0).abs() < 0.25, "{evaluation}");
}

#[test]
fn the_entropy_is_higher_for_a_higher_lambda() {
    let images = some_digits(500);
    let entropy = |lambda| {
        let mut model = mlp(6);
        let objective = Objective::Eae(Eae::published(lambda));
        let config = TrainConfig { epochs: 10, objective, ..config() };
        train(&mut model, images.pixels.view(), &config, &mut ()).unwrap();
        metrics::CodeReport::new(model.encode(images.pixels.view()).view(), 1).unwrap().entropy
    };
    let [none, some, much] = [0.0, 1.0, 10.0].map(entropy);
    assert!(none + 0.5 < some && some + 0.1 < much, "{none}, {some}, {much}");
}

#[test]
fn the_code_of_the_training_images_is_normalised_in_evaluation_mode() {
    let images = some_digits(330);
    let mut model = mlp(5);
    let config = TrainConfig { epochs: 2, batch_size: 50, ..config() };
    train(&mut model, images.pixels.view(), &config, &mut ()).unwrap();
    let codes = model.encode(images.pixels.view()).mapv(f64::from);
    let variances = model.to_weights().get::<f64>("encoder.6.running_var", &[5]).unwrap();
    for (column, &variance) in codes.axis_iter(Axis(1)).zip(&variances) {
        // What batch normalisation leaves of the variance is v / (v + eps).
        assert!(column.mean().unwrap().abs() < 1e-4);
        approx::assert_relative_eq!(column.var(0.0), variance / (variance + 1e-5), max_relative = 1e-4);
    }
}

#[test]
fn the_result_does_not_depend_on_the_number_of_threads() {
    let images = some_digits(120);
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut model = Autoencoder::<f32>::new(Preset::Conv28, [28, 28, 1], 8, 1).unwrap();
            let config = TrainConfig { epochs: 2, batch_size: 40, ..config() };
            train(&mut model, images.pixels.view(), &config, &mut ()).unwrap();
            model.parameters().into_iter().map(|p| p.clone()).collect::<Vec<_>>()
        })
    };
    let one = run(1);
    assert!(one == run(2), "other bits on two threads");
    assert!(one == run(3), "other bits on three threads");
}

/// Counts, and ends the training after some steps.
#[derive(Default)]
struct Counting {
    steps: Vec<StepReport>,
    epochs: Vec<EpochReport>,
    most: usize,
}

impl Observer for Counting {
    fn step(&mut self, report: &StepReport) -> ControlFlow<()> {
        self.steps.push(*report);
        if self.steps.len() == self.most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn epoch(&mut self, report: &EpochReport) -> ControlFlow<()> {
        self.epochs.push(*report);
        ControlFlow::Continue(())
    }
}

#[test]
fn an_observer_hears_all_and_can_end_it() {
    let images = some_digits(105);
    let config = TrainConfig { epochs: 3, batch_size: 20, warm_up: 2.0, ..config() };
    let mut all = Counting::default();
    train(&mut mlp(2), images.pixels.view(), &config, &mut all).unwrap();
    assert_eq!((all.steps.len(), all.epochs.len()), (15, 3));
    // The penalty's share rises from 0 over two epochs of 5 steps.
    let shares: Vec<f64> = all.steps.iter().map(|step| step.share).collect();
    assert_eq!((shares[0], shares[5], shares[10], shares[14]), (0.0, 0.5, 1.0, 1.0));
    let mean = all.steps[5..10].iter().map(|step| step.mse).sum::<f64>() / 5.0;
    approx::assert_relative_eq!(all.epochs[1].mse, mean, max_relative = 1e-12);

    let mut few = Counting { most: 7, ..Counting::default() };
    let mut model = mlp(2);
    let outcome = train(&mut model, images.pixels.view(), &config, &mut few).unwrap();
    assert_eq!((outcome.steps, outcome.interrupted), (7, true));
    assert_eq!(few.steps[..], all.steps[..7], "the same steps as without an end");
    let codes = model.encode(images.pixels.view());
    assert!(codes.mean_axis(Axis(0)).unwrap().iter().all(|m| m.abs() < 1e-5), "recalibrated all the same");
}

/// All steps that are left, and a report of each.
fn rest(training: &mut Training<f32>, model: &mut Autoencoder<f32>, images: ArrayView4<'_, f32>) -> Vec<StepReport> {
    std::iter::from_fn(|| training.step(model, images).unwrap()).map(|(step, _)| step).collect()
}

#[test]
fn a_training_that_was_kept_goes_on_to_the_same_bits() {
    let images = some_digits(50).pixels;
    let objectives = [
        // Banks that overflow, draws that differ from step to step.
        Objective::Eae(Eae { bank: 30, ..Eae::default() }),
        Objective::Vae(Vae::default()),
    ];
    for objective in objectives {
        let config = TrainConfig { epochs: 3, batch_size: 12, objective, ..config() };
        let new = |seed| Autoencoder::with_ending(Preset::Mlp, [28, 28, 1], 3, objective.ending(), seed).unwrap();
        let mut whole = new(1);
        let mut training = Training::new(config, 50);
        let reports = rest(&mut training, &mut whole, images.view());
        assert!(reports.len() == 12 && training.is_finished());
        // Before the first step, within an epoch, after one, and after the last step.
        for stop in [0, 3, 4, 9, 12] {
            let (mut model, mut training) = (new(1), Training::new(config, 50));
            for _ in 0..stop {
                training.step(&mut model, images.view()).unwrap();
            }
            let file = tempfile::NamedTempFile::new().unwrap();
            training.write(&model).save(file.path()).unwrap();

            // Another model, which takes all of it from the file.
            let mut model = new(2);
            let mut training = Training::read(&mut model, &Weights::read(file.path()).unwrap()).unwrap();
            assert_eq!((training.steps(), training.epochs(), training.images()), (stop, stop / 4, 50));
            assert_eq!(*training.config(), config);
            assert_eq!(rest(&mut training, &mut model, images.view()), reports[stop..], "{objective:?} after {stop}");
            let parameters = |model: &mut Autoencoder<f32>| -> Vec<_> {
                model.parameters().into_iter().map(|p| p.clone()).collect()
            };
            assert!(parameters(&mut model) == parameters(&mut whole), "{objective:?} after {stop}: other bits");
        }
    }
}

/// Images on a disk that fails now and then.
struct Failing<'a>(ArrayView4<'a, f32>, Cell<usize>);

impl Source<f32> for Failing<'_> {
    fn len(&self) -> usize {
        Source::len(&self.0)
    }

    fn image_shape(&self) -> [usize; 3] {
        self.0.image_shape()
    }

    fn read(&self, places: &[usize], batch: ArrayViewMut4<'_, f32>) -> Result<(), DataError> {
        self.1.set(self.1.get() + 1);
        match self.1.get() % 3 {
            0 => Err(DataError::Read { path: "disk".into(), reason: std::io::Error::other("it is gone") }),
            _ => self.0.read(places, batch),
        }
    }
}

#[test]
fn a_disk_that_fails_ends_nothing_but_the_step() {
    let images = some_digits(50).pixels;
    let config = TrainConfig { epochs: 2, batch_size: 10, ..config() };
    let mut whole = mlp(3);
    let reports = rest(&mut Training::new(config, 50), &mut whole, images.view());

    let (mut model, mut training) = (mlp(3), Training::new(config, 50));
    let failing = Failing(images.view(), Cell::new(0));
    let (mut again, mut errors) = (Vec::new(), 0);
    while !training.is_finished() {
        match training.step(&mut model, &failing) {
            Ok(step) => again.extend(step.map(|(report, _)| report)),
            Err(error) => {
                assert_eq!(error.to_string(), "cannot read disk: it is gone");
                errors += 1;
            }
        }
    }
    assert_eq!((again, errors), (reports, 4));
    // Nor does it leave a model half of whose statistics are new.
    let before = model.encode(images.view());
    assert!(model.recalibrate(Failing(images.view(), Cell::new(1))).is_err());
    assert_eq!(model.encode(images.view()), before);
    let error = train(&mut model, &failing, &config, &mut ()).unwrap_err();
    assert!(matches!(error, TrainError::Data(DataError::Read { .. })), "{error}");
}

#[test]
fn images_in_a_file_give_the_same_bits_as_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    for (i, image) in some_digits(280).pixels.outer_iter().enumerate() {
        write_grid(folder.path().join(format!("{i}.png")), image.insert_axis(Axis(0)), 1, 1).unwrap();
    }
    let images = ImageFolder::new(folder.path(), 28).channels(Channels::Gray).split_seed(1).strict(true);
    let split = images.load::<f32>(&folder.path().join("cache"), &mut |_, _| ()).unwrap();
    let memory = data::sample::<f32>(&split.train, usize::MAX, 0).unwrap();
    assert_eq!((memory.dim().0, split.test.len()), (252, 28));
    let trained = |from_file: bool| {
        let (mut model, config) = (mlp(3), TrainConfig { epochs: 3, batch_size: 50, ..config() });
        let outcome = match from_file {
            true => train(&mut model, &split.train, &config, &mut ()),
            false => train(&mut model, memory.view(), &config, &mut ()),
        };
        assert_eq!(outcome.unwrap().steps, 15);
        let parameters: Vec<_> = model.parameters().into_iter().map(|p| p.clone()).collect();
        (parameters, model.encode_all(&split.train).unwrap())
    };
    assert!(trained(true) == trained(false), "other bits");
}

#[test]
fn what_is_no_training_is_refused_and_the_model_left_alone() {
    let images = some_digits(30).pixels;
    let objective = Objective::Eae(Eae { bank: 10, ..Eae::published(1.0) });
    let config = TrainConfig { epochs: 2, batch_size: 10, objective, ..config() };
    let (mut model, mut training) = (mlp(3), Training::new(config, 30));
    training.step(&mut model, images.view()).unwrap();
    let good = training.write(&model);
    let mut other = mlp(2);
    let mut refused = |weights: &Weights| Training::read(&mut other, weights).unwrap_err().to_string();
    let with = |description: &str| {
        let mut weights = good.clone();
        weights.metadata.insert("training".into(), description.into());
        weights
    };
    let description = &good.metadata["training"];
    for (weights, expected) in [
        (model.to_weights(), "this is no training to go on with: it has no description of one"),
        (with("{"), "EOF while parsing"),
        (with(&description.replace("\"batch_size\":10", "\"batch_size\":0")), "batches of 0 of 30 images"),
        (with(&description.replace("\"images\":30", "\"images\":9")), "batches of 10 of 9 images"),
        (good.clone(), "`encoder.5.weight` has shape [3, 256], the network needs [2, 256]"),
    ] {
        let error = refused(&weights);
        assert!(error.contains(expected), "{error}");
    }
    assert_eq!(other.to_weights().names().count(), mlp(2).to_weights().names().count());
    let mut damaged = good.clone();
    damaged.insert("training.adam.0.second", &ndarray::ArrayD::<f32>::from_elem(vec![512, 784], -1.0));
    let error = Training::read(&mut mlp(3), &damaged).unwrap_err().to_string();
    assert!(error.contains("`training.adam.0.second` holds the variance -1 at position 0"), "{error}");
    // The codes of the steps before: 10 rows of 3.
    let refused = |change: &dyn Fn(&mut Weights)| {
        let mut damaged = good.clone();
        change(&mut damaged);
        Training::read(&mut mlp(3), &damaged).unwrap_err().to_string()
    };
    let next = refused(&|weights| weights.insert_count("training.codes.next", 10));
    assert!(next.ends_with("its `training.codes` has 10 rows, and the next to go is said to be 10"), "{next}");
    let codes = |shape: &[usize]| ndarray::ArrayD::<f32>::zeros(shape);
    let other = refused(&|weights| weights.insert("training.codes", &codes(&[10, 2])));
    assert!(other.ends_with("its codes have 2 numbers, those of the model 3"), "{other}");
    let flat = refused(&|weights| weights.insert("training.codes", &codes(&[30])));
    assert!(flat.ends_with("its `training.codes` has shape [30], it must be rows"), "{flat}");
}

#[test]
fn equal_images_in_a_batch_are_no_error() {
    let one = some_digits(1).pixels;
    let images = ndarray::concatenate(Axis(0), &[one.view(); 30]).unwrap();
    let config = TrainConfig { epochs: 2, batch_size: 10, ..config() };
    train(&mut mlp(3), images.view(), &config, &mut ()).unwrap();
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let images = some_digits(50);
    let good = TrainConfig { batch_size: 10, ..config() };
    let refused =
        |config: TrainConfig| train(&mut mlp(2), images.pixels.view(), &config, &mut ()).unwrap_err().to_string();
    let objective = |objective: Eae| TrainConfig { objective: Objective::Eae(objective), ..good };
    let cases = [
        (TrainConfig { epochs: 0, ..good }, "epochs is 0, it must be at least 1"),
        (TrainConfig { batch_size: 1, ..good }, "batch size is 1, it must be above k, which is 1"),
        (TrainConfig { batch_size: 51, ..good }, "batch size is 51, it must be at most the 50 images"),
        (TrainConfig { learning_rate: f64::NAN, ..good }, "learning rate is NaN, it must be a finite number above 0"),
        (TrainConfig { warm_up: -1.0, ..good }, "warm-up is -1, it must be a finite number of epochs, 0 or above"),
        (objective(Eae { lambda: -0.5, ..Eae::default() }), "lambda is -0.5, it must be a finite number, 0 or above"),
        (objective(Eae { k: 0, ..Eae::default() }), "k is 0, it must be at least 1"),
        (objective(Eae { floor: 0.0, ..Eae::default() }), "floor is 0, it must be a finite number above 0"),
    ];
    for (config, message) in cases {
        assert_eq!(refused(config), message);
    }
}

#[test]
fn images_that_do_not_fit_are_refused() {
    let config = TrainConfig { batch_size: 5, ..config() };
    let small = Array4::<f32>::zeros((10, 14, 14, 1));
    let error = train(&mut mlp(2), small.view(), &config, &mut ()).unwrap_err();
    assert_eq!(error.to_string(), "the model takes images of shape [28, 28, 1], these are [14, 14, 1]");
    let mut broken = some_digits(10).pixels;
    broken[[7, 3, 3, 0]] = f32::NAN;
    let error = train(&mut mlp(2), broken.view(), &config, &mut ()).unwrap_err();
    assert!(matches!(error, TrainError::Pixel { image: 7, .. }), "{error}");
}

#[test]
fn a_training_that_diverges_ends_with_advice() {
    let images = some_digits(60);
    let config = TrainConfig { batch_size: 10, learning_rate: 1e30, ..config() };
    let error = train(&mut mlp(2), images.pixels.view(), &config, &mut ()).unwrap_err();
    assert!(error.to_string().contains("try a lower learning rate"), "{error}");
}
