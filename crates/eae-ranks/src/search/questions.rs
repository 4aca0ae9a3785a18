//! Questions to other ranks, and the rounds in which they are asked.

use crate::{RankResult, Ranks, Typed};

/// Numbers of questions that the ranks asked each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Asked {
    /// Number of points whose neighbors were searched.
    pub points: u64,
    /// Number of points whose ball reached another rank's box.
    pub asking: u64,
    /// Number of questions: pairs of a point and a rank that it asked.
    pub questions: u64,
    /// Number of questions that were answered with at least one point.
    pub answered: u64,
    /// Number of rounds.
    pub rounds: u64,
}

impl Asked {
    /// Returns the sum over all ranks.
    pub(crate) fn over(self, ranks: &dyn Ranks) -> RankResult<Self> {
        let all = ranks.all_gather_of(&[self.points, self.asking, self.questions, self.answered])?;
        let sum = |i: usize| all.iter().map(|numbers| numbers[i]).sum();
        Ok(Self { points: sum(0), asking: sum(1), questions: sum(2), answered: sum(3), rounds: self.rounds })
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            points: self.points + other.points,
            asking: self.asking + other.asking,
            questions: self.questions + other.questions,
            answered: self.answered + other.answered,
            rounds: self.rounds + other.rounds,
        }
    }
}

/// The order in which a rank asks the others.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rounds {
    /// No rank has a question.
    None,
    /// All questions at once.
    One,
    /// In round `i`, each rank asks the one `i + 1` places after it. Memory is needed for the
    /// questions of one round, and the answers of earlier rounds save later questions.
    EachRank,
}

impl Rounds {
    /// Chooses the rounds, the same on all ranks. `to` is the number of questions to each rank, and
    /// `most` the largest number that a rank may ask or answer at once.
    pub(crate) fn choose(ranks: &dyn Ranks, to: &[u64], most: u64) -> RankResult<Self> {
        let to_me = ranks.all_to_all_of(to.iter().map(|&count| vec![count]).collect())?;
        let incoming: u64 = to_me.concat().into_iter().sum();
        let largest = ranks.all_gather_one(incoming.max(to.iter().sum()))?.into_iter().max().unwrap_or(0);
        Ok(match largest {
            0 => Self::None,
            largest if largest <= most => Self::One,
            _ => Self::EachRank,
        })
    }

    pub(crate) fn count(self, ranks: &dyn Ranks) -> usize {
        match self {
            Self::None => 0,
            Self::One => 1,
            Self::EachRank => ranks.size() - 1,
        }
    }

    /// Returns true if `rank` may be asked in a round.
    pub(crate) fn includes(self, ranks: &dyn Ranks, round: usize, rank: usize) -> bool {
        match self {
            Self::EachRank => rank == (ranks.rank() + round + 1) % ranks.size(),
            Self::None | Self::One => true,
        }
    }
}
