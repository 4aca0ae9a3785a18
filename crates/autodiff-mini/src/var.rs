use std::fmt;

use ndarray::{ArcArray, ArrayD, IxDyn};

use crate::{Scalar, Sink, Tape};

/// A value on a [`Tape`]: a handle that is copied freely, so expressions read as on paper, `(x -
/// y).square().mean()`.
///
/// It borrows its tape and so cannot outlive it. Every operation panics, with both shapes in the
/// message, where shapes do not fit, as ndarray's own do; and where its operands are on two
/// different tapes.
pub struct Var<'t, F: Scalar> {
    pub(crate) tape: &'t Tape<F>,
    pub(crate) index: usize,
}

/// Which value of which tape a [`Var`] was: what is left of it once [`Tape::backward`] has consumed
/// the tape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct VarId {
    pub(crate) tape: u64,
    pub(crate) index: usize,
}

impl<F: Scalar> Clone for Var<'_, F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F: Scalar> Copy for Var<'_, F> {}

impl<F: Scalar> fmt::Debug for Var<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Var").field("index", &self.index).field("value", &self.value()).finish()
    }
}

impl<'t, F: Scalar> Var<'t, F> {
    /// The tape that it is on.
    pub fn tape(self) -> &'t Tape<F> {
        self.tape
    }

    /// The value, shared and not copied.
    pub fn value(self) -> ArcArray<F, IxDyn> {
        self.tape.value(self.index)
    }

    /// The shape of the value.
    pub fn shape(self) -> Vec<usize> {
        self.value().shape().to_vec()
    }

    /// The only element of the value.
    ///
    /// # Panics
    ///
    /// If there is not exactly one.
    pub fn scalar(self) -> F {
        let value = self.value();
        assert!(value.len() == 1, "`scalar` needs one element, got shape {:?}", value.shape());
        *value.first().expect("one element")
    }

    /// What to hand to [`Tape::backward`].
    pub fn id(self) -> VarId {
        VarId { tape: self.tape.id(), index: self.index }
    }

    /// An operation of one operand: its value, and its gradient from the gradient of the result.
    pub(crate) fn unary(
        self,
        value: ArcArray<F, IxDyn>,
        vjp: impl FnOnce(ArrayD<F>) -> ArrayD<F> + Send + 'static,
    ) -> Self {
        self.tape.custom(&[self], value, move |gradient, sink: &mut Sink<'_, F>| sink.add(0, vjp(gradient)))
    }
}
