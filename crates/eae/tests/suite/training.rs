//! Training: convergence, errors, and reproducibility.

use std::cell::Cell;
use std::ops::ControlFlow;

use eae::data::{self, Channels, DataError, ImageFolder, Source};
use eae::objective::{Context, Terms, Vae};
use eae::picture::write_grid;
use eae::{
    Autoencoder, Criterion, Eae, EpochReport, Evaluation, Float, HeldOut, MakeStep, Network, Objective, Observer,
    Preset, StepReport, Stepper, TrainConfig, TrainError, Training, Underway, metrics, train,
};
use ndarray::{Array4, ArrayView4, ArrayViewMut4, Axis};
use nn_layers::Weights;

use crate::some_digits;

/// Returns a configuration with small batches, for the few images of a test.
fn config() -> TrainConfig {
    TrainConfig::default().epochs(20).batch_size(100).learning_rate(1e-3).objective(Eae::published(1.0))
}

fn mlp(latent: usize) -> Autoencoder<f32> {
    Autoencoder::new(Preset::Mlp, [28, 28, 1], latent, 1).unwrap()
}

#[test]
fn training_improves_reconstructions_and_normalizes_codes() {
    let images = some_digits(1_000);
    let mut model = mlp(4);
    let config = config();
    let outcome = train(&mut model, images.pixels.view(), &config, &mut ()).unwrap();
    assert_eq!((outcome.steps, outcome.interrupted), (200, false));
    let evaluation = Evaluation::new(&model, &config.objective, images.pixels.view(), images.pixels.view()).unwrap();
    assert!(evaluation.reconstruction_error < 0.7 * evaluation.mean_image_error, "{evaluation}");
    // Without the entropy term, the code of a fresh network is far from filling its four
    // dimensions.
    let codes = evaluation.codes;
    assert!(codes.entropy > codes.normal_entropy - 0.5, "{evaluation}");
    assert!((codes.radius_sd / codes.normal_radius_sd - 1.0).abs() < 0.25, "{evaluation}");
}

#[test]
fn one_held_out_image_is_too_few() {
    let images = some_digits(3);
    let one = images.select(&[0]);
    let evaluation = Evaluation::new(&mlp(4), &config().objective, images.pixels.view(), one.pixels.view());
    let expected = "held-out images: there is 1 sample, but at least 2 are needed";
    assert_eq!(evaluation.unwrap_err().to_string(), expected);
}

#[test]
fn entropy_increases_with_lambda() {
    let images = some_digits(500);
    let entropy = |lambda| {
        let mut model = mlp(6);
        let objective = Objective::Eae(Eae::published(lambda));
        let config = config().epochs(10).objective(objective);
        train(&mut model, images.pixels.view(), &config, &mut ()).unwrap();
        metrics::CodeReport::new(model.encode(images.pixels.view()).view(), 1).unwrap().entropy
    };
    let [none, some, much] = [0.0, 1.0, 10.0].map(entropy);
    assert!(none + 0.5 < some && some + 0.1 < much, "{none}, {some}, {much}");
}

#[test]
fn codes_of_training_images_are_normalized_in_evaluation_mode() {
    let images = some_digits(330);
    let mut model = mlp(5);
    let config = config().epochs(2).batch_size(50);
    train(&mut model, images.pixels.view(), &config, &mut ()).unwrap();
    let codes = model.encode(images.pixels.view()).mapv(f64::from);
    let variances = model.to_weights().get::<f64>("encoder.6.running_var", &[5]).unwrap();
    for (column, &variance) in codes.axis_iter(Axis(1)).zip(&variances) {
        // After batch normalization the variance is v / (v + eps).
        assert!(column.mean().unwrap().abs() < 1e-4);
        approx::assert_relative_eq!(column.var(0.0), variance / (variance + 1e-5), max_relative = 1e-4);
    }
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let images = some_digits(120);
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut model = Autoencoder::<f32>::new(Preset::Conv28, [28, 28, 1], 8, 1).unwrap();
            let config = config().epochs(2).batch_size(40);
            train(&mut model, images.pixels.view(), &config, &mut ()).unwrap();
            model.parameters().into_iter().map(|p| p.clone()).collect::<Vec<_>>()
        })
    };
    let one = run(1);
    assert!(one == run(2), "the bits differ on two threads");
    assert!(one == run(3), "the bits differ on three threads");
}

/// Counts reports, and ends the training after some steps.
#[derive(Default)]
struct Counting {
    steps: Vec<StepReport>,
    epochs: Vec<EpochReport>,
    most: usize,
}

impl Observer<f32> for Counting {
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
fn observers_receive_all_reports_and_can_end_the_training() {
    let images = some_digits(105);
    let config = config().epochs(3).batch_size(20).warm_up(2.0);
    let mut all = Counting::default();
    train(&mut mlp(2), images.pixels.view(), &config, &mut all).unwrap();
    assert_eq!((all.steps.len(), all.epochs.len()), (15, 3));
    // The weight of the penalty rises from 0 over two epochs of 5 steps.
    let weights: Vec<f64> = all.steps.iter().map(|step| step.penalty_weight).collect();
    assert_eq!((weights[0], weights[5], weights[10], weights[14]), (0.0, 0.5, 1.0, 1.0));
    let mean = all.steps[5..10].iter().map(|step| step.mse).sum::<f64>() / 5.0;
    approx::assert_relative_eq!(all.epochs[1].mse, mean, max_relative = 1e-12);

    let mut few = Counting { most: 7, ..Counting::default() };
    let mut model = mlp(2);
    let outcome = train(&mut model, images.pixels.view(), &config, &mut few).unwrap();
    assert_eq!((outcome.steps, outcome.interrupted), (7, true));
    assert_eq!(few.steps[..], all.steps[..7], "an early end does not change the steps before it");
    let codes = model.encode(images.pixels.view());
    assert!(
        codes.mean_axis(Axis(0)).unwrap().iter().all(|m| m.abs() < 1e-5),
        "the model is recalibrated after an early end"
    );
}

#[test]
fn the_held_out_error_is_measured_on_a_schedule() {
    let all = some_digits(150);
    let (images, held_out) = all.pixels.view().split_at(Axis(0), 105);
    let config = config().epochs(5).batch_size(20);
    let mut alone = Counting::default();
    train(&mut mlp(2), images, &config, &mut alone).unwrap();
    let mut beside = Counting::default();
    let mut model = mlp(2);
    train(&mut model, images, &config, &mut HeldOut::new(held_out.to_owned(), 2, &mut beside)).unwrap();
    assert_eq!(beside.steps, alone.steps, "measuring changes no step");
    let looked: Vec<bool> = beside.epochs.iter().map(|epoch| epoch.held_out_mse.is_some()).collect();
    assert_eq!(looked, [true, true, false, true, true], "the first epoch, every second epoch and the last");
    // The model is recalibrated after the last epoch, so its error differs slightly.
    let error = |images: ArrayView4<'_, f32>| metrics::reconstruction_error(images, model.reconstruct(images).view());
    let found = beside.epochs[4].held_out_mse.unwrap();
    approx::assert_relative_eq!(found, error(held_out), max_relative = 0.1);
    assert!(found > error(images), "training images are reconstructed better");

    let mut few = Counting { most: 7, ..Counting::default() };
    let outcome = train(&mut mlp(2), images, &config, &mut HeldOut::new(held_out.to_owned(), 1, &mut few)).unwrap();
    assert_eq!((outcome.steps, few.epochs.len()), (7, 1), "the inner observer can still end the training");
    let mut none = Counting::default();
    let nothing = held_out.slice_axis(Axis(0), (..0).into()).to_owned();
    train(&mut mlp(2), images, &config, &mut HeldOut::new(nothing, 1, &mut none)).unwrap();
    assert!(none.epochs.len() == 5 && none.epochs.iter().all(|epoch| epoch.held_out_mse.is_none()));

    // Held-out images that are much alike, such as the last rows of a sorted table, have the codes
    // that they have after the training, not those of a batch of such images.
    let mut alike = held_out.to_owned();
    alike
        .outer_iter_mut()
        .for_each(|mut image| image.zip_mut_with(&images.index_axis(Axis(0), 0), |a, b| *a += 9.0 * (b - *a) / 10.0));
    let mut sorted = Counting::default();
    let mut model = mlp(2);
    train(&mut model, images, &config, &mut HeldOut::new(alike.clone(), 1, &mut sorted)).unwrap();
    let after = metrics::reconstruction_error(alike.view(), model.reconstruct(alike.view()).view());
    approx::assert_relative_eq!(sorted.epochs[4].held_out_mse.unwrap(), after, max_relative = 0.1);
}

/// Makes all remaining steps and returns their reports.
fn rest(
    training: &mut Training,
    model: &mut Autoencoder<f32>,
    stepper: &mut Stepper<f32>,
    images: ArrayView4<'_, f32>,
) -> Vec<StepReport> {
    std::iter::from_fn(|| training.step(model, images, stepper).unwrap()).map(|(step, _)| step).collect()
}

#[test]
fn a_resumed_training_gives_the_same_bits() {
    let images = some_digits(50).pixels;
    let objectives = [
        // Banks that wrap around, and random draws in every step.
        Objective::Eae(Eae::default().bank(30).critic(3.0)),
        Objective::Vae(Vae::default()),
    ];
    for objective in objectives {
        let config = config().epochs(3).batch_size(12).objective(objective.clone());
        let new = |seed| Autoencoder::with_ending(Preset::Mlp, [28, 28, 1], 3, objective.ending(), seed).unwrap();
        let mut whole = new(1);
        let mut training = Training::new(config.clone(), 50);
        let reports = rest(&mut training, &mut whole, &mut Stepper::default(), images.view());
        assert!(reports.len() == 12 && training.is_finished());
        // Before the first step, within an epoch, after one, and after the last step.
        for stop in [0, 3, 4, 9, 12] {
            let (mut model, mut training, mut stepper) =
                (new(1), Training::new(config.clone(), 50), Stepper::default());
            for _ in 0..stop {
                training.step(&mut model, images.view(), &mut stepper).unwrap();
            }
            let file = tempfile::NamedTempFile::new().unwrap();
            training.write(&mut model, &mut stepper).unwrap().save(file.path()).unwrap();

            // Another model, which gets all its weights from the file.
            let mut model = new(2);
            let (mut training, state) = Training::read(&mut model, &Weights::read(file.path()).unwrap()).unwrap();
            let mut stepper = Stepper::default();
            stepper.restore(state).unwrap();
            assert_eq!((training.steps(), training.epochs(), training.images()), (stop, stop / 4, 50));
            assert_eq!(*training.config(), config);
            let found = rest(&mut training, &mut model, &mut stepper, images.view());
            assert_eq!(found, reports[stop..], "{objective:?} after {stop}");
            let parameters = |model: &mut Autoencoder<f32>| -> Vec<_> {
                model.parameters().into_iter().map(|p| p.clone()).collect()
            };
            assert!(parameters(&mut model) == parameters(&mut whole), "{objective:?} after {stop}: the bits differ");
        }
    }
}

/// Images on a disk with occasional failures.
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
fn a_read_error_ends_only_the_step() {
    let images = some_digits(50).pixels;
    let config = config().epochs(2).batch_size(10);
    let mut whole = mlp(3);
    let reports = rest(&mut Training::new(config.clone(), 50), &mut whole, &mut Stepper::default(), images.view());

    let (mut model, mut training, mut stepper) = (mlp(3), Training::new(config.clone(), 50), Stepper::default());
    let failing = Failing(images.view(), Cell::new(0));
    let (mut again, mut errors) = (Vec::new(), 0);
    while !training.is_finished() {
        match training.step(&mut model, &failing, &mut stepper) {
            Ok(step) => again.extend(step.map(|(report, _)| report)),
            Err(error) => {
                assert_eq!(error.to_string(), "cannot read disk: it is gone");
                errors += 1;
            }
        }
    }
    assert_eq!((again, errors), (reports, 4));
    // A failed recalibration does not leave a model with a mixture of old and new statistics.
    let before = model.encode(images.view());
    assert!(model.recalibrate(Failing(images.view(), Cell::new(1))).is_err());
    assert_eq!(model.encode(images.view()), before);
    let error = train(&mut model, &failing, &config, &mut ()).unwrap_err();
    assert!(matches!(error, TrainError::Data(DataError::Read { .. })), "{error}");
}

#[test]
fn images_from_a_file_give_the_same_bits_as_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    for (i, image) in some_digits(280).pixels.outer_iter().enumerate() {
        write_grid(folder.path().join(format!("{i}.png")), image.insert_axis(Axis(0)), 1, 1).unwrap();
    }
    let images = ImageFolder::new(folder.path(), 28).channels(Channels::Gray).split_seed(1).strict(true);
    let split = images.load::<f32>(&folder.path().join("cache"), &mut |_, _| ()).unwrap();
    let memory = data::sample::<f32>(&split.train, usize::MAX, 0).unwrap();
    assert_eq!((memory.dim().0, split.test.len()), (252, 28));
    let trained = |from_file: bool| {
        let (mut model, config) = (mlp(3), config().epochs(3).batch_size(50));
        let outcome = match from_file {
            true => train(&mut model, &split.train, &config, &mut ()),
            false => train(&mut model, memory.view(), &config, &mut ()),
        };
        assert_eq!(outcome.unwrap().steps, 15);
        let parameters: Vec<_> = model.parameters().into_iter().map(|p| p.clone()).collect();
        (parameters, model.encode_all(&split.train).unwrap())
    };
    assert!(trained(true) == trained(false), "the bits differ");
}

#[test]
fn invalid_checkpoints_are_errors_and_leave_the_model_unchanged() {
    let images = some_digits(30).pixels;
    let objective = Objective::Eae(Eae::published(1.0).bank(10));
    let config = config().epochs(2).batch_size(10).objective(objective);
    let (mut model, mut training, mut stepper) = (mlp(3), Training::new(config, 30), Stepper::default());
    training.step(&mut model, images.view(), &mut stepper).unwrap();
    let good = training.write(&mut model, &mut stepper).unwrap();
    let mut other = mlp(2);
    let mut refused = |weights: &Weights| Training::read(&mut other, weights).unwrap_err().to_string();
    let with = |description: &str| {
        let mut weights = good.clone();
        weights.metadata.insert("training".into(), description.into());
        weights
    };
    let description = &good.metadata["training"];
    for (weights, expected) in [
        (model.to_weights(), "not a training checkpoint: the metadata has no `training` entry"),
        (with("{"), "EOF while parsing"),
        (
            with(&description.replace("\"batch_size\":10", "\"batch_size\":0")),
            "a batch size of 0 does not fit 30 images",
        ),
        (with(&description.replace("\"images\":30", "\"images\":9")), "a batch size of 10 does not fit 9 images"),
        (good.clone(), "`encoder.5.weight` has shape [3, 256], but the network needs [2, 256]"),
    ] {
        let error = refused(&weights);
        assert!(error.contains(expected), "{error}");
    }
    assert_eq!(other.to_weights().names().count(), mlp(2).to_weights().names().count());
    let mut damaged = good.clone();
    damaged.insert("training.adam.0.second", &ndarray::ArrayD::<f32>::from_elem(vec![512, 784], -1.0));
    let error = Training::read(&mut mlp(3), &damaged).unwrap_err().to_string();
    assert!(error.contains("`training.adam.0.second` holds the variance -1 at position 0"), "{error}");
    // The codes of previous steps: 10 rows of 3.
    let refused = |change: &dyn Fn(&mut Weights)| {
        let mut damaged = good.clone();
        change(&mut damaged);
        Training::read(&mut mlp(3), &damaged).unwrap_err().to_string()
    };
    let next = refused(&|weights| weights.insert_count("training.codes.next", 10));
    assert!(next.ends_with("`training.codes.next` is 10; it must be below 10"), "{next}");
    let codes = |shape: &[usize]| ndarray::ArrayD::<f32>::zeros(shape);
    let other = refused(&|weights| weights.insert("training.codes", &codes(&[10, 2])));
    assert!(other.ends_with("`training.codes` has shape [10, 2], but the network needs [10, 3]"), "{other}");
    let flat = refused(&|weights| weights.insert("training.codes", &codes(&[30])));
    assert!(flat.ends_with("`training.codes` has shape [30], but the network needs [30, 3]"), "{flat}");
}

#[test]
fn equal_images_in_a_batch_are_allowed() {
    let one = some_digits(1).pixels;
    let images = ndarray::concatenate(Axis(0), &[one.view(); 30]).unwrap();
    let config = config().epochs(2).batch_size(10);
    train(&mut mlp(3), images.view(), &config, &mut ()).unwrap();
}

#[test]
fn invalid_settings_are_errors() {
    let images = some_digits(50);
    let good = config().batch_size(10);
    let refused =
        |config: TrainConfig| train(&mut mlp(2), images.pixels.view(), &config, &mut ()).unwrap_err().to_string();
    let objective = |objective: Eae| good.clone().objective(objective);
    let cases = [
        (good.clone().epochs(0), "epochs is 0; it must be at least 1"),
        (good.clone().batch_size(1), "batch size is 1; it must be above k, which is 1"),
        (good.clone().batch_size(51), "batch size is 51; it must be at most the 50 images"),
        (good.clone().learning_rate(f64::NAN), "learning rate is NaN; it must be a finite number above 0"),
        (good.clone().warm_up(-1.0), "warm-up is -1; it must be a finite number of epochs, 0 or above"),
        (objective(Eae::default().lambda(-0.5)), "lambda is -0.5; it must be a finite number, 0 or above"),
        (objective(Eae::default().k(0)), "k is 0; it must be at least 1"),
        (objective(Eae::default().floor(0.0)), "floor is 0; it must be a finite number above 0"),
    ];
    for (config, message) in cases {
        assert_eq!(refused(config), message);
    }
}

#[test]
fn images_of_the_wrong_shape_are_errors() {
    let config = config().batch_size(5);
    let small = Array4::<f32>::zeros((10, 14, 14, 1));
    let error = train(&mut mlp(2), small.view(), &config, &mut ()).unwrap_err();
    assert_eq!(error.to_string(), "the model takes images of shape [28, 28, 1], but these have shape [14, 14, 1]");
    let mut broken = some_digits(10).pixels;
    broken[[7, 3, 3, 0]] = f32::NAN;
    let error = train(&mut mlp(2), broken.view(), &config, &mut ()).unwrap_err();
    assert!(matches!(error, TrainError::Pixel { image: 7, .. }), "{error}");
}

#[test]
fn a_diverging_training_ends_with_advice() {
    let images = some_digits(60);
    let config = config().batch_size(10).learning_rate(1e30);
    let error = train(&mut mlp(2), images.pixels.view(), &config, &mut ()).unwrap_err();
    assert!(error.to_string().contains("the training diverged"), "{error}");
    assert!(error.to_string().contains("try a lower learning rate"), "{error}");
    // The largest weight is a possible cause, too.
    let config = config.learning_rate(1e-3).warm_up(0.0).objective(Eae::default().lambda(1e300));
    let error = train(&mut mlp(2), images.pixels.view(), &config, &mut ()).unwrap_err();
    assert!(error.to_string().ends_with(", or a smaller weight than lambda = 1e300"), "{error}");
}

/// Returns everything that a step may change, by name.
fn everything(training: &Training, model: &mut Autoencoder<f32>, stepper: &mut Stepper<f32>) -> Weights {
    training.write(model, stepper).unwrap()
}

#[test]
fn a_failed_step_changes_nothing() {
    let images = some_digits(60).pixels;
    let not_numbers = Array4::from_elem(images.raw_dim(), f32::NAN);
    // The squared error of these images is infinite, but their codes are finite.
    let huge = images.mapv(|x| 1e25 * x);
    let unreadable = Failing(images.view(), Cell::new(2));
    // Banks that are filling, that are full and that are smaller than a batch, and no bank.
    let banks = [500, 25, 5].map(|bank| Objective::from(Eae::default().bank(bank).critic(3.0)));
    for objective in banks.into_iter().chain([Vae::default().into()]) {
        let config = config().epochs(3).batch_size(10).warm_up(0.0).objective(objective.clone());
        let layers = |layers: &[&str]| layers.iter().map(|layer| layer.parse().unwrap()).collect();
        let network = Network {
            encoder: layers(&["dense 20", "relu"]),
            decoder: layers(&["dense 20", "relu", "dense 784", "sigmoid"]),
        };
        let new = || Autoencoder::with_ending(network.clone(), [28, 28, 1], 3, objective.ending(), 1).unwrap();
        let (mut model, mut training, mut stepper) = (new(), Training::new(config.clone(), 60), Stepper::default());
        let (mut other, mut undisturbed, mut its_stepper) = (new(), Training::new(config, 60), Stepper::default());
        for step in 0..8 {
            training.step(&mut model, images.view(), &mut stepper).unwrap();
            undisturbed.step(&mut other, images.view(), &mut its_stepper).unwrap();
            let before = everything(&training, &mut model, &mut stepper);
            unreadable.1.set(2);
            let failures = [
                training.step(&mut model, not_numbers.view(), &mut stepper),
                training.step(&mut model, huge.view(), &mut stepper),
                training.step(&mut model, &unreadable, &mut stepper),
            ];
            match failures.map(|failed| failed.unwrap_err()) {
                [TrainError::Objective { .. }, TrainError::NotFinite { .. }, TrainError::Data(_)] => {}
                // The codes of huge images follow a distribution with infinite values.
                [TrainError::Objective { .. }, TrainError::Objective { .. }, TrainError::Data(_)]
                    if matches!(objective, Objective::Vae(_)) => {}
                others => panic!("{objective:?}, {step}: {others:?}"),
            }
            assert!(everything(&training, &mut model, &mut stepper) == before, "{objective:?}, {step}");
        }
        let expected = everything(&undisturbed, &mut other, &mut its_stepper);
        assert!(everything(&training, &mut model, &mut stepper) == expected, "{objective:?}");
    }
}

/// An objective with its own error type, which rejects small batches.
struct Picky;

#[derive(Debug, PartialEq, thiserror::Error)]
enum PickyError {
    #[error("{0} images are too few")]
    TooFew(usize),
    #[error(transparent)]
    Entropy(#[from] knn_entropy::Error),
}

impl Criterion for Picky {
    type Error = PickyError;

    fn ending(&self) -> eae::Ending {
        eae::Ending::Normalized
    }

    fn terms<'t, F: Float>(
        &self,
        model: &mut Autoencoder<F>,
        x: autodiff_mini::Var<'t, F>,
        context: &mut Context<'_, F>,
    ) -> Result<Terms<'t, F>, PickyError> {
        let terms = Eae::default().terms(model, x, context)?;
        if x.shape()[0] < 20 { Err(PickyError::TooFew(x.shape()[0])) } else { Ok(terms) }
    }
}

#[test]
fn user_defined_objectives_have_their_own_errors() {
    let images = some_digits(30).pixels;
    let (mut model, mut stepper) = (mlp(3), Stepper::new(0));
    let mut step = |count: usize| {
        let batch = stepper.batch(images.view(), &(0..count).collect::<Vec<_>>()).unwrap();
        let made = stepper.step(&mut model, batch, &Picky, 1.0, 1e-3);
        (made, model.to_weights())
    };
    let (made, before) = step(30);
    assert!(made.unwrap().finite);
    let (refused, after) = step(10);
    assert_eq!(refused, Err(PickyError::TooFew(10)));
    assert!(after == before, "the running statistics are unchanged");
}

/// Takes a checkpoint and ends the training.
struct Keeping {
    most: usize,
    epochs: usize,
    kept: Option<Weights>,
}

impl Observer<f32> for Keeping {
    fn underway(&mut self, training: &mut Underway<'_, f32>) -> ControlFlow<()> {
        self.epochs += usize::from(training.epoch().is_some());
        if training.training().steps() < self.most {
            return ControlFlow::Continue(());
        }
        self.kept = Some(training.checkpoint().unwrap());
        ControlFlow::Break(())
    }
}

#[test]
fn a_checkpoint_from_an_observer_can_be_resumed() {
    let images = some_digits(50).pixels;
    let config = config().epochs(2).batch_size(10);
    let mut whole = mlp(3);
    let mut all = Keeping { most: 10, epochs: 0, kept: None };
    let outcome = Training::new(config.clone(), 50).run(&mut whole, images.view(), &mut Stepper::default(), &mut all);
    // A training that ends with its last step is not interrupted.
    assert!(matches!(outcome, Ok(outcome) if outcome.steps == 10 && !outcome.interrupted));
    assert_eq!(all.epochs, 2);

    let mut some = Keeping { most: 5, epochs: 0, kept: None };
    let outcome = Training::new(config, 50).run(&mut mlp(3), images.view(), &mut Stepper::default(), &mut some);
    // The last step of an epoch also reports the epoch.
    assert!(matches!(outcome, Ok(outcome) if outcome.steps == 5 && outcome.interrupted));
    assert_eq!(some.epochs, 1);
    let mut model = Autoencoder::new(Preset::Mlp, [28, 28, 1], 3, 2).unwrap();
    let (mut training, state) = Training::read(&mut model, &some.kept.unwrap()).unwrap();
    let mut stepper = Stepper::default();
    stepper.restore(state).unwrap();
    training.run(&mut model, images.view(), &mut stepper, &mut ()).unwrap();
    assert!(everything(&training, &mut model, &mut stepper) == all.kept.unwrap());
}
