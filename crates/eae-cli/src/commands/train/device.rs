//! Where the steps of a training are made.

use clap::ValueEnum;

#[cfg(feature = "gpu")]
pub(super) use gpu::OnDevice;
#[cfg(not(feature = "gpu"))]
pub(super) use none::OnDevice;

/// What `--device` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Device {
    /// On the processor.
    Cpu,
    /// On a GPU, or not at all.
    Gpu,
    /// On a GPU if there is one that can, else on the processor.
    Auto,
}

#[cfg(feature = "gpu")]
mod gpu {
    use eae::data::{Source, select};
    use eae::objective::Objective;
    use eae::{Autoencoder, Due, Eae, EpochReport, Step, StepReport, TrainError, Training};
    use eae_gpu::{Choice, Error, Gpu, Mode, Settings, Trainer};
    use ndarray::{Array2, ArrayView4};
    use nn_layers::Weights;

    use super::Device;
    use crate::dataset::TrainingSet;
    use crate::failure::Failure;

    /// A training whose steps are made on a GPU.
    pub(in super::super) struct OnDevice {
        trainer: Trainer,
        lambda: f64,
        /// Whether the images are there.
        resident: bool,
    }

    /// Why a step was not made.
    #[derive(Debug, thiserror::Error)]
    pub(in super::super) enum StepError {
        #[error(transparent)]
        Training(#[from] TrainError),
        #[error(transparent)]
        Device(#[from] Error),
    }

    impl OnDevice {
        /// None if it is one for the processor, which `auto` says in a line.
        pub(in super::super) fn open(
            device: Device,
            training: &Training<f32>,
            model: &mut Autoencoder<f32>,
            images: &TrainingSet,
            quiet: bool,
        ) -> Result<Option<Self>, Failure> {
            if device == Device::Cpu {
                return Ok(None);
            }
            let choice = Choice::from_env().map_err(Failure::usage)?;
            let made = Gpu::open(&choice).and_then(|gpu| {
                let made = Self::on(&gpu, training, model, images)?;
                if !quiet {
                    eprintln!("steps are made on {}", gpu.adapter());
                }
                Ok(made)
            });
            match made {
                Ok(made) => Ok(Some(made)),
                Err(problem) if device == Device::Auto && choice.mode != Mode::Require => {
                    if !quiet {
                        eprintln!("eae: using the CPU: {problem}");
                    }
                    Ok(None)
                }
                Err(problem) => Err(Failure::usage(problem)),
            }
        }

        fn on(
            gpu: &Gpu,
            training: &Training<f32>,
            model: &mut Autoencoder<f32>,
            images: &TrainingSet,
        ) -> Result<Self, Error> {
            let config = training.config();
            let (lambda, weights, floor) = objective(config.objective)?;
            let settings = Settings { lambda, weights, floor, batch: config.batch_size };
            let resident = match images {
                TrainingSet::Memory(images) | TrainingSet::Vectors(images, _) => Some(images.pixels.view()),
                TrainingSet::File(_) => None,
            };
            let Autoencoder { encoder, decoder, .. } = model;
            let rows = resident.as_ref().map(rows);
            let trainer = Trainer::new(gpu, [encoder, decoder], &settings, rows.as_ref().map(|rows| rows.view()))?;
            Ok(Self { trainer, lambda, resident: rows.is_some() })
        }

        /// The next step, as [`Training::step`] makes it.
        pub(in super::super) fn step(
            &mut self,
            training: &mut Training<f32>,
            images: &dyn Source<f32>,
        ) -> Result<Option<(StepReport, Option<EpochReport>)>, StepError> {
            let Self { trainer, lambda, resident } = self;
            training.step_with(|Due { places, share, learning_rate, .. }| {
                let found = if *resident {
                    trainer.step(places, share, learning_rate)?
                } else {
                    let batch = select(images, places).map_err(TrainError::from)?;
                    trainer.step_on(rows(&batch.view()).view(), share, learning_rate)?
                };
                let (mse, entropy) = (found.mse, found.entropy);
                let finite = mse.is_finite() && entropy.is_finite();
                Ok(Step { mse, entropy, penalty: -share * *lambda * entropy, finite })
            })
        }

        /// Brings the parameters to the model.
        pub(in super::super) fn fetch(&self, model: &mut Autoencoder<f32>) -> Result<(), Failure> {
            let Autoencoder { encoder, decoder, .. } = model;
            self.trainer.fetch([encoder, decoder]).map_err(Failure::other)
        }

        /// What the optimiser remembers, to or from where the processor keeps it.
        pub(in super::super) fn write(&self, weights: &mut Weights) -> Result<(), Failure> {
            self.trainer.write(ADAM, weights).map_err(Failure::other)
        }

        pub(in super::super) fn read(&mut self, weights: &Weights) -> Result<(), Failure> {
            self.trainer.read(ADAM, weights).map_err(Failure::other)
        }
    }

    /// Where a training keeps it.
    const ADAM: &str = "training.adam";

    fn rows(images: &ArrayView4<'_, f32>) -> Array2<f32> {
        let count = images.dim().0;
        let images = images.as_standard_layout();
        let rows = images.view().into_shape_with_order((count, images.len() / count.max(1)));
        rows.expect("in memory order").to_owned()
    }

    /// Its weight, those of the neighbours, and the floor; if the GPU has what it needs.
    fn objective(objective: Objective) -> Result<(f64, Vec<f64>, f64), Error> {
        let eae = match objective {
            Objective::Eae(eae) => eae,
            Objective::Ae(_) => Eae::published(0.0),
            _ => {
                let problem = "the GPU trains the objectives eae, ae and bn-ae; all others are trained on the CPU";
                return Err(Error::Unsupported(problem.to_owned()));
            }
        };
        let Eae { lambda, k, mean, marginal, decoded, bank, radius, draws, floor } = eae;
        for (there, flag) in [
            (marginal, "without --marginal"),
            (decoded > 0, "with --decoded 0"),
            (bank > 0, "with --bank 0"),
            (radius > 0.0, "with --radius 0"),
            (draws > 0.0, "with --draws 0"),
        ] {
            if there {
                return Err(Error::Unsupported(format!(
                    "the GPU trains the published objective, {flag}; all others are trained on the CPU"
                )));
            }
        }
        let last = |j: usize| if mean { 1.0 / k as f64 } else { f64::from(u8::from(j + 1 == k)) };
        Ok((lambda, (0..k).map(last).collect(), floor))
    }
}

#[cfg(not(feature = "gpu"))]
mod none {
    use std::convert::Infallible;

    use eae::data::Source;
    use eae::{Autoencoder, EpochReport, StepReport, TrainError, Training};
    use nn_layers::Weights;

    use super::Device;
    use crate::dataset::TrainingSet;
    use crate::failure::Failure;

    /// There is none in this program.
    pub(in super::super) struct OnDevice(Infallible);

    impl OnDevice {
        pub(in super::super) fn open(
            device: Device,
            _: &Training<f32>,
            _: &mut Autoencoder<f32>,
            _: &TrainingSet,
            _: bool,
        ) -> Result<Option<Self>, Failure> {
            if device == Device::Gpu {
                let problem =
                    "this program knows no GPU: build it with `cargo install --path crates/eae-cli --features gpu`";
                return Err(Failure::usage(problem));
            }
            Ok(None)
        }

        pub(in super::super) fn step(
            &mut self,
            _: &mut Training<f32>,
            _: &dyn Source<f32>,
        ) -> Result<Option<(StepReport, Option<EpochReport>)>, TrainError> {
            match self.0 {}
        }

        pub(in super::super) fn fetch(&self, _: &mut Autoencoder<f32>) -> Result<(), Failure> {
            match self.0 {}
        }

        pub(in super::super) fn write(&self, _: &mut Weights) -> Result<(), Failure> {
            match self.0 {}
        }

        pub(in super::super) fn read(&mut self, _: &Weights) -> Result<(), Failure> {
            match self.0 {}
        }
    }
}
