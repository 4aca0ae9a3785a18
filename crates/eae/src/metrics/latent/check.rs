use std::fmt;

use serde::{Serialize, Serializer};

/// A statistic of codes, compared with its value for the same number of draws from N(0, I).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Check {
    /// The statistic.
    pub value: f64,
    /// The value for the same number of draws from N(0, I): the mean, or the median where
    /// documented.
    pub expected: f64,
    /// The probability of a value at least as far from the expected one under N(0, I), if it is
    /// known.
    pub p_value: Option<f64>,
    /// The size of the deviation, independent of the number of codes. An effect of 1 counts as
    /// large; [`LatentReport`](super::LatentReport) lists the units.
    pub effect: f64,
    /// The conclusion.
    pub verdict: Verdict,
}

/// The conclusion of a [`Check`].
///
/// A p-value alone says little about codes: with ten thousand codes every test rejects every
/// trained model. A difference is therefore called large only if its effect is also large, in a
/// unit that does not depend on the number of codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Consistent with N(0, I), given the number of codes.
    Normal,
    /// Consistent with N(0, I), but there are too few codes to exclude other distributions.
    TooFew,
    /// Different from N(0, I), but by an unimportant amount.
    Small,
    /// Very different from N(0, I), in the way that the text describes.
    Large(&'static str),
}

/// The p-value below which a difference is significant. A report has ten p-values, and few reports
/// of N(0, I) should have a significant one.
const LEVEL: f64 = 0.001;

/// The effect below which a difference without a p-value counts as chance.
const NONE: f64 = 0.5;

impl Check {
    /// Creates a check from finite values. The sign of `effect` selects one of the two `looks`: the
    /// first for values below the expected one, the second for values above.
    pub(super) fn new(value: f64, expected: f64, p_value: Option<f64>, effect: f64, looks: [&'static str; 2]) -> Self {
        let chance = p_value.map_or(effect.abs() < NONE, |p| p >= LEVEL);
        let verdict = match (chance, effect.abs() < 1.0) {
            (true, true) => Verdict::Normal,
            (true, false) => Verdict::TooFew,
            (false, true) => Verdict::Small,
            (false, false) => Verdict::Large(looks[usize::from(effect > 0.0)]),
        };
        Self { value, expected, p_value, effect, verdict }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Normal => f.pad("as N(0, I)"),
            Self::TooFew => f.pad("too few codes to tell"),
            Self::Small => f.pad("differs, but little"),
            Self::Large(looks) => f.pad(looks),
        }
    }
}

/// Serializes the verdict as displayed.
impl Serialize for Verdict {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_depend_on_p_value_and_effect() {
        let verdict = |p, effect| Check::new(1.0, 0.0, p, effect, ["low", "high"]).verdict;
        assert_eq!(verdict(Some(0.5), 0.9), Verdict::Normal);
        assert_eq!(verdict(Some(0.5), -1.1), Verdict::TooFew);
        assert_eq!(verdict(Some(1e-9), -0.9), Verdict::Small);
        assert_eq!(verdict(Some(1e-9), -1.1), Verdict::Large("low"));
        assert_eq!(verdict(Some(1e-9), 1.1), Verdict::Large("high"));
        assert_eq!(
            [0.4, 0.6, 1.5].map(|x| verdict(None, x)),
            [Verdict::Normal, Verdict::Small, Verdict::Large("high")]
        );
        assert_eq!(serde_json::to_string(&verdict(None, -2.0)).unwrap(), "\"low\"");
    }
}
