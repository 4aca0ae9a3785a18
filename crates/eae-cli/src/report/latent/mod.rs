//! Comparison of the codes of held-out images with N(0, I).

mod correlation;
mod dimensions;
mod projection;
mod radius;

use eae::metrics::{Check, LatentReport, Verdict};
use maud::{Markup, html};
use ndarray::ArrayView2;

pub(super) use dimensions::dead;
pub(crate) use dimensions::{Dimension, dimensions};

use super::number::{count, counted, number, short};

/// Shows the checks and charts of the codes. `labels` are the classes of the images, and `classes`
/// their names, if they have any. `images` is the word for the data.
pub(super) fn latent(
    codes: ArrayView2<'_, f32>,
    report: &LatentReport,
    dimensions: &[Dimension],
    (labels, classes): (Option<&[u8]>, &[String]),
    images: &str,
) -> Markup {
    let checks = report.checks();
    html! {
        p { (sentence(&checks, images)) }
        details {
            summary { "The " (checks.len()) " checks" }
            p {
                "The codes of " (count(report.n)) " held-out " (images) ", compared with as many draws from N(0, I). The entropy is estimated with k = "
                (report.k) ". A verdict names a difference if it is significant and large enough to matter."
            }
            div.scroll {
                table.cards {
                    thead { tr { th scope="col" { "check" } @for name in ["value", "N(0, I)", "p-value"] { th scope="col" { (name) } } th.words scope="col" { "verdict" } } }
                    tbody { @for (name, check) in checks { (row(name, check)) } }
                }
            }
        }
        div.charts {
            (radius::chart(codes))
            @if let Some(chart) = projection::chart(codes, labels, classes) { (chart) }
            @if let Some(chart) = correlation::chart(codes) { (chart) }
        }
        (dimensions::multiples(codes, dimensions))
    }
}

/// Topics of the checks, each with the prefixes of the names of its checks.
const ABOUT: [(&str, &[&str]); 5] = [
    ("their distance from the origin", &["radius"]),
    ("the shape of their distribution", &["Mardia", "Henze", "Epps"]),
    ("single dimensions", &["coordinates"]),
    ("their correlations", &["largest correlation", "effective rank"]),
    ("the entropy", &["entropy"]),
];

/// Summarizes the checks in a sentence.
fn sentence(checks: &[(&str, Option<Check>)], images: &str) -> String {
    let of = |wanted: fn(Verdict) -> bool| -> Vec<&str> {
        let found = checks.iter().filter(|(_, check)| check.is_some_and(|check| wanted(check.verdict)));
        found.map(|(name, _)| *name).collect()
    };
    let large = of(|verdict| matches!(verdict, Verdict::Large(_)));
    let undecided = of(|verdict| verdict == Verdict::TooFew).len();
    let about = ABOUT.iter().filter(|(_, begins)| large.iter().any(|name| begins.iter().any(|b| name.starts_with(b))));
    let about: Vec<&str> = about.map(|(about, _)| *about).collect();
    let mut said = match about.split_last() {
        None => {
            format!("No check finds a large difference between the codes of held-out {images} and draws from N(0, I)")
        }
        Some((last, before)) => format!(
            "The codes of held-out {images} differ from draws from N(0, I) in {}{}{last} ({} of {} checks)",
            before.join(", "),
            if before.is_empty() { "" } else { " and " },
            large.len(),
            checks.len()
        ),
    };
    if undecided > 0 {
        let need = if undecided == 1 { "needs" } else { "need" };
        said += &format!("; {} {need} more codes", counted(undecided, "check"));
    }
    said + "."
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
                    td data-name="value" { (number(check.value)) }
                    td data-name="N(0, I)" { (number(check.expected)) }
                    td data-name="p-value" { @match check.p_value { Some(p) if p < 0.001 => "<0.001", Some(p) => (short(p)), None => "" } }
                    td.words { (check.verdict) }
                }
                None => { td { "" } td { "" } td { "" } td.words { "not defined" } }
            }
        }
    }
}
