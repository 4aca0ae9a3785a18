use ndarray::{ArcArray, ArrayD, Dimension, IxDyn};

use crate::{Pool, Scalar, VarId};

/// A parameter and the node that it became. The share of the buffer is what makes its address an
/// identity: as long as it is held, no other array can have the same one.
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

/// What [`Tape::backward`](crate::Tape::backward) leaves: the gradient of the loss with respect to
/// each parameter.
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

    /// The gradient with respect to an array that was given to
    /// [`Tape::parameter`](crate::Tape::parameter); nothing if it was not, if the loss does not
    /// depend on it, or if it was taken.
    pub fn wrt<D: Dimension>(&self, parameter: &ArcArray<F, D>) -> Option<&ArrayD<F>> {
        let known = self.parameters.iter().find(|known| known.is(parameter))?;
        self.slots[known.index].as_ref()
    }

    /// As [`wrt`](Gradients::wrt), by the leaf's id.
    pub fn of(&self, leaf: VarId) -> Option<&ArrayD<F>> {
        if leaf.tape == self.tape { self.slots.get(leaf.index)?.as_ref() } else { None }
    }

    /// The gradient by value, giving up the share of the parameter's buffer: what an optimizer
    /// wants, because only a buffer that nobody shares can be updated in place. Of a shared one
    /// ndarray would first make a copy.
    pub fn take<D: Dimension>(&mut self, parameter: &ArcArray<F, D>) -> Option<ArrayD<F>> {
        let position = self.parameters.iter().position(|known| known.is(parameter))?;
        let known = self.parameters.swap_remove(position);
        self.slots[known.index].take()
    }

    /// Returns all gradients, in the order in which the tape was given the parameters.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut ArrayD<F>> {
        self.slots.iter_mut().flatten()
    }

    /// Returns the tape's pool, which gradients that are needed no more can be given back to.
    pub fn pool(&self) -> &Pool<F> {
        &self.pool
    }
}
