use statrs::function::erf::erfc;

use super::check::Check;
use super::codes::CodeReport;

const LOOKS: [&str; 2] = ["codes fill less space", "codes fill more space"];

/// Checks the entropy. For the p-value, both estimates are assumed to be normal, each with the
/// variance `(d/2 + pi^2/6) / n`. The first term is the variance of the log density of N(0, I), the
/// second that of the logarithm of the number of codes in a ball, which is smaller for k above 1.
pub(super) fn entropy(report: &CodeReport) -> Check {
    let (n, d) = (report.n as f64, report.d as f64);
    let difference = report.entropy - report.normal_entropy;
    let error = (2.0 * (d / 2.0 + std::f64::consts::PI.powi(2) / 6.0) / n).sqrt();
    let p = erfc(difference.abs() / error / std::f64::consts::SQRT_2);
    Check::new(report.entropy, report.normal_entropy, Some(p), difference / d / 0.05, LOOKS)
}

#[cfg(test)]
mod tests {
    use super::super::check::Verdict;
    use super::*;
    use crate::sampler;

    #[test]
    fn scaling_changes_the_entropy() {
        // The entropy of c z is the entropy of z plus d ln c. A difference of 0.1 per dimension is
        // two units of effect.
        let codes = sampler::normal::<f64>(2000, 5, 4);
        let of = |scale: f64| entropy(&CodeReport::new((&codes * scale).view(), 1).unwrap());
        let [same, less, more] = [1.0, (-0.1_f64).exp(), 0.1_f64.exp()].map(of);
        assert_eq!(same.verdict, Verdict::Normal);
        assert!((less.effect + 2.0 - same.effect).abs() < 1e-9 && (more.effect - 2.0 - same.effect).abs() < 1e-9);
        assert_eq!([less.verdict, more.verdict], LOOKS.map(Verdict::Large));
    }
}
