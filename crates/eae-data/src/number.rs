use ndarray::NdFloat;

/// Rounds a number to the nearest `F`.
pub(crate) fn narrow<F: NdFloat>(x: f64) -> F {
    F::from(x).expect("every floating-point type has a nearest value")
}

/// Widens a number, which is exact.
pub(crate) fn widen<F: NdFloat>(x: F) -> f64 {
    x.to_f64().expect("f32 and f64 fit into f64")
}

/// Maps a byte to a pixel from 0 to 1.
pub(crate) fn pixel<F: NdFloat>(byte: u8) -> F {
    narrow(f64::from(byte) / 255.0)
}
