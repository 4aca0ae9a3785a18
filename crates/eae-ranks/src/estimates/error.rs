use crate::RankError;

/// A reason why there is no estimate. All ranks return the same one, except that a rank which ends
/// early has its own and the others have [`RankError::Lost`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The samples do not suit the estimator.
    #[error(transparent)]
    Estimate(#[from] knn_entropy::Error),
    /// The ranks cannot work together, or one of them cannot read its rows.
    #[error(transparent)]
    Ranks(#[from] RankError),
}

/// A result with an [`enum@Error`].
pub type Result<T> = std::result::Result<T, Error>;
