use ndarray::{Array1, Array2, ArrayView2, Axis};

use super::MetricError;
use super::covariance::{eigen, moments, point_up, rank_of_sums};
use super::error::{at_least, checked, finite};
use crate::Float;

/// Principal components of training rows, as features for data without a trained classifier. Use
/// them with [`frechet_distance`](super::frechet_distance),
/// [`KernelDistance`](super::KernelDistance) and [`Prdc`](super::Prdc).
///
/// A row x of pixels becomes `V' (x - m)`, with m the mean of the training rows and the columns of
/// V the eigenvectors of their covariance with the largest eigenvalues (Pearson, 1901; Hotelling,
/// 1933). Distances between features are the main part of distances between pixels, so they do not
/// measure perceptual similarity.
#[derive(Debug, Clone, PartialEq)]
pub struct Pca {
    mean: Array1<f64>,
    /// The directions as columns of length 1.
    directions: Array2<f64>,
    variances: Array1<f64>,
    total: f64,
}

impl Pca {
    /// Fits the components to rows `[n, d]`, by the eigenvectors of the covariance (divisor n - 1).
    /// `O(n d^2 + d^3)`: about a second for d = 784, and a minute for d = 3072. With fewer rows
    /// than columns it is `O(n^2 d + n^3)`.
    ///
    /// Returns the requested number of components, or fewer if the rows span fewer directions. The
    /// components are sorted by descending variance. The entry of each that is largest in absolute
    /// value is positive, so the same rows always give the same features.
    ///
    /// # Errors
    ///
    /// [`MetricError::Samples`], [`MetricError::TooFew`] unless there are two rows,
    /// [`MetricError::Setting`] if `components` is 0, [`MetricError::Constant`] if all rows are
    /// equal, [`MetricError::OutOfRange`].
    pub fn fit<F: Float>(train: ArrayView2<'_, F>, components: usize) -> Result<Self, MetricError> {
        at_least("the number of components", components, 1)?;
        let train = checked("training", train, 2)?;
        let (n, d) = train.view().dim();
        let kept = |values: &Array1<f64>| match rank_of_sums(values, d) {
            0 => Err(MetricError::Constant { set: "training" }),
            rank => Ok(Vec::from_iter(0..rank.min(components))),
        };
        if n >= d {
            let (mean, covariance) = moments(train.view());
            let total = finite("the variance", covariance.diag().sum())?;
            let (values, vectors) = eigen(covariance.view())?;
            let kept = kept(&values)?;
            let (directions, variances) = (vectors.select(Axis(1), &kept), values.select(Axis(0), &kept));
            return Ok(Self { mean, directions, variances, total });
        }
        // X X' has the nonzero eigenvalues of X' X and is smaller. An eigenvector u of it gives the
        // direction X' u.
        let mean = train.view().mean_axis(Axis(0)).expect("there are rows");
        let centered = &train.view() - &mean;
        let products = centered.dot(&centered.t()) / (n as f64 - 1.0);
        let total = finite("the variance", products.diag().sum())?;
        let (values, vectors) = eigen(products.view())?;
        let kept = kept(&values)?;
        let mut directions = centered.t().dot(&vectors.select(Axis(1), &kept));
        orthonormalize(&mut directions);
        point_up(&mut directions);
        Ok(Self { mean, directions, variances: values.select(Axis(0), &kept), total })
    }

    /// Returns the variances of the components among the training rows, in descending order.
    pub fn variances(&self) -> &Array1<f64> {
        &self.variances
    }

    /// Returns the share of the training rows' variance that the components explain.
    pub fn explained(&self) -> f64 {
        // Rounding can make the remainder slightly negative.
        (self.variances.sum() / self.total).min(1.0)
    }

    /// Returns the features `[n, components]` of rows `[n, d]`.
    ///
    /// # Errors
    ///
    /// [`MetricError::Samples`], [`MetricError::Dimensions`] unless the rows are as long as the
    /// training rows, [`MetricError::OutOfRange`].
    pub fn transform<F: Float>(&self, rows: ArrayView2<'_, F>) -> Result<Array2<f64>, MetricError> {
        let rows = checked("rows", rows, 1)?;
        let (one, other) = (self.mean.len(), rows.dimension());
        if one != other {
            return Err(MetricError::Dimensions { one, other });
        }
        let features = (&rows.view() - &self.mean).dot(&self.directions);
        match features.iter().all(|x| x.is_finite()) {
            true => Ok(features),
            false => Err(MetricError::OutOfRange { what: "a feature" }),
        }
    }
}

/// Makes the columns orthonormal by the modified Gram-Schmidt process. The columns are already
/// orthogonal except for rounding, so each keeps its direction.
fn orthonormalize(columns: &mut Array2<f64>) {
    for j in 0..columns.ncols() {
        let (before, mut rest) = columns.view_mut().split_at(Axis(1), j);
        let mut column = rest.column_mut(0);
        for other in before.axis_iter(Axis(1)) {
            let along = other.dot(&column);
            column.scaled_add(-along, &other);
        }
        let length = column.dot(&column).sqrt();
        column /= length;
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_data::{skewed, uniform};
    use super::*;
    use crate::linalg::{difference, orthogonality_error};
    use approx::assert_relative_eq;
    use ndarray::array;

    #[test]
    fn matches_scikit_learn() {
        // sklearn.decomposition.PCA(3, svd_solver="full"), with the sign of each component set by
        // its entry of largest absolute value.
        let pca = Pca::fit(skewed(50, 6, 2).view(), 3).unwrap();
        let variances = array![0.24303957570876958, 0.014658993822332473, 0.0030662644777766936];
        assert!(difference(pca.variances(), &variances) < 1e-14, "{pca:?}");
        assert_relative_eq!(pca.explained(), 0.9797215376160288, max_relative = 1e-13);
        let rows = uniform(2, 6, 1);
        let features = array![
            [-0.2943047552699638, 0.27075796666083846, 0.047681605541436856],
            [-0.24822468280998786, 0.6763971213439213, 0.27969371100937274]
        ];
        assert!(difference(&pca.transform(rows.view()).unwrap(), &features) < 1e-13);
        let rows_32 = rows.mapv(|x| x as f32);
        assert!(difference(&pca.transform(rows_32.view()).unwrap(), &features) < 1e-6);
    }

    #[test]
    fn directions_are_eigenvectors_of_the_covariance() {
        // More rows than columns, and more columns than rows.
        for (n, d) in [(40, 12), (12, 40)] {
            let train = skewed(n, d, 3);
            let pca = Pca::fit(train.view(), 9).unwrap();
            let (_, covariance) = moments(train.view());
            let along = &pca.directions * &pca.variances;
            assert!(difference(&covariance.dot(&pca.directions), &along) < 1e-14);
            assert!(orthogonality_error(pca.directions.t()) < 1e-14);
            assert_relative_eq!(pca.total, covariance.diag().sum(), max_relative = 1e-14);
            for direction in pca.directions.columns() {
                let [least, most] = [f64::min, f64::max].map(|pick| direction.fold(0.0, |a, &b| pick(a, b)));
                assert!(most >= -least, "{direction}");
            }
        }
    }

    #[test]
    fn components_are_limited_by_the_rank() {
        // Five points span four directions, which contain all of the variance.
        let train = uniform(5, 9, 4);
        let pca = Pca::fit(train.view(), 9).unwrap();
        assert_eq!(pca.variances().len(), 4);
        assert_relative_eq!(pca.explained(), 1.0, max_relative = 1e-14);
        let features = pca.transform(train.view()).unwrap();
        let distance = |a: &Array2<f64>| (&a.row(0) - &a.row(3)).mapv(|x| x * x).sum();
        assert_relative_eq!(distance(&features), distance(&train), max_relative = 1e-13);
    }

    #[test]
    fn invalid_input_is_an_error() {
        let x = uniform(5, 3, 1);
        assert_eq!(
            Pca::fit(x.view(), 0).unwrap_err().to_string(),
            "the number of components is 0; it must be at least 1"
        );
        let one = x.slice_axis(Axis(0), (..1).into());
        assert_eq!(Pca::fit(one, 1), Err(MetricError::TooFew { set: "training", n: 1, needed: 2 }));
        assert_eq!(Pca::fit(Array2::<f32>::zeros((4, 2)).view(), 1), Err(MetricError::Constant { set: "training" }));
        assert!(matches!(Pca::fit((&x * 1e200).view(), 1), Err(MetricError::OutOfRange { .. })));
        let pca = Pca::fit(x.view(), 2).unwrap();
        let wide = uniform(2, 4, 1);
        assert_eq!(pca.transform(wide.view()), Err(MetricError::Dimensions { one: 3, other: 4 }));
        assert!(matches!(pca.transform((&x * f64::NAN).view()), Err(MetricError::Samples { set: "rows", .. })));
        let most = Array2::from_elem((1, 3), f64::MAX);
        assert!(matches!(pca.transform(most.view()), Err(MetricError::OutOfRange { .. })));
    }
}
