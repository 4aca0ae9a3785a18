//! How far the codes of held-out images are from N(0, I), in numbers and pictures.

mod correlation;
mod dimensions;
mod projection;
mod radius;

use eae::metrics::{Check, LatentReport, Verdict};
use maud::{Markup, html};
use ndarray::ArrayView2;

pub(super) use dimensions::dead;
pub(crate) use dimensions::{Dimension, dimensions};

use super::number::{count, number, short};

/// All of it; `labels` say what each of the `images` shows, where that is known.
pub(super) fn latent(
    codes: ArrayView2<'_, f32>,
    report: &LatentReport,
    dimensions: &[Dimension],
    labels: Option<&[u8]>,
    images: &str,
) -> Markup {
    html! {
        p {
            "The codes of " (count(report.n)) " held-out " (images) " beside as many draws from N(0, I), with k = " (report.k)
            " for the entropy. A difference is named if it is no chance and large enough to matter."
        }
        div.scroll {
            table {
                thead { tr { th scope="col" { "check" } @for name in ["value", "N(0, I)", "p-value"] { th scope="col" { (name) } } th.words scope="col" { "verdict" } } }
                tbody { @for (name, check) in report.checks() { (row(name, check)) } }
            }
        }
        div.charts {
            (radius::chart(codes))
            @if let Some(chart) = projection::chart(codes, labels) { (chart) }
            @if let Some(chart) = correlation::chart(codes) { (chart) }
        }
        (dimensions::multiples(codes, dimensions))
    }
}

fn row(name: &str, check: Option<Check>) -> Markup {
    let class = match check.map(|check| check.verdict) {
        Some(Verdict::Normal) => "good",
        Some(Verdict::Large(_)) => "bad",
        _ => "so-so",
    };
    html! {
        tr {
            th scope="row" { span class={ "mark " (class) } {} (name) }
            @match check {
                Some(check) => {
                    td { (number(check.value)) }
                    td { (number(check.expected)) }
                    td { @match check.p_value { Some(p) if p < 0.001 => "<0.001", Some(p) => (short(p)), None => "" } }
                    td.words { (check.verdict) }
                }
                None => { td { "" } td { "" } td { "" } td.words { "not defined" } }
            }
        }
    }
}
