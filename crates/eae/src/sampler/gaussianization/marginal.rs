//! A monotone map of one coordinate to N(0, 1).

use statrs::function::erf::erfc_inv;

/// Largest slope of a map between knots. Without the limit the map could not be inverted where
/// values coincide.
const STEEPEST: f64 = 1e3;

/// Largest factor by which the slope of a tail may differ from 1. The slope is that between the
/// last two knots. It is estimated from few codes and extends far.
const TAIL: f64 = 4.0;

/// Anderson-Darling statistic that one in twenty samples of N(0, 1) exceeds.
const CHANCE: f64 = 2.492;

/// The probabilities at which the knots of a map lie.
#[derive(Debug)]
pub(super) struct Levels {
    probabilities: Vec<f64>,
    /// The normal quantiles.
    quantiles: Vec<f64>,
    /// Weights of the differences from the quantiles, in the sum that gives the Anderson-Darling
    /// statistic.
    weights: Vec<f64>,
}

impl Levels {
    /// Creates the levels for `n` values: `sqrt(n) / 2` intervals of equal probability, at most
    /// 200. Beyond the outermost knots there are more, each at a third of the previous probability,
    /// up to the eighth value from either end.
    pub(super) fn new(n: usize) -> Self {
        let n = n as f64;
        let inner = (n.sqrt() / 2.0).clamp(4.0, 200.0).floor();
        let mut tail: Vec<f64> =
            std::iter::successors(Some(0.5 / inner / 3.0), |p| Some(p / 3.0)).take_while(|p| n * p >= 8.0).collect();
        tail.reverse();
        let upper: Vec<f64> = tail.iter().rev().map(|p| 1.0 - p).collect();
        let middle = (0..inner as usize).map(|i| (i as f64 + 0.5) / inner);
        let probabilities: Vec<f64> = tail.iter().copied().chain(middle).chain(upper).collect();
        let quantiles: Vec<f64> = probabilities.iter().map(|&p| normal_quantile(p)).collect();
        let weights = (0..probabilities.len()).map(|i| {
            let p = probabilities[i];
            let left = if i == 0 { 0.0 } else { (probabilities[i - 1] + p) / 2.0 };
            let right = probabilities.get(i + 1).map_or(1.0, |next| (next + p) / 2.0);
            let density = (-0.5 * quantiles[i] * quantiles[i]).exp() / (2.0 * std::f64::consts::PI).sqrt();
            // The variance of a sample quantile is p (1 - p) / (n density^2).
            (right - left) * n * density * density / (p * (1.0 - p))
        });
        Self { weights: weights.collect(), probabilities, quantiles }
    }
}

/// Returns the `x` with `P(Z <= x) = p`.
pub(super) fn normal_quantile(p: f64) -> f64 {
    -std::f64::consts::SQRT_2 * erfc_inv(2.0 * p)
}

/// A piecewise rational quadratic function through knots (Gregory and Delbourgo, IMA Journal of
/// Numerical Analysis 2, 1982). It is increasing, has a continuous derivative and a closed-form
/// inverse, and is linear beyond the outermost knots.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Marginal {
    pub(super) x: Vec<f64>,
    pub(super) y: Vec<f64>,
    pub(super) slopes: Vec<f64>,
}

impl Marginal {
    /// Fits a map from the quantiles of sorted values to those of N(0, 1), or returns `None` if
    /// they differ by no more than chance.
    ///
    /// With the Anderson-Darling statistic `A2` of the values, the map is a fraction
    /// `1 - CHANCE / A2` of the way from the identity to the fit. Otherwise the noise of the
    /// quantiles would accumulate over the layers.
    pub(super) fn fit(sorted: &[f64], levels: &Levels) -> Option<Self> {
        let quantile = |p: f64| {
            let at = (p * sorted.len() as f64 - 0.5).clamp(0.0, (sorted.len() - 1) as f64);
            let (low, part) = (at as usize, at.fract());
            let high = (low + 1).min(sorted.len() - 1);
            sorted[low] + part * (sorted[high] - sorted[low])
        };
        let z = &levels.quantiles;
        let mut x: Vec<f64> = levels.probabilities.iter().map(|&p| quantile(p)).collect();
        let squares = x.iter().zip(z).zip(&levels.weights).map(|((x, z), weight)| weight * (x - z).powi(2));
        let part = 1.0 - CHANCE / squares.sum::<f64>();
        if part <= 0.0 {
            return None;
        }
        for i in 1..x.len() {
            x[i] = x[i].max(x[i - 1] + (z[i] - z[i - 1]) / STEEPEST);
        }
        let y = x.iter().zip(z).map(|(x, z)| x + part * (z - x)).collect();
        Some(Self::new(x, y))
    }

    pub(super) fn identity(levels: &Levels) -> Self {
        Self::new(levels.quantiles.clone(), levels.quantiles.clone())
    }

    /// Creates a map through at least two knots with increasing coordinates.
    pub(super) fn new(x: Vec<f64>, y: Vec<f64>) -> Self {
        let secants: Vec<f64> = x.windows(2).zip(y.windows(2)).map(|(x, y)| (y[1] - y[0]) / (x[1] - x[0])).collect();
        let tail = |secant: f64| secant.clamp(1.0 / TAIL, TAIL);
        // The harmonic mean is close to the smaller slope, so that a steep piece does not bend a
        // flat one.
        let inner = secants.windows(2).map(|pair| 2.0 / (1.0 / pair[0] + 1.0 / pair[1]));
        let slopes = std::iter::once(tail(secants[0])).chain(inner).chain([tail(secants[secants.len() - 1])]).collect();
        Self { x, y, slopes }
    }

    pub(super) fn forward(&self, x: f64) -> f64 {
        let last = self.x.len() - 1;
        if x <= self.x[0] {
            return self.y[0] + self.slopes[0] * (x - self.x[0]);
        }
        if x >= self.x[last] {
            return self.y[last] + self.slopes[last] * (x - self.x[last]);
        }
        let i = self.x.partition_point(|knot| *knot <= x) - 1;
        let (width, height) = (self.x[i + 1] - self.x[i], self.y[i + 1] - self.y[i]);
        let (secant, left, right) = (height / width, self.slopes[i], self.slopes[i + 1]);
        let t = (x - self.x[i]) / width;
        let bend = t * (1.0 - t);
        self.y[i] + height * (secant * t * t + left * bend) / (secant + (left + right - 2.0 * secant) * bend)
    }

    /// Returns the derivative of [`forward`](Marginal::forward).
    pub(super) fn slope(&self, x: f64) -> f64 {
        let last = self.x.len() - 1;
        if x <= self.x[0] {
            return self.slopes[0];
        }
        if x >= self.x[last] {
            return self.slopes[last];
        }
        let i = self.x.partition_point(|knot| *knot <= x) - 1;
        let width = self.x[i + 1] - self.x[i];
        let (secant, left, right) = ((self.y[i + 1] - self.y[i]) / width, self.slopes[i], self.slopes[i + 1]);
        let t = (x - self.x[i]) / width;
        let bend = t * (1.0 - t);
        let above = right * t * t + 2.0 * secant * bend + left * (1.0 - t).powi(2);
        secant * secant * above / (secant + (left + right - 2.0 * secant) * bend).powi(2)
    }

    pub(super) fn inverse(&self, y: f64) -> f64 {
        let last = self.y.len() - 1;
        if y <= self.y[0] {
            return self.x[0] + (y - self.y[0]) / self.slopes[0];
        }
        if y >= self.y[last] {
            return self.x[last] + (y - self.y[last]) / self.slopes[last];
        }
        let i = self.y.partition_point(|knot| *knot <= y) - 1;
        let (width, height) = (self.x[i + 1] - self.x[i], self.y[i + 1] - self.y[i]);
        let (secant, left, right) = (height / width, self.slopes[i], self.slopes[i + 1]);
        let up = y - self.y[i];
        let excess = up * (left + right - 2.0 * secant);
        let (a, b, c) = (height * (secant - left) + excess, height * left - excess, -secant * up);
        // The root from 0 to 1, in the form without cancellation. The discriminant is negative only
        // by rounding.
        let t = 2.0 * c / (-b - (b * b - 4.0 * a * c).max(0.0).sqrt());
        self.x[i] + t.clamp(0.0, 1.0) * width
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampler::normal;
    use approx::assert_relative_eq;

    fn sorted(values: impl IntoIterator<Item = f64>) -> Vec<f64> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        values
    }

    #[test]
    fn quantiles_match_standard_tables() {
        // Values from standard tables.
        for (p, z) in [(0.5, 0.0), (0.975, 1.959963984540054), (0.001, -3.090232306167814)] {
            assert_relative_eq!(normal_quantile(p), z, epsilon = 1e-13);
        }
    }

    #[test]
    fn maps_are_increasing_smooth_and_invertible() {
        let map = Marginal::new(vec![-1.0, -0.5, 2.0, 2.001], vec![-2.0, 1.0, 1.2, 3.0]);
        let mut last = f64::NEG_INFINITY;
        for i in 0..4_000 {
            let x = -3.0 + i as f64 * 0.002;
            let y = map.forward(x);
            assert!(y > last, "at {x}");
            assert_relative_eq!(map.inverse(y), x, epsilon = 1e-12);
            last = y;
            // Skip knots, where the second derivative jumps.
            if map.x.iter().all(|knot| (x - knot).abs() > 1e-6) {
                let slope = (map.forward(x + 1e-7) - map.forward(x - 1e-7)) / 2e-7;
                assert_relative_eq!(map.slope(x), slope, max_relative = 1e-3, epsilon = 1e-6);
            }
        }
        for (i, &knot) in map.x.iter().enumerate() {
            assert_relative_eq!(map.forward(knot), map.y[i], epsilon = 1e-14);
            // Second derivatives are below 1e8 here.
            for step in [-1e-10, 1e-10] {
                let slope = (map.forward(knot + step) - map.forward(knot)) / step;
                assert_relative_eq!(slope, map.slopes[i], max_relative = 1e-2, epsilon = 1e-2);
            }
        }
    }

    #[test]
    fn maps_exponential_values_to_normal() {
        // Exact quantiles of exponential values. The map is z(1 - e^-x).
        let n = 20_000;
        let values: Vec<f64> = (0..n).map(|i| -(1.0 - (i as f64 + 0.5) / n as f64).ln()).collect();
        let map = Marginal::fit(&values, &Levels::new(n)).unwrap();
        for x in [0.01_f64, 0.1, 0.7, 2.0, 5.0] {
            assert_relative_eq!(map.forward(x), normal_quantile(1.0 - (-x).exp()), epsilon = 0.02);
        }
    }

    #[test]
    fn normal_values_need_no_map() {
        let n = 2_000;
        let levels = Levels::new(n);
        let maps = (0..200).filter_map(|seed| Marginal::fit(&sorted(normal::<f64>(n, 1, seed)), &levels)).count();
        // One in twenty is 10 of 200, with a standard error of 3.1. Without the allowance for
        // chance, all 200 would have a map.
        assert!((1..=22).contains(&maps), "{maps}");
    }

    #[test]
    fn coinciding_values_have_an_invertible_map() {
        let values = sorted((0..300).map(|i| (i % 3) as f64 - 1.0));
        let map = Marginal::fit(&values, &Levels::new(300)).unwrap();
        for x in [-2.0, -1.0, -0.3, 0.0, 0.5, 1.0, 4.0] {
            assert_relative_eq!(map.inverse(map.forward(x)), x, epsilon = 1e-9);
        }
    }
}
