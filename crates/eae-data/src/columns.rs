use std::fmt;

use ndarray::{Array2, Array4, ArrayView1, ArrayView2, ArrayView4, Axis, NdFloat};
use serde::{Deserialize, Serialize};

use crate::number::{narrow, widen};

/// The columns of a table whose rows are the vectors, with the scale of each column.
///
/// Networks see each column with mean 0 and standard deviation 1. A constant column carries no
/// information and becomes 0. Restoring it gives its original value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Parts")]
pub struct Columns {
    #[serde(skip_serializing_if = "Option::is_none")]
    names: Option<Vec<String>>,
    mean: Vec<f64>,
    scale: Vec<f64>,
    /// The smallest and the largest number of each column. Empty if they are not known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    range: Vec<[f64; 2]>,
    /// The columns that have only whole numbers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    whole: Vec<usize>,
}

/// Number of standard deviations from the mean at which an outlier begins.
const OUTLIER: f64 = 20.0;
/// Largest number up to which every whole number has a floating-point number of its own.
const LARGEST_WHOLE: f64 = 9_007_199_254_740_992.0;

impl Columns {
    /// Computes mean, standard deviation (divisor n - 1) and range of rows, and finds columns of
    /// whole numbers.
    ///
    /// # Panics
    ///
    /// If there are no rows, a number is not finite, or the numbers of names and columns differ.
    pub fn fit(rows: ArrayView2<'_, f64>, names: Option<Vec<String>>) -> Self {
        assert!(names.as_ref().is_none_or(|names| names.len() == rows.ncols()), "one name per column");
        assert!(rows.nrows() > 0, "columns without rows have no mean");
        if let Some(((row, column), value)) = rows.indexed_iter().find(|(_, value)| !value.is_finite()) {
            panic!("row {row}, column {column} (from 0) is {value}; numbers must be finite");
        }
        let columns = || rows.axis_iter(Axis(1));
        let (mean, scale) = columns().map(moments).unzip();
        let end = |column: &ArrayView1<'_, f64>, of: fn(f64, f64) -> f64| column.fold(column[0], |end, &x| of(end, x));
        let range = columns().map(|column| [end(&column, f64::min), end(&column, f64::max)]).collect();
        let is_whole = |x: &f64| x.fract() == 0.0 && x.abs() <= LARGEST_WHOLE;
        let whole = columns().enumerate().filter(|(_, column)| column.iter().all(is_whole)).map(|(number, _)| number);
        Self { names, mean, scale, range, whole: whole.collect() }
    }

    /// Returns the number of columns.
    pub fn len(&self) -> usize {
        self.mean.len()
    }

    /// Returns true if there are no columns.
    pub fn is_empty(&self) -> bool {
        self.mean.is_empty()
    }

    /// Returns the names in the header of the table, if it has one.
    pub fn names(&self) -> Option<&[String]> {
        self.names.as_deref()
    }

    /// Returns mean and standard deviation of a column. The deviation of a constant column is 0.
    pub fn moments(&self, column: usize) -> (f64, f64) {
        (self.mean[column], self.scale[column])
    }

    /// Returns the constant columns.
    pub fn constant(&self) -> impl Iterator<Item = usize> {
        self.scale.iter().enumerate().filter(|(_, scale)| **scale == 0.0).map(|(column, _)| column)
    }

    /// Returns the columns with a number far from all others, and this number: its distance from
    /// the mean is more than 20 standard deviations. After standardization, the other numbers
    /// hardly differ.
    pub fn with_outliers(&self) -> impl Iterator<Item = (usize, f64)> {
        self.range.iter().enumerate().filter_map(|(column, ends)| {
            let distance = |end: &f64| (end - self.mean[column]).abs() / self.scale[column];
            let farthest = *ends.iter().max_by(|a, b| distance(a).total_cmp(&distance(b)))?;
            (self.scale[column] > 0.0 && distance(&farthest) > OUTLIER).then_some((column, farthest))
        })
    }

    /// Returns the columns that have only whole numbers.
    pub fn whole(&self) -> &[usize] {
        &self.whole
    }

    /// Returns true if the range of each column in the training rows is known. A model file can
    /// lack the ranges.
    pub fn has_ranges(&self) -> bool {
        !self.range.is_empty()
    }

    /// Limits each number of `rows` `[n, columns]`, in the units of the table, to the range of its
    /// column in the training rows, and rounds columns of whole numbers. A decoder knows neither,
    /// so that it can give a negative age, or 2.3 children.
    ///
    /// # Panics
    ///
    /// If the number of columns differs.
    pub fn plausible(&self, mut rows: Array2<f64>) -> Array2<f64> {
        assert_eq!(rows.ncols(), self.len(), "the number of columns differs");
        for (mut column, [low, high]) in rows.axis_iter_mut(Axis(1)).zip(&self.range) {
            column.mapv_inplace(|x| x.clamp(*low, *high));
        }
        // Adding 0 makes -0 equal to 0.
        self.whole.iter().for_each(|&column| rows.column_mut(column).mapv_inplace(|x| x.round() + 0.0));
        rows
    }

    /// Describes a column for a sentence: `column 2 ("age")`, counted from 0.
    pub fn describe(&self, column: usize) -> impl fmt::Display {
        described(self.names(), column)
    }

    /// Returns the name of a column, or `column 3` if the columns have no names.
    ///
    /// # Panics
    ///
    /// If there is no such column.
    pub fn name(&self, column: usize) -> String {
        self.names().map_or_else(|| format!("column {column}"), |names| names[column].clone())
    }

    /// Standardizes rows for the networks, as `[rows, 1, columns, 1]`.
    ///
    /// # Panics
    ///
    /// If the number of columns differs.
    pub fn standardize<F: NdFloat>(&self, rows: ArrayView2<'_, f64>) -> Array4<F> {
        assert_eq!(rows.ncols(), self.len(), "the number of columns differs");
        Array4::from_shape_fn((rows.nrows(), 1, self.len(), 1), |(row, _, column, _)| {
            let scale = self.scale[column];
            narrow(if scale == 0.0 { 0.0 } else { (rows[[row, column]] - self.mean[column]) / scale })
        })
    }

    /// Converts the output of the networks back to the units of the table.
    ///
    /// # Panics
    ///
    /// If the shape is not `[rows, 1, columns, 1]`.
    pub fn restore<F: NdFloat>(&self, images: ArrayView4<'_, F>) -> Array2<f64> {
        let (rows, one, columns, channels) = images.dim();
        assert_eq!([one, columns, channels], [1, self.len(), 1], "images of one row");
        Array2::from_shape_fn((rows, columns), |(row, column)| {
            self.mean[column] + self.scale[column] * widen(images[[row, 0, column, 0]])
        })
    }
}

/// Returns the mean and the standard deviation. The deviation is 0 only if all values are equal, to
/// the precision of the smallest numbers.
///
/// Uses differences from the first value, because a column with a large mean would otherwise lose
/// its deviation to rounding. Halves them, because a difference can be twice the largest finite
/// number. Scales them by the largest, because its square can overflow.
fn moments(values: ArrayView1<'_, f64>) -> (f64, f64) {
    let first = values[0];
    let halves = values.mapv(|value| value / 2.0 - first / 2.0);
    let largest = halves.fold(0.0_f64, |largest, half| largest.max(half.abs()));
    if largest == 0.0 {
        return (first, 0.0);
    }
    let parts = halves / largest;
    let mean = parts.sum() / parts.len() as f64;
    let sum = parts.fold(0.0, |sum, part| sum + (part - mean).powi(2));
    let deviation = (sum / (parts.len() as f64 - 1.0)).sqrt();
    // Double at the end, to avoid overflow before.
    (2.0 * (first / 2.0 + largest * mean), 2.0 * (largest * deviation))
}

/// See [`Columns::describe`].
pub(crate) fn described(names: Option<&[String]>, column: usize) -> String {
    match names {
        Some(names) => format!("column {column} ({:?})", names[column]),
        None => format!("column {column}"),
    }
}

/// The fields as read from a file, before it is checked that they fit together.
#[derive(Deserialize)]
struct Parts {
    #[serde(default)]
    names: Option<Vec<String>>,
    mean: Vec<f64>,
    scale: Vec<f64>,
    #[serde(default)]
    range: Vec<[f64; 2]>,
    #[serde(default)]
    whole: Vec<usize>,
}

impl TryFrom<Parts> for Columns {
    type Error = String;

    fn try_from(Parts { names, mean, scale, range, whole }: Parts) -> Result<Self, String> {
        let counts = (names.as_ref().map_or(mean.len(), Vec::len), mean.len(), scale.len());
        if counts.0 != counts.1 || counts.1 != counts.2 || mean.is_empty() {
            return Err(format!("the columns have {} names, {} means and {} scales", counts.0, counts.1, counts.2));
        }
        if !range.is_empty() && range.len() != mean.len() {
            return Err(format!("the columns have {} ranges and {} means", range.len(), mean.len()));
        }
        if let Some([low, high]) =
            range.iter().find(|[low, high]| !(low.is_finite() && high.is_finite() && low <= high))
        {
            return Err(format!("a range is from {low} to {high}; it must be finite, the smaller number first"));
        }
        if let Some(column) = whole.iter().find(|column| **column >= mean.len()) {
            return Err(format!("column {column} has whole numbers, but there are {} columns", mean.len()));
        }
        match scale.iter().find(|scale| !(0.0..f64::INFINITY).contains(*scale)) {
            Some(scale) => Err(format!("the scale is {scale}; it must be finite, 0 or above")),
            None => Ok(Self { names, mean, scale, range, whole }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array1, array};
    use ndarray_rand::rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn outliers_are_far_from_the_mean() {
        let mut rows = Array2::from_shape_fn((2000, 3), |(i, j)| (i * (j + 3) % 97) as f64);
        rows[[7, 1]] = -1e12;
        rows.column_mut(2).fill(4.0);
        let columns = Columns::fit(rows.view(), None);
        assert_eq!(columns.with_outliers().collect::<Vec<_>>(), [(1, -1e12)]);
    }

    #[test]
    fn mean_and_deviation() {
        let rows = array![[1.0, 5.0, -2e300], [2.0, 5.0, 2e300], [6.0, 5.0, 0.0]];
        let columns = Columns::fit(rows.view(), Some(["a", "b", "c"].map(str::to_owned).to_vec()));
        // statistics.stdev([1, 2, 6]).
        let (mean, deviation) = columns.moments(0);
        assert!((mean - 3.0).abs() < 1e-15 && (deviation - 2.6457513110645907).abs() < 1e-15, "{mean} {deviation}");
        assert_eq!((columns.moments(1), columns.moments(2)), ((5.0, 0.0), (0.0, 2e300)));
        assert_eq!(
            (columns.constant().collect::<Vec<_>>(), columns.describe(1).to_string()),
            (vec![1], "column 1 (\"b\")".into())
        );
        let images = columns.standardize::<f64>(rows.view());
        assert_eq!(images.index_axis(Axis(2), 1).sum(), 0.0);
        assert_eq!(images.index_axis(Axis(2), 2).iter().copied().collect::<Vec<_>>(), [-1.0, 1.0, 0.0]);
        // A constant column is restored exactly, whatever the decoder's output.
        let decoded = Array4::from_elem((1, 1, 3, 1), 7.0_f32);
        assert_eq!(columns.restore(decoded.view())[[0, 1]], 5.0);
        // Tenths have no exact sum, but the column is constant.
        assert_eq!(moments(Array1::from_elem(7, 0.1).view()), (0.1, 0.0));
        assert!(moments(array![0.1, 0.1 + f64::EPSILON / 16.0].view()).1 > 0.0);
    }

    #[test]
    fn plausible_rows_have_the_range_and_the_whole_numbers_of_the_table() {
        let columns = Columns::fit(array![[0.0, 0.5, 2000.0], [3.0, 7.0, 2023.0], [1.0, 2.0, 2010.0]].view(), None);
        assert_eq!(columns.whole(), [0, 2]);
        let rows = columns.plausible(array![[-0.4, 9.0, 2011.5], [2.3, -1.0, 1984.2], [0.6, 3.25, 2029.0]]);
        assert_eq!(rows, array![[0.0, 7.0, 2012.0], [2.0, 0.5, 2000.0], [1.0, 3.25, 2023.0]]);
        assert!(rows[[0, 0]].is_sign_positive());
        // Nothing is known of a model without ranges.
        let unknown: Columns = serde_json::from_str(r#"{"mean":[1],"scale":[1]}"#).unwrap();
        assert_eq!(unknown.plausible(array![[-0.4]]), array![[-0.4]]);
        assert!(columns.has_ranges() && !unknown.has_ranges());
        // Every double above 2^53 is whole.
        assert!(Columns::fit(array![[1e16], [3e16]].view(), None).whole().is_empty());
    }

    #[test]
    #[should_panic(expected = "row 1, column 0 (from 0) is NaN")]
    fn numbers_must_be_finite() {
        Columns::fit(array![[1.0, 2.0], [f64::NAN, 3.0]].view(), None);
    }

    #[test]
    fn serialization_is_exact_and_checked() {
        let columns = Columns::fit(array![[0.1, 1e-300], [0.7, 3e300], [1.0 / 3.0, 5.0]].view(), None);
        let text = serde_json::to_string(&columns).unwrap();
        assert_eq!(serde_json::from_str::<Columns>(&text).unwrap(), columns);
        for (text, expected) in [
            (r#"{"mean":[1],"scale":[1,2]}"#, "the columns have 1 names, 1 means and 2 scales"),
            (r#"{"names":["a","b"],"mean":[1],"scale":[1]}"#, "the columns have 2 names"),
            (r#"{"mean":[],"scale":[]}"#, "the columns have 0 names"),
            (r#"{"mean":[1],"scale":[-1]}"#, "the scale is -1"),
            (r#"{"mean":[1e999],"scale":[1]}"#, "number out of range"),
            (r#"{"mean":[1],"scale":[1],"range":[[0,1],[0,1]]}"#, "the columns have 2 ranges and 1 means"),
            (r#"{"mean":[1],"scale":[1],"range":[[1,0]]}"#, "a range is from 1 to 0"),
            (r#"{"mean":[1],"scale":[1],"whole":[1]}"#, "column 1 has whole numbers, but there are 1 columns"),
        ] {
            let error = serde_json::from_str::<Columns>(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    /// The tolerance is the rounding of the three operations, relative to the largest number in
    /// them.
    #[test]
    fn restore_undoes_standardize() {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        for _ in 0..256 {
            let (offset, count): (f64, usize) = (rng.random_range(-1e9..1e9), rng.random_range(2..40));
            let rows = Array2::from_shape_simple_fn((count, 1), || rng.random_range(-1e9..1e9) + offset);
            let columns = Columns::fit(rows.view(), None);
            let images = columns.standardize::<f64>(rows.view());
            let back = columns.restore(images.view());
            let largest = rows.iter().fold(columns.moments(0).0.abs(), |largest, x| largest.max(x.abs()));
            for (back, row) in back.iter().zip(&rows) {
                assert!((back - row).abs() <= 4.0 * f64::EPSILON * largest, "{row} became {back}");
            }
            let n = count as f64;
            let mean = images.sum() / n;
            let variance = images.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
            assert!(mean.abs() < 1e-6 && (variance - 1.0).abs() < 1e-6, "{mean} {variance}");
        }
    }
}
