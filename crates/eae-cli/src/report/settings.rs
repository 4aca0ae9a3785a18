//! How the model was trained, and how that is done again.

use maud::{Markup, html};

use super::Report;
use super::number::{count, duration, short};
use super::text::quoted;
use crate::run_folder::seconds;

/// The settings in words, and how long the training took.
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
    let colour = if channels == 1 { "grey" } else { "colour" };
    let rows = [
        (
            "data",
            html! {
                (report.shown(&config.data.to_string())) ": " (count(train.len())) " " (report.images()) " to train on and " (count(test.len())) " held out, "
                @if report.evaluation.standardized { (width) " columns, each standardized" }
                @else { (height) " × " (width) " pixels, " (colour) }
                @if report.named != &config.data { "; this report is of " (report.shown(&report.named.to_string())) }
            },
        ),
        ("networks", html! { (config.model) ", " (count(parameters)) " parameters" }),
        ("code", html! { (config.latent) " numbers" }),
        (
            "objective",
            html! {
                (objective["kind"].as_str().unwrap_or_default())
                @if !terms.is_empty() { ": " (terms.join(", ")) }
            },
        ),
        (
            "optimiser",
            html! {
                "Adam on a one-cycle schedule up to a learning rate of " (training.learning_rate) ", batches of " (training.batch_size)
                ", warm-up over " (training.warm_up) " epochs"
            },
        ),
        ("epochs", html! { (made) " of " (planned) ", " (count(report.steps())) " steps" }),
        (
            "time",
            html! {
                @if time > 0.0 { (duration(time)) " in steps, " (short(speed)) " " (report.images()) " a second" } @else { "not known" }
            },
        ),
        (
            "seed",
            html! { (training.seed) @if report.seed != training.seed { "; this report draws by " (report.seed) } },
        ),
        (
            "finished",
            html! { @if let Some(end) = &report.end { (end.time) ", by eae " (end.version) } @else { "not known" } },
        ),
        (
            "report by",
            html! { "eae " (env!("CARGO_PKG_VERSION")) " on " (std::env::consts::OS) ", " (std::env::consts::ARCH) },
        ),
    ];
    html! { dl.settings { @for (name, value) in rows { dt { (name) } dd { (value) } } } }
}

pub(super) fn again(report: &Report<'_>) -> Markup {
    // The page may be passed on: where the folder was says nothing then.
    let folder = report.folder.file_name().unwrap_or(report.folder.as_os_str()).to_string_lossy();
    let (config, folder) = (quoted(&format!("{folder}/config.toml")), quoted(&folder));
    html! {
        p { "The run folder's config.toml has every setting. With it the same weights come out, on any number of threads of a processor with the same instruction set:" }
        pre { code { "eae train --config " (config) " --out again" } }
        p { "More of what is above, and this report anew:" }
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
