use ndarray::NdFloat;

mod sealed {
    #[expect(unnameable_types, reason = "that nobody else can name it is what seals it")]
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// The two element types: `f32` to train, `f64` to check.
///
/// Sealed, so that kernels may rely on there being no third one.
pub trait Scalar: NdFloat + Default + std::iter::Sum + sealed::Sealed {
    /// The nearest value of this type.
    fn from_f64(x: f64) -> Self;

    /// The same value in `f64`; exact.
    fn into_f64(self) -> f64;
}

impl Scalar for f32 {
    fn from_f64(x: f64) -> Self {
        x as f32
    }

    fn into_f64(self) -> f64 {
        f64::from(self)
    }
}

impl Scalar for f64 {
    fn from_f64(x: f64) -> Self {
        x
    }

    fn into_f64(self) -> f64 {
        self
    }
}
