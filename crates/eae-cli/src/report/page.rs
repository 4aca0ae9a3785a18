//! The page with its header and sections.

use eae::Objective;
use eae::picture::PictureError;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::latent::{dead, latent};
use super::number::{counted, number};
use super::pictures::{Shown, pictures};
use super::quality::quality;
use super::settings::{again, settings};
use super::table::table;
use super::text::with_code;
use super::training::{References, curves};
use super::verdict::{Judged, verdict};
use super::warnings::{Facts, Warning, warnings};
use super::{MOST_TRAINING, Report, chart, enlarge};

const STYLE: &str = include_str!("style.css");

pub(super) fn page(report: &Report<'_>) -> Result<Markup, PictureError> {
    let name = report.folder.file_name().unwrap_or(report.folder.as_os_str()).to_string_lossy();
    let pictures = pictures(&Shown {
        model: &report.trained.model,
        samplers: &report.samplers,
        classes: &report.classes,
        held_out: report.test,
        dimensions: &report.dimensions,
        draws: report.draws.as_ref().ok(),
        seed: report.seed,
    })?;
    let references = References {
        held_out_error: report.evaluation.reconstruction_error,
        mean_image_error: report.evaluation.mean_image_error,
        normal_entropy: report.normal_entropy,
    };
    let objective = &report.config.training.objective;
    let (judged, labels) = (report.tests(), report.labels.as_deref());
    let classes = report.trained.class_names();
    let codes = latent(report.codes.view(), judged, &report.dimensions, (labels, &classes), report.images());
    let table = table(&report.trained.model, &report.samplers, report.test, report.seed);
    let mut sections = Vec::from_iter(pictures.map(|pictures| ("pictures", "Pictures", pictures)));
    sections.extend(table.map(|table| ("rows", "Generated rows", table)));
    sections.push(("notes", "Warnings", notes(&report.warnings())));
    sections.extend([
        ("training", "Training", curves(&report.epochs, objective, &references, report.evaluation.standardized)),
        ("quality", "Sample quality", quality(&report.draws, report.train.len().min(MOST_TRAINING), report.images())),
        ("codes", "Codes", codes),
        ("settings", "Settings", settings(report)),
        ("again", "Reproduce", again(report)),
    ]);
    Ok(html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (name) " · eae" }
                style { (PreEscaped(STYLE)) (PreEscaped(chart::STYLE)) }
            }
            body {
                header {
                    h1 { (name) }
                    p {
                        (kind(objective)) " (" (report.config.model) ", " (counted(report.config.latent, "latent dimension")) ") trained on "
                        (report.shown(&report.config.data.to_string())) "."
                        @if let Some(end) = &report.end { " Training finished on " time { (end.time) } " with eae " (end.version) "." }
                    }
                    p.verdict { (report.verdict()) }
                    (figures(report))
                }
                nav aria-label="Sections" { ul { @for (id, title, _) in &sections { li { a href={ "#" (id) } { (title) } } } } }
                main {
                    @for (id, title, content) in &sections { section id=(id) { h2 { (title) } (content) } }
                }
                footer { p { "Created by eae " (env!("CARGO_PKG_VERSION")) "." } }
                (enlarge::window())
            }
        }
    })
}

impl Report<'_> {
    pub(super) fn warnings(&self) -> Vec<Warning> {
        let last = self.epochs.last();
        warnings(&Facts {
            images: self.images(),
            unfinished: self.unfinished,
            epochs: last.map_or([0, 0], |epoch| [epoch.epoch, epoch.epochs]),
            steps: self.steps(),
            training_error: last.map(|epoch| epoch.mse),
            held_out_error: self.evaluation.reconstruction_error,
            mean_image_error: self.evaluation.mean_image_error,
            codes: self.tests(),
            dead: &dead(&self.dimensions),
            draws: self.draws.as_ref().ok(),
            sampler: &self.samplers[0],
            config: &self.config.training,
            latent: self.config.latent,
            numbers: self.trained.model.image_shape().iter().product(),
        })
    }
}

impl Report<'_> {
    fn verdict(&self) -> String {
        verdict(&Judged {
            images: self.images(),
            error: self.evaluation.reconstruction_error,
            mean_error: self.evaluation.mean_image_error,
            sampler: &self.samplers[0],
            draws: self.draws.as_ref().ok(),
        })
    }
}

/// Shows the main results, each with a reference value.
fn figures(report: &Report<'_>) -> Markup {
    let codes = report.tests();
    let [mean, training] = match report.evaluation.standardized {
        true => ["the mean vector", "training vectors"],
        false => ["the mean image", "training images"],
    };
    let mut figures = vec![
        ("reconstruction error", report.evaluation.reconstruction_error, report.evaluation.mean_image_error, mean),
        ("entropy of the codes, nats", codes.entropy.value, codes.entropy.expected, "N(0, I)"),
        ("standard deviation of the radius", codes.radius_sd.value, codes.radius_sd.expected, "N(0, I)"),
    ];
    if let Ok(draws) = &report.draws {
        let default = draws.samples.iter().find(|samples| samples.sampler == report.samplers[0].name());
        figures.extend(
            default.zip(draws.floor.as_ref()).map(|(default, floor)| {
                ("Frechet distance of samples", default.quality.frechet, floor.frechet, training)
            }),
        );
    }
    html! {
        dl.figures {
            @for (name, value, reference, of) in figures {
                div { dt { (name) } dd { strong { (number(value)) } span { (of) ": " (number(reference)) } } }
            }
        }
    }
}

fn notes(warnings: &[Warning]) -> Markup {
    html! {
        @if warnings.is_empty() {
            p.fine { "No check found a problem." }
        } @else {
            ul.warnings { @for warning in warnings { li { strong { (warning.problem) } " " (with_code(&warning.advice)) } } }
        }
    }
}

fn kind(objective: &Objective) -> &'static str {
    match objective {
        Objective::Eae(_) => "An entropic autoencoder",
        Objective::Vae(_) => "A variational autoencoder",
        Objective::Wae(_) => "A Wasserstein autoencoder",
        Objective::Rae(_) => "A regularized autoencoder",
        _ => "An autoencoder",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_sheet_loads_nothing() {
        for style in [STYLE, chart::STYLE] {
            assert!(!style.contains("url(") && !style.contains("@import") && !style.contains('<'));
        }
    }
}
