//! Training over ranks, which must have the bits of one process.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use eae::data::{DataError, Source};
use eae::ranks::{RankResult, Ranks, Threads};
use eae::{
    Autoencoder, Eae, MakeStep, Objective, Observer, RankStepper, StepReport, Stepper, TrainConfig, TrainError,
    Training, follow,
};
use ndarray::{Array4, ArrayViewMut4};
use nn_layers::Weights;

use crate::shards::{config, images, model, objectives};

/// Keeps the reports of all steps.
#[derive(Default)]
struct Reports(Vec<StepReport>);

impl Observer<f32> for Reports {
    fn step(&mut self, report: &StepReport) -> ControlFlow<()> {
        self.0.push(*report);
        ControlFlow::Continue(())
    }
}

/// A finished training: its checkpoint, the model's weights, and the reports.
type Trained = (Vec<u8>, Vec<u8>, Vec<StepReport>);

fn run(
    training: &mut Training,
    images: &Array4<f32>,
    model: &mut Autoencoder<f32>,
    stepper: &mut dyn MakeStep<f32>,
) -> Trained {
    let mut reports = Reports::default();
    training.run(model, images.view(), stepper, &mut reports).unwrap();
    let checkpoint = training.write(model, stepper).unwrap().to_bytes().unwrap();
    (checkpoint, model.to_weights().to_bytes().unwrap(), reports.0)
}

/// Trains over ranks, from a checkpoint if there is one. Returns the result of rank 0, and checks
/// that all ranks have the same weights.
fn train_over(size: usize, images: &Array4<f32>, config: &TrainConfig, from: Option<&[u8]>) -> Trained {
    let mut all = Threads::run(size, |ranks| {
        let stop = AtomicBool::new(false);
        let mut model = model(&config.objective);
        if ranks.rank() > 0 {
            follow(ranks, &mut model, images.view(), &stop).unwrap();
            return (Vec::new(), model.to_weights().to_bytes().unwrap(), Vec::new());
        }
        let mut stepper = RankStepper::new(ranks, &stop);
        let mut training = Training::new(config.clone(), images.dim().0);
        if let Some(bytes) = from {
            let (resumed, state) = Training::read(&mut model, &Weights::parse(bytes, "a checkpoint").unwrap()).unwrap();
            (training, _) = (resumed, stepper.restore(state).unwrap());
        }
        run(&mut training, images, &mut model, &mut stepper)
    });
    assert!(all.iter().all(|(_, weights, _)| *weights == all[0].1));
    all.swap_remove(0)
}

fn train_here(images: &Array4<f32>, config: &TrainConfig) -> Trained {
    let (mut training, mut model) = (Training::new(config.clone(), images.dim().0), model(&config.objective));
    run(&mut training, images, &mut model, &mut Stepper::default())
}

#[test]
fn any_number_of_ranks_has_the_bits_of_one_process() {
    for objective in objectives() {
        for (count, batch, shards, sizes) in [
            (23, 11, 8, &[1, 2, 3, 5, 8][..]),
            // Fewer images than shards.
            (10, 5, 8, &[2, 4, 6, 8]),
            (12, 12, 3, &[2, 3]),
            (26, 13, 12, &[4, 6, 12]),
        ] {
            let images = images(count);
            let config = config(&objective, batch, shards).epochs(2);
            let expected = train_here(&images, &config);
            for &size in sizes {
                assert!(train_over(size, &images, &config, None) == expected, "{objective:?}, {size} ranks");
            }
        }
    }
}

#[test]
fn a_training_is_resumed_on_another_number_of_ranks() {
    let objective = objectives()[9].clone();
    let (images, config) = (images(24), config(&objective, 8, 6).epochs(4));
    let expected = train_here(&images, &config);
    for [before, after] in [[1, 4], [3, 2], [6, 1]] {
        let halfway = Mutex::new(Vec::new());
        Threads::run(before, |ranks| {
            let stop = AtomicBool::new(false);
            let mut model = model(&objective);
            if ranks.rank() > 0 {
                return follow(ranks, &mut model, images.view(), &stop).unwrap();
            }
            let (mut training, mut stepper) = (Training::new(config.clone(), 24), RankStepper::new(ranks, &stop));
            for _ in 0..5 {
                training.step(&mut model, images.view(), &mut stepper).unwrap();
            }
            *halfway.lock().unwrap() = training.write(&mut model, &mut stepper).unwrap().to_bytes().unwrap();
        });
        let (checkpoint, weights, reports) = train_over(after, &images, &config, Some(&halfway.into_inner().unwrap()));
        assert!(checkpoint == expected.0 && weights == expected.1 && reports == expected.2[5..], "{before}, {after}");
    }
}

/// Images of which one cannot be read for a while, on one rank.
#[derive(Debug)]
struct Unreadable<'a> {
    images: &'a Array4<f32>,
    reads: AtomicUsize,
    /// The number of the read that fails, if there is one.
    fails: Option<usize>,
}

impl Source<f32> for Unreadable<'_> {
    fn len(&self) -> usize {
        self.images.dim().0
    }

    fn image_shape(&self) -> [usize; 3] {
        [4, 3, 1]
    }

    fn read(&self, places: &[usize], batch: ArrayViewMut4<'_, f32>) -> Result<(), DataError> {
        if Some(self.reads.fetch_add(1, Relaxed)) == self.fails {
            let reason = std::io::Error::other("the disk is gone");
            return Err(DataError::Read { path: PathBuf::from("images"), reason });
        }
        self.images.view().read(places, batch)
    }
}

#[test]
fn an_error_of_one_rank_is_that_of_all_and_changes_nothing() {
    let objective = objectives()[9].clone();
    let (images, config) = (images(24), config(&objective, 8, 6).epochs(2));
    let expected = train_here(&images, &config);
    for failing in 0..3 {
        let results = Threads::run(3, |ranks| {
            let stop = AtomicBool::new(false);
            let mut model = model(&objective);
            // Two shards are read in each step, so this is one in the third step.
            let fails = (ranks.rank() == failing).then_some(5);
            let source = Unreadable { images: &images, reads: AtomicUsize::new(0), fails };
            if ranks.rank() > 0 {
                follow(ranks, &mut model, &source, &stop).unwrap();
                return None;
            }
            let (mut training, mut stepper) = (Training::new(config.clone(), 24), RankStepper::new(ranks, &stop));
            let error = training.run(&mut model, &source, &mut stepper, &mut ()).unwrap_err();
            assert_eq!(training.steps(), 2);
            // The same step succeeds when it is made again.
            training.run(&mut model, &source, &mut stepper, &mut ()).unwrap();
            Some((error, training.write(&mut model, &mut stepper).unwrap().to_bytes().unwrap()))
        });
        let (error, checkpoint) = results.into_iter().flatten().next().unwrap();
        assert!(error.to_string().starts_with(&format!("step 2: rank {failing}: ")), "{error}");
        assert!(checkpoint == expected.0);
    }
}

/// Returns the errors of all ranks in a training that fails.
fn errors(size: usize, images: &Array4<f32>, config: &TrainConfig) -> Vec<TrainError> {
    Threads::run(size, |ranks| {
        let stop = AtomicBool::new(false);
        let mut model = model(&config.objective);
        if ranks.rank() > 0 {
            return follow(ranks, &mut model, images.view(), &stop).err();
        }
        let mut stepper = RankStepper::new(ranks, &stop);
        Training::new(config.clone(), images.dim().0).run(&mut model, images.view(), &mut stepper, &mut ()).err()
    })
    .into_iter()
    .flatten()
    .collect()
}

#[test]
fn all_ranks_return_the_error_of_a_step() {
    let mut images = images::<f32>(16);
    // The square of this pixel is not finite in single precision.
    images[[3, 0, 0, 0]] = 1e30;
    let found = errors(4, &images, &config(&Objective::Ae(Default::default()), 16, 4));
    assert!(found.len() == 4 && found.iter().all(|error| error.to_string() == found[0].to_string()), "{found:?}");
    assert!(matches!(found[0], TrainError::NotFinite { step: 0, .. }), "{found:?}");
    images[[3, 0, 0, 0]] = f32::NAN;
    let found = errors(4, &images, &config(&Objective::Eae(Eae::published(1.0)), 16, 4));
    assert_eq!(found.len(), 4, "{found:?}");
    for error in found {
        let TrainError::Ranks { step: 0, problem } = error else { panic!("{error:?}") };
        assert!(problem.to_string().starts_with("rank 0: the objective cannot be computed: "), "{problem}");
    }
}

#[test]
fn more_ranks_than_shards_are_an_error() {
    let found = errors(3, &images(16), &config(&Objective::default(), 8, 2));
    assert!(matches!(found[..], [TrainError::Shards { ranks: 3, shards: 2 }]), "{found:?}");
}

#[test]
fn any_rank_can_ask_to_stop() {
    let objective = objectives()[7].clone();
    let (images, config) = (images(16), config(&objective, 8, 4).epochs(5));
    let steps = Threads::run(3, |ranks| {
        let (mut model, stop) = (model(&objective), AtomicBool::new(ranks.rank() == 2));
        if ranks.rank() > 0 {
            return follow(ranks, &mut model, images.view(), &stop).map(|()| 0).unwrap();
        }
        struct Stop<'a>(&'a AtomicBool);
        impl Observer<f32> for Stop<'_> {
            fn step(&mut self, _: &StepReport) -> ControlFlow<()> {
                if self.0.load(Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            }
        }
        let mut stepper = RankStepper::new(ranks, &stop);
        let mut training = Training::new(config.clone(), 16);
        let outcome = training.run(&mut model, images.view(), &mut stepper, &mut Stop(&stop)).unwrap();
        assert!(outcome.interrupted);
        outcome.steps
    });
    assert_eq!(steps, [1, 0, 0]);
}

/// Ranks of which one receives wrong bits, once.
struct Faulty<'a> {
    ranks: &'a Threads,
    is_faulty: bool,
    calls: AtomicUsize,
}

impl Ranks for Faulty<'_> {
    fn rank(&self) -> usize {
        self.ranks.rank()
    }

    fn size(&self) -> usize {
        self.ranks.size()
    }

    fn all_gather(&self, bytes: &[u8]) -> RankResult<Vec<Vec<u8>>> {
        let mut all = self.ranks.all_gather(bytes)?;
        // The gradients are the first long message that does not begin with the kind of a message.
        let is_gradient = all[0].len() > 400 && self.is_faulty && all[0].len() % 8 == 0;
        if is_gradient && self.calls.fetch_add(1, Relaxed) == 0 {
            // The signs. The first step of Adam hardly depends on anything else.
            all[0].chunks_exact_mut(8).for_each(|number| number[7] ^= 0x80);
        }
        Ok(all)
    }

    fn all_to_all(&self, bytes: Vec<Vec<u8>>) -> RankResult<Vec<Vec<u8>>> {
        self.ranks.all_to_all(bytes)
    }

    fn broadcast(&self, root: usize, bytes: Vec<u8>) -> RankResult<Vec<u8>> {
        self.ranks.broadcast(root, bytes)
    }

    fn abort(&self, code: i32, message: &str) -> ! {
        self.ranks.abort(code, message)
    }
}

#[test]
fn a_rank_with_other_parameters_is_named() {
    let objective = objectives()[7].clone();
    let (images, config) = (images::<f64>(16), config(&objective, 8, 4).epochs(5));
    for steps in [1, 3] {
        let errors = Threads::run(3, |ranks| {
            let ranks = &Faulty { ranks, is_faulty: ranks.rank() == 1, calls: AtomicUsize::new(0) };
            let (mut model, stop) = (model::<f64>(&objective), AtomicBool::new(false));
            if ranks.rank() > 0 {
                return follow(ranks, &mut model, images.view(), &stop).unwrap_err().to_string();
            }
            let (mut training, mut stepper) = (Training::new(config.clone(), 16), RankStepper::new(ranks, &stop));
            for _ in 0..steps {
                training.step(&mut model, images.view(), &mut stepper).unwrap();
            }
            // Parameters are compared before a checkpoint.
            training.write(&mut model, &mut stepper).err().unwrap().to_string()
        });
        assert!(errors.iter().all(|error| error.contains("rank 1: it has computed other numbers")), "{errors:?}");
    }
}
