use statrs::function::gamma::ln_gamma;

use crate::geometry::{Largest, SumOfSizes, SumOfSquares, plain_key};
use crate::math::{exponent, power_of_two};

/// Norm that measures distances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Norm {
    /// Manhattan distance: the sum of the absolute differences of the coordinates.
    L1,
    /// Euclidean distance: the square root of the sum of squared differences. This is the only norm
    /// that does not depend on the axes.
    #[default]
    L2,
    /// Chebyshev or maximum distance: the largest absolute difference.
    LInf,
}

impl Norm {
    /// Returns the logarithm of the volume of the unit ball in `d` dimensions. The computation uses
    /// logarithms throughout, because in double precision the volume itself underflows to 0 from d
    /// = 343 in L2 and overflows from d = 1024 in LInf.
    ///
    /// ```text
    /// L1    d ln 2 - ln Gamma(d + 1)
    /// L2    d/2 ln pi - ln Gamma(d/2 + 1)
    /// LInf  d ln 2
    /// ```
    pub fn log_unit_ball(self, d: usize) -> f64 {
        let d = d as f64;
        match self {
            Self::L1 => d * std::f64::consts::LN_2 - ln_gamma(d + 1.0),
            Self::L2 => d / 2.0 * std::f64::consts::PI.ln() - ln_gamma(d / 2.0 + 1.0),
            Self::LInf => d * std::f64::consts::LN_2,
        }
    }

    /// Returns the distance of two points, accurate to rounding at every scale: no square
    /// underflows or overflows on the way. The distance is infinite if it exceeds the largest
    /// finite number, and NaN if the difference of two coordinates is NaN.
    ///
    /// # Panics
    ///
    /// If the points have different dimensions.
    pub fn distance(self, a: &[f64], b: &[f64]) -> f64 {
        assert_eq!(a.len(), b.len(), "points have equal dimensions");
        if differs_by_nan(a, b) {
            return f64::NAN;
        }
        let comparable = self.comparable(a, b);
        match self {
            _ if !self.is_safe(comparable) => self.scaled_distance(a, b),
            Self::L2 => comparable.sqrt(),
            Self::L1 | Self::LInf => comparable,
        }
    }

    /// Returns a key that orders points like their distance but is cheaper to compute: in L2, the
    /// square of the distance.
    #[inline(always)]
    pub(crate) fn comparable(self, a: &[f64], b: &[f64]) -> f64 {
        match self {
            Self::L1 => plain_key::<SumOfSizes>(a, b),
            Self::L2 => plain_key::<SumOfSquares>(a, b),
            Self::LInf => plain_key::<Largest>(a, b),
        }
    }

    /// Returns true if no term of a comparable value was lost to underflow or overflow, so that it
    /// is as accurate as the distance.
    pub(crate) fn is_safe(self, comparable: f64) -> bool {
        // A lost square is below 1e-323. Next to 1e-290 it is below rounding, for any dimension
        // that fits into memory.
        let least = if self == Self::L2 { 1e-290 } else { 0.0 };
        comparable >= least && comparable.is_finite()
    }

    fn scaled_distance(self, a: &[f64], b: &[f64]) -> f64 {
        let differences = |unit: f64| a.iter().zip(b).map(|(a, b)| a * unit - b * unit).collect::<Vec<_>>();
        let plain = differences(1.0);
        // The difference of two numbers can be twice the largest finite number. Halving is exact
        // except for subnormal numbers, which are negligible next to a difference that overflows.
        match plain.iter().all(|u| u.is_finite()) {
            true => self.scaled_length(&plain, 1.0),
            false => self.scaled_length(&differences(0.5), 0.5),
        }
    }

    /// Returns the length of a vector of differences of any scale. The differences are first
    /// multiplied by the power of two that brings the largest near 1. This is exact, so the result
    /// is bit-identical to a direct computation if that is in range. `unit` is the factor by which
    /// the differences have already been multiplied.
    pub(crate) fn scaled_length(self, differences: &[f64], unit: f64) -> f64 {
        let most = differences.iter().fold(0.0_f64, |most, u| most.max(u.abs()));
        if most == 0.0 || most.is_infinite() {
            return most;
        }
        // Scaling takes two steps in each direction, because 2^1074 is not representable.
        let exponent = -exponent(most);
        let (half, rest) = (power_of_two(exponent / 2), power_of_two(exponent - exponent / 2));
        let scaled: Vec<f64> = differences.iter().map(|u| u * half * rest).collect();
        let comparable = self.comparable(&scaled, &vec![0.0; scaled.len()]);
        let length = if self == Self::L2 { comparable.sqrt() } else { comparable };
        length / half / rest / unit
    }

    /// Replaces differences `u` of length `r > 0` by `weight` times the gradient of `ln |u|`.
    ///
    /// ```text
    /// L1    sign(u) / r
    /// L2    u / r^2
    /// LInf  sign(u) / r at the coordinate that attains the maximum, the first of several
    /// ```
    pub(crate) fn log_gradient(self, u: &mut [f64], r: f64, weight: f64) {
        match self {
            Self::L1 => u.iter_mut().filter(|u| **u != 0.0).for_each(|u| *u = weight * (u.signum() / r)),
            Self::L2 if self.is_safe(r * r) => {
                let factor = weight / (r * r);
                u.iter_mut().for_each(|u| *u *= factor);
            }
            Self::L2 => u.iter_mut().for_each(|u| *u = weight * (*u / r / r)),
            Self::LInf => {
                let mut largest = 0;
                for c in 1..u.len() {
                    largest = if u[c].abs() > u[largest].abs() { c } else { largest };
                }
                let derivative = weight * (u[largest].signum() / r);
                u.fill(0.0);
                u[largest] = derivative;
            }
        }
    }
}

/// Returns true if the difference of two coordinates is NaN. A maximum would hide it.
pub(super) fn differs_by_nan(a: &[f64], b: &[f64]) -> bool {
    // Without an early exit, several coordinates are compared at once.
    a.iter().zip(b).fold(false, |any, (a, b)| any | (a - b).is_nan())
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn distances() {
        let (a, b) = ([1.0, -2.0, 3.0], [4.0, 2.0, 3.0]);
        for (norm, expected) in [(Norm::L1, 7.0), (Norm::L2, 5.0), (Norm::LInf, 4.0)] {
            for scale in [1.0, 1e-300, 1e-150, 1e150, 1e300] {
                let [a, b] = [a, b].map(|p| p.map(|x| x * scale));
                assert_relative_eq!(norm.distance(&a, &b), expected * scale, max_relative = 1e-14);
                assert_eq!(norm.distance(&a, &a), 0.0);
            }
        }
        // The difference overflows, although the distance in units of 1e308 is small.
        assert_eq!(Norm::L2.distance(&[1.5e308], &[-1.5e308]), f64::INFINITY);
        // The coordinates have very different scales.
        assert_eq!(Norm::L2.distance(&[1e-200, 1e200], &[0.0, 0.0]), 1e200);
        // The smallest positive number.
        assert_eq!(Norm::L2.distance(&[5e-324], &[0.0]), 5e-324);
    }

    #[test]
    fn gradient_of_a_tied_maximum_goes_to_the_first() {
        let mut u = [-1.0, 4.0, 4.0];
        Norm::LInf.log_gradient(&mut u, 4.0, 2.0);
        assert_eq!(u, [0.0, 0.5, 0.0]);
    }

    #[test]
    fn gradients_of_the_logarithm() {
        let (a, b) = ([1.0, -2.0, 3.0, 0.5], [0.7, 2.0, 3.5, 0.4]);
        for norm in [Norm::L1, Norm::L2, Norm::LInf] {
            let mut gradient: [f64; 4] = std::array::from_fn(|c| a[c] - b[c]);
            norm.log_gradient(&mut gradient, norm.distance(&a, &b), 1.0);
            for c in 0..4 {
                let at = |h: f64| {
                    let mut a = a;
                    a[c] += h;
                    norm.distance(&a, &b).ln()
                };
                assert_relative_eq!(gradient[c], (at(1e-6) - at(-1e-6)) / 2e-6, epsilon = 1e-8);
            }
        }
    }
}
