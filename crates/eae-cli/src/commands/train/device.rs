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
    use eae::metrics::chi_quantiles;
    use eae::objective::{Banks, Context, Objective};
    use eae::{Autoencoder, Due, Eae, EpochReport, Step, StepReport, TrainConfig, TrainError, Training};
    use eae_gpu::{Choice, Error, Gpu, Mode, Settings, Trainer};
    use ndarray::{Array2, ArrayView4};
    use nn_layers::Weights;

    use super::Device;
    use crate::dataset::TrainingSet;
    use crate::failure::Failure;

    /// A training whose steps are made on a GPU.
    pub(in super::super) struct OnDevice {
        trainer: Trainer,
        /// Of a step the shape of its draws, if it has any, and the seed of all of them.
        draws: Option<[usize; 2]>,
        seed: u64,
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
            let &TrainConfig { objective, batch_size, seed, .. } = training.config();
            let settings = settings(objective, batch_size, model.latent())?;
            let resident = match images {
                TrainingSet::Memory(images) | TrainingSet::Vectors(images, _) => Some(images.pixels.view()),
                TrainingSet::File(_) => None,
            };
            let latent = model.latent();
            let [encoder, decoder] = model.networks_mut();
            let rows = resident.as_ref().map(rows);
            let trainer = Trainer::new(gpu, [encoder, decoder], &settings, rows.as_ref().map(|rows| rows.view()))?;
            let draws = (settings.draws > 0.0).then_some([settings.decoded, latent]);
            Ok(Self { trainer, draws, seed, resident: rows.is_some() })
        }

        /// The next step, as [`Training::step`] makes it.
        pub(in super::super) fn step(
            &mut self,
            training: &mut Training<f32>,
            images: &dyn Source<f32>,
        ) -> Result<Option<(StepReport, Option<EpochReport>)>, StepError> {
            let &mut Self { ref mut trainer, draws, seed, resident } = self;
            training.step_with(|Due { step, places, share, learning_rate, .. }| {
                // Those of the processor.
                let draw = |[n, latent]: [usize; 2]| {
                    Context::<f32>::new(share, seed, step as u64, &mut Banks::default()).normal(n, latent)
                };
                let draws = draws.map(draw);
                let due = eae_gpu::Due { share, learning_rate, draws: draws.as_ref().map(|draws| draws.view()) };
                let found = if resident {
                    trainer.step(places, due)?
                } else {
                    let batch = select(images, places).map_err(TrainError::from)?;
                    trainer.step_on(rows(&batch.view()).view(), due)?
                };
                let eae_gpu::Found { mse, entropy, penalty } = found;
                Ok(Step { mse, entropy, penalty, finite: mse.is_finite() && penalty.is_finite() })
            })
        }

        /// Brings the parameters to the model.
        pub(in super::super) fn fetch(&self, model: &mut Autoencoder<f32>) -> Result<(), Failure> {
            self.trainer.fetch(model.networks_mut()).map_err(Failure::other)
        }

        /// What is kept from step to step, to or from where the processor keeps it.
        pub(in super::super) fn write(&self, weights: &mut Weights) -> Result<(), Failure> {
            self.trainer.write(TRAINING, weights).map_err(Failure::other)
        }

        pub(in super::super) fn read(&mut self, weights: &Weights) -> Result<(), Failure> {
            self.trainer.read(TRAINING, weights).map_err(Failure::other)
        }
    }

    /// Where a training keeps it.
    const TRAINING: &str = "training";

    fn rows(images: &ArrayView4<'_, f32>) -> Array2<f32> {
        let count = images.dim().0;
        let images = images.as_standard_layout();
        let rows = images.view().into_shape_with_order((count, images.len() / count.max(1)));
        rows.expect("in memory order").to_owned()
    }

    /// Those of an objective, if the GPU has what it needs.
    fn settings(objective: Objective, batch: usize, latent: usize) -> Result<Settings, Error> {
        let unsupported = |problem: &str| {
            Err(Error::Unsupported(format!("{problem} is not trained on the GPU; train on the CPU, or another there")))
        };
        let eae = match objective {
            Objective::Eae(eae) => eae,
            Objective::Ae(_) => Eae::published(0.0),
            Objective::Vae(_) => return unsupported("the objective vae"),
            Objective::Wae(_) => return unsupported("the objective wae"),
            Objective::Rae(_) => return unsupported("the objective rae"),
        };
        let Eae { lambda, k, mean, marginal, decoded, bank, radius, draws, floor } = eae;
        if marginal {
            return unsupported("the entropy of the coordinates, --marginal,");
        }
        let weight = |j: usize| if mean { 1.0 / k as f64 } else { f64::from(u8::from(j + 1 == k)) };
        let weights = (0..k).map(weight).collect();
        let decoded = if decoded == 0 { batch } else { decoded.min(batch) };
        let quantiles = if radius > 0.0 { chi_quantiles(latent, batch) } else { Vec::new() };
        Ok(Settings { lambda, weights, floor, batch, decoded, bank, radius, quantiles, draws })
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
            quiet: bool,
        ) -> Result<Option<Self>, Failure> {
            let problem =
                "this program knows no GPU: build it with `cargo install --path crates/eae-cli --features gpu`";
            match device {
                Device::Gpu => return Err(Failure::usage(problem)),
                Device::Auto if !quiet => eprintln!("eae: using the CPU: {problem}"),
                Device::Auto | Device::Cpu => {}
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
