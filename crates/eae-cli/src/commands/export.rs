use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use clap::ArgGroup;
use eae::{Autoencoder, run};
use serde::Serialize;

use crate::common::Common;
use crate::failure::Failure;
use crate::onnx::{self, ExportError, Interface, OPSET};
use crate::output::print_json;
use crate::run_folder::Trained;

/// Write a trained model for other programs to run.
#[derive(clap::Args)]
#[command(
    group(ArgGroup::new("format").required(true)),
    after_help = "Example:\n  eae export runs/digits-1 --onnx\n  eae export model.safetensors --onnx --out exported\n\nencoder.onnx takes `image` [batch, channels, height, width] from 0 to 1 and gives `code` [batch, latent], and `log_variance`\nif the model has that. decoder.onnx takes `code` and gives `image`. 32-bit numbers, batches of any size. A model of vectors takes and\ngives `vector` [batch, columns] in 64-bit numbers, in their own units."
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
    /// Channels, height and width; or how many numbers a vector has.
    shape: Vec<usize>,
    latent: usize,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let Arguments { run, out, common, .. } = arguments;
    common.apply()?;
    let Trained { file, model, .. } = Trained::load(run)?;
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
        let shape = if model.columns().is_some() { vec![width] } else { vec![channels, height, width] };
        print_json(&Report { encoder, decoder, opset: OPSET, shape, latent: model.latent() });
    } else {
        errln!("wrote {} and {}", encoder.display(), decoder.display());
    }
    Ok(())
}

const ENCODER: &str = "encoder.onnx";
const DECODER: &str = "decoder.onnx";

/// The contents of the two files.
fn networks(model: &Autoencoder<f32>) -> Result<[Vec<u8>; 2], ExportError> {
    let metadata: &HashMap<_, _> = &model.to_weights().metadata;
    let says_variances = model.encoder().output_shape() != [model.latent()];
    let columns = model.columns();
    let (sample, samples) = match columns {
        Some(_) => ("vector", "vectors in their own units"),
        None => ("image", "images with values from 0 to 1"),
    };
    let encoder = Interface {
        name: "encoder",
        about: &format!("An autoencoder's encoder, from {samples} to codes"),
        input: sample,
        outputs: if says_variances { &["code", "log_variance"] } else { &["code"] },
        columns: [columns, None],
        metadata,
    };
    let decoder = Interface {
        name: "decoder",
        about: &format!("An autoencoder's decoder, from codes to {samples}"),
        input: "code",
        outputs: &[sample],
        columns: [None, columns],
        metadata,
    };
    Ok([onnx::export(model.encoder(), &encoder)?, onnx::export(model.decoder(), &decoder)?])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::tests::{Case, noise, runtime_agrees};
    use eae::data::Columns;
    use eae::{Ending, Preset};
    use ndarray::{Array1, Ix2, array};

    /// Needs a Python with onnxruntime and numpy: `EAE_PYTHON=python3 cargo test -p eae-cli
    /// onnxruntime -- --ignored`.
    #[test]
    #[ignore = "needs onnxruntime"]
    fn onnxruntime_gives_the_same_for_every_preset_and_ending() {
        for preset in Preset::ALL {
            for ending in [Ending::Normalized, Ending::Plain, Ending::MeanAndLogVariance] {
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
                    Case::new(encoder, model.encoder(), &images, outputs),
                    Case::new(decoder, model.decoder(), &codes, &["image"]),
                ]);
            }
        }
    }

    /// Vectors go in and come out in their own units, and a column that is small beside its mean
    /// keeps its digits.
    #[test]
    #[ignore = "needs onnxruntime"]
    fn onnxruntime_gives_the_same_for_vectors() {
        let rows = noise(&[8, 4], 1.0, 1).mapv(f64::from).into_dimensionality::<Ix2>().unwrap();
        let rows = rows * array![1.0, 10.0, 3.0, 0.0] + array![0.0, 5.0, 1e9, 7.0];
        let columns = Columns::fit(rows.view(), None);
        let model = Autoencoder::<f32>::for_vectors(Preset::Mlp, columns.clone(), 2, Ending::Normalized, 1).unwrap();
        let [encoder, decoder] = networks(&model).unwrap();
        // A column that was constant says nothing, even if it is something else now.
        let rows = rows + array![0.0, 0.0, 0.0, 1.0];
        let codes = model.encode(columns.standardize(rows.view()).view());
        let back = columns.restore(model.decode(codes.view()).view());
        assert_eq!(back.column(3), Array1::from_elem(8, 7.0));
        let codes = codes.mapv(f64::from).into_dyn();
        runtime_agrees(&[
            Case { file: encoder, input: rows.into_dyn(), outputs: vec![("code", codes.clone())] },
            Case { file: decoder, input: codes, outputs: vec![("vector", back.into_dyn())] },
        ]);
    }
}
