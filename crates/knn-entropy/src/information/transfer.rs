use ndarray::{Array2, ArrayView2};

use super::{Ksg, KsgVariant};
use crate::{Error, Estimate, Float, NeighborSearch, Norm, Result, Samples};

/// The transfer entropy of one series to another (Schreiber, Physical Review Letters 85, 2000), in nats: what the past of
/// the source tells about the next value of the target that its own past does not,
///
/// ```text
/// T = I( y_(t+1) ; x_past | y_past )
/// y_past = (y_t, y_(t-s), ..., y_(t-(l-1)s))          l values of the target, s apart
/// x_past = (x_(t+1-u), x_(t+1-u-r), ...)              values of the source, r apart, with the delay u
/// ```
///
/// estimated as a conditional mutual information by [`Ksg`]. Samples are taken at every time for which both pasts are known.
///
/// ```
/// use knn_entropy::TransferEntropy;
/// use ndarray::Array2;
///
/// // A chaotic series, and one that follows it one step behind.
/// let mut x = vec![0.3];
/// for t in 0..400 {
///     x.push(4.0 * x[t] * (1.0 - x[t]));
/// }
/// let source = Array2::from_shape_fn((400, 1), |(t, _)| x[t + 1]);
/// let target = Array2::from_shape_fn((400, 1), |(t, _)| x[t] + 0.1 * (0.618 * t as f64).fract());
/// let estimator = TransferEntropy::new(4);
/// assert!(estimator.transfer_entropy(source.view(), target.view())? > 0.2);
/// # Ok::<(), knn_entropy::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct TransferEntropy<'s> {
    ksg: Ksg<'s>,
    source: Embedding,
    target: Embedding,
    delay: usize,
}

/// Which past values make up a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Embedding {
    /// How many.
    pub length: usize,
    /// How many steps from one to the next.
    pub lag: usize,
}

impl Embedding {
    /// So many, `lag` steps apart.
    pub fn new(length: usize, lag: usize) -> Self {
        Self { length, lag }
    }

    /// How far back the first value lies from the last; `usize::MAX` if that is no number.
    fn span(self) -> usize {
        self.length.saturating_sub(1).saturating_mul(self.lag)
    }
}

/// What the transfer entropy is the conditional mutual information of: row i of each is the same time.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedded {
    /// Past states of the source.
    pub source: Array2<f64>,
    /// The values of the target that followed.
    pub next: Array2<f64>,
    /// Past states of the target.
    pub target: Array2<f64>,
}

impl<'s> TransferEntropy<'s> {
    /// With the k-th neighbour, one past value of each series, and a delay of one step.
    pub fn new(k: usize) -> Self {
        let last = Embedding::new(1, 1);
        Self { ksg: Ksg::new(k), source: last, target: last, delay: 1 }
    }

    /// With other past values of the source.
    #[must_use]
    pub fn source(self, source: Embedding) -> Self {
        Self { source, ..self }
    }

    /// With other past values of the target. With none the estimate is of the mutual information.
    #[must_use]
    pub fn target(self, target: Embedding) -> Self {
        Self { target, ..self }
    }

    /// With another delay from the source's last value to the target's next, at least 1.
    #[must_use]
    pub fn delay(self, delay: usize) -> Self {
        Self { delay, ..self }
    }

    /// With the other algorithm of [`Ksg`].
    #[must_use]
    pub fn variant(self, variant: KsgVariant) -> Self {
        Self { ksg: self.ksg.variant(variant), ..self }
    }

    /// With another norm within states.
    #[must_use]
    pub fn norm(self, norm: Norm) -> Self {
        Self { ksg: self.ksg.norm(norm), ..self }
    }

    /// Samples up to so many steps before and after one are not its neighbours (Theiler, 1986), in the joint space and in
    /// all counts: a series that moves slowly is near itself in time.
    #[must_use]
    pub fn window(self, steps: usize) -> Self {
        Self { ksg: self.ksg.window(steps), ..self }
    }

    /// With another way to find neighbours.
    #[must_use]
    pub fn search(self, search: &'s dyn NeighborSearch) -> Self {
        Self { ksg: self.ksg.search(search), ..self }
    }

    /// The transfer entropy in nats from `source` to `target`: rows are times, the same in both.
    ///
    /// # Errors
    ///
    /// As [`Ksg::mutual_information`], and [`Error::Embedding`] for a lag, a delay or a source length of 0, or a series that
    /// is too short.
    pub fn transfer_entropy<F: Float>(&self, source: ArrayView2<'_, F>, target: ArrayView2<'_, F>) -> Result<f64> {
        Ok(self.estimate(source, target)?.value())
    }

    /// The transfer entropy with its local values, one for each time from the first on that has a past.
    ///
    /// # Errors
    ///
    /// As [`transfer_entropy`](TransferEntropy::transfer_entropy).
    pub fn estimate<F: Float>(&self, source: ArrayView2<'_, F>, target: ArrayView2<'_, F>) -> Result<Estimate> {
        let Embedded { source, next, target } = self.embed(source, target)?;
        self.ksg.conditional_estimate(source.view(), next.view(), target.view())
    }

    /// The samples: for a test of significance, or another estimator.
    ///
    /// # Errors
    ///
    /// As [`transfer_entropy`](TransferEntropy::transfer_entropy), but for the estimate itself.
    pub fn embed<F: Float>(&self, source: ArrayView2<'_, F>, target: ArrayView2<'_, F>) -> Result<Embedded> {
        let (source, target) = (Samples::new(source)?, Samples::new(target)?);
        if source.len() != target.len() {
            return Err(Error::RowMismatch { one: source.len(), other: target.len() });
        }
        if self.source.length == 0 || self.source.lag == 0 || self.target.lag == 0 || self.delay == 0 {
            return Err(Error::Embedding { length: source.len(), needed: 0 });
        }
        // The first time t at which both pasts are known, and one more value to tell about.
        let first = self.target.span().max(self.source.span().saturating_add(self.delay - 1));
        let needed = first.saturating_add(2);
        if source.len() < needed {
            return Err(Error::Embedding { length: source.len(), needed });
        }
        let times = first..source.len() - 1;
        let states = |series: &Samples<'_>, embedding: Embedding, back: usize| {
            let d = series.dimension();
            Array2::from_shape_fn((times.len(), embedding.length * d), |(row, c)| {
                series.point(first + row - back - c / d * embedding.lag)[c % d]
            })
        };
        let next =
            Array2::from_shape_fn((times.len(), target.dimension()), |(row, c)| target.point(first + row + 1)[c]);
        Ok(Embedded {
            source: states(&source, self.source, self.delay - 1),
            next,
            target: states(&target, self.target, 0),
        })
    }
}
