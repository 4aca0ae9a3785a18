use std::fmt;

use ndarray::{Array2, Array4, ArrayView1, ArrayView2, ArrayView4, Axis, NdFloat};
use serde::{Deserialize, Serialize};

use crate::number::{narrow, widen};

/// What the numbers of a vector are: the columns of the table whose rows are the vectors.
///
/// Networks see each column at mean 0 and standard deviation 1. A column whose rows are all alike
/// says nothing and is left at 0; on the way back it is what it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Parts")]
pub struct Columns {
    #[serde(skip_serializing_if = "Option::is_none")]
    names: Option<Vec<String>>,
    mean: Vec<f64>,
    scale: Vec<f64>,
}

impl Columns {
    /// Mean and standard deviation (divisor n - 1) of rows, which are finite.
    ///
    /// # Panics
    ///
    /// If there is no row, or there are names and not as many as columns.
    pub fn fit(rows: ArrayView2<'_, f64>, names: Option<Vec<String>>) -> Self {
        assert!(names.as_ref().is_none_or(|names| names.len() == rows.ncols()), "a name for each column");
        let (mean, scale) = rows.axis_iter(Axis(1)).map(moments).unzip();
        Self { names, mean, scale }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.mean.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.mean.is_empty()
    }

    /// What the header of the table calls them, if it has one.
    pub fn names(&self) -> Option<&[String]> {
        self.names.as_deref()
    }

    /// Mean and standard deviation of one; the latter is 0 if its rows are all alike.
    pub fn moments(&self, column: usize) -> (f64, f64) {
        (self.mean[column], self.scale[column])
    }

    /// Those whose rows are all alike.
    pub fn constant(&self) -> impl Iterator<Item = usize> {
        self.scale.iter().enumerate().filter(|(_, scale)| **scale == 0.0).map(|(column, _)| column)
    }

    /// One in a sentence: `column 2 ("age")`, counted from 0.
    pub fn describe(&self, column: usize) -> impl fmt::Display {
        described(self.names(), column)
    }

    /// Rows as the networks take them, `[rows, 1, columns, 1]`.
    ///
    /// # Panics
    ///
    /// If there are not as many columns.
    pub fn standardize<F: NdFloat>(&self, rows: ArrayView2<'_, f64>) -> Array4<F> {
        assert_eq!(rows.ncols(), self.len(), "columns");
        Array4::from_shape_fn((rows.nrows(), 1, self.len(), 1), |(row, _, column, _)| {
            let scale = self.scale[column];
            narrow(if scale == 0.0 { 0.0 } else { (rows[[row, column]] - self.mean[column]) / scale })
        })
    }

    /// The way back: what the networks give, in the units of the table.
    ///
    /// # Panics
    ///
    /// If they are not `[rows, 1, columns, 1]`.
    pub fn restore<F: NdFloat>(&self, images: ArrayView4<'_, F>) -> Array2<f64> {
        let (rows, one, columns, channels) = images.dim();
        assert_eq!([one, columns, channels], [1, self.len(), 1], "images of one row");
        Array2::from_shape_fn((rows, columns), |(row, column)| {
            self.mean[column] + self.scale[column] * widen(images[[row, 0, column, 0]])
        })
    }
}

/// The mean and the standard deviation, which is 0 only if all values are alike, to the precision
/// of the smallest numbers.
///
/// Of differences from the first value, or a column whose mean is large would lose its deviation;
/// in halves, as a difference may be twice as large as there are numbers; and in parts of the
/// largest, whose square may be larger.
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
    // Twice at the end: what comes before has room.
    (2.0 * (first / 2.0 + largest * mean), 2.0 * (largest * deviation))
}

/// See [`Columns::describe`].
pub(crate) fn described(names: Option<&[String]>, column: usize) -> String {
    match names {
        Some(names) => format!("column {column} ({:?})", names[column]),
        None => format!("column {column}"),
    }
}

/// As they are in a file, and not yet known to fit together.
#[derive(Deserialize)]
struct Parts {
    #[serde(default)]
    names: Option<Vec<String>>,
    mean: Vec<f64>,
    scale: Vec<f64>,
}

impl TryFrom<Parts> for Columns {
    type Error = String;

    fn try_from(Parts { names, mean, scale }: Parts) -> Result<Self, String> {
        let counts = (names.as_ref().map_or(mean.len(), Vec::len), mean.len(), scale.len());
        if counts.0 != counts.1 || counts.1 != counts.2 || mean.is_empty() {
            return Err(format!("columns with {} names, {} means and {} scales", counts.0, counts.1, counts.2));
        }
        match scale.iter().find(|scale| !(0.0..f64::INFINITY).contains(*scale)) {
            Some(scale) => Err(format!("a scale of {scale}, it must be finite, 0 or above")),
            None => Ok(Self { names, mean, scale }),
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
        // What is constant is what it was, whatever a decoder makes of it.
        let decoded = Array4::from_elem((1, 1, 3, 1), 7.0_f32);
        assert_eq!(columns.restore(decoded.view())[[0, 1]], 5.0);
        // Tenths have no exact sum, and are alike all the same.
        assert_eq!(moments(Array1::from_elem(7, 0.1).view()), (0.1, 0.0));
        assert!(moments(array![0.1, 0.1 + f64::EPSILON / 16.0].view()).1 > 0.0);
    }

    #[test]
    fn kept_to_the_last_bit_and_nothing_else_is_taken() {
        let columns = Columns::fit(array![[0.1, 1e-300], [0.7, 3e300], [1.0 / 3.0, 5.0]].view(), None);
        let text = serde_json::to_string(&columns).unwrap();
        assert_eq!(serde_json::from_str::<Columns>(&text).unwrap(), columns);
        for (text, expected) in [
            (r#"{"mean":[1],"scale":[1,2]}"#, "columns with 1 names, 1 means and 2 scales"),
            (r#"{"names":["a","b"],"mean":[1],"scale":[1]}"#, "columns with 2 names"),
            (r#"{"mean":[],"scale":[]}"#, "columns with 0 names"),
            (r#"{"mean":[1],"scale":[-1]}"#, "a scale of -1"),
            (r#"{"mean":[1e999],"scale":[1]}"#, "number out of range"),
        ] {
            let error = serde_json::from_str::<Columns>(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    /// To the rounding of the three operations, which is that of the largest number in them.
    #[test]
    fn there_and_back() {
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
