//! The flags of `eae train`.

use std::path::PathBuf;

use clap::ValueEnum;
use eae::objective::{Rae, Wae};
use eae::{Eae, TrainConfig};

use super::device::Device;
use crate::common::Common;
use crate::dataset::{self, Data};
use crate::model::Model;

/// Text of `--data` in `--help`, in lines that fit beside its indent.
const DATA: &str = "\
Training data: the path of a folder or file, or KIND:PATH.

A path alone, such as photos/ or table.csv, is enough where the kind
can be recognized. The kinds are:

digits          10 000 handwritten digits, built into the program
images:FOLDER   PNG, JPEG, GIF, WebP, BMP and TIFF files at any depth;
                the folder may be larger than memory
csv:FILE        a table of numbers; each row is a vector
npy:FILE        a NumPy array of vectors [n, columns], or of images
                [n, height, width] or [n, channels, height, width]
                as bytes or as numbers from 0 to 1
idx:FILE        images in the format of MNIST
mnist:FOLDER    the four files of MNIST or of a similar data set
cifar10:FOLDER  the binary version of CIFAR-10

A tenth of the digits or of the images in a folder, the last tenth of a
single file, or the test files of mnist and cifar10 are held out. The model
is not trained on held-out data.

Decoded images of a folder are cached in ~/.cache/eae, or in the folder that
the environment variable EAE_CACHE names.";

/// Train a model and save it in a run folder.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  eae train --data photos/ --epochs 40 --out runs/photos\n  eae train --data table.csv --label species\n  eae train --resume runs/photos\n  eae train --bank 0 --radius 0 --draws 0 --critic 0  # the published objective"
)]
#[expect(missing_debug_implementations, reason = "nobody prints the flags of a command")]
pub struct Arguments {
    /// Training data: the path of a folder or file, or KIND:PATH with the kind images, csv, npy,
    /// idx, mnist or cifar10.
    #[arg(long, default_value_t = Data::Digits, long_help = DATA)]
    pub(super) data: Data,
    #[command(flatten)]
    pub(super) images: dataset::Flags,
    /// Networks: mlp, conv28, deep28, conv32, paper32, or a .toml file that lists the layers of an
    /// encoder and a decoder [default: suits the data].
    #[arg(long)]
    pub(super) model: Option<Model>,
    /// Latent dimension, the length of a code [default: suits the data].
    #[arg(long)]
    pub(super) latent: Option<usize>,
    /// Passes over the training data [default: suits the number of images].
    #[arg(long)]
    pub(super) epochs: Option<usize>,
    /// Batch size [default: 100 images or 200 rows, or a tenth of the data if that is less].
    #[arg(long)]
    pub(super) batch: Option<usize>,
    /// Number of parts into which a batch is cut, for training over ranks; see docs/distributed.md.
    ///
    /// One thread computes each part. The result depends on this number in the last digits, but not
    /// on the number of ranks.
    #[arg(long, default_value_t = TrainConfig::default().shards)]
    pub(super) shards: usize,
    /// Resume the training in this run folder from its last checkpoint.
    ///
    /// The weights become bit-identical to those of an uninterrupted training. With --epochs N the
    /// training continues until it has N epochs in total, even if it was finished before. The
    /// learning rate then continues on the schedule of a training of N epochs.
    #[arg(long, value_name = "RUN", conflicts_with_all = [
        "config", "init", "data", "model", "latent", "batch", "shards", "learning_rate", "error_unit", "objective", "lambda", "warm_up",
        "k", "mean", "marginal", "decoded", "bank", "radius", "draws", "coverage", "moments", "critic", "floor", "beta", "weight", "gradient", "keep_best", "patience",
        "tensorboard", "out", "seed", "size", "channels", "split_seed", "strict", "columns", "label",
        "shape", "drop_missing",
    ])]
    pub(super) resume: Option<PathBuf>,
    /// Read settings from this file, for example a run folder's config.toml; flags override it.
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Start from the weights in this run folder or weights file instead of random weights.
    ///
    /// The networks and the latent dimension of these weights become the defaults of --model and
    /// --latent.
    #[arg(long, value_name = "RUN")]
    pub(super) init: Option<PathBuf>,
    /// Largest learning rate [default: 0.003 for batches of 100, less for smaller ones, up to 0.004
    /// for larger ones].
    #[arg(long)]
    pub(super) learning_rate: Option<f64>,
    /// Objective to minimize.
    #[arg(long, value_enum, default_value_t = Kind::Eae)]
    pub(super) objective: Kind,
    /// eae: weight of the entropy, in units of the error per nat.
    ///
    /// A larger weight makes samples more reliable, a smaller one makes reconstructions sharper.
    /// --error-unit sets the unit.
    #[arg(long, default_value_t = Eae::default().lambda)]
    pub(super) lambda: f64,
    /// Length of the warm-up, in epochs: the weights of all terms but the error rise from 0.
    #[arg(long, default_value_t = TrainConfig::default().warm_up)]
    pub(super) warm_up: f64,
    /// vae: weight of the Kullback-Leibler divergence [default: 1]; rae: weight of the squared norm
    /// of the codes [default: 0.08].
    #[arg(long)]
    pub(super) beta: Option<f64>,
    /// wae: weight of the maximum mean discrepancy.
    #[arg(long, default_value_t = Wae::default().weight)]
    pub(super) weight: f64,
    /// rae: weight of the derivative of the decoder.
    #[arg(long, default_value_t = Rae::default().gradient)]
    pub(super) gradient: f64,
    /// Keep the model of the epoch with the lowest loss on held-out data instead of the last epoch.
    #[arg(long)]
    pub(super) keep_best: bool,
    /// Stop after this many epochs without a lower loss on held-out data.
    #[arg(long, value_name = "EPOCHS")]
    pub(super) patience: Option<usize>,
    /// Write event files for TensorBoard. View them with `tensorboard --logdir RUN`.
    #[arg(long)]
    pub(super) tensorboard: bool,
    /// Device that computes the training steps.
    ///
    /// A GPU trains the objectives eae, ae and bn-ae, and networks of dense and convolutional
    /// layers.
    #[arg(long, value_enum, default_value_t = Device::Cpu)]
    pub(super) device: Device,
    /// Seconds between checkpoints.
    #[arg(long, value_name = "SECONDS", default_value_t = 30.0)]
    pub(super) keep_every: f64,
    /// New or empty run folder [default: the first unused runs/NAME-N, such as runs/digits-1, with
    /// the name of a folder of images or else the kind of data].
    #[arg(long)]
    pub(super) out: Option<PathBuf>,
    /// Do not write report.html.
    #[arg(long)]
    pub(super) no_report: bool,
    /// Do not show progress.
    #[arg(long)]
    pub(super) quiet: bool,
    /// eae: estimate the entropy from the distance to the k-th nearest neighbor of each code.
    #[arg(long, default_value_t = Eae::default().k)]
    pub(super) k: usize,
    /// eae: use the mean over the first k neighbors instead of the k-th neighbor.
    #[arg(long)]
    pub(super) mean: bool,
    /// eae: use the sum of the entropies of the coordinates instead of the entropy of the code.
    #[arg(long)]
    pub(super) marginal: bool,
    /// eae: decode only this many images of each batch (0: all); the entropy is always that of the
    /// whole batch.
    #[arg(long, default_value_t = Eae::default().decoded)]
    pub(super) decoded: usize,
    /// eae: size of the memory bank, which holds codes of earlier steps as further neighbors
    /// [default: a quarter of the images, at most 2000].
    #[arg(long)]
    pub(super) bank: Option<usize>,
    /// eae: weight of the term that pulls the norms of the codes to those of N(0, I).
    #[arg(long, default_value_t = Eae::default().radius)]
    pub(super) radius: f64,
    /// eae: weight of the divergence of decoded draws from the images, on the encoder's features
    /// [default: 5, or 0 for a latent dimension of 1].
    #[arg(long)]
    pub(super) draws: Option<f64>,
    /// eae: weight of the divergence of the images from decoded draws, which pulls draws to images
    /// without a draw nearby.
    #[arg(long, default_value_t = Eae::default().coverage)]
    pub(super) coverage: f64,
    /// eae: weight of the distance of the means and covariances of decoded draws and images, on the
    /// encoder's features.
    #[arg(long, default_value_t = Eae::default().moments)]
    pub(super) moments: f64,
    /// eae: weight of the critic, a small network that learns to tell decoded draws from images
    /// while the decoder learns to fool it.
    #[arg(long, default_value_t = Eae::default().critic)]
    pub(super) critic: f64,
    /// eae: smallest distance between codes; closer codes count as this far apart.
    #[arg(long, default_value_t = Eae::default().floor)]
    pub(super) floor: f64,
    /// Squared error that counts as 1; --lambda and the other weights are multiples of it
    /// [default: a fiftieth of the variance of the data].
    ///
    /// With the default, a weight has the same effect for images and tables of any size.
    #[arg(long)]
    pub(super) error_unit: Option<f64>,
    #[command(flatten)]
    pub(super) common: Common,
}

/// Values of `--objective`.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Kind {
    /// Entropic autoencoder.
    Eae,
    /// Plain autoencoder: the squared error alone.
    Ae,
    /// Plain autoencoder with batch normalization of the code.
    BnAe,
    /// Variational autoencoder.
    Vae,
    /// Wasserstein autoencoder with maximum mean discrepancy.
    Wae,
    /// Regularized autoencoder.
    Rae,
}
