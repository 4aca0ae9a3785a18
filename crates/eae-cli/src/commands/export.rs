use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use clap::ArgGroup;
use eae::{Autoencoder, run};
use serde::Serialize;

use crate::failure::Failure;
use crate::onnx::{self, ExportError, Interface, OPSET};
use crate::{Common, print_json};

/// Write a trained model for other programs to run.
#[derive(clap::Args)]
#[command(
    group(ArgGroup::new("format").required(true)),
    after_help = "Example:\n  eae export runs/digits-1 --onnx\n  eae export model.safetensors --onnx --out exported\n\nencoder.onnx takes `image` [batch, channels, height, width] from 0 to 1 and gives `code` [batch, latent], and `log_variance`\nif the model has that. decoder.onnx takes `code` and gives `image`. 32-bit numbers, batches of any size."
)]
pub(crate) struct Arguments {
    /// The run folder that `eae train` left, or a weights file.
    run: PathBuf,
    /// As encoder.onnx and decoder.onnx, for every program that runs ONNX files.
    #[arg(long, group = "format")]
    onnx: bool,
    /// The folder for the files, which is made if need be [default: that of the model].
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

#[derive(Serialize)]
struct Report {
    encoder: PathBuf,
    decoder: PathBuf,
    opset: i64,
    /// Channels, height and width.
    image: [usize; 3],
    latent: usize,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let Arguments { run, out, common, .. } = arguments;
    common.apply()?;
    let file = if run.is_dir() { run.join(run::MODEL) } else { run.clone() };
    let model = Autoencoder::<f32>::load(&file).map_err(Failure::usage)?;
    let beside = file.parent().unwrap_or(Path::new(""));
    let out = out.as_deref().unwrap_or(beside);
    if !out.as_os_str().is_empty() {
        fs::create_dir_all(out).map_err(|e| Failure::other(format!("{}: {e}", out.display())))?;
    }
    let [encoder, decoder] = networks(&model).map_err(|e| Failure::other(format!("{}: {e}", file.display())))?;
    let write = |name: &str, content: &[u8]| {
        let path = out.join(name);
        let written = run::write_whole(&path, content);
        written.map_err(|e| Failure::other(format!("{}: {e}", path.display()))).map(|()| path)
    };
    let (encoder, decoder) = (write(ENCODER, &encoder)?, write(DECODER, &decoder)?);
    if common.json {
        let [height, width, channels] = model.image_shape();
        let (image, latent) = ([channels, height, width], model.latent());
        print_json(&Report { encoder, decoder, opset: OPSET, image, latent });
    } else {
        eprintln!("wrote {} and {}", encoder.display(), decoder.display());
    }
    Ok(())
}

const ENCODER: &str = "encoder.onnx";
const DECODER: &str = "decoder.onnx";

/// The contents of the two files.
fn networks(model: &Autoencoder<f32>) -> Result<[Vec<u8>; 2], ExportError> {
    let metadata: &HashMap<_, _> = &model.to_weights().metadata;
    let says_variances = model.encoder.output_shape() != [model.latent()];
    let encoder = Interface {
        name: "encoder",
        about: "An autoencoder's encoder, from images with values from 0 to 1 to codes",
        input: "image",
        outputs: if says_variances { &["code", "log_variance"] } else { &["code"] },
        metadata,
    };
    let decoder = Interface {
        name: "decoder",
        about: "An autoencoder's decoder, from codes to images with values from 0 to 1",
        input: "code",
        outputs: &["image"],
        metadata,
    };
    Ok([onnx::export(&model.encoder, &encoder)?, onnx::export(&model.decoder, &decoder)?])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::tests::{Case, noise, runtime_agrees};
    use eae::{Ending, Preset};

    /// Needs a Python with onnxruntime and numpy: `EAE_PYTHON=python3 cargo test -p eae-cli onnxruntime -- --ignored`.
    #[test]
    #[ignore = "needs onnxruntime"]
    fn onnxruntime_gives_the_same_for_every_preset_and_ending() {
        for preset in Preset::ALL {
            for ending in [Ending::Normalised, Ending::Plain, Ending::MeanAndLogVariance] {
                let image = [preset.side(), preset.side(), 3];
                let mut model = Autoencoder::<f32>::with_ending(preset, image, 5, ending, 1).unwrap();
                // Statistics, gamma and beta that do something.
                let mut weights = model.to_weights();
                let vectors = weights.names().filter(|name| weights.shape(name).is_some_and(|shape| shape.len() == 1));
                let vectors: Vec<_> = vectors.map(str::to_owned).collect();
                for (name, seed) in vectors.into_iter().zip(1..) {
                    let moved = noise(weights.shape(&name).unwrap(), 0.5, seed);
                    let around = if name.ends_with("running_mean") || name.ends_with("bias") { 0.0 } else { 1.0 };
                    weights.insert(name, &(moved + around));
                }
                model.read(&weights).unwrap();
                let images = noise(&[8, image[0], image[1], 3], 0.5, 0) + 0.5;
                let codes = noise(&[8, 5], 2.0, 0);
                let [encoder, decoder] = networks(&model).unwrap();
                let outputs: &[&str] =
                    if ending == Ending::MeanAndLogVariance { &["code", "log_variance"] } else { &["code"] };
                runtime_agrees(&[
                    Case { file: encoder, network: &model.encoder, input: images, outputs },
                    Case { file: decoder, network: &model.decoder, input: codes, outputs: &["image"] },
                ]);
            }
        }
    }
}
