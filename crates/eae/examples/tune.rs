//! Scores one training with settings of the entropic objective, on a part of MNIST's training
//! images that it holds out:
//!
//! ```text
//! cargo run --release -p eae --example tune -- FOLDER [NAME=VALUE]...
//! ```
//!
//! FOLDER holds the files of MNIST. NAME is a field of [`Eae`] or of [`TrainConfig`], or one of
//! `images`, `latent` and `network`, a preset or a file that describes the networks. Choose
//! settings by these scores, and use the test images only once, for the final table.

use std::error::Error;
use std::{env, fs};

use eae::data::mnist;
use eae::metrics::{Prdc, frechet_distance, reconstruction_error};
use eae::sampler::{Mixture, Refinement, normal};
use eae::{Autoencoder, Eae, Features, Network, Preset, TrainConfig, train};
use ndarray::{Array2, Axis, Slice};

/// Number of images to train on. The rest are held out.
const TRAIN: usize = 50_000;
/// Number of draws for each score.
const DRAWS: usize = 10_000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let folder = arguments.next().ok_or("usage: tune FOLDER [NAME=VALUE]...")?;
    let (mut images, mut latent, mut network) = (TRAIN, 16, Preset::Conv28.network([28, 28, 1]));
    let (mut objective, mut training) = (String::new(), String::new());
    for argument in arguments {
        let (name, value) = argument.split_once('=').ok_or_else(|| format!("`{argument}` is not NAME=VALUE"))?;
        match name {
            "images" => images = value.parse()?,
            "latent" => latent = value.parse()?,
            "network" => {
                network = match value.parse::<Preset>() {
                    Ok(preset) => preset.network([28, 28, 1]),
                    Err(_) => toml::from_str::<Network>(&fs::read_to_string(value)?)?,
                };
            }
            "epochs" | "batch_size" | "learning_rate" | "warm_up" | "seed" => {
                training += &format!("{name} = {value}\n");
            }
            _ => objective += &format!("{name} = {value}\n"),
        }
    }
    let eae: Eae = toml::from_str(&objective)?;
    let config: TrainConfig = toml::from_str(&training)?;
    let config = config.objective(eae);

    let data = mnist::<f32>(folder)?.train.pixels;
    let (train_on, held_out) = data.view().split_at(Axis(0), TRAIN);
    let train_on = train_on.slice_axis_move(Axis(0), Slice::from(..images));
    let mut model = Autoencoder::new(network, [28, 28, 1], latent, config.seed)?;
    let outcome = train(&mut model, train_on, &config, &mut ())?;

    let features = Features::digits();
    let real = features.of(held_out)?;
    let score = |codes: Array2<f32>| -> Result<String, Box<dyn Error>> {
        let decoded = features.of(model.decode(codes.view()).view())?;
        let (real, decoded) = (real.view(), decoded.view());
        let Prdc { precision, coverage, .. } = Prdc::new(real, decoded, 5)?;
        Ok(format!("{:.2} ({precision:.3}, {coverage:.3})", frechet_distance(real, decoded)?))
    };
    let draws = normal::<f32>(DRAWS, latent, 7);
    let refined = Refinement::fit(&model, 0)?.refine(&model, draws.view());
    let codes = model.encode(train_on);
    let mixture = Mixture::fit(codes.view(), 10, 0)?.sample(DRAWS, 0);
    let error = reconstruction_error(held_out, model.decode(model.encode(held_out).view()).view());
    println!(
        "error {error:.2}; Frechet distance (precision, coverage) of N(0, I) {}, refined {}, GMM-10 {}, codes {}; {:.0} s",
        score(draws)?,
        score(refined)?,
        score(mixture)?,
        score(codes.slice_axis(Axis(0), Slice::from(..DRAWS.min(images))).to_owned())?,
        outcome.duration.as_secs_f64()
    );
    Ok(())
}
