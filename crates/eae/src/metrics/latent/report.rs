use ndarray::ArrayView2;
use serde::Serialize;

use super::super::MetricError;
use super::super::error::{at_least, checked, within};
use super::check::Check;
use super::codes::CodeReport;
use super::correlation::correlation;
use super::entropy::entropy;
use super::epps_pulley::epps_pulley;
use super::henze_zirkler::henze_zirkler;
use super::mardia::mardia;
use super::marginals::marginals;
use super::radius::radius;
use super::rank::effective_rank;
use super::whitened::whitened;
use crate::Float;

/// Tests of whether codes follow N(0, I), the distribution that
/// [`sampler::normal`](crate::sampler::normal()) draws from and toward which training drives the
/// codes.
///
/// Each statistic alone can look right for codes that are not normal. On a shell of radius
/// `sqrt(d)` every coordinate and every projection is close to normal, but the radius reveals the
/// shell. For ten thousand codes of a trained model, all p-values are 0 even for differences that
/// no sample shows. Each check therefore also has an effect, in a unit that counts as large.
///
/// | check | value | unit of the effect: a large difference |
/// |---|---|---|
/// | `radius_mean` | mean distance from the origin | a fifth of chi(d)'s standard deviation |
/// | `radius_sd` | its standard deviation | a fifth |
/// | `radius` | its distance to chi(d), Kolmogorov-Smirnov | 0.05 |
/// | `skewness` | Mardia's `b1` | the value for coordinates of skewness 0.2 |
/// | `kurtosis` | Mardia's `b2` | a fifth of the variance of the squared radius |
/// | `henze_zirkler` | Henze and Zirkler's `T` | a fifth of the density, in the L2 norm |
/// | `epps_pulley` | Epps and Pulley's `T`, 256 projections | a tenth of the characteristic function |
/// | `marginals` | distance to N(0, 1), Kolmogorov-Smirnov, of the worst coordinate | 0.05 |
/// | `correlation` | the largest absolute correlation | 0.1 |
/// | `effective_rank` | effective rank of Roy and Vetterli, at most d | a tenth |
/// | `entropy` | Kozachenko and Leonenko's estimate in nats | 0.05 nats per dimension |
///
/// Skewness, kurtosis and the Henze-Zirkler test depend on the shape alone: they are invariant to
/// changes of the mean and the covariance.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LatentReport {
    /// Number of codes.
    pub n: usize,
    /// Latent dimension.
    pub d: usize,
    /// The k of the entropy estimate: the requested k, or n - 1 if that is smaller.
    pub k: usize,
    /// The mean distance from the origin. The expected value is the mean of chi(d), and the p-value
    /// is that of a z-test.
    pub radius_mean: Check,
    /// The standard deviation (divisor n) of the distance from the origin. The expected value is
    /// that of chi(d). For the p-value, the ratio of the two is assumed to be normal with variance
    /// `(kurtosis - 1) / 4n`.
    pub radius_sd: Check,
    /// The Kolmogorov-Smirnov distance between the distribution of the distance from the origin and
    /// chi(d), with the p-value of Stephens (1970). The expected value is the median.
    pub radius: Check,
    /// Mardia's (1970) skewness `b1 = 1/n^2 sum_ij (y_i.y_j)^3` of whitened codes
    /// `y = S^(-1/2) (x - m)`, with the covariance S of divisor n. The expected value is the exact
    /// mean `d (d+2) ((n+1)(d+1) - 6) / ((n+1)(n+3))`. For the p-value, the ratio to the mean is
    /// distributed as chi^2 / f with `f = d (d+1) (d+2) / 6` degrees of freedom (Mardia, 1974),
    /// which holds if n is far above d.
    ///
    /// `None` if the covariance is singular, or there are fewer than d + 2 codes.
    pub skewness: Option<Check>,
    /// Mardia's (1970) kurtosis `b2 = 1/n sum_i |y_i|^4` of whitened codes. The expected value is
    /// the exact mean `d (d+2) (n-1) / (n+1)`. For the p-value, b2 is assumed to be normal with the
    /// exact variance. `None` under the same conditions as the skewness.
    pub kurtosis: Option<Check>,
    /// The test of Henze and Zirkler (1990): n times the squared distance between the
    /// characteristic functions of whitened codes and of N(0, I), with a normal weight of standard
    /// deviation b.
    ///
    /// ```text
    /// 1/n sum_ij exp(-b^2 |y_i - y_j|^2 / 2)
    ///     - 2 (1 + b^2)^(-d/2) sum_i exp(-b^2 |y_i|^2 / (2 (1 + b^2)))
    ///     + n (1 + 2 b^2)^(-d/2),         b = ((2d + 1) n / 4)^(1 / (d+4)) / sqrt(2)
    /// ```
    ///
    /// The expected value is the mean for normal codes. For the p-value, the statistic is assumed
    /// to be log-normal with the variance for normal codes. The effect is the root of the excess
    /// over the mean, in units of `n (1 + 2 b^2)^(-d/2)`.
    ///
    /// If there are more than 2000 codes, a random sample of 2000 is tested. `None` under the same
    /// conditions as the skewness, and in more than 32 dimensions, where the kernel vanishes for
    /// every pair of codes.
    pub henze_zirkler: Option<Check>,
    /// The test of Epps and Pulley (1983) for N(0, 1), averaged over projections on 256 random
    /// directions u:
    ///
    /// ```text
    /// n integral |1/n sum_j exp(i t u.z_j) - exp(-t^2/2)|^2 phi(t) dt
    /// ```
    ///
    /// with phi the density of N(0, 1). For one direction, the mean and the variance under N(0, I)
    /// are `1 - 3^(-1/2)` and `2 (5^(-1/2) - 2^(-1/2) + 1/3)`. For the p-value, the average is
    /// assumed to have the gamma distribution with both. Because the directions share the codes and
    /// the average varies less, the p-value is too large rather than too small. The effect is the
    /// root of the excess over the mean, in units of `n 3^(-1/2)`. A mean, or a standard deviation,
    /// that is off by 0.17 in every direction makes the root a tenth.
    pub epps_pulley: Check,
    /// The Kolmogorov-Smirnov distance between the distribution of a coordinate and N(0, 1), for
    /// the worst coordinate, with the p-value of Stephens (1970) times d. The expected value is the
    /// median of the largest distance.
    pub marginals: Check,
    /// The largest absolute correlation of two coordinates. The p-value is Pearson's, times the
    /// number of pairs. The expected value is the median of the largest of this many independent
    /// correlations. Constant coordinates are ignored. `None` if fewer than two coordinates vary,
    /// or there are fewer than three codes.
    pub correlation: Option<Check>,
    /// The effective rank of the covariance (Roy and Vetterli, 2007): `exp(-sum p ln p)`, with p
    /// its eigenvalues divided by their sum. The expected value is `a exp(-(a-1)(a+2) / (2ab))`,
    /// with a and b the smaller and the larger of d and n - 1. This is of second order in the
    /// spread of the eigenvalues, and Page's (1993) value for large d and n. A larger rank is not a
    /// defect.
    pub effective_rank: Check,
    /// The entropy in nats (Kozachenko and Leonenko, 1987). The expected value is the same estimate
    /// for n draws from N(0, I) and not the exact entropy: in many dimensions the estimator is
    /// biased upwards. For the p-value, both are assumed to be normal, each with variance
    /// `(d/2 + pi^2/6) / n`.
    pub entropy: Check,
}

/// Largest absolute value of a code. Its fourth power must not overflow.
const LARGEST: f64 = 1e70;

impl LatentReport {
    /// Tests codes `[n, d]`. The entropy is estimated from the k-th neighbors. The seed determines
    /// the random directions and samples of codes. Takes the time of the neighbor search plus
    /// `O(n^2 d + d^3)`.
    ///
    /// # Errors
    ///
    /// [`MetricError::Samples`], [`MetricError::TooFew`] for fewer than two codes,
    /// [`MetricError::Setting`] if `k` is 0, [`MetricError::OutOfRange`] for codes above 1e70 in
    /// absolute value. Codes that coincide or do not spread are not errors: they have verdicts.
    pub fn new<F: Float>(codes: ArrayView2<'_, F>, k: usize, seed: u64) -> Result<Self, MetricError> {
        Ok(Self::with_codes(codes, k, seed)?.1)
    }

    /// Returns the short report, which contains the same entropy estimate, and the full report.
    pub(crate) fn with_codes<F: Float>(
        codes: ArrayView2<'_, F>,
        k: usize,
        seed: u64,
    ) -> Result<(CodeReport, Self), MetricError> {
        at_least("k", k, 1)?;
        let codes = checked("codes", codes, 2)?;
        within("a code", codes.coordinates(), LARGEST)?;
        let z = codes.view();
        let [radius_mean, radius_sd, radius] = radius(z);
        let [skewness, kurtosis] = whitened(z)?.map_or([None; 2], |y| mardia(&y).map(Some));
        let report = CodeReport::new(z, k)?;
        let tests = Self {
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
        };
        Ok((report, tests))
    }

    /// The names of the checks, in the order of [`checks`](LatentReport::checks).
    pub(super) const NAMES: [&'static str; 11] = [
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

    /// Returns all checks with their names.
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
    fn accepts_the_normal_distribution() {
        for (n, d, seed) in [(4000, 2, 1), (4000, 16, 2), (3000, 40, 3)] {
            let codes = sampler::normal::<f32>(n, d, seed);
            let report = LatentReport::new(codes.view(), 1, seed).unwrap();
            for (name, check) in report.checks() {
                let verdict = check.map_or(Verdict::Normal, |check| check.verdict);
                // The worst coordinate of 3000 codes can be off by 0.05.
                assert!(matches!(verdict, Verdict::Normal | Verdict::TooFew), "{name}\n{report}");
            }
            assert_eq!((report.n, report.d, report.k, report.henze_zirkler.is_none()), (n, d, 1, d == 40));
        }
    }

    #[test]
    fn p_values_are_calibrated() {
        let sets = 200;
        let mut unlikely = [0; 11];
        for seed in 0..sets {
            let codes = sampler::normal::<f64>(200, 3, 1000 + seed);
            let checks = LatentReport::new(codes.view(), 2, seed).unwrap().checks();
            for (count, (_, check)) in unlikely.iter_mut().zip(checks) {
                *count += usize::from(check.unwrap().p_value.is_some_and(|p| p < 0.1));
            }
        }
        // A tenth of the sets, within four standard errors of sqrt(0.1 0.9 / 200). The effective
        // rank does not have a p-value.
        for (name, &count) in LatentReport::NAMES.iter().zip(&unlikely) {
            let expected = if *name == "effective rank" { 0..=0 } else { 4..=36 };
            assert!(expected.contains(&count), "{name}: {count} of {sets}");
        }
    }

    #[test]
    fn only_the_radius_reveals_a_shell_in_many_dimensions() {
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
        // Extreme scales and very few codes cause neither overflow nor NaN.
        for codes in [&normal * 1e70 / 5.0, normal.slice_axis(Axis(0), (..3).into()).to_owned(), &normal * 1e-320] {
            assert_eq!(verdicts(&codes).len(), 11);
        }
    }

    #[test]
    fn invalid_input_is_an_error() {
        let codes = sampler::normal::<f64>(20, 3, 1);
        let error = |codes: &Array2<f64>, k| LatentReport::new(codes.view(), k, 0).unwrap_err();
        assert_eq!(error(&codes, 0), MetricError::Setting { setting: "k", value: 0, least: 1 });
        assert_eq!(error(&(&codes * 1e71), 1), MetricError::OutOfRange { what: "a code" });
        assert!(error(&(&codes * f64::NAN), 1).to_string().starts_with("codes: row 0, column 0 (from 0) is NaN"));
        let one = codes.slice_axis(Axis(0), (..1).into()).to_owned();
        assert_eq!(error(&one, 1), MetricError::TooFew { set: "codes", n: 1, needed: 2 });
        assert!(matches!(error(&Array2::zeros((4, 0)), 1), MetricError::Samples { .. }));
    }
}
