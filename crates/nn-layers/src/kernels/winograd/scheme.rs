//! The small linear maps of the algorithm.

use autodiff_mini::Scalar;

/// The linear maps of the algorithm for `O` outputs, which need `P` products.
///
/// The maps are those of Toom and Cook: the products are values of a polynomial at `P - 1` points
/// and at infinity, so only the last output needs the last product.
pub(in crate::kernels) trait Maps<const O: usize, const P: usize> {
    /// Maps consecutive cells to their differences.
    fn differences<F: Scalar>(cells: [F; P]) -> [F; P];

    /// Applies the transpose of [`differences`](Maps::differences).
    fn differences_transposed<F: Scalar>(products: [F; P]) -> [F; P];

    /// Maps the two halves of a filter to sums.
    fn sums<F: Scalar>(halves: [F; 2]) -> [F; P];

    /// Applies the transpose of [`sums`](Maps::sums).
    fn sums_transposed<F: Scalar>(products: [F; P]) -> [F; 2];

    /// Maps products to outputs.
    fn outputs<F: Scalar>(products: [F; P]) -> [F; O];

    /// Applies the transpose of [`outputs`](Maps::outputs).
    fn outputs_transposed<F: Scalar>(outputs: [F; O]) -> [F; P];
}

/// The maps for tiles of different sizes.
pub(in crate::kernels) struct Scheme;

/// The points 0 and -1.
impl Maps<2, 3> for Scheme {
    #[inline(always)]
    fn differences<F: Scalar>([a, b, c]: [F; 3]) -> [F; 3] {
        [a - b, b, c - b]
    }

    #[inline(always)]
    fn differences_transposed<F: Scalar>([a, b, c]: [F; 3]) -> [F; 3] {
        [a, b - a - c, c]
    }

    #[inline(always)]
    fn sums<F: Scalar>([a, b]: [F; 2]) -> [F; 3] {
        [a, a + b, b]
    }

    #[inline(always)]
    fn sums_transposed<F: Scalar>([a, b, c]: [F; 3]) -> [F; 2] {
        [a + b, b + c]
    }

    #[inline(always)]
    fn outputs<F: Scalar>([a, b, c]: [F; 3]) -> [F; 2] {
        [a + b, b + c]
    }

    #[inline(always)]
    fn outputs_transposed<F: Scalar>([a, b]: [F; 2]) -> [F; 3] {
        [a, a + b, b]
    }
}

/// The points 1, -1, 1/2 and -1/2. Their rounding errors are two thirds of those of 0, 1, -1 and 2,
/// and the maps for a point and its negative share most of their arithmetic.
impl Maps<4, 5> for Scheme {
    #[inline(always)]
    fn differences<F: Scalar>([a, b, c, d, e]: [F; 5]) -> [F; 5] {
        let [half, quarter] = [0.5, 0.25].map(F::from_f64);
        let (even, half_even) = (c - a * quarter, (c - a) * half);
        let (odd, half_odd) = (d - b * quarter, d - b);
        [odd + even, odd - even, half_odd + half_even, half_odd - half_even, (e - c) - half_even * half]
    }

    #[inline(always)]
    fn differences_transposed<F: Scalar>([a, b, c, d, e]: [F; 5]) -> [F; 5] {
        let [half, quarter] = [0.5, 0.25].map(F::from_f64);
        let (even, odd) = (a - b, a + b);
        let (half_even, half_odd) = ((c - d - e * half) * half, c + d);
        [-(even * quarter) - half_even, -(odd * quarter) - half_odd, even + half_even - e, odd + half_odd, e]
    }

    #[inline(always)]
    fn sums<F: Scalar>([a, b]: [F; 2]) -> [F; 5] {
        let two_thirds = F::from_f64(2.0 / 3.0);
        let (a, two_a, b_scaled) = (a * two_thirds, a * (two_thirds + two_thirds), b * two_thirds);
        [b_scaled + a, b_scaled - a, -b_scaled - two_a, two_a - b_scaled, b]
    }

    #[inline(always)]
    fn sums_transposed<F: Scalar>([a, b, c, d, e]: [F; 5]) -> [F; 2] {
        let two_thirds = F::from_f64(2.0 / 3.0);
        let (even, odd) = ((a - b) + (d - c) + (d - c), (a + b) - (c + d));
        [even * two_thirds, odd * two_thirds + e]
    }

    #[inline(always)]
    fn outputs<F: Scalar>([a, b, c, d, e]: [F; 5]) -> [F; 4] {
        let [half, quarter, eighth] = [0.5, 0.25, 0.125].map(F::from_f64);
        let (even, odd, half_even, half_odd) = (a + b, a - b, c + d, c - d);
        [even + half_even, odd + half_odd * half, even + half_even * quarter, odd + half_odd * eighth + e]
    }

    #[inline(always)]
    fn outputs_transposed<F: Scalar>([a, b, c, d]: [F; 4]) -> [F; 5] {
        let [half, quarter, eighth] = [0.5, 0.25, 0.125].map(F::from_f64);
        let (even, odd) = (a + c, b + d);
        let (half_even, half_odd) = (a + c * quarter, b * half + d * eighth);
        [even + odd, even - odd, half_even + half_odd, half_even - half_odd, d]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers<const N: usize>(seed: usize) -> [f64; N] {
        std::array::from_fn(|i| ((i + seed) as f64 * 1.7).sin())
    }

    fn dot<const N: usize>(a: [f64; N], b: [f64; N]) -> f64 {
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    }

    fn check<const O: usize, const P: usize>()
    where
        Scheme: Maps<O, P>,
    {
        // The products give the outputs.
        let (cells, halves) = (numbers::<P>(0), numbers::<2>(7));
        let [differences, sums] = [Scheme::differences(cells), <Scheme as Maps<O, P>>::sums(halves)];
        let outputs: [f64; O] = Scheme::outputs(std::array::from_fn(|i| differences[i] * sums[i]));
        for (place, output) in outputs.into_iter().enumerate() {
            assert!((output - cells[place] * halves[0] - cells[place + 1] * halves[1]).abs() < 1e-14);
        }
        // Maps and transposes are adjoint.
        let products = numbers::<P>(13);
        assert!((dot(differences, products) - dot(cells, Scheme::differences_transposed(products))).abs() < 1e-14);
        let found = dot(halves, <Scheme as Maps<O, P>>::sums_transposed(products));
        assert!((dot(sums, products) - found).abs() < 1e-14);
        let spread: [f64; P] = Scheme::outputs_transposed(outputs);
        assert!((dot(outputs, Scheme::outputs(products)) - dot(spread, products)).abs() < 1e-14);
    }

    #[test]
    fn products_give_outputs_and_maps_are_adjoint() {
        check::<2, 3>();
        check::<4, 5>();
    }
}
