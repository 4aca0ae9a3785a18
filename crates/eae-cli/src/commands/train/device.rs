//! The device that computes the training steps.

use clap::ValueEnum;
use eae::{Autoencoder, MakeStep, Stepper, TrainConfig};

use crate::dataset::TrainingSet;
use crate::failure::Failure;

/// Values of `--device`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Device {
    /// The CPU.
    Cpu,
    /// A GPU; the training fails without one.
    Gpu,
    /// A GPU if one is suitable, otherwise the CPU.
    Auto,
}

impl Device {
    /// Opens the device for a training of the model. `auto` prints the reason if it uses the CPU.
    pub(super) fn open<'r>(
        self,
        model: &mut Autoencoder<f32>,
        config: &TrainConfig,
        images: &TrainingSet,
        quiet: bool,
    ) -> Result<Box<dyn MakeStep<f32> + 'r>, Failure> {
        if self != Self::Cpu {
            match gpu(model, config, images, quiet) {
                Ok(stepper) => return Ok(stepper),
                Err((problem, required)) if required || self == Self::Gpu => return Err(Failure::usage(problem)),
                Err((problem, _)) if !quiet => errln!("warning: using the CPU: {problem}"),
                Err(_) => {}
            }
        }
        Ok(Box::new(Stepper::default()))
    }
}

/// Opens a GPU. The flag of an error is true if the CPU must not replace the GPU.
#[cfg(feature = "gpu")]
fn gpu(
    model: &mut Autoencoder<f32>,
    config: &TrainConfig,
    images: &TrainingSet,
    quiet: bool,
) -> Result<Box<dyn MakeStep<f32>>, (String, bool)> {
    use eae_gpu::{AdapterChoice, Gpu, GpuStepper, Mode};

    let choice = AdapterChoice::from_env().map_err(|problem| (problem.to_string(), true))?;
    let pixels = match images {
        TrainingSet::Memory(images) | TrainingSet::Vectors(images, ..) => Some(images.pixels.view()),
        TrainingSet::File(_) => None,
    };
    let opened = Gpu::open(&choice).and_then(|gpu| Ok((GpuStepper::new(&gpu, model, config, pixels)?, gpu)));
    let (stepper, gpu) = opened.map_err(|problem| (problem.to_string(), choice.mode == Mode::Require))?;
    if !quiet {
        errln!("training on {}", gpu.adapter());
    }
    Ok(Box::new(stepper))
}

#[cfg(not(feature = "gpu"))]
fn gpu(
    _: &mut Autoencoder<f32>,
    _: &TrainConfig,
    _: &TrainingSet,
    _: bool,
) -> Result<Box<dyn MakeStep<f32>>, (String, bool)> {
    let problem = "this program was built without GPU support; rebuild it with `cargo install --path crates/eae-cli --features gpu`";
    Err((problem.to_owned(), false))
}
