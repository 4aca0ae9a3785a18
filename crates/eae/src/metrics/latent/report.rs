use std::fmt;

use ndarray::ArrayView2;
use serde::Serialize;
use statrs::function::erf::erfc;

use super::super::MetricError;
use super::super::error::{at_least, checked, within};
use super::check::Check;
use super::codes::CodeReport;
use super::correlation::correlation;
use super::epps_pulley::epps_pulley;
use super::henze_zirkler::henze_zirkler;
use super::mardia::mardia;
use super::marginals::marginals;
use super::radius::radius;
use super::rank::effective_rank;
use super::whitened::whitened;
use crate::Float;

/// How far codes are from N(0, I): what [`sampler::normal`](crate::sampler::normal()) decodes, and training drives them
/// to.
///
/// Each number alone can look right when the whole is not. On a shell of radius `sqrt(d)` every coordinate and every
/// projection is close to normal: the radius tells. And the p-values of ten thousand codes of a trained model are all
/// 0, of differences that no sample shows: so each check also has an effect, whose unit is what is called large.
///
/// | check | value | large, in units of which the effect is |
/// |---|---|---|
/// | `radius_mean` | mean distance from the origin | a fifth of chi(d)'s standard deviation |
/// | `radius_sd` | its standard deviation | a fifth |
/// | `radius` | its distance to chi(d), Kolmogorov-Smirnov | 0.05 |
/// | `skewness` | Mardia's `b1` | coordinates of skewness 0.2 |
/// | `kurtosis` | Mardia's `b2` | a fifth of the variance of the squared radius |
/// | `henze_zirkler` | Henze and Zirkler's `T` | a fifth of the density, in the L2 norm |
/// | `epps_pulley` | Epps and Pulley's `T`, mean of 256 projections | a tenth of the characteristic function |
/// | `marginals` | distance to N(0, 1), Kolmogorov-Smirnov, of the worst coordinate | 0.05 |
/// | `correlation` | the largest, in size | 0.1 |
/// | `effective_rank` | Roy and Vetterli's, of d | a tenth |
/// | `entropy` | Kozachenko and Leonenko's estimate in nats | 0.05 nats for each dimension |
///
/// Skewness, kurtosis and the test of Henze and Zirkler are of shape alone: they are the same whatever the mean and the
/// covariance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LatentReport {
    /// Codes.
    pub n: usize,
    /// Numbers in a code.
    pub d: usize,
    /// The k of the entropy's estimate: what was asked for, or n - 1 if that is less.
    pub k: usize,
    /// The mean distance from the origin.
    pub radius_mean: Check,
    /// Its standard deviation.
    pub radius_sd: Check,
    /// Its distribution.
    pub radius: Check,
    /// Mardia's skewness; none if the covariance is singular, or there are fewer than d + 2 codes.
    pub skewness: Option<Check>,
    /// Mardia's kurtosis; none as for the skewness.
    pub kurtosis: Option<Check>,
    /// The test of Henze and Zirkler, of at most 2000 codes; none as for the skewness, or in more than 32 dimensions,
    /// where its kernel sees no pair of codes.
    pub henze_zirkler: Option<Check>,
    /// The test of Epps and Pulley, averaged over random directions.
    pub epps_pulley: Check,
    /// The coordinate that is farthest from N(0, 1).
    pub marginals: Check,
    /// The pair of coordinates that is most correlated; none unless two coordinates vary, and there are three codes.
    pub correlation: Option<Check>,
    /// How many dimensions the codes use.
    pub effective_rank: Check,
    /// The entropy. What is expected is the same estimate of as many draws from N(0, I), not the exact value: in many
    /// dimensions the estimator is biased upwards.
    pub entropy: Check,
}

/// The largest code: squares of squares must remain numbers.
const LARGEST: f64 = 1e70;

const ENTROPY: [&str; 2] = ["codes fill less space", "codes fill more space"];

impl LatentReport {
    /// Of codes `[n, d]`, with the entropy estimated from k-th neighbours. The seed is for directions and draws of
    /// codes. As long as the search for neighbours takes, and `O(n^2 d + d^3)`.
    ///
    /// # Errors
    ///
    /// [`MetricError::Samples`], [`MetricError::TooFew`] for fewer than two codes, [`MetricError::Setting`] if `k` is
    /// 0, [`MetricError::OutOfRange`] for codes above 1e70 in size. Codes that coincide or do not spread are no errors:
    /// they have verdicts.
    pub fn new<F: Float>(codes: ArrayView2<'_, F>, k: usize, seed: u64) -> Result<Self, MetricError> {
        at_least("k", k, 1)?;
        let codes = checked("codes", codes, 2)?;
        within("a code", codes.coordinates(), LARGEST)?;
        let z = codes.view();
        let [radius_mean, radius_sd, radius] = radius(z);
        let [skewness, kurtosis] = whitened(z)?.map_or([None; 2], |y| mardia(&y).map(Some));
        let report = CodeReport::new(z, k)?;
        Ok(Self {
            n: report.n,
            d: report.d,
            k: report.k,
            radius_mean,
            radius_sd,
            radius,
            skewness,
            kurtosis,
            henze_zirkler: henze_zirkler(z, seed)?,
            epps_pulley: epps_pulley(z, seed),
            marginals: marginals(z),
            correlation: correlation(z),
            effective_rank: effective_rank(z)?,
            entropy: entropy(&report),
        })
    }

    /// The checks in words, in the order of [`checks`](LatentReport::checks).
    const NAMES: [&'static str; 11] = [
        "radius, mean",
        "radius, standard deviation",
        "radius, distance to chi(d)",
        "Mardia's skewness",
        "Mardia's kurtosis",
        "Henze-Zirkler",
        "Epps-Pulley, projections",
        "coordinates, distance to N(0, 1)",
        "largest correlation",
        "effective rank",
        "entropy, nats",
    ];

    /// All checks, with their names in words.
    pub fn checks(&self) -> [(&'static str, Option<Check>); 11] {
        let checks = [
            Some(self.radius_mean),
            Some(self.radius_sd),
            Some(self.radius),
            self.skewness,
            self.kurtosis,
            self.henze_zirkler,
            Some(self.epps_pulley),
            Some(self.marginals),
            self.correlation,
            Some(self.effective_rank),
            Some(self.entropy),
        ];
        std::array::from_fn(|i| (Self::NAMES[i], checks[i]))
    }
}

/// The p-value takes both estimates to be normal, each with the variance `(d/2 + pi^2/6) / n`: that of the log-density
/// of N(0, I), and of the logarithm of the number of codes in a ball, which is less for k above 1.
fn entropy(report: &CodeReport) -> Check {
    let (n, d) = (report.n as f64, report.d as f64);
    let difference = report.entropy - report.normal_entropy;
    let error = (2.0 * (d / 2.0 + std::f64::consts::PI.powi(2) / 6.0) / n).sqrt();
    let p = erfc(difference.abs() / error / std::f64::consts::SQRT_2);
    Check::new(report.entropy, report.normal_entropy, Some(p), difference / d / 0.05, ENTROPY)
}

/// A table: each check's name, value, expected value, p-value and verdict.
impl fmt::Display for LatentReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { n, d, k, .. } = self;
        writeln!(f, "{n} codes of {d} numbers, k = {k}")?;
        write!(f, "{:<33}{:>12}{:>12}{:>9}  verdict", "", "value", "N(0, I)", "p-value")?;
        for (name, check) in self.checks() {
            match check {
                Some(Check { value, expected, p_value, verdict, .. }) => {
                    let p = p_value.map_or("-".to_owned(), probability);
                    write!(f, "\n{name:<33}{:>12}{:>12}{p:>9}  {verdict}", number(value), number(expected))?;
                }
                None => write!(f, "\n{name:<33}{0:>12}{0:>12}{0:>9}  not defined", "-")?,
            }
        }
        Ok(())
    }
}

fn probability(p: f64) -> String {
    if p < 0.001 { "<0.001".to_owned() } else { format!("{p:.3}") }
}

/// In twelve places at most.
fn number(x: f64) -> String {
    if x == 0.0 || (1e-3..1e6).contains(&x.abs()) { format!("{x:.4}") } else { format!("{x:.3e}") }
}

#[cfg(test)]
mod tests {
    use super::super::check::Verdict;
    use super::*;
    use crate::sampler;
    use ndarray::{Array2, Axis};

    fn verdicts(codes: &Array2<f64>) -> Vec<(&'static str, Option<Verdict>)> {
        let report = LatentReport::new(codes.view(), 1, 3).unwrap();
        for check in report.checks().into_iter().filter_map(|(_, check)| check) {
            let numbers = [check.value, check.expected, check.effect, check.p_value.unwrap_or(0.0)];
            assert!(numbers.iter().all(|x| x.is_finite()), "{report}");
            assert!((0.0..=1.0).contains(&check.p_value.unwrap_or(0.0)), "{report}");
        }
        report.checks().map(|(name, check)| (name, check.map(|check| check.verdict))).to_vec()
    }

    #[test]
    fn the_normal_distribution_is_normal() {
        for (n, d, seed) in [(4000, 2, 1), (4000, 16, 2), (3000, 40, 3)] {
            let codes = sampler::normal::<f32>(n, d, seed);
            let report = LatentReport::new(codes.view(), 1, seed).unwrap();
            for (name, check) in report.checks() {
                let verdict = check.map_or(Verdict::Normal, |check| check.verdict);
                // The worst coordinate of 3000 codes can be 0.05 off.
                assert!(matches!(verdict, Verdict::Normal | Verdict::TooFew), "{name}\n{report}");
            }
            assert_eq!((report.n, report.d, report.k, report.henze_zirkler.is_none()), (n, d, 1, d == 40));
        }
    }

    #[test]
    fn p_values_are_what_they_say() {
        let sets = 200;
        let mut unlikely = [0; 11];
        for seed in 0..sets {
            let codes = sampler::normal::<f64>(200, 3, 1000 + seed);
            let checks = LatentReport::new(codes.view(), 2, seed).unwrap().checks();
            for (count, (_, check)) in unlikely.iter_mut().zip(checks) {
                *count += usize::from(check.unwrap().p_value.is_some_and(|p| p < 0.1));
            }
        }
        // A tenth of them, within four standard errors of sqrt(0.1 0.9 / 200). The effective rank has none.
        for (name, &count) in LatentReport::NAMES.iter().zip(&unlikely) {
            let expected = if *name == "effective rank" { 0..=0 } else { 4..=36 };
            assert!(expected.contains(&count), "{name}: {count} of {sets}");
        }
    }

    #[test]
    fn a_shell_in_many_dimensions_looks_right_but_for_its_radius() {
        let mut codes = sampler::normal::<f64>(4000, 16, 5);
        codes.outer_iter_mut().for_each(|mut z| z *= 4.0 / z.dot(&z).sqrt());
        let report = LatentReport::new(codes.view(), 1, 3).unwrap();
        assert_eq!(report.radius_sd.verdict, Verdict::Large("codes lie on a shell"), "{report}");
        assert!(matches!(report.kurtosis.unwrap().verdict, Verdict::Large(_)), "{report}");
        assert_eq!(
            [report.marginals, report.correlation.unwrap()].map(|c| c.verdict),
            [Verdict::Normal; 2],
            "{report}"
        );
    }

    #[test]
    fn degenerate_codes_have_verdicts() {
        let normal = sampler::normal::<f64>(300, 4, 1);
        let mut constant = normal.clone();
        constant.column_mut(1).fill(0.3);
        let undefined = |codes: &Array2<f64>| -> Vec<&str> {
            verdicts(codes).into_iter().filter(|(_, verdict)| verdict.is_none()).map(|(name, _)| name).collect()
        };
        let shape = ["Mardia's skewness", "Mardia's kurtosis", "Henze-Zirkler"];
        assert_eq!(undefined(&constant), shape);
        assert_eq!(undefined(&normal.slice_axis(Axis(0), (..5).into()).to_owned()), shape);
        assert_eq!(undefined(&normal.select(Axis(1), &[2])), ["largest correlation"]);
        let nothing = [&shape[..], &["largest correlation"]].concat();
        for codes in [Array2::zeros((50, 3)), Array2::from_elem((2, 1), 7.0), &normal * 1e-200, &constant * 0.0] {
            let missing = undefined(&codes);
            assert!(missing == nothing || codes.iter().any(|&x| x != 7.0 && x != 0.0), "{missing:?}");
        }
        // Far away, and hardly any: no overflow, no NaN.
        for codes in [&normal * 1e70 / 5.0, normal.slice_axis(Axis(0), (..3).into()).to_owned(), &normal * 1e-320] {
            assert_eq!(verdicts(&codes).len(), 11);
        }
    }

    #[test]
    fn what_it_refuses() {
        let codes = sampler::normal::<f64>(20, 3, 1);
        let error = |codes: &Array2<f64>, k| LatentReport::new(codes.view(), k, 0).unwrap_err();
        assert_eq!(error(&codes, 0), MetricError::Setting { setting: "k", value: 0, least: 1 });
        assert_eq!(error(&(&codes * 1e71), 1), MetricError::OutOfRange { what: "a code" });
        assert!(error(&(&codes * f64::NAN), 1).to_string().starts_with("codes: row 0, column 0 is NaN"));
        let one = codes.slice_axis(Axis(0), (..1).into()).to_owned();
        assert_eq!(error(&one, 1), MetricError::TooFew { set: "codes", n: 1, needed: 2 });
        assert!(matches!(error(&Array2::zeros((4, 0)), 1), MetricError::Samples { .. }));
    }

    #[test]
    fn a_table() {
        let codes = sampler::normal::<f64>(500, 2, 1);
        let report = LatentReport::new(codes.view(), 3, 0).unwrap();
        let table = report.to_string();
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines[0], "500 codes of 2 numbers, k = 3");
        assert_eq!(lines.len(), 13);
        assert!(lines[2].contains(&format!("{:.3}  as N(0, I)", report.radius_mean.p_value.unwrap())), "{table}");
        // Aligned: the column of verdicts begins where its head does.
        let at = lines[1].find("verdict").unwrap();
        assert!(
            lines[2..].iter().all(|line| line[at - 2..].starts_with("  ") && !line[at..].starts_with(' ')),
            "{table}"
        );
        assert_eq!(LatentReport::new(codes.view(), 3, 0).unwrap(), report);
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["radius_sd"]["verdict"], report.radius_sd.verdict.to_string());
        assert_eq!(json["radius_sd"]["value"], report.radius_sd.value);
    }
}
