use std::fs;
use std::path::{Path, PathBuf};

use eae::Autoencoder;
use nn_layers::Sequential;
use serde::Serialize;
use serde_json::Value;

use crate::common::Common;
use crate::failure::Failure;
use crate::output::{counted, print_json, print_lines};
use crate::run_folder::{self, CHECKPOINT, CONFIG, Config, MODEL, State, Trained, no_such};

/// Describe a run folder or a weights file.
///
/// Prints the settings, the layers of the networks, the last epoch, the evaluation and the files.
/// `eae train --config` can read the output: the settings, with everything else as comments.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  eae info runs/digits-1\n  eae info runs/digits-1 > again.toml && eae train --config again.toml\n  eae info model.safetensors --json"
)]
pub(crate) struct Arguments {
    /// Run folder written by `eae train`, or a weights file.
    run: PathBuf,
    #[command(flatten)]
    common: Common,
}

#[derive(Serialize)]
struct Report {
    run: PathBuf,
    state: State,
    /// True if `eae train --resume` can continue it.
    resumable: bool,
    /// The settings of the training, which a weights file does not have.
    config: Option<Config>,
    model: Option<Model>,
    /// The last epoch in the log. The next field is the evaluation in the log.
    epoch: Option<Value>,
    evaluation: Option<Value>,
    files: Vec<FileSize>,
}

#[derive(Serialize)]
struct Model {
    file: PathBuf,
    /// The name of the networks, if they are a preset.
    preset: Option<&'static str>,
    /// Height, width and channels.
    image: [usize; 3],
    /// True if the model is of vectors.
    vectors: bool,
    latent: usize,
    parameters: usize,
    encoder: Vec<Layer>,
    decoder: Vec<Layer>,
    /// The values of `eae sample --sampler`.
    samplers: Vec<&'static str>,
}

#[derive(Serialize)]
struct Layer {
    layer: String,
    output: Vec<usize>,
    parameters: usize,
}

#[derive(Serialize)]
struct FileSize {
    name: String,
    bytes: u64,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let run = &arguments.run;
    let report = if run.is_dir() {
        Report::of_folder(run)?
    } else if run.exists() {
        Report::of_file(run)?
    } else {
        return Err(no_such(run));
    };
    if arguments.common.json {
        print_json(&report);
    } else {
        print_lines(&report.lines()?);
    }
    Ok(())
}

impl Report {
    fn of_folder(folder: &Path) -> Result<Self, Failure> {
        let (state, config) = (State::of(folder), folder.join(CONFIG));
        if state == State::Unbegun && !config.exists() {
            let problem = format!("{} has neither {CONFIG} nor {MODEL}", folder.display());
            return Err(Failure::usage(format!("{problem}; is it a run folder of `eae train`?")));
        }
        let config = config.exists().then(|| Config::read(&config)).transpose()?;
        // A checkpoint contains the model, too.
        let file = [MODEL, CHECKPOINT].map(|name| folder.join(name)).into_iter().find(|file| file.exists());
        let model = file.map(|file| Model::of(&Trained::from_file(folder, file)?)).transpose()?;
        let [epoch, evaluation] = run_folder::last_line(folder, ["epoch", "evaluation"])?;
        let files = files(folder)?;
        let resumable = state == State::Unfinished;
        Ok(Self { run: folder.to_path_buf(), state, resumable, config, model, epoch, evaluation, files })
    }

    fn of_file(file: &Path) -> Result<Self, Failure> {
        let model = Some(Model::of(&Trained::load(file)?)?);
        let (run, state) = (file.to_path_buf(), State::of(file));
        let (config, epoch, evaluation, files) = (None, None, None, Vec::new());
        Ok(Self { run, state, resumable: false, config, model, epoch, evaluation, files })
    }

    /// Returns TOML for `eae train --config`, with everything but the settings as comments.
    fn lines(&self) -> Result<Vec<String>, Failure> {
        let run = self.run.display();
        let mut lines = vec![match self.state {
            State::Weights => format!("{run}: weights"),
            State::Finished => format!("{run}: a finished training"),
            State::Unbegun | State::Unfinished => {
                format!("{run}: an unfinished training, still running or interrupted")
            }
        }];
        if self.resumable {
            lines.push(format!("resume with: eae train --resume {run}"));
        }
        if let Some(model) = &self.model {
            lines.push(String::new());
            lines.extend(model.lines());
        }
        for (name, line) in [("last epoch", &self.epoch), ("evaluation", &self.evaluation)] {
            if let Some(line) = line {
                lines.extend([String::new(), format!("{name}:")]);
                fields(line, "  ", &mut lines);
            }
        }
        if !self.files.is_empty() {
            lines.extend([String::new(), "files:".to_owned()]);
            lines.extend(self.files.iter().map(|file| format!("  {:<24} {:>11} bytes", file.name, file.bytes)));
        }
        let mut lines: Vec<String> = lines.iter().map(|line| format!("# {line}").trim_end().to_owned()).collect();
        if let Some(config) = &self.config {
            lines.push(String::new());
            lines.extend(config.to_toml()?.lines().map(str::to_owned));
        }
        Ok(lines)
    }
}

impl Model {
    fn of(trained: &Trained) -> Result<Self, Failure> {
        let model: &Autoencoder<f32> = &trained.model;
        let [encoder, decoder] = [model.encoder(), model.decoder()].map(layers);
        Ok(Self {
            file: trained.file.clone(),
            preset: model.preset().map(|preset| preset.name()),
            image: model.image_shape(),
            vectors: model.columns().is_some(),
            latent: model.latent(),
            parameters: encoder.iter().chain(&decoder).map(|layer| layer.parameters).sum(),
            encoder,
            decoder,
            samplers: trained.choices()?.iter().map(|choice| choice.name()).collect(),
        })
    }

    fn lines(&self) -> Vec<String> {
        let Self { latent, parameters, .. } = self;
        let (file, image) = (self.file.display(), self.image);
        let samples = match self.vectors {
            true => format!("vectors of {}", counted(image[1], "column")),
            false => format!("images [height, width, channels] of shape {image:?}"),
        };
        let preset = self.preset.unwrap_or("custom networks");
        let mut lines = vec![
            format!("{file}: {preset}, {parameters} parameters"),
            format!("{samples}, latent dimension {latent}"),
            format!("samplers: {}", self.samplers.join(", ")),
        ];
        for (name, layers) in [("encoder", &self.encoder), ("decoder", &self.decoder)] {
            lines.extend([String::new(), format!("{name:<36} {:<16} parameters", "output")]);
            lines.extend(layers.iter().map(|Layer { layer, output, parameters }| {
                format!("  {layer:<34} {:<16} {parameters:>10}", format!("{output:?}"))
            }));
        }
        lines
    }
}

fn layers(network: &Sequential<f32>) -> Vec<Layer> {
    let layers = network.layers().zip(network.parameter_counts());
    let layers = layers.map(|(placed, parameters)| Layer {
        layer: placed.kind.to_string(),
        output: placed.shapes[1].to_vec(),
        parameters,
    });
    layers.collect()
}

/// Appends a line for each field, with nested tables indented.
fn fields(table: &Value, indent: &str, lines: &mut Vec<String>) {
    for (name, value) in table.as_object().into_iter().flatten() {
        if value.is_object() {
            lines.push(format!("{indent}{name}:"));
            fields(value, &format!("{indent}  "), lines);
        } else {
            lines.push(format!("{indent}{name} = {value}"));
        }
    }
}

/// Returns the files in the order of their names. A running training can remove a file before its
/// size is read; such a file is left out.
fn files(folder: &Path) -> Result<Vec<FileSize>, Failure> {
    let files = fs::read_dir(folder).map_err(|e| Failure::other(e).at(folder))?;
    let size = |file: fs::DirEntry| {
        let name = file.file_name().to_string_lossy().into_owned();
        Some(FileSize { name, bytes: file.metadata().ok()?.len() })
    };
    let mut files: Vec<FileSize> = files.flatten().filter_map(size).collect();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}
