//! Settings of the training, and commands to reproduce the results.

use maud::{Markup, html};

use super::Report;
use super::number::{count, counted, duration, short};
use super::text::quoted;
use crate::run_folder::seconds;

/// Lists the settings and the duration of the training.
pub(super) fn settings(report: &Report<'_>) -> Markup {
    let Report { config, train, test, .. } = report;
    let training = &config.training;
    let [height, width, channels] = report.trained.model.image_shape();
    let parameters: usize = report.trained.model.clone().parameters().iter().map(|parameter| parameter.len()).sum();
    let objective = serde_json::to_value(&training.objective).expect("plain data");
    let terms: Vec<String> = objective
        .as_object()
        .expect("a struct")
        .iter()
        .filter(|(key, _)| *key != "kind")
        .map(|(key, value)| format!("{key} = {value}"))
        .collect();
    let (made, planned) = report.epochs.last().map_or((0, training.epochs), |epoch| (epoch.epoch, epoch.epochs));
    let images = train.len() / training.batch_size.max(1) * training.batch_size;
    let time = seconds(&report.epochs, images);
    let speed = (images * report.epochs.len()) as f64 / time;
    let color = if channels == 1 { "grayscale" } else { "color" };
    let rows = [
        (
            "data",
            html! {
                (report.shown(&config.data.to_string())) ": " (count(train.len())) " training " (report.images()) " and " (count(test.len())) " held-out " (report.images()) ", "
                @if report.evaluation.standardized { (counted(width, "standardized column")) }
                @else { (height) " × " (width) " pixels, " (color) }
                @if report.named != &config.data { "; this report uses " (report.shown(&report.named.to_string())) }
            },
        ),
        ("networks", html! { (config.model) ", " (count(parameters)) " parameters" }),
        ("latent dimensions", html! { (config.latent) }),
        (
            "objective",
            html! {
                (objective["kind"].as_str().unwrap_or_default())
                @if !terms.is_empty() { ": " (terms.join(", ")) }
            },
        ),
        (
            "optimizer",
            html! {
                "Adam with a one-cycle schedule, maximum learning rate " (training.learning_rate) ", batch size " (training.batch_size)
                ", warm-up over " (training.warm_up) (if training.warm_up == 1.0 { " epoch" } else { " epochs" })
            },
        ),
        ("epochs", html! { (made) " of " (planned) ", " (counted(report.steps(), "step")) }),
        (
            "time",
            html! {
                @if time > 0.0 { (duration(time)) " in training steps, " (short(speed)) " " (report.images()) " per second" } @else { "unknown" }
            },
        ),
        (
            "seed",
            html! { (training.seed) @if report.seed != training.seed { "; this report uses seed " (report.seed) } },
        ),
        (
            "finished",
            html! { @if let Some(end) = &report.end { (end.time) ", with eae " (end.version) } @else { "unknown" } },
        ),
        (
            "report",
            html! { "created by eae " (env!("CARGO_PKG_VERSION")) " on " (std::env::consts::OS) ", " (std::env::consts::ARCH) },
        ),
    ];
    html! { dl.settings { @for (name, value) in rows { dt { (name) } dd { (value) } } } }
}

/// Shows commands that train the model again and use it, and the configuration file.
pub(super) fn again(report: &Report<'_>) -> Markup {
    // The path of the folder would mean nothing to readers on another machine.
    let folder = report.folder.file_name().unwrap_or(report.folder.as_os_str()).to_string_lossy();
    let (config, folder) = (quoted(&format!("{folder}/config.toml")), quoted(&folder));
    html! {
        p { "The file config.toml in the run folder contains every setting. Training with this file gives bit-identical weights, with any number of threads, on processors with the same instruction set:" }
        pre { code { "eae train --config " (config) " --out again" } }
        p { "To draw more samples, evaluate the model again, or create this report again:" }
        pre { code {
            "eae sample " (folder) " --n 100 --out samples.png\n"
            "eae evaluate " (folder) "\n"
            "eae report " (folder)
        } }
        details open {
            summary { "config.toml" }
            pre { code { (report.shown(&report.config_text)) } }
        }
    }
}
