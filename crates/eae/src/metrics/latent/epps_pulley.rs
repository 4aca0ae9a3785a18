use ndarray::{Array1, ArrayView2, Axis};
use rayon::prelude::*;
use statrs::function::gamma::gamma_ur;

use super::super::sliced::unit_directions;
use super::check::Check;

/// Number of random directions.
const DIRECTIONS: usize = 256;

/// Step of the trapezoidal rule. With these knots the rule is exact to 1e-10 for these integrands:
/// the step aliases only differences of projections above 20, and 1e-9 of the weight lies beyond
/// the last knot.
const STEP: f64 = 0.25;
const KNOTS: usize = 25;

const PROJECTIONS: &str = "projections are not normal";

/// Computes [`LatentReport::epps_pulley`](super::LatentReport::epps_pulley).
pub(super) fn epps_pulley(codes: ArrayView2<'_, f64>, seed: u64) -> Check {
    let units = unit_directions(DIRECTIONS, codes.ncols(), seed);
    let n = codes.nrows() as f64;
    let statistics: Vec<f64> =
        (0..DIRECTIONS).into_par_iter().map(|u| statistic(&codes.dot(&units.index_axis(Axis(0), u)))).collect();
    let value = statistics.iter().sum::<f64>() / DIRECTIONS as f64;
    let own = 3_f64.sqrt().recip();
    let mean = 1.0 - own;
    let variance = 2.0 * (5_f64.sqrt().recip() - 2_f64.sqrt().recip() + 1.0 / 3.0);
    let p = if value > 0.0 { gamma_ur(mean * mean / variance, value * mean / variance) } else { 1.0 };
    let effect = ((value - mean).max(0.0) / (n * own)).sqrt() / 0.1;
    Check::new(value, mean, Some(p), effect, [PROJECTIONS; 2])
}

fn statistic(values: &Array1<f64>) -> f64 {
    // Sums of cos(t x) and sin(t x). From one knot to the next, the angle advances by `STEP x`.
    let mut sums = [[0.0; 2]; KNOTS];
    for x in values {
        let (turn_sin, turn_cos) = (STEP * x).sin_cos();
        let [mut cos, mut sin] = [1.0, 0.0];
        for sum in &mut sums {
            sum[0] += cos;
            sum[1] += sin;
            [cos, sin] = [cos * turn_cos - sin * turn_sin, sin * turn_cos + cos * turn_sin];
        }
    }
    let n = values.len() as f64;
    let at = |(knot, [cos, sin]): (usize, &[f64; 2])| {
        let t = knot as f64 * STEP;
        let weight = (-t * t / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
        // By symmetry, knots below 0 contribute the same.
        let sides = if knot == 0 { 1.0 } else { 2.0 };
        sides * weight * ((cos / n - (-t * t / 2.0).exp()).powi(2) + (sin / n).powi(2))
    };
    n * STEP * sums.iter().enumerate().map(at).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::super::super::test_data::skewed;
    use super::super::check::Verdict;
    use super::*;
    use crate::sampler;
    use approx::assert_relative_eq;
    use ndarray::Array2;

    #[test]
    fn matches_numpy() {
        // The closed form of the integral, with numpy, over all pairs of values x and y:
        // 1/n sum exp(-(x - y)^2 / 2) - 2^(1/2) sum exp(-x^2 / 4) + n 3^(-1/2).
        let codes = (skewed(80, 4, 3) * 2.0).select(Axis(1), &[0]);
        let found = epps_pulley(codes.view(), 7);
        assert_relative_eq!(found.value, 1.334894462984245, max_relative = 1e-9);
        // scipy.stats.gamma.sf with the same two moments.
        assert_relative_eq!(found.p_value.unwrap(), 0.0329285629839223, max_relative = 1e-8);
    }

    #[test]
    fn moments_of_the_normal_distribution() {
        // The statistic of 2000 sets of 100 values. Its variance at this size is close to the
        // limit.
        let values: Vec<f64> =
            (0..2000).map(|seed| statistic(&sampler::normal::<f64>(100, 1, seed).column(0).to_owned())).collect();
        let mean = values.iter().sum::<f64>() / 2000.0;
        let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 2000.0;
        assert!((mean - 0.42265).abs() < 4.0 * (variance / 2000.0).sqrt(), "{mean}");
        assert_relative_eq!(variance, 0.14688, max_relative = 0.2);
    }

    #[test]
    fn detects_non_normal_shapes() {
        let codes = sampler::normal::<f64>(3000, 6, 1);
        let verdict = |codes: Array2<f64>| epps_pulley(codes.view(), 2).verdict;
        assert_eq!(verdict(codes.clone()), Verdict::Normal);
        assert_eq!(verdict(&codes * 1.1), Verdict::Small);
        for off in [&codes + 0.4, &codes * 1.3, &codes * 0.01, &codes * 0.0] {
            assert_eq!(verdict(off), Verdict::Large(PROJECTIONS));
        }
        assert!(epps_pulley((&codes * 1e70).view(), 2).value.is_finite());
    }
}
