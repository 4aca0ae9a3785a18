use std::borrow::Cow;

use ndarray::ArrayView2;

mod sealed {
    #[expect(unnameable_types, reason = "that nobody else can name it is what seals it")]
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// The two types that samples can have. Estimates are always computed in `f64`: single-precision
/// samples are widened, which is exact, so their distances and neighbors are exact, too.
pub trait Float: Copy + Send + Sync + 'static + sealed::Sealed {
    /// The same value in `f64`.
    fn widen(self) -> f64;

    /// The nearest value of this type.
    fn narrow(x: f64) -> Self;

    /// The coordinates row by row and in `f64`, borrowed where they already are.
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
