use super::Significance;
use super::outcome::p_value;
use crate::{Error, Result};

/// The significance of several statistics of the same surrogates, such as one statistic per delay.
///
/// The smallest of many p-values is small by chance. The maximum statistic corrects for this: each
/// observed statistic is compared with the largest statistic of the family in every surrogate. The
/// probability of any false finding in the family, the family-wise error, is then at most the
/// p-value (Westfall and Young, Resampling-Based Multiple Testing, 1993; Novelli et al., Network
/// Neuroscience 3, 2019, for delays of a transfer entropy). Members should have the same unit and
/// about the same bias, because a member with larger statistics masks the others.
#[derive(Debug, Clone, PartialEq)]
pub struct FamilySignificance {
    members: Vec<Significance>,
    /// The largest statistic of each surrogate.
    maxima: Vec<f64>,
}

impl FamilySignificance {
    /// Creates a family from the members' statistics for the observed rows and for each surrogate.
    pub(super) fn new(observed: Vec<f64>, surrogates: &[Vec<f64>]) -> Result<Self> {
        if observed.is_empty() {
            return Err(Error::NoStatistics);
        }
        let of_member = |member: usize| surrogates.iter().map(|statistics| statistics[member]).collect();
        let members =
            observed.iter().enumerate().map(|(member, &observed)| Significance::new(observed, of_member(member)));
        let members = members.collect::<Result<_>>()?;
        let largest = |statistics: &Vec<f64>| statistics.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Ok(Self { members, maxima: surrogates.iter().map(largest).collect() })
    }

    /// Returns the significance of each member alone.
    pub fn members(&self) -> &[Significance] {
        &self.members
    }

    /// Returns the p-value of a member, corrected by the maximum statistic:
    /// `(1 + number of surrogates whose largest statistic is at least as large)
    /// / (1 + number of surrogates)`.
    ///
    /// # Panics
    ///
    /// If `member` is out of range.
    pub fn corrected_p_value(&self, member: usize) -> f64 {
        p_value(self.members[member].observed(), &self.maxima)
    }

    /// Returns the number of the member with the largest observed statistic. In a tie, returns the
    /// first.
    pub fn largest(&self) -> usize {
        let mut largest = 0;
        for (number, member) in self.members.iter().enumerate() {
            largest = if member.observed() > self.members[largest].observed() { number } else { largest };
        }
        largest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_compared_with_the_maximum() {
        let surrogates = [vec![0.0, 5.0], vec![3.0, 1.0], vec![1.0, 1.0]];
        let family = FamilySignificance::new(vec![4.0, 2.0], &surrogates).unwrap();
        let alone: Vec<f64> = family.members().iter().map(Significance::p_value).collect();
        assert_eq!(alone, [1.0 / 4.0, 2.0 / 4.0]);
        // The maxima are 5, 3 and 1.
        assert_eq!([0, 1].map(|member| family.corrected_p_value(member)), [2.0 / 4.0, 3.0 / 4.0]);
        assert_eq!(family.largest(), 0);
    }
}
