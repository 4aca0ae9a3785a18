use std::collections::HashMap;
use std::hash::Hash;

use ndarray::Array2;
use statrs::function::gamma::digamma;

use super::counting::FEW_TIES;
use crate::settings::window::usable;
use crate::settings::{Settings, setters};
use crate::{Boundary, Error, Estimate, Metric, Norm, Result, Samples, ToSamples, Warning};

/// Estimator of the mutual information between continuous variables and a label, in nats (Ross,
/// "Mutual information between discrete and continuous data sets", PLoS ONE 9, 2014):
///
/// ```text
/// I = psi(n) - < psi(n_i) > + < psi(k_i) > - < psi(m_i) >
/// ```
///
/// Here `n_i` is the number of samples that have the label of sample `i`, and `k_i` is the smaller
/// of `k` and `n_i - 1`. `m_i` is 1 plus the number of samples with any label that are nearer than
/// the `k_i`-th neighbor of the same label. A sample with a unique label has no neighbor of the
/// same label. It is left out and does not count in `n`.
///
/// For rounded numbers, all neighbors at the radius count in `k_i` and in `m_i`, and the estimate
/// carries [`Warning::Ties`].
///
/// With a window, `n`, `n_i` and `m_i` include only rows outside the window around sample `i`.
///
/// ```
/// use knn_entropy::Ross;
/// use ndarray::Array2;
/// use ndarray_rand::RandomExt;
/// use ndarray_rand::rand::SeedableRng;
/// use ndarray_rand::rand_distr::StandardUniform;
/// use rand_chacha::ChaCha8Rng;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let noise = Array2::<f64>::random_using((200, 1), StandardUniform, &mut rng);
/// let x = Array2::from_shape_fn((200, 1), |(i, _)| (i % 2) as f64 * 5.0 + noise[[i, 0]]);
/// let labels: Vec<&str> = (0..200).map(|i| ["left", "right"][i % 2]).collect();
/// let information = Ross::new(3).mutual_information(x.view(), &labels)?;
/// assert!((information - 2_f64.ln()).abs() < 0.02);
/// # Ok::<(), knn_entropy::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Ross<'s> {
    settings: Settings<'s>,
}

/// The nearest neighbors of a row with the same label: the smaller of `k` and their number, the
/// distance of the last of them and its row, the number of neighbors that are not farther, and the
/// number of usable rows with the label, including the row itself.
#[derive(Debug, Clone, Copy, Default)]
struct Own {
    k: usize,
    radius: f64,
    last: usize,
    within: usize,
    rows: usize,
}

impl<'s> Ross<'s> {
    /// Returns the estimator with the k-th neighbor of the same label and Euclidean distances.
    pub fn new(k: usize) -> Self {
        Self { settings: Settings::new(k, Norm::L2) }
    }

    setters!(periodic);
    setters!(series);

    /// Returns the mutual information in nats between the rows of `x` `[n, d]` and their labels.
    ///
    /// # Errors
    ///
    /// - [`Error::NoSamples`], [`Error::NoDimensions`], [`Error::NotFinite`] for samples that
    ///   cannot be used.
    /// - [`Error::RowMismatch`] if the number of labels differs from the number of samples.
    /// - [`Error::ZeroK`]; [`Error::KTooLarge`] if no two usable samples have the same label.
    /// - [`Error::Duplicates`] for samples that coincide with their k-th neighbor of the same
    ///   label.
    pub fn mutual_information<L: Eq + Hash>(&self, x: impl ToSamples, labels: &[L]) -> Result<f64> {
        Ok(self.estimate(x, labels)?.value())
    }

    /// Returns the information with standard error, warnings and local values, one for each sample
    /// that is not left out.
    ///
    /// # Errors
    ///
    /// See [`mutual_information`](Ross::mutual_information).
    pub fn estimate<L: Eq + Hash>(&self, x: impl ToSamples, labels: &[L]) -> Result<Estimate> {
        let all = x.to_samples()?;
        if labels.len() != all.len() {
            return Err(Error::RowMismatch { one: all.len(), other: labels.len() });
        }
        if self.settings.k == 0 {
            return Err(Error::ZeroK);
        }
        // Labels are numbered by their first rows, so that nothing depends on the order of a hash
        // map.
        let mut numbers = HashMap::new();
        let mut rows_of: Vec<Vec<usize>> = Vec::new();
        for (row, label) in labels.iter().enumerate() {
            let number = *numbers.entry(label).or_insert(rows_of.len());
            if number == rows_of.len() {
                rows_of.push(Vec::new());
            }
            rows_of[number].push(row);
        }
        self.estimate_of(&all, &rows_of)
    }

    /// Computes the estimate from the rows of each label.
    fn estimate_of(&self, all: &Samples<'_>, rows_of: &[Vec<usize>]) -> Result<Estimate> {
        let error = all.rounding_error();
        let own = match self.settings.window {
            0 => self.own(all, rows_of, error)?,
            window => self.own_outside(all, rows_of, window, error)?,
        };
        let kept: Vec<usize> = (0..all.len()).filter(|&row| own[row].k > 0).collect();
        if kept.is_empty() {
            return Err(Error::KTooLarge { k: self.settings.k, others: 0 });
        }
        self.check(&own, &kept)?;
        // Rows that are left out are also excluded as neighbors. Selecting rows would change their
        // times, so with a window all rows stay.
        let window = self.settings.window;
        let (points, radii): (Samples<'_>, Vec<f64>) = match window {
            0 => (all.select(&kept), kept.iter().map(|&row| own[row].radius).collect()),
            _ => (all.reborrow(), own.iter().map(|own| own.radius).collect()),
        };
        let (inner, outer) = within_rounding(error, &radii);
        let counts = self.settings.search.count_shells(&points, &inner, &outer, self.settings.metric, window)?;
        let counts = |place: usize, row: usize| counts[if window == 0 { place } else { row }];
        // For continuous numbers, the k-th neighbor is alone at the radius.
        let is_tied = |place: usize, row: usize| {
            let (open, closed) = counts(place, row);
            closed - open > 1 || own[row].within > own[row].k
        };
        let places = || kept.iter().enumerate().map(|(place, &row)| (place, row));
        let tied = places().filter(|&(place, row)| is_tied(place, row)).count();
        let few = tied as f64 <= FEW_TIES * kept.len() as f64;
        let local = places().map(|(place, row)| {
            let rows = if window == 0 { kept.len() } else { usable(row, window, all.len()) };
            let psi = |count: usize| digamma(count as f64);
            let (open, closed) = counts(place, row);
            let (own, of_label) = (own[row], psi(rows) - psi(own[row].rows));
            match few || !is_tied(place, row) {
                true => of_label + psi(own.k) - psi(open + 1),
                false => of_label + psi(own.within) - psi(closed),
            }
        });
        let warning = (!few).then_some(Warning::Ties { tied, rows: kept.len() });
        let alone = all.len() - kept.len();
        let left_out = (alone > 0).then_some(Warning::LeftOut { count: alone, rows: all.len() });
        Ok(Estimate::new(local.collect())?.warn(warning).warn(left_out))
    }

    /// Finds the neighbors of the same label, one label at a time.
    fn own(&self, all: &Samples<'_>, rows_of: &[Vec<usize>], error: f64) -> Result<Vec<Own>> {
        let mut own = vec![Own::default(); all.len()];
        for rows in rows_of.iter().filter(|rows| rows.len() > 1) {
            let k = self.settings.k.min(rows.len() - 1);
            let same = all.select(rows);
            let neighbors = self.settings.search.among(&same, k, self.settings.metric, 0)?;
            let radii = neighbors.distances.column(k - 1).to_vec();
            let (_, outer) = within_rounding(error, &radii);
            let within = self.settings.search.count_among(&same, &outer, Boundary::Closed, self.settings.metric, 0)?;
            for (place, &row) in rows.iter().enumerate() {
                let last = rows[neighbors.indices[[place, k - 1]]];
                own[row] = Own { k, radius: radii[place], last, within: within[place], rows: rows.len() };
            }
        }
        Ok(own)
    }

    /// Finds the neighbors of the same label outside the window. The label becomes an additional
    /// coordinate, in which different labels are farther apart than any two samples.
    fn own_outside(&self, all: &Samples<'_>, rows_of: &[Vec<usize>], window: usize, error: f64) -> Result<Vec<Own>> {
        let d = all.dimension();
        let largest = all.coordinates().iter().fold(f64::MIN_POSITIVE, |most, x| most.max(x.abs()));
        let apart = 4.0 * d as f64 * largest;
        if !(apart * rows_of.len() as f64).is_finite() {
            return Err(Error::OutOfRange { what: "the distance between labels" });
        }
        let mut label_of = Array2::zeros((all.len(), 1));
        for (label, rows) in rows_of.iter().enumerate() {
            rows.iter().for_each(|&row| label_of[[row, 0]] = label as f64 * apart);
        }
        let labels = Samples::owned(label_of)?;
        let both = Samples::beside(&[all, &labels])?;
        let (widths, periods) =
            ([d, 1], self.settings.metric.periods().map(|periods| [periods, &[f64::INFINITY]].concat()));
        let metric = match &periods {
            Some(periods) => Metric::TorusBlocks(self.settings.norm(), &widths, periods),
            None => Metric::Blocks(self.settings.norm(), &widths),
        };
        let neighbors = self.settings.search.among(&both, self.settings.k, metric, window)?;
        let k_of = |row: usize| {
            let near = neighbors.indices.row(row);
            near.iter().take_while(|&&other| labels.point(other) == labels.point(row)).count()
        };
        let radius = |row: usize| k_of(row).checked_sub(1).map_or(0.0, |last| neighbors.distances[[row, last]]);
        let (_, outer) = within_rounding(error, &(0..all.len()).map(radius).collect::<Vec<_>>());
        let within = self.settings.search.count_among(&both, &outer, Boundary::Closed, metric, window)?;
        let mut own = vec![Own::default(); all.len()];
        for rows in rows_of {
            for &row in rows {
                let k = k_of(row);
                if k > 0 {
                    let before = rows.partition_point(|&other| other < row.saturating_sub(window));
                    let after = rows.partition_point(|&other| other <= row.saturating_add(window));
                    let usable = before + rows.len() - after + 1;
                    let last = neighbors.indices[[row, k - 1]];
                    own[row] = Own { k, radius: radius(row), last, within: within[row], rows: usable };
                }
            }
        }
        Ok(own)
    }

    /// Checks that distances are finite and above 0.
    fn check(&self, own: &[Own], kept: &[usize]) -> Result<()> {
        if let Some(&first) = kept.iter().find(|&&row| own[row].radius.is_infinite()) {
            return Err(Error::DistanceOverflow { first, second: own[first].last });
        }
        let mut coinciding = kept.iter().filter(|&&row| own[row].radius == 0.0);
        match coinciding.next() {
            Some(&first) => {
                let count = 1 + coinciding.count();
                Err(Error::Duplicates { first, second: own[first].last, count, k: own[first].k })
            }
            None => Ok(()),
        }
    }
}

/// Returns the radii minus and plus the rounding error of a distance.
fn within_rounding(error: f64, radii: &[f64]) -> (Vec<f64>, Vec<f64>) {
    radii.iter().map(|r| (r - error, r + error)).unzip()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_names_the_first_coinciding_row_for_any_labels() {
        // Rows 1 and 4 coincide, and rows 2 and 5.
        let x = [0.3, 1.0, 2.0, 0.7, 1.0, 2.0, 0.1, 0.2];
        for labels in [[0, 1, 2, 0, 1, 2, 1, 2], [9, 4, 1, 9, 4, 1, 4, 1]] {
            let found = Ross::new(1).mutual_information(x, &labels);
            assert_eq!(found, Err(Error::Duplicates { first: 1, second: 4, count: 4, k: 1 }));
        }
        assert!(Ross::new(2).mutual_information(x, &[0, 1, 2, 0, 1, 2, 1, 2]).unwrap().is_finite());
    }

    #[test]
    fn neighbors_of_the_same_label_outside_the_window() {
        let x: Vec<f64> = (0..60).map(|i| (0.618 * f64::from(i)).fract()).collect();
        let labels: Vec<usize> = (0..60).map(|i| i * i % 5).collect();
        let samples = x.to_samples().unwrap();
        let rows_of: Vec<Vec<usize>> = (0..5).map(|l| (0..60).filter(|&i| labels[i] == l).collect()).collect();
        let ross = Ross::new(3);
        for window in [0, 1, 7, 20] {
            let found = ross.own_outside(&samples, &rows_of, window, samples.rounding_error()).unwrap();
            for i in 0..60_usize {
                let others = (0..60).filter(|&j| labels[j] == labels[i] && i.abs_diff(j) > window);
                let mut distances: Vec<f64> = others.map(|j| (x[i] - x[j]).abs()).collect();
                distances.sort_unstable_by(f64::total_cmp);
                let k = distances.len().min(3);
                assert_eq!(found[i].k, k);
                if k > 0 {
                    assert_eq!((found[i].radius, found[i].rows), (distances[k - 1], distances.len() + 1));
                }
            }
        }
    }
}
