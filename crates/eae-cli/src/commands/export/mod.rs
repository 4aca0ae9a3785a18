mod onnx;

use std::fs;
use std::path::{Path, PathBuf};

use clap::ArgGroup;
use eae::run;
use serde::Serialize;

use crate::common::Common;
use crate::failure::Failure;
use crate::onnx::{OPSET, inputs};
use crate::output::print_json;
use crate::run_folder::Trained;
use crate::sampling;

/// Write a trained model for other programs to run.
#[derive(clap::Args)]
#[command(
    group(ArgGroup::new("format").required(true)),
    after_help = "Example:\n  eae export runs/digits-1 --onnx\n  eae export runs/digits-1 --onnx --sampler normal\n  eae export runs/digits-1 --onnx --label 3 --out threes\n\nencoder.onnx takes `image` [batch, channels, height, width] from 0 to 1 and gives `code` [batch, latent], and `log_variance`\nif the model has that. decoder.onnx takes `code` and gives `image`. generator.onnx makes new images: it takes `noise` [batch, latent]\nfrom N(0, I) and, for a mixture, `uniform` [batch, 1] from U(0, 1). The sampler is in the file. 32-bit numbers, batches of any size. A model\nof vectors takes and gives `vector` [batch, columns] in 64-bit numbers, in their own units."
)]
pub(crate) struct Arguments {
    /// The run folder that `eae train` left, or a weights file.
    run: PathBuf,
    /// As encoder.onnx, decoder.onnx and generator.onnx, for every program that runs ONNX files.
    #[arg(long, group = "format")]
    onnx: bool,
    /// The folder for the files, which is made if need be [default: that of the model].
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    #[command(flatten)]
    source: sampling::Source,
    #[command(flatten)]
    common: Common,
}

#[derive(Serialize)]
struct Report<'a> {
    encoder: PathBuf,
    decoder: PathBuf,
    generator: PathBuf,
    /// The names of what the generator takes.
    inputs: &'static [&'static str],
    sampler: &'static str,
    /// The sampler in words.
    draws_from: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    opset: i64,
    /// Channels, height and width; or how many numbers a vector has.
    shape: Vec<usize>,
    latent: usize,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let Arguments { run, out, source, common, .. } = arguments;
    common.apply()?;
    let trained = Trained::load(run)?;
    let (sampler, why) = source.choose(&trained)?;
    let Trained { file, model, .. } = &trained;
    let beside = file.parent().unwrap_or(Path::new(""));
    let out = out.as_deref().unwrap_or(beside);
    if !out.as_os_str().is_empty() {
        fs::create_dir_all(out).map_err(|e| Failure::other(format!("{}: {e}", out.display())))?;
    }
    let label = source.label.as_deref();
    let failed = |e| Failure::other(format!("{}: {e}", file.display()));
    let [encoder, decoder] = onnx::networks(model).map_err(failed)?;
    let generator = onnx::generator(model, &sampler, label).map_err(failed)?;
    let write = |name: &str, content: &[u8]| {
        let path = out.join(name);
        let written = run::write_whole(&path, content);
        written.map_err(|e| Failure::other(format!("{}: {e}", path.display()))).map(|()| path)
    };
    let encoder = write(onnx::ENCODER, &encoder)?;
    let decoder = write(onnx::DECODER, &decoder)?;
    let generator = write(onnx::GENERATOR, &generator)?;
    let inputs = inputs(&sampler);
    if common.json {
        let [height, width, channels] = model.image_shape();
        let shape = if model.columns().is_some() { vec![width] } else { vec![channels, height, width] };
        let (draws_from, latent) = (sampler.to_string(), model.latent());
        let sampler = sampling::flag(&sampler);
        print_json(&Report {
            encoder,
            decoder,
            generator,
            inputs,
            sampler,
            draws_from,
            label,
            opset: OPSET,
            shape,
            latent,
        });
    } else {
        let (encoder, decoder, generator) = (encoder.display(), decoder.display(), generator.display());
        errln!("wrote {encoder}, {decoder} and {generator}, which takes {} for {sampler}{why}", inputs.join(" and "));
    }
    Ok(())
}
