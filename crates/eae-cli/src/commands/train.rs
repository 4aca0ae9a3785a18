use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use eae::data::Split;
use eae::objective::{Ae, Criterion, Rae, Vae, Wae};
use eae::picture::{PictureError, write_grid};
use eae::run::{self, MetricsLog};
use eae::sampler::{self, FitError, Gaussian, Gaussianisation, Mixture, Sampler};
use eae::{
    Autoencoder, Eae, EpochReport, Evaluation, Objective, Observer, Outcome, Preset, TrainConfig, gallery, train,
};
use ndarray::{ArrayView4, Axis};
use nn_layers::Weights;
use serde::Serialize;

use crate::dataset::Data;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::{Common, print_json};

/// Train a model and leave it in a run folder.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  eae train --model conv28 --latent 16 --epochs 40 --lambda 2 --out runs/first")]
pub(crate) struct Arguments {
    /// What to train on: `digits`, 9 000 that come with the program, `mnist:FOLDER` with the four files of MNIST or a set like
    /// it, `cifar10:FOLDER` with its binary version, `idx:FILE`, or `npy:FILE` with an array of images.
    #[arg(long, default_value_t = Data::Digits)]
    data: Data,
    /// The networks: mlp, conv28, conv32 or paper32.
    #[arg(long, default_value_t = Preset::Conv28)]
    model: Preset,
    /// Numbers in a code.
    #[arg(long, default_value_t = 16)]
    latent: usize,
    /// Passes over the data.
    #[arg(long, default_value_t = TrainConfig::default().epochs)]
    epochs: usize,
    /// Images a step.
    #[arg(long, default_value_t = TrainConfig::default().batch_size)]
    batch: usize,
    /// The largest learning rate.
    #[arg(long, default_value_t = TrainConfig::default().learning_rate)]
    learning_rate: f64,
    /// What is minimised.
    #[arg(long, value_enum, default_value_t = Kind::Eae)]
    objective: Kind,
    /// eae: the weight of the entropy, in squared error per nat.
    #[arg(long, default_value_t = Eae::default().lambda)]
    lambda: f64,
    /// Epochs over which the weight of whatever is added to the error rises from 0.
    #[arg(long, default_value_t = TrainConfig::default().warm_up)]
    warm_up: f64,
    /// eae: the entropy is estimated from the distances to the k-th nearest codes.
    #[arg(long, default_value_t = Eae::default().k)]
    k: usize,
    /// eae: among the batch and so many codes of the steps before.
    #[arg(long, default_value_t = Eae::default().bank)]
    bank: usize,
    /// eae: the weight that pulls the codes' distances from the origin to those of N(0, I).
    #[arg(long, default_value_t = Eae::default().radius)]
    radius: f64,
    /// eae: the weight of the divergence of decoded draws from the images, as the encoder sees both.
    #[arg(long, default_value_t = Eae::default().draws)]
    draws: f64,
    /// vae and rae: the weight of the divergence, or of the size of the codes; each has its default.
    #[arg(long)]
    beta: Option<f64>,
    /// wae: the weight of the discrepancy.
    #[arg(long, default_value_t = Wae::default().weight)]
    weight: f64,
    /// The run folder, new or empty. By default the next free of runs/digits-1, runs/digits-2, ..., or as the data is called
    #[arg(long)]
    out: Option<PathBuf>,
    /// No progress on standard error.
    #[arg(long)]
    quiet: bool,
    #[command(flatten)]
    common: Common,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// The entropic autoencoder.
    Eae,
    /// Squared error alone.
    Ae,
    /// Squared error alone, with batch normalisation of the code.
    BnAe,
    /// The variational autoencoder.
    Vae,
    /// The Wasserstein autoencoder with maximum mean discrepancy.
    Wae,
    /// The regularised autoencoder.
    Rae,
}

impl Arguments {
    fn objective(&self) -> Objective {
        let &Self { lambda, k, bank, radius, draws, weight, .. } = self;
        let (vae, rae) = (Vae::default(), Rae::default());
        match self.objective {
            Kind::Eae => Objective::Eae(Eae { lambda, k, bank, radius, draws, ..Eae::default() }),
            Kind::Ae => Objective::Ae(Ae { normalised: false }),
            Kind::BnAe => Objective::Ae(Ae { normalised: true }),
            Kind::Vae => Objective::Vae(Vae { beta: self.beta.unwrap_or(vae.beta), ..vae }),
            Kind::Wae => Objective::Wae(Wae { weight }),
            Kind::Rae => Objective::Rae(Rae { beta: self.beta.unwrap_or(rae.beta), ..rae }),
        }
    }
}

/// What `config.toml` says: enough to do it again.
#[derive(Serialize)]
struct Config {
    data: String,
    model: Preset,
    latent: usize,
    training: TrainConfig,
}

#[derive(Serialize)]
struct Report<'a> {
    run: &'a Path,
    steps: usize,
    seconds: f64,
    interrupted: bool,
    evaluation: Evaluation,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let Arguments { common, latent, .. } = arguments;
    common.apply()?;
    let objective = arguments.objective();
    let config = TrainConfig {
        epochs: arguments.epochs,
        batch_size: arguments.batch,
        learning_rate: arguments.learning_rate,
        warm_up: arguments.warm_up,
        seed: common.seed,
        objective,
    };
    let Split { train: images, test } = arguments.data.load().map_err(Failure::usage)?;
    let (_, height, width, channels) = images.pixels.dim();
    let (image, ending) = ([height, width, channels], objective.ending());
    let model = Autoencoder::with_ending(arguments.model, image, *latent, ending, common.seed);
    let mut model = model.map_err(Failure::usage)?;
    config.check(&model, images.pixels.view()).map_err(Failure::usage)?;
    let folder = run_folder(arguments.out.as_deref(), arguments.data.name())?;
    let failed = |e: &dyn std::fmt::Display| Failure::other(format!("in {}: {e}", folder.display()));
    let description =
        Config { data: arguments.data.to_string(), model: arguments.model, latent: *latent, training: config };
    let description = toml::to_string(&description).map_err(|e| failed(&e))?;
    fs::write(folder.join("config.toml"), description).map_err(|e| failed(&e))?;

    let mut log = MetricsLog::open(&folder).map_err(|e| failed(&e))?;
    Progress::listen()?;
    let mut progress = Progress::new(*latent, arguments.batch, arguments.quiet);
    let mut lines = JsonLines(common.json);
    let outcome = train(&mut model, images.pixels.view(), &config, &mut (&mut progress, (&mut log, &mut lines)));
    drop(progress);
    let outcome = outcome.map_err(|e| failed(&e))?;
    // Before anything else that could go wrong.
    model.save(folder.join(run::MODEL)).map_err(|e| failed(&e))?;
    match with_samplers(&model, images.pixels.view(), common.seed) {
        Ok(weights) => weights.save(folder.join(run::MODEL)).map_err(|e| failed(&e))?,
        Err(problem) => eprintln!("no density is fitted to the codes, sample from N(0, I): {problem}"),
    }
    let evaluation = Evaluation::new(&model, &objective, images.pixels.view(), test.pixels.view());
    let evaluation = evaluation.map_err(|e| failed(&e))?;
    log.write("evaluation", &evaluation).map_err(|e| failed(&e))?;
    pictures(&model, test.pixels.view(), common.seed, &folder).map_err(|e| failed(&e))?;

    let seconds = outcome.duration.as_secs_f64();
    if common.json {
        let Outcome { steps, interrupted, .. } = outcome;
        print_json(&run::Line::new("result", &Report { run: &folder, steps, seconds, interrupted, evaluation }));
    } else {
        println!("{evaluation}\n\nin {}, after {} steps and {seconds:.0} s", folder.display(), outcome.steps);
    }
    if outcome.interrupted {
        let steps = outcome.steps;
        return Err(Failure::interrupted(format!("interrupted; saved after {steps} steps in {}", folder.display())));
    }
    Ok(())
}

/// The run folder: the one asked for, if it is new or empty, or the next free number.
fn run_folder(out: Option<&Path>, data: &str) -> Result<PathBuf, Failure> {
    let Some(folder) = out else {
        return run::create_numbered("runs", data)
            .map_err(|e| Failure::other(format!("cannot make a folder in runs: {e}")));
    };
    let in_folder = |e: io::Error| Failure::usage(format!("cannot use {} as run folder: {e}", folder.display()));
    fs::create_dir_all(folder).map_err(in_folder)?;
    if fs::read_dir(folder).map_err(in_folder)?.next().is_some() {
        return Err(Failure::usage(format!("{} is not empty; name a new folder with --out", folder.display())));
    }
    Ok(folder.to_path_buf())
}

/// The weights, and with them the densities that `eae sample` can draw codes from.
fn with_samplers(model: &Autoencoder<f32>, images: ArrayView4<'_, f32>, seed: u64) -> Result<Weights, FitError> {
    /// Components to choose from: with 200 it takes half a minute for 60 000 codes.
    const COMPONENTS: [usize; 3] = [10, 50, 200];
    const LAYERS: usize = 40;
    let codes = model.encode(images);
    let mut weights = model.to_weights();
    for sampler in [
        Sampler::Gaussian(Gaussian::fit(codes.view())?),
        Sampler::Mixture(Mixture::fit_best(codes.view(), &COMPONENTS, seed)?),
        Sampler::Gaussianisation(Gaussianisation::fit(codes.view(), LAYERS, seed)?),
    ] {
        sampler.write(sampler::PREFIX, &mut weights);
    }
    Ok(weights)
}

fn pictures(model: &Autoencoder<f32>, test: ArrayView4<'_, f32>, seed: u64, folder: &Path) -> Result<(), PictureError> {
    let first = |count: usize| test.slice_axis(Axis(0), (..count.min(test.len_of(Axis(0)))).into());
    let write = |name: &str, images: ndarray::Array4<f32>| write_grid(folder.join(name), images.view(), 10, 3);
    write("samples.png", gallery::samples(model, 100, seed))?;
    write("reconstructions.png", gallery::reconstructions(model, first(50)))?;
    let ways = gallery::interpolations(model, first(20), 10);
    // A single image is on no way to another.
    if ways.is_empty() { Ok(()) } else { write("interpolations.png", ways) }
}

/// With `--json`, a line for each epoch.
struct JsonLines(bool);

impl Observer for JsonLines {
    fn epoch(&mut self, report: &EpochReport) -> ControlFlow<()> {
        if self.0 {
            print_json(&run::Line::new("epoch", report));
        }
        ControlFlow::Continue(())
    }
}
