//! `eae export`: writes a trained model as ONNX files or as a web page.

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
use crate::output::{keep, print_json};
use crate::run_folder::{Trained, inputs};
use crate::sampling;

/// Export a trained model as ONNX files or as a web page.
#[derive(clap::Args)]
#[command(
    group(ArgGroup::new("format").required(true).multiple(true)),
    after_help = "Examples:\n  eae export runs/digits-1 --html\n  eae export runs/digits-1 --onnx\n  eae export runs/digits-1 --onnx --sampler normal\n  eae export runs/digits-1 --onnx --label 3 --out threes\n\nencoder.onnx maps `image` [batch, channels, height, width], with values from 0 to 1, to `code` [batch, latent]. The encoder of a VAE also returns `log_variance`. decoder.onnx maps `code` to `image`. generator.onnx makes new images from `noise` [batch, latent], drawn from N(0, I). With a mixture as the sampler it also takes `uniform` [batch, 1], drawn from U(0, 1). The file contains the sampler, and for refined also the encoder. Numbers are 32-bit floats, and the batch size is dynamic. A model of vectors has `vector` [batch, columns] instead of `image`: 64-bit numbers in the units of the data.\n\nmodel.html decodes in the browser, without a server or a network connection. It draws new samples, changes a code with sliders, and saves images or rows. It offers the chosen sampler, N(0, I) and the samplers of the classes, but not refined, which needs the encoder. Weights are stored with 16 bits if that changes no pixel visibly, and with 32 bits otherwise."
)]
pub(crate) struct Arguments {
    /// Run folder written by `eae train`, or a weights file.
    run: PathBuf,
    /// Write encoder.onnx, decoder.onnx and generator.onnx.
    #[arg(long, group = "format")]
    onnx: bool,
    /// Write model.html, a self-contained page that makes new samples.
    #[arg(long, group = "format")]
    html: bool,
    /// Output folder, created if it does not exist [default: the folder of the model].
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
    /// Description of the sampler.
    draws_from: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    /// Channels, height and width of an image, or the number of columns of a vector.
    shape: Vec<usize>,
    latent: usize,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let Arguments { run, out, source, common, .. } = arguments;
    let trained = Trained::load(run)?;
    let (chosen, why) = source.choose(&trained)?;
    if arguments.html {
        page::check(&trained, &chosen)?;
    }
    let beside = trained.file.parent().unwrap_or(Path::new(""));
    let out = out.as_deref().unwrap_or(beside);
    let formats = [(arguments.onnx, &ONNX[..]), (arguments.html, &[PAGE])];
    let names = formats.iter().filter(|(asked, _)| *asked).flat_map(|(_, names)| *names);
    let files = Vec::from_iter(names.map(|name| out.join(name)));
    keep(&Vec::from_iter(files.iter().map(|file| ("--out", Some(&**file)))), inputs(run))?;
    if out.is_file() {
        return Err(Failure::usage(format!("--out is {}, which is a file; name a folder", out.display())));
    }
    if !out.as_os_str().is_empty() {
        fs::create_dir_all(out).map_err(|e| Failure::other(e).at(out))?;
    }
    let label = source.label.as_deref();
    let onnx = arguments.onnx.then(|| onnx::write(&trained, &chosen, label, out)).transpose()?;
    let page = arguments.html.then(|| page::write(&trained, [run, out], &chosen, label, common.seed)).transpose()?;
    if common.json {
        let (model, draws_from) = (&trained.model, chosen.to_string());
        let [height, width, channels] = model.image_shape();
        let shape = if model.columns().is_some() { vec![width] } else { vec![channels, height, width] };
        let (sampler, latent) = (chosen.flag(), model.latent());
        print_json(&Report { onnx, page, sampler, draws_from, label, shape, latent });
    } else {
        let lines = [onnx.map(|files| files.describe(&chosen, why)), page.map(|page| page.describe(&chosen, why))];
        lines.iter().flatten().for_each(|line| errln!("{line}"));
    }
    Ok(())
}

/// Names of the files of --onnx.
const ONNX: [&str; 3] = ["encoder.onnx", "decoder.onnx", "generator.onnx"];
/// Name of the file of --html.
const PAGE: &str = "model.html";

/// Writes a file into a folder atomically.
fn written(folder: &Path, name: &str, content: &[u8]) -> Result<PathBuf, Failure> {
    let path = folder.join(name);
    run::write_whole(&path, content).map_err(|e| Failure::other(e).at(&path))?;
    Ok(path)
}
