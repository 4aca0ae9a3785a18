//! Codes on a path between two codes, and codes around one code.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

use crate::Float;

/// The shape of a path between two codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// A straight line, see [`linear`].
    Linear,
    /// An arc, see [`spherical`].
    Spherical,
}

impl Way {
    /// Returns `steps` codes along the path for each consecutive pair of `codes`. An unpaired last
    /// code is ignored.
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

/// Returns `steps` evenly spaced codes on the straight line from `a` to `b`, both included. A
/// single step gives `a`.
///
/// # Panics
///
/// If `a` and `b` are of different lengths.
pub fn linear<F: Float>(a: ArrayView1<'_, F>, b: ArrayView1<'_, F>, steps: usize) -> Array2<F> {
    path(a, b, steps, |t| [1.0 - t, t])
}

/// Returns `steps` codes from `a` to `b`, both included. The direction turns at an even rate in the
/// plane of `a` and `b` while the radius changes evenly from one to the other (Shoemake, SIGGRAPH
/// 1985). In many dimensions nearly all of N(0, I) lies close to one radius, and the middle of a
/// straight line is far from it. This path stays where codes are likely.
///
/// If the directions are equal, opposite or undefined, they do not determine a plane, and the path
/// is the straight line.
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
    // The sine is NaN if a radius is 0.
    if sine.is_nan() || sine <= 1e-6 {
        return linear(a, b, steps);
    }
    path(a, b, steps, |t| {
        let radius = (1.0 - t) * radius_a + t * radius_b;
        [((1.0 - t) * angle).sin() / sine * radius / radius_a, (t * angle).sin() / sine * radius / radius_b]
    })
}

/// Returns, for each of `coordinates`, `steps` codes that differ from `center` in that coordinate
/// alone, by evenly spaced amounts from `-range` to `range`. If `steps` is odd, the middle code is
/// `center`.
///
/// # Panics
///
/// If `center` does not have one of the coordinates.
pub fn traversals<F: Float>(center: ArrayView1<'_, F>, coordinates: &[usize], range: f64, steps: usize) -> Array2<F> {
    let mut codes = Array2::from_shape_fn((coordinates.len() * steps, center.len()), |(_, i)| center[i]);
    for (mut row, &coordinate) in codes.axis_chunks_iter_mut(Axis(0), steps.max(1)).zip(coordinates) {
        for (i, z) in row.column_mut(coordinate).iter_mut().enumerate() {
            // From -1 to 1, exactly 0 in the middle.
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
    assert!(a.len() == b.len(), "the codes have {} and {} entries", a.len(), b.len());
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
    fn linear_path() {
        let path = linear(array![0.0, 1.0].view(), array![2.0, 5.0].view(), 3);
        assert_eq!(path, array![[0.0, 1.0], [1.0, 3.0], [2.0, 5.0]]);
        assert_eq!(linear(array![0.0].view(), array![2.0].view(), 1), array![[0.0]]);
        assert_eq!(linear(array![0.0].view(), array![2.0].view(), 0).nrows(), 0);
    }

    #[test]
    fn spherical_path() {
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
    fn consecutive_codes_form_pairs() {
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
    fn traversals_change_one_coordinate() {
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
    fn degenerate_spherical_path_is_linear() {
        for (a, b) in [([1.0, 0.0], [-2.0, 0.0]), ([1.0, 1.0], [3.0, 3.0]), ([0.0, 0.0], [1.0, 2.0])] {
            let (a, b) = (ndarray::arr1(&a), ndarray::arr1(&b));
            assert_eq!(spherical(a.view(), b.view(), 4), linear(a.view(), b.view(), 4));
        }
    }
}
