//! Codes on the way from one code to another, and about one.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

use crate::Float;

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// [`linear`].
    Linear,
    /// [`spherical`].
    Spherical,
}

impl Way {
    /// For each two of `codes` in turn, `steps` codes on this way from the one to the other; a last
    /// one without another is left out.
    pub fn between<F: Float>(self, codes: ArrayView2<'_, F>, steps: usize) -> Array2<F> {
        let pairs = codes.nrows() / 2;
        let mut ways = Array2::zeros((pairs * steps, codes.ncols()));
        for (pair, mut way) in ways.axis_chunks_iter_mut(Axis(0), steps.max(1)).enumerate() {
            let [a, b] = [codes.row(2 * pair), codes.row(2 * pair + 1)];
            way.assign(&match self {
                Self::Linear => linear(a, b, steps),
                Self::Spherical => spherical(a, b, steps),
            });
        }
        ways
    }
}

/// `steps` codes evenly on the straight line from `a` to `b`, ends included; `a` alone for a single
/// step.
///
/// # Panics
///
/// If `a` and `b` are of different lengths.
pub fn linear<F: Float>(a: ArrayView1<'_, F>, b: ArrayView1<'_, F>, steps: usize) -> Array2<F> {
    path(a, b, steps, |t| [1.0 - t, t])
}

/// `steps` codes from `a` to `b`, ends included, turning at an even rate in the plane of the two
/// while the radius goes evenly from one to the other (Shoemake, SIGGRAPH 1985). In many dimensions
/// nearly all of N(0, I) is close to one radius, and the middle of a straight line is far from it;
/// this path keeps to where codes are.
///
/// Where the directions are the same, opposite or undefined there is no one plane, and the path is
/// the straight line.
///
/// # Panics
///
/// If `a` and `b` are of different lengths.
pub fn spherical<F: Float>(a: ArrayView1<'_, F>, b: ArrayView1<'_, F>, steps: usize) -> Array2<F> {
    let dot = |a: ArrayView1<'_, F>, b: ArrayView1<'_, F>| {
        a.iter().zip(b).map(|(a, b)| a.into_f64() * b.into_f64()).sum::<f64>()
    };
    let [radius_a, radius_b] = [dot(a, a).sqrt(), dot(b, b).sqrt()];
    let angle = (dot(a, b) / (radius_a * radius_b)).clamp(-1.0, 1.0).acos();
    let sine = angle.sin();
    // NaN where a radius is 0.
    if sine.is_nan() || sine <= 1e-6 {
        return linear(a, b, steps);
    }
    path(a, b, steps, |t| {
        let radius = (1.0 - t) * radius_a + t * radius_b;
        [((1.0 - t) * angle).sin() / sine * radius / radius_a, (t * angle).sin() / sine * radius / radius_b]
    })
}

/// For each of `coordinates`, `steps` codes that differ from `centre` in that one alone, by even
/// amounts from `-range` to `range`. If `steps` is odd, the one in the middle is `centre`.
///
/// # Panics
///
/// If `centre` has no such coordinate.
pub fn traversals<F: Float>(centre: ArrayView1<'_, F>, coordinates: &[usize], range: f64, steps: usize) -> Array2<F> {
    let mut codes = Array2::from_shape_fn((coordinates.len() * steps, centre.len()), |(_, i)| centre[i]);
    for (mut row, &coordinate) in codes.axis_chunks_iter_mut(Axis(0), steps.max(1)).zip(coordinates) {
        for (i, z) in row.column_mut(coordinate).iter_mut().enumerate() {
            // From -1 to 1, and exactly 0 in the middle.
            let t = (2 * i) as f64 / (steps.max(2) - 1) as f64 - 1.0;
            *z += F::from_f64(range * t);
        }
    }
    codes
}

fn path<F: Float>(
    a: ArrayView1<'_, F>,
    b: ArrayView1<'_, F>,
    steps: usize,
    weights: impl Fn(f64) -> [f64; 2],
) -> Array2<F> {
    assert!(a.len() == b.len(), "codes of {} and {} numbers", a.len(), b.len());
    let mut codes = Array2::zeros((steps, a.len()));
    for (i, mut code) in codes.axis_iter_mut(Axis(0)).enumerate() {
        let t = i as f64 / (steps.max(2) - 1) as f64;
        let [of_a, of_b] = weights(t).map(F::from_f64);
        let sum: Array1<F> = a.iter().zip(b).map(|(&a, &b)| of_a * a + of_b * b).collect();
        code.assign(&sum);
    }
    codes
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use ndarray::{array, concatenate};

    #[test]
    fn straight() {
        let path = linear(array![0.0, 1.0].view(), array![2.0, 5.0].view(), 3);
        assert_eq!(path, array![[0.0, 1.0], [1.0, 3.0], [2.0, 5.0]]);
        assert_eq!(linear(array![0.0].view(), array![2.0].view(), 1), array![[0.0]]);
        assert_eq!(linear(array![0.0].view(), array![2.0].view(), 0).nrows(), 0);
    }

    #[test]
    fn round() {
        let (a, b) = (array![3.0_f64, 0.0, 0.0], array![0.0, 5.0, 0.0]);
        let path = spherical(a.view(), b.view(), 5);
        assert_relative_eq!(path.row(0).to_vec()[..], a.to_vec()[..], epsilon = 1e-12);
        assert_relative_eq!(path.row(4).to_vec()[..], b.to_vec()[..], epsilon = 1e-12);
        for (i, code) in path.outer_iter().enumerate() {
            assert_relative_eq!(code.dot(&code).sqrt(), 3.0 + 0.5 * i as f64, max_relative = 1e-12);
            assert_relative_eq!(code[1].atan2(code[0]), i as f64 * std::f64::consts::FRAC_PI_8, epsilon = 1e-12);
        }
    }

    #[test]
    fn two_by_two() {
        let codes = array![[0.0, 1.0], [2.0, 5.0], [3.0, 0.0], [0.0, 5.0], [9.0, 9.0]];
        for way in [Way::Linear, Way::Spherical] {
            let path = if way == Way::Linear { linear } else { spherical };
            let [first, second] = [0, 2].map(|i| path(codes.row(i), codes.row(i + 1), 4));
            assert_eq!(way.between(codes.view(), 4), concatenate![Axis(0), first, second]);
            assert_eq!(way.between(codes.slice_axis(Axis(0), (..1).into()), 4).dim(), (0, 2));
            assert_eq!(way.between(codes.view(), 0).dim(), (0, 2));
        }
    }

    #[test]
    fn one_coordinate_at_a_time() {
        let codes = traversals(array![0.1_f32, 5.0, -1.0].view(), &[1, 0], 3.0, 3);
        let expected = array![
            [0.1, 2.0, -1.0],
            [0.1, 5.0, -1.0],
            [0.1, 8.0, -1.0],
            [-2.9, 5.0, -1.0],
            [0.1, 5.0, -1.0],
            [3.1, 5.0, -1.0]
        ];
        assert_eq!(codes, expected);
        assert_eq!(traversals(array![0.1_f32].view(), &[0], 0.7, 7)[[3, 0]], 0.1);
        assert_eq!(traversals(array![0.0].view(), &[0], 2.0, 1), array![[-2.0]]);
        assert_eq!(traversals(array![0.0, 0.0].view(), &[], 2.0, 3).dim(), (0, 2));
    }

    #[test]
    fn without_a_plane_the_path_is_straight() {
        for (a, b) in [([1.0, 0.0], [-2.0, 0.0]), ([1.0, 1.0], [3.0, 3.0]), ([0.0, 0.0], [1.0, 2.0])] {
            let (a, b) = (ndarray::arr1(&a), ndarray::arr1(&b));
            assert_eq!(spherical(a.view(), b.view(), 4), linear(a.view(), b.view(), 4));
        }
    }
}
