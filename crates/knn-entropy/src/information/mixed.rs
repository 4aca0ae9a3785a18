use std::collections::HashMap;
use std::hash::Hash;

use ndarray::ArrayView2;
use statrs::function::gamma::digamma;

use crate::neighborhood::{Neighborhood, neighborhood_settings};
use crate::{Boundary, Error, Estimate, Float, Metric, Norm, Result, Samples};

/// Mutual information between continuous variables and a label, in nats (Ross, "Mutual information between discrete and
/// continuous data sets", PLoS ONE 9, 2014):
///
/// ```text
/// I = psi(n) - < psi(n_i) > + < psi(k_i) > - < psi(m_i) >
/// ```
///
/// with `n_i` the number of samples that have the label of sample `i`, `k_i` the smaller of `k` and `n_i - 1`, and `m_i` the
/// number of samples with any label that are nearer than the `k_i`-th neighbour of the same label, and one more. A sample
/// whose label no other has is left out, also of `n`: it has no neighbour to measure by.
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
    around: Neighborhood<'s>,
}

impl<'s> Ross<'s> {
    /// With the k-th neighbour of the same label, and Euclidean distances.
    pub fn new(k: usize) -> Self {
        Self { around: Neighborhood::new(k, Norm::L2) }
    }

    /// With another norm.
    #[must_use]
    pub fn norm(mut self, norm: Norm) -> Self {
        self.around = self.around.with_norm(norm);
        self
    }

    /// With another way to find neighbours.
    #[must_use]
    pub fn search(mut self, search: &'s dyn crate::NeighborSearch) -> Self {
        self.around.search = search;
        self
    }

    /// The mutual information in nats between the rows of `x` `[n, d]` and their labels.
    ///
    /// # Errors
    ///
    /// Samples that are none, of no dimension or not finite; [`Error::RowMismatch`] unless there are as many labels;
    /// [`Error::ZeroK`]; [`Error::KTooLarge`] if no two samples have the same label; samples that coincide with their k-th
    /// neighbour of the same label.
    pub fn mutual_information<F: Float, L: Eq + Hash>(&self, x: ArrayView2<'_, F>, labels: &[L]) -> Result<f64> {
        Ok(self.estimate(x, labels)?.value())
    }

    /// The information with its local values, one for each sample that is not left out, in their order.
    ///
    /// # Errors
    ///
    /// As [`mutual_information`](Ross::mutual_information).
    pub fn estimate<F: Float, L: Eq + Hash>(&self, x: ArrayView2<'_, F>, labels: &[L]) -> Result<Estimate> {
        let all = Samples::new(x)?;
        if labels.len() != all.len() {
            return Err(Error::RowMismatch { one: all.len(), other: labels.len() });
        }
        if self.around.k == 0 {
            return Err(Error::ZeroK);
        }
        let mut rows_of: HashMap<&L, Vec<usize>> = HashMap::new();
        for (row, label) in labels.iter().enumerate() {
            rows_of.entry(label).or_default().push(row);
        }
        let kept: Vec<usize> = (0..all.len()).filter(|&row| rows_of[&labels[row]].len() > 1).collect();
        if kept.is_empty() {
            return Err(Error::KTooLarge { k: self.around.k, others: 0 });
        }
        let points = all.select(&kept);
        let mut radii = vec![0.0; all.len()];
        let mut local = vec![digamma(kept.len() as f64); all.len()];
        for rows in rows_of.values().filter(|rows| rows.len() > 1) {
            let same = all.select(rows);
            let k = self.around.k.min(rows.len() - 1);
            let neighbors = self.around.search.among(&same, k, self.around.metric, 0)?;
            for (place, &row) in rows.iter().enumerate() {
                radii[row] = neighbors.distances[[place, k - 1]];
                if radii[row] == 0.0 {
                    let second = rows[neighbors.indices[[place, k - 1]]];
                    return Err(Error::Duplicates { first: row, second, count: 1, k });
                }
                local[row] += digamma(k as f64) - digamma(rows.len() as f64);
            }
        }
        let radii: Vec<f64> = kept.iter().map(|&row| radii[row]).collect();
        let counts = self.around.search.count_among(&points, &radii, Boundary::Open, self.around.metric, 0)?;
        let local = kept.iter().zip(counts).map(|(&row, count)| local[row] - digamma(count as f64 + 1.0));
        Estimate::new(local.collect())
    }
}

/// Mutual information between variables that may be continuous, discrete, or a mixture of both, in nats (Gao, Kannan, Oh and
/// Viswanath, "Estimating mutual information for discrete-continuous mixtures", NeurIPS 2017):
///
/// ```text
/// I = < psi(k_i) + ln n - psi(n_x) - psi(n_y) >
/// ```
///
/// With `r` the distance to the k-th neighbour in the joint space, where the distance is the larger one of both: if `r` is
/// above 0, `k_i` is `k`, and `n_x` and `n_y` are the numbers of samples nearer than `r`, the sample itself counted; if it is
/// 0, they are the numbers of samples that coincide with it in both, in x and in y. So the estimate is that of
/// [`Ksg`](crate::Ksg) for continuous samples, and close to the plug-in estimate for discrete ones. This is the authors'
/// program; the paper itself has points at `r` counted, too, and `ln(n_x + 1)` for `psi(n_x)`, which is lower by up to
/// `ln(k + 1) - psi(k)`, 0.29 nats for k = 5.
///
/// ```
/// use knn_entropy::MixedKsg;
/// use ndarray::Array2;
/// use ndarray_rand::RandomExt;
/// use ndarray_rand::rand::SeedableRng;
/// use ndarray_rand::rand_distr::StandardUniform;
/// use rand_chacha::ChaCha8Rng;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// // y is x rounded: one of four values.
/// let x = Array2::<f64>::random_using((400, 1), StandardUniform, &mut rng);
/// let y = x.mapv(|x| (4.0 * x).floor());
/// let information = MixedKsg::new(5).mutual_information(x.view(), y.view())?;
/// assert!((information - 4_f64.ln()).abs() < 0.15);
/// # Ok::<(), knn_entropy::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct MixedKsg<'s> {
    around: Neighborhood<'s>,
}

impl<'s> MixedKsg<'s> {
    /// With the k-th neighbour, and the maximum norm within both.
    pub fn new(k: usize) -> Self {
        Self { around: Neighborhood::new(k, Norm::LInf) }
    }

    /// With another norm within both.
    #[must_use]
    pub fn norm(mut self, norm: Norm) -> Self {
        self.around = self.around.with_norm(norm);
        self
    }

    neighborhood_settings!(search);

    /// The mutual information in nats between the rows of `x` and those of `y`; row i of each is the same observation.
    ///
    /// # Errors
    ///
    /// Samples that are none, of no dimension or not finite; of different lengths; `k` 0 or not below `n`; a distance beyond
    /// the largest number.
    pub fn mutual_information<F: Float>(&self, x: ArrayView2<'_, F>, y: ArrayView2<'_, F>) -> Result<f64> {
        Ok(self.estimate(x, y)?.value())
    }

    /// The information with its local values.
    ///
    /// # Errors
    ///
    /// As [`mutual_information`](MixedKsg::mutual_information).
    pub fn estimate<F: Float>(&self, x: ArrayView2<'_, F>, y: ArrayView2<'_, F>) -> Result<Estimate> {
        let (x, y) = (Samples::new(x)?, Samples::new(y)?);
        let joint = Samples::beside(&[&x, &y])?;
        let Neighborhood { k, window, search, .. } = self.around;
        let widths = [x.dimension(), y.dimension()];
        let metric = match self.around.norm() {
            Norm::LInf => Metric::Norm(Norm::LInf),
            norm => Metric::Blocks(norm, &widths),
        };
        let neighbors = search.among(&joint, k, metric, window)?;
        let radii = neighbors.distances.column(k - 1).to_vec();
        if let Some(first) = radii.iter().position(|r| r.is_infinite()) {
            return Err(Error::Overflow { first, second: neighbors.indices[[first, k - 1]] });
        }
        let of_norm = Metric::Norm(self.around.norm());
        let within =
            |block: &Samples<'_>, metric, boundary| search.count_among(block, &radii, boundary, metric, window);
        // With the boundary for those of radius 0, without for the others.
        let (open_x, open_y) = (within(&x, of_norm, Boundary::Open)?, within(&y, of_norm, Boundary::Open)?);
        let (closed_x, closed_y) = (within(&x, of_norm, Boundary::Closed)?, within(&y, of_norm, Boundary::Closed)?);
        let coinciding = within(&joint, metric, Boundary::Closed)?;
        let psi = |others: usize| digamma(others as f64 + 1.0);
        let of_all = (joint.len() as f64).ln();
        let local = (0..joint.len()).map(|i| match radii[i] {
            0.0 => psi(coinciding[i]) + of_all - psi(closed_x[i]) - psi(closed_y[i]),
            _ => digamma(k as f64) + of_all - psi(open_x[i]) - psi(open_y[i]),
        });
        Estimate::new(local.collect())
    }
}
