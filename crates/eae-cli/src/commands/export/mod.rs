//! Trained models for others: ONNX files for programs, a page for people.

#[cfg_attr(not(feature = "onnx"), path = "no_onnx.rs")]
mod onnx;
mod page;

use std::fs;
use std::path::{Path, PathBuf};

use clap::ArgGroup;
use eae::run;
use serde::Serialize;

use crate::common::Common;
use crate::failure::Failure;
use crate::output::print_json;
use crate::run_folder::Trained;
use crate::sampling;

/// Write a trained model for other programs to run, or as a page for people.
#[derive(clap::Args)]
#[command(
    group(ArgGroup::new("format").required(true).multiple(true)),
    after_help = "Example:\n  eae export runs/digits-1 --html                     # model.html, to open and to mail\n  eae export runs/digits-1 --onnx\n  eae export runs/digits-1 --onnx --sampler normal\n  eae export runs/digits-1 --onnx --label 3 --out threes\n\nencoder.onnx takes `image` [batch, channels, height, width] from 0 to 1 and gives `code` [batch, latent], and `log_variance` if the model has that. decoder.onnx takes `code` and gives `image`. generator.onnx makes new images: it takes `noise` [batch, latent] from N(0, I) and, for a mixture, `uniform` [batch, 1] from U(0, 1). The sampler is in the file. 32-bit numbers, batches of any size. A model of vectors takes and gives `vector` [batch, columns] in 64-bit numbers, in their own units.\n\nmodel.html decodes in the browser, without a server or a network: new samples, sliders for the code, and files to save. It has the sampler that is chosen and N(0, I), and those of the classes. Its weights have 16 bits where nobody sees the difference."
)]
pub(crate) struct Arguments {
    /// The run folder that `eae train` left, or a weights file.
    run: PathBuf,
    /// As encoder.onnx, decoder.onnx and generator.onnx, for every program that runs ONNX files.
    #[arg(long, group = "format")]
    onnx: bool,
    /// As model.html, a page that makes new samples by itself.
    #[arg(long, group = "format")]
    html: bool,
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
    #[serde(flatten)]
    onnx: Option<onnx::Files>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<page::File>,
    sampler: &'static str,
    /// The sampler in words.
    draws_from: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    /// Channels, height and width; or how many numbers a vector has.
    shape: Vec<usize>,
    latent: usize,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let Arguments { run, out, source, common, .. } = arguments;
    common.apply()?;
    let trained = Trained::load(run)?;
    let (sampler, why) = source.choose(&trained)?;
    let beside = trained.file.parent().unwrap_or(Path::new(""));
    let out = out.as_deref().unwrap_or(beside);
    if !out.as_os_str().is_empty() {
        fs::create_dir_all(out).map_err(|e| Failure::other(format!("{}: {e}", out.display())))?;
    }
    let label = source.label.as_deref();
    let onnx = arguments.onnx.then(|| onnx::write(&trained, &sampler, label, out)).transpose()?;
    let page = arguments.html.then(|| page::write(&trained, [run, out], &sampler, label, common.seed)).transpose()?;
    if common.json {
        let (model, draws_from) = (&trained.model, sampler.to_string());
        let [height, width, channels] = model.image_shape();
        let shape = if model.columns().is_some() { vec![width] } else { vec![channels, height, width] };
        let (sampler, latent) = (sampling::flag(&sampler), model.latent());
        print_json(&Report { onnx, page, sampler, draws_from, label, shape, latent });
    } else {
        let lines = [onnx.map(|files| files.describe(&sampler, why)), page.map(|page| page.describe(&sampler, why))];
        lines.iter().flatten().for_each(|line| errln!("{line}"));
    }
    Ok(())
}

/// Writes a file into a folder, whole or not at all.
fn written(folder: &Path, name: &str, content: &[u8]) -> Result<PathBuf, Failure> {
    let path = folder.join(name);
    run::write_whole(&path, content).map_err(|e| Failure::other(format!("{}: {e}", path.display())))?;
    Ok(path)
}
