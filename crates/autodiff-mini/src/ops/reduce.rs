//! Sums, means, variances and maxima over all elements or over some axes. A reduced axis is kept
//! with length 1, so that the result broadcasts against the operand: `x - x.mean_axes(&[0])`.

use ndarray::{ArcArray, ArrayD, Axis, IxDyn};

use crate::{Scalar, Var};

/// # Panics
///
/// If an axis is out of range or given twice.
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

    /// The mean of all elements, of shape `[]`. NaN if there are no elements.
    pub fn mean(self) -> Self {
        self.sum() / F::from_f64(self.value().len() as f64)
    }

    /// The sum over `axes`, which are kept with length 1.
    ///
    /// # Panics
    ///
    /// If an axis is out of range or given twice. The other reductions panic in the same cases.
    pub fn sum_axes(self, axes: &[usize]) -> Self {
        let x = self.value();
        let shape = x.shape().to_vec();
        check_axes("sum_axes", axes, &shape);
        self.unary(sum_axes(&x, axes), move |g| spread(&g, &shape))
    }

    /// The mean over `axes`, which are kept with length 1.
    pub fn mean_axes(self, axes: &[usize]) -> Self {
        let shape = self.shape();
        check_axes("mean_axes", axes, &shape);
        self.sum_axes(axes) / count::<F>(&shape, axes)
    }

    /// The variance over `axes`, which are kept with length 1: the sum of squared deviations from
    /// the mean, divided by `count - ddof`. Use `ddof` 0 for the variance of the elements
    /// themselves, and 1 for an unbiased estimate of the variance of the distribution they were
    /// drawn from.
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

    /// The largest element along `axes`, which are kept with length 1. The gradient goes to the
    /// largest element, and to the first of them in a tie. A NaN along the axes makes the result
    /// NaN.
    ///
    /// # Panics
    ///
    /// If an axis is empty, out of range or given twice.
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
            // Elements are visited in logical order. The first match takes the gradient and leaves
            // zero for later matches.
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
    /// If there are no elements.
    pub fn max(self) -> Self {
        let axes: Vec<usize> = (0..self.shape().len()).collect();
        self.max_axes(&axes).reshape(&[])
    }
}

/// Turns the index of an element into the index of its cell in the reduced array.
fn axes_to_zero(index: &mut IxDyn, shape: &[usize], reduced: &[usize]) {
    for axis in 0..shape.len() {
        if reduced[axis] != shape[axis] {
            index[axis] = 0;
        }
    }
}
