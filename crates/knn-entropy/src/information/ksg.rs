use ndarray::ArrayView2;
use rayon::prelude::*;
use statrs::function::gamma::digamma;

use crate::neighborhood::{Neighborhood, neighborhood_settings};
use crate::neighbors::count_in_blocks;
use crate::{Boundary, Estimate, Float, Metric, Neighbors, Norm, Result, Samples};

/// Mutual information by nearest neighbours (Kraskov, Stoegbauer and Grassberger, Physical Review E 69, 2004), between two
/// or more blocks of variables, and given others (Frenzel and Pompe, Physical Review Letters 99, 2007), in nats.
///
/// Rows of all blocks belong together: row i of each is the same observation. With `r_i` the distance to the k-th neighbour
/// in the space of all blocks, where the distance is the largest of the blocks' distances, count in each block `j` of `m`
/// the points within that:
///
/// ```text
/// first   I = psi(k) + (m-1) psi(n) - < sum_j psi(n_j + 1) >              n_j nearer than r_i
/// second  I = psi(k) - (m-1)/k + (m-1) psi(n) - < sum_j psi(n_j) >        n_j not farther than any of the k neighbours
///                                                                         is in block j
/// ```
///
/// and given `z`:
///
/// ```text
/// first   I = psi(k) + < psi(n_z + 1) - psi(n_xz + 1) - psi(n_yz + 1) >
/// second  I = psi(k) - 2/k + < psi(n_z) - psi(n_xz) + 1/n_xz - psi(n_yz) + 1/n_yz >
/// ```
///
/// The errors of the entropies of which it is a sum mostly cancel: for independent blocks it is 0 on average. The first
/// algorithm has the smaller variance, the second the smaller bias in many dimensions.
///
/// The estimate, unlike the truth, changes with the scales of the blocks: standardise them
/// ([`Correction::Standardize`](crate::Correction::Standardize)) unless they have a common unit. It is unchanged by
/// shifts, by a common factor, and by isometries of each block. It can be negative, which says that the truth is small.
///
/// Samples must be continuous: for numbers that repeat there are [`MixedKsg`](crate::MixedKsg) and
/// [`Ross`](crate::Ross).
///
/// ```
/// use knn_entropy::Ksg;
/// use ndarray::Array2;
/// use ndarray_rand::RandomExt;
/// use ndarray_rand::rand::SeedableRng;
/// use ndarray_rand::rand_distr::StandardUniform;
/// use rand_chacha::ChaCha8Rng;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let x = Array2::<f64>::random_using((300, 1), StandardUniform, &mut rng);
/// let unrelated = Array2::<f64>::random_using((300, 1), StandardUniform, &mut rng);
/// let related = x.mapv(|x| (3.0 * x).sin()) + 0.1 * &unrelated;
/// assert!(Ksg::new(3).mutual_information(x.view(), related.view())? > 1.0);
/// assert!(Ksg::new(3).mutual_information(x.view(), unrelated.view())? < 0.2);
/// # Ok::<(), knn_entropy::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Ksg<'s> {
    around: Neighborhood<'s>,
    variant: KsgVariant,
}

/// Which of the two estimators of the paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum KsgVariant {
    /// One radius for all blocks; points on it do not count.
    #[default]
    One,
    /// Each block its own; points on it count.
    Two,
}

impl<'s> Ksg<'s> {
    /// The first algorithm with the k-th neighbour, and the maximum norm within blocks. 3 to 5 is usual; a large k for a
    /// test of independence.
    pub fn new(k: usize) -> Self {
        Self { around: Neighborhood::new(k, Norm::LInf), variant: KsgVariant::One }
    }

    /// With the other algorithm, say.
    #[must_use]
    pub fn variant(self, variant: KsgVariant) -> Self {
        Self { variant, ..self }
    }

    /// With another norm within blocks.
    #[must_use]
    pub fn norm(mut self, norm: Norm) -> Self {
        self.around = self.around.with_norm(norm);
        self
    }

    neighborhood_settings!(search);

    /// The mutual information in nats between the rows of `x` `[n, dx]` and those of `y` `[n, dy]`.
    ///
    /// # Errors
    ///
    /// Samples that are none, of no dimension or not finite; of different lengths; `k` 0 or not below `n`; points that
    /// coincide with their k-th neighbour; a distance beyond the largest number.
    pub fn mutual_information<F: Float>(&self, x: ArrayView2<'_, F>, y: ArrayView2<'_, F>) -> Result<f64> {
        Ok(self.estimate(&[x, y])?.value())
    }

    /// The multi-information (total correlation) of several blocks in nats: how far they are from independent, `sum_j H(X_j)
    /// - H(X_1, ..., X_m)`. For two it is the mutual information, for one it is 0.
    ///
    /// # Errors
    ///
    /// As [`mutual_information`](Ksg::mutual_information).
    pub fn multi_information<F: Float>(&self, blocks: &[ArrayView2<'_, F>]) -> Result<f64> {
        Ok(self.estimate(blocks)?.value())
    }

    /// The information between blocks with its local values, standard error and interval of confidence.
    ///
    /// # Errors
    ///
    /// As [`mutual_information`](Ksg::mutual_information).
    pub fn estimate<F: Float>(&self, blocks: &[ArrayView2<'_, F>]) -> Result<Estimate> {
        let blocks: Vec<Samples<'_>> = blocks.iter().map(|block| Samples::new(block.view())).collect::<Result<_>>()?;
        self.between(&blocks.iter().collect::<Vec<_>>())
    }

    /// The mutual information in nats between `x` and `y` given `z` `[n, dz]`. With `dz` = 0 it is that of `x` and `y`, by
    /// both algorithms.
    ///
    /// # Errors
    ///
    /// As [`mutual_information`](Ksg::mutual_information).
    pub fn conditional<F: Float>(
        &self,
        x: ArrayView2<'_, F>,
        y: ArrayView2<'_, F>,
        z: ArrayView2<'_, F>,
    ) -> Result<f64> {
        Ok(self.conditional_estimate(x, y, z)?.value())
    }

    /// The conditional information with its local values, standard error and interval of confidence.
    ///
    /// # Errors
    ///
    /// As [`mutual_information`](Ksg::mutual_information).
    pub fn conditional_estimate<F: Float>(
        &self,
        x: ArrayView2<'_, F>,
        y: ArrayView2<'_, F>,
        z: ArrayView2<'_, F>,
    ) -> Result<Estimate> {
        if z.ncols() == 0 && z.nrows() == x.nrows() {
            return self.estimate(&[x, y]);
        }
        self.given(&Samples::new(x)?, &Samples::new(y)?, &Samples::new(z)?)
    }

    fn between(&self, blocks: &[&Samples<'_>]) -> Result<Estimate> {
        let joint = Samples::beside(blocks)?;
        let (n, k, others) = (joint.len(), self.around.k, blocks.len() as f64 - 1.0);
        let widths: Vec<usize> = blocks.iter().map(|block| block.dimension()).collect();
        let neighbors = self.joint(&joint, &widths)?;
        let mut local: Vec<f64> = vec![digamma(k as f64) + others * digamma(n as f64); n];
        if self.variant == KsgVariant::Two {
            local.iter_mut().for_each(|local| *local -= others / k as f64);
        }
        for block in blocks {
            let counts = self.counts(block, &[block], &neighbors)?;
            let surplus = self.surplus();
            for (local, count) in local.iter_mut().zip(counts) {
                *local -= digamma((count + surplus) as f64);
            }
        }
        Estimate::new(local.into())
    }

    pub(super) fn given(&self, x: &Samples<'_>, y: &Samples<'_>, z: &Samples<'_>) -> Result<Estimate> {
        let joint = Samples::beside(&[x, y, z])?;
        let neighbors = self.joint(&joint, &[x.dimension(), y.dimension(), z.dimension()])?;
        let k = self.around.k as f64;
        let surplus = self.surplus();
        let (xz, yz) = (Samples::beside(&[x, z])?, Samples::beside(&[y, z])?);
        let counts = [
            self.counts(z, &[z], &neighbors)?,
            self.counts(&xz, &[x, z], &neighbors)?,
            self.counts(&yz, &[y, z], &neighbors)?,
        ];
        let local = (0..joint.len()).map(|i| {
            let [z, xz, yz] = [0, 1, 2].map(|which| (counts[which][i] + surplus) as f64);
            let plain = digamma(k) + digamma(z) - digamma(xz) - digamma(yz);
            match self.variant {
                KsgVariant::One => plain,
                KsgVariant::Two => plain - 2.0 / k + 1.0 / xz + 1.0 / yz,
            }
        });
        Estimate::new(local.collect())
    }

    /// What is added to a count within the digamma function.
    fn surplus(&self) -> usize {
        match self.variant {
            KsgVariant::One => 1,
            KsgVariant::Two => 0,
        }
    }

    /// The neighbours in the space of all blocks.
    fn joint(&self, joint: &Samples<'_>, widths: &[usize]) -> Result<Neighbors> {
        let Neighborhood { k, window, search, .. } = self.around;
        let neighbors = search.among(joint, k, self.largest_of(widths), window)?;
        self.around.checked(neighbors, k - 1..k)
    }

    /// The largest of the distances in blocks.
    fn largest_of<'w>(&self, widths: &'w [usize]) -> Metric<'w> {
        match self.around.norm() {
            Norm::LInf => Metric::Norm(Norm::LInf),
            norm => Metric::Blocks(norm, widths),
        }
    }

    /// For each point the number of others nearby in the space of some blocks: in the first algorithm within one radius, in
    /// the second within the reach of the neighbours in each block.
    fn counts(&self, points: &Samples<'_>, blocks: &[&Samples<'_>], neighbors: &Neighbors) -> Result<Vec<usize>> {
        let Neighborhood { k, window, search, .. } = self.around;
        let widths: Vec<usize> = blocks.iter().map(|block| block.dimension()).collect();
        if self.variant == KsgVariant::One {
            let radii = neighbors.distances.column(k - 1).to_vec();
            return search.count_among(points, &radii, Boundary::Open, self.largest_of(&widths), window);
        }
        let radii: Vec<Vec<f64>> = blocks.iter().map(|block| self.reach(block, neighbors)).collect();
        match &radii[..] {
            [radii] => search.count_among(points, radii, Boundary::Closed, self.largest_of(&widths), window),
            _ => {
                let counts = count_in_blocks(points, self.around.norm().into(), &widths, &radii, &radii, window);
                Ok(counts.into_iter().map(|(_, within)| within).collect())
            }
        }
    }

    /// For each point the largest distance of its neighbours in one block.
    fn reach(&self, block: &Samples<'_>, neighbors: &Neighbors) -> Vec<f64> {
        let norm = self.around.norm();
        let reach = |i: usize| {
            let others = neighbors.indices.row(i);
            others.iter().map(|&j| norm.distance(block.point(i), block.point(j))).fold(0.0, f64::max)
        };
        (0..block.len()).into_par_iter().with_min_len(1024).map(reach).collect()
    }
}
