//! Functions of a whole batch, on a tape that computes the batch or only a part of it.
//!
//! Everywhere in this module, the value is that of the whole batch, and the gradient is that of the
//! rows on this tape. See [`Parts`](autodiff_mini::Parts) for the reason.

use std::convert::Infallible;
use std::ops::Range;
use std::sync::Arc;

use autodiff_mini::{Sink, Tape, Var};
use ndarray::{ArcArray2, Array2, ArrayView2, Axis, Ix2, Slice, arr0};

use crate::Float;

/// The rows of a matrix on this tape, and those of the whole batch.
#[derive(Debug)]
pub(super) struct Rows<'t, F: Float> {
    own: Var<'t, F>,
    all: ArcArray2<F>,
    /// The places of the own rows among all.
    places: Range<usize>,
}

impl<'t, F: Float> Rows<'t, F> {
    /// Gathers the rows of all tapes.
    ///
    /// # Panics
    ///
    /// If `own` is not a matrix.
    pub(super) fn gather(own: Var<'t, F>) -> Self {
        let rows = own.value().into_dimensionality::<Ix2>().expect("rows of a matrix");
        let (count, columns) = rows.dim();
        let Some(parts) = own.tape().parts() else { return Self { own, all: rows, places: 0..count } };
        let numbers = parts.gather(rows.iter().map(|x| x.into_f64()).collect());
        let lengths = |parts: &[Vec<f64>]| parts.iter().map(Vec::len).sum::<usize>() / columns.max(1);
        let (start, total) = (lengths(&numbers[..parts.part()]), lengths(&numbers));
        let all = parts.share(|| {
            let all: Vec<F> = numbers.iter().flatten().map(|&x| F::from_f64(x)).collect();
            Array2::from_shape_vec((total, columns), all).expect("all parts have as many columns").into_shared()
        });
        Self { own, all: ArcArray2::clone(&all), places: start..start + count }
    }

    /// Returns all rows, in the order of parts.
    pub(super) fn all(&self) -> ArrayView2<'_, F> {
        self.all.view()
    }

    /// Records a function of all rows. `function` returns its value and its gradient.
    ///
    /// # Errors
    ///
    /// The error of `function`.
    pub(super) fn function<E: Clone + Send + Sync + 'static>(
        &self,
        function: impl FnOnce(ArrayView2<'_, F>) -> Result<(f64, Array2<F>), E>,
    ) -> Result<Var<'t, F>, E> {
        self.scaled(1.0, function)
    }

    /// Records a function of all rows that has a value everywhere.
    pub(super) fn smooth(&self, function: impl FnOnce(ArrayView2<'_, F>) -> (f64, Array2<F>)) -> Var<'t, F> {
        let Ok(found) = self.function::<Infallible>(|rows| Ok(function(rows)));
        found
    }

    /// Records a function of all rows, as [`function`](Rows::function), if the gradient still has
    /// to be multiplied by `factor`.
    pub(super) fn scaled<E: Clone + Send + Sync + 'static>(
        &self,
        factor: f64,
        function: impl FnOnce(ArrayView2<'_, F>) -> Result<(f64, Array2<F>), E>,
    ) -> Result<Var<'t, F>, E> {
        let (value, gradient) = match self.own.tape().parts() {
            None => function(self.all())?,
            Some(parts) => {
                let found = parts.share(|| function(self.all()));
                let (value, gradient) = found.as_ref().as_ref().map_err(E::clone)?;
                (*value, gradient.slice_axis(Axis(0), Slice::from(self.places.clone())).to_owned())
            }
        };
        let factor = F::from_f64(factor);
        let value = arr0(F::from_f64(value));
        Ok(self.own.tape().custom(&[self.own], value, move |g, sink: &mut Sink<'_, F>| {
            sink.add(0, gradient * (factor * g[[]]));
        }))
    }
}

/// Returns the result of `work`, which one tape of this process does for all of them.
pub(super) fn share<F: Float, T: Send + Sync + 'static>(tape: &Tape<F>, work: impl FnOnce() -> T) -> Arc<T> {
    match tape.parts() {
        None => Arc::new(work()),
        Some(parts) => parts.share(work),
    }
}

/// Returns the sum of a number over all tapes, and the sum of a count.
///
/// # Panics
///
/// If `x` is not a number.
pub(super) fn total<F: Float>(x: Var<'_, F>, count: usize) -> (Var<'_, F>, usize) {
    let Some(parts) = x.tape().parts() else { return (x, count) };
    let all = parts.gather(vec![x.scalar().into_f64(), count as f64]);
    let [sum, count] = [0, 1].map(|place| all.iter().fold(0.0, |sum, part| sum + part[place]));
    let sum = x.tape().custom(&[x], arr0(F::from_f64(sum)), |g, sink: &mut Sink<'_, F>| sink.add(0, g));
    (sum, count as usize)
}

/// Returns the mean of all entries on all tapes.
pub(super) fn mean<F: Float>(x: Var<'_, F>) -> Var<'_, F> {
    let (sum, count) = total(x.sum(), x.value().len());
    sum / F::from_f64(count as f64)
}

/// Returns a number that every tape has computed alike, such as the norm of parameters. Its
/// gradient flows on the first tape alone, because gradients of all tapes are added.
pub(super) fn once<F: Float>(x: Var<'_, F>) -> Var<'_, F> {
    match x.tape().parts() {
        Some(parts) if parts.part() > 0 => x.tape().constant(x.value()),
        _ => x,
    }
}
