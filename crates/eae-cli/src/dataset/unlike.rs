//! Rows that are unlike those on which a model was trained.

use eae::data::Columns;
use ndarray::{ArrayView4, Axis};

/// Distances from the training mean in standard deviations, and the largest share of the training
/// rows that can be farther away, by Chebyshev's inequality.
const FAR: [(f64, f64); 3] = [(3.0, 1.0 / 9.0), (5.0, 1.0 / 25.0), (30.0, 1.0 / 900.0)];
/// A column is unlike if one of its rows is farther than `ALONE`, or all of them are farther than
/// `ALL`.
const ALONE: f64 = 1000.0;
const ALL: f64 = 30.0;
/// Spread in training standard deviations below which a column is in other units, and the fewest
/// rows that show it. Rows without the outliers of a heavy tail also have a small spread, but they
/// are near the training mean.
const NARROW: f64 = 0.05;
const ENOUGH: usize = 20;
/// Largest number of columns with a warning of their own.
const MOST: usize = 5;

/// Returns a warning for each column whose values are very unlikely under the distribution of the
/// training rows. The rows are standardized by the columns of the model.
pub(super) fn unlike(name: &str, rows: ArrayView4<'_, f32>, columns: &Columns) -> Vec<String> {
    let found: Vec<String> = (0..columns.len()).filter_map(|column| one(name, rows, columns, column)).collect();
    let more = found.len().saturating_sub(MOST);
    let last = (more > 0).then(|| format!("{name}: {more} more columns are unlike the training data"));
    found.into_iter().take(MOST).chain(last).collect()
}

fn one(name: &str, rows: ArrayView4<'_, f32>, columns: &Columns, column: usize) -> Option<String> {
    let values: Vec<f64> = rows.index_axis(Axis(2), column).iter().map(|&x| f64::from(x)).collect();
    if values.is_empty() {
        return None;
    }
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let spread = (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
    let is_far = |(distance, share): (f64, f64)| {
        let (count, expected) = (values.iter().filter(|x| x.abs() > distance).count() as f64, n * share);
        // One row can be an outlier.
        count > expected + 4.0 * expected.sqrt() + 1.0
    };
    let is_narrow = values.len() >= ENOUGH && spread > 0.0 && spread < NARROW && mean.abs() > 0.5;
    let (any, all) = (values.iter().any(|x| x.abs() > ALONE), values.iter().all(|x| x.abs() > ALL));
    if !is_narrow && !any && !all && !FAR.into_iter().any(is_far) {
        return None;
    }
    let (center, scale) = columns.moments(column);
    // The standardized values have single precision.
    let own = |x: f64| {
        let value = center + scale * x;
        number(if value.abs() < 1e-6 * center.abs().max(scale) { 0.0 } else { value })
    };
    let [low, high] = [f64::min, f64::max].map(|end| values.iter().copied().reduce(end).unwrap_or(mean));
    Some(format!(
        "{name}: {} is unlike the training data: its mean is {} (from {} to {}), but that of the training is {} with \
         standard deviation {}; check its unit and the order of the columns",
        columns.describe(column),
        own(mean),
        own(low),
        own(high),
        number(center),
        number(scale)
    ))
}

/// Returns a number with four digits.
fn number(x: f64) -> String {
    let short: f64 = format!("{x:.3e}").parse().unwrap_or(x);
    if short == 0.0 || (1e-4..1e7).contains(&short.abs()) { format!("{short}") } else { format!("{short:e}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use eae::sampler::normal;
    use ndarray::Array2;

    fn warnings(train: &Array2<f64>, rows: &Array2<f64>) -> Vec<String> {
        let columns = Columns::fit(train.view(), None);
        unlike("x.csv", columns.standardize::<f32>(rows.view()).view(), &columns)
    }

    #[test]
    fn rows_of_the_same_kind_are_alike() {
        for seed in 0..40 {
            let z = normal::<f64>(2000, 1, seed);
            for x in
                [z.clone(), z.mapv(|z| z.exp()), z.mapv(|z| (3.0 * z).exp()), z.mapv(|z| f64::from(u8::from(z > 2.0)))]
            {
                let (train, rest) = x.view().split_at(Axis(0), 1000);
                for n in [2, 10, 50, 1000] {
                    let rows = rest.slice_axis(Axis(0), (..n).into()).to_owned();
                    assert_eq!(warnings(&train.to_owned(), &rows), [""; 0], "seed {seed}, {n} rows");
                }
            }
        }
    }

    #[test]
    fn other_units_and_orders_are_found() {
        let mut train = normal::<f64>(1000, 2, 1);
        train.column_mut(0).mapv_inplace(|z| 50_000.0 + 20_000.0 * z);
        for (factor, rows) in [(1e-3, 20), (12.0, 20), (100.0, 1)] {
            let mut other = train.slice_axis(Axis(0), (..rows).into()).to_owned();
            other.column_mut(0).mapv_inplace(|x| factor * x);
            let said = warnings(&train, &other);
            assert!(said.len() == 1 && said[0].starts_with("x.csv: column 0 is unlike"), "{factor}: {said:?}");
        }
        let mut swapped = train.clone();
        swapped.invert_axis(Axis(1));
        assert_eq!(warnings(&train, &swapped).len(), 2);
        let wide = Array2::from_elem((1, 8), 1e9);
        let said = warnings(&normal::<f64>(100, 8, 2), &wide);
        assert_eq!(said.len(), MOST + 1);
        assert_eq!(said[MOST], "x.csv: 3 more columns are unlike the training data");
        assert!(said[0].contains("its mean is 1e9 (from 1e9 to 1e9), but that of the training is "), "{}", said[0]);
    }
}
