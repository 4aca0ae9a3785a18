use ndarray::{ArrayView2, Axis};
use statrs::function::{erf::erfc, gamma::gamma_lr};

use super::check::Check;
use super::kolmogorov;
use crate::normal::normal_radius;

const MEAN: [&str; 2] = ["codes too near the origin", "codes too far from the origin"];
const SD: [&str; 2] = ["codes lie on a shell", "codes lie at too many distances"];
const DISTANCE: &str = "codes lie at wrong distances";

/// Computes [`LatentReport::radius_mean`](super::LatentReport::radius_mean), `radius_sd` and
/// `radius`.
pub(super) fn radius(codes: ArrayView2<'_, f64>) -> [Check; 3] {
    let (n, d) = codes.dim();
    let radii: Vec<f64> = codes.axis_iter(Axis(0)).map(|z| z.dot(&z).sqrt()).collect();
    let count = n as f64;
    let mean = radii.iter().sum::<f64>() / count;
    let sd = (radii.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / count).sqrt();
    let [chi_mean, chi_sd] = normal_radius(d);
    let (off_mean, off_sd) = ((mean - chi_mean) / chi_sd, sd / chi_sd - 1.0);
    let distance = kolmogorov::distance(radii, |r| chi(d, r));
    let p = kolmogorov::p_value(distance, n, 1);
    let error_sd = ((kurtosis(d) - 1.0) / (4.0 * count)).sqrt();
    [
        Check::new(mean, chi_mean, Some(two_sided(off_mean * count.sqrt())), off_mean / 0.2, MEAN),
        Check::new(sd, chi_sd, Some(two_sided(off_sd / error_sd)), off_sd / 0.2, SD),
        Check::new(distance, kolmogorov::median(n, 1), Some(p), distance / 0.05, [DISTANCE; 2]),
    ]
}

/// Returns the probability that a normal variable is at least as far from 0.
pub(super) fn two_sided(z: f64) -> f64 {
    erfc(z.abs() / std::f64::consts::SQRT_2)
}

/// Returns the distribution function of chi(d).
fn chi(d: usize, r: f64) -> f64 {
    let half_square = r * r / 2.0;
    if half_square > 0.0 { gamma_lr(d as f64 / 2.0, half_square) } else { 0.0 }
}

/// Returns the fourth central moment of chi(d), divided by its squared variance.
fn kurtosis(d: usize) -> f64 {
    // In many dimensions the moments cancel. The kurtosis is 3 to four digits there.
    if d >= 100 {
        return 3.0;
    }
    let [mean, sd] = normal_radius(d);
    let d = d as f64;
    // E r^4 = d (d + 2), E r^3 = (d + 1) E r, E r^2 = d.
    let fourth = d * (d + 2.0) - 4.0 * mean * mean * (d + 1.0) + 6.0 * mean * mean * d - 3.0 * mean.powi(4);
    fourth / sd.powi(4)
}

#[cfg(test)]
mod tests {
    use super::super::super::test_data::skewed;
    use super::super::check::Verdict;
    use super::*;
    use crate::sampler;
    use approx::assert_relative_eq;

    #[test]
    fn matches_scipy() {
        // The mean and std of the norms by numpy, and scipy.stats.kstest(norms, "chi", args=(4,))
        // with kstwobign.sf after the correction of Stephens.
        let [mean, sd, distance] = radius((skewed(80, 4, 3) * 2.0).view());
        assert_relative_eq!(mean.value, 0.8846116661929028, max_relative = 1e-13);
        assert_relative_eq!(sd.value, 0.5241599958431633, max_relative = 1e-13);
        assert_relative_eq!(distance.value, 0.6012943489661067, max_relative = 1e-12);
        assert_relative_eq!(distance.p_value.unwrap(), 2.684756847037229e-26, max_relative = 1e-9);
        // scipy.stats.chi.stats(d, moments="k").
        for (d, excess, error) in [
            (1, 0.8691773036059732, 1e-11),
            (2, 0.2450893006876297, 1e-11),
            (4, 0.05929508939949487, 1e-11),
            (16, 0.0031901429423753743, 1e-9),
            (100, 7.610784610235705e-05, 1e-4),
        ] {
            assert_relative_eq!(kurtosis(d) - 3.0, excess, epsilon = error);
        }
    }

    #[test]
    fn detects_a_shell_and_accepts_the_normal_distribution() {
        for d in [1, 2, 16, 200] {
            let mut codes = sampler::normal::<f64>(5000, d, 3);
            for check in radius(codes.view()) {
                assert_eq!(check.verdict, Verdict::Normal, "{d}: {check:?}");
            }
            codes.outer_iter_mut().for_each(|mut z| z *= (d as f64).sqrt() / z.dot(&z).sqrt());
            let [_, sd, distance] = radius(codes.view());
            assert_eq!((sd.verdict, distance.verdict), (Verdict::Large(SD[0]), Verdict::Large(DISTANCE)), "{d}");
        }
        let far = sampler::normal::<f64>(5000, 4, 3) * 1.3;
        assert_eq!(radius(far.view())[0].verdict, Verdict::Large(MEAN[1]));
        let little = sampler::normal::<f64>(50_000, 4, 3) * 1.03;
        assert_eq!(radius(little.view())[0].verdict, Verdict::Small);
    }
}
