//! Quality of samples, compared with that of training images.

use eae::evaluation::{SampleQuality, SampleReport};
use eae::metrics::{Memorization, Quality};
use maud::{Markup, html};

use super::number::{count, number, percent, percentage};
use super::text::{sampler_name, with_code};

/// Column of the table.
struct Column {
    name: &'static str,
    of: fn(&Quality) -> f64,
    /// True if larger values are better.
    more: bool,
}

const COLUMNS: [Column; 6] = [
    Column { name: "Frechet", of: |quality| quality.frechet, more: false },
    Column { name: "kernel", of: |quality| quality.kernel.mean, more: false },
    Column { name: "precision", of: |quality| quality.neighbors.precision, more: true },
    Column { name: "recall", of: |quality| quality.neighbors.recall, more: true },
    Column { name: "density", of: |quality| quality.neighbors.density, more: true },
    Column { name: "coverage", of: |quality| quality.neighbors.coverage, more: true },
];

/// Shows the table of quality measures, or the reason why it is missing. `images` is the word for
/// the data.
pub(super) fn quality(draws: &Result<SampleReport, String>, trained_on: usize, images: &str) -> Markup {
    let draws = match draws {
        Ok(draws) => draws,
        Err(problem) => return html! { p { "Draws were not compared with real " (images) ": " (problem) "." } },
    };
    let best = COLUMNS.map(|Column { of, more, .. }| {
        let all = draws.samples.iter().map(|samples| of(&samples.quality));
        all.reduce(if more { f64::max } else { f64::min })
    });
    let [real, drawn] = draws.samples.first().map_or([0; 2], |samples| samples.quality.n);
    html! {
        p {
            (count(drawn)) " decoded draws from each sampler, compared with " (count(real)) " held-out " (images) " on " (draws.features) ". "
            "The first row compares training " (images) " instead of draws. Samples cannot be expected to do better. "
            "The best value of the samplers in each column is bold. The values depend on the features and on the number of " (images)
            ", so compare them only within this table."
        }
        div.scroll {
            table.cards {
                thead { tr {
                    th scope="col" { "sampler" }
                    @for column in &COLUMNS { th scope="col" { (column.name) " " span.arrow { (if column.more { "↑" } else { "↓" }) } } }
                    th scope="col" { "close copies" }
                } }
                tbody {
                    @if let Some(floor) = &draws.floor {
                        tr.floor {
                            th scope="row" { "training " (images) }
                            @for column in &COLUMNS { td data-name=(column.name) { (number((column.of)(floor))) } }
                            td data-name="close copies" { "" }
                        }
                    }
                    @for SampleQuality { sampler, quality, memorization, .. } in &draws.samples {
                        tr {
                            th scope="row" { (with_code(&sampler_name(sampler))) }
                            @for (column, best) in COLUMNS.iter().zip(best) {
                                @let value = (column.of)(quality);
                                td data-name=(column.name) {
                                    @if Some(value) == best { strong { (number(value)) } } @else { (number(value)) }
                                }
                            }
                            td data-name="close copies" {
                                @if let Some(memorization) = memorization { (percent(memorization.share_close)) } @else { "-" }
                            }
                        }
                    }
                }
            }
        }
        @if let Some(SampleQuality { memorization: Some(memorization), .. }) = draws.samples.first() {
            p.note { (copies(memorization, trained_on, images)) }
        }
        @for missing in &draws.missing { p.note { "Missing: " (missing) "." } }
    }
}

/// Explains close copies and the share to expect without copying.
fn copies(memorization: &Memorization, trained_on: usize, images: &str) -> String {
    let &Memorization { held_out_share_close: expected, share_error: error, .. } = memorization;
    let [expected, most] = [expected, expected + 2.0 * error].map(percentage);
    format!(
        "A close copy is a sample that is closer to one of {} training {images} than nearly all held-out {images}, which the \
         model has never seen: only {expected} of them are as close. Without copying, about {expected} of the samples are that close, \
         or by chance up to {most}. A larger share means that the model reproduces training {images}.",
        count(trained_on)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use eae::sampler;

    #[test]
    fn the_best_value_is_bold() {
        let rows = sampler::normal::<f64>(200, 3, 1);
        let quality_of = |frechet| {
            let mut quality = Quality::new(rows.view(), rows.view()).unwrap();
            quality.frechet = frechet;
            quality
        };
        let memorization = Memorization::new(rows.view(), rows.view(), rows.view()).ok();
        let of = |sampler, frechet| SampleQuality { sampler, quality: quality_of(frechet), memorization };
        let draws = SampleReport {
            features: "<b>".into(),
            floor: Some(quality_of(2.5)),
            samples: vec![of("normal", 40.0), of("mixture", 5.5)],
            missing: vec!["this and that".into()],
        };
        let text = quality(&Ok(draws), 9000, "images").into_string();
        assert!(text.contains("<strong><data value=\"5.5\">5.500</data></strong>"), "{text}");
        assert!(
            !text.contains("<strong><data value=\"40\">")
                && text.contains("&lt;b&gt;")
                && text.contains("<code>--sampler gmm</code>")
        );
        assert!(
            quality(&Err("too few".into()), 0, "images")
                .into_string()
                .contains("not compared with real images: too few.")
        );
    }
}
