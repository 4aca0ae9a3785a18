use knn_entropy::Error;
use ndarray::Array2;

use super::{Arguments, Estimator};
use crate::commands::estimate::hints::Place;
use crate::failure::Failure;

impl Arguments {
    /// Explains an error of an estimator in terms of the flags and the columns of the file.
    pub(super) fn explain(&self, error: &Error, place: Place<'_>) -> Failure {
        match error {
            Error::Duplicates { first, second, count, k } => place.coincide(*first, *second, *count, *k, super::SO),
            Error::Singular { column } => self.singular(place, *column),
            Error::InvalidOrder { order, k } => {
                let most = 1.0 + *k as f64 / 2.0;
                let enough = (2.0 * (order - 1.0)).floor() + 1.0;
                let way = if order.is_finite() { format!(", or use --k {enough} or more") } else { String::new() };
                Failure::usage(format!(
                    "--order is {order} and --k is {k}, where the estimate has infinite variance; use an order below {most}{way}"
                ))
            }
            Error::InvalidWeightBound(bound) => {
                Failure::usage(format!("--bound is {bound}; it must be at least 1, because weights add up to 1"))
            }
            Error::TooFewForCovariance { p, dimension } => Failure::usage(format!(
                "--p is {p}, which is too few neighbors to compute a covariance of {dimension} columns; use at least {}",
                dimension + 2
            )),
            Error::KTooLarge { k, others } if *k != self.settings.k => Failure::usage(format!(
                "--p is {k}, but a row has only {} to choose from; use a smaller --p or more rows",
                crate::output::counted(*others, "other row")
            )),
            Error::OutOfBox { row, column, value, low, high } => Failure::usage(format!(
                "{}, {}, {} is {value}, outside the box from {low} to {high}; set the box with --low and --high",
                place.data.name,
                place.row(*row),
                place.column(*column)
            )),
            error => place.explain(error, self.settings.theiler),
        }
    }

    /// Returns the failure for a column that is constant or a linear combination of others, so that
    /// the rows have no density.
    pub(super) fn singular(&self, place: Place<'_>, column: usize) -> Failure {
        let others = place.columns.iter().enumerate().filter(|(c, _)| *c != column).map(|(_, c)| c.to_string());
        let others: Vec<String> = others.collect();
        let values = place.columns.get(column).map(|&c| place.data.values(&[c]));
        if let Some([low, high]) = values.as_ref().and_then(nearly_constant) {
            return place.refuse(format!(
                "{} is from {low} to {high}, so its spread is too small compared with its size for 64-bit floats; subtract \
                 {low} from it, which leaves the entropy as it is",
                place.column(column)
            ));
        }
        let constant = values.as_ref().is_some_and(constant);
        let what = match (constant, self.estimator) {
            (true, _) => "is constant",
            (false, Estimator::Kpn) => {
                "is, among the neighbors of a row, a linear combination of the columns before it"
            }
            (false, _) => "is a linear combination of the columns before it",
        };
        let way = match others.is_empty() {
            true => "a constant has no density".to_owned(),
            false => format!("leave it out with --x {}", others.join(",")),
        };
        place.refuse(format!("{} {what}, so the entropy is minus infinity; {way}", place.column(column)))
    }
}

/// Returns the least and the greatest number of a column whose spread is lost beside its size.
fn nearly_constant(values: &Array2<f64>) -> Option<[f64; 2]> {
    const SMALL: f64 = 1e-10;
    let [low, high] = [f64::min, f64::max].map(|end| values.iter().copied().reduce(end).unwrap_or(0.0));
    (low < high && high - low < SMALL * low.abs().max(high.abs())).then_some([low, high])
}

fn constant(values: &Array2<f64>) -> bool {
    values.iter().all(|x| Some(x) == values.first())
}
