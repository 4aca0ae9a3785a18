//! Sums, means, variances and maxima, over everything or over some axes. A reduced axis stays, with
//! length 1, so that the result broadcasts against what it came from: `x - x.mean_axes(&[0])`.

use ndarray::{ArcArray, ArrayD, Axis, IxDyn};

use crate::{Scalar, Var};

/// # Panics
///
/// If an axis is out of range or named twice.
fn check_axes(operation: &str, axes: &[usize], shape: &[usize]) {
    for (i, axis) in axes.iter().enumerate() {
        assert!(*axis < shape.len(), "`{operation}` over axis {axis} of shape {shape:?}");
        assert!(!axes[..i].contains(axis), "`{operation}` over axis {axis} twice");
    }
}

fn sum_axes<F: Scalar>(x: &ArcArray<F, IxDyn>, axes: &[usize]) -> ArcArray<F, IxDyn> {
    let reduce = |x: ArcArray<F, IxDyn>, &axis: &usize| x.sum_axis(Axis(axis)).insert_axis(Axis(axis)).into_shared();
    axes.iter().fold(x.clone(), reduce)
}

/// Repeats a reduced gradient over the axes that were summed.
fn spread<F: Scalar>(gradient: &ArrayD<F>, shape: &[usize]) -> ArrayD<F> {
    gradient.broadcast(shape).expect("reduced axes have length 1").to_owned()
}

fn count<F: Scalar>(shape: &[usize], axes: &[usize]) -> F {
    F::from_f64(axes.iter().map(|&axis| shape[axis]).product::<usize>() as f64)
}

impl<F: Scalar> Var<'_, F> {
    /// The sum of all elements, of shape `[]`.
    pub fn sum(self) -> Self {
        let x = self.value();
        let shape = x.shape().to_vec();
        self.unary(ndarray::arr0(x.sum()).into_dyn().into_shared(), move |g| spread(&g, &shape))
    }

    /// The mean of all elements, of shape `[]`; NaN if there are none.
    pub fn mean(self) -> Self {
        self.sum() / F::from_f64(self.value().len() as f64)
    }

    /// The sum over `axes`, which stay with length 1.
    ///
    /// # Panics
    ///
    /// If an axis is out of range or named twice; so for the other reductions.
    pub fn sum_axes(self, axes: &[usize]) -> Self {
        let x = self.value();
        let shape = x.shape().to_vec();
        check_axes("sum_axes", axes, &shape);
        self.unary(sum_axes(&x, axes), move |g| spread(&g, &shape))
    }

    /// The mean over `axes`, which stay with length 1.
    pub fn mean_axes(self, axes: &[usize]) -> Self {
        let shape = self.shape();
        check_axes("mean_axes", axes, &shape);
        self.sum_axes(axes) / count::<F>(&shape, axes)
    }

    /// The variance over `axes`, which stay with length 1: the sum of squared deviations from the
    /// mean divided by `count - ddof`. `ddof` is 0 for the variance of these very numbers, 1
    /// for the unbiased estimate of that which they were drawn from.
    pub fn var_axes(self, axes: &[usize], ddof: usize) -> Self {
        let x = self.value();
        let shape = x.shape().to_vec();
        check_axes("var_axes", axes, &shape);
        let divisor = count::<F>(&shape, axes) - F::from_f64(ddof as f64);
        let mean = sum_axes(&x, axes) / count::<F>(&shape, axes);
        let deviation = (x - mean).into_shared();
        let variance = sum_axes(&deviation.map(|&u| u * u).into_shared(), axes) / divisor;
        self.unary(variance, move |g| {
            let two = F::from_f64(2.0);
            let mut gradient = spread(&g, &shape);
            gradient.zip_mut_with(&deviation, |g, &u| *g *= two * u / divisor);
            gradient
        })
    }

    /// The largest element along `axes`, which stay with length 1. The gradient goes to where it
    /// is, to the first of several. A NaN along the axes makes the result NaN.
    ///
    /// # Panics
    ///
    /// Also if there is nothing to take the maximum of.
    pub fn max_axes(self, axes: &[usize]) -> Self {
        let x = self.value();
        let shape = x.shape().to_vec();
        check_axes("max_axes", axes, &shape);
        assert!(axes.iter().all(|&axis| shape[axis] > 0), "`max_axes` over an empty axis of shape {shape:?}");
        let larger = |a: F, b: F| if a.is_nan() || a >= b { a } else { b };
        let reduce = |x: ArcArray<F, IxDyn>, &axis: &usize| {
            x.fold_axis(Axis(axis), F::neg_infinity(), |&a, &b| larger(a, b)).insert_axis(Axis(axis)).into_shared()
        };
        let value = axes.iter().fold(x.clone(), reduce);
        let max = value.clone();
        self.unary(value, move |mut g| {
            let mut gradient = ArrayD::zeros(&shape[..]);
            // Row by row in memory order: the first match takes the gradient and leaves nothing for the next.
            let mut left = g.view_mut();
            for (index, &x) in x.indexed_iter() {
                let mut cell = index.clone();
                axes_to_zero(&mut cell, &shape, max.shape());
                if x == max[&cell] || x.is_nan() {
                    gradient[index] = std::mem::replace(&mut left[&cell], F::zero());
                }
            }
            gradient
        })
    }

    /// The largest of all elements, of shape `[]`.
    ///
    /// # Panics
    ///
    /// If there are none.
    pub fn max(self) -> Self {
        let axes: Vec<usize> = (0..self.shape().len()).collect();
        self.max_axes(&axes).reshape(&[])
    }
}

/// The cell of the reduced array that an element went into.
fn axes_to_zero(index: &mut IxDyn, shape: &[usize], reduced: &[usize]) {
    for axis in 0..shape.len() {
        if reduced[axis] != shape[axis] {
            index[axis] = 0;
        }
    }
}
