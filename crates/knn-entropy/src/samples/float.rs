use std::borrow::Cow;

use ndarray::ArrayView2;

mod sealed {
    #[expect(unnameable_types, reason = "the trait is sealed because no other crate can name it")]
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// Element type of samples: `f32` or `f64`. Estimates are always computed in `f64`. Widening
/// single-precision samples is exact, so their distances and neighbors are exact, too.
pub trait Float: Copy + Send + Sync + 'static + sealed::Sealed {
    /// Converts to `f64`, exactly.
    fn widen(self) -> f64;

    /// Converts to the nearest value of this type.
    fn narrow(x: f64) -> Self;

    /// Returns the coordinates row by row in `f64`, borrowed if they are already stored that way.
    fn rows(view: ArrayView2<'_, Self>) -> Cow<'_, [f64]>;
}

impl Float for f32 {
    fn widen(self) -> f64 {
        self.into()
    }

    fn narrow(x: f64) -> Self {
        x as Self
    }

    fn rows(view: ArrayView2<'_, Self>) -> Cow<'_, [f64]> {
        match view.to_slice() {
            Some(rows) => rows.iter().map(|&x| f64::from(x)).collect(),
            None => view.iter().map(|&x| f64::from(x)).collect(),
        }
    }
}

impl Float for f64 {
    fn widen(self) -> f64 {
        self
    }

    fn narrow(x: f64) -> Self {
        x
    }

    fn rows(view: ArrayView2<'_, Self>) -> Cow<'_, [f64]> {
        view.to_slice().map_or_else(|| view.iter().copied().collect(), Cow::Borrowed)
    }
}
