use std::fmt;

use serde::{Serialize, Serializer};

/// One number about codes, beside what it would be if they were as many draws from N(0, I).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Check {
    /// The number.
    pub value: f64,
    /// What it would be for as many draws from N(0, I): the mean, or where the text says so the
    /// median.
    pub expected: f64,
    /// How likely a value as far off is for N(0, I), where that is known.
    pub p_value: Option<f64>,
    /// How far off it is, whatever the number of codes, in units of what is called large: see
    /// [`LatentReport`](super::LatentReport) for that unit.
    pub effect: f64,
    /// What follows.
    pub verdict: Verdict,
}

/// What a [`Check`] says.
///
/// A p-value alone says little about codes: with ten thousand of them every test rejects every
/// trained model. So a difference is called large only if it also is large for its own unit, in
/// which the number of codes has no part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// As N(0, I), as far as so many codes can tell.
    Normal,
    /// N(0, I) could look like this, but so few codes of it that another distribution could, too.
    TooFew,
    /// There is a difference, of no importance.
    Small,
    /// There is a large difference, and this is what it looks like.
    Large(&'static str),
}

/// The p-value below which a difference is not chance: a report has ten p-values, and few reports
/// of N(0, I) should show one.
const LEVEL: f64 = 0.001;

/// Without a p-value, the effect below which a difference is chance.
const NONE: f64 = 0.5;

impl Check {
    /// Of finite numbers. `effect` in units of what is large; its sign says which of the two
    /// `looks` it would be: below what is expected, or above.
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

/// As it is displayed.
impl Serialize for Verdict {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_the_p_value_and_the_effect_count() {
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
