use ndarray::{Array1, Array2, ArrayView2, Axis};

use crate::Float;

/// Returns the distance of the means and covariances of two sets of features, relative to the total
/// variance of `images`, and its gradient:
///
/// ```text
/// (|m - m'|^2 + |C - C'|_F) / tr C
/// ```
///
/// with mean `m` and covariance `C` of the rows of `images`, and `m'` and `C'` of those of
/// `all_draws`. The gradient is with respect to the first `draws` of them. The value is 0 if both
/// sets agree, or if the images do not vary.
///
/// # Panics
///
/// If the sets differ in their columns.
pub(super) fn moments<F: Float>(
    draws: usize,
    all_draws: ArrayView2<'_, F>,
    images: ArrayView2<'_, F>,
) -> (f64, Array2<F>) {
    let new = all_draws.slice_axis(Axis(0), (..draws).into());
    let (mean, covariance) = mean_and_covariance(images);
    let (mean_of_draws, covariance_of_draws) = mean_and_covariance(all_draws);
    let between = &mean - &mean_of_draws;
    let apart = &covariance - &covariance_of_draws;
    let variance = covariance.diag().sum().into_f64();
    let distance = apart.iter().map(|x| x.into_f64().powi(2)).sum::<f64>().sqrt();
    let squared = between.iter().map(|x| x.into_f64().powi(2)).sum::<f64>();
    let unit = if variance > 0.0 { 1.0 / variance } else { 0.0 };

    // With the Frobenius norm F of the difference, each row x has -2 (m - m') / N from the mean and
    // -2 / N (C - C') (x - m') / F from the covariance.
    let each = -2.0 * unit / all_draws.nrows() as f64;
    let mut gradient = if distance > 0.0 {
        (&new - &mean_of_draws).dot(&apart) * F::from_f64(each / distance)
    } else {
        Array2::zeros(new.raw_dim())
    };
    gradient += &(between * F::from_f64(each));
    (unit * (squared + distance), gradient)
}

/// Returns the mean of the rows and their covariance, with divisor n.
fn mean_and_covariance<F: Float>(rows: ArrayView2<'_, F>) -> (Array1<F>, Array2<F>) {
    let share = F::from_f64(1.0 / rows.nrows() as f64);
    let mean = rows.sum_axis(Axis(0)) * share;
    let centered = &rows - &mean;
    let covariance = centered.t().dot(&centered) * share;
    (mean, covariance)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objective::draws::with_earlier;
    use crate::objective::whole::Rows;
    use autodiff_mini::gradcheck;
    use ndarray::{ArrayD, array};

    #[test]
    fn gradient() {
        let draws = ArrayD::from_shape_fn(vec![7, 3], |i| (1.3 * i[0] as f64 + i[1] as f64).sin() + 0.3);
        let images = Array2::from_shape_fn((12, 3), |(i, j)| (0.7 * i as f64 + 2.0 * j as f64).cos());
        let earlier = Array2::from_shape_fn((4, 3), |(i, j)| (0.2 * i as f64 - j as f64).sin());
        for earlier in [earlier, Array2::zeros((0, 3))] {
            gradcheck(
                |x| {
                    let draws = Rows::gather(x[0]);
                    draws.smooth(|draws| {
                        moments(draws.nrows(), with_earlier(draws, earlier.view()).view(), images.view())
                    })
                },
                std::slice::from_ref(&draws),
            )
            .unwrap();
        }
    }

    #[test]
    fn by_hand() {
        // Mean (0, 0) and covariance diag(1, 1); mean (1, 0) and covariance diag(1, 0).
        let images = array![[1.0, 1.0], [-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0]];
        let draws = array![[2.0, 0.0], [0.0, 0.0]];
        let (value, _) = moments(1, draws.view(), images.view());
        assert_eq!(value, (1.0 + 1.0) / 2.0);
        let (equal, _) = moments(4, images.view(), images.view());
        assert_eq!(equal, 0.0);
        // Images that are all the same.
        let still = array![[1.0, 1.0], [1.0, 1.0]];
        assert_eq!(moments(1, draws.view(), still.view()).0, 0.0);
    }
}
