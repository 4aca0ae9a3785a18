use knn_entropy::{Estimate, Warning};

use super::hints::Place;
use super::print::{amount, percent};
use super::rounding::shown;
use super::settings::Unit;

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
        Warning::HeavyTails { rows, nats } => format!(
            "{rows} rows lie far from the Gaussians of their neighbors and add {}, as heavy tails do; use --estimator kl",
            amount(*nats, unit)
        ),
        Warning::SharedRows { count, first, copy } => format!(
            "{count} rows of {} are also rows of {}, the first of them {} and {}; each was excluded from its own neighbors",
            places[0].data.name,
            places[1].data.name,
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
