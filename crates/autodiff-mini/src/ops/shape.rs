//! Operations that rearrange elements without changing them.

use ndarray::{ArcArray, ArrayD, Axis, IxDyn, Slice};

use super::broadcast::sum_to;
use crate::{Scalar, Sink, Var};

/// Reshapes in logical order. Copies only if memory is in a different order.
fn reshape<F: Scalar>(x: ArcArray<F, IxDyn>, shape: &[usize]) -> ArcArray<F, IxDyn> {
    let x = if x.is_standard_layout() { x } else { x.as_standard_layout().into_owned().into_shared() };
    let from = x.shape().to_vec();
    x.into_shape_with_order(shape).unwrap_or_else(|_| panic!("`reshape` cannot turn shape {from:?} into {shape:?}"))
}

impl<'t, F: Scalar> Var<'t, F> {
    /// The elements, in row-major order, with another shape.
    ///
    /// # Panics
    ///
    /// If the two shapes have different numbers of elements.
    pub fn reshape(self, shape: &[usize]) -> Self {
        let x = self.value();
        let from = x.shape().to_vec();
        self.unary(reshape(x, shape), move |g| reshape(g.into_shared(), &from).into_owned())
    }

    /// Reorders the axes: axis `i` of the result is axis `axes[i]` of the operand. The result is a
    /// view of the same memory.
    ///
    /// # Panics
    ///
    /// If `axes` is not a permutation of the operand's axes.
    pub fn permute(self, axes: &[usize]) -> Self {
        let x = self.value();
        let mut inverse = vec![usize::MAX; x.ndim()];
        for (i, &axis) in axes.iter().enumerate() {
            assert!(axis < x.ndim() && inverse[axis] == usize::MAX, "`permute` by {axes:?} of shape {:?}", x.shape());
            inverse[axis] = i;
        }
        assert!(axes.len() == x.ndim(), "`permute` by {axes:?} of shape {:?}", x.shape());
        self.unary(x.permuted_axes(axes), move |g| g.permuted_axes(&inverse[..]))
    }

    /// The transpose of a matrix: [`permute`](Var::permute) with the axes reversed.
    pub fn t(self) -> Self {
        let axes: Vec<usize> = (0..self.value().ndim()).rev().collect();
        self.permute(&axes)
    }

    /// The part of an axis that `range` selects. `range` is a range, or a [`Slice`] with a step or
    /// with bounds counted from the end.
    ///
    /// # Panics
    ///
    /// If the axis or the range is out of bounds.
    pub fn slice(self, axis: usize, range: impl Into<Slice>) -> Self {
        let (x, range) = (self.value(), range.into());
        let shape = x.shape().to_vec();
        assert!(axis < shape.len(), "`slice` of axis {axis} of shape {shape:?}");
        let end = range.end.unwrap_or(shape[axis] as isize);
        let fits = |bound: isize| bound.unsigned_abs() <= shape[axis];
        assert!(fits(range.start) && fits(end), "`slice` of {range:?} out of axis {axis} of shape {shape:?}");
        let value = x.slice_axis(Axis(axis), range).to_owned().into_shared();
        self.unary(value, move |g| {
            let mut gradient = ArrayD::zeros(shape);
            gradient.slice_axis_mut(Axis(axis), range).assign(&g);
            gradient
        })
    }

    /// Joins the operands along an axis.
    ///
    /// # Panics
    ///
    /// If there are no operands, or if two operands differ in the length of another axis.
    pub fn concatenate(axis: usize, operands: &[Self]) -> Self {
        let first = operands.first().expect("`concatenate` needs at least one operand");
        let values: Vec<_> = operands.iter().map(|x| x.value()).collect();
        let views: Vec<_> = values.iter().map(|x| x.view()).collect();
        let value = ndarray::concatenate(Axis(axis), &views).unwrap_or_else(|_| {
            let shapes: Vec<_> = values.iter().map(|x| x.shape()).collect();
            panic!("`concatenate` along axis {axis} cannot join shapes {shapes:?}")
        });
        let lengths: Vec<usize> = values.iter().map(|x| x.len_of(Axis(axis))).collect();
        first.tape.custom(operands, value, move |gradient, sink: &mut Sink<'_, F>| {
            let mut start = 0;
            for (operand, length) in lengths.into_iter().enumerate() {
                if sink.wants(operand) {
                    let part = Slice::from(start..start + length);
                    sink.add(operand, gradient.slice_axis(Axis(axis), part).to_owned());
                }
                start += length;
            }
        })
    }

    /// Repeats the value to a larger shape by the broadcasting rule.
    ///
    /// # Panics
    ///
    /// If the value does not broadcast to `shape`.
    pub fn broadcast_to(self, shape: &[usize]) -> Self {
        let x = self.value();
        let from = x.shape().to_vec();
        let Some(value) = x.broadcast(shape) else {
            panic!("`broadcast_to` cannot turn shape {from:?} into {shape:?}");
        };
        self.unary(value.to_owned().into_shared(), move |g| sum_to(g, &from))
    }
}
