use ndarray::{ArcArray, ArrayD, Dimension, IxDyn};

use crate::{Pool, Scalar, VarId};

/// A parameter and the index of its node. Holding a reference to the buffer makes the buffer's
/// address an identity: while it is held, no other array can have this address.
pub(crate) struct Registered<F> {
    pub(crate) array: ArcArray<F, IxDyn>,
    pub(crate) index: usize,
}

impl<F> Registered<F> {
    pub(crate) fn is<D: Dimension>(&self, array: &ArcArray<F, D>) -> bool {
        self.array.as_ptr() == array.as_ptr()
            && self.array.shape() == array.shape()
            && self.array.strides() == array.strides()
    }
}

/// Gradients of the loss with respect to each parameter, returned by
/// [`Tape::backward`](crate::Tape::backward).
#[derive(Debug)]
pub struct Gradients<F: Scalar> {
    tape: u64,
    slots: Vec<Option<ArrayD<F>>>,
    parameters: Vec<Registered<F>>,
    pool: Pool<F>,
}

impl<F> std::fmt::Debug for Registered<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "parameter of shape {:?}, node {}", self.array.shape(), self.index)
    }
}

impl<F: Scalar> Gradients<F> {
    pub(crate) fn new(tape: u64, slots: Vec<Option<ArrayD<F>>>, parameters: Vec<Registered<F>>, pool: Pool<F>) -> Self {
        Self { tape, slots, parameters, pool }
    }

    /// Returns the gradient with respect to an array that was passed to
    /// [`Tape::parameter`](crate::Tape::parameter).
    ///
    /// Returns `None` for any other array, if the loss does not depend on the array, or if the
    /// gradient has been taken.
    pub fn wrt<D: Dimension>(&self, parameter: &ArcArray<F, D>) -> Option<&ArrayD<F>> {
        let known = self.parameters.iter().find(|known| known.is(parameter))?;
        self.slots[known.index].as_ref()
    }

    /// Returns the gradient with respect to a leaf, like [`wrt`](Gradients::wrt) but by the leaf's
    /// id.
    pub fn of(&self, leaf: VarId) -> Option<&ArrayD<F>> {
        if leaf.tape == self.tape { self.slots.get(leaf.index)?.as_ref() } else { None }
    }

    /// Removes the gradient and returns it, and releases the parameter's buffer.
    ///
    /// An optimizer needs this method to update the parameter in place. ndarray copies a buffer
    /// before writing to it if the buffer is still shared.
    pub fn take<D: Dimension>(&mut self, parameter: &ArcArray<F, D>) -> Option<ArrayD<F>> {
        let position = self.parameters.iter().position(|known| known.is(parameter))?;
        let known = self.parameters.swap_remove(position);
        self.slots[known.index].take()
    }

    /// Returns all gradients, in the order in which the parameters were recorded on the tape.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut ArrayD<F>> {
        self.slots.iter_mut().flatten()
    }

    /// Returns the tape's pool. Gradients that are no longer needed can be returned to it.
    pub fn pool(&self) -> &Pool<F> {
        &self.pool
    }
}
