//! Trials: series of their own, whose rows follow one another.

use std::ops::Range;

use crate::{Error, Result};

/// Returns the range of rows of each trial, given the numbers of rows. Without trials, all `rows`
/// are one.
pub(crate) fn ranges(trials: &[usize], rows: usize) -> Result<Vec<Range<usize>>> {
    let trials = if trials.is_empty() { &[rows] } else { trials };
    let sum = trials.iter().fold(0_usize, |sum, trial| sum.saturating_add(*trial));
    if sum != rows {
        return Err(Error::TrialLengths { sum, rows });
    }
    let mut end = 0;
    let range = |trial: &usize| {
        let start = end;
        end += trial;
        start..end
    };
    Ok(trials.iter().map(range).collect())
}

/// Returns the number of rows of the longest trial.
pub(crate) fn longest(trials: &[Range<usize>]) -> usize {
    trials.iter().map(ExactSizeIterator::len).fold(0, usize::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trials_follow_one_another() {
        assert_eq!(ranges(&[], 5).map(|whole| whole[0].clone()), Ok(0..5));
        assert_eq!(ranges(&[2, 0, 3], 5), Ok(vec![0..2, 2..2, 2..5]));
        assert_eq!(ranges(&[2, 2], 5), Err(Error::TrialLengths { sum: 4, rows: 5 }));
        assert_eq!(ranges(&[2, usize::MAX], 1), Err(Error::TrialLengths { sum: usize::MAX, rows: 1 }));
        assert_eq!(longest(&[0..2, 2..2, 2..5]), 3);
    }
}
