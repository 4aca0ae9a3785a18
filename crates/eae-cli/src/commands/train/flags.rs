//! The flags of `eae train`.

use std::path::PathBuf;

use clap::ValueEnum;
use eae::objective::{Rae, Wae};
use eae::{Eae, TrainConfig};

use super::device::Device;
use super::model::Model;
use crate::common::Common;
use crate::dataset::{self, Data};

/// Train a model and leave it in a run folder.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  eae train --model conv28 --latent 16 --epochs 40 --lambda 1 --out runs/first\n  eae train --lambda 2 --bank 0 --radius 0 --draws 0      # the objective as published"
)]
pub(crate) struct Arguments {
    /// The data: digits, mnist:FOLDER, cifar10:FOLDER, images:FOLDER, idx:FILE, npy:FILE or
    /// csv:FILE.
    ///
    /// `digits`, 9 000 that come with the program; `mnist:FOLDER` with the four files of MNIST or a
    /// set like it; `cifar10:FOLDER` with its binary version; `idx:FILE` or `npy:FILE` with
    /// images [n, height, width] or [n, channels, height, width], as bytes or, in an array of
    /// NumPy, numbers from 0 to 1; `csv:FILE` or `npy:FILE` with vectors, one a row; `images:
    /// FOLDER` with PNG and JPEG files at any depth, which may be more than memory holds. Single
    /// files have their last tenth held out, folders of images a tenth.
    #[arg(long, default_value_t = Data::Digits)]
    pub(super) data: Data,
    #[command(flatten)]
    pub(super) images: dataset::Flags,
    /// The networks: mlp, conv28, conv32, paper32 or FILE.toml [default: suits the data].
    ///
    /// FILE.toml describes an encoder and a decoder layer by layer.
    #[arg(long)]
    pub(super) model: Option<Model>,
    /// The latent dimension, the numbers in a code [default: suits the data].
    #[arg(long)]
    pub(super) latent: Option<usize>,
    /// Passes over the data [default: suits the number of images].
    #[arg(long)]
    pub(super) epochs: Option<usize>,
    /// Images in a batch [default: 200, or a tenth of fewer than 2000 images].
    #[arg(long)]
    pub(super) batch: Option<usize>,
    /// Go on with the training in this run folder, from where it was last kept, to the same weights
    /// as if nothing had happened.
    ///
    /// With --epochs it goes on until there are so many epochs in all, also if it is finished: the
    /// learning rate is then what it would be at that point of a training of so many epochs,
    /// and falls from there.
    #[arg(long, value_name = "RUN", conflicts_with_all = [
        "config", "init", "data", "model", "latent", "batch", "learning_rate", "error_unit", "objective", "lambda", "warm_up",
        "k", "mean", "marginal", "decoded", "bank", "radius", "draws", "floor", "beta", "weight", "gradient", "keep_best", "patience",
        "tensorboard", "out", "seed", "size", "channels", "split_seed", "strict", "columns", "label",
        "shape",
    ])]
    pub(super) resume: Option<PathBuf>,
    /// A file of settings, as a run folder's config.toml; flags win over it.
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Begin a new training with the weights of this run folder or weights file, in place of random
    /// ones.
    ///
    /// Its networks and the numbers of its code are then the defaults of --model and --latent.
    #[arg(long, value_name = "RUN")]
    pub(super) init: Option<PathBuf>,
    /// The largest learning rate. By default 0.004, and less for a batch of fewer than 200.
    #[arg(long)]
    pub(super) learning_rate: Option<f64>,
    /// The objective that the training minimizes.
    #[arg(long, value_enum, default_value_t = Kind::Eae)]
    pub(super) objective: Kind,
    /// eae: the weight of the entropy, in units of the error per nat.
    ///
    /// A larger one makes surer samples, a smaller one sharper reconstructions. --error-unit says
    /// what the unit is.
    #[arg(long, default_value_t = Eae::default().lambda)]
    pub(super) lambda: f64,
    /// Epochs over which the weight of whatever is added to the error rises from 0.
    #[arg(long, default_value_t = TrainConfig::default().warm_up)]
    pub(super) warm_up: f64,
    /// vae and rae: the weight of the divergence, or of the size of the codes; each has its
    /// default.
    #[arg(long)]
    pub(super) beta: Option<f64>,
    /// wae: the weight of the discrepancy.
    #[arg(long, default_value_t = Wae::default().weight)]
    pub(super) weight: f64,
    /// rae: the weight of the decoder's derivative.
    #[arg(long, default_value_t = Rae::default().gradient)]
    pub(super) gradient: f64,
    /// Keep the model of the epoch with the least loss on held-out images, not that of the last.
    #[arg(long)]
    pub(super) keep_best: bool,
    /// End the training after so many epochs without a lesser loss on held-out images.
    #[arg(long, value_name = "EPOCHS")]
    pub(super) patience: Option<usize>,
    /// Write event files for TensorBoard, too: `tensorboard --logdir RUN`.
    #[arg(long)]
    pub(super) tensorboard: bool,
    /// The device that makes the steps. A GPU takes the objectives eae, ae and bn-ae, and networks
    /// of dense layers and convolutions.
    #[arg(long, value_enum, default_value_t = Device::Cpu)]
    pub(super) device: Device,
    /// Seconds from one time that the training is kept to the next.
    #[arg(long, value_name = "SECONDS", default_value_t = 30.0)]
    pub(super) keep_every: f64,
    /// The run folder, new or empty. By default the next free of runs/digits-1, runs/digits-2, ...,
    /// or as the data is called
    #[arg(long)]
    pub(super) out: Option<PathBuf>,
    /// Leave no report.html in the run folder.
    #[arg(long)]
    pub(super) no_report: bool,
    /// No progress on standard error.
    #[arg(long)]
    pub(super) quiet: bool,
    /// eae: the entropy is estimated from the distances to the k-th nearest codes.
    #[arg(long, default_value_t = Eae::default().k)]
    pub(super) k: usize,
    /// eae: the mean over the first k neighbours in the place of the k-th.
    #[arg(long)]
    pub(super) mean: bool,
    /// eae: the sum of the coordinates' entropies in the place of that of the whole code.
    #[arg(long)]
    pub(super) marginal: bool,
    /// eae: of a larger batch only so many images are decoded, but all have their share in the
    /// entropy; 0 are all.
    #[arg(long, default_value_t = Eae::default().decoded)]
    pub(super) decoded: usize,
    /// eae: the size of the memory bank, the codes of earlier steps among which neighbors are
    /// looked for, too. By default a quarter of the images, at most 2000.
    #[arg(long)]
    pub(super) bank: Option<usize>,
    /// eae: the weight that pulls the codes' distances from the origin to those of N(0, I).
    #[arg(long, default_value_t = Eae::default().radius)]
    pub(super) radius: f64,
    /// eae: the weight of the divergence of decoded draws from the images, as the encoder sees
    /// both.
    #[arg(long, default_value_t = Eae::default().draws)]
    pub(super) draws: f64,
    /// eae: codes closer than this count as this far apart.
    #[arg(long, default_value_t = Eae::default().floor)]
    pub(super) floor: f64,
    /// The squared error that counts as 1, which weights such as lambda are multiples of. By
    /// default a fiftieth of the variance of the data, so that a weight means the same for
    /// images and tables of any size.
    #[arg(long)]
    pub(super) error_unit: Option<f64>,
    #[command(flatten)]
    pub(super) common: Common,
}

/// The objectives that `--objective` names.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Kind {
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
