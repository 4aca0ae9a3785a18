use knn_entropy::{Estimate, Warning};

use super::hints::Place;
use super::input::Data;
use super::print::{amount, percent};
use super::rounding::shown;
use super::settings::Unit;
use crate::output::rows_that;

/// Returns a warning of the library, reworded for the command line. `name` returns the name of a
/// column of a block.
///
/// Returns `None` for ties, which the commands report themselves.
pub(super) fn reworded(
    warning: &Warning,
    unit: Unit,
    name: &dyn Fn(usize, usize) -> String,
    places: [Place<'_>; 2],
) -> Option<String> {
    let text = match warning {
        Warning::Ties { .. } => return None,
        Warning::Rounded { column, step, .. } => format!(
            "column {} is rounded to {}, which is not small compared with the distances between neighbors; give the step with --dither",
            name(0, *column),
            shown(*step)
        ),
        Warning::Constant { block, column } => {
            format!("column {} is constant and carries no information", name(*block, *column))
        }
        Warning::Saturated { share, bound } => format!(
            "saturated: no estimate from these rows can exceed {}, and the neighborhoods of {} of them contain only the k \
             nearest neighbors; the true value can be larger, so use more rows",
            amount(*bound, unit),
            percent(*share)
        ),
        Warning::HeavyTails { rows: count, nats } => format!(
            "{} {}, as heavy tails do; use --estimator kl",
            rows_that(
                *count,
                [
                    "lies far from the Gaussian of its neighbors and adds",
                    "lie far from the Gaussians of their neighbors and add"
                ]
            ),
            amount(*nats, unit)
        ),
        Warning::SharedRows { count, first, copy } => format!(
            "{}, the first of them {} and {}; each was excluded from its own neighbors",
            shared_rows(*count, places.map(|place| place.data)),
            places[0].row(*first),
            places[1].row(*copy)
        ),
        Warning::RareLabels { alone, rows } => format!(
            "{} of the rows are the only ones with their combination of labels, so the estimate is too high; merge rare \
             labels, or use more rows",
            percent(*alone as f64 / *rows as f64)
        ),
        Warning::Repeated { copies, rows } => format!(
            "{copies} of {rows} rows repeat an earlier row, which distorts the estimate; if rows were recorded twice, use \
             --drop-duplicates"
        ),
        Warning::Scales { .. } => scales_text(warning),
        warning => warning.to_string(),
    };
    Some(text)
}

/// Describes rows of one file that are also rows of another.
pub(super) fn shared_rows(count: usize, [data, other]: [&Data; 2]) -> String {
    let (name, other) = (&data.name, &other.name);
    match count {
        1 => format!("1 row of {name} is also a row of {other}"),
        _ => format!("{count} rows of {name} are also rows of {other}"),
    }
}

/// Describes rows that --drop-duplicates removed.
pub(super) fn copies_dropped(count: usize) -> String {
    rows_that(count, ["is a copy of an earlier one and was dropped", "are copies of earlier ones and were dropped"])
}

/// Returns a warning of different scales with the flag that helps.
pub(super) fn scales_text(warning: &Warning) -> String {
    warning.to_string().replace("standardize the columns", "use --standardize")
}

/// Returns the fraction of tied rows, if the library warns of ties.
pub(super) fn tied(estimate: &Estimate) -> Option<f64> {
    estimate.warnings().iter().find_map(|warning| match warning {
        Warning::Ties { tied, rows } => Some(*tied as f64 / *rows as f64),
        _ => None,
    })
}
