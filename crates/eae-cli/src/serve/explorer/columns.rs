use eae::data::Columns;
use ndarray::{ArrayView4, Axis};
use serde::Serialize;

/// Numbers of standard deviations to each side of the mean that contain 90 % and nearly 100 % of a
/// Gaussian.
const USUAL: f64 = 1.645;
const ALL: f64 = 3.5;

/// Number of bins of a histogram.
const PARTS: usize = 24;

/// Column of the table with the distribution of its values.
#[derive(Debug, PartialEq, Serialize)]
pub(in crate::serve) struct Column {
    name: String,
    mean: f64,
    /// Standard deviation: 0 if the column was constant in training.
    sd: f64,
    least: f64,
    /// Range of the middle 90 % of the values.
    low: f64,
    high: f64,
    most: f64,
    /// Histogram of the values, from the smallest to the largest. Empty without data.
    counts: Vec<u32>,
}

/// Returns the distribution of each column: from the standardized rows, or only from the mean and
/// standard deviation of the column.
pub(super) fn spreads(columns: &Columns, rows: Option<ArrayView4<'_, f32>>) -> Vec<Column> {
    let of = |column| {
        let values = rows.map(|rows| sorted(rows.index_axis(Axis(2), column).iter().copied()));
        let [least, low, high, most] = values.as_deref().map_or([-ALL, -USUAL, USUAL, ALL], quantiles);
        let (mean, sd) = columns.moments(column);
        let restored = |z: f64| mean + sd * z;
        Column {
            name: columns.name(column),
            mean,
            sd,
            least: restored(least),
            low: restored(low),
            high: restored(high),
            most: restored(most),
            counts: values.as_deref().map_or_else(Vec::new, counts),
        }
    };
    (0..columns.len()).map(of).collect()
}

fn sorted(values: impl Iterator<Item = f32>) -> Vec<f32> {
    let mut values: Vec<f32> = values.collect();
    values.sort_by(f32::total_cmp);
    values
}

/// Returns the minimum, the 5 % and 95 % quantiles, and the maximum.
fn quantiles(sorted: &[f32]) -> [f64; 4] {
    let last = sorted.len() - 1;
    [0.0, 0.05, 0.95, 1.0].map(|share| f64::from(sorted[(share * last as f64).round() as usize]))
}

fn counts(sorted: &[f32]) -> Vec<u32> {
    let (least, most) = (sorted[0], sorted[sorted.len() - 1]);
    let mut counts = vec![0; PARTS];
    for value in sorted {
        // In a constant column, every value is in the first bin.
        let part = ((value - least) / (most - least) * PARTS as f32) as usize;
        counts[part.min(PARTS - 1)] += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    #[test]
    fn distributions_are_in_the_units_of_the_table() {
        let rows = Array2::from_shape_fn((101, 2), |(row, column)| if column == 0 { row as f64 - 7.0 } else { 5.0 });
        let columns = Columns::fit(rows.view(), Some(vec!["a".to_owned(), "b".to_owned()]));
        let found = spreads(&columns, Some(columns.standardize::<f32>(rows.view()).view()));
        let places = [found[0].least, found[0].low, found[0].high, found[0].most];
        assert!(places.iter().zip([-7.0, -2.0, 88.0, 93.0]).all(|(a, b)| (a - b).abs() < 1e-4), "{places:?}");
        assert_eq!((found[1].least, found[1].most, found[1].sd), (5.0, 5.0, 0.0));
        assert_eq!((found[0].counts[0], found[0].counts[PARTS - 1], found[1].counts[0]), (5, 5, 101));
        assert_eq!(found[0].counts.iter().sum::<u32>(), 101);
        let without = spreads(&Columns::fit(rows.view(), None), None);
        assert_eq!(without[1].name, "column 1");
        assert!(without[0].least < without[0].low && without[0].low < without[0].mean, "{without:?}");
    }
}
