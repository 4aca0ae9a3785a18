//! Blocks of columns for an information: numbers, labels and their scales.

use std::collections::HashSet;

use knn_entropy::{Correction, Error, correct};
use ndarray::{Array2, ArrayView1, Axis};

use super::input::Data;
use super::rounding::coinciding;
use super::shape::{heavy_tails, normal_scores, runs};
use crate::failure::Failure;

/// Largest number of distinct numbers that can be labels.
pub(super) const LABELS: usize = 20;
/// Smallest number of rows per label on average.
const ROWS_PER_LABEL: usize = 10;

/// The columns of one variable.
#[derive(Clone)]
pub(super) struct Block {
    pub(super) values: Array2<f64>,
    pub(super) names: Vec<String>,
    /// The period of each column, or infinity.
    pub(super) periods: Vec<f64>,
    /// Marks the columns of labels, whose values have no distances.
    pub(super) labels: Vec<bool>,
    /// The divisor of each column.
    pub(super) scales: Vec<f64>,
    /// Marks the columns that --numeric names, which are never read as labels.
    pub(super) numeric: Vec<bool>,
}

impl Block {
    /// Selects columns of a file. Columns of text and those in `labels` are labels.
    pub(super) fn new(data: &Data, columns: &[usize], labels: &[usize]) -> Self {
        let label = |column: &usize| data.table.categories[*column].is_some() || labels.contains(column);
        Self {
            values: data.values(columns),
            names: columns.iter().map(|&column| data.column(column)).collect(),
            periods: data.periods(columns),
            labels: columns.iter().map(label).collect(),
            scales: vec![1.0; columns.len()],
            numeric: vec![false; columns.len()],
        }
    }

    /// Creates a block of computed numbers.
    pub(super) fn of_numbers(values: Array2<f64>, names: Vec<String>, periods: Vec<f64>, scales: Vec<f64>) -> Self {
        let none = vec![false; values.ncols()];
        Self { values, names, periods, scales, labels: none.clone(), numeric: none }
    }

    /// Returns the first rows.
    pub(super) fn first(&self, rows: usize) -> Self {
        Self { values: self.values.slice_axis(Axis(0), (..rows).into()).to_owned(), ..self.clone() }
    }

    pub(super) fn width(&self) -> usize {
        self.values.ncols()
    }

    pub(super) fn all_labels(&self) -> bool {
        self.width() > 0 && self.labels.iter().all(|label| *label)
    }

    pub(super) fn no_labels(&self) -> bool {
        !self.labels.contains(&true)
    }

    /// Returns the fraction of rows that coincide with another row.
    pub(super) fn repeated(&self) -> f64 {
        coinciding(self.values.view()) as f64 / self.values.nrows().max(1) as f64
    }

    /// Returns true for a single column of few distinct numbers with many rows each, which can be
    /// codes of classes.
    pub(super) fn could_be_a_label(&self) -> bool {
        if self.width() != 1 || self.labels[0] || self.numeric[0] || self.periods[0].is_finite() {
            return false;
        }
        // The unit does not matter, so that codes need not be whole numbers.
        let distinct = self.distinct();
        (2..=LABELS).contains(&distinct) && self.values.nrows() >= ROWS_PER_LABEL * distinct
    }

    /// Returns true if there are many rows for each pair of two columns' numbers.
    pub(super) fn are_codes_beside(&self, other: &Self) -> bool {
        self.values.nrows() >= ROWS_PER_LABEL * self.distinct() * other.distinct()
    }

    /// Returns the number of distinct numbers.
    pub(super) fn distinct(&self) -> usize {
        runs(&self.values).len()
    }

    /// Returns true if the block could be a label and the rows are sorted by it, so that equal rows
    /// are adjacent.
    pub(super) fn sorts_rows(&self) -> bool {
        if !self.all_labels() && !self.could_be_a_label() {
            return false;
        }
        let key = |row: ArrayView1<'_, f64>| row.iter().map(|x| (x + 0.0).to_bits()).collect::<Vec<_>>();
        let mut rows: Vec<_> = self.values.outer_iter().map(key).collect();
        rows.dedup();
        let runs = rows.len();
        runs < self.values.nrows() && rows.into_iter().collect::<HashSet<_>>().len() == runs
    }

    /// Standardizes the columns that are not labels. The error is the number of a constant column.
    pub(super) fn standardize(&mut self) -> Result<(), usize> {
        let numbers: Vec<usize> = (0..self.width()).filter(|&c| !self.labels[c]).collect();
        let mut values = self.values.select(Axis(1), &numbers);
        let mut periods: Vec<f64> = numbers.iter().map(|&c| self.periods[c]).collect();
        let deviations = standardize(&mut values, &mut periods).map_err(|column| numbers[column])?;
        for (place, &column) in numbers.iter().enumerate() {
            self.values.column_mut(column).assign(&values.column(place));
            self.periods[column] = periods[place];
            self.scales[column] *= deviations[place];
        }
        Ok(())
    }

    /// Returns a warning for each column of numbers whose skewness or tails make an estimate from
    /// distances too low.
    pub(super) fn tails(&self, standardized: bool) -> Vec<String> {
        let way = if standardized { "use --ranks instead of --standardize" } else { "use --ranks" };
        let plain = |column: &usize| !self.labels[*column] && self.periods[*column].is_infinite();
        let of = |column: usize| {
            let (ratio, name) = (heavy_tails(self.values.column(column))?, &self.names[column]);
            Some(format!(
                "column {name} is strongly skewed or has heavy tails: the range of 99 % of its numbers is {ratio:.0} times that \
                 of the middle half, so the estimate can be too low; {way}"
            ))
        };
        (0..self.width()).filter(plain).filter_map(of).collect()
    }

    /// Replaces the numbers of each column by the normal scores of their ranks. Labels and periodic
    /// columns stay as they are.
    pub(super) fn rank(&mut self) {
        for (c, mut column) in self.values.columns_mut().into_iter().enumerate() {
            if !self.labels[c] && self.periods[c].is_infinite() {
                let scores = normal_scores(column.view());
                column.iter_mut().zip(scores).for_each(|(x, score)| *x = score);
            }
        }
    }

    /// Returns the sum of the ranges of the columns that are not labels, an upper bound of
    /// distances.
    fn range(&self) -> f64 {
        let range = |(c, column): (usize, ArrayView1<'_, f64>)| {
            let most = column.fold(f64::NEG_INFINITY, |most, x| most.max(*x));
            let least = column.fold(f64::INFINITY, |least, x| least.min(*x));
            if self.labels[c] { 0.0 } else { most - least }
        };
        self.values.columns().into_iter().enumerate().map(range).sum()
    }
}

/// Replaces labels by numbers that are farther apart than any two rows in the other columns.
pub(super) fn space_labels(blocks: &mut [&mut Block]) {
    let range: f64 = blocks.iter().map(|block| block.range()).sum();
    let apart = if range > 0.0 && range.is_finite() { 2.0 * range } else { 1.0 };
    for block in blocks {
        for column in (0..block.width()).filter(|&c| block.labels[c]).collect::<Vec<_>>() {
            let labels = runs(block.values.column(column));
            let code = |x: f64| labels.partition_point(|(label, _)| *label < x) as f64 * apart;
            block.values.column_mut(column).mapv_inplace(code);
        }
    }
}

/// Standardizes columns, and returns their divisors. A periodic column and its period are divided
/// by the standard deviation of the uniform distribution on the period. The error is the number of
/// a constant column.
pub(super) fn standardize(values: &mut Array2<f64>, periods: &mut [f64]) -> Result<Vec<f64>, usize> {
    let mut deviations = Vec::with_capacity(periods.len());
    for (column, period) in periods.iter_mut().enumerate() {
        let mut values = values.slice_axis_mut(Axis(1), (column..=column).into());
        if period.is_finite() {
            let deviation = *period / 12_f64.sqrt();
            values.mapv_inplace(|x| x / deviation);
            *period = 12_f64.sqrt();
            deviations.push(deviation);
            continue;
        }
        let found = correct(values.view(), &[Correction::Standardize]).map_err(|_: Error| column)?;
        deviations.push(found.term().exp());
        values.assign(&found.samples);
    }
    Ok(deviations)
}

/// Returns true for labels of which most are numbers. The others are most likely mistakes.
pub(super) fn are_mostly_numbers(labels: &[String]) -> bool {
    2 * labels.iter().filter(|label| label.parse::<f64>().is_ok()).count() > labels.len()
}

/// Refuses columns with a few cells of text among numbers, which are most likely mistakes.
pub(super) fn check_text(data: &Data, columns: &[usize], labels: &[usize]) -> Result<(), Failure> {
    let is_doubtful = |column: &usize| {
        !labels.contains(column) && data.table.categories[*column].as_deref().is_some_and(are_mostly_numbers)
    };
    let doubtful: Vec<usize> = columns.iter().copied().filter(is_doubtful).collect();
    data.require_numbers(&doubtful)
        .map_err(|failure| Failure::usage(format!("{failure}; if they are labels, name the column with --labels")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn block(values: Array2<f64>, label: bool) -> Block {
        let d = values.ncols();
        Block {
            values,
            names: vec!["c".to_owned(); d],
            periods: vec![f64::INFINITY; d],
            labels: vec![label; d],
            numeric: vec![false; d],
            scales: vec![1.0; d],
        }
    }

    #[test]
    fn labels_are_farther_apart_than_numbers() {
        let mut x = block(array![[0.0], [3.0], [-1.0]], false);
        let mut y = block(array![[7.0], [5.0], [7.0]], true);
        space_labels(&mut [&mut x, &mut y]);
        assert_eq!((y.values, x.values), (array![[8.0], [0.0], [8.0]], array![[0.0], [3.0], [-1.0]]));
    }

    #[test]
    fn few_distinct_numbers_could_be_labels() {
        let of = |values: Vec<f64>| block(Array2::from_shape_vec((values.len(), 1), values).unwrap(), false);
        let classes = |n: usize, of_each: usize| of((0..n * of_each).map(|i| (i % n) as f64).collect());
        assert!(classes(2, 10).could_be_a_label() && classes(20, 10).could_be_a_label());
        assert!(!classes(2, 9).could_be_a_label() && !classes(21, 10).could_be_a_label());
        assert!(!classes(1, 100).could_be_a_label() && !of(vec![0.5; 100]).could_be_a_label());
    }

    #[test]
    fn standardized_columns_have_the_entropy_of_the_original() {
        let mut values = array![[1.0, 10.0], [2.0, 350.0], [4.0, 90.0]];
        let mut periods = [f64::INFINITY, 360.0];
        let deviations = standardize(&mut values, &mut periods).unwrap();
        let term: f64 = deviations.iter().map(|deviation| deviation.ln()).sum();
        // The variance of 1, 2, 4 is 7/3.
        assert!((term - (0.5 * (7.0_f64 / 3.0).ln() + (360.0 / 12_f64.sqrt()).ln())).abs() < 1e-12);
        assert!((periods[1] - 12_f64.sqrt()).abs() < 1e-12 && values[[1, 1]] > 3.0);
        assert_eq!(standardize(&mut array![[0.0, 1.0], [2.0, 1.0]], &mut [f64::INFINITY; 2]), Err(1));
    }
}
