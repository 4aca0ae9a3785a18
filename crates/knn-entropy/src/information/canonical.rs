//! Canonical correlations of two small blocks of variables (Hotelling, "Relations between two sets
//! of variates", Biometrika 28, 1936).

use ndarray::Array2;

use crate::math::linalg::{cholesky, moments, solve_lower};
use crate::{Error, Result};

/// Maximum number of sweeps of rotations over all pairs of columns. Convergence is quadratic, and
/// ten sweeps were enough for every matrix tried.
const SWEEPS: usize = 60;

/// Limit on a scaled coordinate, which keeps sums of several finite. Points this far away are
/// outside of every box.
const FAR: f64 = 1e100;

/// A linear map from differences within one block to canonical coordinates, which are uncorrelated
/// and have variance 1.
#[derive(Debug)]
pub(super) struct Frame {
    /// Divisor of each coordinate: the largest difference among the points from which the frame was
    /// made.
    scale: Vec<f64>,
    /// Canonical directions, one per row, `[d, d]`.
    directions: Array2<f64>,
    /// The largest first coordinate of any difference whose canonical coordinates are all within 1.
    pub(super) reach: f64,
}

/// The canonical coordinates of two blocks. Row `j` of both frames is a pair with correlation
/// `1 - gaps[j]`, in descending order of correlation. Coordinates after the pairs are not paired.
#[derive(Debug)]
pub(super) struct Canonical {
    pub(super) x: Frame,
    pub(super) y: Frame,
    /// Half the variance of the difference between the coordinates of each pair. It equals 1 minus
    /// their correlation, and stays accurate if the correlation is close to 1.
    pub(super) gaps: Vec<f64>,
}

impl Canonical {
    /// Computes the frames from rows `x` `[p, dx]` and `y` `[p, dy]`, and pairs the coordinates
    /// whose correlation is above `least > 0`.
    ///
    /// # Errors
    ///
    /// [`Error::Singular`] if the rows of a block lie in a plane. Its column counts those of `x`,
    /// then those of `y`.
    pub(super) fn new(x: Array2<f64>, y: Array2<f64>, least: f64) -> Result<Self> {
        let (dx, dy, freedom) = (x.ncols(), y.ncols(), x.nrows() as f64 - 1.0);
        let (of_x, of_y) = (Whitened::new(x, 0)?, Whitened::new(y, dx)?);
        let across = of_x.rows.t().dot(&of_y.rows) / freedom;
        // The matrix gets as many columns as the smaller block, so that every column belongs to one
        // pair.
        let (long, short) = if dx >= dy { rotations(across, least) } else { rotations(across.reversed_axes(), least) };
        let pairs = long.len();
        let (of_long, of_short) = (complete(long, dx.max(dy)), complete(short, dx.min(dy)));
        let (rotate_x, rotate_y) = if dx >= dy { (of_long, of_short) } else { (of_short, of_long) };
        let (x, rows_x) = of_x.turned(&rotate_x);
        let (y, rows_y) = of_y.turned(&rotate_y);
        let gap = |j: usize| {
            let difference = &rows_x.column(j) - &rows_y.column(j);
            difference.dot(&difference) / freedom / 2.0
        };
        Ok(Self { x, y, gaps: (0..pairs).map(gap).collect() })
    }
}

impl Frame {
    /// Writes the canonical coordinates of `b - a`.
    pub(super) fn difference(&self, a: &[f64], b: &[f64], scaled: &mut [f64], coordinates: &mut [f64]) {
        for (c, scaled) in scaled.iter_mut().enumerate() {
            *scaled = ((b[c] - a[c]) / self.scale[c]).clamp(-FAR, FAR);
        }
        for (coordinate, direction) in coordinates.iter_mut().zip(self.directions.rows()) {
            *coordinate = direction.iter().zip(&*scaled).map(|(w, u)| w * u).sum();
        }
    }

    /// Returns an upper bound on the rounding error of a canonical coordinate near `point`.
    pub(super) fn rounding(&self, point: &[f64]) -> f64 {
        let largest = self.directions.fold(0.0_f64, |most, w| most.max(w.abs()));
        let relative = point.iter().zip(&self.scale).fold(1.0_f64, |most, (x, scale)| most.max((x / scale).abs()));
        4.0 * point.len() as f64 * f64::EPSILON * largest * relative
    }
}

/// Rows with mean 0 and identity covariance.
struct Whitened {
    scale: Vec<f64>,
    scaled: Array2<f64>,
    factor: Array2<f64>,
    rows: Array2<f64>,
}

impl Whitened {
    fn new(mut scaled: Array2<f64>, first_column: usize) -> Result<Self> {
        let mut scale = Vec::with_capacity(scaled.ncols());
        for (c, mut column) in scaled.columns_mut().into_iter().enumerate() {
            let largest = column.fold(0.0_f64, |most, x| most.max(x.abs()));
            // The inverse of a subnormal number can be infinite, but dividing by the largest number
            // gives at most 1.
            if !(largest > 0.0 && largest.is_finite()) {
                return Err(Error::Singular { column: first_column + c });
            }
            column.mapv_inplace(|x| x / largest);
            scale.push(largest);
        }
        let (mean, covariance) = moments(scaled.view(), scaled.nrows() as f64 - 1.0);
        let singular = |column| Error::Singular { column: first_column + column };
        let factor = cholesky(covariance.view()).map_err(singular)?;
        scaled -= &mean;
        let mut rows = scaled.clone();
        for mut row in rows.rows_mut() {
            solve_lower(&factor, row.as_slice_mut().expect("fresh rows"));
        }
        Ok(Self { scale, scaled, factor, rows })
    }

    /// Returns the rotated frame and the rows in this frame. Both come from one matrix, so its
    /// rounding errors are the same for every difference.
    fn turned(self, rotation: &Array2<f64>) -> (Frame, Array2<f64>) {
        let d = self.scale.len();
        let mut inverse = Array2::<f64>::eye(d);
        // Row j of the identity becomes column j of the inverse factor.
        for mut row in inverse.rows_mut() {
            solve_lower(&self.factor, row.as_slice_mut().expect("fresh rows"));
        }
        let directions = rotation.dot(&inverse.t());
        let rows = self.scaled.dot(&directions.t());
        // The inverse map is the factor times the transposed rotation. The first row of the factor
        // has only one entry.
        let reach = self.scale[0] * self.factor[[0, 0]] * rotation.column(0).fold(0.0, |sum, x| sum + x.abs());
        (Frame { scale: self.scale, directions, reach }, rows)
    }
}

/// Computes the singular value decomposition of a matrix `[long, short]` by rotations of its
/// columns (Hestenes, 1958). Returns the directions with a singular value above `least` on the long
/// side and all directions on the short side, in descending order of their values.
fn rotations(mut matrix: Array2<f64>, least: f64) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
    let short = matrix.ncols();
    let mut turned = Array2::<f64>::eye(short);
    for _ in 0..SWEEPS {
        let mut still = true;
        for i in 0..short {
            for j in i + 1..short {
                let (a, b) = (matrix.column(i), matrix.column(j));
                let (aa, bb, ab) = (a.dot(&a), b.dot(&b), a.dot(&b));
                if ab.abs() <= f64::EPSILON * (aa * bb).sqrt() {
                    continue;
                }
                still = false;
                let zeta = (bb - aa) / (2.0 * ab);
                let tangent = zeta.signum() / (zeta.abs() + zeta.hypot(1.0));
                let cosine = tangent.hypot(1.0).recip();
                rotate(&mut matrix, i, j, cosine, cosine * tangent);
                rotate(&mut turned, i, j, cosine, cosine * tangent);
            }
        }
        if still {
            break;
        }
    }
    let values: Vec<f64> = matrix.columns().into_iter().map(|column| column.dot(&column).sqrt()).collect();
    let mut order: Vec<usize> = (0..short).collect();
    order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
    let paired = order.iter().filter(|&&j| values[j] > least);
    let long = paired.map(|&j| matrix.column(j).iter().map(|x| x / values[j]).collect()).collect();
    (long, order.iter().map(|&j| turned.column(j).to_vec()).collect())
}

fn rotate(matrix: &mut Array2<f64>, i: usize, j: usize, cosine: f64, sine: f64) {
    for mut row in matrix.rows_mut() {
        let (a, b) = (row[i], row[j]);
        row[i] = cosine * a - sine * b;
        row[j] = sine * a + cosine * b;
    }
}

/// Adds orthonormal directions until there are `d`, and returns them as rows.
fn complete(mut directions: Vec<Vec<f64>>, d: usize) -> Array2<f64> {
    while directions.len() < d {
        // Choose the unit vector that is farthest from the span of the directions so far.
        let left = |c: usize| 1.0 - directions.iter().map(|direction| direction[c] * direction[c]).sum::<f64>();
        let farthest = (0..d).max_by(|&a, &b| left(a).total_cmp(&left(b))).unwrap_or(0);
        let mut next = vec![0.0; d];
        next[farthest] = 1.0;
        // Project twice, because rounding leaves a part of the other directions after the first
        // pass.
        for _ in 0..2 {
            for direction in &directions {
                let along: f64 = direction.iter().zip(&next).map(|(a, b)| a * b).sum();
                next.iter_mut().zip(direction).for_each(|(next, x)| *next -= along * x);
            }
        }
        let length = next.iter().map(|x| x * x).sum::<f64>().sqrt();
        directions.push(next.iter().map(|x| x / length).collect());
    }
    let rows: Vec<f64> = directions.into_iter().flatten().collect();
    Array2::from_shape_vec((d, d), rows).expect("d directions of d coordinates")
}

/// Returns the differences of some rows from a point, as rows.
pub(super) fn differences<'p>(point: &[f64], others: impl Iterator<Item = &'p [f64]>) -> Array2<f64> {
    let all: Vec<f64> = others.flat_map(|other| other.iter().zip(point).map(|(b, a)| b - a)).collect();
    Array2::from_shape_vec((all.len() / point.len(), point.len()), all).expect("whole rows")
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use ndarray::{array, s};
    use ndarray_rand::rand::{Rng, SeedableRng};
    use ndarray_rand::rand_distr::StandardNormal;
    use rand_chacha::ChaCha8Rng;

    fn normal(n: usize, d: usize, seed: u64) -> Array2<f64> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        Array2::from_shape_simple_fn((n, d), || rng.sample(StandardNormal))
    }

    fn coordinates(frame: &Frame, rows: &Array2<f64>) -> Array2<f64> {
        let d = rows.ncols();
        let mut all = Array2::zeros(rows.raw_dim());
        for (row, mut to) in rows.rows().into_iter().zip(all.rows_mut()) {
            frame.difference(&vec![0.0; d], &row.to_vec(), &mut vec![0.0; d], to.as_slice_mut().unwrap());
        }
        all
    }

    #[test]
    fn coordinates_are_white_and_correlated_only_in_pairs() {
        for (dx, dy) in [(1, 1), (1, 3), (3, 2), (4, 4)] {
            let x = normal(40, dx, 1);
            let mix = normal(dx, dy, 2);
            let y = x.dot(&mix) + 0.3 * &normal(40, dy, 3);
            let canonical = Canonical::new(x.clone(), y.clone(), 0.01).unwrap();
            let (u, v) = (coordinates(&canonical.x, &x), coordinates(&canonical.y, &y));
            let (_, of_u) = moments(u.view(), 39.0);
            let (_, of_v) = moments(v.view(), 39.0);
            assert_relative_eq!(of_u, Array2::eye(dx), epsilon = 1e-10);
            assert_relative_eq!(of_v, Array2::eye(dy), epsilon = 1e-10);
            let (u, v) = (&u - &u.mean_axis(ndarray::Axis(0)).unwrap(), &v - &v.mean_axis(ndarray::Axis(0)).unwrap());
            let across = u.t().dot(&v) / 39.0;
            assert_eq!(canonical.gaps.len(), dx.min(dy));
            for ((i, j), &correlation) in across.indexed_iter() {
                let expected = if i == j && i < canonical.gaps.len() { 1.0 - canonical.gaps[i] } else { 0.0 };
                assert_relative_eq!(correlation, expected, epsilon = 1e-10);
            }
            assert!(canonical.gaps.windows(2).all(|pair| pair[0] <= pair[1]));
        }
    }

    #[test]
    fn gaps_are_accurate_for_correlations_close_to_one() {
        // The gap is half the ratio of the variance of the noise to that of x, apart from the
        // correlation of the noise with x.
        let (x, noise) = (normal(50, 1, 4), normal(50, 1, 5));
        let gap = |scale: f64| Canonical::new(x.clone(), &x + &(scale * &noise), 0.5).unwrap().gaps[0];
        assert_relative_eq!(gap(1e-6) / gap(1e-3), 1e-6, max_relative = 1e-2);
        assert_relative_eq!(gap(1e-9) / gap(1e-6), 1e-6, max_relative = 1e-5);
    }

    #[test]
    fn errors_name_dependent_columns() {
        let x = array![[1.0, 2.0], [2.0, 4.0], [3.0, 6.0], [5.0, 10.0]];
        let y = array![[1.0, 0.0], [0.0, 0.0], [2.0, 0.0], [4.0, 0.0]];
        let line = x.slice(s![.., ..1]).to_owned();
        assert_eq!(Canonical::new(x, line.clone(), 0.5).unwrap_err(), Error::Singular { column: 1 });
        assert_eq!(Canonical::new(line, y, 0.5).unwrap_err(), Error::Singular { column: 2 });
    }
}
