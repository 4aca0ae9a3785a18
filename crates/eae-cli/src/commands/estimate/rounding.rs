//! Rounded numbers, and the steps within which they are spread.

use std::cmp::Ordering;

use knn_entropy::{Auto, Metric, NeighborSearch, Norm, Samples, rounding_step};
use ndarray::{Array2, ArrayView1, ArrayView2};
use rayon::prelude::*;

use crate::failure::Failure;

/// Fraction of tied rows above which rounded numbers are spread.
pub(super) const MANY_TIES: f64 = 0.05;

/// Fraction of the distance to the k-th neighbor above which a step is coarse.
const COARSE: f64 = 0.1;

/// The value of `--dither`.
#[derive(Clone, Debug)]
pub(super) enum Dither {
    /// The detected steps, if they are coarse.
    Auto,
    No,
    /// A step for each column, or one for all.
    Steps(Vec<f64>),
}

impl std::str::FromStr for Dither {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => return Ok(Self::Auto),
            "no" => return Ok(Self::No),
            _ => {}
        }
        let step = |item: &str| item.trim().parse().ok().filter(|step: &f64| step.is_finite() && *step >= 0.0);
        let steps: Option<Vec<f64>> = text.split(',').map(step).collect();
        steps.map(Self::Steps).ok_or_else(|| "expected auto, no, or steps such as 0.01 or 0.01,0,5".to_owned())
    }
}

impl Dither {
    /// Returns the step of each column, or `None` if nothing is spread.
    pub(super) fn steps(&self, columns: usize, detect: impl FnOnce() -> Vec<f64>) -> Result<Option<Vec<f64>>, Failure> {
        let steps = match self {
            Self::No => return Ok(None),
            Self::Auto => detect(),
            Self::Steps(steps) if steps.len() == 1 => vec![steps[0]; columns],
            Self::Steps(steps) if steps.len() == columns => steps.clone(),
            Self::Steps(steps) => {
                return Err(Failure::usage(format!(
                    "--dither has {} steps for {columns} columns; give one for each, or one for all",
                    steps.len()
                )));
            }
        };
        Ok(steps.iter().any(|step| *step > 0.0).then_some(steps))
    }
}

/// Returns the step to which each column is rounded if it is coarse compared with the distance to
/// the k-th neighbor, and 0 otherwise.
pub(super) fn coarse_steps(x: ArrayView2<'_, f64>, k: usize, norm: Norm, periods: &[f64], window: usize) -> Vec<f64> {
    let mut steps: Vec<f64> = x.columns().into_iter().map(step).collect();
    let typical = if steps.iter().any(|step| *step > 0.0) { distance(x, k, norm, periods, window) } else { None };
    // Without a distance above 0, all rows coincide with their neighbors.
    let least = COARSE * typical.unwrap_or(0.0);
    steps.iter_mut().filter(|step| **step <= least).for_each(|step| *step = 0.0);
    steps
}

/// Returns the step to which a column is rounded, or 0.
pub(super) fn step(column: ArrayView1<'_, f64>) -> f64 {
    rounding_step(column.iter().copied()).unwrap_or(0.0)
}

/// Returns the geometric mean of the positive distances to the k-th neighbor.
fn distance(x: ArrayView2<'_, f64>, k: usize, norm: Norm, periods: &[f64], window: usize) -> Option<f64> {
    let metric = match periods.iter().any(|period| period.is_finite()) {
        true => Metric::Torus(norm, periods),
        false => Metric::Norm(norm),
    };
    let neighbors = Auto.among(&Samples::new(x).ok()?, k, metric, window).ok()?;
    let logs: Vec<f64> = neighbors.distances.column(k - 1).iter().filter(|r| **r > 0.0).map(|r| r.ln()).collect();
    let mean = logs.iter().sum::<f64>() / logs.len() as f64;
    mean.is_finite().then(|| mean.exp())
}

/// Returns the number of rows that coincide with another row.
pub(super) fn coinciding(x: ArrayView2<'_, f64>) -> usize {
    let x = x.as_standard_layout();
    let numbers = x.as_slice().expect("the standard layout");
    let row = |i: usize| &numbers[i * x.ncols()..][..x.ncols()];
    // Sorted positions need a tenth of the memory of a set of rows.
    let mut order = Vec::from_iter(0..x.nrows());
    order.par_sort_unstable_by(|&a, &b| row(a).partial_cmp(row(b)).unwrap_or(Ordering::Equal));
    order.chunk_by(|&a, &b| row(a) == row(b)).map(<[usize]>::len).filter(|&count| count > 1).sum()
}

/// Reflects numbers that were spread beyond the limits, because the number before rounding was
/// inside.
pub(super) fn reflect(x: &mut Array2<f64>, low: f64, high: f64) {
    x.mapv_inplace(|x| if x < low { 2.0 * low - x } else { x });
    x.mapv_inplace(|x| if x > high { 2.0 * high - x } else { x });
}

/// Returns a step as text without the digits that are due to rounding errors.
pub(super) fn shown(step: f64) -> String {
    let short: f64 = format!("{step:.9e}").parse().unwrap_or(step);
    if (1e-6..1e9).contains(&short) { format!("{short}") } else { format!("{short:e}") }
}

/// Returns notes like `column x is rounded to 0.01; dithered within that step (seed 0)`.
pub(super) fn notes(names: &[String], steps: &[f64], seed: u64) -> Vec<String> {
    let one = |(name, step): (&String, &f64)| {
        format!("column {name} is rounded to {}; dithered within that step (seed {seed})", shown(*step))
    };
    names.iter().zip(steps).filter(|(_, step)| **step > 0.0).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    /// Returns a chaotic sequence.
    fn numbers(n: usize) -> Array2<f64> {
        let mut x = 0.3_f64;
        Array2::from_shape_simple_fn((n, 1), || {
            x = 3.99 * x * (1.0 - x);
            x
        })
    }

    #[test]
    fn a_step_is_coarse_compared_with_distances() {
        let coarse =
            |step: f64| coarse_steps(numbers(500).mapv(|x| (x / step).round() * step).view(), 3, Norm::L2, &[], 0)[0];
        assert!((coarse(0.01) - 0.01).abs() < 1e-12);
        assert_eq!((coarse(1e-6), coarse_steps(numbers(500).view(), 3, Norm::L2, &[], 0)[0]), (0.0, 0.0));
    }

    #[test]
    fn values_of_dither_are_parsed_and_applied() {
        assert!(matches!("0.01,0".parse(), Ok(Dither::Steps(steps)) if steps == [0.01, 0.0]));
        for text in ["", "x", "-1", "inf", "1,"] {
            assert!(text.parse::<Dither>().is_err(), "{text}");
        }
        let one = Dither::Steps(vec![0.5]);
        assert_eq!(one.steps(2, Vec::new).unwrap(), Some(vec![0.5, 0.5]));
        assert!(Dither::Steps(vec![0.5, 1.0]).steps(3, Vec::new).is_err());
        assert_eq!(Dither::Auto.steps(1, || vec![0.0]).unwrap(), None);
    }

    #[test]
    fn numbers_are_reflected_and_rows_counted() {
        let mut x = ndarray::array![[-0.25], [0.5], [1.125]];
        reflect(&mut x, 0.0, 1.0);
        assert_eq!(x, ndarray::array![[0.25], [0.5], [0.875]]);
        assert_eq!(coinciding(ndarray::array![[0.0, 1.0], [-0.0, 1.0], [2.0, 1.0], [0.0, 1.0]].view()), 3);
    }
}
