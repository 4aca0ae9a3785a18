use std::fmt;

use ndarray::{ArcArray, ArrayD, IxDyn};

use crate::{Scalar, Sink, Tape};

/// A value on a [`Tape`]. A variable is `Copy`, so expressions read as on paper:
/// `(x - y).square().mean()`.
///
/// A variable borrows its tape and cannot outlive it. Every operation panics if its operands are on
/// different tapes, or if their shapes do not match, as in ndarray; the message has both shapes.
pub struct Var<'t, F: Scalar> {
    pub(crate) tape: &'t Tape<F>,
    pub(crate) index: usize,
}

/// Identifies a [`Var`] without borrowing its tape, so it remains valid after [`Tape::backward`]
/// has consumed the tape.
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
    /// Returns the tape that holds this variable.
    pub fn tape(self) -> &'t Tape<F> {
        self.tape
    }

    /// Returns the value. It is shared, not copied.
    pub fn value(self) -> ArcArray<F, IxDyn> {
        self.tape.value(self.index)
    }

    /// Returns the shape of the value.
    pub fn shape(self) -> Vec<usize> {
        self.value().shape().to_vec()
    }

    /// Returns the only element of the value.
    ///
    /// # Panics
    ///
    /// If the value does not have exactly one element.
    pub fn scalar(self) -> F {
        let value = self.value();
        assert!(value.len() == 1, "`scalar` needs one element, got shape {:?}", value.shape());
        *value.first().expect("one element")
    }

    /// Returns the id to pass to [`Tape::backward`].
    pub fn id(self) -> VarId {
        VarId { tape: self.tape.id(), index: self.index }
    }

    /// Records an operation with one operand. `vjp` maps the gradient of the result to the gradient
    /// of the operand.
    pub(crate) fn unary(
        self,
        value: ArcArray<F, IxDyn>,
        vjp: impl FnOnce(ArrayD<F>) -> ArrayD<F> + Send + 'static,
    ) -> Self {
        self.tape.custom(&[self], value, move |gradient, sink: &mut Sink<'_, F>| sink.add(0, vjp(gradient)))
    }
}
