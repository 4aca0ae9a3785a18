use statrs::function::gamma::ln_gamma;

/// How distances are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Norm {
    /// The sum of the coordinates' differences; Manhattan distance.
    L1,
    /// The root of the sum of their squares; Euclidean distance. The only one that does not depend on the axes.
    #[default]
    L2,
    /// The largest of them; Chebyshev or maximum distance.
    LInf,
}

/// Independent partial sums: with one alone every addition would wait for the one before it.
const LANES: usize = 8;

impl Norm {
    /// The logarithm of the volume of the unit ball in `d` dimensions. In logarithms throughout: the volume itself is 0 in
    /// double precision from d = 343 in L2, and beyond the largest number from d = 1024 in LInf.
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

    /// The distance of two points, to rounding for every scale: no square under- or overflows on the way. Infinite if it
    /// is larger than the largest number.
    ///
    /// # Panics
    ///
    /// In debug builds, if the points have different dimensions.
    pub fn distance(self, a: &[f64], b: &[f64]) -> f64 {
        debug_assert_eq!(a.len(), b.len());
        let comparable = self.comparable(a, b);
        match self {
            _ if !self.is_safe(comparable) => self.scaled_distance(a, b),
            Self::L2 => comparable.sqrt(),
            Self::L1 | Self::LInf => comparable,
        }
    }

    /// Something cheap that orders points as their distance does: in L2 its square.
    #[inline(always)]
    pub(crate) fn comparable(self, a: &[f64], b: &[f64]) -> f64 {
        match self {
            Self::L1 => lanes(a, b, |sum, u| sum + u.abs(), |x, y| x + y),
            Self::L2 => lanes(a, b, |sum, u| sum + u * u, |x, y| x + y),
            Self::LInf => lanes(a, b, |most, u| if u.abs() > most { u.abs() } else { most }, f64::max),
        }
    }

    /// Whether a comparable value is as exact as the distance: no term of it can have been lost to under- or overflow.
    pub(crate) fn is_safe(self, comparable: f64) -> bool {
        // A lost square is below 1e-323, and below rounding next to 1e-290 for any dimension that fits into memory.
        let least = if self == Self::L2 { 1e-290 } else { 0.0 };
        comparable >= least && comparable.is_finite()
    }

    /// The distance with every difference divided by the largest one. Halved, because the difference of two numbers can be
    /// twice the largest.
    fn scaled_distance(self, a: &[f64], b: &[f64]) -> f64 {
        let differences = |unit: f64| a.iter().zip(b).map(move |(a, b)| (a * unit - b * unit).abs());
        let largest = |unit| differences(unit).fold(0.0, f64::max);
        // Halving is exact but for subnormal numbers, and those are nothing beside a difference that overflows.
        let unit = if largest(1.0).is_finite() { 1.0 } else { 0.5 };
        let most: f64 = largest(unit);
        if most == 0.0 {
            return 0.0;
        }
        let ratios = differences(unit).map(|u| u / most);
        let length = match self {
            Self::L1 => ratios.sum(),
            Self::L2 => ratios.map(|u| u * u).sum::<f64>().sqrt(),
            Self::LInf => 1.0,
        };
        length * most / unit
    }

    /// Calls `visit(coordinate, derivative)` for every coordinate of the gradient of `ln |a - b|` with respect to `a` that
    /// is not 0; with respect to `b` it is the negative. `r` is the distance, above 0.
    ///
    /// ```text
    /// L1    sign(a - b) / r
    /// L2    (a - b) / r^2
    /// LInf  sign(a - b) / r at the coordinate that attains the maximum, the first of several
    /// ```
    pub(crate) fn log_gradient(self, a: &[f64], b: &[f64], r: f64, mut visit: impl FnMut(usize, f64)) {
        let differences = || a.iter().zip(b).map(|(a, b)| a - b).enumerate();
        match self {
            Self::L1 => differences().filter(|(_, u)| *u != 0.0).for_each(|(c, u)| visit(c, u.signum() / r)),
            // Divided twice, because r^2 can be out of range.
            Self::L2 => differences().for_each(|(c, u)| visit(c, u / r / r)),
            Self::LInf => {
                let largest =
                    differences().fold((0, 0.0_f64), |most, (c, u)| if u.abs() > most.1.abs() { (c, u) } else { most });
                visit(largest.0, largest.1.signum() / r);
            }
        }
    }
}

/// Folds the differences of two points into [`LANES`] partial results and those into one. The order is fixed, so that a
/// pair of points has one distance, wherever it is computed.
#[inline(always)]
fn lanes(a: &[f64], b: &[f64], add: impl Fn(f64, f64) -> f64, join: impl Fn(f64, f64) -> f64) -> f64 {
    // In a few dimensions there is nothing to wait for, and joining the parts would take longer than the sum.
    if a.len() < LANES {
        return a.iter().zip(b).fold(0.0, |part, (a, b)| add(part, a - b));
    }
    let (a, a_rest) = a.as_chunks::<LANES>();
    let (b, b_rest) = b.as_chunks::<LANES>();
    let mut parts = [0.0; LANES];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            parts[lane] = add(parts[lane], a[lane] - b[lane]);
        }
    }
    for (lane, (a, b)) in a_rest.iter().zip(b_rest).enumerate() {
        parts[lane] = add(parts[lane], a - b);
    }
    let [p, q, r, s, t, u, v, w] = parts;
    join(join(join(p, t), join(q, u)), join(join(r, v), join(s, w)))
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
        // A difference that overflows although the distance in units of 1e308 is small.
        assert_eq!(Norm::L2.distance(&[1.5e308], &[-1.5e308]), f64::INFINITY);
        // Coordinates of very different scales.
        assert_eq!(Norm::L2.distance(&[1e-200, 1e200], &[0.0, 0.0]), 1e200);
        // The smallest number there is.
        assert_eq!(Norm::L2.distance(&[5e-324], &[0.0]), 5e-324);
    }

    #[test]
    fn of_equal_differences_the_first_has_the_gradient() {
        let mut visited = Vec::new();
        Norm::LInf.log_gradient(&[0.0, 1.0, 5.0], &[1.0, -3.0, 1.0], 4.0, |c, g| visited.push((c, g)));
        assert_eq!(visited, [(1, 0.25)]);
    }

    #[test]
    fn gradients_of_the_logarithm() {
        let (a, b) = ([1.0, -2.0, 3.0, 0.5], [0.7, 2.0, 3.5, 0.4]);
        for norm in [Norm::L1, Norm::L2, Norm::LInf] {
            let mut gradient = [0.0; 4];
            norm.log_gradient(&a, &b, norm.distance(&a, &b), |c, g| gradient[c] = g);
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
